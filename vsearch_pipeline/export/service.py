"""One way out of the library for every door: command line and page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.dump import snapshot
from vsearch_pipeline.catalog.segments import SegmentRecord
from vsearch_pipeline.catalog.speech import SpokenUtterance, read_utterances
from vsearch_pipeline.catalog.videos import get_video
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.export.clips import Progress, Written, write_clips, write_gifs, write_reel
from vsearch_pipeline.export.edl import write_edl
from vsearch_pipeline.export.fcpxml import write_fcpxml
from vsearch_pipeline.export.segments_json import as_json, document_of_segments, document_of_videos
from vsearch_pipeline.export.selection import Item, from_ranges, from_segments, from_videos
from vsearch_pipeline.export.sources import Reel, make_reel, read_source
from vsearch_pipeline.export.subtitles import (
    SubtitleFormat,
    caption_cues,
    make_cues,
    spoken_within,
    write_subtitles,
)
from vsearch_pipeline.export.tables import write_csv
from vsearch_pipeline.export.text import one_line
from vsearch_pipeline.export.timeline import write_otio
from vsearch_pipeline.export.transcript import transcript_as_json, transcript_as_text
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.store import MediaStore, open_store
from vsearch_pipeline.timeline import TimeRange

Text = Literal["speech", "ko", "en"]
"""What is said, or captions in a language."""
TranscriptFormat = Literal["srt", "vtt", "ass", "txt", "json"]
TimelineFormat = Literal["otio", "edl", "fcpxml"]


@dataclass(frozen=True, slots=True)
class ExportService:
    """Writes whole videos, selected segments and ranges such as the moments of a search.

    Args:
        store: where the files of videos are.

    Example:
        >>> service = open_export(Settings())
        >>> items = service.segments([12, 7])
        >>> service.timeline(items, "fcpxml", "Selection")
    """

    catalog: Catalog
    store: MediaStore

    # --- what leaves ---

    def videos(self, ids: Sequence[str]) -> list[Item]:
        """The segments of whole videos; see `from_videos`."""
        with self.catalog.read() as connection:
            return from_videos(connection, ids)

    def segments(self, ids: Sequence[int]) -> list[Item]:
        """Segments in the order given; see `from_segments`."""
        with self.catalog.read() as connection:
            return from_segments(connection, ids)

    def ranges(self, ranges: Sequence[tuple[str, TimeRange, Sequence[int]]]) -> list[Item]:
        """Ranges of videos in the order given; see `from_ranges`."""
        with self.catalog.read() as connection:
            return from_ranges(connection, ranges)

    # --- texts ---

    def transcript(self, video_id: str, to: TranscriptFormat) -> str:
        """All that is said in a video, on its own clock.

        Raises:
            NotFoundError: there is no such video, or nothing is said in it.
        """
        with self.catalog.read() as connection:
            video = get_video(connection, video_id)
            utterances = read_utterances(connection, video_id)
        if not utterances:
            raise _nothing_said(video.title)
        if to == "json":
            return json.dumps(transcript_as_json(video, utterances), ensure_ascii=False, indent=2) + "\n"
        if to == "txt":
            return transcript_as_text(utterances)
        return write_subtitles(make_cues(utterances), to)

    def subtitles(
        self,
        items: Sequence[Item],
        subtitle_format: SubtitleFormat,
        text: Text | None = None,
        *,
        own_clock: bool = False,
    ) -> str:
        """Subtitles of items.

        Args:
            text: None for Korean captions, English ones where there is no Korean one.
            own_clock: times are those of the items' video. Without, those of the reel that joins the items.

        Raises:
            NotFoundError: there is no text of that kind.
        """
        starts = [item.span.start_ms for item in items] if own_clock else _starts(self._reel(items))
        if text == "speech":
            cues = [cue for part in self._said(items, starts) for cue in make_cues(part)]
        else:
            cues = caption_cues(_captions(items, starts, text))
            if not cues:
                raise _no_captions(items, text)
        return write_subtitles(cues, subtitle_format)

    def plain(self, items: Sequence[Item], text: Text | None = None) -> str:
        """One phrase or caption a line; `text` as for `subtitles`.

        Raises:
            NotFoundError: there is no text of that kind.
        """
        if text == "speech":
            said = self._said(items, [item.span.start_ms for item in items])
            return transcript_as_text([utterance for part in said for utterance in part])
        captions = [one_line(_caption(segment, text)) for item in items for segment in item.segments]
        if not any(captions):
            raise _no_captions(items, text)
        return "".join(f"{caption}\n" for caption in captions if caption)

    def segments_json(self, *, videos: Sequence[str] = (), segments: Sequence[int] = ()) -> str:
        """Segments with both layers, to be read or imported: all rows of whole videos, or those of these numbers.

        Raises:
            NotFoundError: there is no such video or segment.
        """
        with snapshot(self.catalog) as connection:
            if videos:
                return as_json(document_of_videos(connection, videos))
            return as_json(document_of_segments(connection, segments))

    def table(self, items: Sequence[Item]) -> bytes:
        """A row an item, CSV."""
        return write_csv(self._reel(items))

    def timeline(self, items: Sequence[Item], timeline_format: TimelineFormat, name: str) -> str:
        """Items one after the other, for an editing program.

        Raises:
            InputError: nothing is selected, or the format cannot hold it (EDL: see `write_edl`).
        """
        write = {"otio": write_otio, "edl": write_edl, "fcpxml": write_fcpxml}[timeline_format]
        return write(self._reel(items), name)

    # --- media ---

    def clips(self, items: Sequence[Item], folder: Path, on_progress: Progress | None = None) -> Written:
        """A clip of its own for each item, in a folder that is made where it is missing."""
        return write_clips(self._reel(items), folder, on_progress)

    def gifs(self, items: Sequence[Item], folder: Path, on_progress: Progress | None = None) -> Written:
        """A GIF for each item, in a folder that is made where it is missing."""
        return write_gifs(self._reel(items), folder, on_progress)

    def reel(self, items: Sequence[Item], path: Path, on_progress: Progress | None = None) -> Written:
        """All items joined in one new file."""
        return write_reel(self._reel(items), path, on_progress)

    # --- parts ---

    def _reel(self, items: Sequence[Item]) -> Reel:
        videos = {item.video.id: item.video for item in items}
        return make_reel(items, {i: read_source(video, self.store) for i, video in videos.items()})

    def _said(self, items: Sequence[Item], starts: Sequence[int]) -> list[list[SpokenUtterance]]:
        """What is said in each item, on a clock on which it begins at that of `starts`, ms."""
        with self.catalog.read() as connection:
            said = {video: read_utterances(connection, video) for video in {item.video.id for item in items}}
        found = [
            spoken_within(said[item.video.id], item.span, start) for item, start in zip(items, starts, strict=True)
        ]
        if not any(found):
            raise _nothing_said(_titles(items))
        return found


def open_export(settings: Settings) -> ExportService:
    """The service over the library of these settings."""
    return ExportService(open_catalog(settings), open_store(settings))


def _caption(segment: SegmentRecord, text: Text | None) -> str:
    if text is None:
        return segment.caption_ko or segment.caption_en or ""
    return (segment.caption_ko if text == "ko" else segment.caption_en) or ""


def _starts(reel: Reel) -> list[int]:
    return [reel.ms(placed.at) for placed in reel.placed]


def _captions(items: Sequence[Item], starts: Sequence[int], text: Text | None) -> list[tuple[TimeRange, str]]:
    """The caption of each segment for as long as it is on screen, on the clock of `starts`."""
    found = []
    for item, start in zip(items, starts, strict=True):
        moved = start - item.span.start_ms
        for segment in item.segments:
            shown_from = max(segment.span.start_ms, item.span.start_ms)
            shown_to = min(segment.span.end_ms, item.span.end_ms)
            found.append((TimeRange(shown_from + moved, shown_to + moved), _caption(segment, text)))
    return found


def _nothing_said(title: str) -> NotFoundError:
    return NotFoundError(f"{title}: nothing is said in it, or it is not transcribed yet.")


def _no_captions(items: Sequence[Item], text: Text | None) -> NotFoundError:
    language = {"ko": "Korean ", "en": "English "}.get(text or "", "")
    return NotFoundError(f"{_titles(items)}: there are no {language}captions yet.")


def _titles(items: Sequence[Item]) -> str:
    titles = list(dict.fromkeys(item.title for item in items))
    if not titles:
        raise InputError("There is nothing to export: the selection is empty.")
    return ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")

"""What leaves the library: ranges of videos, with what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from vsearch_pipeline.catalog.segments import PersonOnScreen, SegmentRecord, read_segments
from vsearch_pipeline.catalog.videos import VideoRecord, get_video, read_videos
from vsearch_pipeline.errors import NotFoundError
from vsearch_pipeline.timeline import TimeRange


@dataclass(frozen=True, slots=True)
class Item:
    """A range of a video, with the segments that lie in it or reach into it, in order of time."""

    video: VideoRecord
    span: TimeRange
    segments: tuple[SegmentRecord, ...] = ()

    @property
    def title(self) -> str:
        return self.video.title

    @property
    def segment_ids(self) -> tuple[int, ...]:
        return tuple(segment.id for segment in self.segments)

    @property
    def caption_en(self) -> str | None:
        return _joined(segment.caption_en for segment in self.segments)

    @property
    def caption_ko(self) -> str | None:
        return _joined(segment.caption_ko for segment in self.segments)

    @property
    def speech(self) -> str | None:
        return _joined(segment.speech for segment in self.segments)

    @property
    def people(self) -> tuple[PersonOnScreen, ...]:
        """Everybody who is on screen in it, once."""
        return tuple({person.id: person for segment in self.segments for person in segment.people}.values())

    @property
    def objects(self) -> tuple[str, ...]:
        """Labels of what is seen in it, each once."""
        return tuple(dict.fromkeys(label for segment in self.segments for label in segment.objects))


def _joined(texts: Iterable[str | None]) -> str | None:
    return " ".join(dict.fromkeys(text for text in texts if text)) or None


def from_videos(connection: Connection, ids: Sequence[str]) -> list[Item]:
    """The segments of whole videos, one after the other; a video without segments is one item.

    Raises:
        NotFoundError: there is no such video, or nothing is known of one, not even its length.
    """
    items = []
    for video_id in ids:
        video = get_video(connection, video_id)
        segments = read_segments(connection, video_id=video_id)
        if segments:
            items += [Item(video, segment.span, (segment,)) for segment in segments]
        elif video.duration_ms:
            items.append(Item(video, TimeRange(0, video.duration_ms)))
        else:
            raise NotFoundError(f"{video.title}: nothing is known of it yet; run `vsearch add` for it again.")
    return items


def from_segments(connection: Connection, ids: Sequence[int]) -> list[Item]:
    """Segments in the order of their ids as given.

    Raises:
        NotFoundError: one is not there, or was removed.
    """
    segments = _by_id(connection, ids)
    videos = read_videos(connection, {segment.video_id for segment in segments.values()})
    return [Item(videos[segments[i].video_id], segments[i].span, (segments[i],)) for i in ids]


def from_ranges(connection: Connection, ranges: Sequence[tuple[str, TimeRange, Sequence[int]]]) -> list[Item]:
    """Ranges of videos in the order given, such as the moments of a search, each with the ids of its segments.

    Segments beside their range, which a moment may have, are left out.

    Raises:
        NotFoundError: a video or a segment is not there.
    """
    segments = _by_id(connection, [i for _, _, ids in ranges for i in ids])
    videos = read_videos(connection, {video_id for video_id, _, _ in ranges})
    items = []
    for video_id, span, ids in ranges:
        if video_id not in videos:
            raise NotFoundError(f"There is no video {video_id} in the catalogue.")
        inside = [segments[i] for i in ids if segments[i].span.overlap_ms(span)]
        items.append(Item(videos[video_id], span, tuple(sorted(inside, key=lambda s: (s.span, s.id)))))
    return items


def _by_id(connection: Connection, ids: Sequence[int]) -> Mapping[int, SegmentRecord]:
    found = {segment.id: segment for segment in read_segments(connection, ids=list(set(ids)))}
    missing = [str(i) for i in dict.fromkeys(ids) if i not in found]
    if missing:
        raise NotFoundError(
            f"There is no segment {missing[0]}: it may have been removed; search again for its number."
            if len(missing) == 1
            else f"There are no segments {', '.join(missing)}: they may have been removed; search again for their"
            " numbers."
        )
    return found

"""Items as an OpenTimelineIO timeline."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from vsearch_pipeline.export.sources import Placed, Reel, Source
from vsearch_pipeline.export.text import one_line
from vsearch_pipeline.export.timecode import Timecode, frame_at

if TYPE_CHECKING:
    import opentimelineio as otio

RECORD_HOUR: Final = 1
"""Where programmes begin by convention."""


def record_start(reel: Reel) -> Timecode:
    """Label of the first frame of a reel, drop frame where that of its first source is."""
    return Timecode.hours(RECORD_HOUR, reel.rate, drop=reel.placed[0].source.first().drop)


def make_timeline(reel: Reel, name: str) -> otio.schema.Timeline:
    """One video track and, where a file has sound, one audio track: a clip an item.

    Source ranges count in the source's own frames from its timecode on (from 0 where it has none). A clip has a
    marker for each segment with a caption, and under `vsearch` in its metadata what is known of it.
    """
    import opentimelineio as otio

    timeline = otio.schema.Timeline(one_line(name), global_start_time=_time(record_start(reel).frame, reel.rate))
    video = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    audio = otio.schema.Track("A1", kind=otio.schema.TrackKind.Audio)
    for placed in reel.placed:
        video.append(_clip(placed, markers=True))
        if placed.source.has_sound:
            audio.append(_clip(placed, markers=False))
        else:
            audio.append(otio.schema.Gap(source_range=_range(0, placed.count, placed.source.rate)))
    timeline.tracks.append(video)
    if any(placed.source.has_sound for placed in reel.placed):
        timeline.tracks.append(audio)
    return timeline


def write_otio(reel: Reel, name: str) -> str:
    """The timeline as OpenTimelineIO's own JSON."""
    import opentimelineio as otio

    return str(otio.adapters.write_to_string(make_timeline(reel, name), "otio_json"))


def _clip(placed: Placed, *, markers: bool) -> otio.schema.Clip:
    import opentimelineio as otio

    source = placed.source
    start = source.first().frame
    clip = otio.schema.Clip(
        name=one_line(source.clip_name),
        media_reference=_reference(source),
        source_range=_range(start + placed.first, placed.count, source.rate),
        metadata={"vsearch": _metadata(placed)},
    )
    if markers:
        for first, count, caption in captions_in(placed):
            marked = _range(start + first, count, source.rate)
            clip.markers.append(otio.schema.Marker(caption, marked, otio.schema.MarkerColor.GREEN))
    return clip


def captions_in(placed: Placed) -> list[tuple[int, int, str]]:
    """First frame, number of frames and caption (Korean, else English) of an item's segments, inside the item."""
    found = []
    last = placed.first + placed.count
    for segment in placed.item.segments:
        caption = one_line(segment.caption_ko or segment.caption_en or "")
        first = min(max(placed.first, frame_at(segment.span.start_ms, placed.source.rate)), last - 1)
        end = min(last, frame_at(segment.span.end_ms, placed.source.rate))
        if caption:
            found.append((first, max(1, end - first), caption))
    return found


def _reference(source: Source) -> otio.core.MediaReference:
    import opentimelineio as otio

    available = available_frames(source)
    span = _range(source.first().frame, available, source.rate) if available else None
    if source.file is None:
        return otio.schema.MissingReference(one_line(source.clip_name), span)
    reference = otio.schema.ExternalReference(source.file.uri, span)
    reference.name = one_line(source.clip_name)
    return reference


def available_frames(source: Source) -> int:
    """How many frames the file has by its length, 0 where that is unknown."""
    return frame_at(source.video.duration_ms or 0, source.rate)


def _metadata(placed: Placed) -> dict[str, Any]:
    item = placed.item
    return {
        "video": item.video.id,
        "title": one_line(item.title),
        "start_ms": item.span.start_ms,
        "end_ms": item.span.end_ms,
        "segments": list(item.segment_ids),
        "caption_en": one_line(item.caption_en or ""),
        "caption_ko": one_line(item.caption_ko or ""),
        "people": [one_line(person.shown) for person in item.people],
    }


def _time(frames: int, rate: Fraction) -> otio.opentime.RationalTime:
    import opentimelineio as otio

    return otio.opentime.RationalTime(frames, float(rate))


def _range(first: int, count: int, rate: Fraction) -> otio.opentime.TimeRange:
    import opentimelineio as otio

    return otio.opentime.TimeRange(_time(first, rate), _time(count, rate))

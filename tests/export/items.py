"""Items for tests, with or without a file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from vsearch_pipeline.catalog.segments import PersonOnScreen, SegmentRecord
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.export.selection import Item
from vsearch_pipeline.export.sources import Reel, make_reel, read_source
from vsearch_pipeline.export.timecode import time_of
from vsearch_pipeline.media.probe import probe
from vsearch_pipeline.media.sampling import sample
from vsearch_pipeline.storage.folder import FolderStore
from vsearch_pipeline.timeline import TimeRange


def video(video_id: str = "film", title: str = "Film", rate: Fraction = Fraction(25), **facts: Any) -> VideoRecord:
    """An imported video of an hour."""
    known: dict[str, Any] = {"kind": "imported", "duration_ms": 3_600_000, "audio_codec": "aac"}
    numbers = {"frame_rate_num": rate.numerator, "frame_rate_den": rate.denominator}
    return VideoRecord(
        **{"id": video_id, "title": title, "sha256": video_id, "source": "test", **known, **numbers, **facts}
    )


def from_file(path: Path, title: str | None = None) -> VideoRecord:
    """What the catalogue says of a file after the stages that look at it."""
    info = probe(path)
    scan = sample(path, frames_per_second=1, max_side=64, jpeg_quality=50, on_frame=lambda _: None)
    assert scan.frame_rate is not None
    return video(
        path.name,
        title or path.stem,
        scan.frame_rate,
        kind="file",
        path=path.name,
        width=info.width,
        height=info.height,
        audio_codec=info.audio_codec,
        start_ms=scan.start_ms,
        duration_ms=scan.duration_ms,
        variable_frame_rate=scan.variable_frame_rate,
    )


def segment(
    span: TimeRange,
    caption_ko: str | None = None,
    caption_en: str | None = None,
    *,
    segment_id: int = 1,
    people: tuple[str, ...] = (),
    speech: str | None = None,
    objects: tuple[str, ...] = (),
) -> SegmentRecord:
    present = tuple(PersonOnScreen(i, name, None, (), 0.9) for i, name in enumerate(people))
    return SegmentRecord(
        id=segment_id,
        video_id="film",
        span=span,
        caption_en=caption_en,
        caption_ko=caption_ko,
        objects=dict.fromkeys(objects, 1),
        speech=speech,
        people=present,
        touched=False,
        deleted_at=None,
    )


def frames(record: VideoRecord, first: int, end: int, caption: str | None = None) -> Item:
    """An item of the frames `first` to `end` - 1 of a video of constant rate."""
    assert record.frame_rate is not None
    span = TimeRange(time_of(first, record.frame_rate), time_of(end, record.frame_rate))
    return Item(record, span, (segment(span, caption),) if caption else ())


def reel(folder: Path, *items: Item) -> Reel:
    return make_reel(items, {item.video.id: read_source(item.video, FolderStore(folder)) for item in items})

"""The ranges of a video as captioners see them: pictures, times, and what the object detector found."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from vsearch_pipeline.captioning.facts import Clip
from vsearch_pipeline.captioning.objects import DetectedObject
from vsearch_pipeline.catalog.models import Frame, Object, Shot
from vsearch_pipeline.catalog.stages import read_rows
from vsearch_pipeline.media.frames import read_rgb
from vsearch_pipeline.media.selection import select_frames, spread_evenly
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.timeline import TimeRange, segment_ranges


class VideoClips:
    """A `ClipSource` over the stored frames of a video.

    Args:
        per_second: frames a second that the object detector looked at.
        spans: the ranges; those of the video's segments where not given.
    """

    def __init__(
        self,
        catalog: CatalogResource,
        media: MediaResource,
        video_id: str,
        per_second: float,
        spans: Sequence[TimeRange] | None = None,
    ) -> None:
        self.video_id = video_id
        self._media = media
        with catalog.open().begin() as connection:
            shots = read_rows(connection, Shot, video_id, "index")
            self._frames = read_rows(connection, Frame, video_id, "index")
            self._objects: dict[int, list[DetectedObject]] = {}
            for row in read_rows(connection, Object, video_id, "index"):
                thing = DetectedObject(row.label, row.score, tuple(row.bbox_xyxy))
                self._objects.setdefault(row.frame_index, []).append(thing)
        ranges = segment_ranges((TimeRange(s.start_ms, s.end_ms) for s in shots), media.segment_max_ms)
        self.spans = list(ranges if spans is None else spans)
        self._times = [frame.time_ms for frame in self._frames]
        looked_at = {i for positions in select_frames(self._times, ranges, per_second) for i in positions}
        self._examined = sorted(looked_at)

    def __len__(self) -> int:
        return len(self.spans)

    def load(self, index: int, frames: int | None) -> Clip:
        """See `captioning.stream.ClipSource.load`; a range without a frame gets the one nearest to it."""
        span = self.spans[index]
        inside = range(bisect_left(self._times, span.start_ms), bisect_left(self._times, span.end_ms))
        examined = [i for i in self._examined if i in inside]
        positions = examined if frames is None else [inside[i] for i in spread_evenly(len(inside), frames)]
        return self._clip(positions or [self._nearest(span)], set(examined))

    def _clip(self, positions: Sequence[int], examined: set[int]) -> Clip:
        import numpy as np

        chosen = [self._frames[i] for i in positions]
        seen: list[tuple[DetectedObject, ...] | None] = [
            tuple(self._objects.get(frame.index, ())) if i in examined else None
            for i, frame in zip(positions, chosen, strict=True)
        ]
        return Clip(
            frames=np.stack([self._picture(frame) for frame in chosen]),
            times_ms=tuple(frame.time_ms for frame in chosen),
            objects=tuple(seen) if examined else (),
        )

    def _picture(self, frame: Any) -> Any:
        return read_rgb(self._picture_of(frame.index))

    @cached_property
    def _picture_of(self) -> Callable[[int], Path]:
        return self._media.frames(self.video_id)

    def _nearest(self, span: TimeRange) -> int:
        return min(range(len(self._times)), key=lambda i: abs(self._times[i] - span.middle_ms))

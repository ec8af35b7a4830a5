"""One pass over a video: every frame is decoded once, for shots and for sampled pictures."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from vsearch_pipeline.media.decoding import (
    Frames,
    Pictures,
    Upright,
    open_media,
    pixel_aspect,
    square_size,
    timestamp,
    video_stream,
)
from vsearch_pipeline.media.probe import claimed_rate
from vsearch_pipeline.media.shots import ShotFinder
from vsearch_pipeline.media.timestamps import FrameClock
from vsearch_pipeline.timeline import TimeRange

# Longer side of the picture that shots are found on: cuts are as clear on it as on the full one.
_SHOT_SIDE = 128
# Frames travel to the worker in batches, because handing over costs more than one frame's work; the
# batches under way hold at most this many pixels, so that memory does not grow with resolution.
_BATCH_FRAMES = 8
_BATCH_PIXELS = 4 * 1280 * 720
_BATCHES_UNDER_WAY = 4


@dataclass(frozen=True, slots=True)
class FrameRef:
    """A sampled frame: its number among the samples, time and stored size (pixels)."""

    index: int
    time_ms: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class SampledFrame:
    """A sampled frame as an upright JPEG with square pixels; transparency is shown over black."""

    index: int
    time_ms: int
    width: int
    height: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over a video found.

    Attributes:
        duration_ms: end of the last frame, measured from the first.
        start_ms: the first frame's place on the container's clock, whose 0 is where players and
            `ffmpeg -ss` begin: add it to seek.
        frame_count: decoded frames.
        frames: the sampled ones.
        shots: tile `[0, duration_ms)`.
        frame_rate: measured from timestamps; the average where it varies.
        decode_errors: packets that could not be decoded, plus frames that came out damaged.
    """

    duration_ms: int
    start_ms: int
    frame_count: int
    frames: tuple[FrameRef, ...]
    shots: tuple[TimeRange, ...]
    frame_rate: Fraction | None
    variable_frame_rate: bool
    decode_errors: int


def sample(
    path: Path,
    *,
    frames_per_second: float,
    max_side: int,
    jpeg_quality: int,
    on_frame: Callable[[SampledFrame], None],
    on_progress: Callable[[int], None] | None = None,
) -> Scan:
    """Decode the video once, in order, in memory that does not grow with its length.

    The first frame at or after each instant k / `frames_per_second` is sampled, so a slow video is
    never sampled twice at one frame, and the first frame always is. Damaged packets are skipped.

    Arguments:
        max_side: longer side of a stored frame, pixels; smaller frames are not enlarged.
        jpeg_quality: 1 to 100.
        on_frame: called in the caller's thread, in order.
        on_progress: called about once a second of video with the time reached, ms.

    Raises:
        MediaError: it is not a video we can read, or not one frame can be decoded.
    """
    with open_media(path) as container:
        stream = video_stream(container)
        clock = FrameClock(Fraction(stream.time_base), claimed_rate(stream))
        keep_freed_memory()
        due = _Instants(frames_per_second)
        frames = Frames(container, stream, path)
        start_ms = 0
        last_duration: int | None = None
        reported = 0
        refs: list[FrameRef] = []

        def keep(frame: SampledFrame) -> None:
            refs.append(FrameRef(frame.index, frame.time_ms, frame.width, frame.height))
            on_frame(frame)

        with _Workers(pixel_aspect(stream), max_side, jpeg_quality, keep) as workers:
            for frame in frames:
                time_ms = clock.tick(timestamp(container, frame))
                if clock.frames == 1:
                    start_ms = _start_ms(container, stream, frame.pts)
                workers.add(frame, time_ms, due.take(time_ms))
                last_duration = frame.duration
                if on_progress and time_ms - reported >= 1000:
                    reported = time_ms
                    on_progress(time_ms)
        if clock.frames == 0:
            raise frames.explain_nothing()
        duration_ms = clock.end_ms(last_duration)
        if on_progress:
            on_progress(duration_ms)
        return Scan(
            duration_ms=duration_ms,
            start_ms=start_ms,
            frame_count=clock.frames,
            frames=tuple(refs),
            shots=workers.finder.shots(duration_ms),
            frame_rate=clock.rate,
            variable_frame_rate=clock.variable,
            decode_errors=frames.errors,
        )


def _start_ms(container: Any, stream: Any, pts: int | None) -> int:
    if pts is None or container.start_time is None:
        return 0
    return max(0, round(pts * Fraction(stream.time_base) * 1000 - Fraction(container.start_time, 1000)))


def keep_freed_memory() -> None:
    """Stop glibc from giving freed pictures back to the system, only to fault them in again for the next.

    It keeps what is smaller than the largest block freed so far, up to 32 MB; this block is never touched.
    """
    import numpy as np

    np.empty(31 * 2**20, np.uint8)


class _Instants:
    """The instants k / rate, each taken by the first frame at or after it."""

    def __init__(self, rate: float) -> None:
        self._rate = Fraction(rate).limit_denominator(1_000_000)
        self._next = 0

    def take(self, time_ms: int) -> bool:
        if time_ms * self._rate < self._next * 1000:
            return False
        self._next = int(time_ms * self._rate / 1000) + 1
        return True


class _Workers:
    """Shots and pictures beside the decoder: one thread for shots and scaling, the others for JPEG."""

    def __init__(
        self,
        aspect: Fraction,
        max_side: int,
        jpeg_quality: int,
        keep: Callable[[SampledFrame], None],
    ) -> None:
        self.finder = ShotFinder()
        self._aspect = aspect
        self._max_side = max_side
        self._quality = jpeg_quality
        self._keep = keep
        self._shot_pictures = Pictures("AREA")
        self._stored_pictures = Pictures("AREA")
        self._shot_size: tuple[int, int] | None = None
        self._upright: Upright | None = None
        self._batch: list[tuple[Any, int, int | None]] = []
        self._batch_pixels = 0
        self._samples = 0
        self._under_way: deque[Future[list[Future[SampledFrame]]]] = deque()
        self._scaling = ThreadPoolExecutor(1, "shots")
        self._encoding = ThreadPoolExecutor(min(4, max(1, (os.cpu_count() or 1) - 1)), "jpeg")

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                self._send()
                while self._under_way:
                    self._deliver()
        finally:
            self._scaling.shutdown(cancel_futures=True)
            self._encoding.shutdown(cancel_futures=True)

    def add(self, frame: Any, time_ms: int, sampled: bool) -> None:
        index = self._samples if sampled else None
        self._samples += sampled
        self._batch.append((frame, time_ms, index))
        self._batch_pixels += frame.width * frame.height
        if len(self._batch) == _BATCH_FRAMES or self._batch_pixels >= _BATCH_PIXELS:
            self._send()

    def _send(self) -> None:
        self._under_way.append(self._scaling.submit(self._scale, self._batch))
        self._batch = []
        self._batch_pixels = 0
        while len(self._under_way) > _BATCHES_UNDER_WAY:
            self._deliver()

    def _deliver(self) -> None:
        for encoded in self._under_way.popleft().result():
            self._keep(encoded.result())

    def _scale(self, batch: list[tuple[Any, int, int | None]]) -> list[Future[SampledFrame]]:
        encoding = []
        for frame, time_ms, index in batch:
            if self._upright is None or self._shot_size is None:
                self._upright = Upright.of(frame)
                self._shot_size = square_size(frame.width, frame.height, self._aspect, _SHOT_SIDE)
            self.finder.feed(time_ms, self._shot_pictures.bgr(frame, *self._shot_size))
            if index is not None:
                size = square_size(frame.width, frame.height, self._aspect, self._max_side)
                image = self._upright.apply(self._stored_pictures.bgr(frame, *size))
                encoding.append(self._encoding.submit(_encode, index, time_ms, image, self._quality))
        return encoding


def _encode(index: int, time_ms: int, image: Any, quality: int) -> SampledFrame:
    import cv2

    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return SampledFrame(index, time_ms, image.shape[1], image.shape[0], jpeg.tobytes())

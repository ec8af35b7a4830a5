"""One pass over a video: every frame is decoded once, for shots and for sampled pictures."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Longer side of the picture that shots are found on: cuts are as clear on it as on the full one.
_SHOT_SIDE = 128
# Work is handed over in batches: between two decoded frames the same code would run from a cold cache.
_SHOT_BATCH = 32
_JPEG_BATCH = 4
# Batches that may wait for each worker, so that memory does not grow with the video.
_UNDER_WAY = 2


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
        on_frame: called in a worker's thread, so that writing a picture does not hold up decoding; in order where
            there is one worker, which is so on two cores.
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
        with _Workers(pixel_aspect(stream), max_side, jpeg_quality, on_frame) as workers:
            for frame in frames:
                time_ms = clock.tick(timestamp(container, frame), frame.dts)
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
            frames=tuple(workers.refs),
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
    """Shots and JPEG beside the decoder: one thread finds shots, the others scale, encode and hand out samples.

    The small picture for shots is made in the decoder's thread, while the frame is in the processor's cache.
    """

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
        self._small = Pictures("AREA")
        self._full: dict[int, Pictures] = {}  # a scaler a thread
        self._small_size: tuple[int, int] | None = None
        self._upright = Upright()
        self._samples = 0
        self._times: list[int] = []
        self._pictures: list[NDArray[np.uint8]] = []
        self._sampled: list[tuple[Any, int, int]] = []
        self._looking: deque[Future[None]] = deque()
        self.refs: list[FrameRef] = []
        self._encoding: deque[Future[list[FrameRef]]] = deque()
        encoders = min(4, max(1, (os.cpu_count() or 1) - 1))
        self._encodings_under_way = encoders * _UNDER_WAY
        self._shot_thread = ThreadPoolExecutor(1, "shots")
        self._jpeg_threads = ThreadPoolExecutor(encoders, "jpeg")

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                self._look()
                self._encode()
                self._wait(0, 0)
        finally:
            self._shot_thread.shutdown(cancel_futures=True)
            self._jpeg_threads.shutdown(cancel_futures=True)

    def add(self, frame: Any, time_ms: int, sampled: bool) -> None:
        if self._small_size is None:
            self._upright = Upright.of(frame)
            self._small_size = square_size(frame.width, frame.height, self._aspect, _SHOT_SIDE)
        self._times.append(time_ms)
        self._pictures.append(self._small.bgr(frame, *self._small_size))
        if sampled:
            self._sampled.append((frame, time_ms, self._samples))
            self._samples += 1
        if len(self._times) == _SHOT_BATCH:
            self._look()
        if len(self._sampled) == _JPEG_BATCH:
            self._encode()
        self._wait(_UNDER_WAY, self._encodings_under_way)

    def _look(self) -> None:
        if self._times:
            self._looking.append(self._shot_thread.submit(self.finder.feed, self._times, self._pictures))
            self._times, self._pictures = [], []

    def _encode(self) -> None:
        self._encoding.append(self._jpeg_threads.submit(self._encode_all, self._sampled))
        self._sampled = []

    def _wait(self, looking: int, encoding: int) -> None:
        while len(self._looking) > looking:
            self._looking.popleft().result()
        while len(self._encoding) > encoding:
            self.refs += self._encoding.popleft().result()

    def _encode_all(self, sampled: list[tuple[Any, int, int]]) -> list[FrameRef]:
        import cv2

        pictures = self._full.setdefault(get_ident(), Pictures("AREA"))
        encoded = []
        for frame, time_ms, index in sampled:
            size = square_size(frame.width, frame.height, self._aspect, self._max_side)
            image = self._upright.apply(pictures.bgr(frame, *size))
            _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
            height, width = image.shape[:2]
            self._keep(SampledFrame(index, time_ms, width, height, jpeg.tobytes()))
            encoded.append(FrameRef(index, time_ms, width, height))
        return encoded

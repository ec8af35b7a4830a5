"""The sound of a video as samples on the video's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.media.decoding import Frames, open_media, timestamp, video_stream

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A hole this long between what timestamps say and what was decoded is silence, not rounding.
_HOLE_S = Fraction(1, 10)
# A wrong timestamp must not allocate hours of silence.
_LONGEST_HOLE_S = 600


@dataclass(frozen=True, slots=True)
class Audio:
    """Mono sound; sample i belongs to video time i / `rate`.

    Attributes:
        samples: (n,) float32 in -1..1; empty where there is no sound.
        rate: samples a second.
        decode_errors: packets that could not be decoded; what could be is here.
    """

    samples: NDArray[np.float32]
    rate: int
    decode_errors: int


def read_audio(path: Path, rate: int = 16000) -> Audio:
    """Decode the first audio stream in one pass, resampled to mono at `rate`.

    Sound before the first video frame is cut off, a late start is padded with silence, and so are holes.
    A file with sound only starts at its own first sample.

    Raises:
        MediaError: the file cannot be opened.
    """
    import numpy as np

    start = _video_start_s(path)
    with open_media(path) as container:
        stream = next((s for s in container.streams.audio if s.codec_context is not None), None)
        if stream is None:
            return Audio(np.zeros(0, np.float32), rate, 0)
        frames = Frames(container, stream, path)
        track = _Track(rate, start)
        for frame in frames:
            track.add(frame, Fraction(stream.time_base))
        return Audio(track.finish(), rate, frames.errors)


def _video_start_s(path: Path) -> Fraction | None:
    with open_media(path) as container:
        try:
            stream = video_stream(container)
            first = next(iter(Frames(container, stream, path)), None)
        except MediaError:
            return None
        at = None if first is None else timestamp(container, first)
        return None if at is None else at * Fraction(stream.time_base)


class _Track:
    """Joins decoded blocks, moving the first to its place and filling the holes between the others."""

    def __init__(self, rate: int, start: Fraction | None) -> None:
        self._rate = rate
        self._start = start
        self._pieces: list[NDArray[np.int16]] = []
        self._length = 0
        self._skip = 0
        self._resampler: Any = None
        self._setup: tuple[str, str, int] | None = None

    def add(self, frame: Any, time_base: Fraction) -> None:
        import av

        setup = (frame.format.name, frame.layout.name, frame.sample_rate)
        if setup != self._setup:
            self._drain()
            # Whole numbers: swresample then mixes channels without exceeding full scale.
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=self._rate)
        if frame.pts is not None:
            self._move_to(frame.pts * time_base)
        self._setup = setup
        frame.pts = None
        self._append(self._resampler.resample(frame))

    def _move_to(self, seconds: Fraction) -> None:
        if self._start is None:
            self._start = seconds
        gap = round((seconds - self._start) * self._rate) - (self._length - self._skip)
        if self._setup is None and gap < 0:
            self._skip = -gap
        elif gap > (0 if self._setup is None else _HOLE_S * self._rate):
            self._silence(min(gap, _LONGEST_HOLE_S * self._rate))

    def _silence(self, count: int) -> None:
        import numpy as np

        self._pieces.append(np.zeros(count, np.int16))
        self._length += count

    def _append(self, blocks: list[Any]) -> None:
        for block in blocks:
            piece: Any = block.to_ndarray().reshape(-1)
            self._pieces.append(piece)
            self._length += len(piece)

    def _drain(self) -> None:
        if self._resampler is not None:
            self._append(self._resampler.resample(None))

    def finish(self) -> NDArray[np.float32]:
        import numpy as np

        self._drain()
        if not self._pieces:
            return np.zeros(0, np.float32)
        return np.concatenate(self._pieces)[self._skip :].astype(np.float32) / np.float32(32768)

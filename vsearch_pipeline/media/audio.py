"""The sound of a video as samples on the video's own clock, whole or block by block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

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

    with open_sound(path, rate) as sound:
        pieces = list(sound)
        samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        return Audio(samples, rate, sound.errors)


@contextmanager
def open_sound(path: Path, rate: int = 16000) -> Iterator[MonoSound]:
    """The sound that `read_audio` gives, block by block: in memory that does not grow with its length.

    Raises:
        MediaError: the file cannot be opened.
    """
    start = _video_start_s(path)
    with open_media(path) as container:
        yield MonoSound(Sound.of(container, path, rate=rate, layout="mono", start=start))


class MonoSound:
    """Blocks of (n,) float32 in -1..1 that follow each other; none where there is no sound.

    Attributes:
        length: samples given out so far.
    """

    def __init__(self, sound: Sound | None) -> None:
        self._sound = sound
        self.length = 0

    @property
    def errors(self) -> int:
        """Packets that could not be decoded, so far."""
        return self._sound.errors if self._sound else 0

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        import numpy as np

        for block in self._sound or ():
            self.length += len(block)
            yield block[:, 0].astype(np.float32) / np.float32(32768)


def _video_start_s(path: Path) -> Fraction | None:
    with open_media(path) as container:
        try:
            stream = video_stream(container)
            first = next(iter(Frames(container, stream, path)), None)
        except MediaError:
            return None
        at = None if first is None else timestamp(container, first)
        return None if at is None else at * Fraction(stream.time_base)


class Sound:
    """The first audio stream of a file, decoded as it is asked for: blocks of (n, channels) int16 that follow each
    other without a gap, the first sample at the video's 0."""

    def __init__(
        self, frames: Frames, time_base: Fraction, *, rate: int, layout: str, start: Fraction | None
    ) -> None:
        self._frames = frames
        self._time_base = time_base
        self._rate = rate
        self._layout = layout
        self._channels = 1 if layout == "mono" else 2
        self._start = start
        self._length = 0  # of what was given out; below 0 as long as sound before the start is dropped
        self._resampler: Any = None
        self._setup: tuple[str, str, int] | None = None

    @staticmethod
    def of(
        container: Any, path: Path, *, rate: int, layout: Literal["mono", "stereo"], start: Fraction | None
    ) -> Sound | None:
        """None where the file has no sound that can be decoded.

        Arguments:
            container: of `path`, opened; nobody else reads it.
            rate: samples a second.
            start: of the video, seconds on the file's clock; the first sample's time where None.
        """
        stream = next((s for s in container.streams.audio if s.codec_context is not None), None)
        if stream is None:
            return None
        frames = Frames(container, stream, path)
        return Sound(frames, Fraction(stream.time_base), rate=rate, layout=layout, start=start)

    @property
    def errors(self) -> int:
        """Packets that could not be decoded, so far."""
        return self._frames.errors

    def __iter__(self) -> Iterator[NDArray[np.int16]]:
        for block in self._blocks():
            dropped = min(len(block), max(0, -self._length))
            self._length += len(block)
            if dropped < len(block):
                yield block[dropped:]

    def _blocks(self) -> Iterator[NDArray[np.int16]]:
        import av

        for frame in self._frames:
            setup = (frame.format.name, frame.layout.name, frame.sample_rate)
            if setup != self._setup:
                yield from self._drain()
                # Whole numbers: swresample then mixes channels without exceeding full scale.
                self._resampler = av.AudioResampler(format="s16", layout=self._layout, rate=self._rate)
            if frame.pts is not None:
                yield from self._move_to(frame.pts * self._time_base)
            self._setup = setup
            frame.pts = None
            yield from self._arrays(self._resampler.resample(frame))
        yield from self._drain()

    def _move_to(self, seconds: Fraction) -> Iterator[NDArray[np.int16]]:
        if self._start is None:
            self._start = seconds
        gap = round((seconds - self._start) * self._rate) - self._length
        if self._setup is None and gap < 0:
            self._length = gap
        elif gap > (0 if self._setup is None else _HOLE_S * self._rate):
            yield from self._silence(min(gap, _LONGEST_HOLE_S * self._rate))

    def _silence(self, count: int) -> Iterator[NDArray[np.int16]]:
        import numpy as np

        for first in range(0, count, self._rate):
            yield np.zeros((min(self._rate, count - first), self._channels), np.int16)

    def _arrays(self, blocks: list[Any]) -> Iterator[NDArray[np.int16]]:
        for block in blocks:
            yield block.to_ndarray().reshape(-1, self._channels)

    def _drain(self) -> Iterator[NDArray[np.int16]]:
        if self._resampler is not None:
            yield from self._arrays(self._resampler.resample(None))

"""Videos whose frames are numbered, so that decoding proves which ones a file has."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

BITS = 10
SIZE = (160, 96)
TONE_RATE = 16000


def numbered_picture(number: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """(height, width, 3) uint8: `BITS` bars, white for 1, the highest first."""
    width, height = size
    bits = [(number >> (BITS - 1 - bit)) & 1 for bit in range(BITS)]
    row = np.repeat(np.array(bits, np.uint8) * 200 + 20, width // BITS)
    row = np.pad(row, (0, width - len(row)))
    return np.repeat(np.repeat(row[None, :, None], height, axis=0), 3, axis=2)


def number_of(picture: NDArray[np.uint8]) -> int:
    """The number of a picture that may be scaled, on black at its sides or over and under it."""
    grey = picture.mean(axis=2)
    height, width = grey.shape
    scale = min(width / SIZE[0], height / SIZE[1])
    left = (width - SIZE[0] * scale) / 2
    row = grey[height // 2 - 2 : height // 2 + 2].mean(axis=0)
    middles = [round(left + SIZE[0] * scale * (bit + 0.5) / BITS) for bit in range(BITS)]
    return int("".join("1" if row[at] > 128 else "0" for at in middles), 2)


def make_numbered(
    path: Path,
    *,
    rate: int | Fraction = 25,
    count: int = 100,
    times: Sequence[Fraction] | None = None,
    size: tuple[int, int] = SIZE,
    sound: bool = True,
    codec: str = "libx264",
    gop: int = 12,
    options: dict[str, str] | None = None,
    start: Fraction = Fraction(0),
    timecode: str | None = None,
    beep_at: int | None = None,
) -> Path:
    """Write frames 0 to `count` - 1.

    Arguments:
        times: when each frame is shown, seconds; replaces `count` and the even steps of `rate`.
        start: seconds before the first frame, with the sound already running.
        beep_at: the frame with which the tone begins; before it there is silence.
    """
    shown = list(times) if times is not None else [i / Fraction(rate) for i in range(count)]
    tick = Fraction(1, 1000) if times is not None else 1 / Fraction(rate)
    if start:
        tick = Fraction(1, 90000)
    with av.open(f"file:{path}", "w") as container:
        if timecode:
            container.metadata["timecode"] = timecode
        stream: Any = container.add_stream(
            codec, rate=Fraction(rate), options={"sc_threshold": "0", **(options or {})}
        )
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = gop
        stream.codec_context.time_base = tick
        tone: Any = container.add_stream("aac", rate=TONE_RATE, layout="mono") if sound else None
        for number, time in enumerate(shown):
            frame = av.VideoFrame.from_ndarray(numbered_picture(number, size), format="rgb24")
            frame.pts, frame.time_base = round((time + start) / tick), tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if tone is not None:
            samples = np.arange(round(float(shown[-1] + start + 1 / Fraction(rate)) * TONE_RATE))
            wave = np.sin(2 * np.pi * 440 * samples / TONE_RATE) * 16000
            if beep_at is not None:
                wave[: round(float(shown[beep_at] + start) * TONE_RATE)] = 0
            block = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
            block.rate, block.pts = TONE_RATE, 0
            container.mux(tone.encode(block))
            container.mux(tone.encode())
    return path


def numbers(path: Path) -> list[int]:
    """The numbers of a file's frames, in the order they are shown."""
    with av.open(f"file:{path}") as container:
        return [number_of(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def sound_of(path: Path) -> tuple[NDArray[np.float32], int]:
    """The samples of a file's sound on the clock of its pictures, and their rate."""
    from vsearch_pipeline.media.audio import read_audio

    audio = read_audio(path, 48000)
    return audio.samples, audio.rate

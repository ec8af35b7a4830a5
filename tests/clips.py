"""Small clips made with PyAV, so that tests need no file from outside."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]

COLOURS: tuple[Colour, ...] = ((200, 100, 40), (40, 160, 60), (40, 60, 200), (210, 180, 40), (150, 60, 170))
BLACK: Colour = (0, 0, 0)


def scene(colour: Colour, size: tuple[int, int], progress: float = 0.0) -> NDArray[np.uint8]:
    """A plain colour with a lighter square that moves to the right, (height, width, 3) uint8 RGB."""
    width, height = size
    image = np.full((height, width, 3), colour, np.uint8)
    side = max(2, height // 4)
    left = round((width - side) * progress)
    top = height // 2 - side // 2
    image[top : top + side, left : left + side] = np.minimum(np.array(colour) + 50, 255)
    return image


def make_clip(
    path: Path,
    *,
    seconds: float = 2.0,
    fps: int | Fraction = 10,
    size: tuple[int, int] = (160, 120),
    cuts: Sequence[float] = (),
    colours: Sequence[Colour] = COLOURS,
    audio: bool = False,
    rotation: int = 0,
    aspect: Fraction | None = None,
    times: Sequence[float] | None = None,
    start: float = 0.0,
    codec: str = "libx264",
    gop: int = 12,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a clip whose colour changes at each of `cuts` (seconds).

    Arguments:
        audio: a 440 Hz tone of the same length, beginning at 0.
        rotation: clockwise degrees a player must turn the picture.
        aspect: sample aspect ratio.
        times: when each frame is shown, seconds, for a variable rate; replaces `seconds` and `fps`.
        start: seconds before the first frame, with the sound already running.
        options: for the muxer.
        codec: `libx264`, `mpeg4`, `libvpx-vp9`, `gif`..., as the container of `path` allows.
    """
    import av

    with av.open(f"file:{path}", "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=Fraction(fps))
        stream.width, stream.height = size
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        stream.codec_context.gop_size = gop
        tick = Fraction(1, 100) if codec == "gif" else 1 / Fraction(fps) if times is None else Fraction(1, 1000)
        stream.codec_context.time_base = tick
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(-rotation)
        sound = container.add_stream("aac", rate=16000, layout="mono") if audio else None
        shown = times if times is not None else [float(i / Fraction(fps)) for i in range(round(seconds * fps))]
        for time in shown:
            colour = colours[sum(time >= cut for cut in cuts) % len(colours)]
            frame = av.VideoFrame.from_ndarray(scene(colour, size, time / max(shown[-1], 1)), format="rgb24")
            frame.pts, frame.time_base = round((time + start) / tick), tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            end = shown[-1] + start + 1 / float(fps)
            tone = np.sin(2 * np.pi * 440 * np.arange(round(end * 16000)) / 16000)
            block = av.AudioFrame.from_ndarray((tone * 16000).astype(np.int16)[None], format="s16", layout="mono")
            block.rate = 16000
            block.pts = 0
            container.mux(sound.encode(block))
            container.mux(sound.encode())
    return path

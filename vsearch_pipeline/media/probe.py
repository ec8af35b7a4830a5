"""What a video file is, and proof that it can be decoded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.media.decoding import (
    STILL_PICTURE,
    Frames,
    Upright,
    has_alpha,
    open_media,
    pixel_aspect,
    square_size,
    video_stream,
)

# Animated formats whose files may also hold a single picture.
_MAYBE_STILL = frozenset({"gif", "apng"})


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What the container says, checked by decoding the first frame.

    Attributes:
        container: short name, such as `mp4`, `webm`, `matroska`, `avi`.
        width, height: as displayed, pixels: after sample aspect ratio and rotation.
        rotation: clockwise degrees applied for display: 0, 90, 180 or 270.
        pixel_format: as stored, as ffmpeg calls it, such as `yuv420p`.
        mirrored: whether it is flipped for display besides.
        frame_rate: average, as the container claims it; None if it does not.
        duration_ms: as the container claims it; None if it does not.
    """

    container: str
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    rotation: int
    frame_rate: Fraction | None
    duration_ms: int | None
    has_audio: bool
    has_alpha: bool
    size_bytes: int
    pixel_format: str
    mirrored: bool


def probe(path: Path) -> VideoInfo:
    """Open the file and decode its first frame.

    Raises:
        MediaError: it is not a video we can read; one sentence without the path.
    """
    with open_media(path) as container:
        stream = video_stream(container)
        frames = Frames(container, stream, path)
        first = list(islice(frames, 2 if container.format.name in _MAYBE_STILL else 1))
        if not first:
            raise frames.explain_nothing()
        if container.format.name in _MAYBE_STILL and len(first) == 1:
            raise MediaError(STILL_PICTURE)
        upright = Upright.of(first[0])
        width, height = square_size(first[0].width, first[0].height, pixel_aspect(stream))
        audio = next((s for s in container.streams.audio if s.codec_context is not None), None)
        return VideoInfo(
            container=_container_name(container.format.name, path),
            video_codec=stream.codec.canonical_name,
            audio_codec=audio.codec.canonical_name if audio else None,
            width=height if upright.transpose else width,
            height=width if upright.transpose else height,
            rotation=upright.rotation,
            frame_rate=claimed_rate(stream),
            duration_ms=_duration_ms(container, stream),
            has_audio=audio is not None,
            has_alpha=has_alpha(stream),
            size_bytes=path.stat().st_size,
            pixel_format=first[0].format.name,
            mirrored=upright.mirrored,
        )


def claimed_rate(stream: Any) -> Fraction | None:
    """The average frame rate in the header, None where it is missing."""
    rate = stream.average_rate or stream.guessed_rate
    return Fraction(rate.numerator, rate.denominator) if rate else None


def sha256_file(path: Path) -> str:
    """Hexadecimal SHA-256 of the file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _duration_ms(container: Any, stream: Any) -> int | None:
    if stream.duration and stream.duration > 0:
        return round(Fraction(stream.duration) * Fraction(stream.time_base) * 1000)
    if container.duration and container.duration > 0:
        return round(Fraction(container.duration, 1000))
    return None


def _container_name(names: str, path: Path) -> str:
    known = names.split(",")
    suffix = path.suffix.lower().removeprefix(".")
    if suffix in known:
        return suffix
    return "mp4" if "mp4" in known else known[0]

"""What every current browser plays, so that the rest gets a proxy.

Formats that only some browsers or machines play (HEVC, AV1, Matroska) are among the rest: a page must simply play.
Source: developer.mozilla.org/docs/Web/Media/Guides/Formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

PROXY_NAME: Final = "proxy.mp4"
"""In the video's folder, beside its source."""

Players = Literal["all", "some", "none"]

_MP4: Final = frozenset({"mp4", "mov"})
_VIDEO: Final = {**dict.fromkeys(_MP4, frozenset({"h264"})), "webm": frozenset({"vp8", "vp9"})}
_AUDIO: Final = {**dict.fromkeys(_MP4, frozenset({"aac", "mp3"})), "webm": frozenset({"vorbis", "opus"})}
_PIXELS: Final = frozenset({"yuv420p", "yuvj420p", "yuva420p"})
_MOST_PIXELS: Final = 4096 * 2304
"""H.264 level 5.2: beyond it hardware decoders give up."""

_SOME_CONTAINERS: Final = _MP4 | {"webm", "matroska"}
_SOME_CODECS: Final = frozenset({"h264", "hevc", "vp8", "vp9", "av1"})


@dataclass(frozen=True, slots=True)
class Stored:
    """How a video is stored; None where that is not known, which counts as usual.

    Attributes:
        container: short name, such as `mp4`, `webm`, `matroska`, `avi`.
        audio_codec: None also where there is no sound.
        pixel_format: as ffmpeg calls it.
        mirrored: the file asks players for more than a turn by quarters, which browsers do not do.
    """

    container: str | None
    video_codec: str | None
    audio_codec: str | None = None
    pixel_format: str | None = None
    width: int | None = None
    height: int | None = None
    mirrored: bool = False


def browsers_that_play(stored: Stored) -> Players:
    """Which current browsers play the file as it is; all but `all` need a proxy."""
    container = stored.container or ""
    if stored.video_codec not in _SOME_CODECS or container not in _SOME_CONTAINERS:
        return "none"
    everywhere = (
        stored.video_codec in _VIDEO.get(container, ())
        and (stored.audio_codec is None or stored.audio_codec in _AUDIO[container])
        and (stored.pixel_format is None or stored.pixel_format in _PIXELS)
        and (stored.width or 0) * (stored.height or 0) <= _MOST_PIXELS
        and not stored.mirrored
    )
    return "all" if everywhere else "some"

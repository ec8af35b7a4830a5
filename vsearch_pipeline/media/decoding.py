"""Opening a media file, decoding its packets and turning frames into upright pictures with square pixels."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from vsearch_pipeline.errors import MediaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STILL_PICTURE = "it is a still picture, not a video"
NO_VIDEO = "it has no video stream (sound only)"

# Demuxers that read other files than the one given, or draw text as if it were video.
_REFUSED_FORMATS = frozenset(
    {"concat", "dash", "ffmetadata", "hls", "imf", "sdp"} | {"adf", "bin", "idf", "tty", "xbin"}
)
# The native VP8/VP9 decoders drop the alpha plane that Matroska keeps beside each packet.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
# Below this, on two cores, decoding threads gain nothing and take the core that scaling and JPEG need.
_SMALL_PIXELS = 960 * 540

# ffmpeg's numbers: unspecified (taken for BT.601 by its scaler as well), BT.470BG and SMPTE 170M; full range.
_BT601 = frozenset({2, 5, 6})
_FULL_RANGE = 2


@contextmanager
def open_media(file: Path | IO[bytes]) -> Iterator[Any]:
    """The opened PyAV input container of a local file, whatever characters its name has, or of an opened one that
    can seek.

    Raises:
        MediaError: missing, empty, or nothing ffmpeg can read.
    """
    import av

    if isinstance(file, Path):
        _check_opens(file)
    try:
        # "file:" keeps names with colons from being read as protocols; the whitelist keeps playlists local.
        place = f"file:{file}" if isinstance(file, Path) else file
        container = av.open(place, options={"protocol_whitelist": "file"})
    except av.error.FFmpegError as error:
        raise MediaError(f"it is not a video file we can read (ffmpeg: {error.strerror})") from error
    with container:
        if container.format.name in _REFUSED_FORMATS:
            raise MediaError("it is a playlist or a text file, not a video")
        yield container


def _check_opens(path: Path) -> None:
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise MediaError("the file is empty")
    except IsADirectoryError as error:
        raise MediaError("it is a folder, not a file") from error
    except OSError as error:
        raise MediaError(f"the file cannot be opened ({error.strerror})") from error


def video_stream(container: Any) -> Any:
    """The stream people would call the video: not cover art, not a still item, not an alpha plane.

    Raises:
        MediaError: there is none, or no decoder for it.
    """
    import av

    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not streams:
        raise MediaError(NO_VIDEO if container.streams.audio else "it has no video stream")
    playable = [s for s in streams if s.codec_context is not None]
    if not playable:
        raise MediaError("there is no decoder for its video codec")
    moving = [s for s in playable if not _is_still(container, s)]
    if not moving:
        raise MediaError(STILL_PICTURE)
    return max(
        moving,
        key=lambda s: (s.codec_context.pix_fmt != "gray", bool(s.disposition & 1), -s.index),
    )


def _is_still(container: Any, stream: Any) -> bool:
    name = container.format.name
    if name == "image2" or name.endswith("_pipe"):
        return True
    # An AVIF or HEIC item has one frame and no duration; a track in the same container always has one.
    return "mp4" in name and stream.frames == 1 and stream.duration is None


def has_alpha(stream: Any) -> bool:
    """Whether the stream's pictures carry transparency."""
    layout = stream.codec_context.format
    return _alpha_beside(stream) or (layout is not None and _alpha_format(layout))


def _alpha_beside(stream: Any) -> bool:
    # Muxers disagree on the case of the tag.
    return any(key.lower() == "alpha_mode" and value == "1" for key, value in stream.metadata.items())


def _alpha_format(layout: Any) -> bool:
    return any(component.is_alpha for component in layout.components)


class Frames:
    """Decodes one stream in order, skipping what is damaged.

    Attributes:
        errors: packets that could not be decoded, plus frames that came out damaged, so far.
        packets: packets read so far.
        reason: what ffmpeg said of the last error.

    Raises:
        MediaError: on the first frame, where the file declares encrypted video.
    """

    def __init__(self, container: Any, stream: Any, path: Path) -> None:
        import av

        self._path = path
        self._container = container
        self._stream = stream
        self._decoder = stream.codec_context
        self._error = av.error.FFmpegError
        self.errors = 0
        self.packets = 0
        self.reason = "no frame came out"
        alpha_decoder = _ALPHA_DECODERS.get(stream.codec.canonical_name)
        if _alpha_beside(stream) and alpha_decoder:
            self._decoder = av.CodecContext.create(alpha_decoder, "r")
        light = stream.type != "video" or stream.width * stream.height <= _SMALL_PIXELS
        if light and (os.cpu_count() or 1) <= 2:
            self._decoder.thread_count = 1
        else:
            self._decoder.thread_type = "AUTO"

    def __iter__(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except self._error as error:
                self._count(error)
                packet = None
            if packet is None:
                return
            if packet.size == 0:
                yield from self._flush()
                return
            self.packets += 1
            if self.packets == 1 and self._stream.type == "video":
                self._refuse_encrypted()
            try:
                frames = self._decoder.decode(packet)
            except self._error as error:
                self._count(error)
                continue
            yield from self._checked(frames)

    def _flush(self) -> Iterator[Any]:
        # Each thread may still hold one damaged packet, and each of those raises once.
        for _ in range(max(1, self._decoder.thread_count) + 1):
            try:
                frames = self._decoder.decode(None)
            except EOFError:
                return
            except self._error as error:
                self._count(error)
                continue
            yield from self._checked(frames)
            return

    def _checked(self, frames: list[Any]) -> Iterator[Any]:
        for frame in frames:
            self.errors += frame.is_corrupt
            yield frame

    def _count(self, error: Any) -> None:
        self.errors += 1
        self.reason = error.strerror

    def _refuse_encrypted(self) -> None:
        # Encrypted AV1 decodes without an error, to noise.
        if "mp4" in self._container.format.name and (scheme := encryption_scheme(self._path)):
            raise MediaError(f"it is encrypted ({scheme}) and cannot be decoded")

    def explain_nothing(self) -> MediaError:
        """The error for a stream that gave no frame at all."""
        if self.packets == 0 and self._stream.frames == 0:
            return MediaError("it has only an initialisation segment without any frames")
        if self.packets == 0:
            return MediaError(f"it is cut short: none of its {self._stream.frames} frames is in the file")
        return MediaError(f"none of its frames can be decoded (ffmpeg: {self.reason})")


def timestamp(container: Any, frame: Any) -> int | None:
    """When to show the frame, ticks; AVI stores only decoding times, from which ffmpeg guesses badly."""
    return frame.dts if container.format.name == "avi" else frame.pts  # type: ignore[no-any-return]


def encryption_scheme(path: Path) -> str | None:
    """`cenc`, `cbcs`... where the MP4 at `path` declares encrypted video (ISO/IEC 23001-7), else None."""
    moov = _mp4_box(path, b"moov")
    if b"encv" not in moov:
        return None
    at = moov.find(b"schm")
    return moov[at + 8 : at + 12].decode("ascii", "replace") if at >= 0 else "unknown scheme"


def _mp4_box(path: Path, kind: bytes, largest: int = 64 * 2**20) -> bytes:
    size = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while at + 8 <= size:
            file.seek(at)
            header = file.read(16)
            length = int.from_bytes(header[:4], "big")
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            if header[4:8] == kind:
                file.seek(at)
                return file.read(min(length or largest, largest))
            if length < 8:
                break
            at += length
    return b""


@dataclass(frozen=True, slots=True)
class Upright:
    """How to show a stored frame: transpose it, then flip it (from a display matrix)."""

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @property
    def rotation(self) -> int:
        """Clockwise degrees that turn the stored frame upright: 0, 90, 180 or 270."""
        if self.transpose:
            return 90 if self.flip_x else 270
        return 180 if self.flip_y else 0

    @property
    def mirrored(self) -> bool:
        """Whether turning alone does not do it."""
        return (self.flip_x != self.flip_y) != self.transpose

    @staticmethod
    def of(frame: Any) -> Upright:
        """Read from a decoded frame; quarter turns and mirrors, as cameras write them."""
        matrix = frame.side_data.get("DISPLAYMATRIX")
        if matrix is None:
            return Upright()
        # ffmpeg, libavutil/display.h: x' = a x + c y, y' = b x + d y, fixed point 16.16, native order.
        a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20])
        if abs(b) + abs(c) > abs(a) + abs(d):
            return Upright(transpose=True, flip_x=c < 0, flip_y=b < 0)
        return Upright(flip_x=a < 0, flip_y=d < 0)

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        import cv2

        result: Any = cv2.transpose(image) if self.transpose else image
        if self.flip_x or self.flip_y:
            result = cv2.flip(result, -1 if self.flip_x and self.flip_y else int(self.flip_x))
        return result  # type: ignore[no-any-return]


def pixel_aspect(stream: Any) -> Fraction:
    """Width of a pixel over its height; 1 where the file does not say."""
    aspect = stream.sample_aspect_ratio
    return Fraction(aspect.numerator, aspect.denominator) if aspect else Fraction(1)


def square_size(width: int, height: int, aspect: Fraction, max_side: int | None = None) -> tuple[int, int]:
    """(width, height) of a stored frame with square pixels, at most `max_side` on its longer side."""
    square = width * aspect
    scale = Fraction(1) if max_side is None else min(Fraction(1), max_side / max(square, Fraction(height)))
    return max(1, round(square * scale)), max(1, round(height * scale))


class Pictures:
    """Scales frames to BGR arrays; keeps one scaler, so use one for each target and thread."""

    def __init__(self, interpolation: str) -> None:
        from av.video.reformatter import VideoReformatter

        self._scaler = VideoReformatter()
        self._interpolation = interpolation

    def bgr(self, frame: Any, width: int, height: int) -> NDArray[np.uint8]:
        """(height, width, 3) uint8; what is transparent is shown over black.

        Raises:
            MediaError: ffmpeg cannot convert the frame's pixel format.
        """
        import av
        import cv2
        import numpy as np

        if _is_plain_yuv(frame) and (frame.width, frame.height) == (width, height):
            return cast("NDArray[np.uint8]", cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420))
        alpha = _alpha_format(frame.format)
        try:
            scaled = self._scaler.reformat(
                frame,
                width,
                height,
                "bgra" if alpha else "bgr24",
                interpolation=self._interpolation,
                threads=1,
            )
        except av.error.FFmpegError as error:
            raise MediaError(
                f"its pixel format {frame.format.name} cannot be converted (ffmpeg: {error.strerror})"
            ) from error
        image: Any = scaled.to_ndarray()
        if not alpha:
            return image  # type: ignore[no-any-return]
        opacity = image[..., 3:].astype(np.uint16)
        opaque: NDArray[np.uint8] = ((image[..., :3] * opacity + 127) // 255).astype(np.uint8)
        return opaque


def _is_plain_yuv(frame: Any) -> bool:
    """4:2:0 in BT.601 and video range: OpenCV converts just that, eight times as fast as the scaler."""
    return (
        frame.format.name == "yuv420p"
        and frame.colorspace in _BT601
        and frame.color_range != _FULL_RANGE
        and frame.width % 2 == frame.height % 2 == 0
    )

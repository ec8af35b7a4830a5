"""Photo files of any kind to upright RGB pictures."""

from __future__ import annotations

import stat
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.people.records import Image

if TYPE_CHECKING:
    from PIL import Image as Photo

MAX_SIDE: Final = 2048
"""Larger photos are shrunk to this, pixels: a face that is worth anything stays far above the minimum."""
MAX_BYTES: Final = 100_000_000
MAX_PIXELS: Final = 89_478_485
"""Pillow's own limit against decompression bombs: 256 MB of pixels."""

_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_BROKEN: Final = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error)


def photo_bytes(path: Path) -> bytes:
    """The content of a photo file.

    Raises:
        InputError: it is no ordinary file, cannot be opened, is empty or larger than `MAX_BYTES`; the message is
            one clause about "it".
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError("it is not an ordinary file")
        if status.st_size > MAX_BYTES:
            raise InputError(f"it is larger than {MAX_BYTES // 1_000_000} MB")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"it cannot be opened ({error.strerror})") from error
    if not content:
        raise InputError("it is empty")
    return content


def decode_photo(content: bytes) -> Image:
    """A JPEG, PNG or WebP, whatever its file is called, turned upright and at most `MAX_SIDE` wide and high.

    The first picture of an animation; transparent parts on white; 16 bits become 8.

    Raises:
        InputError: it is none of these, damaged or larger than `MAX_PIXELS`; the message is one clause about "it".
    """
    from PIL import Image as Photo
    from PIL import ImageOps, UnidentifiedImageError

    try:
        with Photo.open(BytesIO(content), formats=_FORMATS) as photo:
            if photo.width * photo.height > MAX_PIXELS:
                raise Photo.DecompressionBombError
            photo.draft(None, (MAX_SIDE, MAX_SIDE))
            photo.load()
            upright = _rgb(ImageOps.exif_transpose(photo))
    except Photo.DecompressionBombError as error:
        raise InputError(f"it has more than {MAX_PIXELS // 1_000_000} million pixels") from error
    except UnidentifiedImageError as error:
        raise InputError("it is not a JPEG, PNG or WebP photo, whatever its name says") from error
    except _BROKEN as error:
        raise InputError("it is damaged or cut short") from error
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    return np.asarray(upright)


def _rgb(photo: Photo.Image) -> Photo.Image:
    from PIL import Image as Photo

    if photo.mode.startswith("I"):
        return Photo.fromarray((np.asarray(photo) / 257).clip(0, 255).astype(np.uint8)).convert("RGB")
    if photo.has_transparency_data:
        shown = photo.convert("RGBA")
        return Photo.alpha_composite(Photo.new("RGBA", shown.size, "white"), shown).convert("RGB")
    return photo.convert("RGB")

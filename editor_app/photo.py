"""An uploaded photo: read in memory, kept nowhere."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from vsearch_pipeline.errors import InputError

FORMATS: Final = ("JPEG", "PNG", "WEBP")
MAX_MEGABYTES: Final = 20
MAX_PIXELS: Final = 50_000_000
_LONGEST_SIDE: Final = 2048
_THUMBNAIL_SIDE: Final = 96
_FACE_ROOM: Final = 0.3


def read_upload(content: bytes) -> npt.NDArray[np.uint8]:
    """The upright photo, (height, width, 3) uint8 RGB.

    Raises:
        InputError: it is not a JPEG, PNG or WebP, damaged, or larger than `MAX_PIXELS`.
    """
    return np.asarray(_upright(content, _LONGEST_SIDE))


def thumbnail(content: bytes) -> str:
    """A small picture of the photo as a `data:` address; the same errors as `read_upload`."""
    return _small(_upright(content, _THUMBNAIL_SIDE))


def face_thumbnail(content: bytes, bbox_xyxy: tuple[float, float, float, float]) -> str:
    """A small picture of a face of the photo, with some room around it; the same errors as `read_upload`.

    Args:
        bbox_xyxy: shares (0..1) of the upright photo.
    """
    photo = _upright(content, _LONGEST_SIDE)
    x1, y1, x2, y2 = bbox_xyxy
    across, down = _FACE_ROOM * (x2 - x1), _FACE_ROOM * (y2 - y1)
    left, right = (min(1.0, max(0.0, share)) * photo.width for share in (x1 - across, x2 + across))
    top, bottom = (min(1.0, max(0.0, share)) * photo.height for share in (y1 - down, y2 + down))
    return _small(photo.crop((left, top, right, bottom)))


def _small(photo: Image.Image) -> str:
    photo.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
    small = BytesIO()
    photo.save(small, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(small.getvalue()).decode()


def _upright(content: bytes, side: int) -> Image.Image:
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as photo:
            if photo.width * photo.height > MAX_PIXELS:
                raise InputError(f"The photo has more than {MAX_PIXELS // 1_000_000} million pixels.")
            photo.draft(None, (side, side))
            upright: Any = ImageOps.exif_transpose(photo).convert("RGB")
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise InputError("The photo cannot be read: use a JPEG, PNG or WebP.") from error
    upright.thumbnail((side, side))
    return upright  # type: ignore[no-any-return]

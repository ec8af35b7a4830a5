"""Stored pictures back to pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vsearch_pipeline.errors import MediaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def decode_rgb(encoded: bytes) -> NDArray[np.uint8]:
    """A JPEG, PNG or WebP in memory to (height, width, 3) uint8 RGB.

    Raises:
        MediaError: the bytes are not a picture.
    """
    import cv2
    import numpy as np

    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB) if encoded else None
    if image is None:
        raise MediaError("it is not a picture we can read")
    return image  # type: ignore[no-any-return]


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """The picture stored at `path`, (height, width, 3) uint8 RGB.

    Raises:
        MediaError: the file is missing or not a picture.
    """
    try:
        return decode_rgb(path.read_bytes())
    except OSError as error:
        raise MediaError(f"the picture cannot be read ({error.strerror})") from error

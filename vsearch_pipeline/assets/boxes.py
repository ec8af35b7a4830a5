"""Boxes given as fractions of a picture's width and height."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def inside_frame(box: Sequence[float]) -> bool:
    """Whether the box has an area and lies wholly in the picture."""
    x1, y1, x2, y2 = box
    return 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1


def crop(image: NDArray[np.uint8], box: Sequence[float]) -> NDArray[np.uint8]:
    """The box's part of a (height, width, 3) picture."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box
    return image[int(y1 * height) : int(y2 * height) + 1, int(x1 * width) : int(x2 * width) + 1]

"""What moved between two frames of a shot."""

from __future__ import annotations

from math import ceil
from typing import Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.people.records import Box, Image

Luminance = npt.NDArray[np.uint8]
"""(rows, columns) uint8: a frame so small that one value is the mean of a block of its pixels."""

LONGER_SIDE: Final = 160
"""Blocks along the longer side: a quarter of the detector's input, so that the smallest usable faces (20 pixels
there) are five blocks high."""
MIN_DIFFERENCE: Final = 12
"""Levels (0..255) by which a block that changed differs. In still parts of camera video, stored as JPEG of quality
85, no block differs by more than 6; an eye that blinks or a mouth that opens differs by 20 to 60."""


def luminance(image: Image) -> Luminance:
    """The frame, (height, width, 3) uint8 RGB, as a small grey picture."""
    import cv2

    height, width = image.shape[:2]
    scale = min(1.0, LONGER_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small: Luminance = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
    return small


def changed_blocks(before: Luminance, after: Luminance) -> Luminance:
    """1 where a block changed, else 0; both frames have the same shape."""
    import cv2

    changed: Luminance = (cv2.absdiff(before, after) >= MIN_DIFFERENCE).astype(np.uint8)
    return changed


def patches(changed: Luminance, smallest: int) -> list[Box]:
    """Boxes, in blocks, around the changes that hold a square of `smallest` blocks, with one block around each.

    The edge of a shoulder that sways is long and thin and holds none.
    """
    import cv2

    square = np.ones((smallest, smallest), np.uint8)
    # of an even square the middle is beside itself: morphologyEx would shift what it opens
    back = smallest - 1 - smallest // 2
    wide = cv2.dilate(cv2.erode(changed, square), square, anchor=(back, back))
    _, _, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(wide, np.ones((3, 3), np.uint8)), connectivity=8)
    return [(x, y, x + width, y + height) for x, y, width, height, _ in stats[1:].tolist()]


def any_changed(changed: Luminance, box: Box) -> bool:
    """Whether a block that changed lies in a box, in blocks, or at its edge."""
    rows, columns = slice(int(box[1]), ceil(box[3])), slice(int(box[0]), ceil(box[2]))
    return bool(changed[rows, columns].any())

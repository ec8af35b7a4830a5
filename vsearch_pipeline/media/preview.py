"""A short moving picture of a segment, for lists and chat messages."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A list shows dozens at once: beyond this many pictures they are thinned out evenly, the length kept.
_MOST_FRAMES = 40
_QUALITY = 50
_EFFORT = 0


def preview(images: Sequence[Path | bytes | NDArray[np.uint8]], *, frame_ms: int, width: int = 240) -> bytes:
    """An animated WebP that loops; the same pictures give the same bytes.

    Arguments:
        images: JPEG files, JPEG bytes or RGB arrays (height, width, 3) uint8, in order.
        frame_ms: how long each is shown.
        width: of the preview, pixels; smaller pictures are not enlarged.

    Raises:
        ValueError: no images.
    """
    if not images:
        raise ValueError("a preview needs at least one image")
    kept = min(len(images), _MOST_FRAMES)
    edges = [i * len(images) // kept for i in range(kept + 1)]
    first, *others = [thumbnail(images[i], width) for i in edges[:-1]]
    others = [image if image.size == first.size else image.resize(first.size) for image in others]
    buffer = BytesIO()
    first.save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=[(end - start) * frame_ms for start, end in pairwise(edges)],
        loop=0,
        quality=_QUALITY,
        method=_EFFORT,
    )
    return buffer.getvalue()


def thumbnail(image: Path | bytes | NDArray[np.uint8], width: int) -> Image.Image:
    """The picture in RGB, scaled down to `width` pixels, never enlarged."""
    if isinstance(image, (Path, bytes)):
        opened: Image.Image = Image.open(BytesIO(image) if isinstance(image, bytes) else image)
        # JPEG is decoded straight to a half, quarter or eighth where that is still large enough.
        opened.draft("RGB", (width, 1))
    else:
        opened = Image.fromarray(image)
    rgb = opened.convert("RGB")
    if rgb.width <= width:
        return rgb
    return rgb.resize((width, max(1, round(rgb.height * width / rgb.width))), Image.Resampling.BILINEAR)

"""Photos that are one picture, saved again at another size or quality."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.people.records import Image, Vectors

MIN_COSINE: Final = 0.9
"""Between embeddings. Photos halved or saved at JPEG quality 20 keep 0.96 in 19 of 20 cases."""
MIN_CORRELATION: Final = 0.95
"""Between prints. Photos halved or saved at JPEG quality 20 reach it nine times in ten. Of 21,240 pairs of
photos of one person 12 do, nearly all from one moment; of 237,600 pairs of two people none."""

_SIDE: Final = 32
_INSIDE: Final = (slice(16, -8), slice(12, -12))
"""The face in a chip, without the corners that are black or background."""
_CHUNK: Final = 1024

Prints = npt.NDArray[np.float32]
"""(n, 1024) float32, rows of mean 0 and length 1: the grey face at 32 x 32."""


def face_print(chip: Image) -> Prints:
    """(1024,) of an aligned (112, 112, 3) chip; the product of two is the correlation of the pictures, -1..1."""
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(chip[_INSIDE]), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    centred = small - small.mean()
    print_: Prints = centred / max(float(np.linalg.norm(centred)), 1e-6)
    return print_


def same_pictures(vectors: Vectors, prints: Prints) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of rows that are the same picture, in order.

    Args:
        vectors: (n, dim) embeddings of the faces.
        prints: (n, 1024) of the same faces.
    """
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(vectors), _CHUNK):
        alike = vectors[start : start + _CHUNK] @ vectors.T >= MIN_COSINE
        for row, column in np.argwhere(np.triu(alike, k=start + 1)).tolist():
            if float(prints[start + row] @ prints[column]) >= MIN_CORRELATION:
                pairs.append((start + row, column))
    return pairs

"""Reference faces as video would show them, to train on."""

from __future__ import annotations

from typing import Final

import numpy as np

from vsearch_pipeline.people.records import DetectedFace, Image

SMALL_FACE: Final = 40.0
"""Height of the shrunk face, pixels."""
FULL_FACE: Final = 112.0
"""Height of a face beyond which nothing is gained, pixels: the embedders' own size."""
_BLUR_SIGMA: Final = 1.5
_JPEG_QUALITY: Final = 60
_GAMMA: Final = 1.5
_GAIN: Final = 0.75
_MARGIN: Final = 0.8
"""Surroundings kept on each side, in face sizes: more than any embedder's chip shows."""

VARIANTS: Final = 3


def augmented(image: Image, face: DetectedFace) -> tuple[tuple[Image, DetectedFace], ...]:
    """The face small and compressed, blurred, and dark: `VARIANTS` pictures, each with the face in its pixels.

    The same input gives the same bytes. Mirroring is the embedder's own business.
    """
    import cv2

    full, face = _cut(image, face)
    full, face = _at_height(full, face, FULL_FACE)
    small, small_face = _at_height(full, face, SMALL_FACE)
    _, encoded = cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))
    compressed: Image = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
    blurred: Image = cv2.GaussianBlur(full, (0, 0), _BLUR_SIGMA)
    light = np.rint((np.arange(256) / 255) ** _GAMMA * _GAIN * 255).astype(np.uint8)
    return (compressed, small_face), (blurred, face), (light[full], face)


def _cut(image: Image, face: DetectedFace) -> tuple[Image, DetectedFace]:
    margin = _MARGIN * max(face.width, face.height)
    x1, y1, x2, y2 = face.bbox_xyxy
    left, top = max(0, int(x1 - margin)), max(0, int(y1 - margin))
    part = image[top : int(y2 + margin) + 1, left : int(x2 + margin) + 1]
    moved = DetectedFace(
        bbox_xyxy=(x1 - left, y1 - top, x2 - left, y2 - top),
        landmarks=tuple((x - left, y - top) for x, y in face.landmarks),
        score=face.score,
    )
    return np.ascontiguousarray(part), moved


def _at_height(image: Image, face: DetectedFace, height: float) -> tuple[Image, DetectedFace]:
    """Shrunk so that the face is at most so high, with the pixels' exact factors."""
    import cv2

    scale = height / max(face.height, 1.0)
    if scale >= 1:
        return image, face
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    fx, fy = size[0] / image.shape[1], size[1] / image.shape[0]
    x1, y1, x2, y2 = face.bbox_xyxy
    shrunk = DetectedFace(
        bbox_xyxy=(x1 * fx, y1 * fy, x2 * fx, y2 * fy),
        landmarks=tuple((x * fx, y * fy) for x, y in face.landmarks),
        score=face.score,
    )
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), shrunk

"""The faces of photos, judged and embedded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.people.alignment import ARCFACE_LANDMARKS, ARCFACE_SIDE, aligned_chip
from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.duplicates import Prints, face_print
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.photographs import decode_photo, photo_bytes
from vsearch_pipeline.people.quality import face_quality, is_usable
from vsearch_pipeline.people.records import Box, DetectedFace, Image, Landmarks

MAX_OFF_TEMPLATE: Final = 12.0
"""Mean distance along an axis, pixels, between detected landmarks and the template's, beyond which a 112 x 112
picture is a small photo and no aligned crop. Of 360 real crops the worst has 7."""

_PADDING: Final = ARCFACE_SIDE // 2


@dataclass(frozen=True, slots=True)
class PhotoFile:
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class KnownFace:
    """What an earlier enrolment computed of a photo with the same detector and embedder.

    Attributes:
        augmented: (dim,), None where the face was not augmented.
    """

    quality: float
    vector: npt.NDArray[np.float32]
    augmented: npt.NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class PhotoFace:
    """A face of a photo; box and landmarks in shares (0..1) of the upright photo's width and height.

    Attributes:
        usable: large and clear enough to be worth embedding.
        vector: (dim,) unit length.
        face_print: (1024,), see `face_print`.
    """

    bbox_xyxy: Box
    landmarks: Landmarks
    score: float
    quality: float
    usable: bool
    vector: npt.NDArray[np.float32]
    face_print: Prints

    @property
    def area(self) -> float:
        x1, y1, x2, y2 = self.bbox_xyxy
        return (x2 - x1) * (y2 - y1)


def faces_in_photos(
    images: Sequence[Image],
    detector: FaceDetector,
    embedder: FaceEmbedder,
    known: Sequence[KnownFace | None],
) -> list[tuple[PhotoFace, ...]]:
    """Of each photo the usable faces, the largest first; where there is none, the best of the others if any.

    A 112 x 112 picture with a face where the ArcFace template has it is an aligned crop: it is taken whole, and by
    the template's landmarks, which tell people apart better there than detected ones.

    Args:
        images: (height, width, 3) uint8 RGB each.
        known: for each photo what is known of it; a face of just that quality is not embedded again.
    """
    found = detector.detect([_padded(image) if _is_crop_sized(image) else image for image in images])
    faces = [
        _best([(face, face_quality(image, face)) for face in _in_photo(image, seen)])
        for image, seen in zip(images, found, strict=True)
    ]
    new = [
        [face for face, quality in graded if before is None or quality != before.quality]
        for graded, before in zip(faces, known, strict=True)
    ]
    result = []
    for image, graded, before, rows in zip(images, faces, known, embedder.embed(images, new), strict=True):
        fresh = iter(rows)
        vectors = [
            before.vector if before is not None and quality == before.quality else next(fresh)
            for _, quality in graded
        ]
        result.append(
            tuple(
                _photo_face(image, face, quality, vector)
                for (face, quality), vector in zip(graded, vectors, strict=True)
            )
        )
    return result


def read_photo(path: Path) -> Image:
    """The upright photo at `path`, (height, width, 3) uint8 RGB.

    Raises:
        InputError: it cannot be read; the message is one clause about "it".
    """
    return decode_photo(photo_bytes(path))


def in_pixels(image: Image, bbox_xyxy: Box, landmarks: Landmarks, score: float) -> DetectedFace:
    """A face given in shares of `image`."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = bbox_xyxy
    return DetectedFace(
        bbox_xyxy=(x1 * width, y1 * height, x2 * width, y2 * height),
        landmarks=tuple((x * width, y * height) for x, y in landmarks),
        score=score,
    )


def _is_crop_sized(image: Image) -> bool:
    return image.shape[:2] == (ARCFACE_SIDE, ARCFACE_SIDE)


def _padded(image: Image) -> Image:
    """Detectors expect something around a face."""
    return np.pad(image, ((_PADDING, _PADDING), (_PADDING, _PADDING), (0, 0)))


def _in_photo(image: Image, found: Sequence[DetectedFace]) -> list[DetectedFace]:
    """Faces found in the photo, or in the padded one, in the photo's pixels."""
    if not _is_crop_sized(image):
        return list(found)
    template = np.array(ARCFACE_LANDMARKS)
    moved = [_without_padding(face) for face in found]
    offsets = [float(np.abs(np.array(face.landmarks) - template).mean()) for face in moved]
    if not offsets or min(offsets) > MAX_OFF_TEMPLATE:
        return [face for face in moved if face.width > 0 and face.height > 0]
    score = moved[offsets.index(min(offsets))].score
    return [DetectedFace((0.0, 0.0, ARCFACE_SIDE, ARCFACE_SIDE), ARCFACE_LANDMARKS, score)]


def _without_padding(face: DetectedFace) -> DetectedFace:
    x1, y1, x2, y2 = (min(max(side - _PADDING, 0.0), float(ARCFACE_SIDE)) for side in face.bbox_xyxy)
    return DetectedFace(
        (x1, y1, x2, y2), tuple((x - _PADDING, y - _PADDING) for x, y in face.landmarks), face.score
    )


def _best(graded: list[tuple[DetectedFace, float]]) -> list[tuple[DetectedFace, float]]:
    usable = [(face, quality) for face, quality in graded if is_usable(face.height, quality)]
    if usable:
        return sorted(usable, key=lambda pair: (-pair[0].width * pair[0].height, -pair[0].score))
    return [max(graded, key=lambda pair: (pair[1], pair[0].height))] if graded else []


def _photo_face(image: Image, face: DetectedFace, quality: float, vector: npt.NDArray[np.float32]) -> PhotoFace:
    height, width = image.shape[:2]
    x1, y1, x2, y2 = face.bbox_xyxy
    return PhotoFace(
        bbox_xyxy=(x1 / width, y1 / height, x2 / width, y2 / height),
        landmarks=tuple((x / width, y / height) for x, y in face.landmarks),
        score=face.score,
        quality=quality,
        usable=is_usable(face.height, quality),
        vector=vector,
        face_print=face_print(aligned_chip(image, face, ARCFACE_LANDMARKS, ARCFACE_SIDE)),
    )

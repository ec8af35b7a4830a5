"""Real pictures and models, all from installed wheels, each loaded once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from vsearch_pipeline.captioning.objects import ObjectDetector, SsdMobileNet
from vsearch_pipeline.captioning.scenes import EfficientNetLite, SceneClassifier
from vsearch_pipeline.wheels import wheel_file

Picture = npt.NDArray[np.uint8]


@pytest.fixture(scope="session")
def photo() -> Callable[[str], Picture]:
    def load(name: str) -> Picture:
        with Image.open(wheel_file("skimage", "data", name)) as image:
            return np.asarray(image.convert("RGB"), dtype=np.uint8)

    return load


@pytest.fixture(scope="session")
def detector() -> ObjectDetector:
    return SsdMobileNet()


@pytest.fixture(scope="session")
def classifier() -> SceneClassifier:
    return EfficientNetLite()

"""Models of this room by the names used in the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vsearch_pipeline.captioning.captioner import Captioner, CompactCaptioner, ObjectsOnlyCaptioner
from vsearch_pipeline.captioning.objects import ObjectDetector, SsdMobileNet
from vsearch_pipeline.captioning.scenes import EfficientNetLite, SceneClassifier
from vsearch_pipeline.errors import ModelUnavailableError

_Model = TypeVar("_Model")

_OBJECT_DETECTORS: dict[str, Callable[[], ObjectDetector]] = {SsdMobileNet.name: SsdMobileNet}
_SCENE_CLASSIFIERS: dict[str, Callable[[], SceneClassifier]] = {EfficientNetLite.name: EfficientNetLite}
_CAPTIONERS: dict[str, Callable[[str], Captioner]] = {
    CompactCaptioner.name: lambda scenes: CompactCaptioner(load_scene_classifier(scenes)),
    ObjectsOnlyCaptioner.name: lambda _: ObjectsOnlyCaptioner(),
}


def load_object_detector(name: str) -> ObjectDetector:
    """
    Raises:
        ModelUnavailableError: no detector has this name, or its files are missing.
    """
    return _choose("object detector", name, _OBJECT_DETECTORS)()


def load_scene_classifier(name: str) -> SceneClassifier:
    """
    Raises:
        ModelUnavailableError: no classifier has this name, or its files are missing.
    """
    return _choose("scene classifier", name, _SCENE_CLASSIFIERS)()


def load_captioner(name: str, scene_classifier: str = EfficientNetLite.name) -> Captioner:
    """
    Args:
        name: of the captioner.
        scene_classifier: its name, for captioners that use one.

    Raises:
        ModelUnavailableError: no captioner or classifier has this name, or its files are missing.
    """
    return _choose("captioner", name, _CAPTIONERS)(scene_classifier)


def _choose(what: str, name: str, known: dict[str, _Model]) -> _Model:
    if name not in known:
        raise ModelUnavailableError(
            f"There is no {what} named {name!r}: choose one of {', '.join(sorted(known))}."
        )
    return known[name]

"""Models of this room by the names used in the settings: `name`, or `name:source` where a checkpoint is chosen."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from vsearch_pipeline.captioning.captioner import Captioner, CompactCaptioner, ObjectsOnlyCaptioner
from vsearch_pipeline.captioning.generation import Generation
from vsearch_pipeline.captioning.objects import ObjectDetector, SsdMobileNet
from vsearch_pipeline.captioning.scenes import EfficientNetLite, SceneClassifier
from vsearch_pipeline.errors import ModelUnavailableError

if TYPE_CHECKING:
    from vsearch_pipeline.gemini import Gemini

OBJECT_DETECTORS = (SsdMobileNet.name, "onnx", "transformers")
SCENE_CLASSIFIERS = (EfficientNetLite.name,)
CAPTIONERS = (CompactCaptioner.name, ObjectsOnlyCaptioner.name, "eilev", "blip2", "vlm", "gemini")


def load_object_detector(spec: str, onnx_providers: tuple[str, ...] = ("CPUExecutionProvider",)) -> ObjectDetector:
    """
    Args:
        spec: `ssd-mobilenet-v2`, `onnx:PATH` or `transformers[:HUB_ID_OR_FOLDER]`.
        onnx_providers: what onnxruntime runs an ONNX file on, the preferred first.

    Raises:
        ModelUnavailableError: no detector has this name, or its files are missing.
    """
    name, source = _chosen("object detector", spec, OBJECT_DETECTORS)
    if name == SsdMobileNet.name:
        return SsdMobileNet()
    if name == "onnx":
        from vsearch_pipeline.captioning.onnx_objects import OnnxDetector

        return OnnxDetector(source, onnx_providers)
    from vsearch_pipeline.captioning.transformers_objects import TransformersDetector

    return TransformersDetector(source)


def load_scene_classifier(name: str) -> SceneClassifier:
    """
    Raises:
        ModelUnavailableError: no classifier has this name, or its files are missing.
    """
    _chosen("scene classifier", name, SCENE_CLASSIFIERS)
    return EfficientNetLite()


def load_captioner(
    spec: str,
    scene_classifier: str = EfficientNetLite.name,
    generation: Generation | None = None,
    gemini: Callable[[str], Gemini] | None = None,
) -> Captioner:
    """
    Args:
        spec: `compact`, `objects-only`, `eilev`, `blip2`, `vlm` (each with `:HUB_ID_OR_FOLDER` for another
            checkpoint than its own) or `gemini[:MODEL]`.
        scene_classifier: its name, for `compact`.
        generation: for those that generate text.
        gemini: gives the client for a model ("" for the one of the settings).

    Raises:
        ModelUnavailableError: no captioner or classifier has this name, its files or its key are missing.
    """
    name, source = _chosen("captioner", spec, CAPTIONERS)
    generation = generation or Generation()
    if name == CompactCaptioner.name:
        return CompactCaptioner(load_scene_classifier(scene_classifier))
    if name == ObjectsOnlyCaptioner.name:
        return ObjectsOnlyCaptioner()
    if name == "gemini":
        from vsearch_pipeline.captioning.gemini_captioner import GeminiCaptioner

        if gemini is None:
            raise ModelUnavailableError("The captioner gemini needs a catalogue that keeps what was paid for.")
        return GeminiCaptioner(gemini(source), generation)
    if name == "vlm":
        from vsearch_pipeline.captioning.vlm import VlmCaptioner

        return VlmCaptioner(source, generation)
    from vsearch_pipeline.captioning.blip import Blip2Captioner, EilevCaptioner

    return (EilevCaptioner if name == "eilev" else Blip2Captioner)(source, generation)


def _chosen(what: str, spec: str, known: Collection[str]) -> tuple[str, str]:
    name, _, source = spec.partition(":")
    if name not in known:
        raise ModelUnavailableError(
            f"There is no {what} named {name!r}: choose one of {', '.join(sorted(known))}."
        )
    return name, source

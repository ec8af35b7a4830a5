"""Models as Dagster resources: each is loaded once a process, whatever the number of runs in it."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from dagster import ConfigurableResource, ResourceDependency, get_dagster_logger

from vsearch_pipeline.captioning import registry as captioning_registry
from vsearch_pipeline.captioning.captioner import Captioner
from vsearch_pipeline.captioning.generation import Generation
from vsearch_pipeline.captioning.objects import ObjectDetector
from vsearch_pipeline.captioning.onnx_objects import OnnxDetector
from vsearch_pipeline.catalog.paid import PaidLedger
from vsearch_pipeline.gemini import Gemini, GeminiOptions
from vsearch_pipeline.language import embedding as embedding_registry
from vsearch_pipeline.language import transcription as transcription_registry
from vsearch_pipeline.language.embedding import SentenceEmbedder
from vsearch_pipeline.language.transcription import Transcriber
from vsearch_pipeline.language.translation import Translator, load_translator
from vsearch_pipeline.people import registry as people_registry
from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.insightface_pack import PackDetector, PackEmbedder
from vsearch_pipeline.resources.storage import CatalogResource

load_face_detector = cache(people_registry.load_face_detector)
load_face_embedder = cache(people_registry.load_face_embedder)
load_object_detector = cache(captioning_registry.load_object_detector)
load_captioner = cache(captioning_registry.load_captioner)
load_sentence_embedder = cache(embedding_registry.load_sentence_embedder)
load_transcriber = cache(transcription_registry.load_transcriber)


class FacesResource(ConfigurableResource[Any]):
    """Face detection and embedding."""

    detector: str
    embedder: str
    onnx_providers: list[str]
    frames_per_second: float

    @property
    def step_ms(self) -> int:
        """Time between two frames that are looked at."""
        return round(1000 / self.frames_per_second)

    def load_detector(self) -> FaceDetector:
        detector = load_face_detector(self.detector, tuple(self.onnx_providers))
        _log_provider(detector)
        return detector

    def load_embedder(self) -> FaceEmbedder:
        embedder = load_face_embedder(self.embedder, tuple(self.onnx_providers))
        _log_provider(embedder)
        return embedder


def _log_provider(model: FaceDetector | FaceEmbedder) -> None:
    if isinstance(model, PackDetector | PackEmbedder):
        get_dagster_logger().info("%s runs on %s", model.name, model.runs_on)


class ObjectsResource(ConfigurableResource[Any]):
    """Object detection."""

    detector: str
    onnx_providers: list[str]
    frames_per_second: float

    def load(self) -> ObjectDetector:
        detector = load_object_detector(self.detector, tuple(self.onnx_providers))
        if isinstance(detector, OnnxDetector):
            get_dagster_logger().info("%s runs on %s", detector.name, detector.runs_on)
        return detector


class GeminiResource(ConfigurableResource[Any]):
    """Google's Gemini; its key is in the environment, and what was paid for in the catalogue."""

    options: dict[str, Any]

    def client(self, catalog: CatalogResource, model: str = "") -> Gemini:
        """
        Args:
            model: another than that of the settings.
        """
        options = GeminiOptions(**self.options)
        return Gemini(replace(options, model=model or options.model), PaidLedger(catalog.open()))


class CaptionerResource(ConfigurableResource[Any]):
    """The captioner in use, and the ones compared side by side; `generation` has fields of `Generation`."""

    captioner: str
    scene_classifier: str
    compared: list[str]
    references: str | None
    generation: dict[str, Any]
    gemini: ResourceDependency[GeminiResource]

    def load(self, catalog: CatalogResource) -> Captioner:
        """The captioner in use; those that read weights are loaded once a process."""
        if self.captioner.partition(":")[0] == "gemini":
            return self.fresh(catalog, self.captioner)
        return load_captioner(self.captioner, self.scene_classifier, self._generation())

    def fresh(self, catalog: CatalogResource, spec: str) -> Captioner:
        """Any captioner, for whoever lets go of it again: several at once may not fit into a GPU."""
        return captioning_registry.load_captioner(
            spec, self.scene_classifier, self._generation(), lambda model: self.gemini.client(catalog, model)
        )

    def _generation(self) -> Generation:
        folder = {"examples": Path(self.generation["examples"])} if "examples" in self.generation else {}
        return Generation(**{**self.generation, **folder})


class TranslatorResource(ConfigurableResource[Any]):
    """English to Korean."""

    translator: str
    gemini: ResourceDependency[GeminiResource]

    def load(self, catalog: CatalogResource) -> Translator:
        return load_translator(self.translator, lambda model: self.gemini.client(catalog, model))


class TranscriberResource(ConfigurableResource[Any]):
    """Speech to text."""

    model: str

    def load(self) -> Transcriber:
        return load_transcriber(self.model)


class SentenceEmbedderResource(ConfigurableResource[Any]):
    """Text to vectors, for search by meaning."""

    model: str

    def load(self) -> SentenceEmbedder:
        return load_sentence_embedder(self.model)

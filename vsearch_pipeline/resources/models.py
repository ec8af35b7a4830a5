"""Models as Dagster resources: each is loaded once a process, whatever the number of runs in it."""

from functools import cache
from typing import Any

from dagster import ConfigurableResource, get_dagster_logger

from vsearch_pipeline.captioning import registry as captioning_registry
from vsearch_pipeline.captioning.captioner import Captioner
from vsearch_pipeline.captioning.objects import ObjectDetector
from vsearch_pipeline.language import embedding as embedding_registry
from vsearch_pipeline.language import transcription as transcription_registry
from vsearch_pipeline.language.embedding import SentenceEmbedder
from vsearch_pipeline.language.transcription import Transcriber
from vsearch_pipeline.people import registry as people_registry
from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.insightface_pack import PackDetector, PackEmbedder

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
    frames_per_second: float

    def load(self) -> ObjectDetector:
        return load_object_detector(self.detector)


class CaptionerResource(ConfigurableResource[Any]):
    """The captioner in use, and the ones compared side by side."""

    captioner: str
    scene_classifier: str
    compared: list[str]

    def load(self, name: str | None = None) -> Captioner:
        return load_captioner(name or self.captioner, scene_classifier=self.scene_classifier)


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

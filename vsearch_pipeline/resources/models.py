"""Models as Dagster resources: each is loaded once a process, whatever the number of runs in it."""

from functools import cache
from typing import Any

from dagster import ConfigurableResource

from vsearch_pipeline.captioning import registry as captioning_registry
from vsearch_pipeline.captioning.captioner import Captioner
from vsearch_pipeline.captioning.objects import ObjectDetector
from vsearch_pipeline.language.embedding import SentenceEmbedder, load_sentence_embedder
from vsearch_pipeline.language.transcription import Transcriber, load_transcriber
from vsearch_pipeline.people import registry as people_registry
from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.embedding import FaceEmbedder

_face_detector = cache(people_registry.load_face_detector)
_face_embedder = cache(people_registry.load_face_embedder)
_object_detector = cache(captioning_registry.load_object_detector)
_captioner = cache(captioning_registry.load_captioner)
_sentence_embedder = cache(load_sentence_embedder)
_transcriber = cache(load_transcriber)


class FacesResource(ConfigurableResource[Any]):
    """Face detection and embedding."""

    detector: str
    embedder: str
    frames_per_second: float

    def load_detector(self) -> FaceDetector:
        return _face_detector(self.detector)

    def load_embedder(self) -> FaceEmbedder:
        return _face_embedder(self.embedder)


class ObjectsResource(ConfigurableResource[Any]):
    """Object detection."""

    detector: str
    frames_per_second: float

    def load(self) -> ObjectDetector:
        return _object_detector(self.detector)


class CaptionerResource(ConfigurableResource[Any]):
    """The captioner in use, and the ones compared side by side."""

    captioner: str
    scene_classifier: str
    compared: list[str]

    def load(self, name: str | None = None) -> Captioner:
        return _captioner(name or self.captioner, scene_classifier=self.scene_classifier)


class TranscriberResource(ConfigurableResource[Any]):
    """Speech to text."""

    model: str

    def load(self) -> Transcriber:
        return _transcriber(self.model)


class SentenceEmbedderResource(ConfigurableResource[Any]):
    """Text to vectors, for search by meaning."""

    model: str

    def load(self) -> SentenceEmbedder:
        return _sentence_embedder(self.model)

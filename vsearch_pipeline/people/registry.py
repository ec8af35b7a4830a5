"""Face models by the name a setting gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from vsearch_pipeline.errors import ModelUnavailableError
from vsearch_pipeline.people.detection import CenterFaceDetector, FaceDetector
from vsearch_pipeline.people.embedding import FaceEmbedder, SfaceDlibEmbedder
from vsearch_pipeline.people.insightface_pack import PREFIX, PackDetector, PackEmbedder

FACE_DETECTORS: Final[dict[str, Callable[[], FaceDetector]]] = {"centerface": CenterFaceDetector}
FACE_EMBEDDERS: Final[dict[str, Callable[[], FaceEmbedder]]] = {"sface-dlib": SfaceDlibEmbedder}
ON_THE_PROCESSOR: Final = ("CPUExecutionProvider",)


def load_face_detector(name: str, providers: tuple[str, ...] = ON_THE_PROCESSOR) -> FaceDetector:
    """The detector of that name; its weights are read at first use.

    Args:
        name: one of `FACE_DETECTORS`, or "insightface:PACK".
        providers: what onnxruntime runs a pack of insightface on, the preferred first.

    Raises:
        ModelUnavailableError: nothing has that name.
    """
    if name.startswith(PREFIX):
        return PackDetector(name.removeprefix(PREFIX), providers)
    if name not in FACE_DETECTORS:
        raise _unknown("detector", name, FACE_DETECTORS)
    return FACE_DETECTORS[name]()


def load_face_embedder(name: str, providers: tuple[str, ...] = ON_THE_PROCESSOR) -> FaceEmbedder:
    """The embedder of that name; its weights are read at first use.

    Args:
        name: one of `FACE_EMBEDDERS`, or "insightface:PACK".
        providers: what onnxruntime runs a pack of insightface on, the preferred first.

    Raises:
        ModelUnavailableError: nothing has that name.
    """
    if name.startswith(PREFIX):
        return PackEmbedder(name.removeprefix(PREFIX), providers)
    if name not in FACE_EMBEDDERS:
        raise _unknown("embedder", name, FACE_EMBEDDERS)
    return FACE_EMBEDDERS[name]()


def _unknown(kind: str, name: str, known: Iterable[str]) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"There is no face {kind} {name!r}: use one of {', '.join(sorted(known))}, or {PREFIX}buffalo_l."
    )

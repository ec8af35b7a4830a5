"""Face models by the name a setting gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vsearch_pipeline.errors import ModelUnavailableError
from vsearch_pipeline.people.detection import CenterFaceDetector, FaceDetector
from vsearch_pipeline.people.embedding import DlibEmbedder, FaceEmbedder

FACE_DETECTORS: Final[dict[str, Callable[[], FaceDetector]]] = {"centerface": CenterFaceDetector}
FACE_EMBEDDERS: Final[dict[str, Callable[[], FaceEmbedder]]] = {"dlib-resnet": DlibEmbedder}


def load_face_detector(name: str) -> FaceDetector:
    """The detector of that name; its weights are read at first use.

    Raises:
        ModelUnavailableError: nothing has that name.
    """
    if name not in FACE_DETECTORS:
        raise ModelUnavailableError(
            f"There is no face detector {name!r}: use one of {', '.join(sorted(FACE_DETECTORS))}."
        )
    return FACE_DETECTORS[name]()


def load_face_embedder(name: str) -> FaceEmbedder:
    """The embedder of that name; its weights are read at first use.

    Raises:
        ModelUnavailableError: nothing has that name.
    """
    if name not in FACE_EMBEDDERS:
        raise ModelUnavailableError(
            f"There is no face embedder {name!r}: use one of {', '.join(sorted(FACE_EMBEDDERS))}."
        )
    return FACE_EMBEDDERS[name]()

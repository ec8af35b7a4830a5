"""Photographs that ship inside the wheel scikit-image, and the real ones beside the checkout."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image as Photo

from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.records import DetectedFace, Image
from vsearch_pipeline.people.registry import load_face_detector, load_face_embedder
from vsearch_pipeline.wheels import wheel_file

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
WITHOUT_SHARED = "needs ../shared/data, which is not on this machine"


def read(path: Path) -> Image:
    with Photo.open(path) as photo:
        return np.asarray(photo.convert("RGB"))


@cache
def astronaut() -> Image:
    """512 x 512: one woman who looks into the camera, 88 pixels wide at (225, 110)."""
    return read(wheel_file("skimage", "data", "astronaut.png"))


@cache
def cameraman() -> Image:
    """512 x 512 grey: one man in profile, 55 pixels wide."""
    return read(wheel_file("skimage", "data", "camera.png"))


@cache
def detector() -> FaceDetector:
    return load_face_detector("centerface")


@cache
def embedder() -> FaceEmbedder:
    return load_face_embedder("sface-dlib")


def only_face(image: Image) -> DetectedFace:
    (face,) = detector().detect([image])[0]
    return face


def scaled(image: Image, width: int, height: int) -> Image:
    return np.asarray(Photo.fromarray(image).resize((width, height), Photo.Resampling.LANCZOS))

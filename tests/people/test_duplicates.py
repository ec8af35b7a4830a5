import cv2
import numpy as np
import pytest

from tests.people.made_faces import PatternEmbedder, made_face
from tests.people.photos import astronaut, scaled
from vsearch_pipeline.people.alignment import ARCFACE_LANDMARKS
from vsearch_pipeline.people.duplicates import MIN_CORRELATION, face_print, same_pictures
from vsearch_pipeline.people.records import DetectedFace, Image, Vectors

FACE = DetectedFace((0.0, 0.0, 112.0, 112.0), ARCFACE_LANDMARKS, 1.0)
CHIP = scaled(astronaut()[60:190, 160:290], 112, 112)


def rows(chips: list[Image]) -> tuple[Vectors, Vectors]:
    vectors = PatternEmbedder().embed(chips, [[FACE]] * len(chips))
    return np.concatenate(vectors), np.stack([face_print(chip) for chip in chips])


def compressed(chip: Image) -> Image:
    return cv2.imdecode(cv2.imencode(".jpg", chip, [cv2.IMWRITE_JPEG_QUALITY, 20])[1], cv2.IMREAD_COLOR)


@pytest.mark.parametrize(
    "again",
    [compressed(CHIP), scaled(scaled(CHIP, 50, 50), 112, 112), (CHIP * 0.8 + 10).astype(np.uint8)],
    ids=["compressed", "shrunk", "less contrast"],
)
def test_a_picture_saved_again(again: Image) -> None:
    assert face_print(CHIP) @ face_print(again) > MIN_CORRELATION
    assert same_pictures(*rows([CHIP, made_face(1), again])) == [(0, 2)]


def test_photos_of_one_person_are_not_one_picture() -> None:
    assert same_pictures(*rows([made_face(1, photo) for photo in range(12)])) == []
    assert same_pictures(*rows([CHIP, np.ascontiguousarray(CHIP[:, ::-1]), np.roll(CHIP, 12, axis=1)])) == []


def test_a_flat_picture_is_like_nothing() -> None:
    flat = np.full((112, 112, 3), 80, np.uint8)
    assert face_print(flat) @ face_print(flat) == 0


def test_every_pair_of_a_large_gallery() -> None:
    vectors, prints = rows([CHIP, made_face(2)])
    noise = np.random.default_rng(0).standard_normal((2100, vectors.shape[1])).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    noise_prints = np.zeros((2100, prints.shape[1]), np.float32)
    for place in (3, 1030, 2099):
        noise[place], noise_prints[place] = vectors[0], prints[0]
    assert same_pictures(noise, noise_prints) == [(3, 1030), (3, 2099), (1030, 2099)]


def test_no_photos() -> None:
    assert same_pictures(np.empty((0, 64), np.float32), np.empty((0, 1024), np.float32)) == []

import cv2
import numpy as np
import pytest

from tests.people.photos import astronaut
from vsearch_pipeline.people.alignment import ARCFACE_LANDMARKS, ARCFACE_SIDE, aligned_chip
from vsearch_pipeline.people.augmentation import FULL_FACE, SMALL_FACE, VARIANTS, augmented
from vsearch_pipeline.people.quality import sharpness
from vsearch_pipeline.people.records import DetectedFace

FACE = DetectedFace(
    (180.0, 60.0, 270.0, 180.0),
    ((205.0, 107.0), (245.0, 106.0), (228.0, 130.0), (210.0, 150.0), (240.0, 150.0)),
    0.9,
)


def test_the_face_is_where_it_is_said_to_be() -> None:
    variants = augmented(astronaut(), FACE)
    assert len(variants) == VARIANTS
    before = aligned_chip(astronaut(), FACE, ARCFACE_LANDMARKS, ARCFACE_SIDE)
    for image, face in variants:
        chip = aligned_chip(image, face, ARCFACE_LANDMARKS, ARCFACE_SIDE)
        assert np.corrcoef(chip.ravel(), before.ravel())[0, 1] > 0.93


def test_each_variant_is_worse_in_its_own_way() -> None:
    (small, small_face), (blurred, blurred_face), (dark, dark_face) = augmented(astronaut(), FACE)
    assert small_face.height == pytest.approx(SMALL_FACE, abs=0.5)
    assert dark_face.height == pytest.approx(FULL_FACE, abs=0.5)
    assert small.shape[0] < blurred.shape[0] == dark.shape[0] < astronaut().shape[0]
    assert sharpness(blurred, blurred_face) < 0.3 * sharpness(astronaut(), FACE)
    chips = [
        aligned_chip(*shown, ARCFACE_LANDMARKS, ARCFACE_SIDE) for shown in ((dark, dark_face), (astronaut(), FACE))
    ]
    assert chips[0].mean() < 0.7 * chips[1].mean()


def test_the_same_bytes_whatever_the_threads() -> None:
    threads = cv2.getNumThreads()
    try:
        made = []
        for number in (1, 4):
            cv2.setNumThreads(number)
            made.append([image.tobytes() for image, _ in augmented(astronaut(), FACE)])
    finally:
        cv2.setNumThreads(threads)
    assert made[0] == made[1]


def test_a_tiny_face_at_the_edge() -> None:
    face = DetectedFace((0.0, 0.0, 8.0, 10.0), tuple((x / 14, y / 11) for x, y in ARCFACE_LANDMARKS), 0.9)
    for image, moved in augmented(astronaut()[:12, :9], face):
        assert image.shape[2] == 3
        assert moved.height == 10

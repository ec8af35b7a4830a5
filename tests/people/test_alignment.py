import numpy as np
import pytest

from tests.people.photos import astronaut, only_face
from vsearch_pipeline.people.alignment import (
    ARCFACE_LANDMARKS,
    ARCFACE_SIDE,
    DLIB_LANDMARKS,
    DLIB_SIDE,
    aligned_chip,
)
from vsearch_pipeline.people.records import DetectedFace, Image, Landmarks

TEMPLATES = [(ARCFACE_LANDMARKS, ARCFACE_SIDE), (DLIB_LANDMARKS, DLIB_SIDE)]


@pytest.mark.parametrize(("template", "side"), TEMPLATES)
@pytest.mark.parametrize("scale", [0.25, 1.0, 6.0])
def test_a_chip_has_the_landmarks_in_their_place(scale: float, template: Landmarks, side: int) -> None:
    angle = np.radians(25)
    turn = scale * np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))))
    points = np.array(template) @ turn.T + 600 * max(scale, 0.5)
    length = int(points.max() + 200 * scale)
    image = np.zeros((length, length, 3), np.uint8)
    reach = max(1, round(4 * scale))
    for x, y in points.round().astype(int):
        image[y - reach : y + reach + 1, x - reach : x + reach + 1] = 255
    face = DetectedFace((0, 0, length, length), tuple((float(x), float(y)) for x, y in points), 1.0)
    chip = aligned_chip(image, face, template, side)
    assert chip.shape == (side, side, 3)
    for x, y in template:
        assert chip[round(y), round(x), 0] > 128


@pytest.mark.parametrize("times", [4, 9])
def test_a_large_photograph_gives_the_chip_of_a_small_one(times: int) -> None:
    small = only_face(astronaut())
    # a point (x, y) of a pixel's middle lies in the middle of the block that the pixel becomes
    landmarks = tuple(((x + 0.5) * times - 0.5, (y + 0.5) * times - 0.5) for x, y in small.landmarks)
    image: Image = astronaut().repeat(times, axis=0).repeat(times, axis=1)
    large = DetectedFace(small.bbox_xyxy, landmarks, small.score)
    chips = [
        aligned_chip(photo, face, DLIB_LANDMARKS, DLIB_SIDE).astype(int)
        for photo, face in ((astronaut(), small), (image, large))
    ]
    assert np.abs(chips[0] - chips[1]).mean() < 2.5


def test_only_the_pixels_around_the_face_decide() -> None:
    face = only_face(astronaut())
    times = 5
    landmarks = tuple((x * times, y * times) for x, y in face.landmarks)
    large = DetectedFace(face.bbox_xyxy, landmarks, face.score)
    image: Image = astronaut().repeat(times, axis=0).repeat(times, axis=1)
    elsewhere = image.copy()
    elsewhere[1600:] = 255
    chips = [aligned_chip(photo, large, DLIB_LANDMARKS, DLIB_SIDE) for photo in (image, elsewhere)]
    assert np.array_equal(*chips)


@pytest.mark.parametrize(("template", "side"), TEMPLATES)
def test_landmarks_in_one_point_or_far_outside_do_not_break_the_chip(template: Landmarks, side: int) -> None:
    for landmarks in (((5.0, 5.0),) * 5, tuple((x * 9 + 9000, y * 9 - 9000) for x, y in template)):
        chip = aligned_chip(astronaut(), DetectedFace((0, 0, 10, 10), landmarks, 0.5), template, side)
        assert chip.shape == (side, side, 3)

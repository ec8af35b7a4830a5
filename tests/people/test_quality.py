import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Photo
from PIL import ImageFilter

from tests.people.photos import astronaut, cameraman, only_face, scaled
from vsearch_pipeline.people.alignment import DLIB_LANDMARKS
from vsearch_pipeline.people.quality import MIN_QUALITY, face_quality, frontalness, is_usable


def blurred(sigma: float) -> float:
    photo = Photo.fromarray(astronaut()).filter(ImageFilter.GaussianBlur(sigma))
    return face_quality(np.asarray(photo), only_face(astronaut()))


def test_a_sharp_frontal_photograph_is_good_and_blur_makes_it_worse() -> None:
    qualities = [blurred(sigma) for sigma in (0, 1, 2, 4)]
    assert qualities == sorted(qualities, reverse=True)
    assert qualities[0] > 0.6
    assert qualities[-1] < MIN_QUALITY


def test_a_small_face_is_worse_than_a_large_one() -> None:
    small = scaled(astronaut(), 140, 140)
    assert face_quality(small, only_face(small)) < 0.7 * blurred(0)


def test_a_sharp_profile_is_poor_but_usable() -> None:
    face = only_face(cameraman())
    assert frontalness(face.landmarks) < 0.2
    quality = face_quality(cameraman(), face)
    assert quality < 0.3
    assert is_usable(face.height, quality)


def test_usable_needs_both_size_and_quality() -> None:
    assert is_usable(60, 0.5)
    assert not is_usable(12, 0.9)
    assert not is_usable(200, 0.05)


@given(st.floats(-180, 180), st.floats(0.1, 30))
def test_neither_tilt_nor_size_changes_frontalness(degrees: float, scale: float) -> None:
    angle = np.radians(degrees)
    turn = scale * np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))))
    turned = np.array(DLIB_LANDMARKS) @ turn.T
    assert frontalness(tuple((float(x), float(y)) for x, y in turned)) == pytest.approx(1, abs=0.05)


def test_a_turned_head_is_less_frontal_and_a_profile_not_at_all() -> None:
    left_eye, right_eye, nose, left_mouth, right_mouth = DLIB_LANDMARKS
    turned = frontalness((left_eye, right_eye, (nose[0] + 15, nose[1]), left_mouth, right_mouth))
    profile = frontalness((left_eye, right_eye, (nose[0] + 60, nose[1]), left_mouth, right_mouth))
    assert 0.2 < turned < 0.8
    assert profile == 0
    assert frontalness((nose,) * 5) == 0

import csv

import numpy as np
import pytest

from tests.people.photos import (
    SHARED,
    WITHOUT_SHARED,
    astronaut,
    cameraman,
    detector,
    embedder,
    only_face,
    read,
    scaled,
)
from vsearch_pipeline.errors import ModelUnavailableError
from vsearch_pipeline.people.embedding import CHIP_LANDMARKS, aligned_chip
from vsearch_pipeline.people.records import DetectedFace
from vsearch_pipeline.people.registry import load_face_embedder


def test_the_same_face_is_nearer_than_another() -> None:
    darker = (astronaut() * 0.6).astype(np.uint8)
    small = scaled(astronaut(), 300, 300)
    images = [astronaut(), darker, small, cameraman()]
    vectors = np.concatenate(embedder().embed(images, [[only_face(image)] for image in images]))
    assert vectors.shape == (4, embedder().dim)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    distances = np.linalg.norm(vectors[0] - vectors, axis=1)
    assert max(distances[1:3]) < 0.25
    assert distances[3] > 0.4


def test_faces_come_back_with_their_images_and_do_not_depend_on_each_other() -> None:
    astro, camera = only_face(astronaut()), only_face(cameraman())
    images = [astronaut(), cameraman(), astronaut()]
    nothing, one, two = embedder().embed(images, [[], [camera], [astro, astro]])
    assert nothing.shape == (0, embedder().dim)
    assert one.shape == (1, embedder().dim)
    assert np.array_equal(two[0], two[1])
    assert np.array_equal(two[0], embedder().embed([astronaut()], [[astro]])[0][0])
    assert embedder().embed([], []) == []
    with pytest.raises(ValueError, match="argument"):
        embedder().embed(images, [[]])


@pytest.mark.parametrize("scale", [0.25, 1.0, 6.0])
def test_a_chip_has_the_landmarks_in_their_place(scale: float) -> None:
    angle = np.radians(25)
    turn = scale * np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))))
    points = np.array(CHIP_LANDMARKS) @ turn.T + 600 * max(scale, 0.5)
    side = int(points.max() + 200 * scale)
    image = np.zeros((side, side, 3), np.uint8)
    reach = max(1, round(4 * scale))
    for x, y in points.round().astype(int):
        image[y - reach : y + reach + 1, x - reach : x + reach + 1] = 255
    face = DetectedFace((0, 0, side, side), tuple((float(x), float(y)) for x, y in points), 1.0)
    chip = aligned_chip(image, face)
    assert chip.shape == (150, 150, 3)
    for x, y in CHIP_LANDMARKS:
        assert chip[round(y), round(x), 0] > 128


def test_landmarks_in_one_point_do_not_break_the_chip() -> None:
    face = DetectedFace((0, 0, 10, 10), ((5.0, 5.0),) * 5, 0.5)
    assert aligned_chip(astronaut(), face).shape == (150, 150, 3)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelUnavailableError, match=r"'nope'.*dlib-resnet"):
        load_face_embedder("nope")


@pytest.mark.skipif(not SHARED.is_dir(), reason=WITHOUT_SHARED)
def test_labelled_pairs_are_told_apart() -> None:
    folder = SHARED / "faces/pairs/unit/dataset"
    with (folder / "master.csv").open() as lines:
        pairs = [row for row in csv.DictReader(lines) if row["Decision"] in {"Yes", "No"}]
    vectors = {}
    for name in sorted({row[side] for row in pairs for side in ("file_x", "file_y")}):
        image = read(folder / name)
        largest = max(detector().detect([image])[0], key=lambda face: face.width)
        vectors[name] = embedder().embed([image], [[largest]])[0][0]
    distances = np.array([np.linalg.norm(vectors[row["file_x"]] - vectors[row["file_y"]]) for row in pairs])
    same = np.array([row["Decision"] == "Yes" for row in pairs])
    auc = (distances[same][:, None] < distances[~same][None]).mean()
    assert len(pairs) == 300
    assert auc > 0.99

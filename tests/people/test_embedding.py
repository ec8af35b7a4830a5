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
from vsearch_pipeline.people.alignment import ARCFACE_LANDMARKS
from vsearch_pipeline.people.prior import prior_of
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
    cosines = vectors @ vectors[0]
    assert min(cosines[1:3]) > 0.95
    assert cosines[3] < prior_of("sface-dlib").other_person_cosine


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


def test_a_vector_does_not_depend_on_the_batch_or_the_number_of_threads() -> None:
    import cv2

    face = only_face(astronaut())
    together = embedder().embed([astronaut()] * 2, [[face] * 9, [face] * 9])
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    alone = embedder().embed([astronaut()], [[face]])[0][0]
    cv2.setNumThreads(threads)
    assert all(np.array_equal(row, alone) for rows in together for row in rows)


def test_a_mirrored_face_is_nearly_the_same_face() -> None:
    # SFace's half sees one side only, dlib's half both
    mirrored = np.ascontiguousarray(astronaut()[:, ::-1])
    first, second = embedder().embed([astronaut(), mirrored], [[only_face(astronaut())], [only_face(mirrored)]])
    assert float(first[0] @ second[0]) > 0.9


def test_the_version_names_both_wheels() -> None:
    assert len(embedder().version.split("+")) == 2
    assert embedder().dim == 256


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelUnavailableError, match=r"'nope'.*sface-dlib"):
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
    cosines = np.array([vectors[row["file_x"]] @ vectors[row["file_y"]] for row in pairs])
    same = np.array([row["Decision"] == "Yes" for row in pairs])
    auc = (cosines[same][:, None] > cosines[~same][None]).mean()
    assert len(pairs) == 300
    assert auc > 0.99


@pytest.mark.skipif(not SHARED.is_dir(), reason=WITHOUT_SHARED)
def test_the_thresholds_for_one_and_for_two_people_hold_on_aligned_crops() -> None:
    template = DetectedFace((0, 0, 112, 112), ARCFACE_LANDMARKS, 1.0)
    paths = [
        path for person in sorted((SHARED / "faces/aligned").glob("*/*/")) for path in sorted(person.iterdir())[:6]
    ]
    people = np.array([path.parent.name for path in paths])
    vectors = np.concatenate(embedder().embed([read(path) for path in paths], [[template]] * len(paths)))
    first, second = np.triu_indices(len(paths), 1)
    cosines, same = (vectors @ vectors.T)[first, second], people[first] == people[second]
    assert (cosines[~same] >= prior_of("sface-dlib").same_person_cosine).mean() < 0.005
    assert (cosines[same] >= prior_of("sface-dlib").same_person_cosine).mean() > 0.7
    assert (cosines[same] < prior_of("sface-dlib").other_person_cosine).mean() < 0.02
    assert (cosines[~same] < prior_of("sface-dlib").other_person_cosine).mean() > 0.7

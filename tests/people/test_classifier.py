import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.people.photos import SHARED, WITHOUT_SHARED, detector, embedder, read
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.people.classifier import THRESHOLD, PrototypeClassifier
from vsearch_pipeline.people.records import Prototype, Vectors


def around(person: int, count: int, spread: float = 0.02, seed: int = 0) -> Vectors:
    """Faces of a made-up person: people lie about 0.5 apart, as they do for dlib."""
    centre = np.zeros(128)
    centre[0], centre[person + 1] = 1, 0.38
    rows = centre + np.random.default_rng(seed + person).normal(size=(count, 128)) * spread
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def gallery(*people: int, photos: int = 4) -> PrototypeClassifier:
    return PrototypeClassifier.fit([Prototype(person, "group", around(person, photos)) for person in people])


def test_a_known_person_is_named_and_the_next_one_is_runner_up() -> None:
    label = gallery(7, 3, 9).label(around(3, 5, seed=50), [0.9] * 5)
    assert label.person_id == 3
    assert label.confidence > 0.95
    assert label.runner_up_id in {7, 9}
    assert label.runner_up_confidence < 0.05


def test_a_stranger_is_nobody() -> None:
    label = gallery(7, 3, 9).label(around(20, 5), [0.9] * 5)
    assert label.person_id is None
    assert label.confidence > 0.9
    assert label.runner_up_id in {3, 7, 9}


def test_somebody_half_way_between_two_is_not_named() -> None:
    middle = around(3, 1, spread=0) + around(7, 1, spread=0)
    label = gallery(3, 7).label((middle / np.linalg.norm(middle)).astype(np.float32), [1.0])
    assert label.person_id is None
    assert label.runner_up_confidence == pytest.approx(0.5, abs=0.15)


def test_good_faces_outvote_bad_ones() -> None:
    classifier = gallery(3, 7)
    faces = np.concatenate([around(3, 1, seed=60), around(7, 3, seed=60)])
    assert classifier.label(faces, [1.0, 0.02, 0.02, 0.02]).person_id == 3
    assert classifier.label(faces, [0.02, 1.0, 1.0, 1.0]).person_id == 7
    assert classifier.label(faces[:1], [0.0]) == classifier.label(faces[:1], [1.0])


def test_no_faces_or_no_references() -> None:
    assert gallery(3).label(np.empty((0, 128), np.float32), []).confidence == 0
    empty = PrototypeClassifier.fit([])
    assert empty.label(around(3, 2), [1, 1]).person_id is None
    assert empty.evaluate().accuracy == 0
    with pytest.raises(ValueError, match="at least one vector"):
        PrototypeClassifier.fit([Prototype(1, None, np.empty((0, 128), np.float32))])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 5), st.floats(0.0, 0.08))
def test_confidences_are_shares(seed: int, faces: int, spread: float) -> None:
    classifier = gallery(0, 1, 2, photos=2)
    label = classifier.label(around(1, faces, spread, seed), [0.5] * faces)
    assert 0 <= label.runner_up_confidence <= 1
    assert label.confidence >= 0
    assert label.confidence + label.runner_up_confidence <= 1 + 1e-9
    assert label.person_id is None or label.confidence >= THRESHOLD


def test_a_saved_classifier_is_the_same_classifier() -> None:
    classifier = gallery(7, 3)
    description, data = classifier.state()
    restored = PrototypeClassifier.restore(json.loads(json.dumps(description)), data)
    probe = around(7, 3, seed=80)
    assert restored.label(probe, [1, 1, 1]) == classifier.label(probe, [1, 1, 1])
    assert restored.state() == (description, data)
    assert restored.groups == {3: "group", 7: "group"}


@pytest.mark.parametrize("damage", [b"", b"not an archive", None])
def test_a_damaged_classifier_says_so(damage: bytes | None) -> None:
    description, data = gallery(7, 3).state()
    with pytest.raises(InputError, match="train it again"):
        PrototypeClassifier.restore(description, data[:-30] if damage is None else damage)
    with pytest.raises(InputError, match="another version"):
        PrototypeClassifier.restore({**description, "format": 99}, data)


def test_evaluate_leaves_out_the_face_and_then_the_person() -> None:
    prototypes = [Prototype(person, None, around(person, 4)) for person in range(3)]
    stray = Prototype(3, None, np.concatenate([around(3, 4), around(0, 1, seed=90)]))
    alone = Prototype(4, None, around(4, 1))
    result = PrototypeClassifier.fit([*prototypes, stray, alone]).evaluate()
    assert result.people == 5
    assert result.references == 17
    assert result.accuracy == pytest.approx(16 / 17)
    # person 0: 4 hits and the stray; person 3: 4 of 5
    assert result.f1 == pytest.approx((8 / 9 + 1 + 1 + 8 / 9) / 4)
    assert result.unknown == 0
    assert result.false_accepts == pytest.approx(1 / 18)


@pytest.mark.skipif(not SHARED.is_dir(), reason=WITHOUT_SHARED)
def test_real_people_are_told_apart_and_strangers_refused() -> None:
    prototypes = []
    for person, folder in enumerate(sorted((SHARED / "faces/aligned").glob("*/*"))[:8]):
        images = [read(path) for path in sorted(folder.glob("*.png"))[:5]]
        faces = [[max(found, key=lambda face: face.width)] for found in detector().detect(images)]
        prototypes.append(Prototype(person, None, np.concatenate(embedder().embed(images, faces))))
    result = PrototypeClassifier.fit(prototypes).evaluate()
    assert result.accuracy > 0.7
    assert result.accuracy + result.unknown > 0.95
    assert result.false_accepts < 0.05

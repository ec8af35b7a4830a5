"""Labels: coherent, open to nobody, group first, and the same after being stored."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.people.vectors import PRIOR, Faces
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.people.classifier import EVEN, PersonClassifier
from vsearch_pipeline.people.records import Label, Vectors
from vsearch_pipeline.people.training import train


def trained(people: int = 6, photos: int = 5, seed: int = 0) -> tuple[PersonClassifier, Faces]:
    faces = Faces(seed)
    return train(faces.gallery(people, photos), [], PRIOR).classifier, faces


def directions(*cosines: float, groups: tuple[str | None, ...], threshold: float = 0.5) -> PersonClassifier:
    """A classifier of as many people as `groups` in whose space a face has just these cosines: see `FACE`."""
    heads = np.array(
        [[cosine, *np.sqrt(1 - cosine**2) * np.eye(len(cosines))[i]] for i, cosine in enumerate(cosines)]
    )
    return PersonClassifier(
        [(number, group) for number, group in enumerate(groups, start=1)],
        heads.astype(np.float32),
        np.full(len(cosines), threshold),
        centre=np.zeros(len(cosines) + 1, np.float32),
        softness=0.05,
    )


def face(people: int) -> Vectors:
    return np.eye(1, people + 1, dtype=np.float32)


def test_own_faces_are_named_and_strangers_are_not() -> None:
    faces = Faces(0)
    gallery = faces.gallery(6, 5)
    classifier = train(gallery, [], PRIOR).classifier
    for person in gallery:
        label = classifier.label(person.vectors, [1.0] * 5)
        assert (label.person_id, label.group) == (person.person_id, person.group)
        assert EVEN <= label.confidence <= label.group_confidence <= 1
        assert label.runner_up_id not in (None, person.person_id)
    for _ in range(20):
        label = classifier.label(faces.of(faces.person(), 3), [1.0] * 3)
        assert label.person_id is None
        assert label.runner_up_id is not None


@given(
    st.lists(st.floats(0.0, 0.99), min_size=1, max_size=6).flatmap(
        lambda cosines: st.tuples(
            st.just(cosines),
            st.lists(st.sampled_from(["a", "b", None]), min_size=len(cosines), max_size=len(cosines)),
            st.sets(st.integers(1, len(cosines))),
        )
    )
)
def test_probabilities_are_coherent(drawn: tuple[list[float], list[str | None], set[int]]) -> None:
    cosines, groups, excluded = drawn
    classifier = directions(*cosines, groups=tuple(groups))
    found = classifier.probabilities(face(len(cosines)), frozenset(excluded))
    assert 0 <= found.members.sum() <= 1 + 1e-9
    for place, person in enumerate(classifier.person_ids):
        if person in excluded:
            assert found.members[0, place] == 0
        if (group := classifier.groups[person]) is not None:
            assert found.members[0, place] <= found.groups[0, classifier.group_names.index(group)] + 1e-12
    label = classifier.label(face(len(cosines)), [1.0], frozenset(excluded))
    assert label.person_id not in excluded
    assert label.runner_up_id not in excluded
    assert 0 <= label.runner_up_confidence <= label.confidence <= 1 or label.person_id is None
    assert label.group is None or label.confidence <= label.group_confidence or label.person_id is None
    if label.person_id is not None:
        assert cosines[label.person_id - 1] >= 0.5 - 1e-6
        assert label.group == classifier.groups[label.person_id]


def test_a_group_can_be_sure_where_its_member_is_not() -> None:
    classifier = directions(0.60, 0.60, 0.1, groups=("g", "g", "h"))
    label = classifier.label(face(3), [1.0])
    assert label.person_id is None
    assert label.group == "g"
    assert label.group_confidence > 0.8


def test_the_member_is_sought_in_the_likeliest_group() -> None:
    classifier = directions(0.60, 0.59, 0.605, groups=("g", "g", "h"))
    label = classifier.label(face(3), [1.0])
    assert label.runner_up_id == 1
    assert label.group == "g"


def test_a_person_without_a_group_stands_alone() -> None:
    label = directions(0.9, 0.55, groups=(None, "g")).label(face(2), [1.0])
    assert (label.person_id, label.group, label.group_confidence) == (1, None, 0)


def test_at_the_threshold_the_odds_are_even() -> None:
    assert directions(0.5, groups=("g",)).label(face(1), [1.0]).confidence == pytest.approx(0.5, abs=1e-5)
    assert directions(0.49, groups=("g",)).label(face(1), [1.0]).person_id is None


def test_excluded_people_leave_the_place_to_the_next() -> None:
    classifier = directions(0.9, 0.8, groups=("g", "g"))
    assert classifier.label(face(2), [1.0]).person_id == 1
    assert classifier.label(face(2), [1.0], frozenset({1})).person_id == 2
    assert classifier.label(face(2), [1.0], frozenset({1, 2})) == Label(None, 1.0, None, 0.0)


def test_poor_faces_weigh_less() -> None:
    classifier, faces = trained()
    person, other = faces.person(), faces.person()
    gallery = [*Faces(0).gallery(6, 5)]
    mixed = np.concatenate([gallery[0].vectors[:1], faces.of(other, 3)])
    assert classifier.label(mixed, [1.0, 0.02, 0.02, 0.02]).person_id == 1
    assert classifier.label(mixed, [0.02, 1.0, 1.0, 1.0]).person_id is None
    assert classifier.label(faces.of(person, 2), [0.0, 0.0]).person_id is None


def test_nothing_to_go_by_is_nobody() -> None:
    classifier, _ = trained()
    assert classifier.label(np.empty((0, 64), np.float32), []) == Label(None, 0.0, None, 0.0)
    label = PersonClassifier.of_nobody().label(np.ones((1, 64), np.float32) / 8, [1.0])
    assert label == Label(None, 1.0, None, 0.0)


def test_stored_and_restored_it_says_the_same() -> None:
    classifier, faces = trained()
    description, data = classifier.state()
    again = PersonClassifier.restore(description, data)
    rows = faces.of(faces.person(), 4)
    assert again.label(rows, [1.0] * 4) == classifier.label(rows, [1.0] * 4)
    assert again.state()[1] == data
    nobody = PersonClassifier.restore(*PersonClassifier.of_nobody().state())
    assert nobody.person_ids == ()


def test_what_cannot_be_restored_says_so() -> None:
    description, data = trained()[0].state()
    with pytest.raises(InputError, match="another version"):
        PersonClassifier.restore({**description, "format": 1}, data)
    with pytest.raises(InputError, match="damaged"):
        PersonClassifier.restore(description, data[:40])

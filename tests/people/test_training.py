"""Heads are chosen on faces they have not seen, and corrections count."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.people.vectors import PRIOR, Faces
from vsearch_pipeline.people.heads import HEADS
from vsearch_pipeline.people.records import Negative, Prototype
from vsearch_pipeline.people.training import train


def test_metrics_are_plain_json_and_say_what_was_held_out() -> None:
    metrics = train(Faces(0).gallery(6, 5), [], PRIOR).metrics
    assert json.loads(json.dumps(metrics)) == metrics
    assert set(metrics["scores"]) == set(HEADS)
    assert metrics["head"] in HEADS
    assert (metrics["people"], metrics["references"], metrics["tested"]) == (6, 30, 30)
    assert metrics["member"]["f1_macro"] > 0.95
    assert metrics["group"]["f1_weighted"] > 0.95
    assert metrics["open_set"]["strangers_named"] < 0.05
    assert [entry["person_id"] for entry in metrics["per_person"]] == [1, 2, 3, 4, 5, 6]
    assert all(0 < entry["threshold"] < 1 and entry["references"] == 5 for entry in metrics["per_person"])
    assert np.array(metrics["confusion"]).shape == (6, 7)
    assert np.array(metrics["confusion"]).sum() == 30


def test_held_out_faces_are_not_trained_on() -> None:
    """References that all look different cannot recognise each other, though each would recognise itself."""
    faces = Faces(0)
    gallery = [
        Prototype(number, None, np.concatenate([faces.of(faces.person(), 1) for _ in range(5)]))
        for number in range(1, 5)
    ]
    metrics = train(gallery, [], PRIOR).metrics
    assert metrics["member"]["f1_macro"] < 0.6
    assert metrics["open_set"]["named"] < 0.2


def test_one_photo_a_person_is_enough_to_train_but_not_to_test() -> None:
    trained = train(Faces(0).gallery(4, 1), [], PRIOR)
    assert list(trained.metrics["scores"]) == ["prototype"]
    assert trained.metrics["tested"] == 0
    assert trained.metrics["member"] is trained.metrics["group"] is trained.metrics["open_set"] is None
    assert [entry["recall"] for entry in trained.metrics["per_person"]] == [None] * 4
    faces = Faces(0)
    gallery = faces.gallery(4, 1)
    assert trained.classifier.label(gallery[2].vectors, [1.0]).person_id == 3


def test_one_person_alone() -> None:
    faces = Faces(0)
    gallery = faces.gallery(1, 4)
    trained = train(gallery, [], PRIOR)
    assert trained.metrics["head"] == "prototype"
    assert trained.classifier.label(gallery[0].vectors, [1.0] * 4).person_id == 1
    assert trained.classifier.label(faces.of(faces.person(), 2), [1.0] * 2).person_id is None


def test_a_person_without_group_among_groups() -> None:
    faces = Faces(0)
    gallery = [*faces.gallery(4, 4), Prototype(9, None, faces.of(faces.person(), 4))]
    trained = train(gallery, [], PRIOR)
    assert trained.classifier.label(gallery[-1].vectors, [1.0] * 4).person_id == 9
    assert trained.metrics["group"]["f1_macro"] > 0.9


def test_negatives_are_kept_away_from_the_person_alone() -> None:
    faces = Faces(0)
    person = faces.person()
    gallery = [Prototype(1, "g", faces.of(person, 5)), *faces.gallery(6, 5)[1:]]
    lookalike = faces.of(person + 0.15 * (faces.person() - person), 1)
    assert train(gallery, [], PRIOR).classifier.label(lookalike, [1.0]).person_id == 1
    trained = train(gallery, [Negative(1, lookalike), Negative(77, lookalike)], PRIOR)
    assert trained.classifier.label(lookalike, [1.0]).person_id is None
    assert trained.metrics["negatives"] == 1
    assert trained.classifier.label(gallery[1].vectors, [1.0] * 5).person_id == 2


def test_the_order_of_people_changes_nothing() -> None:
    gallery = Faces(0).gallery(6, 4)
    forth, back = train(gallery, [], PRIOR), train(gallery[::-1], [], PRIOR)
    assert forth.classifier.state() == back.classifier.state()
    assert forth.metrics == back.metrics


def test_augmented_faces_teach_and_plain_ones_test() -> None:
    faces = Faces(0)
    people = [faces.person() for _ in range(4)]
    rows = [faces.of(person, 4) for person in people]
    helped = train(
        [Prototype(i, None, own, faces.of(people[i], 4, 0.01)) for i, own in enumerate(rows)], [], PRIOR
    )
    plain = train([Prototype(i, None, own) for i, own in enumerate(rows)], [], PRIOR)
    probes = np.concatenate([faces.of(person, 30) for person in people])
    owners = np.repeat(np.arange(4), 30)

    def own_cosine(trained: object) -> float:
        margins = trained.classifier.margins(probes) + trained.classifier.thresholds  # type: ignore[attr-defined]
        return float(margins[np.arange(120), owners].mean())

    assert own_cosine(helped) > own_cosine(plain)
    assert helped.metrics["references"] == 16


def test_nobody_cannot_be_trained() -> None:
    with pytest.raises(ValueError, match="at least one"):
        train([], [], PRIOR)
    with pytest.raises(ValueError, match="at least one"):
        train([Prototype(1, None, np.empty((0, 64), np.float32))], [], PRIOR)

"""Thresholds keep strangers without a name, whoever they are."""

from __future__ import annotations

import numpy as np
import pytest

from tests.people.vectors import PRIOR, Faces
from vsearch_pipeline.people.calibration import (
    FALSE_NAMES,
    raised_by_negatives,
    thresholds,
)
from vsearch_pipeline.people.heads import centre_of, centred, prototype_head
from vsearch_pipeline.people.prior import ARCFACE_PRIOR, prior_of


def cosines_to_means(people: int, photos: int) -> tuple[float, float, float]:
    """Measured: strangers' mean and deviation, and one's own, to centred means."""
    faces = Faces(people * 100 + photos)
    persons = [faces.person() for _ in range(people)]
    rows = np.concatenate([faces.of(person, photos) for person in persons])
    owners = np.repeat(np.arange(people), photos)
    centre = centre_of(rows, owners)
    heads = prototype_head(centred(rows, centre), owners, rows[:0])
    strangers = np.concatenate([faces.of(faces.person(), 2) for _ in range(200)])
    seen = centred(strangers, centre) @ heads.T
    own = np.concatenate([centred(faces.of(p, 20), centre) @ heads[i] for i, p in enumerate(persons)])
    return float(seen.mean()), float(seen.std()), float(own.mean())


@pytest.mark.parametrize("people", [1, 3, 12])
@pytest.mark.parametrize("photos", [1, 4, 30])
def test_what_centring_does_to_the_prior_is_foreseen(people: int, photos: int) -> None:
    strangers, deviation, own = cosines_to_means(people, photos)
    prior = PRIOR.centred(people, photos)
    assert prior.stranger_mean_to(photos) == pytest.approx(strangers, abs=0.05)
    assert 0.5 < prior.stranger_sd / deviation < 1.5
    to_mean = prior.same_mean / np.sqrt(prior.same_mean + (1 - prior.same_mean) / photos)
    assert to_mean == pytest.approx(own, abs=0.05)


@pytest.mark.parametrize("photos", [1, 5, 20])
def test_strangers_get_no_name(photos: int) -> None:
    named = []
    for seed in range(5):
        faces = Faces(seed)
        rows = np.concatenate([faces.of(faces.person(), photos) for _ in range(8)])
        owners = np.repeat(np.arange(8), photos)
        strangers = np.concatenate([faces.of(faces.person(), 2) for _ in range(150)])
        lowest = thresholds(prototype_head, rows, owners, PRIOR)
        heads = prototype_head(rows, owners, rows[:0])
        named.append(((strangers @ heads.T) >= lowest).any(axis=1).mean())
    assert np.mean(named) <= 2 * FALSE_NAMES


def test_a_gallery_of_people_alike_asks_for_more() -> None:
    faces = Faces(0)
    usual = np.concatenate([faces.of(faces.person(), 6) for _ in range(12)])
    family = faces.person()
    alike = np.concatenate([faces.of(family + 0.4 * (faces.person() - family), 6) for _ in range(12)])
    owners = np.repeat(np.arange(12), 6)
    assert (
        thresholds(prototype_head, alike, owners, PRIOR).mean()
        > thresholds(prototype_head, usual, owners, PRIOR).mean() + 0.02
    )


def test_one_person_alone_is_judged_by_the_prior() -> None:
    faces = Faces(0)
    rows = faces.of(faces.person(), 3)
    (lowest,) = thresholds(prototype_head, rows, np.zeros(3, np.int64), PRIOR)
    assert PRIOR.stranger_mean_to(3) + 2 * PRIOR.stranger_sd < lowest < 1


def test_a_negative_lies_below_the_threshold_it_raised() -> None:
    faces = Faces(0)
    person = faces.person()
    rows = np.concatenate([faces.of(person, 4), faces.of(faces.person(), 4)])
    owners = np.repeat(np.arange(2), 4)
    heads = prototype_head(rows, owners, rows[:0])
    lowest = thresholds(prototype_head, rows, owners, PRIOR)
    double = faces.of(person, 1)
    assert double[0] @ heads[0] > lowest[0]
    raised = raised_by_negatives(lowest, heads, 0, double, PRIOR)
    assert double[0] @ heads[0] < raised <= 1
    far = faces.of(-person, 1)
    assert raised_by_negatives(lowest, heads, 0, far, PRIOR) == lowest[0]


def test_packs_of_insightface_have_the_prior_of_their_kind() -> None:
    assert prior_of("insightface:buffalo_l/w600k_r50") == ARCFACE_PRIOR
    assert prior_of("sface-dlib") != ARCFACE_PRIOR

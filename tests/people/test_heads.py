"""Directions of people: what centring takes away, and what training an ArcFace head changes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.people.vectors import DIM, Faces
from vsearch_pipeline.people.heads import (
    HEADS,
    Owners,
    arcface_head,
    centre_of,
    centred,
    centring,
    prototype_head,
)
from vsearch_pipeline.people.records import Vectors

NOBODY = np.empty((0, DIM), np.float32)


def made(people: int = 5, photos: int = 6, noise: float = 0.5) -> tuple[Vectors, Owners]:
    faces = Faces(3)
    rows = [faces.of(faces.person(), photos, noise) for _ in range(people)]
    return np.concatenate(rows), np.repeat(np.arange(people), photos)


@pytest.mark.parametrize("name", HEADS)
def test_directions_are_unit_rows_nearest_to_their_own_faces(name: str) -> None:
    vectors, owners = made()
    vectors = centred(vectors, centre_of(vectors, owners))
    heads = HEADS[name](vectors, owners, NOBODY)
    assert heads.shape == (5, DIM)
    assert np.linalg.norm(heads, axis=1) == pytest.approx(1, abs=1e-5)
    assert ((vectors @ heads.T).argmax(axis=1) == owners).all()


@pytest.mark.parametrize("name", HEADS)
def test_the_same_faces_give_the_same_bytes(name: str) -> None:
    vectors, owners = made()
    assert HEADS[name](vectors, owners, NOBODY).tobytes() == HEADS[name](vectors, owners, NOBODY).tobytes()


def test_arcface_widens_the_gap_between_own_and_other_faces() -> None:
    vectors, owners = made(noise=0.7)
    rows = np.arange(len(vectors))

    def gap(heads: Vectors) -> float:
        cosines = vectors @ heads.T
        own = cosines[rows, owners].copy()
        cosines[rows, owners] = -1
        return float((own - cosines.max(axis=1)).mean())

    assert gap(arcface_head(vectors, owners, NOBODY)) > gap(prototype_head(vectors, owners, NOBODY)) * 1.1


def test_arcface_turns_away_from_faces_that_are_nobodys() -> None:
    vectors, owners = made()
    stranger = Faces(3).of(vectors[0].astype(np.float64), 4, noise=0.3)
    with_them = arcface_head(vectors, owners, stranger)
    without = arcface_head(vectors, owners, NOBODY)
    assert (stranger @ with_them[0]).mean() < (stranger @ without[0]).mean()


def test_arcface_gradient_is_that_of_its_loss() -> None:
    """A wrong gradient would leave the optimiser where it started, or worse than the prototypes."""
    vectors, owners = made(people=3, photos=4, noise=0.8)
    moved = arcface_head(vectors, owners, NOBODY) - prototype_head(vectors, owners, NOBODY)
    assert np.abs(moved).max() > 1e-3


def test_centring_counts_people_alike_and_takes_less_of_few() -> None:
    faces = Faces(1)
    first, second = faces.of(faces.person(), 1), faces.of(faces.person(), 9)
    centre = centre_of(np.concatenate([first, second]), np.array([0] + [1] * 9))
    assert centre == pytest.approx(centring(2) * (first[0] + second.mean(axis=0)) / 2, abs=1e-6)
    assert centring(1) == 0
    assert centring(2) < centring(20) < 0.7


def test_centred_rows_have_length_one_even_at_the_centre() -> None:
    centre = np.full(DIM, 0.1, np.float32)
    rows = centred(np.stack([centre, np.zeros(DIM, np.float32)]), centre)
    assert np.isfinite(rows).all()
    assert np.linalg.norm(rows[1]) == pytest.approx(1, abs=1e-5)

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vsearch_pipeline.people.records import Vectors
from vsearch_pipeline.people.suspects import DROPPED_SHARE, find_suspects

DIM = 48


def unit(rows: Vectors) -> Vectors:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def faces(of: list[int], seed: int = 0, spread: float = 0.6, shared: float = 0.0) -> Vectors:
    """A vector for each number: the person's direction, its own, and `shared` of one that all have."""
    people = unit(np.random.default_rng(1).standard_normal((50, DIM)))
    own = unit(np.random.default_rng(seed + 2).standard_normal((len(of), DIM)))
    common = unit(np.random.default_rng(3).standard_normal((1, DIM)))
    return unit(people[of] + spread * own + shared * common)


def test_photos_in_their_place_are_not_suspected() -> None:
    people = [number // 6 for number in range(60)]
    assert find_suspects(faces(people), people) == []


def test_a_photo_of_somebody_else_is_found_and_left_out() -> None:
    shown = [number // 6 for number in range(60)]
    folders = list(shown)
    folders[8] = 4
    folders[9] = 4
    for shared in (0.0, 1.5):
        found = find_suspects(faces(shown, shared=shared), folders)
        assert [(suspect.photo, suspect.rival, suspect.dropped) for suspect in found] == [
            (8, 1, True),
            (9, 1, True),
        ]
        assert all(folders[suspect.nearest_own] == 4 for suspect in found)
        assert all(shown[suspect.nearest_rival] == 1 for suspect in found)


def test_a_stranger_among_the_photos_is_reported_and_used() -> None:
    folders = [number // 6 for number in range(60)]
    shown = list(folders)
    shown[20] = 40
    (found,) = find_suspects(faces(shown), folders)
    assert (found.photo, found.rival, found.dropped, found.nearest_rival) == (20, None, False, None)


def test_the_only_photo_of_a_person_is_never_left_out() -> None:
    shown = [number // 6 for number in range(30)] + [2]
    folders = [*shown[:-1], 9]
    *others, found = find_suspects(faces(shown), folders)
    assert (found.photo, found.rival, found.dropped, found.nearest_own) == (30, 2, False, None)
    assert not any(suspect.dropped for suspect in others)


def test_nothing_to_compare_by() -> None:
    assert find_suspects(np.empty((0, DIM), np.float32), []) == []
    assert find_suspects(faces([1, 1, 1, 2]), [5, 5, 5, 5]) == []
    assert find_suspects(faces([1, 2, 3]), [1, 2, 3]) == []


@settings(max_examples=60, deadline=None)
@given(
    shown=st.lists(st.integers(0, 4), min_size=1, max_size=30),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_most_photos_of_everybody_stay(shown: list[int], seed: int, data: st.DataObject) -> None:
    folders = data.draw(st.lists(st.integers(0, 3), min_size=len(shown), max_size=len(shown)))
    found = find_suspects(faces(shown, seed), folders)
    assert [suspect.photo for suspect in found] == sorted({suspect.photo for suspect in found})
    for person in set(folders):
        dropped = sum(suspect.dropped for suspect in found if folders[suspect.photo] == person)
        assert dropped <= folders.count(person) // DROPPED_SHARE
    assert all(suspect.rival != folders[suspect.photo] for suspect in found)
    assert all(suspect.rival is not None for suspect in found if suspect.dropped)

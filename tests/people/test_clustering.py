from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vsearch_pipeline.people.clustering import break_apart, carry_numbers, cluster_tracks
from vsearch_pipeline.people.records import Vectors


def people(count: int, tracks: int, noise: float, seed: int = 0) -> tuple[Vectors, list[int]]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(count, 128))
    owners = rng.integers(0, count, tracks)
    rows = centres[owners] + rng.normal(size=(tracks, 128)) * noise
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), owners.tolist()


def naive(vectors: Vectors, threshold: float, given: list[int | None] | None = None) -> set[frozenset[int]]:
    """Average linkage as its definition says: merge the nearest pair until none is near enough, beginning with the
    given groups, and never two of them."""
    hand = given or [None] * len(vectors)
    groups = [frozenset([row]) for row, group in enumerate(hand) if group is None]
    groups += [frozenset(row for row, g in enumerate(hand) if g == group) for group in set(hand) - {None}]

    def may_merge(a: frozenset[int], b: frozenset[int]) -> bool:
        return a is not b and len({hand[row] for row in a | b} - {None}) < 2

    cosines = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    while True:
        pairs = [
            (np.mean([cosines[i, j] for i in a for j in b]), a, b)
            for a in groups
            for b in groups
            if may_merge(a, b)
        ]
        if not pairs or (best := max(pairs, key=lambda pair: pair[0]))[0] < threshold:
            return set(groups)
        groups = [group for group in groups if group not in best[1:]] + [best[1] | best[2]]


def test_people_are_told_apart() -> None:
    vectors, owners = people(12, 400, noise=0.4)
    clusters = cluster_tracks(vectors, 0.6)
    assert [cluster.index for cluster in clusters] == list(range(12))
    assert all(len({owners[track] for track in cluster.tracks}) == 1 for cluster in clusters)
    sizes = [len(cluster.tracks) for cluster in clusters]
    assert sizes == sorted(sizes, reverse=True)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 14), st.floats(0.2, 2.0), st.floats(-0.2, 0.95))
def test_it_is_average_linkage(seed: int, tracks: int, noise: float, threshold: float) -> None:
    vectors, _ = people(3, tracks, noise, seed)
    clusters = cluster_tracks(vectors, threshold)
    assert sorted(track for cluster in clusters for track in cluster.tracks) == list(range(tracks))
    assert {frozenset(cluster.tracks) for cluster in clusters} == naive(vectors, threshold)


def test_rows_that_are_means_count_as_the_faces_they_stand_for() -> None:
    vectors, _ = people(1, 40, noise=1.0)
    faces = vectors.reshape(10, 4, 128)
    threshold = float(np.mean([a @ b for i, a in enumerate(vectors) for b in vectors[i + 1 :]]))
    assert len(cluster_tracks(faces.mean(axis=1), threshold - 0.05)) == 1
    assert len(cluster_tracks(faces.mean(axis=1), threshold + 0.2)) == 10


def test_nobody_and_one() -> None:
    assert cluster_tracks(np.empty((0, 128), np.float32), 0.5) == []
    assert [cluster.tracks for cluster in cluster_tracks(people(1, 1, 0.1)[0], 0.5)] == [(0,)]


def test_many_tracks_of_many_people_stay_quick() -> None:
    vectors, _ = people(200, 3000, noise=0.3)
    assert len(cluster_tracks(vectors, 0.6)) == 200


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 10_000),
    st.lists(st.sampled_from([None, None, 1, 2, 3]), min_size=1, max_size=12),
    st.floats(0.2, 2.0),
    st.floats(-0.2, 0.95),
)
def test_what_a_person_put_together_or_apart_stays_so(
    seed: int, groups: list[int | None], noise: float, threshold: float
) -> None:
    vectors, _ = people(3, len(groups), noise, seed)
    clusters = {frozenset(cluster.tracks) for cluster in cluster_tracks(vectors, threshold, groups)}
    assert sorted(track for cluster in clusters for track in cluster) == list(range(len(groups)))
    for one, other in combinations([i for i, group in enumerate(groups) if group is not None], 2):
        together = any({one, other} <= cluster for cluster in clusters)
        assert together == (groups[one] == groups[other])
    assert clusters == naive(vectors, threshold, groups)


def test_a_cluster_breaks_where_it_holds_least() -> None:
    vectors, owners = people(2, 30, noise=0.05)
    mixed = vectors + 4 * vectors.mean(axis=0)
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    parts = break_apart(mixed, 0.5)
    assert len(parts) == 2
    assert all(len({owners[track] for track in part.tracks}) == 1 for part in parts)
    assert len(break_apart(np.tile(vectors[:1], (4, 1)), 0.5)) == 1


def test_a_cluster_keeps_the_number_of_the_one_it_mostly_was() -> None:
    numbers = {"a": 5, "b": 5, "c": 5, "d": 8, "e": 8}
    assert carry_numbers([["d", "e"], ["a", "b", "c"]], numbers) == [8, 5]
    assert carry_numbers([["a", "b", "c", "d", "e"]], numbers) == [5]
    assert carry_numbers([["a", "x"], ["b", "c"], ["y"]], numbers) == [None, 5, None]


@given(
    st.lists(st.lists(st.integers(0, 30), max_size=5), max_size=8),
    st.dictionaries(st.integers(0, 30), st.integers(1, 5)),
)
def test_a_number_goes_to_one_cluster_that_shares_tracks_with_it(
    clusters: list[list[int]], numbers: dict[int, int]
) -> None:
    carried = carry_numbers(clusters, numbers)
    used = [number for number in carried if number is not None]
    assert len(carried) == len(clusters)
    assert len(set(used)) == len(used)
    for tracks, number in zip(clusters, carried, strict=True):
        olds = {numbers[track] for track in tracks if track in numbers}
        assert number in olds if number is not None else olds <= set(used)

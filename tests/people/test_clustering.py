import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vsearch_pipeline.people.clustering import cluster_tracks
from vsearch_pipeline.people.records import Vectors


def people(count: int, tracks: int, noise: float, seed: int = 0) -> tuple[Vectors, list[int]]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(count, 128))
    owners = rng.integers(0, count, tracks)
    rows = centres[owners] + rng.normal(size=(tracks, 128)) * noise
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), owners.tolist()


def naive(vectors: Vectors, threshold: float) -> set[frozenset[int]]:
    """Average linkage as its definition says: merge the nearest pair until none is near enough."""
    groups = [frozenset([row]) for row in range(len(vectors))]
    cosines = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    while True:
        pairs = [
            (np.mean([cosines[i, j] for i in a for j in b]), a, b) for a in groups for b in groups if a is not b
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
    assert cluster_tracks(np.empty((0, 128), np.float32)) == []
    assert [cluster.tracks for cluster in cluster_tracks(people(1, 1, 0.1)[0])] == [(0,)]


def test_many_tracks_of_many_people_stay_quick() -> None:
    vectors, _ = people(200, 3000, noise=0.3)
    assert len(cluster_tracks(vectors, 0.6)) == 200

"""Tracks of people nobody has named, gathered by likeness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.people.records import Cluster, Vectors

_CHUNK: Final = 1024
_NO_GROUP: Final = -1
_APART: Final = -2.0
"""Below every cosine."""

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
T = TypeVar("T", bound=Hashable)


def cluster_tracks(
    vectors: Vectors, threshold: float, groups: Sequence[int | None] | None = None
) -> list[Cluster]:
    """Average-linkage clusters: two are merged while the mean cosine between their members is highest.

    The nearest-neighbour chain (Murtagh 1983) over cluster means, which give the mean cosine exactly:
    quadratic in time, linear in memory. Ties go to the earlier track, so the same vectors always give
    the same clusters.

    Args:
        vectors: (n, dim) float32, one row a track: the mean of the unit vectors of its best faces, NOT made
            unit again, so that the product of two rows is the mean cosine between their faces.
        threshold: lowest mean cosine between two clusters that are merged, -1..1.
        groups: what a person put together, one entry a track: tracks of one group are in one cluster whatever
            they look like, tracks of two groups never are. A group may take further tracks in.

    Returns:
        clusters of row numbers, the largest first, then by their first track; every row is in one.
    """
    given = np.array(
        [_NO_GROUP if group is None else group for group in groups or [None] * len(vectors)], dtype=np.int64
    )
    lonely = [int(row) for row in _lonely(vectors, threshold) if given[row] == _NO_GROUP]
    alone = set(lonely)
    starts = [[row] for row in range(len(vectors)) if given[row] == _NO_GROUP and row not in alone]
    starts += [np.flatnonzero(given == group).tolist() for group in np.unique(given) if group != _NO_GROUP]
    starts.sort()
    found = [[row] for row in lonely]
    if starts:
        means = np.stack([vectors[start].mean(axis=0) for start in starts])
        found += _chain(means, starts, given[[start[0] for start in starts]], threshold)
    ordered = sorted((sorted(group) for group in found), key=lambda group: (-len(group), group[0]))
    return [Cluster(index, tuple(group)) for index, group in enumerate(ordered)]


def break_apart(vectors: Vectors, threshold: float) -> list[Cluster]:
    """The clusters at the lowest threshold, from `threshold` on in steps of 0.01, that gives two or more; one
    where none does.

    Args:
        vectors: as for `cluster_tracks`.
    """
    for step in np.arange(threshold, 1.0, 0.01).tolist():
        parts = cluster_tracks(vectors, step)
        if len(parts) > 1:
            return parts
    return cluster_tracks(vectors, -1.0)


def carry_numbers(clusters: Sequence[Sequence[T]], numbers: Mapping[T, int]) -> list[int | None]:
    """Which new cluster goes on with the number of which old one.

    The pair that shares most tracks is matched first, then the one of the lower old number, then of the earlier
    new cluster; a number is used once.

    Args:
        clusters: the new clusters' tracks.
        numbers: the old cluster of each track that had one.

    Returns:
        a number for each new cluster, None where it needs a new one.
    """
    shared = [
        (-count, number, place)
        for place, tracks in enumerate(clusters)
        for number, count in Counter(numbers[track] for track in tracks if track in numbers).items()
    ]
    carried: list[int | None] = [None] * len(clusters)
    taken: set[int] = set()
    for _, number, place in sorted(shared):
        if carried[place] is None and number not in taken:
            carried[place] = number
            taken.add(number)
    return carried


def _lonely(vectors: Vectors, threshold: float) -> npt.NDArray[np.int64]:
    """Rows with no other row at `threshold`: they end alone, since a mean never exceeds its highest part."""
    nearest = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), _CHUNK):
        cosines = vectors[start : start + _CHUNK] @ vectors.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = _APART
        nearest[start : start + _CHUNK] = cosines.max(axis=1)
    return np.flatnonzero(nearest < threshold)


def _chain(means: Floats, starts: list[list[int]], given: Numbers, threshold: float) -> list[list[int]]:
    """Merge from clusters `starts` with their means and hand-made groups on. A conflict of groups is a cosine
    below all: the linkage stays reducible, since what conflicts with a part conflicts with the whole."""
    members = [list(start) for start in starts]
    groups: list[list[int]] = []
    chain: list[int] = []
    while members:
        if not chain:
            chain.append(0)
        top = chain[-1]
        cosines = means @ means[top]
        cosines[top] = _APART
        if given[top] != _NO_GROUP:
            cosines[(given != _NO_GROUP) & (given != given[top])] = _APART
        previous = chain[-2] if len(chain) > 1 else None
        nearest = int(cosines.argmax()) if len(members) > 1 else top
        if previous is not None and cosines[previous] >= cosines[nearest]:
            nearest = previous
        if nearest == top or cosines[nearest] < threshold:
            groups.append(members[top])
            gone = [top]
            chain.clear()
        elif nearest == previous:
            low, high = sorted((top, previous))
            sizes = len(members[low]), len(members[high])
            means[low] = (means[low] * sizes[0] + means[high] * sizes[1]) / sum(sizes)
            members[low] += members[high]
            given[low] = max(given[low], given[high])
            gone = [high]
            del chain[-2:]
        else:
            chain.append(nearest)
            continue
        for row in gone:
            last = len(members) - 1
            means[row], members[row], given[row] = means[last], members[last], given[last]
            members.pop()
            means, given = means[:last], given[:last]
            chain = [row if link == last else link for link in chain]
    return groups

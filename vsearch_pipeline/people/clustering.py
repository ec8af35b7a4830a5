"""Tracks of people nobody has named, gathered by likeness."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.people.records import Cluster, Vectors

MIN_COSINE: Final = 0.91
"""Measured with dlib on 12 people: 99 of 100 pairs put together belong together, and 86 (tracks of one face) to
100 of 100 (three faces and more) that belong together are."""
_CHUNK: Final = 1024

Floats = npt.NDArray[np.float32]


def cluster_tracks(vectors: Vectors, threshold: float = MIN_COSINE) -> list[Cluster]:
    """Average-linkage clusters: two are merged while the mean cosine between their members is highest.

    The nearest-neighbour chain (Murtagh 1983) over cluster means, which give the mean cosine exactly:
    quadratic in time, linear in memory. Ties go to the earlier track, so the same vectors always give
    the same clusters.

    Args:
        vectors: (n, dim) float32, one row a track: the mean of the unit vectors of its best faces, NOT made
            unit again, so that the product of two rows is the mean cosine between their faces.
        threshold: lowest mean cosine between two clusters that are merged, -1..1.

    Returns:
        clusters of row numbers, the largest first, then by their first track; every row is in one.
    """
    groups = [[int(row)] for row in _lonely(vectors, threshold)]
    alone = {group[0] for group in groups}
    linked = np.array([row for row in range(len(vectors)) if row not in alone], dtype=np.int64)
    groups += [[int(linked[member]) for member in group] for group in _chain(vectors[linked], threshold)]
    ordered = sorted((sorted(group) for group in groups), key=lambda group: (-len(group), group[0]))
    return [Cluster(index, tuple(group)) for index, group in enumerate(ordered)]


def _lonely(vectors: Vectors, threshold: float) -> npt.NDArray[np.int64]:
    """Rows with no other row at `threshold`: they end alone, since a mean never exceeds its highest part."""
    nearest = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), _CHUNK):
        cosines = vectors[start : start + _CHUNK] @ vectors.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -2
        nearest[start : start + _CHUNK] = cosines.max(axis=1)
    return np.flatnonzero(nearest < threshold)


def _chain(vectors: Vectors, threshold: float) -> list[list[int]]:
    means = vectors.copy()
    members = [[row] for row in range(len(vectors))]
    groups: list[list[int]] = []
    chain: list[int] = []
    while members:
        if not chain:
            chain.append(0)
        top = chain[-1]
        cosines = means @ means[top]
        cosines[top] = -2
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
            gone = [high]
            del chain[-2:]
        else:
            chain.append(nearest)
            continue
        for row in gone:
            last = len(members) - 1
            means[row], members[row] = means[last], members[last]
            members.pop()
            means = means[:last]
            chain = [row if link == last else link for link in chain]
    return groups

"""Reference photos that look like somebody else's than their folder says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.people.records import Vectors

NEAREST: Final = 3
"""A face's likeness to a person is its mean cosine with the three nearest of their photos: one wrong photo in
the other folder cannot make it high."""
STRONG: Final = 0.35
"""Lead of another person over the own photos from which on a photo is not used. The unit of these thresholds is
the gallery's own, so they hold for any embedder: 0 is the median likeness to other people, 1 that to the own
photos. With 5% of the crops of 12 people moved to somebody else, 90 to 99% of the moved ones are left out (3 to 60
photos a person) and the rest reported; of 5,000 in their place none is left out."""
WEAK: Final = 0.1
"""Lead from which on a photo is reported and used."""
ALIKE: Final = 0.5
"""Likeness to another person below which a photo shows neither: half way to what their own photos have."""
FAR: Final = 0.25
"""Likeness to the own photos below which a photo is reported where the person has three or more. With `WEAK`, 1 in
360 photos in their place is reported with 3 photos a person, none of 5,000 with 5 and more."""
DROPPED_SHARE: Final = 3
"""At most one in so many photos of a person is left out."""

_CHUNK: Final = 1024

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A photo that may show somebody else; photos and people are the caller's numbers.

    Attributes:
        rival: the person it looks like, None where it only looks unlike the other photos of its own person.
        dropped: whether the evidence is strong enough not to use it.
        nearest_own: photo of the own person that is most like it, None where there is no other.
        nearest_rival: photo of the rival that is most like it.
    """

    photo: int
    rival: int | None
    dropped: bool
    nearest_own: int | None
    nearest_rival: int | None


@dataclass(frozen=True, slots=True)
class _Likeness:
    """Of each photo, in the gallery's unit: how like its own person, and by how much it is more like another one,
    -inf where it is like nobody else."""

    own: Floats
    lead: Floats
    rival_person: npt.NDArray[np.int64]


def find_suspects(vectors: Vectors, owners: Sequence[int]) -> list[Suspect]:
    """Photos that are nearer to another person than to their own, or far from all their own, leaving one out.

    The most suspect photo of each person goes first and no longer speaks for anybody; then all are judged again.
    Galleries with one person, or with one photo for each, give nothing to compare by.

    Args:
        vectors: (n, dim) unit vectors, one a photo, without near-duplicates.
        owners: whose folder each is in.

    Returns:
        in the order of the photos; of a person's photos at most one third is dropped, never the last.
    """
    people = np.asarray(owners, dtype=np.int64)
    used = np.ones(len(people), dtype=bool)
    budget = {int(person): int((people == person).sum()) // DROPPED_SHARE for person in np.unique(people)}
    suspects: list[Suspect] = []
    while (likeness := _likeness(vectors, people, used)) is not None:
        lead = np.where(used, likeness.lead, -np.inf)
        worst = [photo for photo in _strongest(lead, people) if budget[int(people[photo])] > 0]
        for photo in worst:
            suspects.append(_suspect(photo, likeness, vectors, people, used, dropped=True))
            budget[int(people[photo])] -= 1
        used[worst] = False
        if not worst:
            counts = np.array([(people[used] == person).sum() for person in people])
            odd = (lead >= WEAK) | ((likeness.own < FAR) & (counts >= 3))
            suspects.extend(
                _suspect(int(photo), likeness, vectors, people, used, dropped=False)
                for photo in np.flatnonzero(used & odd)
            )
            break
    return sorted(suspects, key=lambda suspect: suspect.photo)


def _strongest(lead: Floats, people: npt.NDArray[np.int64]) -> Iterator[int]:
    """For each person the photo with the greatest lead, where it is strong."""
    for person in np.unique(people):
        rows = np.flatnonzero(people == person)
        photo = int(rows[lead[rows].argmax()])
        if lead[photo] >= STRONG:
            yield photo


def _likeness(vectors: Vectors, people: npt.NDArray[np.int64], used: npt.NDArray[np.bool_]) -> _Likeness | None:
    """None where the gallery has no unit: nobody with two photos, or likeness says nothing."""
    names, owner = np.unique(people, return_inverse=True)
    if len(names) < 2:
        return None
    columns = [np.flatnonzero(used & (owner == person)) for person in range(len(names))]
    scores = np.empty((len(people), len(names)), dtype=np.float32)
    for start in range(0, len(people), _CHUNK):
        cosines = vectors[start : start + _CHUNK] @ vectors.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -np.inf
        scores[start : start + _CHUNK] = np.stack([_mean_of_nearest(cosines[:, c]) for c in columns], axis=1)
    rows = np.arange(len(people))
    own = scores[rows, owner]
    scores[rows, owner] = -np.inf
    known_own, known_other = own[used & np.isfinite(own)], scores[used][np.isfinite(scores[used])]
    if not len(known_own) or not len(known_other):
        return None
    low, high = float(np.median(known_other)), float(np.median(known_own))
    if high <= low:
        return None
    # a person's only photo has nothing to be like: half way
    own = np.where(np.isfinite(own), (own - low) / (high - low), 0.5)
    rival = (scores.max(axis=1) - low) / (high - low)
    lead = np.where(rival >= ALIKE, rival - own, -np.inf)
    return _Likeness(own.astype(np.float32), lead.astype(np.float32), names[scores.argmax(axis=1)])


def _mean_of_nearest(cosines: Floats) -> Floats:
    """(n,) mean of the finite ones among the highest of each row, -inf where there is none."""
    nearest = np.sort(cosines, axis=1)[:, -NEAREST:]
    finite = np.isfinite(nearest)
    means = np.where(finite, nearest, 0).sum(axis=1) / np.maximum(finite.sum(axis=1), 1)
    return np.where(finite.any(axis=1), means, -np.inf).astype(np.float32)


def _suspect(
    photo: int,
    likeness: _Likeness,
    vectors: Vectors,
    people: npt.NDArray[np.int64],
    used: npt.NDArray[np.bool_],
    *,
    dropped: bool,
) -> Suspect:
    rival = int(likeness.rival_person[photo])
    leads = likeness.lead[photo] >= WEAK
    others = used & (np.arange(len(people)) != photo)
    own, theirs = (_nearest(photo, vectors, others & (people == whose)) for whose in (people[photo], rival))
    return Suspect(photo, rival if leads else None, dropped, own, theirs if leads else None)


def _nearest(photo: int, vectors: Vectors, among: npt.NDArray[np.bool_]) -> int | None:
    rows = np.flatnonzero(among)
    return int(rows[(vectors[rows] @ vectors[photo]).argmax()]) if len(rows) else None

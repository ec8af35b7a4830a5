"""Who a track is, among people with reference photos, or nobody of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final, Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.people.records import Label, Prototype, Vectors

THRESHOLD: Final = 0.8
"""Lowest confidence of a name: a distance of 0.379 with `DLIB_SCALE`. Measured open-set on 12 people with 1 to 8
references each, every person in turn unknown: 0.9% of unknown faces named, 0.1% misnamed, and 67 (1 reference) to
93% (8) of single faces named rightly; a track votes with several."""
NEAREST: Final = 3
"""References of a person that count: their mean keeps the distance at 1% false accepts at 0.37..0.40 for 1 to 8
references, where the nearest one alone moves from 0.38 to 0.34."""

_FORMAT: Final = 1
_CHUNK: Final = 256

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DistanceScale:
    """How distances between an embedder's unit vectors (0..2) become confidence.

    Attributes:
        even: distance at which a person and nobody are equally likely.
        softness: distance over which the odds change by a factor e.
    """

    even: float
    softness: float


DLIB_SCALE: Final = DistanceScale(even=0.40, softness=0.015)
"""Fitted to the same open-set trials as `THRESHOLD`, knowns and unknowns weighing the same: confidence is off by
2.7% on average (expected calibration error, ten bins)."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Leave-one-out figures of a gallery, 0..1; people with one reference count only in `false_accepts`.

    Attributes:
        references: vectors that had another one of their person left.
        accuracy: share of them given their own name.
        f1: macro average over their people; "nobody" is a miss.
        unknown: share of them taken for nobody.
        false_accepts: share of all vectors given somebody's name once all of their own person's are removed.
    """

    people: int
    references: int
    accuracy: float
    f1: float
    unknown: float
    false_accepts: float


class PrototypeClassifier:
    """Nearest references, open set: by distance, with a place for nobody."""

    def __init__(
        self,
        vectors: Vectors,
        owners: Sequence[int],
        *,
        groups: dict[int, str | None],
        threshold: float,
        scale: DistanceScale,
    ) -> None:
        """Use `fit` or `restore`. `owners` names the person of each row of `vectors`."""
        self.person_ids: Final = tuple(sorted(groups))
        self.groups: Final = dict(groups)
        self.threshold: Final = threshold
        self.scale: Final = scale
        order = np.argsort(np.asarray(owners, dtype=np.int64), kind="stable")
        self._vectors = np.ascontiguousarray(vectors[order], dtype=np.float32)
        self._owners = np.asarray(owners, dtype=np.int64)[order]

    @classmethod
    def fit(
        cls,
        prototypes: Sequence[Prototype],
        threshold: float = THRESHOLD,
        scale: DistanceScale = DLIB_SCALE,
    ) -> Self:
        """Remember the references.

        Args:
            prototypes: people with at least one vector each; a person may come more than once.
            threshold: lowest confidence, 0..1, at which a name is given.

        Raises:
            ValueError: a person has no vector, or the vectors differ in length.
        """
        if any(len(prototype.vectors) == 0 for prototype in prototypes):
            raise ValueError("every prototype needs at least one vector")
        vectors = np.concatenate([prototype.vectors for prototype in prototypes] or [np.empty((0, 0), np.float32)])
        owners = [prototype.person_id for prototype in prototypes for _ in prototype.vectors]
        groups = {prototype.person_id: prototype.group for prototype in prototypes}
        return cls(vectors, owners, groups=groups, threshold=threshold, scale=scale)

    def label(self, vectors: Vectors, weights: Sequence[float]) -> Label:
        """Name a track by the weighted mean of its faces' distances to each person.

        Args:
            vectors: (n, dim) unit vectors of the track's best faces.
            weights: n qualities, 0..1; all zero counts as all equal.

        Returns:
            the likeliest person from `threshold` on, else nobody with the confidence that it is nobody and
            the likeliest person as runner-up. No vectors or no references: nobody, with confidence 0 or 1.
        """
        if len(vectors) == 0:
            return Label(None, 0.0, None, 0.0)
        if not self.person_ids:
            return Label(None, 1.0, None, 0.0)
        shares = np.asarray(weights, dtype=np.float64)
        shares = shares / shares.sum() if shares.sum() > 0 else np.full(len(vectors), 1 / len(vectors))
        distances = shares @ self._person_distances(_distances(vectors, self._vectors))
        return self._decide(distances)

    def evaluate(self) -> Evaluation:
        """Label every reference without itself, and without its person."""
        people = np.asarray(self.person_ids)
        counts = dict(zip(*(part.tolist() for part in np.unique(self._owners, return_counts=True)), strict=True))
        truths: list[int] = []
        guesses: list[int | None] = []
        accepted = 0
        for start in range(0, len(self._owners), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            raw = _distances(self._vectors[chunk], self._vectors)
            rows = np.arange(len(raw))
            raw[rows, start + rows] = np.inf
            distances = self._person_distances(raw)
            for own, row in zip(self._owners[chunk].tolist(), distances, strict=True):
                if counts[own] > 1:
                    truths.append(own)
                    guesses.append(self._decide(row).person_id)
                accepted += self._decide(np.where(people == own, np.inf, row)).person_id is not None
        return _evaluation(truths, guesses, len(people), accepted / max(1, len(self._owners)))

    def state(self) -> tuple[dict[str, Any], bytes]:
        """Everything as a JSON-able description and the vectors in NumPy's npz format; the same for the same
        references."""
        description = {
            "format": _FORMAT,
            "threshold": self.threshold,
            "scale": asdict(self.scale),
            "people": [{"person_id": person, "group": self.groups[person]} for person in self.person_ids],
        }
        buffer = io.BytesIO()
        np.savez(buffer, vectors=self._vectors, owners=self._owners)
        return description, buffer.getvalue()

    @classmethod
    def restore(cls, description: dict[str, Any], data: bytes) -> Self:
        """The classifier that `state` described.

        Raises:
            InputError: the two were not written by this version of `state`.
        """
        if description.get("format") != _FORMAT:
            raise InputError("This person classifier was saved by another version: train it again.")
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                vectors, owners = arrays["vectors"], arrays["owners"]
        except (BadZipFile, ValueError, KeyError, OSError, EOFError) as error:
            raise InputError("The saved person classifier is damaged: train it again.") from error
        return cls(
            vectors,
            owners.tolist(),
            groups={person["person_id"]: person["group"] for person in description["people"]},
            threshold=description["threshold"],
            scale=DistanceScale(**description["scale"]),
        )

    def _person_distances(self, distances: Floats) -> npt.NDArray[np.float64]:
        """(n, people): mean of the `NEAREST` finite distances to each person's references, inf where none."""
        edges = np.searchsorted(self._owners, [*self.person_ids, np.iinfo(np.int64).max])
        columns = [_mean_of_nearest(distances[:, start:end]) for start, end in pairwise(edges)]
        return np.stack(columns, axis=1)

    def _decide(self, distances: npt.NDArray[np.float64]) -> Label:
        """Odds of the nearest person against the second and nobody, who stands at `scale.even`."""
        first, *others = np.argsort(distances, kind="stable")[:2].tolist()
        contenders = [self.scale.even, distances[first], *(distances[other] for other in others)]
        odds = np.exp((min(contenders) - np.array(contenders)) / self.scale.softness)
        nobody, best, *second = (odds / odds.sum()).tolist()
        if best >= self.threshold:
            runner_up = self.person_ids[others[0]] if others else None
            return Label(self.person_ids[first], best, runner_up, second[0] if second else 0.0)
        return Label(None, nobody, self.person_ids[first], best)


def _distances(vectors: Vectors, references: Vectors) -> Floats:
    return np.asarray(np.sqrt(2 - 2 * np.clip(vectors @ references.T, -1, 1)), dtype=np.float32)


def _mean_of_nearest(distances: Floats) -> npt.NDArray[np.float64]:
    nearest = np.sort(distances, axis=1)[:, :NEAREST].astype(np.float64)
    finite = np.isfinite(nearest)
    counts = finite.sum(axis=1)
    means = np.where(finite, nearest, 0).sum(axis=1) / np.maximum(counts, 1)
    return np.asarray(np.where(counts > 0, means, np.inf))


def _evaluation(
    truths: Sequence[int], guesses: Sequence[int | None], people: int, false_accepts: float
) -> Evaluation:
    scores = []
    for person in sorted(set(truths)):
        hits = sum(t == person == g for t, g in zip(truths, guesses, strict=True))
        scores.append(2 * hits / (truths.count(person) + guesses.count(person)))
    total = max(1, len(truths))
    return Evaluation(
        people=people,
        references=len(truths),
        accuracy=sum(t == g for t, g in zip(truths, guesses, strict=True)) / total,
        f1=sum(scores) / max(1, len(scores)),
        unknown=guesses.count(None) / total,
        false_accepts=false_accepts,
    )

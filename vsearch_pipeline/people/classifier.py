"""Who a face is, among people with reference photos, or nobody of them: group first, then the member."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.people.heads import centred
from vsearch_pipeline.people.records import Label, Vectors

EVEN: Final = 0.5
"""A name is given from even odds on: at its threshold a person weighs as much as nobody."""
_FORMAT: Final = 3

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Probabilities:
    """Of n faces; each row of `members` sums to at most 1, the rest is nobody's.

    Attributes:
        members: (n, people), in the order of `PersonClassifier.person_ids`.
        groups: (n, groups), in the order of `PersonClassifier.group_names`: the sum of the group's members.
    """

    members: Floats
    groups: Floats


class PersonClassifier:
    """Cosines to one direction a person, against a threshold a person."""

    def __init__(
        self,
        people: Sequence[tuple[int, str | None]],
        heads: Vectors,
        thresholds: Floats,
        *,
        centre: Vectors,
        softness: float,
    ) -> None:
        """
        Args:
            people: (person id, group) of each row of `heads`.
            heads: (people, dim) unit rows, for centred vectors.
            centre: (dim,) what all faces have in common, see `heads.centre_of`.
            thresholds: (people,) lowest cosine of a name.
            softness: cosine over which the odds of a name change by a factor e.
        """
        self.person_ids: Final = tuple(person for person, _ in people)
        self.groups: Final = dict(people)
        self.group_names: Final = tuple(sorted({group for _, group in people if group is not None}))
        self.thresholds: Final = np.asarray(thresholds, dtype=np.float64)
        self.softness: Final = softness
        self._centre: Final = np.asarray(centre, dtype=np.float32)
        self._heads: Final = np.ascontiguousarray(heads, dtype=np.float32)
        self._member_of: Final = np.array(
            [[group == name for name in self.group_names] for _, group in people], dtype=np.float64
        ).reshape(len(people), len(self.group_names))

    @classmethod
    def of_nobody(cls) -> Self:
        """Knows no one."""
        none = np.empty((0, 0), dtype=np.float32)
        return cls([], none, np.empty(0), centre=np.empty(0, dtype=np.float32), softness=1.0)

    def probabilities(self, vectors: Vectors, excluded: frozenset[int] = frozenset()) -> Probabilities:
        """Of single faces, (n, dim) unit rows; people in `excluded` get 0."""
        return self._probabilities(self._cosines(vectors), excluded)

    def margins(self, vectors: Vectors) -> Floats:
        """(n, people) cosine of single faces above each person's threshold."""
        return self._cosines(vectors) - self.thresholds

    def log_odds(self, vectors: Vectors) -> Floats:
        """(n, people) of single faces: each person against the others, for faces known to be one of them."""
        odds = self.margins(vectors) / self.softness
        top = odds.max(axis=1, keepdims=True, initial=0.0)
        weights = np.exp(odds - top)
        rest = weights.sum(axis=1, keepdims=True) - weights
        return np.asarray(odds - top - np.log(np.maximum(rest, np.finfo(np.float64).tiny)))

    def label(self, vectors: Vectors, weights: Sequence[float], excluded: frozenset[int] = frozenset()) -> Label:
        """Name a track by the weighted mean of its faces' cosines.

        Args:
            vectors: (n, dim) unit vectors of the track's best faces.
            weights: n qualities, 0..1; all zero counts as all equal.
            excluded: people it is known not to be; never named, nor runner-up.

        Returns:
            the likeliest member of the likeliest group from even odds on, else nobody with the confidence that it
            is nobody known, the likeliest person as runner-up, and the group where that much is sure. No vectors
            or no people: nobody, with confidence 0 or 1.
        """
        if len(vectors) == 0:
            return Label(None, 0.0, None, 0.0)
        shares = np.asarray(weights, dtype=np.float64)
        shares = shares / shares.sum() if shares.sum() > 0 else np.full(len(vectors), 1 / len(vectors))
        found = self._probabilities(shares[None] @ self._cosines(vectors), excluded)
        members, groups = found.members[0], found.groups[0]
        order = [i for i in np.argsort(-members, kind="stable").tolist() if self.person_ids[i] not in excluded]
        if not order:
            return Label(None, 1.0, None, 0.0)
        best, *others = self._group_first(order, members, groups)
        group = self.groups[self.person_ids[best]]
        group_confidence = float(groups[self.group_names.index(group)]) if group is not None else 0.0
        known_group = group if group_confidence >= EVEN else None
        about_group = (known_group, group_confidence if known_group else 0.0)
        if members[best] >= EVEN:
            second = others[0] if others else None
            return Label(
                self.person_ids[best],
                float(members[best]),
                self.person_ids[second] if second is not None else None,
                float(members[second]) if second is not None else 0.0,
                *about_group,
            )
        return Label(None, float(1 - members.sum()), self.person_ids[best], float(members[best]), *about_group)

    def state(self) -> tuple[dict[str, Any], bytes]:
        """Everything as a JSON-able description and the directions in NumPy's npz format; the same for the same
        references."""
        description = {
            "format": _FORMAT,
            "softness": self.softness,
            "people": [
                {"person_id": person, "group": self.groups[person], "threshold": threshold}
                for person, threshold in zip(self.person_ids, self.thresholds.tolist(), strict=True)
            ],
        }
        buffer = io.BytesIO()
        np.savez(buffer, heads=self._heads, centre=self._centre)
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
                heads, centre = arrays["heads"], arrays["centre"]
        except (BadZipFile, ValueError, KeyError, OSError, EOFError) as error:
            raise InputError("The saved person classifier is damaged: train it again.") from error
        people = description["people"]
        return cls(
            [(person["person_id"], person["group"]) for person in people],
            heads,
            np.array([person["threshold"] for person in people]),
            centre=centre,
            softness=description["softness"],
        )

    def _cosines(self, vectors: Vectors) -> Floats:
        if not self.person_ids:
            return np.empty((len(vectors), 0))
        return np.asarray(centred(vectors, self._centre) @ self._heads.T, dtype=np.float64)

    def _probabilities(self, cosines: Floats, excluded: frozenset[int]) -> Probabilities:
        odds = (cosines - self.thresholds) / self.softness
        odds[:, [person in excluded for person in self.person_ids]] = -np.inf
        top = np.maximum(odds.max(axis=1, initial=0.0), 0.0)[:, None]
        weights = np.exp(odds - top)
        members = weights / (weights.sum(axis=1, keepdims=True) + np.exp(-top))
        return Probabilities(members, np.minimum(members @ self._member_of, 1.0))

    def _group_first(self, order: list[int], members: Floats, groups: Floats) -> list[int]:
        """`order` with the likeliest member of the likeliest group first; one without a group is their own."""
        best = order[0]
        if len(self.group_names) > 0:
            name = self.group_names[int(groups.argmax())]
            inside = [i for i in order if self.groups[self.person_ids[i]] == name]
            alone = [i for i in order if self.groups[self.person_ids[i]] is None]
            if inside and not (alone and members[alone[0]] > groups.max()):
                best = inside[0]
        return [best, *(i for i in order if i != best)]

"""Training the person classifier: heads compared by cross-validation, then fitted on everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.people.calibration import (
    FALSE_NAMES,
    SOFTNESS,
    raised_by_negatives,
    thresholds,
)
from vsearch_pipeline.people.classifier import PersonClassifier
from vsearch_pipeline.people.heads import HEADS, Head, Owners, centre_of, centred
from vsearch_pipeline.people.metrics import NOBODY, class_scores, confusion, open_set
from vsearch_pipeline.people.prior import FacePrior
from vsearch_pipeline.people.records import Negative, Prototype, Vectors

FOLDS: Final = 5
MIN_COMPARED: Final = 3
"""References that half of the people need before heads are compared: below it nothing can be held out."""
CLEARLY_BETTER: Final = 0.002
"""What another head must score above a simpler one to be taken."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A classifier and what cross-validation says of it.

    Attributes:
        metrics: JSON-able. `head`, `scores` of each head that was compared, and of the one taken: `group` and
            `member` (see `metrics.Scores`) and `open_set`, None where nothing could be held out, `per_person` (id,
            references, recall, threshold) and `confusion` (rows and columns in its order, nobody last).
    """

    classifier: PersonClassifier
    metrics: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Gallery:
    """Faces in order of their people; `augmented` is what is learnt from, `vectors` what is tested on."""

    people: list[tuple[int, str | None]]
    vectors: Vectors
    augmented: Vectors
    owners: Owners

    def only(self, rows: npt.NDArray[np.bool_]) -> _Gallery:
        """These faces, and the people who have one among them."""
        kept, owners = np.unique(self.owners[rows], return_inverse=True)
        return _Gallery(
            [self.people[i] for i in kept], self.vectors[rows], self.augmented[rows], owners.astype(np.int64)
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """What cross-validation saw: faces held out, by a classifier that knew their people, or did not.

    Attributes:
        rows: the held-out faces.
        margins: (n, people) cosine above the person's threshold, -inf for a person the classifier had no face of.
        members: (n, people) log odds against the other people.
        strangers: (m,) highest margin of a face whose person was left out.
        known: the same as `margins`, of the faces tested beside those strangers, with their `known_rows`.
    """

    rows: npt.NDArray[np.int64]
    margins: Floats
    members: Floats
    groups: Floats
    strangers: Floats
    known: Floats
    known_rows: npt.NDArray[np.int64]


def train(people: Sequence[Prototype], negatives: Sequence[Negative], prior: FacePrior) -> Trained:
    """Compare the heads on held-out faces and held-out people, take the best, fit it on all references.

    Args:
        people: with at least one vector each; a person may come more than once.
        negatives: faces said not to be a person; of people not among `people` they are passed over.
        prior: what is known of the embedder.

    Raises:
        ValueError: nobody to train on, or a person without a vector.
    """
    if not people or any(len(person.vectors) == 0 for person in people):
        raise ValueError("every person needs at least one vector")
    ids = sorted({person.person_id for person in people})
    groups = {person.person_id: person.group for person in people}
    ordered = sorted(people, key=lambda person: person.person_id)
    learnt = [person.vectors if person.augmented is None else person.augmented for person in ordered]
    gallery = _Gallery(
        [(person, groups[person]) for person in ids],
        np.concatenate([person.vectors for person in ordered]).astype(np.float32),
        np.concatenate(learnt).astype(np.float32),
        np.array([ids.index(person.person_id) for person in ordered for _ in person.vectors], dtype=np.int64),
    )
    negatives = [negative for negative in negatives if negative.person_id in groups and len(negative.vectors)]

    counts = np.bincount(gallery.owners)
    names = list(HEADS) if len(ids) > 1 and np.median(counts) >= MIN_COMPARED else list(HEADS)[:1]
    held = {name: _cross_validate(HEADS[name], gallery, negatives, prior) for name in names}
    results = {name: _results(seen, gallery) for name, seen in held.items()}
    taken = names[0]
    for name in names[1:]:
        if results[name]["score"] > results[taken]["score"] + CLEARLY_BETTER:
            taken = name
    classifier = _fit(HEADS[taken], gallery, negatives, prior, results[taken]["lift"])
    metrics = {
        "head": taken,
        "scores": {name: result["score"] for name, result in results.items()},
        "people": len(ids),
        "references": len(gallery.vectors),
        "negatives": sum(len(negative.vectors) for negative in negatives),
        "false_names_allowed": FALSE_NAMES,
        **{key: value for key, value in results[taken].items() if key != "score"},
    }
    for entry, lowest in zip(metrics["per_person"], classifier.thresholds.tolist(), strict=True):
        entry["threshold"] = lowest
    return Trained(classifier, metrics)


def _fit(
    head: Head, gallery: _Gallery, negatives: Sequence[Negative], prior: FacePrior, lift: float = 0.0
) -> PersonClassifier:
    ids = [person for person, _ in gallery.people]
    relevant = [negative for negative in negatives if negative.person_id in ids]
    centre = centre_of(gallery.augmented, gallery.owners)
    vectors = centred(gallery.augmented, centre)
    refused = [centred(negative.vectors, centre) for negative in relevant]
    heads = head(vectors, gallery.owners, np.concatenate([vectors[:0], *refused]))
    prior = prior.centred(len(ids), len(vectors) / len(ids))
    lowest = thresholds(head, vectors, gallery.owners, prior) + lift
    for negative, faces in zip(relevant, refused, strict=True):
        person = ids.index(negative.person_id)
        lowest[person] = raised_by_negatives(lowest, heads, person, faces, prior)
    return PersonClassifier(gallery.people, heads, lowest, centre=centre, softness=prior.stranger_sd * SOFTNESS)


def _cross_validate(head: Head, gallery: _Gallery, negatives: Sequence[Negative], prior: FacePrior) -> _Held:
    """Each face held out once with its person known, and each person held out once as a stranger."""
    people = len(gallery.people)
    turn = np.concatenate([np.arange(count) for count in np.bincount(gallery.owners)])
    alone = np.bincount(gallery.owners)[gallery.owners] == 1
    fold = np.where(alone, -1, turn % FOLDS)
    rows, margins, members, groups, strangers, known, known_rows = [], [], [], [], [], [], []
    for number in range(FOLDS):
        tested = fold == number
        if tested.any():
            classifier = _fit(head, gallery.only(~tested), negatives, prior)
            rows.append(np.flatnonzero(tested))
            margins.append(_margins(classifier, gallery, tested))
            members.append(_spread(classifier, gallery, classifier.log_odds(gallery.vectors[tested]), -np.inf))
            groups.append(classifier.probabilities(gallery.vectors[tested]).groups)
        unknown = gallery.owners % FOLDS == number
        if people > 1 and unknown.any() and not unknown.all():
            classifier = _fit(head, gallery.only(~unknown & ~tested), negatives, prior)
            strangers.append(_margins(classifier, gallery, unknown).max(axis=1))
            beside = tested & ~unknown
            known.append(_margins(classifier, gallery, beside))
            known_rows.append(np.flatnonzero(beside))
    empty = np.empty((0, people))
    return _Held(
        np.concatenate([np.empty(0, np.int64), *rows]),
        np.concatenate([empty, *margins]),
        np.concatenate([empty, *members]),
        np.concatenate(groups) if groups else np.empty((0, 0)),
        np.concatenate([np.empty(0), *strangers]),
        np.concatenate([empty, *known]),
        np.concatenate([np.empty(0, np.int64), *known_rows]),
    )


def _margins(classifier: PersonClassifier, gallery: _Gallery, rows: npt.NDArray[np.bool_]) -> Floats:
    return _spread(classifier, gallery, classifier.margins(gallery.vectors[rows]), fill=-np.inf)


def _spread(classifier: PersonClassifier, gallery: _Gallery, values: Floats, fill: float = 0.0) -> Floats:
    """Columns of the classifier's people put where the gallery has them."""
    spread = np.full((len(values), len(gallery.people)), fill)
    places = {person: place for place, (person, _) in enumerate(gallery.people)}
    spread[:, [places[person] for person in classifier.person_ids]] = values
    return spread


def _results(held: _Held, gallery: _Gallery) -> dict[str, Any]:
    people = len(gallery.people)
    truths = gallery.owners[held.rows]
    member = class_scores(truths, held.members)
    lift = _lift(held.strangers)
    strangers = open_set(gallery.owners[held.known_rows], held.known, held.strangers, lowest=lift)
    guesses = np.where(held.margins.max(axis=1, initial=-np.inf) >= lift, held.margins.argmax(axis=1), NOBODY)
    table = confusion(truths, guesses, people)
    names = sorted({group for _, group in gallery.people if group is not None})
    numbers = np.array([names.index(group) if group is not None else NOBODY for _, group in gallery.people])
    grouped = numbers[truths] != NOBODY
    group = class_scores(numbers[truths][grouped], held.groups[grouped]) if names else None
    return {
        "score": (member.f1_macro + strangers.named_at_1) / 2,
        "lift": lift,
        "tested": len(truths),
        "member": member.as_dict() if len(truths) else None,
        "group": group.as_dict() if group and grouped.any() else None,
        "open_set": strangers.as_dict() if len(held.known_rows) else None,
        "per_person": [
            {
                "person_id": person,
                "references": int((gallery.owners == place).sum()),
                "recall": float(table[place, place] / table[place].sum()) if table[place].sum() else None,
            }
            for place, (person, _) in enumerate(gallery.people)
        ],
        "confusion": table.tolist(),
    }


def _lift(strangers: Floats) -> float:
    """What all thresholds must rise by for `FALSE_NAMES` of the held-out strangers, where enough were seen."""
    if len(strangers) < 1 / FALSE_NAMES:
        return 0.0
    return max(0.0, float(np.quantile(strangers, 1 - FALSE_NAMES)))

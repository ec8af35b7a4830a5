"""Who each track is: a person's word first, then the classifier's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vsearch_pipeline.catalog.identities import Track
from vsearch_pipeline.editing.marks import NOTHING_SAID, Verdict
from vsearch_pipeline.people.classifier import PersonClassifier
from vsearch_pipeline.people.records import Label, Vectors


@dataclass(frozen=True, slots=True)
class TrackLabel:
    """A row of `face_labels`; `model_*` is what the classifier alone says. Confidences are 0..1."""

    track_index: int
    person_id: int | None
    confidence: float
    decided_by: Literal["model", "person"]
    runner_up_id: int | None
    runner_up_confidence: float
    group_name: str | None
    group_confidence: float
    model_person_id: int | None
    model_confidence: float


def label_tracks(
    classifier: PersonClassifier,
    tracks: Sequence[Track],
    verdicts: Mapping[int, Verdict],
    *,
    merged: Mapping[int, int],
    groups: Mapping[int, str | None],
) -> list[TrackLabel]:
    """Label the tracks of one video, in their order.

    Args:
        verdicts: by the track's index, of those that people said something about.
        merged: who people turned out to be that the classifier may still know by their old ids.
        groups: the group of each person; whom the classifier knows and nobody else any more names no face.
    """
    gone = frozenset(p for p in classifier.person_ids if merged.get(p, p) not in groups)
    labels = []
    for track in tracks:
        said = verdicts.get(track.index, NOTHING_SAID)
        vectors, qualities = _voting(track)
        alone = _resolved(classifier.label(vectors, qualities, gone), merged)
        if said.person_id is not None:
            group = groups[said.person_id]
            labels.append(
                _row(
                    track, Label(said.person_id, 1.0, None, 0.0, group, float(group is not None)), alone, "person"
                )
            )
            continue
        chosen = alone
        if said.excluded:
            excluded = frozenset(p for p in classifier.person_ids if merged.get(p, p) in said.excluded)
            chosen = _resolved(classifier.label(vectors, qualities, excluded | gone), merged)
        labels.append(_row(track, chosen, alone, "model"))
    return labels


def _voting(track: Track) -> tuple[Vectors, list[float]]:
    """The deciding faces; where there is none, the others are all there is to go by."""
    rows = list(track.deciding) or list(range(len(track.embedded)))
    return track.vectors[rows], [track.qualities[row] for row in rows]


def _resolved(label: Label, merged: Mapping[int, int]) -> Label:
    person, second = (
        merged.get(found, found) if found is not None else None for found in (label.person_id, label.runner_up_id)
    )
    if person is not None and second == person:
        second = None
    return Label(
        person,
        label.confidence,
        second,
        label.runner_up_confidence if second is not None else 0.0,
        label.group,
        label.group_confidence,
    )


def _row(track: Track, chosen: Label, alone: Label, decided_by: Literal["model", "person"]) -> TrackLabel:
    return TrackLabel(
        track_index=track.index,
        person_id=chosen.person_id,
        confidence=chosen.confidence,
        decided_by=decided_by,
        runner_up_id=chosen.runner_up_id,
        runner_up_confidence=chosen.runner_up_confidence,
        group_name=chosen.group,
        group_confidence=chosen.group_confidence,
        model_person_id=alone.person_id,
        model_confidence=alone.confidence,
    )

"""The classifier that today's photos and corrections give, beside the one in use."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection

from vsearch_pipeline.catalog.identities import Mark, Track, live_marks, read_tracks
from vsearch_pipeline.catalog.library import list_people, promoted_classifier, reference_faces
from vsearch_pipeline.editing.marks import verdicts
from vsearch_pipeline.people.calibration import FALSE_NAMES
from vsearch_pipeline.people.classifier import PersonClassifier
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.prior import prior_of
from vsearch_pipeline.people.records import Negative, Prototype, Vectors
from vsearch_pipeline.people.training import train

MOST_MARKED: Final = 40
"""Faces of named tracks that teach the classifier a person, beside their photos: more of the same videos add
little, and must not drown the photos."""
NOT_WORSE: Final = 0.02
"""Share of known faces that a new classifier may name less often, and of strangers that it may name more often;
folds differ by about as much."""
ONE_FACE: Final = 1.5
"""Fewer faces than this are no evidence, however large a share they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What a classifier is trained on; people in order of id.

    Attributes:
        photos: how many faces come from the gallery.
        marked: how many from tracks that a person named.
    """

    people: tuple[Prototype, ...]
    negatives: tuple[Negative, ...]
    photos: int
    marked: int


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A classifier trained on what is known now; nothing of it is stored yet.

    Attributes:
        fingerprint: the same for the same lessons, embedder and method.
        worse: why it would not replace the one in use, None where it would.
    """

    classifier: PersonClassifier
    metrics: Mapping[str, Any]
    fingerprint: str
    worse: str | None
    lessons: Lessons


@dataclass(frozen=True, slots=True)
class _Face:
    quality: float
    video_id: str
    index: int
    vector: Vectors

    @property
    def rank(self) -> tuple[float, str, int]:
        return (-self.quality, self.video_id, self.index)


def gather_lessons(connection: Connection, model: str, step_ms: int) -> Lessons:
    """Photos of the gallery, faces of tracks that people named, and of tracks they said are not somebody."""
    groups = {person.id: person.group for person in list_people(connection)}
    references: dict[int, list[Any]] = defaultdict(list)
    for row in reference_faces(connection, model):
        references[row.person_id].append(row)
    photos = sum(map(len, references.values()))
    named: dict[int, list[_Face]] = defaultdict(list)
    refused: dict[int, list[_Face]] = defaultdict(list)
    by_video: dict[str, list[Mark]] = defaultdict(list)
    for mark in live_marks(connection):
        by_video[mark.anchor.video_id].append(mark)
    for video_id, marks in sorted(by_video.items()):
        tracks = {track.index: track for track in read_tracks(connection, video_id, model)}
        for index, said in sorted(verdicts(marks, list(tracks.values()), step_ms).items()):
            faces = _faces(tracks[index])
            if said.person_id is not None:
                named[said.person_id].extend(faces)
            for person in sorted(said.excluded):
                refused[person].extend(faces)
    marked = {person: sorted(faces, key=lambda face: face.rank)[:MOST_MARKED] for person, faces in named.items()}
    return Lessons(
        tuple(
            Prototype(
                person,
                groups[person],
                np.array([*(row.embedding for row in rows), *faces], dtype=np.float32),
                np.array([*(_learnt_from(row) for row in rows), *faces], dtype=np.float32),
            )
            for person in sorted(groups)
            for rows in [references[person]]
            for faces in [[face.vector for face in marked.get(person, ())]]
            if rows or faces
        ),
        tuple(
            Negative(person, np.array([face.vector for face in faces], dtype=np.float32))
            for person, faces in sorted(refused.items())
            if faces
        ),
        photos,
        sum(map(len, marked.values())),
    )


def propose_classifier(connection: Connection, embedder: FaceEmbedder, step_ms: int) -> Candidate:
    """Train on everything that is known now, and hold the result against the classifier in use; writes nothing."""
    lessons = gather_lessons(connection, embedder.name, step_ms)
    if lessons.people:
        trained = train(lessons.people, lessons.negatives, prior_of(embedder.name))
        classifier, metrics = trained.classifier, trained.metrics
    else:
        classifier = PersonClassifier.of_nobody()
        metrics = {"head": "nobody", "per_person": []}
    description, parameters = classifier.state()
    identity = json.dumps([metrics["head"], embedder.name, embedder.version, description], sort_keys=True)
    in_use = promoted_classifier(connection, embedder.name)
    return Candidate(
        classifier,
        metrics,
        hashlib.sha256(identity.encode() + parameters).hexdigest(),
        why_worse(metrics, in_use.metrics) if in_use else None,
        lessons,
    )


def why_worse(new: Mapping[str, Any], in_use: Mapping[str, Any]) -> str | None:
    """Whether cross-validation names clearly more strangers, or fewer faces of the people that both know.

    Only those people are compared: somebody new is a harder task, not a worse classifier.
    """
    strangers, usual = ((told.get("open_set") or {}).get("strangers_named", 0.0) for told in (new, in_use))
    if strangers - max(usual, FALSE_NAMES) > max(NOT_WORSE, ONE_FACE / max(1, new.get("references", 0))):
        return f"it gives {strangers:.1%} of strangers a name, the one in use {usual:.1%}"
    before = {entry["person_id"]: entry["recall"] for entry in in_use.get("per_person", ())}
    both = [
        (entry["references"], entry["recall"], before[entry["person_id"]])
        for entry in new["per_person"]
        if entry["recall"] is not None and before.get(entry["person_id"]) is not None
    ]
    faces = sum(references for references, _, _ in both)
    if not faces:
        return None
    now, then = (sum(row[0] * row[column] for row in both) / faces for column in (1, 2))
    if then - now <= max(NOT_WORSE, ONE_FACE / faces):
        return None
    return f"it names {now:.1%} of the faces of the {len(both)} people that both know, the one in use {then:.1%}"


def _faces(track: Track) -> list[_Face]:
    return [
        _Face(quality, track.video_id, index, vector)
        for index, quality, vector in zip(track.embedded, track.qualities, track.vectors, strict=True)
    ]


def _learnt_from(row: Any) -> Any:
    return row.embedding if row.augmented is None else row.augmented

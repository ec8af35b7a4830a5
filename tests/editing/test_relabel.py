"""Lessons from photos and corrections, labels that obey a person's word, and the preview that writes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, select

from tests.editing.library import Held
from tests.editing.test_people import cluster_of, gather, over
from tests.people_library import (
    STEP_MS,
    ToyEmbedder,
    add_tracks,
    add_video,
    looks,
    toy_embedder,
    write_labels,
)
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.identities import live_marks, read_tracks
from vsearch_pipeline.catalog.library import add_classifier, ensure_person, replace_reference_faces
from vsearch_pipeline.catalog.models import Base, FaceMark
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.editing.labelling import label_tracks
from vsearch_pipeline.editing.marks import Verdict, verdicts
from vsearch_pipeline.editing.relabel import relabel_preview
from vsearch_pipeline.editing.training import MOST_MARKED, gather_lessons, propose_classifier, why_worse
from vsearch_pipeline.people.classifier import PersonClassifier
from vsearch_pipeline.people.prior import prior_of
from vsearch_pipeline.people.records import Prototype
from vsearch_pipeline.people.training import train


@pytest.fixture
def embedder() -> ToyEmbedder:
    return toy_embedder()


@pytest.fixture
def held(connection: Connection) -> Catalog:
    return Held(connection)  # type: ignore[return-value]


def enrol(connection: Connection, embedder: ToyEmbedder, people: dict[str, int]) -> dict[str, int]:
    """Photos of each of `people`, by how many; returns the people's ids."""
    producer = producer_id(connection, ProducerInfo("gallery", embedder.name, "1"))
    ids = {person: ensure_person(connection, "Enrolled", person) for person in people}
    rows = [
        {
            "person_id": ids[person],
            "source": f"Enrolled/{person}/{n}.jpg",
            "sha256": f"{person}{n}",
            "quality": 1.0,
            "embedding": looks(person, 1000 + n),
            "producer_id": producer,
        }
        for person, count in people.items()
        for n in range(count)
    ]
    replace_reference_faces(connection, embedder.name, rows)
    return ids


def trained(people: dict[int, str], group: str | None = None) -> PersonClassifier:
    """A classifier that knows three faces of each of `people`, by id."""
    photos = {
        person: np.array([looks(look, 2000 + n) for n in range(3)], np.float32) for person, look in people.items()
    }
    prototypes = [Prototype(person, group, vectors) for person, vectors in photos.items()]
    return train(prototypes, [], prior_of("toy")).classifier


def test_a_persons_word_comes_first_and_the_models_is_kept_beside_it(
    connection: Connection, embedder: ToyEmbedder
) -> None:
    video = add_video(connection)
    add_tracks(connection, video, ["ana", "ben", "cem"], embedder.name)
    tracks = read_tracks(connection, video, embedder.name)
    classifier = trained({1: "ana", 2: "ben"}, "G")
    said = {1: Verdict(person_id=1), 0: Verdict(excluded=frozenset({1}))}
    rejected, named, unknown = label_tracks(classifier, tracks, said, merged={}, groups={1: "G", 2: "G", 3: None})
    assert (rejected.person_id, rejected.model_person_id, rejected.decided_by) == (None, 1, "model")
    assert rejected.runner_up_id != 1
    assert (named.person_id, named.confidence, named.decided_by) == (1, 1.0, "person")
    assert (named.group_name, named.group_confidence, named.model_person_id) == ("G", 1.0, 2)
    assert (unknown.person_id, unknown.model_person_id, unknown.decided_by) == (None, None, "model")


def test_a_merged_person_is_labelled_and_rejected_as_the_other(
    connection: Connection, embedder: ToyEmbedder
) -> None:
    video = add_video(connection)
    add_tracks(connection, video, ["ana"], embedder.name)
    tracks = read_tracks(connection, video, embedder.name)
    classifier = trained({1: "ana", 2: "ben"})
    [label] = label_tracks(classifier, tracks, {}, merged={1: 5, 2: 5}, groups={5: None})
    assert (label.person_id, label.model_person_id, label.runner_up_id) == (5, 5, None)
    [rejected] = label_tracks(
        classifier, tracks, {0: Verdict(excluded=frozenset({5}))}, merged={1: 5, 2: 5}, groups={5: None}
    )
    assert rejected.person_id is None


def test_corrections_teach_as_photos_do(connection: Connection, embedder: ToyEmbedder) -> None:
    ids = enrol(connection, embedder, {"ana": 2, "ben": 2})
    service = over(connection, embedder)
    refs = []
    for _ in range(MOST_MARKED // 6):
        video = add_video(connection)
        refs += add_tracks(connection, video, ["ana", "ana", "ana", "cem"], embedder.name)
    gather(connection, embedder)
    service.name_cluster(cluster_of(service, refs[0]), "ana")
    service.reject(refs[3], "ben")
    lessons = gather_lessons(connection, embedder.name, STEP_MS)
    counts = {person.person_id: len(person.vectors) for person in lessons.people}
    assert counts == {ids["ana"]: 2 + MOST_MARKED, ids["ben"]: 2}
    assert (lessons.photos, lessons.marked) == (4, MOST_MARKED)
    [negative] = lessons.negatives
    assert (negative.person_id, negative.vectors.shape) == (ids["ben"], (3, embedder.dim))


def test_the_same_lessons_give_the_same_classifier(connection: Connection, embedder: ToyEmbedder) -> None:
    enrol(connection, embedder, {"ana": 4, "ben": 4, "cem": 4})
    first, second = (propose_classifier(connection, embedder, STEP_MS) for _ in range(2))
    assert first.fingerprint == second.fingerprint
    enrol(connection, embedder, {"ana": 5, "ben": 4, "cem": 4})
    assert propose_classifier(connection, embedder, STEP_MS).fingerprint != first.fingerprint


def test_without_photos_nobody_is_named(connection: Connection, embedder: ToyEmbedder) -> None:
    candidate = propose_classifier(connection, embedder, STEP_MS)
    assert candidate.worse is None
    assert candidate.classifier.label(np.array([looks("ana")], np.float32), [1.0]).person_id is None


def test_only_a_clear_loss_on_the_people_both_know_is_worse() -> None:
    def metrics(**recalls: float) -> dict[str, Any]:
        people = [{"person_id": ord(p), "references": 50, "recall": recall} for p, recall in recalls.items()]
        return {"per_person": people}

    assert why_worse(metrics(a=0.9, b=0.9), metrics(a=0.95, b=0.95)) is not None
    assert why_worse(metrics(a=0.94, b=0.95), metrics(a=0.95, b=0.95)) is None
    assert why_worse(metrics(a=0.95, n=0.1), metrics(a=0.95, g=1.0)) is None
    assert why_worse(metrics(a=0.1), {"f1": 1.0}) is None
    some, none = ({"open_set": {"strangers_named": share}, "references": 200} for share in (0.06, 0.0))
    assert why_worse(metrics(a=0.95) | some, metrics(a=0.95) | none) is not None
    assert why_worse(metrics(a=0.95) | none, metrics(a=0.95) | some) is None


def test_the_preview_tells_what_changes_and_writes_nothing(
    connection: Connection, held: Catalog, embedder: ToyEmbedder
) -> None:
    ids = enrol(connection, embedder, {"ana": 6, "ben": 6, "dan": 6})
    video, other = add_video(connection, "first clip"), add_video(connection, "second clip")
    ana, ben, cem = add_tracks(connection, video, ["ana", "ben", "cem"], embedder.name)
    [again] = add_tracks(connection, other, ["cem"], embedder.name)
    write_labels(connection, video, [ids["ana"], None, None])
    service = over(connection, embedder)
    gather(connection, embedder)
    service.name_cluster(cluster_of(service, cem), "Cem of preview")
    service.reject(ana)

    before = everything(connection)
    preview = relabel_preview(held, embedder, STEP_MS)
    assert everything(connection) == before
    told = {
        str(c.track): (c.title, c.before, c.after, c.decided_by)
        for c in preview.changes
        if c.track.video_id in {video, other}
    }
    assert told == {
        str(ana): ("first clip", "Enrolled/ana", None, "model"),
        str(ben): ("first clip", None, "Enrolled/ben", "model"),
        str(cem): ("first clip", None, "Cem of preview", "person"),
        str(again): ("second clip", None, "Cem of preview", "person"),
    }
    assert preview.per_person["Cem of preview"] == (2, 0)
    assert preview.per_person["Enrolled/ana"] == (0, 1)
    assert preview.per_video[video] == 3


def test_a_worse_classifier_is_not_previewed(connection: Connection, held: Catalog, embedder: ToyEmbedder) -> None:
    ids = enrol(connection, embedder, {"ana": 6, "ben": 6})
    good = propose_classifier(connection, embedder, STEP_MS)
    description, parameters = good.classifier.state()
    metrics = {**good.metrics, "per_person": [{**p, "recall": 1.0} for p in good.metrics["per_person"]]}
    values = {"fingerprint": good.fingerprint, "model": "x", "embedding_model": embedder.name, "promoted": True}
    add_classifier(
        connection, {**values, "metrics": metrics, "description": description, "parameters": parameters}
    )
    producer = producer_id(connection, ProducerInfo("gallery", embedder.name, "1"))
    noise = [
        {"person_id": ids[name], "source": f"{name}{n}", "sha256": "", "quality": 1.0, "producer_id": producer}
        | {"embedding": looks(f"{name}{n}")}
        for name in ids
        for n in range(10)
    ]
    replace_reference_faces(connection, embedder.name, noise)
    assert propose_classifier(connection, embedder, STEP_MS).worse is not None
    video = add_video(connection)
    [ana] = add_tracks(connection, video, ["ana"], embedder.name)
    preview = relabel_preview(held, embedder, STEP_MS)
    assert preview.kept is not None
    assert [(c.track, c.after) for c in preview.changes if c.track == ana] == [(ana, "Enrolled/ana")]


def test_marks_survive_training_and_new_labels(connection: Connection, embedder: ToyEmbedder) -> None:
    video = add_video(connection)
    [ana] = add_tracks(connection, video, ["ana"], embedder.name)
    service = over(connection, embedder)
    gather(connection, embedder)
    service.name_cluster(cluster_of(service, ana), "Ana of survival")
    before = connection.execute(select(FaceMark).where(FaceMark.video_id == video)).all()
    enrol(connection, embedder, {"ben": 3})
    propose_classifier(connection, embedder, STEP_MS)
    write_labels(connection, video, [None])
    [moved] = add_tracks(connection, video, ["ana"], embedder.name, jitter=0.03)
    assert connection.execute(select(FaceMark).where(FaceMark.video_id == video)).all() == before
    said = verdicts(live_marks(connection, video), read_tracks(connection, video, embedder.name), STEP_MS)
    assert said[moved.index].person_id is not None


def everything(connection: Connection) -> dict[str, list[str]]:
    return {
        table.name: sorted(map(repr, connection.execute(select(table)))) for table in Base.metadata.sorted_tables
    }

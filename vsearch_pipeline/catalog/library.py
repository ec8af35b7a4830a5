"""People, their reference faces and the classifiers trained on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import (
    Classifier,
    FaceEmbedding,
    FaceLabel,
    Person,
    ReferenceFace,
    UnknownPerson,
)


@dataclass(frozen=True, slots=True)
class PersonRecord:
    id: int
    group: str | None
    name: str
    aliases: tuple[str, ...]


def list_people(connection: Connection) -> list[PersonRecord]:
    rows = connection.execute(
        select(Person.id, Person.group_name, Person.name, Person.aliases).order_by(Person.id)
    )
    return [PersonRecord(row.id, row.group_name, row.name, tuple(row.aliases)) for row in rows]


def ensure_person(connection: Connection, group: str | None, name: str, aliases: Sequence[str] = ()) -> int:
    """The person's id, made if new; aliases are added to, never taken away."""
    where = (Person.group_name.is_not_distinct_from(group), Person.name == name)
    row = connection.execute(select(Person.id, Person.aliases).where(*where)).first()
    if row is None:
        statement = insert(Person).values(group_name=group, name=name, aliases=list(aliases)).returning(Person.id)
        return int(connection.execute(statement).scalar_one())
    missing = [alias for alias in aliases if alias not in row.aliases]
    if missing:
        connection.execute(update(Person).where(Person.id == row.id).values(aliases=[*row.aliases, *missing]))
    return int(row.id)


def replace_reference_faces(connection: Connection, model: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set the reference faces of one embedding model to `rows`."""
    connection.execute(delete(ReferenceFace).where(ReferenceFace.model == model))
    if rows:
        connection.execute(insert(ReferenceFace), [{**row, "model": model} for row in rows])


def reference_faces(connection: Connection, model: str) -> list[Any]:
    """Rows `(person_id, group_name, source, sha256, quality, embedding)` of one embedding model."""
    statement = (
        select(
            ReferenceFace.person_id,
            Person.group_name,
            ReferenceFace.source,
            ReferenceFace.sha256,
            ReferenceFace.quality,
            ReferenceFace.embedding,
        )
        .join(Person, Person.id == ReferenceFace.person_id)
        .where(ReferenceFace.model == model)
        .order_by(ReferenceFace.person_id, ReferenceFace.source)
    )
    return list(connection.execute(statement).all())


def promoted_classifier(connection: Connection, embedding_model: str) -> Any | None:
    """The classifier in use for these embeddings: its row, or None."""
    statement = (
        select(
            Classifier.id,
            Classifier.fingerprint,
            Classifier.model,
            Classifier.metrics,
            Classifier.description,
            Classifier.parameters,
        )
        .where(Classifier.embedding_model == embedding_model, Classifier.promoted)
        .order_by(Classifier.id.desc())
        .limit(1)
    )
    return connection.execute(statement).first()


def add_classifier(connection: Connection, values: Mapping[str, Any]) -> None:
    """Keep a trained classifier; a promoted one takes over from the one in use."""
    if values["promoted"]:
        connection.execute(
            update(Classifier)
            .where(Classifier.embedding_model == values["embedding_model"])
            .values(promoted=False)
        )
    statement = insert(Classifier).values(**values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[Classifier.fingerprint],
            set_={"promoted": values["promoted"], "trained_at": func.now()},
        )
    )


def unnamed_tracks(connection: Connection, model: str) -> list[Any]:
    """Rows `(video_id, track_index, embedding)` of faces that got no name, in a fixed order."""
    statement = (
        select(FaceEmbedding.video_id, FaceEmbedding.track_index, FaceEmbedding.embedding)
        .join(
            FaceLabel,
            (FaceLabel.video_id == FaceEmbedding.video_id) & (FaceLabel.track_index == FaceEmbedding.track_index),
        )
        .where(FaceLabel.person_id.is_(None), FaceEmbedding.model == model)
        .order_by(FaceEmbedding.video_id, FaceEmbedding.track_index, FaceEmbedding.face_index)
    )
    return list(connection.execute(statement).all())


def replace_unknown_people(connection: Connection, clusters: Sequence[tuple[int, str, int]]) -> None:
    """Set the clusters of unnamed tracks, given as `(cluster, video id, track index)`."""
    connection.execute(delete(UnknownPerson))
    if clusters:
        connection.execute(
            insert(UnknownPerson),
            [{"cluster": cluster, "video_id": video, "track_index": track} for cluster, video, track in clusters],
        )

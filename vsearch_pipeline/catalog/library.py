"""People, their reference faces and the classifiers trained on them."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, delete, false, func, select, update
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import (
    Classifier,
    FaceLabel,
    FaceTrack,
    Person,
    ReferenceFace,
    Segment,
    SegmentPerson,
)

Gender = Literal["female", "male"]


class Called:
    """What somebody is called, in lists and in texts."""

    __slots__ = ()

    name: str
    aliases: tuple[str, ...]
    display: str | None

    @property
    def shown(self) -> str:
        """The name that people read."""
        return self.display or self.name

    @property
    def names(self) -> tuple[str, ...]:
        """Everything they are called, what people read first."""
        return (self.shown, self.name, *self.aliases)

    @property
    def in_english(self) -> str:
        """The first name whose letters are all Latin, else `shown`."""
        return _in_script(self.names, "LATIN")

    @property
    def in_korean(self) -> str:
        """The first name whose letters are all Hangul, else `shown`."""
        return _in_script(self.names, "HANGUL")

    def in_language(self, language: Literal["ko", "en"]) -> str:
        """What they are called in a language."""
        return self.in_korean if language == "ko" else self.in_english


@dataclass(frozen=True, slots=True)
class PersonRecord(Called):
    id: int
    group: str | None
    name: str
    aliases: tuple[str, ...]
    display: str | None = None
    gender: Gender | None = None

    def __str__(self) -> str:
        return f"{self.group}/{self.name}" if self.group else self.name


def _in_script(names: Sequence[str], script: Literal["LATIN", "HANGUL"]) -> str:
    """The first of `names` whose letters are all of a script, else the first."""
    for name in names:
        letters = [letter for letter in unicodedata.normalize("NFC", name) if letter.isalpha()]
        if letters and all(unicodedata.name(letter, "").startswith(script) for letter in letters):
            return name
    return names[0]


def survivor() -> ColumnElement[int]:
    """Of a joined `Person`: the id of who they turned out to be."""
    return func.coalesce(Person.merged_into, Person.id)


def merged_people(connection: Connection) -> dict[int, int]:
    """Who each merged person turned out to be, by their old ids in order."""
    rows = connection.execute(
        select(Person.id, Person.merged_into).where(Person.merged_into.is_not(None)).order_by(Person.id)
    )
    return {row.id: row.merged_into for row in rows}


def list_people(connection: Connection) -> list[PersonRecord]:
    """Everybody who was not merged into somebody else; a merged name is an alias of the other."""
    rows = connection.execute(
        select(Person.id, Person.group_name, Person.name, Person.aliases, Person.display, Person.gender)
        .where(Person.merged_into.is_(None))
        .order_by(Person.id)
    )
    return [
        PersonRecord(row.id, row.group_name, row.name, tuple(row.aliases), row.display, row.gender) for row in rows
    ]


def people_by_id(connection: Connection) -> dict[int, PersonRecord]:
    """Everybody who was not merged into somebody else."""
    return {person.id: person for person in list_people(connection)}


def ensure_person(
    connection: Connection,
    group: str | None,
    name: str,
    aliases: Sequence[str] = (),
    *,
    display: str | None = None,
    notes: str | None = None,
    gender: Gender | None = None,
) -> int:
    """The person's id, made if new, and the other's where they were merged.

    Aliases are added to, never taken away, without those that somebody took from this person; `display`, `notes`
    and `gender` are set where given, unless somebody has said `display` or `gender` of this person.
    """
    where = (Person.group_name.is_not_distinct_from(group), Person.name == name)
    person_id = connection.execute(select(survivor()).where(*where)).scalar()
    if person_id is None:
        statement = insert(Person).values(group_name=group, name=name).returning(Person.id)
        person_id = connection.execute(statement).scalar_one()
    _add_aliases(connection, person_id, aliases)
    for values, said in (
        ({"notes": notes}, false()),
        ({"display": display}, Person.display_said),
        ({"gender": gender}, Person.gender_said),
    ):
        if None not in values.values():
            connection.execute(update(Person).where(Person.id == person_id, ~said).values(**values))
    return person_id


def _add_aliases(connection: Connection, person_id: int, aliases: Sequence[str]) -> None:
    """Further names of a person, in the order given."""
    columns = select(Person.name, Person.aliases, Person.dropped_aliases)
    row = connection.execute(columns.where(Person.id == person_id)).one()
    known = {row.name, *row.aliases, *row.dropped_aliases}
    missing = [alias for alias in dict.fromkeys(aliases) if alias not in known]
    if missing:
        connection.execute(update(Person).where(Person.id == person_id).values(aliases=[*row.aliases, *missing]))


def segments_showing(connection: Connection, people: Collection[int]) -> dict[int, list[int]]:
    """Ids of the segments that show each of these people, or somebody merged into them: as a person said, else as
    the models did."""
    shown: dict[int, dict[int, bool]] = {}
    rows = connection.execute(
        select(survivor().label("person_id"), SegmentPerson.segment_id, SegmentPerson.present)
        .join(Person, Person.id == SegmentPerson.person_id)
        .join(Segment, Segment.id == SegmentPerson.segment_id)
        .where(survivor().in_(people), Segment.shown)
        # as read_segments does: the human layer comes last, and in it who is there
        .order_by(SegmentPerson.segment_id, SegmentPerson.layer, SegmentPerson.present)
    )
    for row in rows:
        shown.setdefault(row.person_id, {})[row.segment_id] = row.present
    return {person: [i for i, present in segments.items() if present] for person, segments in shown.items()}


@dataclass(frozen=True, slots=True)
class PersonSummary:
    """A person, with how many photos and tracks are theirs, and how long they are on screen."""

    person: PersonRecord
    photos: int
    tracks: int
    videos: int
    seconds: float


def summarize_people(connection: Connection, model: str) -> list[PersonSummary]:
    """Everybody in order of group and name; `photos` are those with a face of this embedding model."""
    owner = survivor().label("owner")
    photos = dict(
        connection.execute(
            select(owner, func.count())
            .select_from(ReferenceFace)
            .join(Person, Person.id == ReferenceFace.person_id)
            .where(ReferenceFace.model == model)
            .group_by(owner)
        )
        .tuples()
        .all()
    )
    seen = {
        row.owner: row
        for row in connection.execute(
            select(
                owner,
                func.count().label("tracks"),
                func.count(FaceLabel.video_id.distinct()).label("videos"),
                func.sum(FaceTrack.end_ms - FaceTrack.start_ms).label("shown_ms"),
            )
            .select_from(FaceLabel)
            .join(Person, Person.id == FaceLabel.person_id)
            .join(
                FaceTrack,
                (FaceTrack.video_id == FaceLabel.video_id) & (FaceTrack.index == FaceLabel.track_index),
            )
            .group_by(owner)
        )
    }
    people = sorted(list_people(connection), key=lambda person: (person.group or "", person.name, person.id))
    return [
        PersonSummary(person, photos.get(person.id, 0), row.tracks, row.videos, int(row.shown_ms) / 1000)
        if (row := seen.get(person.id))
        else PersonSummary(person, photos.get(person.id, 0), 0, 0, 0.0)
        for person in people
    ]


def replace_reference_faces(connection: Connection, model: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set the reference faces of one embedding model to `rows`."""
    connection.execute(delete(ReferenceFace).where(ReferenceFace.model == model))
    if rows:
        connection.execute(insert(ReferenceFace), [{**row, "model": model} for row in rows])


def reference_faces(connection: Connection, model: str) -> list[Any]:
    """Rows `(person_id, source, sha256, quality, embedding, augmented, producer_id)` of one embedding model, by
    person and source."""
    statement = (
        select(
            survivor().label("person_id"),
            ReferenceFace.source,
            ReferenceFace.sha256,
            ReferenceFace.quality,
            ReferenceFace.embedding,
            ReferenceFace.augmented,
            ReferenceFace.producer_id,
        )
        .join(Person, Person.id == ReferenceFace.person_id)
        .where(ReferenceFace.model == model)
        .order_by(survivor(), ReferenceFace.source)
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

"""The history: who did what, when, through which door, and what it changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, func, literal, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import Operation, OperationSubject
from vsearch_pipeline.errors import NotFoundError

Door = Literal["cli", "web", "slack", "sensor", "import"]
SubjectKind = Literal["segment", "person", "video"]
Subject = tuple[SubjectKind, str]

Fields = Mapping[str, Any]
"""Values of the human layer by field; None where there is none."""
Values = Mapping[str, Mapping[str, Fields]]
"""Fields by kind and id of what they belong to (`catalog/human.py`)."""


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """An operation of the history.

    Attributes:
        before, after: the fields that it changed; empty of what cannot be reverted (adding a video, say).
        about: what is told of it besides: names, titles, files.
        reverts: the operation that it takes back.
        reverted_by: the operation that took it back and still stands.
    """

    id: int
    at: datetime
    actor: str
    door: Door
    kind: str
    before: Values
    after: Values
    about: Mapping[str, Any]
    reverts: int | None
    reverted_by: int | None

    @property
    def stands(self) -> bool:
        return self.reverted_by is None


def log_operation(
    connection: Connection,
    *,
    actor: str,
    door: Door,
    kind: str,
    before: Values | None = None,
    after: Values | None = None,
    about: Mapping[str, Any] | None = None,
    reverts: int | None = None,
    subjects: Iterable[Subject] = (),
) -> int:
    """Append to the history; returns the operation's id."""
    statement = insert(Operation).values(
        at=func.clock_timestamp(),  # an edit that waited comes after what it waited for
        actor=actor,
        door=door,
        kind=kind,
        before=before,
        after=after,
        about=about,
        reverts=reverts,
    )
    number = int(connection.execute(statement.returning(Operation.id)).scalar_one())
    _write_subjects(connection, {number: subjects})
    return number


def log_of_videos(
    connection: Connection, *, actor: str, door: Door, kind: str, about: Mapping[str, Mapping[str, Any]]
) -> None:
    """Append what was done to several videos, an operation each."""
    fixed = {"actor": actor, "door": door, "kind": kind}
    rows = [{**fixed, "about": dict(told)} for told in about.values()]
    if rows:
        made = connection.execute(insert(Operation).returning(Operation.id, sort_by_parameter_order=True), rows)
        numbers = made.scalars().all()
        _write_subjects(connection, {i: [("video", v)] for i, v in zip(numbers, about, strict=True)})


def _write_subjects(connection: Connection, subjects: Mapping[int, Iterable[Subject]]) -> None:
    rows = [
        {"kind": kind, "subject": subject, "operation_id": number}
        for number, found in subjects.items()
        for kind, subject in sorted(set(found))
    ]
    if rows:
        connection.execute(insert(OperationSubject), rows)


def get_operation(connection: Connection, number: int) -> OperationRecord:
    """Raises NotFoundError where there is none."""
    found = _read(connection, Operation.id == number)
    if not found:
        raise NotFoundError(f"There is no operation {number}: `vsearch history` lists what was done.")
    return found[0]


def read_operations(
    connection: Connection,
    *,
    subjects: Collection[Subject] = (),
    about: Collection[Subject] = (),
    actor: str | None = None,
    door: Door | None = None,
    kinds: Collection[str] = (),
    before: int | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> list[OperationRecord]:
    """What was done, the newest first.

    Args:
        subjects: only what is about one of these.
        about: only what is about each of these.
        kinds: only what is of one of these.
        before, after: only what is older, or newer, than this operation.
    """
    wanted: list[ColumnElement[bool]] = [Operation.id.in_(_about_any([subject])) for subject in about]
    if subjects:
        wanted.append(Operation.id.in_(_about_any(subjects)))
    if actor is not None:
        wanted.append(Operation.actor == actor)
    if door is not None:
        wanted.append(Operation.door == door)
    if kinds:
        wanted.append(Operation.kind.in_(list(kinds)))
    if before is not None:
        wanted.append(Operation.id < before)
    if after is not None:
        wanted.append(Operation.id > after)
    return _read(connection, *wanted, limit=limit)


def _about_any(subjects: Collection[Subject]) -> Select[int]:
    keys = tuple_(OperationSubject.kind, OperationSubject.subject)
    return select(OperationSubject.operation_id).where(keys.in_(list(subjects)))


def operation_actors(connection: Connection) -> list[str]:
    """Everybody who did something, by name. Goes from name to name in the index, however much each of them did."""
    rows = connection.execute(
        text(
            """
            with recursive someone as (
                (select actor from operations order by actor limit 1)
                union all
                select (select actor from operations where actor > someone.actor order by actor limit 1)
                from someone where someone.actor is not null
            ) select actor from someone where actor is not null
            """
        )
    )
    return list(rows.scalars())


def names_told(connection: Connection, people: Collection[int]) -> dict[int, tuple[str | None, str]]:
    """Group and name that the history last told of people, for those who are not there any more."""
    if not people:
        return {}
    rows = connection.execute(
        text(
            """
            select distinct on (about.subject) about.subject, told.name
            from operation_subjects about join operations on operations.id = about.operation_id, lateral (
                select coalesce(nullif(after->'person'->about.subject->'name', 'null'),
                    nullif(before->'person'->about.subject->'name', 'null')) as name
            ) told
            where about.kind = 'person' and about.subject = any(cast(:people as text[])) and told.name is not null
            order by about.subject, about.operation_id desc
            """
        ),
        {"people": [str(person) for person in people]},
    )
    return {int(row.subject): (row.name[0], row.name[1]) for row in rows}


def operation_subjects(connection: Connection, number: int) -> list[Subject]:
    """What an operation is about."""
    table = OperationSubject.__table__.c
    rows = connection.execute(
        select(table.kind, table.subject).where(table.operation_id == number).order_by(table.kind, table.subject)
    )
    return [(row.kind, row.subject) for row in rows]


def last_operation_before(connection: Connection, moment: datetime) -> int:
    """Id of the newest operation up to a moment, 0 where there is none; without those of another library, which a
    backup brings under new numbers."""
    newest = select(func.coalesce(func.max(Operation.id), literal(0, BigInteger))).where(
        Operation.at <= moment, Operation.about["restored"].is_(None)
    )
    return int(connection.execute(newest).scalar_one())


def _read(connection: Connection, *wanted: ColumnElement[bool], limit: int | None = None) -> list[OperationRecord]:
    statement = select(*Operation.__table__.c).where(*wanted).order_by(Operation.id.desc()).limit(limit)
    rows = connection.execute(statement).all()
    taken_back = _taken_back(connection, [row.id for row in rows])
    return [
        OperationRecord(
            row.id,
            row.at,
            row.actor,
            row.door,
            row.kind,
            row.before or {},
            row.after or {},
            row.about or {},
            row.reverts,
            taken_back.get(row.id),
        )
        for row in rows
    ]


def _taken_back(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Of those of these operations that do not stand: what took them back and stands itself."""
    rows = connection.execute(
        text(
            """
            with recursive taken as (
                select id, reverts from operations where reverts = any(cast(:ids as bigint[]))
                union select later.id, later.reverts from operations later join taken on later.reverts = taken.id
            ) select id, reverts from taken order by id desc
            """
        ),
        {"ids": list(numbers)},
    )
    standing: dict[int, int] = {}
    for row in rows:  # what takes an operation back is always newer, so it is decided first
        if row.id not in standing:
            standing[row.reverts] = row.id
    return standing

"""The human layer as fields: what people said of segments, people and faces, in one form that can be logged,
compared and put back.

A field that has no value is None, and so is every field of something that is not there. By kind:

segment:
    `created` true; `range` [start, end]; `caption_en`, `caption_ko` [text, what the models said then];
    `person:ID` [present, whether the models had them then]; `deleted` time; `locked` true
person:
    `name` [group, name], None where there is no such person; `aliases`, `dropped_aliases` (which no list gives
    them again), `display`, `gender`, `display_said`, `gender_said`, `notes`, `merged_into`. Who was called
    otherwise before leaves a row of that name, merged into them: what is known under the old name (a folder of
    photos, an imported catalogue) stays theirs.
mark:
    `live` true: a word about a face (`face_marks`) that nobody took back. A new one is written before it is said
    to be live, with a number from `take_marks`.
member:
    `row`: which cluster of unknown people a track (`VIDEO:INDEX`) is in, as stored
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Text, bindparam, cast, delete, func, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import (
    FaceLabel,
    FaceMark,
    Person,
    ReferenceFace,
    Segment,
    SegmentPerson,
    UnknownPerson,
)
from vsearch_pipeline.catalog.operations import Fields, Values

Kind = Literal["segment", "person", "mark", "member"]
PERSON = "person:"
"""Before an id: the field of a segment that says whether somebody is there."""


def person_field(person_id: int) -> str:
    return f"{PERSON}{person_id}"


def read_fields(connection: Connection, kind: str, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """The fields that have a value, by id; ids that are not there have none."""
    if not ids:
        return {}
    return _READERS[kind](connection, ids)


def write_fields(connection: Connection, kind: str, changes: Mapping[str, Fields], *, operation: int) -> None:
    """Set fields. Segments must be there, and get the operation as their version; a person who is not there is
    made, under that id."""
    if changes:
        _WRITERS[kind](connection, changes, operation)


# --- segments ---------------------------------------------------------------------------------------------------


def _read_segments(connection: Connection, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    fields: dict[str, dict[str, Any]] = {number: {} for number in ids}
    for row in connection.execute(_SEGMENT_FIELDS, {"ids": [int(number) for number in ids]}):
        values = {
            "created": row.created or None,
            "range": [row.start_ms, row.end_ms] if row.human_range else None,
            "caption_en": None if row.human_caption_en is None else [row.human_caption_en, row.seen_caption_en],
            "caption_ko": None if row.human_caption_ko is None else [row.human_caption_ko, row.seen_caption_ko],
            "deleted": row.deleted_at.isoformat() if row.deleted_at else None,
            "locked": row.locked or None,
            **{person_field(person): [present, seen] for person, present, seen in row.said or ()},
        }
        fields[str(row.id)] = {name: value for name, value in values.items() if value is not None}
    return fields


_SEGMENT_FIELDS: Final = text(
    """
    select id, start_ms, end_ms, created, human_range, human_caption_en, human_caption_ko, seen_caption_en,
        seen_caption_ko, deleted_at, locked, (
            select jsonb_agg(jsonb_build_array(person_id, present, coalesce(seen, false)) order by person_id)
            from segment_people where segment_id = segments.id and layer = 'human'
        ) as said
    from segments where id = any(cast(:ids as bigint[]))
    """
)


def _write_segments(connection: Connection, changes: Mapping[str, Fields], operation: int) -> None:
    rows: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    judged = []
    for number, fields in sorted(changes.items(), key=lambda each: int(each[0])):
        columns: dict[str, Any] = {"version": operation}
        for name, value in fields.items():
            if name.startswith(PERSON):
                judged.append((int(number), int(name.removeprefix(PERSON)), value))
            else:
                columns |= _segment_columns(name, value)
        rows[tuple(columns)].append({"key": int(number), **columns})
    for names, values in rows.items():
        connection.execute(
            update(Segment).where(Segment.id == bindparam("key")).values({n: bindparam(n) for n in names}), values
        )
    if judged:
        keys = tuple_(SegmentPerson.segment_id, SegmentPerson.person_id)
        found = keys.in_([(segment, person) for segment, person, _ in judged])
        connection.execute(delete(SegmentPerson).where(found, SegmentPerson.layer == "human"))
    said = [
        {"segment_id": segment, "person_id": person, "layer": "human", "present": value[0], "seen": value[1]}
        for segment, person, value in judged
        if value is not None
    ]
    if said:
        connection.execute(insert(SegmentPerson), said)


def _segment_columns(name: str, value: Any) -> dict[str, Any]:
    if name == "range":
        span = {} if value is None else {"start_ms": value[0], "end_ms": value[1]}
        return {"human_range": value is not None, **span}
    if name in ("caption_en", "caption_ko"):
        words, seen = value or (None, None)
        return {f"human_{name}": words, f"seen_{name}": seen}
    if name == "deleted":
        return {"deleted_at": None if value is None else datetime.fromisoformat(value)}
    return {name: bool(value)}


# --- people -----------------------------------------------------------------------------------------------------

_REFERENCES = (
    SegmentPerson.person_id,
    ReferenceFace.person_id,
    FaceLabel.person_id,
    FaceLabel.model_person_id,
    FaceLabel.runner_up_id,
    Person.merged_into,
)
_PERSON_COLUMNS = ("display", "gender", "notes", "merged_into")
NAMING: Final = frozenset({"name", "aliases", "merged_into"})
"""Fields of a person that say by which words segments are found that show them."""


def _read_people(connection: Connection, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    fields: dict[str, dict[str, Any]] = {number: {} for number in ids}
    table = Person.__table__.c
    for row in connection.execute(select(*table).where(table.id.in_([int(number) for number in ids]))):
        values = {
            "name": [row.group_name, row.name],
            "aliases": list(row.aliases) or None,
            "gender_said": row.gender_said or None,
            "display_said": row.display_said or None,
            "dropped_aliases": list(row.dropped_aliases) or None,
            **{name: getattr(row, name) for name in _PERSON_COLUMNS},
        }
        fields[str(row.id)] = {name: value for name, value in values.items() if value is not None}
    return fields


def _write_people(connection: Connection, changes: Mapping[str, Fields], _operation: int) -> None:
    fields_of = {int(number): fields for number, fields in sorted(changes.items(), key=lambda each: int(each[0]))}
    gone = [person for person, fields in fields_of.items() if "name" in fields and fields["name"] is None]
    if gone:
        connection.execute(delete(Person).where(Person.id.in_(gone)))
    renamed = [person for person, fields in fields_of.items() if "name" in fields and person not in gone]
    if len(renamed) > 1:  # one may take the name of another, and at no time do two have it
        between = literal("\x01") + cast(Person.id, Text)
        connection.execute(update(Person).where(Person.id.in_(renamed)).values(name=between))
    for person, fields in fields_of.items():
        columns = {name: fields[name] for name in _PERSON_COLUMNS if name in fields}
        if "aliases" in fields:
            columns["aliases"] = fields["aliases"] or []
        if "dropped_aliases" in fields:
            columns["dropped_aliases"] = fields["dropped_aliases"] or []
        columns |= {name: bool(fields[name]) for name in ("gender_said", "display_said") if name in fields}
        if person in renamed:
            columns["group_name"], columns["name"] = fields["name"]
            made = insert(Person).values(id=person, **columns)
            connection.execute(made.on_conflict_do_update(index_elements=[Person.id], set_=columns))
        elif columns and person not in gone:
            connection.execute(update(Person).where(Person.id == person).values(**columns))


def take_person(connection: Connection) -> int:
    """A number for somebody new."""
    return int(connection.execute(select(func.nextval(func.pg_get_serial_sequence("people", "id")))).scalar_one())


def name_holder(connection: Connection, group: str | None, name: str) -> int | None:
    """Id of the row of exactly that group and name, also where it was merged into somebody."""
    where = (Person.group_name.is_not_distinct_from(group), Person.name == name)
    return connection.execute(select(Person.id).where(*where)).scalar()


def person_references(
    connection: Connection, people: Collection[int], *, without_marks: Collection[int] = ()
) -> set[int]:
    """Those of these people to whom something refers: marks, segments, photos, labels, the classifier in use,
    imported records, or who was merged into them.

    Args:
        without_marks: ids of marks that do not count, since they are being taken back.
    """
    if not people:
        return set()
    mark = FaceMark.__table__.c
    found = set(
        connection.execute(
            select(mark.person_id).where(
                mark.person_id.in_(people), mark.id.not_in(without_marks), mark.revoked_by.is_(None)
            )
        ).scalars()
    )
    for column in _REFERENCES:
        found |= set(connection.execute(select(column).where(column.in_(people))).scalars())
    for statement in (_CLASSIFIED, _IMPORTED):
        found |= set(connection.execute(statement, {"people": list(people)}).scalars())
    return found


_CLASSIFIED: Final = text(
    "select cast(known->>'person_id' as int) from classifiers, jsonb_array_elements(description->'people') known"
    " where promoted and cast(known->>'person_id' as int) = any(cast(:people as int[]))"
)
_IMPORTED: Final = text(
    "select person from unnest(cast(:people as int[])) person"
    " where exists (select from imported_records where jsonb_exists(people, cast(person as text)))"
)


def missing_people(connection: Connection, values: Values) -> set[int]:
    """Who is spoken of in these fields and is not there, nor made by them."""
    people = values.get("person", {})
    spoken = {int(fields["merged_into"]) for fields in people.values() if fields.get("merged_into") is not None}
    for fields in values.get("segment", {}).values():
        spoken |= {int(n.removeprefix(PERSON)) for n, said in fields.items() if n.startswith(PERSON) and said}
    marks = [int(number) for number, fields in values.get("mark", {}).items() if fields.get("live")]
    if marks:
        rows = connection.execute(select(FaceMark.person_id).where(FaceMark.id.in_(marks))).scalars()
        spoken |= {person for person in rows if person is not None}
    spoken -= {int(number) for number, fields in people.items() if fields.get("name") is not None}
    if not spoken:
        return set()
    return spoken - set(connection.execute(select(Person.id).where(Person.id.in_(spoken))).scalars())


# --- faces ------------------------------------------------------------------------------------------------------


def take_marks(connection: Connection, count: int) -> list[int]:
    """Numbers for new marks, ascending."""
    number = func.nextval(func.pg_get_serial_sequence("face_marks", "id"))
    return sorted(connection.execute(select(number).select_from(func.generate_series(1, count))).scalars())


def _read_marks(connection: Connection, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    rows = select(FaceMark.id).where(FaceMark.id.in_([int(i) for i in ids]), FaceMark.revoked_by.is_(None))
    live = set(connection.execute(rows).scalars())
    return {number: {"live": True} if int(number) in live else {} for number in ids}


def _write_marks(connection: Connection, changes: Mapping[str, Fields], operation: int) -> None:
    for live in (True, False):
        ids = [int(number) for number, fields in changes.items() if bool(fields["live"]) is live]
        taken_back = None if live else operation
        connection.execute(update(FaceMark).where(FaceMark.id.in_(ids)).values(revoked_by=taken_back))


def _read_members(connection: Connection, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    fields: dict[str, dict[str, Any]] = {number: {} for number in ids}
    for row in connection.execute(select(*UnknownPerson.__table__.c).where(_are_members(ids))):
        values = [row.cluster, row.time_ms, list(row.bbox_xyxy), row.tracks_mark]
        fields[f"{row.video_id}:{row.track_index}"] = {"row": values}
    return fields


def _write_members(connection: Connection, changes: Mapping[str, Fields], _operation: int) -> None:
    connection.execute(delete(UnknownPerson).where(_are_members(changes)))
    rows = [
        {
            "video_id": video,
            "track_index": index,
            **dict(zip(("cluster", "time_ms", "bbox_xyxy", "tracks_mark"), fields["row"], strict=True)),
        }
        for (video, index), fields in zip(_tracks(changes), changes.values(), strict=True)
        if fields["row"] is not None
    ]
    if rows:
        connection.execute(insert(UnknownPerson), rows)


def _are_members(ids: Iterable[str]) -> Any:
    return tuple_(UnknownPerson.video_id, UnknownPerson.track_index).in_(_tracks(ids))


def _tracks(ids: Iterable[str]) -> list[tuple[str, int]]:
    return [(video, int(index)) for video, _, index in (number.rpartition(":") for number in ids)]


_READERS = {"segment": _read_segments, "person": _read_people, "mark": _read_marks, "member": _read_members}
_WRITERS = {"segment": _write_segments, "person": _write_people, "mark": _write_marks, "member": _write_members}

"""Operations of the history made readable: each field that changed, where that is, and who it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from vsearch_pipeline.catalog.human import PERSON, read_fields
from vsearch_pipeline.catalog.identities import Mark, read_marks
from vsearch_pipeline.catalog.library import PersonRecord, merged_people, people_by_id
from vsearch_pipeline.catalog.operations import Fields, OperationRecord, names_told
from vsearch_pipeline.catalog.videos import read_videos
from vsearch_pipeline.timeline import TimeRange, clock


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a change is: the range of a segment as it was before, or the time of a face.

    Attributes:
        bbox_xyxy: of a face, in shares (0..1) of the frame.
    """

    video_id: str
    start_ms: int
    end_ms: int | None = None
    bbox_xyxy: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that an operation changed.

    Attributes:
        kind: `segment`, `person`, `mark` or `member`.
        id: of what it belongs to.
        label: that for people: title and time of a segment or mark, title and number of a track, a name.
        field: `caption_en`, `range`, `person`, ... (`catalog/human.py`); of a mark `is`, `is_not` or `group`.
        who: of `person`, `is` and `is_not`: whom it is about.
        before, after: as people read them; None for nothing.
        who_id: of whom it is about, the id of the one they turned out to be.
        old, new: the same as the history keeps them (`catalog/human.py`).
    """

    kind: str
    id: str
    label: str
    field: str
    before: str | None
    after: str | None
    who: str | None = None
    who_id: int | None = None
    at: Spot | None = None
    old: Any = None
    new: Any = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation with what it changed, to be read."""

    operation: OperationRecord
    differences: tuple[Difference, ...]


def readable(connection: Connection, operations: Sequence[OperationRecord]) -> list[Entry]:
    """The operations with what they changed."""
    reader = _Reader(connection, operations)
    return [Entry(operation, tuple(reader.differences(operation))) for operation in operations]


class _Reader:
    """What is known of all that some operations speak of, read at once."""

    def __init__(self, connection: Connection, operations: Sequence[OperationRecord]) -> None:
        self._marks = read_marks(connection, [int(n) for each in operations for n in each.after.get("mark", {})])
        self._titles = {v.id: v.title for v in read_videos(connection, self._videos(operations)).values()}
        self._people = people_by_id(connection)
        self._merged = merged_people(connection)
        self._rows = read_fields(connection, "person", {*map(str, self._merged), *map(str, self._people)})
        self._gone = names_told(connection, self._missing(operations))

    def _videos(self, operations: Sequence[OperationRecord]) -> set[str]:
        found = {place[0] for each in operations for place in each.about.get("where", {}).values()}
        found |= {mark.anchor.video_id for mark in self._marks.values()}
        return found | {n.rpartition(":")[0] for each in operations for n in each.after.get("member", {})}

    def _missing(self, operations: Sequence[OperationRecord]) -> Collection[int]:
        spoken = {mark.person_id for mark in self._marks.values() if mark.person_id is not None}
        for operation in operations:
            for fields in operation.after.get("segment", {}).values():
                spoken |= {int(name.removeprefix(PERSON)) for name in fields if name.startswith(PERSON)}
        return {person for person in spoken if self._survivor(person) not in self._people}

    def differences(self, operation: OperationRecord) -> Iterator[Difference]:
        for kind, changed in operation.after.items():
            for number, fields in changed.items():
                if kind == "person" and {"name", "merged_into"} <= fields.keys():
                    continue  # the row that a former name leaves says nothing new
                before = operation.before[kind][number]
                label, at = (
                    self._label(operation, kind, number),
                    self._spot(operation, kind, number, before, fields),
                )
                for name, value in fields.items():
                    field, person = self._about(kind, number, name)
                    yield Difference(
                        kind,
                        number,
                        label,
                        field,
                        self._told(operation, name, before.get(name)),
                        self._told(operation, name, value),
                        None if person is None else self._called(person),
                        None if person is None else self._survivor(person),
                        at,
                        before.get(name),
                        value,
                    )

    def _survivor(self, person: int) -> int:
        return self._merged.get(person, person)

    def _called(self, person: int) -> str:
        """The name of somebody, also of who is gone."""
        found: PersonRecord | None = self._people.get(self._survivor(person))
        if found:
            return str(found)
        told = self._gone.get(person)
        return _text("name", told) or f"person {person}"

    def _own_name(self, operation: OperationRecord, person: str) -> str:
        """The name of a row, whoever they turned out to be; of one that is gone, what it was."""
        sides = (side.get("person", {}).get(person, {}) for side in (operation.after, operation.before))
        names = [self._rows.get(person, {}).get("name"), *(side.get("name") for side in sides)]
        return next((told for name in names if (told := _text("name", name))), f"person {person}")

    def _label(self, operation: OperationRecord, kind: str, number: str) -> str:
        if kind == "segment":
            video, start, end = operation.about["where"][number]
            return f"{self._titles.get(video, video)} {TimeRange(start, end)}"
        if kind == "mark" and int(number) in self._marks:
            at = self._marks[int(number)].anchor
            return f"{self._titles.get(at.video_id, at.video_id)} {clock(at.time_ms)}"
        if kind == "member":
            video, _, index = number.rpartition(":")
            return f"{self._titles.get(video, video)} track {index}"
        return self._own_name(operation, number) if kind == "person" else number

    def _spot(
        self, operation: OperationRecord, kind: str, number: str, before: Fields, after: Fields
    ) -> Spot | None:
        if kind == "segment":
            return Spot(*operation.about["where"][number])
        if kind == "mark" and int(number) in self._marks:
            anchor = self._marks[int(number)].anchor
            return Spot(anchor.video_id, anchor.time_ms, None, anchor.bbox_xyxy)
        row = after.get("row") or before.get("row")
        if kind == "member" and row:
            x1, y1, x2, y2 = row[2]
            return Spot(number.rpartition(":")[0], row[1], None, (x1, y1, x2, y2))
        return None

    def _about(self, kind: str, number: str, name: str) -> tuple[str, int | None]:
        """The field as it is told, and whom it is about."""
        if name.startswith(PERSON):
            return "person", int(name.removeprefix(PERSON))
        mark: Mark | None = self._marks.get(int(number)) if kind == "mark" else None
        return (mark.kind, mark.person_id) if mark else (name, None)

    def _told(self, operation: OperationRecord, name: str, value: Any) -> str | None:
        if name == "merged_into" and value is not None:
            return self._own_name(operation, str(value))
        return _text(name, value)


def _text(field: str, value: Any) -> str | None:  # noqa: PLR0911 - a case a field
    if value is None:
        return None
    if field == "range":
        return str(TimeRange(*value))
    if field.startswith("caption_"):
        return str(value[0])
    if field.startswith(PERSON):
        return "there" if value[0] else "not there"
    if field == "name":
        return "/".join(part for part in value if part)
    if field == "row":
        return f"cluster {value[0]}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "yes" if value is True else str(value)

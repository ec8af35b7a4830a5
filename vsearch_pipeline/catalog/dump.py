"""Numbers and whole tables as they are: what import and backup need to make a library again exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, Literal, cast, get_args

from sqlalchemy import ARRAY, Column, Connection, Select, Table, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from vsearch_pipeline.catalog.counters import take_numbers
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.models import (
    Base,
    Counter,
    FaceMark,
    ImportedRecord,
    KeptSearch,
    Operation,
    OperationSubject,
    Person,
    Producer,
    Segment,
    SegmentPerson,
    Video,
)
from vsearch_pipeline.errors import InputError

Kept = Literal[
    "producers",
    "videos",
    "people",
    "segments",
    "segment_people",
    "imported_records",
    "operations",
    "operation_subjects",
    "face_marks",
    "searches",
]
"""Tables of a backup, each after those it refers to."""
KEPT: Final[tuple[Kept, ...]] = get_args(Kept)
_TABLES: Final[Mapping[Kept, type[Base]]] = {
    "producers": Producer,
    "videos": Video,
    "people": Person,
    "segments": Segment,
    "segment_people": SegmentPerson,
    "imported_records": ImportedRecord,
    "operations": Operation,
    "operation_subjects": OperationSubject,
    "face_marks": FaceMark,
    "searches": KeptSearch,
}
_DERIVED: Final = ("search", "words", "people")
"""Columns of segments that are made of the others."""
_NUMBERED: Final[tuple[Kept, ...]] = ("producers", "people", "operations", "face_marks", "searches")
_COUNTED: Final = ("segment", "face group", "cluster")
"""Counters of numbers that people's work speaks of; others are bookkeeping."""
_READ_AT_ONCE: Final = 1000

Row = dict[str, Any]


@contextmanager
def snapshot(catalog: Catalog) -> Iterator[Connection]:
    """For reading much that belongs together: every statement sees the same state."""
    opened = catalog.engine.connect().execution_options(isolation_level="REPEATABLE READ")
    with opened as connection, connection.begin():
        yield connection


def claim_segment_numbers(connection: Connection, wanted: Sequence[int]) -> list[int]:
    """Numbers for new segments: those wanted that no segment has and no history speaks of, else new ones."""
    if not wanted:
        return []
    statement = insert(Counter).values(name="segment", value=0)
    # holding the counter's row keeps others from taking numbers meanwhile
    connection.execute(
        statement.on_conflict_do_update(index_elements=[Counter.name], set_={"value": Counter.value})
    )
    used = set(connection.execute(_USED, {"ids": list(wanted), "names": [str(i) for i in wanted]}).scalars())
    free = [number for number in wanted if number not in used]
    connection.execute(
        text("update counters set value = greatest(value, :last) where name = 'segment'"),
        {"last": max(free, default=0)},
    )
    lacking = len(wanted) - len(free)
    new = iter(take_numbers(connection, "segment", lacking) if lacking else ())
    return [next(new) if number in used else number for number in wanted]


_USED = text(
    "select id from segments where id = any(cast(:ids as bigint[]))"
    " union select cast(subject as bigint) from operation_subjects"
    " where kind = 'segment' and subject = any(cast(:names as text[]))"
)


# --- reading ----------------------------------------------------------------------------------------------------


def dump_rows(connection: Connection, table: Kept) -> Iterator[Row]:
    """All rows of a table in a fixed order, as JSON holds them; of producers those that are referred to, of
    searches those that were saved."""
    rows = connection.execution_options(yield_per=_READ_AT_ONCE).execute(_selected(table))
    for row in rows:
        yield {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in row._mapping.items()
        }


def _selected(table: Kept) -> Select[Any]:
    columns = _columns(table)
    statement = select(*columns.values()).order_by(*(c for c in columns.values() if c.primary_key))
    if table == "searches":
        return statement.where(KeptSearch.name.is_not(None))
    if table == "producers":
        return statement.where(
            Producer.id.in_(select(Segment.producer_id).union(select(ImportedRecord.producer_id)))
        )
    return statement


def _columns(table: Kept) -> dict[str, Column[Any]]:
    left_out = _DERIVED if table == "segments" else ()
    columns = cast("Table", _TABLES[table].__table__).columns
    return {c.name: c for c in columns if c.computed is None and c.name not in left_out}


def dump_numbers(connection: Connection) -> dict[str, dict[str, int]]:
    """How far numbers were handed out: `counters` by name, and the next one of each of the `sequences`."""
    counted = select(Counter.name, Counter.value).where(Counter.name.in_(_COUNTED)).order_by(Counter.name)
    counters = connection.execute(counted).tuples().all()
    following = {}
    for table in _NUMBERED:
        name = connection.execute(select(func.pg_get_serial_sequence(table, "id"))).scalar_one()
        statement = text(f"select last_value + cast(is_called as int) from {name}")  # noqa: S608 - a name of ours
        following[str(table)] = int(connection.execute(statement).scalar_one())
    return {"counters": dict(counters), "sequences": following}


def is_empty(connection: Connection) -> bool:
    """Whether there is nothing that people, or imports, have put there."""
    tables: tuple[Kept, ...] = ("videos", "people", "operations", "searches")
    return not any(connection.execute(_selected(table).limit(1)).first() for table in tables)


# --- writing ----------------------------------------------------------------------------------------------------


def typed_rows(table: Kept, rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Rows of JSON as this version stores them: by name, without columns that it does not know.

    Raises:
        InputError: a row lacks what it cannot be without, or has a value of another type.
    """
    columns = _columns(table)
    needed = {
        name for name, c in columns.items() if not c.nullable and c.server_default is None and not _is_numbered(c)
    }
    typed = []
    for number, row in enumerate(rows, 1):
        try:
            lacking = needed - {name for name in row if row[name] is not None}
            if lacking:
                raise ValueError(f"it has no {', '.join(sorted(lacking))}")
            typed.append({name: _typed(columns[name], row[name]) for name in row if name in columns})
        except (ValueError, TypeError) as error:
            raise InputError(f"{table}, row {number}: {error}.") from error
    return typed


def _is_numbered(column: Column[Any]) -> bool:
    return column.autoincrement is True


def _typed(column: Column[Any], value: Any) -> Any:
    if value is None and column.nullable:
        return None
    if isinstance(column.type, ARRAY):
        kinds: tuple[type, ...] = (list,)
    elif isinstance(column.type, JSONB):
        kinds = (dict, list)
    elif column.type.python_type is datetime:
        return datetime.fromisoformat(value)
    elif column.type.python_type is float:
        kinds = (float, int)
    else:
        kinds = (column.type.python_type,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise ValueError(f"{column.name} is {value!r}")
    return value


def load_rows(connection: Connection, table: Kept, rows: Sequence[Row]) -> None:
    """Insert rows as they are; what they lack gets its default."""
    model = _TABLES[table]
    by_columns: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    later = []
    for row in rows:
        written = row
        if table == "people" and row.get("merged_into") is not None:  # who it is may come after
            later.append({"who": row["id"], "into": row["merged_into"]})
            written = {**row, "merged_into": None}
        by_columns[tuple(written)].append(written)
    for same in by_columns.values():
        connection.execute(insert(model), same)
    if later:
        merged = update(Person).where(Person.id == bindparam("who")).values(merged_into=bindparam("into"))
        connection.execute(merged, later)


def load_numbers(connection: Connection, counters: Mapping[str, int], sequences: Mapping[str, int]) -> None:
    """Go on with numbers where the other library was, and never below what is there."""
    statement = insert(Counter)
    for name, value in counters.items():
        connection.execute(
            statement.values(name=name, value=value).on_conflict_do_update(
                index_elements=[Counter.name],
                set_={"value": func.greatest(Counter.value, statement.excluded.value)},
            )
        )
    for table in _NUMBERED:
        key = _TABLES[table].__table__.c.id
        least = connection.execute(select(func.coalesce(func.max(key), 0) + 1)).scalar_one()
        following = max(least, sequences.get(table, 1))
        connection.execute(select(func.setval(func.pg_get_serial_sequence(table, "id"), following, False)))


def keep_searches(connection: Connection, rows: Sequence[Row]) -> int:
    """Add saved searches that are not there; returns how many."""
    added = 0
    for row in rows:
        statement = insert(KeptSearch).values({name: value for name, value in row.items() if name != "id"})
        saved = statement.on_conflict_do_update(
            index_elements=[KeptSearch.actor, KeptSearch.text],
            set_={"name": statement.excluded.name},
            where=KeptSearch.name.is_(None),
        )
        added += len(connection.execute(saved.returning(KeptSearch.id)).all())
    return added


def add_past_operations(connection: Connection, rows: Sequence[Row]) -> list[int]:
    """Append what was done in another library, under new numbers; returns these."""
    written = [{name: value for name, value in row.items() if name not in ("id", "reverts")} for row in rows]
    if not written:
        return []
    made = insert(Operation).returning(Operation.id, sort_by_parameter_order=True)
    return list(connection.execute(made, written).scalars())


def known_operations(connection: Connection) -> set[tuple[datetime, str, str]]:
    """When, by whom and what: enough to know an operation of another library again."""
    return set(connection.execute(select(Operation.at, Operation.actor, Operation.kind)).tuples().all())


def marks_of(connection: Connection, videos: Collection[str]) -> list[Row]:
    """All marks on faces of these videos, those that were taken back too."""
    rows = connection.execute(select(*FaceMark.__table__.c).where(FaceMark.video_id.in_(videos)))
    return [dict(row._mapping) for row in rows]


def people_rows(connection: Connection) -> dict[int, Row]:
    """Everybody, merged ones too, by id."""
    return {row.id: dict(row._mapping) for row in connection.execute(select(*Person.__table__.c))}

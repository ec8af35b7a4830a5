"""Everything that the catalogue holds, in a form in which libraries that went through the same can be compared.

What tells of a run rather than of its result is left out (run ids, times, seconds), and numbers that depend on who
came first are replaced by what they stand for: a person's name, a segment's video and range, a word's spelling.
So a library that lived through crashes is `same` as one that did not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Column, Connection, Table, select, text

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.models import Base

BOOKKEEPING = frozenset(
    {"producers", "counters", "stage_progress", "requests", "alerts", "classifiers", "searches"}
    | {"slack_files", "slack_deliveries", "watched_moments", "paid_answers", "paid_days"}
)
"""Tables that tell of runs and of doors. Every other table is dumped, one that a later release adds as well."""
PASSING = frozenset({"run_id", "seconds", "source"})
"""Columns that differ from run to run; so do those that hold a moment."""
DROPPED = {
    "words": {"id", "segments"},  # `segments` is as of the last count
    "face_marks": {"id"},
    "reference_faces": {"id"},
    "watches": {"id"},
    "text_models": {"id"},
    "people": {"id"},
    "segments": {"id"},
    "operations": {"id"},
}
VECTORS = ("embedding", "augmented")
_FLOAT_DIGITS = 5


@dataclass(frozen=True)
class Dump:
    """Rows by table, sorted, and vectors by what they belong to: the last bit of these depends on the batch."""

    rows: Mapping[str, Sequence[str]]
    vectors: Mapping[str, np.ndarray] = field(default_factory=dict)

    def differences(self, other: Dump, *, most: int = 20) -> list[str]:
        """What `other` has otherwise, a line each; nothing where both are the same."""
        told = []
        for table in sorted({*self.rows, *other.rows}):
            mine, others = list(self.rows.get(table, ())), list(other.rows.get(table, ()))
            told += [f"{table}: only here {row}" for row in _without(mine, others)]
            told += [f"{table}: only there {row}" for row in _without(others, mine)]
        for key in sorted({*self.vectors, *other.vectors}):
            here, there = self.vectors.get(key), other.vectors.get(key)
            if here is None or there is None:
                told.append(f"vector of {key}: only {'there' if here is None else 'here'}")
            elif here.shape != there.shape or not np.allclose(here, there, atol=2e-3):
                told.append(f"vector of {key} differs")
        return told[:most]


def assert_same(before: Dump, after: Dump) -> None:
    """Fail with what differs."""
    differences = before.differences(after)
    assert not differences, "\n".join(differences)


def dump_of(catalog: Catalog) -> Dump:
    """`dump` of an open library."""
    with catalog.begin() as connection:
        return dump(connection)


def dump(connection: Connection, *, without: Sequence[str] = ()) -> Dump:
    """Everything that says something about a video, a person, or what people did.

    Args:
        without: further tables to leave out.
    """
    names = _Names(connection)
    rows: dict[str, list[str]] = {}
    vectors: dict[str, np.ndarray] = {}
    for table in Base.metadata.sorted_tables:
        if table.name in BOOKKEEPING or table.name in without:
            continue
        kept = [c for c in table.columns if c.name not in PASSING | DROPPED.get(table.name, set())]
        found = []
        for row in connection.execute(select(table)):
            values = {c.name: names.told(table, c, row._mapping[c]) for c in kept}
            if table.name == "operation_subjects":
                values["subject"] = names.subject(row.kind, row.subject)
            vector, _ = (values.pop(name, None) for name in VECTORS)
            if vector is not None:
                key = {n: v for n, v in values.items() if n not in ("text_sha256", "words", "segments")}
                vectors[f"{table.name} {_text(key)}"] = vector
            if table.name == "words" and row.word not in names.used_words:
                continue
            found.append(_text(values))
        rows[table.name] = sorted(found)
    return Dump(rows, vectors)


def _without(rows: Sequence[str], others: Sequence[str]) -> list[str]:
    left = list(others)
    only = []
    for row in rows:
        if row in left:
            left.remove(row)
        else:
            only.append(row)
    return only


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


class _Names:
    """What the numbers of a library stand for."""

    def __init__(self, connection: Connection) -> None:
        def table(statement: str) -> dict[int, Any]:
            return {row[0]: tuple(row[1:]) for row in connection.execute(text(statement))}

        self.producers = {
            n: f"{stage} {model} {version} {_text(settings)}"
            for n, (stage, model, version, settings) in table(
                "select id, stage, model, version, settings from producers"
            ).items()
        }
        self.people = {
            n: f"{group or ''}/{name}"
            for n, (group, name) in table("select id, group_name, name from people").items()
        }
        self.words = {n: word for n, (word,) in table("select id, word from words").items()}
        self.segments: dict[int, str] = {}
        taken: dict[str, int] = {}
        for n, (video, start, end) in table(
            "select id, video_id, start_ms, end_ms from segments"
            " order by video_id, start_ms, end_ms, auto_caption_en, human_caption_en, id"
        ).items():
            name = f"{video} {start}-{end}"
            taken[name] = taken.get(name, 0) + 1
            self.segments[n] = f"{name} #{taken[name]}"
        self.marks = {
            n: f"{video} {time} {box} {kind} {self.people.get(person, person)}"
            for n, (video, time, box, kind, person) in table(
                "select id, video_id, time_ms, bbox_xyxy, kind, person_id from face_marks"
            ).items()
        }
        self.groups: dict[int, str] = {}
        for group, mark in connection.execute(
            text("select group_id, id from face_marks where group_id is not null")
        ):
            self.groups[group] = min(self.groups.get(group, "~"), self.marks[mark])
        self.clusters: dict[int, str] = {}
        for cluster, (member,) in connection.execute(
            text("select cluster, array[min(video_id || ':' || track_index)] from unknown_people group by cluster")
        ):
            self.clusters[cluster] = member
        self.used_words = {
            self.words[n]
            for (n,) in connection.execute(text("select distinct unnest(words) from segments"))
            if n in self.words
        }
        self.operations: dict[int, str] = {0: ""}
        for n, (actor, door, kind, before, after, about, reverts) in table(
            "select id, actor, door, kind, before, after, about, reverts from operations order by id"
        ).items():
            told = [actor, door, kind, *map(self.fields, (before, after, about)), self.operations.get(reverts)]
            self.operations[n] = kind + " " + hashlib.sha256(_text(told).encode()).hexdigest()[:12]
        self._by_column: dict[str, Callable[[Any], Any]] = {
            "producer_id": self.producers.get,
            "segment_id": self.segments.get,
            "word_id": self.words.get,
            "operation_id": self.operations.get,
            "revoked_by": self.operations.get,
            "reverts": self.operations.get,
            "version": lambda n: self.operations.get(n, n) if isinstance(n, int) else n,
            "group_id": self.groups.get,
            "cluster": self.clusters.get,
            "words": self._words,
        }

    def told(self, table: Table, column: Column[Any], value: Any) -> Any:  # noqa: PLR0911 - one a kind of column
        """A value by what it stands for."""
        name = column.name
        if value is None:
            return None
        if name in VECTORS:
            return np.asarray(value.to_list() if hasattr(value, "to_list") else value, dtype=np.float32)
        if hasattr(value, "isoformat"):
            return True  # that it happened, not when
        if name == "words" and table.name not in ("segments", "passages"):
            return value
        if table.name == "segments" and name == "people":
            return sorted(self.people.get(n, str(n)) for n in value)
        if table.name == "captions" and name == "people":
            return [self.people.get(n, str(n)) for n in value]
        if name.endswith("person_id") or name in ("runner_up_id", "merged_into"):
            return self.people.get(value, value)
        if name in self._by_column:
            return self._by_column[name](value)
        return self.fields(value)

    def _words(self, numbers: Sequence[int]) -> list[str]:
        return sorted(self.words.get(n, str(n)) for n in numbers)

    def subject(self, kind: str, value: str) -> str:
        """What an operation is about."""
        named = {"segment": self.segments, "person": self.people}.get(kind, {})
        return named.get(int(value), value) if value.isdigit() else value

    def fields(self, value: Any, kind: str = "") -> Any:
        """Fields of the human layer by what their numbers stand for."""
        if isinstance(value, float):
            return round(value, _FLOAT_DIGITS)
        if isinstance(value, list | tuple):
            return [self.fields(each, kind) for each in value]
        if not isinstance(value, dict):
            return value
        told = {}
        for key, each in value.items():
            if key == "source":
                continue
            within = key if key in ("segment", "person", "mark", "where") else ""
            name = key
            if kind in ("segment", "where") and key.isdigit():
                name = self.segments.get(int(key), key)
            elif kind == "person" and key.isdigit():
                name = self.people.get(int(key), key)
            elif kind == "mark" and key.isdigit():
                name = self.marks.get(int(key), key)
            elif key.startswith("person:"):
                name = "person:" + str(self.people.get(int(key.removeprefix("person:")), key))
            is_person = key in ("person", "merged_into") and isinstance(each, int)
            told[name] = self.people.get(each, each) if is_person else self.fields(each, within)
        return told

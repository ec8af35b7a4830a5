"""Rows of segments: reading both layers, writing the automatic one, and their search rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Select,
    any_,
    bindparam,
    delete,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.counters import take_numbers
from vsearch_pipeline.catalog.library import Called
from vsearch_pipeline.catalog.models import Segment, SegmentEmbedding, SegmentPerson
from vsearch_pipeline.timeline import TimeRange


@dataclass(frozen=True, slots=True)
class PersonOnScreen(Called):
    """A person a segment shows, with the model's confidence, or None where a person said so."""

    id: int
    name: str
    group: str | None
    aliases: tuple[str, ...]
    confidence: float | None
    display: str | None = None


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """A segment with its effective values; `people` are the ones present after the human layer."""

    id: int
    video_id: str
    span: TimeRange
    caption_en: str | None
    caption_ko: str | None
    objects: Mapping[str, int]
    speech: str | None
    people: tuple[PersonOnScreen, ...]
    touched: bool  # by a person: its range and human values stand
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class AutoFields:
    """What the models say about a range."""

    caption_en: str | None
    caption_ko: str | None
    objects: Mapping[str, int] = field(default_factory=dict)
    speech: str | None = None
    people: Mapping[int, float] = field(default_factory=dict)  # person id -> confidence


_SEARCHED = ("search", "words", "people")
"""Columns that only the indexes need."""


@cache
def _segments(*, by_video: bool, by_id: bool, deleted: bool) -> Select[Any]:
    """Made once for each kind of question: putting a statement together takes longer than asking it."""
    table = Segment.__table__.c
    columns = [column for column in table if column.name not in _SEARCHED]
    statement = select(*columns).order_by(table.video_id, table.start_ms, table.id)
    if by_video:
        statement = statement.where(table.video_id == bindparam("video"))
    if by_id:
        statement = statement.where(table.id == any_(bindparam("ids", type_=ARRAY(BigInteger))))
    if not deleted:
        statement = statement.where(table.deleted_at.is_(None))
    return statement


def read_segments(
    connection: Connection, *, video_id: str | None = None, ids: Sequence[int] | None = None, deleted: bool = False
) -> list[SegmentRecord]:
    """Segments of a video, or of the given ids, in time order; `deleted` includes the ones a person removed."""
    statement = _segments(by_video=video_id is not None, by_id=ids is not None, deleted=deleted)
    rows = connection.execute(statement, {"video": video_id, "ids": list(ids or ())}).all()
    present, judged = _people(connection, [row.id for row in rows])
    return [
        SegmentRecord(
            id=row.id,
            video_id=row.video_id,
            span=TimeRange(row.start_ms, row.end_ms),
            caption_en=row.caption_en,
            caption_ko=row.caption_ko,
            objects=row.auto_objects or {},
            speech=row.auto_speech,
            people=tuple(present.get(row.id, ())),
            touched=row.human_range
            or row.human_caption_en is not None
            or row.human_caption_ko is not None
            or row.deleted_at is not None
            or row.id in judged,
            deleted_at=row.deleted_at,
        )
        for row in rows
    ]


_ON_SCREEN: Final = text(
    """
    select segment_id, layer, present, confidence, person.id, person.name, person.group_name, person.aliases,
        person.display
    from segment_people
    join people named on named.id = person_id
    join people person on person.id = coalesce(named.merged_into, named.id)
    where segment_id = any(cast(:ids as bigint[]))
    order by segment_id, person.id, layer, present, named.id
    """
)
"""The human layer comes last, and in it who is there."""


def _people(connection: Connection, ids: Sequence[int]) -> tuple[dict[int, list[PersonOnScreen]], set[int]]:
    """People present by segment (merged ones as one), and the segments where a person judged who is there."""
    effective: dict[int, dict[int, PersonOnScreen | None]] = {}
    judged = set()
    for row in connection.execute(_ON_SCREEN, {"ids": list(ids)}):
        if row.layer == "human":
            judged.add(row.segment_id)
        person = PersonOnScreen(row.id, row.name, row.group_name, tuple(row.aliases), row.confidence, row.display)
        effective.setdefault(row.segment_id, {})[row.id] = person if row.present else None
    present = {
        segment: sorted((p for p in people.values() if p), key=lambda p: (-(p.confidence or 1.0), p.name))
        for segment, people in effective.items()
    }
    return present, judged


def segments_of_people(connection: Connection, people: Sequence[int]) -> list[int]:
    """Ids of the segments of which either layer says something about any of these people."""
    statement = select(SegmentPerson.segment_id).where(SegmentPerson.person_id.in_(people)).distinct()
    return list(connection.execute(statement.order_by(SegmentPerson.segment_id)).scalars())


def human_captions(connection: Connection) -> list[tuple[str, TimeRange, str]]:
    """English captions that people wrote: video, range and text, in order of time."""
    table = Segment.__table__.c
    rows = connection.execute(
        select(table.video_id, table.start_ms, table.end_ms, table.human_caption_en)
        .where(table.human_caption_en.is_not(None), table.deleted_at.is_(None))
        .order_by(table.video_id, table.start_ms, table.id)
    )
    return [(row.video_id, TimeRange(row.start_ms, row.end_ms), row.human_caption_en) for row in rows]


def insert_segments(
    connection: Connection, video_id: str, producer: int, drafts: Sequence[tuple[TimeRange, AutoFields]]
) -> list[int]:
    """New segments with automatic fields; returns their ids in order."""
    if not drafts:
        return []
    ids = list(take_numbers(connection, "segment", len(drafts)))
    connection.execute(
        insert(Segment),
        [
            {
                "id": segment_id,
                "video_id": video_id,
                "start_ms": span.start_ms,
                "end_ms": span.end_ms,
                "producer_id": producer,
                **_auto_columns(auto),
            }
            for segment_id, (span, auto) in zip(ids, drafts, strict=True)
        ],
    )
    _write_auto_people(connection, dict(zip(ids, (auto for _, auto in drafts), strict=True)))
    return ids


def update_auto_fields(connection: Connection, producer: int, fields: Mapping[int, AutoFields]) -> None:
    """Refresh the automatic layer of existing segments; human columns are not named here at all."""
    if not fields:
        return
    connection.execute(
        update(Segment)
        .where(Segment.id == bindparam("segment_id"))
        .values({name: bindparam(name) for name in ("producer_id", *_auto_columns(AutoFields(None, None)))}),
        [
            {"segment_id": segment_id, "producer_id": producer, **_auto_columns(auto)}
            for segment_id, auto in fields.items()
        ],
    )
    connection.execute(
        delete(SegmentPerson).where(SegmentPerson.segment_id.in_(list(fields)), SegmentPerson.layer == "auto")
    )
    _write_auto_people(connection, fields)


def delete_untouched(connection: Connection, ids: Sequence[int]) -> None:
    """Drop segments that only models made."""
    if ids:
        connection.execute(delete(Segment).where(Segment.id.in_(ids)))


def _auto_columns(auto: AutoFields) -> dict[str, Any]:
    return {
        "auto_caption_en": auto.caption_en,
        "auto_caption_ko": auto.caption_ko,
        "auto_objects": dict(auto.objects),
        "auto_speech": auto.speech,
    }


def _write_auto_people(connection: Connection, fields: Mapping[int, AutoFields]) -> None:
    rows = [
        {"segment_id": segment_id, "person_id": person_id, "layer": "auto", "confidence": confidence}
        for segment_id, auto in fields.items()
        for person_id, confidence in auto.people.items()
    ]
    if rows:
        connection.execute(insert(SegmentPerson), rows)


# --- search rows ------------------------------------------------------------------------------------------------

OBJECT: Final = "object="
"""Stands before a label in the search row, so that a filter by object is one lexeme."""


@dataclass(frozen=True, slots=True)
class SearchRow:
    """What the indexes hold of a segment.

    Attributes:
        lexemes: tokens of its texts and names, and its objects as `OBJECT` + label.
        words: ids of the words of its texts (`catalog/vocabulary.py`).
        people: ids of who is there, people over models.
    """

    lexemes: tuple[str, ...]
    words: tuple[int, ...]
    people: tuple[int, ...]


def write_search(connection: Connection, rows: Mapping[int, SearchRow]) -> None:
    """Set the search rows of segments, by id."""
    if not rows:
        return
    connection.execute(
        text(
            "update segments set search = array_to_tsvector(cast(:lexemes as text[])),"
            " words = cast(:words as int[]), people = cast(:people as int[]) where id = :id"
        ),
        [
            {
                "id": segment_id,
                "lexemes": list(row.lexemes),
                "words": list(row.words),
                "people": list(row.people),
            }
            for segment_id, row in sorted(rows.items())
        ],
    )


Part = Literal["en", "ko", "speech"]


def embedded_texts(connection: Connection, video_id: str, model: str) -> dict[tuple[int, Part], str]:
    """SHA-256 of the text behind each embedding of a video's segments."""
    rows = connection.execute(
        select(SegmentEmbedding.segment_id, SegmentEmbedding.part, SegmentEmbedding.text_sha256)
        .join(Segment, Segment.id == SegmentEmbedding.segment_id)
        .where(Segment.video_id == video_id, SegmentEmbedding.model == model)
    )
    return {(row.segment_id, row.part): row.text_sha256 for row in rows}


def write_embeddings(
    connection: Connection, model: str, rows: Sequence[tuple[int, Part, str, Sequence[float]]]
) -> None:
    """Set embeddings given as `(segment id, part, text SHA-256, vector)`."""
    if not rows:
        return
    statement = insert(SegmentEmbedding)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[SegmentEmbedding.segment_id, SegmentEmbedding.model, SegmentEmbedding.part],
            set_={
                "text_sha256": statement.excluded.text_sha256,
                "embedding": statement.excluded.embedding,
            },
        ),
        [
            {
                "segment_id": segment_id,
                "model": model,
                "part": part,
                "text_sha256": sha256,
                "embedding": list(vector),
            }
            for segment_id, part, sha256, vector in rows
        ],
    )


def delete_embeddings(connection: Connection, model: str, keys: Sequence[tuple[int, Part]]) -> None:
    """Drop the embeddings of texts that are gone."""
    if keys:
        connection.execute(
            delete(SegmentEmbedding).where(
                SegmentEmbedding.model == model,
                tuple_(SegmentEmbedding.segment_id, SegmentEmbedding.part).in_(keys),
            )
        )

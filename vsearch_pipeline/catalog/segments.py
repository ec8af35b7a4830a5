"""Rows of segments: reading both layers, writing the automatic one, and their search rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal, get_args

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Select,
    any_,
    bindparam,
    delete,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.counters import take_numbers
from vsearch_pipeline.catalog.library import Called
from vsearch_pipeline.catalog.models import Person, Segment, SegmentEmbedding, SegmentPerson
from vsearch_pipeline.timeline import TimeRange

Language = Literal["en", "ko"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


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
class Place:
    """Where a segment stands among the others of its video.

    Attributes:
        span: what people see of it.
        origin: the range of the models' that it stands for; None for a further part of one, or for a range of a
            person's own.
        covered: whether a person's segments leave nothing of its origin to be seen; `span` is then the origin.
    """

    span: TimeRange
    origin: TimeRange | None
    covered: bool = False


@dataclass(frozen=True, slots=True)
class Layers:
    """The two layers of a segment, apart.

    Attributes:
        auto_en, auto_ko, human_en, human_ko: captions.
        seen_en, seen_ko: what the models said when a person wrote.
        auto_people: ids and confidences.
        said: what people said of who is there, by id.
    """

    auto_en: str | None = None
    auto_ko: str | None = None
    human_en: str | None = None
    human_ko: str | None = None
    seen_en: str | None = None
    seen_ko: str | None = None
    auto_people: Mapping[int, float | None] = field(default_factory=dict)
    said: Mapping[int, Said] = field(default_factory=dict)

    def auto(self, language: Language) -> str | None:
        return self.auto_en if language == "en" else self.auto_ko

    def human(self, language: Language) -> str | None:
        return self.human_en if language == "en" else self.human_ko


@dataclass(frozen=True, slots=True)
class Said:
    """Whether somebody is there, as a person said, and whether the models had them when it was said."""

    present: bool
    seen: bool


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
    version: int = 0
    origin: TimeRange | None = None
    covered: bool = False
    created: bool = False
    human_range: bool = False
    locked: bool = False
    layers: Layers = field(default_factory=Layers)

    def caption(self, language: Language) -> str | None:
        return self.caption_en if language == "en" else self.caption_ko

    @property
    def shown(self) -> bool:
        return self.deleted_at is None and not self.covered


@dataclass(frozen=True, slots=True)
class AutoFields:
    """What the models say about a range."""

    caption_en: str | None
    caption_ko: str | None
    objects: Mapping[str, int] = field(default_factory=dict)
    speech: str | None = None
    people: Mapping[int, float] = field(default_factory=dict)  # person id -> confidence

    def caption(self, language: Language) -> str | None:
        return self.caption_en if language == "en" else self.caption_ko


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
        statement = statement.where(table.shown)
    return statement


def read_segments(
    connection: Connection, *, video_id: str | None = None, ids: Sequence[int] | None = None, deleted: bool = False
) -> list[SegmentRecord]:
    """Segments of a video, or of the given ids, in time order; `deleted` includes the ones a person removed, and
    those that others cover."""
    statement = _segments(by_video=video_id is not None, by_id=ids is not None, deleted=deleted)
    rows = connection.execute(statement, {"video": video_id, "ids": list(ids or ())}).all()
    present, seen, said = _people(connection, [row.id for row in rows])
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
            touched=row.created
            or row.human_range
            or row.locked
            or row.human_caption_en is not None
            or row.human_caption_ko is not None
            or row.deleted_at is not None
            or row.id in said,
            deleted_at=row.deleted_at,
            version=row.version,
            origin=None if row.auto_start_ms is None else TimeRange(row.auto_start_ms, row.auto_end_ms),
            covered=row.covered,
            created=row.created,
            human_range=row.human_range,
            locked=row.locked,
            layers=Layers(
                row.auto_caption_en,
                row.auto_caption_ko,
                row.human_caption_en,
                row.human_caption_ko,
                row.seen_caption_en,
                row.seen_caption_ko,
                seen.get(row.id, {}),
                said.get(row.id, {}),
            ),
        )
        for row in rows
    ]


_ON_SCREEN: Final = text(
    """
    select segment_id, layer, present, seen, confidence, named.id as said_of, person.id, person.name,
        person.group_name, person.aliases, person.display
    from segment_people
    join people named on named.id = person_id
    join people person on person.id = coalesce(named.merged_into, named.id)
    where segment_id = any(cast(:ids as bigint[]))
    order by segment_id, person.id, layer, present, named.id
    """
)
"""The human layer comes last, and in it who is there."""


def _people(
    connection: Connection, ids: Sequence[int]
) -> tuple[dict[int, list[PersonOnScreen]], dict[int, dict[int, float | None]], dict[int, dict[int, Said]]]:
    """By segment: the people present (merged ones as one), those the models have, and what people said of who is
    there; the last two by the ids under which it was said."""
    effective: dict[int, dict[int, PersonOnScreen | None]] = {}
    auto: dict[int, dict[int, float | None]] = {}
    said: dict[int, dict[int, Said]] = {}
    for row in connection.execute(_ON_SCREEN, {"ids": list(ids)}):
        if row.layer == "human":
            said.setdefault(row.segment_id, {})[row.said_of] = Said(row.present, bool(row.seen))
        else:
            auto.setdefault(row.segment_id, {})[row.said_of] = row.confidence
        person = PersonOnScreen(row.id, row.name, row.group_name, tuple(row.aliases), row.confidence, row.display)
        effective.setdefault(row.segment_id, {})[row.id] = person if row.present else None
    present = {
        segment: sorted((p for p in people.values() if p), key=lambda p: (-(p.confidence or 1.0), p.name))
        for segment, people in effective.items()
    }
    return present, auto, said


def segments_of_people(connection: Connection, people: Sequence[int]) -> list[int]:
    """Ids of the segments of which either layer says something about any of these people, or about somebody who
    was merged into them."""
    them = select(Person.id).where(or_(Person.id.in_(people), Person.merged_into.in_(people)))
    statement = select(SegmentPerson.segment_id).where(SegmentPerson.person_id.in_(them)).distinct()
    return list(connection.execute(statement.order_by(SegmentPerson.segment_id)).scalars())


def human_captions(connection: Connection) -> list[tuple[str, TimeRange, str]]:
    """English captions that people wrote: video, range and text, in order of time."""
    table = Segment.__table__.c
    rows = connection.execute(
        select(table.video_id, table.start_ms, table.end_ms, table.human_caption_en)
        .where(table.human_caption_en.is_not(None), table.shown)
        .order_by(table.video_id, table.start_ms, table.id)
    )
    return [(row.video_id, TimeRange(row.start_ms, row.end_ms), row.human_caption_en) for row in rows]


@dataclass(frozen=True, slots=True)
class PlacedSegment:
    """What the others of a video must know of a segment; `owned` is `SegmentRecord.touched`."""

    id: int
    place: Place
    owned: bool
    deleted: bool
    version: int


_OF_VIDEO: Final = "video_id = :video"
_PLACED: Final = f"""
    select id, video_id, start_ms, end_ms, auto_start_ms, auto_end_ms, covered, version,
        deleted_at is not null as deleted,
        created or human_range or locked or deleted_at is not null or human_caption_en is not null
        or human_caption_ko is not null or exists (
            select from segment_people where segment_id = segments.id and layer = 'human'
        ) as owned
    from segments where {_OF_VIDEO}
"""  # noqa: S608 - no value in it


def read_places(
    connection: Connection, video_id: str, *, around: TimeRange | None = None
) -> dict[int, PlacedSegment]:
    """Places of all segments of a video, or of those with their span or origin in a range, by id."""
    statement = _PLACED
    values: dict[str, Any] = {"video": video_id}
    if around is not None:
        statement += (
            " and ((start_ms < :end and end_ms > :start) or (auto_start_ms < :end and auto_end_ms > :start))"
        )
        values |= {"start": around.start_ms, "end": around.end_ms}
    return {row.id: _placed(row) for row in connection.execute(text(statement + " order by id"), values)}


def _placed(row: Any) -> PlacedSegment:
    origin = None if row.auto_start_ms is None else TimeRange(row.auto_start_ms, row.auto_end_ms)
    place = Place(TimeRange(row.start_ms, row.end_ms), origin, row.covered)
    return PlacedSegment(row.id, place, row.owned, row.deleted, row.version)


def read_places_of(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, PlacedSegment]]:
    """The same of these segments, with the video of each."""
    rows = connection.execute(
        text(_PLACED.replace(_OF_VIDEO, "id = any(cast(:ids as bigint[]))")), {"ids": list(ids)}
    )
    return {row.id: (row.video_id, _placed(row)) for row in rows}


def videos_of_segments(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """The video of each segment that is there."""
    rows = connection.execute(
        text("select id, video_id from segments where id = any(cast(:ids as bigint[]))"), {"ids": list(ids)}
    )
    return dict(rows.tuples().all())


def write_places(connection: Connection, places: Mapping[int, Place]) -> None:
    """Move segments that are there, by id."""
    if places:
        connection.execute(
            update(Segment)
            .where(Segment.id == bindparam("segment_id"))
            .values({name: bindparam(name) for name in _place_columns(Place(TimeRange(0, 1), None))}),
            [{"segment_id": number, **_place_columns(place)} for number, place in sorted(places.items())],
        )


def _place_columns(place: Place) -> dict[str, Any]:
    return {
        "start_ms": place.span.start_ms,
        "end_ms": place.span.end_ms,
        "auto_start_ms": place.origin.start_ms if place.origin else None,
        "auto_end_ms": place.origin.end_ms if place.origin else None,
        "covered": place.covered,
    }


def write_versions(connection: Connection, ids: Sequence[int], version: int) -> None:
    if ids:
        connection.execute(update(Segment).where(Segment.id.in_(ids)).values(version=version))


def insert_segments(
    connection: Connection,
    video_id: str,
    producer: int,
    drafts: Sequence[tuple[Place, AutoFields]],
    *,
    ids: Sequence[int] | None = None,
) -> list[int]:
    """New segments with automatic fields; returns their ids in order, new numbers unless they are given."""
    if not drafts:
        return []
    numbers = list(ids) if ids is not None else list(take_numbers(connection, "segment", len(drafts)))
    connection.execute(
        insert(Segment),
        [
            {
                "id": segment_id,
                "video_id": video_id,
                "producer_id": producer,
                **_place_columns(place),
                **_auto_columns(auto),
            }
            for segment_id, (place, auto) in zip(numbers, drafts, strict=True)
        ],
    )
    _write_auto_people(connection, dict(zip(numbers, (auto for _, auto in drafts), strict=True)))
    return numbers


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


def embedded_texts(connection: Connection, ids: Sequence[int], model: str) -> dict[tuple[int, Part], str]:
    """SHA-256 of the text behind each embedding of these segments."""
    rows = connection.execute(
        text(
            "select segment_id, part, text_sha256 from segment_embeddings"
            " where segment_id = any(cast(:ids as bigint[])) and model = :model"
        ),
        {"ids": list(ids), "model": model},
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
        is_one = tuple_(SegmentEmbedding.segment_id, SegmentEmbedding.part).in_(keys)
        connection.execute(delete(SegmentEmbedding).where(SegmentEmbedding.model == model, is_one))


def drop_other_models(connection: Connection, model: str, keys: Sequence[tuple[int, Part]]) -> None:
    """Drop what models other than this one made of texts that have changed: it is made anew before one of them
    answers (`search/changing.py`)."""
    if keys:
        is_one = tuple_(SegmentEmbedding.segment_id, SegmentEmbedding.part).in_(keys)
        connection.execute(delete(SegmentEmbedding).where(SegmentEmbedding.model != model, is_one))

"""Which text model search answers with, and how far another one is on its way to take over.

Vectors of several models lie beside each other. The newest row of `text_models` is the one that answers, in every
process; a change is that one row, written when the new model has all that the old one has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select, text, update

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.graph import SEARCHABLE
from vsearch_pipeline.catalog.models import TextModel

_CHANGES: Final = 0x74_65_78_74  # "text"
_BATCH: Final = 5000
"""Rows that are dropped in a transaction, so that nobody waits for long."""


@dataclass(frozen=True, slots=True)
class Answering:
    """The model that answers; `source` is what `load_sentence_embedder` finds it by."""

    model: str
    source: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the texts that can be found through one model another one has."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class StoredModel:
    """What the library keeps of a model: vectors of segments' texts, of words, of passages."""

    model: str
    texts: int
    words: int
    passages: int


def answering_model(connection: Connection) -> Answering | None:
    """None in a library that nothing was embedded in yet."""
    columns = (TextModel.model, TextModel.source, TextModel.since)
    row = connection.execute(select(*columns).order_by(TextModel.id.desc()).limit(1)).first()
    return None if row is None else Answering(*row)


def answer_with(connection: Connection, model: str, source: str) -> None:
    """Let a model answer from the end of this transaction on."""
    connection.execute(insert(TextModel).values(model=model, source=source))


def claim(connection: Connection, model: str, source: str) -> Answering | None:
    """The model that answers beside this one, None where it is this one: the first to come answers."""
    found = answering_model(connection)
    if found is None:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _CHANGES})
        found = answering_model(connection)
    if found is None:
        answer_with(connection, model, source)
        return None
    if found.model != model:
        return found
    if found.source != source:  # the same model, found elsewhere now
        newest = select(TextModel.id).order_by(TextModel.id.desc()).limit(1).scalar_subquery()
        connection.execute(update(TextModel).where(TextModel.id == newest).values(source=source))
    return None


_LACKING: Final = """
    from segment_embeddings o join segments s on s.id = o.segment_id and s.shown
    where o.model = :old and not exists (
        select 1 from segment_embeddings n
        where n.segment_id = o.segment_id and n.part = o.part and n.model = :new
    )
"""
"""Vectors of segments that are to be seen which only the old model has."""


def lacking_videos(connection: Connection, old: str, new: str) -> list[str]:
    """Videos with a segment that can be found through the old model and not yet through the new one."""
    rows = connection.execute(text(f"select distinct s.video_id {_LACKING} order by 1"), {"old": old, "new": new})
    return list(rows.scalars())


def owed_videos(connection: Connection, old: str, new: str) -> list[str]:
    """Those of `lacking_videos` that no run has gone through with the new model: their turn is still to come."""
    rows = connection.execute(
        text(
            f"""
            select lacking.video_id from (select distinct s.video_id {_LACKING}) lacking
            where not exists (
                select 1 from stage_runs r join producers p on p.id = r.producer_id
                where r.video_id = lacking.video_id and r.stage = :stage and p.model = :new
            ) order by 1
            """  # noqa: S608 - ours
        ),
        {"old": old, "new": new, "stage": SEARCHABLE},
    )
    return list(rows.scalars())


def lacking_words(connection: Connection, old: str, new: str, limit: int) -> dict[int, str]:
    """Words by number that only the old model has vectors of, at most `limit`."""
    rows = connection.execute(
        text(
            "select w.id, w.word from words w join word_embeddings o on o.word_id = w.id and o.model = :old"
            " where not exists (select 1 from word_embeddings n where n.word_id = w.id and n.model = :new)"
            " order by w.id limit :limit"
        ),
        {"old": old, "new": new, "limit": limit},
    )
    return {row.id: row.word for row in rows}


def coverage(connection: Connection, old: str, new: str) -> Coverage:
    """How far the new model is."""
    total = text(
        "select count(*) from segment_embeddings o join segments s on s.id = o.segment_id and s.shown"
        " where o.model = :old"
    )
    everything = connection.execute(total, {"old": old}).scalar_one()
    lacking = connection.execute(text(f"select count(*) {_LACKING}"), {"old": old, "new": new}).scalar_one()
    return Coverage(everything - lacking, everything)


def stored_models(connection: Connection) -> list[StoredModel]:
    """What is kept of each model, by name."""
    rows = connection.execute(
        text(
            """
            select model, sum(texts) as texts, sum(words) as words, sum(passages) as passages from (
                select model, count(*) as texts, 0 as words, 0 as passages from segment_embeddings group by model
                union all select model, 0, count(*), 0 from word_embeddings group by model
                union all select model, 0, 0, count(*) from passages group by model
            ) kept group by model order by model
            """
        )
    )
    return [StoredModel(row.model, int(row.texts), int(row.words), int(row.passages)) for row in rows]


def drop_vectors(catalog: Catalog, model: str) -> None:
    """Drop everything of a model but its index, a little at a time: search and edits go on meanwhile."""
    keys: Sequence[tuple[str, str]] = (
        ("segment_embeddings", "segment_id, model, part"),
        ("word_embeddings", "word_id, model"),
        ("passages", "video_id, index, model"),
    )
    for table, key in keys:
        some = text(
            f"delete from {table} where ({key}) in"  # noqa: S608 - tables of ours
            f" (select {key} from {table} where model = :model limit :batch)"
        )
        values: dict[str, Any] = {"model": model, "batch": _BATCH}
        while True:
            with catalog.begin() as connection:
                if connection.execute(some, values).rowcount == 0:
                    break

"""The words that segments have: one number each, how many segments have it, and its vector in a model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import VocabularyWord, WordEmbedding

COUNTED: Final = "words.segments"
"""Counter: how many segments there were when words were counted."""
COUNTS: Final = "words.counts"
"""Counter: how often words were counted; another value means other frequencies."""
DRIFT: Final = 0.1
"""Words are counted again when the number of segments has changed by this share."""
_HALF_HEADER: Final = 4
"""Bytes of dimensions and flags before the numbers of a halfvec on the wire."""


@dataclass(frozen=True, slots=True)
class WordRow:
    """A word; `segments` have it; `vector` is (dim,) float32 of length 1, None where it is not embedded yet."""

    id: int
    word: str
    token: str
    segments: int
    vector: npt.NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class VocabularyState:
    """Tells a reader whether what it knows is current."""

    last_id: int
    counts: int
    segments: int


def word_ids(connection: Connection, tokens: Mapping[str, str]) -> dict[str, int]:
    """Numbers of words, given with their tokens; new ones get one.

    Words are inserted in one order everywhere, so that writers of the same words wait and never block each other.
    """
    if not tokens:
        return {}
    known = _known(connection, list(tokens))
    new = sorted(set(tokens) - set(known))
    if new:
        statement = insert(VocabularyWord).on_conflict_do_nothing(index_elements=[VocabularyWord.word])
        connection.execute(statement, [{"word": word, "token": tokens[word]} for word in new])
        known |= _known(connection, new)
    return known


def _known(connection: Connection, words: Sequence[str]) -> dict[str, int]:
    rows = connection.execute(
        text("select word, id from words where word = any(cast(:words as text[]))"), {"words": list(words)}
    )
    return {row.word: row.id for row in rows}


def embedded_words(connection: Connection, model: str, spelt: Collection[str]) -> set[str]:
    """Those of these words that have a vector in a model."""
    if not spelt:
        return set()
    rows = connection.execute(
        text(
            "select word from words join word_embeddings on word_id = id and model = :model"
            " where word = any(cast(:words as text[]))"
        ),
        {"model": model, "words": list(spelt)},
    )
    return set(rows.scalars())


def write_word_embeddings(connection: Connection, model: str, vectors: Mapping[int, Sequence[float]]) -> None:
    if vectors:
        connection.execute(
            insert(WordEmbedding).on_conflict_do_nothing(),
            [
                {"word_id": number, "model": model, "embedding": list(vector)}
                for number, vector in sorted(vectors.items())
            ],
        )


STATE: Final = """
    select coalesce((select max(id) from words), 0) as last_id,
        coalesce((select value from counters where name = :counts), 0) as counts,
        coalesce((select value from counters where name = :counted), 0) as segments
"""
"""The columns of `VocabularyState`, with `STATE_VALUES`."""
STATE_VALUES: Final = {"counts": COUNTS, "counted": COUNTED}


def vocabulary_state(connection: Connection) -> VocabularyState:
    row = connection.execute(text(STATE), STATE_VALUES).one()
    return VocabularyState(row.last_id, row.counts, row.segments)


def read_vocabulary(connection: Connection, model: str, *, after: int = 0) -> list[WordRow]:
    """The words with a number above `after`, in order of it."""
    driver: Any = connection.connection.driver_connection
    with driver.cursor(binary=True) as cursor:  # as text, twenty thousand vectors take seconds to read
        cursor.execute(
            "select w.id, w.word, w.token, w.segments, e.embedding from words w"
            " left join word_embeddings e on e.word_id = w.id and e.model = %s where w.id > %s order by w.id",
            (model, after),
        )
        return [
            WordRow(number, word, token, segments, _half_vector(sent))
            for number, word, token, segments, sent in cursor
        ]


def _half_vector(sent: bytes | None) -> npt.NDArray[np.float32] | None:
    if sent is None:
        return None
    return np.frombuffer(sent, dtype=">f2", offset=_HALF_HEADER).astype(np.float32)


def count_words(connection: Connection, *, always: bool = False) -> bool:
    """Count anew how many segments have each word, where the library has grown or shrunk enough since.

    Returns:
        whether they were counted.
    """
    now = connection.execute(text("select count(*) from segments where shown")).scalar_one()
    before = vocabulary_state(connection).segments
    if not always and abs(now - before) <= DRIFT * before:
        return False
    connection.execute(
        text(
            """
            update words set segments = counted.segments from (
                select words.id, coalesce(found.segments, 0) as segments from words left join (
                    select number, count(*) as segments from segments, unnest(segments.words) as number
                    where shown group by number
                ) found on found.number = words.id
            ) counted where counted.id = words.id and counted.segments <> words.segments
            """
        )
    )
    for name, value in ((COUNTED, "excluded.value"), (COUNTS, "counters.value + 1")):
        connection.execute(
            text(
                f"insert into counters (name, value) values (:name, :value)"  # noqa: S608 - no value of ours in it
                f" on conflict (name) do update set value = {value}"
            ),
            {"name": name, "value": now if name == COUNTED else 1},
        )
    return True

"""The words of a library: their numbers, counts and vectors."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from sqlalchemy import Connection, text

from tests.people_library import add_video, automatic
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.segments import AutoFields, SearchRow, insert_segments, write_search
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.catalog.vocabulary import (
    count_words,
    embedded_words,
    read_vocabulary,
    vocabulary_state,
    word_ids,
    write_word_embeddings,
)
from vsearch_pipeline.timeline import TimeRange

MODEL = "vocabulary-test"


def with_words(connection: Connection, *each: list[int]) -> list[int]:
    """Segments with these words."""
    video = add_video(connection)
    producer = producer_id(connection, ProducerInfo("segments", "test", "1"))
    drafts = [(automatic(TimeRange(i * 1000, i * 1000 + 1000)), AutoFields(None, None)) for i in range(len(each))]
    ids = insert_segments(connection, video, producer, drafts)
    write_search(connection, {i: SearchRow((), tuple(words), ()) for i, words in zip(ids, each, strict=True)})
    return ids


def counts(connection: Connection, *words: int) -> list[int]:
    rows = {row.id: row.segments for row in read_vocabulary(connection, MODEL)}
    return [rows[word] for word in words]


def test_a_word_keeps_its_number(connection: Connection) -> None:
    first = word_ids(connection, {"qwaving": "qwav", "흔들다": "흔들다"})
    again = word_ids(connection, {"흔들다": "흔들다", "q'); drop table words; --": "x", "qwaving": "qwav"})
    assert first.items() <= again.items()
    assert len(set(again.values())) == 3
    assert word_ids(connection, {}) == {}
    rows = {row.word: row.token for row in read_vocabulary(connection, MODEL)}
    assert (rows["qwaving"], rows["흔들다"]) == ("qwav", "흔들다")


def test_words_are_read_from_a_number_on(connection: Connection) -> None:
    numbers = word_ids(connection, {f"qword{i}": f"qword{i}" for i in range(5)})
    ordered = sorted(numbers.values())
    assert [row.id for row in read_vocabulary(connection, MODEL, after=ordered[2])] == ordered[3:]
    assert vocabulary_state(connection).last_id == ordered[-1]


def test_vectors_come_back_in_half_precision(connection: Connection) -> None:
    numbers = word_ids(connection, {"qone": "qone", "qtwo": "qtwo"})
    vector = np.linspace(-1, 1, 7).astype(np.float32)
    assert embedded_words(connection, MODEL, ["qone", "qtwo"]) == set()
    write_word_embeddings(connection, MODEL, {numbers["qone"]: vector.tolist()})
    write_word_embeddings(connection, MODEL, {numbers["qone"]: [0.0] * 7})  # the first stays
    write_word_embeddings(connection, MODEL, {})
    rows = {row.word: row for row in read_vocabulary(connection, MODEL)}
    read = rows["qone"].vector
    assert read is not None
    assert read.dtype == np.float32
    assert read == pytest.approx(vector, abs=1e-3)
    assert rows["qtwo"].vector is None
    assert embedded_words(connection, MODEL, ["qone", "qtwo", "never seen"]) == {"qone"}
    assert embedded_words(connection, "another model", ["qone"]) == set()
    assert embedded_words(connection, MODEL, []) == set()


def test_segments_are_counted_without_deleted_ones(connection: Connection) -> None:
    numbers = word_ids(connection, {f"qcount{i}": f"qcount{i}" for i in range(3)})
    a, b, c = numbers.values()
    segments = with_words(connection, [a, b], [a], [b])
    connection.execute(text("update segments set deleted_at = now() where id = :id"), {"id": segments[2]})
    assert count_words(connection, always=True)
    assert counts(connection, a, b, c) == [2, 1, 0]


def test_they_are_counted_again_when_the_library_has_grown(connection: Connection) -> None:
    [word] = word_ids(connection, {"qgrowing": "qgrowing"}).values()
    with_words(connection, *[[word] for _ in range(40)])
    count_words(connection, always=True)
    before = vocabulary_state(connection)
    assert not count_words(connection)
    assert vocabulary_state(connection) == before
    total = before.segments
    with_words(connection, *[[word] for _ in range(total // 10 + 2)])
    assert count_words(connection)
    after = vocabulary_state(connection)
    assert (after.counts, after.segments) == (before.counts + 1, total + total // 10 + 2)
    assert counts(connection, word) == [40 + total // 10 + 2]


def test_writers_of_the_same_words_wait_for_each_other(catalog: Catalog) -> None:
    words = [f"qboth{i}" for i in range(200)]
    found: list[dict[str, int]] = []

    def write(order: list[str]) -> None:
        for start in range(0, len(order), 50):
            with catalog.begin() as connection:
                found.append(word_ids(connection, {word: word for word in order[start : start + 50]}))

    threads = [threading.Thread(target=write, args=[order]) for order in (words, words[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == 8
    merged: dict[str, set[int]] = {}
    for each in found:
        for word, number in each.items():
            merged.setdefault(word, set()).add(number)
    assert set(merged) == set(words)
    assert all(len(numbers) == 1 for numbers in merged.values())
    with catalog.begin() as connection:
        connection.execute(text("delete from words where word like 'qboth%'"))

"""Passages: what is around a segment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, text

from tests.people_library import add_video, automatic
from vsearch_pipeline.catalog.passages import MOST_SEGMENTS, PASSAGE_MS, write_passages
from vsearch_pipeline.catalog.segments import (
    AutoFields,
    SearchRow,
    insert_segments,
    write_embeddings,
    write_search,
)
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.timeline import TimeRange

MODEL = "passages-test"
AXES = np.eye(4)


def segments(connection: Connection, video: str, spans: list[TimeRange]) -> list[int]:
    producer = producer_id(connection, ProducerInfo("segments", "test", "1"))
    return insert_segments(
        connection, video, producer, [(automatic(span), AutoFields(None, None)) for span in spans]
    )


def embed(connection: Connection, segment: int, part: Any, vector: Any, model: str = MODEL) -> None:
    write_embeddings(connection, model, [(segment, part, "sha", list(vector))])


def passages(connection: Connection, video: str) -> list[tuple[int, int, list[int], list[float]]]:
    rows = connection.execute(
        text(
            "select index, segments, words, cast(cast(embedding as vector) as real[]) as embedding from passages"
            " where video_id = :video and model = :model order by index"
        ),
        {"video": video, "model": MODEL},
    )
    return [(row.index, row.segments, list(row.words), list(row.embedding)) for row in rows]


def seconds(*starts: int) -> list[TimeRange]:
    return [TimeRange(s * 1000, s * 1000 + 1000) for s in starts]


def test_the_segments_of_a_stretch_are_taken_together(connection: Connection) -> None:
    video = add_video(connection)
    stretch = PASSAGE_MS // 1000
    ids = segments(connection, video, seconds(0, 1, stretch - 1, stretch, stretch + 1, 5 * stretch))
    for segment, axis in zip(ids, (0, 1, 0, 2, 3, 1), strict=True):
        embed(connection, segment, "en", AXES[axis])
    write_search(connection, {i: SearchRow((), (n, 7), ()) for n, i in enumerate(ids, 1)})
    assert write_passages(connection, video, MODEL) == 2
    first, second = passages(connection, video)
    assert first[:3] == (0, 3, [1, 2, 3, 7])
    assert second[:3] == (1, 2, [4, 5, 7])  # the last segment is alone in its stretch
    assert first[3] == pytest.approx(np.array([2, 1, 0, 0]) / np.sqrt(5), abs=1e-3)


def test_speech_counts_where_there_are_no_captions(connection: Connection) -> None:
    video = add_video(connection)
    one, other = segments(connection, video, seconds(0, 1))
    embed(connection, one, "speech", AXES[0])
    embed(connection, other, "speech", AXES[1])
    write_passages(connection, video, MODEL)
    [(_, _, _, spoken)] = passages(connection, video)
    assert spoken == pytest.approx(np.array([1, 1, 0, 0]) / np.sqrt(2), abs=1e-3)
    embed(connection, one, "ko", AXES[2])
    write_passages(connection, video, MODEL)
    [(_, _, _, captioned)] = passages(connection, video)
    assert captioned == pytest.approx(AXES[2], abs=1e-3)


@pytest.mark.parametrize(("count", "made"), [(1, 0), (2, 1), (MOST_SEGMENTS, 1), (MOST_SEGMENTS + 1, 0)])
def test_stretches_that_say_little_have_none(connection: Connection, count: int, made: int) -> None:
    video = add_video(connection)
    for segment in segments(connection, video, seconds(*range(count))):
        embed(connection, segment, "en", AXES[0])
    assert write_passages(connection, video, MODEL) == made == len(passages(connection, video))


def test_deleted_segments_and_other_models_are_not_in_them(connection: Connection) -> None:
    video = add_video(connection)
    one, other, gone = segments(connection, video, seconds(0, 1, 2))
    for segment, axis in ((one, 0), (other, 0), (gone, 1)):
        embed(connection, segment, "en", AXES[axis])
        embed(connection, segment, "en", AXES[3], model="another")
    connection.execute(text("update segments set deleted_at = now() where id = :id"), {"id": gone})
    write_passages(connection, video, MODEL)
    [(_, count, _, vector)] = passages(connection, video)
    assert count == 2
    assert vector == pytest.approx(AXES[0], abs=1e-3)


def test_they_are_made_anew(connection: Connection) -> None:
    video, beside = add_video(connection), add_video(connection)
    for each in (video, beside):
        for segment in segments(connection, each, seconds(0, 1)):
            embed(connection, segment, "en", AXES[0])
        write_passages(connection, each, MODEL)
    connection.execute(text("update segments set deleted_at = now() where video_id = :video"), {"video": video})
    assert write_passages(connection, video, MODEL) == 0
    assert passages(connection, video) == []
    assert len(passages(connection, beside)) == 1


def test_segments_without_vectors_make_none(connection: Connection) -> None:
    video = add_video(connection)
    segments(connection, video, seconds(0, 1))
    assert write_passages(connection, video, MODEL) == 0

"""The indexes behind search, against comparing with everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from sqlalchemy import Connection, text

from tests.people_library import add_video, automatic
from vsearch_pipeline.catalog import retrieval
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.retrieval import (
    NEAR,
    NEAR_FILTERED,
    SegmentFilter,
    candidates,
    ensure_vector_index,
    listed,
    segment_vectors,
)
from vsearch_pipeline.catalog.segments import (
    AutoFields,
    SearchRow,
    insert_segments,
    write_embeddings,
    write_search,
)
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.timeline import TimeRange

MODEL = "retrieval:it's a test"
DIM = 16
MANY = 3000
RARE = (17, 1404, 2999)
"""Segments far from every query that is asked; a thousandth of all."""


@dataclass(frozen=True)
class Many:
    """Three thousand segments with vectors of their own; `rare` are on the other side of the sphere."""

    connection: Connection
    ids: list[int]
    vectors: np.ndarray
    query: list[float]
    person: int

    def nearest(self, count: int) -> list[int]:
        order = np.argsort(-self.vectors @ np.array(self.query), kind="stable")[:count]
        return [self.ids[place] for place in order]

    def candidates(self, wanted: SegmentFilter, tokens: dict[str, tuple[int, float]] | None = None) -> list[int]:
        found = candidates(self.connection, model=MODEL, vector=self.query, tokens=tokens or {}, wanted=wanted)
        return [one.segment_id for one in found]


@pytest.fixture(scope="module")
def many(catalog: Catalog) -> Iterator[Many]:
    with catalog.engine.connect() as connection:
        transaction = connection.begin()
        video = add_video(connection)
        person = ensure_person(connection, None, "Seldom Seen")
        producer = producer_id(connection, ProducerInfo("segments", "test", "1"))
        drafts = [
            (automatic(TimeRange(i * 1000, i * 1000 + 1000)), AutoFields(f"caption {i}", None))
            for i in range(MANY)
        ]
        ids = insert_segments(connection, video, producer, drafts)
        chance = np.random.default_rng(3)
        query = chance.normal(size=DIM)
        vectors = query + chance.normal(size=(MANY, DIM))
        vectors[list(RARE)] = -query + 0.1 * chance.normal(size=(len(RARE), DIM))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        query /= np.linalg.norm(query)
        ensure_vector_index(connection, MODEL, DIM)
        ensure_vector_index(connection, MODEL, DIM)  # there already
        write_embeddings(
            connection, MODEL, [(i, "en", "sha", vector.tolist()) for i, vector in zip(ids, vectors, strict=True)]
        )
        rows = {
            segment: SearchRow(
                ("qcommon", *(["qrare", "object=q o'b\\j"] if i in RARE else [])),
                (),
                (person,) if i in RARE else (),
            )
            for i, segment in enumerate(ids)
        }
        write_search(connection, rows)
        connection.execute(text("analyze segments"))
        connection.execute(text("analyze segment_embeddings"))
        yield Many(connection, ids, vectors, query.tolist(), person)
        transaction.rollback()


def wanted(many: Many, name: str) -> SegmentFilter:
    return {
        "person": SegmentFilter(people=((many.person,),)),
        "object": SegmentFilter(objects=(("q o'b\\j",),)),
        "phrase": SegmentFilter(phrases=("caption 17",)),
    }[name]


@pytest.mark.parametrize("exact_below", [4000, 1])
@pytest.mark.parametrize("name", ["person", "object", "phrase"])
def test_a_filter_that_keeps_a_thousandth_starves_nothing(
    many: Many, monkeypatch: pytest.MonkeyPatch, name: str, exact_below: int
) -> None:
    """Neither where everything is compared, nor where the graph is walked."""
    monkeypatch.setattr(retrieval, "EXACT_BELOW", exact_below)
    expected = {many.ids[17]} if name == "phrase" else {many.ids[i] for i in RARE}
    found = many.candidates(wanted(many, name))
    assert set(found) == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("exact_below", [4000, 1])
def test_the_nearest_within_a_filter(many: Many, monkeypatch: pytest.MonkeyPatch, exact_below: int) -> None:
    monkeypatch.setattr(retrieval, "EXACT_BELOW", exact_below)
    half = SegmentFilter(to_ms=MANY * 500)
    allowed = set(many.ids[: MANY // 2])
    found = set(many.candidates(half))
    assert found <= allowed
    near = NEAR if exact_below > 1 else NEAR_FILTERED
    expected = [segment for segment in many.nearest(MANY) if segment in allowed][:near]
    assert len(found & set(expected)) >= (near if exact_below > 1 else 0.97 * near)


def test_the_nearest_of_all(many: Many) -> None:
    found = many.candidates(SegmentFilter())
    assert len(found) == NEAR
    assert len(set(found) & set(many.nearest(NEAR))) >= 0.97 * NEAR


def test_rare_words_are_found_however_far(many: Many) -> None:
    rare = {many.ids[i] for i in RARE}
    tokens = {"qcommon": (MANY, 0.01), "qrare": (3, 6.0)}
    assert rare <= set(many.candidates(SegmentFilter(), tokens))
    assert set(many.candidates(SegmentFilter(people=((many.person,),)), tokens)) == rare
    assert many.candidates(SegmentFilter(without_people=(many.person,), objects=(("q o'b\\j",),)), tokens) == []
    far = candidates(many.connection, model=MODEL, vector=many.query, tokens=tokens, wanted=SegmentFilter())
    assert all(one.cosine < -0.9 for one in far if one.segment_id in rare)


@pytest.mark.parametrize("token", ["it's", "a\\b", "' | 'x", "&", "!", ":*", "<->", "$1", "%"])
def test_any_token_can_be_looked_up(many: Many, token: str) -> None:
    assert many.candidates(SegmentFilter(people=((many.person,),)), {token: (5, 1.0), "qrare": (3, 1.0)})


def test_a_vector_of_another_model_is_not_compared(many: Many) -> None:
    found = candidates(many.connection, model="none", vector=[1.0], tokens={}, wanted=SegmentFilter())
    assert found == []


def test_everything_a_filter_leaves_is_listed(many: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    three = listed(many.connection, SegmentFilter(objects=(("q o'b\\j", "nothing"),)))
    assert [one.segment_id for one in three] == [many.ids[i] for i in RARE]
    assert {one.certainty for one in three} == {1.0}
    monkeypatch.setattr(retrieval, "LISTED", 5)
    few = listed(many.connection, SegmentFilter(from_ms=10_000))
    assert len(few) == 5


def test_vectors_of_a_segment_captions_first(many: Many) -> None:
    segment = many.ids[0]
    extra = [(segment, part, "sha", [value] * DIM) for part, value in (("speech", 2.0), ("ko", 1.0))]
    savepoint = many.connection.begin_nested()
    write_embeddings(many.connection, MODEL, extra)  # type: ignore[arg-type]
    found = segment_vectors(many.connection, segment, MODEL)
    savepoint.rollback()
    assert [round(vector[0], 2) for vector in found[1:]] == [1.0, 2.0]
    assert found[0] == pytest.approx(many.vectors[0], abs=1e-3)
    assert segment_vectors(many.connection, segment, "none") == []

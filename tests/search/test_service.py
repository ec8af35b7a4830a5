"""Search by meaning, words and people over a real catalogue."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import QueuePool
from sqlalchemy.event import listen

from tests.catalog.test_speech import say
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import PersonRecord, ensure_person
from vsearch_pipeline.catalog.segments import AutoFields
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.editing.refresh import refresh_segments
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.ingest.importing import import_metadata
from vsearch_pipeline.language.embedding import SentenceEmbedder, Vectors, load_sentence_embedder
from vsearch_pipeline.search.documents import embed_segments
from vsearch_pipeline.search.plain import hits_as_json
from vsearch_pipeline.search.query import understand
from vsearch_pipeline.search.service import SearchService
from vsearch_pipeline.timeline import TimeRange

RECORDS = [
    {
        "timestamp": 0,
        "caption": "A woman is waving at the camera.",
        "faces": [{"group": "G", "member": "Sora Baek"}],
    },
    {"timestamp": 1, "caption": "A dog is running on the beach.", "faces": []},
    {"timestamp": 2, "caption": "Two people ride bicycles.", "faces": [{"group": "G", "member": "Jiwoo Ahn"}]},
    {"timestamp": 3, "caption": "A man is cooking soup in a kitchen.", "faces": []},
]
MINJI = PersonRecord(1, "G", "Minji Kim", ("민지", "김민지"))
HANNI = PersonRecord(2, "G", "Hanni Pham", ("하니", "하니팜"))


@pytest.fixture(scope="module")
def embedder() -> SentenceEmbedder:
    return load_sentence_embedder("use-multilingual-v3")


@pytest.fixture(scope="module")
def service(
    catalog: Catalog, embedder: SentenceEmbedder, tmp_path_factory: pytest.TempPathFactory
) -> SearchService:
    file = tmp_path_factory.mktemp("import") / "search.json"
    file.write_text(json.dumps([{"video_id": "searched", **record} for record in RECORDS]))
    [video] = import_metadata(catalog, file, actor="tester")
    with catalog.begin() as connection:
        ensure_person(connection, "G", "Sora Baek", ["소라"])
        ensure_person(connection, "G", "Jiwoo Ahn", ["지우"])
        embed_segments(connection, video.video_id, embedder)
    return SearchService(catalog, embedder)


@pytest.mark.parametrize(
    ("query", "start_ms"),
    [
        ("a dog at the sea", 1000),
        ("바닷가에서 뛰는 개", 1000),
        ("cooking", 3000),
        ("부엌에서 요리하는 남자", 3000),
        ("소라가 손을 흔드는 장면", 0),
        ("소라", 0),
        ("지우랑 자전거", 2000),
        ("jiwoo", 2000),
    ],
)
def test_the_right_moment_is_first(service: SearchService, query: str, start_ms: int) -> None:
    hit = service.search(query, limit=3).hits[0]
    assert (hit.video.title, hit.span.start_ms) == ("searched", start_ms)


def test_json_has_what_programs_need(service: SearchService) -> None:
    [hit] = hits_as_json(service.search("소라 손 흔드는", limit=1))
    assert set(hit) >= {"segment_id", "video", "start_ms", "end_ms", "caption_en", "caption_ko", "people", "score"}
    assert hit["people"] == [{"name": "Sora Baek", "display": "Sora Baek", "group": "G", "confidence": 1.0}]
    assert set(hit["parts"]) == {"meaning", "words", "people", "speech"}  # type: ignore[call-overload]
    assert hit["parts"]["people"] == 1.0  # type: ignore[index]
    json.dumps(hit)


@pytest.mark.parametrize(
    ("query", "people", "rest"),
    [
        ("민지랑 하니가 웃는", ["Minji Kim", "Hanni Pham"], "웃는"),
        ("하니팜 손흔드는거", ["Hanni Pham"], "손흔드는거"),
        ("minji waving", ["Minji Kim"], "waving"),
        ("MINJI KIM", ["Minji Kim"], ""),
        ("민지나무", [], "민지나무"),
        ("hanniball", [], "hanniball"),
    ],
)
def test_names_are_found_with_particles_and_not_inside_words(query: str, people: list[str], rest: str) -> None:
    understood = understand(query, [MINJI, HANNI])
    assert sorted(person.name for person in understood.people) == sorted(people)
    assert understood.rest == rest


@pytest.fixture(scope="module")
def speech(service: SearchService) -> SearchService:
    """The same library with a film in which somebody speaks."""
    lines = (
        [("Bring", 200, 500), ("the", 500, 600), ("umbrellas!", 600, 1200)],
        [("우산을", 2100, 2600), ("가져와", 2600, 3000)],
    )
    with service.catalog.begin() as connection:
        say(connection, "spoken-film", *lines)
        producer = producer_id(connection, ProducerInfo("segments", "tests", "1"))
        spans = [TimeRange(0, 2000), TimeRange(2000, 4000)]
        said = {span: " ".join(word for word, _, _ in line) for span, line in zip(spans, lines, strict=True)}
        refresh_segments(
            connection, "spoken-film", spans, lambda span: AutoFields(None, None, speech=said[span]), producer
        )
        embed_segments(connection, "spoken-film", service.embedder)
    return service


@pytest.mark.parametrize(
    ("query", "start_ms", "heard"),
    [
        ("umbrella", 0, [("umbrellas!", 600, 1200)]),
        ("bring umbrellas", 0, [("Bring", 200, 500), ("umbrellas!", 600, 1200)]),
        ("우산", 2000, [("우산을", 2100, 2600)]),
    ],
)
def test_what_is_said_is_found_with_its_times(
    speech: SearchService, query: str, start_ms: int, heard: list[tuple[str, int, int]]
) -> None:
    result = speech.search(query, limit=5)
    hit = result.hits[0]
    assert (hit.video.id, hit.span.start_ms) == ("spoken-film", start_ms)
    assert [(word.text, word.start_ms, word.end_ms) for word in hit.heard] == heard
    assert hits_as_json(result)[0]["heard"] == [
        {"text": text, "start_ms": start, "end_ms": end} for text, start, end in heard
    ]


def test_a_hit_that_only_means_the_same_heard_nothing(speech: SearchService) -> None:
    assert all(not hit.heard for hit in speech.search("a parasol against rain").hits)


def test_statements_do_not_grow_with_hits(speech: SearchService) -> None:
    statements: list[str] = []
    listen(speech.catalog.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    speech.search("dog", limit=1)
    few = len(statements)
    speech.search("dog", limit=100)
    assert len(statements) == 2 * few


def test_the_model_works_outside_of_a_transaction(speech: SearchService) -> None:
    class Watched:
        name, version, dim = speech.embedder.name, speech.embedder.version, speech.embedder.dim

        def embed(self, texts: Sequence[str]) -> Vectors:
            pool = speech.catalog.engine.pool
            assert isinstance(pool, QueuePool)
            assert pool.checkedout() == 0
            return speech.embedder.embed(texts)

    assert SearchService(speech.catalog, Watched()).search("umbrella", limit=1).hits


@pytest.mark.parametrize("query", ["", "   ", "\t"])
def test_an_empty_query_is_refused(service: SearchService, query: str) -> None:
    with pytest.raises(InputError, match="empty"):
        service.search(query)


def test_a_limit_below_one_is_refused(service: SearchService) -> None:
    with pytest.raises(InputError, match="at least 1"):
        service.search("dog", limit=0)


@given(text=st.text(max_size=300))
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_gets_an_answer_or_a_sentence(service: SearchService, text: str) -> None:
    try:
        hits = service.search(text, limit=2).hits
    except InputError:
        return
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)

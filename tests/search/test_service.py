"""Search by meaning, words and people over a real catalogue."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import PersonRecord, ensure_person
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.ingest.importing import import_metadata
from vsearch_pipeline.language.embedding import SentenceEmbedder, load_sentence_embedder
from vsearch_pipeline.search.documents import embed_segments
from vsearch_pipeline.search.query import understand
from vsearch_pipeline.search.service import SearchService, hits_as_json

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
    assert set(hit["parts"]) == {"meaning", "words", "people"}  # type: ignore[call-overload]
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

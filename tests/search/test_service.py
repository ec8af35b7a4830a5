"""Search with the model that the library is delivered with: meaning, words and people, in both languages."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from sqlalchemy import QueuePool

from tests.catalog.test_speech import say
from tests.search.conftest import NewCatalog
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.segments import AutoFields, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.editing.refresh import refresh_segments
from vsearch_pipeline.ingest.importing import import_metadata
from vsearch_pipeline.language.embedding import Vectors, load_sentence_embedder
from vsearch_pipeline.search.documents import embed_segments
from vsearch_pipeline.search.plain import hits_as_json, result_as_json
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


@pytest.fixture(scope="module")
def service(new_catalog: NewCatalog, tmp_path_factory: pytest.TempPathFactory) -> SearchService:
    """Four captions, and a film in which somebody speaks."""
    catalog = new_catalog()
    embedder = load_sentence_embedder("use-multilingual-v3")
    file = tmp_path_factory.mktemp("import") / "search.json"
    file.write_text(json.dumps([{"video_id": "searched", **record} for record in RECORDS]))
    [video] = import_metadata(catalog, file, actor="tester")
    lines = (
        [("Bring", 200, 500), ("the", 500, 600), ("umbrellas!", 600, 1200)],
        [("우산을", 2100, 2600), ("가져와", 2600, 3000)],
    )
    with catalog.begin() as connection:
        ensure_person(connection, "G", "Sora Baek", ["소라"])
        ensure_person(connection, "G", "Jiwoo Ahn", ["지우"])
        embed_segments(connection, video.video_id, embedder)
        say(connection, "spoken-film", *lines)
        producer = producer_id(connection, ProducerInfo("segments", "tests", "1"))
        spans = [TimeRange(0, 2000), TimeRange(2000, 4000)]
        said = {span: " ".join(word for word, _, _ in line) for span, line in zip(spans, lines, strict=True)}
        refresh_segments(
            connection, "spoken-film", spans, lambda span: AutoFields(None, None, speech=said[span]), producer
        )
        embed_segments(connection, "spoken-film", embedder)
    return SearchService(catalog, embedder)


@pytest.mark.parametrize(
    ("query", "start_ms"),
    [
        ("a dog at the sea", 1000),
        ("바닷가에서 뛰는 개", 1000),
        ("cooking", 3000),
        ("부엌에서 요리하는 남자", 3000),
        ("소라가 손을 흔드는 장면", 0),
        ("소라손흔드는거", 0),
        ("소라", 0),
        ("지우랑 자전거", 2000),
        ("jiwoo", 2000),
    ],
)
def test_the_right_moment_is_first(service: SearchService, query: str, start_ms: int) -> None:
    hit = service.search(query, limit=3).hits[0]
    assert (hit.video.title, hit.span.start_ms) == ("searched", start_ms)


@pytest.mark.parametrize("query", ["a dog at the sea", "손을 흔드는 여자", "부엌에서 요리하는 남자", "소라"])
def test_what_is_there_is_called_good(service: SearchService, query: str) -> None:
    result = service.search(query, limit=3)
    assert result.hits[0].good
    assert result.good


@pytest.mark.parametrize(
    "query", ["stock market crash", "quantum physics", "asdfgh qwerty", "ㅋㅋㅋㅋ", "세금 신고서 작성"]
)
def test_what_is_not_there_is_not_called_good(service: SearchService, query: str) -> None:
    result = service.search(query, limit=3)
    assert result.found > 0
    assert not result.good
    assert not any(hit.good for hit in result.hits)


def test_json_has_what_programs_need(service: SearchService) -> None:
    result = service.search("소라 손 흔드는", limit=1)
    [hit] = hits_as_json(result)
    assert set(hit) == {
        *("segment_id", "video", "title", "start_ms", "end_ms", "caption_en", "caption_ko", "speech", "heard"),
        *("objects", "people", "score", "good", "parts", "edited", "moment"),
    }
    assert hit["people"] == [{"name": "Sora Baek", "display": "Sora Baek", "group": "G", "confidence": 1.0}]
    assert set(hit["parts"]) == {"meaning", "words", "people", "speech"}  # type: ignore[call-overload]
    assert hit["parts"]["people"] == 1.0  # type: ignore[index]
    assert set(hit["moment"]) == {"start_ms", "end_ms", "segments"}  # type: ignore[call-overload]
    page = result_as_json(result)
    assert set(page) == {"understood", "good", "relaxed", "found", "hits"}
    assert page["understood"] == [
        {"kind": "person", "text": "Sora Baek", "typed": "소라", "negated": False, "how": "exact"},
        {"kind": "rest", "text": "손 흔드는", "typed": "손 흔드는", "negated": False, "how": "exact"},
    ]
    json.dumps(page)


def test_words_of_the_other_language_are_marked(service: SearchService) -> None:
    hit = service.search("손 흔드는 여자", limit=1).hits[0]
    assert [piece.text for piece in hit.marks.caption_en if piece.hit] == ["woman", "waving"]
    assert hit.parts.words > 0.5


@pytest.mark.parametrize(
    ("query", "start_ms", "heard"),
    [
        ("umbrella", 0, [("umbrellas!", 600, 1200)]),
        ("bring umbrellas", 0, [("Bring", 200, 500), ("umbrellas!", 600, 1200)]),
        ("우산", 2000, [("우산을", 2100, 2600)]),
    ],
)
def test_what_is_said_is_found_with_its_times(
    service: SearchService, query: str, start_ms: int, heard: list[tuple[str, int, int]]
) -> None:
    result = service.search(query, limit=5, grouped=False)
    hit = result.hits[0]
    assert (hit.video.id, hit.span.start_ms) == ("spoken-film", start_ms)
    assert [(word.text, word.start_ms, word.end_ms) for word in hit.heard] == heard
    assert hits_as_json(result)[0]["heard"] == [
        {"text": text, "start_ms": start, "end_ms": end} for text, start, end in heard
    ]
    assert hit.parts.speech == pytest.approx(1.0)


def test_a_hit_that_only_means_the_same_heard_nothing(service: SearchService) -> None:
    assert all(not hit.heard for hit in service.search("a parasol against rain").hits)


def test_the_model_works_outside_of_a_transaction(service: SearchService) -> None:
    class Watched:
        name, version, dim = service.embedder.name, service.embedder.version, service.embedder.dim
        source = service.embedder.source
        glosses = True
        asked = 0

        def knows(self, word: str) -> bool:
            self.check()
            return service.embedder.knows(word)

        def embed(self, texts: Sequence[str]) -> Vectors:
            self.check()
            self.asked += 1
            return service.embedder.embed(texts)

        @staticmethod
        def check() -> None:
            pool = service.catalog.engine.pool
            assert isinstance(pool, QueuePool)
            assert pool.checkedout() == 0

    watched = Watched()
    other = SearchService(service.catalog, watched)
    hit = other.search("우산 umbrella", limit=1).hits[0]
    assert watched.asked
    assert other.similar(hit.segment_id, limit=1).hits


def test_prepared_searches_find_the_same_and_embed_nothing_more(service: SearchService) -> None:
    calls: list[int] = []

    class Counting:
        name, version, dim = service.embedder.name, service.embedder.version, service.embedder.dim
        source = service.embedder.source
        glosses, knows = service.embedder.glosses, staticmethod(service.embedder.knows)

        def embed(self, texts: Sequence[str]) -> Vectors:
            if texts:
                calls.append(len(texts))
            return service.embedder.embed(texts)

    queries = ["a dog at the sea", "부엌에서 요리하는 남자", "", "after:nonsense"]
    prepared = SearchService(service.catalog, Counting())
    prepared.prepare(queries)
    before = len(calls)
    for query in queries[:2]:
        expected = [hit.segment_id for hit in service.search(query).hits]
        assert [hit.segment_id for hit in prepared.search(query).hits] == expected
    assert len(calls) == before


def test_a_segment_that_goes_while_it_is_searched_is_left_out(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = service.search("a dog at the sea", grouped=False).hits
    gone = everything[0].segment_id
    monkeypatch.setattr(
        "vsearch_pipeline.search.service.read_segments",
        lambda connection, *, ids: [s for s in read_segments(connection, ids=ids) if s.id != gone],
    )
    left = service.search("a dog at the sea", grouped=False).hits
    assert [hit.segment_id for hit in left] == [hit.segment_id for hit in everything[1:]]

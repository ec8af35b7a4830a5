"""Queries about people, as they are typed, over the catalogue of a real system."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.search.conftest import NewCatalog
from tests.search.person_queries import PEOPLE, PersonQuery, person_queries
from tests.search.toys import WordEmbedder
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.ingest.importing import import_metadata
from vsearch_pipeline.search.documents import embed_segments
from vsearch_pipeline.search.results import Hit
from vsearch_pipeline.search.service import SearchService

SEED = Path(__file__).resolve().parents[3] / "shared/data/text/seed_catalog/combined_metadata.json"
QUERIES = 300


@pytest.fixture(scope="module")
def service(new_catalog: NewCatalog) -> SearchService:
    """The catalogue with vectors of a toy: who is found depends on filters alone."""
    if not SEED.is_file():
        pytest.skip("needs ../shared/data, which is not on this machine")
    catalog, embedder = new_catalog(), WordEmbedder()
    videos = import_metadata(catalog, SEED, actor="tester")
    with catalog.begin() as connection:
        for person in PEOPLE:
            ensure_person(connection, person.group, person.name, person.aliases)
        for video in videos:
            embed_segments(connection, video.video_id, embedder)
    return SearchService(catalog, embedder)


def satisfies(hit: Hit, query: PersonQuery) -> bool:
    shown = {person.name for person in hit.people}
    return all(shown & one_of for one_of in query.wanted) and not shown & query.without


def test_people_are_found_as_they_are_typed(service: SearchService) -> None:
    wrong = []
    for query in person_queries(11, QUERIES):
        result = service.search(query.text, limit=10)
        if not result.hits or result.relaxed or not all(satisfies(hit, query) for hit in result.hits):
            wrong.append((query.kind, query.text, result.relaxed, [hit.segment_id for hit in result.hits]))
    assert len(wrong) <= QUERIES * 0.01, wrong


def test_results_are_apart(service: SearchService) -> None:
    """Not ten results from one minute of a video that is cut every second."""
    for query in ("민지", "하니 웃는", "two people", "다니엘 말고", "춤추는"):
        hits = service.search(query, limit=10).hits
        assert len(hits) == 10
        for hit in hits:
            near = [
                other
                for other in hits
                if other.video.id == hit.video.id
                and hit.span.start_ms <= other.span.start_ms < hit.span.start_ms + 60_000
            ]
            assert len(near) <= 5


def test_pages_of_the_whole_catalogue(service: SearchService) -> None:
    whole = service.search("민지", limit=2000)
    pages = [service.search("민지", limit=97, offset=at) for at in range(0, whole.found, 97)]
    assert [m.best.segment_id for page in pages for m in page.moments] == [
        m.best.segment_id for m in whole.moments
    ]
    members = [member.segment_id for moment in whole.moments for member in moment.members]
    assert len(members) == len(set(members))

"""What a search promises whatever the model: nearest where nothing fits, likeness, kept searches, fresh rows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from tests.catalog.test_speech import say
from tests.search.conftest import NewCatalog
from tests.search.library import Told, filled
from tests.search.toys import WordEmbedder
from vsearch_pipeline.catalog.library import ensure_person, list_people
from vsearch_pipeline.catalog.segments import AutoFields, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.editing.people import PeopleService
from vsearch_pipeline.editing.refresh import refresh_segments
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.search.documents import embed_segments, refresh_search
from vsearch_pipeline.search.service import LONGEST_KEPT, LONGEST_NAME, SearchService
from vsearch_pipeline.timeline import TimeRange

M, H, R = "Kim Minji", "Pham Hanni", "Gang Harin"


def at(second: int) -> TimeRange:
    return TimeRange(second * 1000, second * 1000 + 1000)


def far_apart(video: str, *drafts: Told) -> list[Told]:
    """Each a moment by itself."""
    return [replace(told, video=video, span=at(60 * i)) for i, told in enumerate(drafts)]


def draft(en: str | None = None, **values: object) -> Told:
    return Told("", at(0), en=en, **values)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Library:
    service: SearchService
    segments: list[Told]

    def found(self, query: str, **page: int) -> list[int]:
        """Places in `segments` of the hits, in order."""
        ids = [segment.id for segment in self.segments]
        return [ids.index(hit.segment_id) for hit in self.service.search(query, **page).hits]


@pytest.fixture(scope="module")
def library(new_catalog: NewCatalog) -> Library:
    catalog = new_catalog()
    drafts = far_apart(
        "s-one",
        draft("A woman waves at a dog.", people={M: 0.9}),
        draft("A woman waves at a cat.", people={H: 0.8}),
        draft("A dog runs on the beach.", people={M: 0.7, H: 0.6}),
        draft("A cat sleeps."),
        draft("A dog runs on the beach with a ball.", ko="개가 공을 물고 바닷가를 달린다."),
        draft(None, people={M: 0.5}),
        draft("A dog runs on the beach.", deleted=True, people={M: 0.9}),
        draft("A dog barks.", human={R: True}),
    )
    return Library(SearchService(catalog, WordEmbedder()), filled(catalog, WordEmbedder(), drafts))


# --- people and words --------------------------------------------------------------------------------------------


def test_people_alone_are_listed_the_surest_first(library: Library) -> None:
    assert library.found("민지") == [0, 2, 5]
    result = library.service.search("민지랑 하니")
    assert [hit.score for hit in result.hits] == [pytest.approx(0.42)]
    assert result.good
    assert not result.relaxed
    assert library.service.search("해린").hits[0].score == 1.0  # a person said so


def test_words_order_what_people_leave(library: Library) -> None:
    assert library.found("민지 dog on the beach")[0] == 2
    assert set(library.found("민지 dog on the beach")) <= {0, 2, 5}
    assert library.found("cat") == library.found("cat", limit=3) + library.found("cat", offset=3)
    assert set(library.found("cat")[:2]) == {1, 3}


def test_where_people_never_appear_together_the_nearest_are_shown(library: Library) -> None:
    result = library.service.search("민지랑 해린")
    assert result.relaxed
    assert not result.good
    assert not any(hit.good for hit in result.hits)
    assert set(library.found("민지랑 해린")) == {0, 2, 5, 7}
    assert all(0 < hit.parts.people < 1 for hit in result.hits)


def test_words_with_people_who_never_appear_together(library: Library) -> None:
    result = library.service.search("민지랑 해린 dog on the beach", limit=50)
    assert result.relaxed
    assert not result.good
    found = library.found("민지랑 해린 dog on the beach", limit=50)
    assert found[0] == 2  # one of them, and the words
    with_somebody = [number in (0, 2, 5, 7) for number in found]
    assert with_somebody == sorted(with_somebody, reverse=True)


def test_other_filters_stand_where_people_are_relaxed(library: Library) -> None:
    result = library.service.search('민지랑 해린 "barks"')
    assert result.relaxed
    assert library.found('민지랑 해린 "barks"') == [7]
    nothing = library.service.search("민지랑 해린 video:s-one longer:1m")
    assert (nothing.moments, nothing.found, nothing.relaxed) == ((), 0, True)


def test_a_name_that_may_be_a_word_only_ranks(new_catalog: NewCatalog) -> None:
    catalog = new_catalog(scratch=True)
    with catalog.begin() as connection:
        ensure_person(connection, "NJZ", R, ["고양이"])
    drafts = far_apart("p", draft(ko="고양이가 잔다."), draft(ko="사람이 웃는다.", people={R: 0.9}))
    segments = filled(catalog, WordEmbedder(), drafts)
    library = Library(SearchService(catalog, WordEmbedder()), segments)
    assert library.found("고양이가 자는") == [1, 0]
    assert not library.service.search("고양이가 자는").relaxed


@pytest.mark.parametrize(
    "query", ["xyzzy plugh", "ㅋㅋㅋㅋ", "뷁뷁", "🐶", "東京", "tax return form", "주식 시장 폭락"]
)
def test_nonsense_is_not_called_good(library: Library, query: str) -> None:
    assert not library.service.search(query).good


@pytest.mark.parametrize("query", ["dog on the beach", "A woman waves at a cat.", "민지", "개가 바닷가를 달린다"])
def test_what_is_there_is_called_good(library: Library, query: str) -> None:
    assert library.service.search(query).good


def test_a_search_in_some_videos(new_catalog: NewCatalog) -> None:
    catalog = new_catalog(scratch=True)
    drafts = [
        told
        for video in ("film-a", "film-b", "clip-c")
        for told in far_apart(video, draft("A dog runs.", people={M: 0.9}), draft("A cat sleeps."))
    ]
    filled(catalog, WordEmbedder(), drafts)
    service = SearchService(catalog, WordEmbedder())

    def found(query: str, videos: list[str] | None) -> set[str]:
        return {hit.video.id for hit in service.search(query, limit=50, videos=videos).hits}

    for query in ("a dog", "민지", "민지 dog", '"dog runs"', "하니 dog"):
        assert found(query, None) == {"film-a", "film-b", "clip-c"}
        assert found(query, ["film-b", "clip-c"]) == {"film-b", "clip-c"}
        assert found(query, ["film-b", "gone"]) == {"film-b"}
        assert found(query, []) == set()
    assert found("dog video:film", ["film-b", "clip-c"]) == {"film-b"}, "both narrow"
    assert found("dog -video:film-b", ["film-b", "clip-c"]) == {"clip-c"}


def test_what_was_deleted_is_never_found(library: Library) -> None:
    for query in ("dog beach runs", "민지", '"on the beach"', "민지 dog", "video:s-one", "-person:하니"):
        assert 6 not in library.found(query, limit=100)
    assert 6 not in {hit.segment_id for hit in library.service.similar(library.segments[2].id, limit=100).hits}


# --- likeness ----------------------------------------------------------------------------------------------------


def test_similar_segments_without_itself(library: Library) -> None:
    first = library.segments[2]
    result = library.service.similar(first.id, limit=50)
    assert result.query is None
    ids = [hit.segment_id for hit in result.hits]
    assert first.id not in ids
    assert ids[0] == library.segments[4].id
    pages = [library.service.similar(first.id, limit=2, offset=n).hits for n in range(0, result.found, 2)]
    assert [hit.segment_id for page in pages for hit in page] == ids


def test_what_nothing_is_like_is_said(library: Library) -> None:
    with pytest.raises(NotFoundError, match="no segment 999999"):
        library.service.similar(999_999)
    with pytest.raises(NotFoundError, match="removed"):
        library.service.similar(library.segments[6].id)
    with pytest.raises(InputError, match="could be compared"):
        library.service.similar(library.segments[5].id)
    with pytest.raises(InputError, match="at least"):
        library.service.similar(library.segments[0].id, limit=0)


def test_a_search_without_face_models_says_so(library: Library) -> None:
    with pytest.raises(InputError, match="without models for faces"):
        library.service.appearances(Path("photo.jpg"))


# --- statements --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["word", "민지", "민지 word", "민지 word video:many"])
def test_statements_do_not_grow_with_hits(new_catalog: NewCatalog, query: str) -> None:
    catalog = new_catalog(scratch=True)
    with catalog.begin() as connection:
        say(connection, "many", *[[("word", i * 60_000, i * 60_000 + 500)] for i in range(30)])
    drafts = far_apart("many", *[draft(f"word {i}", speech="word", people={M: 0.9}) for i in range(30)])
    filled(catalog, WordEmbedder(), drafts)
    service = SearchService(catalog, WordEmbedder())
    service.search(query)
    counts = {}
    for limit in (1, 30):
        statements: list[str] = []

        def note(*arguments: object, statements: list[str] = statements) -> None:
            statements.append(str(arguments[2]))

        event.listen(catalog.engine, "before_cursor_execute", note)
        assert len(service.search(query, limit=limit).hits) == limit
        event.remove(catalog.engine, "before_cursor_execute", note)
        counts[limit] = len(statements)
    assert counts[1] == counts[30] <= 14


# --- rows that follow --------------------------------------------------------------------------------------------


@pytest.fixture
def changing(new_catalog: NewCatalog) -> Library:
    catalog = new_catalog(scratch=True)
    drafts = far_apart("c", draft("A dog runs.", people={M: 0.9}), draft("A cat sleeps.", people={H: 0.9}))
    return Library(SearchService(catalog, WordEmbedder()), filled(catalog, WordEmbedder(), drafts))


def test_a_new_name_is_known_at_once(changing: Library) -> None:
    assert not changing.service.search("퐁퐁이").good
    with changing.service.catalog.begin() as connection:
        ensure_person(connection, "NJZ", M, ["퐁퐁이"])
    assert changing.found("퐁퐁이") == [0]


def test_who_was_merged_is_found_as_the_other(changing: Library) -> None:
    catalog = changing.service.catalog
    editor = Editor(catalog, WordEmbedder(), actor="tester", door="cli")
    people = PeopleService(editor, embedding_model="toy", step_ms=500)
    people.merge("NJZ/" + M, "NJZ/" + H)
    assert changing.found("하니") == [0, 1]
    assert changing.found("민지") == [0, 1]
    assert changing.found("하니 없는") == []
    assert [person.name for person in changing.service.search("민지").hits[0].people] == [H]
    with catalog.begin() as connection:
        assert H in {person.name for person in list_people(connection)}
        assert M not in {person.name for person in list_people(connection)}


def test_an_edited_caption_is_found_and_the_old_one_is_not(changing: Library) -> None:
    catalog = changing.service.catalog
    with catalog.begin() as connection:
        connection.execute(
            text("update segments set human_caption_en = 'A zebra eats grass.' where id = :id"),
            {"id": changing.segments[0].id},
        )
        refresh_search(connection, read_segments(connection, ids=[changing.segments[0].id]))
    assert changing.found('"zebra"') == [0]
    assert changing.found('"a dog"') == []
    assert changing.found("is:edited") == [0]
    assert changing.service.search("zebra grass").hits[0].parts.words == pytest.approx(1.0)
    with catalog.begin() as connection:
        embedded, texts = embed_segments(connection, "c", WordEmbedder())
        assert (embedded, texts) == (1, 2)  # only what changed
        assert embed_segments(connection, "c", WordEmbedder()) == (0, 2)
    assert changing.service.search("A zebra eats grass.").hits[0].parts.meaning == pytest.approx(1.0, abs=0.01)


def test_a_caption_that_is_gone_is_not_found(changing: Library) -> None:
    with changing.service.catalog.begin() as connection:
        producer = producer_id(connection, ProducerInfo("segments", "tests", "2"))
        spans = [segment.span for segment in changing.segments]
        refresh_segments(connection, "c", spans, lambda _: AutoFields(None, None), producer)
        embed_segments(connection, "c", WordEmbedder())
    assert changing.service.search("a dog runs").moments == ()
    assert changing.service.search("민지").moments == ()


def test_a_deleted_segment_is_gone_at_once(changing: Library) -> None:
    with changing.service.catalog.begin() as connection:
        connection.execute(
            text("update segments set deleted_at = now() where id = :id"), {"id": changing.segments[0].id}
        )
    for query in ("a dog runs", "민지", "민지 dog", "video:c", "is:edited"):
        assert 0 not in changing.found(query)


# --- recent and saved searches -----------------------------------------------------------------------------------


@pytest.fixture
def actor() -> str:
    return uuid.uuid4().hex


def test_recent_searches_are_each_persons_own(library: Library, actor: str) -> None:
    service = library.service
    for typed in ("one", "two", "three", " one ", "", "  "):
        service.remember(actor, typed)
    service.remember(actor + "other", "secret")
    assert [kept.text for kept in service.recent(actor)] == ["one", "three", "two"]
    assert [kept.text for kept in service.recent(actor, limit=2)] == ["one", "three"]
    assert service.recent("nobody " + actor) == []


def test_a_search_is_saved_renamed_and_forgotten(library: Library, actor: str) -> None:
    service = library.service
    kept = service.save(actor, " 민지 웃는 ", " Smiles ")
    assert (kept.text, kept.name) == ("민지 웃는", "Smiles")
    again = service.save(actor, "민지 웃는", "A smile")
    assert (again.id, again.name) == (kept.id, "A smile")
    other = service.save(actor, "dog", "B dog")
    assert [each.name for each in service.saved(actor)] == ["A smile", "B dog"]
    service.remember(actor, "민지 웃는")
    assert service.saved(actor)[0].name == "A smile"  # searching again does not take the name away
    service.forget(actor + "other", other.id)  # somebody else's
    assert len(service.saved(actor)) == 2
    service.forget(actor, other.id)
    service.forget(actor, other.id)
    assert [each.id for each in service.saved(actor)] == [kept.id]
    assert service.saved("nobody " + actor) == []


def test_what_cannot_be_saved_is_said(library: Library, actor: str) -> None:
    for typed, name in (
        ("", "name"), (" \x00 ", "name"), ("dog", " "), ("dog", "x" * (LONGEST_NAME + 1)), ("x" * 2000, "name"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=r"\.$"):
            library.service.save(actor, typed, name)
    assert library.service.saved(actor) == []


HOSTILE = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=30),
    st.sampled_from(
        ["a\x00b", "\ud800", "'; drop table searches; --", "가" * LONGEST_KEPT, "\U0001f436" * LONGEST_KEPT]
    ),
    st.randoms().map(lambda chance: "".join(chr(chance.randrange(0xAC00, 0xD7A3)) for _ in range(2000))),
)


@given(HOSTILE)
@hypothesis_settings(max_examples=40)
def test_any_text_is_remembered_or_left(library: Library, typed: str) -> None:
    actor = uuid.uuid4().hex
    library.service.remember(actor, typed)
    recent = library.service.recent(actor)
    assert len(recent) <= 1
    assert all(library.service.save(actor, kept.text, "name").text == kept.text for kept in recent)

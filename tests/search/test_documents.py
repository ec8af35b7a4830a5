"""What search reads of segments is written whole, and no model is waited for within a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from sqlalchemy import Connection, text

from tests.search.conftest import NewCatalog
from tests.search.library import Told, captioned, put
from tests.search.toys import WordEmbedder
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.locks import lock_video
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.catalog.vocabulary import embedded_words, read_vocabulary
from vsearch_pipeline.language.embedding import Vectors
from vsearch_pipeline.search.documents import Documents, Missing, NotReadyError, embed_segments, embed_videos
from vsearch_pipeline.timeline import TimeRange

VIDEO = "documents"


class Watched(WordEmbedder):
    """Remembers what it was asked for."""

    def __init__(self, name: str = "watched", *, version: str = "1", unknown: Sequence[str] = ()) -> None:
        self.name = self.source = name
        self.version = version
        self.unknown = unknown
        self.asked: list[list[str]] = []
        self.on_embed: Callable[[], None] = lambda: None

    def knows(self, word: str) -> bool:
        return word not in self.unknown

    def embed(self, texts: Sequence[str]) -> Vectors:
        if texts:
            self.asked.append(list(texts))
            self.on_embed()
        return super().embed(texts)


@pytest.fixture
def told(connection: Connection) -> list[Told]:
    return put(
        connection,
        [
            Told(VIDEO, TimeRange(0, 1000), en="A qdog runs.", ko="개가 달린다.", speech="qhello there"),
            Told(VIDEO, TimeRange(1000, 2000), en="A qdog runs.", objects={"qkettle": 1}),
            Told(VIDEO, TimeRange(2000, 3000)),
        ],
    )


def segments(connection: Connection, video: str = VIDEO) -> list[SegmentRecord]:
    return read_segments(connection, video_id=video)


def vectors(connection: Connection) -> set[tuple[int, str, str]]:
    """Which texts have a vector: segment, part, model."""
    rows = connection.execute(
        text(
            "select segment_id, part, model from segment_embeddings join segments on id = segment_id"
            " where video_id = :video"
        ),
        {"video": VIDEO},
    )
    return {(row.segment_id, row.part, row.model) for row in rows}


def searched(connection: Connection) -> list[tuple[object, ...]]:
    rows = text(
        "select cast(search as text), words, people from segments where video_id = :video order by start_ms"
    )
    return [tuple(row) for row in connection.execute(rows, {"video": VIDEO})]


def write(connection: Connection, embedder: WordEmbedder, *, edited: bool = False) -> tuple[int, int]:
    documents = Documents(embedder)
    documents.embed(documents.missing(connection, segments(connection)))
    return documents.write(connection, segments(connection), edited=edited)


def say(connection: Connection, segment: int, caption: str | None) -> None:
    connection.execute(
        text("update segments set human_caption_en = :caption where id = :id"), {"caption": caption, "id": segment}
    )


# --- one transaction --------------------------------------------------------------------------------------------


def test_nothing_is_written_before_the_vectors_are_there(connection: Connection, told: list[Told]) -> None:
    embedder = Watched()
    documents = Documents(embedder)
    before = searched(connection)
    words_before = [row.word for row in read_vocabulary(connection, embedder.name)]
    with pytest.raises(NotReadyError, match="3 texts and") as refused:
        documents.write(connection, segments(connection))
    missing = refused.value.missing
    assert set(missing.texts) == {"A qdog runs.", "개가 달린다.", "qhello there"}
    assert {"qdog", "qkettle", "qhello"} <= set(missing.words)
    assert (searched(connection), vectors(connection)) == (before, set())
    assert [row.word for row in read_vocabulary(connection, embedder.name)] == words_before
    assert embedder.asked == [], "it computes nothing by itself"

    documents.embed(missing)
    assert not documents.missing(connection, segments(connection))
    assert documents.write(connection, segments(connection)) == (4, 4)
    first, second, _ = (segment.id for segment in told)
    assert vectors(connection) == {
        (number, part, embedder.name)
        for number, part in ((first, "en"), (first, "ko"), (first, "speech"), (second, "en"))
    }
    assert searched(connection) != before
    assert embedded_words(connection, embedder.name, missing.words) == set(missing.words)
    assert [sorted(set(texts)) for texts in embedder.asked] == embedder.asked, "each text and word once"


def test_half_of_what_is_missing_is_not_enough(connection: Connection, told: list[Told]) -> None:
    documents = Documents(Watched())
    missing = documents.missing(connection, segments(connection))
    documents.embed(Missing(texts=missing.texts))
    with pytest.raises(NotReadyError) as refused:
        documents.write(connection, segments(connection))
    assert refused.value.missing == Missing(words=missing.words)
    documents.embed(Missing(words=missing.words))
    say(connection, told[0].id, "qunheard words")
    with pytest.raises(NotReadyError) as refused:
        documents.write(connection, segments(connection))
    assert refused.value.missing.texts == ("qunheard words",)
    assert vectors(connection) == set()


def test_what_is_there_is_not_computed_again(connection: Connection, told: list[Told]) -> None:
    embedder = Watched()
    assert write(connection, embedder) == (4, 4)
    again = Watched()
    assert write(connection, again) == (0, 4)
    assert again.asked == []
    say(connection, told[1].id, "A qdog sleeps.")
    assert write(connection, again) == (1, 4)
    assert again.asked[0] == ["A qdog sleeps."]
    assert "qdog" not in again.asked[1]
    assert write(connection, Watched(version="2")) == (4, 4)


def test_captions_about_to_be_written_are_embedded_before(connection: Connection, told: list[Told]) -> None:
    embedder = Watched()
    write(connection, embedder)
    documents = Documents(embedder)
    wanted = documents.of_captions(["A qdog flies.", "개가 난다."])
    assert wanted.texts == ("A qdog flies.", "개가 난다.")
    assert {"qdog", "개"} <= set(wanted.words)
    documents.embed(wanted)
    say(connection, told[0].id, "A qdog flies.")
    assert documents.write(connection, segments(connection)) == (1, 4), "nothing more was missing"
    assert not documents.of_captions([])


def test_words_that_the_model_does_not_have_are_zero(connection: Connection, told: list[Told]) -> None:
    write(connection, Watched(unknown=["qkettle"]))
    rows = {row.word: row.vector for row in read_vocabulary(connection, "watched")}
    assert rows["qkettle"] is not None
    assert rows["qdog"] is not None
    assert (np.linalg.norm(rows["qkettle"]), round(float(np.linalg.norm(rows["qdog"])), 2)) == (0, 1)
    assert told


def test_an_edit_takes_the_vectors_of_other_models_along(connection: Connection, told: list[Told]) -> None:
    mine, other = Watched("mine"), Watched("other")
    for embedder in (mine, other):
        write(connection, embedder)
    both = vectors(connection)
    first, second, _ = (segment.id for segment in told)
    write(connection, mine, edited=True)
    assert vectors(connection) == both, "nothing was edited"
    say(connection, first, "Something else.")
    write(connection, mine, edited=True)
    assert vectors(connection) == both - {(first, "en", "other")}
    say(connection, second, "")  # a text that is gone
    write(connection, mine, edited=True)
    assert vectors(connection) == both - {(n, "en", "other") for n in (first, second)} - {(second, "en", "mine")}
    assert write(connection, other) == (1, 3), "its next run makes it anew"


def test_a_run_leaves_other_models_alone(connection: Connection, told: list[Told]) -> None:
    mine, other = Watched("mine"), Watched("other")
    for embedder in (mine, other):
        write(connection, embedder)
    both = vectors(connection)
    say(connection, told[0].id, "Something else.")
    write(connection, mine)
    assert vectors(connection) == both


def test_missing_adds_up() -> None:
    assert not Missing()
    assert Missing(("a",)) | Missing(("b",), ("c",)) == Missing(("a", "b"), ("c",))
    assert Missing(words=("c",))


# --- whole videos -----------------------------------------------------------------------------------------------


@pytest.fixture
def library(new_catalog: NewCatalog) -> Catalog:
    """Two videos of a catalogue of their own, whose segments have no vectors."""
    catalog = new_catalog(scratch=True)
    with catalog.begin() as connection:
        put(connection, [*captioned("one", ["A qdog.", "A qcat."]), *captioned("two", ["A qcow.", "A qdog."])])
    return catalog


def rows(catalog: Catalog) -> list[tuple[object, ...]]:
    with catalog.begin() as connection:
        found = connection.execute(
            text(
                "select segment_id, part, text_sha256, cast(embedding as text), cast(search as text), words"
                " from segment_embeddings join segments on id = segment_id order by segment_id, part"
            )
        )
        passages = connection.execute(
            text("select video_id, index, segments, words, cast(embedding as text) from passages order by 1, 2")
        )
        words = connection.execute(text("select word, segments from words order by word"))
        return [tuple(row) for each in (found, passages, words) for row in each]


def test_texts_of_all_videos_are_embedded_together(library: Catalog) -> None:
    embedder = Watched()
    assert embed_videos(library, ["two", "one"], embedder) == [(2, 2), (2, 2)]
    assert embedder.asked[0] == ["A qcat.", "A qcow.", "A qdog."]
    assert len(embedder.asked) == 2, "texts, then words"
    before = rows(library)
    assert {row[0] for row in before} >= {"one", "two", "qdog"}
    assert ("qdog", 2) in before
    assert embed_videos(library, ["one", "two"], embedder) == [(0, 2), (0, 2)]
    assert embed_videos(library, [], embedder) == []
    assert len(embedder.asked) == 2
    assert rows(library) == before


def test_a_video_by_itself_is_written_the_same(library: Catalog) -> None:
    embed_videos(library, ["one", "two"], Watched())
    before = rows(library)
    with library.begin() as connection:
        connection.execute(text("delete from segment_embeddings"))
        connection.execute(text("delete from passages"))
        connection.execute(text("update segments set search = '', words = '{}'"))
        assert [embed_segments(connection, video, Watched()) for video in ("one", "two")] == [(2, 2), (2, 2)]
    assert rows(library) == before


def test_somebody_edits_while_the_model_works(library: Catalog) -> None:
    """Twice: the run holds nothing meanwhile, and writes what is there in the end."""
    with library.begin() as connection:
        first = segments(connection, "one")[0].id
    edits = ["A qhorse.", "A qgiraffe."]

    def edit() -> None:
        if edits:
            with library.begin() as connection:
                connection.execute(text("set local lock_timeout = '2s'"))
                lock_video(connection, "one", "two")
                say(connection, first, edits.pop(0))

    embedder = Watched()
    embedder.on_embed = edit
    assert embed_videos(library, ["one", "two"], embedder) == [(2, 2), (2, 2)]
    asked = [told for texts in embedder.asked for told in texts]
    assert asked.count("A qcow.") == 1, "what was computed is kept"
    assert not edits
    written = rows(library)
    assert ("qgiraffe", 1) in written
    with library.begin() as connection:
        assert not Documents(embedder).missing(connection, segments(connection, "one"))
        found = text("select id from segments where search @@ cast('qgiraff' as tsquery)")
        assert connection.execute(found).scalars().all() == [first]
    assert embed_videos(library, ["one", "two"], Watched()) == [(0, 2), (0, 2)]
    assert rows(library) == written


def test_a_segment_that_is_deleted_meanwhile_is_left_out(library: Catalog) -> None:
    with library.begin() as connection:
        first, second = (segment.id for segment in segments(connection, "one"))

    def delete() -> None:
        with library.begin() as connection:
            connection.execute(text("update segments set deleted_at = now() where id = :id"), {"id": first})

    embedder = Watched()
    embedder.on_embed = delete
    assert embed_videos(library, ["one"], embedder) == [(1, 1)]
    with library.begin() as connection:
        embedded = connection.execute(text("select segment_id from segment_embeddings")).scalars().all()
    assert embedded == [second]


def test_a_model_that_fails_leaves_everything_as_it_was(library: Catalog) -> None:
    before = rows(library)
    embedder = Watched()

    def fail() -> None:
        raise RuntimeError("out of memory")

    embedder.on_embed = fail
    with pytest.raises(RuntimeError, match="out of memory"):
        embed_videos(library, ["one", "two"], embedder)
    assert rows(library) == before

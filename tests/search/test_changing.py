"""Another text model takes over while people search and edit, and nobody's search has a gap."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dagster import DagsterInstance, materialize
from sqlalchemy import Connection, text

from tests.search.conftest import NewCatalog
from tests.search.library import captioned, put
from tests.search.toys import WordEmbedder
from tests.tiny_sbert import make_tiny_sbert
from vsearch_pipeline.assets.segments import segment_embeddings
from vsearch_pipeline.assets.stage import add_partitions
from vsearch_pipeline.catalog import text_models
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, finish_stage, producer_id
from vsearch_pipeline.catalog.text_models import answering_model, coverage, lacking_videos, stored_models
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.language.embedding import (
    KNOWN_SENTENCE_EMBEDDERS,
    SentenceEmbedder,
    Vectors,
    load_sentence_embedder,
)
from vsearch_pipeline.resources.models import SentenceEmbedderResource
from vsearch_pipeline.resources.storage import CatalogResource
from vsearch_pipeline.search import changing
from vsearch_pipeline.search import text_models as loaded
from vsearch_pipeline.search.changing import change_over, drop_unused, model_state
from vsearch_pipeline.search.service import SearchService

VIDEOS = 8
EACH = 6
QUERIES = [f"somebody qshared{n} qthing{n}" for n in range(4)]
OLD, NEW = "toy-words", "toy-turned"


class Turned(WordEmbedder):
    """Another model: the same words in other directions, and fewer of them."""

    name = source = NEW
    dim = 256

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = super().embed([text[::-1] for text in texts])[:, : self.dim]
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(1e-9), dtype=np.float32)


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The toy models can be loaded by name."""
    monkeypatch.setitem(KNOWN_SENTENCE_EMBEDDERS, OLD, WordEmbedder)
    monkeypatch.setitem(KNOWN_SENTENCE_EMBEDDERS, NEW, Turned)
    loaded._other.cache_clear()
    yield
    loaded._other.cache_clear()


def captions() -> dict[str, list[str]]:
    """Of each video: a dozen segments share each query's words; those of the first and the last share none."""
    shared = {
        f"film-{video}": [
            f"somebody qshared{(video + i) % 4} qthing{(video + i) % 4} q{video}x{i}" for i in range(EACH)
        ]
        for video in range(VIDEOS - 2)
    }
    first, last = ([f"q{end}{i} qelse{i}" for i in range(EACH)] for end in ("first", "last"))
    return {"edited-first": first, **shared, "edited-last": last}


def fill(catalog: Catalog) -> None:
    with catalog.begin() as connection:
        for video, told in captions().items():
            put(connection, captioned(video, told))
            producer = producer_id(connection, ProducerInfo("segments", "m", "1"))
            finish_stage(connection, video, "segments", mark="m", producer=producer, run_id="r", seconds=0.0)


@dataclass
class Library:
    """A library whose runs of `segment_embeddings` are Dagster's own."""

    catalog: Catalog
    instance: DagsterInstance
    resource: CatalogResource

    def embed(self, videos: Sequence[str], model: str) -> None:
        resources = {"catalog": self.resource, "sentences": SentenceEmbedderResource(model=model)}
        add_partitions(self.instance, videos)
        for video in videos:
            done = materialize(
                [segment_embeddings], instance=self.instance, partition_key=video, resources=resources
            )
            assert done.success

    def answering(self) -> str | None:
        with self.catalog.begin() as connection:
            found = answering_model(connection)
        return found and found.model

    def changes(self) -> list[str]:
        with self.catalog.begin() as connection:
            return list(connection.execute(text("select model from text_models order by id")).scalars())

    def editor(self, embedder: SentenceEmbedder) -> SegmentService:
        return SegmentService(Editor(self.catalog, embedder, actor="mina", door="web"))

    def segment(self, video: str, position: int = 0) -> int:
        with self.catalog.begin() as connection:
            return read_segments(connection, video_id=video)[position].id

    def parts(self, segment: int) -> set[tuple[str, str]]:
        """The model and the digest of each vector of a segment."""
        rows = text("select model, text_sha256 from segment_embeddings where segment_id = :id")
        with self.catalog.begin() as connection:
            return {(row.model, row.text_sha256) for row in connection.execute(rows, {"id": segment})}


@pytest.fixture
def library(new_catalog: NewCatalog, instance: DagsterInstance) -> Library:
    catalog = new_catalog(scratch=True)
    fill(catalog)

    class Own(CatalogResource):
        def open(self) -> Catalog:
            return catalog

    return Library(catalog, instance, Own(home="/nowhere"))


FILMS = list(captions())


def found(service: SearchService, query: str) -> tuple[tuple[str, int], ...]:
    hits = service.search(query, limit=10, grouped=False).hits
    return tuple((hit.video.id, hit.span.start_ms) for hit in hits)


@dataclass
class Searcher:
    """Searches on and on, as a process with the new setting does, and writes down what was wrong."""

    service: SearchService
    expected: Mapping[str, Mapping[str, tuple[tuple[str, int], ...]]]
    over: threading.Event
    models: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    searches: int = 0

    def __call__(self) -> None:
        try:
            while not self.over.is_set():
                for query in QUERIES:
                    got = found(self.service, query)
                    assert self.service._meaning is not None
                    model = self.service._meaning.model
                    self.searches += 1
                    if not self.models or self.models[-1] != model:
                        self.models.append(model)
                    lost = set(self.expected[model][query]) - set(got)
                    if lost:
                        self.wrong.append(f"{model} {query}: {sorted(lost)} of {self.expected[model][query]}")
        except Exception as error:  # noqa: BLE001 - told by the test
            self.wrong.append(repr(error))


def pair_of_toys(_: Path) -> tuple[str, str]:
    return OLD, NEW


def pair_of_real_models(folder: Path) -> tuple[str, str]:
    pytest.importorskip("sentence_transformers")
    words = sorted({word for told in captions().values() for each in told for word in each.split()})
    return "use-multilingual-v3", str(make_tiny_sbert(folder / "tiny-sbert", words))


@pytest.mark.parametrize("pair", [pair_of_toys, pair_of_real_models])
def test_no_search_loses_anything_while_the_model_changes(
    library: Library, tmp_path: Path, pair: Callable[[Path], tuple[str, str]]
) -> None:
    old, new = pair(tmp_path)
    embedders = {source: load_sentence_embedder(source) for source in (old, new)}
    names = {source: embedder.name for source, embedder in embedders.items()}
    expected = {}
    for source in (new, old):  # what each finds by itself, in a library that nothing happens to
        library.embed(FILMS, source)
        service = SearchService(library.catalog, embedders[source])
        expected[names[source]] = {query: found(service, query) for query in QUERIES}
        assert service._meaning is not None
        assert service._meaning.model == names[source]
    with library.catalog.begin() as connection:  # and as if there had never been a new one
        for table in ("segment_embeddings", "word_embeddings", "passages"):
            connection.execute(text(f"delete from {table} where model = '{names[new]}'"))  # noqa: S608
        connection.execute(text("delete from text_models where model <> :model"), {"model": names[old]})
    assert library.changes() == [names[old]]
    assert expected[names[old]] != expected[names[new]], "the two can be told apart"

    over = threading.Event()
    searchers = [
        Searcher(SearchService(library.catalog, load_sentence_embedder(new)), expected, over) for _ in range(3)
    ]
    threads = [threading.Thread(target=searcher) for searcher in searchers]
    for thread in threads:
        thread.start()
    editing = library.editor(embedders[new])
    finding = SearchService(library.catalog, embedders[new])
    for number, video in enumerate(FILMS):
        library.embed([video], new)
        if number == VIDEOS // 2:  # a new text where the new model has been, and where it has not
            for film, word in ((FILMS[0], "qbefore"), (FILMS[-1], "qafter")):
                segment = library.segment(film, EACH - 1)
                editing.set_captions([segment], {"en": f"{captions()[film][EACH - 1]} {word}"})
                hit = finding.search(word).hits[0]
                assert (hit.segment_id, hit.caption_en.endswith(word)) == (segment, True)  # type: ignore[union-attr]
                assert finding._meaning is not None
                assert finding._meaning.model == names[old]
        assert library.answering() == names[new if number == VIDEOS - 1 else old]
    deadline = threading.Event()
    for _ in range(50):
        if all(searcher.models[-1:] == [names[new]] or searcher.wrong for searcher in searchers):
            break
        deadline.wait(0.1)
    over.set()
    for thread in threads:
        thread.join(30)
    assert [wrong for searcher in searchers for wrong in searcher.wrong] == []
    assert [searcher.models for searcher in searchers] == [[names[old], names[new]]] * 3
    assert all(searcher.searches > 20 for searcher in searchers)
    assert library.changes() == [names[old], names[new]], "one change"
    for film, word in ((FILMS[0], "qbefore"), (FILMS[-1], "qafter")):
        assert finding.search(word).hits[0].segment_id == library.segment(film, EACH - 1)
        assert {model for model, _ in library.parts(library.segment(film, EACH - 1))} == set(names.values())
    assert finding._meaning is not None
    assert finding._meaning.model == names[new]


# --- what is written for which model ----------------------------------------------------------------------------


def test_a_new_video_is_found_through_the_old_model_at_once(library: Library) -> None:
    library.embed(FILMS, OLD)
    library.embed(FILMS[:2], NEW)
    with library.catalog.begin() as connection:
        put(connection, captioned("late", ["somebody brings a qlate qparcel"]))
        producer = producer_id(connection, ProducerInfo("segments", "m", "1"))
        finish_stage(connection, "late", "segments", mark="m", producer=producer, run_id="r", seconds=0.0)
    library.embed(["late"], NEW)
    assert library.answering() == OLD
    late = library.segment("late")
    assert {model for model, _ in library.parts(late)} == {OLD, NEW}
    hit = SearchService(library.catalog, Turned()).search("qlate qparcel").hits[0]
    assert (hit.segment_id, hit.parts.meaning > 0.5) == (late, True)


def test_an_edit_is_written_for_the_model_that_answers(library: Library) -> None:
    library.embed(FILMS, OLD)
    library.embed(FILMS[:1], NEW)
    segment = library.segment(FILMS[0])
    both = library.parts(segment)
    assert {model for model, _ in both} == {OLD, NEW}
    library.editor(Turned()).set_captions([segment], {"en": "a qzebra"})  # a door with the new setting
    [(model, digest)] = library.parts(segment)
    assert model == OLD
    assert (model, digest) not in both
    library.embed(FILMS[1:], NEW)
    assert library.answering() == NEW, "the edit was made up for"
    assert {model for model, _ in library.parts(segment)} == {OLD, NEW}
    library.editor(WordEmbedder()).set_captions([segment], {"en": "a qgiraffe"})  # one with the old setting
    assert {model for model, _ in library.parts(segment)} == {NEW}


def test_an_edit_that_the_change_overtakes_is_tried_again(library: Library) -> None:
    """The change comes between an editor's look and its transaction."""
    library.embed(FILMS, OLD)
    editing = library.editor(Turned())
    first, second = (library.segment(FILMS[0], i) for i in (0, 1))
    editing.set_captions([first], {"en": "a qzebra"})
    library.embed(FILMS, NEW)
    assert library.answering() == NEW
    editing.set_captions([second], {"en": "a qgiraffe"})
    assert {model for model, _ in library.parts(second)} == {NEW}
    finding = SearchService(library.catalog, WordEmbedder())
    assert [finding.search(word).hits[0].segment_id for word in ("qzebra", "qgiraffe")] == [first, second]


def test_edits_on_and_on_hold_the_change_up_for_a_moment_only(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.embed(FILMS, OLD)
    segment = library.segment(FILMS[0])
    editing = library.editor(WordEmbedder())

    library.embed(FILMS[:-1], NEW)
    editing.set_captions([segment], {"en": "an edit"})
    with library.catalog.begin() as connection:
        producer = producer_id(connection, ProducerInfo("segment_embeddings", NEW, "1"))
        for video in FILMS:
            finish_stage(
                connection, video, "segment_embeddings", mark="m", producer=producer, run_id="r", seconds=0.0
            )
    made_up, edits = changing._make_up, count(1)

    def disturbed(*arguments: Any) -> None:
        made_up(*arguments)
        editing.set_captions([segment], {"en": f"edit {next(edits)}"})

    monkeypatch.setattr(changing, "_make_up", disturbed)
    assert change_over(library.catalog, Turned())
    assert next(edits) == changing._ROUNDS + 1
    assert library.answering() == NEW
    assert len(library.parts(segment)) == 2, "what was lacking in the end was written with the change"


def test_only_the_first_of_two_changes_it(library: Library) -> None:
    library.embed(FILMS, OLD)
    library.embed(FILMS[:-1], NEW)
    with library.catalog.begin() as connection:
        producer = producer_id(connection, ProducerInfo("segment_embeddings", NEW, "1"))
        finish_stage(
            connection, FILMS[-1], "segment_embeddings", mark="m", producer=producer, run_id="r", seconds=0.0
        )
    taken: list[bool] = []
    threads = [
        threading.Thread(target=lambda: taken.append(change_over(library.catalog, Turned()))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken) == [False, False, False, True]
    assert library.changes() == [OLD, NEW]


def test_words_that_no_segment_has_any_more_come_along(library: Library) -> None:
    """A reader would wait for their vectors for ever."""
    library.embed(FILMS, OLD)
    segment = library.segment(FILMS[0])
    editing = library.editor(WordEmbedder())
    editing.set_captions([segment], {"en": "a qforgotten word"})
    editing.set_captions([segment], {"en": "another"})
    library.embed(FILMS, NEW)
    service = SearchService(library.catalog, Turned())
    service.search("qshared1")
    with library.catalog.begin() as connection:
        last = connection.execute(text("select max(id) from words")).scalar_one()
    assert service._meaning is not None
    assert service._meaning.lexicon._library.state.last_id == last


# --- when it changes --------------------------------------------------------------------------------------------


def test_the_first_model_answers_at_once(library: Library) -> None:
    assert library.answering() is None
    library.embed(FILMS[:1], NEW)
    assert library.changes() == [NEW]


def test_a_run_in_which_nothing_is_to_do_changes_it_where_one_was_killed_before(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.embed(FILMS, OLD)
    monkeypatch.setattr("vsearch_pipeline.assets.segments.change_over", lambda *_: False)
    library.embed(FILMS, NEW)
    monkeypatch.undo()
    KNOWN_SENTENCE_EMBEDDERS[OLD], KNOWN_SENTENCE_EMBEDDERS[NEW] = WordEmbedder, Turned
    try:
        assert library.answering() == OLD
        library.embed(FILMS[:1], NEW)
        assert library.answering() == NEW
    finally:
        del KNOWN_SENTENCE_EMBEDDERS[OLD], KNOWN_SENTENCE_EMBEDDERS[NEW]


def test_what_is_hidden_holds_nothing_up(library: Library) -> None:
    library.embed(FILMS, OLD)
    library.editor(WordEmbedder()).delete([library.segment(FILMS[0])])
    library.embed(FILMS, NEW)
    assert library.answering() == NEW


def test_the_way_back_is_the_same(library: Library) -> None:
    library.embed(FILMS, OLD)
    library.embed(FILMS, NEW)
    segment = library.segment(FILMS[1])
    library.editor(Turned()).set_captions([segment], {"en": "a qzebra"})
    library.embed(FILMS[:1], OLD)
    assert library.answering() == NEW, "the old model does not have what was edited since"
    library.embed(FILMS[:2], OLD)
    assert library.changes() == [OLD, NEW, OLD], "and of the others everything"


def test_a_model_that_is_gone_leaves_the_one_of_the_settings(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.embed(FILMS, OLD)
    library.embed(FILMS[:2], NEW)
    monkeypatch.delitem(KNOWN_SENTENCE_EMBEDDERS, OLD)
    loaded._other.cache_clear()
    service = SearchService(library.catalog, Turned())
    assert {hit.video.id for hit in service.search(QUERIES[0], limit=3).hits} <= set(FILMS)
    segment = library.segment(FILMS[0])
    library.editor(Turned()).set_captions([segment], {"en": "a qzebra"})
    assert {model for model, _ in library.parts(segment)} == {NEW}
    library.embed(FILMS, NEW)
    assert library.answering() == NEW
    assert service.search("qzebra").hits[0].segment_id == segment


# --- what is told and dropped -----------------------------------------------------------------------------------


def test_how_far_it_is_and_what_is_kept(library: Library) -> None:
    library.embed(FILMS, OLD)
    library.embed(FILMS[:2], NEW)
    with library.catalog.begin() as connection:
        state = model_state(connection, NEW)
        assert state.answering is not None
        assert (state.answering.model, state.wanted) == (OLD, NEW)
        assert (state.coverage, state.unused) == (text_models.Coverage(2 * EACH, VIDEOS * EACH), ())
        assert coverage(connection, OLD, NEW) == state.coverage
        assert lacking_videos(connection, OLD, NEW) == sorted(FILMS[2:])
        assert [(each.model, each.texts) for each in state.stored] == [(NEW, 2 * EACH), (OLD, VIDEOS * EACH)]
    assert drop_unused(library.catalog, NEW) == (), "both are needed"
    library.embed(FILMS, NEW)
    assert [each.model for each in drop_unused(library.catalog, NEW)] == [OLD]
    with library.catalog.begin() as connection:
        assert [each.model for each in stored_models(connection)] == [NEW]
        assert indexes(connection) == 1
        assert model_state(connection, NEW).coverage is None
    assert found(SearchService(library.catalog, Turned()), QUERIES[0])


def indexes(connection: Connection) -> int:
    named = text(
        "select count(*) from pg_indexes where tablename = 'segment_embeddings' and indexdef like '%hnsw%'"
        " and (indexdef like '%toy-words%' or indexdef like '%toy-turned%')"
    )
    return int(connection.execute(named).scalar_one())

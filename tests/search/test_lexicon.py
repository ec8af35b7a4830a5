"""A query's words against the library's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from tests.search.conftest import NewCatalog
from tests.search.library import Told, captioned, filled
from tests.search.toys import WordEmbedder
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.catalog.vocabulary import count_words, read_vocabulary, vocabulary_state
from vsearch_pipeline.language.embedding import Vectors
from vsearch_pipeline.language.tokens import words
from vsearch_pipeline.search import lexicon as module
from vsearch_pipeline.search.documents import embed_segments, word_vectors, words_of
from vsearch_pipeline.search.lexicon import ALIKE, BRIDGED, MOST_WORDS, Asked, Lexicon
from vsearch_pipeline.timeline import TimeRange

CAPTIONS = [
    "A dog runs on the beach.",
    "A woman is waving at the camera.",
    "A woman and a dog.",
    "A man dances with an umbrella.",
]
KOREAN = ["개가 바닷가를 달린다.", "여자가 손을 흔든다."]
EMBEDDER = WordEmbedder()


@pytest.fixture(scope="module")
def told(new_catalog: NewCatalog) -> Catalog:
    made = new_catalog()
    korean = [Told("lex-ko", TimeRange(i * 1000, i * 1000 + 1000), ko=text) for i, text in enumerate(KOREAN)]
    filled(made, EMBEDDER, [*captioned("lex-en", CAPTIONS), *korean])
    with made.begin() as connection:
        count_words(connection, always=True)
    return made


@pytest.fixture(scope="module")
def lexicon(told: Catalog) -> Lexicon:
    made = Lexicon(EMBEDDER)
    with told.begin() as connection:
        made.follow(connection, vocabulary_state(connection))
    return made


def follow(lexicon: Lexicon, connection: Connection) -> None:
    lexicon.follow(connection, vocabulary_state(connection))


def ask(lexicon: Lexicon, text: str) -> Asked:
    missing = lexicon.missing(text)
    return lexicon.ask(text, dict(zip(missing, word_vectors(EMBEDDER, missing), strict=True)))


def numbers(catalog: Catalog) -> dict[str, int]:
    with catalog.begin() as connection:
        return {row.word: row.id for row in read_vocabulary(connection, EMBEDDER.name)}


TEXTS = st.lists(
    st.sampled_from(
        ["dog", "dogs", "the", "woman", "waving", "개", "바닷가", "흔드는", "xyzzy", "umbrella", "장면", "뷁"]
    ),
    max_size=6,
).map(" ".join)


@given(TEXTS, st.lists(st.lists(st.integers(0, 40), max_size=10), max_size=5))
@hypothesis_settings(deadline=None)
def test_coverage_is_a_share(lexicon: Lexicon, text: str, lists: list[list[int]]) -> None:
    covered = ask(lexicon, text).coverage(lists)
    assert covered.shape == (len(lists),)
    assert (covered >= 0).all()
    assert (covered <= 1 + 1e-6).all()
    assert all(share == 0 for share, each in zip(covered, lists, strict=True) if not each)


@given(TEXTS, st.lists(st.integers(1, 40), max_size=10), st.integers(1, 40))
@hypothesis_settings(deadline=None)
def test_more_words_never_cover_less(lexicon: Lexicon, text: str, some: list[int], more: int) -> None:
    less, all_ = ask(lexicon, text).coverage([some, [*some, more]])
    assert less <= all_ + 1e-6


@pytest.mark.parametrize("caption", [*CAPTIONS, *KOREAN])
def test_all_words_there_is_one(told: Catalog, lexicon: Lexicon, caption: str) -> None:
    with told.begin() as connection:
        [segment] = [s for s in read_segments(connection) if caption in (s.caption_en, s.caption_ko)]
    known = numbers(told)
    asked = ask(lexicon, caption)
    assert asked.coverage([[known[word.text] for word in words_of(segment)]]) == pytest.approx([1.0])
    assert asked.share_in(caption) == pytest.approx(1.0)


def test_words_of_the_other_language_count_nearly_as_much(told: Catalog, lexicon: Lexicon) -> None:
    known = numbers(told)
    assert ask(lexicon, "강아지").coverage([[known["dog"]], [known["camera"]]]) == pytest.approx(
        [BRIDGED, 0], abs=0.1
    )
    assert ask(lexicon, "dog").coverage([[known["개"]]]) == pytest.approx([BRIDGED], abs=0.01)
    assert known["개"] != known["dog"]


def test_rare_words_weigh_more(lexicon: Lexicon) -> None:
    asked = ask(lexicon, "woman umbrella")
    common, rare = asked.weights
    assert 0 < common < rare


def test_tokens_to_look_up_are_the_librarys(lexicon: Lexicon) -> None:
    assert set(ask(lexicon, "dogs waving").tokens) == {"dog", "wav"}
    assert ask(lexicon, "dogs").tokens["dog"][0] == 2  # segments
    assert set(ask(lexicon, "강아지").tokens) == {"dog"}
    assert ask(lexicon, "xyzzy").tokens == {}


@pytest.mark.parametrize(
    ("text", "asked_for"), [("dogs", 1.0), ("강아지", BRIDGED), ("개", BRIDGED), ("xyzzy", 0.0)]
)
def test_likeness_of_a_word(lexicon: Lexicon, text: str, asked_for: float) -> None:
    [dog] = words("dog")
    likeness = ask(lexicon, text).likeness(dog)
    assert likeness == pytest.approx(asked_for, abs=0.1)
    assert (likeness >= ALIKE) is (asked_for > 0)


def test_nothing_asked_covers_nothing(lexicon: Lexicon) -> None:
    nothing = lexicon.ask("", {})
    assert nothing.coverage([[1, 2], []]).tolist() == [0, 0]
    assert nothing.share_in("a dog") == 0
    assert nothing.tokens == {}
    assert nothing.likeness(words("dog")[0]) == 0


def test_a_long_text_asks_for_its_first_words(lexicon: Lexicon) -> None:
    text = " ".join(f"word{i}" for i in range(3 * MOST_WORDS))
    assert len(lexicon.missing(text)) == MOST_WORDS
    assert len(ask(lexicon, text).words) == MOST_WORDS
    assert lexicon.missing(text) == []


def test_what_is_forgotten_is_asked_for_again(
    told: Catalog, lexicon: Lexicon, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["dog beach", "woman xyzzy", "dog woman", "xyzzy dog beach"]
    expected = [ask(lexicon, text).alike for text in texts]
    monkeypatch.setattr(module, "_REMEMBERED", 1)
    forgetful = Lexicon(EMBEDDER)
    with told.begin() as connection:
        forgetful.follow(connection, vocabulary_state(connection))
        for text, alike in zip(texts, expected, strict=True):
            missing = forgetful.missing(text)
            vectors = dict(zip(missing, word_vectors(EMBEDDER, missing), strict=True))
            assert np.allclose(forgetful.ask(text, vectors).alike, alike)


def test_it_follows_the_library(new_catalog: NewCatalog) -> None:
    growing = new_catalog(scratch=True)
    lexicon = Lexicon(EMBEDDER)
    with growing.begin() as connection:
        lexicon.follow(connection, vocabulary_state(connection))
    assert ask(lexicon, "zebra").tokens == {}
    for count, caption in ((1, "A zebra."), (2, "A zebra and a giraffe.")):
        filled(growing, EMBEDDER, captioned(f"grow-{count}", [caption]))
        with growing.begin() as connection:
            lexicon.follow(connection, vocabulary_state(connection))
        assert set(ask(lexicon, "zebra").tokens) == {"zebra"}
        assert ask(lexicon, "zebra").tokens["zebra"][0] == count
        assert ask(lexicon, "zebra giraffe").share_in("zebra giraffe") == pytest.approx(1.0)
    assert set(ask(lexicon, "giraffe").tokens) == {"giraff"}


def test_words_without_a_vector_yet_are_read_again(
    new_catalog: NewCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    half = new_catalog(scratch=True)

    class Another(WordEmbedder):
        name = "another"

    filled(half, Another(), captioned("half", ["A zebra."]))
    lexicon = Lexicon(EMBEDDER)

    class Near(WordEmbedder):
        """Takes any word for a zebra."""

        def embed(self, texts: Sequence[str]) -> Vectors:
            return super().embed(["zebra" for _ in texts])

    def likeness() -> float:
        with half.begin() as connection:
            lexicon.follow(connection, vocabulary_state(connection))
        missing = lexicon.missing("horse")
        vectors = dict(zip(missing, word_vectors(Near(), missing), strict=True))
        return lexicon.ask("horse", vectors).likeness(words("zebra")[0])

    assert likeness() == 0
    with half.begin() as connection:
        embed_segments(connection, "half", EMBEDDER)
    assert likeness() == pytest.approx(1.0, abs=0.01)

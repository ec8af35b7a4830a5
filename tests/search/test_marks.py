"""Pieces of texts that a query asks for."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.catalog.segments import SegmentRecord
from vsearch_pipeline.language.tokens import query_words
from vsearch_pipeline.search.lexicon import Asked
from vsearch_pipeline.search.marks import marks_of, pieces
from vsearch_pipeline.timeline import TimeRange

TEXT = st.one_of(
    st.text(max_size=80),
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.text("민지가 개dog손을 흔드는거aİß\u0301\u1100\u1161東京", max_size=60),
)


def asked(query: str) -> Asked:
    """A query over a library without words."""
    own = tuple(query_words(query))
    return Asked(own, np.ones(len(own), np.float32), np.zeros((len(own), 1), np.float32), {}, {})


@given(TEXT, TEXT, st.lists(st.text(max_size=5), max_size=3))
def test_pieces_joined_are_the_text(text: str, query: str, literal: list[str]) -> None:
    cut = pieces(text, asked(query), literal)
    assert "".join(piece.text for piece in cut) == unicodedata.normalize("NFC", text)
    assert all(piece.text for piece in cut)
    marked = [piece.hit for piece in cut]
    assert all(one or other for one, other in pairwise(marked))


@given(TEXT)
def test_what_is_asked_for_word_by_word_is_marked(text: str) -> None:
    cut = pieces(text, asked(text))
    if any(not word.plain for word in query_words(text)):
        assert any(piece.hit for piece in cut)


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("waving dogs", "A woman waves at the dog.", ["waves", "dog"]),
        ("손 흔드는", "여자가 손을 흔든다.", ["손", "흔든"]),
        ("red car", "It's a red car, a car.", ["red car", "car"]),
        ("the", "the dog", []),  # which says nothing
        ("dog", "hotdogs", []),
        ("xyzzy", "A dog.", []),
    ],
)
def test_words_are_marked_where_they_stand(query: str, text: str, marked: list[str]) -> None:
    assert [piece.text for piece in pieces(text, asked(query)) if piece.hit] == marked


def test_phrases_and_names_are_marked_as_they_are() -> None:
    cut = pieces("Minji at the CAFÉ: minji!", asked(""), ["minji", "at the café", ""])
    assert [(piece.text, piece.hit) for piece in cut] == [
        ("Minji at the CAFÉ", True),
        (": ", False),
        ("minji", True),
        ("!", False),
    ]


def test_no_text_has_no_pieces() -> None:
    assert pieces(None, asked("dog")) == pieces("", asked("dog")) == ()


def test_all_texts_of_a_segment() -> None:
    segment = SegmentRecord(
        1, "v", TimeRange(0, 1), "A dog.", None, {"dog": 2, "hot dog": 1, "cup": 1}, "dogs!", (), False, None
    )
    marks = marks_of(segment, asked("dog"), [])
    assert [piece.text for piece in marks.caption_en if piece.hit] == ["dog"]
    assert marks.caption_ko == ()
    assert [piece.text for piece in marks.speech if piece.hit] == ["dogs"]
    assert [(piece.text, piece.hit) for piece in marks.objects] == [
        ("dog", True),
        ("hot dog", True),
        ("cup", False),
    ]

"""The list of Korean words and the English ones that captions use for them."""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.language.bridge import counterparts, glossed
from vsearch_pipeline.language.tokens import has_hangul, query_tokens, search_tokens, stem

ROWS = [
    line.split("\t")
    for line in files("vsearch_pipeline.language").joinpath("bridge.tsv").read_text(encoding="utf-8").splitlines()
]


def test_every_row_is_a_korean_word_and_english_ones() -> None:
    assert len({korean for korean, _ in ROWS}) == len(ROWS)
    for korean, english in ROWS:
        assert has_hangul(korean)
        assert english.split()
        assert all(len(search_tokens(word)) == 1 and word.isascii() for word in english.split())


def test_korean_words_are_written_as_queries_have_them() -> None:
    read = [korean for korean, _ in ROWS if query_tokens(korean) == [korean]]
    assert len(read) >= 0.95 * len(ROWS)


@pytest.mark.parametrize(
    ("korean", "english"), [("흔들다", "waving"), ("바다", "sea"), ("개", "dogs"), ("빨갛다", "red")]
)
def test_words_lead_to_each_other(korean: str, english: str) -> None:
    assert stem(english) in counterparts(korean)
    assert korean in counterparts(stem(english))


@given(st.sampled_from(ROWS))
def test_it_goes_both_ways(row: list[str]) -> None:
    korean, english = row
    for word in english.split():
        assert stem(word) in counterparts(korean)
        assert korean in counterparts(stem(word))
    assert len(set(counterparts(korean))) == len(counterparts(korean))


@given(st.text())
def test_a_word_it_does_not_have_leads_nowhere(text: str) -> None:
    assert all(query_tokens(other) for other in counterparts(text))
    assert counterparts("뷁" + text) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("강아지", "puppy"),
        ("바다에서", "sea 에서"),
        ("민지가 개랑 노는 거", "민지가 dog 랑 play 는 거"),
        ("빨간 우산!", "red umbrella !"),
        ("a dog runs", None),
        ("민지", None),
        ("", None),
        ("ㅋㅋ 뷁 東京", None),
    ],
)
def test_korean_words_are_told_in_english(text: str, told: str | None) -> None:
    assert glossed(text) == told


@given(st.text(st.one_of(st.characters(), st.sampled_from("개바다 가에서dog"))))
def test_any_text_is_glossed_or_left(text: str) -> None:
    told = glossed(text)
    if told is not None:
        assert told == " ".join(told.split())
        assert told != text

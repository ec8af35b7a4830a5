"""Which spoken words a query asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.language.tokens import query_tokens
from vsearch_pipeline.search.heard import SpokenMatch


@pytest.mark.parametrize(
    ("query", "heard", "not_heard"),
    [
        ("country", ["country", "Country.", "countries,", "“COUNTRY!”"], ["count", "cousin", "-", ""]),
        ("what you can do", ["can", "do?"], ["what", "you"]),  # words that say nothing are not looked for
        ("what you", ["what", "you"], ["can"]),  # unless there are no others
        ("don't stop", ["don’t", "stopped"], ["dont't've", "do"]),
        ("나라", ["나라를", "나라", "우리나라가,"], ["나비", "라나", "나"]),
        ("나라가 부르는", ["나라를", "부르는", "불렀다"], ["가", "부산"]),
        ("대한민국", ["대한민국의", "민국", "대한"], ["민주공화국", "국"]),
        ("민주", ["민주공화국은"], ["국"]),
        ("우리나라", ["나라를"], ["우리"]),  # which says nothing by itself
        ("개", ["개", "개가", "개를"], ["개나리", "무지개떡"]),
        ("개나리", ["개나리가"], ["개가"]),
        ("손흔드는거", ["손을", "흔들었다"], ["손가락", "거"]),
        ("7일", ["7일", "7"], ["17"]),
        ("東京", ["東京", "東京都"], ["京都", "東"]),
        ("東", ["東"], ["東京"]),
        ("", [], ["", "나라", "country"]),
    ],
)
def test_words_that_are_meant(query: str, heard: list[str], not_heard: list[str]) -> None:
    meant = SpokenMatch(query)
    assert [word for word in [*heard, *not_heard] if meant(word)] == heard


@given(words=st.lists(st.sampled_from(["country", "나라를", "running", "사람들이", "ask", "물어"]), min_size=1))
def test_a_query_that_quotes_what_is_said_is_heard_whole(words: list[str]) -> None:
    meant = SpokenMatch(" ".join(words))
    assert all(map(meant, words))


NOUNS = st.sampled_from(
    ["나라", "대한민국", "공화국", "사람", "바다", "바닷가", "노래", "노래방", "축구", "축구공"]
)
PARTICLES = st.sampled_from(["", "만", "도", "에서", "까지"])


@given(noun=NOUNS, other=NOUNS, particle=PARTICLES)
def test_of_two_nouns_one_that_holds_the_other_is_meant(noun: str, other: str, particle: str) -> None:
    assert SpokenMatch(noun)(other + particle) == (noun in other or other in noun)


@given(query=st.text(max_size=30), word=st.text(max_size=20))
def test_nothing_breaks_it(query: str, word: str) -> None:
    if SpokenMatch(query)(word):
        assert query_tokens(word)
        assert query_tokens(query)

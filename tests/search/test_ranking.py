"""The order of candidates, and how good they are."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.catalog.retrieval import Candidate
from vsearch_pipeline.language.tokens import words
from vsearch_pipeline.search.lexicon import Asked
from vsearch_pipeline.search.ranking import GOOD, MIDDLE, Ranked, chance, rank
from vsearch_pipeline.timeline import TimeRange

SIZE = 6
"""Words of the library, 0 included."""
ASKED = Asked(
    words=words("dog beach"),
    weights=np.array([2.0, 1.0], dtype=np.float32),
    alike=np.array([[0, 1, 0.4, 0, 0, 0.1], [0, 0, 0.2, 1, 0.5, 0]], dtype=np.float32),
    tokens={},
    numbers={},
)


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    """Segments of two videos in passages; values are few, so that many are equal."""
    cosines = st.sampled_from([-0.1, 0.0, 0.3, 0.5])
    numbers = st.lists(st.integers(1, SIZE - 1), max_size=4, unique=True)
    passages = {
        (video, stretch): (draw(st.sampled_from([0, 2, 8, 20, 24])), tuple(draw(numbers)), draw(cosines))
        for video in "ab"
        for stretch in range(2)
    }
    found = []
    for number in range(draw(st.integers(0, 12))):
        video, stretch = draw(st.sampled_from("ab")), draw(st.integers(0, 1))
        around, around_words, around_cosine = passages[video, stretch]
        start = stretch * 180_000 + draw(st.integers(0, 3)) * 1000
        found.append(
            Candidate(
                segment_id=number,
                video_id=video,
                span=TimeRange(start, start + 1000),
                words=tuple(draw(numbers)),
                people=tuple(draw(st.lists(st.integers(1, 3), unique=True))),
                cosine=draw(cosines),
                around=around,
                around_words=around_words if around else (),
                around_cosine=around_cosine if around else 0.0,
            )
        )
    return found


def ids(ranked: list[Ranked]) -> list[int]:
    return [each.candidate.segment_id for each in ranked]


@given(candidates(), st.lists(st.lists(st.integers(1, 3), min_size=1), max_size=2), st.randoms())
def test_the_order_does_not_depend_on_how_candidates_came(
    found: list[Candidate], preferred: list[list[int]], chance_: random.Random
) -> None:
    shuffled = list(found)
    chance_.shuffle(shuffled)
    first, second = rank(found, ASKED, preferred), rank(shuffled, ASKED, preferred)
    assert first == second
    assert sorted(ids(first)) == sorted(c.segment_id for c in found)


@given(candidates(), st.lists(st.lists(st.integers(1, 3), min_size=1), min_size=1, max_size=2))
def test_those_with_somebody_preferred_come_first(found: list[Candidate], preferred: list[list[int]]) -> None:
    ranked = rank(found, ASKED, preferred)
    there = [sum(bool(set(wanted) & set(each.candidate.people)) for wanted in preferred) for each in ranked]
    assert there == sorted(there, reverse=True) == [each.preferred for each in ranked]


@given(candidates())
def test_the_better_come_first_and_equals_by_place(found: list[Candidate]) -> None:
    ranked = rank(found, ASKED)
    keys = [(-e.raw, e.candidate.video_id, e.candidate.span.start_ms, e.candidate.segment_id) for e in ranked]
    assert keys == sorted(keys)
    assert all(0 < chance(each.raw) < 1 and 0 <= each.words <= 1 for each in ranked)


@given(candidates(), st.integers(0, 11), st.sampled_from(["cosine", "words"]))
def test_more_of_what_was_asked_for_is_never_worse(found: list[Candidate], at: int, what: str) -> None:
    if not found:
        return
    at %= len(found)
    one = found[at]
    better = replace(one, cosine=one.cosine + 0.2) if what == "cosine" else replace(one, words=(1, 3))
    before = rank(found, ASKED)
    after = rank([*found[:at], better, *found[at + 1 :]], ASKED)
    assert ids(after).index(one.segment_id) <= ids(before).index(one.segment_id)


def test_what_is_around_counts_in_a_small_passage_only() -> None:
    alone = Candidate(1, "a", TimeRange(0, 1000), (), (), 0.3, 0, (), 0.0)
    told = replace(alone, segment_id=2, video_id="b", around=4, around_words=(1, 3), around_cosine=0.5)
    other = replace(alone, segment_id=3, video_id="c", around=4)
    assert ids(rank([alone, told, other], ASKED)) == [2, 1, 3]
    many = [replace(c, around=24) for c in (told, other)]
    assert {each.raw for each in rank([alone, *many], ASKED)} == {0.3}


@given(st.floats(-2, 4), st.floats(0, 2))
def test_chance_rises_with_the_value(raw: float, more: float) -> None:
    assert 0 < chance(raw) <= chance(raw + more) <= 1
    assert chance(MIDDLE) == pytest.approx(GOOD)

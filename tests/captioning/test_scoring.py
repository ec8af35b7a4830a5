"""ROUGE-L against values worked out by hand, and its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.captioning.scoring import rouge_l

sentences = st.lists(st.sampled_from(["a", "man", "dog", "runs", "sits"]), max_size=8).map(" ".join)


def test_half_of_the_words_in_order() -> None:
    # common subsequence "the dog" of 2: precision 2/4, recall 2/3; F with beta 1.2
    precision, recall = 2 / 4, 2 / 3
    expected = (1 + 1.44) * precision * recall / (recall + 1.44 * precision)
    assert rouge_l("The small dog sleeps.", ["the dog runs"]) == pytest.approx(expected)


def test_best_of_several_references() -> None:
    assert rouge_l("a man runs", ["nothing alike", "A man runs!"]) == pytest.approx(1.0)


def test_order_counts() -> None:
    assert rouge_l("dog bites man", ["man bites dog"]) < rouge_l("man bites cat", ["man bites dog"])


@given(sentences, st.lists(sentences, max_size=3))
def test_lies_between_nothing_and_all(caption: str, references: list[str]) -> None:
    assert 0.0 <= rouge_l(caption, references) <= 1.0 + 1e-9
    if caption:
        assert rouge_l(caption, [*references, caption]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("caption", "references"), [("", ["a man"]), ("a man", []), ("a man", [""]), ("...", ["..."])]
)
def test_nothing_said_scores_nothing(caption: str, references: list[str]) -> None:
    assert rouge_l(caption, references) == 0.0

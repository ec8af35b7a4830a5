"""A summary of the results as the page draws it: plain values for the components, which show them as text only."""

from __future__ import annotations

from typing import Any, Final

from editor_app.texts.search import Texts
from vsearch_pipeline.search.answers import Answer
from vsearch_pipeline.sentences import in_language

ANSWERS_KEY: Final = "answers"
"""Of the visit's state: the summary, or the promise of one, by query and language."""

CHIPS: Final = 6
"""Moments of a claim that can be pressed."""


def draw_answer(answer: Answer, texts: Texts) -> dict[str, Any]:
    """Values for `results`: the claims with the moments they rest on, and notes on who wrote them."""
    author = texts.answer_by_model.format(model=answer.model) if answer.model else texts.answer_by_template
    return {
        "claims": [
            {
                "text": claim.text,
                "segments": list(claim.segments[:CHIPS]),
                "others": texts.answer_others.format(count=len(claim.segments) - CHIPS)
                if len(claim.segments) > CHIPS
                else "",
            }
            for claim in answer.claims
        ],
        "notes": [author, *([in_language(answer.why, answer.language)] if answer.why else [])],
    }

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.captioning.clean import clean_caption

PROMPT = "Describe in detail what actions are taking place in the video?"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("A dog  runs.\n It jumps. ", "A dog runs. It jumps."),
        ("A dog runs. A cat sleeps. A dog runs.", "A dog runs. A cat sleeps."),
        ("The girl is looking at the card. The girl is.", "The girl is looking at the card."),
        ("The man is sitting. The.", "The man is sitting."),
        ("A man is in a tent. He is looking at a map on the.", "A man is in a tent."),
        ("A man is in a tent. He is looking at a", "A man is in a tent."),
        (f"{PROMPT} The man is wearing a hat.", "The man is wearing a hat."),
        (f"{PROMPT[:-1]}. The man is wearing a hat.", "The man is wearing a hat."),
        ("A group of people under an umbrella. Question.", "A group of people under an umbrella."),
        ("Two women play. Woman: Two women play.", "Two women play."),
        (
            "It is described as follows: It is described as follows: It is described as follows: a dog runs.",
            "It is described as follows: a dog runs.",
        ),
        (
            "The woman is sitting on the chair. The man is sitting on the chair. The man is.",
            "The woman is sitting on the chair. The man is sitting on the chair.",
        ),
        ("The.", "The."),
        (PROMPT, PROMPT),
        ("no end at all", "no end at all"),
        ("개가 뛴다. 개가 뛴다. 고양이가 잠을 잔다.", "개가 뛴다. 고양이가 잠을 잔다."),
        ("   ", ""),
    ],
)
def test_examples(raw: str, expected: str) -> None:
    assert clean_caption(raw, PROMPT) == expected


def test_what_is_new_is_kept() -> None:
    text = "In the video, there are two women. One of them wears a hat. They are talking to each other."
    assert clean_caption(text, PROMPT) == text


words = st.sampled_from(
    ["A", "dog", "the", "man", "is", "runs.", "Question:", "Woman:", "The.", "hat", "hat.", PROMPT]
)
captions = st.lists(words, max_size=30).map(" ".join) | st.text(max_size=80)


@given(captions, st.sampled_from(["", PROMPT, "A dog"]))
def test_idempotent(text: str, prompt: str) -> None:
    once = clean_caption(text, prompt)
    assert clean_caption(once, prompt) == once


@given(captions, st.sampled_from(["", PROMPT, "A dog"]))
def test_never_empty_never_longer_never_invented(text: str, prompt: str) -> None:
    cleaned = clean_caption(text, prompt)
    assert bool(cleaned) == bool(text.split())
    assert len(cleaned) <= len(text)
    assert set("".join(cleaned.split())) <= set("".join(text.split()))

from __future__ import annotations

import json
from pathlib import Path

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
        ("A man is in a tent. He is looking at.", "A man is in a tent."),
        (f"{PROMPT} The man is wearing a hat.", "The man is wearing a hat."),
        (f"{PROMPT[:-1]}. The man is wearing a hat.", "The man is wearing a hat."),
        ("Describe what happens. A man is wearing a hat.", "A man is wearing a hat."),
        ("A group of people under an umbrella. Question.", "A group of people under an umbrella."),
        ("Two women play. Woman: Two women play.", "Two women play."),
        ("People are in a tent. Woman #1: People are in a tent. Woman #2: People are in", "People are in a tent."),
        ("A girl plays. Crowd: What does the girl do? Crowd: Who is it? Crowd: What.", "A girl plays."),
        (
            "A woman waves. Crowd: (Chanting) Woman: Hello there. Crowd: (Chanting) Woman: Hello there. Crowd: (.",
            "A woman waves. Crowd: (Chanting) Woman: Hello there.",
        ),
        (
            "It is described as follows: It is described as follows: It is described as follows: a dog runs.",
            "It is described as follows: a dog runs.",
        ),
        ("A dog barks barks barks barks at a cat.", "A dog barks at a cat."),
        ("A very very big dog.", "A very very big dog."),
        (
            "The woman is sitting on the chair. The man is sitting on the chair. The man is.",
            "The woman is sitting on the chair. The man is sitting on the chair.",
        ),
        (
            "The video shows a group of people walking. A group of people are walking.",
            "The video shows a group of people walking.",
        ),
        (
            "Some people eat. The third person holds a cup. The fourth person holds a cup."
            " The fifth person holds a cup. The sixth person holds a cup. The seventh person.",
            "Some people eat. The third person holds a cup.",
        ),
        (
            "A dog runs. Catch the latest news here. Follow us on Facebook. com reserves all of it.",
            "A dog runs.",
        ),
        (
            "A dog runs. This website uses cookies. Your approval is needed. It is sleeping now.",
            "A dog runs. It is sleeping now.",
        ),
        ("A man sits. Taken from http://www. pbs. org/page. He is eating.", "A man sits. He is eating."),
        ("A girl sings. 댓글 댓글 댓글. 정말 정", "A girl sings."),
        ("A woman waves. A sign reads www.hybe.com. She leaves.", "A woman waves. She leaves."),
        ("Source: KBS. A woman dances.", "A woman dances."),
        ("Sure! Here is a description of the video: A dog runs.", "A dog runs."),
        ("Based on the video frames provided, a dog runs.", "a dog runs."),
        ("A dog runs. I'm sorry, but I can't identify people.", "A dog runs."),
        ("A dog runs. Let me know if you need more details!", "A dog runs."),
        ("As an AI, I see nothing. A dog runs. Thanks for watching!", "A dog runs."),
        ("assistant A dog runs.<|im_end|></s><pad><pad>", "A dog runs."),
        ("**Description:** A dog runs.", "A dog runs."),
        ("고맙습니다 고맙습니다 고맙습니다 고맙.", ""),
        ("A dog is sitting on a chair with a", "A dog is sitting on a chair"),
        ("a dog is running, a dog is running", "a dog is running"),
        (
            "The third person holds a rod. The fourth person holds a pole. The fifth person holds a rod."
            " The sixth person holds a pole. The seventh person holds a rod.",
            "The third person holds a rod. The fourth person holds a pole.",
        ),
        ("A dog runs. Camer.", "A dog runs."),
        ("The.", "The."),
        (PROMPT, ""),
        (f"{PROMPT} References: what it is about?", ""),
        ("no end at all", "no end at all"),
        ("개가 뛴다. 개가 뛴다. 고양이가 잠을 잔다.", "개가 뛴다. 고양이가 잠을 잔다."),
        ("   ", ""),
    ],
)
def test_examples(raw: str, expected: str) -> None:
    assert clean_caption(raw, PROMPT) == expected


@pytest.mark.parametrize(
    "text",
    [
        "In the video, there are two women. One of them wears a hat. They are talking to each other.",
        "A child climbs down. He puts his jacket on.",
        "A man sharpens knives. He shows how sharp they are.",
        "A woman talks to a man. He is looking at her.",
        "A plate of cookies is shown. Cookies are baked. The oven is opened.",
        "The first man sits. The second man sits. The third man sits.",
        'A sign is shown. It reads "Subscribe for more".',
        "Click sounds are heard while a woman types.",
        "Follow shot of a woman walking.",
        "Share a meal: two women eat.",
        "Subscribe button appears.",
        "Please note that the video shows a woman.",
        "A woman holds a phone with the latest news on it. She picks up a cup. A man enters.",
        "Explaining a recipe, a woman cooks.",
        "Where is my phone? reads the subtitle.",
        "A woman dances. Beautiful!",
        "A woman dances. A smile.",
        'A woman sings "Hype boy, la la la la la" on stage.',
        "The first man smiles. The second man smiles. The first man sings. The second man sings.",
        "A woman holds a sign. It reads 안녕하세요.",
        "The woman with a hat looks at the woman with a bag. The woman with a bag looks at the woman with a hat.",
    ],
)
def test_what_is_new_is_kept(text: str) -> None:
    assert clean_caption(text, PROMPT) == text


words = st.sampled_from(
    [
        *(
            "A",
            "dog",
            "the",
            "man",
            "is",
            "are",
            "there",
            "runs.",
            "hat",
            "hat.",
            "third",
            "fourth",
            "fifth",
            "sixth",
        ),
        *(
            "Question:",
            "Woman:",
            "Woman",
            "#2:",
            "(Chanting)",
            "The.",
            "Follow us.",
            "www.",
            "your",
            "it",
            "정말",
            PROMPT,
        ),
        *("The video shows", "In the video,", "running.", "looking", "at."),
    ]
)
captions = st.lists(words, max_size=40).map(" ".join) | st.text(max_size=80)


@given(captions, st.sampled_from(["", PROMPT, "A dog"]))
def test_idempotent(text: str, prompt: str) -> None:
    once = clean_caption(text, prompt)
    assert clean_caption(once, prompt) == once


@given(captions, st.sampled_from(["", PROMPT, "A dog"]))
def test_words_only_ever_go(text: str, prompt: str) -> None:
    cleaned = clean_caption(text, prompt)
    # the echo of a prompt may end inside a word, as in "A dog-like"
    letters = iter("".join(text.split()))
    assert all(letter in letters for letter in "".join(cleaned.split()))
    if not prompt:
        left = iter(text.split())
        assert all(word in left for word in cleaned.split())


def test_what_people_wrote_is_left_as_it_is(shared_data: Path) -> None:
    """Captions by people have nothing to clean, but for some that do repeat themselves."""
    pairs = json.loads((shared_data / "text" / "caption_pairs_en_ko_train.json").read_text(encoding="utf-8"))
    texts = [" ".join(pair[key].split()) for pair in pairs for key in ("en1", "en2", "ko1", "ko2")]
    for part in (1, 2):
        videos = json.loads((shared_data / "text" / f"activitynet_val_{part}_half.json").read_text())
        texts += [" ".join(" ".join(video["sentences"]).split()) for video in videos.values()]
    cleaned = [clean_caption(text) for text in texts]
    assert all(cleaned)
    changed = sum(before != after for before, after in zip(texts, cleaned, strict=True))
    assert changed <= 0.002 * len(texts)


def test_generated_captions_lose_what_says_nothing(shared_data: Path) -> None:
    rows = json.loads(
        (shared_data / "text" / "seed_catalog" / "combined_metadata.json").read_text(encoding="utf-8")
    )
    captions = sorted({row["caption"] for row in rows})
    cleaned = [clean_caption(caption, PROMPT) for caption in captions]
    assert sum(len(text.split()) for text in cleaned) < 0.85 * sum(len(text.split()) for text in captions)
    single = [text for text in captions if text.isascii() and text.count(".") == 1 and len(text) < 200]
    assert len(single) > 200
    described = [text for text in single if text.endswith(".") and not text.startswith("Describe ")]
    assert all(clean_caption(text, PROMPT) == text for text in described)
    assert not any(text.startswith("Describe ") for text in cleaned)

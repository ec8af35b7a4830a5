"""Clean-up of captions from generative models, which repeat themselves, break off and echo the prompt."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r".+?(?:[.!?。！？]+[\"'”’)\]]*(?=\s|$)|$)", re.DOTALL)
_ENDED = re.compile(r"[.!?。！？][\"'”’)\]]*$")
_WORD = re.compile(r"\w+")
_LABEL = re.compile(r"^(?:question|answer|caption|assistant|user|description)\s*[:.]\s*", re.IGNORECASE)
_SPEAKER = re.compile(r"^\w+:\s*")
_DANGLING = frozenset(
    (
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "to",
        "from",
        "with",
        "and",
        "or",
        "is",
        "are",
        "was",
        "were",
        "her",
    )
)
_DETERMINERS = frozenset(("a", "an", "another", "the", "this", "that"))
_REPEATED_WORDS = 4
"""Shortest run of words that counts as stuttering when it follows itself at once."""


def clean_caption(text: str, prompt: str = "") -> str:
    """A caption without repeated sentences, cut-off tail and echo of the prompt; what is left is unchanged.

    Args:
        text: what the model wrote.
        prompt: the question it was asked; removed wherever the text repeats it.

    Returns:
        Never empty where `text` has anything but white space: if nothing would be left, the text with its white
        space collapsed. Applying it twice changes nothing more.
    """
    collapsed = " ".join(text.split())
    cleaned = _pass(collapsed, prompt)
    while cleaned != (again := _pass(cleaned, prompt)):
        cleaned = again
    return cleaned or collapsed


def _pass(text: str, prompt: str) -> str:
    found = _SENTENCE.findall(_without_prompt(text, prompt))
    sentences = [_without_stutter(_LABEL.sub("", sentence.strip())) for sentence in found]
    kept = _without_repeats([s for s in sentences if _WORD.search(s)])
    if len(kept) > 1 and _is_cut_off(kept[-1]):
        kept.pop()
    return " ".join(kept)


def _without_prompt(text: str, prompt: str) -> str:
    words = _WORD.findall(prompt)
    if not words:
        return text
    echo = r"\W+".join(re.escape(word) for word in words)
    return " ".join(re.sub(rf"\b{echo}\b[\s?!.:]*", " ", text, flags=re.IGNORECASE).split())


def _without_stutter(sentence: str) -> str:
    """Drop a run of words that follows itself, however often."""
    words = sentence.split()
    at = 0
    while at < len(words):
        for size in range(_REPEATED_WORDS, (len(words) - at) // 2 + 1):
            if words[at : at + size] == words[at + size : at + 2 * size]:
                del words[at + size : at + 2 * size]
                break
        else:
            at += 1
    return " ".join(words)


def _without_repeats(sentences: list[str]) -> list[str]:
    """Drop what was said before, whole or broken off, also where another speaker's name is put before it."""
    said: list[list[str]] = []
    kept = []
    for sentence in sentences:
        words = _WORD.findall(_SPEAKER.sub("", sentence).casefold())
        if not any(earlier[: len(words)] == words for earlier in said):
            said.append(words)
            kept.append(sentence)
    return kept


def _is_cut_off(sentence: str) -> bool:
    """Whether a last sentence has no end, or ends where none can ("The.", "The twelfth.", "The woman is.").

    Models stopped at a token limit close such a stump with a full stop: more than 50 of the 764 different captions
    of one 18-minute video end in a single word.
    """
    words = _WORD.findall(sentence.casefold())
    bare_noun = len(words) == 2 and words[0] in _DETERMINERS
    return not _ENDED.search(sentence) or len(words) == 1 or bare_noun or words[-1] in _DANGLING

"""Korean words and the English ones that captions use for them, both ways.

Sentence embedders carry whole sentences across languages; for single words they are less sure, and some do not
know every Korean syllable. `bridge.tsv` is a short list of what people look for in video.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from vsearch_pipeline.language.tokens import has_hangul, stem, words


def counterparts(token: str) -> tuple[str, ...]:
    """Tokens in the other language for a token of a text (`tokens.Word.token`); empty where the list has none."""
    return (_english() if has_hangul(token) else _korean()).get(token, ())


def glossed(text: str) -> str | None:
    """The text with an English word in the place of each Korean one of the list; None where it has none."""
    composed = unicodedata.normalize("NFC", text)
    told = _list()
    pieces, at = [], 0
    for word in words(composed):
        if word.start >= at and word.token in told and has_hangul(word.token):
            pieces += [composed[at : word.start], f" {told[word.token][0]} "]
            at = word.end
    return " ".join("".join([*pieces, composed[at:]]).split()) if pieces else None


@cache
def _list() -> Mapping[str, tuple[str, ...]]:
    text = files("vsearch_pipeline.language").joinpath("bridge.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return {korean: tuple(english.split()) for korean, english in rows}


@cache
def _english() -> Mapping[str, tuple[str, ...]]:
    return {korean: tuple(dict.fromkeys(map(stem, english))) for korean, english in _list().items()}


@cache
def _korean() -> Mapping[str, tuple[str, ...]]:
    by_english: dict[str, list[str]] = {}
    for korean, tokens in _english().items():
        for token in tokens:
            by_english.setdefault(token, []).append(korean)
    return {token: tuple(korean) for token, korean in by_english.items()}

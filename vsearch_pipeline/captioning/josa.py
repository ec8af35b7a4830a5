"""Korean particles, chosen by how the word before them ends."""

from __future__ import annotations

import re
from typing import Literal

Josa = Literal["은/는", "이/가", "을/를", "와/과", "으로/로", "이나/나"]

_HANGUL_FIRST, _HANGUL_LAST = 0xAC00, 0xD7A3
_FINALS = 28
_RIEUL = 8
_DIGIT_FINALS = {"0": 21, "1": 8, "2": 0, "3": 16, "4": 0, "5": 0, "6": 1, "7": 8, "8": 8, "9": 0}
"""Final consonants of 영 일 이 삼 사 오 육 칠 팔 구."""
_LETTER_FINALS = {"L": 8, "M": 16, "N": 4, "R": 8}
"""엘 엠 엔 알: the letters whose names end in a consonant, for abbreviations."""
_LATIN_ENDINGS = (("le", 8), ("me", 16), ("ne", 4), ("l", 8), ("m", 16), ("n", 4), ("ng", 21))
_LATIN_WORD = re.compile(r"[A-Za-z]+")
_LATIN_STOP = re.compile(r"([aeiouy][bckpt]|ck|tt|pp)$")
"""A stop after a vowel is written as a final consonant (Jack 잭, Philip 필립), after another consonant it gets a
vowel of its own (Mark 마크, Robert 로버트)."""


def final_consonant(word: str) -> int:
    """Index of the last sound's final consonant in Hangul's order, 0 for none.

    Hangul and digits are exact. Latin words follow the usual transcription of their last letters; anything
    else counts as ending in a vowel.
    """
    for char in reversed(word):
        code = ord(char)
        if _HANGUL_FIRST <= code <= _HANGUL_LAST:
            return (code - _HANGUL_FIRST) % _FINALS
        if char in _DIGIT_FINALS:
            return _DIGIT_FINALS[char]
        if char.isascii() and char.isalpha():
            return _latin_final(_LATIN_WORD.findall(word)[-1])
    return 0


def with_josa(word: str, josa: Josa) -> str:
    """`word` with its particle: ("개", "와/과") -> "개와", ("고양이들", "으로/로") -> "고양이들로"."""
    final = final_consonant(word)
    if josa == "으로/로":
        return word + ("으로" if final not in (0, _RIEUL) else "로")
    first, second = josa.split("/")
    closed, opened = (second, first) if josa == "와/과" else (first, second)
    return word + (closed if final else opened)


def _latin_final(word: str) -> int:
    if len(word) > 1 and word.isupper():
        return _LETTER_FINALS.get(word[-1], 0)
    lower = word.casefold()
    for ending, final in _LATIN_ENDINGS:
        if lower.endswith(ending):
            return final
    # Which stop it is never matters to a particle, only that there is one.
    return 1 if _LATIN_STOP.search(lower) else 0

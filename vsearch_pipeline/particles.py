"""Korean particles (josa): the form a word asks for, and taking one off."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

Particle = Literal[
    "은/는",
    "이/가",
    "을/를",
    "와/과",
    "으로/로",
    "이나/나",
    "이랑/랑",
    "이라고/라고",
    "이라는/라는",
    "이야/야",
    "아/야",
]
Ending = Literal[
    "이었/였",
    "이에요/예요",
    "이란/란",
    "이라서/라서",
    "이라도/라도",
    "이라면/라면",
    "이며/며",
    "이고/고",
    "이다/다",
    "이지만/지만",
    "이니까/니까",
    "이든/든",
    "이야말로/야말로",
]

FORMS: Final[dict[Particle, tuple[str, str]]] = {
    "은/는": ("은", "는"),
    "이/가": ("이", "가"),
    "을/를": ("을", "를"),
    "와/과": ("과", "와"),
    "으로/로": ("으로", "로"),
    "이나/나": ("이나", "나"),
    "이랑/랑": ("이랑", "랑"),
    "이라고/라고": ("이라고", "라고"),
    "이라는/라는": ("이라는", "라는"),
    "이야/야": ("이야", "야"),
    "아/야": ("아", "야"),
}
"""The form after a final consonant and the one after a vowel; 로 also follows ㄹ."""
ENDINGS: Final[dict[Ending, tuple[str, str]]] = {
    "이었/였": ("이었", "였"),
    "이에요/예요": ("이에요", "예요"),
    "이란/란": ("이란", "란"),
    "이라서/라서": ("이라서", "라서"),
    "이라도/라도": ("이라도", "라도"),
    "이라면/라면": ("이라면", "라면"),
    "이며/며": ("이며", "며"),
    "이고/고": ("이고", "고"),
    "이다/다": ("이다", "다"),
    "이지만/지만": ("이지만", "지만"),
    "이니까/니까": ("이니까", "니까"),
    "이든/든": ("이든", "든"),
    "이야말로/야말로": ("이야말로", "야말로"),
}
"""Forms of 이다 (to be), which change like particles; too many nouns end like them for one to be taken off."""
ALL_FORMS: Final = FORMS | ENDINGS

_AFTER_CONSONANT: Final = frozenset(closed for closed, _ in FORMS.values())
_AFTER_VOWEL: Final = frozenset(opened for _, opened in FORMS.values())
_AFTER_ANY: Final = frozenset(
    (
        "의",
        "에",
        "도",
        "만",
        "에서",
        "에게",
        "한테",
        "까지",
        "부터",
        "하고",
        "처럼",
        "보다",
        "밖에",
        "에는",
        "에도",
    )
)
_LONGEST_PARTICLE: Final = 3

# Final consonant of the Sino-Korean reading of a last digit: 영 일 이 삼 사 오 육 칠 팔 구.
_DIGIT_FINALS: Final = dict(zip("0123456789", ("ㅇ", "ㄹ", "", "ㅁ", "", "", "ㄱ", "ㄹ", "ㄹ", ""), strict=True))
# Names of letters that end in a consonant: 엘 엠 엔 알; the others end in a vowel.
_LETTER_FINALS: Final = {"l": "ㄹ", "m": "ㅁ", "n": "ㄴ", "r": "ㄹ"}
_LATIN_WORD: Final = re.compile(r"[A-Za-z]+$")
_CONSONANT_ENDINGS: Final = (
    (re.compile(r"(l|le)$"), "ㄹ"),  # 빌, 구글, 미셸
    (re.compile(r"(m|n|ng|ne|me)$"), "ㄴ"),  # 톰, 존, 킹, 제인, 타임
    # A stop after a short vowel closes the syllable (밥, 필립, 로봇, 에릭, 엘리엇), else it gets a vowel of its
    # own (비트, 마크, 로버트); ae, eo, eu and yu are short in romanised Korean (백, 석, 혁), where Park is 박 and
    # J-Hope 홉.
    (
        re.compile(
            r"((^|[^aeiouy])[aeiouy]|i[aeo])[bkpt]$|[aeiouy]c$|(ae|eo|eu|oo|yu)[kp]$|(ck|pp|tt)$|^(park|hope)$"
        ),
        "ㄱ",
    ),
)


def with_particle(word: str, particle: Particle | Ending) -> str:
    """`word` with the form of `particle` that its sound asks for: 민지가, 지훈이, 서울로, BTS와.

    Hangul is exact. Digits are read in Sino-Korean, capitals (BTS) letter by letter, other Latin words by
    the usual Korean spelling of their ending. What cannot be read gets both forms: `★이(가)`.
    """
    closed, opened = ALL_FORMS[particle]
    final = _final_sound(word)
    if final is None:
        return (
            f"{word}({closed.removesuffix(opened)}){opened}"
            if closed.endswith(opened)
            else f"{word}{closed}({opened})"
        )
    if final == "" or (final == "ㄹ" and particle == "으로/로"):
        return word + opened
    return word + closed


def split_particle(run: str, *, after_word: bool = False) -> tuple[str, str]:
    """Split the likely particle off the end of a run of Hangul: `민지가` -> (`민지`, `가`).

    The longest particle that agrees with the sound before it is taken, so 마을 and 나이 stay whole;
    a noun that only looks inflected (고양이) does not.

    Args:
        run: Hangul syllables.
        after_word: whether the run directly follows Latin letters or digits, so that it may be nothing
            but a particle (`BTS` + `가`).

    Returns:
        noun and particle; the particle is "" where there is none.
    """
    if after_word and run in _AFTER_CONSONANT | _AFTER_VOWEL | _AFTER_ANY:
        return "", run
    for length in range(min(_LONGEST_PARTICLE, len(run) - 1), 0, -1):
        noun, particle = run[:-length], run[-length:]
        final = _hangul_final(noun[-1])
        agreeing = _AFTER_VOWEL if final == "" or (final == "ㄹ" and particle == "로") else _AFTER_CONSONANT
        if particle in _AFTER_ANY or (final is not None and particle in agreeing):
            return noun, particle
    return run, ""


def _final_sound(word: str) -> str | None:
    """Final consonant of the last thing read: "" for a vowel, "ㄹ" exactly, None where unreadable."""
    heard = re.sub(r"[\W_]+$", "", unicodedata.normalize("NFC", word))
    if not heard:
        return None
    last = heard[-1]
    if last in _DIGIT_FINALS:
        return _DIGIT_FINALS[last]
    if "가" <= last <= "힣":
        return _hangul_final(last)
    plain = "".join(c for c in unicodedata.normalize("NFD", heard) if not unicodedata.combining(c))
    latin = _LATIN_WORD.search(plain)
    if latin and not last.isascii() and plain[-1] in "aeiouAEIOU":
        return ""  # an accented vowel is heard: 르네
    return _latin_final(latin[0]) if latin else None


def _hangul_final(syllable: str) -> str | None:
    offset = ord(syllable) - 0xAC00
    if not 0 <= offset < 11172:
        return None
    final = offset % 28
    return "" if final == 0 else "ㄹ" if final == 8 else "ㄱ"


def _latin_final(word: str) -> str:
    if word.isupper() or len(word) == 1:
        return _LETTER_FINALS.get(word[-1].lower(), "")
    return next((final for ending, final in _CONSONANT_ENDINGS if ending.search(word.lower())), "")

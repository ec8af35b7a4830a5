"""Places for people's names in a text: `{P1}`, `{P2}` ... stand for the first, second ... of a list of people.

A caption with slots can be translated once and filled with whatever its people are called, in any language; the
translator never learns who they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from vsearch_pipeline.particles import ALL_FORMS, Ending, Particle, with_particle

_SLOT: Final = re.compile(r"\{P(\d+)\}")

_BOTH: Final[Mapping[str, Particle | Ending]] = {
    text: particle
    for particle, (closed, opened) in ALL_FORMS.items()
    for text in (
        f"{closed}/{opened}",
        f"{opened}/{closed}",
        f"{closed}({opened})",
        f"{opened}({closed})",
        f"({closed}){opened}",
        f"({opened}){closed}",
        f"({closed.removesuffix(opened)}){opened}",
    )
    if particle != "아/야"
} | {"(이)었": "이었/였", "(이)에요": "이에요/예요", "이(다)": "이다/다"}
_ONE: Final[dict[str, Particle | Ending]] = {form: p for p, forms in reversed(ALL_FORMS.items()) for form in forms}
# what may stand between a particle and the end of the word
_CHAINED: Final[dict[Particle | Ending, str]] = {
    "이었/였": "[가-힣]+",
    "이에요/예요": "[가-힣]+",
    "와/과": "는|도|만|의",
    "으로/로": "는|도|만|서|서는|서도|서의|써|부터|부터의|부터는",
    "이랑/랑": "은|도|만",
    "이라고/라고": "는|도|만",
}
# Standing alone, these are no words; 이 (this), 은 (silver), 와 (wow), 과 (lesson) and 가 (go!) are.
_NO_WORDS: Final = "(?:는|을|를|로|으로|랑|이랑)"
_NEVER_WORDS_BEFORE: Final = {
    "이": r"\{P",
    "은": r"\{P",
    "가": r"\S",
    "와": r"\{P|함께|같이",
    "과": r"\{P|함께|같이",
}


def _alternatives() -> str:
    longest = sorted(_ONE, key=lambda form: (-len(form), form))
    return "|".join(f"{form}(?:{_CHAINED[_ONE[form]]})?" if _ONE[form] in _CHAINED else form for form in longest)


_ENDS: Final = r"(?![\w(/{])"
_SPACED: Final = "|".join(
    [rf"{_NO_WORDS}{_ENDS}", *(rf"{form}(?=\s+(?:{after}))" for form, after in _NEVER_WORDS_BEFORE.items())]
)
_BOTH_FORMS: Final = "|".join(map(re.escape, sorted(_BOTH, key=len, reverse=True)))
_AFTER_WORD: Final = re.compile(
    rf"(?P<word>[^\W_]+[\"'”’)\]」』》>]*)(?:(?P<both>{_BOTH_FORMS})|\(이\)(?=[가-힣]))"
)
"""Both forms of a particle after a word that is no slot, or after a slot in quotation marks."""
_PARTICLES: Final = re.compile(
    rf"\{{P(?P<number>\d+)\}}(?:\s*(?P<both>{_BOTH_FORMS})"
    rf"|\s+(?P<spaced>{_SPACED})|(?P<one>{_alternatives()})(?![^\W\d_]))?"
)


def slot(number: int) -> str:
    """The slot of the `number`-th person, counted from 1."""
    return f"{{P{number}}}"


def slots_in(text: str) -> Counter[int]:
    """How often each person's slot is in the text."""
    return Counter(int(found) for found in _SLOT.findall(text))


def without_braces(text: str) -> str:
    """`text` in which nothing can be taken for a slot."""
    return text.replace("{", "(").replace("}", ")")


def with_slots(text: str, people: Sequence[Sequence[str]]) -> str:
    """`text` with slots for names: the first of `people` is `{P1}`.

    Args:
        people: all names of each; longer names are looked for first, as whole words and in their own case. A name
            of several people is left as it is.
    """
    owners: dict[str, set[int]] = {}
    for number, names in enumerate(people, start=1):
        for name in filter(str.strip, names):
            owners.setdefault(name, set()).add(number)
    if not owners:
        return text
    found = "|".join(re.escape(name) for name in sorted(owners, key=lambda name: (-len(name), name)))

    def put(match: re.Match[str]) -> str:
        numbers = owners[match[0]]
        return slot(min(numbers)) if len(numbers) == 1 else match[0]

    return re.sub(rf"(?<!\w)(?:{found})(?!\w)", put, text)


def fill(text: str, names: Mapping[int, str] | Sequence[str], language: Literal["en", "ko"]) -> str:
    """`text` with names in its slots.

    In Korean a particle that follows a slot takes the form that the name asks for: `{P1}이(가)`, `{P1}은/는` or
    `{P1}과` become 민지가, 민지는, 민지와. A space before it is closed where no word can be meant (`{P1} 를`, but
    not `{P1} 이 옷`), and a word that only begins like a particle stays ({P1}이모). Both forms written after any
    other word, or after a closing quotation mark or bracket, make way for the one that fits, too.

    Args:
        names: by slot number, or in the order of the slots from `{P1}`.

    Raises:
        KeyError: a slot has no name.
    """
    called = names if isinstance(names, Mapping) else dict(enumerate(names, start=1))
    if language == "en":
        return _SLOT.sub(lambda match: called[int(match[1])], text)
    filled = _PARTICLES.sub(lambda match: _inflected(match, called[int(match["number"])], text), text)
    return _AFTER_WORD.sub(_agreeing, filled)


def _agreeing(match: re.Match[str]) -> str:
    word = match["word"]
    if match["both"]:
        return with_particle(word, _BOTH[match["both"]])
    plain = with_particle(word, "이다/다")
    return plain.removesuffix("다")


def _inflected(match: re.Match[str], name: str, text: str) -> str:
    if match["both"]:
        return with_particle(name, _BOTH[match["both"]])
    written = match["spaced"] or match["one"]
    if not written:
        return name
    form = max((form for form in _ONE if written.startswith(form)), key=len)
    particle = _ONE[form]
    if form == "야":
        # to call somebody, or to say who it is
        particle = "아/야" if text[match.end() : match.end() + 1] in (",", "!") else "이야/야"
    return with_particle(name, particle) + written.removeprefix(form)

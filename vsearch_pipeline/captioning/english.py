"""Captions in English."""

from __future__ import annotations

from collections.abc import Sequence

from vsearch_pipeline.captioning.content import Content, Thing
from vsearch_pipeline.captioning.vocabulary import Noun

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_IRREGULAR = {
    "person": "people",
    "sheep": "sheep",
    "knife": "knives",
    "computer mouse": "computer mice",
    "fish": "fish",
    "cup of coffee": "cups of coffee",
}
_VOWEL_SOUNDS = ("a", "e", "i", "o", "u", "hourglass", "ATM", "X-ray")
_CONSONANT_SOUNDS = ("uni", "eu", "one-", "u-")


def sentences(content: Content, names: Sequence[str]) -> str:
    """One to three sentences; `names` are the people on screen that are known."""
    if content.blank:
        return "A blank screen."
    look = _look(content)
    companions = [thing for thing in content.things if thing.term.kind != "fixture"]
    fixtures = [thing for thing in content.things if thing.term.kind == "fixture"]
    if content.people or names:
        said = [_people_sentence(content, names, companions)]
        if fixtures:
            verb = "is" if _is_one(fixtures) else "are"
            said.append(f"{_upper(_listed(fixtures))} {verb} also visible.")
    elif content.things:
        listed = _upper(_listed([*companions, *fixtures]))
        doubt = any(thing.maybe for thing in content.things)
        where = f"{',' if doubt else ''} {content.place.en}" if content.place else ""
        said = [f"{listed}{where}."]
    elif content.place:
        return f"{_upper(article(f'{look}scene'.lstrip()))} {content.place.en}.".replace("  ", " ")
    else:
        return f"{_upper(article(f'{look}scene'))} without recognised objects."
    if look or content.still:
        said.append(f"It is {article(look + ('still image' if content.still else 'scene'))}.")
    return " ".join(said)


def article(noun_phrase: str) -> str:
    """`a` or `an` by the sound of the first word."""
    lower = noun_phrase.casefold()
    vowel = lower.startswith(tuple(v.casefold() for v in _VOWEL_SOUNDS)) and not lower.startswith(
        _CONSONANT_SOUNDS
    )
    return f"{'an' if vowel else 'a'} {noun_phrase}"


def plural(noun: str) -> str:
    """Plural of a countable noun."""
    if noun in _IRREGULAR:
        return _IRREGULAR[noun]
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def counted(noun: Noun, count: int) -> str:
    """ "a cat", "two cats", "many cats"; mass and plural nouns stand alone."""
    if noun.form != "count":
        return noun.en
    return article(noun.en) if count == 1 else f"{_number(count)} {plural(noun.en)}"


def joined(parts: Sequence[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def _people_sentence(content: Content, names: Sequence[str], companions: Sequence[Thing]) -> str:
    subject, verb = _subject(content, names)
    wearing = f" wearing {joined([counted(noun, 1) for noun in content.worn])}" if content.worn else ""
    role = f", probably {counted(content.role, 1)}," if content.role else ""
    rest = []
    if content.close_up:
        rest.append("seen in close-up")
    if content.place:
        rest.append(content.place.en)
    if companions:
        rest.append(f"with {_listed(companions)}")
    if not rest:
        rest.append("in view")
    return f"{_upper(subject)}{wearing}{role} {verb} {' '.join(rest)}."


def _subject(content: Content, names: Sequence[str]) -> tuple[str, str]:
    others = max(0, content.people - len(names))
    parts = list(names)
    if others and names:
        parts.append("another person" if others == 1 else f"{_number(others)} other people")
    elif others:
        parts.append("a person" if others == 1 else f"{_number(others)} people")
    one = len(parts) == 1 and (content.people <= 1 or bool(names))
    return joined(parts), "is" if one else "are"


def _listed(things: Sequence[Thing]) -> str:
    """Doubtful names go last, so that their commas do not cut the list."""
    ordered = [*(t for t in things if not t.maybe), *(t for t in things if t.maybe)]
    return joined([_thing(thing, last=thing is ordered[-1]) for thing in ordered])


def _thing(thing: Thing, *, last: bool) -> str:
    plain = counted(thing.noun, thing.count)
    if not thing.maybe:
        return plain
    several = thing.count > 1
    guess = joined([plural(n.en) if several and n.form == "count" else counted(n, 1) for n in thing.maybe], "or")
    return f"{plain}, probably {guess}" if last else f"{plain} (probably {guess})"


def _is_one(things: Sequence[Thing]) -> bool:
    return len(things) == 1 and things[0].count == 1 and things[0].noun.form != "plural"


def _look(content: Content) -> str:
    """ "dark, black-and-white " or nothing."""
    words = [
        word
        for word, holds in (
            ("dark", content.dark),
            ("colourful", content.colourful),
            ("fast-moving", content.fast),
            ("black-and-white", content.grey),
        )
        if holds
    ]
    return f"{', '.join(words)} " if words else ""


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else "many"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]

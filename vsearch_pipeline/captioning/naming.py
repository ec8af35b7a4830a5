"""People's names in generated English captions.

A phrase gets a name only where it is sure whose. Everybody known is on screen, so each must be somebody that the
caption speaks of.

- A phrase and a person can belong together unless both have a gender and the two differ.
- A person is named where every way to give all people a place gives them the same one.
- Captioners call women men. Where the caption speaks of exactly as many people as are known and of nobody else,
  a gender that contradicts everything is the caption's mistake: one phrase takes everybody, and so does a list
  ("a man and a woman"). Who of a list is who stays open then: "the man" becomes "one woman" and "the woman" "the
  other woman", or "the first", "the second" of more.
- A group of unknown size takes all people where the caption begins with it: "Harin, Danielle and others".
- Phrases that go on speaking of a named person get the name too; their pronouns, and the gender words of those
  whose place among named people is open, get the gender of who was named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from vsearch_pipeline.captioning.mentions import (
    LISTED,
    OPPOSITE,
    Entity,
    Gender,
    Mention,
    Reading,
    read,
    sentence_start,
)

_NUMBERS: Final = ("no", "another", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SINGULARS: Final = {
    "men": "man",
    "women": "woman",
    "gentlemen": "gentleman",
    "ladies": "lady",
    "children": "child",
    "people": "person",
}
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth")
_PRONOUNS: Final = re.compile(r"(?<![\w'’])(?:he|him|his|himself|she|her|hers|herself)(?![\w])", re.IGNORECASE)
_PRONOUN_GENDER: Final[dict[str, Gender]] = {
    **dict.fromkeys(("he", "him", "his", "himself"), "male"),
    **dict.fromkeys(("she", "her", "hers", "herself"), "female"),
}
_OTHER_PRONOUN: Final = {
    "he": "she",
    "she": "he",
    "him": "her",
    "himself": "herself",
    "herself": "himself",
    "hers": "his",
}
# what follows "her" or "his" where no noun does
_NO_NOUN: Final = re.compile(
    r"\s*(?:$|[.,;:!?)]|(?:and|or|but|in|on|at|to|from|with|of|for|by|as|while|is|are|was|were|a|an|the|who|that"
    r"|up|down|over|away|out|off|through|into|onto|around|about|sitting|standing|walking|dancing|looking)\b)",
    re.IGNORECASE,
)
_VERB_OF_A_GROUP: Final = re.compile(
    r"(\s+(?:who\s+|that\s+)?)(?!\w*(?:ards|oors|ways|mes|airs|aps|eas|this|its|his)\b)(is|was|has|[a-z]+[^s\W]s)\b"
)
"""Is, was, has, and the third person of others; adverbs (outdoors, towards, sometimes) are none."""
_VERBS: Final = {"is": "are", "was": "were", "has": "have", "does": "do"}
_BEFORE_A_SUBJECT: Final = re.compile(
    r"\b(?:is|are|was|were|shows?|showing|sees?|seen|has|have|features?|of|with|to|at)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody on screen: the name to be written (a slot works too), and the gender where it is known."""

    name: str
    gender: Gender | None


@dataclass(frozen=True, slots=True)
class _Naming:
    """Who an entity is.

    Attributes:
        people: those of it that are known, all on screen among them.
        one_of: the people it is one of where it is open who; `people` is then who stands for it in lists.
    """

    people: tuple[KnownPerson, ...]
    one_of: tuple[KnownPerson, ...] = ()


@dataclass(frozen=True, slots=True)
class _Change:
    start: int
    end: int
    text: str


def name_people(text: str, people: Sequence[KnownPerson]) -> str:
    """`text` with the names of `people` where they surely fit, and with gender words that agree with them.

    Args:
        text: a caption in English.
        people: who is known to be on screen, in the order to name them.

    Returns:
        `text` itself where nothing fits, or where it names one of them already; so a second time changes nothing.
        Determiners, heads ("man") and numbers make way for names; every other word stays, pronouns and verbs
        changed only in form.
    """
    people = tuple(dict.fromkeys(person for person in people if person.name.strip()))
    if not people or any(re.search(rf"(?<!\w){re.escape(person.name)}(?!\w)", text) for person in people):
        return text
    reading = read(text)
    namings = _assign(text, reading, people)
    if not namings:
        return text
    renamed = _renamed(text, namings)
    changes = [*renamed, *_determined(text, reading, renamed), *_pronouns(text, reading, namings)]
    for change in sorted(changes, key=lambda change: change.start, reverse=True):
        text = text[: change.start] + change.text + text[change.end :]
    return text


# --- who is who -------------------------------------------------------------------------------------------------


def _assign(text: str, reading: Reading, people: Sequence[KnownPerson]) -> dict[Entity, _Naming]:
    real = [entity for entity in reading.entities if not entity.depicted]
    if not real:
        return {}
    first, *rest = real
    if first.count is None:
        inside = tuple(p for p in people if first.gender is None or p.gender == first.gender)
        elsewhere = any(_fits(p, e) for p in people if p not in inside for e in rest)
        return {first: _Naming(inside)} if inside and not elsewhere else {}
    sized = [entity for entity in real if entity.count is not None]
    seats = sum(entity.count or 0 for entity in sized)
    closed = not reading.strangers and len(sized) == len(real) and seats == len(people)
    if len(people) > seats:
        return _more_than_places(sized, people)
    places = {person: _possible(person, people, sized) for person in people}
    if all(places.values()):
        namings = {}
        for entity in sized:
            may = tuple(person for person in people if entity in places[person])
            by_exclusion = not closed and len(sized) > 1 and entity.gender is None
            if may and not by_exclusion and all(places[person] == [entity] for person in may):
                namings[entity] = _Naming(may)
        open_places = [entity for entity in sized if entity not in namings]
        left = [person for person in people if not any(person in naming.people for naming in namings.values())]
        if closed and len(open_places) > 1 and _is_list(text, open_places):
            namings.update(_as_a_list(open_places, left))
        return namings
    if closed and (len(sized) == 1 or _is_list(text, sized)):
        return {first: _Naming(tuple(people))} if len(sized) == 1 else _as_a_list(sized, people)
    return {}


def _more_than_places(entities: Sequence[Entity], people: Sequence[KnownPerson]) -> dict[Entity, _Naming]:
    namings = {}
    for entity in entities:
        may = tuple(person for person in people if _fits(person, entity))
        alone = all(person.gender and [e for e in entities if _fits(person, e)] == [entity] for person in may)
        if alone and entity.gender is not None and len(may) == entity.count:
            namings[entity] = _Naming(may)
    return namings


def _fits(person: KnownPerson, entity: Entity) -> bool:
    return person.gender is None or entity.gender is None or person.gender == entity.gender


def _possible(person: KnownPerson, people: Sequence[KnownPerson], entities: Sequence[Entity]) -> list[Entity]:
    """Where a person can be so that everybody else finds a place too."""
    return [
        entity
        for entity in entities
        if _fits(person, entity) and _all_seated([p for p in people if p is not person], entities, taken=entity)
    ]


def _all_seated(people: Sequence[KnownPerson], entities: Sequence[Entity], taken: Entity) -> bool:
    """Whether a matching gives all people a place, one of `taken`'s being gone (Kuhn's augmenting paths)."""
    seats = [e for e in entities for _ in range((e.count or 0) - (e is taken))]
    holder: dict[int, KnownPerson] = {}

    def seated(person: KnownPerson, tried: set[int]) -> bool:
        for number, entity in enumerate(seats):
            if number in tried or not _fits(person, entity):
                continue
            tried.add(number)
            if number not in holder or seated(holder[number], tried):
                holder[number] = person
                return True
        return False

    return all(seated(person, set()) for person in people)


def _is_list(text: str, entities: Sequence[Entity]) -> bool:
    firsts = [entity.mentions[0] for entity in entities]
    return all(text[a.end : b.start] in LISTED for a, b in pairwise(firsts))


def _as_a_list(entities: Sequence[Entity], people: Sequence[KnownPerson]) -> dict[Entity, _Naming]:
    """People in the places of a list, in their order except that those of a fitting gender go first."""
    left = list(people)
    namings = {}
    for entity in entities:
        chosen = sorted(left, key=lambda person: person.gender != entity.gender)[: entity.count]
        namings[entity] = _Naming(tuple(chosen), one_of=tuple(people))
        left = [person for person in left if person not in chosen]
    return namings


# --- what changes -----------------------------------------------------------------------------------------------


def _renamed(text: str, namings: dict[Entity, _Naming]) -> list[_Change]:
    changes = []
    for entity, naming in namings.items():
        for position, mention in enumerate(entity.mentions):
            if not naming.one_of or _is_listed_again(text, mention, entity, namings):
                whole = len(naming.people) == entity.count
                if whole or position == 0 or mention.kind == "new":
                    changes += _with_names(text, entity, mention, naming.people)
            elif (said := _one_or_other(text, entity, mention, namings)) is not None:
                changes.append(said)
        if len(naming.people) == entity.count:
            changes += [c for m in entity.members if (c := _member(m, naming.people)) is not None]
    return changes


def _is_listed_again(text: str, mention: Mention, entity: Entity, namings: dict[Entity, _Naming]) -> bool:
    """Whether a mention stands in a list of all the people among whom it is open who is who."""
    if mention is entity.mentions[0]:
        return True
    others = [e for e in _together(entity, namings) if e is not entity]
    return len(others) == 1 and any(_are_listed(text, mention, other) for other in others[0].mentions)


def _together(entity: Entity, namings: dict[Entity, _Naming]) -> list[Entity]:
    found = [e for e, naming in namings.items() if naming.one_of == namings[entity].one_of]
    return sorted(found, key=lambda e: e.mentions[0].start)


def _are_listed(text: str, one: Mention, other: Mention) -> bool:
    first, second = sorted((one, other), key=lambda mention: mention.start)
    return text[first.end : second.start] in LISTED


def _with_names(text: str, entity: Entity, mention: Mention, people: Sequence[KnownPerson]) -> list[_Change]:
    names = [person.name for person in people]
    adjectives = f"{mention.adjectives} " if mention.adjectives else ""
    if entity.count == len(names):
        if text[mention.start].isupper():
            adjectives = adjectives[:1].upper() + adjectives[1:]
        said = adjectives + _joined(names)
    else:
        said = _joined(
            [*names, _others(mention, adjectives, None if entity.count is None else entity.count - len(names))]
        )
    changes = [_Change(mention.start, mention.end, said)]
    verb = _VERB_OF_A_GROUP.match(text, mention.end) if mention.group else None
    if verb:
        changes.append(_Change(verb.start(2), verb.end(2), _plural_verb(verb[2])))
    if re.match(r" who(?:se|m)?\b(?! are| were| have)", text[mention.end :]) and _BEFORE_A_SUBJECT.search(
        text, sentence_start(text, mention.start), mention.start
    ):
        changes.append(_Change(mention.end, mention.end, ","))
    return changes


def _others(mention: Mention, adjectives: str, count: int | None) -> str:
    """ "another woman", "three other young men", "others"."""
    if count is None:
        plain = mention.head == "people" and not adjectives
        size = f" in a {mention.size} group" if mention.size else ""
        return f"others{size}" if plain else f"other {adjectives}{mention.head}{size}"
    if count == 1:
        word = _SINGULARS.get(mention.head, mention.head.removesuffix("s"))
        return f"another {adjectives}{word}"
    return f"{_NUMBERS[count]} other {adjectives}{mention.head}"


def _joined(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _plural_verb(verb: str) -> str:
    if verb in _VERBS:
        return _VERBS[verb]
    if verb.endswith("ies"):
        return f"{verb[:-3]}y"
    return verb[:-2] if re.search("(?:sh|ch|x|ss|zz|o)es$", verb) else verb[:-1]


def _one_or_other(text: str, entity: Entity, mention: Mention, namings: dict[Entity, _Naming]) -> _Change | None:
    """ "the man" as "one woman", "the woman" as "the other woman" of two in a list; "the first woman" of more."""
    together = _together(entity, namings)
    gender = _shared_gender(namings[entity].one_of)
    if gender is None or {e.count for e in together} != {1} or len(together) > len(_ORDINALS):
        return None
    place = together.index(entity)
    said = ("one", "the other")[place] if len(together) == 2 else f"the {_ORDINALS[place]}"
    if text[mention.start].isupper():
        said = said[0].upper() + said[1:]
    head = OPPOSITE.get(mention.head, mention.head) if mention.gender not in (None, gender) else mention.head
    return _Change(mention.start, mention.end, " ".join(filter(None, (said, mention.adjectives, head))))


def _member(mention: Mention, people: Sequence[KnownPerson]) -> _Change | None:
    """ "one of the men" as "one of the women" where all are."""
    gender = _shared_gender(people)
    if mention.gender is None or gender is None or mention.gender == gender or mention.head not in OPPOSITE:
        return None
    head = mention.end - len(mention.head)
    return _Change(head, mention.end, OPPOSITE[mention.head])


def _shared_gender(people: Sequence[KnownPerson]) -> Gender | None:
    genders = {person.gender for person in people}
    return genders.pop() if len(genders) == 1 else None


def _determined(text: str, reading: Reading, renamed: Sequence[_Change]) -> list[_Change]:
    """The article of "man" in "a woman and man" where only the woman got a name."""
    changed = {change.start for change in renamed}
    mentions = sorted((m for e in reading.entities for m in (*e.mentions, *e.members)), key=lambda m: m.start)
    changes = []
    for before, mention in pairwise(mentions):
        if mention.borrowed and before.start in changed and mention.start not in changed:
            vowel = mention.borrowed in ("a", "an") and text[mention.start] in "aeio"
            determiner = "an" if vowel else "a" if mention.borrowed == "an" else mention.borrowed
            changes.append(_Change(mention.start, mention.start, f"{determiner} "))
    return changes


# --- pronouns ---------------------------------------------------------------------------------------------------


def _pronouns(text: str, reading: Reading, namings: dict[Entity, _Naming]) -> list[_Change]:
    changes = []
    for found in _PRONOUNS.finditer(text):
        written = found[0].lower()
        genders = {_gender(entity, namings) for entity in _meant(text, found.start(), written, reading)}
        gender = genders.pop() if len(genders) == 1 else None
        if gender is not None and gender != _PRONOUN_GENDER[written]:
            word = _turned(written, text[found.end() :])
            changes.append(
                _Change(found.start(), found.end(), word.capitalize() if found[0][0].isupper() else word)
            )
    return changes


def _gender(entity: Entity, namings: dict[Entity, _Naming]) -> Gender | None:
    naming = namings.get(entity)
    if naming is None or len(naming.people) != entity.count:
        return None
    return _shared_gender(naming.one_of or naming.people)


def _meant(text: str, at: int, pronoun: str, reading: Reading) -> list[Entity]:
    """Who a pronoun can mean; captions agree with themselves, so the gender they gave somebody counts."""
    before = [entity for entity in reading.entities if entity.mentions[0].start < at]
    single = [entity for entity in before if entity.count == 1]
    agreeing = [entity for entity in single if entity.gender == _PRONOUN_GENDER[pronoun]]
    if not agreeing:
        agreeing = [entity for entity in single if entity.gender is None]
    if not single and len(before) == 1 and before[0].gender in (None, _PRONOUN_GENDER[pronoun]):
        agreeing = before
    if len(agreeing) > 1:
        start = sentence_start(text, at)
        here = [e for e in agreeing if any(start <= mention.start < at for mention in e.mentions)]
        agreeing = here if len(here) == 1 else agreeing
    return agreeing


def _turned(pronoun: str, after: str) -> str:
    if pronoun in _OTHER_PRONOUN:
        return _OTHER_PRONOUN[pronoun]
    alone = _NO_NOUN.match(after) is not None
    if pronoun == "her":
        return "him" if alone else "his"
    return "hers" if alone else "her"

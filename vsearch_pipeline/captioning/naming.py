"""People's names in generated English captions.

A phrase gets a name only where it is sure whose. Everybody known is on screen, so each must be somebody that the
caption speaks of.

- A phrase and a person can belong together unless both have a gender and the two differ.
- A person is named where every way to give all people a place gives them the same one.
- A group of unknown size keeps its words and gets the names beside it: "a group of girls, Harin among them,".
- Captioners call women men. Where the caption speaks of exactly as many people as are known and of nobody else,
  a gender that contradicts everything is the caption's mistake: one phrase takes everybody, and so does a list
  ("a man and a woman"). Who of a list is who stays open then: "the man" becomes "one woman" and "the woman" "the
  other woman", or "the first", "the second" of more. Two who stand in no list get their gender words put right:
  "a woman is talking to another woman".
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
    PRONOUNS,
    Entity,
    Gender,
    Mention,
    Reading,
    read,
    sentence_start,
    without_quotations,
)

_NUMBERS: Final = ("no", "another", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SINGULARS: Final = {
    "men": "man",
    "women": "woman",
    "gentlemen": "gentleman",
    "ladies": "lady",
    "children": "child",
    "people": "person",
    "actresses": "actress",
}
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth")
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
    r"|so|very|again|too|much|back|well|here|there|now|closely|intently|during|before|after|when|because"
    r"|up|down|over|away|out|off|through|into|onto|around|about|sitting|standing|walking|dancing|looking)\b)",
    re.IGNORECASE,
)
_GIVEN_BEFORE: Final = re.compile(
    r"\b(?:giv(?:e|es|ing)|gave|given|tell(?:s|ing)?|told|hand(?:s|ed|ing)|send(?:s|ing)?|sent|offer(?:s|ed|ing)?"
    r"|teach(?:es|ing)?|bring(?:s|ing)?|bought|buy(?:s|ing)?)\s+$",
    re.IGNORECASE,
)
"""Before "her flowers", which is then somebody and something."""
_OWNED_BY_TWO: Final = re.compile(r"\s+and (?:his|her) \w", re.IGNORECASE)
_RELATIVE: Final = re.compile(r"(,?) (?:who(?!se|m)|that(?= (?:is|are|was|were|has|have)\b))(?= (\w+))")
_THERE_IS: Final = re.compile(r"\bthere (is|was) $", re.IGNORECASE)
_STATE: Final = re.compile(r"blonde?|[\w-]+(?:ing|ed)", re.IGNORECASE)
_NO_STATE: Final = re.compile(
    r"[\w-]+-(?:looking|aged|skinned)|unidentified|interesting|charming|stunning|talented",
    re.IGNORECASE,
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
        mended: whether it only gets its gender put right.
    """

    people: tuple[KnownPerson, ...]
    one_of: tuple[KnownPerson, ...] = ()
    mended: bool = False


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
        Determiners, heads ("man", "singer"), numbers, and adjectives other than of a state ("smiling") make way
        for names; every other word stays, pronouns and verbs changed only in form.
    """
    people = tuple(dict.fromkeys(person for person in people if person.name.strip()))
    if not people or any(re.search(rf"(?<!\w){re.escape(person.name)}(?!\w)", text) for person in people):
        return text
    plain = without_quotations(text)
    reading = read(plain)
    namings = _assign(plain, reading, people)
    if not namings or _is_confusing(plain, namings):
        return text
    changes = [*_renamed(plain, reading, namings), *_pronouns(plain, reading, namings)]
    for change in sorted(changes, key=lambda change: change.start, reverse=True):
        text = text[: change.start] + change.text + text[change.end :]
    return text


def _is_confusing(text: str, namings: dict[Entity, _Naming]) -> bool:
    """Whether two people of one gender would be left with two pronouns that told them apart."""
    if all(_shared_gender(naming.one_of) is None for naming in namings.values()):
        return False
    return any(
        len({_PRONOUN_GENDER[found[0].lower()] for found in PRONOUNS.finditer(sentence)}) > 1
        for sentence in re.split("[.!?]", text)
    )


# --- who is who -------------------------------------------------------------------------------------------------


def _assign(text: str, reading: Reading, people: Sequence[KnownPerson]) -> dict[Entity, _Naming]:
    real = [entity for entity in reading.entities if not entity.depicted]
    if not real:
        return {}
    sized = [entity for entity in real if entity.count is not None and not entity.unclear]
    seats = sum(entity.count or 0 for entity in sized)
    closed = not reading.strangers and len(sized) == len(real) and seats == len(people)
    places = {person: _possible(person, people, real) for person in people}
    if not all(places.values()):
        if closed:
            return _against_the_words(text, sized, people)
        return _more_than_places(text, real, people) if len(people) > seats else {}
    namings = {}
    for entity in real:
        sure = tuple(person for person in people if places[person] == [entity])
        by_exclusion = not closed and len(real) > 1 and entity.gender is None
        if by_exclusion or not sure or entity.unclear:
            continue
        may = [person for person in people if entity in places[person]]
        if _takes(text, entity, sure) if entity.count is None else len(may) == len(sure):
            namings[entity] = _Naming(sure)
    open_places = [entity for entity in sized if entity not in namings]
    left = [person for person in people if not any(person in naming.people for naming in namings.values())]
    if closed and len(open_places) > 1 and _is_list(text, open_places):
        namings.update(_as_a_list(open_places, left))
    return namings


def _against_the_words(
    text: str, entities: Sequence[Entity], people: Sequence[KnownPerson]
) -> dict[Entity, _Naming]:
    if len(entities) == 1:
        return {entities[0]: _Naming(tuple(people))}
    if _is_list(text, entities):
        return _as_a_list(entities, people)
    gender = _shared_gender(people)
    if gender is None or len(entities) != 2 or any(entity.count != 1 for entity in entities):
        return {}
    return {
        entity: _Naming((person,), one_of=tuple(people), mended=True)
        for entity, person in zip(entities, people, strict=True)
    }


def _more_than_places(
    text: str, entities: Sequence[Entity], people: Sequence[KnownPerson]
) -> dict[Entity, _Naming]:
    namings = {}
    for entity in entities:
        may = tuple(person for person in people if _fits(person, entity))
        alone = all(person.gender and [e for e in entities if _fits(person, e)] == [entity] for person in may)
        if not may or not alone or entity.gender is None or entity.unclear:
            continue
        if _takes(text, entity, may) if entity.count is None else len(may) == entity.count:
            namings[entity] = _Naming(may)
    return namings


def _takes(text: str, group: Entity, people: Sequence[KnownPerson]) -> bool:
    """Whether names can be set beside a group, none of them being somebody who is told apart from it."""
    apart = [mention for mention in group.members if mention.kind != "part"]
    told_apart = any(m.gender is None or p.gender in (None, m.gender) for m in apart for p in people)
    return not told_apart and not text.startswith(("'", "’", " of "), group.mentions[0].end)


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
    open_seats = len(people) + 1
    seats = [
        e
        for e in entities
        for _ in range((open_seats if e.unclear or e.count is None else e.count) - (e is taken))
    ]
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


def _renamed(text: str, reading: Reading, namings: dict[Entity, _Naming]) -> list[_Change]:
    changes: list[_Change] = []
    named: dict[int, list[str]] = {}
    for entity, naming in namings.items():
        if naming.mended:
            changes += _mended(text, entity, namings)
            continue
        if entity.count is None:
            changes.append(_beside(text, entity.mentions[0], naming.people))
            continue
        whole = len(naming.people) == entity.count
        for position, mention in enumerate(entity.mentions):
            if not naming.one_of or _is_listed_again(text, mention, entity, namings):
                if whole or position == 0 or mention.kind == "new":
                    named[mention.start] = _in_names(text, entity, mention, naming.people)
            elif (said := _one_or_other(text, entity, mention, namings)) is not None:
                changes.append(said)
        if whole:
            changes += [c for m in entity.members if (c := _member(m, naming.people)) is not None]
    return [*changes, *_with_names(text, reading, named, frozenset(change.start for change in changes))]


def _beside(text: str, group: Mention, people: Sequence[KnownPerson]) -> _Change:
    """ "a group of girls, Harin and Hanni among them," """
    closing = "" if re.match(r"\s*(?:[.,;:!?)]|$)", text[group.end :]) else ","
    return _Change(group.end, group.end, f", {_joined([person.name for person in people])} among them{closing}")


def _with_names(
    text: str, reading: Reading, named: dict[int, list[str]], changed: frozenset[int]
) -> list[_Change]:
    """What takes the place of mentions and of the lists they stand in, and what agrees with it around them.

    Args:
        named: what is said for the mentions that begin there.
        changed: where else the text changes; lists there are not put together anew.
    """
    mentions = sorted((m for e in reading.entities for m in (*e.mentions, *e.members)), key=lambda m: m.start)
    runs: list[list[Mention]] = []
    for mention in mentions:
        if runs and text[runs[-1][-1].end : mention.start] in LISTED:
            runs[-1].append(mention)
        else:
            runs.append([mention])
    changes = []
    for run in runs:
        if not any(mention.start in named for mention in run):
            continue
        all_named = all(mention.start in named for mention in run)
        said = [part for m in run for part in named.get(m.start) or [_determined(text, m)]]
        longer = (all_named and len(run) > 2) or len(said) > len(run)
        free = changed.isdisjoint(range(run[0].start, run[-1].end)) and len(set(said)) == len(said)
        if len(run) > 1 and longer and free and _is_one_list(text, run):
            changes.append(_Change(run[0].start, run[-1].end, _joined(said)))
        else:
            for mention in run:
                if mention.start in named:
                    changes.append(_Change(mention.start, mention.end, _joined(named[mention.start])))
                elif mention.borrowed and mention is not run[0]:
                    changes.append(_Change(mention.start, mention.end, _determined(text, mention)))
        several = len(run) > 1 or any(len(named.get(m.start, ())) > 1 for m in run)
        if several and run[0].start in named and (found := _THERE_IS.search(text, 0, run[0].start)):
            changes.append(_Change(found.start(1), found.end(1), {"is": "are", "was": "were"}[found[1].lower()]))
        if run[-1].start in named:
            changes += _after_names(text, run[-1], named[run[-1].start], several=several, all_named=all_named)
    return changes


def _is_one_list(text: str, run: Sequence[Mention]) -> bool:
    """Whether a run ends like a list; two with a comma between may be in different clauses."""
    last = text[run[-2].end : run[-1].start]
    return last in (" and ", " & ") or (last == ", and " and len(run) > 2)


def _after_names(
    text: str, last: Mention, said: Sequence[str], *, several: bool, all_named: bool
) -> list[_Change]:
    changes = []
    if text[last.end : last.end + 1] in ("'", "’") and not text.startswith(("'s", "’s"), last.end):
        plural = len(said) > 1 and said[-1].endswith("s") and " other " in said[-1]
        changes += [] if plural else [_Change(last.end + 1, last.end + 1, "s")]
    relative = _RELATIVE.match(text, last.end)
    if relative and not (several and not all_named and relative[2] in ("are", "were", "have")):
        changes.append(_Change(relative.start(), relative.end(), ", who"))
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


def _in_names(text: str, entity: Entity, mention: Mention, people: Sequence[KnownPerson]) -> list[str]:
    """The names of `people` and "another woman" or "three other young men" for who is left."""
    names = [person.name for person in people]
    left = (entity.count or 0) - len(names)
    if left == 0:
        states = [w for w in mention.adjectives.split() if _STATE.fullmatch(w) and not _NO_STATE.fullmatch(w)]
        adjectives = "".join(f"{word} " for word in states)
        if text[mention.start].isupper():
            adjectives = adjectives[:1].upper() + adjectives[1:]
        return [adjectives + names[0], *names[1:]]
    adjectives = f"{mention.adjectives} " if mention.adjectives else ""
    if text[mention.start : mention.head_at] == adjectives:
        adjectives = adjectives[0].lower() + adjectives[1:]
    if left == 1:
        return [*names, f"another {adjectives}{_SINGULARS.get(mention.head, mention.head.removesuffix('s'))}"]
    return [*names, f"{_NUMBERS[left]} other {adjectives}{mention.head}"]


def _joined(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _one_or_other(text: str, entity: Entity, mention: Mention, namings: dict[Entity, _Naming]) -> _Change | None:
    """ "the man" as "one woman", "the woman" as "the other woman" of two in a list; "the first woman" of more."""
    together = _together(entity, namings)
    gender = _shared_gender(namings[entity].one_of)
    if gender is None or {e.count for e in together} != {1} or len(together) > len(_ORDINALS):
        return None
    if len(together) == 2:
        told = sorted(m.start for e in together for m in e.mentions if not _is_listed_again(text, m, e, namings))
        first = any(m.start == told[0] for m in entity.mentions)
        said = "the other" if not first else "one" if mention.start == told[0] else "the first"
    else:
        said = f"the {_ORDINALS[together.index(entity)]}"
    if text[mention.start].isupper():
        said = said[0].upper() + said[1:]
    return _Change(
        mention.start, mention.end, " ".join(filter(None, (said, mention.adjectives, _head(mention, gender))))
    )


def _head(mention: Mention, gender: Gender) -> str:
    return OPPOSITE.get(mention.head, mention.head) if mention.gender not in (None, gender) else mention.head


def _mended(text: str, entity: Entity, namings: dict[Entity, _Naming]) -> list[_Change]:
    """ "a man ... a woman" as "a woman ... another woman", then "the first woman" and "the other woman"."""
    gender = _shared_gender(namings[entity].one_of)
    one, other = (e.mentions[0] for e in _together(entity, namings))
    if gender is None:
        return []
    alike = _head(one, gender) == _head(other, gender)
    is_first = entity.mentions[0] is one
    changes = []
    for mention in entity.mentions:
        determiner = text[mention.start : mention.head_at].split(" ", maxsplit=1)[0]
        if alike and determiner.lower() in ("a", "an", "the"):
            if determiner.lower() == "the":
                said = "one" if mention is one else "the first" if is_first else "the other"
            else:
                said = determiner if is_first else "another"
            said = said[0].upper() + said[1:] if determiner[0].isupper() else said
            changes.append(_Change(mention.start, mention.start + len(determiner), said))
        if _head(mention, gender) != mention.head:
            written = text[mention.head_at].isupper()
            head = _head(mention, gender)
            end = mention.head_at + len(mention.head)
            changes.append(_Change(mention.head_at, end, head.capitalize() if written else head))
    return changes


def _member(mention: Mention, people: Sequence[KnownPerson]) -> _Change | None:
    """ "one of the men" as "one of the women" where all are."""
    gender = _shared_gender(people)
    if mention.gender is None or gender is None or mention.gender == gender or mention.head not in OPPOSITE:
        return None
    return _Change(mention.head_at, mention.head_at + len(mention.head), OPPOSITE[mention.head])


def _shared_gender(people: Sequence[KnownPerson]) -> Gender | None:
    genders = {person.gender for person in people}
    return genders.pop() if len(genders) == 1 else None


def _determined(text: str, mention: Mention) -> str:
    """A mention as written, with the article of "man" in "a woman and man"."""
    written = text[mention.start : mention.end]
    if not mention.borrowed:
        return written
    vowel = mention.borrowed in ("a", "an") and written[0] in "aeio"
    return f"{'an' if vowel else 'a' if mention.borrowed == 'an' else mention.borrowed} {written}"


# --- pronouns ---------------------------------------------------------------------------------------------------


def _pronouns(text: str, reading: Reading, namings: dict[Entity, _Naming]) -> list[_Change]:
    changes = []
    for found in PRONOUNS.finditer(text):
        written = found[0].lower()
        genders = {_gender(entity, namings) for entity in _meant(text, found.start(), written, reading)}
        gender = genders.pop() if len(genders) == 1 else None
        if gender is not None and gender != _PRONOUN_GENDER[written]:
            word = _turned(written, text[: found.start()], text[found.end() :])
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


def _turned(pronoun: str, before: str, after: str) -> str:
    if pronoun in _OTHER_PRONOUN:
        return _OTHER_PRONOUN[pronoun]
    alone = _NO_NOUN.match(after) is not None and not _OWNED_BY_TWO.match(after)
    if pronoun == "her":
        return "him" if alone or _GIVEN_BEFORE.search(before) else "his"
    return "hers" if alone else "her"

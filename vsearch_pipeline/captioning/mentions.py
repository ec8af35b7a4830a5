"""Phrases of an English caption that speak of people, and which of them speak of the same ones.

Rules over closed lists of words, no parser: captions of generative models keep to few forms. Where a rule does not
see clearly, a phrase is left out of every conclusion (`Reading.strangers`) rather than guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

Gender = Literal["female", "male"]
_Kind = Literal["new", "again", "part", "depicted", "other"]

_FAMILIES: Final[dict[str, tuple[Gender | None, str, str]]] = {
    # family: gender, singular heads, plural heads
    "man": ("male", "man guy gentleman male", "men guys gentlemen males"),
    "woman": ("female", "woman lady female", "women ladies females"),
    "boy": ("male", "boy", "boys"),
    "girl": ("female", "girl", "girls"),
    "child": (None, "child kid", "children kids"),
    "person": (None, "person individual adult someone somebody", "people persons individuals adults"),
}
_HEADS: Final = {
    head: (family, gender, plural)
    for family, (gender, *numbers) in _FAMILIES.items()
    for plural, heads in zip((False, True), numbers, strict=True)
    for head in heads.split()
}
OPPOSITE: Final = {
    word: other
    for pair in ("man woman", "men women", "boy girl", "boys girls", "gentleman lady", "gentlemen ladies")
    for word, other in (pair.split(), pair.split()[::-1])
} | {"guy": "woman", "guys": "women", "male": "female", "female": "male", "males": "females", "females": "males"}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NUMBERS: Final = {
    word: number
    for number, words in enumerate(
        ("one", "two 2", "three 3", "four 4", "five 5", "six 6", "seven 7", "eight 8", "nine 9", "ten 10"), start=1
    )
    for word in words.split()
}
_SEVERAL: Final = _words("several many some various multiple few numerous")
_COLLECTIONS: Final = {
    "group": None,
    "bunch": None,
    "number": None,
    "lot": None,
    "lots": None,
    "couple": 2,
    "pair": 2,
}
_SIZES: Final = _words("large small big huge")
_ORDINALS: Final = _words("first second third fourth fifth sixth seventh eighth ninth tenth last next")
_PARTS: Final = _words("each most all any half none neither either") | _NUMBERS.keys() | _SEVERAL
_OWNED_OR_ANY: Final = _words("his her their my your our its no every each any most all")
_DEFINITE: Final = _words("the this that these those")
_DETERMINERS: Final = _DEFINITE | _OWNED_OR_ANY | _PARTS | _ORDINALS | _words("a an another other both")
_ADJECTIVES: Final = _words(
    "young old older younger elderly little small big tall short beautiful pretty cute handsome attractive happy"
    " sad angry asian korean japanese chinese african american caucasian indian hispanic latino latina european"
    " western black white blonde blond brunette bald bearded masked hooded shirtless barefoot naked fat thin slim"
    " skinny overweight muscular pregnant smiling laughing crying dancing singing sleeping sitting standing"
    " running walking male female adult teenage teen very well-dressed unknown unidentified"
)
_COMPOUND_ADJECTIVE: Final = re.compile(r"[a-z]+-(?:haired|dressed|eyed|aged|skinned|old|headed|looking|clad)")
_GENDER_ADJECTIVES: Final[dict[str, Gender]] = {"male": "male", "female": "female"}
# what ends a phrase when it is read backwards from its head
_NOT_IN_A_PHRASE: Final = _words(
    "of in on at to from with by for and or but as while that which who is are was were be been being has have"
    " had his her their my your our its he she they it him them not than like behind under over near beside"
    " between into onto through around against about after before next then there wearing holding watching"
    " showing shows show sees see looking helping touching hugging kissing following facing feeding teaching"
    " filming"
)
_COMPOUNDS: Final = _words(
    "band group groups scout scouts seat doll dolls statue figure figurine mannequin emoji icon team room"
)
_ROLES: Final = re.compile(
    r"\b(?:(?:teenager|toddler|infant|couple(?!s? of)|crowd|audience|spectator|passenger|customer|bystander"
    r"|pedestrian|friend|partner|opponent|member|player|worker|student|teacher|instructor|trainer|coach|referee|judge"
    r"|soldier|officer|dancer|singer|musician|guitarist|drummer|performer|actor|artist|host|reporter|rider|driver"
    r"|biker|cyclist|skier|surfer|swimmer|boxer|fighter|gymnast|athlete|skateboarder|snowboarder|waiter|bartender"
    r"|barber|chef|doctor|farmer|mother|father|mom|dad|son|daughter|brother|sister|husband|boyfriend|girlfriend"
    r"|parent|bride|groom|team|crew)s?|bab(?:y|ies)|actress(?:es)?|waitress(?:es)?|wife|wives|famil(?:y|ies)|police)\b",
    re.IGNORECASE,
)
_PICTURE: Final = (
    r"(?:pictures?|photos?|photographs?|posters?|paintings?|portraits?|drawings?|sketch(?:es)?|statues?|sculptures?"
    r"|billboards?|cartoons?|magazines?|screens?|televisions?|tvs?|monitors?|images?|logos?|murals?|signs?|figures?"
    r"|figurines?|dolls?|advertisements?|selfies?|silhouettes?)"
)
_DEPICTED_BEFORE: Final = re.compile(
    rf"\b{_PICTURE}\s+(?:of|with|showing|featuring|depicting|that (?:shows|says|depicts))\s+$", re.IGNORECASE
)
_TAKEN: Final = re.compile(
    r"\b(?:tak(?:e|es|ing|en)|took|shoots?|shooting)\s+(?:\w+\s+){0,3}of\s+$", re.IGNORECASE
)
_DEPICTED_AFTER: Final = re.compile(
    r"\s+(?:on (?:it|(?:(?:an?|the|his|her|their) )?(?:\w+ )?(?:tv|television|screen|monitor|poster|billboard|sign"
    r"|magazine))|in (?:a|the) (?:picture|photo|photograph|painting|poster|magazine|mirror))\b",
    re.IGNORECASE,
)
_PREDICATE_BEFORE: Final = re.compile(r"\s+(?:is|are|was|were|becomes?)\s+(?:also\s+|not\s+)?$")
_PRONOUN_BEFORE: Final = re.compile(r"\b(?:he|she|it|who|one|other)$", re.IGNORECASE)
_COMPARED: Final = re.compile(r"\b(?:as|like|be)\s+$", re.IGNORECASE)
_CLAUSE_ENDS: Final = re.compile(r"[.;!?:,]|\b(?:and|while|but|as|then|when)\b", re.IGNORECASE)
_SENTENCE_ENDS: Final = re.compile(r"[.!?]")
_RESTRICTION: Final = re.compile(
    r"\s+((?:with|in|on|who|wearing|holding|sitting|standing|to|at)\b(?:\s+\w+){0,4})", re.IGNORECASE
)
LISTED: Final = frozenset((" and ", ", ", ", and "))
"""What stands between the parts of a list."""
_WORD: Final = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*|\d+")


@dataclass(frozen=True, slots=True)
class Mention:
    """A phrase that speaks of people: `text[start:end]` from its determiner to its head.

    Attributes:
        family: of heads that mean the same ("man", "guy").
        head: as written, small letters.
        gender: what the words say.
        count: how many, None for several.
        adjectives: between determiner and head, to be left standing, without those that only tell the gender.
        kind: `new` ("a man"), `again` ("the man"), `part` ("one of the men", "the other man"), `depicted` (in a
            picture), `other` where no name can go ("his man", "a police man").
        group: whether it is said as "a group of".
        size: of the group, as in "a large group".
        borrowed: the determiner that it shares with the phrase before, as in "a man and woman".
    """

    start: int
    end: int
    family: str
    head: str
    gender: Gender | None
    count: int | None
    adjectives: str
    kind: _Kind
    group: bool = False
    size: str = ""
    borrowed: str = ""


@dataclass(slots=True, eq=False)
class Entity:
    """One or more people that a caption speaks of.

    Attributes:
        count: None for several.
        mentions: all that speak of exactly them, the first that brought them up first.
        members: mentions that speak of some of them.
        depicted: whether they are in a picture only.
    """

    family: str
    gender: Gender | None
    count: int | None
    mentions: list[Mention]
    members: list[Mention] = field(default_factory=list)
    depicted: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """
    Attributes:
        entities: by first mention, those in pictures included.
        strangers: whether the caption may speak of people beyond them.
    """

    entities: tuple[Entity, ...]
    strangers: bool


def read(text: str) -> Reading:
    """Find who a caption speaks of."""
    entities: list[Entity] = []
    strangers = _ROLES.search(text) is not None
    for mention in find_mentions(text):
        strangers |= not _place(text, mention, entities)
    for entity in [e for e in entities if e.count == 1 and _is_contested(text, e)]:
        # several people under one name: nothing is known about any of them
        entities.remove(entity)
        strangers = True
    return Reading(tuple(entities), strangers)


def find_mentions(text: str) -> list[Mention]:
    """In order, none inside another."""
    words = list(_WORD.finditer(text))
    mentions: list[Mention] = []
    for at, word in enumerate(words):
        if word[0].lower() in _HEADS and text[word.end() : word.end() + 1] != "-":
            mention = _mention(text, words, at, mentions[-1] if mentions else None)
            if mention is not None:
                mentions.append(mention)
    return mentions


def sentence_start(text: str, at: int) -> int:
    """Where the sentence begins that `at` is in."""
    ends = [match.end() for match in _SENTENCE_ENDS.finditer(text, 0, at)]
    return ends[-1] if ends else 0


@dataclass(frozen=True, slots=True)
class _Start:
    at: int
    kind: _Kind
    count: int | None
    group: bool = False
    size: str = ""
    borrowed: str = ""


def _mention(text: str, words: Sequence[re.Match[str]], at: int, before: Mention | None) -> Mention | None:
    head = words[at][0].lower()
    family, gender, plural = _HEADS[head]
    after = _word_after(text, words, at) if head in _ADJECTIVES else ""
    if after in _HEADS:
        return None  # "a male person"
    modifiers, first = _modifiers(text, words, at)
    start = _determined(text, words, first, plural)
    if start is None:  # only the adjectives right before the head belong to it
        foreign = next(
            (n for n, word in enumerate(reversed(modifiers)) if not _is_adjective(word)), len(modifiers)
        )
        modifiers = modifiers[len(modifiers) - foreign :]
        start = _undetermined(text, words[at - len(modifiers)].start(), head, before)
    known = [word for word in modifiers if _is_adjective(word)]
    for word in known:
        gender = gender or _GENDER_ADJECTIVES.get(word)
    kind = start.kind
    if (
        (len(known) < len(modifiers) and kind != "part")
        or _may_be_noun(after)
        or _word_after(text, words, at) in _COMPOUNDS
    ):
        kind = "other"
    end = words[at].end()
    if kind in ("new", "again"):
        kind = _seen_where(text, start.at, end, before) or kind
    adjectives = " ".join(word for word in known if word not in _GENDER_ADJECTIVES)
    return Mention(
        start.at, end, family, head, gender, start.count, adjectives, kind, start.group, start.size, start.borrowed
    )


def _undetermined(text: str, start: int, head: str, before: Mention | None) -> _Start:
    plural = _HEADS[head][2]
    if head in ("someone", "somebody"):
        return _Start(start, "new", 1)
    if not plural and before is not None and before.count == 1 and text[before.end : start] in LISTED:
        shared = _WORD.match(text, before.start)
        return _Start(start, before.kind, 1, borrowed=before.borrowed or (shared[0].lower() if shared else ""))
    opens = not text[sentence_start(text, start) : start].strip()
    return _Start(start, "new", None if plural else 1) if opens else _Start(start, "other", None)


def _is_adjective(word: str) -> bool:
    return word in _ADJECTIVES or _COMPOUND_ADJECTIVE.fullmatch(word) is not None


def _word_after(text: str, words: Sequence[re.Match[str]], at: int) -> str:
    joined = at + 1 < len(words) and text[words[at].end() : words[at + 1].start()] == " "
    return words[at + 1][0].lower() if joined else ""


def _may_be_noun(word: str) -> bool:
    return bool(word) and word not in _NOT_IN_A_PHRASE and not word.endswith("ing")


def _modifiers(text: str, words: Sequence[re.Match[str]], at: int) -> tuple[list[str], int]:
    """Words before a head up to its determiner, and where the determiner may be."""
    modifiers: list[str] = []
    at -= 1
    while at >= 0 and len(modifiers) < 4:
        word = words[at][0].lower()
        gap = text[words[at].end() : words[at + 1].start()]
        joined = gap == " " or (gap == ", " and modifiers and word in _ADJECTIVES)
        ends = word in _NOT_IN_A_PHRASE or word in _DETERMINERS or (word in _HEADS and word not in _ADJECTIVES)
        if ends or not joined:
            break
        modifiers.insert(0, word)
        at -= 1
    return modifiers, at


def _determined(text: str, words: Sequence[re.Match[str]], at: int, plural: bool) -> _Start | None:
    """What the words that end at `at` make of the head after them; None where they do not belong to it."""

    def word(back: int) -> str:
        index = at - back
        if index < 0 or (index + 1 < len(words) and text[words[index].end() : words[index + 1].start()] != " "):
            return ""
        return words[index][0].lower()

    first, second, third = word(0), word(1), word(2)
    one = None if plural else 1
    found: tuple[int, _Kind, int | None] | None = None
    if first in _OWNED_OR_ANY:
        found = 0, "other", one
    elif first == "other":
        found = (1, "part", one) if second in ("the", "each") else (0, "other", one)
    elif first in _ORDINALS:
        found = int(second == "the"), "part", one
    elif first in _DEFINITE:
        found = _after_definite(second, third, plural)
    elif first in ("a", "an", "another"):
        found = 0, "other" if plural else "new", 1
    elif first == "both":
        found = 0, "again", 2
    elif first in _NUMBERS:
        found = _after_number(_NUMBERS[first], second, third, word(3), plural)
    elif first in _SEVERAL:
        found = int(second == "a" and first == "few"), "new" if plural else "other", None
    elif first == "of" and second in _COLLECTIONS and plural:
        return _collected(text, words, at, (third, word(3)), _COLLECTIONS[second])
    if found is None:
        return None
    back, kind, count = found
    return _Start(words[at - back].start(), kind, count)


def _collected(
    text: str, words: Sequence[re.Match[str]], at: int, before: tuple[str, str], count: int | None
) -> _Start | None:
    """ "a group of", "the large group of", or "Lots of" where a sentence begins."""
    first, second = before
    size = first if first in _SIZES and count is None else ""
    determiner = second if size else first
    if determiner in ("a", "the", "this"):
        start = words[at - (3 if size else 2)].start()
        return _Start(start, "new" if determiner == "a" else "again", count, count is None, size)
    start = words[at - 1].start()
    opens = not text[sentence_start(text, start) : start].strip()
    return _Start(start, "new", count, count is None) if opens else None


def _after_definite(second: str, third: str, plural: bool) -> tuple[int, _Kind, int | None]:
    if second == "of" and third in _PARTS:
        return 2, "part", None if plural else 1
    if plural and (second == "both" or (second == "of" and third == "both")):
        return 1 if second == "both" else 2, "again", 2
    return 0, "again", None if plural else 1


def _after_number(count: int, second: str, third: str, fourth: str, plural: bool) -> tuple[int, _Kind, int | None]:
    if second not in _DEFINITE:
        return 0, "new" if plural == (count > 1) else "other", count
    if third == "of" and fourth in _PARTS:
        return 3, "part", None
    return 1, "again" if plural else "part", count


def _seen_where(text: str, start: int, end: int, before: Mention | None) -> Literal["depicted", "other"] | None:
    """Whether a phrase is in a picture, or says what somebody is or is like."""
    head = text[max(0, start - 60) : start]
    listed = before is not None and before.kind == "depicted" and text[before.end : start] in (" and ", ", ")
    if listed or (_DEPICTED_BEFORE.search(head) and not _TAKEN.search(head)) or _DEPICTED_AFTER.match(text, end):
        return "depicted"
    if _COMPARED.search(head):
        return "other"
    predicate = _PREDICATE_BEFORE.search(head)
    if predicate:
        subject = text[: start - len(head) + predicate.start()]
        if _PRONOUN_BEFORE.search(subject) or (before is not None and before.end == len(subject)):
            return "other"
    return None


def _place(text: str, mention: Mention, entities: list[Entity]) -> bool:
    """Put a mention to whom it speaks of; False where that is not clear."""
    same = _same(text, mention, entities)
    if same is not None:
        same.mentions.append(mention)
        same.gender = same.gender or mention.gender
        return True
    if mention.kind != "depicted":
        if mention.kind == "again" and mention.count == 1 and any(_is_like(mention, e) for e in entities):
            return False
        whole = _subject(text, mention, entities) or next(
            (e for e in entities if e.count != 1 and not e.depicted and _fits(mention, e)), None
        )
        if mention.kind in ("part", "other") or (whole is not None and mention.count == 1):
            if whole is not None:
                whole.members.append(mention)
            return whole is not None
        if mention.count != 1 and any(_fits(mention, e) for e in entities):
            return False
    entity = Entity(mention.family, mention.gender, mention.count, [mention], depicted=mention.kind == "depicted")
    entities.append(entity)
    return True


def _subject(text: str, mention: Mention, entities: Sequence[Entity]) -> Entity | None:
    """Who the mention says something of: "the person is a man"."""
    before = [e for e in entities if _PREDICATE_BEFORE.fullmatch(text, e.mentions[-1].end, mention.start)]
    return before[0] if before else None


def _fits(mention: Mention, entity: Entity) -> bool:
    return mention.gender is None or entity.gender is None or mention.gender == entity.gender


def _is_like(mention: Mention, entity: Entity) -> bool:
    return (mention.family, mention.count) == (entity.family, entity.count)


def _same(text: str, mention: Mention, entities: Sequence[Entity]) -> Entity | None:
    """Who "the man", "the two women" or "the person" are, where that can only be one."""
    if mention.kind == "again" and mention.count == 1:
        found = _the_one(mention, [e for e in entities if e.count == 1], alone=len(entities) == 1)
    elif mention.kind == "again":
        many = [e for e in entities if e.count != 1]
        sized = [e for e in many if mention.count in (None, e.count)]
        found = [e for e in sized if e.family == mention.family]
        if not found and mention.family == "person" and len(many) == 1:
            found = sized
    elif mention.kind == "new" and mention.count != 1:
        # several are brought up anew in a later sentence: "The video shows two women. Two women are ..."
        sentence = sentence_start(text, mention.start)
        found = [e for e in entities if _is_like(mention, e) and e.mentions[0].start < sentence]
    else:
        found = []
    return found[0] if len(found) == 1 else None


def _the_one(mention: Mention, single: list[Entity], *, alone: bool) -> list[Entity]:
    found = [e for e in single if e.family == mention.family]
    described = [e for e in found if mention.adjectives and e.mentions[0].adjectives == mention.adjectives]
    if len(described) == 1:
        return described
    neutral = mention.gender is None or (len(single) == 1 and single[0].gender is None)
    return single if not found and neutral and alone else found


def _is_contested(text: str, entity: Entity) -> bool:
    """Whether "the man" must be two: "the man looks at the man", "the man in red ... the man with a hat"."""
    told = {
        found[1].lower()
        for mention in entity.mentions
        if mention.kind == "again" and (found := _RESTRICTION.match(text, mention.end))
    }
    definite_only = entity.mentions[0].kind == "again"
    if definite_only and len(told) > 1 and any(phrase.startswith(("with", "in ", "who")) for phrase in told):
        return True
    return any(not _CLAUSE_ENDS.search(text, one.end, other.start) for one, other in pairwise(entity.mentions))

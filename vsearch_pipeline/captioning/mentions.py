"""Phrases of an English caption that speak of people, and which of them speak of the same ones.

Rules over closed lists of words, no parser: captions of generative models keep to few forms. Where a rule does not
see clearly, a phrase stands for people nobody knows how many of (`Entity.unclear`) rather than being guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, Literal

Gender = Literal["female", "male"]
_Kind = Literal["new", "again", "part", "depicted", "said", "other"]

_ROLES: Final = (
    "singer dancer performer idol rapper vocalist musician guitarist drummer pianist artist actor host presenter"
    " member entertainer"
)
_FAMILIES: Final[dict[str, tuple[Gender | None, str, str]]] = {
    # family: gender, singular heads, plural heads
    "man": ("male", "man guy gentleman male", "men guys gentlemen males"),
    "woman": ("female", "woman lady female", "women ladies females"),
    "boy": ("male", "boy", "boys"),
    "girl": ("female", "girl", "girls"),
    "child": (None, "child kid", "children kids"),
    "person": (None, "person individual adult someone somebody", "people persons individuals adults"),
    "actress": ("female", "actress", "actresses"),
    **{role: (None, role, f"{role}s") for role in _ROLES.split()},
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
    "duo": 2,
    "trio": 3,
}
_NOT_EXACTLY: Final = _words("over about around almost nearly least to than or last first next")
"""Before a number they leave open how many, or who."""
_SIZES: Final = _words("large small big huge")
_ORDINALS: Final = _words("first second third fourth fifth sixth seventh eighth ninth tenth last next")
_PARTS: Final = _words("each most all any half none neither either") | _NUMBERS.keys() | _SEVERAL
_OWNED_OR_ANY: Final = _words("his her their my your our its no every each any most all")
_DEFINITE: Final = _words("the this that these those")
_DETERMINERS: Final = _DEFINITE | _OWNED_OR_ANY | _PARTS | _ORDINALS | _words("a an another other both")
_ADJECTIVES: Final = _words(
    "young old older younger elderly little small big tall short beautiful pretty cute handsome attractive"
    " happy sad angry asian korean japanese chinese african american caucasian indian hispanic latino latina"
    " european western black white blonde blond brunette bald bearded masked hooded shirtless barefoot naked"
    " fat thin slim skinny slender stylish cheerful energetic focused lone seated overweight muscular pregnant"
    " smiling laughing crying dancing singing sleeping sitting standing running walking male female adult"
    " teenage teen very well-dressed unknown unidentified"
)
_COMPOUND_ADJECTIVE: Final = re.compile(r"[a-z]+-(?:haired|dressed|eyed|aged|skinned|old|headed|looking|clad)")
_GENDER_ADJECTIVES: Final[dict[str, Gender]] = {"male": "male", "female": "female"}
# what ends a phrase when it is read backwards from its head
_NOT_IN_A_PHRASE: Final = _words(
    "of in on at to from with by for and or but as while that which who is are was were be been being has have"
    " had his her their my your our its he she they it him them not than like behind under over near beside"
    " between into onto through around against about after before next then there wearing holding watching"
    " showing shows show sees see looking helping touching hugging kissing following facing feeding teaching"
    " filming kissing licking chasing biting pushing pulling carrying including"
)
_NOUNS: Final = _words(
    "police camera news fire stick snow cave mail delivery sales garbage spider iron wax straw toy cartoon anime"
    " animated plastic gingerbread clothing baby toddler newborn infant staff crew audience family stunt security"
    " camera-shy manga comic lego puppet robot"
)
"""Before a head they make it somebody else, or a thing; every other word there is taken for an adjective."""
_COMPOUNDS: Final = _words(
    "band group groups scout scouts seat toy toys doll dolls statue figure figurine mannequin emoji icon team room"
)
_STRANGERS: Final = re.compile(
    r"\b(?:(?:teenager|toddler|infant|couple(?!s? of)|crowd|spectator|passenger|customer|bystander|pedestrian"
    r"|friend|partner|opponent|player|worker|employee|student|teacher|instructor|trainer|coach|referee|judge|soldier"
    r"|officer|reporter|interviewer|contestant|model|nurse|bodyguard|guard|cameraman|rider|driver|biker|cyclist|skier|surfer"
    r"|swimmer|boxer|fighter|gymnast|athlete|skateboarder|snowboarder|waiter|bartender|barber|chef|doctor|farmer"
    r"|mother|father|mom|dad|son|daughter|brother|sister|husband|boyfriend|girlfriend|parent|bride|groom|team|crew"
    r"|star|guest|emcee)s?|audience|fans|m\.?c|bab(?:y|ies)|waitress(?:es)?|wife|wives|famil(?:y|ies)|police|staff"
    r"|every(?:one|body)|(?<!each )others|passers-?by)\b",
    re.IGNORECASE,
)
_NAME: Final = re.compile(
    r"(?<=[a-z,;] )[A-Z][a-z]{2,}\b"
    r"|(?:^|(?<=[.!?] ))(?P<opening>[A-Z][a-z]+)(?= (?:and|is|was|has|[a-z]+[^s\W]s)\b)"
)
_NO_NAME: Final = _words("it this that there here he she what who which everything nothing something each one")
_ONE_GENDER_ONLY: Final = re.compile(
    r"\b(?:beards?|bearded|mustaches?|moustaches?|goatee|shirtless|bald|pregnant)\b", re.IGNORECASE
)
_PICTURE: Final = (
    r"(?:pictures?|photos?|photographs?|posters?|paintings?|portraits?|drawings?|sketch(?:es)?|statues?|sculptures?"
    r"|billboards?|cartoons?|magazines?|screens?|televisions?|tvs?|monitors?|images?|logos?|murals?|signs?|figures?"
    r"|figurines?|dolls?|advertisements?|selfies?|silhouettes?)"
)
_DEPICTED_BEFORE: Final = re.compile(
    rf"\b{_PICTURE}\s+(?:of|with|showing|featuring|depicting|that (?:shows|says|depicts))\s+$", re.IGNORECASE
)
_LEAD_IN: Final = re.compile(
    r"\s*(?:(?:this|there|here) is )?(?:(?:an?|the|this) )?(?:[\w-]+ )?(?:picture|photo|photograph|image|portrait"
    r"|close-?up|shot|video|clip|footage)(?: shot)? (?:of|with|showing|featuring|that shows) ",
    re.IGNORECASE,
)
"""A caption that begins so speaks of its own picture."""
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
_COMPARED: Final = re.compile(
    r"\b(?:(?:dressed|disguised|known|act|acts|acting|works?|working|such|same) as|like|be|becom(?:e|es|ing))\s+$",
    re.IGNORECASE,
)
_ABSENT_BEFORE: Final = re.compile(
    r"\b(?:(?<!video is )(?<!clip is )(?<!scene is )about"
    r"|(?:think|thinks|thinking|role|dreams?|dreaming|cutouts?|voices?|story|song) of"
    r"|wait(?:s|ing)? for|look(?:s|ing)? for|(?:song|letter|message) (?:for|to)|without|like|unlike)\s+$",
    re.IGNORECASE,
)
_ABSENT_AFTER: Final = re.compile(
    r"(?:['’]s?)? (?:voices?\b|off[- ](?:camera|screen)|like (?:me|us|you|him|her)\b|of the (?:audience|staff|crew"
    r"|public|crowd)\b)",
    re.IGNORECASE,
)
_WORN: Final = re.compile(r"\b(?:wearing|wears|wore|in|puts on|putting on|tries on|trying on|for|like)\s+$")
_CALLED: Final = re.compile(r"\b(?:to|with|by)\s+$")
_QUOTED: Final = re.compile(
    r"\"[^\"]*\"|“[^”]*”|「[^」]*」|(?<![\w'])'(?:[^']|'(?=\w))*'(?!\w)|(?<!\w)‘(?:[^’]|’(?=\w))*’(?!\w)"
)
PRONOUNS: Final = re.compile(
    r"(?<![\w'’])(?:(?P<male>he|him|his|himself)|(?P<female>she|her|hers|herself))(?!\w)", re.IGNORECASE
)
_TAIL: Final = re.compile(
    r"\s+(?:in|with|on|at|behind|near|beside|from|to(?= the )|who|that|wearing|holding|carrying|sitting|standing"
    r"|seated|walking|dancing|playing|next|between)\b(?:\s+[\w-]+){0,5}",
    re.IGNORECASE,
)
_TAIL_SAYS_NOTHING: Final = _words(
    "in with on at behind near beside from to who that is are was were has have a an the his her their its wearing"
    " holding carrying next very of between"
    " smile look expression face"
)
_THE_PICTURE: Final = _words("video scene clip frame image picture")
_CLAUSE_ENDS: Final = re.compile(r"[.;!?:,]|\b(?:and|while|but|as|then|when)\b", re.IGNORECASE)
_SENTENCE_ENDS: Final = re.compile(r"[.!?]")
LISTED: Final = frozenset((" and ", ", ", ", and ", " & "))
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
        head_at: where the head begins.
        adjectives: between determiner and head, without those that only tell the gender.
        kind: `new` ("a man"), `again` ("the man"), `part` ("one of the men", "the other man"), `depicted` (in a
            picture), `said` of somebody named by a pronoun ("he is a man"), `other` where no name can go ("his
            man", "a police man", "a man's voice").
        borrowed: the determiner that it shares with the phrase before, as in "a man and woman".
    """

    start: int
    end: int
    family: str
    head: str
    gender: Gender | None
    count: int | None
    head_at: int
    adjectives: str
    kind: _Kind
    borrowed: str = ""


@dataclass(slots=True, eq=False)
class Entity:
    """One or more people that a caption speaks of.

    Attributes:
        count: None for several.
        mentions: all that speak of exactly them, the first that brought them up first.
        members: mentions that speak of some of them.
        depicted: whether they are in a picture only.
        unclear: whether they may be more or others than the mentions say.
    """

    family: str
    gender: Gender | None
    count: int | None
    mentions: list[Mention]
    members: list[Mention] = field(default_factory=list)
    depicted: bool = False
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """
    Attributes:
        entities: by first mention, those in pictures included.
        strangers: whether the caption speaks of people beyond them, or of a gender that it cannot have mistaken.
    """

    entities: tuple[Entity, ...]
    strangers: bool


def without_quotations(text: str) -> str:
    """`text` with dots for every character between quotation marks, which nobody on screen is meant by."""
    return _QUOTED.sub(lambda found: found[0][0] + "·" * (len(found[0]) - 2) + found[0][-1], text)


def read(text: str) -> Reading:
    """Find who a caption speaks of."""
    mentions = find_mentions(text)
    lists = _lists(text, mentions)
    announced = {m.start for m in mentions if _is_announced(text, m, lists)}
    entities: list[Entity] = []
    unclear: list[Entity] = []
    strangers = _STRANGERS.search(text) is not None or _ONE_GENDER_ONLY.search(text) is not None
    strangers |= _has_a_name(text, mentions)
    for mention in mentions:
        if mention.start in announced:
            continue
        again = _listed_before(mention, lists, entities)
        if again is not None:
            again.mentions.append(mention)
        elif not _place(text, mention, entities):
            strangers = True
            if mention.gender is not None or mention.count is not None:
                unclear.append(_unclear(mention))
    for entity in entities:
        entity.unclear = entity.count == 1 and _is_contested(text, entity)
    entities += unclear
    unclear = _unbound(text, entities)
    return Reading(tuple(sorted([*entities, *unclear], key=lambda e: e.mentions[0].start)), strangers)


def _unclear(mention: Mention) -> Entity:
    return Entity(mention.family, mention.gender, None, [mention], unclear=True)


def _lists(text: str, mentions: Sequence[Mention]) -> list[list[Mention]]:
    """Runs of mentions with nothing but commas and "and" between."""
    runs: list[list[Mention]] = []
    for mention in mentions:
        if runs and text[runs[-1][-1].end : mention.start] in LISTED:
            runs[-1].append(mention)
        else:
            runs.append([mention])
    return runs


def _is_announced(text: str, mention: Mention, lists: Sequence[Sequence[Mention]]) -> bool:
    """Whether a phrase only sums up the list after it: "two people, a man and a woman"."""
    if mention.count in (None, 1) or mention.kind not in ("new", "again"):
        return False
    for run in lists:
        rest = [m for m in run if m.start > mention.start] if mention in run else run
        if (
            len(rest) > 1
            and re.fullmatch(r"(?:,|:| -| –| —) ", text[mention.end : rest[0].start])
            and sum(m.count or 0 for m in rest) == mention.count
            and all(m.kind == "new" and m.gender == (mention.gender or m.gender) for m in rest)
        ):
            return True
    return False


def _listed_before(
    mention: Mention, lists: Sequence[Sequence[Mention]], entities: Sequence[Entity]
) -> Entity | None:
    """Whom "a man" means in "a man and a woman" where just this list stood in the caption before."""
    run = next(run for run in lists if mention in run)
    families = {m.family for m in run}
    if len(run) < 2 or len(families) < len(run) or any((m.kind, m.count) != ("new", 1) for m in run):
        return None
    before = any(
        earlier[0].start < run[0].start and len(earlier) == len(run) and {m.family for m in earlier} == families
        for earlier in lists
    )
    same = [e for e in entities if (e.family, e.count) == (mention.family, 1) and not e.depicted]
    return same[0] if before and len(same) == 1 else None


def _has_a_name(text: str, mentions: Sequence[Mention]) -> bool:
    """Whether a word looks like the name of somebody."""
    for found in _NAME.finditer(text):
        opening = (found["opening"] or "").lower()
        known = opening in _HEADS or opening in _DETERMINERS or opening in _NO_NAME or opening.endswith("ing")
        if not known and not any(m.start <= found.start() < m.end for m in mentions):
            return True
    return False


def _unbound(text: str, entities: Sequence[Entity]) -> list[Entity]:
    """Those whom a pronoun means that can mean nobody before it."""
    found = []
    for pronoun in PRONOUNS.finditer(text):
        gender: Gender = "male" if pronoun["male"] else "female"
        fitting = [e.mentions[0].start for e in entities if e.gender in (None, gender)]
        start = sentence_start(text, pronoun.start())
        opens = not any(start <= m.start < pronoun.start() for e in entities for m in e.mentions)
        owns = opens and pronoun[0].lower() in ("his", "her")
        end = _SENTENCE_ENDS.search(text, pronoun.start())
        until = end.start() if owns and end else len(text) if owns else pronoun.start()
        if not any(at < until for at in fitting) and not _STRANGERS.search(text, 0, pronoun.start()):
            found.append(_unclear(_pronoun(pronoun, gender)))
    they = re.search(r"\bthey\b", text, re.IGNORECASE)
    if they and not any(e.mentions[0].start < they.start() for e in entities):
        found.append(_unclear(_pronoun(they, None)))
    return found


def _pronoun(found: re.Match[str], gender: Gender | None) -> Mention:
    word = found[0].lower()
    return Mention(found.start(), found.end(), "person", word, gender, None, found.start(), "", "other")


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
    borrowed: str = ""


def _mention(text: str, words: Sequence[re.Match[str]], at: int, before: Mention | None) -> Mention | None:
    head = words[at][0].lower()
    family, gender, plural = _HEADS[head]
    after = _word_after(text, words, at) if head in _ADJECTIVES else ""
    if head in _ADJECTIVES and _describes_a_head(text, words, at):
        return None  # "a male person"
    modifiers, first = _modifiers(text, words, at)
    start = _determined(text, words, first, plural)
    if start is None:  # only the adjectives right before the head belong to it
        foreign = next(
            (n for n, word in enumerate(reversed(modifiers)) if not _is_adjective(word)), len(modifiers)
        )
        modifiers = modifiers[len(modifiers) - foreign :]
        start = _undetermined(text, words[at - len(modifiers)].start(), head, before)
    for word in modifiers:
        gender = gender or _GENDER_ADJECTIVES.get(word.lower())
    kind = start.kind
    if kind != "part" and not _are_adjectives(modifiers, plural=plural):
        kind = "other"
    verb = kind == "new" and not plural and re.search("[^s]s$", after)  # "a male dances", no "a male dogs"
    if (_may_be_noun(after) and not verb) or _word_after(text, words, at) in _COMPOUNDS:
        kind = "other"
    end = words[at].end()
    label = re.match(r" [A-HJ-Z](?=[ .,]|$)", text[end:])
    if kind in ("new", "again"):
        kind = _seen_where(text, start.at, end, before) or kind
    adjectives = " ".join(word for word in modifiers if word.lower() not in _GENDER_ADJECTIVES)
    return Mention(
        start=start.at,
        end=end + len(label[0]) if label else end,
        family=family,
        head=head,
        gender=gender,
        count=start.count,
        head_at=words[at].start(),
        adjectives=adjectives,
        kind=kind,
        borrowed=start.borrowed,
    )


def _are_adjectives(words: Sequence[str], *, plural: bool) -> bool:
    """Whether the words before a head only describe it; "the dog watches men" has more before a plural."""
    other = [word for word in words if not _is_adjective(word)]
    if any(word.lower() in _NOUNS for word in words):
        return False
    return not plural or not other or (len(other) == 1 and not re.search("[^s]s$", other[0]))


def _undetermined(text: str, start: int, head: str, before: Mention | None) -> _Start:
    plural = _HEADS[head][2]
    if head in ("someone", "somebody"):
        return _Start(start, "new", 1)
    if not plural and before is not None and before.count == 1 and text[before.end : start] in LISTED:
        shared = _WORD.match(text, before.start)
        return _Start(start, before.kind, 1, borrowed=before.borrowed or (shared[0].lower() if shared else ""))
    said = text[sentence_start(text, start) : start]
    opens = not said.strip() or _LEAD_IN.fullmatch(said) is not None
    return _Start(start, "new", None if plural else 1) if opens else _Start(start, "other", None)


def _is_adjective(word: str) -> bool:
    word = word.lower()
    return word in _ADJECTIVES or _COMPOUND_ADJECTIVE.fullmatch(word) is not None


def _word_after(text: str, words: Sequence[re.Match[str]], at: int) -> str:
    joined = at + 1 < len(words) and text[words[at].end() : words[at + 1].start()] == " "
    return words[at + 1][0].lower() if joined else ""


def _describes_a_head(text: str, words: Sequence[re.Match[str]], at: int) -> bool:
    """Whether another head follows with nothing but adjectives between: "a female K-pop idol"."""
    for next_at in range(at, min(at + 3, len(words) - 1)):
        word = _word_after(text, words, next_at)
        if word in _HEADS:
            return True
        if not _may_be_noun(word):
            return False
    return False


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
        modifiers.insert(0, words[at][0])
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
    elif first in _NUMBERS and second == "of" and third in _COLLECTIONS and plural:
        return _collected(text, words, at - 1, (word(3), word(4)), _NUMBERS[first])
    elif first in _NUMBERS:
        found = _after_number(_NUMBERS[first], second, third, word(3), plural)
    elif first in _SEVERAL:
        found = int(second == "a" and first == "few"), "new" if plural else "other", None
    elif first == "of" and second in _COLLECTIONS and plural:
        return _collected(text, words, at, (third, word(3)), _COLLECTIONS[second])
    elif first == "same" and second == "the":
        found = 1, "again", one
    if found is None:
        return None
    back, kind, count = found
    return _Start(words[at - back].start(), kind, count)


def _collected(
    text: str, words: Sequence[re.Match[str]], at: int, before: tuple[str, str], count: int | None
) -> _Start | None:
    """ "a group of", "the large group of", or "Lots of" where a sentence begins."""
    first, second = before
    sized = first in _SIZES
    determiner = second if sized else first
    if determiner in ("a", "the", "this"):
        return _Start(words[at - (3 if sized else 2)].start(), "new" if determiner == "a" else "again", count)
    start = words[at - 1].start()
    opens = not text[sentence_start(text, start) : start].strip()
    return _Start(start, "new", count) if opens else None


def _after_definite(second: str, third: str, plural: bool) -> tuple[int, _Kind, int | None]:
    if second == "of" and third in _PARTS:
        return 2, "part", None if plural else 1
    if plural and (second == "both" or (second == "of" and third == "both")):
        return 1 if second == "both" else 2, "again", 2
    return 0, "again", None if plural else 1


def _after_number(count: int, second: str, third: str, fourth: str, plural: bool) -> tuple[int, _Kind, int | None]:
    if second == "other":
        return 1 + (third == "the"), "part", None
    if second in _NOT_EXACTLY:
        return 0, "other", None
    if second not in _DEFINITE:
        return 0, "new" if plural == (count > 1) else "other", count
    if third == "of" and fourth in _PARTS:
        return 3, "part", None
    return 1, "again" if plural else "part", count


def _seen_where(
    text: str, start: int, end: int, before: Mention | None
) -> Literal["depicted", "said", "other"] | None:
    """Whether a phrase is in a picture, or says what somebody is or is like."""
    head = text[max(0, start - 60) : start]
    listed = before is not None and before.kind == "depicted" and text[before.end : start] in (" and ", ", ")
    shown = _DEPICTED_BEFORE.search(head) and not _TAKEN.search(head) and not _LEAD_IN.fullmatch(text[:start])
    if listed or shown or _DEPICTED_AFTER.match(text, end):
        return "depicted"
    worn = _WORN.search(head) and re.match(r"['’]s? ", text[end:])
    called = _CALLED.search(head) and text.startswith(" on the phone", end)
    if _COMPARED.search(head) or _ABSENT_BEFORE.search(head) or _ABSENT_AFTER.match(text, end) or worn or called:
        return "other"
    predicate = _PREDICATE_BEFORE.search(head)
    if predicate:
        subject = text[: start - len(head) + predicate.start()]
        if _PRONOUN_BEFORE.search(subject) or (before is not None and before.end == len(subject)):
            return "said"
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
        whole = _subject(text, mention, entities)
        if whole is None:
            wholes = (e for e in entities if e.count != 1 and not e.depicted and _fits(mention, e))
            whole = next((e for e in wholes if mention.kind != "new" or _is_one_of(text, mention, e)), None)
            if whole is not None and mention.kind == "new":
                mention = replace(mention, kind="part")
        if mention.kind in ("part", "said", "other") or (whole is not None and mention.count == 1):
            if whole is not None:
                whole.members.append(mention)
            return whole is not None or mention.kind == "said"
        if mention.count != 1 and any(_fits(mention, e) for e in entities):
            return False
    entity = Entity(mention.family, mention.gender, mention.count, [mention], depicted=mention.kind == "depicted")
    entities.append(entity)
    return True


def _subject(text: str, mention: Mention, entities: Sequence[Entity]) -> Entity | None:
    """Who the mention says something of: "the person is a man"."""
    before = [e for e in entities if _PREDICATE_BEFORE.fullmatch(text, e.mentions[-1].end, mention.start)]
    return before[0] if before else None


def _is_one_of(text: str, mention: Mention, whole: Entity) -> bool:
    """Whether "one man", or "another man" or "a third man" after "one of the men", is of those told before."""
    words = text[mention.start : mention.head_at].lower().split()
    follows = bool(words) and (words[0] == "another" or not _ORDINALS.isdisjoint(words))
    return words[:1] == ["one"] or (follows and any(m.kind == "part" for m in whole.members))


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
        if not found and mention.gender is None and mention.family != "child" and len(many) == 1:
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
    if found:
        return found
    if alone and single and {mention.family, single[0].family} in ({"woman", "girl"}, {"man", "boy"}):
        return single if single[0].mentions[0].kind == "new" else []
    neutral = mention.gender is None or (len(single) == 1 and single[0].gender is None)
    return single if neutral and alone else []


def _is_contested(text: str, entity: Entity) -> bool:
    """Whether "the man" must be two: "the man looks at the man", "a man in red ... the man with a hat"."""
    first, *later = entity.mentions
    told = text[first.start : later[-1].start].lower() if later else ""
    for mention in later:
        tail = _TAIL.match(text, mention.end) if mention.kind == "again" else None
        words = tail[0].lower().split() if tail else []
        word = next((word for word in words if word not in _TAIL_SAYS_NOTHING), None)
        before = told[: mention.start - first.start]
        if word and word not in _THE_PICTURE and not re.search(rf"\b{re.escape(word)}\b", before):
            return True
    return any(not _CLAUSE_ENDS.search(text, one.end, other.start) for one, other in pairwise(entity.mentions))

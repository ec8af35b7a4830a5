"""Finding people in text as it is typed: particles, spacing, names run together, near spellings, the wrong layout.

A name is found at the start of a word (or where a script begins, or after another name). What follows it in the
same word must be one of

- a chain of Korean suffixes: 씨, 언니, 들, 한테, 랑, 는 ... (`민지한테는`, `하니언니랑`, `민지야`),
- another name, with or without a particle between (`민지랑하니가`, `민지하니`),
- words that deny it (`민지말고`),
- the start of an action or of a word about the query (`하니손흔드는거`, `하니나오는장면`): see `_ACTIONS`.

So 민지나무 and hanniball are no names. The longest name wins, and a whole name beats a part of somebody else's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final, Literal

from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.language.tokens import fold, stem
from vsearch_pipeline.search.syntax import Joiner, denied_after

How = Literal["exact", "typo", "likely"]


class Folded:
    """Text folded letter by letter, with the place in the source of each folded letter."""

    __slots__ = ("_starts", "text")

    def __init__(self, source: str) -> None:
        letters: list[str] = []
        self._starts: list[int] = []
        for place, letter in enumerate(source):
            plain = letter if "가" <= letter <= "힣" else letter.lower() if letter < "\x80" else fold(letter)
            letters.append(plain)
            self._starts.extend([place] * len(plain))
        self._starts.append(len(source))
        self.text = "".join(letters)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the source that `[start, end)` of the folded text came from."""
        return self._starts[start], self._starts[end - 1] + 1 if end > start else self._starts[start]


@dataclass(frozen=True, slots=True)
class Name:
    """Something that people are called, folded and without spaces, and who is called so."""

    text: str
    people: tuple[PersonRecord, ...]
    kind: Literal["person", "group"]
    label: str  # what people read
    rank: int  # 0 a whole name, 1 a group, 2 a part of a name
    spellings: frozenset[tuple[str, ...]]  # its words
    also: tuple[PersonRecord, ...] = ()  # people of whom it is a lesser name
    ordinary: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """A name found at `[start, end)` of folded text, its particles included."""

    name: Name
    start: int
    end: int
    how: How
    people: tuple[PersonRecord, ...]
    label: str
    joins: Joiner = ""  # how its last particle joins it to what follows: 랑 and, 나 or
    also: tuple[PersonRecord, ...] = ()

    @property
    def kind(self) -> Literal["person", "group"]:
        return self.name.kind


@dataclass(frozen=True, slots=True)
class _Tail:
    """Where a name with its particles ends, how they join it, and the names run together with it."""

    end: int
    joins: Joiner = ""
    following: Sequence[Mention] = ()


class NameIndex:
    """Everything that people and groups are called, made once and asked for every query.

    Args:
        people: everybody known.
        ordinary: further words, such as labels of objects, that are no misspelt names; a name that is one of them
            is only `likely` meant.
    """

    def __init__(self, people: Sequence[PersonRecord], ordinary: Iterable[str] = ()) -> None:
        self.people = tuple(people)
        labels = {fold(label) for label in ordinary}
        words = {word for label in labels for word in label.split()}
        self._ordinary = ORDINARY | words | {stem(word) for word in words} if words else ORDINARY
        self._names = _names(self.people, _MOSTLY_WORDS | {_squeeze(label) for label in labels})
        self._longest = max(map(len, self._names), default=0)
        self._starts = frozenset(text[:2] for text in self._names)
        self._near: dict[str, list[tuple[str, Name]]] = {}
        self._long: list[tuple[str, int, Name]] = []
        self._keys: dict[str, Name] = {}
        for name in self._names.values():
            self._learn_spelling(name)

    def _learn_spelling(self, name: Name) -> None:
        letters = _letters(name.text)
        keys = _keys(name.text)
        if keys != name.text:
            self._keys.setdefault(keys, name)
        allowed = _allowed_edits(name.text, letters)
        if not allowed or name.ordinary:
            return
        for variant in _without_one(letters):
            self._near.setdefault(variant, []).append((letters, name))
        if allowed > 1:
            self._long.append((letters, _mask(letters), name))

    # --- whole texts ---

    def find(self, text: str) -> list[Mention]:
        """The people and groups in a folded text, in order; mentions do not overlap."""
        found: list[Mention] = []
        squeezed = _Squeezed(text)
        position = 0
        while run := _RUNS.search(text, position):
            runs_on = bool(found) and run.start() == found[-1].end and _one_word(text, run.start())
            mentions = self._at(squeezed, run.start(), 0) or self._after_action(squeezed, run)
            if mentions is None and not runs_on:
                mentions = self._misspelt(squeezed, run)
            position = mentions[-1].end if mentions else run.end()
            for mention in mentions or ():
                merged = _parts_of_one(found[-1], mention, text) if found else None
                if merged:
                    found[-1] = merged
                else:
                    found.append(mention)
        return [self._with_also(mention) for mention in found]

    def called(self, value: str) -> Mention | None:
        """Who is meant by a value of `person:`: a name, a group, `group/name`, a near spelling; else None."""
        folded = " ".join(fold(value).split())
        people = tuple(person for person in self.people if fold(_path(person)) == folded)
        if people:
            name = Name(folded, people, "person", _label(people), 0, frozenset())
            return Mention(name, 0, len(folded), "exact", people, name.label)
        text = _squeeze(folded)
        exact = self._names.get(text)
        if exact is None and len(text) == 1:
            exact = _single(text, self.people)
        if exact is None and text:
            nouns = (text[: len(text) - length] for length, _ in _suffixes_of_word(text))
            noun = next((noun for noun in nouns if noun in self._names), None)
            exact = self._names[noun] if noun else None
        if exact is not None:
            return self._with_also(Mention(exact, 0, len(text), "exact", exact.people, exact.label))
        nearest = self._nearest_to(text) if text else []
        if not nearest:
            return None
        return self._with_also(_misspelt_mention(nearest, 0, len(text), ""))

    def nearest(self, value: str, count: int = 3) -> list[str]:
        """What people read of the people and groups whose names are spelt most like `value`."""
        letters = _letters(_squeeze(fold(value[:_LONGEST_MISSPELT])))
        best: dict[str, float] = {}
        for name in self._names.values():
            other = _letters(name.text)
            far = _distance(letters, other, max(len(letters), len(other))) / max(len(letters), len(other), 1)
            for shown in [person.shown for person in name.people] if name.kind == "person" else [name.label]:
                best[shown] = min(far, best.get(shown, 2.0))
        return sorted(best, key=lambda shown: (best[shown], shown))[:count]

    def unmistakable(self, person: PersonRecord) -> str:
        """What `called` takes for this person and nobody else."""
        for name in person.names:
            known = self._names.get(_squeeze(fold(name)))
            if known and known.people == (person,):
                return name
        return _path(person)

    # --- one place ---

    def _at(self, squeezed: _Squeezed, start: int, depth: int) -> list[Mention] | None:
        """The name that begins at `start`, the longest that can stand there, with those run together with it."""
        text, letters = squeezed.text, squeezed.letters
        first = squeezed.index.get(start)
        if first is None or depth > _MOST_IN_ONE_WORD or letters[first : first + 2] not in self._starts:
            return None
        for length in range(min(self._longest, len(letters) - first), 1, -1):
            name = self._names.get(letters[first : first + length])
            if name is None:
                continue
            end = squeezed.places[first + length - 1] + 1
            if not self._well_spaced(text[start:end], name):
                continue
            tail = self._tail(squeezed, end, name, depth)
            if tail is None:
                continue
            how: How | None = "likely" if name.ordinary else "exact"
            if name.text in _VERBS and text[end : tail.end] == "는":
                how = self._verb_or_name(squeezed, start, tail.end)
            if how is not None:
                mention = Mention(name, start, tail.end, how, name.people, name.label, tail.joins, name.also)
                return [mention, *tail.following]
        return None

    def _well_spaced(self, typed: str, name: Name) -> bool:
        """Whether a name may be typed with these spaces."""
        words = tuple(_squeeze(word) for word in typed.split())
        if len(words) == 1 or words in name.spellings:
            return True
        if _is_hangul(name.text[0]):
            return len(name.text) > 2 and any(len(word) > 1 for word in words)
        return all(len(word) > 1 for word in words) and not all(word in self._ordinary for word in words)

    def _tail(
        self, squeezed: _Squeezed, end: int, name: Name, depth: int, *, lenient: bool = False
    ) -> _Tail | None:
        """How a word goes on after a name that ends at `end`; None where it goes on like no name does."""
        text = squeezed.text
        if possessive := _POSSESSIVE.match(text, end):
            return _Tail(possessive.end())
        run = _RUNS.match(text, end)
        if run is None:
            return _Tail(end)
        if not _is_hangul(run[0][0]):
            if _script(run[0][0]) != _script(text[end - 1]):
                return _Tail(end)
            following = self._at(squeezed, end, depth + 1) if len(name.text) > 3 else None
            return _Tail(end, following=following) if following else None
        suffixes = _suffixes(run[0], None if lenient else _closed(text[end - 1]))
        longest, particle = suffixes[0]
        if longest == len(run[0]):
            return _Tail(run.end(), _JOINING.get(particle, ""))
        return next(self._run_on(squeezed, run, name, suffixes, depth), None)

    def _run_on(
        self,
        squeezed: _Squeezed,
        run: re.Match[str],
        name: Name,
        suffixes: Sequence[tuple[int, str]],
        depth: int,
    ) -> Iterator[_Tail]:
        """What may follow a name and some suffixes: another name, what denies it, laughter, an action."""
        places = [(run.start() + length, _JOINING.get(particle, "")) for length, particle in suffixes]
        for place, joins in places:
            following = self._at(squeezed, place, depth + 1)
            if following and not (name.ordinary and place == run.start()):
                yield _Tail(place, joins, following)
        for place, joins in places:
            denied = denied_after(squeezed.text, place)
            if denied and denied >= run.end():
                yield _Tail(place)
            elif denied and (following := self._at(squeezed, denied, depth + 1)):
                yield _Tail(place, following=following)
            if _LAUGHING.fullmatch(run[0], place - run.start()):
                yield _Tail(run.end())
            verb = name.text in _VERBS and place > run.start()
            if not name.ordinary and not verb and _ACTIONS.match(run[0], place - run.start()):
                yield _Tail(place, joins)

    def _verb_or_name(self, squeezed: _Squeezed, start: int, end: int) -> How | None:
        """Whether `다니는` is 다니 or the verb: None for the verb, "likely" where nothing tells.

        After a place or an object, and before a noun, it is the verb; before an action or a name it is a name.
        """
        text = squeezed.text
        if text[:start].rstrip().endswith(_BEFORE_VERBS):
            return None
        following = _RUNS.search(text, end)
        if following is None:
            return "likely"
        if _ACTIONS.match(following[0]) or self._at(squeezed, following.start(), 1):
            return "exact"
        return None

    def _after_action(self, squeezed: _Squeezed, run: re.Match[str]) -> list[Mention] | None:
        """A name at the end of a word that says first what is done: `웃는하니`."""
        word = run[0]
        if len(word) < 4 or not _is_hangul(word[0]) or not _ACTIONS.match(word):
            return None
        for place in range(2, len(word) - 1):
            if word[place - 1] in "는던은운한쁜":
                found = self._at(squeezed, run.start() + place, _MOST_IN_ONE_WORD)
                if found and len(found) == 1 and found[0].how == "exact" and found[0].end >= run.end():
                    return found
        return None

    # --- near spellings ---

    def _misspelt(self, squeezed: _Squeezed, run: re.Match[str]) -> list[Mention] | None:
        word, start = run[0], run.start()
        if len(word) < 2 or len(word) > _LONGEST_MISSPELT or word in self._ordinary:
            return None
        return self._other_layout(run) or (
            self._misspelt_hangul(word, start)
            if _is_hangul(word[0])
            else self._misspelt_latin(squeezed, word, start, run.end())
        )

    def _misspelt_hangul(self, word: str, start: int) -> list[Mention] | None:
        best: tuple[int, int, list[tuple[int, Name]], str] | None = None
        splits = _suffixes_of_word(word)
        stems = [word[: len(word) - length] for length, _ in splits]
        if any(noun in self._ordinary or _inflected(noun) for noun in stems):
            return None
        for length, particle in splits:
            noun = word[: len(word) - length]
            found = self._nearest_to(noun)
            if not found or found[0][0] == 0:
                continue  # a name with a particle that no name has: 하니은 is somebody else
            if best is None or (found[0][0], length) < best[:2]:
                best = (found[0][0], length, found, particle)
        if best is None:
            return None
        _, _, found, particle = best
        return [_misspelt_mention(found, start, start + len(word), _JOINING.get(particle, ""))]

    def _misspelt_latin(self, squeezed: _Squeezed, word: str, start: int, end: int) -> list[Mention] | None:
        if not word.isalpha() or stem(word) in self._ordinary:
            return None
        found = self._nearest_to(word)
        tail = self._tail(squeezed, end, found[0][1], _MOST_IN_ONE_WORD, lenient=True) if found else None
        if tail is None:
            return None
        return [_misspelt_mention(found, start, tail.end, tail.joins)]

    def _other_layout(self, run: re.Match[str]) -> list[Mention] | None:
        """A name typed with the keyboard in the other language: `alswl` is 민지, `ㅡㅑㅜㅓㅑ` is minji."""
        word, start = run[0], run.start()
        if _is_hangul(word[0]):
            name = self._names.get(_keys(word)) if _HALVES.search(word) else None
            particle = ""
        else:
            if not word.isascii() or stem(word) in self._ordinary:
                return None
            name, particle = None, ""
            for length in range(len(word), 3, -1):
                suffix = _PARTICLE_KEYS.get(word[length:]) if length < len(word) else ""
                if suffix is not None and (name := self._keys.get(word[:length])):
                    particle = suffix
                    break
        if name is None or name.ordinary:
            return None
        return [_misspelt_mention([(0, name)], start, run.end(), _JOINING.get(particle, ""))]

    def _nearest_to(self, typed: str) -> list[tuple[int, Name]]:
        """Names within the edits that their length allows, only those of the fewest edits."""
        letters = _letters(typed)
        hangul = _is_hangul(typed[0])
        if len(letters) < 3 or (hangul and len(typed) < 2):
            return []
        candidates = {
            (spelling, name.text): name
            for variant in _without_one(letters)
            for spelling, name in self._near.get(variant, ())
        }
        if len(letters) >= 6:
            mask = _mask(letters)
            for spelling, other, name in self._long:
                if abs(len(spelling) - len(letters)) < 3 and (mask ^ other).bit_count() < 5:
                    candidates[spelling, name.text] = name
        near: list[tuple[int, Name]] = []
        for (spelling, _), name in candidates.items():
            if _is_hangul(name.text[0]) != hangul:
                continue
            begins_alike = hangul or len(spelling) >= 6 or spelling[0] == letters[0]
            long_enough = hangul or len(letters) >= 4 or len(spelling) >= 5
            if not (begins_alike and long_enough):
                continue
            allowed = _allowed_edits(name.text, spelling)
            edits = _distance(letters, spelling, allowed)
            if edits <= allowed:
                near.append((edits, name))
        fewest = min((edits for edits, _ in near), default=0)
        nearest = [(edits, name) for edits, name in near if edits == fewest]
        rank = min((name.rank for _, name in nearest), default=0)
        return [(edits, name) for edits, name in nearest if name.rank == rank]

    def _with_also(self, mention: Mention) -> Mention:
        """With the people of near names, who may be meant as well."""
        if mention.kind == "group":
            return mention
        near = [p for _, name in self._close_to(mention.name) if name.kind == "person" for p in name.people]
        also = {p.id: p for p in (*mention.also, *near) if p not in mention.people}
        return Mention(
            mention.name,
            mention.start,
            mention.end,
            mention.how,
            mention.people,
            mention.label,
            mention.joins,
            tuple(also.values())[:_MOST_OTHERS],
        )

    def _close_to(self, name: Name) -> Iterator[tuple[int, Name]]:
        letters = _letters(name.text)
        for variant in _without_one(letters):
            for spelling, other in self._near.get(variant, ()):
                if other is not name and other.rank == 0 and _distance(letters, spelling, 1) <= 1:
                    yield 1, other


# --- the names of the people ---


def _names(people: Sequence[PersonRecord], ordinary: frozenset[str]) -> dict[str, Name]:
    """Names by their folded text without spaces: those of people first, then of groups, then parts of names."""
    owners: dict[str, dict[int, dict[int, PersonRecord]]] = {}
    spellings: dict[str, set[tuple[str, ...]]] = {}
    groups: dict[str, str] = {}

    def add(words: Sequence[str], rank: int, person: PersonRecord) -> str | None:
        text = "".join(words)
        if len(text) < 2 or not _WORD.search(text):
            return None
        owners.setdefault(text, {}).setdefault(rank, {})[person.id] = person
        spellings.setdefault(text, set()).add(tuple(words))
        return text

    for person in people:
        for called in dict.fromkeys(person.names):
            words = _name_words(called)
            orders = permutations(words) if 1 < len(words) < 4 else (words,)
            for order in orders:
                add(order, 0, person)
        for called in dict.fromkeys((person.name, *([person.display] if person.display else []))):
            words = _name_words(called)
            for word in words if len(words) > 1 else ():
                if word not in ordinary and word not in _NEVER_A_NAME:
                    add((word,), 2, person)
        if person.group and (text := add(_name_words(person.group), 1, person)):
            groups.setdefault(text, person.group)
    names: dict[str, Name] = {}
    for text, by_rank in owners.items():
        rank, *lesser = sorted(by_rank)
        chosen = tuple(by_rank[rank].values())
        if text in _NEVER_A_NAME:
            continue
        names[text] = Name(
            text=text,
            people=chosen,
            kind="group" if rank == 1 else "person",
            label=groups[text] if rank == 1 else _label(chosen),
            rank=rank,
            spellings=frozenset(spellings[text]),
            also=tuple(
                {p.id: p for r in lesser if r != 1 for p in by_rank[r].values() if p not in chosen}.values()
            ),
            ordinary=text in ordinary,
        )
    return names


def _single(text: str, people: Sequence[PersonRecord]) -> Name | None:
    chosen = tuple(person for person in people if text in map(fold, person.names))
    return Name(text, chosen, "person", _label(chosen), 0, frozenset()) if chosen else None


def _label(people: Iterable[PersonRecord]) -> str:
    return " / ".join(dict.fromkeys(person.shown for person in people))


def _path(person: PersonRecord) -> str:
    return f"{person.group or ''}/{person.name}"


def _name_words(name: str) -> tuple[str, ...]:
    return tuple(squeezed for word in fold(name).split() if (squeezed := _squeeze(word)))


def _parts_of_one(one: Mention, other: Mention, text: str) -> Mention | None:
    """Two parts of one person's name side by side are that person: `Kim Minjii`."""
    if one.joins or one.kind == "group" or other.kind == "group" or "likely" in (one.how, other.how):
        return None
    if text[one.end : other.start].strip() or not (one.name.rank == 2 or other.name.rank == 2):
        return None
    if text[one.start : one.end] != one.name.text and one.how == "exact":
        return None  # a particle ends a name
    both = tuple(person for person in one.people if person in other.people)
    if not both:
        return None
    how: How = "typo" if "typo" in (one.how, other.how) else "exact"
    return Mention(other.name, one.start, other.end, how, both, _label(both), other.joins)


def _misspelt_mention(found: Sequence[tuple[int, Name]], start: int, end: int, joins: Joiner) -> Mention:
    names = [name for _, name in found]
    persons = [name for name in names if name.kind == "person"]
    if not persons:
        return Mention(names[0], start, end, "typo", names[0].people, names[0].label, joins)
    people = tuple({person.id: person for name in persons for person in name.people}.values())
    return Mention(persons[0], start, end, "typo", people, _label(people), joins)


# --- letters ---

_RUNS: Final = re.compile(
    "[가-힣\u1100-\u11ff]+|[\u3040-\u30ff\u4e00-\u9fff]+|[^\\W_가-힣\u1100-\u11ff\u3040-\u30ff\u4e00-\u9fff]+"
)
"""Words of one script."""
_WORD: Final = re.compile(r"[^\W_]")
_SQUEEZED: Final = re.compile(r"[\s\-'’.·_]+")
_POSSESSIVE: Final = re.compile(r"['’]s?(?!\w)")
_HALVES: Final = re.compile("[\u1100-\u11ff]")
_LAUGHING: Final = re.compile("[\u1100-\u11ff]+")
_MOST_IN_ONE_WORD: Final = 6
_MOST_OTHERS: Final = 5
_LONGEST_MISSPELT: Final = 24

# Letters of a syllable, and the key of the Korean standard layout (KS X 5002) that each is typed with.
_INITIALS: Final = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS: Final = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS: Final = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_KEYS_OF: Final = {
    **dict(zip("ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ", "qwertyuiopasdfghjklzxcvbnm", strict=True)),
    **dict(zip("ㅃㅉㄸㄲㅆㅒㅖ", "qwertop", strict=True)),
    **dict(zip("ㅘㅙㅚㅝㅞㅟㅢ", ("hk", "ho", "hl", "nj", "np", "nl", "ml"), strict=True)),
    **dict(
        zip(
            "ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄ",
            ("rt", "sw", "sg", "fr", "fa", "fq", "ft", "fx", "fv", "fg", "qt"),
            strict=True,
        )
    ),
}


class _Squeezed:
    """A folded text without what may stand inside a name, and the places its letters came from."""

    __slots__ = ("index", "letters", "places", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.places = [
            place for place, letter in enumerate(text) if letter not in "-'’.·_" and not letter.isspace()
        ]
        self.letters = "".join([text[place] for place in self.places])
        self.index = {place: i for i, place in enumerate(self.places)}


def _squeeze(text: str) -> str:
    return _SQUEEZED.sub("", text)


def _is_hangul(letter: str) -> bool:
    return "가" <= letter <= "힣" or "\u1100" <= letter <= "\u11ff"


def _script(letter: str) -> str:
    if _is_hangul(letter):
        return "hangul"
    if "\u3040" <= letter <= "\u30ff":
        return "hiragana" if letter < "\u30a0" else "katakana"
    return "han" if "\u4e00" <= letter <= "\u9fff" else "other"


def _one_word(text: str, place: int) -> bool:
    """Whether a word of one script goes on across `place`."""
    return _RUNS.match(text, place - 1) is not None and _script(text[place - 1]) == _script(text[place])


def _closed(letter: str) -> bool | None:
    """Whether a syllable ends in a consonant; None for letters of other scripts."""
    return (ord(letter) - 0xAC00) % 28 != 0 if "가" <= letter <= "힣" else None


def _letters(text: str) -> str:
    """Syllables taken apart into their letters, the same letter whether it begins a syllable or ends it."""
    return "".join([_jamo(letter) if "가" <= letter <= "힣" else letter for letter in text])


def _jamo(syllable: str) -> str:
    place = ord(syllable) - 0xAC00
    final: str = _FINALS[place % 28]
    return _INITIALS[place // 588] + _VOWELS[place // 28 % 21] + final


def _keys(text: str) -> str:
    """The keys of the Korean layout that type a text; letters of other scripts are their own."""
    apart = []
    for letter in text:
        if "가" <= letter <= "힣":
            apart.append(_jamo(letter))
        elif "\u1100" <= letter <= "\u11ff":
            apart.append(_compatible(letter))
        else:
            apart.append(letter)
    return "".join([_KEYS_OF.get(letter, letter) for letter in "".join(apart)])


def _compatible(letter: str) -> str:
    """A conjoining letter, which folding makes of a lone one, as a letter of its own."""
    code = ord(letter)
    if code <= 0x1112:
        return _INITIALS[code - 0x1100]
    if 0x1161 <= code <= 0x1175:
        return _VOWELS[code - 0x1161]
    return str(_FINALS[code - 0x11A7]) if 0x11A8 <= code <= 0x11C2 else letter


def _without_one(letters: str) -> Iterator[str]:
    """`letters`, and `letters` without each one of them: two words one edit apart have one of these in common."""
    yield letters
    for place in range(len(letters)):
        yield letters[:place] + letters[place + 1 :]


def _mask(letters: str) -> int:
    mask = 0
    for letter in letters:
        mask |= 1 << (ord(letter) & 63)
    return mask


def _allowed_edits(name: str, letters: str) -> int:
    """How many letters of a name may be changed, added, left out or swapped for it still to be taken."""
    if len(letters) < 4:
        return 0
    if _is_hangul(name[0]):
        return 0 if len(name) < 2 else 1 if len(name) < 4 else 2
    return 1 if len(letters) < 8 else 2


def _distance(one: str, other: str, limit: int) -> int:
    """Damerau-Levenshtein distance (optimal string alignment), or some number above `limit` where it is above."""
    if one == other:
        return 0
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            best = min(last[j] + 1, row[-1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        if min(row) > limit:
            return limit + 1
        before, last = last, row
    return last[-1]


# --- what follows a Korean name ---


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HONORIFICS: Final = ("선배님", "선배", "언니", "누나", "오빠", "형님", "형", "씨", "님", "양", "군", "쨩", "짱")
_INNER: Final[dict[str, bool | None]] = {
    **dict.fromkeys(
        _words(
            "한테서 한테 에게서 에게 께서 께 하고 까지 부터 처럼 만큼 만 보다 밖에 에서 에 "
            "의 네 꺼 거 것 조차 마저 쪽"
        )
    ),
    **dict.fromkeys(_words("과 이랑 으로"), True),
    **dict.fromkeys(_words("와 랑 로"), False),
}
"""Particles that others may follow, and what the word before them ends in: True a consonant, False a vowel."""
_LAST: Final[dict[str, bool | None]] = {
    **dict.fromkeys(_words("도 만 뿐 의 인 임 인데 이라는 이라고 이라도 요 같은 같이")),
    **dict.fromkeys(_words("은 이 을 이나 아 이야 이에요"), True),
    **dict.fromkeys(_words("는 가 를 나 야 예요 라는 라고 라도"), False),
}
_FORGIVEN: Final = frozenset("는가를와랑")
"""Forms for open syllables that people also type after closed ones; the others could be part of another name."""
_JOINING: Final[dict[str, Joiner]] = {
    **dict.fromkeys(("와", "과", "랑", "이랑", "하고"), "and"),
    **dict.fromkeys(("나", "이나"), "or"),
}
_LONGEST_SUFFIXES: Final = 12


def _suffixes(run: str, closed: bool | None = None) -> list[tuple[int, str]]:
    """Chains of suffixes that `run` may begin with, the longest first: how long, and the last particle.

    Args:
        run: what follows the name.
        closed: whether the name ends in a consonant; None where it does not matter.
    """
    run = run[:_LONGEST_SUFFIXES]
    starts = {0}
    if closed is not False and run.startswith("이"):
        starts.add(1)  # 해린이
    for honorific in _HONORIFICS:
        starts |= {start + len(honorific) for start in tuple(starts) if run.startswith(honorific, start)}
    starts |= {start + 1 for start in starts if run.startswith("들", start)}
    ends = dict.fromkeys(starts, "")
    inner = starts
    for _ in range(3):
        following: set[int] = set()
        for start in inner:
            ending = closed if start == 0 else _closed(run[start - 1])
            for particle, needs in _INNER.items():
                if run.startswith(particle, start) and _agrees(particle, needs, ending):
                    following.add(start + len(particle))
                    ends[start + len(particle)] = particle
            for particle, needs in _LAST.items():
                if run.startswith(particle, start) and _agrees(particle, needs, ending):
                    ends.setdefault(start + len(particle), particle)
        inner = following
    return sorted(ends.items(), reverse=True)


def _agrees(particle: str, needs: bool | None, closed: bool | None) -> bool:
    return needs is None or closed is None or needs is closed or (closed and particle in _FORGIVEN)


def _suffixes_of_word(word: str) -> list[tuple[int, str]]:
    """Chains of suffixes that may end `word` after two or more syllables, none first."""
    found = [(0, "")]
    for length in range(1, len(word) - 1):
        whole = _suffixes(word[-length:])[0]
        if whole[0] == length:
            found.append(whole)
    return found


def _inflected(word: str) -> bool:
    """Whether two syllables read as a verb of one, like 하는 and 보며, which are near many a name."""
    return len(word) == 2 and word[-1] in "는던며면고"


_PARTICLE_KEYS: Final = {_keys(particle): particle for particle in (*_INNER, *_LAST)}
_BEFORE_VERBS: Final = ("을", "를", "에", "에서", "로", "게")
_VERBS: Final = _words("다니 지나 지우 만지 나가 가지 나오 보이 모이 사라 마시 오르 내리 그리 고르 부르 흐르 이루")
"""Names that are stems of verbs as well: before 는 they are read by what stands around them."""

_ACTIONS: Final = re.compile(
    r"짤|움짤|브이|가고|가는|같이|건네|걷|걸어|검색|게임|고백|공부|구르|굽|귀여|그리|그림|기다|기대|기쁜|기어|기타|끄|끓|나오|"
    r"나온|나와|날|넘기|넘어|노는|노래|놀|누워|눈|눈물|눕|닦|단독|닫|달리|당기|당황|대답|댄스|던지|돌리|돌아|"
    r"둘이|드는|드럼|들고|들어|등장|따르|때리|떨|뛰|랩|리액션|마시|만드|만들|만지|말하|말하는|말해|머리|먹|멋있|"
    r"멋진|메이크업|모습|모자|무대|미소|밀|바라|박수|받고|받는|발|보고|보는|보여|보이|볶|봐|부르|부분|분장|빗|"
    r"빨래|뽀뽀|사진|생일|서(?:있|서|는)|서고|셀카|소리|속삭|손|수영|순간|숨|슬퍼|슬픈|신나|신난|싸우|썰|"
    r"쓰(?:는|고|다)|쓰다듬|쓴|씻|안(?:는|고|아|긴)|안경|안무|앉|애교|얘기|얼굴|업|없|엎드|여는|연주|열고|영상|"
    r"예쁘|예쁜|오고|오는|옷|외치|요리|우는|운동|운전|울(?:고|며|면|었)|울먹|웃|윙크|의상|이쁜|이야기|인사|"
    r"인터뷰|일어|읽|입(?:는|고|은|을)|있는|있던|있을|자고|자는|자르|잘생|잠|잡|장난|장면|전화|점프|졸|주는|직캠|"
    r"질문|찍|찾아|책|청소|쳐다|추고|추는|축하|출연|춤|치고|치는|커버|켜|클로즈업|클립|키스|타고|타는|팔|포옹|"
    r"표정|피아노|하고있|하는|하트|하품|한다|함께|했|행복|혼자|화난|화내|화장|흔드|흔들"
)
"""How an action, a look or a word about the query begins: what may follow a name without a space."""

# --- words that are no names ---

_NEVER_A_NAME: Final = _words(
    """
    a al am an and are as at be by de der do dr el for from go he hi i if in is it jr la le me mr mrs ms my no not
    of oh ok on or she so sr st the to up us van von vs was we with you 같이 그리고 또는 말고 빼고 없는 없이 함께
    """
)

# fmt: off
_ENGLISH: Final = """
able about above across act actor actress add adult after again against age ago air alarm album alive all alley
alone along also always amber among angel angels anger angry animal ankle answer any apart apple april apron area
arena arm army around arrive arrow art ask asleep audience aunt autumn awake award away baby back bag bake ball
balloon band bank banner bar bare bark barn base basket bath bathe beach bean bear beard beat beauty bed bee beer
before begin behind bell belt bench bend beside best better between bike bill bird birthday bite black blanket
bless blind blink block blond blonde blood bloom blow blue blur board boat body boil bold bone book boot bored
boss both bottle bottom bounce bow bowl box boy brain brand brave bread break breath bride bridge bright bring
broad broken brother brown brush bubble bucket build bull bump bunny burn bus bush busy but butter button buy
cabin cable cage cake call calm came camera camp can candle candy cane cap car card care careful carry cart case
cash cat catch cave ceiling celebrate center chain chair change charm chase chat check cheek cheer cheese cherry
chew chicken chief child chill chin choose chop church circle city clap class claw clay clean clear click cliff
climb clock close closet cloth clothes cloud clown club coach coat coffee cold color comb come comedy cook cool
cop corn corner couch cough count couple court cover cow crab crack cream crew cross crowd crown cruise cry crying
cup cure curl curly curse curtain curve cut cute dad daily daisy dance danced dancer dancers dane danger danish
daring dark date daughter davit dawn day dead deal dear deep deer denim deny diner dinner dirt dirty dish dive
dock doctor dog doll donkey door double down dragon draw dream dress drink drip drive driver drop drum dry duck
dust duty each ear early earn earth east easy eat edge egg eight elbow else empty end enjoy enter even evening
ever every exit eye eyebrow face fade fair fairy faith fake fall family famous fan far farm fast fat father fear
feed feel feet female fence few field fight fill film final find fine finger fire first fish fist fit five fix
flag flame flash flat flip float floor flower fly fog fold food foot forest fork four fox free fresh friend front
frown fruit full fun funny fur game garden gate gather gaze genie gentle ghost giant gift ginger giraffe girl give
glad glance glass glasses glove glow goal goat gold golden good goose grab grace grain grand grandma grandpa grape
grass gray great green greet grey grin ground group grow guest guitar gun guy gym hair hairy haley hall hand
handle handy hang hanging happen happy harbor hard harm harmony hat hate have hazel head heal health hear heart
heat heaven heavy hello helmet help her here hero hey hide high hill him hip hit hockey hold hole holly home
honest honey honk hood hook hope horn horse hot hotel hour house how hug huge human hunt hurry hurt husband ice
icon idea idol inside into iris iron island ivy jacket jade jam jasmine jazz jean jeans jelly jet jewel job jog
join joke joy judge juice july jump june jungle jury just karate keep key keyboard kick kid kill kind king kiss
kitchen kite kitten knee kneel knife knock knot know lace ladder lady lake lamb lamp land lane laptop large last
late laugh laundry law lawn lay lazy lead leaf lean learn leather leave leaves led left leg lemon lend less let
letter level lick lid lie life lift light like lily lima limo line linen lion lip lips lira lisp list listen
little live living load lobby lock logo london lone long look loop loose lose lost lot loud love lovely low luck
lucky lunch lung machine mad made magic mail main make male mall man manga mango manor many map marble march
marine mark market marry mask match mate math matter may maybe mean meat medal media medium meet mellow melody
melt member men menu menus merry mess metal mic middle might mile milk mind minds mine ming mingle mini mining
minor mint minus minute mirror miss mist mix model mom money monkey month mood moon more morning most mother
motion motor mountain mouse mouth move movie much mud mug muscle music musical must nail name nap narrow nature
navy near neck need nephew nervous nest net never new news next nice niece night nine ninja nobody nod noise none
noodle north nose note nothing notice now number nurse nut oak ocean octopus off offer office officer old olive
once one only open opera orange order other our out outside oven over own pack page paint pair palace pale palm
pan panda panel panic pants paper parade parent paris park part party pass past pasta path pause paw pay peace
peach peak pearl pen pencil penny people pepper person pet phone photo piano pick picnic picture pie piece pig
pigeon pile pillow pilot pin pine pink pipe pirate pity pizza place plain plan plane planet plant plate play
player plaza please plum pocket point pole police pond pony pool poor pop porch pork pose post pot pour power pray
present press pretty price prince princess print prize pull pump punch puppy purple purse push put queen quick
quiet rabbit race radio rail rain rainbow raise random range rap raven reach read ready real really red relax rest
ribbon rice rich ride right ring rise rises risk river road roar rob robin robot rock rod role roll roof room root
rope rose rosy rough round row royal rub ruby rug rule run rush sad saddle safe sail salad sale salt same sand
sandwich sandy save savior saw say scarf scary scene school score scream screen sea seal search seat second see
seed self sell send serious serve set seven shade shadow shake shape share shark sharp shave she sheep sheet shelf
shell shift shine ship shirt shoe shoot shop short shot shoulder shout show shower shut shy sick side sigh sign
silent silk silly silver sing singer single sink sister sit six size skate skill skin skinny skip skirt skull sky
slap sleep sleepy sleeve slice slide slim slip slow small smart smell smile smoke smooth snack snail snake sneak
snow soap soccer sock sofa soft soldier solo some son song soon sorry soul soup sour south space speak special
speech speed spell spin split spoon sport spray spread spring square squat squid stable stack stadium staff stage
stair stand star stare start state station statue stay steak steal steam step stick still stir stone stool stop
store storm story stove straw street stretch string stripe strong studio study style suit summer sun sunday sunny
sunset surf surprise swan sweat sweet swim swing sword table tail take tale talk tall tank tap tape target task
taste taxi tea teach teacher team tear tears teddy teen tell ten tennis tent test text than thank that theater
their then they thick thin thing think third this three throat throne through throw thumb ticket tie tiger tight
time tiny tip tire toast today toe together tone tongue tool tooth top torch touch tour towel tower town toy track
trade train trash travel tray treat tree trick trip trophy truck true trunk trust try tub tube tune turn turtle
twice twin twins twirl twist two ugly umbrella uncle under uniform union up upset use van vase veil very vest
video view village villain vine violet violin visa visit vocal voice vote wait waiter wake walk wall wander want
war warm wash watch water wave way weak wear weather web wed wedding week weep well west wet whale wheel when
where whisper whistle white who whole whom why wide wife wild will willow win wind window wine wing wink winner
winter wipe wire wise wish with wolf woman women wonder wood wool word work world worm worry wound wrap wrist
write wrong yard yawn year yell yellow yes yoga young your zebra zero
"""
_KOREAN: Final = """
가게 가기 가까 가끔 가니 가니까 가득 가든 가로 가루 가면 가방 가사 가수 가슴 가운 가위 가을 가자 가족 가지 가지런
가짜 각자 간식 간지 갈색 감자 감정 감지 강가 강당 강아지 강의 같은 같이 개미 거기 거리 거미 거실 거울 거의 거품
건네 건물 건배 걸어 검은 게이 게임 겨울 겨자 결혼 경기 경례 경찰 계단 계란 계속 고개 고구마 고궁 고기 고래 고르
고모 고민 고백 고양이 고추 고치 곤충 골목 골프 공기 공룡 공부 공연 공원 공주 공항 과일 과자 과학 관객 관중 광고
광장 교복 교사 교실 교회 구경 구두 구름 구석 국기 국수 군대 군인 굵은 귀걸이 귀신 그것 그냥 그네 그녀 그늘 그대
그들 그릇 그리 그림 그림자 근육 글씨 금발 기계 기기 기념 기다리 기대 기도 기름 기린 기분 기쁨 기사 기수 기아 기자
기차 기타 길거리 길이 김밥 김치 깃발 깊은 까치 꺼내 꺼지 꼬리 꽃병 꽃잎 꾸미 꿈속 나누 나라 나란히 나무 나뭇잎
나비 나열 나온 나이 나이프 나중 낙엽 낚시 난로 날개 날리 날씨 남기 남녀 남성 남자 남편 낭만 낮은 내기 내려 내리
내린 내용 냄새 냉장고 너구리 너무 넓은 넘기 넘어 네모 네온 노란 노랑 노래 노력 노을 노인 노트 노트북 녹색 녹음
놀라 놀이 놀이터 농구 농담 농부 높은 누가 누구 누나 누르 누워 눈물 눈빛 눈사람 눈썹 뉴스 느낌 느리 늑대 늙은 다과
다기 다네 다녀 다녔 다닌 다닐 다들 다람쥐 다른 다리 다리미 다발 다섯 다시 다양 다운 다음 다이 다이빙 다이아
다이어트 다정 다지 다함께 단기 단발 단지 단추 달리 담배 담요 당구 당근 당기 대기 대답 대화 대회 댄스 더니 던져
던지 데리 데이 도구 도넛 도로 도마 도망 도모 도서관 도시 도자기 독서 돌리 돼지 둘이 뒤로 딴지 때리 떠나 라니
라디오 라면 라이 라이브 램프 랩하 레몬 레스토랑 레인 레일 로고 로봇 로비 로즈 리그 리더 리드 리듬 리모컨 리본 리스
리액션 리프 리허설 마니 마술 마스크 마시 마을 마음 마이 마이크 마주 마지막 마차 마치 만나 만두 만들 만세 만지 만화
많은 맑은 매니저 매달리 매미 매우 맥주 머그 머니 머리 먹기 먹다 먹이 먼지 메뉴 메모 모기 모델 모두 모든 모래 모습
모양 모이 모자 목도리 목소리 몸매 무기 무대 무릎 무서 무엇 무지 무지개 문어 문자 문제 문지 물건 물고기 물컵 뭐가
뭔지 미국 미끄럼 미남 미녀 미니 미라 미로 미리 미모 미사 미소 미술 미안 미인 미지 미지수 미치 민간 민낯 민망 민물
민사 민소매 민요 민족 민트 믿음 밀가루 밍크 바꾸 바나나 바다 바닥 바닷가 바람 바로 바르 바보 바위 바이 바이올린
바지 바퀴 박물관 박수 밖에 반대 반바지 반지 발목 발차기 발표 밝은 밤하늘 방금 방문 방송 방안 방지 배경 배구 배낭
배우 백화점 버거 버리 버섯 버스 번개 벌레 벗기 벚꽃 베니 벤치 벽돌 변신 별빛 병원 보기 보내 보드 보라 보라색 보석
보이 보자 보트 복도 복숭아 봉지 봉투 부르 부모 부부 부엌 부채 부츠 북극 분수 분위기 분홍 불꽃 불빛 붉은 블라우스
비교 비누 비니 비둘기 비밀 비서 비즈 비치 비행 비행기 빗자루 빠르 빠지 빨간 빨래 빵집 뿌리 사고 사과 사나이 사내
사냥 사라지 사람 사랑 사막 사무실 사물 사방 사실 사연 사이 사이다 사자 사장 사진 사탕 산길 산다 산책 산타 상어
상의 상자 상점 상처 상황 새끼 새벽 색깔 생각 생기 생선 생일 샤워 서로 서류 서서 서열 서울 서점 섞이 선글라스 선물
선생님 선수 선풍기 설거지 설명 설탕 성격 성사 세계 세수 세탁 세탁기 셀카 셋이 셔츠 소개 소금 소나무 소녀 소년 소리
소매 소모 소방차 소설 소스 소식 소파 소품 손가락 손님 손목 손뼉 손수건 손톱 손흔드 솔로 솜사탕 쇼핑 수갑 수건 수다
수박 수사 수술 수업 수여 수염 수영 수영장 수요 수위 수유 수저 수첩 숙제 순간 숟가락 술집 숨기 숨바꼭질 스케이트
스키 스타 스타일 스튜디오 스프 슬픔 승리 시간 시계 시골 시도 시사 시선 시소 시작 시장 시합 시험 식당 식물 식사
식탁 신기 신랑 신문 신발 신부 신호등 실내 실수 싸우 싸움 쓰다 쓰레기 씨름 아기 아까 아나운서 아내 아니 아래 아래로
아마 아무 아빠 아이 아저씨 아주 아줌마 아침 아파 아파트 아프 악기 악수 악어 안경 안기 안내 안녕 안무 안에 앉아
앞머리 앞으로 앞치마 애교 애기 야경 야구 야외 약국 약속 얇은 양말 양복 양산 양치 어깨 어느 어디 어떤 어른 어린이
어머니 어서 언니 언제 얼굴 얼음 엄마 에서 에어컨 여기 여러 여러분 여름 여서 여성 여왕 여우 여자 여지 여행 역사
역할 연기 연못 연습 연예인 연인 연주 연필 열매 열쇠 염소 엽서 영상 영수증 영어 영웅 영화 옆모습 옆에 예비 예술
예시 예의 예전 오늘 오르 오리 오빠 오이 오전 오징어 오후 온천 올리 올림 옮기 와서 와인 왕관 왕자 왜냐 외국 외투
요가 요리 요리사 요즘 요지 욕실 용기 우는 우리 우비 우산 우유 우정 우주 우체국 운동 운동장 운영 운전 울음 울타리
움직이 웃는 웃음 원숭이 원형 월드컵 위기 위로 윗몸 윙크 유니폼 유령 유사 유서 유아 유인 유자 유전 유지 유치원 육교
은행 음료 음료수 음식 음악 응원 의미 의사 의상 의자 의지 이거 이것 이나 이러 이루 이름 이마 이마트 이모 이미 이발
이불 이사 이성 이수 이슈 이슬 이야기 이어폰 이웃 이유 이제 이지만 인간 인기 인도 인물 인사 인사말 인생 인수 인터뷰
인형 일기 일상 일어 입구 입술 잎사귀 자다 자동차 자르 자리 자막 자세 자수 자신 자아 자연 자유 자전거 자주 작가
작은 작품 잔디 잔치 잠시 잠옷 잠자리 잠지 잡지 장갑 장난 장난감 장면 장미 장소 장화 재료 재미 재수 재킷 저것 저기
저녁 저희 전부 전시 전자 전쟁 전지 전체 전화 절반 젊은 점심 점프 접시 정리 정말 정면 정원 정장 정지 제기 제대로
제비 제사 제시 제이 제일 제자 제지 제치 조각 조개 조끼 조명 조수 조심 조용 조카 종료 종이 좋은 좌석 죄수 주로 주말
주머니 주먹 주민 주방 주변 주사 주소 주스 주인 주인공 주차 주황 죽음 준비 줄넘기 줄지 중간 중국 중심 쥐고 즐기
지갑 지구 지금 지난 지내 지네 지도 지문 지방 지부 지분 지붕 지사 지시 지어 지연 지요 지우개 지워 지원 지위 지주
지지 지진 지참 지치 지팡이 지퍼 지표 지하 지하철 지휘 직원 진주 진지 진짜 진행 질문 집중 징수 짜장면 짧은 쪽지
차고 차량 차례 차에 찻잔 창고 창문 창밖 채소 채용 채우 책상 책장 처음 천사 천장 천천히 첫눈 청년 청바지 청소 체육
체조 초록 초록색 초밥 초콜릿 촛불 총각 촬영 최고 추다 추억 축구 축제 축하 출구 출근 출발 춤추 충전 치과 치마 치아
치약 치우 치즈 치킨 친구 침대 칫솔 칭찬 카드 카메라 카페 칼국수 캐릭터 커튼 커플 커피 컴퓨터 케이크 코끼리 코트
콘서트 콧물 쿠션 쿠키 크림 키보드 키스 키우 키즈 타워 타조 탁구 탁자 태권도 태양 태우 택시 터지 턱수염 테니스
테이블 텐트 토끼 토마토 통화 튀기 튀김 트럭 트로피 티셔츠 파도 파란 파랑 파리 파마 파이 파티 판다 팔짱 팔찌 팝콘
패션 패자 팬티 퍼즐 편지 펼치 폐지 포도 포옹 포즈 폭죽 폭포 표정 표지 풍경 풍선 피구 피리 피부 피아노 피우 피자
필통 하교 하기 하긴 하나 하나도 하나씩 하나의 하네 하녀 하녀복 하노이 하느님 하늘 하늬바람 하니까 하다 하루 하마
하모니카 하얀 하얗 하원 하의 하이 하이파이브 하이힐 하인 하자 하지 하체 하키 하트 하품 하프 학교 학생 한가 한강
한국 한나절 한번 한복 한숨 한입 한지 한쪽 할머니 할아버지 할인 함께 해골 해군 해도 해바라기 해변 해산물 해설
해설자 해외 해적 해지 해질녘 해초 해킹 해피 햄버거 햇빛 행동 행복 행사 행진 향기 허공 허니 허리 헤딩 헤매 헤어
헤엄 헬멧 혀를 현관 형광 호랑이 호모 호수 호텔 혼자 홍차 화가 화면 화분 화살 화장 화장실 화장품 환자 환호 활쏘기
활짝 회사 회의 회전 후드 후배 후추 휠체어 휴대폰 휴지 흐르 흐린 흔들 흰색 힘차
"""
# fmt: on
_MOSTLY_WORDS: Final = _words(_ENGLISH + _KOREAN)
"""Common words of captions and queries that are names as well, or near one. A name that is one of them (Winter,
고양이) ranks, but leaves nobody out."""
_MOSTLY_NAMES: Final = _words("지수 민주 소라 나리 나나 유리 주리 미나 서진 민정 정민 인지 민지")
"""Words that people who search for them mean as names."""
ORDINARY: Final = (
    _MOSTLY_WORDS | _MOSTLY_NAMES | _VERBS | _NEVER_A_NAME | {stem(word) for word in _words(_ENGLISH)}
)
"""What is never taken for a misspelt name."""

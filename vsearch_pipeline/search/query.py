"""Understanding a query: who is asked for, what is filtered, and the rest, which is meaning and words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Final, Literal

from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.language.tokens import fold, query_tokens
from vsearch_pipeline.particles import split_particle
from vsearch_pipeline.search.names import Folded, Mention, NameIndex
from vsearch_pipeline.search.syntax import (
    STATES,
    Joiner,
    Piece,
    as_value,
    dangling_after,
    dangling_before,
    day_or_place,
    denied_after,
    denied_before,
    hides_piece,
    joiner,
    length_ms,
    lex,
    or_with_words,
    shortened,
)

MAX_QUERY_CHARS = 2000

JOINED: Final = " / "
"""Stands between the names of one chip: any of them."""

Kind = Literal[
    "person",
    "group",
    "phrase",
    "object",
    "video",
    "after",
    "before",
    "edited",
    "untranslated",
    "longer",
    "shorter",
    "rest",
]
How = Literal["exact", "typo", "likely"]

_SAYS_NOTHING: Final = frozenset(
    word
    for line in """
    a an the is are was were be in on at of and or with to me i you we us who where when it its this that there
    scene scenes clip clips moment moments video videos shot shots part parts footage movie film frame frames show
    find search look looking see give get want please appear appears appearing featuring starring together any all
    장면 모습 영상 동영상 부분 순간 클립 비디오 씬 컷 화면 것 거 게 때 곳 데 중 좀 다 줘 주세요 줄래 나오는거
    나오는 나온 나와 나오고 나오면 나올 나왔던 나오는지 보이는 보인 있는 있는거 있던 있을 등장하는 등장한 등장
    출연하는 출연한 출연 찾아 찾아줘 찾아주세요 찾기 찾는 검색 검색해줘 보여줘 보여주세요 보여 보고싶어 싶어 같이
    함께 둘이 둘이서 둘다 모두 전부 모든 각각 혼자나오는 하는 하는거 나오는장면 나온장면 있는장면 나오는영상
    나온영상 나오는부분 나온부분 은 는 이 가 을 를 의 에 도 랑 이랑 와 과 하고
    """.splitlines()
    for word in line.split()
)
"""Words that ask for a moment and describe none: a query of names and these is about the people only."""
_MOST_OTHERS: Final = 6
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_WORDS: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Understood:
    """One thing understood of the query, for a chip: what it is, and the queries that one press changes it to."""

    kind: Kind
    text: str  # what the chip says: names joined by `JOINED`, a phrase, a label, a day
    typed: str  # the piece of the query it came from
    negated: bool = False
    how: How = "exact"  # typo: a near spelling was taken; likely: what was typed may be an ordinary word as well
    removed: str = ""  # the query without it
    as_words: str | None = None  # the query in which it is searched as words; None where that makes no sense
    others: tuple[tuple[str, str], ...] = ()  # other readings: (label, query)
    person_ids: tuple[int, ...] = ()  # the people it stands for (any of them)


@dataclass(frozen=True, slots=True)
class PeopleClause:
    """Who is on screen and who is not."""

    all_of: tuple[tuple[PersonRecord, ...], ...] = ()  # of each, at least one is on screen
    none_of: tuple[PersonRecord, ...] = ()
    preferred: tuple[tuple[PersonRecord, ...], ...] = ()  # rank first, but nobody is left out for them


@dataclass(frozen=True, slots=True)
class Query:
    """What was understood of a query. Texts of filters are folded; phrases are in lower case."""

    text: str
    people: PeopleClause
    phrases: tuple[str, ...]  # must occur; white space normalised
    without_phrases: tuple[str, ...]
    objects: tuple[str, ...]
    without_objects: tuple[str, ...]
    videos: tuple[str, ...]  # any of them
    without_videos: tuple[str, ...]
    after: date | None  # first day on which the video may have been added
    before: date | None  # first day on which it may not any more
    from_ms: int | None  # place in the video
    to_ms: int | None
    edited: bool | None
    untranslated: bool | None
    min_ms: int | None  # length of the segment
    max_ms: int | None
    rest: str  # meaning and words: as typed, without names and filters; the words of phrases at the end
    tokens: tuple[str, ...]
    understood: tuple[Understood, ...]  # in the order typed

    @property
    def named(self) -> frozenset[int]:
        """Ids of everybody asked for."""
        asked = (*self.people.all_of, *self.people.preferred)
        return frozenset(person.id for clause in asked for person in clause)


def understand(text: str, people: Sequence[PersonRecord] | NameIndex) -> Query:
    """What a person means by a query in Korean, English or both.

    Args:
        text: as typed, with filters, quotes, names and particles.
        people: everybody known, or the index of their names, which is worth keeping between queries.

    Raises:
        InputError: the query is empty or longer than `MAX_QUERY_CHARS`, or a filter has an unusable value.
    """
    if len(text) > MAX_QUERY_CHARS:
        raise InputError(f"The query is {len(text)} characters long; at most {MAX_QUERY_CHARS} are searched.")
    typed = cleaned(text)
    if not fold(typed).strip():
        raise InputError("The query is empty: type what the moment shows, in Korean or English.")
    index = people if isinstance(people, NameIndex) else NameIndex(people)
    return _Reading(typed, index).query()


def cleaned(text: str) -> str:
    """As typed, in NFC and without control characters and lone surrogates, which no database takes."""
    return unicodedata.normalize("NFC", _CONTROL.sub(" ", text.encode("utf-8", "replace").decode()))


@dataclass(frozen=True, slots=True)
class _Clause:
    """People asked for together, any of them; `start` and `end` are places in the typed text."""

    people: tuple[PersonRecord, ...]
    label: str
    kind: Literal["person", "group"]
    how: How
    negated: bool
    start: int  # what the chip stands for ...
    end: int
    from_: int  # ... and with the joining words around it, which go with it
    to: int
    also: tuple[PersonRecord, ...] = ()  # others who may be meant


@dataclass(slots=True)
class _Reading:
    """Reads one query; lists fill up piece by piece."""

    typed: str
    index: NameIndex
    plain: str = ""  # all that is neither quoted nor a filter
    clauses: list[_Clause] = field(default_factory=list)
    cut: list[tuple[int, int, str]] = field(default_factory=list)  # what is not rest, with what replaces it there
    pieces: dict[tuple[Kind, str, bool], list[Piece]] = field(default_factory=dict)  # by what a chip says
    lists: dict[tuple[str, bool], list[str]] = field(default_factory=dict)
    days: dict[str, list[date]] = field(default_factory=dict)
    times: dict[str, list[int]] = field(default_factory=dict)
    states: dict[str, bool] = field(default_factory=dict)

    def query(self) -> Query:
        for piece in lex(self.typed):
            if piece.kind == "text":
                self.plain += self.typed[piece.start : piece.end]
                self._names(piece)
            elif piece.kind == "phrase":
                self._phrase(piece)
            elif piece.key == "person":
                self._person(piece)
            elif piece.key == "words":
                self.cut.append((piece.start, piece.end, " ".join(piece.values)))
            else:
                self._filter(piece)
        self._drop_doubts()
        rest = self._rest()
        phrases = [_spaced(text) for (kind, text, negated) in self.pieces if kind == "phrase" and not negated]
        ranked = " ".join((rest, *phrases)).strip()
        return Query(
            text=self.typed,
            people=self._people(),
            phrases=self._listed("phrase", False),
            without_phrases=self._listed("phrase", True),
            objects=self._listed("object", False),
            without_objects=self._listed("object", True),
            videos=self._listed("video", False),
            without_videos=self._listed("video", True),
            after=max(self.days.get("after", []), default=None),
            before=min(self.days.get("before", []), default=None),
            from_ms=max(self.times.get("after", []), default=None),
            to_ms=min(self.times.get("before", []), default=None),
            edited=self.states.get("edited"),
            untranslated=self.states.get("untranslated"),
            min_ms=max(self.times.get("longer", []), default=None),
            max_ms=min(self.times.get("shorter", []), default=None),
            rest=ranked,
            tokens=tuple(query_tokens(ranked)) if ranked else (),
            understood=self._chips(rest),
        )

    # --- pieces ---

    def _phrase(self, piece: Piece) -> None:
        [value] = piece.values
        phrase = _spaced(unicodedata.normalize("NFKC", value).lower())
        self.lists.setdefault(("phrase", piece.negated), []).append(phrase)
        self.cut.append((piece.start, piece.end, ""))
        self._say("phrase", _spaced(value), piece)

    def _filter(self, piece: Piece) -> None:
        self.cut.append((piece.start, piece.end, ""))
        key = piece.key
        if key in ("object", "video"):
            values = [" ".join(fold(value).split()) for value in piece.values]
            self.lists.setdefault((key, piece.negated), []).extend(values)
            self._say(key, JOINED.join(piece.values), piece)
            return
        if key == "is":
            for value in piece.values:
                state = STATES.get(fold(value))
                if state is None:
                    raise InputError(f"is:{shortened(value)} is not known: write is:edited or is:untranslated.")
                self.states[state] = not piece.negated
                self._say("edited" if state == "edited" else "untranslated", state, piece)
            return
        if key not in ("after", "before", "longer", "shorter"):
            raise AssertionError(key)
        if piece.negated:
            other = {"after": "before", "before": "after", "longer": "shorter", "shorter": "longer"}[key]
            typed = shortened(self.typed[piece.start : piece.end])
            raise InputError(f"{typed} cannot be turned around with a minus: write {other}: instead.")
        for value in piece.values:
            limit = day_or_place(key, value) if key in ("after", "before") else length_ms(key, value)
            if isinstance(limit, date):
                self.days.setdefault(key, []).append(limit)
            else:
                self.times.setdefault(key, []).append(limit)
        self._say(key, JOINED.join(piece.values), piece)

    def _person(self, piece: Piece) -> None:
        found = [self._called(value) for value in piece.values]
        people = _each_once(person for mention in found for person in mention.people)
        self.cut.append((piece.start, piece.end, ""))
        self.clauses.append(
            _Clause(
                people=people,
                label=JOINED.join(mention.label for mention in found),
                kind="group" if all(mention.kind == "group" for mention in found) else "person",
                how="typo" if any(mention.how == "typo" for mention in found) else "exact",
                negated=piece.negated,
                start=piece.start,
                end=piece.end,
                from_=piece.start,
                to=piece.end,
                also=tuple(p for mention in found for p in mention.also if p not in people),
            )
        )

    def _called(self, value: str) -> Mention:
        found = self.index.called(value)
        if found is not None:
            return found
        near = self.index.nearest(value)
        shown = shortened(value)
        advice = (
            f"the nearest names are {', '.join(near)}. Use one of them"
            if near
            else "no name is known yet. Add people"
        )
        as_words = f"words:{as_value(shown) or shown}"
        raise InputError(f"Nobody called {shown} is known; {advice}, or write {as_words} to search it as words.")

    def _names(self, piece: Piece) -> None:
        folded = Folded(self.typed[piece.start : piece.end])
        mentions = self.index.find(folded.text)
        if not mentions:
            return
        floor = 0
        for group in _grouped(folded.text, mentions):
            clause = _clause(folded, group, floor, piece.start)
            if clause is not None and not any(hides_piece(self.typed, place) for place in (clause.end, clause.to)):
                self.clauses.append(clause)
                if clause.how != "likely":
                    self.cut.append((clause.from_, clause.to, ""))
            floor = group.end

    def _drop_doubts(self) -> None:
        """Forget that somebody may be meant where they are asked for anyway."""
        sure = {person.id for clause in self.clauses if _asked(clause) for person in clause.people}
        self.clauses = [
            clause
            for clause in self.clauses
            if clause.how != "likely" or not sure.issuperset(person.id for person in clause.people)
        ]

    # --- chips ---

    def _say(self, kind: Kind, text: str, piece: Piece) -> None:
        self.pieces.setdefault((kind, text, piece.negated), []).append(piece)

    def _chips(self, rest: str) -> tuple[Understood, ...]:
        """In the order typed; what was typed more than once is one chip, which takes all of it away."""
        chips = [(pieces[0].start, self._chip(*said, pieces)) for said, pieces in self.pieces.items()]
        same: dict[tuple[object, ...], list[_Clause]] = {}
        for clause in self.clauses:
            same.setdefault((clause.people, clause.negated, clause.how == "likely"), []).append(clause)
        chips += [(clauses[0].start, self._person_chip(clauses)) for clauses in same.values()]
        if rest:
            chips += self._rest_chips()
        return tuple(chip for _, chip in sorted(chips, key=lambda pair: pair[0]))

    def _chip(self, kind: Kind, text: str, negated: bool, pieces: Sequence[Piece]) -> Understood:
        values = " ".join(pieces[0].values)
        words = self._value(values) if kind in ("phrase", "object") and not negated else None
        return Understood(
            kind=kind,
            text=text,
            typed=self.typed[pieces[0].start : pieces[0].end],
            negated=negated,
            removed=self._with([(piece.start, piece.end, "") for piece in pieces]),
            as_words=self._instead(pieces, f"words:{words}") if words else None,
        )

    def _person_chip(self, clauses: Sequence[_Clause]) -> Understood:
        first = clauses[0]
        words = None if first.negated else self._value(self._words_of(first))
        return Understood(
            kind=first.kind,
            text=first.label,
            typed=self.typed[first.start : first.end],
            negated=first.negated,
            how=first.how,
            removed=self._with([(clause.from_, clause.to, "") for clause in clauses]),
            as_words=self._instead(clauses, f"words:{words}") if words else None,
            others=tuple(self._others(clauses)),
            person_ids=tuple(person.id for person in first.people),
        )

    def _rest_chips(self) -> list[tuple[int, Understood]]:
        """The rest without words that have a chip as names that may be meant; none where nothing else is left."""
        taken = [(start, end) for start, end, instead in self.cut if not instead]
        taken += [(clause.start, clause.end) for clause in self.clauses if clause.how == "likely"]
        spans = _between(taken, self.typed)
        said = self._with([*self.cut, *((start, end, "") for start, end in taken)])
        if not spans or (_says_nothing(said) and len(taken) > 0 and not self._has_words()):
            return []
        removed = self._with([(start, end, "") for start, end in spans])
        return [(spans[0][0], Understood("rest", said, said, removed=removed))]

    def _words_of(self, clause: _Clause) -> str:
        """What was typed, or the value where it was a filter."""
        typed = self.typed[clause.start : clause.end]
        [first, *more] = lex(typed)
        return " ".join(first.values) if first.kind == "filter" and not more else typed

    def _others(self, clauses: Sequence[_Clause]) -> Iterable[tuple[str, str]]:
        first = clauses[0]
        alone = first.people if first.kind == "person" and len(first.people) > 1 else ()
        offered = _each_once((*alone, *first.also))[:_MOST_OTHERS]
        shown = [person.shown for person in offered]
        for person in offered:
            value = self._value(self.index.unmistakable(person))
            query = value and self._instead(clauses, f"{'-' if first.negated else ''}person:{value}")
            if query:
                yield (person.shown if shown.count(person.shown) == 1 else str(person)), query

    def _value(self, value: str) -> str | None:
        return as_value(_spaced(value), self.plain)

    def _with(self, edits: Iterable[tuple[int, int, str]]) -> str:
        return _edited(self.typed, edits)

    def _instead(self, parts: Iterable[Piece | _Clause], text: str) -> str | None:
        """The query with `text` for the first of `parts` and nothing for the others; None where it is too long."""
        changed = self._with([(part.start, part.end, "" if n else text) for n, part in enumerate(parts)])
        return changed if len(changed) <= MAX_QUERY_CHARS else None

    # --- the whole ---

    def _listed(self, kind: str, negated: bool) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.lists.get((kind, negated), [])))

    def _people(self) -> PeopleClause:
        def clauses(chosen: Callable[[_Clause], bool]) -> list[tuple[PersonRecord, ...]]:
            return list(dict.fromkeys(clause.people for clause in self.clauses if chosen(clause)))

        return PeopleClause(
            all_of=tuple(clauses(_asked)),
            none_of=_each_once(p for people in clauses(lambda clause: clause.negated) for p in people),
            preferred=tuple(clauses(lambda clause: not clause.negated and clause.how == "likely")),
        )

    def _has_words(self) -> bool:
        return any(instead for _, _, instead in self.cut)

    def _rest(self) -> str:
        rest = self._with(self.cut)
        said = bool(self.cut or self.clauses) and not self._has_words() and _says_nothing(rest)
        return "" if said else rest


def _asked(clause: _Clause) -> bool:
    return not clause.negated and clause.how != "likely"


# --- names that belong together ---


@dataclass(frozen=True, slots=True)
class _Group:
    """Mentions of one clause; `start` and `end` take the words in that deny it."""

    mentions: tuple[Mention, ...]
    start: int
    end: int
    negated: bool
    joined: bool  # to the group before, by words that only join
    next_joined: int | None  # where the next group begins that is joined to it so


def _grouped(text: str, mentions: Sequence[Mention]) -> list[_Group]:
    """Mentions joined to clauses: names with "or" between, and joined names that are denied together."""
    joiners: list[Joiner | None] = [None]
    before: list[int | None] = [denied_before(text, mentions[0].start)]
    after: list[int | None] = []
    for one, other in pairwise(mentions):
        after.append(denied_after(text, one.end))
        gap = text[after[-1] or one.end : other.start]
        before.append(denied_before(text, other.start))
        if after[-1] or before[-1] is not None:
            joiners.append(None)
            continue
        said = joiner(gap)
        joiners.append(one.joins if said == "" else said)
    after.append(denied_after(text, mentions[-1].end))

    negated = [before[i] is not None or after[i] is not None for i in range(len(mentions))]
    sure = [mention.how != "likely" for mention in mentions]
    negated = [denied and certain for denied, certain in zip(negated, sure, strict=True)]
    for i in range(1, len(mentions)):  # without A and B
        if joiners[i] and sure[i] and negated[i - 1] and after[i - 1] is None:
            negated[i] = True
    for i in range(len(mentions) - 1, 0, -1):  # A and B excluded
        if joiners[i] and sure[i - 1] and negated[i] and before[i] is None:
            negated[i - 1] = True

    groups: list[_Group] = []
    first = 0
    for i in range(1, len(mentions) + 1):
        if (
            i < len(mentions)
            and negated[i] == negated[i - 1]
            and (joiners[i] == "or" or (negated[i] and joiners[i] == "and"))
        ):
            continue
        chosen = tuple(mentions[first:i])
        start, end = chosen[0].start, chosen[-1].end
        if negated[first]:
            opened, closed = before[first], after[i - 1]
            start, end = start if opened is None else opened, end if closed is None else closed
        following = mentions[i].start if i < len(mentions) and joiners[i] == "and" else None
        groups.append(_Group(chosen, start, end, negated[first], joiners[first] == "and", following))
        first = i
    return groups


def _clause(folded: Folded, group: _Group, floor: int, offset: int) -> _Clause | None:
    """The clause of a group; None where an ordinary word is denied, which is then only a word."""
    text = folded.text
    likely = any(mention.how == "likely" for mention in group.mentions)
    if (
        likely
        and len(group.mentions) == 1
        and (denied_after(text, group.end) is not None or denied_before(text, group.start) is not None)
    ):
        return None
    from_, to = group.start, group.end
    either = None if group.negated else or_with_words(text, from_, to)
    unsure = likely or either is not None
    if not unsure:
        from_ = floor if group.joined else max(floor, dangling_before(text, from_))
        to = group.next_joined or dangling_after(text, to)
    elif either:
        from_, to = either
    people = _each_once(person for mention in group.mentions for person in mention.people)
    place = folded.source(group.start, group.end)
    around = folded.source(from_, to)
    start, end = place[0] + offset, place[1] + offset
    how: How = "likely" if unsure else "typo" if any(m.how == "typo" for m in group.mentions) else "exact"
    return _Clause(
        people=people,
        label=JOINED.join(dict.fromkeys(mention.label for mention in group.mentions)),
        kind="group" if all(mention.kind == "group" for mention in group.mentions) else "person",
        how=how,
        negated=group.negated,
        start=start,
        end=end,
        from_=around[0] + offset,
        to=around[1] + offset,
        also=_each_once(p for mention in group.mentions for p in mention.also if p not in people),
    )


# --- texts ---


def _edited(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    """`text` with stretches replaced, each set apart by spaces; white space normalised."""
    kept: list[str] = []
    position = 0
    for start, end, replacement in sorted(edits):
        kept += [text[position : max(position, start)], f" {replacement} "]
        position = max(position, end)
    return _spaced("".join([*kept, text[position:]]))


def _between(spans: Iterable[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """What lies between the spans and is not white space."""
    gaps: list[tuple[int, int]] = []
    position = 0
    for start, end in [*sorted(spans), (len(text), len(text))]:
        if text[position:start].strip():
            gaps.append((position, start))
        position = max(position, end)
    return gaps


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _says_nothing(text: str) -> bool:
    """Whether a text left over from names and filters has only words that describe nothing."""
    return all(
        word in _SAYS_NOTHING or split_particle(word)[0] in _SAYS_NOTHING for word in _WORDS.findall(fold(text))
    )


def _each_once(people: Iterable[PersonRecord]) -> tuple[PersonRecord, ...]:
    return tuple({person.id: person for person in people}.values())

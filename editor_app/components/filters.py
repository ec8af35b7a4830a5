"""Filters as the panel holds them, and as a query says them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.language.tokens import fold
from vsearch_pipeline.search.names import NameIndex
from vsearch_pipeline.search.query import Understood, understand
from vsearch_pipeline.search.syntax import STATES, Key, Piece, as_value, day_or_place, length_ms, lex

_LISTS: Final[tuple[Key, ...]] = ("object", "video")
_QUOTES: Final = str.maketrans(dict.fromkeys('"“”„＂「」『』«»', " "))


@dataclass(frozen=True, slots=True)
class Filters:
    """What the panel offers; lengths in seconds, people by id."""

    people: frozenset[int] = frozenset()
    objects: tuple[str, ...] = ()
    videos: tuple[str, ...] = ()
    edited: bool = False
    untranslated: bool = False
    longer: float | None = None
    shorter: float | None = None
    after: date | None = None
    before: date | None = None

    @property
    def count(self) -> int:
        """How many are set."""
        flags = (self.objects, self.videos, self.edited, self.untranslated)
        limits = (self.longer, self.shorter, self.after, self.before)
        return len(self.people) + sum(map(bool, flags)) + sum(limit is not None for limit in limits)


def read_filters(text: str, people: Sequence[PersonRecord] = ()) -> Filters:
    """The filters that a query has and the panel can show; `people` are those it offers."""
    pieces = [piece for piece in lex(text) if not piece.negated]
    states = {state for piece in pieces for state in _states(piece)}
    return Filters(
        people=frozenset(chip.person_ids[0] for chip in _people_chips(text, people)),
        objects=_listed(pieces, "object"),
        videos=_listed(pieces, "video"),
        edited="edited" in states,
        untranslated="untranslated" in states,
        longer=max(_seconds(pieces, "longer"), default=None),
        shorter=min(_seconds(pieces, "shorter"), default=None),
        after=max(_days(pieces, "after"), default=None),
        before=min(_days(pieces, "before"), default=None),
    )


def with_filters(text: str, wanted: Filters, people: Sequence[PersonRecord] = ()) -> str:
    """The query with exactly these filters of those that the panel offers; everything else in it stays.

    Args:
        people: those that the panel offers.
    """
    text = _without_people(text, wanted.people, people)
    there = {chip.person_ids[0] for chip in _people_chips(text, people)}
    kept = "".join(" " if _replaced(piece, wanted) else text[piece.start : piece.end] for piece in lex(text))
    kept = " ".join(kept.split())
    loose = "".join(kept[piece.start : piece.end] for piece in lex(kept) if piece.kind == "text")
    index = NameIndex(people)
    names = [index.unmistakable(person) for person in people if person.id in wanted.people - there]
    filters = [
        *(_filter("person", [name], loose) for name in names),
        _filter("object", wanted.objects, loose),
        _filter("video", wanted.videos, loose),
        "is:edited" if wanted.edited else "",
        "is:untranslated" if wanted.untranslated else "",
        f"longer:{wanted.longer:g}s" if wanted.longer is not None else "",
        f"shorter:{wanted.shorter:g}s" if wanted.shorter is not None else "",
        f"after:{wanted.after.isoformat()}" if wanted.after is not None else "",
        f"before:{wanted.before.isoformat()}" if wanted.before is not None else "",
    ]
    return " ".join(part for part in (kept, *filters) if part)


def _people_chips(text: str, people: Sequence[PersonRecord]) -> Iterator[Understood]:
    """The chips that ask for one certain person; who may be meant, or any of several, stays as it was typed."""
    if not people:
        return
    try:
        chips = understand(text, people).understood
    except InputError:
        return
    for chip in chips:
        if chip.kind == "person" and not chip.negated and chip.how != "likely" and len(chip.person_ids) == 1:
            yield chip


def _without_people(text: str, wanted: frozenset[int], people: Sequence[PersonRecord]) -> str:
    """The query without the people that are not wanted; each step takes one chip away, so it ends."""
    while text:
        chips = _people_chips(text, people)
        gone = next((chip for chip in chips if chip.person_ids[0] not in wanted and chip.removed != text), None)
        if gone is None:
            break
        text = gone.removed
    return text


def _replaced(piece: Piece, wanted: Filters) -> bool:
    """Whether the panel says what this piece says; a denied state goes where it would deny what is wanted."""
    if piece.kind != "filter":
        return False
    if piece.key == "is":
        states = _states(piece)
        asked = {"edited": wanted.edited, "untranslated": wanted.untranslated}
        return any(asked[state] for state in states) if piece.negated else bool(states)
    if piece.negated:
        return False
    return (
        piece.key in _LISTS
        or (piece.key in ("longer", "shorter") and bool([*_seconds([piece], piece.key)]))
        or (piece.key in ("after", "before") and bool([*_days([piece], piece.key)]))
    )


def _states(piece: Piece) -> set[str]:
    if piece.key != "is":
        return set()
    return {STATES[fold(value)] for value in piece.values if fold(value) in STATES}


def _listed(pieces: Iterable[Piece], key: Key) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for piece in pieces if piece.key == key for value in piece.values))


def _read(pieces: Iterable[Piece], key: Key, read: Callable[[str, str], date | int]) -> Iterator[date | int]:
    """The values that can be read; the search says of the others what is wrong."""
    for piece in pieces:
        for value in piece.values if piece.key == key else ():
            try:
                yield read(key, value)
            except InputError:
                continue


def _seconds(pieces: Iterable[Piece], key: Key) -> list[float]:
    return [ms / 1000 for ms in _read(pieces, key, length_ms) if isinstance(ms, int)]


def _days(pieces: Iterable[Piece], key: Key) -> list[date]:
    """Days on which the video was added; the same filters also name places in the video, which are left alone."""
    return [day for day in _read(pieces, key, day_or_place) if isinstance(day, date)]


def _filter(key: Key, values: Iterable[str], loose: str) -> str:
    """`key:value,value`; a value that no quotes can hold goes without its own."""
    spaced = (" ".join(value.split()) for value in values)
    written = (
        as_value(value, loose) or as_value(" ".join(value.translate(_QUOTES).split()), loose)
        for value in spaced
        if value
    )
    joined = ",".join(value for value in written if value)
    return f"{key}:{joined}" if joined else ""

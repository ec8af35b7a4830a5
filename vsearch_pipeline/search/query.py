"""Understanding a query: the people it names, and the rest, which is meaning and words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.language.tokens import fold, query_tokens
from vsearch_pipeline.particles import split_particle

MAX_QUERY_CHARS = 2000


@dataclass(frozen=True, slots=True)
class Query:
    """What was understood of a query."""

    text: str
    people: tuple[PersonRecord, ...]
    rest: str  # the text without the names
    tokens: tuple[str, ...]


def understand(text: str, people: Sequence[PersonRecord]) -> Query:
    """Find names and aliases in the query, the longest first, with or without Korean particles.

    Raises:
        InputError: the query is empty or longer than `MAX_QUERY_CHARS`.
    """
    if len(text) > MAX_QUERY_CHARS:
        raise InputError(f"The query is {len(text)} characters long; at most {MAX_QUERY_CHARS} are searched.")
    rest = fold(text.encode("utf-8", "replace").decode()).strip()
    if not rest:
        raise InputError("The query is empty: type what the moment shows, in Korean or English.")
    names = sorted(
        {
            (alias, person)
            for person in people
            for alias in map(fold, (person.name, *person.name.split(), *person.aliases))
            if len(alias) > 1
        },
        key=lambda pair: (-len(pair[0]), pair[0], pair[1].id),
    )
    found: dict[int, PersonRecord] = {}
    taken: set[str] = set()
    for alias, person in names:
        remaining, count = _without(rest, alias)
        if count or alias in taken:  # two people may share an alias
            found[person.id] = person
            taken.add(alias)
            rest = remaining
    rest = " ".join(rest.split())
    return Query(text, tuple(found.values()), rest, tuple(query_tokens(rest)) if rest else ())


def _without(text: str, alias: str) -> tuple[str, int]:
    """`text` without the words that are `alias`, alone or with a particle; and how many there were."""

    def drop(match: re.Match[str]) -> str:
        tail = match[1]
        if tail and split_particle("가" + tail)[1] != tail:
            return match[0]
        return " "

    replaced = re.sub(rf"(?<!\w){re.escape(alias)}([가-힣]{{0,3}})(?!\w)", drop, text)
    return replaced, int(replaced != text)

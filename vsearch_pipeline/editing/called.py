"""What people are called: finding somebody by what a person typed, and names as they are stored."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from vsearch_pipeline.catalog.library import PersonRecord, list_people, merged_people, people_by_id
from vsearch_pipeline.editing.errors import AmbiguousNameError
from vsearch_pipeline.errors import InputError, NotFoundError

LONGEST_NAME: Final = 200
"""Characters: an index entry holds a group and a name."""

Who = int | str
"""Somebody: their id, or a name, an alias or `GROUP/NAME`."""


def candidates(connection: Connection, name: str, group: str | None = None) -> list[PersonRecord]:
    """People of that name: by `GROUP/NAME`, else by name, else by what else they are called."""
    wanted = folded(name)
    people = [p for p in list_people(connection) if group is None or folded(p.group or "") == folded(group)]
    for names in (
        lambda person: [str(person)],
        lambda person: [person.name],
        lambda person: [person.display or "", *person.aliases],
    ):
        found = [person for person in people if wanted in map(folded, names(person))]
        if found:
            return found
    return []


def existing(connection: Connection, who: Who, group: str | None = None) -> PersonRecord:
    """The one person that is meant; who was merged is who they turned out to be.

    Raises:
        NotFoundError: there is nobody like that.
        InputError: several people have that name.
    """
    if isinstance(who, int):
        found = people_by_id(connection).get(merged_people(connection).get(who, who))
        if found is None:
            raise NotFoundError(f"There is no person {who}: `vsearch people list` shows who there is.")
        return found
    meant = candidates(connection, who, group)
    if not meant:
        raise NotFoundError(f"Nobody is called {who!r}: `vsearch people list` shows who there is.")
    return only(who, meant)


def only(name: str, found: Sequence[PersonRecord]) -> PersonRecord:
    """The one of them; an AmbiguousNameError where there are several."""
    if len(found) > 1:
        repeated = Counter(map(str, found))
        texts = [f"{person} ({person.id})" if repeated[str(person)] > 1 else str(person) for person in found]
        raise AmbiguousNameError(f"{name!r} can be {' or '.join(texts)}: write GROUP/NAME.", found)
    return found[0]


def new_name(name: str, group: str | None) -> tuple[str | None, str]:
    """Group and name of somebody new, from `NAME` or `GROUP/NAME`.

    Raises:
        InputError: one cannot be used.
    """
    if group is None and "/" in name:
        group, _, name = name.partition("/")
    return clean_group(group or None), clean_name(name)


def clean_name(name: str) -> str:
    """A name as it is stored; an InputError where it is none."""
    cleaned = clean_text(name, "A person needs a name: write NAME, or GROUP/NAME.")
    if "/" in cleaned:
        raise InputError(f"A name has no slash, as {cleaned!r} has: what stands before it is the group.")
    return cleaned


def clean_group(group: str | None) -> str | None:
    """A group as it is stored; an InputError where it is none."""
    if group is None or not group.strip():
        return None
    cleaned = clean_text(group, "A group needs a name.")
    if "/" in cleaned:
        raise InputError(f"A group has no slash, as {cleaned!r} has.")
    return cleaned


def clean_text(text: str, empty: str) -> str:
    """What somebody is called: composed (NFC), with single spaces.

    Raises:
        InputError: there is nothing to read in it (`empty` says so), it is too long, or holds what is no text.
    """
    cleaned = " ".join(unicodedata.normalize("NFC", text).split())
    kinds = {unicodedata.category(letter) for letter in cleaned}
    if kinds & {"Cc", "Cs"}:
        raise InputError(
            f"{cleaned!a} holds what is no letter (a control character, or half of one): write it anew."
        )
    if all(kind[0] in "CZM" for kind in kinds):
        raise InputError(empty)
    if len(cleaned) > LONGEST_NAME:
        raise InputError(f"A name of {len(cleaned):,} characters cannot be stored; {LONGEST_NAME} at most.")
    return cleaned


def folded(text: str) -> str:
    """A name as it is compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())

"""Edits of who somebody is: what they are called, their group and gender, and two who are one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from vsearch_pipeline.catalog.human import name_holder, read_fields, take_person
from vsearch_pipeline.catalog.library import Gender, PersonRecord, list_people, merged_people, people_by_id
from vsearch_pipeline.editing.called import (
    Who,
    candidates,
    clean_group,
    clean_name,
    clean_text,
    existing,
    folded,
    new_name,
    only,
)
from vsearch_pipeline.editing.errors import NameTakenError
from vsearch_pipeline.editing.transaction import Draft, Edit
from vsearch_pipeline.errors import InputError


@dataclass(frozen=True, slots=True)
class PersonEdit:
    """Somebody as they are after an edit; `operation` is None where everything was like that already."""

    person: PersonRecord
    operation: int | None


def add_person(edit: Edit, name: str, group: str | None) -> PersonEdit:
    person, new = known_or_new(edit.connection, name, group)
    if not new:
        return PersonEdit(person, None)
    return _apply(edit, "people.add", person, {str(person.id): {"name": [person.group, person.name]}})


def known_or_new(connection: Connection, who: Who, group: str | None) -> tuple[PersonRecord, bool]:
    """Who is meant, and whether they are somebody new, who gets a number here and a row by an edit."""
    if isinstance(who, int):
        return existing(connection, who), False
    known = candidates(connection, who, group)
    if known:
        return only(who, known), False
    group, name = new_name(who, group)
    holder = name_holder(connection, group, name)
    if holder is not None:  # of whom nothing but this name is left
        return existing(connection, holder), False
    return PersonRecord(take_person(connection), group, name, ()), True


def rename(edit: Edit, who: Who, name: str, *, keep_old: bool) -> PersonEdit:
    connection = edit.connection
    person, name = existing(connection, who), clean_name(name)
    if name == person.name:
        return PersonEdit(person, None)
    aliases = [alias for alias in person.aliases if folded(alias) != folded(name)]
    if keep_old and folded(person.name) not in map(folded, [name, *aliases]):
        aliases.append(person.name)
    after = _moved_to(connection, person, person.group, name)
    after[str(person.id)]["aliases"] = aliases or None
    return _apply(edit, "people.rename", person, after)


def move_to_group(edit: Edit, who: Who, group: str | None) -> PersonEdit:
    connection = edit.connection
    person, group = existing(connection, who), clean_group(group)
    for other in list_people(connection):
        if group and other.group and other.id != person.id and folded(other.group) == folded(group):
            group = other.group  # as it is written already
            break
    if group == person.group:
        return PersonEdit(person, None)
    return _apply(edit, "people.group", person, _moved_to(connection, person, group, person.name))


def add_aliases(edit: Edit, who: Who, aliases: Sequence[str]) -> PersonEdit:
    person = existing(edit.connection, who)
    new = _cleaned(aliases)
    if any(folded(alias) == folded(person.name) for alias in new):
        raise InputError(f"{person.name!r} is the name of {person} itself: an alias is another one.")
    known = {folded(alias) for alias in person.aliases}
    missing = list({folded(alias): alias for alias in reversed(new) if folded(alias) not in known}.values())[::-1]
    fields = {
        "aliases": [*person.aliases, *missing] or None,
        "dropped_aliases": _dropped(edit, person, without=new),
    }
    return _apply(edit, "people.aliases", person, {str(person.id): fields})


def remove_aliases(edit: Edit, who: Who, aliases: Sequence[str]) -> PersonEdit:
    person = existing(edit.connection, who)
    gone = {folded(alias): alias for alias in _cleaned(aliases)}
    unknown = [alias for key, alias in gone.items() if key not in map(folded, person.aliases)]
    if unknown:
        has = f"they are {', '.join(person.aliases)}" if person.aliases else "there is none"
        raise InputError(f"{', '.join(map(repr, unknown))} is no alias of {person}: {has}.")
    left = [alias for alias in person.aliases if folded(alias) not in gone]
    dropped = [alias for alias in person.aliases if folded(alias) in gone]
    fields = {"aliases": left or None, "dropped_aliases": _dropped(edit, person, also=dropped)}
    return _apply(edit, "people.aliases", person, {str(person.id): fields})


def set_display(edit: Edit, who: Who, display: str | None) -> PersonEdit:
    person = existing(edit.connection, who)
    shown = None if display is None else clean_text(display, "The name to be shown is empty: write one, or none.")
    fields: dict[str, Any] = {"display": None if shown == person.name else shown, "display_said": True}
    if shown is not None and folded(shown) not in map(folded, [person.name, *person.aliases]):
        fields["aliases"] = [*person.aliases, shown]  # by which search knows it
    return _apply(edit, "people.display", person, {str(person.id): fields})


def set_gender(edit: Edit, who: Who, gender: Gender | None, group: str | None) -> PersonEdit:
    person = existing(edit.connection, who, group)
    return _apply(edit, "people.gender", person, {str(person.id): {"gender": gender, "gender_said": True}})


def merge_people(edit: Edit, person: PersonRecord, into: PersonRecord) -> PersonEdit:
    """Let everything about a person, and who was merged into them, be about another from then on; nothing that is
    stored under the old id changes."""
    moved = [person.id, *(old for old, now in merged_people(edit.connection).items() if now == person.id)]
    after: dict[str, dict[str, Any]] = {str(number): {"merged_into": into.id} for number in moved}
    known = {into.name, *into.aliases}
    names = (person.name, *person.aliases, *([person.display] if person.display else ()))
    aliases = [*into.aliases, *(name for name in dict.fromkeys(names) if name not in known)]
    after[str(into.id)] = {"aliases": aliases or None}
    return _apply(edit, "people.merge", into, after, was=person)


def _apply(
    edit: Edit, kind: str, person: PersonRecord, after: dict[str, dict[str, Any]], was: PersonRecord | None = None
) -> PersonEdit:
    about = {"person": str(person)} if was is None else {"person": str(was), "into": str(person)}
    done = edit.apply(Draft(kind, {"person": after}, about=about, subjects=[("person", str(person.id))]))
    return PersonEdit(people_by_id(edit.connection)[person.id], done.operation)


def _moved_to(
    connection: Connection, person: PersonRecord, group: str | None, name: str
) -> dict[str, dict[str, Any]]:
    """Fields that give somebody this group and name, and leave the old ones behind (`catalog/human.py`).

    Raises:
        NameTakenError: somebody else is called that, or was.
    """
    holder = name_holder(connection, group, name)
    owner = merged_people(connection).get(holder, holder) if holder is not None else None
    called = f"{group}/{name}" if group else name
    for other in list_people(connection):
        same = (folded(other.group or ""), folded(other.name)) == (folded(group or ""), folded(name))
        if other.id != person.id and (same or other.id == owner):
            raise NameTakenError(
                f"{called} {'is' if same else 'was'} the name of {other} ({other.id}):"
                " say that the two are one with `vsearch people merge`, or choose another name.",
                other,
            )
    left = take_person(connection) if holder is None else holder
    return {
        str(person.id): {"name": [group, name]},
        str(left): {"name": [person.group, person.name], "merged_into": person.id},
    }


def _dropped(
    edit: Edit, person: PersonRecord, *, also: Sequence[str] = (), without: Sequence[str] = ()
) -> list[str] | None:
    """Names that somebody took from a person, which no list gives them again."""
    before = read_fields(edit.connection, "person", [str(person.id)])[str(person.id)].get("dropped_aliases", [])
    kept = [alias for alias in before if folded(alias) not in map(folded, without)]
    return [*kept, *(alias for alias in also if alias not in kept)] or None


def _cleaned(aliases: Iterable[str]) -> list[str]:
    cleaned = [clean_text(alias, "An alias is empty: write what else they are called.") for alias in aliases]
    if not cleaned:
        raise InputError("Say which aliases.")
    return cleaned

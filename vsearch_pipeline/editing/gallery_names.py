"""What `gallery.toml` says people are called, brought into the catalogue, with or without photos of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import Gender, PersonRecord, ensure_person, list_people, segments_showing
from vsearch_pipeline.catalog.locks import lock_names
from vsearch_pipeline.catalog.operations import Door, log_operation
from vsearch_pipeline.editing.refresh import refresh_search_of
from vsearch_pipeline.people.gallery import NAMES_LIST, Gallery, GalleryIssue, GalleryPerson, read_gallery


@dataclass(frozen=True, slots=True)
class Learnt:
    """Somebody of whom the catalogue now knows more.

    Attributes:
        person: as they are now.
        new: whether the library did not know them.
        names: what they are called besides, as far as it was not known.
        segments: how many segments show them.
    """

    person: PersonRecord
    new: bool
    names: tuple[str, ...]
    segments: int


@dataclass(frozen=True, slots=True)
class GalleryNames:
    """What became of the names of a gallery.

    Attributes:
        ids: of people, by group and name as the gallery has them.
        learnt: the people of whom something changed.
        issues: what of the list needs a look.
    """

    ids: Mapping[tuple[str | None, str], int]
    learnt: tuple[Learnt, ...]
    issues: tuple[GalleryIssue, ...]


def learn_names(catalog: Catalog, folder: Path, *, actor: str, door: Door) -> GalleryNames:
    """Read the gallery's `gallery.toml` as it is now; no photo is looked at.

    Nothing happens where there is no such file; what cannot be used of it is an issue, never an error.
    """
    if not (folder / NAMES_LIST).is_file():
        return GalleryNames({}, (), ())
    with catalog.begin() as connection:
        return apply_gallery_names(connection, read_gallery(folder), actor=actor, door=door)


def apply_gallery_names(connection: Connection, gallery: Gallery, *, actor: str, door: Door) -> GalleryNames:
    """Make everybody of the gallery known by all their names, in the caller's transaction, with the search rows of
    the segments that show them.

    Names are added and never taken away. An entry without a group and without photos is about the person of that
    name whom the library has, where there is one.
    """
    lock_names(connection)
    before = {person.id: person for person in list_people(connection)}
    issues = list(gallery.name_issues)

    def report(reason: str) -> None:
        issues.append(GalleryIssue(gallery.folder / NAMES_LIST, "names_file", reason))

    def ensure(person: GalleryPerson, group: str | None) -> int:
        return _ensured(connection, person, group, gallery.genders.get(group or ""))

    ids = {(person.group, person.name): ensure(person, person.group) for person in gallery.people}
    known = list_people(connection)
    for person in gallery.named:
        meant = _meant(person, known)
        if len(meant) > 1:
            report(f"{person.name!r} can be {' or '.join(map(str, meant))}: give the entry its group")
        else:
            ids[person.group, person.name] = ensure(person, meant[0].group if meant else person.group)
    given = set(ids.values())
    _apply_genders(connection, gallery, [person for person in before.values() if person.id not in given])
    people = list_people(connection)
    for group in sorted(gallery.genders.keys() - {person.group for person in people}):
        report(f"nobody is in the group {group}")
    learnt = _learnt(connection, before, [person for person in people if person != before.get(person.id)])
    if learnt:
        told = [{"person": each.person.id, "name": str(each.person), "names": list(each.names)} for each in learnt]
        log_operation(
            connection,
            actor=actor,
            door=door,
            kind="gallery.names",
            about={"people": told},
            subjects=[("person", str(each.person.id)) for each in learnt],
        )
    return GalleryNames(ids, learnt, tuple(issues))


def _meant(person: GalleryPerson, known: Collection[PersonRecord]) -> list[PersonRecord]:
    """Who of the library an entry may be about that gives only a name; nobody where it gives a group."""
    if person.group:
        return []
    same = [other for other in known if other.name == person.name]
    return [other for other in same if other.group is None] or same


def _ensured(connection: Connection, person: GalleryPerson, group: str | None, gender: Gender | None) -> int:
    return ensure_person(
        connection,
        group,
        person.name,
        [name for name in (person.display, *person.aliases) if name != person.name],
        display=person.display if person.display != person.name else None,
        notes=person.notes or None,
        gender=person.gender or gender,
    )


def _apply_genders(connection: Connection, gallery: Gallery, others: Collection[PersonRecord]) -> None:
    """The genders of groups, of those in them whom the gallery does not have."""
    for person in others:
        gender = gallery.genders.get(person.group or "")
        if gender is not None and gender != person.gender:
            ensure_person(connection, person.group, person.name, gender=gender)


def _learnt(
    connection: Connection, before: Mapping[int, PersonRecord], changed: Collection[PersonRecord]
) -> tuple[Learnt, ...]:
    """Tell of each of these people, and refresh the search rows of the segments that show who has a new name."""
    shown = segments_showing(connection, [person.id for person in changed])
    learnt = []
    stale: set[int] = set()
    for person in changed:
        old = before.get(person.id)
        known = {person.name, *(old.names if old else ())}
        names = tuple(name for name in dict.fromkeys(person.names) if name not in known)
        segments = shown.get(person.id, [])
        learnt.append(Learnt(person, old is None, names, len(segments)))
        stale.update(segments if names else ())
    refresh_search_of(connection, sorted(stale))
    return tuple(learnt)

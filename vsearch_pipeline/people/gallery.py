"""The folder of reference photos: who is in it and what people call them."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from vsearch_pipeline.people.records import Image

PHOTO_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})

IssueKind = Literal[
    "no_folder",
    "unreadable_folder",
    "bad_name",
    "link",
    "stray",
    "nested",
    "no_photos",
    "merged_folders",
    "same_name",
    "names_file",
    "shared_alias",
    "unreadable",
    "conflict",
    "no_face",
    "poor",
    "weak",
    "several_faces",
    "duplicate",
    "suspect",
    "rejected",
]
"""Up to `shared_alias` about folders and names, from `unreadable` on about photos: `weak`, `several_faces` and
`suspect` ones are used, those of the other kinds are not."""

Gender = Literal["female", "male"]

NAMES_LIST: Final = "gallery.toml"
_ENTRY_KEYS: Final = ("name", "group", "display", "gender", "aliases", "notes")
_GROUP_KEYS: Final = ("name", "gender")
_NOT_PHOTOS: Final = frozenset({"thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True, eq=False)
class GalleryIssue:
    """Something in the gallery that needs a look.

    Attributes:
        reason: one clause for people.
        pictures: aligned faces, (112, 112, 3) each, that show what is meant: the photo's own first.
    """

    path: Path
    kind: IssueKind
    reason: str
    pictures: tuple[Image, ...] = ()

    def place(self, folder: Path) -> str:
        """The path, below `folder` where it lies there."""
        return (self.path.relative_to(folder) if self.path.is_relative_to(folder) else self.path).as_posix()


@dataclass(frozen=True, slots=True)
class GalleryPerson:
    """A person and their photos, sorted by path; names are composed Unicode (NFC)."""

    group: str | None
    name: str
    display: str
    aliases: tuple[str, ...]
    notes: str
    photos: tuple[Path, ...]
    gender: Gender | None = None

    @property
    def label(self) -> str:
        """GROUP/PERSON as the folders are named."""
        return f"{self.group}/{self.name}" if self.group else self.name


@dataclass(frozen=True, slots=True)
class Gallery:
    """
    Attributes:
        people: those with photos.
        named: those that only the list names, without photos.
        genders: of groups, as the list gives them.
    """

    folder: Path
    people: tuple[GalleryPerson, ...]
    issues: tuple[GalleryIssue, ...]
    named: tuple[GalleryPerson, ...] = ()
    genders: Mapping[str, Gender] = field(default_factory=dict)

    @property
    def name_issues(self) -> tuple[GalleryIssue, ...]:
        """What of the list needs a look."""
        return tuple(issue for issue in self.issues if issue.kind in ("names_file", "shared_alias"))


def read_gallery(folder: Path) -> Gallery:
    """People of `GROUP/PERSON/photo` and `PERSON/photo`, with the names that `gallery.toml` gives.

    The optional list has entries `[[person]]` with `name` (the folder's, or a person's of the library who has no
    photos), `group` (where there is one), `display`, `gender` ("female" or "male"), `aliases` and `notes`, and
    entries `[[group]]` with `name` and the `gender` of all in it who have none of their own. Folders whose names
    differ only in Unicode composition are one. Hidden files are passed over; what cannot be used is an issue, no
    error.
    """
    if not folder.is_dir():
        return Gallery(folder, (), (GalleryIssue(folder, "no_folder", "there is no such folder"),))
    issues: list[GalleryIssue] = []
    found = _merged(_people(folder, issues), issues)
    people = [person for person in found if person.photos]
    issues.extend(_same_names(people))
    people, named, genders = _with_names(people, folder / NAMES_LIST, issues)
    issues.extend(_shared_aliases([*people, *named], folder / NAMES_LIST))
    if not found and not named and not issues:
        issues.append(GalleryIssue(folder, "no_photos", "it has no folder of a person yet"))
    return Gallery(folder, tuple(people), tuple(issues), tuple(named), genders)


def _people(root: Path, issues: list[GalleryIssue]) -> Iterator[tuple[Path, GalleryPerson]]:
    """Each folder of photos as a person of its own."""
    for top in _visible(root, issues):
        if not top.is_dir():
            if top.name != NAMES_LIST and top.name.lower() not in _NOT_PHOTOS:
                issues.append(GalleryIssue(top, "stray", "a photo belongs in a folder named after its person"))
            continue
        if not _may_enter(top, root, issues):
            continue
        entries = _visible(top, issues)
        inner = [path for path in entries if path.is_dir()]
        if not inner or any(_is_photo(path) for path in entries if not path.is_dir()):
            yield top, _person(None, top, entries, issues)
        for path in inner:
            if _may_enter(path, root, issues):
                yield path, _person(_composed(top.name), path, _visible(path, issues), issues)


def _person(group: str | None, folder: Path, entries: Sequence[Path], issues: list[GalleryIssue]) -> GalleryPerson:
    photos: list[Path] = []
    for path in entries:
        if path.is_dir():
            if group is not None:
                issues.append(GalleryIssue(path, "nested", "folders inside a person's folder are not read"))
        elif _is_photo(path):
            photos.append(path)
        elif path.name.lower() not in _NOT_PHOTOS:
            issues.append(GalleryIssue(path, "stray", "it is not a JPEG, PNG or WebP photo"))
    if not photos:
        issues.append(GalleryIssue(folder, "no_photos", "it has no photo that can be used"))
    name = _composed(folder.name)
    return GalleryPerson(group, name, display=name, aliases=(), notes="", photos=tuple(photos))


def _merged(folders: Iterable[tuple[Path, GalleryPerson]], issues: list[GalleryIssue]) -> list[GalleryPerson]:
    people: dict[tuple[str | None, str], GalleryPerson] = {}
    for folder, person in folders:
        key = (person.group, person.name)
        first = people.get(key)
        if first is None:
            people[key] = person
            continue
        issues.append(
            GalleryIssue(folder, "merged_folders", f"another folder reads {person.label} too; both are one person")
        )
        people[key] = replace(first, photos=tuple(sorted(first.photos + person.photos)))
    return list(people.values())


def _same_names(people: Sequence[GalleryPerson]) -> Iterator[GalleryIssue]:
    named: dict[str, list[GalleryPerson]] = defaultdict(list)
    for person in people:
        named[person.name.casefold()].append(person)
    for first, *others in named.values():
        for other in others:
            reason = (
                f"{first.label} has the same name and is taken for somebody else; "
                "put the photos into one folder if they are one person"
            )
            yield GalleryIssue(other.photos[0].parent, "same_name", reason)


def _with_names(
    people: list[GalleryPerson], path: Path, issues: list[GalleryIssue]
) -> tuple[list[GalleryPerson], list[GalleryPerson], dict[str, Gender]]:
    """`people` as the list at `path` names them, who else it names, and the genders of its groups."""

    def report(reason: str) -> None:
        issues.append(GalleryIssue(path, "names_file", reason))

    content, lines = _read_list(path, report)
    for key in sorted(content.keys() - {"person", "group"}):
        report(f"{key!r} means nothing here; entries begin with [[person]] or [[group]]")
    genders = _group_genders(_placed(content, "group", lines), report)
    named = {(person.group, person.name): person for person in people}
    listed: set[tuple[str | None, str]] = set()
    for place, entry in _placed(content, "person", lines):
        if not _is_entry(entry):
            report(f"{place} needs a name, a list of texts as aliases, and texts for the rest")
            continue
        for name in sorted(entry.keys() - set(_ENTRY_KEYS)):
            report(f"{place} has {name!r}, which is none of {', '.join(_ENTRY_KEYS)}")
        who = (_composed(entry.get("group", "")) or None, _composed(entry["name"]))
        person = named.get(who) or GalleryPerson(*who, display=who[1], aliases=(), notes="", photos=())
        if who in listed:
            report(f"{place} names {person.label} again; the first one counts")
            continue
        listed.add(who)
        if entry.get("gender") not in (None, "female", "male"):
            report(f"{place} has the gender {entry['gender']!r}, which is neither 'female' nor 'male'")
        named[who] = _described(person, entry)
    everybody = [replace(p, gender=p.gender or genders.get(p.group or "")) for p in named.values()]
    return everybody[: len(people)], everybody[len(people) :], genders


def _read_list(path: Path, report: Callable[[str], None]) -> tuple[dict[str, Any], list[str]]:
    """What the list holds, and its lines; nothing where there is none, or where it cannot be read."""
    mend = "correct it, then run `vsearch people names`"
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        report(f"it cannot be opened ({error.strerror})")
        return {}, []
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        report(f"it is not valid TOML: line {line} is not UTF-8 text; {mend}")
        return {}, []
    try:
        return tomllib.loads(text), text.splitlines()
    except tomllib.TOMLDecodeError as error:
        reason = str(error).replace("at end of document", f"at the end, line {len(text.splitlines())}")
        report(f"it is not valid TOML: {reason}; {mend}")
        return {}, []


def _placed(content: dict[str, Any], key: str, lines: Sequence[str]) -> list[tuple[str, Any]]:
    """The entries of a kind, each with words for where it stands."""
    entries = content.get(key, [])
    entries = entries if isinstance(entries, list) else [entries]
    kind = "entry" if key == "person" else key
    headers = [n for n, line in enumerate(lines, start=1) if re.match(rf"\s*\[\[\s*{key}\s*\]\]", line)]
    if len(headers) != len(entries):  # written some other way
        return [(f"{kind} {number}", entry) for number, entry in enumerate(entries, start=1)]
    return [
        (f"{kind} {number} (line {line})", entry)
        for number, (line, entry) in enumerate(zip(headers, entries, strict=True), start=1)
    ]


def _group_genders(entries: Sequence[tuple[str, Any]], report: Callable[[str], None]) -> dict[str, Gender]:
    genders: dict[str, Gender] = {}
    for place, entry in entries:
        name = _composed(entry["name"]) if isinstance(entry, dict) and isinstance(entry.get("name"), str) else ""
        gender = _gender(entry) if name else None
        if gender is None:
            report(f"{place} needs a name, and 'female' or 'male' as its gender")
            continue
        for key in sorted(entry.keys() - set(_GROUP_KEYS)):
            report(f"{place} has {key!r}, which is none of {', '.join(_GROUP_KEYS)}")
        if name in genders:
            report(f"{place} names {name} again; the first one counts")
        else:
            genders[name] = gender
    return genders


def _gender(entry: dict[str, Any]) -> Gender | None:
    found = entry.get("gender")
    return found if found in ("female", "male") else None


def _described(person: GalleryPerson, entry: dict[str, Any]) -> GalleryPerson:
    aliases = dict.fromkeys(filter(None, map(_composed, entry.get("aliases", ()))))
    return replace(
        person,
        display=_composed(entry.get("display", "")) or person.name,
        aliases=tuple(aliases),
        notes=entry.get("notes", "").strip(),
        gender=_gender(entry),
    )


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    aliases = entry.get("aliases", [])
    texts = [entry.get(key, "") for key in _ENTRY_KEYS if key != "aliases"]
    if not isinstance(aliases, list) or not all(isinstance(text, str) for text in [*texts, *aliases]):
        return False
    return bool(_composed(entry.get("name", "")))


def _shared_aliases(people: Sequence[GalleryPerson], path: Path) -> Iterator[GalleryIssue]:
    claims: dict[str, list[tuple[GalleryPerson, str]]] = defaultdict(list)
    for person in people:
        for name in dict.fromkeys((person.name, person.display, *person.aliases)):
            claimants = claims[name.casefold()]
            if not claimants or claimants[-1][0] is not person:
                claimants.append((person, name))
    for claimants in claims.values():
        key = claimants[0][1].casefold()
        if len(claimants) > 1 and any(person.name.casefold() != key for person, _ in claimants):
            labels = " and ".join(person.label for person, _ in claimants)
            yield GalleryIssue(path, "shared_alias", f"{claimants[0][1]!r} names {labels}")


def _visible(folder: Path, issues: list[GalleryIssue]) -> list[Path]:
    try:
        found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        issues.append(GalleryIssue(folder, "unreadable_folder", f"it cannot be opened ({error.strerror})"))
        return []
    kept = [path for path in found if _is_text(path.name)]
    for path in found:
        if not _is_text(path.name):
            # the name itself cannot be printed or stored
            shown = path.with_name(path.name.encode(errors="replace").decode())
            issues.append(GalleryIssue(shown, "bad_name", "its name is not valid UTF-8; give it another one"))
    return kept


def _may_enter(path: Path, root: Path, issues: list[GalleryIssue]) -> bool:
    """A link back into the gallery would enrol the same photos as two people, or go round in a circle."""
    if not path.is_symlink():
        return True
    target, home = path.resolve(), root.resolve()
    if not (target.is_relative_to(home) or home.is_relative_to(target)):
        return True
    issues.append(GalleryIssue(path, "link", "it is a link back into the gallery, which is not followed"))
    return False


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in PHOTO_SUFFIXES


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()

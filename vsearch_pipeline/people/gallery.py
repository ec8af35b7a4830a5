"""The folder of reference photos, and the faces taken from them."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.quality import face_quality, is_usable
from vsearch_pipeline.people.records import Box, DetectedFace, FaceObservation, Image

PHOTO_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})
PHOTO_MAX_SIDE: Final = 2048
"""Larger photos are read at this size, pixels: a face that is worth anything stays far above the minimum."""
RIVAL_AREA: Final = 0.4
"""A second face of at least this share of the largest one's area makes the photo ambiguous."""

_LIST_NAME: Final = "gallery.toml"
_NOT_PHOTOS: Final = frozenset({"thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class GalleryIssue:
    """Something in the gallery that could not be used as it is; `reason` is one clause for people."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class GalleryPerson:
    """A person and their photos, sorted by name; names are composed Unicode (NFC)."""

    group: str | None
    name: str
    display: str
    aliases: tuple[str, ...]
    photos: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Gallery:
    people: tuple[GalleryPerson, ...]
    issues: tuple[GalleryIssue, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The face taken from a photo; the box is in shares (0..1) of the upright photo, `vector` is (dim,)."""

    photo: Path
    bbox_xyxy: Box
    quality: float
    vector: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Enrolment:
    references: tuple[Reference, ...]
    issues: tuple[GalleryIssue, ...]


def read_gallery(folder: Path) -> Gallery:
    """People of `GROUP/PERSON/photo` and `PERSON/photo`, with the names that `gallery.toml` gives.

    The optional list has entries `[[person]]` with `name` (the folder's), `group` (where there is one),
    `display` and `aliases`. Hidden files are passed over; what cannot be used is an issue, never an error.
    """
    if not folder.is_dir():
        return Gallery((), (GalleryIssue(folder, "there is no such folder"),))
    issues: list[GalleryIssue] = []
    people: list[GalleryPerson] = []
    for top in _visible(folder):
        if not top.is_dir():
            if top.name != _LIST_NAME and top.name.lower() not in _NOT_PHOTOS:
                issues.append(GalleryIssue(top, "a photo belongs in a folder named after its person"))
            continue
        inner = [path for path in _visible(top) if path.is_dir()]
        if not inner or any(path.is_file() and _is_photo(path) for path in _visible(top)):
            people.append(_person(None, top, issues))
        people.extend(_person(_composed(top.name), path, issues) for path in inner)
    people = _with_names([person for person in people if person.photos], folder / _LIST_NAME, issues)
    return Gallery(tuple(people), tuple(issues))


def enrol(photos: Sequence[Path], detector: FaceDetector, embedder: FaceEmbedder) -> Enrolment:
    """Take the person's face from each of their photos: the largest one that is good enough to embed.

    Photos without such a face are left out; where another face is nearly as large, the largest is taken
    and the photo reported.
    """
    references: list[Reference] = []
    issues: list[GalleryIssue] = []
    for photo in photos:
        image = _read_photo(photo)
        if image is None:
            issues.append(GalleryIssue(photo, "it cannot be read as a photo"))
            continue
        found = detector.detect([image])[0]
        graded = [(face, face_quality(image, face)) for face in found]
        usable = [(face, quality) for face, quality in graded if is_usable(face.height, quality)]
        if not usable:
            reason = "its faces are too small, blurred or turned away" if found else "no face was found in it"
            issues.append(GalleryIssue(photo, reason))
            continue
        face, quality = max(usable, key=lambda pair: (_area(pair[0]), pair[0].score))
        rivals = sum(_area(other) >= RIVAL_AREA * _area(face) for other, _ in usable) - 1
        if rivals:
            issues.append(GalleryIssue(photo, f"it shows {rivals + 1} people; the largest face was taken"))
        box = FaceObservation.from_detection(
            face, index=0, shot_index=0, time_ms=0, frame_size=(image.shape[1], image.shape[0]), quality=quality
        ).bbox_xyxy
        references.append(Reference(photo, box, quality, embedder.embed([image], [[face]])[0][0]))
    return Enrolment(tuple(references), tuple(issues))


def _person(group: str | None, folder: Path, issues: list[GalleryIssue]) -> GalleryPerson:
    photos: list[Path] = []
    for path in _visible(folder):
        if path.is_dir():
            if group is not None:
                issues.append(GalleryIssue(path, "folders inside a person's folder are not read"))
        elif not _is_photo(path):
            if path.name.lower() not in _NOT_PHOTOS:
                issues.append(GalleryIssue(path, "it is not a JPEG, PNG or WebP photo"))
        elif path.stat().st_size == 0:
            issues.append(GalleryIssue(path, "it is empty"))
        else:
            photos.append(path)
    if not photos:
        issues.append(GalleryIssue(folder, "it has no photo that can be used"))
    name = _composed(folder.name)
    return GalleryPerson(group, name, display=name, aliases=(), photos=tuple(photos))


def _with_names(people: list[GalleryPerson], path: Path, issues: list[GalleryIssue]) -> list[GalleryPerson]:
    """`people` with the display names and aliases of the list at `path`, where there is one."""
    if not path.is_file():
        return people
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("person", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        issues.append(GalleryIssue(path, f"it is not valid TOML: {error}"))
        return people
    named = {(person.group, person.name): person for person in people}
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries], start=1):
        if not _is_entry(entry):
            issues.append(GalleryIssue(path, f"entry {number} needs a name, and texts for the rest"))
            continue
        group = _composed(entry["group"]) if entry.get("group") else None
        key = (group, _composed(entry["name"]))
        if key not in named:
            issues.append(GalleryIssue(path, f"there is no folder for {'/'.join(filter(None, key))}"))
            continue
        aliases = tuple(dict.fromkeys(_composed(alias) for alias in entry.get("aliases", ())))
        named[key] = replace(
            named[key], display=_composed(entry.get("display") or named[key].name), aliases=aliases
        )
    return list(named.values())


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not entry.get("name"):
        return False
    aliases = entry.get("aliases", [])
    texts = [entry.get(key, "") for key in ("name", "group", "display")]
    return isinstance(aliases, list) and all(isinstance(text, str) for text in [*texts, *aliases])


def _read_photo(path: Path) -> Image | None:
    from PIL import Image as Photo
    from PIL import ImageOps

    try:
        with Photo.open(path) as photo:
            photo.draft("RGB", (PHOTO_MAX_SIDE, PHOTO_MAX_SIDE))
            upright = ImageOps.exif_transpose(photo).convert("RGB")
    except (OSError, ValueError, SyntaxError, Photo.DecompressionBombError):
        return None
    upright.thumbnail((PHOTO_MAX_SIDE, PHOTO_MAX_SIDE))
    return np.asarray(upright)


def _visible(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in PHOTO_SUFFIXES


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()


def _area(face: DetectedFace) -> float:
    return face.width * face.height

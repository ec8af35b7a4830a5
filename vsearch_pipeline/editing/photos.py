"""Putting photos of people into the gallery, without ever replacing one that is there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.media.probe import sha256_file
from vsearch_pipeline.people.gallery import read_gallery

LIST = "gallery.toml"


@dataclass(frozen=True, slots=True)
class CopiedPhotos:
    """What became of a folder of photos.

    Attributes:
        people: how many people the folder has photos of.
        copied: how many photos were new to the gallery.
        known: how many were there already.
        left_out: what of the folder needs a look, and why.
    """

    people: int
    copied: int
    known: int
    left_out: tuple[str, ...]


def copy_photos(source: Path, gallery: Path) -> CopiedPhotos:
    """Copy the photos of `source/GROUP/PERSON/` (or `source/PERSON/`) to the same places below `gallery`.

    A photo whose name is taken by another picture gets a part of its content's SHA-256 in its name.

    Raises:
        InputError: `source` is no folder, has no photos of people, or holds the gallery itself.
    """
    source, gallery = source.expanduser().resolve(), gallery.resolve()
    if not source.is_dir():
        raise InputError(f"{source}: there is no such folder.")
    if gallery == source or gallery in source.parents or source in gallery.parents:
        raise InputError(f"{source}: give a folder outside the gallery {gallery}.")
    found = read_gallery(source)
    left_out = [f"{issue.place(source)}: {issue.reason}" for issue in found.issues]
    if not found.people:
        raise InputError(f"{source}: it has no photos in folders GROUP/PERSON.")
    counts = {True: 0, False: 0}
    for photo in (photo for person in found.people for photo in person.photos):
        _, new = place_photo(photo.read_bytes(), gallery / photo.relative_to(source))
        counts[new] += 1
    names = source / LIST
    if names.is_file():
        if not (gallery / LIST).exists():
            place_photo(names.read_bytes(), gallery / LIST)
        elif sha256_file(names) != sha256_file(gallery / LIST):
            left_out.append(f"{LIST}: the gallery has its own, add the entries there by hand")
    return CopiedPhotos(len(found.people), counts[True], counts[False], tuple(left_out))


def place_photo(content: bytes, target: Path) -> tuple[Path, bool]:
    """Write a photo beside what is there: where its name is taken by another picture, a part of its content's
    SHA-256 becomes part of its name.

    Returns:
        where it is, and whether it is new there.

    Raises:
        InputError: that name is taken as well.
    """
    digest = hashlib.sha256(content).hexdigest()
    for place in (target, target.with_name(f"{target.stem}-{digest[:10]}{target.suffix}")):
        if not place.exists():
            break
        if sha256_file(place) == digest:
            return place, False
    else:
        raise InputError(f"{place}: the gallery has another file there.")
    place.parent.mkdir(parents=True, exist_ok=True)
    making = place.with_name(f".{place.name}.making")
    making.write_bytes(content)
    making.rename(place)
    return place, True

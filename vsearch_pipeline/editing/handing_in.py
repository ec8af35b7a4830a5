"""Photos of people that somebody hands in: each is judged, and what can be learnt from goes into the gallery."""

from __future__ import annotations

import hashlib
import io
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from vsearch_pipeline.catalog.library import PersonRecord, people_by_id
from vsearch_pipeline.catalog.operations import log_operation
from vsearch_pipeline.catalog.sightings import former_names, sources_of_photos
from vsearch_pipeline.editing.called import Who, existing
from vsearch_pipeline.editing.photos import place_photo
from vsearch_pipeline.editing.training import gather_lessons
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.media.probe import sha256_file
from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.enrolment import RIVAL_AREA
from vsearch_pipeline.people.gallery import read_gallery
from vsearch_pipeline.people.photo_faces import PhotoFace, faces_in_photos
from vsearch_pipeline.people.photographs import decode_photo
from vsearch_pipeline.people.prior import prior_of
from vsearch_pipeline.people.records import Box, Image, Vectors
from vsearch_pipeline.people.suspects import NEAREST

PhotoVerdict = Literal["good", "several", "no_face", "poor", "unreadable", "known", "elsewhere"]
"""`several`: nothing says which of its faces is meant; `poor`: they are too small, blurred or turned away;
`known`: the gallery has it of this person, `elsewhere`: of somebody else, where both would lose it."""

TAKEN_OUT: Final = ".taken-out"
"""Folder of the gallery, which nobody reads, for photos that were taken away."""
ROOM: Final = (0.6, 0.35, 0.15)
"""Around a face that is cut out of a photo of several, in its own sides: less where others still show."""
LONGEST_STEM: Final = 80
"""Bytes of a photo's name; a folder's may have 255."""

_SUFFIXES: Final = {b"\xff\xd8": ".jpg", b"\x89P": ".png", b"RI": ".webp"}


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPhoto:
    """What becomes of a photo.

    Attributes:
        faces: boxes of its faces in shares (0..1) of the upright photo, the largest first.
        meant: which of them is the person's; None where that is open, or there is none.
        like: somebody else whom that face is more alike to.
        holder: who has it in the gallery (`elsewhere`).
    """

    upload: Upload
    verdict: PhotoVerdict
    faces: tuple[Box, ...] = ()
    meant: int | None = None
    like: PersonRecord | None = None
    holder: str | None = None

    def of_face(self, face: int) -> JudgedPhoto:
        """The same, after somebody said which face is meant."""
        return replace(self, verdict="good", meant=face)


@dataclass(frozen=True, slots=True)
class GalleryPhoto:
    """A photo of somebody in the gallery; `learnt` whether the faces of videos are compared with it already."""

    source: str
    path: Path
    learnt: bool


@dataclass(frozen=True, slots=True)
class HandedIn:
    """Photos that are in the gallery now (their places below it, in the order given), or out of it."""

    person: PersonRecord
    sources: tuple[str, ...]


class PhotoService:
    """Photos of the gallery, through one door.

    Args:
        step_ms: how far a mark may be from its face.
    """

    def __init__(
        self, editor: Editor, gallery: Path, detector: FaceDetector, embedder: FaceEmbedder, *, step_ms: int
    ) -> None:
        self._editor = editor
        self._gallery = gallery
        self._detector = detector
        self._embedder = embedder
        self._step_ms = step_ms

    def judge(
        self, uploads: Sequence[Upload], who: int | None, on_photo: Callable[[int], None] = lambda _done: None
    ) -> list[JudgedPhoto]:
        """Say of each photo whether it can be learnt from; writes nothing.

        Args:
            who: whose photos they are to be; None for somebody new.
            on_photo: called with how many are judged.
        """
        with self._editor.catalog.begin() as connection:
            lessons = gather_lessons(connection, self._embedder.name, self._step_ms)
            names = former_names(connection, who) if who is not None else []
            people = people_by_id(connection)
        known = _Known({p.person_id: p.vectors for p in lessons.people if p.person_id in people}, who, people)
        holders = self._holders(uploads)
        own = {"/".join(part for part in name if part) for name in names}
        judged: list[JudgedPhoto] = []
        seen: set[str] = set()
        for upload in uploads:
            digest = hashlib.sha256(upload.content).hexdigest()
            there = holders.get(digest)
            if digest in seen or there in own:
                judged.append(JudgedPhoto(upload, "known"))
            elif there is not None:
                judged.append(JudgedPhoto(upload, "elsewhere", holder=there))
            else:
                judged.append(self._looked_at(upload, known))
            seen.add(digest)
            on_photo(len(judged))
        return judged

    def keep(self, who: Who, photos: Sequence[JudgedPhoto]) -> HandedIn:
        """Put good photos into the gallery; of several people the face that is meant is cut out.

        What is there is never replaced. Whoever watches the gallery (the sensor `people_changed`) learns them.

        Raises:
            NotFoundError: there is nobody like that.
            ForbiddenError: the actor may only look.
            InputError: what they are called can be no folder.
        """
        person = self._editor.run(lambda edit: existing(edit.connection, who))
        folder = self._folder(person)
        sources, new = [], []
        for photo in photos:
            content = self._to_keep(photo)
            placed, is_new = place_photo(content, folder / f"{_stem(photo.upload.name)}{_suffix(content)}")
            sources.append(placed.relative_to(self._gallery).as_posix())
            new += sources[-1:] if is_new else []
        if new:
            self._log("gallery.photos", person, new)
        return HandedIn(person, tuple(sources))

    def photos(self, who: Who) -> list[GalleryPhoto]:
        """Photos of somebody in the gallery, by place.

        Raises:
            NotFoundError: there is nobody like that.
        """
        with self._editor.catalog.begin() as connection:
            person = existing(connection, who)
            names = set(former_names(connection, person.id))
            learnt = sources_of_photos(connection, person.id, self._embedder.name)
        return [
            GalleryPhoto(source, path, source in learnt)
            for each in read_gallery(self._gallery).people
            if (each.group, each.name) in names
            for path in each.photos
            for source in [path.relative_to(self._gallery).as_posix()]
        ]

    def take_out(self, who: Who, source: str) -> HandedIn:
        """Put a photo of somebody out of the gallery, where it can be put back from.

        Raises:
            NotFoundError: they have no such photo.
        """
        person = self._editor.run(lambda edit: existing(edit.connection, who))
        found = next((photo for photo in self.photos(person.id) if photo.source == source), None)
        if found is None:
            raise NotFoundError(f"{person} has no photo {source}.")
        target = self._gallery / TAKEN_OUT / source
        target.parent.mkdir(parents=True, exist_ok=True)
        found.path.replace(target)
        self._log("gallery.take_out", person, [source])
        return HandedIn(person, (source,))

    def put_back(self, who: Who, source: str) -> HandedIn:
        """Put a photo back that was taken out.

        Raises:
            NotFoundError: it is not there any more.
            InputError: another photo has its place.
        """
        person = self._editor.run(lambda edit: existing(edit.connection, who))
        away = (self._gallery / TAKEN_OUT).resolve()
        photo, target = (away / source).resolve(), self._gallery / source
        if not photo.is_relative_to(away) or not photo.is_file():
            raise NotFoundError(f"There is no photo {source} that was taken out.")
        if target.exists():
            raise InputError(f"{source}: the gallery has another file there.")
        target.parent.mkdir(parents=True, exist_ok=True)
        photo.rename(target)
        self._log("gallery.photos", person, [source])
        return HandedIn(person, (source,))

    # --- parts

    def _log(self, kind: str, person: PersonRecord, sources: Sequence[str]) -> None:
        self._editor.run(
            lambda edit: log_operation(
                edit.connection,
                actor=self._editor.actor,
                door=self._editor.door,
                kind=kind,
                about={"person": str(person), "photos": list(sources)},
                subjects=[("person", str(person.id))],
            )
        )

    def _holders(self, uploads: Iterable[Upload]) -> dict[str, str]:
        """Who has each of these photos in the gallery, by its SHA-256."""
        sizes = {len(upload.content) for upload in uploads}
        return {
            sha256_file(path): person.label
            for person in read_gallery(self._gallery).people
            for path in person.photos
            if path.stat().st_size in sizes
        }

    def _looked_at(self, upload: Upload, known: _Known) -> JudgedPhoto:
        try:
            image = decode_photo(upload.content)
        except InputError:
            return JudgedPhoto(upload, "unreadable")
        [faces] = faces_in_photos([image], self._detector, self._embedder, [None])
        boxes = tuple(face.bbox_xyxy for face in faces)
        if not faces:
            return JudgedPhoto(upload, "no_face")
        if not faces[0].usable:
            return JudgedPhoto(upload, "poor", boxes)
        meant = known.meant(faces, prior_of(self._embedder.name).same_person_cosine)
        if meant is None:
            return JudgedPhoto(upload, "several", boxes)
        like = known.rival(faces[meant], prior_of(self._embedder.name).same_person_cosine)
        return JudgedPhoto(upload, "good", boxes, meant, like)

    def _to_keep(self, photo: JudgedPhoto) -> bytes:
        """The photo as it is, or a JPEG of the face that is meant where others are about as large."""
        if photo.meant is None or not _has_rival(photo.faces, photo.meant):
            return photo.upload.content
        image = decode_photo(photo.upload.content)
        cut = _cut(image, photo.faces[photo.meant], ROOM[-1])
        for room in ROOM:
            wide = _cut(image, photo.faces[photo.meant], room)
            [faces] = faces_in_photos([wide], self._detector, self._embedder, [None])
            if faces and not _has_rival([face.bbox_xyxy for face in faces], 0):
                cut = wide
                break
        return _jpeg(cut)

    def _folder(self, person: PersonRecord) -> Path:
        """Where photos of somebody belong: where they have some already, else a folder of their name."""
        for each in read_gallery(self._gallery).people:
            if (each.group, each.name) == (person.group, person.name):
                return each.photos[0].parent
        for name in (person.group, person.name):
            if name is not None and (name.startswith(".") or len(name.encode()) > 255 or name != name.strip()):
                raise InputError(f"{name!r} can be no folder of the gallery: rename {person}, then add photos.")
        return self._gallery.joinpath(*(part for part in (person.group, person.name) if part))


class _Known:
    """The faces that are learnt from, to compare others with."""

    def __init__(
        self, vectors: Mapping[int, Vectors], who: int | None, people: Mapping[int, PersonRecord]
    ) -> None:
        self._own = vectors.get(who) if who is not None else None
        self._others = {person: rows for person, rows in vectors.items() if person != who}
        self._people = people

    def meant(self, faces: Sequence[PhotoFace], same: float) -> int | None:
        """Which face is the person's; None where several can be."""
        if not _has_rival([face.bbox_xyxy for face in faces], 0):
            return 0
        if self._own is None:
            return None
        likeness = [_likeness(face, self._own) for face in faces]
        return int(np.argmax(likeness)) if max(likeness) >= same else None

    def rival(self, face: PhotoFace, same: float) -> PersonRecord | None:
        """Somebody else whom a face is more alike to, enough to be taken for them."""
        if not self._others:
            return None
        likeness, person = max((_likeness(face, rows), person) for person, rows in self._others.items())
        own = _likeness(face, self._own) if self._own is not None else -1.0
        return self._people[person] if likeness >= same and likeness > own else None


def _likeness(face: PhotoFace, others: Vectors) -> float:
    """Mean cosine with the `NEAREST` ones that are most like it."""
    return float(np.sort(others @ face.vector)[-NEAREST:].mean())


def _has_rival(faces: Sequence[Box], meant: int) -> bool:
    """Whether another face is about as large as the one that is meant, or larger."""
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in faces]
    return any(area >= RIVAL_AREA * areas[meant] for place, area in enumerate(areas) if place != meant)


def _cut(image: Image, box: Box, room: float) -> Image:
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    across, down = room * (x2 - x1), room * (y2 - y1)
    left, top = max(0, round(x1 - across)), max(0, round(y1 - down))
    return image[top : round(y2 + down), left : round(x2 + across)]


def _jpeg(image: Image) -> bytes:
    from PIL import Image as Photo

    content = io.BytesIO()
    Photo.fromarray(image).save(content, "JPEG", quality=95)
    return content.getvalue()


def _suffix(content: bytes) -> str:
    return _SUFFIXES[content[:2]]


def _stem(name: str) -> str:
    """What a photo is called in the gallery: letters, digits and a few signs of the name it came with."""
    base = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2]).rpartition(".")[0]
    kept = "".join(sign if sign.isalnum() or sign in " -_()" else "_" for sign in base)
    while len(kept.encode()) > LONGEST_STEM:
        kept = kept[:-1]
    return kept.strip() or "photo"

"""The reference faces of a gallery: one from each photo that shows its person well."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.people.alignment import ARCFACE_LANDMARKS, ARCFACE_SIDE, aligned_chip
from vsearch_pipeline.people.augmentation import VARIANTS, augmented
from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.duplicates import same_pictures
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.gallery import Gallery, GalleryIssue, GalleryPerson, IssueKind
from vsearch_pipeline.people.photo_faces import (
    KnownFace,
    PhotoFace,
    PhotoFile,
    faces_in_photos,
    in_pixels,
    read_photo,
)
from vsearch_pipeline.people.photographs import photo_bytes
from vsearch_pipeline.people.prior import prior_of
from vsearch_pipeline.people.records import Box, DetectedFace, Image, Landmarks
from vsearch_pipeline.people.suspects import NEAREST, Suspect, find_suspects

RIVAL_AREA: Final = 0.4
"""A second face of at least this share of the largest one's area makes it open whose photo it is."""
AUGMENT_FROM: Final = 3
"""Photos of a person from which on they are augmented. Measured on 12 people, strangers at 1%: 3 to 10 photos each
name 0.3 to 0.7% more clean faces, 0.7 to 1.7% more of those shrunk to 24 pixels, 0.1 to 0.7% more blurred ones.
With 1 photo they name 2% fewer at 32 pixels."""

_BATCH: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The face taken from a photo; box and landmarks in shares (0..1) of the upright photo.

    Attributes:
        quality: 0..1.
        weak: below the usual quality, taken because the person has nothing better.
        vector: (dim,) unit length.
        augmented: (dim,) unit length, what to learn from: `vector` averaged with those of the face as video would
            show it; None where the person has too few photos for that to help.
    """

    photo: Path
    sha256: str
    bbox_xyxy: Box
    landmarks: Landmarks
    quality: float
    weak: bool
    vector: npt.NDArray[np.float32]
    augmented: npt.NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class Enrolment:
    """People of the gallery with their references, sorted by photo; `issues` has the gallery's own first."""

    people: tuple[tuple[GalleryPerson, tuple[Reference, ...]], ...]
    issues: tuple[GalleryIssue, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """A photo's face, and the number of the person whose folder it is in."""

    person: int
    file: PhotoFile
    face: PhotoFace


def enrol_gallery(
    gallery: Gallery,
    detector: FaceDetector,
    embedder: FaceEmbedder,
    on_photo: Callable[[Path], None] | None = None,
    known: Mapping[str, KnownFace] | None = None,
) -> Enrolment:
    """Take each person's face from their photos, and report what could not be used or needs a look.

    A photo that stands under two people counts for neither; of near-duplicates the best counts; a photo with
    several faces gives the one most like the person's other photos, or else one that is nobody else's; a photo
    that looks like another person's is reported, and left out where the evidence is strong (see `suspects`). A
    person whose photos are all weak keeps the best one.

    Args:
        on_photo: called once for each photo when it has been looked at.
        known: faces by their photo's SHA-256, of an earlier enrolment with the same detector and embedder:
            they are not embedded again.
    """
    work = _Work(gallery, detector, embedder, on_photo or (lambda _: None), known or {})
    choices = work.looks_like_others(work.without_twins(work.chosen(work.looked_at(work.files()))))
    by_person: dict[int, list[_Choice]] = defaultdict(list)
    for choice in choices:
        by_person[choice.person].append(choice)
    people = tuple((person, work.references(by_person[number])) for number, person in enumerate(gallery.people))
    for person, references in people:
        if not references:
            work.report(person.photos[0].parent, "no_photos", "none of its photos can be used")
    return Enrolment(people, tuple(work.issues))


def reference_picture(photo: Path, landmarks: Landmarks) -> Image:
    """(112, 112, 3) uint8: the aligned face of a photo, `landmarks` in shares of it.

    Raises:
        InputError: the photo cannot be read any more.
    """
    image = read_photo(photo)
    face = in_pixels(image, (0.0, 0.0, 1.0, 1.0), landmarks, 1.0)
    return aligned_chip(image, face, ARCFACE_LANDMARKS, ARCFACE_SIDE)


class _Work:
    """One enrolment: each method takes what the one before it gives."""

    def __init__(
        self,
        gallery: Gallery,
        detector: FaceDetector,
        embedder: FaceEmbedder,
        on_photo: Callable[[Path], None],
        known: Mapping[str, KnownFace],
    ) -> None:
        self.issues = list(gallery.issues)
        self._people = gallery.people
        self._detector = detector
        self._embedder = embedder
        self._on_photo = on_photo
        self._known = known

    def report(self, path: Path, kind: IssueKind, reason: str, pictures: Iterable[Image | None] = ()) -> None:
        shown = tuple(picture for picture in pictures if picture is not None)
        self.issues.append(GalleryIssue(path, kind, reason, shown))

    def files(self) -> list[tuple[int, PhotoFile]]:
        """Photos by person, each content once; what stands under two people is nobody's."""
        read: list[tuple[int, PhotoFile]] = []
        for number, person in enumerate(self._people):
            for path in person.photos:
                try:
                    read.append((number, PhotoFile(path, hashlib.sha256(photo_bytes(path)).hexdigest())))
                except InputError as error:
                    self.report(path, "unreadable", str(error))
                    self._on_photo(path)
        holders: dict[str, list[tuple[int, PhotoFile]]] = defaultdict(list)
        for number, file in read:
            holders[file.sha256].append((number, file))
        kept = []
        for number, file in read:
            copies = holders[file.sha256]
            others = [self._people[other].label for other, _ in copies if other != number]
            if others:
                names = " and ".join(dict.fromkeys(others))
                self.report(file.path, "conflict", f"the same photo is in the folder of {names}; neither uses it")
            elif copies[0][1] is not file:
                self.report(file.path, "duplicate", f"it is the same file as {copies[0][1].path.name}")
            else:
                kept.append((number, file))
                continue
            self._on_photo(file.path)
        return kept

    def looked_at(
        self, files: Sequence[tuple[int, PhotoFile]]
    ) -> list[tuple[int, PhotoFile, tuple[PhotoFace, ...]]]:
        seen: list[tuple[int, PhotoFile, tuple[PhotoFace, ...]]] = []
        for start in range(0, len(files), _BATCH):
            batch = files[start : start + _BATCH]
            read: list[tuple[int, PhotoFile]] = []
            images: list[Image] = []
            for number, file in batch:
                try:
                    images.append(read_photo(file.path))
                    read.append((number, file))
                except InputError as error:
                    self.report(file.path, "unreadable", str(error))
            known = [self._known.get(file.sha256) for _, file in read]
            found = faces_in_photos(images, self._detector, self._embedder, known)
            for (number, file), faces in zip(read, found, strict=True):
                if faces:
                    seen.append((number, file, faces))
                else:
                    self.report(file.path, "no_face", "no face was found in it")
            for _, file in batch:
                self._on_photo(file.path)
        return seen

    def chosen(self, seen: Sequence[tuple[int, PhotoFile, tuple[PhotoFace, ...]]]) -> list[_Choice]:
        """The person's face of each photo that has a good enough one."""
        by_person: dict[int, list[tuple[PhotoFile, tuple[PhotoFace, ...]]]] = defaultdict(list)
        for number, file, faces in seen:
            by_person[number].append((file, faces))
        anchors = {
            number: [faces[0].vector for _, faces in photos if faces[0].usable and not _has_rival(faces)]
            for number, photos in by_person.items()
        }
        choices: list[_Choice] = []
        for number, photos in by_person.items():
            clear = [(file, faces) for file, faces in photos if faces[0].usable]
            others = [rows for other, rows in anchors.items() if other != number and rows]
            for file, faces in clear:
                meant = self._meant(faces, anchors[number], others) if _has_rival(faces) else faces[:1]
                choices.append(_Choice(number, file, meant[0]))
                if len(meant) > 1:
                    reason = (
                        f"it shows {len(meant)} people and nothing says who is meant; the largest face was taken"
                    )
                    self.report(file.path, "several_faces", reason, [self._picture(choices[-1])])
            best = max(photos, key=lambda photo: photo[1][0].quality)
            for file, faces in photos:
                if faces[0].usable:
                    continue
                if clear or file is not best[0]:
                    self.report(file.path, "poor", "its faces are too small, blurred or turned away")
                    continue
                choices.append(_Choice(number, file, faces[0]))
                reason = "its face is small, blurred or turned away; it was taken because there is no better photo"
                self.report(file.path, "weak", reason, [self._picture(choices[-1])])
        return choices

    def _meant(
        self,
        faces: tuple[PhotoFace, ...],
        own: Sequence[npt.NDArray[np.float32]],
        others: Sequence[Sequence[npt.NDArray[np.float32]]],
    ) -> tuple[PhotoFace, ...]:
        """The face most like the person's other photos; without any, those that are nobody else's."""
        if own:
            return (max(faces, key=lambda face: _likeness(face, own)),)
        same = prior_of(self._embedder.name).same_person_cosine
        left = tuple(face for face in faces if all(_likeness(face, rows) < same for rows in others))
        return left or faces

    def without_twins(self, choices: Sequence[_Choice]) -> list[_Choice]:
        """One of each picture, the clearest; a picture under two people is nobody's."""
        if not choices:
            return []
        twins: dict[int, list[int]] = defaultdict(list)
        faces = [choice.face for choice in choices]
        pairs = same_pictures(
            np.stack([face.vector for face in faces]), np.stack([face.face_print for face in faces])
        )
        for first, second in pairs:
            twins[first].append(second)
            twins[second].append(first)
        kept: set[int] = set()
        for row in sorted(range(len(choices)), key=lambda row: (-faces[row].quality, row)):
            choice = choices[row]
            elsewhere = [choices[twin] for twin in twins[row] if choices[twin].person != choice.person]
            better = [choices[twin] for twin in twins[row] if twin in kept]
            if elsewhere:
                names = " and ".join(dict.fromkeys(self._people[other.person].label for other in elsewhere))
                reason = f"the same picture is in the folder of {names}; neither uses it"
                self.report(choice.file.path, "conflict", reason, map(self._picture, (choice, elsewhere[0])))
            elif better:
                reason = f"it is the same picture as {better[0].file.path.name}, which is the clearer one"
                self.report(choice.file.path, "duplicate", reason)
            else:
                kept.add(row)
        return [choices[row] for row in sorted(kept)]

    def looks_like_others(self, choices: Sequence[_Choice]) -> list[_Choice]:
        """Without those that are plainly somebody else; the doubtful ones are reported."""
        if not choices:
            return []
        vectors = np.stack([choice.face.vector for choice in choices])
        kept = dict(enumerate(choices))
        for suspect in find_suspects(vectors, [choice.person for choice in choices]):
            self._report_suspect(suspect, choices)
            if suspect.dropped:
                del kept[suspect.photo]
        return list(kept.values())

    def references(self, choices: Sequence[_Choice]) -> tuple[Reference, ...]:
        """The records of one person."""
        ordered = sorted(choices, key=lambda choice: choice.file.path)
        rows: dict[PhotoFile, npt.NDArray[np.float32]] = {}
        for start in range(0, len(ordered) if len(ordered) >= AUGMENT_FROM else 0, _BATCH):
            rows.update(self._augmented(ordered[start : start + _BATCH]))
        return tuple(
            Reference(
                photo=choice.file.path,
                sha256=choice.file.sha256,
                bbox_xyxy=choice.face.bbox_xyxy,
                landmarks=choice.face.landmarks,
                quality=choice.face.quality,
                weak=not choice.face.usable,
                vector=choice.face.vector,
                augmented=rows.get(choice.file),
            )
            for choice in ordered
        )

    def _augmented(self, choices: Sequence[_Choice]) -> dict[PhotoFile, npt.NDArray[np.float32]]:
        rows: dict[PhotoFile, npt.NDArray[np.float32]] = {}
        made: list[tuple[_Choice, tuple[tuple[Image, DetectedFace], ...]]] = []
        for choice in choices:
            known = self._known.get(choice.file.sha256)
            if known is not None and known.quality == choice.face.quality and known.augmented is not None:
                rows[choice.file] = known.augmented
            elif (image := _reread(choice.file.path)) is not None:
                face = in_pixels(image, choice.face.bbox_xyxy, choice.face.landmarks, choice.face.score)
                made.append((choice, augmented(image, face)))
        flat = [variant for _, variants in made for variant in variants]
        vectors = self._embedder.embed([picture for picture, _ in flat], [[face] for _, face in flat])
        for number, (choice, _) in enumerate(made):
            of_choice = vectors[number * VARIANTS : (number + 1) * VARIANTS]
            mean = np.concatenate([choice.face.vector[None], *of_choice]).mean(axis=0)
            rows[choice.file] = mean / max(float(np.linalg.norm(mean)), 1e-12)
        return rows

    def _report_suspect(self, suspect: Suspect, choices: Sequence[_Choice]) -> None:
        choice = choices[suspect.photo]
        shown = [row for row in (suspect.photo, suspect.nearest_own, suspect.nearest_rival) if row is not None]
        pictures = [self._picture(choices[row]) for row in shown]
        own = self._people[choice.person].label
        if suspect.rival is None:
            reason = f"it looks unlike the other photos of {own}; it is used, look whether it belongs there"
        elif suspect.dropped:
            reason = f"it looks like {self._people[suspect.rival].label}, not like {own}; it is not used"
        else:
            reason = f"it looks more like {self._people[suspect.rival].label} than like {own}; it is used"
        self.report(choice.file.path, "rejected" if suspect.dropped else "suspect", reason, pictures)

    def _picture(self, choice: _Choice) -> Image | None:
        # a file that went away meanwhile is no reason to stop
        with suppress(InputError):
            return reference_picture(choice.file.path, choice.face.landmarks)
        return None


def _has_rival(faces: Sequence[PhotoFace]) -> bool:
    return len(faces) > 1 and faces[1].area >= RIVAL_AREA * faces[0].area


def _likeness(face: PhotoFace, others: Sequence[npt.NDArray[np.float32]]) -> float:
    """Mean cosine with the `NEAREST` ones that are most like it."""
    return float(np.sort(np.stack(others) @ face.vector)[-NEAREST:].mean())


def _reread(path: Path) -> Image | None:
    with suppress(InputError):
        return read_photo(path)
    return None

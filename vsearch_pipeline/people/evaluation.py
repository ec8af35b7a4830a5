"""How well a gallery names photos it has not seen, and how often it names strangers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.people.classifier import PersonClassifier
from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.enrolment import Enrolment, enrol_gallery
from vsearch_pipeline.people.gallery import PHOTO_SUFFIXES, read_gallery
from vsearch_pipeline.people.metrics import NOBODY, class_scores, confusion, open_set
from vsearch_pipeline.people.photo_faces import faces_in_photos, read_photo
from vsearch_pipeline.people.prior import prior_of
from vsearch_pipeline.people.records import Prototype, Vectors
from vsearch_pipeline.people.training import train

_BATCH: Final = 16

Progress = Callable[[str, Path], None]
"""Called with the step (`gallery`, `probes` or `strangers`) and each photo that is done."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """`report` is JSON-able; `confusion` has a row a person of `people` and a column more, for nobody."""

    report: dict[str, Any]
    people: tuple[str, ...]
    confusion: npt.NDArray[np.int64]
    enrolment: Enrolment


@dataclass(frozen=True, slots=True, eq=False)
class _Faces:
    """The largest face of each photo; `labels` are GROUP/PERSON."""

    labels: tuple[str, ...]
    vectors: Vectors
    without_face: tuple[Path, ...]
    unreadable: tuple[Path, ...]


def prototypes_of(enrolment: Enrolment) -> list[tuple[str, Prototype]]:
    """GROUP/PERSON and the references of everyone who has some; ids are 1 and up in that order."""
    with_references = [(person, references) for person, references in enrolment.people if references]
    return [
        (
            person.label,
            Prototype(
                number,
                person.group,
                np.stack([reference.vector for reference in references]),
                np.stack(
                    [
                        reference.vector if reference.augmented is None else reference.augmented
                        for reference in references
                    ]
                ),
            ),
        )
        for number, (person, references) in enumerate(with_references, start=1)
    ]


def evaluate(
    gallery: Path,
    probes: Path,
    strangers: Path | None,
    *,
    detector: FaceDetector,
    embedder: FaceEmbedder,
    progress: Progress = lambda _step, _path: None,
) -> Evaluation:
    """Train on the first folder, score on the second (both GROUP/PERSON/photo), count false names on the third.

    Nothing of the second and third is used before it is scored. A photo counts by its largest face; one without a
    face counts as not named. Probes of people who are not in the gallery are named in the report and left out.

    Raises:
        InputError: a folder is missing, nobody can be enrolled, or no probe is of anyone in the gallery.
    """
    for folder in (gallery, probes, *([strangers] if strangers else [])):
        if not folder.is_dir():
            raise InputError(f"{folder}: there is no such folder.")
    enrolment = enrol_gallery(read_gallery(gallery), detector, embedder, lambda path: progress("gallery", path))
    named = prototypes_of(enrolment)
    if not named:
        reasons = "; ".join(sorted({issue.reason for issue in enrolment.issues})[:3])
        raise InputError(f"{gallery}: nobody in it can be enrolled ({reasons or 'it holds no photos'}).")
    trained = train([prototype for _, prototype in named], [], prior_of(embedder.name))
    people = tuple(label for label, _ in named)

    wanted = [(person.label, path) for person in read_gallery(probes).people for path in person.photos]
    faces = _read_faces(wanted, detector, embedder, lambda path: progress("probes", path))
    known = np.array([label in people for label in faces.labels], dtype=bool)
    absent = sorted({label for label in faces.labels if label not in people})
    if not known.any():
        raise InputError(
            f"{probes}: no photo is of anyone in the gallery; folders must be named GROUP/PERSON as there."
        )
    truths = np.array([people.index(label) for label in faces.labels if label in people], dtype=np.int64)
    unknown = (
        _read_faces(_photos_below(strangers), detector, embedder, lambda path: progress("strangers", path))
        if strangers
        else None
    )
    report, table = _scored(trained.classifier, people, truths, faces.vectors[known], unknown)
    missed = [*faces.without_face, *faces.unreadable]
    report |= {
        "embedder": {"name": embedder.name, "version": embedder.version},
        "detector": {"name": detector.name, "version": detector.version},
        "head": trained.metrics["head"],
        "cross_validation": {
            key: trained.metrics[key] for key in ("scores", "group", "member", "open_set", "false_names_allowed")
        },
        "gallery": {
            "people": len(people),
            "references": int(trained.metrics["references"]),
            "issues": [
                {"photo": issue.place(gallery), "kind": issue.kind, "reason": issue.reason}
                for issue in enrolment.issues
            ],
        },
        "probes_not_in_gallery": absent,
        "probes_without_face": [str(path.relative_to(probes)) for path in missed],
    }
    return Evaluation(report, people, table, enrolment)


def _scored(
    classifier: PersonClassifier,
    people: Sequence[str],
    truths: npt.NDArray[np.int64],
    faces: Vectors,
    strangers: _Faces | None,
) -> tuple[dict[str, Any], npt.NDArray[np.int64]]:
    labels = [classifier.label(face[None], [1.0]) for face in faces]
    guesses = np.array(
        [NOBODY if label.person_id is None else label.person_id - 1 for label in labels], dtype=np.int64
    )
    table = confusion(truths, guesses, len(people))
    groups = classifier.group_names
    group_of = np.array(
        [
            groups.index(group) if (group := classifier.groups[i + 1]) is not None else NOBODY
            for i in range(len(people))
        ]
    )
    grouped = group_of[truths] != NOBODY
    group_scores = (
        class_scores(group_of[truths][grouped], classifier.probabilities(faces[grouped]).groups)
        if groups
        else None
    )
    stranger_labels = [classifier.label(face[None], [1.0]) for face in strangers.vectors] if strangers else []
    named_strangers = sum(label.person_id is not None for label in stranger_labels)
    margins = classifier.margins(strangers.vectors).max(axis=1, initial=-np.inf) if strangers else np.empty(0)
    swept = open_set(truths, classifier.margins(faces), margins)
    report = {
        "member": class_scores(truths, classifier.log_odds(faces)).as_dict(),
        "group": group_scores.as_dict() if group_scores else None,
        "probes": len(truths),
        "as_labelled": {
            "named": float((guesses == truths).mean()),
            "misnamed": float(((guesses != truths) & (guesses != NOBODY)).mean()),
            "unknown": float((guesses == NOBODY).mean()),
        },
        "strangers": {
            "faces": len(stranger_labels),
            "without_face": len(strangers.without_face) + len(strangers.unreadable),
            "named": named_strangers,
            "false_name_rate": named_strangers / len(stranger_labels) if stranger_labels else 0.0,
            "named_at_95_of_known": swept.strangers_at_95,
            "known_named_at_1_of_strangers": swept.named_at_1,
            "taken_for": _taken_for(people, [label.person_id for label in stranger_labels]),
        }
        if strangers
        else None,
        "people": [
            {
                "person": name,
                "probes": int(table[row].sum()),
                "recall": float(table[row, row] / table[row].sum()) if table[row].sum() else None,
                "threshold": float(classifier.thresholds[row]),
            }
            for row, name in enumerate(people)
        ],
        "confusion": table.tolist(),
    }
    return report, table


def _taken_for(people: Sequence[str], ids: Sequence[int | None]) -> dict[str, int]:
    return {name: count for number, name in enumerate(people, start=1) if (count := list(ids).count(number))}


def _photos_below(folder: Path) -> list[tuple[str, Path]]:
    """Every photo; who strangers are does not matter, so their folders may lie as they like."""
    return [
        (path.parent.name, path)
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file() and not path.name.startswith(".")
    ]


def _read_faces(
    photos: Sequence[tuple[str, Path]],
    detector: FaceDetector,
    embedder: FaceEmbedder,
    on_photo: Callable[[Path], None],
) -> _Faces:
    labels: list[str] = []
    vectors = [np.empty((0, embedder.dim), np.float32)]
    faceless: list[Path] = []
    unreadable: list[Path] = []
    for batch in _batches(photos):
        images = []
        for label, path in batch:
            try:
                images.append((label, path, read_photo(path)))
            except InputError:
                unreadable.append(path)
        found = faces_in_photos([image for *_, image in images], detector, embedder, [None] * len(images))
        for (label, path, _), faces in zip(images, found, strict=True):
            if faces:
                labels.append(label)
                vectors.append(faces[0].vector[None])
            else:
                faceless.append(path)
        for _, path in batch:
            on_photo(path)
    return _Faces(tuple(labels), np.concatenate(vectors), tuple(faceless), tuple(unreadable))


def _batches(photos: Sequence[tuple[str, Path]]) -> Iterator[Sequence[tuple[str, Path]]]:
    return (photos[start : start + _BATCH] for start in range(0, len(photos), _BATCH))

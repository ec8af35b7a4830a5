"""Photos of known people: the face of each, embedded, and what of the folder needs a look."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    MaterializeResult,
    MetadataValue,
    TableColumn,
    TableMetadataValue,
    TableRecord,
    TableSchema,
    asset,
)
from numpy.typing import NDArray

from vsearch_pipeline.assets.stage import OWNERS, picture
from vsearch_pipeline.catalog.library import reference_faces, replace_reference_faces
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.editing.gallery_names import apply_gallery_names
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.media.pictures import contact_sheet
from vsearch_pipeline.people.enrolment import Enrolment, enrol_gallery, reference_picture
from vsearch_pipeline.people.gallery import GalleryIssue, read_gallery
from vsearch_pipeline.people.photo_faces import KnownFace
from vsearch_pipeline.resources.models import FacesResource
from vsearch_pipeline.resources.placement import GPU_OP_TAGS, GPU_POOL, GPU_TAG
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource

SHEET_PHOTOS = 48
SHEET_SUSPECTS = 18
REPORTED = 200
PROGRESS_STEP = 100


@asset(
    group_name="people",
    kinds={"onnx", "postgres"},
    owners=OWNERS,
    tags=GPU_TAG,
    code_version="3",
    check_specs=[
        AssetCheckSpec("every_photo_is_used", asset="gallery", description="No photo or folder needs a look.")
    ],
    description="Photos of known people (GROUP/PERSON/*.jpg): the face of each, embedded; what they are called.",
    pool=GPU_POOL,
    op_tags=GPU_OP_TAGS,
)
def gallery(
    context: AssetExecutionContext, catalog: CatalogResource, media: MediaResource, face_models: FacesResource
) -> MaterializeResult:
    folder = Path(media.gallery_dir)
    folder.mkdir(parents=True, exist_ok=True)
    found = read_gallery(folder)
    total, seen = sum(len(person.photos) for person in found.people), 0

    def on_photo(_: Path) -> None:
        nonlocal seen
        seen += 1
        if seen % PROGRESS_STEP == 0:
            context.log.info("%d of %d photos", seen, total)

    detector, embedder = face_models.load_detector(), face_models.load_embedder()
    models, versions = f"{detector.name}+{embedder.name}", f"{detector.version}+{embedder.version}"
    with catalog.open().begin() as connection:
        producer = producer_id(connection, ProducerInfo("gallery", models, versions))
        known = {
            row.sha256: KnownFace(row.quality, _floats(row.embedding), _floats(row.augmented))
            for row in reference_faces(connection, embedder.name)
            if row.producer_id == producer
        }
    enrolment = enrol_gallery(found, detector, embedder, on_photo, known)
    rows: list[dict[str, Any]] = []
    with catalog.open().begin() as connection:
        names = apply_gallery_names(connection, found, actor="gallery", door="sensor")
        for person, references in enrolment.people:
            rows.extend(
                {
                    "person_id": names.ids[person.group, person.name],
                    "source": reference.photo.relative_to(folder).as_posix(),
                    "sha256": reference.sha256,
                    "quality": reference.quality,
                    "embedding": reference.vector.tolist(),
                    "augmented": None if reference.augmented is None else reference.augmented.tolist(),
                    "producer_id": producer,
                }
                for reference in references
            )
        replace_reference_faces(connection, embedder.name, rows)
    context.log.info("%d people, %d of %d photos used", len(found.people), len(rows), total)
    issues = [*enrolment.issues, *(issue for issue in names.issues if issue not in found.issues)]
    return MaterializeResult(
        metadata={
            "people": len(found.people),
            "people_without_photos": len(found.named),
            "photos": total,
            "photos_used": len(rows),
            "folder": MetadataValue.path(str(folder)),
            "photos_by_person": _people_table(enrolment),
            "issues": MetadataValue.md(_report(issues, folder)),
            **_pictures(enrolment),
        },
        check_results=[
            AssetCheckResult(
                check_name="every_photo_is_used",
                passed=not issues,
                severity=AssetCheckSeverity.WARN,
                description=f"{len(issues)} photos or folders need a look" if issues else None,
            )
        ],
    )


def _floats(vector: Any) -> Any:
    return None if vector is None else np.asarray(vector, dtype=np.float32)


def _people_table(enrolment: Enrolment) -> TableMetadataValue:
    records = [
        TableRecord(
            {
                "group": person.group or "",
                "person": person.display,
                "photos": len(person.photos),
                "used": len(references),
                "weak": sum(reference.weak for reference in references),
            }
        )
        for person, references in enrolment.people
    ]
    kinds = {"group": "string", "person": "string", "photos": "int", "used": "int", "weak": "int"}
    # without a schema an empty table is an error
    schema = TableSchema(columns=[TableColumn(name, kind) for name, kind in kinds.items()])
    return MetadataValue.table(records, schema)


def _report(issues: Sequence[GalleryIssue], folder: Path) -> str:
    lines = [f"- `{issue.place(folder)}`: {issue.reason}" for issue in issues[:REPORTED]]
    if len(issues) > REPORTED:
        lines.append(f"- and {len(issues) - REPORTED} more")
    return "\n".join(lines) or "*none*"


def _pictures(enrolment: Enrolment) -> dict[str, MetadataValue]:
    """Some faces of each person, and the doubtful ones beside those they are compared with."""
    shown = {}
    faces, names = _best_faces(enrolment)
    if faces:
        shown["faces"] = picture(contact_sheet(faces, names), "reference faces")
    doubted = [issue for issue in enrolment.issues if len(issue.pictures) > 1][:SHEET_SUSPECTS]
    if doubted:
        rows = [_side_by_side(issue.pictures) for issue in doubted]
        places = [f"{issue.path.parent.name}/{issue.path.name}" for issue in doubted]
        shown["suspects"] = picture(
            contact_sheet(rows, places, columns=3, tile_width=240),
            "suspects: the photo, the nearest of its own person, the nearest of the other",
        )
    return shown


def _best_faces(enrolment: Enrolment) -> tuple[list[NDArray[np.uint8]], list[str]]:
    known = [(person, references) for person, references in enrolment.people if references]
    each = max(1, SHEET_PHOTOS // max(1, len(known)))
    faces, names = [], []
    for person, references in known[:SHEET_PHOTOS]:
        for reference in sorted(references, key=lambda reference: -reference.quality)[:each]:
            # a file that went away meanwhile is no reason to stop
            with suppress(InputError):
                faces.append(reference_picture(reference.photo, reference.landmarks))
                names.append(person.display)
    return faces, names


def _side_by_side(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    blank = np.full_like(pictures[0], 255)
    return np.concatenate([*pictures, blank][:3], axis=1)

"""Known people: their photos, the classifier trained on them, and the faces that nobody has named."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    MaterializeResult,
    MetadataValue,
    asset,
)

from vsearch_pipeline.assets.boxes import crop
from vsearch_pipeline.assets.stage import GPU_POOL, GPU_TAG, OWNERS, picture
from vsearch_pipeline.catalog.library import (
    ensure_person,
    replace_reference_faces,
)
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.media.frames import read_rgb
from vsearch_pipeline.media.pictures import contact_sheet
from vsearch_pipeline.media.probe import sha256_file
from vsearch_pipeline.people.gallery import GalleryIssue, Reference, enrol, read_gallery
from vsearch_pipeline.resources.models import FacesResource
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource

SHEET_PHOTOS = 48


@asset(
    group_name="people",
    kinds={"onnx", "dlib", "postgres"},
    owners=OWNERS,
    tags=GPU_TAG,
    code_version="1",
    check_specs=[
        AssetCheckSpec("every_photo_is_used", asset="gallery", description="Each photo shows one clear face.")
    ],
    description="Photos of known people (GROUP/PERSON/*.jpg): the face of each, embedded.",
    pool=GPU_POOL,
    op_tags=GPU_TAG,
)
def gallery(
    context: AssetExecutionContext, catalog: CatalogResource, media: MediaResource, face_models: FacesResource
) -> MaterializeResult:
    folder = Path(media.gallery_dir)
    folder.mkdir(parents=True, exist_ok=True)
    found = read_gallery(folder)
    issues = list(found.issues)
    detector, embedder = face_models.load_detector(), face_models.load_embedder()
    rows: list[dict[str, Any]] = []
    faces: list[Reference] = []
    with catalog.open().begin() as connection:
        producer = producer_id(
            connection, ProducerInfo("gallery", f"{detector.name}+{embedder.name}", embedder.version)
        )
        for person in found.people:
            names = [name for name in (person.display, *person.aliases) if name != person.name]
            person_id = ensure_person(connection, person.group, person.name, names)
            enrolment = enrol(person.photos, detector, embedder)
            issues.extend(enrolment.issues)
            faces.extend(enrolment.references)
            rows.extend(
                {
                    "person_id": person_id,
                    "source": str(reference.photo.relative_to(folder)),
                    "sha256": sha256_file(reference.photo),
                    "quality": reference.quality,
                    "embedding": reference.vector.tolist(),
                    "producer_id": producer,
                }
                for reference in enrolment.references
            )
        replace_reference_faces(connection, embedder.name, rows)
    context.log.info("%d people, %d photos used", len(found.people), len(rows))
    return MaterializeResult(
        metadata={
            "people": len(found.people),
            "photos_used": len(rows),
            "folder": MetadataValue.path(str(folder)),
            "issues": MetadataValue.md(_issue_list(issues, folder)),
            **({"faces": picture(_photo_sheet(faces), "reference faces")} if faces else {}),
        },
        check_results=[
            AssetCheckResult(
                check_name="every_photo_is_used",
                passed=not issues,
                description=f"{len(issues)} photos or folders need a look" if issues else None,
            )
        ],
    )


def _issue_list(issues: Sequence[GalleryIssue], folder: Path) -> str:
    lines = (
        f"- {issue.path.relative_to(folder) if issue.path.is_relative_to(folder) else issue.path}: {issue.reason}"
        for issue in issues[:100]
    )
    return "\n".join(lines) or "*none*"


def _photo_sheet(faces: Sequence[Reference]) -> bytes:
    shown = faces[:SHEET_PHOTOS]
    crops = [crop(read_rgb(face.photo), face.bbox_xyxy) for face in shown]
    return contact_sheet(crops, [face.photo.parent.name for face in shown])

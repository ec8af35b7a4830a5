"""Known people: their photos, the classifier trained on them, and the faces that nobody has named."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
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
    add_classifier,
    ensure_person,
    promoted_classifier,
    reference_faces,
    replace_reference_faces,
    replace_unknown_people,
    unnamed_tracks,
)
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.media.frames import read_rgb
from vsearch_pipeline.media.pictures import contact_sheet
from vsearch_pipeline.media.probe import sha256_file
from vsearch_pipeline.people.classifier import PrototypeClassifier
from vsearch_pipeline.people.clustering import cluster_tracks
from vsearch_pipeline.people.gallery import GalleryIssue, Reference, enrol, read_gallery
from vsearch_pipeline.people.records import Prototype
from vsearch_pipeline.resources.models import FacesResource
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource

CLASSIFIER = "nearest-prototype"
SHEET_PHOTOS = 48
NOT_WORSE = 0.01
"""F1 a new classifier may lose before it counts as worse: one photo among a hundred."""


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


@asset(
    group_name="people",
    deps=["gallery"],
    kinds={"numpy", "postgres"},
    owners=OWNERS,
    code_version="1",
    check_specs=[
        AssetCheckSpec(
            "not_worse_than_the_one_in_use",
            asset="person_classifier",
            description="A classifier that scores lower than the one in use is kept but not promoted.",
        )
    ],
    description="Names faces by the nearest reference faces, with a place for nobody; scored leaving one out.",
)
def person_classifier(
    context: AssetExecutionContext, catalog: CatalogResource, face_models: FacesResource
) -> MaterializeResult:
    embedder = face_models.load_embedder()
    with catalog.open().begin() as connection:
        references = reference_faces(connection, embedder.name)
        in_use = promoted_classifier(connection, embedder.name)
        people: dict[int, list[Any]] = defaultdict(list)
        for row in references:
            people[row.person_id].append(row)
        classifier = PrototypeClassifier.fit(
            [
                Prototype(person, rows[0].group_name, np.array([r.embedding for r in rows], dtype=np.float32))
                for person, rows in people.items()
            ]
        )
        metrics = asdict(classifier.evaluate())
        description, parameters = classifier.state()
        identity = json.dumps([CLASSIFIER, embedder.name, embedder.version, description], sort_keys=True)
        f1_in_use = in_use.metrics["f1"] if in_use else 0.0
        worse = metrics["f1"] < f1_in_use - NOT_WORSE
        add_classifier(
            connection,
            {
                "fingerprint": hashlib.sha256(identity.encode() + parameters).hexdigest(),
                "model": CLASSIFIER,
                "embedding_model": embedder.name,
                "metrics": metrics,
                "description": description,
                "parameters": parameters,
                "promoted": not worse,
            },
        )
    context.log.info("trained on %d faces of %d people", len(references), len(people))
    return MaterializeResult(
        metadata={
            "people": len(people),
            "reference_faces": len(references),
            "promoted": not worse,
            **{name: value for name, value in metrics.items() if name not in {"people", "references"}},
        },
        check_results=[
            AssetCheckResult(
                check_name="not_worse_than_the_one_in_use",
                passed=not worse,
                description=f"F1 {metrics['f1']:.3f}, in use {f1_in_use:.3f}" if worse else None,
            )
        ],
    )


@asset(
    group_name="people",
    deps=["face_labels"],
    kinds={"numpy", "postgres"},
    owners=OWNERS,
    code_version="1",
    description="Faces that got no name, gathered over the whole library into likely people.",
)
def unknown_people(
    context: AssetExecutionContext, catalog: CatalogResource, face_models: FacesResource
) -> MaterializeResult:
    model = face_models.load_embedder().name
    with catalog.open().begin() as connection:
        of_track: dict[tuple[str, int], list[Any]] = defaultdict(list)
        for row in unnamed_tracks(connection, model):
            of_track[row.video_id, row.track_index].append(row.embedding)
        keys = list(of_track)
        # not brought back to length 1, so that a dot product is the mean cosine between two tracks' faces
        means = [np.mean(np.array(vectors, dtype=np.float32), axis=0) for vectors in of_track.values()]
        clusters = cluster_tracks(np.stack(means)) if keys else []
        replace_unknown_people(
            connection, [(cluster.index, *keys[track]) for cluster in clusters for track in cluster.tracks]
        )
    context.log.info("%d tracks in %d clusters", len(keys), len(clusters))
    largest = "\n".join(f"- {len(cluster.tracks)} tracks" for cluster in clusters[:20])
    return MaterializeResult(
        metadata={
            "tracks": len(keys),
            "clusters": len(clusters),
            "largest": MetadataValue.md(largest or "*nobody unknown*"),
        }
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

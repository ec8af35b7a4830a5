"""Who is on screen: the classifier of known people, the label of each track, and the people without a name."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
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

from vsearch_pipeline.assets.stage import (
    OWNERS,
    RETRIES,
    SEVERAL_VIDEOS,
    VIDEOS,
    Output,
    Stage,
    Work,
    picture,
    run_stage,
)
from vsearch_pipeline.catalog.library import (
    add_classifier,
    list_people,
    promoted_classifier,
    reference_faces,
    replace_unknown_people,
    unnamed_tracks,
)
from vsearch_pipeline.catalog.models import Face, FaceEmbedding, FaceLabel, FaceTrack
from vsearch_pipeline.catalog.stages import ProducerInfo, read_rows
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.media.pictures import people_timeline
from vsearch_pipeline.people.classifier import PrototypeClassifier
from vsearch_pipeline.people.clustering import cluster_tracks
from vsearch_pipeline.people.records import Prototype
from vsearch_pipeline.resources.models import FacesResource
from vsearch_pipeline.resources.storage import CatalogResource
from vsearch_pipeline.timeline import TimeRange

FACE_LABELS = Stage(
    "face_labels",
    inputs=("face_tracks",),
    checks=(
        AssetCheckSpec(
            "nobody_is_in_two_places",
            asset="face_labels",
            description="No person is named twice in one instant.",
        ),
    ),
)
CLASSIFIER = "nearest-prototype"
LANES = 12
NOT_WORSE = 0.01
"""F1 a new classifier may lose before it counts as worse: one photo among a hundred."""


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
    deps=["face_tracks", "person_classifier"],
    kinds={"numpy", "postgres"},
    owners=OWNERS,
    code_version="1",
    check_specs=FACE_LABELS.checks,
    description="Who each track is, or nobody known, by the classifier in use.",
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def face_labels(
    context: AssetExecutionContext, catalog: CatalogResource, face_models: FacesResource
) -> Iterator[MaterializeResult]:
    embedding_model = face_models.load_embedder().name
    with catalog.open().begin() as connection:
        row = promoted_classifier(connection, embedding_model)
        names = {person.id: person.name for person in list_people(connection)}
    classifier = PrototypeClassifier.restore(row.description, row.parameters) if row else None

    def compute(record: VideoRecord) -> Output:
        with catalog.open().begin() as connection:
            tracks = read_rows(connection, FaceTrack, record.id, "index")
            embeddings = read_rows(connection, FaceEmbedding, record.id, "track_index", "face_index")
            quality = {face.index: face.quality for face in read_rows(connection, Face, record.id, "index")}
        of_track: dict[int, list[Any]] = defaultdict(list)
        for embedding in embeddings:
            of_track[embedding.track_index].append(embedding)
        rows: list[dict[str, Any]] = []
        for track in tracks:
            own = of_track[track.index]
            label = None
            if classifier is not None and own:
                vectors = np.array([e.embedding for e in own], dtype=np.float32)
                label = classifier.label(vectors, [quality[e.face_index] for e in own])
            rows.append(
                {
                    "track_index": track.index,
                    "person_id": label.person_id if label else None,
                    "confidence": label.confidence if label else 0.0,
                    "runner_up_id": label.runner_up_id if label else None,
                    "runner_up_confidence": label.runner_up_confidence if label else 0.0,
                }
            )
        lanes: dict[str, list[TimeRange]] = {}
        for track, label_row in zip(tracks, rows, strict=True):
            name = names.get(label_row["person_id"], "unknown")
            lanes.setdefault(name, []).append(TimeRange(track.start_ms, track.end_ms))
        twice = [
            name
            for name, spans in lanes.items()
            if name != "unknown" and any(a.overlap_ms(b) for i, a in enumerate(spans) for b in spans[i + 1 :])
        ]
        shown = sorted(lanes.items(), key=lambda lane: -sum(span.duration_ms for span in lane[1]))[:LANES]
        return Output(
            rows={FaceLabel: rows},
            metadata={
                "face_labels": {
                    "tracks": len(tracks),
                    "named": sum(r["person_id"] is not None for r in rows),
                    "people": ", ".join(sorted(lanes.keys() - {"unknown"})) or "nobody known",
                    **(
                        {"timeline": picture(people_timeline(shown, record.duration_ms or 1), "people")}
                        if shown
                        else {}
                    ),
                }
            },
            problems={"nobody_is_in_two_places": ", ".join(twice)} if twice else {},
        )

    mark = row.fingerprint if row else "no classifier"
    producer = ProducerInfo("face_labels", row.model if row else "none", "1")
    yield from run_stage(context, catalog.open(), Work(FACE_LABELS, producer, compute, also=[mark]))


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

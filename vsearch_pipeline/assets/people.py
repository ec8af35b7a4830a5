"""Who is on screen: the classifier of known people, the label of each track, and the people without a name."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    MaterializeResult,
    MetadataValue,
    asset,
)
from sqlalchemy import Connection

from vsearch_pipeline.assets.people_pictures import confusion_picture, face_sheet
from vsearch_pipeline.assets.stage import (
    OWNERS,
    RETRIES,
    SEVERAL_VIDEOS,
    VIDEOS,
    Output,
    Stage,
    Work,
    each,
    picture,
    run_stage,
)
from vsearch_pipeline.catalog.identities import Track, live_marks, read_tracks
from vsearch_pipeline.catalog.library import add_classifier, list_people, merged_people, promoted_classifier
from vsearch_pipeline.catalog.locks import lock_people
from vsearch_pipeline.catalog.models import FaceLabel
from vsearch_pipeline.catalog.stages import ProducerInfo
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.editing.clusters import gather_clusters
from vsearch_pipeline.editing.labelling import TrackLabel, label_tracks
from vsearch_pipeline.editing.marks import verdicts
from vsearch_pipeline.editing.people import ClusterSummary, summarize_clusters
from vsearch_pipeline.editing.training import propose_classifier
from vsearch_pipeline.media.pictures import people_timeline
from vsearch_pipeline.people.classifier import PersonClassifier
from vsearch_pipeline.resources.models import FacesResource
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
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
LANES = 12
SHOWN_CLUSTERS = 10
SHOWN_FACES = 6


@asset(
    group_name="people",
    deps=["gallery"],
    kinds={"numpy", "postgres"},
    owners=OWNERS,
    code_version="2",
    check_specs=[
        AssetCheckSpec(
            "not_worse_than_the_one_in_use",
            asset="person_classifier",
            description="A classifier that scores lower than the one in use is kept but not promoted.",
        )
    ],
    description="Names faces by group and member, with a place for nobody; trained on photos and corrections.",
)
def person_classifier(
    context: AssetExecutionContext, catalog: CatalogResource, face_models: FacesResource
) -> MaterializeResult:
    embedder = face_models.load_embedder()
    with catalog.open().begin() as connection:
        candidate = propose_classifier(connection, embedder, face_models.step_ms)
        names = {person.id: str(person) for person in list_people(connection)}
        description, parameters = candidate.classifier.state()
        add_classifier(
            connection,
            {
                "fingerprint": candidate.fingerprint,
                "model": candidate.metrics["head"],
                "embedding_model": embedder.name,
                "metrics": candidate.metrics,
                "description": description,
                "parameters": parameters,
                "promoted": candidate.worse is None,
            },
        )
    lessons = candidate.lessons
    faces_used = {"photos": lessons.photos, "marked_faces": lessons.marked, "negatives": len(lessons.negatives)}
    context.log.info("trained on %s of %d people", faces_used, len(lessons.people))
    return MaterializeResult(
        metadata={
            "people": len(lessons.people),
            **faces_used,
            "promoted": candidate.worse is None,
            **_metrics_shown(candidate.metrics, names),
        },
        check_results=[
            AssetCheckResult(
                check_name="not_worse_than_the_one_in_use",
                passed=candidate.worse is None,
                description=candidate.worse,
            )
        ],
    )


def _metrics_shown(metrics: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    shown: dict[str, Any] = {"head": metrics["head"], "scores": metrics.get("scores", {})}
    for part in ("group", "member", "open_set"):
        shown |= {f"{part}_{name}": round(value, 4) for name, value in (metrics.get(part) or {}).items()}
    people = metrics["per_person"]
    if people:
        lines = ["| person | faces | recall | threshold |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {names.get(entry['person_id'], '?')} | {entry['references']} |"
            f" {'' if entry['recall'] is None else format(entry['recall'], '.0%')} | {entry['threshold']:.3f} |"
            for entry in people
        ]
        shown["per_person"] = MetadataValue.md("\n".join(lines))
        labels = [names.get(entry["person_id"], "?") for entry in people]
        shown["confusion"] = picture(confusion_picture(metrics["confusion"], labels), "confusion")
    return shown


@asset(
    group_name="people",
    deps=["face_tracks", "person_classifier"],
    kinds={"numpy", "postgres"},
    owners=OWNERS,
    code_version="2",
    check_specs=FACE_LABELS.checks,
    description="Who each track is: what a person said, else the classifier in use, or nobody known.",
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def face_labels(
    context: AssetExecutionContext, catalog: CatalogResource, face_models: FacesResource
) -> Iterator[MaterializeResult]:
    embedder = face_models.load_embedder()
    with catalog.open().begin() as connection:
        row = promoted_classifier(connection, embedder.name)
        people = list_people(connection)
        merged = merged_people(connection)
    groups = {person.id: person.group for person in people}
    names = {person.id: person.name for person in people}
    classifier = PersonClassifier.restore(row.description, row.parameters) if row else PersonClassifier.of_nobody()

    def compute(record: VideoRecord) -> Output:
        with catalog.open().begin() as connection:
            tracks = read_tracks(connection, record.id, embedder.name)
            said = verdicts(live_marks(connection, record.id), tracks, face_models.step_ms)
        labels = label_tracks(classifier, tracks, said, merged=merged, groups=groups)
        return _labelled(record, tracks, labels, names)

    def also(connection: Connection, video_id: str) -> Sequence[str]:
        """Who names, and what people said: labels are computed again where a mark changed, and only there."""
        said = [
            (mark.anchor.time_ms, mark.anchor.bbox_xyxy, mark.kind, mark.person_id)
            for mark in live_marks(connection, video_id)
            if mark.kind != "group"  # gathers unknown people, names nobody
        ]
        known = sorted((old, merged[old]) for old in merged.keys() & set(classifier.person_ids))
        return row.fingerprint if row else "no classifier", json.dumps([known, said])

    producer = ProducerInfo("face_labels", row.model if row else "none", "2")
    yield from run_stage(context, catalog.open(), Work(FACE_LABELS, producer, each(compute), also=also))


def _labelled(
    record: VideoRecord, tracks: Sequence[Track], labels: Sequence[TrackLabel], names: Mapping[int, str]
) -> Output:
    lanes: dict[str, list[TimeRange]] = {}
    spans: dict[int, list[TimeRange]] = {}
    for track, label in zip(tracks, labels, strict=True):
        name = names[label.person_id] if label.person_id is not None else "unknown"
        lanes.setdefault(name, []).append(track.span)
        if label.person_id is not None:
            spans.setdefault(label.person_id, []).append(track.span)
    twice = [
        names[person]
        for person, own in spans.items()
        if any(a.overlap_ms(b) for i, a in enumerate(own) for b in own[i + 1 :])
    ]
    shown = sorted(lanes.items(), key=lambda lane: -sum(span.duration_ms for span in lane[1]))[:LANES]
    timeline = picture(people_timeline(shown, record.duration_ms or 1), "people") if shown else "nobody on screen"
    return Output(
        rows={FaceLabel: [asdict(label) for label in labels]},
        metadata={
            "face_labels": {
                "tracks": len(tracks),
                "named": sum(label.person_id is not None for label in labels),
                "named_by_a_person": sum(label.decided_by == "person" for label in labels),
                "people": ", ".join(sorted(names[person] for person in spans)) or "nobody known",
                "timeline": timeline,
            }
        },
        problems={"nobody_is_in_two_places": ", ".join(twice)} if twice else {},
    )


@asset(
    group_name="people",
    deps=["face_labels"],
    kinds={"numpy", "postgres"},
    owners=OWNERS,
    code_version="2",
    description="Faces that got no name, gathered over the whole library into likely people with lasting numbers.",
)
def unknown_people(
    context: AssetExecutionContext, catalog: CatalogResource, media: MediaResource, face_models: FacesResource
) -> MaterializeResult:
    model = face_models.load_embedder().name
    with catalog.open().begin() as connection:
        lock_people(connection)
        gather_clusters(connection, model, face_models.step_ms)
        found = summarize_clusters(connection, model)
    tracks = sum(len(cluster.tracks) for cluster in found)
    context.log.info("%d tracks in %d clusters", tracks, len(found))
    largest = found[:SHOWN_CLUSTERS]
    sheet = face_sheet(
        ((best, f"cluster {cluster.cluster}") for cluster in largest for best in cluster.best[:SHOWN_FACES]),
        media.frame,
    )
    return MaterializeResult(
        metadata={
            "tracks": tracks,
            "clusters": len(found),
            "largest": MetadataValue.md(_cluster_table(largest) if found else "*nobody unknown*"),
            **({"faces": picture(sheet, "unknown people")} if sheet else {}),
        }
    )


def _cluster_table(clusters: Sequence[ClusterSummary]) -> str:
    lines = ["| cluster | tracks | videos | seconds |", "| --- | --- | --- | --- |"]
    lines += [f"| {c.cluster} | {len(c.tracks)} | {c.videos} | {c.seconds:.1f} |" for c in clusters]
    return "\n".join(lines)

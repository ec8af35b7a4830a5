"""A library made of rows alone: people's faces as vectors, tracks of them in videos, no models and no files."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from vsearch_pipeline.catalog.identities import TrackRef
from vsearch_pipeline.catalog.models import Face, FaceEmbedding, FaceLabel, FaceTrack
from vsearch_pipeline.catalog.segments import Place
from vsearch_pipeline.catalog.stages import ProducerInfo, finish_stage, producer_id, replace_rows
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.people.records import Vectors
from vsearch_pipeline.timeline import TimeRange

DIM = 256
STEP_MS = 500


@dataclass(frozen=True)
class ToyEmbedder:
    """Only what services ask of an embedder: its name; one of its own keeps tests that commit apart."""

    name: str
    version: str = "1"
    dim: int = DIM

    def embed(self, images: Sequence[object], faces: Sequence[Sequence[object]]) -> list[Vectors]:
        raise AssertionError(
            f"no picture is looked at here, but {len(images)} with {len(faces)} lists of faces were"
        )


def toy_embedder() -> ToyEmbedder:
    return ToyEmbedder(f"toy-{uuid.uuid4().hex[:8]}")


def looks(person: str, face: int = 0, noise: float = 0.2) -> list[float]:
    """A unit vector: faces of one person have cosines near 0.96, of two people near 0."""
    centre = np.random.default_rng(list(person.encode())).normal(size=DIM)
    own = np.random.default_rng([*person.encode(), face]).normal(size=DIM)
    vector = centre + noise * own
    return (vector / np.linalg.norm(vector)).tolist()


def automatic(span: TimeRange) -> Place:
    """Where a segment of the models' own stands."""
    return Place(span, span)


def add_video(connection: Connection, title: str = "a clip") -> str:
    video_id = f"clip-{uuid.uuid4().hex[:10]}"
    insert_video(connection, VideoRecord(video_id, title, "file", uuid.uuid4().hex, "test", duration_ms=60_000))
    return video_id


def add_tracks(
    connection: Connection,
    video_id: str,
    people: Sequence[str],
    model: str,
    *,
    order: Sequence[int] | None = None,
    jitter: float = 0.0,
    mark: str | None = None,
    noise: float = 0.2,
) -> list[TrackRef]:
    """Replace the video's faces by tracks of three faces, one track a person of `people`, side by side in time.

    Args:
        order: in which the tracks are numbered, as a new run might.
        jitter: how far boxes are moved, in shares of the frame; a box is 0.2 wide and high.
        mark: fingerprint of the tracks; new by default.

    Returns:
        the track of each of `people`.
    """
    order = list(range(len(people))) if order is None else order
    faces, tracks, embeddings = [], [], []
    for index, place in enumerate(order):
        own = []
        for number in range(3):
            face = len(faces)
            left = 0.1 + 0.25 * (place % 3) + jitter
            faces.append(
                {
                    "index": face,
                    "frame_index": number,
                    "shot_index": place // 3,
                    "time_ms": place // 3 * 5000 + number * STEP_MS,
                    "bbox_xyxy": [left, 0.3 + jitter, left + 0.2, 0.5 + jitter],
                    "landmarks": [0.0] * 10,
                    "score": 0.9,
                    "quality": 0.5 + 0.1 * number,
                }
            )
            embeddings.append(
                {
                    "face_index": face,
                    "track_index": index,
                    "model": model,
                    "embedding": looks(people[place], 100 * place + number, noise),
                }
            )
            own.append(face)
        start = faces[own[0]]["time_ms"]
        tracks.append(
            {
                "index": index,
                "shot_index": place // 3,
                "start_ms": start,
                "end_ms": start + 3 * STEP_MS,
                "faces": own,
                "best": own,
            }
        )
    producer = producer_id(connection, ProducerInfo("face_tracks", model, "1"))
    replace_rows(connection, video_id, producer, {Face: faces, FaceTrack: tracks, FaceEmbedding: embeddings})
    _finish(connection, video_id, "face_tracks", mark or uuid.uuid4().hex, producer)
    label_nobody(connection, video_id, len(tracks))
    return [TrackRef(video_id, list(order).index(place)) for place in range(len(people))]


def label_nobody(connection: Connection, video_id: str, tracks: int) -> None:
    write_labels(connection, video_id, [None] * tracks)


def write_labels(connection: Connection, video_id: str, people: Iterable[int | None]) -> None:
    """Labels as the classifier would have written them."""
    producer = producer_id(connection, ProducerInfo("face_labels", "toy", "1"))
    rows = [
        {
            "track_index": index,
            "person_id": person,
            "confidence": 0.9,
            "runner_up_id": None,
            "runner_up_confidence": 0.0,
            "model_person_id": person,
            "model_confidence": 0.9,
        }
        for index, person in enumerate(people)
    ]
    replace_rows(connection, video_id, producer, {FaceLabel: rows})
    _finish(connection, video_id, "face_labels", uuid.uuid4().hex, producer)


def _finish(connection: Connection, video_id: str, stage: str, mark: str, producer: int) -> None:
    finish_stage(connection, video_id, stage, mark=mark, producer=producer, run_id="test", seconds=0.0)

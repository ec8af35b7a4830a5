"""What people said about faces, and the faces, tracks and clusters they said it about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select
from sqlalchemy.dialects.postgresql import array

from vsearch_pipeline.catalog.human import take_marks
from vsearch_pipeline.catalog.library import survivor
from vsearch_pipeline.catalog.models import (
    Face,
    FaceEmbedding,
    FaceLabel,
    FaceMark,
    FaceTrack,
    Operation,
    Person,
    StageRun,
    UnknownPerson,
    Video,
)
from vsearch_pipeline.catalog.stages import read_rows
from vsearch_pipeline.people.quality import DECIDING_QUALITY
from vsearch_pipeline.people.records import Box, Vectors
from vsearch_pipeline.timeline import TimeRange

MarkKind = Literal["is", "is_not", "group"]


@dataclass(frozen=True, slots=True, order=True)
class TrackRef:
    """A track as people write it: `VIDEO:INDEX`. It lasts until the video's faces are detected anew."""

    video_id: str
    index: int

    def __str__(self) -> str:
        return f"{self.video_id}:{self.index}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A face in a picture, whatever number a run gave it; the box is in shares (0..1) of the frame."""

    video_id: str
    time_ms: int
    bbox_xyxy: Box


@dataclass(frozen=True, slots=True)
class Mark:
    """A person's word about a face; `person_id` is the one a merged person turned out to be."""

    id: int
    anchor: Anchor
    kind: MarkKind
    person_id: int | None = None
    group_id: int | None = None


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face of a track; the box is in shares (0..1) of the frame."""

    index: int
    frame_index: int
    time_ms: int
    bbox_xyxy: Box
    quality: float


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A face followed through a shot, with what is known of its looks.

    Attributes:
        faces: in order of time.
        embedded: indices (into the video's faces) of the embedded ones, ascending.
        vectors: (len(embedded), dim) float32 unit rows; (0, 0) where no face was worth it.
    """

    video_id: str
    index: int
    span: TimeRange
    faces: tuple[SeenFace, ...]
    embedded: tuple[int, ...]
    vectors: Vectors

    @property
    def ref(self) -> TrackRef:
        return TrackRef(self.video_id, self.index)

    @property
    def clearest(self) -> SeenFace:
        """The face of the highest quality, the earliest on a tie."""
        return max(self.faces, key=lambda face: (face.quality, -face.index))

    @property
    def anchor(self) -> Anchor:
        return Anchor(self.video_id, self.clearest.time_ms, self.clearest.bbox_xyxy)

    @property
    def qualities(self) -> list[float]:
        """Of the embedded faces, in their order, 0..1."""
        quality = {face.index: face.quality for face in self.faces}
        return [quality[index] for index in self.embedded]

    @property
    def deciding(self) -> tuple[int, ...]:
        """Rows of `vectors` whose faces are clear enough to decide who it is; there may be none."""
        return tuple(row for row, quality in enumerate(self.qualities) if quality >= DECIDING_QUALITY)

    @property
    def look(self) -> Vectors:
        """(dim,) mean of the deciding faces; zeros where none decides, like nothing and gathered by hand only.

        It is not of length 1, so that the product of two tracks' is the mean cosine between their faces.
        """
        rows = list(self.deciding)
        mean: Vectors = self.vectors[rows].mean(axis=0) if rows else np.zeros(self.vectors.shape[1], np.float32)
        return mean


# --- operations -------------------------------------------------------------------------------------------------


def last_people_operation(connection: Connection) -> int:
    """Id of the newest operation on people or faces, 0 where there is none; what takes one back is one as well."""
    touches = Operation.after.has_any(array(["person", "mark"]))
    on_people = Operation.kind.like("people.%") | (Operation.kind.like("history.%") & touches)
    newest = select(func.coalesce(func.max(Operation.id), 0)).where(on_people)
    return int(connection.execute(newest).scalar_one())


# --- marks ------------------------------------------------------------------------------------------------------


def live_marks(connection: Connection, video_id: str | None = None) -> list[Mark]:
    """Marks that nobody took back, of one video or of all, in the order in which they were made."""
    wanted: list[ColumnElement[bool]] = [FaceMark.revoked_by.is_(None)]
    if video_id is not None:
        wanted.append(FaceMark.video_id == video_id)
    return _read_marks(connection, *wanted)


def read_marks(connection: Connection, ids: Collection[int]) -> dict[int, Mark]:
    """Marks by id, also those that were taken back."""
    return {mark.id: mark for mark in _read_marks(connection, FaceMark.id.in_(ids))} if ids else {}


def _read_marks(connection: Connection, *wanted: ColumnElement[bool]) -> list[Mark]:
    statement = (
        select(
            FaceMark.id,
            FaceMark.video_id,
            FaceMark.time_ms,
            FaceMark.bbox_xyxy,
            FaceMark.kind,
            survivor().label("person_id"),
            FaceMark.group_id,
        )
        .outerjoin(Person, Person.id == FaceMark.person_id)
        .where(*wanted)
        .order_by(FaceMark.id)
    )
    return [
        Mark(row.id, Anchor(row.video_id, row.time_ms, _box(row.bbox_xyxy)), row.kind, row.person_id, row.group_id)
        for row in connection.execute(statement)
    ]


def new_marks(
    connection: Connection,
    kind: MarkKind,
    anchors: Collection[Anchor],
    *,
    person_id: int | None = None,
    group_id: int | None = None,
) -> list[Mark]:
    """Marks with numbers of their own, to be written by an edit."""
    numbers = take_marks(connection, len(anchors))
    return [Mark(n, anchor, kind, person_id, group_id) for n, anchor in zip(numbers, anchors, strict=True)]


def add_marks(connection: Connection, operation: int, marks: Iterable[Mark]) -> None:
    """Write new marks; they are never changed or deleted."""
    rows = [
        {
            "id": mark.id,
            "video_id": mark.anchor.video_id,
            "time_ms": mark.anchor.time_ms,
            "bbox_xyxy": list(mark.anchor.bbox_xyxy),
            "kind": mark.kind,
            "person_id": mark.person_id,
            "group_id": mark.group_id,
            "operation_id": operation,
        }
        for mark in marks
    ]
    if rows:
        connection.execute(insert(FaceMark), rows)


# --- tracks -----------------------------------------------------------------------------------------------------


def read_tracks(connection: Connection, video_id: str, model: str | None) -> list[Track]:
    """The video's tracks in order, with the vectors of one embedding model; of none where looks do not matter."""
    faces = {
        row.index: SeenFace(row.index, row.frame_index, row.time_ms, _box(row.bbox_xyxy), row.quality)
        for row in read_rows(connection, Face, video_id, "index")
    }
    embedded: dict[int, list[Any]] = defaultdict(list)
    for row in read_rows(connection, FaceEmbedding, video_id, "face_index") if model is not None else ():
        if row.model == model:
            embedded[row.track_index].append(row)
    return [
        Track(
            video_id,
            row.index,
            TimeRange(row.start_ms, row.end_ms),
            tuple(faces[index] for index in row.faces),
            tuple(e.face_index for e in embedded[row.index]),
            np.array([e.embedding for e in embedded[row.index]], dtype=np.float32)
            if embedded[row.index]
            else np.empty((0, 0), np.float32),
        )
        for row in read_rows(connection, FaceTrack, video_id, "index")
    ]


def tracks_marks(connection: Connection) -> dict[str, str]:
    """Fingerprint of the tracks of each video that has any, in a fixed order of videos."""
    rows = connection.execute(
        select(StageRun.video_id, StageRun.fingerprint)
        .where(StageRun.stage == "face_tracks")
        .order_by(StageRun.video_id)
    )
    return dict(rows.tuples().all())


@dataclass(frozen=True, slots=True)
class StoredLabel:
    """The label of a track as search sees it now."""

    track_index: int
    person_id: int | None
    confidence: float


def stored_labels(connection: Connection, video_id: str) -> dict[int, StoredLabel]:
    """Labels of a video by track; a merged person is already the other."""
    statement = (
        select(FaceLabel.track_index, survivor().label("person_id"), FaceLabel.confidence)
        .outerjoin(Person, Person.id == FaceLabel.person_id)
        .where(FaceLabel.video_id == video_id)
    )
    return {
        row.track_index: StoredLabel(row.track_index, row.person_id, row.confidence)
        for row in connection.execute(statement)
    }


def video_titles(connection: Connection) -> dict[str, str]:
    return dict(connection.execute(select(Video.id, Video.title)).tuples().all())


# --- clusters of unknown people ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Member:
    """A track in a cluster; out of date where the video's tracks are not the ones that were clustered."""

    cluster: int
    ref: TrackRef
    anchor: Anchor
    out_of_date: bool


def cluster_members(connection: Connection, cluster: int | None = None) -> list[Member]:
    """Tracks of one cluster or of all, by cluster, video and index; without those that have a name by now."""
    statement = (
        select(
            UnknownPerson.cluster,
            UnknownPerson.video_id,
            UnknownPerson.track_index,
            UnknownPerson.time_ms,
            UnknownPerson.bbox_xyxy,
            (UnknownPerson.tracks_mark != func.coalesce(StageRun.fingerprint, "")).label("out_of_date"),
        )
        .outerjoin(StageRun, (StageRun.video_id == UnknownPerson.video_id) & (StageRun.stage == "face_tracks"))
        .outerjoin(
            FaceLabel,
            (FaceLabel.video_id == UnknownPerson.video_id) & (FaceLabel.track_index == UnknownPerson.track_index),
        )
        .where(FaceLabel.person_id.is_(None))
        .order_by(UnknownPerson.cluster, UnknownPerson.video_id, UnknownPerson.track_index)
    )
    if cluster is not None:
        statement = statement.where(UnknownPerson.cluster == cluster)
    return [
        Member(
            row.cluster,
            TrackRef(row.video_id, row.track_index),
            Anchor(row.video_id, row.time_ms, _box(row.bbox_xyxy)),
            row.out_of_date,
        )
        for row in connection.execute(statement)
    ]


def replace_clusters(connection: Connection, clusters: Mapping[int, Sequence[Track]]) -> None:
    """Set the clusters of unnamed tracks, by their numbers."""
    marks = tracks_marks(connection)
    connection.execute(delete(UnknownPerson))
    rows = [
        {
            "cluster": cluster,
            "video_id": track.video_id,
            "track_index": track.index,
            "time_ms": track.anchor.time_ms,
            "bbox_xyxy": list(track.anchor.bbox_xyxy),
            "tracks_mark": marks[track.video_id],
        }
        for cluster, tracks in clusters.items()
        for track in tracks
    ]
    if rows:
        connection.execute(insert(UnknownPerson), rows)


def _box(values: Sequence[float]) -> Box:
    x1, y1, x2, y2 = values
    return (x1, y1, x2, y2)

"""Faces as people look at them: which have a name, the clearest picture of each, the moment it is seen in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from vsearch_pipeline.catalog.identities import SeenFace, TrackRef
from vsearch_pipeline.timeline import TimeRange


@dataclass(frozen=True, slots=True)
class LabelledTrack:
    """A track with the name that runs gave it.

    Attributes:
        person_id: whom the run knew, who may have been merged since; None for nobody.
        confidence: of the name, 0..1.
    """

    ref: TrackRef
    span: TimeRange
    person_id: int | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """A track to look at.

    Attributes:
        face: the clearest of its best faces; None where it has none.
        segment_id: the moment in which that face is seen; None where there is none.
    """

    ref: TrackRef
    title: str
    span: TimeRange
    face: SeenFace | None
    segment_id: int | None


@dataclass(frozen=True, slots=True)
class ClusterSize:
    cluster: int
    tracks: int
    videos: int
    shown_ms: int


@dataclass(frozen=True, slots=True)
class Likely:
    """Who the classifier holds likeliest for tracks without a name; `weight` is the sum of its confidences."""

    person_id: int
    weight: float


@dataclass(frozen=True, slots=True)
class FacesMark:
    """Another one whenever who is who may have changed: by an edit, by new photos, or by a run."""

    operation: int
    photo: int
    runs: str


def faces_mark(connection: Connection) -> FacesMark:
    row = connection.execute(
        text(
            """
            select coalesce((select max(id) from operations), 0) as operation,
                coalesce((select max(id) from reference_faces), 0) as photo,
                concat_ws(' ', count(*), max(finished_at)) as runs
            from stage_runs where stage in ('face_tracks', 'face_labels', 'segments')
            """
        )
    ).one()
    return FacesMark(row.operation, row.photo, row.runs)


def labelled_tracks(connection: Connection) -> list[LabelledTrack]:
    """The tracks that have a name, by video and index."""
    rows = connection.execute(
        text(
            """
            select label.video_id, label.track_index, track.start_ms, track.end_ms, label.confidence,
                label.person_id
            from face_labels label
            join face_tracks track on track.video_id = label.video_id and track.index = label.track_index
            where label.person_id is not null order by label.video_id, label.track_index
            """
        )
    )
    return [_labelled(row) for row in rows]


def label_of_tracks(connection: Connection, refs: Collection[TrackRef]) -> dict[TrackRef, LabelledTrack]:
    """Those of these tracks that are there, with or without a name."""
    rows = connection.execute(
        text(
            """
            select track.video_id, track.index as track_index, track.start_ms, track.end_ms,
                coalesce(label.confidence, 0) as confidence, label.person_id
            from unnest(cast(:videos as text[]), cast(:indexes as int[])) wanted (video_id, index)
            join face_tracks track on track.video_id = wanted.video_id and track.index = wanted.index
            left join face_labels label on label.video_id = track.video_id and label.track_index = track.index
            """
        ),
        _keys(refs),
    )
    return {labelled.ref: labelled for labelled in map(_labelled, rows)}


def _labelled(row: Any) -> LabelledTrack:
    return LabelledTrack(
        TrackRef(row.video_id, row.track_index),
        TimeRange(row.start_ms, row.end_ms),
        row.person_id,
        row.confidence,
    )


def read_sightings(connection: Connection, refs: Sequence[TrackRef]) -> list[Sighting]:
    """Those of these tracks that are there, in the order given."""
    rows = connection.execute(
        text(
            """
            select track.video_id, track.index as track_index, videos.title, track.start_ms, track.end_ms, face.*,
                moment.segment_id
            from unnest(cast(:videos as text[]), cast(:indexes as int[])) with ordinality
                wanted (video_id, index, place)
            join face_tracks track on track.video_id = wanted.video_id and track.index = wanted.index
            join videos on videos.id = track.video_id
            left join lateral (
                select f.index as face_index, f.frame_index, f.time_ms, f.bbox_xyxy, f.quality
                from unnest(case when cardinality(track.best) > 0 then track.best else track.faces end) one (index)
                join faces f on f.video_id = track.video_id and f.index = one.index
                order by f.quality desc, f.index limit 1
            ) face on true
            left join lateral (
                select id as segment_id from segments
                where segments.video_id = track.video_id and shown
                    and start_ms <= coalesce(face.time_ms, track.start_ms)
                    and end_ms > coalesce(face.time_ms, track.start_ms)
                order by start_ms desc, id limit 1
            ) moment on true
            order by wanted.place
            """
        ),
        _keys(refs),
    )
    return [
        Sighting(
            TrackRef(row.video_id, row.track_index),
            row.title,
            TimeRange(row.start_ms, row.end_ms),
            SeenFace(row.face_index, row.frame_index, row.time_ms, tuple(row.bbox_xyxy), row.quality)
            if row.face_index is not None
            else None,
            row.segment_id,
        )
        for row in rows
    ]


def clearest_first(connection: Connection, refs: Collection[TrackRef]) -> list[TrackRef]:
    """Those of these tracks that show a face, the clearest first."""
    rows = connection.execute(
        text(
            """
            select track.video_id, track.index as track_index, max(face.quality) as quality
            from unnest(cast(:videos as text[]), cast(:indexes as int[])) wanted (video_id, index)
            join face_tracks track on track.video_id = wanted.video_id and track.index = wanted.index
            cross join unnest(case when cardinality(track.best) > 0 then track.best else track.faces end)
                one (index)
            join faces face on face.video_id = track.video_id and face.index = one.index
            group by track.video_id, track.index order by quality desc, track.video_id, track.index
            """
        ),
        _keys(refs),
    )
    return [TrackRef(row.video_id, row.track_index) for row in rows]


_GATHERED: Final = """
    from unknown_people unknown
    join stage_runs run on run.video_id = unknown.video_id and run.stage = 'face_tracks'
        and run.fingerprint = unknown.tracks_mark
    join face_tracks track on track.video_id = unknown.video_id and track.index = unknown.track_index
    left join face_labels label on label.video_id = unknown.video_id and label.track_index = unknown.track_index
    where label.person_id is null
"""
"""The tracks of clusters, without those that have a name by now, or were found anew since."""


def cluster_sizes(connection: Connection) -> list[ClusterSize]:
    """The clusters of unknown people, the one with most tracks first."""
    rows = connection.execute(
        text(
            f"""
            select unknown.cluster, count(*) as tracks, count(distinct unknown.video_id) as videos,
                sum(track.end_ms - track.start_ms) as shown_ms
            {_GATHERED}
            group by unknown.cluster order by tracks desc, unknown.cluster
            """
        )
    )
    return [ClusterSize(row.cluster, row.tracks, row.videos, int(row.shown_ms)) for row in rows]


def unsorted_tracks(connection: Connection, model: str) -> list[TrackRef]:
    """Tracks that no run gave a name and that are in no cluster, though they have a vector of this model."""
    rows = connection.execute(
        text(
            """
            select label.video_id, label.track_index from face_labels label
            join stage_runs run on run.video_id = label.video_id and run.stage = 'face_tracks'
            left join unknown_people unknown on unknown.video_id = label.video_id
                and unknown.track_index = label.track_index and unknown.tracks_mark = run.fingerprint
            where label.person_id is null and unknown.cluster is null and exists (
                select from face_embeddings embedding
                where embedding.video_id = label.video_id and embedding.track_index = label.track_index
                    and embedding.model = :model
            )
            """
        ),
        {"model": model},
    )
    return [TrackRef(row.video_id, row.track_index) for row in rows]


def tracks_of_clusters(connection: Connection, clusters: Collection[int]) -> dict[int, list[TrackRef]]:
    """The tracks of each of these clusters that is there, by video and index."""
    found: dict[int, list[TrackRef]] = {}
    rows = connection.execute(
        text(
            f"""
            select unknown.cluster, unknown.video_id, unknown.track_index {_GATHERED}
                and unknown.cluster = any(cast(:clusters as int[]))
            order by unknown.cluster, unknown.video_id, unknown.track_index
            """
        ),
        {"clusters": list(clusters)},
    )
    for row in rows:
        found.setdefault(row.cluster, []).append(TrackRef(row.video_id, row.track_index))
    return found


def likely_people(connection: Connection, clusters: Collection[int]) -> dict[int, list[Likely]]:
    """Who the classifier holds likeliest for each of these clusters, the likeliest first."""
    found: dict[int, list[Likely]] = {}
    rows = connection.execute(
        text(
            f"""
            select cluster, coalesce(people.merged_into, people.id) as person_id, sum(confidence) as weight
            from (
                select unknown.cluster, label.runner_up_id, label.runner_up_confidence as confidence {_GATHERED}
                    and unknown.cluster = any(cast(:clusters as int[]))
            ) unnamed
            join people on people.id = unnamed.runner_up_id
            group by 1, 2 order by 1, 3 desc, 2
            """  # noqa: S608 - a constant of this module
        ),
        {"clusters": list(clusters)},
    )
    for row in rows:
        found.setdefault(row.cluster, []).append(Likely(row.person_id, row.weight))
    return found


@dataclass(frozen=True, slots=True)
class MomentCount:
    moments: int
    videos: int


def moment_counts(connection: Connection) -> Mapping[int, MomentCount]:
    """How many moments show each person, as search knows it."""
    rows = connection.execute(
        text(
            """
            select coalesce(people.merged_into, people.id) as person_id, count(*) as moments,
                count(distinct video_id) as videos
            from segments cross join unnest(segments.people) seen (id) join people on people.id = seen.id
            where shown group by 1
            """
        )
    )
    return {row.person_id: MomentCount(row.moments, row.videos) for row in rows}


def photo_counts(connection: Connection, model: str) -> Mapping[int, int]:
    """How many photos of each person are learnt from, with a face of this embedding model."""
    rows = connection.execute(
        text(
            """
            select coalesce(people.merged_into, people.id) as person_id, count(*) as photos
            from reference_faces join people on people.id = reference_faces.person_id
            where reference_faces.model = :model group by 1
            """
        ),
        {"model": model},
    )
    return {row.person_id: row.photos for row in rows}


def sources_of_photos(connection: Connection, person_id: int, model: str) -> set[str]:
    """Places below the gallery of the photos that somebody is learnt from."""
    statement = text(
        """
        select source from reference_faces join people on people.id = reference_faces.person_id
        where reference_faces.model = :model and coalesce(people.merged_into, people.id) = :person
        """
    )
    return set(connection.execute(statement, {"model": model, "person": person_id}).scalars())


def former_names(connection: Connection, person_id: int) -> list[tuple[str | None, str]]:
    """Group and name of somebody, and of who was merged into them or what they were called: under each there may
    be photos."""
    rows = connection.execute(
        text(
            """
            select group_name, name from people where id = :person or merged_into = :person
            order by merged_into is not null, id
            """
        ),
        {"person": person_id},
    )
    return [(row.group_name, row.name) for row in rows]


def _keys(refs: Iterable[TrackRef]) -> dict[str, list[Any]]:
    wanted = list(refs)
    return {"videos": [ref.video_id for ref in wanted], "indexes": [ref.index for ref in wanted]}

"""Unknown people: the tracks without a name, gathered by likeness and by what people said."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Connection

from vsearch_pipeline.catalog.counters import take_numbers
from vsearch_pipeline.catalog.identities import (
    Track,
    TrackRef,
    cluster_members,
    live_marks,
    read_tracks,
    replace_clusters,
    stored_labels,
    tracks_marks,
)
from vsearch_pipeline.editing.marks import NOTHING_SAID, find_track, verdicts
from vsearch_pipeline.people.clustering import carry_numbers, cluster_tracks
from vsearch_pipeline.people.prior import prior_of


def gather_clusters(connection: Connection, model: str, step_ms: int) -> None:
    """Cluster the tracks without a name anew; a cluster goes on with the number of the one it mostly was."""
    unnamed: list[tuple[Track, int | None]] = []
    numbers: dict[TrackRef, int] = {}
    before = cluster_members(connection)
    for video_id in tracks_marks(connection):
        tracks = read_tracks(connection, video_id, model)
        said = verdicts(live_marks(connection, video_id), tracks, step_ms)
        labels = stored_labels(connection, video_id)
        for track in tracks:
            verdict = said.get(track.index, NOTHING_SAID)
            label = labels.get(track.index)
            if track.embedded and verdict.person_id is None and label is not None and label.person_id is None:
                unnamed.append((track, verdict.group_id))
        for member in before:
            if member.ref.video_id == video_id:
                index = find_track(member.anchor, tracks, step_ms) if member.out_of_date else member.ref.index
                if index is not None:
                    numbers[TrackRef(video_id, index)] = member.cluster
    if not unnamed:
        replace_clusters(connection, {})
        return
    means = np.stack([track.look for track, _ in unnamed])
    clusters = [
        [unnamed[i][0] for i in cluster.tracks]
        for cluster in cluster_tracks(means, prior_of(model).same_person_cosine, [group for _, group in unnamed])
    ]
    carried = carry_numbers([[track.ref for track in tracks] for tracks in clusters], numbers)
    new = iter(take_numbers(connection, "cluster", carried.count(None)) if None in carried else ())
    replace_clusters(
        connection,
        {
            next(new) if number is None else number: tracks
            for number, tracks in zip(carried, clusters, strict=True)
        },
    )

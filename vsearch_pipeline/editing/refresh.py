"""Fitting new automatic segments around what people did: human values and ranges stand, automatic ones refresh."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from vsearch_pipeline.catalog.segments import (
    SegmentRecord,
    delete_untouched,
    insert_segments,
    read_places,
    read_segments,
    update_auto_fields,
    write_places,
)
from vsearch_pipeline.catalog.videos import get_video, update_video
from vsearch_pipeline.editing.description import Describe
from vsearch_pipeline.editing.fit import lay_out, overlap_each_other
from vsearch_pipeline.search.documents import refresh_search
from vsearch_pipeline.timeline import TimeRange

SEARCH_ROWS = 1000
"""Segments whose search rows are written at a time."""


def refresh_segments(
    connection: Connection, video_id: str, wanted: Sequence[TimeRange], describe: Describe, producer: int
) -> list[SegmentRecord]:
    """Fit the models' ranges of a video around what people own, in the caller's transaction, with the search rows.

    Args:
        describe: the automatic fields of any range, so that a range a person drew is described as well.

    Returns:
        the segments that people see afterwards.
    """
    fit_segments(connection, video_id, wanted, describe, producer)
    segments = read_segments(connection, video_id=video_id)
    refresh_search(connection, segments)
    return segments


def fit_segments(
    connection: Connection,
    video_id: str,
    wanted: Sequence[TimeRange],
    describe: Describe,
    producer: int,
    *,
    new: bool = False,
) -> list[int]:
    """The same without search rows, which the caller writes: those of many videos are quicker written together.

    Args:
        new: whether the video was made in this transaction, so that it cannot have segments.

    Returns:
        ids of all segments of the video, deleted and covered ones among them.
    """
    before = {} if new else read_places(connection, video_id)
    # once ranges lie over one another they may for good: people have made theirs by that rule
    overlapping = overlap_each_other(wanted) or get_video(connection, video_id).overlapping
    update_video(connection, video_id, {"overlapping": overlapping})
    layout = lay_out(before.values(), wanted, overlapping=overlapping)
    delete_untouched(connection, layout.dropped)
    write_places(connection, {i: place for i, place in layout.places.items() if before[i].place != place})
    update_auto_fields(connection, producer, {i: describe(place.span) for i, place in layout.places.items()})
    made = insert_segments(connection, video_id, producer, [(place, describe(place.span)) for place in layout.new])
    return [*layout.places, *made]


def refresh_search_of(connection: Connection, ids: Sequence[int]) -> None:
    """Write the search rows of these segments as they are now, some at a time; deleted ones have none to write."""
    for start in range(0, len(ids), SEARCH_ROWS):
        refresh_search(connection, read_segments(connection, ids=ids[start : start + SEARCH_ROWS]))

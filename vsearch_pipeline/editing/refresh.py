"""Bringing new model output into a video's segments without touching what a person did.

A segment that a person touched owns its range: its boundaries stand, what was deleted stays deleted, and new
automatic ranges only fill the time around it. Its automatic fields are refreshed by time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from vsearch_pipeline.catalog.segments import (
    AutoFields,
    SegmentRecord,
    delete_untouched,
    insert_segments,
    read_segments,
    update_auto_fields,
)
from vsearch_pipeline.search.documents import refresh_search
from vsearch_pipeline.timeline import TimeRange

SHORTEST_MS = 200
"""A shorter rest of an automatic range beside a person's segment is not worth a segment of its own."""
SEARCH_ROWS = 1000
"""Segments whose search rows are written at a time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a refresh does: keep these ids, make these ranges, drop these ids."""

    keep: tuple[int, ...]
    create: tuple[TimeRange, ...]
    drop: tuple[int, ...]


def plan_refresh(existing: Sequence[SegmentRecord], wanted: Iterable[TimeRange]) -> Plan:
    """Fit automatic ranges around the segments that a person owns.

    Args:
        existing: all segments of the video, deleted ones included.
        wanted: the automatic ranges, in time order, not overlapping.
    """
    owned = [segment for segment in existing if segment.touched]
    free = [part for span in wanted for part in _outside(span, [segment.span for segment in owned])]
    automatic = {segment.span: segment.id for segment in existing if not segment.touched}
    known = {span: automatic.pop(span) for span in free if span in automatic}
    return Plan(
        keep=tuple(sorted([*known.values(), *(segment.id for segment in owned)])),
        create=tuple(span for span in free if span not in known),
        drop=tuple(sorted(automatic.values())),
    )


def _outside(span: TimeRange, owned: Sequence[TimeRange]) -> list[TimeRange]:
    """The parts of `span` that no owned range covers; all of it where none does."""
    if not any(span.overlap_ms(other) for other in owned):
        return [span]
    parts = []
    start = span.start_ms
    for other in sorted(owned):
        if span.overlap_ms(other):
            parts.append((start, other.start_ms))
            start = max(start, other.end_ms)
    parts.append((start, span.end_ms))
    return [TimeRange(a, b) for a, b in parts if b - a >= SHORTEST_MS]


def refresh_segments(
    connection: Connection,
    video_id: str,
    wanted: Sequence[TimeRange],
    describe: Callable[[TimeRange], AutoFields],
    producer: int,
) -> list[SegmentRecord]:
    """Apply the plan for a video in the caller's transaction, with its search rows.

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
    describe: Callable[[TimeRange], AutoFields],
    producer: int,
    *,
    new: bool = False,
) -> list[int]:
    """The same without search rows, which the caller writes: those of many videos are quicker written together.

    Args:
        new: whether the video was made in this transaction, so that it cannot have segments.

    Returns:
        ids of all segments of the video, deleted ones among them.
    """
    found = [] if new else read_segments(connection, video_id=video_id, deleted=True)
    existing = {segment.id: segment for segment in found}
    plan = plan_refresh(found, wanted)
    delete_untouched(connection, plan.drop)
    update_auto_fields(connection, producer, {i: describe(existing[i].span) for i in plan.keep})
    made = insert_segments(connection, video_id, producer, [(span, describe(span)) for span in plan.create])
    return [*plan.keep, *made]


def refresh_search_of(connection: Connection, ids: Sequence[int]) -> None:
    """Write the search rows of these segments as they are now, some at a time; deleted ones have none to write."""
    for start in range(0, len(ids), SEARCH_ROWS):
        refresh_search(connection, read_segments(connection, ids=ids[start : start + SEARCH_ROWS]))

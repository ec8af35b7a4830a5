"""How the models' ranges lie around what people own: the layout of one video.

Every range that the models want has one row that stands for it, seen or not: a row that a person owns, an
automatic one as long as anything of it can be seen, or one that is covered. So nothing of the models' is lost
while a person's segments lie over it, and taking these away brings back what was there, with its number.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from vsearch_pipeline.catalog.segments import Place, PlacedSegment
from vsearch_pipeline.timeline import TimeRange

SHORTEST_MS: Final = 200
"""A shorter rest of an automatic range beside a person's segment is not worth a segment of its own."""
SAME_RANGE_IOU: Final = 0.5
"""From this overlap on, a range that the models want now is the one that a person's segment once was."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What becomes of the rows: these places for those that stay, these new ones, and these ids are dropped."""

    places: Mapping[int, Place]
    new: tuple[Place, ...]
    dropped: tuple[int, ...]


def lay_out(
    rows: Iterable[PlacedSegment],
    wanted: Iterable[TimeRange],
    *,
    overlapping: bool,
    others: Iterable[TimeRange] = (),
) -> Layout:
    """Fit the models' ranges around the segments that people own, whose spans stand.

    Args:
        rows: all segments of the video, or all with a part in these ranges, deleted and covered ones included.
        wanted: the models' ranges.
        overlapping: whether these lie over one another anyway, so that none gives way.
        others: spans of further segments that people own, which stay as they are.
    """
    rows = list(rows)
    ranges = sorted(set(wanted))
    stands_for = _matched(rows, ranges)
    owned = [row for row in rows if row.owned]
    blocks = [] if overlapping else sorted([*others, *(row.place.span for row in owned)])
    places = {row.id: Place(row.place.span, None) for row in owned}
    rest: list[TimeRange] = []
    unmet: list[Place] = []
    for span in ranges:
        row = stands_for.get(span)
        if row is not None and row.owned:
            places[row.id] = Place(row.place.span, span)
            rest += _outside(span, blocks) if not overlapping else []
            continue
        parts = _outside(span, blocks)
        longest = max(parts, key=lambda part: (part.duration_ms, -part.start_ms), default=None)
        place = Place(longest, span) if longest else Place(span, span, covered=True)
        rest += [part for part in parts if part != longest]
        if row is None:
            unmet.append(place)
        else:
            places[row.id] = place
    spare = {row.place.span: row.id for row in rows if not row.owned and row.id not in places}
    new = []
    for place in sorted([*unmet, *(Place(part, None) for part in rest)], key=lambda place: place.span):
        known = spare.pop(place.span, None)
        if known is None:
            new.append(place)
        else:
            places[known] = place
    return Layout(places, tuple(new), tuple(sorted(row.id for row in rows if row.id not in places)))


def overlap_each_other(ranges: Iterable[TimeRange]) -> bool:
    return any(one.end_ms > other.start_ms for one, other in pairwise(sorted(set(ranges))))


def _matched(rows: Sequence[PlacedSegment], ranges: Sequence[TimeRange]) -> dict[TimeRange, PlacedSegment]:
    """The row that stands for each range: the one that did, else an owned one of nearly the same span."""
    asked = set(ranges)
    found = {row.place.origin: row for row in rows if row.place.origin in asked}
    matched = {span: row for span, row in found.items() if span is not None}
    taken = {row.id for row in matched.values()}
    starts = [span.start_ms for span in ranges]
    likely = []
    for row in rows:
        if row.owned and row.id not in taken:
            # what is as alike as that is at most twice as long
            first = bisect_left(starts, row.place.span.start_ms - row.place.span.duration_ms)
            near = ranges[first : bisect_left(starts, row.place.span.end_ms)]
            likely += [
                (-iou, span, row.id, row)
                for span in near
                if span not in matched and (iou := _iou(row.place.span, span)) >= SAME_RANGE_IOU
            ]
    for _, span, number, row in sorted(likely, key=lambda each: each[:3]):
        if span not in matched and number not in taken:
            matched[span] = row
            taken.add(number)
    return matched


def _iou(one: TimeRange, other: TimeRange) -> float:
    shared = one.overlap_ms(other)
    return shared / (one.duration_ms + other.duration_ms - shared)


def _outside(span: TimeRange, blocks: Collection[TimeRange]) -> list[TimeRange]:
    """The parts of `span` that no block covers, blocks in time order; all of it where none does."""
    over = [block for block in blocks if span.overlap_ms(block)]
    if not over:
        return [span]
    parts = []
    start = span.start_ms
    for block in over:
        parts.append((start, block.start_ms))
        start = max(start, block.end_ms)
    parts.append((start, span.end_ms))
    return [TimeRange(a, b) for a, b in parts if b - a >= SHORTEST_MS]

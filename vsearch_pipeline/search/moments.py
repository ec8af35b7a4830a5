"""Neighbouring hits become one moment, so that a minute of video is not ten results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vsearch_pipeline.timeline import TimeRange

GAP_MS: Final = 3_000
"""Neighbours may lie so far apart."""
LONGEST_MS: Final = 60_000
"""A moment does not grow beyond this; what goes on longer is several."""
BESIDE_MS: Final = 15_000
"""Short hits so near the best one belong to its moment even where they match worse."""
SHORT_MS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Placed:
    """A hit as far as grouping goes; `value` is what it is ranked by (higher is better)."""

    segment_id: int
    video_id: str
    span: TimeRange
    value: float


@dataclass(frozen=True, slots=True)
class Group:
    """`best` was ranked first of `members`, which are in order of time and may lie beside `span`."""

    best: Placed
    span: TimeRange
    members: tuple[Placed, ...]


def group(ranked: Sequence[Placed], *, alike: float) -> list[Group]:
    """Gather hits into moments, in the order of their best ones.

    From the best hit on, its moment takes in the neighbours that match alike. Short neighbours that match worse
    are members too, which do not widen it.

    Args:
        alike: share of the best hit's value from which a neighbour widens the moment, 0..1; 0 where all are equal.
    """
    by_video: dict[str, list[Placed]] = {}
    for hit in ranked:
        by_video.setdefault(hit.video_id, []).append(hit)
    order: dict[int, tuple[list[Placed], int]] = {}
    for hits in by_video.values():
        hits.sort(key=lambda hit: (hit.span.start_ms, hit.span.end_ms, hit.segment_id))
        for at, hit in enumerate(hits):
            order[hit.segment_id] = (hits, at)
    taken: set[int] = set()
    groups = []
    for best in ranked:
        if best.segment_id in taken:
            continue
        if len(by_video[best.video_id]) == 1:
            groups.append(Group(best, best.span, (best,)))
        else:
            grown = _grow(best, *order[best.segment_id], taken, alike)
            taken.update(member.segment_id for member in grown.members)
            groups.append(grown)
    return groups


def _grow(best: Placed, hits: Sequence[Placed], at: int, taken: set[int], alike: float) -> Group:
    start, end = best.span.start_ms, best.span.end_ms
    members = [best]
    steps = {-1: at - 1, 1: at + 1}
    while steps:
        direction, place = max(
            steps.items(), key=lambda step: hits[step[1]].value if 0 <= step[1] < len(hits) else float("-inf")
        )
        if not 0 <= place < len(hits):
            del steps[direction]
            continue
        hit = hits[place]
        apart = max(hit.span.start_ms - end, start - hit.span.end_ms)
        together = max(end, hit.span.end_ms) - min(start, hit.span.start_ms)
        too_far = apart > GAP_MS or together > max(LONGEST_MS, best.span.duration_ms)
        if hit.segment_id in taken or too_far or hit.value < alike * best.value:
            del steps[direction]
            continue
        members.append(hit)
        start, end = min(start, hit.span.start_ms), max(end, hit.span.end_ms)
        steps[direction] = place + direction
    inside = {member.segment_id for member in members}
    near = TimeRange(max(0, best.span.start_ms - BESIDE_MS), best.span.end_ms + BESIDE_MS)
    members += [
        hit
        for hit in hits
        if hit.segment_id not in inside
        and hit.segment_id not in taken
        and hit.span.duration_ms <= SHORT_MS
        and near.start_ms <= hit.span.start_ms
        and hit.span.end_ms <= near.end_ms
    ]
    members.sort(key=lambda hit: (hit.span.start_ms, hit.span.end_ms, hit.segment_id))
    return Group(best, TimeRange(start, end), tuple(members))

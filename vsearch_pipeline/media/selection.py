"""Choosing which sampled frames a model looks at."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import ceil

from vsearch_pipeline.timeline import TimeRange


def select_frames(times_ms: Sequence[int], spans: Sequence[TimeRange], per_second: float) -> list[list[int]]:
    """Positions of frames evenly spread in each span: about `per_second`, at least one where the span has any.

    Args:
        times_ms: times of the frames, increasing.
        spans: ranges of time; may leave gaps, may overlap.

    Returns:
        for each span, increasing positions in `times_ms`.
    """
    chosen = []
    for span in spans:
        first, last = bisect_left(times_ms, span.start_ms), bisect_left(times_ms, span.end_ms)
        wanted = max(1, ceil(span.duration_ms * per_second / 1000))
        chosen.append([first + i for i in spread_evenly(last - first, wanted)])
    return chosen


def spread_evenly(count: int, wanted: int) -> list[int]:
    """Indices of at most `wanted` of `count` things: the middles of as many equal parts."""
    kept = max(0, min(count, wanted))
    return [(2 * i + 1) * count // (2 * kept) for i in range(kept)]

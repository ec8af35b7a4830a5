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
        available = last - first
        count = min(available, max(1, ceil(span.duration_ms * per_second / 1000)))
        chosen.append([first + (2 * i + 1) * available // (2 * count) for i in range(count)])
    return chosen

"""Time as the whole project knows it: integer milliseconds, half open."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from vsearch_pipeline.errors import InputError

_TIME: Final = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d{1,3})?)")


@dataclass(frozen=True, slots=True, order=True)
class TimeRange:
    """`[start_ms, end_ms)` on a video's own clock, where 0 is its first presented frame.

    Raises:
        ValueError: `start_ms` is negative or `end_ms` is not after it.
    """

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if self.start_ms < 0 or self.end_ms <= self.start_ms:
            raise ValueError(f"not a time range: [{self.start_ms}, {self.end_ms})")

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms

    @property
    def middle_ms(self) -> int:
        return (self.start_ms + self.end_ms) // 2

    def __contains__(self, time_ms: int) -> bool:
        return self.start_ms <= time_ms < self.end_ms

    def overlap_ms(self, other: TimeRange) -> int:
        """Length of the part both ranges share, 0 if none."""
        return max(0, min(self.end_ms, other.end_ms) - max(self.start_ms, other.start_ms))

    def __str__(self) -> str:
        return f"{clock(self.start_ms)}-{clock(self.end_ms)}"


def clock(time_ms: int) -> str:
    """`3_723_045` -> `1:02:03.045`; hours only where there are any."""
    seconds, ms = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{head}:{seconds:02d}.{ms:03d}"


def short_clock(time_ms: int) -> str:
    """`83_450` -> `1:23`, with hours where there are any; what is not a whole second is left out."""
    minutes, seconds = divmod(time_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def parse_time(text: str) -> int:
    """Milliseconds of `H:MM:SS.mmm`, `M:SS.mmm` or seconds.

    Raises:
        InputError: it is none of these.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise InputError(f"{text!r} is not a time: write 1:02.500, 1:10:02, or seconds.")
    hours, minutes, seconds = found.groups()
    whole, _, part = seconds.partition(".")
    return ((int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(whole)) * 1000 + int(part.ljust(3, "0") or 0)


def split_evenly(span: TimeRange, longest_ms: int) -> list[TimeRange]:
    """Cut `span` into the fewest near-equal parts of at most `longest_ms`."""
    if longest_ms <= 0:
        raise ValueError(f"longest_ms must be positive: {longest_ms}")
    parts = -(-span.duration_ms // longest_ms)
    edges = [span.start_ms + span.duration_ms * i // parts for i in range(parts + 1)]
    return [TimeRange(a, b) for a, b in pairwise(edges)]


def segment_ranges(shots: Iterable[TimeRange], longest_ms: int) -> list[TimeRange]:
    """The segments of a video: its shots, the long ones cut evenly."""
    return [part for shot in shots for part in split_evenly(shot, longest_ms)]

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.timeline import TimeRange, clock, segment_ranges, split_evenly

MS = st.integers(0, 10**8)


@st.composite
def ranges(draw: st.DrawFn) -> TimeRange:
    start = draw(MS)
    return TimeRange(start, start + draw(st.integers(1, 10**7)))


@st.composite
def tilings(draw: st.DrawFn) -> list[TimeRange]:
    edges = sorted(draw(st.sets(st.integers(0, 10**6), min_size=2, max_size=12)))
    return [TimeRange(a, b) for a, b in itertools.pairwise(edges)]


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (5, 4)])
def test_an_empty_or_negative_range_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not a time range"):
        TimeRange(start, end)


@given(ranges())
def test_a_range_is_half_open(span: TimeRange) -> None:
    assert span.start_ms in span
    assert span.end_ms - 1 in span
    assert span.end_ms not in span
    assert span.middle_ms in span


@given(ranges(), ranges())
def test_overlap_is_symmetric_and_within_both(one: TimeRange, other: TimeRange) -> None:
    overlap = one.overlap_ms(other)
    assert overlap == other.overlap_ms(one)
    assert 0 <= overlap <= min(one.duration_ms, other.duration_ms)
    assert one.overlap_ms(one) == one.duration_ms
    assert (overlap > 0) == (one.start_ms < other.end_ms and other.start_ms < one.end_ms)


def test_neighbours_do_not_overlap() -> None:
    assert TimeRange(0, 1000).overlap_ms(TimeRange(1000, 2000)) == 0


@given(ranges(), st.integers(1000, 10**7))
def test_split_evenly_tiles_with_the_fewest_near_equal_parts(span: TimeRange, longest: int) -> None:
    parts = split_evenly(span, longest)
    assert parts[0].start_ms == span.start_ms
    assert parts[-1].end_ms == span.end_ms
    assert all(a.end_ms == b.start_ms for a, b in itertools.pairwise(parts))
    lengths = [part.duration_ms for part in parts]
    assert max(lengths) <= longest
    assert max(lengths) - min(lengths) <= 1
    assert (len(parts) - 1) * longest < span.duration_ms


@pytest.mark.parametrize("longest", [0, -5])
def test_split_evenly_needs_a_positive_length(longest: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        split_evenly(TimeRange(0, 10), longest)


@given(tilings(), st.integers(1000, 10**6))
def test_segments_keep_every_shot_boundary_and_no_gap(shots: list[TimeRange], longest: int) -> None:
    segments = segment_ranges(shots, longest)
    assert {shot.start_ms for shot in shots} <= {segment.start_ms for segment in segments}
    assert sum(s.duration_ms for s in segments) == sum(s.duration_ms for s in shots)
    assert all(a.end_ms == b.start_ms for a, b in itertools.pairwise(segments))
    assert all(segment.duration_ms <= longest for segment in segments)


def test_a_shot_within_the_limit_stays_whole() -> None:
    assert segment_ranges([TimeRange(0, 5000), TimeRange(5000, 12000)], 5000) == [
        TimeRange(0, 5000),
        TimeRange(5000, 8500),
        TimeRange(8500, 12000),
    ]


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [(0, "0:00.000"), (61_005, "1:01.005"), (3_723_045, "1:02:03.045"), (36_000_000, "10:00:00.000")],
)
def test_clock(time_ms: int, text: str) -> None:
    assert clock(time_ms) == text


@given(MS)
def test_clock_can_be_read_back(time_ms: int) -> None:
    *hours, minutes, seconds = clock(time_ms).split(":")
    total = int(hours[0] if hours else 0) * 3600 + int(minutes) * 60 + float(seconds)
    assert round(total * 1000) == time_ms


def test_a_range_reads_as_two_clocks() -> None:
    assert str(TimeRange(1500, 61_000)) == "0:01.500-1:01.000"

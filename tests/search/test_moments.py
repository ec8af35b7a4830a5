"""Gathering hits into moments."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.search.moments import GAP_MS, LONGEST_MS, SHORT_MS, Group, Placed, group
from vsearch_pipeline.timeline import TimeRange

VALUES = st.floats(-0.5, 2.5).map(lambda value: round(value, 2))
ALIKE = st.sampled_from([0.0, 0.5, 0.75, 1.0])


def ranked(hits: list[Placed]) -> list[Placed]:
    return sorted(hits, key=lambda hit: (-hit.value, hit.video_id, hit.span.start_ms, hit.segment_id))


@st.composite
def rankings(draw: st.DrawFn) -> list[Placed]:
    """Any segments of three videos, overlapping ones too."""
    placed = st.tuples(st.sampled_from("abc"), st.integers(0, 300_000), st.integers(1, 90_000), VALUES)
    drawn = draw(st.lists(placed, max_size=40))
    return ranked(
        [
            Placed(number, video, TimeRange(start, start + length), value)
            for number, (video, start, length, value) in enumerate(drawn)
        ]
    )


@st.composite
def seconds(draw: st.DrawFn) -> list[Placed]:
    """A video cut every second, of which any part was found."""
    found = draw(st.sets(st.integers(0, 240), min_size=1))
    return ranked([Placed(s, "a", TimeRange(s * 1000, s * 1000 + 1000), draw(VALUES)) for s in sorted(found)])


def widening(moment: Group) -> list[Placed]:
    """The members inside of the moment's span."""
    span = moment.span
    return [m for m in moment.members if span.start_ms <= m.span.start_ms and m.span.end_ms <= span.end_ms]


@given(rankings(), ALIKE)
def test_every_hit_is_in_one_moment(hits: list[Placed], alike: float) -> None:
    moments = group(hits, alike=alike)
    members = [member.segment_id for moment in moments for member in moment.members]
    assert sorted(members) == sorted(hit.segment_id for hit in hits)
    for moment in moments:
        assert {member.video_id for member in moment.members} == {moment.best.video_id}
        starts = [member.span.start_ms for member in moment.members]
        assert starts == sorted(starts)


@given(rankings(), ALIKE)
def test_the_order_is_that_of_the_ranking(hits: list[Placed], alike: float) -> None:
    place = {hit.segment_id: number for number, hit in enumerate(hits)}
    moments = group(hits, alike=alike)
    bests = [place[moment.best.segment_id] for moment in moments]
    assert bests == sorted(bests)
    for moment, best in zip(moments, bests, strict=True):
        assert best == min(place[member.segment_id] for member in moment.members)


@given(rankings(), ALIKE)
def test_a_moment_does_not_grow_without_end(hits: list[Placed], alike: float) -> None:
    for moment in group(hits, alike=alike):
        assert moment.span.duration_ms <= max(LONGEST_MS, moment.best.span.duration_ms)
        inside = widening(moment)
        assert moment.best in inside
        assert moment.span.start_ms == min(member.span.start_ms for member in inside)
        assert moment.span.end_ms == max(member.span.end_ms for member in inside)
        for member in moment.members:
            assert member in inside or member.span.duration_ms <= SHORT_MS


@given(seconds(), ALIKE)
def test_a_minute_is_never_ten_results(hits: list[Placed], alike: float) -> None:
    bests = sorted(moment.best.span.start_ms for moment in group(hits, alike=alike))
    for start in bests:
        assert sum(start <= other < start + 60_000 for other in bests) <= 5
    assert all(later - earlier > 10_000 for earlier, later in pairwise(bests))


@given(rankings(), ALIKE)
def test_videos_do_not_change_each_others_moments(hits: list[Placed], alike: float) -> None:
    together = group(hits, alike=alike)
    assert together == group(hits, alike=alike)
    for video in "abc":
        alone = group([hit for hit in hits if hit.video_id == video], alike=alike)
        assert alone == [moment for moment in together if moment.best.video_id == video]


def spans(*values: float, gap: int = 0, each: int = 5000) -> list[Placed]:
    step = each + gap
    return [Placed(i, "a", TimeRange(i * step, i * step + each), value) for i, value in enumerate(values)]


def test_neighbours_that_match_alike_widen_a_moment() -> None:
    hits = spans(0.1, 0.9, 1.0, 0.8, 0.1, each=20_000)
    first, *others = group(ranked(hits), alike=0.75)
    assert (first.best.segment_id, first.span) == (2, TimeRange(20_000, 80_000))
    assert [moment.best.segment_id for moment in others] == [0, 4]


def test_where_all_are_equal_everything_is_alike() -> None:
    [moment] = group(ranked(spans(1.0, 0.6, 0.9)), alike=0.0)
    assert moment.span == TimeRange(0, 15_000)


def test_what_lies_far_apart_is_not_one_moment() -> None:
    assert len(group(ranked(spans(1, 1, 1, each=20_000, gap=GAP_MS)), alike=0.5)) == 2  # 60 s would be exceeded
    assert len(group(ranked(spans(1, 1, each=20_000, gap=GAP_MS + 1)), alike=0.5)) == 2
    assert len(group(ranked(spans(1, 1, each=20_000, gap=GAP_MS)), alike=0.5)) == 1


def test_a_segment_of_an_hour_is_a_moment() -> None:
    hits = [Placed(1, "a", TimeRange(0, 3_600_000), 1.0), Placed(2, "a", TimeRange(3_600_000, 3_601_000), 0.9)]
    [moment] = group(hits, alike=0.75)
    assert moment.span == TimeRange(0, 3_600_000)
    assert len(moment.members) == 2  # a second beside it is a member that does not widen it


def test_nothing_found_is_no_moment() -> None:
    assert group([], alike=0.75) == []

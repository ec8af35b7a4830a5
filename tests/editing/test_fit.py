"""How the models' ranges lie around what people own: nothing is lost, moved or shown twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from vsearch_pipeline.catalog.segments import Place, PlacedSegment
from vsearch_pipeline.editing.fit import SAME_RANGE_IOU, SHORTEST_MS, Layout, lay_out, overlap_each_other
from vsearch_pipeline.timeline import TimeRange

END_MS = 6000
"""Short against `SHORTEST_MS`, so that slivers are common."""
TIMES = st.integers(0, END_MS) | st.integers(0, END_MS // 100).map(lambda step: step * 100)


@st.composite
def tilings(draw: st.DrawFn) -> list[TimeRange]:
    """Ranges that do not overlap, sometimes with time between them."""
    edges = sorted(draw(st.sets(TIMES, min_size=2, max_size=10)))
    ranges = [TimeRange(a, b) for a, b in pairwise(edges)]
    without = draw(st.sets(st.sampled_from(ranges), max_size=len(ranges) - 1))
    return [span for span in ranges if span not in without]


@st.composite
def ranges(draw: st.DrawFn) -> TimeRange:
    start, end = sorted(draw(st.lists(TIMES, min_size=2, max_size=2, unique=True)))
    return TimeRange(start, end)


class Rows:
    """The segments of a video: laid out as the catalogue would, with a number for each new one."""

    def __init__(self, *, overlapping: bool = False) -> None:
        self.by_id: dict[int, PlacedSegment] = {}
        self.overlapping = overlapping
        self._numbers = iter(range(1, 10**9))

    def create(self, span: TimeRange, *, deleted: bool = False) -> int:
        """Somebody draws a segment."""
        number = next(self._numbers)
        self.by_id[number] = PlacedSegment(number, Place(span, None), owned=True, deleted=deleted, version=1)
        return number

    def own(self, number: int, span: TimeRange | None = None, *, deleted: bool = False) -> None:
        """Somebody edits a segment, or moves it."""
        row = self.by_id[number]
        place = row.place if span is None else replace(row.place, span=span)
        self.by_id[number] = replace(row, place=place, owned=True, deleted=deleted)

    def give_back(self, *numbers: int) -> None:
        for number in numbers:
            self.by_id[number] = replace(self.by_id[number], owned=False, deleted=False)

    def settle(self, wanted: Iterable[TimeRange]) -> Layout:
        layout = lay_out(self.by_id.values(), wanted, overlapping=self.overlapping)
        assert {*layout.places, *layout.dropped} == {*self.by_id}, "each row stays or goes"
        assert not {*layout.places} & {*layout.dropped}
        for number in layout.dropped:
            assert not self.by_id.pop(number).owned, "what a person owns is never dropped"
        for number, place in layout.places.items():
            self.by_id[number] = replace(self.by_id[number], place=place)
        for place in layout.new:
            number = next(self._numbers)
            self.by_id[number] = PlacedSegment(number, place, owned=False, deleted=False, version=0)
        return layout

    @property
    def places(self) -> dict[int, Place]:
        return {number: row.place for number, row in self.by_id.items()}

    @property
    def owned(self) -> dict[int, TimeRange]:
        return {number: row.place.span for number, row in self.by_id.items() if row.owned}

    @property
    def automatic(self) -> list[TimeRange]:
        """What is to be seen of the models' own."""
        return [row.place.span for row in self.by_id.values() if not row.owned and not row.place.covered]

    @property
    def standing(self) -> dict[TimeRange, int]:
        """Who stands for each range of the models'."""
        found = [(row.place.origin, number) for number, row in self.by_id.items() if row.place.origin]
        assert len(dict(found)) == len(found), "one row stands for a range"
        return dict(found)


def laid_out(wanted: Iterable[TimeRange]) -> Rows:
    rows = Rows()
    rows.settle(wanted)
    return rows


def gaps(span: TimeRange, over: Iterable[TimeRange]) -> list[int]:
    """How long each stretch of a range is that nothing lies over."""
    found, start = [], span.start_ms
    for other in sorted(other for other in over if other.overlap_ms(span)):
        found.append(other.start_ms - start)
        start = max(start, other.end_ms)
    return [gap for gap in [*found, span.end_ms - start] if gap > 0]


def check(rows: Rows, wanted: Sequence[TimeRange]) -> None:
    """What holds of every layout of ranges that do not overlap."""
    assert {*rows.standing} == {*wanted}
    owned, automatic = list(rows.owned.values()), rows.automatic
    for span in automatic:
        assert all(not span.overlap_ms(other) for other in owned)
        assert [other for other in automatic if span.overlap_ms(other)] == [span]
        assert any(range_.start_ms <= span.start_ms and span.end_ms <= range_.end_ms for range_ in wanted)
    for span in wanted:
        assert all(gap < SHORTEST_MS for gap in gaps(span, [*owned, *automatic]))
    for row in rows.by_id.values():
        if row.place.covered:
            assert not row.owned
            assert row.place.span == row.place.origin, "it knows where it was"
            assert all(gap < SHORTEST_MS for gap in gaps(row.place.span, owned))
        elif not row.owned and row.place.origin:
            parts = [span for span in automatic if span.overlap_ms(row.place.origin)]
            assert row.place.span.duration_ms == max(part.duration_ms for part in parts), "the longest part"
    before = rows.places
    again = rows.settle(wanted)
    assert (rows.places, again.new, again.dropped) == (before, (), ()), "laying out twice changes nothing"


class Editing(RuleBasedStateMachine):
    """People and models at work on one video, in any order."""

    rows: Rows
    wanted: Sequence[TimeRange]

    @initialize(wanted=tilings())
    def a_video_comes(self, wanted: list[TimeRange]) -> None:
        self.rows, self.wanted = laid_out(wanted), wanted
        assert self.rows.automatic == wanted
        check(self.rows, wanted)

    def _settle(self) -> None:
        """After an edit: the same rows stand for the same ranges."""
        standing, owned = self.rows.standing, self.rows.owned
        self.rows.settle(self.wanted)
        assert self.rows.standing == standing
        assert self.rows.owned == owned
        check(self.rows, self.wanted)

    def _seen(self, data: st.DataObject) -> int:
        shown = [number for number, row in self.rows.by_id.items() if not row.place.covered]
        return data.draw(st.sampled_from(shown))

    def _some_are_seen(self) -> bool:
        return any(not row.place.covered for row in self.rows.by_id.values())

    @precondition(_some_are_seen)
    @rule(data=st.data(), deleted=st.booleans())
    def somebody_edits(self, data: st.DataObject, deleted: bool) -> None:
        self.rows.own(self._seen(data), deleted=deleted)
        self._settle()

    @precondition(_some_are_seen)
    @rule(data=st.data(), span=ranges())
    def somebody_moves(self, data: st.DataObject, span: TimeRange) -> None:
        self.rows.own(self._seen(data), span)
        self._settle()

    @rule(span=ranges(), deleted=st.booleans())
    def somebody_draws(self, span: TimeRange, deleted: bool) -> None:
        self.rows.create(span, deleted=deleted)
        self._settle()

    @precondition(lambda self: self.rows.owned)
    @rule(data=st.data())
    def somebody_gives_back(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.rows.owned)))
        standing, owned = self.rows.standing, self.rows.owned
        self.rows.give_back(number)
        self.rows.settle(self.wanted)
        assert self.rows.standing == standing
        assert self.rows.owned == {n: span for n, span in owned.items() if n != number}
        check(self.rows, self.wanted)

    @rule(wanted=tilings())
    def models_change(self, wanted: list[TimeRange]) -> None:
        owned, before = self.rows.owned, self.rows.standing
        self.wanted = wanted
        self.rows.settle(wanted)
        assert self.rows.owned == owned
        assert all(self.rows.standing[span] == before[span] for span in {*wanted} & {*before}), "who stood stands"
        check(self.rows, wanted)

    @rule()
    def all_is_given_back(self) -> None:
        standing = self.rows.standing
        self.rows.give_back(*self.rows.by_id)
        self.rows.settle(self.wanted)
        assert self.rows.places == {standing[span]: Place(span, span) for span in self.wanted}
        check(self.rows, self.wanted)


Editing.TestCase.settings = settings(max_examples=150, stateful_step_count=20, deadline=None)
TestEditing = Editing.TestCase


@given(tilings(), st.data())
def test_taking_all_edits_back_gives_the_layout_without_them(wanted: list[TimeRange], data: st.DataObject) -> None:
    rows = laid_out(wanted)
    before = rows.places
    for number, span in data.draw(st.dictionaries(st.sampled_from(sorted(before)), st.none() | ranges())).items():
        rows.own(number, span)
    for span in data.draw(st.lists(ranges(), max_size=4)):
        rows.create(span)
    rows.settle(wanted)
    rows.give_back(*rows.by_id)
    rows.settle(wanted)
    assert rows.places == before


@given(st.lists(ranges(), min_size=1, max_size=8), st.lists(ranges(), max_size=8), st.data())
def test_ranges_that_overlap_are_never_cut(
    first: list[TimeRange], then: list[TimeRange], data: st.DataObject
) -> None:
    rows = Rows(overlapping=True)
    rows.settle(first)
    assert rows.places == {rows.standing[span]: Place(span, span) for span in {*first}}
    for number, span in data.draw(
        st.dictionaries(st.sampled_from(sorted(rows.by_id)), st.none() | ranges())
    ).items():
        rows.own(number, span)
    rows.create(data.draw(ranges()))
    for wanted in (first, then, then):
        owned = rows.owned
        rows.settle(wanted)
        assert rows.owned == owned
        assert {*rows.standing} == {*wanted}
        for row in rows.by_id.values():
            assert row.owned or row.place == Place(row.place.span, row.place.span)


@st.composite
def nudged(draw: st.DrawFn, spans: Sequence[TimeRange]) -> list[TimeRange]:
    """Ranges much like these, which may overlap each other."""
    moves = st.integers(-300, 300)
    near = [(max(0, span.start_ms + draw(moves)), span.end_ms + draw(moves)) for span in spans]
    return [TimeRange(start, max(end, start + 1)) for start, end in near]


@given(tilings(), st.booleans(), st.data())
def test_owned_rows_adopt_what_is_most_alike(
    before: list[TimeRange], overlapping: bool, data: st.DataObject
) -> None:
    """Compared with the plain way: of all pairs that are alike enough, the best first."""
    wanted = data.draw(nudged(before) if overlapping else tilings())
    rows = Rows(overlapping=overlapping)
    rows.settle(before)
    moved = data.draw(st.dictionaries(st.sampled_from(sorted(rows.by_id)), st.none() | ranges(), min_size=1))
    for number, span in moved.items():
        rows.own(number, span)
    for span in data.draw(nudged(before)):
        rows.create(span, deleted=True)
    expected = {span: number for span, number in rows.standing.items() if span in wanted}
    alike = sorted(
        (-iou(span, new), new, number)
        for number, span in rows.owned.items()
        for new in wanted
        if iou(span, new) >= SAME_RANGE_IOU
    )
    for _, new, number in alike:
        if new not in expected and number not in expected.values():
            expected[new] = number
    rows.settle(wanted)
    for new, number in rows.standing.items():
        assert expected.get(new, number) == number
    for number in rows.owned:
        assert rows.places[number].origin == next((new for new, own in expected.items() if own == number), None)


@given(tilings(), st.data())
def test_a_part_laid_out_by_itself_is_as_in_the_whole(wanted: list[TimeRange], data: st.DataObject) -> None:
    rows = laid_out(wanted)
    for span in data.draw(st.lists(ranges(), max_size=3)):
        rows.create(span)
    for number, span in data.draw(
        st.dictionaries(st.sampled_from(sorted(rows.by_id)), ranges(), max_size=3)
    ).items():
        rows.own(number, span)
    cut = data.draw(st.integers(1, len(wanted)))
    part = wanted[:cut]
    region = TimeRange(part[0].start_ms, part[-1].end_ms)
    own = {
        number: row for number, row in rows.by_id.items() if row.place.origin is None or row.place.origin in part
    }
    others = [row.place.span for number, row in rows.by_id.items() if number not in own and row.owned]
    alone = lay_out(own.values(), part, overlapping=False, others=others)
    whole = lay_out(rows.by_id.values(), wanted, overlapping=False)
    assert alone.places == {number: whole.places[number] for number in own}
    assert alone.new == tuple(place for place in whole.new if place.span.overlap_ms(region))


def iou(one: TimeRange, other: TimeRange) -> float:
    shared = one.overlap_ms(other)
    return shared / (one.duration_ms + other.duration_ms - shared)


# --- examples that a person can follow --------------------------------------------------------------------------


def at(*edges: int) -> list[TimeRange]:
    return [TimeRange(a, b) for a, b in pairwise(edges)]


def shown(rows: Rows) -> Mapping[tuple[int, int], int]:
    return {
        (row.place.span.start_ms, row.place.span.end_ms): number
        for number, row in sorted(rows.by_id.items(), key=lambda each: each[1].place.span)
        if not row.place.covered
    }


def test_what_lies_below_a_drawn_segment_is_cut_or_covered_and_comes_back() -> None:
    wanted = at(0, 1000, 2000, 3000)
    rows = laid_out(wanted)
    drawn = rows.create(TimeRange(700, 2400))
    rows.settle(wanted)
    assert shown(rows) == {(0, 700): 1, (700, 2400): drawn, (2400, 3000): 3}
    assert rows.places[2] == Place(TimeRange(1000, 2000), TimeRange(1000, 2000), covered=True)
    rows.give_back(drawn)
    rows.settle(wanted)
    assert shown(rows) == {(0, 1000): 1, (1000, 2000): 2, (2000, 3000): 3}


def test_a_range_is_cut_in_two_and_its_number_stays_with_the_longer_part() -> None:
    wanted = at(0, 3000)
    rows = laid_out(wanted)
    drawn = rows.create(TimeRange(500, 1000))
    [rest] = rows.settle(wanted).new
    assert rest == Place(TimeRange(0, 500), None)
    assert shown(rows) == {(0, 500): 3, (500, 1000): drawn, (1000, 3000): 1}
    rows.own(drawn, TimeRange(2500, 2900))
    rows.settle(wanted)
    assert shown(rows) == {(0, 2500): 1, (2500, 2900): drawn}, "100 ms are not worth a segment"


@pytest.mark.parametrize(("rest_ms", "is_shown"), [(SHORTEST_MS - 1, False), (SHORTEST_MS, True)])
def test_a_sliver_is_left_out(rest_ms: int, is_shown: bool) -> None:
    wanted = at(0, 3000)
    rows = laid_out(wanted)
    rows.create(TimeRange(0, 3000 - rest_ms))
    rows.settle(wanted)
    assert bool(rows.automatic) is is_shown
    assert rows.places[1].covered is not is_shown


def test_a_short_range_that_nothing_touches_is_whole() -> None:
    wanted = at(0, 50, 3000)
    rows = laid_out(wanted)
    rows.create(TimeRange(50, 3000))
    rows.settle(wanted)
    assert rows.automatic == [TimeRange(0, 50)]


def test_a_range_that_a_person_moved_away_from_is_the_models_again() -> None:
    wanted = at(0, 1000, 2000)
    rows = laid_out(wanted)
    rows.own(1, TimeRange(5000, 6000))
    [rest] = rows.settle(wanted).new
    assert rest == Place(TimeRange(0, 1000), None)
    assert rows.places[1] == Place(TimeRange(5000, 6000), TimeRange(0, 1000)), "it still stands for its range"


def test_a_deleted_segment_keeps_its_time() -> None:
    rows = laid_out(at(0, 1000, 2000))
    rows.own(1, deleted=True)
    rows.settle(at(0, 1200, 2000))
    assert rows.places[1] == Place(TimeRange(0, 1000), TimeRange(0, 1200))
    assert rows.automatic == [TimeRange(1000, 1200), TimeRange(1200, 2000)]


@pytest.mark.parametrize(
    ("new_end_ms", "adopted"), [(500, True), (499, False), (2000, True), (2001, False), (1000, True)]
)
def test_a_new_range_is_the_old_one_from_half_of_it_on(new_end_ms: int, adopted: bool) -> None:
    rows = laid_out(at(0, 1000))
    rows.own(1)
    new = TimeRange(0, new_end_ms)
    rows.settle([new])
    assert rows.places[1].origin == (new if adopted else None)
    assert (rows.standing[new] == 1) is adopted


def test_a_new_range_that_begins_far_earlier_or_after_another_is_found() -> None:
    rows = Rows()
    drawn = rows.create(TimeRange(1000, 2000))
    rows.settle(at(0, 100, 2000))  # 1000 of 1900
    assert rows.places[drawn].origin == TimeRange(100, 2000)
    rows.settle(at(1000, 1200, 1400, 2000))
    assert rows.places[drawn].origin == TimeRange(1400, 2000)


def test_of_two_that_are_alike_the_more_alike_adopts() -> None:
    rows = Rows()
    less, more = rows.create(TimeRange(0, 700), deleted=True), rows.create(TimeRange(0, 900))
    rows.settle(at(0, 1000))
    assert (rows.places[less].origin, rows.places[more].origin) == (None, TimeRange(0, 1000))


def test_rows_of_others_are_cut_around_and_left_alone() -> None:
    layout = lay_out([], at(0, 3000), overlapping=False, others=[TimeRange(1000, 2000)])
    assert layout.places == {}
    assert layout.new == (
        Place(TimeRange(0, 1000), TimeRange(0, 3000)),
        Place(TimeRange(2000, 3000), None),
    )


def test_no_ranges_leave_what_people_own() -> None:
    rows = laid_out(at(0, 1000, 2000))
    rows.own(1)
    assert rows.settle([]).dropped == (2,)
    assert rows.places == {1: Place(TimeRange(0, 1000), None)}
    assert lay_out([], [], overlapping=False) == Layout({}, (), ())


@pytest.mark.parametrize(
    ("spans", "overlap"),
    [
        ([], False),
        ([(0, 1000)], False),
        ([(0, 1000), (1000, 2000)], False),
        ([(1000, 2000), (0, 1000)], False),
        ([(0, 1000), (0, 1000)], False),  # the same range twice is one range
        ([(0, 1001), (1000, 2000)], True),
        ([(0, 5000), (1000, 1100), (3000, 3100)], True),
        ([(0, 1000), (0, 500)], True),
    ],
)
def test_whether_ranges_overlap_each_other(spans: list[tuple[int, int]], overlap: bool) -> None:
    assert overlap_each_other(TimeRange(*span) for span in spans) is overlap


@given(st.lists(ranges(), max_size=6, unique=True))
def test_overlap_is_of_any_two(spans: list[TimeRange]) -> None:
    assert overlap_each_other(spans) is any(a.overlap_ms(b) for a in spans for b in spans if a != b)

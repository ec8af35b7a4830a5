"""Frames, milliseconds and timecode lead to each other and back, at every rate."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.export.timecode import (
    BROADCAST_RATES,
    DROP_RATES,
    Timecode,
    broadcast_rate,
    edit_rate,
    frame_at,
    time_of,
)
from vsearch_pipeline.media.timestamps import FrameClock

RATES = st.one_of(
    st.sampled_from(BROADCAST_RATES),
    st.fractions(min_value=1, max_value=240, max_denominator=1001),
)
DAY = 24 * 60 * 60 * 24
"""Frames that every rate has on a day."""


@given(st.integers(0, 30_000_000), RATES)
def test_the_time_of_a_frame_is_the_frame_at_that_time(frame: int, rate: Fraction) -> None:
    assert frame_at(time_of(frame, rate), rate) == frame
    assert frame_at(time_of(frame, rate) + 1, rate) == frame + 1


@given(st.integers(0, 10_000_000), RATES)
def test_no_frame_before_its_time(time_ms: int, rate: Fraction) -> None:
    frame = frame_at(time_ms, rate)
    assert time_of(frame, rate) >= time_ms
    assert frame == 0 or time_of(frame - 1, rate) < time_ms


@pytest.mark.parametrize("rate", BROADCAST_RATES, ids=str)
def test_times_are_those_of_the_catalogue(rate: Fraction) -> None:
    clock = FrameClock(1 / rate, rate)
    assert [clock.tick(i) for i in range(2000)] == [time_of(i, rate) for i in range(2000)]


@given(st.integers(0, DAY - 1), st.sampled_from(BROADCAST_RATES), st.booleans())
def test_timecode_leads_back_to_its_frame(frame: int, rate: Fraction, drop: bool) -> None:
    timecode = Timecode(frame, rate, drop and rate in DROP_RATES)
    assert Timecode.parse(str(timecode), rate) == timecode


@given(st.integers(0, DAY - 1), st.sampled_from(BROADCAST_RATES), st.booleans())
def test_opentimelineio_reads_the_same_frame(frame: int, rate: Fraction, drop: bool) -> None:
    timecode = Timecode(frame, rate, drop and rate in DROP_RATES)
    assert otio.opentime.from_timecode(str(timecode), float(rate)).value == frame
    # without drop frame at 29.97 its writer begins anew before the day is over
    if timecode.drop or rate.denominator == 1:
        assert otio.opentime.RationalTime(frame, float(rate)).to_timecode() == str(timecode)


def test_drop_frame_leaves_numbers_out_and_keeps_to_the_clock() -> None:
    ntsc = Fraction(30000, 1001)
    labels = [str(Timecode(frame, ntsc, drop=True)) for frame in (1799, 1800, 17981, 17982, 107892)]
    assert labels == ["00:00:59;29", "00:01:00;02", "00:09:59;29", "00:10:00;00", "01:00:00;00"]
    assert [str(Timecode(f, 2 * ntsc, drop=True)) for f in (3599, 3600)] == ["00:00:59;59", "00:01:00;04"]
    assert Timecode.hours(1, ntsc, drop=True).frame == 107892
    assert str(Timecode(5, ntsc, drop=True).of_day()) == "00:00:00;05"
    assert str((Timecode.hours(24, ntsc, drop=True) + 5).of_day()) == "00:00:00;05"


@pytest.mark.parametrize("label", ["00:01:00;00", "1:2", "00:00:00:30", "00:60:00:00", "00:00:60:00", "once"])
def test_labels_that_no_frame_has(label: str) -> None:
    assert Timecode.parse(label, Fraction(30000, 1001)) is None


def test_rates_of_sequences() -> None:
    ntsc = Fraction(30000, 1001)
    asked = {Fraction(2998, 100): ntsc, Fraction(15): Fraction(30), Fraction(10): Fraction(30)}
    asked |= {Fraction(25, 2): Fraction(25), Fraction(120): Fraction(60), Fraction(24): Fraction(24)}
    assert {rate: broadcast_rate(rate) for rate in asked} == asked
    assert edit_rate(Fraction(15), variable=False) == 15
    assert edit_rate(Fraction(23), variable=True) == Fraction(24000, 1001)
    assert edit_rate(Fraction(2997, 100), variable=False) == ntsc
    assert edit_rate(None, variable=False) == 25

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.media.timestamps import FrameClock

MS = Fraction(1, 1000)


def run(clock: FrameClock, stamps: list[int | None]) -> list[int]:
    return [clock.tick(stamp, stamp) for stamp in stamps]


def test_times_are_relative_to_the_first_frame() -> None:
    assert run(FrameClock(MS, Fraction(25)), [5000, 5040, 5080]) == [0, 40, 80]


def test_ticks_are_rounded_to_the_nearest_millisecond() -> None:
    assert run(FrameClock(Fraction(1, 30000), None), [0, 1001, 2002, 3003]) == [0, 33, 67, 100]


def test_missing_timestamps_go_on_at_the_claimed_then_the_measured_pace() -> None:
    assert run(FrameClock(MS, Fraction(10)), [None, None, None]) == [0, 100, 200]
    assert run(FrameClock(MS, Fraction(10)), [0, 40, None, None]) == [0, 40, 80, 120]
    assert run(FrameClock(MS, Fraction(10)), [None, 5000, 5050]) == [0, 100, 150]


def test_a_misordered_frame_does_not_turn_time_back() -> None:
    assert run(FrameClock(MS, None), [0, 40, 20, 80]) == [0, 40, 41, 80]


def test_a_stale_frame_after_damage_does_not_stretch_time() -> None:
    clock = FrameClock(MS, None)
    frames = [(0, 0), (2000, 3000), (40, 3040), (3080, 3080)]
    assert [clock.tick(pts, dts) for pts, dts in frames] == [0, 2000, 2001, 3080]


def test_a_restarted_clock_is_glued_on() -> None:
    assert run(FrameClock(MS, None), [0, 40, 9000, 0, 40, 80])[2:] == [9000, 17960, 18000, 18040]


@pytest.mark.parametrize(
    ("base", "step", "rate"),
    [
        (Fraction(1, 12800), 512, Fraction(25)),
        (Fraction(1, 30000), 1001, Fraction(30000, 1001)),
        (Fraction(1, 24000), 1001, Fraction(24000, 1001)),
        (Fraction(1, 90000), 1500, Fraction(60)),
        (Fraction(1, 11456), 384, Fraction(179, 6)),
    ],
)
def test_the_rate_is_measured_exactly(base: Fraction, step: int, rate: Fraction) -> None:
    clock = FrameClock(base, Fraction(50))
    run(clock, [i * step for i in range(100)])
    assert clock.rate == rate
    assert not clock.variable


@pytest.mark.parametrize(
    "rate", [Fraction(24000, 1001), Fraction(24), Fraction(30000, 1001), Fraction(30), Fraction(60)]
)
def test_a_millisecond_clock_still_tells_broadcast_rates_apart(rate: Fraction) -> None:
    clock = FrameClock(MS, None)
    run(clock, [round(i / rate * 1000) for i in range(300)])
    assert clock.rate == rate
    assert not clock.variable


def test_one_dropped_frame_is_not_a_variable_rate_and_many_are() -> None:
    steady, jumpy = FrameClock(MS, None), FrameClock(MS, None)
    run(steady, [i * 40 for i in range(50) if i != 20])
    run(jumpy, [0, 40, 200, 240, 500, 540, 900])
    assert (steady.variable, steady.rate) == (False, Fraction(25))
    assert (jumpy.variable, jumpy.rate) == (True, Fraction(6, 1) / Fraction(9, 10))


def test_the_end_is_the_last_frames_own_duration_where_it_is_believable() -> None:
    clock = FrameClock(MS, None)
    run(clock, [0, 40, 80])
    assert clock.end_ms(500) == 580
    for nonsense in (None, 0, -(2**31), 10**9):
        assert clock.end_ms(nonsense) == 120


def test_a_single_frame_lasts_as_long_as_the_claimed_rate_says() -> None:
    clock = FrameClock(MS, Fraction(10))
    clock.tick(777)
    assert (clock.end_ms(None), clock.rate, clock.variable) == (100, Fraction(10), False)


@given(
    st.lists(st.none() | st.integers(-(2**40), 2**40), min_size=1, max_size=60),
    st.sampled_from([MS, Fraction(1, 90000), Fraction(1, 25), Fraction(1001, 30000), Fraction(1, 10**6)]),
)
def test_whatever_the_timestamps_time_only_moves_forward(stamps: list[int | None], base: Fraction) -> None:
    clock = FrameClock(base, None)
    times = run(clock, stamps)
    assert times[0] == 0
    assert all(a < b for a, b in itertools.pairwise(times))
    assert clock.end_ms(None) > times[-1]
    assert clock.rate is None or clock.rate > 0

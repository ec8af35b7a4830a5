"""From presentation timestamps, as files really carry them, to a clock that only moves forward."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

# A restart by less than this is a misordered frame, not a new recording glued on.
_DISCONTINUITY_S = 1
# A last frame claiming more than this has a broken duration; the measured interval stands in.
_LONGEST_LAST_FRAME_MS = 10_000
# Where neither timestamps nor header give a rate: ffmpeg's own default for pictures.
_DEFAULT_RATE = Fraction(25)
# Intervals this far from the median are irregular: 5 %, or rounding to the millisecond clock of Matroska.
_REGULAR = Fraction(1, 20)
_ROUNDING_S = Fraction(101, 100_000)
# One dropped frame in a short clip does not make its rate variable.
_IRREGULAR_SHARE = 0.05


class FrameClock:
    """Times of frames in presentation order, integer ms from the first one, strictly increasing.

    Arguments:
        time_base: seconds a tick of the timestamps.
        claimed_rate: frames a second in the header; used only where timestamps are missing.
    """

    def __init__(self, time_base: Fraction, claimed_rate: Fraction | None) -> None:
        self._time_base = time_base
        self._claimed_rate = claimed_rate
        self._step = max(1, round(1 / ((claimed_rate or _DEFAULT_RATE) * time_base)))
        self._origin: int | None = None
        self._dts: int | None = None
        self._ticks = -1
        self._intervals: Counter[int] = Counter()
        self.time_ms = -1
        self.frames = 0

    def tick(self, pts: int | None, dts: int | None = None) -> int:
        """The time of the next frame, ms; a glued-on recording is known by its decoding time `dts`."""
        restarted = dts is not None and self._dts is not None and dts < self._dts
        self._dts = dts
        ticks = self._next_ticks(pts, restarted)
        if self.frames and ticks > self._ticks:
            self._step = ticks - self._ticks
            self._intervals[self._step] += 1
        self._ticks = max(self._ticks, ticks)
        self.time_ms = max(self.time_ms + 1, self._ms(ticks))
        self.frames += 1
        return self.time_ms

    def _next_ticks(self, pts: int | None, restarted: bool) -> int:
        expected = self._ticks + self._step if self.frames else 0
        if pts is None:
            return expected
        if self._origin is None:
            self._origin = pts - expected
        ticks = pts - self._origin
        if restarted and (self._ticks - ticks) * self._time_base > _DISCONTINUITY_S:
            self._origin = pts - expected
            return expected
        return ticks

    def _ms(self, ticks: int) -> int:
        base = self._time_base
        return (2000 * ticks * base.numerator + base.denominator) // (2 * base.denominator)

    def _median(self) -> int:
        half = self._intervals.total() / 2
        seen = 0
        for interval, count in sorted(self._intervals.items()):
            seen += count
            if seen >= half:
                return interval
        return self._step

    def _regular(self) -> Counter[int]:
        median = self._median()
        slack = max(median * _REGULAR, _ROUNDING_S / self._time_base)
        return Counter({i: n for i, n in self._intervals.items() if abs(i - median) <= slack})

    @property
    def variable(self) -> bool:
        """Whether more than a few intervals between frames differ from the usual one."""
        total = self._intervals.total()
        return total > 0 and 1 - self._regular().total() / total > _IRREGULAR_SHARE

    @property
    def rate(self) -> Fraction | None:
        """Frames a second, measured: the average where variable, else the usual rate, snapped to the
        claimed or a broadcast one (N or N x 1000/1001) where the timestamps cannot tell them apart."""
        if not self._intervals:
            return self._claimed_rate
        counted = self._intervals if self.variable else self._regular()
        span = sum(i * n for i, n in counted.items()) * self._time_base
        measured = counted.total() / span
        if self.variable:
            return _readable(measured)
        whole = max(1, round(measured))
        known = [Fraction(whole), Fraction(round(measured * 1001 / 1000) or 1) * 1000 / 1001]
        if self._claimed_rate:
            known.append(self._claimed_rate)
        nearest = min(known, key=lambda rate: abs(rate - measured))
        if abs(nearest - measured) <= measured * max(Fraction(1, 10_000), Fraction(1, 1000) / span):
            return nearest
        return _readable(measured)

    def end_ms(self, last_duration: int | None) -> int:
        """When the last frame is over, ms; `last_duration` is its own claim in ticks, if any."""
        claimed = self._ms(last_duration) if last_duration and last_duration > 0 else 0
        if not 0 < claimed <= _LONGEST_LAST_FRAME_MS:
            claimed = self._ms(self._median())
        return self.time_ms + max(1, claimed)


def _readable(rate: Fraction) -> Fraction:
    return rate.limit_denominator(1001) or rate

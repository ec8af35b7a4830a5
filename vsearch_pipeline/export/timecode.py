"""Milliseconds, frames and SMPTE timecode, to the frame at every rate.

Own arithmetic where opentimelineio has some: its `to_timecode` begins anew after 24 hours of real time, which at
29.97 without drop frame is 86 seconds before 24:00:00:00, and it knows no rates such as 15.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

BROADCAST_RATES: Final = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(60),
)
"""What a sequence of an editing program may have, frames a second."""
DROP_RATES: Final = (Fraction(30000, 1001), Fraction(60000, 1001))
"""Where timecode can leave numbers out to keep to the clock."""

_SAME: Final = Fraction(1, 100)
"""Share by which a measured rate may be off: 29.98 is 29.97."""
_TIMECODE: Final = re.compile(r"(\d{1,2}):(\d\d):(\d\d)([:;.,])(\d{1,3})")


def time_of(frame: int, rate: Fraction) -> int:
    """When a frame of a constant rate is shown, ms from the first; as the catalogue rounds it."""
    return int((2000 * frame + rate) // (2 * rate))


def frame_at(time_ms: int, rate: Fraction) -> int:
    """The first frame that is shown at `time_ms` or later: the in point, or as an end the frame after the last."""
    frame = int(time_ms * rate // 1000)
    while frame > 0 and time_of(frame - 1, rate) >= time_ms:
        frame -= 1
    while time_of(frame, rate) < time_ms:
        frame += 1
    return frame


def broadcast_rate(rate: Fraction) -> Fraction:
    """The rate of a sequence for such pictures: the slowest that shows all equally long, else the nearest."""
    near = min(BROADCAST_RATES, key=lambda known: abs(known - rate))
    if abs(near - rate) <= rate * _SAME:
        return near
    return next((known for known in BROADCAST_RATES if (known / rate).denominator == 1), near)


def edit_rate(rate: Fraction | None, *, variable: bool) -> Fraction:
    """The rate by which frames of a file are counted: its own, where it is constant, else one of a sequence's."""
    if rate is None:
        return Fraction(25)
    near = broadcast_rate(rate)
    return near if variable or abs(near - rate) <= rate * _SAME else rate


@dataclass(frozen=True, slots=True)
class Timecode:
    """The label of a frame, as cameras and editing programs count; `drop` leaves numbers out, not frames."""

    frame: int
    rate: Fraction
    drop: bool = False

    @staticmethod
    def parse(text: str, rate: Fraction) -> Timecode | None:
        """From `HH:MM:SS:FF`, or `;FF` for drop frame; None where no frame of this rate has that label."""
        found = _TIMECODE.fullmatch(text.strip())
        if found is None:
            return None
        hours, minutes, seconds, number = (int(found[i]) for i in (1, 2, 3, 5))
        base = round(rate)
        if number >= base or minutes >= 60 or seconds >= 60:
            return None
        drop = found[4] != ":" and rate in DROP_RATES
        frame = ((hours * 60 + minutes) * 60 + seconds) * base + number
        if drop:
            left_out = base // 15
            if number < left_out and seconds == 0 and minutes % 10:
                return None
            frame -= left_out * (hours * 54 + minutes - minutes // 10)
        return Timecode(frame, rate, drop)

    @staticmethod
    def hours(count: int, rate: Fraction, *, drop: bool) -> Timecode:
        """The frame after so many hours by the labels."""
        base = round(rate)
        return Timecode(count * (3600 * base - (54 * (base // 15) if drop else 0)), rate, drop)

    def of_day(self) -> Timecode:
        """The same label as clocks show it: after 23 comes 0."""
        return Timecode(self.frame % self.hours(24, self.rate, drop=self.drop).frame, self.rate, self.drop)

    def __add__(self, frames: int) -> Timecode:
        return Timecode(self.frame + frames, self.rate, self.drop)

    def __str__(self) -> str:
        base = round(self.rate)
        frame = self.frame
        if self.drop:  # SMPTE ST 12-1: numbers 0 and 1 (0 to 3 at 59.94) of each minute, not of each tenth
            left_out = base // 15
            tens, rest = divmod(frame, 600 * base - 9 * left_out)
            frame += 9 * left_out * tens + left_out * max(0, (rest - left_out) // (60 * base - left_out))
        seconds, number = divmod(frame, base)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}{';' if self.drop else ':'}{number:02d}"

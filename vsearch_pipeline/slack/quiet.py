"""Quiet hours: when Slack is told nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.settings import Settings

_HOURS: Final = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*")
_MINUTE: Final = timedelta(minutes=1)
_DAY_OF_MINUTES: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` on, up to `end`, by the clock on the wall; an end before the start is that of the next day.

    Attributes:
        zone: None for this machine's.
    """

    start: time
    end: time
    zone: ZoneInfo | None = None

    def at(self, moment: datetime) -> bool:
        """Whether it is quiet then."""
        shown = moment.astimezone(self.zone).time()
        if self.start < self.end:
            return self.start <= shown < self.end
        return shown >= self.start or shown < self.end

    def between(self, since: datetime, until: datetime) -> bool:
        """Whether there were quiet hours in between; minute by minute, so that no change of the clocks matters."""
        since, until = since.astimezone(UTC), until.astimezone(UTC)  # in a zone of its own, a sum skips no hour
        minutes = min(_DAY_OF_MINUTES, (until - since) // _MINUTE)
        return self.at(until) or any(self.at(since + n * _MINUTE) for n in range(minutes + 1))


def quiet_hours(settings: Settings) -> QuietHours | None:
    """Those of the settings; None without any.

    Raises:
        InputError: they, or the time zone, cannot be read.
    """
    zone = _zone(settings.slack_timezone.strip())
    given = settings.slack_quiet_hours.strip()
    if not given:
        return None
    found = _HOURS.fullmatch(given)
    try:
        if found is None:
            raise ValueError(given)
        hour, minute, to_hour, to_minute = map(int, found.groups())
        midnight = (to_hour, to_minute) == (24, 0)
        start, end = time(hour, minute), time() if midnight else time(to_hour, to_minute)
        if start == end:
            raise ValueError(given)
    except ValueError as error:
        raise InputError(
            f"VSEARCH_SLACK_QUIET_HOURS is {given!r}: write two times of a day, as 22:00-08:00."
        ) from error
    return QuietHours(start, end, zone)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError) as error:  # unknown, no name at all, a folder of them
        raise InputError(
            f"VSEARCH_SLACK_TIMEZONE is {name!r}: write the name of a time zone, as Asia/Seoul."
        ) from error

"""Quiet hours by the clock on the wall, also over midnight and where the clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.quiet import QuietHours, quiet_hours

BERLIN = ZoneInfo("Europe/Berlin")


def hours(given: str, zone: str = "UTC") -> QuietHours:
    found = quiet_hours(Settings(slack_quiet_hours=given, slack_timezone=zone))
    assert found is not None
    return found


def at(text: str, zone: ZoneInfo | None = None, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC, fold=fold)


@pytest.mark.parametrize(
    ("given_hours", "quiet", "loud"),
    [
        ("22:00-08:00", ["22:00", "23:59", "00:00", "07:59"], ["08:00", "12:00", "21:59"]),
        ("12:00 - 13:30", ["12:00", "13:29"], ["11:59", "13:30", "00:00"]),
        ("22:00–24:00", ["22:00", "23:59"], ["00:00", "21:59"]),
        ("0:00-6:00", ["00:00", "05:59"], ["06:00", "23:59"]),
    ],
)
def test_when_it_is_quiet(given_hours: str, quiet: list[str], loud: list[str]) -> None:
    found = hours(given_hours)
    assert all(found.at(at(f"2026-11-26T{moment}")) for moment in quiet)
    assert not any(found.at(at(f"2026-11-26T{moment}")) for moment in loud)


def test_none_are_set() -> None:
    assert quiet_hours(Settings()) is None
    assert quiet_hours(Settings(slack_quiet_hours=" ")) is None


@pytest.mark.parametrize(
    "bad", ["22-8", "25:00-08:00", "22:00-08:60", "22:00-22:00", "always", "24:30-1:00", "48:00-1:00"]
)
def test_bad_hours_name_the_setting_and_an_example(bad: str) -> None:
    with pytest.raises(InputError, match=r"VSEARCH_SLACK_QUIET_HOURS is '.*': .* 22:00-08:00"):
        quiet_hours(Settings(slack_quiet_hours=bad))


@pytest.mark.parametrize("bad", ["Korea time", "Asia", "../etc/passwd", "+09:00"])
def test_a_bad_time_zone_names_the_setting_and_an_example(bad: str) -> None:
    with pytest.raises(InputError, match=r"VSEARCH_SLACK_TIMEZONE is '.*': .* Asia/Seoul"):
        quiet_hours(Settings(slack_timezone=bad))


def test_the_zone_counts_and_is_the_machines_where_none_is_set() -> None:
    assert hours("22:00-08:00", "Asia/Seoul").at(at("2026-11-26T13:00"))
    assert not hours("22:00-08:00", "Asia/Seoul").at(at("2026-11-26T23:00"))
    here = QuietHours(at("2026-11-26T22:00").time(), at("2026-11-26T08:00").time())
    assert here.at(datetime(2026, 11, 26, 23).astimezone())
    assert not here.at(datetime(2026, 11, 26, 9).astimezone())


def test_the_night_when_clocks_go_forward() -> None:
    """In Berlin 02:00 to 03:00 is left out on 28 March 2027."""
    quiet = hours("22:00-02:30", "Europe/Berlin")
    assert quiet.at(at("2027-03-28T01:59", BERLIN))
    assert not quiet.at(at("2027-03-28T03:00", BERLIN)), "02:30 never came"
    left_out = hours("02:10-02:50", "Europe/Berlin")
    assert not left_out.between(at("2027-03-28T00:00", BERLIN), at("2027-03-28T08:00", BERLIN))
    assert left_out.between(at("2027-03-29T00:00", BERLIN), at("2027-03-29T08:00", BERLIN))


def test_the_night_when_clocks_go_back() -> None:
    """In Berlin 02:00 to 03:00 comes twice on 25 October 2026."""
    quiet = hours("22:00-02:30", "Europe/Berlin")
    assert quiet.at(at("2026-10-25T02:15", BERLIN))
    assert not quiet.at(at("2026-10-25T02:45", BERLIN))
    assert quiet.at(at("2026-10-25T02:15", BERLIN, fold=1))
    assert not quiet.at(at("2026-10-25T02:30", BERLIN, fold=1))


@given(
    start=st.integers(0, 24 * 60 - 1),
    length=st.integers(1, 24 * 60 - 1),
    since=st.integers(0, 10 * 24 * 60).map(lambda n: at("2026-10-20T00:00") + timedelta(minutes=n)),
    minutes=st.integers(0, 40 * 60),
    zone=st.sampled_from(["Europe/Berlin", "Asia/Seoul", "America/New_York", "UTC"]),
)
def test_whether_there_were_quiet_hours(start: int, length: int, since: datetime, minutes: int, zone: str) -> None:
    begins, ends = (time(*divmod(n % (24 * 60), 60)) for n in (start, start + length))
    quiet = QuietHours(begins, ends, ZoneInfo(zone))
    until = since + timedelta(minutes=minutes)
    moments = [since + timedelta(minutes=n) for n in range(minutes + 1)]
    assert quiet.between(since, until) == any(map(quiet.at, moments))

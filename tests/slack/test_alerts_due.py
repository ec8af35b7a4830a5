"""When alerts go out: nothing is lost, nothing is told twice, and a flood is a few messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tests.slack.alerting import START
from vsearch_pipeline.catalog.alerts import Told
from vsearch_pipeline.slack.alerts import SETTLED, due
from vsearch_pipeline.slack.quiet import QuietHours

TICK = timedelta(seconds=15)
EVERY = timedelta(minutes=15)


@dataclass(frozen=True)
class One:
    number: int
    made_at: datetime


@dataclass(frozen=True)
class Sent:
    at: datetime
    alerts: list[One]


def played(
    seconds: list[float],
    *,
    above: int = 3,
    every: timedelta = EVERY,
    quiet: QuietHours | None = None,
    hours: float = 0,
) -> list[Sent]:
    """The messages that go out where alerts come at these seconds and every tick is looked, to the end."""
    coming = [One(number, START + timedelta(seconds=after)) for number, after in enumerate(sorted(seconds))]
    end = START + timedelta(seconds=max(seconds, default=0), hours=hours) + every + SETTLED + 2 * TICK
    sent: list[Sent] = []
    waiting: list[One] = []
    now = START
    while now <= end:
        waiting += [one for one in coming if now - TICK < one.made_at <= now]
        told = [Told(message.at, len(message.alerts)) for message in sent]
        for together in due(waiting, told, now, above=above, every=every, quiet=quiet):
            sent.append(Sent(now, together))
            waiting = [one for one in waiting if one not in together]
        now += TICK
    return sent


def minutes(sent: list[Sent]) -> list[tuple[float, int]]:
    return [((message.at - START) / timedelta(minutes=1), len(message.alerts)) for message in sent]


def test_a_few_are_told_each_by_itself() -> None:
    assert minutes(played([0, 10, 3000])) == [(0, 1), (0.25, 1), (50, 1)]


def test_many_at_once_are_one_message() -> None:
    assert minutes(played([0] * 200)) == [(0, 200)]
    assert minutes(played([0] * 4)) == [(0, 4)]
    assert minutes(played([0] * 3)) == [(0, 1)] * 3


def test_a_backfill_of_200_videos_is_a_few_messages() -> None:
    """One each 20 seconds, for more than an hour."""
    assert minutes(played([20.0 * n for n in range(200)])) == [
        (0, 1),
        (0.5, 1),
        (0.75, 1),
        (15, 43),
        (30, 45),
        (45, 45),
        (60, 45),
        (68.5, 19),
    ]


def test_what_comes_after_a_burst_waits_until_nothing_new_came_for_two_minutes() -> None:
    assert minutes(played([0] * 10 + [60, 90])) == [(0, 10), (3.5, 2)]


def test_a_failure_is_held_no_longer_than_the_rest() -> None:
    [first, last] = played([0] * 10 + [60])
    assert (len(first.alerts), len(last.alerts)) == (10, 1)
    assert last.at - last.alerts[0].made_at <= SETTLED + TICK


def test_after_quiet_hours_there_is_one_message() -> None:
    quiet = QuietHours(time(22), time(8), ZoneInfo("Asia/Seoul"))  # 13:00 to 23:00 UTC; START is 12:00
    sent = played([0, 3590, 2 * 3600, 5 * 3600], quiet=quiet, hours=12)
    assert minutes(sent) == [(0, 1), (660, 3)], "one came ten seconds before they began"
    assert all(not quiet.at(message.at) for message in sent)


@given(
    gaps=st.lists(st.one_of(st.just(0.0), st.floats(0, 60), st.floats(60, 600)), max_size=80),
    above=st.integers(1, 5),
    every=st.sampled_from([3, 15, 30]).map(lambda n: timedelta(minutes=n)),
)
def test_nothing_is_lost_and_no_flood_gets_through(gaps: list[float], above: int, every: timedelta) -> None:
    seconds = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    sent = played(seconds, above=above, every=every)
    numbers = [one.number for message in sent for one in message.alerts]
    assert sorted(numbers) == list(range(len(seconds))), "each once, and all at the end"
    assert numbers == sorted(numbers), "in order"
    made = [START + timedelta(seconds=after) for after in seconds]
    for number, message in enumerate(sent):
        for one in message.alerts:
            assert message.at - one.made_at <= every + TICK, "nothing waits longer"
        before = [other for other in sent[:number] if message.at - other.at < every]
        calm = all(message.at - at >= SETTLED for at in made if at <= message.at)
        if not calm:
            assert len(before) < above, "while it floods, no more than so many in that time"
            assert all(len(other.alerts) == 1 for other in before), "and after a digest none"


@given(
    seconds=st.lists(st.floats(0, 20 * 3600), min_size=1, max_size=30),
    start=st.integers(0, 23),
    length=st.integers(1, 23),
)
def test_quiet_hours_hold_and_let_go(seconds: list[float], start: int, length: int) -> None:
    quiet = QuietHours(time(start), time((start + length) % 24), ZoneInfo("Europe/Berlin"))
    sent = played(seconds, quiet=quiet, hours=24)
    assert sorted(one.number for message in sent for one in message.alerts) == list(range(len(seconds)))
    assert not any(quiet.at(message.at) for message in sent)

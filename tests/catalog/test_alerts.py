"""Alerts are made once and told once; watches know what they told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from vsearch_pipeline.catalog.alerts import (
    NewAlert,
    Told,
    begin_message,
    database_time,
    end_message,
    failed_in_run,
    known_alerts,
    make_alerts,
    only_sender,
    open_alerts,
    searchable_key,
    searchable_since,
    take_as_known,
    told_since,
)
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.stages import ProducerInfo, fail_stage, finish_stage, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.catalog.watches import (
    WatchRecord,
    add_watch,
    hold_watch,
    list_watches,
    remove_watch,
    tell_moments,
    told_moments,
)
from vsearch_pipeline.timeline import TimeRange

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def library(connection: Connection) -> Connection:
    connection.execute(text("delete from alerts"))
    connection.execute(text("delete from stage_runs"))
    for video in ("film", "other"):
        insert_video(
            connection, VideoRecord(video, f"The {video}", "file", f"sha-{video}", "test", duration_ms=9000)
        )
    return connection


def finish(connection: Connection, video: str, stage: str = "segment_embeddings") -> None:
    producer = producer_id(connection, ProducerInfo(stage, "tests", "1"))
    finish_stage(connection, video, stage, mark="m", producer=producer, run_id="r", seconds=0.0)


def made(number: int, channel: str = "C1") -> NewAlert:
    return NewAlert(f"failed run-{number}", "failed", channel, {"run": f"run-{number}"})


# --- alerts ------------------------------------------------------------------------------------------------------


def test_the_same_alert_is_made_once(library: Connection) -> None:
    assert make_alerts(library, [made(1), made(2), made(1)], NOW) == 2
    assert make_alerts(library, [made(2), made(3)], NOW + timedelta(hours=1)) == 1
    assert make_alerts(library, []) == 0
    first, second, third = open_alerts(library)
    assert (first.key, first.kind, first.about, first.made_at, first.state) == (
        "failed run-1",
        "failed",
        {"run": "run-1"},
        NOW,
        "waiting",
    )
    assert (second.made_at, third.made_at) == (NOW, NOW + timedelta(hours=1))
    assert known_alerts(library, ["failed run-1", "failed run-9"]) == {"failed run-1"}


def test_what_can_be_searched_at_first_is_never_told(library: Connection) -> None:
    finish(library, "film")
    finish(library, "other", "segments")
    assert take_as_known(library) == 1
    assert take_as_known(library) == 0
    assert open_alerts(library) == []
    again = [NewAlert(searchable_key(video), "searchable", "C1", {}) for video in ("film", "other")]
    assert make_alerts(library, again, NOW) == 1
    assert [alert.key for alert in open_alerts(library)] == ["searchable other"]


def test_videos_made_searchable_since(library: Connection) -> None:
    before = database_time(library) - timedelta(hours=1)
    assert searchable_since(library, before) == []
    finish(library, "film")
    finish(library, "other")
    finish(library, "other", "previews")
    found = searchable_since(library, before)
    assert {video.id: (video.title, video.duration_ms, video.previewed) for video in found} == {
        "film": ("The film", 9000, False),
        "other": ("The other", 9000, True),
    }
    assert searchable_since(library, database_time(library) + timedelta(hours=1)) == []


def test_which_videos_failed_in_a_run(library: Connection) -> None:
    fail_stage(library, "film", "captions", "The disk is full.", "run-1")
    fail_stage(library, "other", "captions", "Another run.", "run-2")
    [failed] = failed_in_run(library, "run-1")
    assert (failed.id, failed.title, failed.stage, failed.reason) == (
        "film",
        "The film",
        "captions",
        "The disk is full.",
    )


def test_a_message_goes_from_waiting_to_sent(library: Connection) -> None:
    make_alerts(library, [made(n) for n in range(4)], NOW)
    ids = [alert.id for alert in open_alerts(library)]
    later = NOW + timedelta(minutes=1)
    assert begin_message(library, ids[:2], "m1", later) == ids[:2]
    assert begin_message(library, ids[:3], "m2", later) == ids[2:3], "what is being sent is not sent again"
    assert [alert.state for alert in open_alerts(library)] == ["sending", "sending", "sending", "waiting"]
    end_message(library, "m1", "sent", later, ts="1.2")
    end_message(library, "m2", "waiting", later)
    left = open_alerts(library)
    assert [(alert.id, alert.state, alert.message) for alert in left] == [
        (ids[2], "waiting", None),
        (ids[3], "waiting", None),
    ]
    assert told_since(library, "C1", NOW) == [Told(later, 2)]
    assert told_since(library, "C1", later) == []
    assert told_since(library, "C2", NOW) == []
    end_message(library, "m1", "waiting", later)
    assert len(open_alerts(library)) == 2, "what was sent stays sent"


def test_one_sends_at_a_time(catalog: Catalog) -> None:
    with catalog.begin() as first:
        assert only_sender(first)
        with catalog.begin() as second:
            assert not only_sender(second)
    with catalog.begin() as third:
        assert only_sender(third)


# --- watches -----------------------------------------------------------------------------------------------------

Add = Callable[..., WatchRecord]


@pytest.fixture
def add(library: Connection) -> Add:
    library.execute(text("delete from watches"))

    def add_one(query: str = "a dog", user: str = "U1", channel: str = "C1", language: str = "en") -> WatchRecord:
        return add_watch(
            library,
            user_id=user,
            channel=channel,
            actor="mina@example.com",
            query=query,
            language=language,  # type: ignore[arg-type]
        )

    return add_one


def test_the_same_watch_is_one(library: Connection, add: Add) -> None:
    first = add()
    again = add(language="ko")
    assert (again.id, again.language, again.since) == (first.id, "ko", first.since)
    others = [add(query="a cat"), add(user="U2"), add(channel="C2"), add(query="x" * 2000)]
    assert len({first.id, *(other.id for other in others)}) == 5
    assert list_watches(library) == [again, *others]
    assert list_watches(library, user_id="U2") == [others[1]]
    assert list_watches(library, channel="C1", user_id="U1") == [again, others[0], others[3]]


def test_only_whose_it_is_removes_it(library: Connection, add: Add) -> None:
    watch, other = add(), add(query="a cat")
    news = [NewAlert(f"watch {w.id} film", "watch", "C1", {"watch": w.id}) for w in (watch, other)]
    make_alerts(library, news, NOW)
    assert not remove_watch(library, watch.id, user_id="U2")
    assert hold_watch(library, watch.id)
    assert remove_watch(library, watch.id, user_id="U1")
    assert not remove_watch(library, watch.id, user_id="U1")
    assert not hold_watch(library, watch.id)
    assert list_watches(library) == [other]
    assert [alert.about["watch"] for alert in open_alerts(library)] == [other.id], "nobody waits for it any more"


def test_what_a_watch_told(library: Connection, add: Add) -> None:
    watch, other = add(), add(query="a cat")
    tell_moments(library, watch.id, {"film": [TimeRange(0, 10), TimeRange(20, 30)], "gone": [TimeRange(0, 1)]})
    tell_moments(library, watch.id, {"film": [TimeRange(0, 10)], "other": [TimeRange(5, 6)]})
    tell_moments(library, 999_999, {"film": [TimeRange(0, 10)]})
    tell_moments(library, watch.id, {})
    assert told_moments(library, watch.id, ["film", "gone"]) == {"film": [TimeRange(0, 10), TimeRange(20, 30)]}
    assert told_moments(library, other.id, ["film"]) == {}
    library.execute(text("delete from videos where id = 'film'"))
    assert told_moments(library, watch.id, ["film", "other"]) == {"other": [TimeRange(5, 6)]}

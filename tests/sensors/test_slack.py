"""The sensor tells Slack what happened since it looked first: each thing once, and nothing of a library's past."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    DagsterInstance,
    DagsterRunStatus,
    MaterializeResult,
    SensorResult,
    SkipReason,
    asset,
    build_sensor_context,
    job,
    materialize,
    op,
)
from dagster._core.test_utils import create_run_for_test
from sqlalchemy import text

from tests.search.toys import WordEmbedder
from tests.slack.alerting import alerts_of, finish, own_database, put_preview, put_video, slack_server
from tests.slack.slack_server import SlackServer
from vsearch_pipeline.assets.stage import VIDEOS
from vsearch_pipeline.catalog.alerts import database_time
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.stages import fail_stage
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.catalog.watches import WatchRecord, add_watch
from vsearch_pipeline.definitions import definitions, defs
from vsearch_pipeline.resources.models import SentenceEmbedderResource
from vsearch_pipeline.resources.slack import SlackResource
from vsearch_pipeline.resources.storage import CatalogResource
from vsearch_pipeline.sensors import slack as sensors
from vsearch_pipeline.sensors.slack import Cursor, slack_alerts_sensor
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange

M = "Kim Minji"


class ToySentences(SentenceEmbedderResource):
    def load(self) -> Any:
        return WordEmbedder()


class Daemon:
    """Asks the sensor as Dagster's daemon does, with the cursor that it keeps."""

    def __init__(self, home: Path, catalog: Catalog, instance: DagsterInstance) -> None:
        self.home, self.catalog, self.instance = home, catalog, instance
        self.slack: dict[str, Any] = {"channel": "C1", "language": "en", "page_url": "https://page.example"}
        self.cursor: str | None = None
        self.sensor = slack_alerts_sensor()

    def tick(self, *, forgets: bool = False) -> str:
        """What the tick says; with `forgets` the daemon dies before it keeps the cursor."""
        with build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            resources={
                "catalog": CatalogResource(home=str(self.home)),
                "sentences": ToySentences(model="toy"),
                "slack": SlackResource(home=str(self.home), **self.slack),
            },
        ) as context:
            result = self.sensor(context)
        if isinstance(result, SkipReason):
            return str(result.skip_message)
        assert isinstance(result, SensorResult)
        assert not result.run_requests
        if not forgets:
            self.cursor = result.cursor
        assert isinstance(result.skip_reason, SkipReason)
        return str(result.skip_reason.skip_message)

    def alerts(self) -> dict[str, str]:
        """States by key."""
        return {each["key"]: each["state"] for each in alerts_of(self.catalog)}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    with slack_server(monkeypatch) as opened:
        yield opened


@pytest.fixture
def daemon(
    settings: Settings,
    catalog: Catalog,
    instance: DagsterInstance,
    server: SlackServer,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Daemon:
    address = own_database(settings, catalog)
    monkeypatch.setenv("VSEARCH_DATABASE_URL", address)
    return Daemon(tmp_path, open_catalog(Settings(home=tmp_path)), instance)


def told(server: SlackServer, channel: str = "C1") -> list[str]:
    """The first section of each message, links as their texts."""
    heads = [message["blocks"][0]["text"]["text"] for message in server.messages(channel)]
    return [re.sub(r"<[^|>]*\|([^>]*)>", r"\1", head) for head in heads]


@op
def breaks() -> None:
    raise OSError("no space left on device")


@job
def breaking() -> None:
    breaks()


def fail(instance: DagsterInstance, **tags: str) -> str:
    return str(breaking.execute_in_process(instance=instance, raise_on_error=False, tags=tags).run_id)


# --- the first look and no token ---------------------------------------------------------------------------------


def test_without_a_token_nothing_is_made(
    daemon: Daemon, server: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_video(daemon.catalog, "v1")
    fail(daemon.instance)
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    for _ in range(2):
        assert daemon.tick() == "SLACK_BOT_TOKEN is not set: Slack is told nothing (docs/slack.md)"
    assert (daemon.alerts(), daemon.cursor, server.calls()) == ({}, None, [])


@pytest.mark.parametrize(
    ("environment", "slack", "said"),
    [
        ({"SLACK_BOT_TOKEN": "xapp-1"}, {}, "SLACK_BOT_TOKEN must begin with xoxb-"),
        ({}, {"quiet_hours": "night"}, "VSEARCH_SLACK_QUIET_HOURS is 'night'"),
        ({}, {"timezone": "Korea"}, "VSEARCH_SLACK_TIMEZONE is 'Korea'"),
    ],
)
def test_settings_that_cannot_be_read_are_said(
    daemon: Daemon, environment: dict[str, str], slack: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    daemon.slack |= slack
    assert said in daemon.tick()
    assert daemon.cursor is None


def test_nothing_of_the_past_is_told(daemon: Daemon, server: SlackServer) -> None:
    for number in range(30):
        put_video(daemon.catalog, f"v{number}")
    fail(daemon.instance)
    check(daemon.instance, passed=False)
    assert daemon.tick() == "what happens from now on is told to C1"
    for _ in range(2):
        assert daemon.tick() == "0 alerts told in 0 messages, 0 wait"
    assert server.messages() == []
    assert daemon.alerts() == {f"searchable v{n}": "dropped" for n in range(30)}
    finish(daemon.catalog, "v3")  # by a relabelling
    daemon.tick()
    assert server.messages() == []


# --- videos ------------------------------------------------------------------------------------------------------


def test_a_video_that_can_be_searched_is_told_once(daemon: Daemon, server: SlackServer) -> None:
    daemon.tick()
    put_video(daemon.catalog, "v1", ["One.", "Two.", "Three."], title="The film", people={M: 0.9})
    put_preview(Settings(home=daemon.home), "v1", TimeRange(60_000, 61_000))
    assert daemon.tick() == "1 alerts told in 1 messages, 0 wait"
    [message] = server.messages()
    assert told(server) == ["*Ready to search:* The film"]
    assert message["blocks"][1]["elements"][0]["text"] == "With Kim Minji"
    assert message["blocks"][2]["type"] == "image"
    daemon.tick()
    finish(daemon.catalog, "v1")
    daemon.tick()
    assert len(server.messages()) == 1


def test_a_daemon_that_dies_tells_nothing_twice(daemon: Daemon, server: SlackServer) -> None:
    daemon.tick()
    put_video(daemon.catalog, "v1")
    failed = fail(daemon.instance)
    for _ in range(3):
        daemon.tick(forgets=True)
    daemon.tick()
    assert len(server.messages()) == 2
    assert daemon.alerts() == {"searchable v1": "sent", f"failed {failed}": "sent"}


def test_what_is_committed_later_than_it_says_is_told(daemon: Daemon, server: SlackServer) -> None:
    daemon.tick()
    daemon.tick()
    with daemon.catalog.begin() as connection:
        before = database_time(connection) - timedelta(minutes=2)
    put_video(daemon.catalog, "v1", at=before)
    daemon.tick()
    assert told(server) == ["*Ready to search:* v1"]


def test_news_of_a_video_waits_a_little_for_its_previews(daemon: Daemon, server: SlackServer) -> None:
    daemon.tick()
    put_video(daemon.catalog, "v1")
    with daemon.catalog.begin() as connection:
        connection.execute(text("delete from stage_runs where stage = 'previews'"))
    daemon.tick()
    assert server.messages() == []
    finish(daemon.catalog, "v1", stages=["previews"])
    daemon.tick()
    assert len(server.messages()) == 1
    put_video(daemon.catalog, "v2", at=datetime.now(UTC) - sensors.PREVIEWS_WAIT)
    with daemon.catalog.begin() as connection:
        connection.execute(text("delete from stage_runs where stage = 'previews'"))
    daemon.tick()
    assert told(server)[1:] == ["*Ready to search:* v2"]


def test_a_look_that_takes_long_goes_on_next_time(
    daemon: Daemon, server: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.tick()
    for number in range(3):
        put_video(daemon.catalog, f"v{number}")
    with monkeypatch.context() as patch:
        patch.setattr(sensors, "LOOKING_SECONDS", -1.0)
        failed = fail(daemon.instance)
        daemon.tick()
        assert daemon.alerts() == {}
    daemon.tick()
    assert sorted(daemon.alerts()) == [f"failed {failed}", *(f"searchable v{n}" for n in range(3))]


def test_an_import_of_many_videos_is_one_message(daemon: Daemon, server: SlackServer) -> None:
    daemon.tick()
    with daemon.catalog.begin() as connection:
        for number in range(200):
            insert_video(connection, VideoRecord(f"v{number}", f"Film {number}", "imported", f"s{number}", "test"))
    for number in range(200):
        finish(daemon.catalog, f"v{number}", stages=["segment_embeddings"])
    daemon.tick()
    daemon.tick()
    assert told(server) == ["*200 pieces of news*: 200 videos ready to search"]
    cursor = Cursor.read(daemon.cursor)
    assert cursor is not None
    assert len(cursor.seen) == 200
    assert Cursor.read(str(cursor)) == cursor


# --- runs --------------------------------------------------------------------------------------------------------


def test_a_failed_run_is_told_with_its_reason(daemon: Daemon, server: SlackServer) -> None:
    daemon.tick()
    put_video(daemon.catalog, "v1", title="The film")
    daemon.tick()
    run = fail(daemon.instance, **{"dagster/partition": "v1"})
    daemon.tick()
    daemon.tick()
    assert told(server)[1:] == ["*breaks failed:* The film\n>breaks: OSError: no space left on device"]
    assert f"/runs/{run}|" in server.messages()[1]["blocks"][1]["elements"][0]["text"]


def test_nothing_is_lost_when_the_clock_is_set_back(daemon: Daemon, server: SlackServer) -> None:
    daemon.tick()
    put_video(daemon.catalog, "v1")
    finish(daemon.catalog, "v1")
    daemon.tick()
    cursor = Cursor.read(daemon.cursor)
    assert cursor is not None
    ahead = {
        name: (_moment(getattr(cursor, name)) + timedelta(hours=2)).isoformat() for name in ("videos", "runs")
    }
    daemon.cursor = str(replace(cursor, **ahead))
    put_video(daemon.catalog, "v2")
    failed = fail(daemon.instance)
    for _ in range(2):
        daemon.tick()
    assert {"searchable v1", "searchable v2", f"failed {failed}"} == daemon.alerts().keys()


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)


def test_a_failed_run_of_many_videos_is_one_alert(daemon: Daemon, server: SlackServer) -> None:
    daemon.tick()
    for number in range(8):
        put_video(daemon.catalog, f"v{number}", title=f"Film {number}")
    daemon.tick()
    run = fail(daemon.instance)
    with daemon.catalog.begin() as connection:
        for number in range(5):
            fail_stage(connection, f"v{number}", "captions", "The model ran out of memory.", run)
    daemon.tick()
    alert = alerts_of(daemon.catalog)[-1]
    assert alert["key"] == f"failed {run}"
    assert (alert["about"]["stage"], alert["about"]["found"]) == ("captions", 5)
    assert alert["about"]["reason"] == "The model ran out of memory."


def test_a_link_that_could_not_be_taken_in(daemon: Daemon, server: SlackServer) -> None:
    daemon.tick()
    fail(daemon.instance, **{"vsearch/source": "https://example.org/<!channel>.mp4"})
    daemon.tick()
    assert "https://example.org/&lt;!channel&gt;.mp4" in told(server)[0]


def test_only_what_is_not_tried_again_is_told(
    daemon: Daemon, server: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.tick()
    fail(daemon.instance, **{"dagster/will_retry": "true"})
    last = fail(daemon.instance, **{"dagster/will_retry": "false"})
    daemon.tick()
    assert daemon.alerts() == {f"failed {last}": "sent"}
    # where Dagster tries again, it says so a moment after the failure
    monkeypatch.setattr(DagsterInstance, "run_retries_enabled", property(lambda _: True))
    create_run_for_test(daemon.instance, status=DagsterRunStatus.FAILURE, job_name="ingest")
    monkeypatch.setattr(DagsterInstance, "run_retries_enabled", property(lambda _: False))
    unknown = fail(daemon.instance)
    monkeypatch.setattr(DagsterInstance, "run_retries_enabled", property(lambda _: True))
    daemon.tick()
    assert daemon.alerts() == {f"failed {last}": "sent"}
    daemon.instance.add_run_tags(unknown, {"dagster/will_retry": "false"})
    daemon.tick()
    assert daemon.alerts() == {f"failed {last}": "sent", f"failed {unknown}": "sent"}


def test_an_old_run_that_only_got_a_tag_is_no_news(daemon: Daemon, server: SlackServer) -> None:
    old = fail(daemon.instance)
    daemon.tick()
    daemon.instance.add_run_tags(old, {"seen": "yes"})
    daemon.tick()
    assert daemon.alerts() == {}


def test_a_stopped_run_is_no_news(daemon: Daemon, server: SlackServer) -> None:
    daemon.tick()
    create_run_for_test(daemon.instance, status=DagsterRunStatus.CANCELED)
    daemon.tick()
    assert daemon.alerts() == {}


# --- checks ------------------------------------------------------------------------------------------------------


def check(instance: DagsterInstance, *, passed: bool, blocking: bool = False, video: str | None = None) -> str:
    @asset(
        name="video",
        partitions_def=VIDEOS if video else None,
        check_specs=[AssetCheckSpec("file_is_whole", asset="video", blocking=blocking)],
    )
    def video_asset() -> MaterializeResult:
        result = AssetCheckResult(passed=passed, description="v1: 12 frames are <damaged>")
        return MaterializeResult(check_results=[result])

    if video:
        instance.add_dynamic_partitions("videos", [video])
    run = materialize([video_asset], instance=instance, raise_on_error=False, partition_key=video)
    return str(run.run_id)


def test_a_failed_check_is_told_once(daemon: Daemon, server: SlackServer) -> None:
    daemon.tick()
    put_video(daemon.catalog, "v1", title="The film")
    daemon.tick()
    check(daemon.instance, passed=True)
    run = check(daemon.instance, passed=False, video="v1")
    other = check(daemon.instance, passed=False)
    for _ in range(3):
        daemon.tick()
    assert daemon.alerts() == {
        "searchable v1": "sent",
        f"check {run} video file_is_whole v1": "sent",
        f"check {other} video file_is_whole": "sent",
    }
    assert re.sub("\u2060", "", told(server)[1]) == (
        "*A check failed:* file_is_whole (File check)\n>v1: 12 frames are &lt;damaged&gt;"
    )
    for message in server.messages()[1:]:
        assert "|The film>" in message["blocks"][1]["elements"][0]["text"], "also where only its words name it"


def test_a_check_that_stops_a_run_is_told_and_the_run_is_not(daemon: Daemon, server: SlackServer) -> None:
    daemon.tick()
    run = check(daemon.instance, passed=False, blocking=True)
    record = daemon.instance.get_run_by_id(run)
    assert record is not None
    assert record.status == DagsterRunStatus.FAILURE
    daemon.tick()
    assert daemon.alerts() == {f"check {run} video file_is_whole": "sent"}


# --- watches and channels ----------------------------------------------------------------------------------------


def watch(daemon: Daemon, query: str, channel: str = "C2") -> WatchRecord:
    with daemon.catalog.begin() as connection:
        return add_watch(connection, user_id="U1", channel=channel, actor="mina", query=query, language="en")


def test_what_somebody_watches_for_is_told_where_they_asked(daemon: Daemon, server: SlackServer) -> None:
    server.add_channel("C2")
    put_video(daemon.catalog, "v0", ["A dog on the beach."])
    daemon.tick()
    watch(daemon, "a dog on the beach")
    daemon.tick()
    assert server.messages("C2") == []
    put_video(daemon.catalog, "v1", ["A dog on the beach.", "Tax forms."], title="The film")
    put_preview(Settings(home=daemon.home), "v1", TimeRange(0, 1000))
    daemon.tick()
    daemon.tick()
    assert told(server, "C2") == ["*New for “a dog on the beach”* in The film <@U1>"]
    [message] = server.messages("C2")
    assert [block["type"] for block in message["blocks"]] == ["section", "section", "image"]
    assert told(server) == ["*Ready to search:* The film"]


def test_without_a_channel_only_watches_are_told(daemon: Daemon, server: SlackServer) -> None:
    server.add_channel("C2")
    daemon.slack["channel"] = ""
    assert "VSEARCH_SLACK_CHANNEL is not set" in daemon.tick()
    watch(daemon, "a dog on the beach")
    put_video(daemon.catalog, "v1", ["A dog on the beach."])
    fail(daemon.instance)
    check(daemon.instance, passed=False)
    daemon.tick()
    assert [(key.split()[0], state) for key, state in daemon.alerts().items()] == [
        ("searchable", "dropped"),
        ("watch", "sent"),
    ]
    daemon.slack["channel"] = "C1"
    daemon.tick()
    finish(daemon.catalog, "v1")
    daemon.tick()
    assert server.messages("C1") == [], "what happened before has nobody to be told to"


def test_what_hinders_is_said_by_the_tick(daemon: Daemon, server: SlackServer) -> None:
    daemon.tick()
    server.channels["C1"].is_archived = True
    put_video(daemon.catalog, "v1")
    for _ in range(2):
        said = daemon.tick()
        assert said == "0 alerts told in 0 messages, 1 wait; C1: Slack: the channel is archived."
    server.channels["C1"].is_archived = False
    daemon.tick()
    assert daemon.alerts() == {"searchable v1": "sent"}


# --- the code location -------------------------------------------------------------------------------------------


def test_the_sensor_runs_by_itself_with_what_the_settings_say() -> None:
    sensor = defs.resolve_sensor_def("slack_alerts")
    assert sensor.default_status.value == "RUNNING"
    assert sensor.minimum_interval_seconds == 15
    given = Settings(
        slack_channel="C9",
        slack_language="en",
        slack_digest_above=5,
        slack_quiet_hours="22:00-08:00",
        dagster_port=1,
    )
    resource = definitions(given).resources["slack"]  # type: ignore[index]
    found = resource.settings()
    names = [name for name in Settings.model_fields if name.startswith("slack_")]
    kept = {"slack_mode", "slack_address", "slack_port", "slack_guests"}
    assert {n: getattr(found, n) for n in names if n not in kept} == {
        n: getattr(given, n) for n in names if n not in kept
    }
    assert (found.page_link, found.dagster_address) == (given.page_link, "http://127.0.0.1:1")


def test_no_token_is_in_its_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    resource = SlackResource.of(Settings())
    assert "xoxb-secret" not in str(resource.model_dump()) + repr(resource)
    assert resource.tokens() is not None


def test_the_sensor_has_its_resources(
    settings: Settings, catalog: Catalog, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    resources = dict(definitions(settings).resources or {})
    sensor = slack_alerts_sensor()
    with build_sensor_context(
        instance=instance, resources={key: resources[key] for key in sensor.required_resource_keys}
    ) as context:
        ticked = sensor(context)
    assert isinstance(ticked, SkipReason)
    assert str(ticked.skip_message).startswith("SLACK_BOT_TOKEN is not set")

"""Alerts on their way: each told once, whatever dies, breaks or is asked too much."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.slack.alerting import Clock, alerts_of, own_database, put_preview, put_video, slack_server
from tests.slack.slack_server import SlackServer
from vsearch_pipeline.catalog.alerts import NewAlert, make_alerts
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack import alerts as sending
from vsearch_pipeline.slack.alerts import BEFORE_ASKING, Report, brief_client, posting_client, send_alerts
from vsearch_pipeline.slack.client import Workspace, tokens_of
from vsearch_pipeline.slack.quiet import QuietHours
from vsearch_pipeline.timeline import TimeRange


class Flaky(SlackServer):
    """Loses answers: what was asked for is done, and nobody hears of it."""

    def __init__(self) -> None:
        super().__init__()
        self.loses = 0

    async def _api(self, request: Request) -> Response:
        response = await super()._api(request)
        if request.path_params["method"] == "chat.postMessage" and self.loses:
            self.loses -= 1
            return Response("bad gateway", 502)
        return response


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Flaky]:
    flaky = Flaky()
    with slack_server(monkeypatch, flaky):
        yield flaky


@dataclass
class Desk:
    """Makes alerts and sends them, at a time that tests set."""

    catalog: Catalog
    settings: Settings
    clock: Clock
    quiet: QuietHours | None = None

    def make(self, *numbers: int, channel: str = "C1", reason: str = "It broke.") -> None:
        news = [
            NewAlert(
                f"failed run-{n}",
                "failed",
                channel,
                {"run": f"run-{n}", "stage": "captions", "reason": f"{reason} ({n})", "videos": [], "found": 0},
            )
            for n in numbers
        ]
        with self.catalog.begin() as connection:
            assert make_alerts(connection, news, self.clock.now) == len(numbers)

    def send(self) -> Report:
        tokens = tokens_of()
        assert tokens is not None
        workspace = Workspace(brief_client(tokens))
        posting = posting_client(tokens)
        return send_alerts(self.catalog, workspace, posting, self.settings, quiet=self.quiet, clock=self.clock)

    def states(self) -> list[str]:
        return [alert["state"] for alert in alerts_of(self.catalog)]


@pytest.fixture
def desk(settings: Settings, catalog: Catalog, tmp_path: Any) -> Desk:
    address = own_database(settings, catalog)
    own = Settings(home=tmp_path, database_url=address, page_url="https://page.example", slack_language="en")
    return Desk(open_catalog(own), own, Clock())


def told(server: SlackServer, channel: str = "C1") -> list[str]:
    return [message["text"] for message in server.messages(channel)]


def reasons(server: SlackServer) -> list[str]:
    return [block["text"]["text"].split("\n>")[-1] for m in server.messages() for block in m["blocks"][:1]]


# --- once --------------------------------------------------------------------------------------------------------


def test_each_is_told_once(desk: Desk, server: Flaky) -> None:
    desk.make(1, 2)
    report = desk.send()
    assert (report.messages, report.alerts, report.held, report.problems) == (2, 2, 0, [])
    assert str(report) == "2 alerts told in 2 messages, 0 wait"
    assert reasons(server) == ["It broke. (1)", "It broke. (2)"]
    desk.send()
    assert len(told(server)) == 2
    first = server.messages()[0]
    row = alerts_of(desk.catalog)[0]
    assert (row["state"], row["ts"]) == ("sent", first["ts"])
    assert first["metadata"] == {"event_type": "vsearch_alert", "event_payload": {"message": row["message"]}}
    sent = server.calls("chat.postMessage")[0].arguments
    assert (sent["unfurl_links"], sent["unfurl_media"]) == (False, False)


def test_nothing_waits(desk: Desk, server: Flaky) -> None:
    assert str(desk.send()) == "0 alerts told in 0 messages, 0 wait"
    assert server.calls() == []


class KilledError(BaseException):
    """The process dies here."""


def test_who_dies_after_posting_tells_nothing_twice(
    desk: Desk, server: Flaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.make(1)

    def dies(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(sending, "end_message", dies)
        with pytest.raises(KilledError):
            desk.send()
    assert desk.states() == ["sending"]
    server.add_message("somebody writes something")
    assert desk.send().problems == ["C1: a message is on its way"]
    desk.clock.pass_by(seconds=BEFORE_ASKING.total_seconds())
    assert desk.send().problems == []
    assert desk.states() == ["sent"]
    assert len(server.calls("chat.postMessage")) == 1
    assert alerts_of(desk.catalog)[0]["ts"] == server.messages()[0]["ts"]


def test_who_dies_before_posting_loses_nothing(desk: Desk, server: Flaky, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.make(*range(10))
    with monkeypatch.context() as patch:
        patch.setattr(sending._Sender, "_post", lambda *_: (_ for _ in ()).throw(KilledError()))
        with pytest.raises(KilledError):
            desk.send()
    assert set(desk.states()) == {"sending"}
    desk.clock.pass_by(minutes=1)
    assert desk.send().alerts == 10
    assert len(told(server)) == 1
    assert set(desk.states()) == {"sent"}


def test_an_answer_that_gets_lost_is_not_asked_for_again(desk: Desk, server: Flaky) -> None:
    desk.make(1)
    server.loses = 1
    [problem] = desk.send().problems
    assert problem.startswith("C1: Slack")
    assert desk.states() == ["sending"]
    desk.clock.pass_by(minutes=1)
    desk.make(2)
    assert desk.send().problems == []
    assert reasons(server) == ["It broke. (1)", "It broke. (2)"]


@pytest.mark.parametrize("error", ["internal_error", "fatal_error", "service_unavailable"])
def test_where_slack_does_not_know_it_is_looked_up(desk: Desk, server: Flaky, error: str) -> None:
    desk.make(1)
    server.error("chat.postMessage", error)
    desk.send()
    assert desk.states() == ["sending"]
    desk.clock.pass_by(minutes=1)
    desk.send()
    assert (desk.states(), len(told(server))) == (["sent"], 1)


def test_a_server_that_cannot_be_reached_is_asked_again(
    desk: Desk, server: Flaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.make(1)
    with monkeypatch.context() as patch:
        patch.setenv("SLACK_API_URL", "http://127.0.0.1:9/api/")
        assert "could not be reached" in desk.send().problems[0]
    desk.clock.pass_by(minutes=1)
    desk.send()
    assert (desk.states(), len(told(server))) == (["sent"], 1)


def test_old_messages_are_looked_through_to_the_last_page(
    desk: Desk, server: Flaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.clock.now = datetime.now(UTC)
    desk.make(1)
    server.loses = 1
    desk.send()
    for number in range(450):
        server.add_message(f"chat {number}")
    desk.clock.pass_by(minutes=1)
    desk.send()
    assert desk.states() == ["sent"]
    assert len(server.calls("conversations.history")) == 3
    assert len(server.calls("chat.postMessage")) == 1


@pytest.mark.parametrize("how", ["missing_scope", "not_in_channel", "channel_not_found"])
def test_where_the_history_cannot_be_read_rather_one_too_few(desk: Desk, server: Flaky, how: str) -> None:
    desk.make(1)
    server.error("chat.postMessage", "internal_error")
    desk.send()
    desk.clock.pass_by(minutes=1)
    server.error("conversations.history", how)
    [problem] = desk.send().problems
    assert "count as told" in problem
    assert desk.states() == ["sent"]
    assert told(server) == []


def test_while_the_history_is_out_of_reach_it_waits(desk: Desk, server: Flaky) -> None:
    desk.make(1)
    server.error("chat.postMessage", "internal_error")
    desk.send()
    desk.clock.pass_by(minutes=1)
    server.limit("conversations.history", retry_after=60)
    assert "wait" in desk.send().problems[0]
    assert desk.states() == ["sending"]
    desk.send()
    assert (desk.states(), len(told(server))) == (["sent"], 1)


def test_two_at_once_tell_nothing_twice(desk: Desk, server: Flaky) -> None:
    desk.make(1, 2, 3)
    start = threading.Barrier(4)

    def send() -> None:
        start.wait()
        desk.send()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.send()
    assert sorted(reasons(server)) == [f"It broke. ({n})" for n in (1, 2, 3)]


# --- floods and quiet hours --------------------------------------------------------------------------------------


def test_a_flood_of_200_videos_is_a_few_messages(desk: Desk, server: Flaky) -> None:
    for number in range(200):
        desk.make(number)
        desk.send()
        desk.clock.pass_by(seconds=20)
    for _ in range(12):
        desk.send()
        desk.clock.pass_by(seconds=15)
    assert set(desk.states()) == {"sent"}
    assert len(told(server)) == 8
    counted = [len({a["id"] for a in alerts_of(desk.catalog) if a["ts"] == m["ts"]}) for m in server.messages()]
    assert sum(counted) == 200


def test_many_at_once_are_one_digest(desk: Desk, server: Flaky) -> None:
    desk.make(*range(60))
    report = desk.send()
    assert (report.messages, report.alerts) == (1, 60)
    assert told(server) == ["60 pieces of news: 60 failed runs"]


def test_nothing_is_told_in_quiet_hours(desk: Desk, server: Flaky) -> None:
    desk.quiet = QuietHours(clock_time(22), clock_time(8), ZoneInfo("Europe/Berlin"))
    desk.clock.pass_by(hours=10)  # 22:00 UTC: 23:00 there
    desk.make(1)
    assert desk.send().held == 1
    desk.clock.pass_by(hours=8, minutes=59)
    desk.make(2)
    desk.send()
    assert told(server) == []
    desk.clock.pass_by(minutes=1)
    desk.send()
    assert told(server) == ["2 pieces of news: 2 failed runs"]


# --- what Slack refuses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("not_in_channel", "write /invite"),
        ("channel_not_found", "write /invite"),
        ("is_archived", "archived"),
        ("restricted_action", "restricted_action"),
    ],
)
def test_a_channel_that_takes_nothing_keeps_its_alerts(desk: Desk, server: Flaky, error: str, said: str) -> None:
    server.add_channel("C2")
    desk.make(1, 2)
    desk.make(3, channel="C2")
    server.error("chat.postMessage", error)
    report = desk.send()
    assert len(report.problems) == 1
    assert said in report.problems[0]
    assert report.problems[0].startswith("C1: ")
    assert desk.states() == ["waiting", "waiting", "sent"], "other channels get theirs"
    desk.send()
    assert desk.states() == ["sent"] * 3
    assert len(told(server)) == 2


def test_without_the_permission_to_write_it_is_said_which(desk: Desk, server: Flaky) -> None:
    desk.make(1)
    server.scopes.remove("chat:write")
    [problem] = desk.send().problems
    assert "lacks the permission chat:write" in problem
    assert desk.states() == ["waiting"]


def test_a_token_that_is_not_valid_ends_it_for_all_channels(
    desk: Desk, server: Flaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.make(1)
    desk.make(2, channel="C2")
    with monkeypatch.context() as patch:
        patch.setenv("SLACK_BOT_TOKEN", "xoxb-wrong")
        assert "the token is not valid" in desk.send().problems[0]
    assert len(server.calls("chat.postMessage")) == 1
    assert desk.states() == ["waiting", "waiting"]


@pytest.mark.parametrize("error", ["invalid_blocks", "invalid_arguments", "msg_blocks_too_long"])
def test_a_message_that_slack_does_not_take_holds_no_other_up(desk: Desk, server: Flaky, error: str) -> None:
    desk.make(1, 2)
    server.error("chat.postMessage", error)
    [problem] = desk.send().problems
    assert error in problem
    assert desk.states() == ["failed", "sent"]
    assert error in alerts_of(desk.catalog)[0]["error"]
    desk.send()
    assert reasons(server) == ["It broke. (2)"]


def test_an_alert_of_another_version_holds_no_other_up(desk: Desk, server: Flaky) -> None:
    with desk.catalog.begin() as connection:
        make_alerts(connection, [NewAlert("watch 1 v x", "watch", "C1", {"unknown": 1})], desk.clock.now)
    desk.make(2)
    desk.send()
    assert desk.states() == ["failed", "sent"]


def test_asked_too_much_for_a_moment_it_waits(desk: Desk, server: Flaky) -> None:
    desk.make(1)
    server.limit("chat.postMessage", retry_after=1)
    assert desk.send().problems == []
    assert len(told(server)) == 1


def test_asked_too_much_for_long_the_next_tick_goes_on(desk: Desk, server: Flaky) -> None:
    desk.make(1)
    server.limit("chat.postMessage", retry_after=60)
    [problem] = desk.send().problems
    assert "asks us to wait" in problem
    assert desk.states() == ["waiting"]
    desk.send()
    assert desk.states() == ["sent"]


def test_no_message_is_begun_when_the_time_of_a_tick_is_over(
    desk: Desk, server: Flaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.make(1, 2)
    with monkeypatch.context() as patch:
        patch.setattr(sending, "SENDING_SECONDS", -1.0)
        assert desk.send().held == 2
    desk.send()
    assert desk.states() == ["sent", "sent"]


# --- pictures ----------------------------------------------------------------------------------------------------


def searchable(desk: Desk, video: str) -> None:
    put_video(desk.catalog, video, title=f"Film {video}")
    about = {"video": video, "title": f"Film {video}", "people": [], "duration_ms": 1000, "spans": [[0, 1000]]}
    with desk.catalog.begin() as connection:
        make_alerts(connection, [NewAlert(f"searchable {video}", "searchable", "C1", about)], desk.clock.now)


def images(server: SlackServer) -> list[int]:
    return [sum(block["type"] == "image" for block in message["blocks"]) for message in server.messages()]


def test_a_preview_stands_in_the_message(desk: Desk, server: Flaky) -> None:
    put_preview(desk.settings, "v1", TimeRange(0, 1000))
    searchable(desk, "v1")
    searchable(desk, "v2")  # has none
    desk.send()
    assert images(server) == [1, 0]
    [slack_file] = server.files.values()
    assert slack_file.mimetype == "image/gif"


def test_a_picture_that_slack_does_not_take_is_left_out(desk: Desk, server: Flaky) -> None:
    put_preview(desk.settings, "v1", TimeRange(0, 1000))
    searchable(desk, "v1")
    real = server.call

    def not_ready(method: str, arguments: dict[str, Any], token: str | None) -> dict[str, Any]:
        if method == "chat.postMessage":
            server.file_ready_after = 1000.0
        return real(method, arguments, token)

    server.call = not_ready  # type: ignore[method-assign]
    assert desk.send().problems == []
    assert images(server) == [0]
    assert desk.states() == ["sent"]
    with desk.catalog.begin() as connection:
        assert connection.exec_driver_sql("select count(*) from slack_files").scalar_one() == 0, "and forgotten"


def test_without_the_permission_for_files_it_is_told_all_the_same(desk: Desk, server: Flaky) -> None:
    put_preview(desk.settings, "v1", TimeRange(0, 1000))
    searchable(desk, "v1")
    server.scopes.remove("files:write")
    desk.send()
    assert images(server) == [0]

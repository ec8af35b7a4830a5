"""The door as a process of its own, and what is said where tokens are missing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.editor_app.library import Library
from tests.slack.slack_server import SlackServer
from tests.slack.workspace import APP_TOKEN, BOT_TOKEN
from vsearch_pipeline.doctor import Finding, _slack
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.client import SLACK_API, tokens_for, tokens_of

VARIABLES = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_API_URL")


@pytest.fixture(autouse=True)
def _no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@contextmanager
def door(slack: SlackServer, lib: Library, log: Path, bot: str = BOT_TOKEN) -> Iterator[subprocess.Popen[bytes]]:
    """`vsearch slack` on a library."""
    environment = {
        **{name: value for name, value in os.environ.items() if "PROXY" not in name.upper()},
        "SLACK_BOT_TOKEN": bot,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_API_URL": slack.url,
        "VSEARCH_HOME": str(lib.settings.home),
        "VSEARCH_DATABASE_URL": lib.settings.database_url or "",
        "VSEARCH_EDITORS": "@example.com",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "vsearch_pipeline", "slack"], env=environment, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


def test_the_door_answers_and_closes(slack: SlackServer, lib: Library, tmp_path: Path) -> None:
    with door(slack, lib, tmp_path / "log") as process:
        slack.wait_connected(seconds=60)
        slack.command("파란 기차")
        answered = slack.wait_for("response_url", seconds=30)
        assert "파란 기차가" in str(answered.arguments)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log
    assert "xoxb-" not in log
    assert "xapp-" not in log


def test_a_token_that_slack_refuses_does_not_end_the_door(
    slack: SlackServer, lib: Library, tmp_path: Path
) -> None:
    with door(slack, lib, tmp_path / "log", bot="xoxb-revoked") as process:
        deadline = time.monotonic() + 60
        while "not valid" not in (log := (tmp_path / "log").read_text()):
            assert process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.2)
        assert process.poll() is None
        assert "Tried again" in log


def test_tokens_come_from_the_environment_only() -> None:
    assert tokens_of({}) is None
    tokens = tokens_of({"SLACK_BOT_TOKEN": " xoxb-1 ", "SLACK_APP_TOKEN": "xapp-1"})
    assert tokens is not None
    assert (tokens.bot, tokens.app, tokens.api) == ("xoxb-1", "xapp-1", SLACK_API)
    assert "xoxb" not in repr(tokens)
    with pytest.raises(InputError, match="SLACK_BOT_TOKEN must begin with xoxb-"):
        tokens_of({"SLACK_BOT_TOKEN": "xapp-1"})


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="SLACK_BOT_TOKEN is not set"):
        tokens_for(Settings())
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    with pytest.raises(InputError, match="SLACK_APP_TOKEN is not set"):
        tokens_for(Settings())
    with pytest.raises(InputError, match="SLACK_SIGNING_SECRET is not set"):
        tokens_for(Settings(slack_mode="http"))


def test_doctor_says_how_it_stands(slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(slack_channel="C1", page_url="https://vsearch.example.com")

    def found() -> Finding:
        return _slack(settings)

    assert found().state == "note"
    assert "SLACK_BOT_TOKEN is not set" in found().found
    monkeypatch.setenv("SLACK_API_URL", slack.url)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-wrong")
    monkeypatch.setenv("SLACK_APP_TOKEN", APP_TOKEN)
    assert (found().state, "not valid" in found().found) == ("bad", True)
    monkeypatch.setenv("SLACK_BOT_TOKEN", BOT_TOKEN)
    assert (found().state, "alerts go to C1" in found().found) == ("ok", True)
    settings = Settings(slack_channel="C1")
    assert (found().state, "VSEARCH_PAGE_URL" in found().found) == ("note", True)
    settings = Settings(slack_quiet_hours="late")
    assert (found().state, "VSEARCH_SLACK_QUIET_HOURS" in found().found) == ("bad", True)

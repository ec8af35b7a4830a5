"""`vsearch up` with Slack: a file in the inbox is told of when it can be searched, and found by a command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.editor_app.library import new_home, write_film
from tests.slack.conftest import written
from tests.slack.slack_server import SlackServer
from tests.slack.workspace import APP_TOKEN, BOT_TOKEN
from vsearch_pipeline.serve import free_port


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_new_video_is_told_of_once_and_found(slack: SlackServer, tmp_path: Path) -> None:
    home = new_home()
    environment = {
        **{name: value for name, value in os.environ.items() if "PROXY" not in name.upper()},
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_API_URL": slack.url,
        "VSEARCH_HOME": str(home),
        "VSEARCH_SLACK_CHANNEL": "C1",
        "VSEARCH_SLACK_LANGUAGE": "ko",
        "VSEARCH_PAGE_URL": "https://vsearch.example.com",
        "VSEARCH_DAGSTER_PORT": str(free_port(0)),
        "VSEARCH_PAGE_PORT": str(free_port(0)),
    }
    said = tmp_path / "said"
    with said.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "vsearch_pipeline", "up"], env=environment, stdout=output, stderr=output
        )
    try:
        slack.wait_connected(seconds=200)
        daemon = home / "logs" / "dagster-daemon.log"
        deadline = time.monotonic() + 120
        while "Sensor slack_alerts skipped" not in daemon.read_text(errors="replace"):
            assert time.monotonic() < deadline, "its first look takes what is there as known"
            time.sleep(0.5)
        write_film(tmp_path / "세 가지 색.mp4", "libx264")
        (home / "inbox").mkdir(exist_ok=True)
        (tmp_path / "세 가지 색.mp4").rename(home / "inbox" / "세 가지 색.mp4")
        slack.wait_for("chat.postMessage", seconds=300)
        [told] = slack.messages("C1")
        assert "세 가지 색" in written(told)
        assert "https://vsearch.example.com/library?video=" in written(told)
        assert [block["type"] for block in told["blocks"]].count("image") == 1
        url = slack.response_url("C1", "U1")
        slack.command("video:세 가지 색", response_url=url)
        found = slack.wait_for("response_url", seconds=60).arguments
        assert "세 가지 색" in written(found)
        time.sleep(20)
        assert len(slack.messages("C1")) == 1
        assert "answers /vsearch" in said.read_text()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait(30)
    logs = "".join(log.read_text(errors="replace") for log in (home / "logs").glob("*.log"))
    assert BOT_TOKEN not in logs
    assert APP_TOKEN not in logs

"""Secrets are seen nowhere: every door runs with a canary in every secret, also where things go wrong, and what
they wrote is searched for them: logs, what was printed, Dagster's events, all tables, addresses of the page."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import SecretStr
from sqlalchemy import URL, create_engine, text

from tests.clips import make_clip
from tests.editor_app.conftest import Page
from tests.editor_app.library import library, new_home
from tests.gemini_server import KEY, GeminiServer, error_reply
from tests.slack.slack_server import SlackServer
from tests.slack.workspace import APP_TOKEN, BOT_TOKEN
from vsearch_pipeline.catalog.database import database_url, open_catalog
from vsearch_pipeline.serve import free_port
from vsearch_pipeline.settings import Settings

pytestmark = pytest.mark.slow

ROLE = "canary_role"
CANARIES = {
    "database password": "canary-database-p4ssw0rd",
    "VSEARCH_MEDIA_KEY": "canary-media-key-0123456789abcdef0123456789",
    "VSEARCH_METRICS_TOKEN": "canary-metrics-token-0123456789abcdef",
    "VSEARCH_OIDC_CLIENT_SECRET": "canary-client-secret-0123456789",
    "VSEARCH_OIDC_COOKIE_SECRET": "canary-cookie-secret-0123456789abcdef0123",
    "GEMINI_API_KEY": KEY,
    "GOOGLE_API_KEY": "canary-google-key-0123456789",
    "SLACK_BOT_TOKEN": BOT_TOKEN,
    "SLACK_APP_TOKEN": APP_TOKEN,
    "SLACK_SIGNING_SECRET": "canary-signing-secret-0123456789",
    "AWS_SECRET_ACCESS_KEY": "canary-aws-secret-0123456789",
    "VSEARCH_CELERY_BROKER": "redis://:canary-broker-p4ssw0rd@127.0.0.1:1/0",
    "VSEARCH_CELERY_BACKEND": "redis://:canary-backend-p4ssw0rd@127.0.0.1:1/1",
}
KEPT = {"media.key", "cookie.key"}
"""Files of a home that hold a key, for their owner alone."""


def leaks(text_of: str) -> list[str]:
    """Which canaries a text has."""
    return [name for name, canary in CANARIES.items() if canary in text_of]


@dataclass
class World:
    """A home with its database, the servers that its doors reach, and what was printed."""

    home: Path
    environment: dict[str, str]
    url: URL
    gemini: GeminiServer
    slack: SlackServer
    printed: dict[str, str] = field(default_factory=dict)

    def vsearch(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [sys.executable, "-m", "vsearch_pipeline", *arguments],
            env={**self.environment, **changes},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        self.printed[f"{len(self.printed)}: {' '.join(arguments)} {changes}"] = ended.stdout + ended.stderr
        return ended

    def rows(self) -> dict[str, str]:
        """Every row of every table, Dagster's among them, by the table."""
        engine = create_engine(self.url)
        found = {}
        with engine.connect() as connection:
            tables = connection.execute(
                text("select schemaname, tablename from pg_tables where schemaname in ('public', 'dagster')")
            ).all()
            for schema, table in tables:
                every = f'select each_row::text from "{schema}"."{table}" each_row'  # noqa: S608 - our own names
                rows = connection.execute(text(every))
                found[f"{schema}.{table}"] = "\n".join(rows.scalars())
        engine.dispose()
        return found

    def files(self) -> dict[str, str]:
        """What every file below the home has that is no video or picture."""
        return {
            str(path.relative_to(self.home)): path.read_bytes().decode("utf-8", "replace")
            for path in self.home.rglob("*")
            if path.is_file() and path.name not in KEPT and "videos" not in path.parts
        }

    def leaks(self) -> dict[str, list[str]]:
        told = {**self.printed, **self.files(), **self.rows()}
        return {place: names for place, written in told.items() if (names := leaks(written))}


def asked(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as response:  # noqa: S310
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    admin = open_catalog(library().settings).engine
    password = CANARIES["database password"]
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text('drop database if exists "secrets" with (force)'))
        connection.execute(text(f"drop role if exists {ROLE}"))
        connection.execute(text(f"create role {ROLE} login password '{password}'"))
        connection.execute(text(f'create database "secrets" owner {ROLE}'))
    inside = create_engine(database_url(library().settings).set(database="secrets"))
    with inside.begin() as connection:
        connection.execute(text("create extension vector"))
    inside.dispose()
    url = database_url(library().settings).set(database="secrets", username=ROLE, password=password)
    gemini, home = GeminiServer(), new_home()
    gemini.answer = lambda each: error_reply(400, f"{each.headers['x-goog-api-key']} may not ask this.")
    with SlackServer() as slack:
        environment = {
            name: value
            for name, value in os.environ.items()
            if "PROXY" not in name.upper() and not name.startswith(("VSEARCH_", "GOOGLE_", "GEMINI_", "SLACK_"))
        }
        environment |= {name: value for name, value in CANARIES.items() if name.isupper() or "_" in name}
        environment |= {
            "VSEARCH_HOME": str(home),
            "VSEARCH_DATABASE_URL": url.set(drivername="postgresql").render_as_string(hide_password=False),
            "VSEARCH_LOG_LEVEL": "debug",
            "VSEARCH_CAPTIONER": "gemini",
            "VSEARCH_GEMINI_ATTEMPTS": "1",
            "GOOGLE_GEMINI_BASE_URL": gemini.url,
            "SLACK_API_URL": slack.url,
            "VSEARCH_SLACK_CHANNEL": "C1",
            "VSEARCH_OIDC_CLIENT_ID": "vsearch",
            "VSEARCH_OIDC_METADATA_URL": "http://127.0.0.1:1/.well-known/openid-configuration",
            "VSEARCH_EDITORS": "*",
            "VSEARCH_TRACEBACK": "1",
            "VSEARCH_DAGSTER_PORT": str(free_port(0)),
            "VSEARCH_PAGE_PORT": str(free_port(0)),
        }
        yield World(home, environment, url, gemini, slack)
    gemini.close()


def test_every_secret_setting_has_a_canary() -> None:
    secret = {
        f"VSEARCH_{name.upper()}"
        for name, info in Settings.model_fields.items()
        if SecretStr in (info.annotation, *get_args(info.annotation))
    }
    assert len(secret) >= 4
    assert secret <= CANARIES.keys()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("log_format", ["json", "text"])
def test_all_doors_with_what_goes_wrong(world: World, log_format: str) -> None:
    home = world.home
    (home / "inbox").mkdir(exist_ok=True)
    make_clip(home / "inbox" / f"{log_format}.mp4", seconds=1.2 + len(world.printed) / 5, fps=25, size=(160, 120))
    (home / "inbox" / f"bad {log_format}.mp4").write_text("no film")
    (home / "inbox" / "links.txt").write_text(f"http://127.0.0.1:1/{log_format}.mp4\n")
    world.environment["VSEARCH_LOG_FORMAT"] = log_format
    before = failed_captions(world)
    said = home.with_name(f"{home.name}-{log_format}.said")
    with said.open("w") as output:
        up = subprocess.Popen(
            [sys.executable, "-m", "vsearch_pipeline", "up"],
            env=world.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait(lambda: "Ctrl-C stops" in said.read_text() or up.poll() is not None, 280)
        assert up.poll() is None, said.read_text()
        page = f"http://127.0.0.1:{world.environment['VSEARCH_PAGE_PORT']}"
        token = CANARIES["VSEARCH_METRICS_TOKEN"]
        assert asked(f"{page}/readyz") == 200
        assert asked(f"{page}/metrics") == 403
        assert asked(f"{page}/metrics", Authorization=f"Bearer {token}") == 200
        assert asked(f"{page}/metrics?token={token}") == 403
        assert asked(f"{page}/store/x/source.mp4?expires=1&signature={'A' * 43}") == 403
        world.slack.wait_connected(seconds=60)
        world.slack.command("파란 기차")
        world.slack.wait_for("response_url", seconds=60)
        wait(lambda: failed_captions(world) > before, 280)
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(90)
        world.printed[f"up {log_format}"] = said.read_text()
        said.unlink()
    logs = {path.name: path.read_text() for path in (home / "logs").iterdir()}
    assert {"page.log", "slack.log", "dagster-daemon.log", "dagster-webserver.log"} <= logs.keys()
    assert "stage failed" in logs["dagster-daemon.log"], "the failure was told"
    assert "search" in logs["slack.log"], "a search was told"
    assert not [name for name, told in logs.items() if "파란" in told or "\\ud30c" in told], "but not its words"
    assert world.gemini.asked, "the key was sent"
    assert world.leaks() == {}


def failed_captions(world: World) -> int:
    engine = create_engine(world.url)
    try:
        with engine.connect() as connection:
            if connection.execute(text("select to_regclass('stage_errors')")).scalar() is None:
                return 0
            failed = text("select count(*) from stage_errors where stage = 'captions'")
            return int(connection.execute(failed).scalar_one())
    finally:
        engine.dispose()


def wait(until: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.5)


def test_the_command_line_with_what_goes_wrong(world: World, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_text("no film")
    password = CANARIES["database password"]
    away = f"postgresql://{ROLE}:{password}@127.0.0.1:1/secrets"
    other = world.url.set(drivername="postgresql", database="not_there").render_as_string(hide_password=False)
    assert world.vsearch("add", str(bad)).returncode == 1
    assert world.vsearch("search", "파란 기차").returncode == 0
    assert world.vsearch("ask", "파란 기차").returncode in (0, 1)
    assert world.vsearch("doctor", "--json").returncode in (0, 1)
    assert world.vsearch("status").returncode == 0
    for url in (away, other, f"postgresql://{ROLE}:{password}@[bad/x", f"mysql://u:{password}@h/x"):
        assert world.vsearch("status", VSEARCH_DATABASE_URL=url).returncode == 1
    assert world.vsearch("doctor", VSEARCH_DATABASE_URL=away).returncode == 1
    short = CANARIES["VSEARCH_MEDIA_KEY"][:12]
    assert world.vsearch("up", VSEARCH_MEDIA_KEY=short, VSEARCH_HOME=str(new_home())).returncode == 1
    assert world.vsearch("slack", SLACK_BOT_TOKEN=APP_TOKEN).returncode == 1
    assert world.leaks() == {}
    assert not [told for told in world.printed.values() if short in told]


def test_addresses_of_the_page_hold_no_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSEARCH_HOME", str(library().settings.home))
    for name in ("VSEARCH_MEDIA_KEY", "VSEARCH_METRICS_TOKEN", "GEMINI_API_KEY"):
        monkeypatch.setenv(name, CANARIES[name])
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:1")
    page = Page().run(q="파란 기차")
    drawn = [element.proto.json for element in page.app.get("bidi_component")]
    told = "\n".join([*drawn, page.written])
    assert "signature=" in told, "it has signed addresses"
    assert leaks(told) == []


def test_a_leak_would_be_found(world: World) -> None:
    """The search itself, on planted canaries; each is taken away again."""
    planted = world.home / "logs" / "planted.log"
    planted.parent.mkdir(exist_ok=True)
    engine = create_engine(world.url)
    for name, canary in CANARIES.items():
        planted.write_text(f"... {canary} ...")
        assert world.leaks() == {"logs/planted.log": [name]}
    planted.unlink()
    with engine.begin() as connection:
        connection.execute(
            text("insert into searches (actor, text) values ('x', :text)"), {"text": CANARIES["GEMINI_API_KEY"]}
        )
    assert world.leaks() == {"public.searches": ["GEMINI_API_KEY"]}
    with engine.begin() as connection:
        connection.execute(text("delete from searches where actor = 'x'"))
    engine.dispose()
    world.printed["planted"] = json.dumps({"Authorization": f"Bearer {CANARIES['VSEARCH_METRICS_TOKEN']}"})
    assert world.leaks() == {"planted": ["VSEARCH_METRICS_TOKEN"]}
    del world.printed["planted"]
    assert world.leaks() == {}

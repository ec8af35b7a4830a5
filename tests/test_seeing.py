"""Metrics and health: true, cheap, and open to nobody whom they are none of the business of."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.editor_app.library import Library, another_library, library
from vsearch_pipeline import health
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.measures import read_numbers
from vsearch_pipeline.catalog.paid import PaidLedger
from vsearch_pipeline.catalog.progress import note_progress
from vsearch_pipeline.catalog.requests import request_run
from vsearch_pipeline.errors import DatabaseError, InputError, VsearchError
from vsearch_pipeline.health import Probe, media_health
from vsearch_pipeline.metrics import LibraryCollector
from vsearch_pipeline.search.observing import observed
from vsearch_pipeline.seeing import may_measure, seeing_routes
from vsearch_pipeline.settings import Settings

TOKEN = "a-token-of-the-tests-0123456789"  # noqa: S105


@pytest.fixture(scope="module")
def lib() -> Library:
    return another_library(library(), "test_seeing")


@pytest.fixture(scope="module")
def opened(lib: Library) -> Catalog:
    return open_catalog(lib.settings)


def client(settings: Settings, *, open_metrics: bool = True, catalog: Any = open_catalog) -> TestClient:
    return TestClient(Starlette(routes=seeing_routes(settings, open_metrics=open_metrics, catalog=catalog)))


def measured(settings: Settings) -> dict[tuple[str, ...], float]:
    """Values by name and labels, these by their names."""
    told = client(settings).get("/metrics")
    assert told.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(told.text)
        for sample in family.samples
    }


def test_metrics_are_what_the_catalogue_holds(lib: Library, opened: Catalog) -> None:
    with opened.begin() as connection:
        request_run(connection, "retry", lib.avi.id, actor="mina", door="web")
        connection.execute(text("update requests set asked_at = now() - interval '90 seconds'"))
        note_progress(connection, lib.film.id, "faces", "run", seconds=4, counted=(1, 4))
        note_progress(connection, lib.avi.id, "faces", "run", seconds=4, counted=(3, 4))
        length = connection.execute(text("select sum(duration_ms) from videos")).scalar_one()
        done = connection.execute(text("select count(*) from stage_runs where stage = 'segments'")).scalar_one()
    PaidLedger(opened).note("gemini", input_tokens=1, output_tokens=1, usd=0.25)
    told = measured(lib.settings)
    assert told["vsearch_up",] == 1
    assert told["vsearch_videos", "working"] == 2
    assert told["vsearch_videos", "waiting"] == 2
    assert told["vsearch_videos", "failed"] == 0
    assert told["vsearch_video_seconds",] == pytest.approx(length / 1000)
    assert told["vsearch_stage_done", "segments"] == done >= 2
    assert told["vsearch_stage_seconds", "segments"] >= 2.0
    assert told["vsearch_stage_failed", "transcript"] == 1
    assert told["vsearch_stage_failed", "faces"] == 0
    assert told["vsearch_stage_running", "faces"] == 2
    assert told["vsearch_stage_running_share", "faces"] == 0.5
    assert told["vsearch_requests", "retry", "waiting"] == 1
    assert 90 <= told["vsearch_request_oldest_seconds", "retry", "waiting"] < 200
    assert told["vsearch_operations_total", "cli", "video.add"] == 2
    assert told["vsearch_operations_total", "web", "video.retry"] == 1
    assert told["vsearch_paid_usd",] == 0.25
    assert told["vsearch_database_bytes",] > 1_000_000
    assert told["vsearch_home_free_bytes",] > 0
    with opened.begin() as connection:
        connection.execute(text("analyze segments"))
        shown = connection.execute(text("select count(*) from segments")).scalar_one()
    again = {family.name: family for family in LibraryCollector(lib.settings, open_catalog).collect()}
    rows = {sample.labels["of"]: sample.value for sample in again["vsearch_rows"].samples}
    assert rows["segments"] == pytest.approx(shown, rel=0.5)


def test_no_label_names_a_video_or_a_person(lib: Library) -> None:
    labels = {label for key in measured(lib.settings) for label in key[1:]}
    assert not [label for label in labels if lib.film.id in label or "Minji" in label or "@" in label]
    series = [key for key in measured(lib.settings) if key[0].startswith("vsearch_")]
    assert len(series) < 400


def test_a_scrape_is_cheap_and_the_next_one_costs_nothing(lib: Library, opened: Catalog) -> None:
    reads = []

    def counted(settings: Settings) -> Catalog:
        reads.append(settings)
        return opened

    collector = LibraryCollector(lib.settings, counted)
    list(collector.collect())
    started = time.perf_counter()
    for _ in range(50):
        list(collector.collect())
    assert len(reads) == 1
    assert time.perf_counter() - started < 1
    with opened.read() as connection:
        started = time.perf_counter()
        read_numbers(connection)
        assert time.perf_counter() - started < 0.5


def test_without_a_database_the_process_is_still_measured(lib: Library) -> None:
    def absent(_settings: Settings) -> Catalog:
        raise DatabaseError("The database at secret-host cannot be reached.")

    told = client(lib.settings, catalog=absent).get("/metrics")
    assert told.status_code == 200
    assert "vsearch_up 0.0" in told.text
    assert "process_resident_memory_bytes" in told.text
    assert "secret-host" not in told.text


def test_searches_are_counted_from_many_threads(lib: Library) -> None:
    def value(name: str, *labels: str) -> float:
        return measured(lib.settings).get((name, *labels), 0.0)

    before = value("vsearch_search_seconds_count", "web", "text")
    failed = value("vsearch_search_errors_total", "web", "text", "bad_input")
    broken = value("vsearch_search_errors_total", "web", "text", "unexpected")

    def search() -> None:
        for _ in range(50):
            with observed("web", "text") as seen:
                seen.found(3, good=True)

    threads = [threading.Thread(target=search) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in (InputError("no"), RuntimeError("no")):
        with pytest.raises(type(error)), observed("web", "text"):
            raise error
    assert value("vsearch_search_seconds_count", "web", "text") == before + 400
    assert value("vsearch_search_errors_total", "web", "text", "bad_input") == failed + 1
    assert value("vsearch_search_errors_total", "web", "text", "unexpected") == broken + 1


def test_what_was_searched_for_is_not_logged(lib: Library, caplog: pytest.LogCaptureFixture) -> None:
    from vsearch_pipeline.search.service import open_search

    caplog.set_level("DEBUG", logger="vsearch_pipeline")
    service = open_search(lib.settings, "web")
    service.warm_up("a warming word")
    assert [each for each in caplog.records if each.message == "search"] == []
    service.search("파란 기차 secretword", limit=3)
    with pytest.raises(VsearchError):
        service.search("video:secretword", limit=3)
    told = [each for each in caplog.records if each.name.endswith("observing")]
    assert [(each.message, each.__dict__["door"], each.__dict__["kind"]) for each in told] == [
        ("search", "web", "text"),
        ("search refused", "web", "text"),
    ]
    assert told[0].__dict__["results"] >= 1
    assert "secretword" not in json.dumps([each.__dict__ for each in told], default=str)


# --- who may read metrics


@pytest.mark.parametrize(
    ("header", "token", "open_metrics", "may"),
    [
        ("", None, True, True),
        ("", None, False, False),
        ("Bearer anything", None, False, False),
        ("", TOKEN, True, False),
        (f"Bearer {TOKEN}", TOKEN, False, True),
        (f"bearer {TOKEN}", TOKEN, True, True),
        (f"Bearer {TOKEN}x", TOKEN, True, False),
        (f"Basic {TOKEN}", TOKEN, True, False),
        (TOKEN, TOKEN, True, False),
        ("Bearer 토큰", TOKEN, True, False),
        ("Bearer ", "", False, False),
    ],
)
def test_who_may_read_metrics(header: str, token: str | None, open_metrics: bool, may: bool) -> None:
    assert may_measure(header, None if token is None else SecretStr(token), open_metrics) is may


def test_metrics_are_refused_without_the_token(lib: Library) -> None:
    guarded = client(lib.settings.model_copy(update={"metrics_token": SecretStr(TOKEN)}), open_metrics=False)
    refused = guarded.get("/metrics")
    assert refused.status_code == 403
    assert "vsearch_videos" not in refused.text
    assert guarded.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert guarded.get(f"/metrics?token={TOKEN}").status_code == 403, "never in an address"


# --- health


@pytest.fixture
def home(lib: Library, tmp_path: Path) -> Settings:
    return lib.settings.model_copy(update={"home": tmp_path, "media_url": str(tmp_path / "films")})


def test_alive_and_ready(lib: Library) -> None:
    asked = client(lib.settings)
    assert (asked.get("/healthz").status_code, asked.get("/healthz").json()) == (200, {"alive": True})
    ready = asked.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["ready"] is True
    assert ready.json()["checks"] == {"database": "ok", "media": "ok", "daemon": "none"}
    assert ready.headers["cache-control"] == "no-store"


def test_a_database_that_is_not_there_makes_it_not_ready(lib: Library) -> None:
    def absent(_settings: Settings) -> Catalog:
        raise DatabaseError("The database at postgresql://u:secret@host cannot be reached.")

    told = client(lib.settings, catalog=absent).get("/readyz")
    assert told.status_code == 503
    assert told.json() == {"ready": False, "checks": {"database": "no answer", "media": "ok", "daemon": "unknown"}}
    assert client(lib.settings, catalog=absent).get("/healthz").status_code == 200


def test_a_database_that_hangs_is_not_waited_for(lib: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.3)
    released = threading.Event()
    began = []

    def hangs(_settings: Settings) -> Catalog:
        began.append(1)
        released.wait(20)
        raise DatabaseError("gone")

    probe = Probe(lib.settings, hangs)
    started = time.monotonic()
    try:
        for _ in range(5):
            assert not probe.look().ready
    finally:
        released.set()
    assert time.monotonic() - started < 2, "the next who ask do not wait again"
    assert began == [1], "and no more than one look hangs"


def test_a_store_that_is_not_there_makes_it_not_ready(home: Settings) -> None:
    assert media_health(home) == "ok"
    Path(home.media_url).rmdir()
    Path(home.media_url).write_text("a file in its place")
    assert media_health(home) == "no place"
    told = client(home).get("/readyz")
    assert told.status_code == 503
    assert told.json()["checks"]["media"] == "no place"
    assert str(home.home) not in told.text


def test_a_store_that_hangs_hides_nothing_else(lib: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ANSWER_SECONDS", 1.0)
    released = threading.Event()

    def hangs(_settings: Settings) -> health.Found:
        released.wait(20)
        return "ok"

    try:
        found = Probe(lib.settings, open_catalog, hangs).look()
    finally:
        released.set()
    assert (found.ready, found.found["database"], found.found["media"]) == (False, "ok", "unknown")


def test_a_full_disk_makes_it_not_ready(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    full = type("Space", (), {"f_flag": 0, "f_bavail": 0})
    monkeypatch.setattr(health.os, "statvfs", lambda _folder: full)
    assert media_health(home) == "no room"
    assert not Probe(home, open_catalog).look().ready


def test_the_daemon_is_noted_and_not_needed(lib: Library, opened: Catalog) -> None:
    beat = text(
        "create table if not exists dagster.daemon_heartbeats (daemon_type text, timestamp timestamp);"
        " truncate dagster.daemon_heartbeats;"
        " insert into dagster.daemon_heartbeats values ('SENSOR', now() at time zone 'UTC' - interval '7 seconds')"
    )
    with opened.begin() as connection:
        connection.execute(beat)
    try:
        assert client(lib.settings).get("/readyz").json()["checks"]["daemon"] == "ok"
        assert measured(lib.settings)["vsearch_dagster_daemon_age_seconds",] == pytest.approx(7, abs=3)
        with opened.begin() as connection:
            connection.execute(
                text("update dagster.daemon_heartbeats set timestamp = timestamp - interval '1 hour'")
            )
        late = client(lib.settings).get("/readyz")
        assert (late.status_code, late.json()["checks"]["daemon"]) == (200, "none")
    finally:
        with opened.begin() as connection:
            connection.execute(text("drop table dagster.daemon_heartbeats"))

"""A catalogue of their own for tests of alerts, and what they put into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text

from tests.search.library import Told, filled
from tests.search.toys import WordEmbedder
from tests.slack.slack_server import SlackServer
from tests.stored import part_of
from vsearch_pipeline.catalog.alerts import SEARCHABLE_STAGE, AlertRecord
from vsearch_pipeline.catalog.database import Catalog, database_url, open_catalog
from vsearch_pipeline.catalog.models import Base
from vsearch_pipeline.catalog.stages import ProducerInfo, finish_stage, producer_id
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange

START = datetime(2026, 11, 26, 12, tzinfo=UTC)
PAGE = "https://page.example"
DAGSTER = "https://dagster.example"


def own_database(settings: Settings, catalog: Catalog) -> str:
    """The address of an empty catalogue that only tests of alerts use."""
    with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        there = text("select 1 from pg_database where datname = 'slack_alerts'")
        if connection.execute(there).first() is None:
            connection.execute(text("create database slack_alerts"))
    url = database_url(settings).set(database="slack_alerts", drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    opened = open_catalog(settings.model_copy(update={"database_url": address}))
    with opened.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))  # in any order
        for table in Base.metadata.tables:
            connection.execute(text(f"delete from {table}"))  # noqa: S608 - tables of ours
    return address


@contextmanager
def slack_server(monkeypatch: pytest.MonkeyPatch, server: SlackServer | None = None) -> Iterator[SlackServer]:
    """A server that the environment leads to; nothing that it got may be wrong."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with server or SlackServer() as opened:
        monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-test")
        monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-test")
        monkeypatch.setenv("SLACK_API_URL", opened.url)
        yield opened
        assert opened.problems == []


def put_video(
    catalog: Catalog,
    video: str,
    captions: Sequence[str] = ("A dog runs.",),
    *,
    title: str = "",
    people: Mapping[str, float] | None = None,
    at: datetime | None = None,
    apart_ms: int = 60_000,
) -> list[Told]:
    """A video that can be searched, with a segment of a second for each caption, and when that was finished."""
    drafts = [
        Told(video, TimeRange(i * apart_ms, i * apart_ms + 1000), en=en, ko=f"{en} 한국어", people=people or {})
        for i, en in enumerate(captions)
    ]
    told = filled(catalog, WordEmbedder(), drafts, titles={video: title or video})
    finish(catalog, video, at=at)
    return told


def finish(
    catalog: Catalog,
    video: str,
    *,
    stages: Sequence[str] = ("previews", SEARCHABLE_STAGE),
    at: datetime | None = None,
) -> None:
    with catalog.begin() as connection:
        for stage in stages:
            producer = producer_id(connection, ProducerInfo(stage, "tests", "1"))
            finish_stage(connection, video, stage, mark="m", producer=producer, run_id="test", seconds=0.0)
        if at is not None:
            connection.execute(
                text("update stage_runs set finished_at = :at where video_id = :video"), {"at": at, "video": video}
            )


def put_preview(settings: Settings, video: str, span: TimeRange) -> None:
    frames = [Image.new("RGB", (64, 36), (shade, len(video) * 7 % 255, span.start_ms % 255)) for shade in (0, 200)]
    with part_of(settings, video, "previews") as folder:
        name = folder / f"{span.start_ms}-{span.end_ms}.webp"
        frames[0].save(name, save_all=True, append_images=frames[1:], duration=200)


def alerts_of(catalog: Catalog) -> list[dict[str, Any]]:
    with catalog.begin() as connection:
        return [dict(row._mapping) for row in connection.execute(text("select * from alerts order by id"))]


def alert(kind: str, about: Mapping[str, Any], number: int = 1) -> AlertRecord:
    return AlertRecord(
        number,
        f"{kind} {number}",
        kind,
        "C1",
        about,
        START,
        "waiting",
        None,
        START,
        None,
        None,  # type: ignore[arg-type]
    )


class Clock:
    """A clock that tests set."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **much: float) -> None:
        self.now += timedelta(**much)

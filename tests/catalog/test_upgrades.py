"""A library of each release, with data in every table, comes along to the next one and to the newest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text

from tests.catalog.releases import CAME_WITH
from tests.editing.library import EMBEDDER
from tests.external_postgres import ExternalPostgres, external_postgres
from vsearch_pipeline.catalog import database
from vsearch_pipeline.catalog.database import MIGRATIONS, Catalog, migrate, open_catalog
from vsearch_pipeline.catalog.models import Base
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.errors import DatabaseError
from vsearch_pipeline.search.documents import embed_videos
from vsearch_pipeline.search.service import SearchService
from vsearch_pipeline.settings import Settings

RELEASES = sorted(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())
NEWEST = RELEASES[-1]

HUMAN = {
    "people": "select id, group_name, name, aliases, added_at from people order by id",
    "segments": "select id, video_id, start_ms, end_ms, human_range, human_caption_en, human_caption_ko,"
    " caption_en, caption_ko, deleted_at from segments order by id",
    "segment_people": "select segment_id, person_id, present from segment_people where layer = 'human'"
    " order by 1, 2",
    "operations": "select id, at, actor, door, kind from operations order by id",
    "face_marks": "select id, video_id, time_ms, bbox_xyxy, kind, person_id, group_id, revoked_by from face_marks"
    " order by id",
    "searches": "select actor, text, name, used_at from searches order by id",
    "watches": "select user_id, channel, actor, query, language, since from watches order by id",
    "requests": "select id, kind, subject, actor, door, asked_at, state, reason from requests order by id",
    "videos": "select id, title, kind, sha256, source, path, added_at from videos order by id",
    "reference_faces": "select person_id, source, sha256, quality from reference_faces order by id",
    "paid_answers": "select * from paid_answers order by key",
}
"""What people said and did, and what cannot be computed again, in columns that every release has."""
OPERATIONS = "select id, before, after, about from operations order by id"


@pytest.fixture(scope="module")
def server() -> Iterator[ExternalPostgres]:
    with external_postgres() as made:
        yield made


@pytest.fixture
def engine(server: ExternalPostgres) -> Iterator[Engine]:
    """An empty database."""
    made = create_engine(server.url.replace("postgresql:", "postgresql+psycopg:"))
    with made.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    yield made
    made.dispose()
    database._open.cache_clear()


def step(connection: Connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def fill(engine: Engine, release: str) -> None:
    """A library that went through every release up to this one, and got its data from each."""
    for each in RELEASES[: RELEASES.index(release) + 1]:
        with engine.begin() as connection:
            step(connection, each)
            for statement in CAME_WITH.get(each, "").split(";\n"):
                if statement.strip():
                    connection.exec_driver_sql(statement.replace("%", "%%"))


def tables(connection: Connection) -> list[str]:
    named = text(
        "select table_name from information_schema.tables where table_schema = 'public'"
        " and table_name <> 'alembic_version' order by 1"
    )
    return list(connection.execute(named).scalars())


def counts(connection: Connection) -> dict[str, int]:
    return {
        table: connection.exec_driver_sql(f"select count(*) from {table}").scalar_one()  # noqa: S608
        for table in tables(connection)
    }


def everything(connection: Connection) -> dict[str, list[str]]:
    return {
        table: sorted(map(str, connection.exec_driver_sql(f"select * from {table}")))  # noqa: S608
        for table in [*tables(connection), "alembic_version"]
    }


def human(connection: Connection) -> dict[str, list[Any]]:
    there = set(tables(connection))
    return {
        name: [tuple(row) for row in connection.exec_driver_sql(rows)]
        for name, rows in HUMAN.items()
        if name in there
    }


@pytest.mark.parametrize("release", RELEASES)
def test_no_table_is_forgotten(engine: Engine, release: str) -> None:
    """Who adds a table adds its rows to `CAME_WITH`."""
    fill(engine, release)
    with engine.begin() as connection:
        empty = [table for table, count in counts(connection).items() if not count]
    assert empty == [], f"a library of {release} has rows in these tables: add some to tests/catalog/releases.py"
    assert set(CAME_WITH) <= set(RELEASES)


@pytest.mark.parametrize("release", RELEASES[:-1])
@pytest.mark.parametrize("to", ["next", "newest"])
def test_a_library_comes_along(engine: Engine, release: str, to: str) -> None:
    fill(engine, release)
    target = NEWEST if to == "newest" else RELEASES[RELEASES.index(release) + 1]
    with engine.begin() as connection:
        before, kept = human(connection), counts(connection)
        logged = connection.exec_driver_sql(OPERATIONS).all() if release >= "0005" else None
    with engine.begin() as connection:
        step(connection, target)
    with engine.begin() as connection:
        after, now = human(connection), counts(connection)
        assert {name: after[name] for name in before} == before
        fewer = {table for table, count in kept.items() if now.get(table, 0) < count}
        assert fewer <= {"stage_runs", "unknown_people"}, "what a run makes again"
        if logged is not None:
            assert connection.exec_driver_sql(OPERATIONS).all() == logged, "every line can still be taken back"
        if target == NEWEST:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize("release", RELEASES[:-1])
def test_people_go_on_with_a_library_that_came_along(
    engine: Engine, server: ExternalPostgres, release: str
) -> None:
    """A stage, a search, an edit, an undo."""
    fill(engine, release)
    migrate(engine)
    catalog = Catalog(engine)
    with catalog.begin() as connection:
        connection.execute(text("delete from text_models"))  # whose vectors here are of two numbers
        connection.execute(text("delete from segment_embeddings"))
        connection.execute(text("delete from word_embeddings"))
        connection.execute(text("delete from passages"))
        shown = [s.id for s in read_segments(connection, video_id="old")]
    assert 501 in shown
    assert 503 not in shown
    assert embed_videos(catalog, ["old", "was-imported"], EMBEDDER)[0][1] > 0
    service = SearchService(catalog, EMBEDDER)
    best = service.search("Minji runs with a dog").hits[0]
    assert (best.segment_id, best.caption_en, best.edited) == (501, "Minji runs with a dog", True)
    assert {person.name for person in best.people} == {"Minji", "Ben"}
    editor = Editor(catalog, EMBEDDER, actor="mina", door="web")
    done = SegmentService(editor).set_captions([504], {"en": "a qzebra sits"})
    assert done.operation is not None
    assert service.search("qzebra").hits[0].segment_id == 504
    HistoryService(editor).undo()
    with catalog.begin() as connection:
        [caption] = [s.caption_en for s in read_segments(connection, ids=[504])]
    assert caption == ("a man sits on a bench" if release >= "0005" else "a man sits")


# --- interrupted ------------------------------------------------------------------------------------------------

MIGRATE = (
    "import sys; from pathlib import Path; from vsearch_pipeline.settings import Settings;"
    "from vsearch_pipeline.catalog.database import open_catalog;"
    "open_catalog(Settings(home=Path('/nonexistent'), database_url=sys.argv[1])); print('migrated')"
)


def migrating(server: ExternalPostgres) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MIGRATE, server.url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def wait_until(server: ExternalPostgres, condition: str) -> None:
    until = time.monotonic() + 60
    while server.psql(f"select {condition}").strip() != "t":
        assert time.monotonic() < until, condition
        time.sleep(0.05)


def test_a_migration_that_is_killed_in_the_middle_leaves_everything(
    engine: Engine, server: ExternalPostgres
) -> None:
    fill(engine, "0004")
    with engine.begin() as connection:
        before = everything(connection)
    with engine.connect() as reader:
        reader.exec_driver_sql("select 1 from operations limit 1")  # holds the middle of 0005 up
        process = migrating(server)
        wait_until(server, "exists (select from pg_stat_activity where wait_event_type = 'Lock'"
                   " and query ilike '%alter table operations%')")  # fmt: skip
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        reader.rollback()
    wait_until(server, "not exists (select from pg_stat_activity where query ilike 'alter table%'"
               " and state <> 'idle')")  # fmt: skip
    with engine.begin() as connection:
        assert everything(connection) == before
    again = migrating(server)
    assert again.communicate(timeout=60)[0].strip().endswith("migrated")
    with engine.begin() as connection:
        assert everything(connection)["alembic_version"] == [f"('{NEWEST}',)"]


def test_of_several_processes_one_migrates_and_all_work(engine: Engine, server: ExternalPostgres) -> None:
    fill(engine, "0001")
    processes = [migrating(server) for _ in range(3)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("53100", r"has no room left on its disk \(no room\): make room there, then start again"),
        ("58030", r"could not be brought up to date: no room"),
    ],
)
def test_a_statement_that_fails_takes_everything_back(
    engine: Engine, server: ExternalPostgres, tmp_path: Any, state: str, sentence: str
) -> None:
    """The server's disk is full in the middle of it, as the server itself says it."""
    fill(engine, "0004")
    server.psql(
        "create function fail() returns event_trigger language plpgsql as $$ begin"
        f" raise 'no room' using errcode = '{state}'; end $$;"
        " create event trigger full_disk on ddl_command_end when tag in ('CREATE TABLE') execute function fail()"
    )
    try:
        with engine.begin() as connection:
            before = everything(connection)
        with pytest.raises(DatabaseError, match=sentence):
            open_catalog(Settings(home=tmp_path, database_url=server.url))
        with engine.begin() as connection:
            assert everything(connection) == before
    finally:
        server.psql("drop event trigger full_disk; drop function fail")
    open_catalog(Settings(home=tmp_path, database_url=server.url)).close()
    with engine.begin() as connection:
        assert everything(connection)["alembic_version"] == [f"('{NEWEST}',)"]


def test_an_older_program_refuses_a_newer_library(engine: Engine, server: ExternalPostgres) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    process = subprocess.run(
        [sys.executable, "-m", "vsearch_pipeline", "status"],
        env={**os.environ, "VSEARCH_DATABASE_URL": server.url, "VSEARCH_HOME": "/nonexistent/vsearch"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 1
    assert process.stderr.strip() == (
        f"error    The library's tables are of a newer vsearch than this one (9999 after {NEWEST}): install that"
        " version again, or go back to a backup."
    )
    with engine.begin() as connection:
        assert everything(connection)["alembic_version"] == ["('9999',)"]

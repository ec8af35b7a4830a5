"""The catalogue's server and its migrations."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from tests.commands import kill_family
from vsearch_pipeline.catalog.database import Catalog, dagster_database_url, database_url, migrate, open_catalog
from vsearch_pipeline.catalog.models import Base
from vsearch_pipeline.errors import DatabaseError
from vsearch_pipeline.settings import Settings


def test_migrations_give_what_the_models_say(catalog: Catalog) -> None:
    with catalog.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = [
            step
            for step in compare_metadata(context, Base.metadata)
            if not (step[0] == "remove_index" and step[1].name.startswith("hnsw_"))
        ]
    assert differences == []


def test_migrating_again_changes_nothing(catalog: Catalog) -> None:
    migrate(catalog.engine)
    with catalog.engine.connect() as connection:
        assert connection.execute(text("select count(*) from alembic_version")).scalar_one() == 1


def test_dagster_has_a_schema_and_driver_of_its_own(settings: Settings, catalog: Catalog) -> None:
    url = dagster_database_url(settings)
    assert url.drivername == "postgresql+psycopg2"
    assert url.query["options"] == "-csearch_path=dagster"
    assert database_url(settings).drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("url", "part"),
    [("not an address", "not a database address"), ("mysql://localhost/x", "must be PostgreSQL")],
)
def test_a_wrong_address_is_said_in_a_sentence(url: str, part: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=part):
        database_url(Settings(home=tmp_path, database_url=url))


def starting(home: Path) -> str:
    return (
        "import os, signal, sys; from pathlib import Path;"
        "from vsearch_pipeline.catalog.server import embedded_server;"
        f"embedded_server(Path({str(home)!r}));"
    )


@pytest.mark.parametrize("there", ["PG_VERSION", "global/pg_control", "pg_wal/000000010000000000000001", "log"])
def test_a_first_start_that_was_killed_is_made_up_for(tmp_path: Path, there: str) -> None:
    home = tmp_path / "home"
    start = [sys.executable, "-c", starting(home)]
    first = subprocess.Popen(start)
    while not (home / "postgres" / there).exists():
        assert first.poll() is None
        time.sleep(0.005)
    kill_family(first.pid)
    first.wait()
    subprocess.run(start, check=True)
    subprocess.run(start, check=True)


def test_a_list_of_users_that_was_cut_off_is_begun_anew(tmp_path: Path) -> None:
    home = tmp_path / "home"
    start = [sys.executable, "-c", starting(home)]
    subprocess.run(start, check=True)
    (home / "postgres" / ".handle_pids.json").write_text("[12, 3")
    subprocess.run(start, check=True)
    assert not (home / "postgres" / "postmaster.pid").exists()


def test_the_server_goes_when_its_last_user_goes_even_after_a_kill(tmp_path: Path) -> None:
    """A killed process must not keep the server running for ever."""
    home = tmp_path / "home"
    start = starting(home)
    killed = subprocess.run([sys.executable, "-c", start + "os.kill(os.getpid(), signal.SIGKILL)"], check=False)
    assert killed.returncode == -9
    assert (home / "postgres" / "postmaster.pid").exists()
    subprocess.run([sys.executable, "-c", start], check=True)
    assert not (home / "postgres" / "postmaster.pid").exists()


def test_any_server_can_hold_everything(settings: Settings, catalog: Catalog, tmp_path: Path) -> None:
    """An address of one's own: catalogue and Dagster both move there, and nothing is started below the home."""
    with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("create database elsewhere"))
    url = database_url(settings).set(database="elsewhere", drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    environment = {**os.environ, "VSEARCH_HOME": str(tmp_path / "home"), "VSEARCH_DATABASE_URL": address}
    look = (
        "from vsearch_pipeline.settings import Settings;"
        "from vsearch_pipeline.resources.instance import open_instance;"
        "instance = open_instance(Settings()); print(instance.get_runs_count())"
    )
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", look], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "0"
    elsewhere = open_catalog(Settings(home=tmp_path / "home", database_url=address))
    with elsewhere.begin() as connection:
        tables = text("select table_schema from information_schema.tables where table_name in ('videos', 'runs')")
        assert sorted(connection.execute(tables).scalars()) == ["dagster", "public"]
    elsewhere.close()
    assert not (tmp_path / "home" / "postgres").exists()

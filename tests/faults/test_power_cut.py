"""Everything ends at once, as at a power cut, and is started again."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.commands import kill_family, started, vsearch
from tests.external_postgres import ExternalPostgres
from tests.faults.test_postgres_killed import clip, wait_for
from vsearch_pipeline.resources.instance import open_instance
from vsearch_pipeline.serve import free_port
from vsearch_pipeline.settings import Settings

DONE = "select count(*) from stage_runs where stage = 'segment_embeddings'"
RUNS = "select status from dagster.runs where pipeline_name = 'ingest' order by create_timestamp"


@pytest.mark.slow
@pytest.mark.parametrize("then", ["up", "add"])
def test_what_was_under_way_goes_on(
    server: ExternalPostgres, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    """The run of before holds the card, by what is written: nobody is to wait for it."""
    home = tmp_path_factory.mktemp("home")
    film = clip(tmp_path_factory)
    (home / "inbox").mkdir()
    settings = {
        "VSEARCH_DATABASE_URL": server.url,
        "VSEARCH_DAGSTER_PORT": str(free_port(0)),
        "VSEARCH_PAGE_PORT": str(free_port(0)),
    }
    up = started(home, "up", settings=settings, log=home / "log")
    shutil.copyfile(film, home / "inbox" / "film.mp4")
    wait_for(server, "select count(*) from stage_runs where stage = 'sampling'")
    for name, value in (("DAGSTER_HOME", str(home)), ("VSEARCH_HOME", str(home)), *settings.items()):
        monkeypatch.setenv(name, value)
    open_instance(Settings(home=home)).dispose()  # as any command does
    assert server.psql(RUNS) == "STARTED\n", "it goes on, and whoever looks sees that"
    cut_power(up, server)
    server.start()
    assert server.psql(DONE) == "0\n"
    assert server.psql(RUNS) == "STARTED\n"
    if then == "add":
        added = vsearch(home, "add", str(film), settings=settings)
        assert added.returncode == 0, added.stdout + added.stderr
    else:
        up = started(home, "up", settings=settings, log=home / "log")
        try:
            wait_for(server, DONE)
            assert "Traceback" not in (home / "log").read_text()
        finally:
            cut_power(up)
    assert server.psql("select count(*) from videos") == "1\n"
    assert server.psql(RUNS).startswith("FAILURE\n")


def cut_power(up: subprocess.Popen[str], *servers: ExternalPostgres) -> None:
    """Nobody has the time to say anything."""
    for server in servers:
        server.kill()
    kill_family(up.pid)
    up.wait(30)

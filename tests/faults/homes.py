"""A library of its own that runs the graph in this process, so that a test can break what is below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult
from sqlalchemy import text

from tests.catalogue_dump import Dump, dump
from tests.external_postgres import ExternalPostgres
from vsearch_pipeline.assets.stage import add_partitions
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.definitions import definitions
from vsearch_pipeline.ingest.store import add_file
from vsearch_pipeline.runner import QUIET, RANGE_END_TAG, RANGE_START_TAG
from vsearch_pipeline.settings import Settings


@dataclass(frozen=True)
class Home:
    settings: Settings
    catalog: Catalog
    instance: DagsterInstance

    @property
    def videos(self) -> Path:
        return self.settings.home / "videos"

    def add(self, path: Path) -> str:
        video = add_file(self.catalog, self.settings, path, actor="tester", door="cli").video.id
        add_partitions(self.instance, [video])
        return video

    def ingest(self, *videos: str, only: Sequence[str] = ()) -> ExecuteInProcessResult:
        """The job `ingest`, or some of its assets, for videos that were added one after the other."""
        made = definitions(self.settings)
        job = made.resolve_job_def("ingest")
        if only:
            job = made.resolve_implicit_global_asset_job_def().get_subset(
                asset_selection={AssetKey(name) for name in only}
            )
        several = {RANGE_START_TAG: videos[0], RANGE_END_TAG: videos[-1]} if len(videos) > 1 else {}
        return job.execute_in_process(
            instance=self.instance,
            partition_key=None if several else videos[0],
            tags=several,
            run_config=QUIET,
            raise_on_error=False,
        )

    def errors(self) -> dict[tuple[str, str], str]:
        """Why a stage of a video failed."""
        with self.catalog.begin() as connection:
            rows = connection.execute(text("select video_id, stage, message from stage_errors"))
            return {(row.video_id, row.stage): row.message for row in rows}

    def done(self, video: str) -> set[str]:
        with self.catalog.begin() as connection:
            rows = connection.execute(text("select stage from stage_runs where video_id = :v"), {"v": video})
            return set(rows.scalars())

    def dump(self) -> Dump:
        with self.catalog.begin() as connection:
            return dump(connection)


_NUMBERS = count(1)


@contextmanager
def open_home(server: ExternalPostgres, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home whose tables are a database of their own on a server."""
    database = f"home_{next(_NUMBERS)}"
    server.psql(f"create database {database}")
    url = server.url.rpartition("/")[0] + f"/{database}"
    monkeypatch.setenv("VSEARCH_DATABASE_URL", url)
    settings = Settings(home=folder, actor="tester", database_url=url)
    catalog = open_catalog(settings)
    with DagsterInstance.ephemeral() as instance:
        yield Home(settings, catalog, instance)
    catalog.close()

"""Dagster's own storage in the catalogue's server, so that `dagster.yaml` needs no address and no variables."""

from __future__ import annotations

import os
import shutil
import socket
from typing import Any

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

from vsearch_pipeline.catalog.database import dagster_database_url, open_catalog
from vsearch_pipeline.settings import PROJECT_ROOT, Settings

NO_TIMEOUT = 0
RECYCLE_SECONDS = 300
MAX_OVERFLOW = 20

IMPORT_TAG = {"vsearch/import": "metadata"}
"""On the runs of `vsearch import metadata`: it works on all the videos it brought, run after run."""
PROCESS_TAG = "vsearch/process"
"""On a run executed inside a command: the host and process id that execute it."""


class CatalogStorage(DagsterPostgresStorage):
    """dagster-postgres on the catalogue's server, embedded or not, in the schema `dagster`."""

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls,
        inst_data: ConfigurableClassData | None,
        config_value: dict[str, Any],  # noqa: ARG003
    ) -> CatalogStorage:
        settings = Settings()
        open_catalog(settings)  # makes the schema
        url = dagster_database_url(settings).render_as_string(hide_password=False)
        storage = cls(postgres_url=url, inst_data=inst_data)
        # keep connections open: by default every event opens one, which took two thirds of a run's bookkeeping
        for part in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
            part.optimize_for_webserver(
                statement_timeout=NO_TIMEOUT, pool_recycle=RECYCLE_SECONDS, max_overflow=MAX_OVERFLOW
            )
        return storage


def prepare_dagster_home(settings: Settings) -> None:
    """Make `DAGSTER_HOME` hold the project's dagster.yaml and point this process and its children to it."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT_ROOT / "dagster.yaml", settings.dagster_home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["VSEARCH_HOME"] = str(settings.home)


def open_instance(settings: Settings) -> DagsterInstance:
    """The Dagster instance of these settings, with the runs of killed commands cleared away."""
    prepare_dagster_home(settings)
    instance = DagsterInstance.get()
    _fail_abandoned_runs(instance)
    return instance


def process_tag() -> dict[str, str]:
    return {PROCESS_TAG: f"{socket.gethostname()}:{os.getpid()}"}


def _fail_abandoned_runs(instance: DagsterInstance) -> None:
    """A killed command leaves its run as started, holding its place in the pools."""
    import psutil

    unfinished = RunsFilter(
        statuses=[DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.NOT_STARTED]
    )
    for run in instance.get_runs(unfinished):
        host, _, pid = run.tags.get(PROCESS_TAG, "").rpartition(":")
        if host == socket.gethostname() and not psutil.pid_exists(int(pid)):
            instance.report_run_failed(run, message="The command that executed this run was killed.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)

"""Dagster's own storage in the catalogue's server, so that `dagster.yaml` needs no address and no variables."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from dagster import DagsterEventType, DagsterInstance, EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

from vsearch_pipeline.catalog.database import dagster_database_url, open_catalog
from vsearch_pipeline.logs import set_up_dagster_logs
from vsearch_pipeline.resources import dagster_tables
from vsearch_pipeline.resources.abandoned import clear_away
from vsearch_pipeline.resources.pools import mend_pools
from vsearch_pipeline.settings import PROJECT_ROOT, Settings

NO_TIMEOUT = 0
RECYCLE_SECONDS = 300
MAX_OVERFLOW = 20
BATCH_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
EVENTS_AT_ONCE = 100
"""Materialisations of one asset that Dagster writes together: one by one they took half of a run's bookkeeping."""

IMPORT_TAG = {"vsearch/import": "metadata"}
"""On the runs of `vsearch import metadata`: it works on all the videos it brought, run after run."""


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
        set_up_dagster_logs(settings)  # each of Dagster's processes comes by here, and by nothing else of ours
        open_catalog(settings)  # makes the schema
        os.environ.setdefault(BATCH_VARIABLE, str(EVENTS_AT_ONCE))
        url = dagster_database_url(settings)
        dagster_tables.make_tables(url)
        storage = cls(postgres_url=url.render_as_string(hide_password=False), inst_data=inst_data)
        # keep connections open: by default every event opens one, which took two thirds of a run's bookkeeping
        for part in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
            part.optimize_for_webserver(
                statement_timeout=NO_TIMEOUT, pool_recycle=RECYCLE_SECONDS, max_overflow=MAX_OVERFLOW
            )
        dagster_tables.finish(storage)
        events: Any = storage.event_log_storage
        events.has_table = cache(events.has_table)  # asked of the server some 70 times a video
        events.has_dynamic_partition = _remembered(events.has_dynamic_partition)
        events.store_event_batch = partial(_store_batch, events, events.store_event_batch)
        mend_pools(events)
        return storage


def _remembered(ask: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
    """Whether there is a partition, asked until there is: videos stay partitions."""
    known: set[tuple[str, str]] = set()

    def has(partitions_def_name: str, partition_key: str) -> bool:
        wanted = (partitions_def_name, partition_key)
        if wanted not in known and ask(partitions_def_name, partition_key):
            known.add(wanted)
        return wanted in known

    return has


def _store_batch(
    storage: Any, store: Callable[[Sequence[EventLogEntry]], None], events: Sequence[EventLogEntry]
) -> None:
    """What a run is going to make, in one statement: dagster-postgres does so only for what was made, and planning
    eight videos took a second."""
    planned = [e for e in events if e.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION_PLANNED]
    others = [e for e in events if e.dagster_event_type != DagsterEventType.ASSET_MATERIALIZATION_PLANNED]
    if planned:
        with storage._connect() as connection:
            insert = storage.prepare_insert_event_batch(planned).returning(SqlEventLogStorageTable.c.id)
            ids = [int(row[0]) for row in connection.execute(insert).fetchall()]
        last = {event.get_dagster_event().asset_key: (event, i) for event, i in zip(planned, ids, strict=True)}
        with storage.index_transaction() as connection:
            storage._store_asset_event_tags(connection, planned, ids)
            for event, number in last.values():
                storage._store_asset_event(connection, event, number)
    if others:
        store(others)


def prepare_dagster_home(settings: Settings) -> None:
    """Make `DAGSTER_HOME` hold the project's dagster.yaml and point this process and its children to it."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    as_shipped = (PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8")
    mine = re.sub(r"(max_concurrent_runs:) \d+", rf"\g<1> {settings.concurrent_runs}", as_shipped)
    making = settings.dagster_home / f"dagster.yaml.{os.getpid()}"
    making.write_text(mine, encoding="utf-8")
    making.replace(settings.dagster_home / "dagster.yaml")  # whole at any time: others read it
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["VSEARCH_HOME"] = str(settings.home)


def open_instance(settings: Settings) -> DagsterInstance:
    """The Dagster instance of these settings, with the runs of killed commands cleared away."""
    prepare_dagster_home(settings)
    instance = DagsterInstance.get()
    clear_away(instance)
    return instance

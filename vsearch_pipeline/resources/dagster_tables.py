"""Dagster's tables, made wholly or not at all.

dagster-postgres makes them one by one, each in a transaction of its own, and later asks for one alone: where it is
killed in between, the others are missing for good and every run ends with an error.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, Final

from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from dagster._core.storage.runs.schema import RunStorageSqlMetadata
from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata
from dagster._core.storage.sql import check_alembic_revision, stamp_alembic_rev
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.run_storage import run_storage
from dagster_postgres.utils import pg_alembic_config
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

_METADATA: Final = (RunStorageSqlMetadata, SqlEventLogStorageMetadata, ScheduleStorageSqlMetadata)
_TABLES: Final = frozenset(chain.from_iterable(metadata.tables for metadata in _METADATA))
_LOCK: Final = 0x76_73_64_61_67


def make_tables(url: URL) -> None:
    """Make what is missing of Dagster's tables; safe when several processes start at once.

    Those of another version of Dagster are left to its own `dagster instance migrate`.

    Args:
        url: with the search path to Dagster's schema, which is there.
    """
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        if _are_there(connection):
            return
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config = pg_alembic_config(run_storage.__file__)
        stamped, newest = check_alembic_revision(config, connection)
        if _are_there(connection) or stamped not in {None, newest}:
            return
        for metadata in _METADATA:
            metadata.create_all(connection)
            for index in chain.from_iterable(table.indexes for table in metadata.tables.values()):
                index.create(connection, checkfirst=True)
        stamp_alembic_rev(config, connection)


def finish(storage: DagsterPostgresStorage) -> None:
    """What Dagster does after it made its tables: it asks quicker where it has noted that their data is in order.

    Does nothing where that is noted.
    """
    parts: tuple[Any, ...] = (storage.run_storage, storage.event_log_storage, storage.schedule_storage)
    runs, events, schedules = parts
    runs.migrate()
    runs.optimize()
    events.reindex_events()
    events.reindex_assets()
    schedules.migrate()
    schedules.optimize()


def _are_there(connection: Connection) -> bool:
    return set(inspect(connection).get_table_names()) >= _TABLES | {"alembic_version"}

"""Dagster's tables are whole, whatever was killed while they were made."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

import pytest
from dagster_postgres import DagsterPostgresStorage
from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from vsearch_pipeline.catalog.database import DAGSTER_SCHEMA, Catalog, dagster_database_url
from vsearch_pipeline.resources.dagster_tables import finish, make_tables
from vsearch_pipeline.settings import Settings

MADE = """
    select 'column', table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
      from information_schema.columns where table_schema = current_schema()
    union all select 'index', indexdef from pg_indexes where schemaname = current_schema()
    union all select 'key', conrelid::regclass || ' ' || pg_get_constraintdef(oid)
      from pg_constraint where connamespace = current_schema()::regnamespace
    union all select 'noted', name from secondary_indexes where migration_completed is not null
    union all select 'version', version_num from alembic_version
"""


class Killed(BaseException):
    """Nobody catches it."""


@pytest.fixture
def fresh(catalog: Catalog, settings: Settings) -> Iterator[URL]:
    """Where Dagster's tables are going to be, in a database of the test's own, which holds nothing else."""
    administering = catalog.engine.execution_options(isolation_level="AUTOCOMMIT")
    with administering.connect() as connection:
        connection.execute(text("create database dagster_tables"))
    url = dagster_database_url(settings).set(database="dagster_tables")
    empty(url)
    yield url
    with administering.connect() as connection:
        connection.execute(text("drop database dagster_tables with (force)"))


def empty(url: URL) -> None:
    with connecting(url) as connection:
        connection.execute(text(f"drop schema if exists {DAGSTER_SCHEMA} cascade; create schema {DAGSTER_SCHEMA}"))


@contextmanager
def connecting(url: URL) -> Iterator[Any]:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        yield connection


def theirs(url: URL) -> DagsterPostgresStorage:
    return DagsterPostgresStorage(postgres_url=url.render_as_string(hide_password=False))


def ours(url: URL) -> None:
    make_tables(url)
    finish(theirs(url))


def made(url: URL) -> set[tuple[str, str]]:
    with connecting(url) as connection:
        return {tuple(row) for row in connection.execute(text(MADE))}


@contextmanager
def killed_at(number: int) -> Iterator[list[str]]:
    """Before that statement which makes a table or an index is run; tells those that were."""
    statements: list[str] = []

    def look(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.strip().startswith("CREATE "):
            if len(statements) == number:
                raise Killed
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", look)
    try:
        with suppress(Killed):
            yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", look)


def test_they_are_those_that_dagster_makes(fresh: URL) -> None:
    theirs(fresh)
    expected = made(fresh)
    empty(fresh)
    ours(fresh)
    assert made(fresh) == expected
    with connecting(fresh) as connection:
        connection.execute(text("delete from secondary_indexes"))
    ours(fresh)
    assert made(fresh) == expected


def test_what_dagster_left_half_made_is_completed(fresh: URL) -> None:
    ours(fresh)
    expected = made(fresh)
    for number in count(step=7):  # each takes a second
        empty(fresh)
        with killed_at(number) as statements:
            theirs(fresh)
            break
        assert len(statements) == number
        ours(fresh)
        assert made(fresh) == expected, f"killed at statement {number}"
    assert number > 40, "it makes as many"


def test_made_by_us_they_are_all_there_or_none(fresh: URL) -> None:
    for number in (1, 20, 40):
        with killed_at(number) as statements:
            make_tables(fresh)
        assert len(statements) == number
        with connecting(fresh) as connection:
            assert inspect(connection).get_table_names() == []
    ours(fresh)


def test_several_make_them_at_once(fresh: URL) -> None:
    ours(fresh)
    expected = made(fresh)
    empty(fresh)
    faults: list[BaseException] = []

    def make() -> None:
        try:
            ours(fresh)
        except BaseException as fault:  # noqa: BLE001 - told below
            faults.append(fault)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert made(fresh) == expected


def test_those_of_another_dagster_are_left_to_it(fresh: URL) -> None:
    ours(fresh)
    with connecting(fresh) as connection:
        connection.execute(text("update alembic_version set version_num = 'older'; drop table dynamic_partitions"))
    make_tables(fresh)
    with connecting(fresh) as connection:
        assert "dynamic_partitions" not in inspect(connection).get_table_names()

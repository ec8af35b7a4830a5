"""Catalogues with nothing in them, beside the one that all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text

from vsearch_pipeline.catalog.database import Catalog, database_url, migrate
from vsearch_pipeline.settings import Settings


@contextmanager
def empty_catalog(catalog: Catalog, settings: Settings, name: str) -> Iterator[Catalog]:
    """A database of this name on the same server, dropped at the end."""
    with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"drop database if exists {name} with (force)"))
        connection.execute(text(f"create database {name}"))
    engine = create_engine(database_url(settings).set(database=name))
    try:
        migrate(engine)
        yield Catalog(engine)
    finally:
        engine.dispose()
        with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"drop database if exists {name} with (force)"))

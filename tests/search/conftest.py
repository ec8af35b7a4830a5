"""Catalogues of their own, so that what a search finds is what its test put there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import create_engine, text

from vsearch_pipeline.catalog.database import Catalog, database_url, migrate
from vsearch_pipeline.catalog.models import Base
from vsearch_pipeline.settings import Settings

hypothesis_settings.register_profile("search", deadline=None)  # the first Korean text loads a model for seconds
hypothesis_settings.load_profile("search")

NewCatalog = Callable[..., Catalog]


@pytest.fixture(scope="session")
def new_catalog(settings: Settings, catalog: Catalog) -> Iterator[NewCatalog]:
    """Hands out an empty catalogue. There are two, for a module and for a single test, emptied for the next:
    databases are slow to make and to write out at the end."""
    made: dict[str, Catalog] = {}

    def new(*, scratch: bool = False) -> Catalog:
        name = "search_scratch" if scratch else "search_module"
        if name not in made:
            with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"create database {name}"))
            made[name] = Catalog(create_engine(database_url(settings).set(database=name)))
            migrate(made[name].engine)
        with made[name].begin() as connection:
            connection.execute(text("set local session_replication_role = replica"))  # in any order
            for table in Base.metadata.tables:
                connection.execute(text(f"delete from {table}"))  # noqa: S608 - tables of ours
        return made[name]

    yield new
    for each in made.values():
        each.close()

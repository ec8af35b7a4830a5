"""Catalogues of their own, so that what a search finds is what its test put there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import create_engine, text

from vsearch_pipeline.catalog.database import Catalog, database_url, migrate
from vsearch_pipeline.settings import Settings

hypothesis_settings.register_profile("search", deadline=None)  # the first Korean text loads a model for seconds
hypothesis_settings.load_profile("search")

NewCatalog = Callable[[str], Catalog]


@pytest.fixture(scope="session")
def new_catalog(settings: Settings, catalog: Catalog) -> Iterator[NewCatalog]:
    """Makes an empty, migrated database of a name on the tests' server."""
    made: list[Catalog] = []

    def new(name: str) -> Catalog:
        with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"create database {name}"))
        found = Catalog(create_engine(database_url(settings).set(database=name)))
        migrate(found.engine)
        made.append(found)
        return found

    yield new
    for each in made:
        each.close()

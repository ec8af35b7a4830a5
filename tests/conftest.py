"""A real PostgreSQL for the tests: started and migrated once, each test's work rolled back or dropped."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance
from sqlalchemy import Connection

from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.settings import Settings

OF_TESTS = ("VSEARCH_CHROMIUM", "VSEARCH_TEST_")
for name in [name for name in os.environ if name.startswith("VSEARCH_") and not name.startswith(OF_TESTS)]:
    del os.environ[name]  # the tests never touch the library of whoever runs them

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def home() -> Path:
    """A fresh home below the shared temporary folder: the embedded server's user must reach it."""
    path = Path(tempfile.mkdtemp(prefix="vsearch-test-"))
    path.chmod(0o755)
    # the server registers its own exit handler later, so it stops before its data goes
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@pytest.fixture(scope="session")
def settings(home: Path) -> Settings:
    return Settings(home=home, actor="tester")


@pytest.fixture(scope="session")
def catalog(settings: Settings) -> Catalog:
    """The migrated catalogue, shared by all tests: use `connection` unless the code under test commits."""
    return open_catalog(settings)


@pytest.fixture
def connection(catalog: Catalog) -> Iterator[Connection]:
    """A connection whose work is rolled back."""
    with catalog.engine.connect() as opened:
        transaction = opened.begin()
        yield opened
        transaction.rollback()


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    """Dagster's storage in memory, closed at the end: left to be collected, its SQLite connections end in whatever
    thread happens to run."""
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip("needs ../shared/data, which is not on this machine")
    return SHARED_DATA

"""A real PostgreSQL for the tests: started and migrated once, each test's work rolled back or dropped."""

from __future__ import annotations

import atexit
import os
import runpy
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from dagster import DagsterInstance
from sqlalchemy import Connection, text

from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.settings import Settings

OF_TESTS = ("VSEARCH_CHROMIUM", "VSEARCH_TEST_")


def live_elsewhere() -> None:
    """Start a server and a bucket for all tests; processes that they start find them through the environment."""
    from tests.bucket_server import BUCKET, bucket_server
    from tests.commands import python_path
    from tests.external_postgres import external_postgres

    services = ExitStack()
    atexit.register(services.close)
    server = services.enter_context(external_postgres("-c max_connections=400 -c fsync=off"))
    services.enter_context(bucket_server())
    os.environ["VSEARCH_TEST_SERVER"] = server.url.rpartition("/")[0]
    os.environ["VSEARCH_TEST_BUCKET"] = f"s3://{BUCKET}"
    folder = Path(__file__).parent / "elsewhere"
    os.environ["PYTHONPATH"] = python_path(folder)
    runpy.run_path(str(folder / "sitecustomize.py"))


# in the background of a shell it is ignored, also by what the tests start and stop by it
signal.signal(signal.SIGINT, signal.default_int_handler)

for name in [name for name in os.environ if name.startswith("VSEARCH_") and not name.startswith(OF_TESTS)]:
    del os.environ[name]  # the tests never touch the library of whoever runs them

ELSEWHERE = bool(os.environ.get("VSEARCH_TEST_ELSEWHERE"))
"""Libraries live on an external PostgreSQL and in a bucket, not below their homes."""

if ELSEWHERE:
    live_elsewhere()

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

BROWSERS_AT_ONCE = 2
"""More pages beside each other are slow ones."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In several processes what takes long begins first: pages, then what starts services, from the end of the
    alphabet on (a day of chaos in `faults` is not beside the pages)."""
    if not hasattr(config, "workerinput"):
        return
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    slow_ones = sorted(slow, reverse=True)

    def rank(item: pytest.Item) -> int:
        if item.get_closest_marker("browser"):
            return -1
        return slow_ones.index(item.path) if item.path in slow else len(slow_ones)

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """In several processes the tests of a file stay together, and pages are for a few of them."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return f"browser {crc32(file.encode()) % BROWSERS_AT_ONCE}" if "/browser/" in file else file

    return ByFile(config, log)


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


@pytest.fixture(autouse=True)
def whose_model_answers(request: pytest.FixtureRequest) -> None:
    """Tests that share a catalogue embed with models of their own: none of them is the one before."""
    if "catalog" in request.fixturenames:
        with request.getfixturevalue("catalog").begin() as connection:
            connection.execute(text("delete from text_models"))


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

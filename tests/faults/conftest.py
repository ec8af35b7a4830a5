"""These tests break servers and disks of their own: they say themselves where a library lives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import ELSEWHERE
from tests.external_postgres import ExternalPostgres, external_postgres

collect_ignore = (
    ["test_change_of_model.py", "test_disk_full.py", "test_no_memory.py", "test_postgres_killed.py"]
    if ELSEWHERE
    else []
)


@pytest.fixture
def server() -> Iterator[ExternalPostgres]:
    """A PostgreSQL of the test's own, to be broken."""
    with external_postgres() as made:
        yield made


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ExternalPostgres]:
    """One for the tests of a file, which leave it whole."""
    with external_postgres() as made:
        yield made

"""Several machines, as far as one can be several."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.engine.cluster import Cluster, clusters


@pytest.fixture(scope="module")
def new_cluster() -> Iterator[Callable[[str], Cluster]]:
    """Makes a cluster by its name, which has a database of its own."""
    with clusters() as make:
        yield make

"""Training starts again when photos or corrections change, and only then."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, SensorResult, SkipReason, build_sensor_context
from sqlalchemy import delete

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.models import Operation
from vsearch_pipeline.catalog.operations import log_operation
from vsearch_pipeline.resources.storage import CatalogResource
from vsearch_pipeline.sensors.people import people_changed_sensor


class Watch:
    """The sensor with the cursor that Dagster would keep."""

    def __init__(self, gallery: Path, home: Path, instance: DagsterInstance) -> None:
        self.sensor = people_changed_sensor(gallery)
        self.home = home
        self.cursor: str | None = None
        self.instance = instance

    def trains(self) -> bool:
        with build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources={"catalog": CatalogResource(home=str(self.home))}
        ) as context:
            result = self.sensor(context)
        if isinstance(result, SkipReason):
            return False
        assert isinstance(result, SensorResult)
        self.cursor = result.cursor
        return len(result.run_requests or ()) == 1


@pytest.fixture
def watch(catalog: Catalog, home: Path, instance: DagsterInstance, tmp_path: Path) -> Iterator[Watch]:
    yield Watch(tmp_path / "gallery", home, instance)
    with catalog.begin() as connection:
        connection.execute(delete(Operation).where(Operation.actor == "sensor test"))


def add_photo(path: Path, seconds_ago: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(50))
    moment = time.time() - seconds_ago
    os.utime(path, (moment, moment))


def test_photos_and_corrections_start_training(watch: Watch, catalog: Catalog, tmp_path: Path) -> None:
    watch.trains()  # other tests may have corrected something
    assert not watch.trains()
    photo = tmp_path / "gallery" / "G" / "P" / "1.jpg"
    add_photo(photo, seconds_ago=0)
    assert not watch.trains(), "it may still be being copied"
    add_photo(photo, seconds_ago=100)
    assert watch.trains()
    assert not watch.trains()
    with catalog.begin() as connection:
        log_operation(connection, actor="sensor test", door="cli", kind="people.reject")
    assert watch.trains()
    assert not watch.trains()
    photo.unlink()
    assert watch.trains()
    assert not watch.trains()


def test_other_operations_start_nothing(watch: Watch, catalog: Catalog) -> None:
    watch.trains()
    with catalog.begin() as connection:
        log_operation(connection, actor="sensor test", door="cli", kind="add")
    assert not watch.trains()

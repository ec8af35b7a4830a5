"""The classifier of people is trained again when photos or corrections change."""

import hashlib
import json
import time
from pathlib import Path

from dagster import (
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from vsearch_pipeline.assets.jobs import train_job
from vsearch_pipeline.catalog.identities import last_people_operation
from vsearch_pipeline.resources.storage import CatalogResource

SETTLED_SECONDS = 30.0
"""While photos are being copied or sorted, training waits."""


def gallery_files(gallery: Path) -> list[tuple[str, int, int]]:
    """Path below the gallery, size and time of change (ns) of every file in it, in order."""
    if not gallery.is_dir():
        return []
    return sorted(
        (str(path.relative_to(gallery)), status.st_size, status.st_mtime_ns)
        for path in gallery.rglob("*")
        if path.is_file()
        for status in [path.stat()]
    )


def people_changed_sensor(gallery: Path) -> SensorDefinition:
    """Watches the gallery folder and what people said about faces."""

    @sensor(
        name="people_changed",
        job=train_job,
        minimum_interval_seconds=30,
        default_status=DefaultSensorStatus.RUNNING,
        description="Trains the person classifier when photos of the gallery or corrections of people changed.",
    )
    def watch(context: SensorEvaluationContext, catalog: CatalogResource) -> SensorResult | SkipReason:
        files = gallery_files(gallery)
        # a photo of a camera whose clock is ahead is as old as any
        if any(0 <= time.time_ns() - changed < SETTLED_SECONDS * 1e9 for _, _, changed in files):
            return SkipReason("photos are being added")
        with catalog.open().begin() as connection:
            corrections = last_people_operation(connection)
        state = hashlib.sha256(json.dumps([files, corrections]).encode()).hexdigest()
        if state == context.cursor or (context.cursor is None and not files and not corrections):
            return SkipReason("photos and corrections are as they were")
        return SensorResult(run_requests=[RunRequest()], cursor=state)

    return watch

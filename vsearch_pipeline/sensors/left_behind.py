"""Videos that a run of several left unfinished because of another one: each gets a run of its own.

A stage that fails for one video commits the others, but Dagster then skips the stages below for all of the run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final

from dagster import (
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)
from dagster._core.storage.tags import WILL_RETRY_TAG
from dagster._time import datetime_from_timestamp

from vsearch_pipeline.assets.jobs import ingest_job
from vsearch_pipeline.assets.stage import RANGE_END_TAG, RANGE_START_TAG, partitions_between, partitions_in_order
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.stages import failures_of_run
from vsearch_pipeline.resources.abandoned import is_of_command
from vsearch_pipeline.resources.storage import CatalogResource

OVERLAP_SECONDS: Final = 60.0
"""Runs are looked at again for so long: a run key starts none twice, and clocks of machines differ."""


def left_behind_sensor() -> SensorDefinition:
    """Goes on with the videos of runs that failed for one of their videos."""

    @sensor(
        name="left_behind",
        job=ingest_job,
        minimum_interval_seconds=15,
        default_status=DefaultSensorStatus.RUNNING,
        description="Goes on with the other videos of a run of several that failed for one of them.",
    )
    def watch(context: SensorEvaluationContext, catalog: CatalogResource) -> SensorResult | SkipReason:
        began = time.time()
        since = float(context.cursor or began - 3600)
        runs = list(_failed_runs(context.instance, since - OVERLAP_SECONDS))
        partitions = partitions_in_order(context.instance) if runs else ()
        requests = [request for run in runs for request in _of_the_rest(partitions, catalog.open(), run)]
        context.update_cursor(str(began))
        if not requests:
            return SkipReason("no run left videos behind")
        return SensorResult(run_requests=requests)

    return watch


def _failed_runs(instance: DagsterInstance, since: float) -> Iterator[DagsterRun]:
    failed = RunsFilter(statuses=[DagsterRunStatus.FAILURE], updated_after=datetime_from_timestamp(since))
    for run in instance.get_runs(failed):
        # a command goes on by itself, and a run that is tried again as a whole does so as well
        if RANGE_START_TAG in run.tags and not is_of_command(run) and run.tags.get(WILL_RETRY_TAG) != "true":
            yield run


def _of_the_rest(partitions: Sequence[str], catalog: Catalog, run: DagsterRun) -> Iterator[RunRequest]:
    with catalog.begin() as connection:
        failed = failures_of_run(connection, run.run_id)
    if not failed:  # it failed for a reason of its own, which others would meet as well
        return
    for video in partitions_between(partitions, run.tags[RANGE_START_TAG], run.tags[RANGE_END_TAG]):
        if video not in failed:
            yield RunRequest(
                run_key=f"{video} left by {run.run_id}",
                partition_key=video,
                asset_selection=sorted(run.asset_selection) if run.asset_selection else None,
            )

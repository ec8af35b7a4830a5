"""What people asked for through doors that start no runs: each request gets exactly one run, and is told of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
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
from dagster._core.execution.backfill import BulkActionStatus
from dagster._core.storage.tags import PRIORITY_TAG, WILL_RETRY_TAG

from vsearch_pipeline.assets.jobs import ingest_job, take_in_job, train_job
from vsearch_pipeline.assets.relabelling import add_relabel_backfill
from vsearch_pipeline.assets.stage import VIDEOS
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.identities import tracks_marks
from vsearch_pipeline.catalog.requests import RequestRecord, RequestState, follow_request, open_requests
from vsearch_pipeline.resources.reasons import run_reason
from vsearch_pipeline.resources.storage import CatalogResource

REQUEST_TAG: Final = "vsearch/request"
ACTOR_TAG: Final = "vsearch/actor"
STARTED_AT_ONCE: Final = 50
"""Runs that one look asks for; the rest is asked for by the next ones, so that no look takes long."""
_GONE: Final = "Its run is no longer in Dagster."
_STOPPED: Final = "It was stopped in Dagster."
_FIRST: Final = {PRIORITY_TAG: "1", "dagster-celery/run_priority": "3"}
"""Somebody is waiting for it: before the runs of backfills."""


@dataclass(frozen=True)
class _Seen:
    """How far a request is, as its run says."""

    state: RequestState
    run_id: str | None = None
    reason: str | None = None


def requests_sensor() -> SensorDefinition:
    """Starts the runs that were asked for, and writes down how they are getting on."""

    @sensor(
        name="requests",
        jobs=[ingest_job, train_job, take_in_job],
        minimum_interval_seconds=3,
        default_status=DefaultSensorStatus.RUNNING,
        description="Starts what people asked for on the page: trying a video again, names, taking something in.",
    )
    def watch(context: SensorEvaluationContext, catalog: CatalogResource) -> SensorResult | SkipReason:
        opened = catalog.open()
        with opened.begin() as connection:
            asked = open_requests(connection)
        if not asked:
            return SkipReason("nothing is asked for")
        runs = _runs(context.instance, [request.id for request in asked])
        ahead = {request.id for request in asked}
        starting: list[RequestRecord] = []
        for request in asked:
            if request.after in ahead:
                seen = _Seen("queued")
            elif request.kind == "relabel":
                seen = _relabelling(context, opened, request)
            elif request.id in runs or request.run_id is not None:
                seen = _seen(context.instance, runs.get(request.id) or _run(context.instance, request))
            elif len(starting) < STARTED_AT_ONCE:
                starting.append(request)
                seen = _Seen("queued")
            else:
                seen = _Seen("queued")
            if (seen.state, seen.run_id or request.run_id) != (request.state, request.run_id):
                with opened.begin() as connection:
                    follow_request(connection, request.id, seen.state, run_id=seen.run_id, reason=seen.reason)
        if not starting:
            return SkipReason("what is asked for has its runs")
        videos = [request.subject for request in starting if request.kind in ("retry", "ingest")]
        return SensorResult(
            run_requests=[_run_request(request) for request in starting],
            dynamic_partitions_requests=[VIDEOS.build_add_request(videos)] if videos else None,
        )

    return watch


def _run_request(request: RequestRecord) -> RunRequest:
    key, tags = f"request {request.id}", {REQUEST_TAG: str(request.id), ACTOR_TAG: request.actor[:200], **_FIRST}
    if request.kind == "train":
        return RunRequest(run_key=key, job_name=train_job.name, tags=tags)
    if request.kind == "take_in":
        config = {
            "source": request.subject,
            "actor": request.actor,
            "door": request.door,
            "request": request.id,
        }
        return RunRequest(
            run_key=key,
            job_name=take_in_job.name,
            run_config={"ops": {"take_in_source": {"config": config}}},
            tags=tags,
        )
    return RunRequest(run_key=key, job_name=ingest_job.name, partition_key=request.subject, tags=tags)


def _runs(instance: DagsterInstance, requests: Collection[int]) -> Mapping[int, DagsterRun]:
    """The newest run of each request: one whose process died is started again by Dagster."""
    found = instance.get_runs(RunsFilter(tags={REQUEST_TAG: [str(number) for number in requests]}))
    return {int(run.tags[REQUEST_TAG]): run for run in reversed(found)}


def _run(instance: DagsterInstance, request: RequestRecord) -> DagsterRun | None:
    """The run that made the request itself: the inbox's take files in without being asked."""
    return instance.get_run_by_id(request.run_id) if request.run_id else None


def _seen(instance: DagsterInstance, run: DagsterRun | None) -> _Seen:
    if run is None:
        return _Seen("failed", reason=_GONE)
    if run.status == DagsterRunStatus.SUCCESS:
        return _Seen("done", run.run_id)
    if run.status == DagsterRunStatus.CANCELED:
        return _Seen("failed", run.run_id, _STOPPED)
    if run.status == DagsterRunStatus.FAILURE:
        if run.tags.get(WILL_RETRY_TAG) == "true":
            return _Seen("queued", run.run_id)
        return _Seen("failed", run.run_id, run_reason(instance, run.run_id))
    started = run.status in (DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING)
    return _Seen("running" if started else "queued", run.run_id)


def _relabelling(context: SensorEvaluationContext, catalog: Catalog, request: RequestRecord) -> _Seen:
    """The backfill of a request; it is asked for where it is not there yet, under a number that only it has."""
    backfill_id = f"request-{request.id}"
    backfill = context.instance.get_backfill(backfill_id)
    if backfill is None:
        with catalog.begin() as connection:
            videos = list(tracks_marks(connection))
        if not videos:
            return _Seen("done")
        if context.repository_def is None:
            raise ValueError("the sensor is run without its code location")
        graph = context.repository_def.asset_graph
        add_relabel_backfill(
            context.instance, graph, videos, backfill_id=backfill_id, asked_by=f"{request.actor} on the page"
        )
        return _Seen("queued", backfill_id)
    if backfill.status in (BulkActionStatus.COMPLETED, BulkActionStatus.COMPLETED_SUCCESS):
        return _Seen("done", backfill_id)
    if backfill.status == BulkActionStatus.CANCELED:
        return _Seen("failed", backfill_id, _STOPPED)
    if backfill.status in (BulkActionStatus.FAILED, BulkActionStatus.COMPLETED_FAILED):
        return _Seen("failed", backfill_id, "Some videos could not be named again; the backfill tells which.")
    return _Seen("running", backfill_id)

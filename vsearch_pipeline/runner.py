"""Running the asset graph inside a command, with its stages reported as they finish."""

from __future__ import annotations

import fcntl
import threading
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from dagster import AssetKey, DagsterEventType, DagsterInstance, ExecuteInProcessResult, JobDefinition

from vsearch_pipeline.assets.relabelling import RELABELLED, add_relabel_backfill
from vsearch_pipeline.assets.segments import SEGMENT_EMBEDDINGS
from vsearch_pipeline.assets.stage import add_partitions, partition_ranges
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.stages import failed_videos
from vsearch_pipeline.definitions import defs
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.resources.instance import IMPORT_TAG, process_tag
from vsearch_pipeline.resources.reasons import UNKNOWN, step_reason
from vsearch_pipeline.settings import Settings

POLL_SECONDS = 0.3
IMPORTED_A_RUN = 64
"""Imported videos to a run: its own bookkeeping (0.4 s) is little beside them, and progress is seen to move."""
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

OnStep = Callable[[str, int, int], None]
"""Called with a finished step's name, how many are finished, and how many there are."""


def ingest_steps() -> int:
    return len(defs.resolve_job_def("ingest").graph.nodes)


def ingest_video(
    instance: DagsterInstance, video_id: str, on_step: OnStep | None = None
) -> ExecuteInProcessResult:
    """Run the job `ingest` for one video in this process; a failure is in the result, not raised."""
    add_partitions(instance, [video_id])
    return _execute(instance, defs.resolve_job_def("ingest"), [video_id], on_step)


def ingest_imported(
    instance: DagsterInstance,
    catalog: Catalog,
    video_ids: Collection[str],
    on_videos: Callable[[int], None] = lambda _: None,
) -> dict[str, str]:
    """Make imported videos searchable by meaning in this process, which is all that `ingest` does for them.

    Args:
        on_videos: called with how many more videos have been worked on.

    Returns:
        why it failed, by video; the others are done.

    Raises:
        VsearchError: a run failed for a reason of its own, not of a video's.
    """
    add_partitions(instance, list(video_ids))
    job, failed = _only(SEGMENT_EMBEDDINGS.name), dict[str, str]()
    for videos in partition_ranges(instance, video_ids, IMPORTED_A_RUN):
        result = _execute(instance, job, videos, tags=IMPORT_TAG)
        if not result.success:
            with catalog.begin() as connection:
                reasons = failed_videos(connection, SEGMENT_EMBEDDINGS.name, result.run_id)
            if not reasons:
                raise VsearchError(failure_reason(result))
            failed |= reasons
        on_videos(len(videos))
    return failed


def train_people(instance: DagsterInstance, on_step: OnStep | None = None) -> ExecuteInProcessResult:
    """Run the job `train_people` in this process."""
    return _execute(instance, defs.resolve_job_def("train_people"), on_step=on_step)


def gather_unknown_people(instance: DagsterInstance) -> ExecuteInProcessResult:
    """Compute the asset `unknown_people` in this process."""
    return _execute(instance, _only("unknown_people"))


def relabel_video(instance: DagsterInstance, video_id: str) -> ExecuteInProcessResult:
    """Name the faces of one video again in this process, down to search."""
    add_partitions(instance, [video_id])
    return _execute(instance, _only(*RELABELLED), [video_id])


def queue_relabel(instance: DagsterInstance, videos: Sequence[str]) -> str:
    """Ask the running daemon for a backfill of what `relabel_video` does; returns the backfill's id."""
    backfill_id = uuid.uuid4().hex[:8]
    graph = defs.resolve_asset_graph()
    add_relabel_backfill(instance, graph, videos, backfill_id=backfill_id, asked_by="`vsearch people`")
    return backfill_id


def is_served(settings: Settings) -> bool:
    """Whether `vsearch up` runs for this home, on this machine."""
    try:
        lock = settings.up_lock.open("r")
    except FileNotFoundError:
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def failure_reason(result: ExecuteInProcessResult) -> str:
    """Why a run failed: the first failed step's own words, in one line."""
    return next(filter(None, map(step_reason, result.all_events)), UNKNOWN)


def _only(*assets: str) -> JobDefinition:
    return defs.resolve_implicit_global_asset_job_def().get_subset(asset_selection={AssetKey(a) for a in assets})


def _execute(
    instance: DagsterInstance,
    job: JobDefinition,
    videos: Sequence[str] = (),
    on_step: OnStep | None = None,
    tags: Mapping[str, str] = MappingProxyType({}),
) -> ExecuteInProcessResult:
    """Run a job in this process, for no partition, for one, or for several that follow one another."""
    partitions = {RANGE_START_TAG: videos[0], RANGE_END_TAG: videos[-1]} if len(videos) > 1 else {}
    run_id = str(uuid.uuid4())
    finished = threading.Event()
    reporter = threading.Thread(
        target=_report, args=(instance, run_id, len(job.graph.nodes), on_step, finished), daemon=True
    )
    if on_step:
        reporter.start()
    try:
        return job.execute_in_process(
            instance=instance,
            partition_key=videos[0] if len(videos) == 1 else None,
            run_id=run_id,
            run_config=QUIET,
            raise_on_error=False,
            tags={**process_tag(), **partitions, **tags},
        )
    finally:
        finished.set()
        if on_step:
            reporter.join()


def _report(
    instance: DagsterInstance, run_id: str, total: int, on_step: OnStep, finished: threading.Event
) -> None:
    reported: set[str] = set()
    while True:
        last = finished.wait(POLL_SECONDS)
        if instance.has_run(run_id):
            for record in instance.get_records_for_run(run_id, of_type=DagsterEventType.STEP_SUCCESS).records:
                step = record.event_log_entry.step_key or ""
                if step not in reported:
                    reported.add(step)
                    on_step(step, len(reported), total)
        if last:
            return

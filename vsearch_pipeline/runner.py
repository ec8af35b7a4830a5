"""Running the asset graph inside a command, with its stages reported as they finish."""

from __future__ import annotations

import fcntl
import threading
import uuid
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dagster import (
    AssetKey,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    ExecuteInProcessResult,
    JobDefinition,
    RunsFilter,
)
from dagster._core.execution.backfill import BulkActionStatus
from dagster._core.storage.tags import WILL_RETRY_TAG

from vsearch_pipeline.assets.backfills import add_backfill
from vsearch_pipeline.assets.relabelling import RELABELLED, add_relabel_backfill
from vsearch_pipeline.assets.segments import SEGMENT_EMBEDDINGS
from vsearch_pipeline.assets.stage import (
    RANGE_END_TAG,
    RANGE_START_TAG,
    VIDEOS_A_RUN,
    add_partitions,
    partition_ranges,
    partitions_between,
    partitions_in_order,
)
from vsearch_pipeline.catalog.database import Catalog, in_words
from vsearch_pipeline.catalog.stages import failed_videos, failures_of_run
from vsearch_pipeline.definitions import defs
from vsearch_pipeline.errors import DatabaseError, VsearchError
from vsearch_pipeline.resources.abandoned import process_tag
from vsearch_pipeline.resources.instance import IMPORT_TAG
from vsearch_pipeline.resources.reasons import UNKNOWN, step_reason
from vsearch_pipeline.settings import Settings

POLL_SECONDS = 0.3
IMPORTED_A_RUN = 64
"""Imported videos to a run: its own bookkeeping (0.4 s) is little beside them, and progress is seen to move."""
UNDER_WAY = (BulkActionStatus.CANCELING, BulkActionStatus.FAILING)
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
    return _embed(instance, catalog, video_ids, on_videos, IMPORT_TAG)


def embed_again(
    instance: DagsterInstance,
    catalog: Catalog,
    video_ids: Collection[str],
    on_videos: Callable[[int], None] = lambda _: None,
) -> dict[str, str]:
    """Embed the texts of videos with the model of the settings in this process; like `ingest_imported`."""
    return _embed(instance, catalog, video_ids, on_videos, {})


def _embed(
    instance: DagsterInstance,
    catalog: Catalog,
    video_ids: Collection[str],
    on_videos: Callable[[int], None],
    tags: Mapping[str, str],
) -> dict[str, str]:
    add_partitions(instance, list(video_ids))
    job, failed = _only(SEGMENT_EMBEDDINGS.name), dict[str, str]()
    for videos in partition_ranges(instance, video_ids, IMPORTED_A_RUN):
        result = _execute(instance, job, videos, tags=tags)
        if not result.success:
            with catalog.begin() as connection:
                reasons = failed_videos(connection, SEGMENT_EMBEDDINGS.name, result.run_id)
            if not reasons:
                raise VsearchError(failure_reason(result))
            failed |= reasons
        on_videos(len(videos))
    return failed


def backfill(
    instance: DagsterInstance,
    catalog: Catalog,
    video_ids: Collection[str],
    on_progress: Callable[[float, str], None] = lambda _videos, _step: None,
) -> dict[str, str]:
    """Run the job `ingest` over many videos in this process, several to a run; models are loaded once.

    What is current is skipped, each video is committed for itself, and where one fails, the others go on.

    Args:
        on_progress: called with how many videos are done, parts of one included, and the step that finished last.

    Returns:
        why it failed, by video.

    Raises:
        VsearchError: a run failed for a reason of its own, not of a video's.
    """
    add_partitions(instance, list(video_ids))
    job, failed, done = defs.resolve_job_def("ingest"), dict[str, str](), 0.0
    waiting = deque(partition_ranges(instance, video_ids, VIDEOS_A_RUN))
    while waiting:
        videos = waiting.popleft()

        def tell(step: str, finished: int, steps: int, before: float = done, count: int = len(videos)) -> None:
            on_progress(before + count * finished / steps, step)

        result = _execute(instance, job, videos, tell)
        if not result.success:
            with catalog.begin() as connection:
                reasons = failures_of_run(connection, result.run_id)
            if not reasons:
                raise VsearchError(failure_reason(result))
            failed |= reasons
            rest = [video for video in videos if video not in reasons]
            waiting.extendleft(reversed(partition_ranges(instance, rest, VIDEOS_A_RUN)))
            done -= len(rest)
        done += len(videos)
        on_progress(done, "")
    return failed


def queue_backfill(instance: DagsterInstance, videos: Sequence[str]) -> str:
    """Ask the running daemon for a backfill of the job `ingest`; returns the backfill's id."""
    backfill_id = uuid.uuid4().hex[:8]
    add_backfill(
        instance,
        defs.resolve_asset_graph(),
        videos,
        sorted(defs.resolve_job_def("ingest").asset_layer.selected_asset_keys),
        backfill_id=backfill_id,
        title="Ingest",
        description="Bring videos up to date; asked for by `vsearch backfill`.",
    )
    return backfill_id


@dataclass(frozen=True, slots=True)
class BackfillState:
    """How far a backfill of the daemon's is.

    Attributes:
        done: videos, parts of one that is being worked on included.
        over: it will not go on by itself; `stopped` where that is because somebody or something stopped it.
    """

    done: float
    over: bool
    stopped: bool


def backfill_state(instance: DagsterInstance, backfill_id: str, steps: int) -> BackfillState:
    """
    Args:
        steps: of a run of the job.
    """
    found = instance.get_backfill(backfill_id)
    if found is None:
        return BackfillState(0.0, over=True, stopped=True)
    done, partitions = 0.0, partitions_in_order(instance)
    for run in instance.get_runs(RunsFilter.for_backfill(backfill_id)):
        if run.tags.get(WILL_RETRY_TAG) == "true":
            continue
        first, last = run.tags.get(RANGE_START_TAG), run.tags.get(RANGE_END_TAG)
        videos = len(partitions_between(partitions, first, last)) if first and last else 1
        if run.is_finished:
            done += videos
        elif run.status == DagsterRunStatus.STARTED:
            stats = instance.get_run_stats(run.run_id)
            done += videos * min(1.0, stats.steps_succeeded / steps)
    over = found.status not in (BulkActionStatus.REQUESTED, *UNDER_WAY)
    return BackfillState(done, over, found.status in (BulkActionStatus.FAILED, BulkActionStatus.CANCELED))


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
        with in_words():  # Dagster keeps its own tables there
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
        with suppress(DatabaseError), in_words():  # the run itself says so
            if instance.has_run(run_id):
                for record in instance.get_records_for_run(run_id, of_type=DagsterEventType.STEP_SUCCESS).records:
                    step = record.event_log_entry.step_key or ""
                    if step not in reported:
                        reported.add(step)
                        on_step(step, len(reported), total)
        if last:
            return

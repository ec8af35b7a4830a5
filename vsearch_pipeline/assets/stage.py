"""Running one stage over the videos of a run: skip what is current, commit each video, say what went wrong."""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetRecordsFilter,
    BackfillPolicy,
    Backoff,
    DagsterInstance,
    DynamicPartitionsDefinition,
    Failure,
    Jitter,
    MaterializeResult,
    MetadataValue,
    RetryPolicy,
)
from sqlalchemy import Connection

from vsearch_pipeline.assets.watching import Progress, Watch
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.locks import lock_video
from vsearch_pipeline.catalog.stages import (
    ProducerInfo,
    Rows,
    current_fingerprints,
    fail_stage,
    fingerprint,
    finish_stage,
    producer_id,
    replace_rows,
)
from vsearch_pipeline.catalog.videos import VideoRecord, get_video
from vsearch_pipeline.errors import VsearchError, in_words
from vsearch_pipeline.logs import about
from vsearch_pipeline.redaction import REDACTED
from vsearch_pipeline.room import plainly

_LOG = logging.getLogger(__name__)
_VIDEOS_NAME = "videos"
VIDEOS = DynamicPartitionsDefinition(name=_VIDEOS_NAME)

VIDEOS_A_RUN = 8
SEVERAL_VIDEOS = BackfillPolicy.multi_run(max_partitions_per_run=VIDEOS_A_RUN)
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
"""On a run of several videos: the first and the last of them, in the order of partitions."""
RETRIES = RetryPolicy(max_retries=2, delay=2, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)
OWNERS = ["team:vsearch"]

SKIPPED = "skipped"


@dataclass(frozen=True)
class Output:
    """What a stage made of one video.

    Attributes:
        rows: replace the stage's rows of the video.
        write: further writes in the same transaction, given the producer's id.
        metadata: by asset, for the Dagster UI.
        problems: by check; a check that is not named passed.
        missing: what could not be made this time, for people. The stage is then done again by every run, and the
            stages below where `there` changed.
        there: identity of what was made although something is missing.
    """

    metadata: Mapping[str, Mapping[str, Any]]
    rows: Rows = field(default_factory=dict)
    write: Callable[[Connection, int], None] | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""
    there: str = ""


Compute = Callable[[Sequence[VideoRecord]], Iterator[Output | Exception]]
"""The result of each video in order, or why there is none; what it raises is the reason for all that are left.
It reads rows and files, and writes no rows."""


def each(compute: Callable[[VideoRecord], Output]) -> Compute:
    """One video after the other."""

    def compute_all(records: Sequence[VideoRecord]) -> Iterator[Output | Exception]:
        for record in records:
            try:
                yield compute(record)
            except Exception as error:  # noqa: BLE001 - the other videos of the run go on
                yield error

    return compute_all


def together(compute: Callable[[Sequence[VideoRecord]], Sequence[Output]], most: int) -> Compute:
    """At most `most` videos at a time; where that fails, these one after the other, so that the others go on."""

    def compute_all(records: Sequence[VideoRecord]) -> Iterator[Output | Exception]:
        for start in range(0, len(records), most):
            some = records[start : start + most]
            try:
                outputs = compute(some)
            except Exception as error:  # noqa: BLE001 - told of the video it concerns
                yield from [error] if len(some) == 1 else together(compute, 1)(some)
            else:
                yield from outputs

    return compute_all


@dataclass(frozen=True)
class Stage:
    """A step of the pipeline over one video.

    Attributes:
        name: its key in the catalogue; also the asset's name unless `assets` names several.
        inputs: the stages whose result it reads; all must be done.
        file_needed: False for a stage that also works on imported videos, which have no file.
    """

    name: str
    inputs: tuple[str, ...]
    assets: tuple[str, ...] = ()
    checks: tuple[AssetCheckSpec, ...] = ()
    file_needed: bool = True

    @property
    def asset_names(self) -> tuple[str, ...]:
        return self.assets or (self.name,)


@dataclass(frozen=True)
class Work:
    """How a stage is computed in this run.

    Attributes:
        also: further inputs of a video that make the result stale when they change (a classifier's fingerprint).
        present: whether what the stage keeps outside the database is there for a video.
        progress: told by `compute` how far it is with the video at hand.
    """

    stage: Stage
    producer: ProducerInfo
    compute: Compute
    also: Callable[[Connection, str], Sequence[str]] = lambda _connection, _video_id: ()
    present: Callable[[str], bool] = lambda _: True
    progress: Progress = field(default_factory=Progress)


def run_stage(context: AssetExecutionContext, catalog: Catalog, work: Work) -> Iterator[MaterializeResult]:
    """Do the work for each video of the run; a video that fails does not hold the others back.

    Raises:
        Failure: for at least one video; names each with its reason.
    """
    stage = work.stage
    failed: dict[str, Exception] = {}
    made: list[AssetMaterialization] = []
    problems: dict[str, dict[str, str]] = {}
    with about(stage=stage.name, run_id=context.run_id):
        outputs = _outputs(catalog, work, context.partition_keys, context.run_id)
        for video_id, output in _logged(outputs, stage):
            if isinstance(output, Exception):
                failed[video_id] = plainly(output)
                with catalog.begin() as connection:
                    fail_stage(connection, video_id, stage.name, in_words(failed[video_id]), context.run_id)
                continue
            for asset in stage.asset_names:
                metadata = output.metadata[asset]
                if SKIPPED in metadata:
                    metadata = {**_last_metadata(context.instance, asset, video_id), **metadata}
                context.add_asset_metadata(metadata, asset_key=asset, partition_key=video_id)
                made.append(AssetMaterialization(asset, metadata=metadata, partition=video_id))
            for check, problem in output.problems.items():
                problems.setdefault(check, {})[video_id] = problem
    if failed:
        # a failed step has no results, but what was committed stays: it is told here, and not again by a retry
        for event in made:
            if context.retry_number == 0 or SKIPPED not in event.metadata:
                context.log_event(event)
        raise _failure(failed)
    for asset in stage.asset_names:
        checks = [spec for spec in stage.checks if spec.asset_key.to_user_string() == asset]
        yield MaterializeResult(
            asset_key=asset, check_results=[_checked(spec, problems.get(spec.name, {})) for spec in checks]
        )


def _logged(
    outputs: Iterator[tuple[str, Output | Exception]], stage: Stage
) -> Iterator[tuple[str, Output | Exception]]:
    """What becomes of each video, told in the log as it comes."""
    began = time.perf_counter()
    for video_id, output in outputs:
        seconds = round(time.perf_counter() - began, 3)
        fields: dict[str, Any] = {"video": video_id, "seconds": seconds}
        if isinstance(output, Exception):
            unexpected = None if isinstance(output, VsearchError) else output
            _LOG.error("stage failed", extra={**fields, "reason": in_words(output)}, exc_info=unexpected)
        else:
            about_it = output.metadata[stage.asset_names[0]]
            if SKIPPED in about_it:
                _LOG.info("stage skipped", extra={"video": video_id, "reason": about_it[SKIPPED]})
            elif output.missing:
                _LOG.warning("stage unfinished", extra={**fields, "missing": output.missing})
            else:
                _LOG.info("stage done", extra=fields)
        yield video_id, output
        began = time.perf_counter()


@dataclass(frozen=True)
class _Task:
    """A video that has to be computed, the fingerprint that its result will have, and those of the stages that it
    reads."""

    video: VideoRecord
    mark: str
    inputs: Mapping[str, str]


def _outputs(
    catalog: Catalog, work: Work, video_ids: Sequence[str], run_id: str
) -> Iterator[tuple[str, Output | Exception]]:
    """What becomes of each video: skipped, failed, or computed and committed."""
    tasks: list[_Task] = []
    for video_id, plan in _plans(catalog, work, video_ids).items():
        if isinstance(plan, _Task):
            tasks.append(plan)
        else:
            yield video_id, plan
    waiting = deque(tasks)
    with Watch(catalog, work.stage.name, run_id, work.progress) as watch:
        watch.look_at(waiting[0].video.id if waiting else None)
        started = time.perf_counter()
        try:
            for output in work.compute([task.video for task in tasks]):
                watch.look_at(None)
                task = waiting.popleft()
                if isinstance(output, Exception):
                    yield task.video.id, output
                else:
                    yield task.video.id, _committed(catalog, work, task, output, run_id=run_id, started=started)
                watch.look_at(waiting[0].video.id if waiting else None)
                started = time.perf_counter()
            reason: Exception = RuntimeError(f"{work.stage.name} gave no result")
        except Exception as error:  # noqa: BLE001 - told of every video it concerns
            reason = error
    for task in waiting:
        yield task.video.id, reason


def _plans(catalog: Catalog, work: Work, video_ids: Sequence[str]) -> dict[str, _Task | Output | Exception]:
    """What is to be done for each video, the output that says why nothing is, or why that cannot be told."""
    plans: dict[str, _Task | Output | Exception] = {}
    try:
        with catalog.read() as connection:
            for video_id in video_ids:
                try:
                    plans[video_id] = _planned(connection, work, video_id)
                except Exception as error:  # noqa: BLE001 - the other videos of the run go on
                    plans[video_id] = error
    except Exception as error:  # noqa: BLE001 - the database is away: told of every video it concerns
        plans |= {video_id: error for video_id in video_ids if video_id not in plans}
    return plans


def _planned(connection: Connection, work: Work, video_id: str) -> _Task | Output:
    """What is to be done for a video, or the output that says why nothing is."""
    stage, producer = work.stage, work.producer
    video = get_video(connection, video_id)
    done = current_fingerprints(connection, video_id)
    also = work.also(connection, video_id)
    if video.kind == "imported" and stage.file_needed:
        return _nothing_done(stage, "imported without a file: there is nothing to compute")
    absent = [name for name in stage.inputs if name not in done]
    if absent:
        raise VsearchError(
            f"{video_id}: {stage.name} needs {', '.join(absent)} first; materialise that, or run the job ingest."
        )
    inputs = {name: done[name] for name in stage.inputs}
    mark = fingerprint(producer, [video.sha256, *inputs.values(), *also])
    if done.get(stage.name) == mark and work.present(video_id):
        return _nothing_done(stage, "unchanged: its inputs and its code are the same as last time")
    return _Task(video, mark, inputs)


def _committed(
    catalog: Catalog, work: Work, task: _Task, output: Output, *, run_id: str, started: float
) -> Output | Exception:
    """The output, written with the note that the stage is done; or why that failed."""
    stage, producer, video = work.stage, work.producer, task.video
    seconds = time.perf_counter() - started
    try:
        with catalog.begin() as connection:
            lock_video(connection, video.id)
            written_by = producer_id(connection, producer)
            replace_rows(connection, video.id, written_by, output.rows)
            if output.write:
                output.write(connection, written_by)
            finish_stage(
                connection,
                video.id,
                stage.name,
                mark=fingerprint(producer, [task.mark, output.there]) if output.missing else task.mark,
                producer=written_by,
                run_id=run_id,
                seconds=seconds,
                inputs=task.inputs,
                missing=output.missing,
            )
    except Exception as error:  # noqa: BLE001 - the other videos of the run go on
        return error
    about: dict[str, Any] = {"model": f"{producer.model} {producer.version}", "seconds": round(seconds, 3)}
    if video.duration_ms:
        about["times_realtime"] = round(video.duration_ms / 1000 / max(seconds, 1e-3), 1)
    if output.missing:
        about["missing"] = output.missing
    return replace(
        output, metadata={asset: {**about, **output.metadata.get(asset, {})} for asset in stage.asset_names}
    )


def _nothing_done(stage: Stage, why: str) -> Output:
    return Output(metadata={asset: {SKIPPED: why} for asset in stage.asset_names})


def _last_metadata(instance: DagsterInstance, asset: str, video_id: str) -> Mapping[str, Any]:
    """What the UI showed of the result that still stands."""
    wanted = AssetRecordsFilter(asset_key=AssetKey(asset), asset_partitions=[video_id])
    for record in instance.fetch_materializations(wanted, limit=1).records:
        if record.asset_materialization:
            return record.asset_materialization.metadata
    return {}


def _failure(failed: Mapping[str, Exception]) -> Exception:
    unexpected = [error for error in failed.values() if not isinstance(error, VsearchError)]
    if len(failed) == 1 and unexpected and _may_be_told(unexpected[0]):
        return unexpected[0]
    return Failure(
        description=" ".join(f"{video_id}: {in_words(error)}" for video_id, error in failed.items()),
        metadata={video_id: in_words(error) for video_id, error in failed.items()},
        allow_retries=any(getattr(error, "retry", True) for error in failed.values()),
    )


def _may_be_told(error: Exception) -> bool:
    """Whether Dagster may keep an error as it is, with where it came from: not where that holds a secret."""
    told = "".join(traceback.format_exception(error))
    return REDACTED(told) == told


def _checked(spec: AssetCheckSpec, problems: Mapping[str, str]) -> AssetCheckResult:
    return AssetCheckResult(
        check_name=spec.name,
        asset_key=spec.asset_key,
        passed=not problems,
        description="; ".join(f"{video}: {problem}" for video, problem in problems.items()) or None,
    )


def add_partitions(instance: DagsterInstance, video_ids: Sequence[str]) -> None:
    """Make the videos partitions; they may be already."""
    instance.add_dynamic_partitions(_VIDEOS_NAME, list(video_ids))


def partitions_in_order(instance: DagsterInstance) -> Sequence[str]:
    """All videos that are partitions, in Dagster's order."""
    return instance.get_dynamic_partitions(_VIDEOS_NAME)


def partitions_between(partitions: Sequence[str], first: str, last: str) -> Sequence[str]:
    """The partitions from `first` to `last`; none where either is gone.

    Args:
        partitions: all, in order.
    """
    if first not in partitions or last not in partitions:
        return []
    return partitions[partitions.index(first) : partitions.index(last) + 1]


def partition_ranges(instance: DagsterInstance, video_ids: Collection[str], longest: int) -> list[tuple[str, ...]]:
    """The videos, which are partitions, in pieces that a run can be given: of at most `longest`, without another
    partition in between in Dagster's order."""
    wanted = set(video_ids)
    ranges: list[tuple[str, ...]] = []
    for is_wanted, keys in groupby(partitions_in_order(instance), key=lambda key: key in wanted):
        if is_wanted:
            found = tuple(keys)
            ranges += [found[at : at + longest] for at in range(0, len(found), longest)]
    return ranges


def picture(data: bytes, alt: str) -> MetadataValue:
    """An image as metadata that the Dagster UI shows in place."""
    return MetadataValue.md(picture_link(data, alt))


def picture_link(data: bytes, alt: str) -> str:
    """The same inside of other Markdown."""
    import base64

    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f"![{alt}](data:image/{kind};base64,{base64.b64encode(data).decode()})"

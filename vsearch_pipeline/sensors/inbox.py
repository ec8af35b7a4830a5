"""New files and links come in by themselves: from a watched folder, and from the catalogue's own list."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import (
    DagsterInstance,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from vsearch_pipeline.assets.jobs import ingest_job, take_in_job
from vsearch_pipeline.assets.stage import VIDEOS
from vsearch_pipeline.catalog.videos import videos_without_run
from vsearch_pipeline.ingest.store import Ignored, find_files
from vsearch_pipeline.resources.instance import IMPORT_TAG
from vsearch_pipeline.resources.storage import CatalogResource

LINKS_FILE = "links.txt"
SETTLED_SECONDS = 5.0
"""A file that changed more recently is still being copied."""
OWN_RUN_SECONDS = 30
"""How long a door that added a video has to start its run before the sensor does."""
RUNS_LOOKED_AT = 50
"""Runs of a video among which those of its import are told from others."""
IMPORT_PAUSE_SECONDS = 300
"""An import whose last run changed longer ago was interrupted, and the sensor goes on with its videos."""


def inbox_sources(inbox: Path) -> Iterator[tuple[str, str]]:
    """`(source, mark)` of each settled video file and each link; a file's mark changes with its content."""
    links = inbox / LINKS_FILE
    if links.is_file():
        for line in links.read_text(encoding="utf-8", errors="replace").splitlines():
            link = line.strip()
            if link and not link.startswith("#"):
                yield link, "link"
    for file in find_files([inbox]) if inbox.is_dir() else ():
        if not isinstance(file, Ignored):
            status = file.stat()
            if not 0 <= time.time() - status.st_mtime < SETTLED_SECONDS:  # below 0: another clock's time
                yield str(file), f"{status.st_size}:{status.st_mtime_ns}"


def new_sources(inbox: Path, seen: Mapping[str, str]) -> dict[str, str]:
    """Sources whose mark is not the one seen before."""
    return {source: mark for source, mark in inbox_sources(inbox) if seen.get(source) != mark}


def inbox_sensor(inbox: Path) -> SensorDefinition:
    """Watches a folder for files, and its links.txt for links."""

    @sensor(
        name="inbox",
        job=take_in_job,
        minimum_interval_seconds=15,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Takes in video files put into {inbox}, and links written into its {LINKS_FILE}, one a line.",
    )
    def watch(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        seen: dict[str, str] = json.loads(context.cursor or "{}")
        new = new_sources(inbox, seen)
        if not new:
            return SkipReason(f"nothing new in {inbox}")
        return SensorResult(
            run_requests=[
                RunRequest(
                    run_key=f"{source}#{mark}",
                    run_config={"ops": {"take_in_source": {"config": {"source": source}}}},
                    tags={"vsearch/source": source[:200]},
                )
                for source, mark in new.items()
            ],
            cursor=json.dumps({**seen, **new}),
        )

    return watch


def new_videos_sensor() -> SensorDefinition:
    """Ingests every video that is in the catalogue and that no run has been started for."""

    @sensor(
        name="new_videos",
        job=ingest_job,
        minimum_interval_seconds=15,
        default_status=DefaultSensorStatus.RUNNING,
        description="Starts the job ingest for videos that were added and that no run has worked on yet.",
    )
    def watch(context: SensorEvaluationContext, catalog: CatalogResource) -> SensorResult | SkipReason:
        with catalog.open().begin() as connection:
            added = videos_without_run(connection, OWN_RUN_SECONDS)
        importing = any(kind == "imported" for _, kind in added) and _is_importing(context.instance)
        waiting = [
            (video, kind)
            for video, kind in added
            if not (importing and kind == "imported") and not _has_run(context.instance, video, kind)
        ]
        if not waiting:
            return SkipReason("every video has a run")
        return SensorResult(
            run_requests=[RunRequest(run_key=f"{video} {kind}", partition_key=video) for video, kind in waiting],
            dynamic_partitions_requests=[VIDEOS.build_add_request([video for video, _ in waiting])],
        )

    return watch


def _has_run(instance: DagsterInstance, video: str, kind: str) -> bool:
    """Whether a run has been at work on it; on one whose file came after its import, since then."""
    runs = instance.get_runs(RunsFilter(tags={"dagster/partition": video}), limit=RUNS_LOOKED_AT)
    return any(kind == "imported" or not IMPORT_TAG.items() <= run.tags.items() for run in runs)


def _is_importing(instance: DagsterInstance) -> bool:
    """Whether a command is at work on the videos it imported."""
    lately = datetime.now(UTC) - timedelta(seconds=IMPORT_PAUSE_SECONDS)
    return bool(instance.get_runs(RunsFilter(tags=IMPORT_TAG, updated_after=lately), limit=1))

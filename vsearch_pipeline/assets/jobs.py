"""The runs people start: ingest a video, train on the gallery, name faces again, take in a file or a link."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from dagster import (
    AssetSelection,
    Config,
    Failure,
    MetadataValue,
    OpExecutionContext,
    define_asset_job,
    in_process_executor,
    job,
    op,
)

from vsearch_pipeline.assets.relabelling import RELABELLED
from vsearch_pipeline.assets.stage import VIDEOS, add_partitions
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.requests import begin_take_in, count_bytes, follow_request, request_run
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.ingest.links import add_link, is_link
from vsearch_pipeline.ingest.store import add_file
from vsearch_pipeline.resources.placement import GPU_TAG
from vsearch_pipeline.resources.storage import CatalogResource

_LOG = logging.getLogger(__name__)
INGEST_GROUPS = ("media", "people", "understanding", "library")
COUNTED_SECONDS = 1.0
UNPARTITIONED = ("gallery", "person_classifier", "unknown_people", "caption_comparison")

ingest_job: Any = define_asset_job(
    "ingest",
    selection=AssetSelection.groups(*INGEST_GROUPS) - AssetSelection.assets(*UNPARTITIONED),
    partitions_def=VIDEOS,
    tags=GPU_TAG,
    description="Everything for one video, from its file to its place in search.",
)
train_job: Any = define_asset_job(
    "train_people",
    selection=AssetSelection.assets("gallery", "person_classifier"),
    tags=GPU_TAG,
    description="Read the gallery and train the classifier that names faces.",
)
relabel_job: Any = define_asset_job(
    "relabel",
    selection=AssetSelection.assets(*RELABELLED),
    partitions_def=VIDEOS,
    tags=GPU_TAG,
    description="Name the faces of a video again, and bring the names to its segments and to search.",
)
survey_job: Any = define_asset_job(
    "survey_library",
    selection=AssetSelection.assets("unknown_people", "caption_comparison"),
    tags=GPU_TAG,
    description="Across all videos: cluster the faces without a name, compare captioners.",
)


class Source(Config):
    """A file's path or a link, who brings it, and the request that it is for."""

    source: str
    actor: str = "inbox"
    door: Literal["cli", "web", "slack", "sensor"] = "sensor"
    request: int | None = None


@op(description="Put a file or a link into the store and make it a partition; the sensor requests ingests it.")
def take_in_source(context: OpExecutionContext, config: Source, catalog: CatalogResource) -> None:
    opened, settings = catalog.open(), catalog.settings()
    with opened.begin() as connection:
        request = begin_take_in(connection, config.source, context.run_id, config.request)
    about_it = {"request": request, "run_id": context.run_id}
    try:
        if is_link(config.source):
            added = add_link(
                opened,
                settings,
                config.source,
                actor=config.actor,
                door=config.door,
                on_progress=_counter(opened, request),
            )
        else:
            added = add_file(opened, settings, Path(config.source), actor=config.actor, door=config.door)
    except VsearchError as error:
        with opened.begin() as connection:
            follow_request(connection, request, "failed", reason=str(error))
        _LOG.error("not taken in", extra={**about_it, "reason": error.code})  # its sentence names the link
        raise Failure(description=str(error), allow_retries=error.retry) from error
    _LOG.info("taken in", extra={**about_it, "video": added.video.id, "new": added.new})
    add_partitions(context.instance, [added.video.id])
    with opened.begin() as connection:
        follow_request(connection, request, "done", video_id=added.video.id)
        if added.new:
            request_run(connection, "ingest", added.video.id, actor=config.actor, door=config.door)
    context.add_output_metadata({"video": MetadataValue.text(added.video.id), "new": added.new})


def _counter(catalog: Catalog, request: int) -> Callable[[int, int | None], None]:
    """Writes down now and then how far a download is."""
    last = 0.0

    def count(done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last >= COUNTED_SECONDS:
            last = time.monotonic()
            with catalog.begin() as connection:
                count_bytes(connection, request, done, total)

    return count


# beside the daemon, whatever executes other runs: the inbox and uploads are files of that machine
@job(
    name="take_in",
    description="Add one file or link, from the inbox or by hand.",
    executor_def=in_process_executor,
)
def take_in_job() -> None:
    take_in_source()

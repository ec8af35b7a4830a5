"""The runs people start: ingest a video, train on the gallery, name faces again, take in a file or a link."""

from pathlib import Path
from typing import Any

from dagster import (
    AssetSelection,
    Config,
    Failure,
    MetadataValue,
    OpExecutionContext,
    define_asset_job,
    job,
    op,
)

from vsearch_pipeline.assets.stage import GPU_TAG, VIDEOS, add_partitions
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.ingest.links import add_link, is_link
from vsearch_pipeline.ingest.store import add_file
from vsearch_pipeline.resources.storage import CatalogResource

INGEST_GROUPS = ("media", "people", "understanding", "library")
UNPARTITIONED = ("gallery", "person_classifier", "unknown_people", "caption_comparison")
RELABELLED = ("face_labels", "korean_captions", "segments", "segment_embeddings")
"""What a name on a face reaches: no faces are looked for again, and ranges stay, so previews do as well."""

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
    """A file's path or a link."""

    source: str


@op(description="Put a file or a link into the store and make it a partition; the sensor new_videos ingests it.")
def take_in_source(context: OpExecutionContext, config: Source, catalog: CatalogResource) -> None:
    settings = catalog.settings()
    try:
        if is_link(config.source):
            added = add_link(catalog.open(), settings, config.source, actor="inbox", door="sensor")
        else:
            added = add_file(catalog.open(), settings, Path(config.source), actor="inbox", door="sensor")
    except VsearchError as error:
        raise Failure(description=str(error), allow_retries=error.retry) from error
    add_partitions(context.instance, [added.video.id])
    context.add_output_metadata({"video": MetadataValue.text(added.video.id), "new": added.new})


@job(name="take_in", description="Add one file or link, from the inbox or by hand.")
def take_in_job() -> None:
    take_in_source()

"""Naming the faces of many videos again: a backfill, which the daemon takes apart into runs of several videos."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from dagster import AssetKey, DagsterInstance
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.execution.backfill import PartitionBackfill

from vsearch_pipeline.assets.stage import GPU_TAG, add_partitions

RELABELLED: Final = ("face_labels", "korean_captions", "segments", "segment_embeddings")
"""What a name on a face reaches: no faces are looked for again, and ranges stay, so previews do as well."""


def add_relabel_backfill(
    instance: DagsterInstance, graph: BaseAssetGraph, videos: Sequence[str], *, backfill_id: str, asked_by: str
) -> None:
    """Ask the daemon for it.

    Args:
        graph: of the code location.
        backfill_id: a new one.
        asked_by: for the Dagster UI.
    """
    add_partitions(instance, videos)
    instance.add_backfill(
        PartitionBackfill.from_asset_partitions(
            backfill_id=backfill_id,
            asset_graph=graph,
            partition_names=list(videos),
            asset_selection=[AssetKey(name) for name in RELABELLED],
            backfill_timestamp=time.time(),
            tags=GPU_TAG,
            dynamic_partitions_store=instance,
            all_partitions=False,
            title="Relabel people",
            description=f"Name faces by the classifier in use and what people said; asked for by {asked_by}.",
            run_config=None,
        )
    )

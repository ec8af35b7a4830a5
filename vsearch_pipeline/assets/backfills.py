"""Asking the daemon for a backfill, which it takes apart into runs of several videos."""

from __future__ import annotations

import time
from collections.abc import Sequence

from dagster import AssetKey, DagsterInstance
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.execution.backfill import PartitionBackfill

from vsearch_pipeline.assets.stage import add_partitions
from vsearch_pipeline.resources.placement import GPU_TAG


def add_backfill(
    instance: DagsterInstance,
    graph: BaseAssetGraph,
    videos: Sequence[str],
    assets: Sequence[AssetKey],
    *,
    backfill_id: str,
    title: str,
    description: str,
) -> None:
    """
    Args:
        graph: of the code location.
        backfill_id: a new one.
        title, description: for the Dagster UI.
    """
    add_partitions(instance, videos)
    instance.add_backfill(
        PartitionBackfill.from_asset_partitions(
            backfill_id=backfill_id,
            asset_graph=graph,
            partition_names=list(videos),
            asset_selection=list(assets),
            backfill_timestamp=time.time(),
            tags=GPU_TAG,
            dynamic_partitions_store=instance,
            all_partitions=False,
            title=title,
            description=description,
            run_config=None,
        )
    )

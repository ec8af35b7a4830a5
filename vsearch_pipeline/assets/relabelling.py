"""Naming the faces of many videos again, as a backfill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dagster import AssetKey, DagsterInstance
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

from vsearch_pipeline.assets.backfills import add_backfill

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
    add_backfill(
        instance,
        graph,
        videos,
        [AssetKey(name) for name in RELABELLED],
        backfill_id=backfill_id,
        title="Relabel people",
        description=f"Name faces by the classifier in use and what people said; asked for by {asked_by}.",
    )

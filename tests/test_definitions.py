"""The shape of the graph: groups, partitions, GPU marks, checks. A change here is a change for whoever runs it."""

from __future__ import annotations

from typing import Any

import pytest
from dagster import AssetKey

from vsearch_pipeline.assets.jobs import relabel_job
from vsearch_pipeline.definitions import defs

PER_VIDEO = {
    "video": ("media", set()),
    "shots": ("media", {"video"}),
    "frames": ("media", {"video", "shots"}),
    "proxy": ("media", {"video"}),
    "objects": ("understanding", {"frames"}),
    "captions": ("understanding", {"shots", "frames", "objects"}),
    "korean_captions": ("understanding", {"captions", "face_labels"}),
    "transcript": ("understanding", {"video"}),
    "faces": ("people", {"shots", "frames"}),
    "face_tracks": ("people", {"faces", "frames"}),
    "face_labels": ("people", {"face_tracks", "person_classifier"}),
    "segments": (
        "library",
        {"shots", "objects", "captions", "korean_captions", "face_labels", "transcript"},
    ),
    "segment_embeddings": ("library", {"segments"}),
    "previews": ("library", {"segments", "frames"}),
}
WHOLE_LIBRARY = {
    "gallery": ("people", set()),
    "person_classifier": ("people", {"gallery"}),
    "unknown_people": ("people", {"face_labels"}),
    "caption_comparison": ("library", {"captions"}),
}
ON_GPU = {"objects", "captions", "transcript", "faces", "face_tracks", "segment_embeddings", "gallery"}


@pytest.fixture(scope="module")
def graph() -> Any:
    return defs.resolve_asset_graph()


def test_every_stage_stands_where_the_plan_puts_it(graph: Any) -> None:
    shape = {
        key.to_user_string(): (node.group_name, {parent.to_user_string() for parent in node.parent_keys})
        for key in graph.get_all_asset_keys()
        for node in [graph.get(key)]
    }
    assert shape == PER_VIDEO | WHOLE_LIBRARY


@pytest.mark.parametrize("name", sorted(PER_VIDEO | WHOLE_LIBRARY))
def test_every_asset_says_who_and_what(graph: Any, name: str) -> None:
    node = graph.get(AssetKey(name))
    assert node.description
    assert node.owners == ["team:vsearch"]
    assert node.code_version
    assert node.kinds
    assert (node.partitions_def is not None) == (name in PER_VIDEO)
    assert (node.tags.get("vsearch/device") == "gpu") == (name in ON_GPU | {"caption_comparison"})


@pytest.mark.parametrize("name", sorted(ON_GPU))
def test_gpu_stages_wait_in_the_pool(graph: Any, name: str) -> None:
    assets = defs.resolve_assets_def(AssetKey(name))
    assert assets.op.pool == "gpu"
    assert assets.op.tags["vsearch/device"] == "gpu"


@pytest.mark.parametrize("name", sorted(PER_VIDEO))
def test_videos_are_backfilled_several_a_run_and_retried(graph: Any, name: str) -> None:
    node = graph.get(AssetKey(name))
    assert node.backfill_policy.max_partitions_per_run == 8
    assert defs.resolve_assets_def(AssetKey(name)).op.retry_policy.max_retries == 2


def test_ingest_runs_what_a_video_needs_and_no_more() -> None:
    job = defs.resolve_job_def("ingest")
    chosen = {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
    assert chosen == set(PER_VIDEO)
    assert job.tags["vsearch/device"] == "gpu"


def test_relabelling_detects_nothing_again(graph: Any) -> None:
    chosen = {key.to_user_string() for key in relabel_job.selection.resolve(graph)}
    assert chosen == {"face_labels", "korean_captions", "segments", "segment_embeddings"}
    assert relabel_job.partitions_def == defs.resolve_assets_def(AssetKey("face_labels")).partitions_def


def test_the_checks_that_guard_what_lies_below_block(graph: Any) -> None:
    specs = {key.name: graph.get_check_spec(key) for key in graph.asset_check_keys}
    assert {name for name, spec in specs.items() if spec.blocking} == {
        "file_is_whole",
        "shots_tile_the_video",
        "frames_are_in_order",
        "boxes_lie_in_the_frame",
        "faces_lie_in_the_frame",
        "each_face_is_in_one_track",
        "captioner_says_something",
        "segments_lie_in_the_video",
    }
    assert all(spec.description for spec in specs.values())

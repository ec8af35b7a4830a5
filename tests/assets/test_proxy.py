"""The asset proxy: made where browsers do not play the file, once, whole, and beside it before it is in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance, ExecuteInProcessResult, materialize
from sqlalchemy import delete

from tests.export.numbered import make_numbered, numbers
from vsearch_pipeline.assets import proxy as module
from vsearch_pipeline.assets.proxy import proxy
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.models import Video
from vsearch_pipeline.catalog.stages import ProducerInfo, finish_stage, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video, list_videos, update_video
from vsearch_pipeline.media.proxy import Proxy
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.settings import Settings

VIDEO = "old-film"


@pytest.fixture
def folder(catalog: Catalog, tmp_path: Path) -> Iterator[Path]:
    """Of the film's files; the stage before is done."""
    (tmp_path / VIDEO).mkdir()
    with catalog.begin() as connection:
        insert_video(connection, VideoRecord(VIDEO, VIDEO, "file", VIDEO, "test", path=f"{VIDEO}/source.avi"))
        producer = producer_id(connection, ProducerInfo("video", "tests", "1"))
        finish_stage(connection, VIDEO, "video", mark="1", producer=producer, run_id="tests", seconds=0.0)
    yield tmp_path / VIDEO
    with catalog.begin() as connection:
        connection.execute(delete(Video).where(Video.id == VIDEO))


@pytest.fixture
def old_film(folder: Path) -> Path:
    """Where its proxy will be."""
    make_numbered(folder / "source.avi", codec="mpeg4", sound=False)
    return folder / "proxy.mp4"


def run(settings: Settings, folder: Path, instance: DagsterInstance) -> ExecuteInProcessResult:
    instance.add_dynamic_partitions("videos", [VIDEO])
    media = MediaResource(
        home=str(folder.parent),
        media_url=str(folder.parent),
        gallery_dir=str(folder.parent),
        frames_per_second=4.0,
        frame_max_side=64,
        jpeg_quality=80,
        segment_max_ms=5000,
    )
    resources = {"catalog": CatalogResource(home=str(settings.home)), "media": media}
    return materialize([proxy], resources=resources, instance=instance, partition_key=VIDEO, raise_on_error=False)


def shown(result: ExecuteInProcessResult) -> dict[str, Any]:
    assert result.success
    [event] = result.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def check(result: ExecuteInProcessResult) -> tuple[bool, str | None]:
    [evaluation] = result.get_asset_check_evaluations()
    return evaluation.passed, evaluation.description


def test_a_film_no_browser_plays_gets_a_proxy(
    settings: Settings, instance: DagsterInstance, old_film: Path
) -> None:
    result = run(settings, old_film.parent, instance)
    metadata = shown(result)
    assert metadata["needed"].startswith("yes")
    assert metadata["format"] == "avi, mpeg4 yuv420p, no sound"
    assert (metadata["frames"], metadata["size"], metadata["sound"]) == (100, "160x96", False)
    assert metadata["bytes"] == old_film.stat().st_size
    assert metadata["video_seconds_per_second"] > 0
    assert numbers(old_film) == list(range(100))
    assert check(result) == (True, None)
    assert sorted(path.name for path in old_film.parent.iterdir()) == ["proxy.mp4", "source.avi"]


def test_it_is_made_once_and_again_when_it_is_gone(
    settings: Settings, instance: DagsterInstance, old_film: Path
) -> None:
    run(settings, old_film.parent, instance)
    made = old_film.stat().st_mtime_ns
    again = shown(run(settings, old_film.parent, instance))
    assert again["skipped"].startswith("unchanged")
    assert again["frames"] == 100, "the result that still stands is still shown"
    assert old_film.stat().st_mtime_ns == made
    old_film.unlink()
    assert "skipped" not in shown(run(settings, old_film.parent, instance))
    assert old_film.is_file()


def test_a_film_that_plays_gets_none_and_loses_an_old_one(
    settings: Settings, instance: DagsterInstance, folder: Path
) -> None:
    make_numbered(folder / "source.mp4").rename(folder / "source.avi")
    (folder / "proxy.mp4").write_bytes(b"of another version of the stage")
    result = run(settings, folder, instance)
    assert shown(result)["needed"].startswith("no")
    assert check(result) == (True, None)
    assert [path.name for path in folder.iterdir()] == ["source.avi"]
    assert "skipped" in shown(run(settings, folder, instance))


def test_a_run_that_was_killed_leaves_nothing_that_is_taken_for_a_proxy(
    settings: Settings, instance: DagsterInstance, old_film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(source: Path, target: Path, _: object) -> Proxy:
        target.write_bytes(b"half")
        assert not old_film.exists()
        raise RuntimeError("killed")

    monkeypatch.setattr(module, "write_proxy", killed)
    assert not run(settings, old_film.parent, instance).success
    assert [path.name for path in old_film.parent.iterdir()] == ["source.avi"]
    monkeypatch.undo()
    assert shown(run(settings, old_film.parent, instance))["frames"] == 100
    assert sorted(path.name for path in old_film.parent.iterdir()) == ["proxy.mp4", "source.avi"]


@pytest.mark.parametrize(
    "told",
    [
        ({"frames": 99}, "99 frames, but the video has 100"),
        ({"moved": 3}, "3 frames are shown at another time than in the video"),
        ({"duration_ms": 3960}, "0:03.960 long, but the video is 0:04.000"),
    ],
)
def test_a_proxy_that_is_not_the_video_is_told(
    settings: Settings,
    instance: DagsterInstance,
    old_film: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: tuple[dict[str, Any], str],
) -> None:
    change, problem = told
    write = module.write_proxy
    monkeypatch.setattr(module, "write_proxy", lambda *arguments: replace(write(*arguments), **change))
    assert check(run(settings, old_film.parent, instance)) == (False, f"{VIDEO}: {problem}")


def test_it_is_as_long_as_was_measured_before(
    catalog: Catalog, settings: Settings, instance: DagsterInstance, old_film: Path
) -> None:
    with catalog.begin() as connection:
        update_video(connection, VIDEO, {"duration_ms": 5000})  # what the file claims
    assert check(run(settings, old_film.parent, instance)) == (True, None)
    old_film.unlink()
    with catalog.begin() as connection:
        update_video(connection, VIDEO, {"duration_ms": 5000, "decode_errors": 0})  # what sampling found
    passed, problem = check(run(settings, old_film.parent, instance))
    assert (passed, problem) == (False, f"{VIDEO}: 0:04.000 long, but the video is 0:05.000")


def test_a_file_that_cannot_be_read_is_said_in_the_library(
    catalog: Catalog, settings: Settings, instance: DagsterInstance, folder: Path
) -> None:
    (folder / "source.avi").write_bytes(b"nothing")
    assert not run(settings, folder, instance).success
    with catalog.begin() as connection:
        [status] = [status for status in list_videos(connection) if status.video.id == VIDEO]
    assert "not a video file" in status.errors["proxy"]

"""The inbox folder, its list of links, and videos that nobody has run."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from dagster import DagsterInstance, SensorResult, SkipReason, build_sensor_context

from tests.clips import make_clip
from vsearch_pipeline.assets.jobs import take_in_job
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.stages import ProducerInfo, fail_stage, finish_stage, finish_stages, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video, list_videos, put_videos
from vsearch_pipeline.resources.instance import IMPORT_TAG
from vsearch_pipeline.resources.storage import CatalogResource
from vsearch_pipeline.sensors.inbox import SETTLED_SECONDS, inbox_sensor, new_videos_sensor
from vsearch_pipeline.settings import Settings


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def settled(path: Path) -> Path:
    before = time.time() - SETTLED_SECONDS - 1
    os.utime(path, (before, before))
    return path


def sources(result: object) -> list[str]:
    assert isinstance(result, SensorResult)
    return [r.run_config["ops"]["take_in_source"]["config"]["source"] for r in result.run_requests or []]


def test_settled_files_and_links_are_requested_once(inbox: Path) -> None:
    clip = settled(make_clip(inbox / "새 영상.mp4", seconds=0.4, fps=10, size=(64, 48)))
    (inbox / "links.txt").write_text("# to watch\nhttps://example.org/a.mp4\n\n", encoding="utf-8")
    (inbox / "still copying.mp4").write_bytes(b"")
    watch = inbox_sensor(inbox)
    first = watch(build_sensor_context())
    assert sources(first) == ["https://example.org/a.mp4", str(clip)]
    assert isinstance(first, SensorResult)
    again = watch(build_sensor_context(cursor=first.cursor))
    assert isinstance(again, SkipReason)


def test_a_file_that_changed_is_requested_again(inbox: Path) -> None:
    clip = settled(make_clip(inbox / "a.mp4", seconds=0.4, fps=10, size=(64, 48)))
    watch = inbox_sensor(inbox)
    first = watch(build_sensor_context())
    assert isinstance(first, SensorResult)
    settled(make_clip(clip, seconds=0.8, fps=10, size=(64, 48)))
    os.utime(clip, (time.time() - 60, time.time() - 60))
    assert sources(watch(build_sensor_context(cursor=first.cursor))) == [str(clip)]


def test_no_inbox_is_no_error(tmp_path: Path) -> None:
    assert isinstance(inbox_sensor(tmp_path / "nowhere")(build_sensor_context()), SkipReason)


def test_taking_in_puts_a_file_into_the_library(
    catalog: Catalog, settings: Settings, instance: DagsterInstance, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "taken in.mp4", seconds=0.5, fps=10, size=(80, 48))
    result = take_in_job.execute_in_process(
        run_config={"ops": {"take_in_source": {"config": {"source": str(clip)}}}},
        resources={"catalog": CatalogResource(home=str(settings.home))},
        instance=instance,
    )
    assert result.success
    with catalog.begin() as connection:
        [video] = [v.video for v in list_videos(connection) if v.video.title == "taken in"]
    assert instance.get_dynamic_partitions("videos") == [video.id]


def test_a_bad_file_fails_its_run_with_the_reason(
    catalog: Catalog, settings: Settings, instance: DagsterInstance, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.touch()
    result = take_in_job.execute_in_process(
        run_config={"ops": {"take_in_source": {"config": {"source": str(bad)}}}},
        resources={"catalog": CatalogResource(home=str(settings.home))},
        instance=instance,
        raise_on_error=False,
    )
    [failure] = [e for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    assert "bad.mp4: the file is empty" in str(failure.event_specific_data)


def test_videos_without_a_run_get_one(catalog: Catalog, settings: Settings, instance: DagsterInstance) -> None:
    with catalog.begin() as connection:
        insert_video(connection, VideoRecord("waiting-1", "waiting", "file", "sha-waiting-1", "test"))
        connection.exec_driver_sql("update videos set added_at = now() - interval '1 hour' where id = 'waiting-1'")
    with build_sensor_context(
        instance=instance, resources={"catalog": CatalogResource(home=str(settings.home))}
    ) as context:
        result = new_videos_sensor()(context)
    assert isinstance(result, SensorResult)
    assert "waiting-1" in [request.partition_key for request in result.run_requests or []]
    with catalog.begin() as connection:
        connection.exec_driver_sql("delete from videos where id = 'waiting-1'")


def test_imported_videos_are_left_to_the_command_that_imports_them(
    catalog: Catalog, settings: Settings, instance: DagsterInstance
) -> None:
    def waiting() -> set[str]:
        with build_sensor_context(
            instance=instance, resources={"catalog": CatalogResource(home=str(settings.home))}
        ) as context:
            result = new_videos_sensor()(context)
        requests = result.run_requests or [] if isinstance(result, SensorResult) else []
        return {str(request.partition_key) for request in requests}

    videos = ["imported-1", "imported-2", "imported-3"]
    with catalog.begin() as connection:
        put_videos(connection, [VideoRecord(name, name, "imported", f"sha-{name}", "test") for name in videos])
        connection.exec_driver_sql(
            "update videos set added_at = now() - interval '1 hour' where starts_with(id, 'imported-')"
        )
        producer = producer_id(connection, ProducerInfo("segments", "imported", "1"))
        marks = dict.fromkeys(videos, "m")
        finish_stages(connection, marks, "segments", producer=producer, run_id="import:a.json", seconds=0.0)
        finish_stage(
            connection, "imported-1", "segment_embeddings", mark="m", producer=producer, run_id="r", seconds=0.0
        )
        fail_stage(connection, "imported-2", "segment_embeddings", "it is damaged", "r")
    try:
        assert waiting() & set(videos) == {"imported-3"}, "a run for several videos counts as a run of each"
        take_in_job.execute_in_process(
            run_config={"ops": {"take_in_source": {"config": {"source": "/no/such/file"}}}},
            resources={"catalog": CatalogResource(home=str(settings.home))},
            instance=instance,
            raise_on_error=False,
            tags=IMPORT_TAG,
        )
        assert not waiting() & set(videos)
    finally:
        with catalog.begin() as connection:
            connection.exec_driver_sql("delete from videos where starts_with(id, 'imported-')")

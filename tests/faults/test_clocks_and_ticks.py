"""Clocks that are set back or ahead, and ticks that come twice: nothing hangs, is lost, or is done twice."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, RunRequest, SensorResult, SkipReason, build_sensor_context
from sqlalchemy import text

from tests.catalogue_dump import assert_same, dump
from tests.clips import make_clip
from vsearch_pipeline.assets.jobs import take_in_job
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.progress import note_progress, running_stages
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video, list_videos
from vsearch_pipeline.ingest.store import add_file
from vsearch_pipeline.resources.storage import CatalogResource
from vsearch_pipeline.sensors.inbox import inbox_sensor, new_videos_sensor
from vsearch_pipeline.sensors.people import people_changed_sensor
from vsearch_pipeline.settings import Settings

HOURS = 7200


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def dated(path: Path, ahead: float) -> Path:
    moment = time.time() + ahead
    os.utime(path, (moment, moment))
    return path


def asked(result: object) -> list[RunRequest]:
    return list(result.run_requests or []) if isinstance(result, SensorResult) else []


# --- clocks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "taken"),
    [(-HOURS, True), (-60, True), (0, False), (HOURS, True)],
    ids=["old", "new", "now", "ahead"],
)
def test_a_file_is_taken_in_whatever_clock_it_is_of(inbox: Path, ahead: float, taken: bool) -> None:
    dated(make_clip(inbox / "a.mp4", seconds=0.4, size=(64, 48)), ahead)
    assert bool(asked(inbox_sensor(inbox)(build_sensor_context()))) == taken


@pytest.mark.parametrize(("ahead", "trained"), [(-HOURS, True), (0, False), (HOURS, True)])
def test_a_photo_of_a_camera_that_is_ahead_holds_no_training_up(
    tmp_path: Path, catalog: Catalog, settings: Settings, ahead: float, trained: bool
) -> None:
    photo = tmp_path / "gallery" / "G" / "P" / "1.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"jpeg")
    dated(photo, ahead)
    with build_sensor_context(resources={"catalog": CatalogResource(home=str(settings.home))}) as context:
        assert bool(asked(people_changed_sensor(tmp_path / "gallery")(context))) == trained


@pytest.fixture
def video(catalog: Catalog) -> Iterator[str]:
    with catalog.begin() as connection:
        insert_video(connection, VideoRecord("clock-film", "Clock film", "file", "clock-film", "test"))
    yield "clock-film"
    with catalog.begin() as connection:
        connection.execute(text("delete from videos where id = 'clock-film'"))


@pytest.mark.parametrize(("ahead", "begun"), [(-HOURS, True), (0, False), (HOURS, True)])
def test_a_video_gets_its_run_whatever_clock_it_was_added_by(
    catalog: Catalog, settings: Settings, instance: DagsterInstance, video: str, *, ahead: float, begun: bool
) -> None:
    with catalog.begin() as connection:
        connection.execute(
            text("update videos set added_at = now() + make_interval(secs => :s) where id = :v"),
            {"s": ahead, "v": video},
        )
    resources = {"catalog": CatalogResource(home=str(settings.home))}
    with build_sensor_context(instance=instance, resources=resources) as context:
        keys = [request.partition_key for request in asked(new_videos_sensor()(context))]
    assert (video in keys) == begun


def test_a_run_that_died_before_the_clock_was_set_back_is_not_at_work(catalog: Catalog, video: str) -> None:
    def alive(ahead: float) -> bool:
        with catalog.begin() as connection:
            note_progress(connection, video, "faces", "run", seconds=1)
            connection.execute(
                text("update stage_progress set updated_at = now() + make_interval(secs => :s)"), {"s": ahead}
            )
            return video in running_stages(connection)

    assert [alive(ahead) for ahead in (-HOURS, -20, 0, 20, HOURS)] == [False, True, True, True, False]


def test_durations_do_not_follow_the_wall(
    catalog: Catalog, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Adding a file while the clock jumps by two hours, both ways."""
    jumps = iter([0, HOURS, -HOURS] * 1000)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + next(jumps))
    clip = make_clip(tmp_path / "jumping.mp4", seconds=0.4, size=(64, 48))
    added = add_file(catalog, settings, clip, actor="tester", door="cli")
    assert added.new
    assert not add_file(catalog, settings, clip, actor="tester", door="cli").new
    with catalog.begin() as connection:
        connection.execute(text("delete from videos where id = :v"), {"v": added.video.id})


# --- ticks ------------------------------------------------------------------------------------------------------


def test_a_tick_that_comes_twice_asks_for_the_same_runs(
    inbox: Path, catalog: Catalog, settings: Settings, instance: DagsterInstance, video: str
) -> None:
    """Dagster starts one run for a run key, however often it is asked: also by a daemon that died before it kept
    the cursor."""
    dated(make_clip(inbox / "a.mp4", seconds=0.4, size=(64, 48)), -60)
    (inbox / "links.txt").write_text("https://example.org/a.mp4\n")
    watch = inbox_sensor(inbox)
    first, again = (asked(watch(build_sensor_context())) for _ in range(2))
    assert [request.run_key for request in first] == [request.run_key for request in again]
    assert all(request.run_key for request in first)
    with catalog.begin() as connection:
        connection.execute(text("update videos set added_at = now() - interval '1 hour'"))
    resources = {"catalog": CatalogResource(home=str(settings.home))}
    keys = []
    for _ in range(2):
        with build_sensor_context(instance=instance, resources=resources) as context:
            keys.append({request.run_key for request in asked(new_videos_sensor()(context))})
    assert keys[0] == keys[1]
    assert f"{video} file" in keys[0]


def test_one_source_taken_in_by_several_runs_at_once_is_one_video(
    catalog: Catalog, settings: Settings, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "taken once.mp4", seconds=0.6, size=(96, 64))
    successes = []

    def take_in() -> None:
        with DagsterInstance.ephemeral() as own:
            done = take_in_job.execute_in_process(
                run_config={"ops": {"take_in_source": {"config": {"source": str(clip)}}}},
                resources={"catalog": CatalogResource(home=str(settings.home))},
                instance=own,
                raise_on_error=False,
            )
            successes.append(done.success)

    threads = [threading.Thread(target=take_in) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with catalog.begin() as connection:
        videos = [each.video for each in list_videos(connection) if each.video.title == "taken once"]
        [film] = videos
        before = dump(connection)
        logged = text(
            "select count(*) from operation_subjects s join operations o on o.id = operation_id"
            " where s.kind = 'video' and subject = :v and o.kind = 'video.add'"
        )
        assert connection.execute(logged, {"v": film.id}).scalar_one() == 1
    take_in()
    with catalog.begin() as connection:
        assert_same(before, dump(connection))
        connection.execute(text("delete from videos where id = :v"), {"v": film.id})
    assert successes == [True] * 4


def test_training_asked_for_twice_is_asked_for_once_the_cursor_is_kept(
    tmp_path: Path, catalog: Catalog, settings: Settings
) -> None:
    photo = tmp_path / "gallery" / "G" / "P" / "1.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"jpeg")
    dated(photo, -60)
    watch = people_changed_sensor(tmp_path / "gallery")
    with build_sensor_context(resources={"catalog": CatalogResource(home=str(settings.home))}) as context:
        first = watch(context)
    assert isinstance(first, SensorResult)
    with build_sensor_context(
        cursor=first.cursor, resources={"catalog": CatalogResource(home=str(settings.home))}
    ) as context:
        assert isinstance(watch(context), SkipReason)

"""Who watches a run sees the stage at work, how far it is, and nothing of one that is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, event

from vsearch_pipeline.assets import watching
from vsearch_pipeline.assets.watching import Progress, Watch
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.models import Video
from vsearch_pipeline.catalog.progress import ALIVE_SECONDS, RunningStage, running_stages
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video

VIDEOS = ("watched-a", "watched-b")


@pytest.fixture
def watched(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    """A catalogue with two videos, and a watch that looks often."""
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(watching, "NEWS_SECONDS", 0.05)
    with catalog.begin() as connection:
        for video in VIDEOS:
            insert_video(connection, VideoRecord(video, video, "file", f"sha-{video}", "test"))
    yield catalog
    with catalog.begin() as connection:
        connection.execute(delete(Video).where(Video.id.in_(VIDEOS)))


def running(catalog: Catalog) -> dict[str, RunningStage]:
    with catalog.begin() as connection:
        return running_stages(connection, VIDEOS)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_video_at_hand_and_its_share(watched: Catalog) -> None:
    progress = Progress()
    with Watch(watched, "faces", "run-1", progress) as watch:
        watch.look_at("watched-a")
        until(lambda: "watched-a" in running(watched))
        assert running(watched)["watched-a"].share is None
        progress(3, 4)
        until(lambda: running(watched)["watched-a"].share == 0.75)
        watch.look_at("watched-b")
        until(lambda: "watched-b" in running(watched))
        told = running(watched)["watched-b"]
        assert (told.stage, told.run_id, told.share) == ("faces", "run-1", None), (
            "the share is of the video at hand"
        )
    assert not [thread for thread in threading.enumerate() if thread.name == "watch faces"]


def test_nothing_is_written_of_a_video_that_is_not_at_hand(watched: Catalog) -> None:
    written: list[str] = []

    def see(*statement: object) -> None:
        if "stage_progress" in str(statement[2]) and "insert" in str(statement[2]).lower():
            written.append(str(statement[3]))

    event.listen(watched.engine, "before_cursor_execute", see)
    try:
        with Watch(watched, "faces", "run-1", Progress()) as watch:
            watch.look_at("watched-a")
            watch.look_at(None)
            time.sleep(0.2)
            assert written == [], "done before the first look"
            watch.look_at("watched-b")
            until(lambda: bool(written))
            watch.look_at(None)
            seen = len(written)
            time.sleep(0.2)
            assert len(written) == seen
    finally:
        event.remove(watched.engine, "before_cursor_execute", see)


def test_a_stage_without_news_stays_alive(watched: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    assert watching.BEAT_SECONDS * 3 < ALIVE_SECONDS, "one late beat does not kill it"
    monkeypatch.setattr(watching, "BEAT_SECONDS", 0.1)
    with Watch(watched, "transcript", "run-1", Progress()) as watch:
        watch.look_at("watched-a")
        until(lambda: "watched-a" in running(watched))
        with watched.begin() as connection:
            connection.exec_driver_sql(
                "update stage_progress set updated_at = now() - interval '1 hour' where video_id = 'watched-a'"
            )
        until(lambda: "watched-a" in running(watched))


def test_a_stage_does_not_depend_on_its_being_watched(watched: Catalog) -> None:
    with Watch(watched, "faces", "run-1", Progress()) as watch:
        watch.look_at("a video that is gone")
        time.sleep(0.2)
        watch.look_at("watched-a")
        until(lambda: "watched-a" in running(watched))


def test_calls_from_several_threads_are_counted() -> None:
    progress = Progress()
    work = progress.each(lambda item: item * 2, 50)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(50))) == [item * 2 for item in range(50)]
    assert progress.counted is not None
    assert progress.counted[1] == 50
    work(1)
    assert progress.counted[0] == 51, "each call was counted once"

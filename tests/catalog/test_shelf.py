"""The library as a list, stages at work, and how long they take."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from vsearch_pipeline.catalog.graph import SEARCHABLE, STAGE_INPUTS, STAGES
from vsearch_pipeline.catalog.progress import ALIVE_SECONDS, note_progress, running_stages, stage_pace
from vsearch_pipeline.catalog.requests import follow_request, request_run
from vsearch_pipeline.catalog.shelf import (
    BETWEEN_SECONDS,
    failed_videos_of_library,
    read_shelf,
    read_shelf_video,
    read_unfinished,
    read_work,
)
from vsearch_pipeline.catalog.stages import ProducerInfo, fail_stage, finish_stage, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video

TITLES = ("안녕 영상", "Beach Day", "beach night", "city")


@pytest.fixture
def library(connection: Connection) -> Iterator[Connection]:
    """Four videos, added a minute apart in the order of TITLES, the last one the longest."""
    connection.execute(text("delete from videos"))
    connection.execute(text("delete from requests"))
    for number, title in enumerate(TITLES):
        insert_video(
            connection,
            VideoRecord(f"v{number}", title, "file", f"sha-v{number}", "test", duration_ms=(number + 1) * 10_000),
        )
        connection.execute(
            text("update videos set added_at = now() - make_interval(mins => :age) where id = :id"),
            {"age": 10 - number, "id": f"v{number}"},
        )
    return connection


def finish(connection: Connection, video: str, *stages: str, seconds: float = 2.0, ago: float = 3600) -> None:
    for stage in stages or STAGES:
        producer = producer_id(connection, ProducerInfo(stage, "m", "1"))
        finish_stage(connection, video, stage, mark="m", producer=producer, run_id="run", seconds=seconds)
    connection.execute(
        text("update stage_runs set finished_at = now() - make_interval(secs => :ago) where video_id = :id"),
        {"ago": ago, "id": video},
    )


def state(connection: Connection, video: str = "v0") -> str:
    found = read_shelf_video(connection, video)
    assert found is not None
    return found.state


def titles(connection: Connection, **wanted: object) -> list[str]:
    return [item.video.title for item in read_shelf(connection, limit=10, **wanted).videos]  # type: ignore[arg-type]


def test_every_stage_comes_after_what_it_reads() -> None:
    for place, stage in enumerate(STAGES):
        assert set(STAGE_INPUTS[stage]) <= set(STAGES[:place])


def test_the_states_of_a_video(library: Connection) -> None:
    assert state(library) == "waiting"
    finish(library, "v0", "video", "sampling")
    assert state(library) == "waiting", "its run ended in the middle, and nobody is at it"
    note_progress(library, "v0", "faces", "run", seconds=5)
    assert state(library) == "working"
    late = {"late": ALIVE_SECONDS + 1}
    library.execute(text("update stage_progress set updated_at = now() - make_interval(secs => :late)"), late)
    assert state(library) == "waiting", "a stage that is written no more is of a run that died"
    fail_stage(library, "v0", "faces", "out of memory", "run")
    assert state(library) == "failed"
    assert library.execute(text("select count(*) from stage_progress")).scalar_one() == 0
    number = request_run(library, "retry", "v0", actor="mina", door="web")
    assert state(library) == "waiting"
    follow_request(library, number, "running")
    assert state(library) == "working"
    follow_request(library, number, "done")
    finish(library, "v0")
    assert state(library) == "done"


def test_between_two_stages_a_run_is_still_at_work(library: Connection) -> None:
    finish(library, "v0", "video", ago=BETWEEN_SECONDS - 5)
    assert state(library) == "working"
    finish(library, "v0", "video", ago=BETWEEN_SECONDS + 5)
    assert state(library) == "waiting"
    finish(library, "v0", ago=1)
    assert state(library) == "done", "nothing can come after the last stage"


def test_a_searchable_video_of_an_earlier_version_is_done(library: Connection) -> None:
    finish(library, "v0", *(stage for stage in STAGES if stage != "proxy"))
    assert state(library) == "done"


def test_an_imported_video_needs_no_more_than_search(library: Connection) -> None:
    library.execute(text("update videos set kind = 'imported' where id = 'v0'"))
    finish(library, "v0", "segments", ago=0)
    assert state(library) == "waiting"
    finish(library, "v0", SEARCHABLE, ago=0)
    assert state(library) == "done"


def test_orders_and_searches(library: Connection) -> None:
    fail_stage(library, "v1", "faces", "bad", "run")
    assert titles(library) == list(TITLES[::-1])
    assert titles(library, order="title") == ["Beach Day", "beach night", "city", "안녕 영상"]
    assert titles(library, order="length") == list(TITLES[::-1])
    assert titles(library, order="failed")[0] == "Beach Day"
    assert titles(library, title="BEACH", order="title") == ["Beach Day", "beach night"]
    assert titles(library, title="안녕") == ["안녕 영상"]
    assert titles(library, title="%") == titles(library, title="_") == []
    assert titles(library, states=["failed"]) == ["Beach Day"]
    shelf = read_shelf(library, limit=1, states=["waiting"])
    assert (len(shelf.videos), shelf.matching, dict(shelf.counts)) == (1, 3, {"failed": 1, "waiting": 3})
    assert shelf.videos[0].errors == {}
    assert failed_videos_of_library(library) == ["v1"]


def test_what_is_unfinished(library: Connection) -> None:
    finish(library, "v0")
    finish(library, "v1", "video")
    fail_stage(library, "v2", "video", "bad", "run")
    found = {video.video_id: video.done for video in read_unfinished(library)}
    assert found == {"v1": frozenset({"video"}), "v3": frozenset()}


def test_stages_at_work(library: Connection) -> None:
    note_progress(library, "v0", "faces", "run-1", seconds=10, counted=(30, 40))
    note_progress(library, "v0", "faces", "run-1", seconds=12, counted=(36, 40))
    note_progress(library, "v1", "captions", "run-2", seconds=1)
    running = running_stages(library)
    assert set(running) == {"v0", "v1"}
    assert (running["v0"].stage, running["v0"].run_id, running["v0"].share) == ("faces", "run-1", 0.9)
    assert running["v0"].seconds == pytest.approx(12, abs=0.5)
    assert running["v1"].share is None
    assert set(running_stages(library, ["v1"])) == {"v1"}
    finish(library, "v0", "faces")
    assert set(running_stages(library)) == {"v1"}


def test_pace_is_what_stages_took_for_a_second_of_video(library: Connection) -> None:
    finish(library, "v0", seconds=5)  # of 10 s of video
    finish(library, "v1", seconds=25)  # of 20 s
    pace = stage_pace(library, len(STAGES))
    assert pace.rates["faces"] == pytest.approx(1.0)
    assert set(pace.rates) == set(STAGES)
    library.execute(text("delete from stage_runs"))
    assert stage_pace(library, len(STAGES)).rates == {}


def test_what_passes_between_stages(library: Connection) -> None:
    finish(library, "v0", seconds=1, ago=100)
    library.execute(
        text(
            "update stage_runs set finished_at = finished_at"
            " + make_interval(secs => 2 * array_position(:s, stage))"
        ),
        {"s": list(STAGES)},
    )
    # 13 stages of a second each, each ending two seconds after the one before
    assert stage_pace(library, len(STAGES)).between == pytest.approx(12.0, abs=0.1)


def test_when_videos_were_worked_on(library: Connection) -> None:
    finish(library, "v0", ago=100, seconds=10)
    finish(library, "v1", "video", ago=50, seconds=5)
    finish(library, "v2", ago=90_000)
    first, second = read_work(library, hours=24)
    assert (first.video_id, first.searchable) == ("v1", False)
    assert (second.video_id, second.searchable) == ("v0", True)
    assert (second.began, second.ended) == (pytest.approx(110, abs=1), pytest.approx(100, abs=1))

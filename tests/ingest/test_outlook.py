"""How far the library is: what runs, what waits, how long it will take, where each stage's result comes from."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from vsearch_pipeline.catalog.database import Catalog, database_url, migrate
from vsearch_pipeline.catalog.graph import SEARCHABLE, STAGES
from vsearch_pipeline.catalog.operations import log_operation
from vsearch_pipeline.catalog.progress import note_progress
from vsearch_pipeline.catalog.requests import follow_request, request_run
from vsearch_pipeline.catalog.stages import (
    ProducerInfo,
    current_fingerprints,
    fail_stage,
    finish_stage,
    producer_id,
    replace_captions,
)
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.errors import NotFoundError
from vsearch_pipeline.ingest.outlook import (
    ASLEEP_SECONDS,
    LibraryView,
    StageView,
    VideoView,
    look_at_library,
    look_at_video,
)
from vsearch_pipeline.settings import Settings

DURATION_S = 10.0


@pytest.fixture(scope="module")
def own(settings: Settings, catalog: Catalog) -> Iterator[Catalog]:
    """A database of its own: pace is that of the whole library."""
    name = f"outlook_{uuid.uuid4().hex[:8]}"
    with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"create database {name}"))
    engine = create_engine(database_url(settings).set(database=name))
    migrate(engine)
    yield Catalog(engine)
    engine.dispose()


@pytest.fixture
def lib(own: Catalog) -> Library:
    with own.begin() as connection:
        for table in ("requests", "videos", "operation_subjects", "operations"):
            connection.execute(text(f"delete from {table}"))  # noqa: S608 - names of ours
    return Library(own)


class Library:
    """Videos of ten seconds each, with stages done at will."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def add(self, *videos: str, **facts: Any) -> None:
        with self.catalog.begin() as connection:
            for video in videos:
                record = {"duration_ms": int(DURATION_S * 1000), "kind": "file"} | facts
                insert_video(connection, VideoRecord(video, video, sha256=f"sha-{video}", source="test", **record))

    def finish(
        self,
        video: str,
        *stages: str,
        seconds: float = 2.0,
        ago: float = 0.0,
        model: str = "m",
        inputs: dict[str, str] | None = None,
        missing: str = "",
        run: str = "run-1",
    ) -> None:
        with self.catalog.begin() as connection:
            for stage in stages or STAGES:
                producer = producer_id(connection, ProducerInfo(stage, model, "1", {"step": 2}))
                finish_stage(
                    connection,
                    video,
                    stage,
                    mark=f"{stage} {model}",
                    producer=producer,
                    run_id=run,
                    seconds=seconds,
                    inputs=inputs,
                    missing=missing,
                )
            connection.execute(
                text(
                    "update stage_runs set finished_at = now() - make_interval(secs => :ago)"
                    " where video_id = :video and stage = any(:stages)"
                ),
                {"ago": ago, "video": video, "stages": list(stages or STAGES)},
            )

    def at_work(self, video: str, stage: str, seconds: float, counted: tuple[int, int] | None = None) -> None:
        with self.catalog.begin() as connection:
            note_progress(connection, video, stage, "run-2", seconds=seconds, counted=counted)

    def look(self, **wanted: Any) -> LibraryView:
        return look_at_library(self.catalog, limit=50, **wanted)

    def one(self, video: str) -> VideoView:
        return look_at_video(self.catalog, video)

    def stage(self, video: str, stage: str) -> StageView:
        return next(view for view in self.one(video).stages if view.stage == stage)


def test_a_library_at_rest(lib: Library) -> None:
    assert lib.look().counts == {}
    lib.add("a")
    lib.finish("a")
    view = lib.look()
    assert (view.batch, view.outlooks, view.busy, view.asleep) == (None, {}, False, False)
    assert view.counts == {"done": 1}


def test_how_long_is_not_told_before_anything_was_measured(lib: Library) -> None:
    lib.add("a")
    lib.finish("a", "video")
    lib.at_work("a", "sampling", 3, (50, 100))
    outlook = lib.look().outlooks["a"]
    assert outlook.running is not None
    assert (outlook.running.stage, outlook.running.share) == ("sampling", 0.5)
    assert (outlook.done, outlook.total, outlook.seconds_left) == (1, len(STAGES), None)
    assert outlook.share == pytest.approx(1.5 / len(STAGES)), "as if all stages took the same time"


def test_how_long_it_takes_is_told_by_what_stages_took(lib: Library) -> None:
    lib.add("measured", "next", "unknown length")
    with lib.catalog.begin() as connection:
        connection.execute(text("update videos set duration_ms = null where id = 'unknown length'"))
    lib.finish("measured", seconds=2.0, ago=3600)  # a stage takes 0.2 s for a second of video
    every = 2.0
    assert lib.look().outlooks["next"].seconds_left == pytest.approx(len(STAGES) * every)
    assert lib.look().outlooks["unknown length"].seconds_left is None
    lib.finish("next", *STAGES[:3])
    assert lib.look().outlooks["next"].seconds_left == pytest.approx((len(STAGES) - 3) * every)
    lib.at_work("next", STAGES[3], 0.5)
    left = lib.look().outlooks["next"].seconds_left
    assert left == pytest.approx((len(STAGES) - 4) * every + 1.5, abs=0.3), "without what it has worked already"
    lib.at_work("next", STAGES[3], 30.0, (10, 20))
    left = lib.look().outlooks["next"].seconds_left
    assert left == pytest.approx((len(STAGES) - 4) * every + 30, abs=1), "slower than usual: its own pace counts"
    share = lib.look().outlooks["next"].share
    assert share == pytest.approx(3.5 / len(STAGES))


def test_a_batch_is_what_is_worked_on_without_a_pause(lib: Library) -> None:
    lib.add("yesterday", "first", "second", "running", "waiting")
    lib.finish("yesterday", ago=80_000)
    lib.finish("first", ago=200, seconds=5)
    lib.finish("second", ago=100, seconds=5)
    lib.finish("running", "video", ago=30)
    lib.at_work("running", "sampling", 25)
    batch = lib.look().batch
    assert batch is not None
    assert (batch.done, batch.total) == (2, 4)
    lib.finish("running")
    assert lib.look().batch.done == 3  # type: ignore[union-attr]
    lib.finish("waiting")
    assert lib.look().batch is None


def test_a_video_that_can_be_searched_and_is_still_worked_on_is_not_counted_twice(lib: Library) -> None:
    lib.add("a", "b")
    lib.finish("a", *[stage for stage in STAGES if stage != "proxy"], ago=5)
    lib.at_work("a", "proxy", 5)
    batch = lib.look().batch
    assert batch is not None
    assert (batch.done, batch.total) == (0, 2)


def test_what_failed_is_no_part_of_the_batch(lib: Library) -> None:
    lib.add("bad", "waiting")
    with lib.catalog.begin() as connection:
        fail_stage(connection, "bad", "faces", "out of memory", "run-1")
    batch = lib.look().batch
    assert batch is not None
    assert (batch.done, batch.total) == (0, 1)


def test_links_are_listed_with_the_videos_and_found_like_them(lib: Library) -> None:
    lib.add("film")
    lib.finish("film")
    with lib.catalog.begin() as connection:
        waiting, failed = (
            request_run(connection, "take_in", f"https://example.org/{name}.mp4", actor="mina", door="web")
            for name in ("waiting", "failed")
        )
        follow_request(connection, failed, "failed", reason="404")
    view = lib.look()
    assert [request.id for request in view.arriving] == [failed, waiting], "the newest first"
    assert view.counts == {"done": 1, "waiting": 1, "failed": 1}
    assert view.busy
    assert [request.id for request in lib.look(states=["failed"]).arriving] == [failed]
    assert [request.id for request in lib.look(title="WAITING").arriving] == [waiting]
    assert lib.look(title="film").arriving == ()
    with lib.catalog.begin() as connection:
        follow_request(connection, waiting, "done", video_id="film")
    assert not lib.look().busy, "what failed changes no more"


def test_nobody_takes_up_what_is_asked_for(lib: Library) -> None:
    lib.add("film")
    with lib.catalog.begin() as connection:
        number = request_run(connection, "retry", "film", actor="mina", door="web")
        assert not lib.look().asleep
        age = text("update requests set asked_at = now() - make_interval(secs => :age)")
        connection.execute(age, {"age": ASLEEP_SECONDS + 1})
    assert lib.look().asleep
    assert lib.one("film").asleep
    with lib.catalog.begin() as connection:
        follow_request(connection, number, "queued")
    assert not lib.look().asleep, "a daemon has seen it: it waits for others"


def test_where_a_stage_comes_from(lib: Library) -> None:
    lib.add("film")
    lib.finish("film", "video", model="pyav", seconds=0.25, run="run-9")
    view = lib.stage("film", "video")
    assert view.state == "done"
    assert view.finished is not None
    [writer] = view.finished.writers
    assert (writer.model, writer.version, dict(writer.settings)) == ("pyav", "1", {"step": 2})
    assert (view.finished.seconds, view.finished.run_id) == (0.25, "run-9")
    assert lib.stage("film", "sampling").state == "waiting"
    assert lib.stage("film", "sampling").inputs == ("video",)


def test_a_stage_whose_input_changed_is_out_of_date(lib: Library) -> None:
    lib.add("film")
    lib.finish("film", "video")
    with lib.catalog.begin() as connection:
        marks = current_fingerprints(connection, "film")
    lib.finish("film", "sampling", inputs=marks)
    assert lib.stage("film", "sampling").state == "done"
    lib.finish("film", "video", model="newer")
    stale = lib.stage("film", "sampling")
    assert (stale.state, stale.changed) == ("stale", ("video",))


def test_a_stage_that_newer_videos_do_with_something_else_is_out_of_date(lib: Library) -> None:
    lib.add("old", "new", "imported")
    with lib.catalog.begin() as connection:
        connection.execute(text("update videos set kind = 'imported' where id = 'imported'"))
    lib.finish("old", "captions", SEARCHABLE, model="compact", ago=100)
    lib.finish("new", "captions", model="eilev", ago=50)
    lib.finish("imported", SEARCHABLE, model="other", ago=10)
    stale = lib.stage("old", "captions")
    assert stale.state == "stale"
    assert stale.finished is not None
    assert stale.finished.newest is not None
    assert stale.finished.newest.model == "eilev"
    assert lib.stage("new", "captions").state == "done"
    assert lib.stage("old", SEARCHABLE).state == "done", "imported videos go their own way"


def test_a_stage_that_lacks_something_is_unfinished(lib: Library) -> None:
    lib.add("film")
    lib.finish("film", "korean_captions", missing="3 captions: no key")
    view = lib.stage("film", "korean_captions")
    assert view.state == "unfinished"
    assert view.finished is not None
    assert view.finished.missing == "3 captions: no key"


def test_who_wrote_korean_captions_is_told_by_the_captions(lib: Library) -> None:
    lib.add("film")
    lib.finish("film", "korean_captions", model="gemini")
    with lib.catalog.begin() as connection:
        composer = producer_id(connection, ProducerInfo("korean_captions", "compact", "1"))
        row = {"index": 0, "start_ms": 0, "end_ms": 1000, "text": "개", "raw_text": "개", "facts": None}
        replace_captions(connection, "film", "ko", composer, [{**row, "people": []}])
    finished = lib.stage("film", "korean_captions").finished
    assert finished is not None
    assert [writer.model for writer in finished.writers] == ["compact"]


def test_a_failure_stands_beside_the_result_of_before(lib: Library) -> None:
    lib.add("film")
    lib.finish("film", "faces")
    with lib.catalog.begin() as connection:
        fail_stage(connection, "film", "faces", "out of memory", "run-3")
    view = lib.stage("film", "faces")
    assert view.state == "failed"
    assert view.failed is not None
    assert (view.failed.reason, view.failed.run_id) == ("out of memory", "run-3")
    assert view.finished is not None
    lib.at_work("film", "faces", 1, (1, 4))
    running = lib.stage("film", "faces")
    assert running.state == "running"
    assert running.running is not None
    assert running.running.share == 0.25


def test_who_brought_a_video_and_who_edited_it(lib: Library) -> None:
    lib.add("film")
    assert lib.one("film").brought is None
    with lib.catalog.begin() as connection:
        about = [("video", "film")]
        for actor, kind in (
            ("mina", "video.add"),
            ("jun", "segment.caption"),
            ("jun", "segment.split"),
            ("mina", "segment.caption"),
            ("jun", "video.retry"),
        ):
            log_operation(connection, actor=actor, door="web", kind=kind, subjects=about)  # type: ignore[arg-type]
    view = lib.one("film")
    assert view.brought is not None
    assert (view.brought.actor, view.brought.kind) == ("mina", "video.add")
    assert [(each.actor, each.count) for each in view.editors] == [("jun", 2), ("mina", 1)]


def test_an_imported_video_goes_through_two_stages(lib: Library) -> None:
    lib.add("film", kind="imported")
    lib.finish("film", "segments", run="import:list.json")
    views = lib.one("film").stages
    assert [(view.stage, view.state, view.inputs) for view in views] == [
        ("segments", "done", ()),
        (SEARCHABLE, "waiting", ("segments",)),
    ]


def test_a_video_that_is_not_there(lib: Library) -> None:
    with pytest.raises(NotFoundError, match="no video gone"):
        lib.one("gone")

"""What people ask for gets exactly one run, and they are told how it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterRunStatus,
    RunRequest,
    SensorResult,
    SkipReason,
    build_sensor_context,
    job,
    op,
)
from dagster._core.execution.backfill import BulkActionStatus
from dagster._core.test_utils import create_run_for_test
from sqlalchemy import text

from tests.clips import make_clip
from vsearch_pipeline.assets.jobs import take_in_job
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.operations import read_operations
from vsearch_pipeline.catalog.requests import (
    RequestKind,
    RequestRecord,
    open_requests,
    request_run,
    told_requests,
)
from vsearch_pipeline.catalog.stages import ProducerInfo, finish_stage, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.definitions import defs
from vsearch_pipeline.resources.storage import CatalogResource
from vsearch_pipeline.sensors.inbox import new_videos_sensor
from vsearch_pipeline.sensors.requests import STARTED_AT_ONCE, requests_sensor
from vsearch_pipeline.settings import Settings

TAG = "vsearch/request"


class Daemon:
    """Asks the sensor as Dagster's daemon does: what it has started a run for, it starts no other for."""

    def __init__(self, catalog: Catalog, settings: Settings, instance: DagsterInstance) -> None:
        self.catalog, self.home, self.instance = catalog, str(settings.home), instance
        self.sensor = requests_sensor()

    def look(self) -> list[RunRequest]:
        """The runs that one look starts."""
        with build_sensor_context(
            instance=self.instance,
            repository_def=defs.get_repository_def(),
            resources={"catalog": CatalogResource(home=self.home)},
        ) as context:
            result = self.sensor(context)
        if isinstance(result, SkipReason):
            return []
        assert isinstance(result, SensorResult)
        known = {run.tags.get("dagster/run_key") for run in self.instance.get_runs()}
        return [request for request in result.run_requests or [] if request.run_key not in known]

    def start(self, status: DagsterRunStatus = DagsterRunStatus.NOT_STARTED, **tags: str) -> list[str]:
        """Look, and make the runs; returns their ids."""
        return [
            create_run_for_test(
                self.instance,
                job_name=request.job_name or "",
                status=status,
                tags={**request.tags, "dagster/run_key": request.run_key or "", **tags},
            ).run_id
            for request in self.look()
        ]

    def ask(self, kind: RequestKind, subject: str = "", after: int | None = None) -> int:
        with self.catalog.begin() as connection:
            return request_run(connection, kind, subject, actor="mina", door="web", after=after)

    def told(self) -> dict[int, RequestRecord]:
        with self.catalog.begin() as connection:
            return {request.id: request for request in told_requests(connection)}


@pytest.fixture
def daemon(catalog: Catalog, settings: Settings, instance: DagsterInstance) -> Iterator[Daemon]:
    with catalog.begin() as connection:
        connection.execute(text("delete from requests"))
        for video in ("asked-1", "asked-2"):
            insert_video(connection, VideoRecord(video, video, "file", f"sha-{video}", "test"))
    yield Daemon(catalog, settings, instance)
    with catalog.begin() as connection:
        connection.execute(text("delete from requests"))
        connection.execute(text("delete from videos where id in ('asked-1', 'asked-2')"))
        connection.execute(text("delete from stage_runs where run_id = 'asked'"))


def config(request: RunRequest) -> Mapping[str, Any]:
    found: Mapping[str, Any] = request.run_config["ops"]["take_in_source"]["config"]
    return found


def test_nothing_asked_is_nothing_started(daemon: Daemon) -> None:
    assert daemon.look() == []


def test_each_kind_gets_its_run(daemon: Daemon) -> None:
    retry, train = daemon.ask("retry", "asked-1"), daemon.ask("train")
    link = daemon.ask("take_in", "https://example.org/a.mp4")
    first, second, third = daemon.look()
    assert (first.job_name, first.partition_key, first.tags[TAG]) == ("ingest", "asked-1", str(retry))
    assert (second.job_name, second.tags[TAG]) == ("train_people", str(train))
    assert (third.job_name, third.tags["vsearch/actor"]) == ("take_in", "mina")
    assert config(third) == {
        "source": "https://example.org/a.mp4",
        "actor": "mina",
        "door": "web",
        "request": link,
    }
    assert {request.state for request in daemon.told().values()} == {"queued"}, "a daemon has seen them"


def test_one_run_for_each_also_after_a_restart(daemon: Daemon) -> None:
    daemon.ask("retry", "asked-1")
    [crashed_before_starting] = daemon.look()
    [again] = daemon.look()
    assert again.run_key == crashed_before_starting.run_key
    assert len(daemon.start()) == 1
    assert daemon.look() == daemon.look() == []


def test_how_a_run_goes_is_told(daemon: Daemon) -> None:
    number = daemon.ask("retry", "asked-1")
    [run] = daemon.start()
    daemon.look()
    assert (daemon.told()[number].state, daemon.told()[number].run_id) == ("queued", run)
    daemon.instance.handle_run_event(run, started())
    daemon.look()
    assert daemon.told()[number].state == "running"
    daemon.instance.report_run_failed(daemon.instance.get_run_by_id(run), message="The disk is full.\nat line 1")
    daemon.look()
    assert (daemon.told()[number].state, daemon.told()[number].reason) == ("failed", "The disk is full.")


def started() -> Any:
    from dagster import DagsterEvent, DagsterEventType

    return DagsterEvent(DagsterEventType.RUN_START.value, job_name="ingest")


def test_a_run_that_ends_well_is_no_longer_told(daemon: Daemon) -> None:
    daemon.ask("retry", "asked-1")
    daemon.start(DagsterRunStatus.SUCCESS)
    daemon.look()
    assert daemon.told() == {}


def test_a_run_that_dagster_starts_again_has_not_failed(daemon: Daemon) -> None:
    number = daemon.ask("retry", "asked-1")
    daemon.start(DagsterRunStatus.FAILURE, **{"dagster/will_retry": "true"})
    daemon.look()
    assert daemon.told()[number].state == "queued"
    again = create_run_for_test(
        daemon.instance, job_name="ingest", status=DagsterRunStatus.STARTED, tags={TAG: str(number)}
    )
    daemon.look()
    assert (daemon.told()[number].state, daemon.told()[number].run_id) == ("running", again.run_id)


def test_a_run_that_was_stopped_or_deleted_has_failed(daemon: Daemon) -> None:
    stopped, deleted = daemon.ask("retry", "asked-1"), daemon.ask("retry", "asked-2")
    [first, second] = daemon.start(DagsterRunStatus.STARTED)
    daemon.look()
    daemon.instance.report_run_canceled(daemon.instance.get_run_by_id(first))
    daemon.instance.delete_run(second)
    assert daemon.look() == []
    assert "stopped" in str(daemon.told()[stopped].reason)
    assert "no longer" in str(daemon.told()[deleted].reason)


def test_what_comes_after_waits_for_the_end_of_what_comes_before(daemon: Daemon) -> None:
    train = daemon.ask("train")
    video = daemon.ask("ingest", "asked-1", after=train)
    [run] = daemon.start()
    assert daemon.instance.get_run_by_id(run).job_name == "train_people"  # type: ignore[union-attr]
    assert daemon.look() == []
    assert daemon.told()[video].state == "queued"
    daemon.instance.report_run_failed(daemon.instance.get_run_by_id(run))
    assert daemon.look() == [], "it is seen to have ended"
    [request] = daemon.look()
    assert request.partition_key == "asked-1", "a video does not wait for ever for names"


def test_many_requests_are_started_a_part_at_a_time(daemon: Daemon) -> None:
    for number in range(STARTED_AT_ONCE + 5):
        daemon.ask("take_in", f"https://example.org/{number}.mp4")
    assert len(daemon.start()) == STARTED_AT_ONCE
    assert len(daemon.start()) == 5
    assert daemon.start() == []


def test_names_are_given_again_by_one_backfill(daemon: Daemon, catalog: Catalog) -> None:
    number = daemon.ask("relabel")
    with catalog.begin() as connection:
        producer = producer_id(connection, ProducerInfo("face_tracks", "tests", "1"))
        for video in ("asked-1", "asked-2"):
            finish_stage(
                connection, video, "face_tracks", mark="m", producer=producer, run_id="asked", seconds=0.0
            )
    [training] = daemon.start(DagsterRunStatus.SUCCESS)
    assert daemon.instance.get_run_by_id(training).job_name == "train_people"  # type: ignore[union-attr]
    daemon.look()
    daemon.look()
    daemon.look()
    backfill = daemon.instance.get_backfill(f"request-{number}")
    assert backfill is not None
    assert [each.backfill_id for each in daemon.instance.get_backfills()] == [backfill.backfill_id]
    data = backfill.asset_backfill_data
    assert data is not None
    for name in ("face_labels", "segment_embeddings"):
        videos = data.target_subset.get_partitions_subset(AssetKey(name)).get_partition_keys()
        assert {"asked-1", "asked-2"} <= set(videos)
    assert "mina" in str(backfill.description)
    assert (daemon.told()[number].state, daemon.told()[number].run_id) == ("running", backfill.backfill_id)
    daemon.instance.update_backfill(backfill.with_status(BulkActionStatus.COMPLETED_FAILED))
    daemon.look()
    assert daemon.told()[number].state == "failed"


def take_in(settings: Settings, instance: DagsterInstance, source: str, request: int | None = None) -> Any:
    given = {"source": source, "actor": "mina", "door": "web", "request": request}
    return take_in_job.execute_in_process(
        run_config={"ops": {"take_in_source": {"config": {k: v for k, v in given.items() if v is not None}}}},
        resources={"catalog": CatalogResource(home=str(settings.home))},
        instance=instance,
        raise_on_error=False,
    )


def test_what_is_taken_in_is_ingested_in_the_name_of_who_asked(
    daemon: Daemon, settings: Settings, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "asked for.mp4", seconds=0.6, fps=10, size=(96, 48))
    number = daemon.ask("take_in", str(clip))
    assert take_in(settings, daemon.instance, str(clip), number).success
    with daemon.catalog.begin() as connection:
        [ingest] = open_requests(connection)
        assert (ingest.kind, ingest.actor, ingest.door) == ("ingest", "mina", "web")
        row = connection.execute(text("select state, video_id from requests where id = :id"), {"id": number}).one()
        assert tuple(row) == ("done", ingest.subject)
        [added] = read_operations(connection, subjects=[("video", ingest.subject)])
        assert (added.kind, added.actor, added.door) == ("video.add", "mina", "web")
    again = daemon.ask("take_in", str(clip))
    assert take_in(settings, daemon.instance, str(clip), again).success
    with daemon.catalog.begin() as connection:
        assert [each.id for each in open_requests(connection)] == [ingest.id], "it is here: nothing more is asked"
        connection.execute(text("delete from videos where id = :id"), {"id": ingest.subject})


def test_why_it_could_not_be_taken_in_is_told(daemon: Daemon, settings: Settings) -> None:
    link = "http://127.0.0.1:9/a.mp4"
    number = daemon.ask("take_in", link)
    assert not take_in(settings, daemon.instance, link, number).success
    told = daemon.told()[number]
    assert told.state == "failed"
    assert "private network" in str(told.reason)


def test_the_inbox_tells_of_what_it_could_not_take_in(daemon: Daemon, settings: Settings, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.touch()
    assert not take_in(settings, daemon.instance, str(bad)).success
    [told] = daemon.told().values()
    assert (told.kind, told.subject, told.actor, told.state) == ("take_in", str(bad), "inbox", "failed")
    assert told.reason == "bad.mp4: the file is empty"


def test_a_run_of_the_inbox_that_broke_is_told_as_well(daemon: Daemon) -> None:
    from vsearch_pipeline.catalog.requests import begin_take_in

    @op
    def breaks() -> None:
        raise OSError("no space left on device")

    @job
    def breaking() -> None:
        breaks()

    run = breaking.execute_in_process(instance=daemon.instance, raise_on_error=False)
    with daemon.catalog.begin() as connection:
        number = begin_take_in(connection, "/inbox/a.mp4", run.run_id, None)
    daemon.look()
    assert (daemon.told()[number].state, daemon.told()[number].reason) == (
        "failed",
        "breaks: OSError: no space left on device",
    )


def test_a_video_that_a_run_is_asked_for_is_left_to_that(daemon: Daemon, settings: Settings) -> None:
    def new() -> set[str]:
        with build_sensor_context(
            instance=daemon.instance, resources={"catalog": CatalogResource(home=str(settings.home))}
        ) as context:
            result = new_videos_sensor()(context)
        requests = result.run_requests or [] if isinstance(result, SensorResult) else []
        return {str(request.partition_key) for request in requests}

    with daemon.catalog.begin() as connection:
        connection.execute(
            text("update videos set added_at = now() - interval '1 hour' where id in ('asked-1', 'asked-2')")
        )
    train = daemon.ask("train")
    daemon.ask("ingest", "asked-1", after=train)
    assert new() & {"asked-1", "asked-2"} == {"asked-2"}

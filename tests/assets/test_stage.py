"""What every stage has in common: skipping, committing each video, failing in a sentence, checks."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from dagster import (
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
    ExecuteInProcessResult,
    MaterializeResult,
    asset,
    materialize,
)
from sqlalchemy import delete, select

from vsearch_pipeline.assets import watching
from vsearch_pipeline.assets.stage import (
    VIDEOS,
    Output,
    Stage,
    Work,
    add_partitions,
    each,
    partition_ranges,
    run_stage,
    together,
)
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.models import Shot, StageError, StageRun, Video
from vsearch_pipeline.catalog.progress import running_stages
from vsearch_pipeline.catalog.stages import ProducerInfo, current_fingerprints
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.redaction import REDACTED
from vsearch_pipeline.timeline import TimeRange

STAGE = Stage(
    "staged", inputs=(), checks=(AssetCheckSpec("is_sane", asset="staged", blocking=True, description="sane"),)
)
VIDEO_IDS = ("stage-a", "stage-b")

Compute = Callable[[VideoRecord], Output]


@pytest.fixture
def instance(catalog: Catalog, instance: DagsterInstance) -> Iterator[DagsterInstance]:
    with catalog.begin() as connection:
        for video_id in VIDEO_IDS:
            insert_video(connection, VideoRecord(video_id, video_id, "file", f"sha-{video_id}", "test"))
    instance.add_dynamic_partitions("videos", list(VIDEO_IDS))
    yield instance
    with catalog.begin() as connection:
        connection.execute(delete(Video).where(Video.id.in_(VIDEO_IDS)))


def shot(record: VideoRecord) -> Output:
    return Output(rows={Shot: [{"index": 0, "start_ms": 0, "end_ms": 10}]}, metadata={"staged": {"shots": 1}})


def run(
    catalog: Catalog,
    instance: DagsterInstance,
    compute: Compute,
    *,
    video: str = "stage-a",
    settings: dict[str, Any] | None = None,
    stage: Stage = STAGE,
) -> ExecuteInProcessResult:
    @asset(partitions_def=VIDEOS, check_specs=stage.checks)
    def staged(context: AssetExecutionContext) -> Iterator[MaterializeResult]:  # type: ignore[type-arg]
        producer = ProducerInfo("staged", "model", "1", settings or {})
        yield from run_stage(context, catalog, Work(stage, producer, each(compute)))

    return materialize([staged], instance=instance, partition_key=video, raise_on_error=False)


def shots(catalog: Catalog, video: str = "stage-a") -> list[TimeRange]:
    with catalog.begin() as connection:
        rows = connection.execute(select(Shot.start_ms, Shot.end_ms).where(Shot.video_id == video))
        return [TimeRange(*row) for row in rows]


def errors(catalog: Catalog) -> dict[str, str]:
    with catalog.begin() as connection:
        return dict(connection.execute(select(StageError.video_id, StageError.message)).tuples().all())


def metadata(result: ExecuteInProcessResult) -> dict[str, Any]:
    [event] = result.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_rows_are_written_with_their_producer_and_run(catalog: Catalog, instance: DagsterInstance) -> None:
    result = run(catalog, instance, shot)
    assert result.success
    assert shots(catalog) == [TimeRange(0, 10)]
    assert metadata(result)["model"] == "model 1"
    with catalog.begin() as connection:
        [run_id] = connection.execute(select(StageRun.run_id).where(StageRun.video_id == "stage-a")).scalars()
    assert run_id == result.run_id


def test_nothing_is_computed_twice_unless_something_changed(catalog: Catalog, instance: DagsterInstance) -> None:
    computed: list[str] = []

    def compute(record: VideoRecord) -> Output:
        computed.append(record.id)
        return shot(record)

    run(catalog, instance, compute)
    again = run(catalog, instance, compute)
    assert computed == ["stage-a"]
    assert metadata(again)["skipped"].startswith("unchanged")
    assert metadata(again)["shots"] == 1, "the result that still stands is still shown"
    run(catalog, instance, compute, settings={"threshold": 2})
    assert computed == ["stage-a", "stage-a"]


def test_a_failure_is_a_sentence_and_goes_when_it_is_mended(catalog: Catalog, instance: DagsterInstance) -> None:
    def broken(record: VideoRecord) -> Output:
        raise MediaError("it is not a video")

    failed = run(catalog, instance, broken)
    assert not failed.success
    assert errors(catalog) == {"stage-a": "it is not a video"}
    assert shots(catalog) == []
    assert run(catalog, instance, shot).success
    assert errors(catalog) == {}


def test_a_failure_keeps_what_was_there(catalog: Catalog, instance: DagsterInstance) -> None:
    run(catalog, instance, shot)

    def half(record: VideoRecord) -> Output:
        bad = {"index": 0, "start_ms": "not a number", "end_ms": 10}
        return Output(rows={Shot: [bad]}, metadata={"staged": {}})

    assert not run(catalog, instance, half, settings={"changed": True}).success
    assert shots(catalog) == [TimeRange(0, 10)]


def test_a_problem_fails_its_check(catalog: Catalog, instance: DagsterInstance) -> None:
    def odd(record: VideoRecord) -> Output:
        return Output(metadata={"staged": {}}, problems={"is_sane": "it is odd"})

    result = run(catalog, instance, odd)
    [evaluation] = result.get_asset_check_evaluations()
    assert not evaluation.passed
    assert evaluation.description == "stage-a: it is odd"
    assert evaluation.asset_check_key.asset_key == AssetKey("staged")


def test_inputs_that_are_not_there_are_named(catalog: Catalog, instance: DagsterInstance) -> None:
    stage = Stage("staged", inputs=("sampling",), checks=STAGE.checks)
    assert not run(catalog, instance, shot, stage=stage).success
    assert "needs sampling first" in errors(catalog)["stage-a"]


def test_what_it_read_and_what_it_lacks_is_written_down(catalog: Catalog, instance: DagsterInstance) -> None:
    def facts(stage: str) -> tuple[Any, Any]:
        with catalog.begin() as connection:
            found = select(StageRun.inputs, StageRun.missing).where(
                StageRun.video_id == "stage-a", StageRun.stage == stage
            )
            return connection.execute(found).one()._tuple()

    run(catalog, instance, shot)
    assert facts("staged") == ({}, None)
    with catalog.begin() as connection:
        mark = current_fingerprints(connection, "stage-a")["staged"]
    later = Stage("later", inputs=("staged",), assets=("staged",))
    lacking = replace(shot(VideoRecord("v", "v", "file", "s", "t")), missing="2 captions: no key", there="1")
    run(catalog, instance, lambda _: lacking, stage=later)
    assert facts("later") == ({"staged": mark}, "2 captions: no key")
    run(catalog, instance, shot, stage=later)
    assert facts("later") == ({"staged": mark}, None), "nothing is missing any more"


def test_a_stage_at_work_is_seen_and_gone_when_it_ends(
    catalog: Catalog, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.02)

    def seen() -> list[str]:
        with catalog.begin() as connection:
            return [running.stage for running in running_stages(connection, VIDEO_IDS).values()]

    def slow(record: VideoRecord) -> Output:
        deadline = time.monotonic() + 10
        while not seen() and time.monotonic() < deadline:
            time.sleep(0.01)
        during.extend(seen())
        if broken:
            raise MediaError("it is damaged")
        return shot(record)

    during: list[str] = []
    broken = True
    assert not run(catalog, instance, slow).success
    assert during == ["staged"]
    assert seen() == []
    during, broken = [], False
    assert run(catalog, instance, slow).success
    assert during == ["staged"]
    assert seen() == []


def test_an_imported_video_has_nothing_to_compute(catalog: Catalog, instance: DagsterInstance) -> None:
    with catalog.begin() as connection:
        connection.execute(Video.__table__.update().where(Video.id == "stage-b").values(kind="imported"))
    result = run(catalog, instance, shot, video="stage-b")
    assert result.success
    assert "without a file" in metadata(result)["skipped"]
    assert shots(catalog, "stage-b") == []


def test_one_bad_video_does_not_hold_the_others_back(catalog: Catalog, instance: DagsterInstance) -> None:
    def compute(record: VideoRecord) -> Output:
        if record.id == "stage-a":
            raise MediaError("it is damaged")
        return shot(record)

    class Context:
        """Two partitions in one run, as a backfill gives them."""

        partition_keys = VIDEO_IDS
        run_id = "run-1"
        retry_number = 0

        def __init__(self) -> None:
            self.instance = instance
            self.logged: list[AssetMaterialization] = []

        def log_event(self, event: AssetMaterialization) -> None:
            self.logged.append(event)

        def add_asset_metadata(self, *_: Any, **__: Any) -> None: ...

    producer, context = ProducerInfo("staged", "model", "1"), Context()
    with pytest.raises(Exception, match="stage-a: it is damaged"):
        list(run_stage(context, catalog, Work(STAGE, producer, each(compute))))  # type: ignore[arg-type]
    assert shots(catalog, "stage-b") == [TimeRange(0, 10)]
    assert errors(catalog) == {"stage-a": "it is damaged"}
    assert [event.partition for event in context.logged] == ["stage-b"], "what was committed is told"
    context.retry_number, context.logged = 1, []
    with pytest.raises(Exception, match="stage-a: it is damaged"):
        list(run_stage(context, catalog, Work(STAGE, producer, each(compute))))  # type: ignore[arg-type]
    assert context.logged == [], "and not again by a retry"


def test_videos_are_computed_together_and_alone_where_that_fails() -> None:
    calls: list[tuple[str, ...]] = []

    def compute(records: Sequence[VideoRecord]) -> list[Output]:
        calls.append(tuple(record.id for record in records))
        if "c" in calls[-1]:
            raise MediaError("c is damaged")
        return [Output(metadata={"staged": {"id": record.id}}) for record in records]

    records = [VideoRecord(name, name, "file", name, "test") for name in "abcde"]
    outputs = [
        str(output) if isinstance(output, Exception) else output.metadata["staged"]["id"]
        for output in together(compute, 2)(records)
    ]
    assert outputs == ["a", "b", "c is damaged", "d", "e"]
    assert calls == [("a", "b"), ("c", "d"), ("c",), ("d",), ("e",)]


def test_runs_get_partitions_that_follow_one_another(instance: DagsterInstance) -> None:
    add_partitions(instance, [f"p{number}" for number in range(6)])
    wanted = ["p5", "p1", "p0", "p2", "p4"]
    assert partition_ranges(instance, wanted, 2) == [("p0", "p1"), ("p2",), ("p4", "p5")]
    assert partition_ranges(instance, [*wanted, "p3"], 10) == [("p0", "p1", "p2", "p3", "p4", "p5")]


def test_each_video_is_told_in_the_log(
    catalog: Catalog, instance: DagsterInstance, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="vsearch_pipeline.assets.stage")

    def told() -> list[tuple[str, str, str | None]]:
        records = [each for each in caplog.records if each.name == "vsearch_pipeline.assets.stage"]
        caplog.clear()
        assert [each for each in records if each.__dict__["video"] != "stage-a"] == []
        return [(each.levelname, each.message, each.__dict__.get("reason")) for each in records]

    run(catalog, instance, shot)
    assert told() == [("INFO", "stage done", None)]
    run(catalog, instance, shot)
    assert told() == [("INFO", "stage skipped", "unchanged: its inputs and its code are the same as last time")]

    def broken(record: VideoRecord) -> Output:
        raise MediaError("it is not a video")

    run(catalog, instance, broken, settings={"changed": True})
    assert told() == [("ERROR", "stage failed", "it is not a video")]


def test_a_secret_in_an_error_of_another_package_is_kept_nowhere(
    catalog: Catalog, instance: DagsterInstance, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "canary-of-a-stage-0123456789"  # noqa: S105
    REDACTED.learn(secret)

    def broken(record: VideoRecord) -> Output:
        try:
            raise ConnectionError(f"GET https://example.org/?token={secret}")
        except ConnectionError as error:
            raise RuntimeError("no answer") from error

    def named(record: VideoRecord) -> Output:
        raise RuntimeError(f"{secret} is no good key")

    for compute in (broken, named):
        result = run(catalog, instance, compute)
        assert not result.success
        told = [str(event) for event in result.all_events]
        told += [str(record) for record in instance.all_logs(result.run_id)]
        assert not [each for each in told if secret in each]
        assert secret not in errors(catalog)["stage-a"]
    assert errors(catalog)["stage-a"] == "RuntimeError: *** is no good key"

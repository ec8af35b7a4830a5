"""Many videos brought up to date: several to a run, what is current skipped, one that fails holds nobody back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter, SensorResult, SkipReason, build_sensor_context
from dagster._core.test_utils import create_run_for_test
from sqlalchemy import text
from typer.testing import CliRunner

from tests.clips import make_clip
from vsearch_pipeline import runner
from vsearch_pipeline.assets.stage import RANGE_END_TAG, RANGE_START_TAG
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.stages import fail_stage
from vsearch_pipeline.catalog.videos import list_videos
from vsearch_pipeline.cli import app
from vsearch_pipeline.definitions import definitions
from vsearch_pipeline.ingest.store import add_file
from vsearch_pipeline.resources.instance import open_instance
from vsearch_pipeline.resources.storage import CatalogResource
from vsearch_pipeline.sensors.left_behind import left_behind_sensor
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.store import open_store

SEARCHABLE = "segment_embeddings"


@pytest.fixture(scope="module")
def shelf(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Settings, Catalog, DagsterInstance, list[str]]]:
    """A library of its own with five videos that no run has worked on; the second one's file is damaged."""
    folder = tmp_path_factory.mktemp("backfill")
    folder.chmod(0o755)
    settings = Settings(home=folder / "home", actor="tester")
    catalog = open_catalog(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VSEARCH_HOME", str(settings.home))
        patch.setattr(runner, "defs", definitions(settings))
        videos = []
        for number in range(5):
            clip = make_clip(folder / f"clip {number}.mp4", seconds=1.0 + number / 10, cuts=(0.5,))
            videos.append(add_file(catalog, settings, clip, actor="tester", door="cli").video)
        damage(settings, str(videos[1].path))
        yield settings, catalog, open_instance(settings), [video.id for video in videos]


def damage(settings: Settings, name: str) -> None:
    store = open_store(settings)
    with store.work_place() as place:
        (place / "bad").write_bytes(b"\0" * 5000)
        store.keep(place / "bad", name)


def stages(catalog: Catalog) -> dict[str, set[str]]:
    with catalog.begin() as connection:
        return {item.video.id: set(item.stages) for item in list_videos(connection)}


def finished_at(catalog: Catalog) -> list[tuple[object, ...]]:
    with catalog.begin() as connection:
        rows = connection.execute(text("select video_id, stage, finished_at from stage_runs order by 1, 2"))
        return [tuple(row) for row in rows]


@pytest.mark.slow
def test_a_backfill_goes_on_past_a_bad_video_and_again_does_only_what_is_stale(
    shelf: tuple[Settings, Catalog, DagsterInstance, list[str]], tmp_path: Path
) -> None:
    settings, catalog, instance, videos = shelf
    told: list[float] = []
    failed = runner.backfill(instance, catalog, videos, lambda done, _: told.append(done))
    assert list(failed) == [videos[1]]
    assert "video: " in failed[videos[1]]
    done = stages(catalog)
    assert [SEARCHABLE in done[video] for video in videos] == [True, False, True, True, True]
    assert told[-1] == len(videos)
    assert all(0 <= each <= len(videos) for each in told)
    runs = instance.get_runs_count(RunsFilter())
    assert runs <= 3, "several videos a run: one that failed, and those left of it on both sides"

    before = finished_at(catalog)
    command = CliRunner()
    environment = {"VSEARCH_HOME": str(settings.home)}
    again = command.invoke(app, ["backfill", *videos[2:]], env=environment)
    assert again.exit_code == 0, again.output
    assert "3 of 3 videos are up to date" in again.output
    assert finished_at(catalog) == before, "nothing was stale"

    only_failed = command.invoke(app, ["backfill", "--failed"], env=environment)
    assert only_failed.exit_code == 1
    assert videos[1] in only_failed.output
    assert "1 of 1 videos failed" in str(only_failed.exception)

    whole = make_clip(tmp_path / "again.mp4", seconds=1.1, cuts=(0.5,))
    store = open_store(settings)
    with catalog.begin() as connection:
        name = next(str(v.video.path) for v in list_videos(connection) if v.video.id == videos[1])
    with store.work_place() as place:
        (place / "good").write_bytes(whole.read_bytes())
        store.keep(place / "good", name)
    mended = command.invoke(app, ["backfill", "--failed"], env=environment)
    assert mended.exit_code == 0, mended.output
    assert SEARCHABLE in stages(catalog)[videos[1]]
    nothing = command.invoke(app, ["backfill", "--failed"], env=environment)
    assert "no video failed" in nothing.output
    unknown = command.invoke(app, ["backfill", "nobody"], env=environment)
    assert "no video nobody" in str(unknown.exception)


# --- the daemon's runs -------------------------------------------------------------------------------------------


@pytest.fixture
def failed_run(catalog: Catalog, instance: DagsterInstance) -> Iterator[str]:
    """A run over three videos that failed for the second."""
    names = ["behind-a", "behind-b", "behind-c"]
    instance.add_dynamic_partitions("videos", names)
    run_id = "7d3f3c52-0000-4000-8000-000000000001"
    run = runner.defs.resolve_job_def("ingest")
    create_run_for_test(
        instance,
        job_name=run.name,
        run_id=run_id,
        status=DagsterRunStatus.FAILURE,
        tags={RANGE_START_TAG: names[0], RANGE_END_TAG: names[2]},
    )
    with catalog.begin() as connection:
        for name in names:
            connection.execute(
                text("insert into videos (id, title, kind, sha256, source) values (:v, :v, 'file', :v, 's')"),
                {"v": name},
            )
    yield run_id
    with catalog.begin() as connection:
        connection.execute(text("delete from videos where id like 'behind-%'"))


def look(
    home: Path, instance: DagsterInstance, cursor: str | None = None
) -> tuple[list[tuple[str, str]], str | None]:
    with build_sensor_context(
        instance=instance, cursor=cursor, resources={"catalog": CatalogResource(home=str(home))}
    ) as context:
        result = left_behind_sensor()(context)
        if isinstance(result, SkipReason):
            return [], context.cursor
        assert isinstance(result, SensorResult)
        asked = [(str(r.partition_key), str(r.run_key)) for r in result.run_requests or ()]
        return asked, context.cursor


def test_videos_that_a_failed_run_left_get_runs_of_their_own(
    catalog: Catalog, home: Path, instance: DagsterInstance, failed_run: str
) -> None:
    assert look(home, instance)[0] == [], "a run that failed for a reason of its own is not taken apart"
    with catalog.begin() as connection:
        fail_stage(connection, "behind-b", "faces", "it is damaged", failed_run)
    asked, cursor = look(home, instance)
    assert asked == [(f"behind-{x}", f"behind-{x} left by {failed_run}") for x in "ac"]
    again, _ = look(home, instance, cursor)
    assert again == asked, "under the same run keys, of which Dagster starts none twice"
    assert look(home, instance, str(float(cursor or 0) + 3600))[0] == []

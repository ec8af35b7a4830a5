"""Imported videos become searchable, several to a run, and the gallery's list gives their people names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from dagster import AssetKey, AssetRecordsFilter, DagsterInstance
from sqlalchemy import text
from typer.testing import CliRunner

from vsearch_pipeline import cli, runner
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import list_people
from vsearch_pipeline.definitions import definitions
from vsearch_pipeline.ingest.importing import import_metadata
from vsearch_pipeline.resources import instance as instances
from vsearch_pipeline.settings import Settings

EMBEDDINGS = AssetKey("segment_embeddings")


@pytest.fixture
def own(
    settings: Settings,
    catalog: Catalog,
    instance: DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Settings]:
    """Settings with a gallery of this test's own, and Dagster runs that stay in memory."""
    mine = settings.model_copy(update={"gallery": tmp_path / "gallery"})
    monkeypatch.setattr(runner, "defs", definitions(mine))
    monkeypatch.setattr(instances, "open_instance", lambda _: instance)
    monkeypatch.setattr(cli, "_settings", lambda: mine)
    yield mine
    with catalog.begin() as connection:
        connection.execute(text("delete from videos where starts_with(title, 'many ')"))
        connection.execute(text("delete from people where group_name = 'Many'"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    face = {"group": "Many", "member": "Kim Minji"}
    records = [
        {
            "video_id": f"many {number}",
            "timestamp": second,
            "caption": f"Number {number} {second}.",
            "faces": [face],
        }
        for number in range(5)
        for second in range(2)
    ]
    path = tmp_path / "many.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


def import_file(file: Path) -> Result:
    return CliRunner().invoke(cli.app, ["import", "metadata", str(file)])


def materialized(instance: DagsterInstance) -> list[str]:
    records = instance.fetch_materializations(AssetRecordsFilter(EMBEDDINGS), limit=100).records
    return sorted(str(record.partition_key) for record in records)


def embedded(catalog: Catalog) -> dict[str, int]:
    """Segments with a vector, by imported video."""
    with catalog.begin() as connection:
        rows = connection.execute(
            text(
                "select video_id, count(distinct segment_id) from segment_embeddings"
                " join segments on segments.id = segment_id join videos on videos.id = video_id"
                " where starts_with(title, 'many ') group by video_id"
            )
        )
        return dict(rows.tuples().all())


def found_by(catalog: Catalog, token: str) -> int:
    """Segments of the imported videos whose search row has a word."""
    with catalog.begin() as connection:
        statement = text(
            "select count(*) from segments join videos on videos.id = video_id"
            " where starts_with(title, 'many ') and search @@ to_tsquery('simple', :token)"
        )
        return int(connection.execute(statement, {"token": token}).scalar_one())


@pytest.mark.usefixtures("own")
def test_several_videos_share_a_run_and_each_is_a_materialization(
    catalog: Catalog, instance: DagsterInstance, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "IMPORTED_A_RUN", 2)
    videos = [video.video_id for video in import_metadata(catalog, file, actor="tester")]
    told: list[int] = []
    assert runner.ingest_imported(instance, catalog, videos, told.append) == {}
    assert told == [2, 2, 1]
    assert materialized(instance) == sorted(videos)
    assert embedded(catalog) == dict.fromkeys(videos, 2)
    runs = instance.get_runs()
    assert len(runs) == 3
    assert all(instances.IMPORT_TAG.items() <= run.tags.items() for run in runs)


@pytest.mark.usefixtures("own")
def test_one_that_fails_is_named_and_the_others_are_done(
    catalog: Catalog, instance: DagsterInstance, file: Path
) -> None:
    videos = [video.video_id for video in import_metadata(catalog, file, actor="tester")]
    with catalog.begin() as connection:
        connection.execute(text("delete from stage_runs where video_id = :id"), {"id": videos[2]})
    failed = runner.ingest_imported(instance, catalog, videos)
    assert list(failed) == [videos[2]]
    assert "needs segments first" in failed[videos[2]]
    others = sorted({*videos} - {videos[2]})
    assert sorted(embedded(catalog)) == others
    assert materialized(instance) == others


def test_the_command_tells_of_videos_and_people(
    own: Settings, catalog: Catalog, instance: DagsterInstance, file: Path
) -> None:
    own.gallery_dir.mkdir()
    (own.gallery_dir / "gallery.toml").write_text(
        '[[person]]\ngroup="Many"\nname="Kim Minji"\naliases=["Zminji", "Zkim"]\n'
        '[[person]]\ngroup="Many"\nname="Nobody Yet"\n'
    )
    said = import_file(file)
    assert said.exit_code == 0, said.output
    assert said.output.count("imported") == 5
    assert "Many/Kim Minji, also called Zminji, Zkim, in 10 segments" in said.output
    assert "Many/Nobody Yet (new), in no segment yet" in said.output
    assert found_by(catalog, "zminji") == 10
    assert len(materialized(instance)) == 5

    again = import_file(file)
    assert again.output.count("refreshed") == 5
    assert "learnt" not in again.output
    assert found_by(catalog, "zminji") == 10


@pytest.mark.usefixtures("own")
def test_the_command_names_what_failed_and_why(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_LISTED", 3)

    def third_is_damaged(_instance: object, _catalog: object, videos: list[str], _told: object) -> dict[str, str]:
        return {videos[2]: "it is damaged"}

    monkeypatch.setattr(runner, "ingest_imported", third_is_damaged)
    said = import_file(file)
    assert said.exit_code == 1
    assert "imported 4 videos" in said.output
    assert "8 segments" in said.output
    assert "failed   many-2-" in said.output
    assert "it is damaged" in said.output
    assert str(said.exception).startswith("1 of 5 videos are imported, but not searchable by meaning")


def test_a_broken_list_is_a_warning_and_the_import_goes_on(own: Settings, catalog: Catalog, file: Path) -> None:
    own.gallery_dir.mkdir()
    (own.gallery_dir / "gallery.toml").write_text('[[person]]\nname = "Kim\n')
    said = import_file(file)
    assert said.exit_code == 0, said.output
    assert len(embedded(catalog)) == 5
    [line] = [line for line in said.output.splitlines() if "look at" in line]
    assert str(own.gallery_dir / "gallery.toml") in line
    assert "line 2" in line
    assert "vsearch people names" in line
    with catalog.begin() as connection:
        assert {p.name for p in list_people(connection) if p.group == "Many"} == {"Kim Minji"}

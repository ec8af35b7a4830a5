"""`vsearch import segments`, `import captions`, `backup` and `restore`, in a library of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from click.testing import Result
from dagster import DagsterInstance
from rich.console import Console
from sqlalchemy import text
from typer.testing import CliRunner

from tests.editing.library import EMBEDDER, add_video, editing, shown
from tests.ingest.empty import empty_catalog
from vsearch_pipeline import runner
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.videos import list_videos
from vsearch_pipeline.cli import _progress
from vsearch_pipeline.cli_people import Terminal
from vsearch_pipeline.cli_transfer import mount
from vsearch_pipeline.definitions import definitions
from vsearch_pipeline.editing import doors
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.export.service import open_export
from vsearch_pipeline.resources import instance as instances
from vsearch_pipeline.settings import Settings

FILM = "moved-film"
Say = Callable[..., Result]


@pytest.fixture
def own(
    catalog: Catalog,
    settings: Settings,
    instance: DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Settings]:
    """Settings of a library with one film, whose first caption a person wrote; Dagster runs stay in memory."""
    monkeypatch.setattr(doors, "_embedder", lambda _: EMBEDDER)
    monkeypatch.setattr(instances, "open_instance", lambda _: instance)
    with empty_catalog(catalog, settings, "cli_transfer") as made:
        url = made.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        mine = settings.model_copy(update={"database_url": url, "gallery": tmp_path / "gallery"})
        monkeypatch.setenv("VSEARCH_DATABASE_URL", url)  # for runs
        monkeypatch.setattr(runner, "defs", definitions(mine))
        with made.begin() as connection:
            add_video(connection, name=FILM)
            editing(connection).set_captions([shown(connection, FILM)[0].id], {"en": "mine"})
        yield mine
        open_catalog(mine).close()


@pytest.fixture
def vsearch(own: Settings) -> Say:
    def say(*arguments: str) -> Result:
        console = Console(highlight=False, soft_wrap=True, width=200)
        app, importing = typer.Typer(), typer.Typer()
        app.add_typer(importing, name="import")
        mount(app, importing, Terminal(lambda: own, console, console, _progress))
        return CliRunner().invoke(app, list(arguments))

    return say


def told(result: Result) -> str:
    """What was printed; an error of the command is one of the test."""
    if result.exception is not None:
        raise result.exception
    return result.output


def forget(own: Settings) -> None:
    with open_catalog(own).begin() as connection:
        for table in (
            "face_marks",
            "operation_subjects",
            "operations",
            "videos",
            "people",
            "searches",
            "counters",
        ):
            connection.execute(text(f"delete from {table}"))  # noqa: S608


def stages(own: Settings) -> list[str]:
    with open_catalog(own).begin() as connection:
        return [stage for video in list_videos(connection) for stage in video.stages]


def test_segments_go_out_and_come_in_again(vsearch: Say, own: Settings, tmp_path: Path) -> None:
    file = tmp_path / "film.json"
    written = open_export(own).segments_json(videos=[FILM])
    file.write_text(written, encoding="utf-8")
    assert "known    moved-film: nothing new" in told(vsearch("import", "segments", str(file)))
    forget(own)
    assert "made     moved-film: 4 segments (operation " in told(vsearch("import", "segments", str(file)))
    assert open_export(own).segments_json(videos=[FILM]) == written
    assert "segment_embeddings" in stages(own)
    file.write_text(written.replace('"mine"', '"theirs"'), encoding="utf-8")
    output = told(vsearch("import", "segments", str(file)))
    assert "kept     segment 1 (0:00.000-0:05.000), caption_en: 'mine' here, 'theirs' in the file" in output
    output = told(vsearch("import", "segments", str(file), "--replace"))
    assert "changed  moved-film: 1 segment (operation " in output
    assert "replaced segment 1 (0:00.000-0:05.000), caption_en: 'mine' here, 'theirs' in the file" in output
    file.write_text("{", encoding="utf-8")
    assert isinstance(vsearch("import", "segments", str(file)).exception, InputError)


def test_captions_come_from_subtitles(vsearch: Say, tmp_path: Path) -> None:
    file = tmp_path / "film.srt"
    file.write_text(
        "1\n00:00:01,000 --> 00:00:02,000\n<i>hello</i>\n\n2\n00:00:40,000 --> 00:00:41,000\nlate\n",
        encoding="utf-8",
    )
    output = told(vsearch("import", "captions", "moved", str(file)))
    assert "imported 1 English caption of moved-film, 1 instead of what people wrote" in output
    assert "undo with: vsearch undo" in output
    assert "left out 0:40.000-0:41.000 'late': the video is 0:20.000 long" in output
    assert "It was like that already." in told(vsearch("import", "captions", FILM, str(file), "--language", "en"))
    assert isinstance(vsearch("import", "captions", "nowhere", str(file)).exception, NotFoundError)
    assert vsearch("import", "captions", FILM, str(file), "--by", "guess").exit_code == 2


def test_a_backup_goes_out_and_comes_back(vsearch: Say, own: Settings, tmp_path: Path) -> None:
    (own.gallery_dir / "Ana").mkdir(parents=True)
    (own.gallery_dir / "Ana" / "1.jpg").write_bytes(b"a photo")
    file = tmp_path / "library.zip"
    assert "library.zip: 1 video, 4 segments, 1 operation, 1 photo" in told(vsearch("backup", str(file)))
    assert "restored nothing that is not here already" in told(vsearch("restore", str(file)))
    written = open_export(own).segments_json(videos=[FILM])
    forget(own)
    output = told(vsearch("restore", str(file)))
    assert "restored 1 video, 4 segments, 1 operation" in output
    assert "Add the videos' files again with `vsearch add`" in output
    assert open_export(own).segments_json(videos=[FILM]) == written
    assert "segment_embeddings" in stages(own)
    assert isinstance(vsearch("restore", str(tmp_path / "none.zip")).exception, InputError)

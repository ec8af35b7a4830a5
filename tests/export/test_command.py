"""`vsearch export`, and what `vsearch search` prints of words that were heard."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import delete
from typer.testing import CliRunner

from tests.catalog.test_speech import say
from tests.export.reading import points, read
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.models import Video
from vsearch_pipeline.catalog.segments import AutoFields, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.cli import app
from vsearch_pipeline.editing.refresh import refresh_segments
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange

VIDEO, SILENT = "exported-film", "exported-silence"
Say = Callable[..., Result]


@pytest.fixture
def vsearch(catalog: Catalog, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Say]:
    with catalog.begin() as connection:
        say(connection, VIDEO, [("Bring", 3200, 3500), ("[bold]zeppelins!", 3500, 4100)], [("나라를", 8000, 8600)])
        insert_video(connection, VideoRecord(SILENT, "A silent picture", "file", SILENT, "test"))
        producer = producer_id(connection, ProducerInfo("segments", "tests", "1"))
        spans = [TimeRange(3000, 6000)]
        said = AutoFields("A zeppelin", "비행선", speech="Bring [bold]zeppelins!")
        refresh_segments(connection, VIDEO, spans, lambda _: said, producer)
    monkeypatch.setenv("VSEARCH_HOME", str(settings.home))
    yield lambda *arguments: CliRunner().invoke(app, list(arguments))
    with catalog.begin() as connection:
        connection.execute(delete(Video).where(Video.id.in_([VIDEO, SILENT])))


@pytest.fixture
def segment(vsearch: Say, catalog: Catalog) -> int:
    with catalog.begin() as connection:
        return read_segments(connection, video_id=VIDEO)[0].id


def test_subtitles_are_printed(vsearch: Say) -> None:
    result = vsearch("export", "of exported-film")
    assert result.output.startswith("1\n00:00:03,200 --> 00:00:04,300\nBring [bold]zeppelins!\n\n2\n00:00:08,000")


@pytest.mark.parametrize(
    ("name", "begin"),
    [("vtt", "WEBVTT\n"), ("ass", "[Script Info]"), ("txt", "Bring [bold]zeppelins!\n나라를\n"), ("json", "{")],
)
def test_every_format_goes_to_a_file(vsearch: Say, tmp_path: Path, name: str, begin: str) -> None:
    file = tmp_path / f"film.{name}"
    result = vsearch("export", VIDEO, "--format", name, "--out", str(file))
    assert result.exit_code == 0
    assert "written" in result.output
    assert file.read_text(encoding="utf-8").startswith(begin)
    assert vsearch("export", VIDEO, "--format", name, "--out", "-").output == file.read_text(encoding="utf-8")


def test_json_has_every_word_with_its_time(vsearch: Say) -> None:
    transcript = json.loads(vsearch("export", VIDEO, "--format", "json", "--text", "speech").output)
    assert (transcript["video"], transcript["title"]) == (VIDEO, f"Title of {VIDEO}")
    assert transcript["utterances"][0]["words"][0] == {"text": "Bring", "start_ms": 3200, "end_ms": 3500}


def test_json_has_segments_with_both_layers(vsearch: Say, segment: int) -> None:
    whole = json.loads(vsearch("export", VIDEO, SILENT, "--format", "json").output)
    assert [(video["id"], video["whole"]) for video in whole["videos"]] == [(VIDEO, True), (SILENT, True)]
    [found] = whole["videos"][0]["segments"]
    assert (found["id"], found["caption_en"], found["auto"]["range"], found["human"]) == (
        segment,
        "A zeppelin",
        [3000, 6000],
        None,
    )
    for arguments in (["--segments", f"{segment},{segment}"], ["--search", "zeppelin", "--limit", "1"]):
        [video] = json.loads(vsearch("export", *arguments, "--format", "json").stdout)["videos"]
        assert (video["id"], video["whole"], [s["id"] for s in video["segments"]]) == (VIDEO, False, [segment])


def test_what_cannot_be_exported_is_said_in_a_sentence(vsearch: Say, tmp_path: Path) -> None:
    for arguments, error, reason in (
        ([SILENT], NotFoundError, "A silent picture: nothing is said in it"),
        (["no such film"], NotFoundError, "There is no video 'no such film'"),
        ([VIDEO, "--out", str(tmp_path)], InputError, "cannot be written"),
    ):
        raised = vsearch("export", *arguments).exception
        assert isinstance(raised, error)
        assert reason in str(raised)
    assert vsearch("export", VIDEO, "--format", "doc").exit_code == 2


def test_captions_of_segments_by_number(vsearch: Say, segment: int) -> None:
    result = vsearch("export", "--segments", f"{segment},{segment}")
    assert result.output == (
        "1\n00:00:00,000 --> 00:00:03,000\n비행선\n\n2\n00:00:03,000 --> 00:00:06,000\n비행선\n\n"
    )
    assert (
        vsearch("export", "--segments", str(segment), "--format", "txt", "--text", "en").output == "A zeppelin\n"
    )
    said = vsearch("export", "--segments", str(segment), "--format", "vtt", "--text", "speech").output
    assert "00:00:00.200 --> 00:00:01.300\nBring [bold]zeppelins!" in said
    own_clock = vsearch("export", VIDEO, "--text", "ko").output
    assert own_clock.startswith("1\n00:00:03,000 --> 00:00:06,000\n비행선")


@pytest.mark.parametrize("name", ["otio", "edl", "fcpxml"])
def test_timelines_of_what_a_search_finds(vsearch: Say, tmp_path: Path, name: str) -> None:
    file = tmp_path / f"found.{name}"
    result = vsearch("export", "--search", "zeppelin", "--limit", "1", "--format", name, "--out", str(file))
    assert result.exit_code == 0, result.exception
    [point] = points(read(file.read_text(encoding="utf-8"), name, 25.0))
    assert (point.first, point.end) == (75, 150)


def test_a_table_goes_to_the_terminal_as_bytes(vsearch: Say) -> None:
    written = vsearch("export", VIDEO, "--format", "csv").stdout_bytes
    assert written.decode("utf-8-sig").splitlines()[1].startswith(f"{VIDEO},Title of {VIDEO},")


def test_clips_without_a_file_are_told(vsearch: Say, tmp_path: Path) -> None:
    result = vsearch("export", VIDEO, "--format", "clips", "--out", str(tmp_path / "clips"))
    assert str(result.exception) == "1 of 1 could not be written; the reasons are above."
    assert "its file is gone" in result.output


def test_what_does_not_go_together_is_refused(vsearch: Say, segment: int) -> None:
    for arguments, reason in (
        ([], "Give videos, or a query"),
        ([VIDEO, "--search", "x"], "Give videos, or a query"),
        ([VIDEO, "--format", "reel"], "reel needs --out: a new file"),
        (["--segments", "1,x"], "give numbers"),
        (["--segments", "999999"], "no segment 999999"),
        ([SILENT, "--format", "csv"], "A silent picture: nothing is known of it yet"),
        (["--segments", "999999", "--format", "json"], "no segment 999999"),
        (["--segments", str(segment), "--format", "json", "--text", "speech"], "transcript of one video"),
        ([VIDEO, "--format", "edl", "--text", "ko"], "edl takes none"),
        ([VIDEO, "--format", "json", "--text", "ko"], "leave --text out for segments"),
    ):
        assert reason in str(vsearch("export", *arguments).exception), arguments


def test_the_search_prints_when_words_are_heard(vsearch: Say) -> None:
    assert "0:03.5 [bold]zeppelins!" in vsearch("search", "zeppelin").output
    [hit] = json.loads(vsearch("search", "zeppelin", "--json", "--limit", "1").output)
    assert hit["heard"] == [{"text": "[bold]zeppelins!", "start_ms": 3500, "end_ms": 4100}]

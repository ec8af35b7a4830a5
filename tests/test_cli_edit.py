"""`vsearch segments`, `edit`, `history` and going back, over a library of rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
import typer
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from sqlalchemy import delete
from typer.testing import CliRunner

from tests.editing.library import EMBEDDER, Model, add_video, materialize
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.models import Video
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.cli import _progress
from vsearch_pipeline.cli_edit import mount
from vsearch_pipeline.cli_people import Terminal
from vsearch_pipeline.editing import doors
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import clock, parse_time

Say = Callable[..., Result]


@pytest.fixture
def video(catalog: Catalog) -> Iterator[str]:
    with catalog.begin() as connection:
        made = add_video(connection, Model(people={"Ana of the command line": [(0, 4000)]}))
    yield made
    with catalog.begin() as connection:
        connection.execute(delete(Video).where(Video.id == made))


@pytest.fixture
def vsearch(settings: Settings, video: str, monkeypatch: pytest.MonkeyPatch) -> Say:
    monkeypatch.setattr(doors, "_embedder", lambda _: EMBEDDER)
    own = settings.model_copy(update={"actor": f"mina-{video}"})

    def say(*arguments: str) -> Result:
        console = Console(highlight=False, soft_wrap=True, width=200)
        app = typer.Typer()
        mount(app, Terminal(lambda: own, console, console, _progress))
        return CliRunner().invoke(app, list(arguments))

    return say


def numbers(catalog: Catalog, video: str) -> list[int]:
    with catalog.begin() as connection:
        return [segment.id for segment in read_segments(connection, video_id=video)]


def told(result: Result) -> str:
    """What was printed; an error of the command is one of the test."""
    if result.exception is not None:
        raise result.exception
    return result.output


def test_an_edit_is_told_with_its_number_and_taken_back(vsearch: Say, catalog: Catalog, video: str) -> None:
    first, second, *_ = numbers(catalog, video)
    said = told(vsearch("edit", "caption", f"{first},{second}", "--ko", "민지가 [웃는다]"))
    assert f"segment {first} ({video} 0:00.000-0:05.000), caption_ko: - -> 민지가 [웃는다]" in said
    number = re.search(r"^(\d+)  ", said, re.MULTILINE)
    assert number is not None
    assert "like that already" in told(vsearch("edit", "caption", str(first), "--ko", "민지가 [웃는다]"))
    listed = told(vsearch("segments", video))
    assert listed.count("ko* 민지가 [웃는다]") == 2
    assert f"history.undo {number[1]}" in told(vsearch("undo"))
    assert "taken back by" in told(vsearch("history", "--segment", str(first)))
    assert "caption_ko" in told(vsearch("redo"))
    told(vsearch("rewind", "--video", video, "--to", "0"))
    with catalog.begin() as connection:
        assert not any(segment.touched for segment in read_segments(connection, video_id=video))


def test_every_edit_has_a_command(vsearch: Say, catalog: Catalog, video: str) -> None:
    first, second, third, last = map(str, numbers(catalog, video))
    with catalog.begin() as connection:
        ensure_person(connection, None, "Ben of the command line")
    told(
        vsearch("edit", "people", first, "--add", "Ben of the command line", "--remove", "Ana of the command line")
    )
    told(vsearch("edit", "move", first, "--end", "4.5"))
    told(vsearch("edit", "split", first, "0:02.5", "--captions", "first"))
    assert "are one" in told(vsearch("edit", "merge", f"{second},{third}", "--people", "common"))
    told(vsearch("edit", "lock", last))
    with pytest.raises(Exception, match="is locked"):
        told(vsearch("edit", "delete", last))
    told(vsearch("edit", "unlock", last))
    told(vsearch("edit", "delete", last))
    assert last not in told(vsearch("segments", video)).split()
    assert last in told(vsearch("segments", video, "--deleted")).split()
    told(vsearch("edit", "restore", last))
    told(vsearch("edit", "delete", last))
    told(vsearch("edit", "create", video, "15", "0:16.25", "--en", "made by hand"))
    [made] = [
        s
        for s in json.loads(told(vsearch("segments", video, "--json")))
        if s["edited"] and s["speech"] is None and s["start_ms"] == 15_000
    ]
    assert (made["end_ms"], made["caption_en"]) == (16_250, "made by hand")
    entries = json.loads(told(vsearch("history", "--video", video, "--limit", "3", "--json")))
    assert [entry["kind"] for entry in entries] == ["segment.create", "segment.delete", "segment.restore"]
    told(vsearch("revert", str(entries[1]["operation"]), "--with-later"))


def test_what_the_models_say_now_is_offered_accepted_or_not(vsearch: Say, catalog: Catalog, video: str) -> None:
    first, second, *_ = map(str, numbers(catalog, video))
    told(vsearch("edit", "caption", f"{first},{second}", "--en", "mine"))
    assert "Nothing is offered" in told(vsearch("segments", video, "--offered"))
    with catalog.begin() as connection:
        materialize(connection, video, Model(word="newer", people={"Ana of the command line": [(0, 4000)]}))
    assert "en? newer caption 0" in told(vsearch("segments", video, "--offered"))
    told(vsearch("edit", "accept", first, "--what", "en"))
    told(vsearch("edit", "keep", second))
    assert "Nothing is offered" in told(vsearch("segments", video, "--offered"))
    captions = {str(s["segment"]): s["caption_en"] for s in json.loads(told(vsearch("segments", video, "--json")))}
    assert (captions[first], captions[second]) == ("newer caption 0", "mine")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["edit", "caption", "x", "--en", "y"], "is not a number of a segment"),
        (["edit", "caption", "1-x", "--en", "y"], "is not a number of a segment"),
        (["edit", "caption", "1,2", "--en", "y", "--version", "0"], "of one segment"),
        (["edit", "move", "1"], "Give --start"),
        (["edit", "move", "1", "--start", "1:2:3:4"], "is not a time"),
        (["edit", "create", "{video}", "5", "5"], "must end after it begins"),
        (["edit", "people", "1", "--add", "Nobody of the command line"], "Nobody is called"),
        (["rewind", "--video", "{video}"], "Say to which point"),
        (["rewind", "--video", "{video}", "--to", "yesterday"], "neither an operation's number nor a time"),
        (["undo"], "nothing of yours"),
        (["redo"], "nothing to do again"),
        (["revert", "999999999"], "no operation"),
        (["history", "--video", "no such video"], "no video"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    vsearch: Say, video: str, arguments: list[str], reason: str
) -> None:
    with pytest.raises(Exception, match=reason):
        told(vsearch(*(argument.format(video=video) for argument in arguments)))


@given(st.integers(0, 10 * 3_600_000))
def test_times_are_read_as_they_are_printed(time_ms: int) -> None:
    assert parse_time(clock(time_ms)) == time_ms
    assert parse_time(f"{time_ms // 1000}.{time_ms % 1000:03d}") == time_ms


@given(st.text(max_size=12).filter(lambda text: not any(character.isdigit() for character in text)))
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a time"):
        parse_time(text)

"""Runs that people ask for: asked once, told until they end, written into the history."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from vsearch_pipeline.catalog.operations import read_operations
from vsearch_pipeline.catalog.requests import (
    RequestRecord,
    begin_take_in,
    count_bytes,
    follow_request,
    open_requests,
    put_away,
    request_run,
    told_requests,
)
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.errors import NotFoundError

LINK = "https://example.org/a.mp4"


@pytest.fixture
def library(connection: Connection) -> Connection:
    """A library with one video, of which nothing is asked."""
    connection.execute(text("delete from requests"))
    insert_video(connection, VideoRecord("film", "The film", "file", "sha-film", "test"))
    return connection


def ask(connection: Connection, kind: str = "retry", subject: str = "film", **more: int) -> int:
    return request_run(connection, kind, subject, actor="mina", door="web", **more)  # type: ignore[arg-type]


def request(connection: Connection, number: int) -> RequestRecord:
    return next(each for each in told_requests(connection) if each.id == number)


def test_asking_twice_is_asking_once(library: Connection) -> None:
    first = ask(library)
    assert ask(library) == first
    follow_request(library, first, "running", run_id="run-1")
    assert ask(library) == first, "and while it runs"
    follow_request(library, first, "done")
    assert ask(library) != first
    kinds = [operation.kind for operation in read_operations(library, subjects=[("video", "film")])]
    assert kinds == ["video.retry", "video.retry"], "what was asked for already is not written down again"


def test_a_request_tells_who_asked_and_how_it_goes(library: Connection) -> None:
    number = ask(library)
    [asked] = open_requests(library)
    assert (asked.id, asked.kind, asked.subject, asked.actor, asked.door) == (
        number,
        "retry",
        "film",
        "mina",
        "web",
    )
    assert (asked.state, asked.run_id, asked.reason) == ("waiting", None, None)
    library.execute(text("update requests set asked_at = now() - interval '90 seconds'"))
    assert open_requests(library)[0].waited == pytest.approx(90, abs=1)
    follow_request(library, number, "failed", run_id="run-1", reason="the disk is full")
    assert open_requests(library) == []
    told = request(library, number)
    assert (told.state, told.run_id, told.reason) == ("failed", "run-1", "the disk is full")
    follow_request(library, number, "running")
    assert request(library, number).state == "failed", "what has ended stays as it is"


def test_there_must_be_such_a_video(library: Connection) -> None:
    with pytest.raises(NotFoundError, match="no video nowhere"):
        ask(library, subject="nowhere")


def test_asking_again_takes_the_place_of_what_failed(library: Connection) -> None:
    first = ask(library, "take_in", LINK)
    follow_request(library, first, "failed", reason="404")
    second = ask(library, "take_in", LINK)
    assert [each.id for each in told_requests(library)] == [second]
    follow_request(library, second, "failed", reason="404")
    put_away(library, second)
    assert told_requests(library) == []


def test_only_what_failed_can_be_put_away(library: Connection) -> None:
    number = ask(library)
    put_away(library, number)
    assert [each.id for each in open_requests(library)] == [number]


def test_names_are_learnt_before_they_are_given_again(library: Connection) -> None:
    relabel = ask(library, "relabel", "")
    train, named = open_requests(library)
    assert (train.kind, train.after) == ("train", None)
    assert (named.id, named.kind, named.after) == (relabel, "relabel", train.id)
    newest = read_operations(library, limit=1)[0]
    assert (newest.kind, newest.actor) == ("library.relabel", "mina")


def test_parts_of_adding_are_no_operations_of_their_own(library: Connection) -> None:
    before = read_operations(library, limit=1)
    training = ask(library, "train", "")
    ask(library, "ingest", after=training)
    assert read_operations(library, limit=1) == before


def test_a_link_longer_than_an_index_holds(library: Connection) -> None:
    link = f"{LINK}?{'a' * 10_000}"
    number = ask(library, "take_in", link)
    assert ask(library, "take_in", link) == number
    assert ask(library, "take_in", f"{link}b") != number
    assert read_operations(library, limit=1)[0].about == {"source": f"{link}b"}


def test_a_run_that_takes_something_in(library: Connection) -> None:
    number = ask(library, "take_in", LINK)
    assert begin_take_in(library, LINK, "run-1", number) == number
    count_bytes(library, number, 5_000_000_000, 6_000_000_000)
    told = request(library, number)
    assert (told.state, told.run_id, told.done, told.total) == ("running", "run-1", 5_000_000_000, 6_000_000_000)
    follow_request(library, number, "failed", reason="cut off")
    begin_take_in(library, LINK, "run-2", number)
    told = request(library, number)
    assert (told.state, told.run_id, told.reason, told.done) == ("running", "run-2", None, None), "it goes on"
    follow_request(library, number, "done", video_id="film")
    assert open_requests(library) == []
    row = library.execute(text("select state, video_id from requests where id = :id"), {"id": number}).one()
    assert tuple(row) == ("done", "film")


def test_the_inbox_makes_its_own_request(library: Connection) -> None:
    number = begin_take_in(library, "/inbox/a.mp4", "run-1", None)
    [asked] = open_requests(library)
    assert (asked.id, asked.actor, asked.door, asked.state) == (number, "inbox", "sensor", "running")
    follow_request(library, number, "failed", reason="empty")
    assert begin_take_in(library, "/inbox/a.mp4", "run-2", None) != number
    assert len(told_requests(library)) == 1, "the earlier failure is no longer told"

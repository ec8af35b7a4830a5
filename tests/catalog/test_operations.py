"""The history: what stands of it, and reading it by what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from tests.people_library import add_video
from vsearch_pipeline.catalog.operations import (
    Subject,
    get_operation,
    last_operation_before,
    log_of_videos,
    log_operation,
    operation_subjects,
    read_operations,
)
from vsearch_pipeline.errors import NotFoundError

SEGMENT: Subject = ("segment", "history-test")


def log(
    connection: Connection,
    *,
    reverts: int | None = None,
    actor: str = "mina of operations",
    subjects: Sequence[Subject] = (SEGMENT,),
) -> int:
    kind = "segment.caption" if reverts is None else "history.revert"
    return log_operation(connection, actor=actor, door="web", kind=kind, reverts=reverts, subjects=subjects)


def test_all_that_is_told_is_read_again(connection: Connection) -> None:
    before = {"segment": {"7": {"caption_en": None, "range": [0, 1]}}}
    after = {"segment": {"7": {"caption_en": ["quoted \"'; drop", "개"], "range": [0, 2]}}}
    number = log_operation(
        connection,
        actor="민지",
        door="cli",
        kind="segment.caption",
        before=before,
        after=after,
        about={"where": {"7": ["v", 0, 1]}},
        subjects=[("video", "v"), SEGMENT, ("person", "3"), SEGMENT],
    )
    read = get_operation(connection, number)
    assert (read.actor, read.door, read.kind) == ("민지", "cli", "segment.caption")
    assert (read.before, read.after, read.about) == (before, after, {"where": {"7": ["v", 0, 1]}})
    assert (read.reverts, read.reverted_by, read.stands) == (None, None, True)
    assert datetime.now(UTC) - read.at < timedelta(minutes=1)
    assert operation_subjects(connection, number) == [("person", "3"), SEGMENT, ("video", "v")]


def test_what_changed_nothing_has_empty_fields(connection: Connection) -> None:
    read = get_operation(connection, log(connection, subjects=()))
    assert (read.before, read.after, read.about) == ({}, {}, {})
    assert operation_subjects(connection, read.id) == []
    with pytest.raises(NotFoundError, match="vsearch history"):
        get_operation(connection, 10**15)


def test_taking_back_taking_back_is_doing_it_again(connection: Connection) -> None:
    done = log(connection)
    undone = log(connection, reverts=done)
    assert (get_operation(connection, done).reverted_by, get_operation(connection, undone).stands) == (
        undone,
        True,
    )
    redone = log(connection, reverts=undone)
    assert get_operation(connection, done).stands
    assert get_operation(connection, undone).reverted_by == redone
    again = log(connection, reverts=done)
    assert get_operation(connection, done).reverted_by == again
    assert [o.stands for o in read_operations(connection, subjects=[SEGMENT])] == [True, True, False, False]


def test_what_stands_does_not_depend_on_what_is_read_with_it(connection: Connection) -> None:
    chain = [log(connection)]
    for _ in range(6):
        chain.append(log(connection, reverts=chain[-1]))
    whole = {o.id: o.reverted_by for o in read_operations(connection, subjects=[SEGMENT])}
    assert [whole[number] for number in chain] == [None, chain[2], None, chain[4], None, chain[6], None]
    assert {number: get_operation(connection, number).reverted_by for number in chain} == whole
    for limit in range(1, 7):
        page = read_operations(connection, subjects=[SEGMENT], limit=limit)
        assert {o.id: o.reverted_by for o in page} == {number: whole[number] for number in chain[::-1][:limit]}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 8), max_size=12))
def test_an_operation_stands_unless_one_that_stands_takes_it_back(
    connection: Connection, choices: list[int]
) -> None:
    """Any history: of those that stand, one is chosen to be taken back, or something new is done."""
    subject: Subject = ("segment", f"history-{'-'.join(map(str, choices))}")
    made: list[tuple[int, int | None]] = []
    stands: dict[int, bool] = {}

    def stand(number: int) -> bool:
        return not any(stand(later) for later, reverts in made if reverts == number)

    for choice in choices:
        standing = [number for number, is_there in stands.items() if is_there]
        reverts = standing[choice] if choice < len(standing) else None
        made.append((log(connection, reverts=reverts, subjects=[subject]), reverts))
        stands = {number: stand(number) for number, _ in made}
    read = read_operations(connection, subjects=[subject])
    assert {o.id: o.stands for o in read} == stands
    for operation in read:
        if operation.reverted_by is not None:
            assert (operation.reverted_by, operation.id) in made
            assert stands[operation.reverted_by]
    connection.execute(text("delete from operation_subjects where subject = :s"), {"s": subject[1]})


def test_the_history_is_read_by_what_it_is_about(connection: Connection) -> None:
    video, person = ("video", "history-video"), ("person", "history-person")
    one = log(connection, subjects=[SEGMENT, video])
    two = log(connection, subjects=[person, video])
    three = log(connection, subjects=[("segment", "history-person")])  # the same name of another kind

    def about(*subjects: Subject) -> list[int]:
        return [o.id for o in read_operations(connection, subjects=subjects)]

    assert about(video) == [two, one]  # type: ignore[arg-type]
    assert about(SEGMENT) == [one]
    assert about(person) == [two]  # type: ignore[arg-type]
    assert about(SEGMENT, person) == [two, one], "each once"  # type: ignore[arg-type]
    assert about(("video", "nowhere")) == []
    assert {one, two, three} <= {o.id for o in read_operations(connection)}


def test_the_history_is_read_by_who_did_it_and_page_by_page(connection: Connection) -> None:
    jun = "jun of operations"
    numbers = [log(connection, actor=jun if i % 2 else "mina of operations") for i in range(8)]
    assert [o.id for o in read_operations(connection, actor=jun)] == numbers[1::2][::-1]
    assert read_operations(connection, actor="nobody of operations") == []
    pages, last = [], None
    while page := read_operations(connection, subjects=[SEGMENT], before=last, limit=3):
        pages.append([o.id for o in page])
        last = page[-1].id
    assert pages == [numbers[7:4:-1], numbers[4:1:-1], numbers[1::-1]]
    assert [o.id for o in read_operations(connection, subjects=[SEGMENT], after=numbers[5])] == numbers[:5:-1]
    between = read_operations(connection, actor=jun, after=numbers[1], before=numbers[5])
    assert [o.id for o in between] == [numbers[3]]
    assert read_operations(connection, after=numbers[-1]) == []
    assert read_operations(connection, limit=0) == []


def test_several_videos_are_an_operation_each(connection: Connection) -> None:
    videos = [add_video(connection) for _ in range(3)]
    told = {video: {"file": "f.json", "segments": i} for i, video in enumerate(videos)}
    log_of_videos(connection, actor="mina", door="import", kind="catalogue.import", about=told)
    for i, video in enumerate(videos):
        [read] = read_operations(connection, subjects=[("video", video)])
        assert (read.kind, read.door, read.about) == (
            "catalogue.import",
            "import",
            {"file": "f.json", "segments": i},
        )
    before = read_operations(connection, limit=1)
    log_of_videos(connection, actor="mina", door="import", kind="catalogue.import", about={})
    assert read_operations(connection, limit=1) == before


def test_the_last_operation_up_to_a_moment(connection: Connection) -> None:
    one, two = log(connection), log(connection)
    moment = datetime(2001, 1, 1, tzinfo=UTC)
    for number, at in ((one, moment), (two, moment + timedelta(days=1))):
        connection.execute(text("update operations set at = :at where id = :id"), {"at": at, "id": number})
    assert last_operation_before(connection, moment - timedelta(microseconds=1)) == 0
    assert last_operation_before(connection, moment) == one
    assert last_operation_before(connection, moment + timedelta(hours=30)) == two

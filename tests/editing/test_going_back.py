"""Looking before going back: what it would do, what stands in the way, and that looking changes nothing."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import Connection, text

from tests.editing.library import Model, add_video, editing, history, shown, snapshot
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.operations import log_operation
from vsearch_pipeline.editing.entries import Spot
from vsearch_pipeline.errors import ForbiddenError, InputError, NotFoundError
from vsearch_pipeline.timeline import TimeRange


def count(connection: Connection) -> int:
    return int(connection.execute(text("select count(*) from operations")).scalar_one())


def test_a_revert_is_looked_at_before_it_is_done(connection: Connection) -> None:
    video = add_video(connection)
    first = shown(connection, video)[0]
    done = editing(connection).set_captions([first.id], {"en": "one", "ko": "하나"}).operation or 0
    before, operations = snapshot(connection, video), count(connection)
    preview = history(connection).preview_revert(done)
    assert (snapshot(connection, video), count(connection)) == (before, operations)
    [entry] = preview.entries
    assert (entry.operation.kind, entry.operation.reverts, preview.later) == ("history.revert", done, ())
    assert {(d.field, d.before, d.after) for d in entry.differences} == {
        ("caption_en", "one", None),
        ("caption_ko", "하나", None),
    }
    history(connection).revert(done)
    with pytest.raises(InputError, match="taken back already"):
        history(connection).preview_revert(done)
    with pytest.raises(NotFoundError):
        history(connection).preview_revert(10**15)


def test_what_stands_in_the_way_is_looked_at_with_what_taking_it_back_does(connection: Connection) -> None:
    video = add_video(connection)
    first = shown(connection, video)[0]
    service = editing(connection)
    one = service.set_captions([first.id], {"en": "one"}).operation or 0
    two = service.set_captions([first.id], {"en": "two"}).operation or 0
    three = service.set_captions([first.id], {"en": "three"}).operation or 0
    before = snapshot(connection, video)
    preview = history(connection).preview_revert(one)
    assert snapshot(connection, video) == before
    assert [each.operation.id for each in preview.later] == [three, two]
    assert [each.operation.reverts for each in preview.entries] == [three, two, one]
    assert [(d.before, d.after) for each in preview.entries for d in each.differences] == [
        ("three", "two"),
        ("two", "one"),
        ("one", None),
    ]


def test_a_restore_says_how_much_it_unwinds(connection: Connection) -> None:
    video, other = add_video(connection), add_video(connection)
    first, second, *_ = shown(connection, video)
    service = editing(connection)
    one = service.set_captions([first.id], {"en": "one"}).operation or 0
    service.set_captions([first.id], {"en": "two"})
    service.split(second.id, second.span.middle_ms)
    service.set_captions([shown(connection, other)[0].id], {"en": "elsewhere"})
    before = snapshot(connection, video)
    preview = history(connection).preview_restore(video=video, operation=one)
    assert (preview.unwound, snapshot(connection, video)) == (2, before)
    [entry] = preview.entries
    assert {d.field for d in entry.differences} >= {"caption_en", "range", "created"}
    only = history(connection).preview_restore(segment=first.id, operation=one)
    assert (only.unwound, [(d.before, d.after) for d in only.entries[0].differences]) == (1, [("two", "one")])
    history(connection).restore(video=video, operation=one)
    again = history(connection).preview_restore(video=video, operation=one)
    assert (again.entries, again.unwound) == ((), 3), "the three that came to nothing"
    with pytest.raises(InputError, match="Say what"):
        history(connection).preview_restore(operation=one)


def test_who_may_not_edit_may_not_try(connection: Connection) -> None:
    video = add_video(connection)
    done = editing(connection).set_captions([shown(connection, video)[0].id], {"en": "one"}).operation or 0
    viewer = history(connection)
    viewer._editor.role = "viewer"
    with pytest.raises(ForbiddenError):
        viewer.preview_revert(done)
    assert viewer.entries(video=video)[0].operation.id == done, "looking is theirs"


def test_what_would_be_undone_and_redone_is_known(connection: Connection) -> None:
    video = add_video(connection)
    own = history(connection, "who undoes")
    assert (own.undoable(), own.redoable()) == (None, None)
    service = editing(connection, "who undoes")
    done = service.set_captions([shown(connection, video)[0].id], {"en": "one"}).operation
    found = own.undoable()
    assert found is not None
    assert (found.id, own.redoable()) == (done, None)
    undone = own.undo()
    again = own.redoable()
    assert undone is not None
    assert again is not None
    assert (own.undoable(), again.id, again.reverts) == (None, undone.operation, done)


def test_the_history_is_read_by_door_kind_and_all_that_it_is_about(connection: Connection) -> None:
    video = add_video(connection, Model(people={"Ana of doors": [(0, 6000)]}))
    first, second, *_ = shown(connection, video)
    ana = ensure_person(connection, None, "Ana of doors")
    service = editing(connection, "who goes in and out")
    written = service.set_captions([first.id], {"en": "one"}).operation
    removed = service.set_people([first.id, second.id], remove=[ana]).operation
    by_line = log_operation(
        connection, actor="who goes in and out", door="cli", kind="video.add", subjects=[("video", video)]
    )
    read = history(connection)

    def found(**wanted: object) -> list[int]:
        return [e.operation.id for e in read.entries(actor="who goes in and out", **wanted)]  # type: ignore[arg-type]

    assert found() == [by_line, removed, written]
    assert found(door="cli") == [by_line]
    assert found(door="web", kinds=["segment.caption", "video.add"]) == [written]
    assert found(segment=first.id, person=ana) == [removed]
    assert found(segment=second.id, video=video) == [removed]
    assert found(kinds=["segment.merge"]) == []
    assert read.entry(removed or 0).operation.kind == "segment.people"
    actors = read.actors()
    assert "who goes in and out" in actors
    assert actors == sorted(set(actors))


def test_a_difference_says_where_it_is_and_what_the_history_keeps(connection: Connection) -> None:
    video = add_video(connection)
    first = shown(connection, video)[0]
    editing(connection).move(first.id, end_ms=4000)
    changes = history(connection).entries(segment=first.id)[0].differences
    change = next(each for each in changes if each.id == str(first.id))
    assert (change.field, change.old, change.new) == ("range", None, [0, 4000])
    assert change.at == Spot(video, 0, 5000), "as it was before"


def test_who_is_gone_is_still_called_by_name(connection: Connection) -> None:
    video = add_video(connection)
    first = shown(connection, video)[0]
    zoe = ensure_person(connection, "Duo", "Zoe of then")
    log_operation(
        connection,
        actor="mina",
        door="web",
        kind="people.name",
        before={"person": {str(zoe): {"name": None}}},
        after={"person": {str(zoe): {"name": ["Duo", "Zoe of then"]}}},
        subjects=[("person", str(zoe))],
    )
    editing(connection).set_people([first.id], add=[zoe])
    history(connection).undo()
    connection.execute(text("delete from people where id = :id"), {"id": zoe})
    undone, done = history(connection).entries(segment=first.id)
    assert [(d.who, d.who_id, d.after) for e in (done, undone) for d in e.differences] == [
        ("Duo/Zoe of then", zoe, "there"),
        ("Duo/Zoe of then", zoe, None),
    ]
    assert TimeRange(0, 5000) == first.span


def test_a_long_history_is_read_in_no_time(connection: Connection) -> None:
    """100,000 operations: each page reads its own few, by whatever it is filtered."""
    connection.execute(
        text(
            """
            with made as (
                insert into operations (actor, door, kind, before, after, about)
                select 'long ' || number % 5, 'web',
                    case number % 5000 when 0 then 'segment.split' else 'segment.lock' end, '{}', '{}', '{}'
                from generate_series(1, 100000) number returning id
            ) insert into operation_subjects select 'video', 'long history', id from made
            """
        )
    )
    connection.execute(text("analyze operations"))
    connection.execute(text("analyze operation_subjects"))
    own = history(connection, "long 1")
    started = time.monotonic()
    everything, rare = (
        own.entries(video="long history"),
        own.entries(kinds=["segment.split"], video="long history"),
    )
    assert (len(everything), len(rare)) == (50, 20)
    assert len(own.entries(video="long history", actor="long 3", before=rare[0].operation.id)) == 50
    assert own.entries(video="long history", actor="nobody") == []
    assert set(own.actors()) >= {f"long {number}" for number in range(5)}
    assert own.undoable() is None
    assert time.monotonic() - started < 3, "in all; 0.05 s on a quiet machine"

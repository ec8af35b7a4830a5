"""Edits of segments: what each does, what it leaves alone, and that each can be taken back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, text

from tests.editing.library import (
    EMBEDDER,
    Model,
    add_video,
    editing,
    editor,
    history,
    materialize,
    shown,
    snapshot,
    spans,
)
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.editing.errors import AlreadyDoneError, BlockedError, ConflictError, OverlapError
from vsearch_pipeline.editing.offers import CaptionOffer, offers
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.errors import InputError, LockedError, NotFoundError
from vsearch_pipeline.timeline import TimeRange


def test_a_caption_is_written_and_found_and_taken_back(connection: Connection) -> None:
    video = add_video(connection)
    before = snapshot(connection, video)
    first = shown(connection, video)[0]
    done = editing(connection).set_captions([first.id], {"en": "  Unmistakable  "}, seen={first.id: 0})
    [now] = done.segments
    assert (now.caption_en, now.layers.auto_en, now.layers.seen_en) == (
        "Unmistakable",
        "model caption 0",
        "model caption 0",
    )
    assert now.version == done.operation
    [change] = history(connection).entries(segment=first.id)[0].differences
    assert (change.field, change.before, change.after) == ("caption_en", None, "Unmistakable")
    assert change.label == f"{video} 0:00.000-0:05.000"
    history(connection).undo()
    assert snapshot(connection, video) == before
    history(connection).redo()
    assert shown(connection, video)[0].caption_en == "Unmistakable"


@pytest.mark.parametrize("edges", [(0, 5000, 10_000, 15_000, 20_000), (0, 4000, 11_000, 20_000), (0, 20_000)])
def test_edits_of_every_kind_are_taken_back_to_the_byte(connection: Connection, edges: tuple[int, ...]) -> None:
    video = add_video(connection, Model(people={"Ana of edits": [(0, 6000)]}))
    materialize(
        connection, video, Model(edges, "other", {"Ana of edits": [(0, 6000)], "Ben of edits": [(7000, 20_000)]})
    )
    before = snapshot(connection, video)
    ana = ensure_person(connection, None, "Ana of edits")
    service = editing(connection)
    done = [service.create(video, TimeRange(2000, 3000), captions={"ko": "새 장면"})]
    done.append(service.set_people([s.id for s in shown(connection, video)], remove=[ana]))
    done.append(service.split(shown(connection, video)[-1].id, 17_000))
    done.append(service.move(shown(connection, video)[-1].id, start_ms=18_000))
    done.append(service.merge([s.id for s in shown(connection, video)[-2:]]))
    done.append(service.delete([shown(connection, video)[0].id]))
    done.append(service.lock([shown(connection, video)[-1].id]))
    assert all(each.operation for each in done)
    for each in reversed(done):
        history(connection).revert(each.operation or 0)
    assert snapshot(connection, video) == before


def test_what_the_models_made_gives_way_and_comes_back(connection: Connection) -> None:
    video = add_video(connection)
    done = editing(connection).create(video, TimeRange(2000, 12_000))
    assert spans(connection, video) == [(0, 2000), (2000, 12_000), (12_000, 15_000), (15_000, 20_000)]
    [made] = done.segments
    assert made.caption_en == "model caption 0 model caption 5000", "it is described by what it holds most of"
    assert made.speech == "later"
    history(connection).undo()
    assert spans(connection, video) == [(0, 5000), (5000, 10_000), (10_000, 15_000), (15_000, 20_000)]


def test_peoples_segments_do_not_lie_over_each_other(connection: Connection) -> None:
    video = add_video(connection)
    service = editing(connection)
    [made] = service.create(video, TimeRange(2000, 12_000)).segments
    before = snapshot(connection, video)
    with pytest.raises(OverlapError, match=f"over {made.id}") as refused:
        service.create(video, TimeRange(11_000, 13_000))
    assert refused.value.segments == (made.id,)
    with pytest.raises(InputError, match="ends after"):
        service.create(video, TimeRange(19_000, 20_001))
    assert snapshot(connection, video) == before


def test_new_models_keep_what_people_did_and_their_new_words_are_offered(connection: Connection) -> None:
    video = add_video(connection)
    service = editing(connection)
    first, second, third, _ = shown(connection, video)
    service.set_captions([first.id], {"en": "mine"})
    service.merge([second.id, third.id])
    materialize(connection, video, Model((0, 3000, 9000, 20_000), "newer"))
    assert spans(connection, video) == [(0, 5000), (5000, 15_000), (15_000, 20_000)]
    mine, merged, rest = shown(connection, video)
    assert (mine.id, mine.caption_en, mine.layers.auto_en) == (first.id, "mine", "newer caption 0")
    assert (merged.id, merged.caption_en) == (second.id, "newer caption 3000 newer caption 9000")
    assert rest.caption_en == "newer caption 9000"
    assert offers(mine, {}) == [CaptionOffer("en", "mine", "model caption 0", "newer caption 0")]
    service.keep_mine([first.id], ["en"])
    [mine] = read_segments(connection, ids=[first.id])
    assert (mine.caption_en, offers(mine, {})) == ("mine", [])
    service.use_models([first.id], ["en"])
    assert shown(connection, video)[0].caption_en == "newer caption 0"


def test_the_second_of_two_is_told_what_the_first_did(connection: Connection) -> None:
    video = add_video(connection)
    first = shown(connection, video)[0]
    editing(connection, "mina").set_captions([first.id], {"en": "first"}, seen={first.id: 0})
    with pytest.raises(ConflictError, match="by mina") as refused:
        editing(connection, "jun").set_captions([first.id], {"en": "second"}, seen={first.id: 0})
    [now] = refused.value.segments
    assert (now.caption_en, refused.value.operations[0].actor) == ("first", "mina")
    editing(connection, "jun").set_captions([first.id], {"ko": "둘째"}, seen={first.id: 0})
    assert shown(connection, video)[0].caption_en == "first", "another field does not clash"
    with pytest.raises(ConflictError):
        editing(connection, "jun").delete([first.id], seen={first.id: 0})


@pytest.mark.parametrize("way", ["undo", "restore"])
def test_what_was_taken_back_before_is_no_conflict(connection: Connection, way: str) -> None:
    video = add_video(connection)
    first = shown(connection, video)[0].id
    editing(connection).set_captions([first], {"en": "For a while"})
    if way == "undo":
        history(connection).undo()
    else:
        history(connection).restore(segment=first, operation=0)
    seen = {first: shown(connection, video)[0].version}
    editing(connection, "juhee").set_captions([first], {"ko": "다른 사람의 글"})
    editing(connection).set_captions([first], {"en": "Mine"}, seen=seen)
    with pytest.raises(ConflictError, match="by juhee"):
        editing(connection).set_captions([first], {"ko": "내 글"}, seen=seen)
    now = shown(connection, video)[0]
    assert (now.caption_en, now.caption_ko) == ("Mine", "다른 사람의 글")


def test_what_was_done_later_stands_in_the_way_and_goes_first(connection: Connection) -> None:
    video = add_video(connection)
    service = editing(connection)
    first = shown(connection, video)[0]
    one = service.set_captions([first.id], {"en": "one"}).operation or 0
    two = service.set_captions([first.id], {"en": "two"}).operation or 0
    other = service.set_captions([first.id], {"ko": "셋"}).operation or 0
    with pytest.raises(BlockedError) as refused:
        history(connection).revert(one)
    assert [each.id for each in refused.value.operations] == [two]
    assert len(history(connection).revert(one, with_later=True)) == 2
    [now] = read_segments(connection, ids=[first.id])
    assert (now.layers.human_en, now.caption_ko) == (None, "셋")
    with pytest.raises(InputError, match="taken back already"):
        history(connection).revert(two)
    history(connection).restore(segment=first.id, operation=two)
    [now] = read_segments(connection, ids=[first.id])
    assert (now.caption_en, now.layers.human_ko) == ("two", None)
    history(connection).restore(video=video, operation=0)
    assert not any(s.touched for s in shown(connection, video))
    assert other


def test_people_are_divided_by_who_is_on_screen(connection: Connection) -> None:
    on_screen = {"Ana in parts": [(0, 2000)], "Ben in parts": [(3000, 5000)]}
    video = add_video(connection, Model(people=on_screen))
    ana, ben, cem = (ensure_person(connection, None, f"{name} in parts") for name in ("Ana", "Ben", "Cem"))
    service = editing(connection)
    first, second, *_ = shown(connection, video)
    service.set_people([first.id], add=[ana, cem])
    one, two = service.split(first.id, 2500).segments
    assert [{p.id for p in part.people} for part in (one, two)] == [{ana, cem}, {ben, cem}]
    service.set_people([two.id], remove=[ben])
    service.set_captions([two.id], {"en": "written"})
    [whole] = service.merge([one.id, two.id, second.id]).segments
    assert {p.id for p in whole.people} == {ana, cem}
    assert whole.caption_en == "model caption 0 written model caption 5000"
    assert (whole.span, whole.id) == (TimeRange(0, 10_000), first.id)


def test_what_is_locked_stays(connection: Connection) -> None:
    video = add_video(connection)
    service = editing(connection)
    first, second, *_ = shown(connection, video)
    service.lock([first.id])
    for edit in (
        lambda: service.set_captions([first.id, second.id], {"en": "x"}),
        lambda: service.delete([first.id]),
        lambda: service.merge([first.id, second.id]),
        lambda: service.move(second.id, start_ms=4000),
    ):
        with pytest.raises(LockedError, match="unlock"):
            edit()
    service.lock([first.id], locked=False)
    service.delete([first.id])
    with pytest.raises(NotFoundError, match="was deleted"):
        service.set_captions([first.id], {"en": "x"})
    service.restore([first.id])
    assert not shown(connection, video)[0].touched


def test_bad_input_changes_nothing(connection: Connection) -> None:
    video, other = add_video(connection), add_video(connection)
    service = editing(connection)
    first, second = shown(connection, video)[0].id, shown(connection, other)[0].id
    before = [snapshot(connection, video), snapshot(connection, other)]
    operations = connection.execute(text("select count(*) from operations")).scalar_one()
    for edit, reason in (
        (lambda: service.set_captions([first], {"en": "  "}), "empty"),
        (lambda: service.set_captions([first], {"ko": "가" * 100_000}), "100,000 characters"),
        (lambda: service.set_captions([first], {"en": "a\x00"}), "zero byte"),
        (lambda: service.set_captions([first], {"en": "\ud800"}), "half a character"),
        (lambda: service.set_captions([first], {}), "Give a caption"),
        (lambda: service.set_captions([], {"en": "x"}), "Choose a segment"),
        (lambda: service.set_captions([10**12], {"en": "x"}), "no segment 1000000000000"),
        (lambda: service.set_people([first], add=[10**8]), "no person"),
        (lambda: service.set_people([first], add=[1], remove=[1]), "name them once"),
        (lambda: service.set_people([first]), "who is there"),
        (lambda: service.create("nowhere", TimeRange(0, 1000)), "no video"),
        (lambda: service.move(first, start_ms=5000), "must end after it begins"),
        (lambda: service.move(first, start_ms=-1), "before its video"),
        (lambda: service.move(first, end_ms=20_001), "ends after"),
        (lambda: service.merge([first]), "two segments or more"),
        (lambda: service.merge([first, second]), "different videos"),
        (lambda: service.split(first, 5000), "is not inside"),
        (lambda: service.split(first, 0), "is not inside"),
        (lambda: service.restore([first]), "is not deleted"),
        (lambda: history(connection).revert(10**12), "no operation"),
        (lambda: history(connection).restore(segment=first), "Say what to restore"),
    ):
        with pytest.raises((InputError, NotFoundError), match=reason):
            edit()
    assert [snapshot(connection, video), snapshot(connection, other)] == before
    assert connection.execute(text("select count(*) from operations")).scalar_one() == operations


def test_search_reads_what_people_wrote_and_no_more_what_they_replaced(connection: Connection) -> None:
    video = add_video(connection)
    first = shown(connection, video)[0]
    editing(connection).set_captions([first.id], {"en": "glockenspiel"})
    row = connection.execute(
        text(
            "select search @@ 'glockenspiel'::tsquery as new, search @@ 'model'::tsquery as old"
            " from segments where id = :i"
        ),
        {"i": first.id},
    ).one()
    assert (row.new, row.old) == (True, True), "the Korean caption still says model"
    editing(connection).set_captions([first.id], {"ko": "글로켄"})
    assert not connection.execute(
        text("select search @@ 'model'::tsquery from segments where id = :i"), {"i": first.id}
    ).scalar_one()
    stored = connection.execute(
        text("select part from segment_embeddings where segment_id = :i and model = :m order by part"),
        {"i": first.id, "m": EMBEDDER.name},
    ).scalars()
    assert list(stored) == ["en", "ko", "speech"]


def test_a_form_changes_everything_in_one_operation(connection: Connection) -> None:
    video = add_video(connection)
    ana, ben = (ensure_person(connection, None, name, []) for name in ("Ana", "Ben"))
    first, second, *_ = shown(connection, video)
    editing(connection).set_people([first.id], add=[ana])
    before = shown(connection, video)
    end = first.span.end_ms - 100
    done = editing(connection).change(
        first.id,
        captions={"en": "New words"},
        add=[ben],
        remove=[ana],
        end_ms=end,
        seen={first.id: before[0].version},
    )
    now, beside = shown(connection, video)[:2]
    assert now.caption_en == "New words"
    assert [person.id for person in now.people] == [ben]
    assert (now.span.end_ms, beside.span.start_ms) == (end, end)
    operation = history(connection).entry(done.operation or 0).operation
    assert operation.kind == "segment.edit"
    history(connection).undo()
    after = shown(connection, video)
    assert [(s.span, s.caption_en, s.people) for s in after] == [(s.span, s.caption_en, s.people) for s in before]
    assert second.id == beside.id


@pytest.mark.parametrize(
    ("given", "kind"),
    [({"captions": {"ko": "말"}}, "segment.caption"), ({"end_ms": 500}, "segment.range")],
)
def test_a_form_that_changes_one_thing_is_told_as_that(
    connection: Connection, given: dict[str, Any], kind: str
) -> None:
    first = shown(connection, add_video(connection))[0].id
    done = editing(connection).change(first, **given)
    assert history(connection).entry(done.operation or 0).operation.kind == kind
    with pytest.raises(InputError, match="Nothing is changed"):
        editing(connection).change(first)


def test_a_delivery_that_comes_again_is_not_done_again(connection: Connection) -> None:
    first = shown(connection, add_video(connection))[0]
    once = SegmentService(editor(connection, "mina", once="view V1 1"))
    editing(connection).set_captions([first.id], {"en": "Before"})
    with pytest.raises(ConflictError):  # refused, it is not done, and may come again
        once.set_captions([first.id], {"en": "Mine"}, seen={first.id: first.version})
    once.set_captions([first.id], {"en": "Mine"})
    with pytest.raises(AlreadyDoneError):
        once.set_captions([first.id], {"en": "Mine again"})
    assert shown(connection, first.video_id)[0].caption_en == "Mine"

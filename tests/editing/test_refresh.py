"""New model output never moves, brings back or drops what a person did."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import Connection, text

from tests.editing.library import Model, add_video, editing, history, materialize, shown, spans
from vsearch_pipeline.catalog.segments import AutoFields, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, get_video, insert_video
from vsearch_pipeline.editing.description import Describe
from vsearch_pipeline.editing.refresh import fit_segments, refresh_search_of, refresh_segments
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.language.tokens import search_tokens
from vsearch_pipeline.timeline import TimeRange


def says(words: str) -> Describe:
    return lambda span: AutoFields(f"{words} {span.start_ms}", None)


def found(connection: Connection, word: str) -> list[int]:
    """Ids of the segments whose search row has a word."""
    matching = text("select id from segments where search @@ cast(:token as tsquery) order by id")
    return list(connection.execute(matching, {"token": search_tokens(word)[0]}).scalars())


def test_human_values_stand_in_the_database(connection: Connection) -> None:
    insert_video(connection, VideoRecord("v", "v", "file", "sha-of-v", "test"))
    producer = producer_id(connection, ProducerInfo("segments", "test", "1"))
    old = [TimeRange(0, 1000), TimeRange(1000, 2000), TimeRange(2000, 3000)]
    first, second, third = refresh_segments(connection, "v", old, says("old"), producer)
    connection.execute(
        text("update segments set human_caption_en = 'unmistakable' where id = :i"), {"i": first.id}
    )
    connection.execute(text("update segments set deleted_at = now() where id = :i"), {"i": second.id})

    wanted = [TimeRange(0, 1500), TimeRange(1500, 3000)]
    seen = refresh_segments(connection, "v", wanted, says("new"), producer)
    now = read_segments(connection, video_id="v", deleted=True)
    assert [(s.span, s.caption_en, s.origin) for s in now] == [
        (TimeRange(0, 1000), "unmistakable", TimeRange(0, 1500)),
        (TimeRange(1000, 2000), "new 1000", None),
        (TimeRange(2000, 3000), "new 2000", TimeRange(1500, 3000)),
    ]
    assert [s.id for s in now] == [first.id, second.id, third.id]
    assert now[1].deleted_at is not None
    assert seen == [now[0], now[2]], "those that people see"
    assert found(connection, "unmistakable") == [first.id]


def test_a_run_that_is_done_again_writes_the_same_rows(connection: Connection) -> None:
    video = add_video(connection)
    editing(connection).create(video, TimeRange(2000, 12_000))
    rows = text("select * from segments where video_id = :v order by id")
    before = connection.execute(rows, {"v": video}).all()
    materialize(connection, video, Model())
    assert connection.execute(rows, {"v": video}).all() == before


def test_what_is_covered_is_refreshed_and_comes_back_as_the_models_say_now(connection: Connection) -> None:
    video = add_video(connection)
    second = shown(connection, video)[1].id
    editing(connection).create(video, TimeRange(4000, 11_000))
    assert second not in [s.id for s in shown(connection, video)]
    materialize(connection, video, Model(word="newer"))
    history(connection).undo()
    [back] = [s for s in shown(connection, video) if s.id == second]
    assert (back.span, back.caption_en, back.version) == (TimeRange(5000, 10_000), "newer caption 5000", 0)
    assert second in found(connection, "newer")


def test_ranges_that_overlap_are_left_as_they_are(connection: Connection) -> None:
    insert_video(connection, VideoRecord("w", "w", "imported", "sha-of-w", "test", duration_ms=9000))
    producer = producer_id(connection, ProducerInfo("segments", "test", "1"))
    wanted = [TimeRange(0, 5000), TimeRange(2000, 4000), TimeRange(3000, 9000)]
    ids = fit_segments(connection, "w", wanted, says("old"), producer, new=True)
    assert get_video(connection, "w").overlapping
    assert spans(connection, "w") == [(0, 5000), (2000, 4000), (3000, 9000)]
    connection.execute(text("update segments set locked = true where id = :i"), {"i": ids[0]})
    tiled = [TimeRange(0, 3000), TimeRange(3000, 9000)]
    assert fit_segments(connection, "w", tiled, says("new"), producer)
    assert get_video(connection, "w").overlapping, "for good: people have made theirs by that rule"
    assert spans(connection, "w") == [(0, 5000), (3000, 9000)]


def test_search_rows_of_many_are_written_together(connection: Connection) -> None:
    insert_video(connection, VideoRecord("u", "u", "imported", "sha-of-u", "test"))
    producer = producer_id(connection, ProducerInfo("segments", "test", "1"))
    wanted = [TimeRange(i * 1000, i * 1000 + 1000) for i in range(3)]
    ids = fit_segments(connection, "u", wanted, says("qzebra"), producer, new=True)
    assert found(connection, "qzebra") == []
    refresh_search_of(connection, ids)
    assert found(connection, "qzebra") == ids
    refresh_search_of(connection, [])


def test_what_is_done_again_below_a_persons_segment_does_not_lie_over_it(connection: Connection) -> None:
    video = add_video(connection)
    second = shown(connection, video)[1].id
    editing(connection, "mina").set_captions([second], {"en": "mine"})
    history(connection, "mina").undo()
    editing(connection, "jun").create(video, TimeRange(4000, 11_000))
    with suppress(InputError):  # it may be refused
        history(connection, "mina").redo()
    for _ in range(2):
        now = shown(connection, video)
        assert not any(a.span.overlap_ms(b.span) for a in now for b in now if a.id != b.id)
        [below] = read_segments(connection, ids=[second], deleted=True)
        assert below.shown or below.layers.human_en is None, "what somebody wrote can be seen"
        materialize(connection, video, Model())


@pytest.mark.parametrize("new_models", [False, True])
def test_a_segment_moved_far_away_goes_back(connection: Connection, new_models: bool) -> None:
    video = add_video(connection)
    before = [(s.id, s.span) for s in shown(connection, video)]
    editing(connection).move(before[0][0], start_ms=16_000, end_ms=17_000, neighbours="stay")
    if new_models:
        materialize(connection, video, Model(word="newer"))
    history(connection).undo()
    assert [(s.id, s.span) for s in shown(connection, video)] == before


def test_what_was_cut_by_a_segment_moved_far_away_is_whole_again(connection: Connection) -> None:
    video = add_video(connection)
    before = [(s.id, s.span) for s in shown(connection, video)]
    moved = editing(connection).move(before[0][0], start_ms=16_000, end_ms=17_000, neighbours="stay").operation
    drawn = editing(connection).create(video, TimeRange(0, 4000)).operation
    history(connection).revert(moved or 0)
    history(connection).revert(drawn or 0)
    assert [(s.id, s.span) for s in shown(connection, video)] == before


def test_captions_given_back_to_the_models_leave_a_moved_segment_where_it_is(connection: Connection) -> None:
    video = add_video(connection)
    first = shown(connection, video)[0].id
    editing(connection).set_captions([first], {"en": "mine"})
    editing(connection).move(first, start_ms=16_000, end_ms=17_000, neighbours="stay")
    editing(connection).use_models([first], ["en"])
    [moved] = read_segments(connection, ids=[first])
    assert (moved.span, moved.caption_en) == (TimeRange(16_000, 17_000), "model caption 15000")

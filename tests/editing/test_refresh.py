"""New model output never moves, brings back or drops what a person did."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from vsearch_pipeline.catalog.segments import AutoFields, SegmentRecord, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.editing.refresh import SHORTEST_MS, plan_refresh, refresh_segments
from vsearch_pipeline.language.tokens import search_tokens
from vsearch_pipeline.timeline import TimeRange


def segment(number: int, span: TimeRange, *, touched: bool, deleted: bool = False) -> SegmentRecord:
    return SegmentRecord(
        id=number,
        video_id="v",
        span=span,
        caption_en=None,
        caption_ko=None,
        objects={},
        speech=None,
        people=(),
        touched=touched or deleted,
        deleted_at=datetime.now(UTC) if deleted else None,
    )


@st.composite
def tilings(draw: st.DrawFn) -> list[TimeRange]:
    edges = sorted(draw(st.sets(st.integers(0, 20_000), min_size=2, max_size=12)))
    return [TimeRange(a, b) for a, b in pairwise(edges)]


@given(tilings(), tilings(), st.sets(st.integers(0, 12)), st.sets(st.integers(0, 12)))
def test_owned_ranges_stand_and_free_time_is_filled(
    before: list[TimeRange], wanted: list[TimeRange], touched: set[int], deleted: set[int]
) -> None:
    existing = [segment(i, span, touched=i in touched, deleted=i in deleted) for i, span in enumerate(before)]
    owned = [s for s in existing if s.touched]
    plan = plan_refresh(existing, wanted)
    assert {s.id for s in owned} <= set(plan.keep)
    assert not set(plan.drop) & {s.id for s in owned}
    assert set(plan.keep) | set(plan.drop) == {s.id for s in existing}
    assert not set(plan.keep) & set(plan.drop)
    automatic = [s.span for s in existing if s.id in plan.keep and not s.touched] + list(plan.create)
    for span in automatic:
        assert all(span.overlap_ms(other.span) == 0 for other in owned)
        assert sum(span.overlap_ms(other) for other in automatic) == span.duration_ms
    for span in wanted:  # nothing of an automatic range is lost but slivers beside a person's segment
        covered = sum(span.overlap_ms(other) for other in [*automatic, *(s.span for s in owned)])
        assert covered > span.duration_ms - (len(owned) + 1) * SHORTEST_MS


@given(tilings())
def test_a_second_refresh_changes_nothing(wanted: list[TimeRange]) -> None:
    existing = [segment(i, span, touched=False) for i, span in enumerate(wanted)]
    plan = plan_refresh(existing, wanted)
    assert plan.keep == tuple(range(len(wanted)))
    assert plan.create == plan.drop == ()


def test_human_values_stand_in_the_database(connection: Connection) -> None:
    insert_video(connection, VideoRecord("v", "v", "file", "sha-of-v", "test"))
    producer = producer_id(connection, ProducerInfo("segments", "test", "1"))
    spans = [TimeRange(0, 1000), TimeRange(1000, 2000), TimeRange(2000, 3000)]

    def says(words: str) -> object:
        return lambda span: AutoFields(f"{words} {span.start_ms}", None)

    refresh_segments(connection, "v", spans, says("old"), producer)  # type: ignore[arg-type]
    first, second, third = read_segments(connection, video_id="v")
    connection.execute(
        text("update segments set human_caption_en = 'unmistakable' where id = :i"), {"i": first.id}
    )
    connection.execute(text("update segments set deleted_at = now() where id = :i"), {"i": second.id})

    wanted = [TimeRange(0, 1500), TimeRange(1500, 3000)]
    refresh_segments(connection, "v", wanted, says("new"), producer)  # type: ignore[arg-type]
    now = read_segments(connection, video_id="v", deleted=True)
    assert [(s.span, s.caption_en) for s in now] == [
        (TimeRange(0, 1000), "unmistakable"),
        (TimeRange(1000, 2000), "new 1000"),
        (TimeRange(2000, 3000), "new 2000"),
    ]
    assert [s.id for s in now] == [first.id, second.id, third.id]
    assert now[1].deleted_at is not None
    matching = text("select id from segments where search @@ cast(:token as tsquery)")
    found = connection.execute(matching, {"token": search_tokens("unmistakable")[0]}).scalars().all()
    assert found == [first.id]

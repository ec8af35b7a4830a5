"""The library as a list: how far each video has come, a part of it at a time, found by title and in any order."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Connection,
    DateTime,
    Integer,
    Text,
    bindparam,
    case,
    column,
    func,
    select,
    text,
)

from vsearch_pipeline.catalog.graph import SEARCHABLE, STAGES
from vsearch_pipeline.catalog.models import StageRun
from vsearch_pipeline.catalog.progress import ALIVE_SECONDS
from vsearch_pipeline.catalog.videos import VideoRecord, read_videos

VideoState = Literal["working", "waiting", "failed", "done"]
"""`working`: a run is at it; `waiting`: it cannot be searched yet, and no run is at it; `failed`: its last run did
not get through; `done`: it can be searched."""
STATES: Final[tuple[VideoState, ...]] = ("working", "waiting", "failed", "done")
Order = Literal["newest", "title", "length", "failed"]

BETWEEN_SECONDS: Final = 30
"""How long a run may take from the end of a stage until the next one shows."""

_STATED: Final = (
    text(
        """
        with finished as (
            select video_id, count(*) filter (where stage = any(:stages)) as stages,
                bool_or(stage = :searchable) as searchable, max(finished_at) as last
            from stage_runs group by video_id
        ), failed as (
            select distinct video_id from stage_errors
        ), alive as (
            select distinct video_id from stage_progress
            where abs(extract(epoch from now() - updated_at)) < :alive_seconds
        ), asked as (
            select subject as video_id, bool_or(state = 'running') as started from requests
            where kind in ('retry', 'ingest') and state in ('waiting', 'queued', 'running') group by subject
        )
        select id, title, kind, added_at, duration_ms, asked.started is not null as asked,
            case
                when alive.video_id is not null or asked.started then 'working'
                when failed.video_id is null and kind = 'file' and finished.stages < cardinality(:stages)
                    and abs(extract(epoch from now() - finished.last)) < :between_seconds then 'working'
                when asked.started is not null then 'waiting'
                when failed.video_id is not null then 'failed'
                when finished.searchable then 'done'
                else 'waiting'
            end as state
        from videos
        left join finished on finished.video_id = id
        left join failed on failed.video_id = id
        left join alive on alive.video_id = id
        left join asked on asked.video_id = id
        """
    )
    .bindparams(
        bindparam("stages", list(STAGES), type_=ARRAY(Text)),
        searchable=SEARCHABLE,
        alive_seconds=ALIVE_SECONDS,
        between_seconds=BETWEEN_SECONDS,
    )
    .columns(
        column("id", Text),
        column("title", Text),
        column("kind", Text),
        column("added_at", DateTime(timezone=True)),
        column("duration_ms", Integer),
        column("asked", Boolean),
        column("state", Text),
    )
    .subquery("stated")
    .c
)
"""Every video with its state."""
_WORST_FIRST: Final = ("failed", "working", "waiting", "done")
_ORDERS: Final[Mapping[Order, tuple[ColumnElement[Any], ...]]] = {
    "newest": (_STATED.added_at.desc(),),
    "title": (func.lower(_STATED.title),),
    "length": (_STATED.duration_ms.desc().nulls_last(),),
    "failed": (
        case({state: place for place, state in enumerate(_WORST_FIRST)}, value=_STATED.state),
        _STATED.added_at.desc(),
    ),
}


@dataclass(frozen=True, slots=True)
class ShelfVideo:
    """Attributes:
    state: of the video as a whole.
    asked: whether a run is asked for that has not ended.
    done: its finished stages, with the seconds that each took.
    errors: why stages failed, by stage.
    """

    video: VideoRecord
    added_at: datetime
    state: VideoState
    asked: bool
    segments: int
    done: Mapping[str, float]
    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A part of the library.

    Attributes:
        matching: how many videos the part is of.
        counts: how many of all videos are in each state; states that none is in are not there.
    """

    videos: tuple[ShelfVideo, ...]
    matching: int
    counts: Mapping[VideoState, int]


def read_shelf(
    connection: Connection,
    *,
    title: str = "",
    states: Collection[VideoState] = (),
    order: Order = "newest",
    limit: int,
) -> Shelf:
    """The first `limit` videos in an order; of those whose title has these letters, and that are in one of these
    states, where any are given."""
    letters = unicodedata.normalize("NFC", title).lower()
    wanted = [func.strpos(func.lower(_STATED.title), letters) > 0] if letters else []
    if states:
        wanted.append(_STATED.state.in_(states))
    rows = connection.execute(
        select(_STATED.id, _STATED.added_at, _STATED.state, _STATED.asked, func.count().over().label("matching"))
        .where(*wanted)
        .order_by(*_ORDERS[order], _STATED.id)
        .limit(limit)
    ).all()
    return Shelf(
        tuple(_with_stages(connection, rows)),
        rows[0].matching if rows else 0,
        count_states(connection),
    )


def count_states(connection: Connection) -> dict[VideoState, int]:
    """How many videos are in each state; states that none is in are not there."""
    counts = connection.execute(select(_STATED.state, func.count()).group_by(_STATED.state)).tuples()
    return dict(counts.all())


def failed_videos_of_library(connection: Connection) -> list[str]:
    """Ids of the videos in the state `failed`, the first added first."""
    failed = select(_STATED.id).where(_STATED.state == "failed").order_by(_STATED.added_at, _STATED.id)
    return list(connection.execute(failed).scalars())


def read_shelf_video(connection: Connection, video_id: str) -> ShelfVideo | None:
    """One video as the list has it."""
    rows = connection.execute(
        select(_STATED.id, _STATED.added_at, _STATED.state, _STATED.asked).where(_STATED.id == video_id)
    ).all()
    return next(iter(_with_stages(connection, rows)), None)


def _with_stages(connection: Connection, rows: Sequence[Any]) -> list[ShelfVideo]:
    ids = {"ids": [row.id for row in rows]}
    videos = read_videos(connection, ids["ids"])
    done: dict[str, dict[str, float]] = {}
    for row in connection.execute(
        text("select video_id, stage, seconds from stage_runs where video_id = any(cast(:ids as text[]))"), ids
    ):
        done.setdefault(row.video_id, {})[row.stage] = row.seconds
    errors: dict[str, dict[str, str]] = {}
    for row in connection.execute(
        text("select video_id, stage, message from stage_errors where video_id = any(cast(:ids as text[]))"), ids
    ):
        errors.setdefault(row.video_id, {})[row.stage] = row.message
    counted = text(
        "select video_id, count(*) as segments from segments"
        " where shown and video_id = any(cast(:ids as text[])) group by video_id"
    )
    segments = {row.video_id: row.segments for row in connection.execute(counted, ids)}
    return [
        ShelfVideo(
            videos[row.id],
            row.added_at,
            row.state,
            row.asked,
            segments.get(row.id, 0),
            done.get(row.id, {}),
            errors.get(row.id, {}),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A video that is worked on, or waits for it."""

    video_id: str
    kind: str
    duration_ms: int | None
    done: frozenset[str]


def read_unfinished(connection: Connection) -> list[Unfinished]:
    """Videos in the states `working` and `waiting`."""
    done = select(func.array_agg(StageRun.stage)).where(StageRun.video_id == _STATED.id).scalar_subquery()
    rows = connection.execute(
        select(_STATED.id, _STATED.kind, _STATED.duration_ms, done.label("done"))
        .where(_STATED.state.in_(("working", "waiting")))
        .order_by(_STATED.added_at, _STATED.id)
    )
    return [Unfinished(row.id, row.kind, row.duration_ms, frozenset(row.done or ())) for row in rows]


@dataclass(frozen=True, slots=True)
class Worked:
    """When a video was worked on: from `began` to `ended`, seconds before now."""

    video_id: str
    began: float
    ended: float
    searchable: bool


def read_work(connection: Connection, hours: int) -> list[Worked]:
    """What was worked on in the last hours, the latest first."""
    rows = connection.execute(_WORK, {"hours": hours, "searchable": SEARCHABLE})
    return [Worked(row.video_id, float(row.began), float(row.ended), row.searchable) for row in rows]


_WORK: Final = text(
    """
    select video_id, extract(epoch from now() - min(finished_at - make_interval(secs => seconds))) as began,
        extract(epoch from now() - max(finished_at)) as ended,
        exists (
            select from stage_runs done where done.video_id = lately.video_id and done.stage = :searchable
        ) as searchable
    from stage_runs lately join videos on videos.id = video_id and kind = 'file'
    where finished_at > now() - make_interval(hours => :hours)
    group by video_id order by ended
    """
)

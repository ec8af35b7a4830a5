"""Stages at work, and how long stages take: what it is told from how long something will still take."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import StageProgress

ALIVE_SECONDS: Final = 45
"""A stage that has written nothing for longer is taken for dead: its run was killed."""


@dataclass(frozen=True, slots=True)
class RunningStage:
    """Attributes:
    seconds: since it began.
    done, total: of whatever the stage counts; None where it does not count.
    """

    video_id: str
    stage: str
    run_id: str
    seconds: float
    done: int | None
    total: int | None

    @property
    def share(self) -> float | None:
        """How much of it is done, 0..1."""
        return min(1.0, self.done / self.total) if self.done is not None and self.total else None


def note_progress(
    connection: Connection,
    video_id: str,
    stage: str,
    run_id: str,
    *,
    seconds: float,
    counted: tuple[int, int] | None = None,
) -> None:
    """Write down that a stage has been at work on a video for some seconds, and how far it is."""
    done, total = counted or (None, None)
    started = func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    values = {"run_id": run_id, "started_at": started, "done": done, "total": total, "updated_at": func.now()}
    statement = insert(StageProgress).values(video_id=video_id, stage=stage, **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[StageProgress.video_id, StageProgress.stage], set_=values)
    )


def running_stages(connection: Connection, videos: Collection[str] | None = None) -> dict[str, RunningStage]:
    """The stage at work on each video, of these videos or of all; where several are, the one that began last."""
    age = func.extract("epoch", func.now() - StageProgress.updated_at)
    columns = StageProgress.__table__.c
    statement = (
        select(
            columns.video_id,
            columns.stage,
            columns.run_id,
            func.extract("epoch", func.now() - StageProgress.started_at).label("seconds"),
            columns.done,
            columns.total,
        )
        .where(func.abs(age) < ALIVE_SECONDS)  # a time to come is of before the clock was set back
        .order_by(columns.started_at)
    )
    if videos is not None:
        statement = statement.where(columns.video_id.in_(videos))
    return {
        row.video_id: RunningStage(**{**row._mapping, "seconds": float(row.seconds)})
        for row in connection.execute(statement)
    }


@dataclass(frozen=True, slots=True)
class StagePace:
    """What stages took lately.

    Attributes:
        rates: seconds of work for a second of video, by stage.
        between: seconds that pass between the stages of a video and are no stage's, on average.
    """

    rates: dict[str, float]
    between: float


_LATELY: Final = 50
"""Videos by which pace is judged: the last ones of which a stage finished."""
_PACE: Final = text(
    """
    with lately as (
        select video_id from stage_runs join videos on videos.id = video_id
        where kind = 'file' and duration_ms > 0
        group by video_id order by max(finished_at) desc limit :videos
    )
    select stage, sum(seconds) / (sum(duration_ms) / 1000.0) as rate
    from stage_runs join lately using (video_id) join videos on videos.id = video_id
    group by stage
    """
)
_BETWEEN: Final = text(
    """
    with runs as (
        select video_id, run_id, sum(seconds) as worked,
            extract(epoch from max(finished_at) - min(finished_at - make_interval(secs => seconds))) as took
        from stage_runs where seconds > 0
        group by video_id, run_id having count(*) > :most_of_them
        order by max(finished_at) desc limit :videos
    )
    select coalesce(percentile_cont(0.5) within group (order by greatest(0, took - worked)), 0) from runs
    """
)


def stage_pace(connection: Connection, stages: int) -> StagePace:
    """How fast stages have been lately.

    Args:
        stages: how many a video goes through.
    """
    rates = connection.execute(_PACE, {"videos": _LATELY})
    between = connection.execute(_BETWEEN, {"videos": _LATELY, "most_of_them": stages // 2}).scalar_one()
    return StagePace({row.stage: float(row.rate) for row in rates}, float(between))

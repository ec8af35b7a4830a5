"""Where what is known of a video comes from: who added it, what wrote each stage's rows, who edited it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select, text

from vsearch_pipeline.catalog.models import Operation, OperationSubject
from vsearch_pipeline.catalog.operations import OperationRecord, read_operations

BRINGING: Final = ("video.add", "video.attach", "catalogue.import")
"""Kinds of operations that bring a video, or its file, into the library."""
ASKING: Final = ("video.retry", "video.request", "library.relabel")
"""Kinds of operations that ask for a run."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A model with the settings that it ran with."""

    model: str
    version: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FinishedStage:
    """Attributes:
    writers: what wrote its rows; one, unless the stage leaves a part of them to another model.
    run_id: as Dagster calls it, or `import:` with what was imported.
    inputs: fingerprints of the stages that it read; None where they are not known.
    missing: what could not be made; empty where all was.
    newest: what ran last over any video, where that is something else.
    """

    stage: str
    writers: tuple[Writer, ...]
    run_id: str
    seconds: float
    finished_at: datetime
    fingerprint: str
    inputs: Mapping[str, str] | None
    missing: str
    newest: Writer | None


@dataclass(frozen=True, slots=True)
class FailedStage:
    stage: str
    reason: str
    run_id: str
    failed_at: datetime


@dataclass(frozen=True, slots=True)
class Edits:
    """What one person did to a video."""

    actor: str
    count: int
    last: datetime


_FINISHED: Final = text(
    """
    select run.stage, run.run_id, run.seconds, run.finished_at, run.fingerprint, run.inputs,
        coalesce(run.missing, '') as missing, mine.model, mine.version, mine.settings,
        latest.id <> mine.id as outdated, latest.model as newest_model, latest.version as newest_version,
        latest.settings as newest_settings
    from stage_runs run
    join producers mine on mine.id = run.producer_id
    join videos on videos.id = run.video_id
    left join lateral (
        select producer_id from stage_runs other join videos of on of.id = other.video_id
        where other.stage = run.stage and of.kind = videos.kind
        order by other.finished_at desc limit 1
    ) last on true
    left join producers latest on latest.id = last.producer_id
    where run.video_id = :video
    """
)
_KOREAN_WRITERS: Final = text(
    """
    select model, version, settings from producers join captions on producer_id = id
    where video_id = :video and language = 'ko' group by id order by count(*) desc, id
    """
)


def read_finished_stages(connection: Connection, video_id: str) -> dict[str, FinishedStage]:
    """The finished stages of a video, by name."""
    korean = tuple(
        Writer(row.model, row.version, row.settings)
        for row in connection.execute(_KOREAN_WRITERS, {"video": video_id})
    )
    found = {}
    for row in connection.execute(_FINISHED, {"video": video_id}):
        own = Writer(row.model, row.version, row.settings)
        newest = Writer(row.newest_model, row.newest_version, row.newest_settings) if row.outdated else None
        found[row.stage] = FinishedStage(
            row.stage,
            (korean or (own,)) if row.stage == "korean_captions" else (own,),
            row.run_id,
            row.seconds,
            row.finished_at,
            row.fingerprint,
            row.inputs,
            row.missing,
            newest,
        )
    return found


def read_failed_stages(connection: Connection, video_id: str) -> dict[str, FailedStage]:
    """The stages of a video that failed last time, by name."""
    rows = connection.execute(
        text("select stage, message, run_id, failed_at from stage_errors where video_id = :video"),
        {"video": video_id},
    )
    return {row.stage: FailedStage(*row) for row in rows}


def read_bringing(connection: Connection, video_id: str) -> OperationRecord | None:
    """The operation that brought a video into the library; None where it is older than the history."""
    found = read_operations(connection, subjects=[("video", video_id)])
    return next((operation for operation in reversed(found) if operation.kind in BRINGING), None)


def read_editors(connection: Connection, video_id: str) -> list[Edits]:
    """Who edited a video, its segments or its faces, the busiest first."""
    rows = connection.execute(
        select(Operation.actor, func.count(), func.max(Operation.at))
        .join(OperationSubject, OperationSubject.operation_id == Operation.id)
        .where(
            OperationSubject.kind == "video",
            OperationSubject.subject == video_id,
            Operation.kind.not_in((*BRINGING, *ASKING)),
        )
        .group_by(Operation.actor)
        .order_by(func.count().desc(), Operation.actor)
    )
    return [Edits(*row) for row in rows]

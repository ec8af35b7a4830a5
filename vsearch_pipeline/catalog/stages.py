"""The model layer: each stage's rows of a video are replaced in one transaction, with what wrote them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Text, any_, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import Base, Caption, Producer, StageError, StageProgress, StageRun
from vsearch_pipeline.timeline import TimeRange

Rows = Mapping[type[Base], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class ProducerInfo:
    """What computes a stage: changing any part makes exactly this stage, and those below it, stale."""

    stage: str
    model: str
    version: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def fingerprint(producer: ProducerInfo, inputs: Sequence[str]) -> str:
    """Identity of a stage's result: what computes it, and the fingerprints of what it reads."""
    content = [producer.stage, producer.model, producer.version, dict(producer.settings), list(inputs)]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def current_fingerprints(connection: Connection, video_id: str) -> dict[str, str]:
    """Fingerprint of each finished stage of a video."""
    rows = connection.execute(select(StageRun.stage, StageRun.fingerprint).where(StageRun.video_id == video_id))
    return dict(rows.tuples().all())


def producer_id(connection: Connection, producer: ProducerInfo) -> int:
    values = {
        "stage": producer.stage,
        "model": producer.model,
        "version": producer.version,
        "settings": dict(producer.settings),
    }
    connection.execute(insert(Producer).values(values).on_conflict_do_nothing())
    found = select(Producer.id).where(*(getattr(Producer, name) == value for name, value in values.items()))
    return int(connection.execute(found).scalar_one())


def stage_producer(connection: Connection, video_id: str, stage: str) -> int | None:
    """What wrote a stage's rows of a video last, None where it was not done yet."""
    found = select(StageRun.producer_id).where(StageRun.video_id == video_id, StageRun.stage == stage)
    return connection.execute(found).scalar()


def _any_of(column: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
    """As one parameter: `in` takes one for each value, and a statement has at most 65,535."""
    return column == any_(literal(list(values), ARRAY(Text)))


def replace_rows(connection: Connection, video_id: str, producer: int, rows: Rows) -> None:
    """Put `rows` in place of whatever these tables hold for the video."""
    for table, values in rows.items():
        connection.execute(delete(table).where(table.__table__.c.video_id == video_id))
        if values:
            connection.execute(
                insert(table), [{**value, "video_id": video_id, "producer_id": producer} for value in values]
            )


def replace_captions(
    connection: Connection, video_id: str, language: str, producer: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Put `rows` in place of the video's captions in one language; the other language's are another stage's. A row
    that something else wrote says so by a `producer_id` of its own."""
    columns = Caption.__table__.c
    connection.execute(delete(Caption).where(columns.video_id == video_id, columns.language == language))
    if rows:
        fixed = {"video_id": video_id, "language": language, "producer_id": producer}
        connection.execute(insert(Caption), [{**fixed, **row} for row in rows])


def finish_stage(
    connection: Connection,
    video_id: str,
    stage: str,
    *,
    mark: str,
    producer: int,
    run_id: str,
    seconds: float,
    inputs: Mapping[str, str] | None = None,
    missing: str = "",
) -> None:
    """Note that the stage is done with fingerprint `mark`, in the transaction that wrote its rows.

    Args:
        inputs: fingerprints of the stages that it read.
        missing: what could not be made, for people.
    """
    finish_stages(
        connection,
        {video_id: mark},
        stage,
        producer=producer,
        run_id=run_id,
        seconds=seconds,
        inputs=inputs,
        missing=missing,
    )


def finish_stages(
    connection: Connection,
    marks: Mapping[str, str],
    stage: str,
    *,
    producer: int,
    run_id: str,
    seconds: float,
    inputs: Mapping[str, str] | None = None,
    missing: str = "",
) -> None:
    """The same of several videos, given the fingerprint of each."""
    statement = insert(StageRun)
    values = {
        "stage": stage,
        "producer_id": producer,
        "run_id": run_id,
        "seconds": seconds,
        "inputs": None if inputs is None else dict(inputs),
        "missing": missing or None,
    }
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[StageRun.video_id, StageRun.stage],
            set_={
                **{name: statement.excluded[name] for name in (*values, "fingerprint") if name != "stage"},
                "finished_at": func.now(),
            },
        ),
        [{"video_id": video_id, "fingerprint": mark, **values} for video_id, mark in marks.items()],
    )
    for table in (StageError, StageProgress):
        columns = table.__table__.c
        connection.execute(delete(table).where(_any_of(columns.video_id, marks), columns.stage == stage))


def forget_stages(connection: Connection, video_id: str) -> None:
    """Let no stage count as done for a video; what they wrote stays until they are done again."""
    connection.execute(delete(StageRun).where(StageRun.video_id == video_id))


def fail_stage(connection: Connection, video_id: str, stage: str, message: str, run_id: str) -> None:
    values = {"message": message, "run_id": run_id}
    statement = insert(StageError).values(video_id=video_id, stage=stage, **values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[StageError.video_id, StageError.stage],
            set_={**values, "failed_at": func.now()},
        )
    )
    connection.execute(
        delete(StageProgress).where(StageProgress.video_id == video_id, StageProgress.stage == stage)
    )


def failed_videos(connection: Connection, stage: str, run_id: str) -> dict[str, str]:
    """Why the stage failed in that run, by video."""
    rows = connection.execute(
        select(StageError.video_id, StageError.message)
        .where(StageError.stage == stage, StageError.run_id == run_id)
        .order_by(StageError.video_id)
    )
    return dict(rows.tuples().all())


def failures_of_run(connection: Connection, run_id: str) -> dict[str, str]:
    """The stage that failed in that run, and why, by video."""
    rows = connection.execute(
        select(StageError.video_id, StageError.stage, StageError.message)
        .where(StageError.run_id == run_id)
        .order_by(StageError.video_id)
    )
    return {video_id: f"{stage}: {message}" for video_id, stage, message in rows}


def read_rows(
    connection: Connection, table: type[Base], video_id: str, *order: str, within: TimeRange | None = None
) -> list[Any]:
    """Rows of one of the video's tables as named tuples, ordered by the given columns; `within`: only those with a
    part in that range."""
    columns = table.__table__.c
    statement = select(*columns).where(columns.video_id == video_id).order_by(*(columns[name] for name in order))
    if within is not None and "time_ms" in columns:
        statement = statement.where(columns.time_ms >= within.start_ms, columns.time_ms < within.end_ms)
    elif within is not None:
        statement = statement.where(columns.start_ms < within.end_ms, columns.end_ms > within.start_ms)
    return list(connection.execute(statement).all())

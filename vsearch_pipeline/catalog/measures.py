"""The library in numbers, as monitoring wants them: a few statements whose cost hardly grows with the library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select, text

from vsearch_pipeline.catalog.models import Video
from vsearch_pipeline.catalog.paid import spent_today
from vsearch_pipeline.catalog.progress import ALIVE_SECONDS
from vsearch_pipeline.catalog.shelf import VideoState, count_states


@dataclass(frozen=True, slots=True)
class StageNumbers:
    """Of one stage over all videos.

    Attributes:
        done: videos whose last run of it finished; `unfinished` of them lack something.
        failed: videos of which it failed since.
        seconds: of work behind the results that stand.
        running: videos that it works on now; `share` is how much of them is done on average, None where unknown.
    """

    done: int = 0
    unfinished: int = 0
    seconds: float = 0.0
    failed: int = 0
    running: int = 0
    share: float | None = None


@dataclass(frozen=True, slots=True)
class RequestNumbers:
    """Open requests of one kind in one state; `oldest` is the age of the oldest, seconds."""

    kind: str
    state: str
    count: int
    oldest: float


@dataclass(frozen=True, slots=True)
class LibraryNumbers:
    """
    Attributes:
        videos: by state.
        rows: of large tables, by what they hold; as the server's statistics have them.
        operations: by kind and door.
        heartbeat: seconds since Dagster's daemon last said that it lives; None where it never did.
    """

    videos: Mapping[VideoState, int]
    video_seconds: float
    stages: Mapping[str, StageNumbers]
    requests: tuple[RequestNumbers, ...]
    operations: Mapping[tuple[str, str], int]
    paid_requests: int
    paid_usd: float
    rows: Mapping[str, int]
    database_bytes: int
    heartbeat: float | None


_STAGES: Final = text(
    """
    select stage, sum(done) as done, sum(unfinished) as unfinished, sum(seconds) as seconds,
        sum(failed) as failed, sum(running) as running, avg(share) as share
    from (
        select stage, count(*) as done, count(missing) as unfinished, sum(seconds) as seconds,
            0 as failed, 0 as running, null::float as share
        from stage_runs group by stage
        union all select stage, 0, 0, 0, count(*), 0, null from stage_errors group by stage
        union all select stage, 0, 0, 0, 0, count(*), avg(least(1.0, done::float / nullif(total, 0)))
        from stage_progress where updated_at > now() - make_interval(secs => :alive_seconds) group by stage
    ) each_of group by stage
    """
)
_REQUESTS: Final = text(
    """
    select kind, state, count(*) as number, extract(epoch from now() - min(asked_at)) as oldest from requests
    where state in ('waiting', 'queued', 'running', 'failed') group by kind, state
    """
)
_OPERATIONS: Final = text("select kind, door, count(*) as number from operations group by kind, door")
_ROWS: Final = text(
    """
    select stats.relname, case when n_live_tup > 0 then n_live_tup else greatest(reltuples, 0) end as rows
    from pg_stat_user_tables stats join pg_class on pg_class.oid = relid
    where schemaname = current_schema() and stats.relname = any(cast(:tables as text[]))
    """
)
_TABLES: Final = {
    "segments": "segments",
    "segment_embeddings": "segment_vectors",
    "face_embeddings": "face_vectors",
    "word_embeddings": "word_vectors",
}


def read_numbers(connection: Connection) -> LibraryNumbers:
    """Everything at once; a few milliseconds for 100,000 segments."""
    stages = {
        row.stage: StageNumbers(
            int(row.done), int(row.unfinished), float(row.seconds), int(row.failed), int(row.running), row.share
        )
        for row in connection.execute(_STAGES, {"alive_seconds": ALIVE_SECONDS})
    }
    rows = connection.execute(_ROWS, {"tables": list(_TABLES)})
    spent = spent_today(connection)
    milliseconds = select(func.coalesce(func.sum(Video.duration_ms), 0))
    return LibraryNumbers(
        videos=count_states(connection),
        video_seconds=int(connection.execute(milliseconds).scalar_one() or 0) / 1000,
        stages=stages,
        requests=tuple(
            RequestNumbers(row.kind, row.state, row.number, float(row.oldest))
            for row in connection.execute(_REQUESTS)
        ),
        operations={(row.kind, row.door): row.number for row in connection.execute(_OPERATIONS)},
        paid_requests=spent.requests,
        paid_usd=spent.usd,
        rows={_TABLES[row.relname]: int(row.rows) for row in rows},
        database_bytes=database_bytes(connection),
        heartbeat=daemon_heartbeat(connection),
    )


def daemon_heartbeat(connection: Connection) -> float | None:
    """Seconds since Dagster's daemon last wrote that its sensors run; None where it never did."""
    if connection.execute(text("select to_regclass('dagster.daemon_heartbeats')")).scalar() is None:
        return None
    # Dagster writes UTC without saying so
    age = connection.execute(
        text(
            "select extract(epoch from now() at time zone 'UTC' - max(timestamp)) from dagster.daemon_heartbeats"
            " where daemon_type = 'SENSOR'"
        )
    ).scalar()
    return None if age is None else max(0.0, float(age))


def database_bytes(connection: Connection) -> int:
    return int(connection.execute(text("select pg_database_size(current_database())")).scalar_one())


def answers(connection: Connection) -> None:
    """Asks for nothing; raises where the database does not answer."""
    connection.execute(text("select 1"))


def clock_skew(connection: Connection, now: float) -> float:
    """Seconds by which the database's clock is ahead of a time, given in seconds since 1970."""
    return float(connection.execute(text("select extract(epoch from clock_timestamp())")).scalar_one()) - now


def migration(connection: Connection) -> str | None:
    """The version that the tables are at."""
    found = connection.execute(text("select version_num from alembic_version")).scalar()
    return None if found is None else str(found)

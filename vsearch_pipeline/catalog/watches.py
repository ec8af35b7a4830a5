"""Searches that somebody watches from Slack, and the moments that each has told of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, String, cast, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import Alert, Watch, WatchedMoment
from vsearch_pipeline.timeline import TimeRange
from vsearch_pipeline.wording import Language


@dataclass(frozen=True, slots=True)
class WatchRecord:
    """Attributes:
    user_id: whom Slack mentions.
    channel: the channel's id.
    actor: who it is for the history.
    since: what was there before is not told.
    """

    id: int
    user_id: str
    channel: str
    actor: str
    query: str
    language: Language
    since: datetime


_COLUMNS: Final = [Watch.__table__.c[name] for name in WatchRecord.__dataclass_fields__]


def add_watch(
    connection: Connection, *, user_id: str, channel: str, actor: str, query: str, language: Language
) -> WatchRecord:
    """Watch a search; the same again is the one that is there, in the language of now.

    What is found already counts as news until `slack.watching.remember_present` was called.
    """
    statement = insert(Watch).values(user_id=user_id, channel=channel, actor=actor, query=query, language=language)
    statement = statement.on_conflict_do_update(
        index_elements=[Watch.user_id, Watch.channel, text("md5(query)")],
        set_={"language": language, "actor": actor},
    )
    row = connection.execute(statement.returning(*_COLUMNS)).one()
    return WatchRecord(**row._mapping)


def list_watches(
    connection: Connection, *, user_id: str | None = None, channel: str | None = None
) -> list[WatchRecord]:
    """Somebody's, or a channel's, or all, the oldest first."""
    statement = select(*_COLUMNS).order_by(Watch.id)
    if user_id is not None:
        statement = statement.where(Watch.user_id == user_id)
    if channel is not None:
        statement = statement.where(Watch.channel == channel)
    return [WatchRecord(**row._mapping) for row in connection.execute(statement)]


def remove_watch(connection: Connection, watch_id: int, *, user_id: str) -> bool:
    """Whether it was there and theirs; what it was about to tell is not told."""
    theirs = delete(Watch).where(Watch.id == watch_id, Watch.user_id == user_id).returning(Watch.id)
    if connection.execute(theirs).scalar() is None:
        return False
    connection.execute(
        update(Alert)
        .where(
            Alert.kind == "watch",
            Alert.state == "waiting",
            Alert.about["watch"].astext == cast(watch_id, String),
        )
        .values(state="dropped")
    )
    return True


def hold_watch(connection: Connection, watch_id: int) -> bool:
    """Whether it is still there; until the transaction ends nobody else looks for it, or removes it."""
    held = select(Watch.id).where(Watch.id == watch_id).with_for_update()
    return connection.execute(held).scalar() is not None


def told_moments(connection: Connection, watch_id: int, videos: Collection[str]) -> dict[str, list[TimeRange]]:
    """What a watch has told of these videos."""
    rows = connection.execute(
        text(
            "select video_id, start_ms, end_ms from watched_moments"
            " where watch_id = :watch and video_id = any(cast(:videos as text[])) order by video_id, start_ms"
        ),
        {"watch": watch_id, "videos": list(videos)},
    )
    told: dict[str, list[TimeRange]] = {}
    for row in rows:
        told.setdefault(row.video_id, []).append(TimeRange(row.start_ms, row.end_ms))
    return told


def tell_moments(connection: Connection, watch_id: int, moments: Mapping[str, Sequence[TimeRange]]) -> None:
    """Note what a watch has told of, by video; a watch or a video that is gone is passed over."""
    rows = [(video, span.start_ms, span.end_ms) for video, spans in moments.items() for span in spans]
    if rows:
        videos, starts, ends = map(list, zip(*rows, strict=True))
        connection.execute(
            text(
                f"""
                insert into {WatchedMoment.__tablename__} (watch_id, video_id, start_ms, end_ms)
                select watches.id, videos.id, told.start_ms, told.end_ms
                from unnest(cast(:videos as text[]), cast(:starts as int[]), cast(:ends as int[]))
                    as told (video_id, start_ms, end_ms)
                join videos on videos.id = told.video_id join watches on watches.id = :watch
                on conflict do nothing
                """  # noqa: S608 - the table's name
            ),
            {"watch": watch_id, "videos": videos, "starts": starts, "ends": ends},
        )

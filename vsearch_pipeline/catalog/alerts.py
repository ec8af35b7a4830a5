"""What Slack is told: each alert is made once, by its key, and goes out in one message."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import Alert, StageError, Video

AlertKind = Literal["searchable", "failed", "check", "watch"]
AlertState = Literal["waiting", "sending", "sent", "failed", "dropped"]
"""`sending`: Slack was asked to post it, and what became of that is not written down yet; `failed`: Slack does not
take it; `dropped`: there is nobody to tell, or no need to."""
SEARCHABLE_STAGE: Final = "segment_embeddings"
_SENDING_LOCK: Final = 0x73_6C_61_6B  # "slak"


@dataclass(frozen=True, slots=True)
class NewAlert:
    """Attributes:
    key: what it is about; the same is never told twice.
    about: what is told of it (`slack/alert_messages.py`).
    state: `dropped` for what shall never be told.
    """

    key: str
    kind: AlertKind
    channel: str
    about: Mapping[str, Any]
    state: AlertState = "waiting"


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """Attributes:
    message: the id of the message that tells it, while it is sent and after.
    changed_at: of its state.
    ts: the message's number in the channel, where it is known.
    """

    id: int
    key: str
    kind: AlertKind
    channel: str
    about: Mapping[str, Any]
    made_at: datetime
    state: AlertState
    message: str | None
    changed_at: datetime
    ts: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """A message that a channel got, and how many alerts it told."""

    at: datetime
    alerts: int


_COLUMNS: Final = [Alert.__table__.c[name] for name in AlertRecord.__dataclass_fields__]


def searchable_key(video_id: str) -> str:
    return f"searchable {video_id}"


def database_time(connection: Connection) -> datetime:
    """What the database's clock shows."""
    moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return moment


# --- making -----------------------------------------------------------------------------------------------------


def make_alerts(connection: Connection, alerts: Sequence[NewAlert], now: datetime | None = None) -> int:
    """Add those whose keys are new; returns how many wait to be told.

    Args:
        now: when they were made; by the database's clock where it is not given.
    """
    if not alerts:
        return 0
    at = now or database_time(connection)
    rows = [
        {
            "key": each.key,
            "kind": each.kind,
            "channel": each.channel,
            "about": dict(each.about),
            "state": each.state,
            "made_at": at,
            "changed_at": at,
        }
        for each in alerts
    ]
    made = connection.execute(insert(Alert).on_conflict_do_nothing().returning(Alert.state), rows).scalars()
    return sum(state == "waiting" for state in made)


def known_alerts(connection: Connection, keys: Collection[str]) -> set[str]:
    """Those of the keys that there are alerts of."""
    found = text("select key from alerts where key = any(cast(:keys as text[]))")
    return set(connection.execute(found, {"keys": list(keys)}).scalars())


_KNOWN: Final = text(
    """
    insert into alerts (key, kind, channel, about, state)
    select cast(:before as text) || video_id, 'searchable', '', cast('{}' as jsonb), 'dropped'
    from stage_runs where stage = :stage
    on conflict do nothing returning id
    """
)


def take_as_known(connection: Connection) -> int:
    """Let no video that can be searched now ever be told as new; returns how many."""
    return len(connection.execute(_KNOWN, {"stage": SEARCHABLE_STAGE, "before": searchable_key("")}).all())


@dataclass(frozen=True, slots=True)
class SearchableVideo:
    """A video whose rows of the search were finished.

    Attributes:
        previewed: it has previews, or never will.
    """

    id: str
    title: str
    duration_ms: int | None
    finished_at: datetime
    previewed: bool


_SEARCHABLE: Final = text(
    """
    select videos.id, title, duration_ms, done.finished_at,
        kind = 'imported' or previews.video_id is not null as previewed
    from stage_runs done join videos on videos.id = done.video_id
    left join stage_runs previews on previews.video_id = done.video_id and previews.stage = 'previews'
    where done.stage = :stage and done.finished_at >= :since order by done.finished_at, videos.id
    """
)


def searchable_since(connection: Connection, since: datetime) -> list[SearchableVideo]:
    """The videos made searchable, or made so again, from a time on, in that order."""
    rows = connection.execute(_SEARCHABLE, {"stage": SEARCHABLE_STAGE, "since": since})
    return [SearchableVideo(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class FailedVideo:
    id: str
    title: str
    stage: str
    reason: str


def failed_in_run(connection: Connection, run_id: str) -> list[FailedVideo]:
    """The videos of which a stage failed in a run, and has not succeeded since."""
    rows = connection.execute(
        select(Video.id, Video.title, StageError.stage, StageError.message.label("reason"))
        .join(Video, Video.id == StageError.video_id)
        .where(StageError.run_id == run_id)
        .order_by(StageError.failed_at, Video.id)
    )
    return [FailedVideo(**row._mapping) for row in rows]


# --- telling ----------------------------------------------------------------------------------------------------


def only_sender(connection: Connection) -> bool:
    """Whether nobody else sends until this transaction ends."""
    lock = text("select pg_try_advisory_xact_lock(:key)")
    return bool(connection.execute(lock, {"key": _SENDING_LOCK}).scalar_one())


def open_alerts(connection: Connection) -> list[AlertRecord]:
    """What waits to be told, or is being told, in the order in which it was made."""
    open_ones = select(*_COLUMNS).where(Alert.state.in_(("waiting", "sending"))).order_by(Alert.id)
    return [AlertRecord(**row._mapping) for row in connection.execute(open_ones)]


def told_since(connection: Connection, channel: str, since: datetime) -> list[Told]:
    """The messages that a channel got after a time, the oldest first."""
    at = func.max(Alert.changed_at)
    rows = connection.execute(
        select(at, func.count())
        .where(Alert.state == "sent", Alert.channel == channel, Alert.changed_at > since)
        .group_by(Alert.message)
        .order_by(at)
    )
    return [Told(*row) for row in rows]


def begin_message(connection: Connection, ids: Collection[int], message: str, now: datetime) -> list[int]:
    """Write down that these alerts are about to be posted as `message`; returns those that still wait."""
    begun = (
        update(Alert)
        .where(Alert.id.in_(ids), Alert.state == "waiting")
        .values(state="sending", message=message, changed_at=now)
        .returning(Alert.id)
    )
    return sorted(connection.execute(begun).scalars())


def end_message(
    connection: Connection,
    message: str,
    state: AlertState,
    now: datetime,
    *,
    ts: str | None = None,
    error: str | None = None,
) -> None:
    """Write down what became of a message; `waiting` gives its alerts back."""
    values: dict[str, Any] = {"state": state, "changed_at": now, "ts": ts, "error": error}
    if state == "waiting":
        values["message"] = None
    connection.execute(update(Alert).where(Alert.message == message, Alert.state == "sending").values(values))

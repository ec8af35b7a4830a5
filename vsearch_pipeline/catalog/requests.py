"""What people ask of the pipeline through doors that start no runs: the sensor `requests` starts them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import Request
from vsearch_pipeline.catalog.operations import Door, log_operation
from vsearch_pipeline.catalog.videos import get_video

RequestKind = Literal["retry", "ingest", "relabel", "train", "take_in"]
"""`retry` and `ingest`: what is missing of a video; `relabel`: the names of faces in all of them; `train`: who is
who, by the gallery; `take_in`: a link, or the path of a file."""
RequestState = Literal["waiting", "queued", "running", "done", "failed", "dropped"]
"""`waiting`: no daemon has seen it; `queued`: it waits for its turn; `dropped`: asked again, or put away."""

OPEN: Final[tuple[RequestState, ...]] = ("waiting", "queued", "running")


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """Attributes:
    subject: the video's id, the link or the path, or nothing.
    run_id: of the run, or of the backfill, that does it; None before there is one.
    reason: why it failed.
    video_id: what was taken in.
    done, total: bytes of a download, as far as they are known.
    after: the request that has to end first.
    waited: seconds since it was asked for.
    """

    id: int
    kind: RequestKind
    subject: str
    actor: str
    door: Door
    asked_at: datetime
    state: RequestState
    run_id: str | None
    reason: str | None
    video_id: str | None
    done: int | None
    total: int | None
    after: int | None
    waited: float


_COLUMNS: Final = [Request.__table__.c[name] for name in RequestRecord.__dataclass_fields__ if name != "waited"]


def request_run(
    connection: Connection,
    kind: RequestKind,
    subject: str = "",
    *,
    actor: str,
    door: Door,
    after: int | None = None,
) -> int:
    """Ask for a run; what is asked for already, and not done yet, is not asked for twice.

    Args:
        subject: the video's id (`retry`, `ingest`), the link or the path (`take_in`), else nothing.
        after: a request that has to end first, well or badly.

    Returns:
        the request's id.

    Raises:
        NotFoundError: there is no such video.
    """
    title = get_video(connection, subject).title if kind in ("retry", "ingest") else ""
    if kind == "relabel" and after is None:  # by what people said up to now
        after, _ = _enter(connection, "train", "", actor=actor, door=door)
    number, new = _enter(connection, kind, subject, actor=actor, door=door, after=after)
    fixed: dict[str, Any] = {"actor": actor, "door": door}
    if new and kind == "retry":
        about = {"title": title}
        log_operation(connection, **fixed, kind="video.retry", about=about, subjects=[("video", subject)])
    elif new and kind == "take_in":
        log_operation(connection, **fixed, kind="video.request", about={"source": subject})
    elif new and kind == "relabel":
        log_operation(connection, **fixed, kind="library.relabel")
    return number


def _enter(
    connection: Connection, kind: RequestKind, subject: str, *, actor: str, door: Door, after: int | None = None
) -> tuple[int, bool]:
    """The request's id, and whether it is new."""
    same = (Request.kind == kind, Request.subject == subject)
    connection.execute(update(Request).where(*same, Request.state == "failed").values(state="dropped"))
    values = {"kind": kind, "subject": subject, "actor": actor, "door": door, "after": after}
    statement = insert(Request).values(values).on_conflict_do_nothing().returning(Request.id)
    number = connection.execute(statement).scalar()
    if number is not None:
        return int(number), True
    asked = select(Request.id).where(*same, Request.state.in_(OPEN))
    return int(connection.execute(asked).scalar_one()), False


def open_requests(connection: Connection) -> list[RequestRecord]:
    """What has not ended, in the order in which it was asked for."""
    return _read(connection, OPEN)


def told_requests(connection: Connection) -> list[RequestRecord]:
    """What has not ended, and what failed and nobody has put away, in the order in which it was asked for."""
    return _read(connection, (*OPEN, "failed"))


def _read(connection: Connection, states: Collection[RequestState]) -> list[RequestRecord]:
    waited = func.extract("epoch", func.now() - Request.asked_at).label("waited")
    rows = connection.execute(select(*_COLUMNS, waited).where(Request.state.in_(states)).order_by(Request.id))
    return [RequestRecord(**{**row._mapping, "waited": float(row.waited)}) for row in rows]


def follow_request(
    connection: Connection,
    number: int,
    state: RequestState,
    *,
    run_id: str | None = None,
    reason: str | None = None,
    video_id: str | None = None,
) -> None:
    """Write down how far what was asked for is; a request that has ended stays as it is."""
    values: dict[str, Any] = {"state": state, "reason": reason, "changed_at": func.now()}
    given = {"run_id": run_id, "video_id": video_id}
    values.update({name: value for name, value in given.items() if value is not None})
    connection.execute(update(Request).where(Request.id == number, Request.state.in_(OPEN)).values(values))


def begin_take_in(connection: Connection, source: str, run_id: str, number: int | None) -> int:
    """The request that a run works for: of that number, else one that the inbox makes. A run that is tried again
    opens its request again."""
    if number is None:
        number, _ = _enter(connection, "take_in", source, actor="inbox", door="sensor")
    again = {"state": "running", "run_id": run_id, "reason": None, "done": None, "total": None}
    connection.execute(
        update(Request)
        .where(Request.id == number, Request.state != "dropped")
        .values(**again, changed_at=func.now())
    )
    return number


def count_bytes(connection: Connection, number: int, done: int, total: int | None) -> None:
    """Write down how far a download is."""
    values = {"done": done, "total": total, "changed_at": func.now()}
    connection.execute(update(Request).where(Request.id == number).values(values))


def put_away(connection: Connection, number: int) -> None:
    """Let a request that failed no longer be told of."""
    connection.execute(
        update(Request).where(Request.id == number, Request.state == "failed").values(state="dropped")
    )

"""What people searched for: recent searches, and those they saved under a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import KeptSearch as Row

REMEMBERED: Final = 50
"""Recent searches kept for each person."""


@dataclass(frozen=True, slots=True)
class KeptSearch:
    """A search of somebody; `name` is None for a recent one that was not saved."""

    id: int
    text: str
    name: str | None
    used_at: datetime


_COLUMNS = (Row.id, Row.text, Row.name, Row.used_at)


def remember_search(connection: Connection, actor: str, text: str) -> None:
    """Put a search on top of the actor's recent ones; the oldest beyond `REMEMBERED` go, saved ones stay."""
    statement = insert(Row).values(actor=actor, text=text)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[Row.actor, Row.text], set_={"used_at": func.clock_timestamp()}
        )
    )
    kept = (
        select(Row.id)
        .where(Row.actor == actor, Row.name.is_(None))
        .order_by(Row.used_at.desc(), Row.id.desc())
        .limit(REMEMBERED)
    )
    connection.execute(delete(Row).where(Row.actor == actor, Row.name.is_(None), Row.id.not_in(kept)))


def save_search(connection: Connection, actor: str, text: str, name: str) -> KeptSearch:
    """Keep a search under a name; saved again, it gets the new name."""
    statement = insert(Row).values(actor=actor, text=text, name=name)
    saved = statement.on_conflict_do_update(
        index_elements=[Row.actor, Row.text], set_={"name": name, "used_at": func.clock_timestamp()}
    )
    return _record(connection.execute(saved.returning(*_COLUMNS)).one())


def recent_searches(connection: Connection, actor: str, limit: int) -> list[KeptSearch]:
    """The actor's last searches, newest first."""
    statement = (
        select(*_COLUMNS).where(Row.actor == actor).order_by(Row.used_at.desc(), Row.id.desc()).limit(limit)
    )
    return [_record(row) for row in connection.execute(statement)]


def saved_searches(connection: Connection, actor: str) -> list[KeptSearch]:
    """The actor's searches with a name, by it."""
    statement = select(*_COLUMNS).where(Row.actor == actor, Row.name.is_not(None)).order_by(Row.name, Row.id)
    return [_record(row) for row in connection.execute(statement)]


def forget_search(connection: Connection, actor: str, search_id: int) -> None:
    connection.execute(delete(Row).where(Row.actor == actor, Row.id == search_id))


def _record(row: Any) -> KeptSearch:
    return KeptSearch(row.id, row.text, row.name, row.used_at)

"""Who waits for whom: locks to the end of a transaction, taken in the order in which they stand here.

Content, then people, then names, then videos, then rows: whoever needs several takes them in this order, so that
nobody waits in a circle.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import ARRAY, Connection, Text, any_, literal, select, text

from vsearch_pipeline.catalog.models import Video

_PEOPLE: Final = 0x70_65_6F_70  # "peop"
_NAMES: Final = 0x6E_61_6D_65  # "name"
PATIENCE: Final = "30s"
"""How long an edit waits for somebody else's lock before it says so."""


def lock_content(connection: Connection, sha256: str) -> None:
    """Let those who add the same file follow one another: the second one finds it there."""
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended(:sha256, 0))"), {"sha256": sha256})


def lock_people(connection: Connection) -> None:
    """Let edits of people, and runs that gather unknown people, follow one another."""
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _PEOPLE})


def lock_names(connection: Connection) -> None:
    """Edit people and what they are called: nobody else edits any, nor writes search rows, which hold names."""
    lock_people(connection)
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _NAMES})


def lock_video(connection: Connection, *video_ids: str) -> None:
    """Hold videos, so that whoever writes their rows does so one after the other; what people are called stands
    meanwhile."""
    connection.execute(text("select pg_advisory_xact_lock_shared(:key)"), {"key": _NAMES})
    rows = select(Video.id).where(Video.id == any_(literal(list(video_ids), ARRAY(Text)))).order_by(Video.id)
    connection.execute(rows.with_for_update(key_share=True))


def be_patient(connection: Connection) -> None:
    """Fail with `LockNotAvailable` rather than wait for longer than `PATIENCE`."""
    connection.execute(text(f"set local lock_timeout = '{PATIENCE}'"))

"""What is remembered of Slack: what was uploaded to it, and what it delivered that is done already."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import SlackDelivery, SlackFile

DELIVERIES_KEPT: Final = timedelta(days=7)
"""Slack tries for an hour at most."""


def uploaded_files(connection: Connection, team: str, digests: Collection[str]) -> dict[str, str]:
    """The workspace's file ids of what was uploaded, by digest."""
    wanted = select(SlackFile.digest, SlackFile.file_id).where(
        SlackFile.team == team, SlackFile.digest.in_(digests)
    )
    return dict(connection.execute(wanted).tuples().all())


def keep_file(connection: Connection, team: str, digest: str, file_id: str) -> None:
    """Note what a picture is called in a workspace, also where it was called otherwise before."""
    statement = insert(SlackFile).values(team=team, digest=digest, file_id=file_id)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[SlackFile.team, SlackFile.digest], set_={"file_id": file_id, "uploaded_at": func.now()}
        )
    )


def forget_file(connection: Connection, team: str, file_id: str) -> None:
    """It is not in the workspace any more."""
    connection.execute(delete(SlackFile).where(SlackFile.team == team, SlackFile.file_id == file_id))


def take_delivery(connection: Connection, key: str) -> bool:
    """Whether this is the first time that something is done for a delivery; a rollback gives it back.

    Where another transaction is at it, this one waits until it is known whether that was done.
    """
    first = insert(SlackDelivery).values(key=key).on_conflict_do_nothing().returning(SlackDelivery.key)
    taken = connection.execute(first).scalar() is not None
    if taken:
        old = func.now() - DELIVERIES_KEPT
        connection.execute(delete(SlackDelivery).where(SlackDelivery.at < old))
    return taken

"""Numbers that are handed out inside the transaction that uses them."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import Counter


def take_numbers(connection: Connection, name: str, count: int) -> range:
    """The next `count` numbers of a counter, from 1 on; the row lock makes writers wait for each other."""
    statement = insert(Counter).values(name=name, value=count)
    last: int = connection.execute(
        statement.on_conflict_do_update(
            index_elements=[Counter.name], set_={"value": Counter.value + count}
        ).returning(Counter.value)
    ).scalar_one()
    return range(last - count + 1, last + 1)

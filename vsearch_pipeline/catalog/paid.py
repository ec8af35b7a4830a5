"""What was paid for: answers that are kept for good, and what each day cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Connection, Date, Text, any_, cast, func, select
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.models import PaidAnswer, PaidDay
from vsearch_pipeline.gemini import Spending

_LIMIT_LOCK: Final = 0x70_61_69_64  # "paid"


class PaidLedger:
    """A `gemini.Ledger` in the catalogue.

    Every call is a transaction of its own: what was paid for stays, whatever becomes of the stage that asked.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def known(self, keys: Collection[str]) -> dict[str, Any]:
        """The kept answers among these keys."""
        wanted = PaidAnswer.key == any_(cast(list(keys), ARRAY(Text)))
        with self._catalog.begin() as connection:
            rows = connection.execute(select(PaidAnswer.key, PaidAnswer.answer).where(wanted))
            return dict(rows.tuples().all())

    def keep(self, purpose: str, model: str, answers: Mapping[str, Any]) -> None:
        """Keep JSON-able answers by their key; one that is kept already stays as it is."""
        if not answers:
            return
        # in one order everywhere, so that two writers of the same keys wait for each other instead of forever
        rows = [
            {"key": key, "purpose": purpose, "model": model, "answer": answers[key]} for key in sorted(answers)
        ]
        with self._catalog.begin() as connection:
            connection.execute(insert(PaidAnswer).on_conflict_do_nothing(), rows)

    def spent_today(self) -> Spending:
        """Of all models since midnight UTC, by the database's clock."""
        with self._catalog.begin() as connection:
            return spent_today(connection)

    def begin_request(self, model: str, limit: Spending) -> bool:
        """Count one request, unless the day's requests or money have reached `limit`: then False.

        However many processes ask at once, the requests stay within the limit; the money may exceed it by what is
        under way, since a price is known only afterwards.
        """
        with self._catalog.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_LIMIT_LOCK)))
            spent = spent_today(connection)
            if spent.requests >= limit.requests or spent.usd >= limit.usd:
                return False
            _add(connection, model, requests=1)
            return True

    def note(self, model: str, *, input_tokens: int, output_tokens: int, usd: float) -> None:
        """Add what a request turned out to cost."""
        with self._catalog.begin() as connection:
            _add(connection, model, input_tokens=input_tokens, output_tokens=output_tokens, cost_usd=usd)


def _today() -> ColumnElement[Any]:
    return cast(func.timezone("UTC", func.now()), Date)


def spent_today(connection: Connection) -> Spending:
    """Of all models since midnight UTC, by the database's clock."""
    row = connection.execute(
        select(func.coalesce(func.sum(PaidDay.requests), 0), func.coalesce(func.sum(PaidDay.cost_usd), 0.0)).where(
            PaidDay.day == _today()
        )
    ).one()
    return Spending(int(row[0]), float(row[1]))


def _add(connection: Connection, model: str, **amounts: float) -> None:
    statement = insert(PaidDay).values(day=_today(), model=model, **amounts)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[PaidDay.day, PaidDay.model],
            set_={name: getattr(PaidDay, name) + amount for name, amount in amounts.items()},
        )
    )

"""Waiting for a place in a pool, as a run does whose next step needs the card that another run uses.

Four things of Dagster's are mended. A run that waits looks again after a second, then ever more rarely, up to
15 seconds. In between the in-process executor does not sleep: it took a whole core. Of the first runs of a library
that come to a pool at once, all but one failed. And where no daemon runs, a killed run kept its place for good.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from sqlalchemy.exc import DBAPIError

from vsearch_pipeline.resources.abandoned import clear_away

LOOK_SECONDS = 0.25
CLEAR_SECONDS = 5.0
"""Between two looks for runs that hold places though they are over."""


def mend_pools(storage: Any) -> None:
    """Let runs look for a free place every quarter of a second, asleep in between, and make pools without a race.

    Args:
        storage: Dagster's storage of events, which hands out the places.
    """
    storage.claim_concurrency_slot = _looking_again(storage, storage.claim_concurrency_slot)
    storage.initialize_concurrency_limit_to_default = _made_once(storage.initialize_concurrency_limit_to_default)
    contexts: Any = InstanceConcurrencyContext
    contexts.interval_to_next_pending_claim_check = _seconds_to_next_look


def _looking_again(storage: Any, claim: Callable[..., Any]) -> Callable[..., Any]:
    cleared = -CLEAR_SECONDS

    def claim_place(*place: Any, **named: Any) -> Any:
        nonlocal cleared
        told = claim(*place, **named)
        if not told.is_claimed and time.monotonic() > cleared + CLEAR_SECONDS:
            cleared = time.monotonic()
            clear_away(storage._instance)
        return told.with_sleep_interval(LOOK_SECONDS)

    return claim_place


def _made_once(make: Callable[[str], bool]) -> Callable[[str], bool]:
    """Dagster goes on in a transaction that PostgreSQL has ended where another run has just made the pool."""

    def make_pool(name: str) -> bool:
        try:
            return make(name)
        except DBAPIError:
            return True

    return make_pool


def _seconds_to_next_look(waiting: InstanceConcurrencyContext) -> float:
    """Dagster's own says 0 at most."""
    now = time.time()
    return max(0.0, min((at - now for at in waiting._pending_timeouts.values()), default=0.0))

"""What is seen of searches: how long they take and how much they find, never what was asked for."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

from prometheus_client import Counter, Histogram

from vsearch_pipeline.errors import InputError, VsearchError

SearchDoor = Literal["cli", "web", "slack", "sensor"]
SearchKind = Literal["text", "similar", "face"]

_LOG = logging.getLogger(__name__)

SECONDS: Final = Histogram(
    "vsearch_search_seconds",
    "How long a search takes in this process, from the words to what is shown.",
    ["door", "kind"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10),
)
FOUND: Final = Histogram(
    "vsearch_search_results",
    "How many moments a search finds.",
    ["door", "kind"],
    buckets=(0, 1, 5, 20, 100, 1000),
)
REFUSED: Final = Counter(
    "vsearch_search_errors",
    "Searches without an answer: `bad_input` for one that makes no sense, `unexpected` for a fault.",
    ["door", "kind", "reason"],
)


class Seen:
    """What a search tells of itself."""

    def __init__(self) -> None:
        self.results = 0
        self.fields: dict[str, Any] = {}

    def found(self, results: int, **fields: Any) -> None:
        self.results, self.fields = results, {"results": results, **fields}


@contextmanager
def observed(door: SearchDoor, kind: SearchKind) -> Iterator[Seen]:
    """Count and log what is done inside as one search; several threads may search at once."""
    seen, started = Seen(), time.perf_counter()
    about = {"door": door, "kind": kind}
    try:
        yield seen
    except Exception as error:
        seconds = time.perf_counter() - started
        reason = error.code if isinstance(error, VsearchError) else "unexpected"
        REFUSED.labels(door, kind, reason).inc()
        level = logging.INFO if isinstance(error, InputError) else logging.WARNING
        _LOG.log(level, "search refused", extra={**about, "seconds": round(seconds, 3), "reason": reason})
        raise
    seconds = time.perf_counter() - started
    SECONDS.labels(door, kind).observe(seconds)
    FOUND.labels(door, kind).observe(seen.results)
    _LOG.info("search", extra={**about, "seconds": round(seconds, 3), **seen.fields})

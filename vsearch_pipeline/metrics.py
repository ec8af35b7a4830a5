"""Metrics for Prometheus: what the library is and does, read from the catalogue as it is asked for, and what this
process did. The first is the same whichever process or machine is asked."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.graph import STAGES
from vsearch_pipeline.catalog.measures import LibraryNumbers, StageNumbers, read_numbers
from vsearch_pipeline.catalog.shelf import STATES
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.store import open_store

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
KEPT_SECONDS: Final = 5.0
"""How long numbers of the catalogue are given again, however often they are asked for."""
WAIT_SECONDS: Final = 2.0

_LOG = logging.getLogger(__name__)


class LibraryCollector(Collector):
    """The catalogue's numbers; several threads may ask at once, and one of them reads.

    Args:
        open_catalog: called at each reading, so that a database that comes later is found.
    """

    def __init__(self, settings: Settings, open_catalog: Callable[[Settings], Catalog]) -> None:
        self._settings, self._open = settings, open_catalog
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._numbers: LibraryNumbers | None = None

    def describe(self) -> list[Metric]:
        """Nothing: registering must not read the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        numbers = self._current()
        yield _gauge("vsearch_up", "Whether the catalogue could be read.", 0 if numbers is None else 1)
        yield from _disk(self._settings)
        yield _gauge(
            "vsearch_paid_usd_limit", "What may be spent on Gemini in a day.", self._settings.gemini_usd_a_day
        )
        if numbers is not None:
            yield from _library(numbers)
            yield from _stages(numbers)
            yield from _asked(numbers)

    def _current(self) -> LibraryNumbers | None:
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            return None  # the database hangs: no more than one waits for it
        try:
            if time.monotonic() - self._read_at >= KEPT_SECONDS:
                self._numbers = self._read()
                self._read_at = time.monotonic()
            return self._numbers
        finally:
            self._lock.release()

    def _read(self) -> LibraryNumbers | None:
        try:
            with self._open(self._settings).read() as connection:
                return read_numbers(connection)
        except Exception as problem:  # noqa: BLE001 - monitoring is told by `vsearch_up`
            _LOG.warning("the catalogue could not be read for metrics: %s", type(problem).__name__)
            return None


class Metrics:
    """What is answered to Prometheus."""

    def __init__(self, settings: Settings, open_catalog: Callable[[Settings], Catalog]) -> None:
        self._library = CollectorRegistry()
        self._library.register(LibraryCollector(settings, open_catalog))

    def text(self) -> bytes:
        """In the text format: the library's numbers, then this process's."""
        return generate_latest(self._library) + generate_latest(REGISTRY)


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)


def _disk(settings: Settings) -> Iterator[Metric]:
    free = _free_bytes(settings.home)
    if free is not None:
        yield _gauge("vsearch_home_free_bytes", "Room left where the home is.", free)
    try:
        store = open_store(settings)
    except VsearchError:
        return
    free = _free_bytes(Path(store.where)) if store.is_folder else None
    if free is not None:
        yield _gauge("vsearch_media_free_bytes", "Room left where the videos are; nothing of a bucket.", free)


def _free_bytes(folder: Path) -> int | None:
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None


def _library(numbers: LibraryNumbers) -> Iterator[Metric]:
    videos = GaugeMetricFamily("vsearch_videos", "Videos by how far they are.", labels=["state"])
    for state in STATES:
        videos.add_metric([state], numbers.videos.get(state, 0))
    yield videos
    yield _gauge("vsearch_video_seconds", "Length of all videos together.", numbers.video_seconds)
    rows = GaugeMetricFamily(
        "vsearch_rows", "Segments and vectors, as the database's statistics have them.", labels=["of"]
    )
    for of, count in sorted(numbers.rows.items()):
        rows.add_metric([of], count)
    yield rows
    yield _gauge("vsearch_database_bytes", "Size of the database.", numbers.database_bytes)
    operations = CounterMetricFamily(
        "vsearch_operations", "Edits and other operations of the history.", labels=["kind", "door"]
    )
    for (kind, door), count in sorted(numbers.operations.items()):
        operations.add_metric([kind, door], count)
    yield operations


def _stages(numbers: LibraryNumbers) -> Iterator[Metric]:
    by_stage: dict[str, StageNumbers] = {**dict.fromkeys(STAGES, StageNumbers()), **numbers.stages}
    told: dict[str, tuple[str, Callable[[StageNumbers], float]]] = {
        "vsearch_stage_done": ("Videos whose last run of the stage finished.", lambda of: of.done),
        "vsearch_stage_unfinished": ("Of these, the videos that lack something.", lambda of: of.unfinished),
        "vsearch_stage_failed": (
            "Videos of which it failed, and did not succeed since.",
            lambda of: of.failed,
        ),
        "vsearch_stage_seconds": ("Work behind the results that stand.", lambda of: of.seconds),
        "vsearch_stage_running": ("Videos that the stage is at work on.", lambda of: of.running),
    }
    for name, (what, value) in told.items():
        family = GaugeMetricFamily(name, what, labels=["stage"])
        for stage, of in by_stage.items():
            family.add_metric([stage], value(of))
        yield family
    shares = GaugeMetricFamily(
        "vsearch_stage_running_share", "How much of those running is done, 0 to 1.", labels=["stage"]
    )
    for stage, of in by_stage.items():
        if of.share is not None:
            shares.add_metric([stage], of.share)
    yield shares


def _asked(numbers: LibraryNumbers) -> Iterator[Metric]:
    requests = GaugeMetricFamily(
        "vsearch_requests", "What people asked of the pipeline and has not ended well.", labels=["kind", "state"]
    )
    oldest = GaugeMetricFamily(
        "vsearch_request_oldest_seconds", "Age of the oldest of these.", labels=["kind", "state"]
    )
    for each in numbers.requests:
        requests.add_metric([each.kind, each.state], each.count)
        oldest.add_metric([each.kind, each.state], each.oldest)
    yield requests
    yield oldest
    yield _gauge("vsearch_paid_usd", "Spent on Gemini today (UTC).", numbers.paid_usd)
    yield _gauge("vsearch_paid_requests", "Asked of Gemini today (UTC).", numbers.paid_requests)
    if numbers.heartbeat is not None:
        yield _gauge(
            "vsearch_dagster_daemon_age_seconds",
            "Since Dagster's daemon last said that its sensors run.",
            numbers.heartbeat,
        )

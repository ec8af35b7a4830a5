"""Who watches a run sees which stage is at work on which video, how far it is, and that it is still alive.

A thread writes it down, so that saying how far it is costs a stage next to nothing, at every frame. Of a stage
that is done before the first look nothing is written.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from itertools import count
from types import TracebackType
from typing import Final, Self, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.progress import note_progress
from vsearch_pipeline.errors import DatabaseError

LOOK_SECONDS: Final = 0.5
NEWS_SECONDS: Final = 1.0
"""How often the share is written at most."""
BEAT_SECONDS: Final = 10.0
"""How often it is written that the stage is alive, where there is no news; see `progress.ALIVE_SECONDS`."""

_LOG = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")


class Progress:
    """How far a stage is with the video at hand: `done` of `total` of whatever it counts."""

    def __init__(self) -> None:
        self.counted: tuple[int, int] | None = None

    def __call__(self, done: int, total: int) -> None:
        self.counted = (done, total)  # one assignment: whoever reads has both of the same moment

    def each(self, work: Callable[[T], R], total: int) -> Callable[[T], R]:
        """`work`, each call of which counts as one of `total`; several threads may call it."""
        numbers = count(1)

        def counted(item: T) -> R:
            self(next(numbers), total)
            return work(item)

        return counted


class Watch:
    """Writes down which video a stage is at work on, as long as it is in use as a context."""

    def __init__(self, catalog: Catalog, stage: str, run_id: str, progress: Progress) -> None:
        self._catalog, self._stage, self._run_id, self._progress = catalog, stage, run_id, progress
        self._video: str | None = None
        self._started = self._written = 0.0
        self._told: tuple[int, int] | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name=f"watch {stage}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def look_at(self, video_id: str | None) -> None:
        """The video that is at hand from now on. After this returns, nothing is written of another one."""
        with self._lock:
            self._video, self._told, self._written = video_id, None, 0.0
            self._started = time.monotonic()
            self._progress.counted = None

    def _write_on(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            with self._lock:
                now = time.monotonic()
                counted, since = self._progress.counted, now - self._written
                first = not self._written and now - self._started >= LOOK_SECONDS
                news = counted != self._told and since >= NEWS_SECONDS
                if self._video and (first or (self._written and (news or since >= BEAT_SECONDS))):
                    self._write(self._video, counted, now)

    def _write(self, video_id: str, counted: tuple[int, int] | None, now: float) -> None:
        try:
            with self._catalog.begin() as connection:
                note_progress(
                    connection, video_id, self._stage, self._run_id, seconds=now - self._started, counted=counted
                )
        except (SQLAlchemyError, DatabaseError) as problem:  # the stage itself does not depend on it
            _LOG.warning("How far %s is with %s could not be written: %s", self._stage, video_id, problem)
        self._told, self._written = counted, now

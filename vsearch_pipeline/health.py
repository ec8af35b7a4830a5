"""Whether this process can serve: in words that tell a stranger nothing."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.measures import answers, daemon_heartbeat
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.store import open_store

ANSWER_SECONDS: Final = 2.0
"""So long a database may take."""
DAEMON_SECONDS: Final = 120.0
"""A daemon that has not written for longer is taken for gone; it writes every half minute."""
_AGAIN_SECONDS: Final = 1.0
"""What was found is told again for so long: many who ask do not load the database."""
_GIVEN_UP_SECONDS: Final = 30.0
"""A look that hangs for longer, on a connection that died unheard, is followed by another."""

Found = Literal["ok", "no answer", "no room", "no place", "none", "unknown"]


@dataclass(frozen=True, slots=True)
class Health:
    """Attributes:
    found: by what was looked at.
    """

    found: Mapping[str, Found]

    @property
    def ready(self) -> bool:
        """The daemon is told of, and not waited for: people search without it."""
        return self.found["database"] == "ok" and self.found["media"] == "ok"

    def as_json(self) -> dict[str, Any]:
        return {"ready": self.ready, "checks": dict(self.found)}


def media_health(settings: Settings) -> Found:
    """Whether the store of videos can be read and written."""
    try:
        store = open_store(settings)
        store.check()
        if store.is_folder:
            space = os.statvfs(store.where)
            if space.f_flag & os.ST_RDONLY:
                return "no place"
            return "ok" if space.f_bavail else "no room"
    except (VsearchError, OSError):
        return "no place"
    return "ok"


class Probe:
    """Looks at the database and the store, for whoever asks; never longer than `ANSWER_SECONDS`.

    Args:
        open_catalog: called at each look, so that a database that comes later is found.
        media: whether the store of videos is well.
    """

    def __init__(
        self,
        settings: Settings,
        open_catalog: Callable[[Settings], Catalog],
        media: Callable[[Settings], Found] = media_health,
    ) -> None:
        self._settings, self._open, self._media = settings, open_catalog, media
        self._lock = threading.Lock()
        self._look: _Look | None = None

    def look(self) -> Health:
        with self._lock:
            look = self._look
            if look is None or look.is_old():
                look = self._look = _Look(self._find)
        return Health(look.found(ANSWER_SECONDS))

    def _find(self, found: dict[str, Found]) -> None:
        """Write down what is found as it is found: one thing that hangs hides nothing of the others."""
        try:
            with self._open(self._settings).read() as connection:
                answers(connection)
                found["database"] = "ok"
                age = daemon_heartbeat(connection)
                found["daemon"] = "none" if age is None or age > DAEMON_SECONDS else "ok"
        except Exception:  # noqa: BLE001, S110 - there is no answer; the log has why from who works with it
            pass
        found["media"] = self._media(self._settings)


class _Look:
    """One look, in a thread of its own: what hangs holds up no more than that one."""

    def __init__(self, find: Callable[[dict[str, Found]], None]) -> None:
        self._began = time.monotonic()
        self._found: dict[str, Found] = {"database": "no answer", "media": "unknown", "daemon": "unknown"}
        self._over = threading.Event()
        threading.Thread(target=self._run, args=(find,), name="health", daemon=True).start()

    def _run(self, find: Callable[[dict[str, Found]], None]) -> None:
        try:
            find(self._found)
        finally:
            self._over.set()

    def is_old(self) -> bool:
        """Whether another look is due; not as long as this one waits for an answer that may still come."""
        age = time.monotonic() - self._began
        return age > (_AGAIN_SECONDS if self._over.is_set() else _GIVEN_UP_SECONDS)

    def found(self, seconds: float) -> dict[str, Found]:
        self._over.wait(max(0.0, self._began + seconds - time.monotonic()))
        return dict(self._found)

"""Files that are made for a visitor beside the page: clips, a reel. They are handed over as they lie on the disk,
by an address that nobody can guess, and go when nobody has them any more.

The page asks for a `Making` and keeps it with the visit; the browser follows it by `GET /export/TOKEN` and fetches
what was made at `/export/TOKEN/NAME`. When the visit ends, the files go with it.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Final, Literal
from urllib.parse import quote
from weakref import WeakValueDictionary, ref

import psutil
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from vsearch_pipeline.errors import InputError, VsearchError
from vsearch_pipeline.export.clips import Progress, Written
from vsearch_pipeline.sentences import in_language
from vsearch_pipeline.wording import Language

PREFIX: Final = "/export"
_WORKERS: Final = 2
"""Exports made at once by this process; the next one waits."""
_LISTED: Final = 20
"""Failures that are told."""
_FOLDER: Final = re.compile(r"(\d+)-[a-z0-9_]+")
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_LOG = logging.getLogger(__name__)

State = Literal["waiting", "running", "done", "failed", "cancelled"]
Work = Callable[[Path, Progress], Written]
"""Writes files into a folder, and calls what it is given as it goes on."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file to be fetched; `failures` are the items that are not in it, with the reasons."""

    path: Path
    name: str
    size: int
    failures: tuple[tuple[str, str], ...]


class _StoppedError(Exception):
    """Somebody cancelled."""


class Making:
    """Files that are being made, or were.

    Attributes:
        token: a secret that opens them.
        total: how many items there are.
        done: how many of these are finished.
    """

    def __init__(self, work: Work, *, name: str, total: int, root: Path) -> None:
        """Start as soon as there is room.

        Args:
            name: of the file that is handed over; without its ending where several become one archive.
            root: where folders for this are made.

        Raises:
            InputError: nothing can be written there.
        """
        self.token = secrets.token_urlsafe(32)
        self.total = total
        self.done = 0
        self._stop = Event()
        self._folder = _new_folder(root)
        self._future: Future[Made] = _POOL.submit(_make, work, Path(self._folder.name), name, _follower(self))
        _MAKINGS[self.token] = self

    @property
    def state(self) -> State:
        if self.stopped:
            return "cancelled"
        if not self._future.done():
            return "running" if self._future.running() else "waiting"
        return "failed" if self._future.exception() else "done"

    @property
    def made(self) -> Made | None:
        return self._future.result() if self.state == "done" else None

    @property
    def problem(self) -> VsearchError | None:
        """Why there is nothing; None where there is, or nobody can say."""
        error = self._future.exception() if self.state == "failed" else None
        return error if isinstance(error, VsearchError) else None

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def cancel(self) -> None:
        """Stop after the item at hand; what was made goes."""
        self._stop.set()
        if self._future.cancel() or self._future.done():
            self._folder.cleanup()


def _follower(making: Making) -> Progress:
    """Tells a making how far it is, and ends the work where it was cancelled or nobody has it any more."""
    seen = ref(making)

    def went_on(done: int, _total: int) -> None:
        there = seen()
        if there is None or there.stopped:
            raise _StoppedError
        there.done = done

    return went_on


_POOL: Final = ThreadPoolExecutor(_WORKERS, thread_name_prefix="export")
_MAKINGS: Final[WeakValueDictionary[str, Making]] = WeakValueDictionary()


def _make(work: Work, folder: Path, name: str, on_progress: Progress) -> Made:
    try:
        written = work(folder, on_progress)
    except Exception as error:
        if not isinstance(error, (VsearchError, _StoppedError)):
            _LOG.exception("an export failed")
        shutil.rmtree(folder, ignore_errors=True)
        raise
    failures = tuple((str(failure.placed.item.title), failure.reason) for failure in written.failures)
    if len(written.paths) == 1:
        [path] = written.paths
        return Made(path, f"{name}{path.suffix}", path.stat().st_size, failures)
    if not written.paths:
        raise InputError(f"Nothing could be made: {failures[0][0]}: {failures[0][1]}")
    archive = _packed(written.paths, folder)
    return Made(archive, f"{name}.zip", archive.stat().st_size, failures)


def _packed(paths: tuple[Path, ...], folder: Path) -> Path:
    """One archive of files, which go into it one by one: there is not twice their size on the disk for long."""
    archive = folder / "archive.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:  # video is as small as it gets
        for path in paths:
            packed.write(path, path.name)
            path.unlink()
    return archive


def _new_folder(root: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder of this process below `root`; what processes left that are gone is taken away."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        for left in root.iterdir():
            owner = _FOLDER.fullmatch(left.name)
            if owner and int(owner[1]) != os.getpid() and not psutil.pid_exists(int(owner[1])):
                shutil.rmtree(left, ignore_errors=True)
        return tempfile.TemporaryDirectory(prefix=f"{os.getpid()}-", dir=root, ignore_cleanup_errors=True)
    except OSError as error:
        raise InputError(f"{root}: nothing can be written there ({error.strerror}).") from error


# --- for the browser --------------------------------------------------------------------------------------------


def address_of(making: Making) -> str:
    """Where its progress is told."""
    return f"{PREFIX}/{making.token}"


def told(making: Making, language: Language) -> dict[str, Any]:
    """What the browser follows."""
    made, problem = making.made, making.problem
    failures = made.failures if made else ()
    return {
        "state": making.state,
        "done": making.done,
        "total": making.total,
        "address": f"{address_of(making)}/{quote(made.name, safe='')}" if made else "",
        "name": made.name if made else "",
        "size": made.size if made else 0,
        "failures": [f"{title}: {in_language(reason, language)}" for title, reason in failures[:_LISTED]],
        "problem": in_language(str(problem), language) if problem else "",
    }


def export_routes() -> list[Route]:
    """`GET /export/TOKEN` tells how far it is, `GET /export/TOKEN/NAME` hands it over."""

    def follow(request: Request) -> Response:
        making = _MAKINGS.get(request.path_params["token"])
        language: Language = "ko" if request.query_params.get("lang") == "ko" else "en"
        return JSONResponse(told(making, language), headers=_HEADERS) if making else _missing()

    def fetch(request: Request) -> Response:
        making = _MAKINGS.get(request.path_params["token"])
        made = making.made if making else None
        if made is None or made.name != request.path_params["name"] or not made.path.is_file():
            return _missing()
        return FileResponse(made.path, media_type="application/octet-stream", filename=made.name, headers=_HEADERS)

    return [
        Route(f"{PREFIX}/{{token}}", follow, methods=["GET"]),
        Route(f"{PREFIX}/{{token}}/{{name}}", fetch, methods=["GET"]),
    ]


def _missing() -> Response:
    return JSONResponse({"state": "cancelled"}, status_code=404, headers=_HEADERS)

"""Folders in which one process makes something, and what killed processes left of theirs."""

from __future__ import annotations

import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from vsearch_pipeline.room import disk_of

OTHERS_DAYS: Final = 7
"""What a process of another machine, or of a container that is gone, has not touched for so long is left over."""


@contextmanager
def work_place(folder: Path) -> Iterator[Path]:
    """A new empty folder below `folder`, gone at the end, with all that was made in it and not moved away.

    Raises:
        DiskFullError: there is no room for what is made in it.
    """
    drop_leftovers(folder)
    place = folder / f"{socket.gethostname()}~{os.getpid()}~{uuid.uuid4().hex}"
    with disk_of(folder.parent):
        try:
            place.mkdir(parents=True)
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def drop_leftovers(folder: Path) -> None:
    """Remove what processes that are gone left behind."""
    if folder.exists():
        for place in folder.iterdir():
            if _left(place):
                shutil.rmtree(place, ignore_errors=True)


def _left(place: Path) -> bool:
    import psutil

    host, _, rest = place.name.partition("~")
    process = rest.partition("~")[0]
    if host == socket.gethostname() and process.isdigit():
        return not psutil.pid_exists(int(process))
    try:
        return time.time() - place.stat().st_mtime > OTHERS_DAYS * 86_400
    except FileNotFoundError:
        return False

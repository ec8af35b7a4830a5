"""Copies of a bucket's files on this machine, as many as there is room for, the oldest going first."""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from collections import OrderedDict
from pathlib import Path
from typing import IO, Final

HELD: Final = 16
"""Videos whose copies a process keeps from being removed: the last ones that it asked for."""


class LocalCopies:
    """A folder a video. Several processes may share it: what one holds (a lock on a file), no other removes.

    Args:
        limit: bytes that all copies may take together; what is held may go beyond it.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self._limit = limit
        self._held: OrderedDict[str, IO[bytes]] = OrderedDict()
        self._process = os.getpid()
        self._lock = threading.Lock()

    def video(self, video_id: str) -> Path:
        """The folder of a video's copies, held from now on."""
        with self._lock:
            if self._process != os.getpid():  # a fork shares the locks of its parent: it takes its own
                self._held, self._process = OrderedDict(), os.getpid()
            if video_id not in self._held:
                self.folder.mkdir(parents=True, exist_ok=True)
                held = self._lock_file(video_id).open("ab")
                fcntl.flock(held, fcntl.LOCK_SH)
                self._held[video_id] = held
            self._held.move_to_end(video_id)
            while len(self._held) > HELD:
                self._held.popitem(last=False)[1].close()
            place = self.folder / video_id
            place.mkdir(exist_ok=True)
            os.utime(place)
            return place

    def make_room(self, wanted: int) -> None:
        """Remove the copies that were asked for longest ago, until `wanted` bytes more are within the limit."""
        sizes = {place: _size(place) for place in self.folder.iterdir() if place.is_dir()}
        total = sum(sizes.values()) + wanted
        for place in sorted(sizes, key=_last_use):
            if total <= self._limit:
                return
            if self._removed(place):
                total -= sizes[place]

    def _removed(self, place: Path) -> bool:
        with self._lock_file(place.name).open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            shutil.rmtree(place, ignore_errors=True)
            return True

    def _lock_file(self, video_id: str) -> Path:
        return self.folder / f".{video_id}.lock"


def _size(place: Path) -> int:
    total = 0
    for root, _, names in os.walk(place):
        for name in names:
            try:
                total += Path(root, name).stat().st_size
            except FileNotFoundError:  # removed, or moved into place, at this moment
                continue
    return total


def _last_use(place: Path) -> float:
    try:
        return place.stat().st_mtime
    except FileNotFoundError:
        return 0.0

"""Putting files into the store of a library, as stages do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.store import open_store


@contextmanager
def part_of(settings: Settings, video_id: str, part: str) -> Iterator[Path]:
    """A folder with what a part of a video holds, kept at the end."""
    store = open_store(settings)
    with store.work_place() as place:
        folder = place / part
        try:
            shutil.copytree(store.local_part(video_id, part), folder, ignore=shutil.ignore_patterns(".version"))
        except FileNotFoundError:
            folder.mkdir()
        yield folder
        store.keep(folder, f"{video_id}/{part}")

"""Somebody who edits at random until they are killed: `python -m tests.faults.somebody_edits HOME URL WHO TOLD`.

Each edit that was answered is written to the file TOLD, and on the disk before the next.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.catalog.videos import list_videos
from vsearch_pipeline.editing.doors import open_editor
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Done
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.settings import Settings

PAUSE_S = 0.3


class Somebody:
    def __init__(self, settings: Settings) -> None:
        self.catalog = open_catalog(settings)
        editor = open_editor(settings, "web")
        self.segments, self.history = SegmentService(editor), HistoryService(editor)

    def edit(self) -> Done | None:
        with self.catalog.begin() as connection:
            videos = [v.video.id for v in list_videos(connection) if v.segments]
            if not videos:
                return None
            shown = read_segments(connection, video_id=random.choice(videos))
        at = random.randrange(len(shown))
        found, neighbour = shown[at], shown[at - 1]
        middle = (found.span.start_ms + found.span.end_ms) // 2
        caption = {random.choice(("en", "ko")): f"{random.getrandbits(32):x} waves"}
        edits: list[Callable[[], Done | None]] = [
            lambda: self.segments.set_captions([found.id], caption),  # type: ignore[arg-type]
            lambda: self.segments.split(found.id, middle),
            lambda: self.segments.merge([neighbour.id, found.id]),
            lambda: self.segments.move(found.id, end_ms=found.span.end_ms - 40, neighbours="follow"),
            lambda: self.segments.delete([found.id]),
            lambda: self.segments.lock([found.id], locked=not found.locked),
            self.history.undo,
        ]
        [edit] = random.choices(edits, (3, 1, 1, 1, 1, 1, 1))
        return edit()


def main() -> None:
    home, url, who, told = sys.argv[1:]
    settings = Settings(home=Path(home), database_url=url, actor=who)
    somebody: Somebody | None = None
    with Path(told).open("a", encoding="utf-8") as file:
        while True:
            try:
                somebody = somebody or Somebody(settings)
                done = somebody.edit()
                if done is not None and done.operation:
                    file.write(json.dumps({"who": who, "operation": done.operation}) + "\n")
                    file.flush()
                    os.fsync(file.fileno())
            except VsearchError as error:  # a conflict, a lock, the database away
                print(error, flush=True)  # noqa: T201 - the log of the test
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()

"""What takes longer than a press, worked out beside the page: one at a time, for everybody who looks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.sightings import FacesMark
from vsearch_pipeline.editing.casting import Casting
from vsearch_pipeline.editing.doors import face_embedder, step_ms
from vsearch_pipeline.editing.relabel import RelabelPreview, relabel_preview
from vsearch_pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview under way, or done.

    Attributes:
        mark: of who was who when it began (`Casting.mark`).
        done, videos: how many videos are done, and of how many; 0 of 0 while the classifier is trained.
    """

    mark: FacesMark
    done: int
    videos: int
    future: Future[RelabelPreview]

    @property
    def working(self) -> bool:
        return not self.future.done()


class Relabelling:
    """Previews of a library; one a process."""

    def __init__(self, settings: Settings, catalog: Catalog, casting: Casting) -> None:
        self._work: Callable[[Callable[[int, int], None]], RelabelPreview] = lambda on_video: relabel_preview(
            catalog, face_embedder(settings), step_ms(settings), on_video
        )
        self._casting = casting
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="relabelling")
        self._lock = Lock()
        self._progress = (0, 0)
        self._last: tuple[FacesMark, Future[RelabelPreview]] | None = None

    def start(self) -> None:
        """Work one out, unless one is under way."""
        mark = self._casting.mark()
        with self._lock:
            if self._last is None or self._last[1].done():
                self._progress = (0, 0)
                self._last = mark, self._worker.submit(self._work, self._on_video)

    def preview(self) -> Preview | None:
        """The newest one; None where nobody asked for any."""
        with self._lock:
            return Preview(self._last[0], *self._progress, self._last[1]) if self._last else None

    def _on_video(self, done: int, videos: int) -> None:
        self._progress = (done, videos)


class Sorting:
    """Sorts the faces without a name; one a process."""

    def __init__(self, casting: Casting) -> None:
        self._casting = casting
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="sorting")
        self._lock = Lock()
        self._last: tuple[FacesMark, Future[None]] | None = None

    def start(self) -> None:
        """Sort them, unless that is under way, or was done for what is known now."""
        mark = self._casting.mark()
        with self._lock:
            if self._last is None or (self._last[1].done() and self._last[0] != mark):
                self._last = mark, self._worker.submit(self._casting.gather)

    @property
    def working(self) -> bool:
        with self._lock:
            return self._last is not None and not self._last[1].done()

"""Which of a video's moving previews shows a range: people move edges before the next run makes previews."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from vsearch_pipeline.storage.store import PREVIEWS, MediaStore
from vsearch_pipeline.timeline import TimeRange

_NAME: Final = re.compile(r"(\d+)-(\d+)\.webp")


def preview_file(span: TimeRange) -> str:
    """Name of the preview of a range, in the part `previews`."""
    return f"{span.start_ms}-{span.end_ms}.webp"


def preview_of(store: MediaStore, video_id: str, span: TimeRange) -> str | None:
    """The file of the moving preview of exactly this range, else of the one that shows most of it; None where
    there is none."""
    files = store.files(video_id, PREVIEWS) or frozenset[str]()
    if preview_file(span) in files:
        return preview_file(span)
    best = max(_spans(files), key=lambda other: (other.overlap_ms(span), -other.duration_ms), default=None)
    return preview_file(best) if best is not None and best.overlap_ms(span) else None


def local_preview(store: MediaStore, video_id: str, span: TimeRange) -> Path | None:
    """The same, on this machine's disk."""
    file = preview_of(store, video_id, span)
    try:
        return store.local_file(video_id, PREVIEWS, file) if file else None
    except FileNotFoundError:  # made anew at this moment
        return None


@lru_cache(maxsize=1024)
def _spans(files: frozenset[str]) -> tuple[TimeRange, ...]:
    found = (_NAME.fullmatch(name) for name in files)
    return tuple(TimeRange(int(match[1]), int(match[2])) for match in found if match)

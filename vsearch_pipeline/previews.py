"""Which of a video's moving previews shows a range: people move edges before the next run makes previews."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from vsearch_pipeline.timeline import TimeRange

_NAME: Final = re.compile(r"(\d+)-(\d+)\.webp")


def preview_path(videos_dir: Path, video_id: str, span: TimeRange) -> Path | None:
    """The moving preview of exactly this range, else the one that shows most of it; None where there is none."""
    folder = videos_dir / video_id / "previews"
    exact = folder / _name(span)
    if exact.is_file():
        return exact
    best = max(_spans(folder), key=lambda other: (other.overlap_ms(span), -other.duration_ms), default=None)
    return folder / _name(best) if best is not None and best.overlap_ms(span) else None


def _name(span: TimeRange) -> str:
    return f"{span.start_ms}-{span.end_ms}.webp"


def _spans(folder: Path) -> tuple[TimeRange, ...]:
    """The ranges of which there are previews."""
    try:
        stat = folder.stat()
    except FileNotFoundError:
        return ()
    return _listed(folder, stat.st_ino, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def _listed(folder: Path, _inode: int, _changed_ns: int) -> tuple[TimeRange, ...]:
    found = (_NAME.fullmatch(path.name) for path in folder.iterdir())
    return tuple(TimeRange(int(match[1]), int(match[2])) for match in found if match)

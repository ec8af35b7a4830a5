"""Captions that people wrote, read from a file, to score captioners by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.timeline import TimeRange


@dataclass(frozen=True, slots=True)
class Reference:
    video_id: str
    span: TimeRange
    captions: tuple[str, ...]


def read_references(path: Path) -> list[Reference]:
    """One JSON object a line: `{"video": ID, "start_ms": 0, "end_ms": 4000, "captions": ["...", "..."]}`.

    Raises:
        InputError: the file cannot be read, or a line is not like that; names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the reference captions cannot be read ({error}).") from error
    return [_reference(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _reference(path: Path, number: int, line: str) -> Reference:
    try:
        entry: dict[str, Any] = json.loads(line)
        captions = tuple(entry["captions"])
        if not captions or not all(isinstance(text, str) and text.strip() for text in captions):
            raise ValueError("captions must be a list of texts")
        return Reference(str(entry["video"]), TimeRange(entry["start_ms"], entry["end_ms"]), captions)
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f'{path.name}, line {number}: it must be like {{"video": ID, "start_ms": 0, "end_ms": 4000,'
            f' "captions": ["..."]}} ({error}).'
        ) from error

"""Reference captions from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from vsearch_pipeline.captioning.references import Reference, read_references
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.timeline import TimeRange


def test_each_line_is_a_clip(tmp_path: Path) -> None:
    path = tmp_path / "references.jsonl"
    path.write_text(
        '{"video": "v", "start_ms": 0, "end_ms": 900, "captions": ["A dog.", "개 한 마리."]}\n\n', encoding="utf-8"
    )
    assert read_references(path) == [Reference("v", TimeRange(0, 900), ("A dog.", "개 한 마리."))]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"video": "v", "start_ms": 0, "end_ms": 9}',
        '{"video": "v", "start_ms": 9, "end_ms": 0, "captions": ["x"]}',
        '{"video": "v", "start_ms": 0, "end_ms": 9, "captions": []}',
        '{"video": "v", "start_ms": 0, "end_ms": 9, "captions": [" "]}',
        '{"video": "v", "start_ms": "0", "end_ms": 9, "captions": ["x"]}',
    ],
)
def test_a_line_that_is_not_like_that_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "references.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(InputError, match=r"references\.jsonl, line 2: it must be like"):
        read_references(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_references(tmp_path / "none")

"""Items as a table that spreadsheets open."""

from __future__ import annotations

import csv
import io
from typing import Final

from vsearch_pipeline.export.sources import Placed, Reel
from vsearch_pipeline.export.text import one_line
from vsearch_pipeline.timeline import clock

COLUMNS: Final = (
    "video",
    "title",
    "segments",
    "start",
    "end",
    "duration_s",
    "timecode_in",
    "timecode_out",
    "frame_rate",
    "caption_ko",
    "caption_en",
    "people",
    "speech",
    "objects",
    "file",
)

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV injection), in full width as well."""


def write_csv(reel: Reel) -> bytes:
    """A row an item, in UTF-8 with a byte order mark, without which Excel does not read Korean.

    Timecode is the source's, `timecode_out` that of the frame after the last. A cell that a spreadsheet would run
    as a formula begins with an apostrophe.
    """
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in _row(placed)] for placed in reel.placed)
    return written.getvalue().encode("utf-8-sig")


def _row(placed: Placed) -> tuple[str, ...]:
    item, source = placed.item, placed.source
    start = source.first() + placed.first
    return (
        item.video.id,
        item.title,
        " ".join(map(str, item.segment_ids)),
        clock(item.span.start_ms),
        clock(item.span.end_ms),
        f"{item.span.duration_ms / 1000:.3f}",
        str(start.of_day()),
        str((start + placed.count).of_day()),
        f"{float(source.rate):.3f}".rstrip("0").rstrip("."),
        item.caption_ko or "",
        item.caption_en or "",
        ", ".join(person.shown for person in item.people),
        item.speech or "",
        ", ".join(item.objects),
        source.file.shown if source.file else "",
    )


def _cell(value: str) -> str:
    text = one_line(value)
    return f"'{text}" if text.startswith(_FORMULA) else text

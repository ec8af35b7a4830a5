"""Items as a CMX 3600 edit decision list.

Written here, not by `otio-cmx3600-adapter`: that writes every timecode at 29.97 and 59.94 as drop frame, whatever
the camera counted, and no frame code mode; it has no channels of sound, and a line break in a name breaks its
list. What is written here it reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.export.sources import Placed, Reel, Source, frames_of
from vsearch_pipeline.export.text import one_line, shortened
from vsearch_pipeline.export.timecode import Timecode, broadcast_rate
from vsearch_pipeline.export.timeline import record_start

MOST_EVENTS: Final = 999
"""Numbers of events have three digits."""
REEL_LENGTH: Final = 8
LINE_LENGTH: Final = 240
"""Longest comment, characters: what programs read of a line is limited, how far they do not say."""


def write_edl(reel: Reel, name: str) -> str:
    """An event an item, with the file's name, its address and the captions as comments.

    Raises:
        InputError: more events than fit, or videos of several rates: an EDL has one, so timecode of another would
            mean other frames.
    """
    if len(reel.placed) > MOST_EVENTS:
        raise InputError(
            f"An EDL has room for {MOST_EVENTS} events, but {len(reel.placed)} are selected: choose fewer, or OTIO"
            " or FCPXML."
        )
    for placed in reel.placed:
        if broadcast_rate(placed.source.rate) != reel.rate:
            raise InputError(
                f"An EDL has one frame rate, but {reel.placed[0].item.title} has {_shown(reel.rate)} and"
                f" {placed.item.title} {_shown(placed.source.rate)} frames a second: export them one by one, or"
                " choose OTIO or FCPXML."
            )
    record = record_start(reel)
    lines = [f"TITLE: {one_line(name)}", f"FCM: {'' if record.drop else 'NON-'}DROP FRAME", ""]
    for number, placed in enumerate(reel.placed, 1):
        lines += _event(number, placed, record, reel.rate)
        record += frames_of(placed.item, reel.rate)[1]
    return "\n".join(lines) + "\n"


def _event(number: int, placed: Placed, record: Timecode, rate: Fraction) -> Iterator[str]:
    source = placed.source
    first, count = frames_of(placed.item, rate)
    start = (source.first(rate) + first).of_day()
    channels = "AA/V" if source.has_sound else "V"
    yield (
        f"{number:03d}  {reel_name(source):<{REEL_LENGTH}} {channels:<5} C        "
        f"{start} {start + count} {record} {record + count}"
    )
    yield f"* FROM CLIP NAME:  {one_line(source.clip_name)}"
    if source.file is not None:
        yield f"* OTIO REFERENCE FROM: {source.file.uri}"
    for segment in placed.item.segments:
        for caption in (segment.caption_ko, segment.caption_en):
            if caption:
                yield shortened(f"* COMMENT: {one_line(caption)}", LINE_LENGTH)
    yield ""


def reel_name(source: Source) -> str:
    """The file's reel in letters and digits; `AX`, any file, where it has none."""
    letters = re.sub(r"[^A-Z0-9_]", "", (source.reel or "").upper())[:REEL_LENGTH]
    return letters or "AX"


def _shown(rate: Fraction) -> str:
    return f"{float(rate):.2f}".rstrip("0").rstrip(".")

"""Captions and speech of selections as subtitles, and tables: read back, whatever the texts hold."""

from __future__ import annotations

import csv
import html
import io
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.export.items import reel, segment, video
from tests.export.test_subtitles import letters, spoken
from tests.export.test_timelines import HOSTILE
from vsearch_pipeline.export.selection import Item
from vsearch_pipeline.export.subtitles import (
    MAX_LINES,
    SUBTITLE_FORMATS,
    WIDE_LINE_CELLS,
    Cue,
    SubtitleFormat,
    caption_cues,
    spoken_within,
    width,
    write_subtitles,
)
from vsearch_pipeline.export.tables import COLUMNS, write_csv
from vsearch_pipeline.export.text import one_line
from vsearch_pipeline.timeline import TimeRange

SPAN = TimeRange(2000, 7000)


def table(*items: Item) -> list[dict[str, str]]:
    written = write_csv(reel(Path("/nowhere"), *items))
    assert written.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"), newline="")))


def test_a_caption_stands_for_its_range() -> None:
    assert caption_cues([(SPAN, "두 사람이 걷는다")]) == [Cue(2000, 7000, ("두 사람이 걷는다",))]
    assert caption_cues([(SPAN, " \n")]) == []


def test_a_long_caption_is_shown_in_parts_by_their_length() -> None:
    words = [f"word{i}" for i in range(40)]
    cues = caption_cues([(SPAN, " ".join(words))])
    assert " ".join(cue.text for cue in cues).split() == words
    assert (cues[0].start_ms, cues[-1].end_ms) == (2000, 7000)
    assert all(a.end_ms == b.start_ms for a, b in pairwise(cues))


def test_what_cannot_be_read_in_the_time_is_left_out() -> None:
    [cue] = caption_cues([(TimeRange(0, 300), "가나다 " * 100)])
    assert cue.text.endswith("…")


@given(st.text(max_size=400), st.integers(1, 8000))
def test_captions_fit_on_two_lines(caption: str, duration_ms: int) -> None:
    cues = caption_cues([(TimeRange(0, duration_ms), caption)])
    assert bool(cues) == bool(one_line(caption).split())
    for cue in cues:
        assert cue.start_ms < cue.end_ms <= duration_ms
        assert 1 <= len(cue.lines) <= MAX_LINES
        assert all(width(line) <= (42 if width(line) == len(line) else WIDE_LINE_CELLS) for line in cue.lines)


@pytest.mark.parametrize("subtitle_format", SUBTITLE_FORMATS)
@pytest.mark.parametrize("text", HOSTILE)
def test_captions_of_any_text_read_the_same(subtitle_format: SubtitleFormat, text: str) -> None:
    cues = caption_cues([(TimeRange(0, 60_000), text), (TimeRange(60_000, 61_000), "끝")])
    written = write_subtitles(cues, subtitle_format).encode()
    read = pysubs2.SSAFile.from_string(written.decode(), format_=subtitle_format)
    assert [(event.start, event.end) for event in read] == [
        (pytest.approx(cue.start_ms, abs=10), pytest.approx(cue.end_ms, abs=10)) for cue in cues
    ]
    harmless = str.maketrans("{}\\<>", "()/‹›" if subtitle_format == "srt" else "()/<>")
    for event, cue in zip(read, cues, strict=True):
        shown = html.unescape(event.plaintext) if subtitle_format == "vtt" else event.plaintext
        assert letters(shown) == letters(cue.text.translate(harmless))


def test_speech_of_a_range_on_another_clock() -> None:
    said = [spoken("one two three four", 1000, 500), spoken("five", 9000)]
    [phrase] = spoken_within(said, TimeRange(1400, 2600), 60_000)
    assert [(w.text, w.start_ms, w.end_ms) for w in phrase.words] == [
        ("two", 60_100, 60_600),
        ("three", 60_600, 61_100),
    ]
    assert spoken_within(said, TimeRange(4000, 5000), 0) == []


def test_a_table_has_what_a_producer_looks_for() -> None:
    span = TimeRange(1001, 3003)
    known = segment(
        span,
        "민지가 웃는다",
        "Minji laughs",
        segment_id=7,
        people=("민지", "수현"),
        speech="안녕",
        objects=("cup",),
    )
    [row] = table(Item(video(title="생일", rate=Fraction(30000, 1001)), span, (known,)))
    assert tuple(row) == COLUMNS
    assert row == {
        "video": "film",
        "title": "생일",
        "segments": "7",
        "start": "0:01.001",
        "end": "0:03.003",
        "duration_s": "2.002",
        "timecode_in": "00:00:01:00",
        "timecode_out": "00:00:03:00",
        "frame_rate": "29.97",
        "caption_ko": "민지가 웃는다",
        "caption_en": "Minji laughs",
        "people": "민지, 수현",
        "speech": "안녕",
        "objects": "cup",
        "file": "",
    }


def test_a_range_of_several_segments_is_one_row() -> None:
    first = segment(TimeRange(0, 1000), "하나", segment_id=1, people=("민지",), objects=("cup", "dog"))
    second = segment(TimeRange(1000, 2000), "둘", segment_id=2, people=("민지", "수현"), objects=("dog",))
    [row] = table(Item(video(), TimeRange(0, 2000), (first, second)))
    told = (row["segments"], row["caption_ko"], row["people"], row["objects"])
    assert told == ("1 2", "하나 둘", "민지, 수현", "cup, dog")


@pytest.mark.parametrize("text", [*HOSTILE, "+1", "-1", "@SUM(1)", "\t=1", "＝1", 'a,"b"\n=c'])
def test_no_cell_is_a_formula(text: str) -> None:
    [row] = table(Item(video(title=text), SPAN, (segment(SPAN, text, text, people=(text,)),)))
    for name in ("title", "caption_ko", "caption_en", "people"):
        assert not row[name].startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
        assert row[name].removeprefix("'") == one_line(text)

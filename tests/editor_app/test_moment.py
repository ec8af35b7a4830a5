from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from editor_app.components.moment import Moment, short_span
from editor_app.components.speech import draw_transcript, file_name, marked
from editor_app.media import MediaFiles
from editor_app.texts import ENGLISH, KOREAN
from vsearch_pipeline.catalog.segments import PersonOnScreen
from vsearch_pipeline.catalog.speech import SpokenUtterance, SpokenWord
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.search.heard import SpokenMatch
from vsearch_pipeline.timeline import TimeRange

VIDEO = VideoRecord(
    id="v",
    title="title",
    kind="file",
    sha256="0",
    source="s",
    path="v/source.mkv",
    start_ms=1400,
    duration_ms=9000,
)
NO_QUERY = SpokenMatch("")
MOMENT = Moment(
    7,
    VIDEO,
    TimeRange(2345, 4000),
    "a cat",
    "고양이",
    None,
    (PersonOnScreen(1, "Ann", "duo", (), 0.876), PersonOnScreen(2, "Ben", None, (), None)),
)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (TimeRange(12_000, 17_900), "0:12–0:17"),
        (TimeRange(12_100, 12_900), "0:12.1–0:12.9"),
        (TimeRange(3_599_000, 3_725_000), "59:59–1:02:05"),
    ],
)
def test_span(span: TimeRange, text: str) -> None:
    assert short_span(span) == text


def test_the_container_starts_later_than_the_video(tmp_path: Path) -> None:
    drawn = MOMENT.draw(MediaFiles(tmp_path), ENGLISH, "en", (), NO_QUERY)
    assert (drawn["start"], drawn["end"], drawn["origin"]) == (3.745, 5.4, 1.4)


def test_readers_language_comes_first(tmp_path: Path) -> None:
    media = MediaFiles(tmp_path)
    korean = MOMENT.draw(media, KOREAN, "ko", (), NO_QUERY)["captions"]
    assert [caption["text"] for caption in korean] == ["고양이", "a cat"]
    english = replace(MOMENT, caption_en=None).draw(media, ENGLISH, "en", (), NO_QUERY)["captions"]
    assert english == [{"lang": "ko", "text": "고양이"}]


def test_a_caption_in_one_language_only_is_marked(tmp_path: Path) -> None:
    media = MediaFiles(tmp_path)
    both, english, none = (
        MOMENT,
        replace(MOMENT, caption_ko=None),
        replace(MOMENT, caption_en=None, caption_ko=None),
    )
    drawn = [moment.draw(media, KOREAN, "ko", (), NO_QUERY)["untranslated"] for moment in (both, english, none)]
    assert drawn == ["", "번역 안 됨", ""]


def parts(text: str, query: str) -> list[str]:
    """The parts of a text that are marked."""
    drawn = marked(text, text.split(), SpokenMatch(query))
    assert "".join(part["text"] for part in drawn) == text
    return [part["text"] for part in drawn if part["hit"]]


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("country", ["country,", "country."]),
        ("나라", ["나라를"]),
        ("can do", ["can", "do"]),
        ("ship", []),
        ("", []),
    ],
)
def test_what_the_query_asks_for_is_marked(query: str, hits: list[str]) -> None:
    assert parts("Your country, my country. <b>나</b> 나라를 can do", query) == hits


def spoken(text: str, start_ms: int, language: str = "en") -> SpokenUtterance:
    words = text.split()
    times = [SpokenWord(word, start_ms + i * 500, start_ms + i * 500 + 500) for i, word in enumerate(words)]
    return SpokenUtterance(start_ms, start_ms + 500 * len(words), text, language, tuple(times))


def test_transcript_is_on_the_clock_of_the_file() -> None:
    drawn = draw_transcript(
        VIDEO, (spoken("one two", 1000), spoken("셋", 62_000, "ko")), SpokenMatch("two"), ENGLISH
    )
    assert drawn is not None
    first, second = drawn["lines"]
    assert (drawn["video"], drawn["language"]) == ("v", "en")
    assert (first["start"], first["end"], first["time"]) == (2.4, 3.4, "0:01")
    assert first["parts"] == [{"text": "one ", "hit": False}, {"text": "two", "hit": True}]
    assert (second["label"], second["language"]) == ("Play from 1:02: 셋", "ko")
    assert "00:00:02.400 --> 00:00:03.400\none two" in drawn["vtt"]


def test_where_nobody_speaks_there_is_no_transcript() -> None:
    assert draw_transcript(VIDEO, (), NO_QUERY, ENGLISH) is None


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("세 가지 색", "세 가지 색.srt"),
        ("../a\\b<c>:d\n", "a b c d.srt"),
        ("...", "vsearch.srt"),
        ("x" * 300, "x" * 80 + ".srt"),
    ],
)
def test_a_title_is_made_a_file_name(title: str, name: str) -> None:
    assert file_name(title, "srt") == name


def test_people(tmp_path: Path) -> None:
    ann, ben = MOMENT.draw(MediaFiles(tmp_path), ENGLISH, "en", {2}, NO_QUERY)["people"]
    assert ann == {"name": "Ann", "group": "duo", "tip": "Ann: recognised, 88 % sure", "named": False}
    assert ben == {"name": "Ben", "group": "", "tip": "Ben: confirmed by a person", "named": True}


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    drawn = MOMENT.draw(MediaFiles(tmp_path), ENGLISH, "en", (), NO_QUERY)
    assert drawn["source"] is None
    assert drawn["why"] == ENGLISH.why_missing

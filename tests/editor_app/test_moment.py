from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from editor_app.components.moment import Moment, short_span
from editor_app.media import MediaFiles
from editor_app.texts import ENGLISH, KOREAN
from vsearch_pipeline.catalog.segments import PersonOnScreen
from vsearch_pipeline.catalog.videos import VideoRecord
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
    drawn = MOMENT.draw(MediaFiles(tmp_path), ENGLISH, "en", ())
    assert (drawn["start"], drawn["end"], drawn["origin"]) == (3.745, 5.4, 1.4)


def test_readers_language_comes_first(tmp_path: Path) -> None:
    media = MediaFiles(tmp_path)
    korean = MOMENT.draw(media, KOREAN, "ko", ())["captions"]
    assert [caption["text"] for caption in korean] == ["고양이", "a cat"]
    english = replace(MOMENT, caption_en=None).draw(media, ENGLISH, "en", ())["captions"]
    assert english == [{"lang": "ko", "text": "고양이"}]


def test_people(tmp_path: Path) -> None:
    ann, ben = MOMENT.draw(MediaFiles(tmp_path), ENGLISH, "en", {2})["people"]
    assert ann == {"name": "Ann", "group": "duo", "tip": "Ann: recognised, 88 % sure", "named": False}
    assert ben == {"name": "Ben", "group": "", "tip": "Ben: confirmed by a person", "named": True}


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    drawn = MOMENT.draw(MediaFiles(tmp_path), ENGLISH, "en", ())
    assert drawn["source"] is None
    assert drawn["why"] == ENGLISH.why_missing

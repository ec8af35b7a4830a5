from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from editor_app.components.moment import Clip, draw_match, short_span
from editor_app.components.speech import draw_transcript, file_name, marked
from editor_app.media import MediaFiles
from editor_app.texts.search import ENGLISH, KOREAN
from tests.editor_app.signed import LINKS
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.segments import PersonOnScreen
from vsearch_pipeline.catalog.speech import SpokenUtterance, SpokenWord
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.search.heard import SpokenMatch
from vsearch_pipeline.search.query import understand
from vsearch_pipeline.search.results import Hit, Marks, Member, Moment, Parts, Piece
from vsearch_pipeline.storage.folder import FolderStore
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
CLIP = Clip(
    7,
    7,
    VIDEO,
    TimeRange(2345, 4000),
    TimeRange(2345, 4000),
    (Piece("a ", hit=False), Piece("cat", hit=True)),
    (Piece("고양이", hit=True),),
    (),
    (),
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
    drawn = CLIP.draw(MediaFiles(FolderStore(tmp_path), LINKS), ENGLISH, "en")
    assert (drawn["start"], drawn["end"], drawn["origin"]) == (3.745, 5.4, 1.4)


def test_readers_language_comes_first(tmp_path: Path) -> None:
    media = MediaFiles(FolderStore(tmp_path), LINKS)
    korean = CLIP.draw(media, KOREAN, "ko")["captions"]
    assert [caption["text"] for caption in korean] == ["고양이", "a cat"]
    english = replace(CLIP, caption_en=()).draw(media, ENGLISH, "en")["captions"]
    assert english == [{"lang": "ko", "text": "고양이", "parts": [{"text": "고양이", "hit": True}]}]
    own = CLIP.draw(media, ENGLISH, "en")["captions"][0]
    assert own["parts"] == [{"text": "a ", "hit": False}, {"text": "cat", "hit": True}]


def test_a_caption_in_one_language_only_is_marked(tmp_path: Path) -> None:
    media = MediaFiles(FolderStore(tmp_path), LINKS)
    both, english, none = (
        CLIP,
        replace(CLIP, caption_ko=()),
        replace(CLIP, caption_en=(), caption_ko=()),
    )
    drawn = [moment.draw(media, KOREAN, "ko")["untranslated"] for moment in (both, english, none)]
    assert drawn == ["", "번역 안 됨", ""]


def test_things_are_called_in_the_language_of_the_page(tmp_path: Path) -> None:
    seen = replace(CLIP, objects=("dog", "sports ball", "a gizmo"))
    media = MediaFiles(FolderStore(tmp_path), LINKS)
    assert seen.draw(media, KOREAN, "ko")["objects"] == ["개", "공", "a gizmo"]
    assert seen.draw(media, ENGLISH, "en")["objects"] == ["dog", "ball", "a gizmo"]


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
    drawn = draw_transcript(VIDEO, (spoken("one two", 1000), spoken("셋", 62_000, "ko")), SpokenMatch("two"))
    assert drawn is not None
    first, second = drawn["lines"]
    assert (drawn["video"], drawn["language"]) == ("v", "en")
    assert (first["start"], first["end"], first["time"]) == (2.4, 3.4, "0:01")
    assert first["parts"] == [{"text": "one ", "hit": False}, {"text": "two", "hit": True}]
    assert (second["time"], second["language"]) == ("1:02", "ko")
    assert "00:00:02.400 --> 00:00:03.400\none two" in drawn["vtt"]


def test_where_nobody_speaks_there_is_no_transcript() -> None:
    assert draw_transcript(VIDEO, (), NO_QUERY) is None


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
    ann, ben = CLIP.draw(MediaFiles(FolderStore(tmp_path), LINKS), ENGLISH, "en", {2})["people"]
    assert ann == {"name": "Ann", "group": "duo", "tip": "Ann: recognised, 88 % sure", "named": False}
    assert ben == {"name": "Ben", "group": "", "tip": "Ben: confirmed by a person", "named": True}


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    drawn = CLIP.draw(MediaFiles(FolderStore(tmp_path), LINKS), ENGLISH, "en")
    assert drawn["source"] is None
    assert drawn["why"] == ENGLISH.why_missing


NO_MARKS = Marks()
PARTS = Parts(0.7, 0.5, 1.0, 0.0)


def hit(*, score: float = 0.8, parts: Parts = PARTS, marks: Marks = NO_MARKS) -> Hit:
    return Hit(
        segment_id=7,
        video=VIDEO,
        span=TimeRange(4000, 6000),
        caption_en="a cat",
        caption_ko=None,
        speech="hello",
        objects=("cat", "sofa"),
        people=(),
        score=score,
        good=True,
        parts=parts,
        marks=marks,
        heard=(),
        edited=False,
    )


def test_a_moment_of_several_segments_plays_from_its_best(tmp_path: Path) -> None:
    spans = {6: TimeRange(2000, 4000), 7: TimeRange(4000, 6000), 8: TimeRange(9000, 9500)}
    members = tuple(Member(segment_id, span, 0.5) for segment_id, span in spans.items())
    clip = Clip.of_moment(Moment(TimeRange(2000, 6000), hit(), members))
    drawn = clip.draw(MediaFiles(FolderStore(tmp_path), LINKS), ENGLISH, "en")
    assert (drawn["id"], drawn["segment"]) == (7, 7)
    assert (drawn["start"], drawn["at"], drawn["best"], drawn["end"]) == (3.4, 5.4, 7.4, 7.4)
    assert (drawn["span"], drawn["clock"], drawn["segments"]) == ("0:02–0:06", "0:04", "2 segments")
    assert clip.members == (6, 7, 8)
    alone = Clip.of_moment(Moment(TimeRange(4000, 6000), hit(), members[1:2])).draw(
        MediaFiles(FolderStore(tmp_path), LINKS), KOREAN, "ko"
    )
    assert alone["segments"] == ""


def test_marks_are_shown_and_texts_without_marks_stay(tmp_path: Path) -> None:
    marks = Marks(
        caption_en=(Piece("a ", hit=False), Piece("<b>cat</b>", hit=True)),
        objects=(Piece("cat", hit=True), Piece("sofa", hit=False)),
    )
    span = TimeRange(4000, 6000)
    drawn = Clip.of_moment(Moment(span, hit(marks=marks), (Member(7, span, 0.8),))).draw(
        MediaFiles(FolderStore(tmp_path), LINKS), ENGLISH, "en"
    )
    assert drawn["captions"][0]["text"] == "a <b>cat</b>"
    assert [part["text"] for part in drawn["captions"][0]["parts"] if part["hit"]] == ["<b>cat</b>"]
    assert drawn["speech"] == [{"text": "hello", "hit": False}]
    assert drawn["objects"] == ["cat"]


MINJI = PersonRecord(1, None, "Minji", ("민지",))


@pytest.mark.parametrize(
    ("query", "parts", "names"),
    [
        ("a cat", Parts(0.7, 0.5, 0.0, 0.3), ["meaning", "words", "said"]),
        ("a cat", Parts(0.7, 0.04, 0.0, 0.0), ["meaning"]),
        ("Minji", Parts(0.0, 0.0, 1.0, 0.0), ["people"]),
        ("Minji with a cat", Parts(0.7, 0.5, 1.0, 0.0), ["meaning", "words", "people"]),
        ("is:edited", Parts(0.0, 0.0, 0.0, 0.0), []),
        (None, Parts(0.7, 0.5, 1.0, 0.5), ["meaning"]),
    ],
)
def test_only_what_carried_a_hit_is_told(query: str | None, parts: Parts, names: list[str]) -> None:
    asked = understand(query, [MINJI]) if query else None
    drawn = draw_match(hit(parts=parts), asked, ENGLISH)
    assert [part["name"] for part in drawn["parts"]] == names
    assert (drawn["percent"], drawn["label"]) == (80, "Match 80 %")


def test_only_what_is_certain_is_a_hundred_percent() -> None:
    asked = understand("a cat", [])
    assert [draw_match(hit(score=score), asked, ENGLISH)["percent"] for score in (0.9999, 1.0)] == [99, 100]


def test_a_person_of_the_gallery_is_called_by_name_alone(tmp_path: Path) -> None:
    [person] = replace(CLIP, people=(MINJI,)).draw(MediaFiles(FolderStore(tmp_path), LINKS), ENGLISH, "en")[
        "people"
    ]
    assert person == {"name": "Minji", "group": "", "tip": "Minji", "named": False}

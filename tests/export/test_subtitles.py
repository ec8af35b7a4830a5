"""Cues that can be read: every word once, in order, inside the limits, the same after a trip through a file."""

from __future__ import annotations

import dataclasses
import html
from itertools import pairwise

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.catalog.speech import SpokenUtterance, SpokenWord
from vsearch_pipeline.export.subtitles import (
    LINE_CELLS,
    MAX_MS,
    MIN_GAP_MS,
    MIN_MS,
    SUBTITLE_FORMATS,
    WIDE_LINE_CELLS,
    Cue,
    SubtitleFormat,
    make_cues,
    width,
    write_subtitles,
)


def spoken(text: str, start_ms: int = 0, word_ms: int = 300) -> SpokenUtterance:
    """An utterance in which each word takes `word_ms`."""
    words = [
        SpokenWord(word, start_ms + i * word_ms, start_ms + (i + 1) * word_ms)
        for i, word in enumerate(text.split())
    ]
    return SpokenUtterance(start_ms, words[-1].end_ms, text, "en", tuple(words))


LETTERS = st.characters(categories=["L", "P", "N", "M"])
WORDS = st.one_of(
    st.sampled_from(["so,", "yes.", "나라를", "위해서", "왜?", "<i>", "{\\an8}", "a\\Nb", "-->", "R&B", "日本語"]),
    st.text(LETTERS, min_size=1, max_size=8),
    st.text(LETTERS, min_size=1, max_size=120),
)


@st.composite
def speech(draw: st.DrawFn) -> list[SpokenUtterance]:
    """Anything that a transcriber may say: long words, pauses, haste, words that begin together."""
    time = draw(st.integers(0, 5000))
    utterances = []
    for _ in range(draw(st.integers(0, 5))):
        words = []
        for text in draw(st.lists(WORDS, min_size=1, max_size=15)):
            time += draw(st.sampled_from([0, 0, 0, 20, 400, 3000]))
            duration = draw(st.sampled_from([1, 90, 250, 600, 9000]))
            words.append(SpokenWord(text, time, time + duration))
            time += draw(st.sampled_from([0, duration, duration]))
        space = draw(st.sampled_from([" ", " ", ""]))
        text = space.join(word.text for word in words)
        end = max(word.end_ms for word in words)
        utterances.append(SpokenUtterance(words[0].start_ms, end, text, "en", tuple(words)))
    return utterances


def letters(text: str) -> str:
    return "".join(text.split())


@given(speech())
def test_every_word_is_there_once_and_in_order(utterances: list[SpokenUtterance]) -> None:
    said = letters("".join(word.text for utterance in utterances for word in utterance.words))
    assert letters("".join(cue.text for cue in make_cues(utterances))) == said


@given(speech())
def test_limits_hold(utterances: list[SpokenUtterance]) -> None:
    cues = make_cues(utterances)
    for cue in cues:
        assert MIN_MS <= cue.end_ms - cue.start_ms <= MAX_MS
        assert 1 <= len(cue.lines) <= 2
        for line in cue.lines:
            assert line == line.strip() != ""
            assert width(line) <= (LINE_CELLS if width(line) == len(line) else WIDE_LINE_CELLS)
    for before, after in pairwise(cues):
        assert after.start_ms - before.end_ms >= MIN_GAP_MS


@given(speech())
def test_no_cue_comes_before_it_is_said(utterances: list[SpokenUtterance]) -> None:
    words = [word for utterance in utterances for word in utterance.words]
    said = "".join(letters(word.text) for word in words)
    times = [word.start_ms for word in words for _ in letters(word.text)]
    at = 0
    for cue in make_cues(utterances):
        assert said[at:].startswith(letters(cue.text))
        assert cue.start_ms >= times[at]
        at += len(letters(cue.text))


@given(speech().filter(bool), st.sampled_from(SUBTITLE_FORMATS))
def test_a_file_says_the_same(utterances: list[SpokenUtterance], subtitle_format: SubtitleFormat) -> None:
    # pysubs2 takes a last line of digits for the number of a next cue
    end = spoken("end.", utterances[-1].end_ms + 9000)
    cues = make_cues([*utterances, end])
    read = pysubs2.SSAFile.from_string(write_subtitles(cues, subtitle_format), format_=subtitle_format)
    assert len(read) == len(cues)
    exactly = {ord("{"): "(", ord("}"): ")", ord("\\"): "/"}
    if subtitle_format == "srt":
        exactly |= {ord("<"): "‹", ord(">"): "›"}
    for event, cue in zip(read, cues, strict=True):
        text = html.unescape(event.plaintext) if subtitle_format == "vtt" else event.plaintext
        assert letters(text) == letters(cue.text.translate(exactly))
        assert abs(event.start - cue.start_ms) <= 10
        assert abs(event.end - cue.end_ms) <= 10


@pytest.mark.parametrize("subtitle_format", SUBTITLE_FORMATS)
def test_two_lines_stay_two_lines(subtitle_format: SubtitleFormat) -> None:
    cue = Cue(1500, 4000, ("첫째 줄", "Second <line>"))
    [read] = pysubs2.SSAFile.from_string(write_subtitles([cue], subtitle_format))
    assert (read.start, read.end) == (1500, 4000)
    assert read.plaintext.split("\n")[0] == "첫째 줄"
    assert len(read.plaintext.split("\n")) == 2


def test_nothing_said_is_no_cue() -> None:
    assert make_cues([]) == []


def test_sentences_get_cues_of_their_own_and_commas_are_cut_before_phrases() -> None:
    text = (
        "The harbour is closed tonight."
        " When the ferry comes back in the morning, we will all go over to the island and stay."
    )
    assert [cue.lines for cue in make_cues([spoken(text, word_ms=400)])] == [
        ("The harbour is closed tonight.",),
        ("When the ferry comes back in the morning,",),
        ("we will all go over", "to the island and stay."),
    ]


def test_short_sentences_share_a_cue() -> None:
    [cue] = make_cues([spoken("No. Yes. Well.", word_ms=250)])
    assert cue.lines == ("No. Yes. Well.",)


def test_no_cue_has_two_languages() -> None:
    german = dataclasses.replace(spoken("Ja.", 300), language="de")
    assert [cue.text for cue in make_cues([spoken("Yes."), german])] == ["Yes.", "Ja."]
    assert [cue.text for cue in make_cues([spoken("Yes."), spoken("Ja.", 300)])] == ["Yes. Ja."]


def test_korean_lines_are_sixteen_syllables() -> None:
    text = "내일 아침에 배가 돌아오면 우리 모두 그 섬으로 건너가서 여름이 끝날 때까지 머물 거예요"
    cues = make_cues([spoken(text)])
    assert [len(cue.lines) for cue in cues] == [2, 2]
    assert cues[0].lines[0] == "내일 아침에 배가 돌아오면"
    assert all(width(line) <= 32 for cue in cues for line in cue.lines)


def test_japanese_words_are_not_spaced() -> None:
    words = tuple(SpokenWord(word, i * 500, i * 500 + 500) for i, word in enumerate(["今日", "は", "晴れ。"]))
    [cue] = make_cues([SpokenUtterance(0, 1500, "今日は晴れ。", "ja", words)])
    assert cue.lines == ("今日は晴れ。",)


def test_a_pause_ends_a_cue_and_a_short_word_stays_a_second() -> None:
    words = (SpokenWord("Wait", 0, 200), SpokenWord("here", 2000, 2400))
    cues = make_cues([SpokenUtterance(0, 2400, "Wait here", "en", words)])
    assert [(cue.start_ms, cue.end_ms) for cue in cues] == [(0, 1000), (2000, 3000)]


def test_a_long_cue_stays_for_as_long_as_it_takes_to_read() -> None:
    [cue] = make_cues([spoken("Everybody was running towards the station", word_ms=100)])
    assert cue.end_ms == len("Everybody was running towards the station") * 50


def test_moved() -> None:
    assert Cue(0, 1000, ("a",)).moved(1400) == Cue(1400, 2400, ("a",))

"""What is said is read word by word, of a video and of any ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, event

from vsearch_pipeline.catalog.models import Utterance
from vsearch_pipeline.catalog.speech import SpokenWord, read_utterances, words_in_ranges
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id, replace_rows
from vsearch_pipeline.catalog.videos import VideoRecord, find_video, insert_video, read_videos
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.timeline import TimeRange

Line = Sequence[tuple[str, int, int]]


def say(connection: Connection, video: str, *lines: Line, language: str = "en") -> None:
    """A video in which these lines are said."""
    insert_video(connection, VideoRecord(video, f"Title of {video}", "file", f"sha {video}", "test"))
    producer = producer_id(connection, ProducerInfo("transcript", "tests", "1"))
    rows: list[dict[str, Any]] = [
        {
            "index": i,
            "start_ms": line[0][1],
            "end_ms": line[-1][2],
            "text": " ".join(word for word, _, _ in line),
            "language": language,
            "confidence": 0.9,
            "words": [[word, start, end, 0.9] for word, start, end in line],
        }
        for i, line in enumerate(lines)
    ]
    replace_rows(connection, video, producer, {Utterance: rows})


LINES: tuple[Line, ...] = (
    [("Ask", 100, 300), ("not", 300, 500), ("what", 900, 1200)],
    [("your", 1200, 1400), ("country", 1400, 2000)],
)


@pytest.fixture
def spoken(connection: Connection) -> Connection:
    say(connection, "speech-a", *LINES)
    say(connection, "speech-b", [("나라를", 1000, 1600)], language="ko")
    return connection


def test_utterances_of_a_video(spoken: Connection) -> None:
    first, second = read_utterances(spoken, "speech-a")
    assert (first.text, first.start_ms, first.end_ms, first.language) == ("Ask not what", 100, 1200, "en")
    assert second.words == (SpokenWord("your", 1200, 1400), SpokenWord("country", 1400, 2000))
    assert read_utterances(spoken, "speech-none") == []


def test_words_of_ranges_in_the_order_asked_for(spoken: Connection) -> None:
    asked = [
        ("speech-b", TimeRange(0, 5000)),
        ("speech-a", TimeRange(1000, 1700)),
        ("speech-a", TimeRange(500, 900)),
        ("speech-a", TimeRange(0, 9000)),
        ("speech-none", TimeRange(0, 9000)),
    ]
    found = [[word.text for word in words] for words in words_in_ranges(spoken, asked)]
    assert found == [["나라를"], ["what", "your"], [], ["Ask", "not", "what", "your", "country"], []]
    assert words_in_ranges(spoken, []) == []


def test_a_word_belongs_to_one_of_two_neighbours(spoken: Connection) -> None:
    for edge in range(90, 2010, 10):
        left, right = words_in_ranges(
            spoken, [("speech-a", TimeRange(0, edge)), ("speech-a", TimeRange(edge, 3000))]
        )
        assert [word.text for word in left + right] == ["Ask", "not", "what", "your", "country"]


def test_any_number_of_ranges_is_one_statement(spoken: Connection) -> None:
    statements: list[str] = []
    event.listen(spoken, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    words_in_ranges(spoken, [("speech-a", TimeRange(i, i + 100)) for i in range(50)])
    assert set(read_videos(spoken, ["speech-a", "speech-b", "speech-none"])) == {"speech-a", "speech-b"}
    assert len(statements) == 2


def test_a_video_is_found_by_id_and_by_title(spoken: Connection) -> None:
    for name in ("speech-a", "Title of speech-a", "tITLE OF SPEECH-A", "of speech-a"):
        assert find_video(spoken, name).id == "speech-a"


def test_a_name_that_means_several_or_none_is_refused(spoken: Connection) -> None:
    with pytest.raises(InputError, match=r"speech-a \(Title of speech-a\), speech-b .*give the id"):
        find_video(spoken, "Title of speech-")
    for name in ("title_of_speech-a", "nobody%"):
        with pytest.raises(NotFoundError, match="vsearch status"):
            find_video(spoken, name)

"""What is said in videos, word by word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, text

from vsearch_pipeline.catalog.models import Utterance
from vsearch_pipeline.timeline import TimeRange


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word as it was written down, with its marks; `[start_ms, end_ms)` on the video's clock."""

    text: str
    start_ms: int
    end_ms: int

    @property
    def middle_ms(self) -> int:
        """Tells which of two neighbouring ranges the word belongs to."""
        return (self.start_ms + self.end_ms) // 2


@dataclass(frozen=True, slots=True)
class SpokenUtterance:
    """A phrase; `language` is an ISO 639-1 code."""

    start_ms: int
    end_ms: int
    text: str
    language: str
    words: tuple[SpokenWord, ...]


def read_utterances(connection: Connection, video_id: str) -> list[SpokenUtterance]:
    """Everything that is said in a video, in order of time."""
    columns = Utterance.__table__.c
    rows = connection.execute(
        select(*columns).where(columns.video_id == video_id).order_by(columns.start_ms, columns.index)
    )
    return [SpokenUtterance(row.start_ms, row.end_ms, row.text, row.language, _words(row.words)) for row in rows]


def words_in_ranges(
    connection: Connection, ranges: Sequence[tuple[str, TimeRange]]
) -> list[tuple[SpokenWord, ...]]:
    """The words whose middle lies in each `(video id, range)`, in one statement, in order of time."""
    rows = connection.execute(
        text(
            """
            select asked.number, transcripts.words
            from unnest(cast(:videos as text[]), cast(:starts as int[]), cast(:ends as int[]))
                with ordinality as asked (video_id, start_ms, end_ms, number)
            join transcripts on transcripts.video_id = asked.video_id
                and transcripts.start_ms < asked.end_ms and transcripts.end_ms > asked.start_ms
            order by asked.number, transcripts.start_ms, transcripts.index
            """
        ),
        {
            "videos": [video for video, _ in ranges],
            "starts": [span.start_ms for _, span in ranges],
            "ends": [span.end_ms for _, span in ranges],
        },
    )
    found: list[list[SpokenWord]] = [[] for _ in ranges]
    for number, words in rows:
        span = ranges[number - 1][1]
        found[number - 1].extend(word for word in _words(words) if word.middle_ms in span)
    return [tuple(words) for words in found]


def _words(stored: Sequence[Sequence[Any]]) -> tuple[SpokenWord, ...]:
    return tuple(SpokenWord(str(said).strip(), int(start), int(end)) for said, start, end, _ in stored)

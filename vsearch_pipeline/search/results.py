"""What a search gives back: moments, and why each is one."""

from __future__ import annotations

from dataclasses import dataclass

from vsearch_pipeline.catalog.segments import PersonOnScreen
from vsearch_pipeline.catalog.speech import SpokenWord
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.search.query import Query
from vsearch_pipeline.timeline import TimeRange


@dataclass(frozen=True, slots=True)
class Parts:
    """What carried a hit, each 0..1.

    Attributes:
        meaning: likeness of the whole query and the best text of the segment (cosine, 0 where negative).
        words: how much of the query's words the captions, objects and speech have; other words of the same meaning
            count in part, across languages too.
        people: share of the people asked for who are on screen.
        speech: the same as `words`, of what is said alone.
    """

    meaning: float
    words: float
    people: float
    speech: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text; `hit` where the query asks for it."""

    text: str
    hit: bool


@dataclass(frozen=True, slots=True)
class Marks:
    """The texts of a segment in pieces, which joined give the text; empty where there is none."""

    caption_en: tuple[Piece, ...] = ()
    caption_ko: tuple[Piece, ...] = ()
    speech: tuple[Piece, ...] = ()
    objects: tuple[Piece, ...] = ()  # one a label


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment that matches, with why.

    Attributes:
        score: chance that it is what was asked for, 0..1 (`search/ranking.py` says how it was calibrated); where
            only people and filters are asked for, how sure it is that they are there.
        good: the score is high enough to call it a match.
        heard: the words said in it that the query asks for, with their times.
        edited: a person wrote or changed something of it.
    """

    segment_id: int
    video: VideoRecord
    span: TimeRange
    caption_en: str | None
    caption_ko: str | None
    speech: str | None
    objects: tuple[str, ...]
    people: tuple[PersonOnScreen, ...]
    score: float
    good: bool
    parts: Parts
    marks: Marks
    heard: tuple[SpokenWord, ...]
    edited: bool


@dataclass(frozen=True, slots=True)
class Member:
    """A segment of a moment."""

    segment_id: int
    span: TimeRange
    score: float


@dataclass(frozen=True, slots=True)
class Moment:
    """Neighbouring segments that match alike: one result.

    Attributes:
        span: from the beginning of the first to the end of the last member that matches like the best one.
        best: the segment to play from.
        members: in order of time; short ones that match worse may lie just beside the span.
    """

    span: TimeRange
    best: Hit
    members: tuple[Member, ...]

    @property
    def good(self) -> bool:
        return self.best.good


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page of a ranking.

    Attributes:
        query: what was understood; None where the search did not start from words (`SearchService.similar`).
        moments: best first; those that match well come before those that do not.
        offset: how many moments come before this page.
        found: how many moments the whole ranking has.
        relaxed: nobody and nothing satisfies all that was asked for: these are the nearest, and none is good.
        seconds: how long it took, the embedding of the query included.
    """

    query: Query | None
    moments: tuple[Moment, ...]
    offset: int
    found: int
    relaxed: bool
    seconds: float

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The best segment of each moment."""
        return tuple(moment.best for moment in self.moments)

    @property
    def good(self) -> bool:
        """Whether anything here matches well."""
        return any(moment.good for moment in self.moments)

    @property
    def more(self) -> bool:
        return self.offset + len(self.moments) < self.found

"""One search for every door: page, Slack, command line, Python."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import list_people
from vsearch_pipeline.catalog.retrieval import Candidate, candidates
from vsearch_pipeline.catalog.segments import PersonOnScreen, SegmentRecord, read_segments
from vsearch_pipeline.catalog.speech import SpokenWord, words_in_ranges
from vsearch_pipeline.catalog.videos import VideoRecord, read_videos
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.language.embedding import SentenceEmbedder
from vsearch_pipeline.search.heard import SpokenMatch
from vsearch_pipeline.search.query import Query, understand
from vsearch_pipeline.timeline import TimeRange

POOL = 200
"""Candidates each index gives before they are scored together."""

MEANING, WORDS = 0.6, 0.4
"""Shares of the score; people named in the query outrank both (see `_score`)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What carried a hit, each 0..1."""

    meaning: float
    words: float
    people: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment that matches, with why; `heard` are the words said in it that the query asks for."""

    segment_id: int
    video: VideoRecord
    span: TimeRange
    caption_en: str | None
    caption_ko: str | None
    speech: str | None
    people: tuple[PersonOnScreen, ...]
    score: float  # 0..1
    parts: Parts
    heard: tuple[SpokenWord, ...]


@dataclass(frozen=True, slots=True)
class SearchResult:
    query: Query
    hits: tuple[Hit, ...]
    seconds: float


class SearchService:
    """Searches segments by meaning, words and people.

    Example:
        >>> service = SearchService(open_catalog(settings), load_sentence_embedder(settings.sentence_embedder))
        >>> service.search("민지가 웃는 장면", limit=5).hits[0].span
    """

    def __init__(self, catalog: Catalog, embedder: SentenceEmbedder) -> None:
        self.catalog = catalog
        self.embedder = embedder

    def search(self, text: str, *, limit: int = 20) -> SearchResult:
        """The best `limit` segments for a Korean or English query, best first.

        Raises:
            InputError: the query is empty or too long, or `limit` is not positive.
        """
        started = time.perf_counter()
        if limit < 1:
            raise InputError(f"The limit must be at least 1, not {limit}.")
        with self.catalog.begin() as connection:
            people = list_people(connection)
        query = understand(text, people)
        [vector] = self.embedder.embed([query.rest or query.text])  # no transaction waits for the model
        with self.catalog.begin() as connection:
            found = candidates(
                connection,
                model=self.embedder.name,
                vector=[float(x) for x in vector],
                tokens=query.tokens,
                people=[person.id for person in query.people],
                limit=max(POOL, limit),
            )
            matching = ((score, c) for c in found if (score := _score(c, query)) > 0)
            scored = sorted(matching, key=lambda pair: (-pair[0], pair[1].segment_id))[:limit]
            segments = {s.id: s for s in read_segments(connection, ids=[c.segment_id for _, c in scored])}
            videos = read_videos(connection, {s.video_id for s in segments.values()})
            listed = [segments[c.segment_id] for _, c in scored]
            said = words_in_ranges(connection, [(segment.video_id, segment.span) for segment in listed])
        meant = SpokenMatch(query.text)
        hits = tuple(
            _hit(score, c, segment, videos[segment.video_id], tuple(word for word in words if meant(word.text)))
            for (score, c), segment, words in zip(scored, listed, said, strict=True)
        )
        return SearchResult(query, hits, time.perf_counter() - started)


def _score(candidate: Candidate, query: Query) -> float:
    """People first where the query names any, then meaning and words in fixed shares."""
    meaning = max(0.0, candidate.meaning)
    content = MEANING * meaning + WORDS * candidate.words if query.tokens else meaning
    if not query.people:
        return content
    return (candidate.people + content) / 2 if query.rest else candidate.people


def _hit(
    score: float, found: Candidate, segment: SegmentRecord, video: VideoRecord, heard: tuple[SpokenWord, ...]
) -> Hit:
    return Hit(
        segment_id=segment.id,
        video=video,
        span=segment.span,
        caption_en=segment.caption_en,
        caption_ko=segment.caption_ko,
        speech=segment.speech,
        people=segment.people,
        score=round(score, 4),
        parts=Parts(round(max(0.0, found.meaning), 4), round(found.words, 4), round(found.people, 4)),
        heard=heard,
    )


def hits_as_json(result: SearchResult) -> list[dict[str, object]]:
    """The hits as plain data: what `vsearch search --json` prints."""
    return [_hit_as_json(hit) for hit in result.hits]


def _hit_as_json(hit: Hit) -> dict[str, object]:
    return {
        "segment_id": hit.segment_id,
        "video": hit.video.id,
        "title": hit.video.title,
        "start_ms": hit.span.start_ms,
        "end_ms": hit.span.end_ms,
        "caption_en": hit.caption_en,
        "caption_ko": hit.caption_ko,
        "speech": hit.speech,
        "heard": [{"text": word.text, "start_ms": word.start_ms, "end_ms": word.end_ms} for word in hit.heard],
        "people": _people_as_json(hit.people),
        "score": hit.score,
        "parts": {"meaning": hit.parts.meaning, "words": hit.parts.words, "people": hit.parts.people},
    }


def _people_as_json(people: Sequence[PersonOnScreen]) -> list[dict[str, object]]:
    return [{"name": p.name, "display": p.shown, "group": p.group, "confidence": p.confidence} for p in people]

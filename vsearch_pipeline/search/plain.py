"""Search results as plain data, for programs: what `vsearch search --json` and `--queries` print."""

from __future__ import annotations

from collections.abc import Sequence

from vsearch_pipeline.catalog.segments import PersonOnScreen
from vsearch_pipeline.search.query import Query
from vsearch_pipeline.search.results import Hit, Moment, SearchResult


def result_as_json(result: SearchResult) -> dict[str, object]:
    """A page of results with what was understood of the query; docs/search.md names every key."""
    return {
        "understood": understood_as_json(result.query) if result.query else [],
        "good": result.good,
        "relaxed": result.relaxed,
        "found": result.found,
        "hits": hits_as_json(result),
    }


def hits_as_json(result: SearchResult) -> list[dict[str, object]]:
    """The best segment of each moment, with the moment it stands for."""
    return [_hit_as_json(moment.best) | {"moment": _moment_as_json(moment)} for moment in result.moments]


def understood_as_json(query: Query) -> list[dict[str, object]]:
    return [
        {"kind": each.kind, "text": each.text, "typed": each.typed, "negated": each.negated, "how": each.how}
        for each in query.understood
    ]


def _moment_as_json(moment: Moment) -> dict[str, object]:
    return {
        "start_ms": moment.span.start_ms,
        "end_ms": moment.span.end_ms,
        "segments": [member.segment_id for member in moment.members],
    }


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
        "objects": list(hit.objects),
        "people": _people_as_json(hit.people),
        "score": hit.score,
        "good": hit.good,
        "parts": {
            "meaning": hit.parts.meaning,
            "words": hit.parts.words,
            "people": hit.parts.people,
            "speech": hit.parts.speech,
        },
        "edited": hit.edited,
    }


def _people_as_json(people: Sequence[PersonOnScreen]) -> list[dict[str, object]]:
    return [{"name": p.name, "display": p.shown, "group": p.group, "confidence": p.confidence} for p in people]

"""A list of results, whatever it was asked with: what the cards and the head of the list show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from editor_app.components.moment import Clip, draw_match
from editor_app.components.understood import draw_understood
from editor_app.texts.search import Texts
from vsearch_pipeline.catalog.segments import SegmentRecord
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.search.faces import Appearance
from vsearch_pipeline.search.results import SearchResult
from vsearch_pipeline.wording import Language, counted


@dataclass(frozen=True, slots=True)
class Listing:
    """Attributes:
    key: tells one question from another.
    spoken: what the query asks for of what is said.
    matches: score and reasons of each clip, by id.
    weak: ids of the clips that do not match well, which come last.
    notice: `title` and `hint` over the list; None where there is nothing to say.
    origin: what the search started from, where that is no text (`Origin.draw`).
    result: what a summary is written from; None where there is none.
    """

    key: str
    clips: tuple[Clip, ...]
    matches: Mapping[int, dict[str, Any]]
    summary: str
    more: bool
    spoken: str = ""
    named: frozenset[int] = frozenset()
    weak: frozenset[int] = frozenset()
    understood: Sequence[dict[str, Any]] = ()
    notice: Mapping[str, str] | None = None
    origin: Mapping[str, Any] | None = None
    result: SearchResult | None = None

    def find(self, clip_id: int) -> Clip | None:
        """The clip of that id, or the one that has a segment of that id."""
        exact = next((clip for clip in self.clips if clip.id == clip_id), None)
        return exact or next((clip for clip in self.clips if clip_id in clip.members), None)


def list_result(
    key: str,
    found: SearchResult,
    texts: Texts,
    language: Language,
    origin: Mapping[str, Any] | None = None,
) -> Listing:
    """The moments of a search by words, or by another segment."""
    query = found.query
    count = counted(texts.results_one, texts.results_many, len(found.moments))
    seconds = texts.results_seconds.format(seconds=f"{found.seconds:.2f}")
    return Listing(
        key=query.text if query else key,
        clips=tuple(Clip.of_moment(moment) for moment in found.moments),
        matches={hit.segment_id: draw_match(hit, query, texts) for hit in found.hits},
        summary=f"{count} · {seconds}" if found.moments else "",
        more=found.more,
        spoken=query.rest if query else "",
        named=query.named if query else frozenset(),
        weak=frozenset(moment.best.segment_id for moment in found.moments if not moment.good),
        understood=draw_understood(query, texts, language) if query else (),
        notice=_notice(found, texts),
        origin=origin,
        result=found if query else None,
    )


def _notice(found: SearchResult, texts: Texts) -> Mapping[str, str] | None:
    if not found.moments or (found.good and not found.relaxed):
        return None
    if found.relaxed:
        return {"title": texts.relaxed_title, "hint": texts.relaxed_hint}
    return {"title": texts.weak_title, "hint": texts.weak_hint}


def list_appearances(
    key: str,
    found: Sequence[Appearance],
    videos: Mapping[str, VideoRecord],
    segments: Mapping[str, Sequence[SegmentRecord]],
    texts: Texts,
    *,
    total: int,
    origin: Mapping[str, Any],
) -> Listing:
    """Where a face is on screen.

    Args:
        found: those that are shown, of `total`.
        segments: of each video, in order of time.
    """
    clips = []
    matches = {}
    for index, appearance in enumerate(found):
        video = videos.get(appearance.track.video_id)
        if video is None:
            continue
        clip = _appearance(-1 - index, appearance, video, segments.get(video.id, ()))
        clips.append(clip)
        percent = round(max(0.0, appearance.similarity) * 100)
        matches[clip.id] = {
            "percent": percent,
            "label": texts.likeness.format(percent=percent),
            "parts": [],
            "note": "" if appearance.person else texts.unnamed,
        }
    return Listing(
        key=key,
        clips=tuple(clips),
        matches=matches,
        summary=counted(texts.appearances_one, texts.appearances_many, total),
        more=len(found) < total,
        origin=origin,
    )


def _appearance(
    clip_id: int, appearance: Appearance, video: VideoRecord, segments: Sequence[SegmentRecord]
) -> Clip:
    """The appearance, told by the segment that most of it lies in."""
    span = appearance.span
    at = max(segments, key=lambda segment: segment.span.overlap_ms(span), default=None)
    there = at if at and at.span.overlap_ms(span) else None
    told = Clip.of_segment(there, video) if there else None
    person = appearance.person
    on_screen = told.people if told else ()
    known = next((p for p in on_screen if person and p.id == person.id), person)
    return Clip(
        clip_id,
        there.id if there else None,
        video,
        span,
        span,
        told.caption_en if told else (),
        told.caption_ko if told else (),
        told.speech if told else (),
        (),
        (known,) if known else (),
    )

"""A whole video as the timeline draws it: plain values, shown as text only."""

from __future__ import annotations

from typing import Any

from editor_app.media import MediaFiles
from vsearch_pipeline.catalog.film import Film
from vsearch_pipeline.catalog.segments import SegmentRecord
from vsearch_pipeline.wording import Language

_DEFAULT_FRAME_MS = 40.0


def draw_film(film: Film, media: MediaFiles, language: Language) -> dict[str, Any]:
    """Lanes of the timeline, times in ms of the video's own clock."""
    video = film.video
    rate = video.frame_rate
    last = max((segment.span.end_ms for segment in film.segments), default=0)
    return {
        "video": video.id,
        "title": video.title,
        "duration": video.duration_ms or last,
        "origin": media.origin_ms(video) / 1000,
        "frame": float(1000 / rate) if rate else _DEFAULT_FRAME_MS,
        "shots": [[shot.start_ms, shot.end_ms] for shot in film.shots],
        "segments": [_segment(segment, language) for segment in film.segments],
        "people": [
            {
                "id": seen.person.id,
                "name": seen.person.in_language(language),
                "ranges": [[span.start_ms, span.end_ms] for span in seen.spans],
            }
            for seen in film.people
        ],
        "speech": [[said.start_ms, said.end_ms, said.text, said.language] for said in film.speech],
    }


def _segment(segment: SegmentRecord, language: Language) -> dict[str, Any]:
    other: Language = "en" if language == "ko" else "ko"
    own = segment.caption(language)
    return {
        "id": segment.id,
        "start": segment.span.start_ms,
        "end": segment.span.end_ms,
        "text": own or segment.caption(other) or "",
        "lang": language if own else other,
        "people": [person.in_language(language) for person in segment.people],
        "edited": segment.touched,
        "locked": segment.locked,
        "version": segment.version,
    }

"""A moment as the page draws it: plain values for the components, which show them as text only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from editor_app.components.clock import short_clock
from editor_app.components.speech import marked
from editor_app.media import MediaFiles
from editor_app.texts import Language, Texts
from vsearch_pipeline.catalog.segments import PersonOnScreen, SegmentRecord
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.search.heard import SpokenMatch
from vsearch_pipeline.search.service import Hit
from vsearch_pipeline.timeline import TimeRange

_DEFAULT_FRAME_MS = 40.0


def short_span(span: TimeRange) -> str:
    """`0:12–0:17`; with tenths where both ends fall into one second."""
    first, last = short_clock(span.start_ms), short_clock(span.end_ms)
    if first == last:
        first += f".{span.start_ms % 1000 // 100}"
        last += f".{span.end_ms % 1000 // 100}"
    return f"{first}–{last}"


@dataclass(frozen=True, slots=True)
class Moment:
    """A segment with its video, from a search or from a link."""

    id: int
    video: VideoRecord
    span: TimeRange
    caption_en: str | None
    caption_ko: str | None
    speech: str | None
    people: tuple[PersonOnScreen, ...]

    @staticmethod
    def of_hit(hit: Hit) -> Moment:
        return Moment(hit.segment_id, hit.video, hit.span, hit.caption_en, hit.caption_ko, hit.speech, hit.people)

    @staticmethod
    def of_segment(segment: SegmentRecord, video: VideoRecord) -> Moment:
        return Moment(
            segment.id,
            video,
            segment.span,
            segment.caption_en,
            segment.caption_ko,
            segment.speech,
            segment.people,
        )

    def draw(
        self, media: MediaFiles, texts: Texts, language: Language, named: Collection[int], meant: SpokenMatch
    ) -> dict[str, Any]:
        """Values for the components.

        Args:
            named: ids of the people that the query names.
            meant: tells the spoken words that the query asks for.
        """
        origin = self.video.start_ms or 0
        rate = self.video.frame_rate
        span = short_span(self.span)
        captions = [("ko", self.caption_ko), ("en", self.caption_en)]
        captions.sort(key=lambda caption: caption[0] != language)
        written = [{"lang": code, "text": text} for code, text in captions if text]
        return {
            "id": self.id,
            "video": self.video.id,
            "title": self.video.title,
            "span": span,
            "seconds": texts.seconds.format(seconds=f"{self.span.duration_ms / 1000:.1f}"),
            "start": (self.span.start_ms + origin) / 1000,
            "end": (self.span.end_ms + origin) / 1000,
            "origin": origin / 1000,
            "frame": float(1 / rate) if rate else _DEFAULT_FRAME_MS / 1000,
            "captions": written,
            "untranslated": texts.not_translated if len(written) == 1 else "",
            "speech": marked(self.speech, self.speech.split(), meant) if self.speech else [],
            "people": [_chip(person, texts, person.id in named) for person in self.people],
            "source": media.source(self.video),
            "preview": media.preview(self.video.id, self.span),
            "still": media.still(self.video, self.span.middle_ms),
            "why": _why_not(self.video, media, texts),
            "label": texts.play_moment.format(title=self.video.title, span=span),
            "alt": texts.preview_alt.format(title=self.video.title, span=span),
        }


def _chip(person: PersonOnScreen, texts: Texts, named: bool) -> dict[str, Any]:
    if person.confidence is None:
        tip = texts.confirmed.format(name=person.shown)
    else:
        tip = texts.recognised.format(name=person.shown, percent=round(person.confidence * 100))
    return {"name": person.shown, "group": person.group or "", "tip": tip, "named": named}


def _why_not(video: VideoRecord, media: MediaFiles, texts: Texts) -> str:
    """The sentence for a video that is not played; empty where it is."""
    names = [name for name in (video.container, video.video_codec) if name]
    return {
        "plays": "",
        "imported": texts.why_imported,
        "missing": texts.why_missing,
        "format": texts.why_format.format(format=", ".join(names)),
    }[media.playback(video)]


def draw_match(hit: Hit, texts: Texts, parts: Sequence[str]) -> dict[str, Any]:
    """The score of a hit, and the parts of it (`meaning`, `words`, `people`) that the query asked for."""
    labels = {"meaning": texts.meaning, "words": texts.words, "people": texts.people}
    values = {"meaning": hit.parts.meaning, "words": hit.parts.words, "people": hit.parts.people}
    return {
        "percent": round(hit.score * 100),
        "label": texts.match.format(percent=round(hit.score * 100)),
        "parts": [{"name": name, "label": labels[name], "percent": round(values[name] * 100)} for name in parts],
    }

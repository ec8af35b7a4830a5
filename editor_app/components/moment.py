"""A moment as the page draws it: plain values for the components, which show them as text only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from editor_app.media import MediaFiles
from editor_app.texts.search import Texts
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.segments import PersonOnScreen, SegmentRecord
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.search.objects import object_name
from vsearch_pipeline.search.query import Query
from vsearch_pipeline.search.results import Hit, Moment, Piece
from vsearch_pipeline.timeline import TimeRange, short_clock
from vsearch_pipeline.wording import Language, counted

_DEFAULT_FRAME_MS = 40.0

CARRIED: Final = 0.05
"""A part of the score above this is told as a reason."""


def short_span(span: TimeRange) -> str:
    """`0:12–0:17`; with tenths where both ends fall into one second."""
    first, last = short_clock(span.start_ms), short_clock(span.end_ms)
    if first == last:
        first += f".{span.start_ms % 1000 // 100}"
        last += f".{span.end_ms % 1000 // 100}"
    return f"{first}–{last}"


@dataclass(frozen=True, slots=True)
class Clip:
    """What a card shows and the player plays.

    Attributes:
        id: tells it from the other cards; that of the best segment, below zero where no segment is meant.
        segment_id: what a link to it names; None where there is no segment.
        span: what is repeated.
        best: the part of `span` that is played from and pictured.
        members: ids of the segments that belong to it, in order of time; some may lie just beside `span`.
        inside: those of them that lie in `span`.
    """

    id: int
    segment_id: int | None
    video: VideoRecord
    span: TimeRange
    best: TimeRange
    caption_en: tuple[Piece, ...]
    caption_ko: tuple[Piece, ...]
    speech: tuple[Piece, ...]
    objects: tuple[str, ...]  # those that the query asks for
    people: tuple[PersonOnScreen | PersonRecord, ...]
    members: tuple[int, ...] = ()
    inside: tuple[int, ...] = ()

    @staticmethod
    def of_moment(moment: Moment) -> Clip:
        hit = moment.best
        return Clip(
            hit.segment_id,
            hit.segment_id,
            hit.video,
            moment.span,
            hit.span,
            hit.marks.caption_en or _plain(hit.caption_en),
            hit.marks.caption_ko or _plain(hit.caption_ko),
            hit.marks.speech or _plain(hit.speech),
            tuple(piece.text for piece in hit.marks.objects if piece.hit),
            hit.people,
            tuple(member.segment_id for member in moment.members),
            tuple(member.segment_id for member in moment.members if member.span.overlap_ms(moment.span)),
        )

    @staticmethod
    def of_segment(segment: SegmentRecord, video: VideoRecord) -> Clip:
        return Clip(
            segment.id,
            segment.id,
            video,
            segment.span,
            segment.span,
            _plain(segment.caption_en),
            _plain(segment.caption_ko),
            _plain(segment.speech),
            (),
            segment.people,
            inside=(segment.id,),
        )

    def as_now(self, segment: SegmentRecord | None, gone: Collection[int]) -> Clip:
        """The same clip after an edit: told by what its segment says now, without segments that are gone."""
        members, inside = ([i for i in ids if i not in gone] for ids in (self.members, self.inside))
        left = replace(self, members=tuple(members), inside=tuple(inside))
        if segment is None:
            return left
        return replace(
            left,
            caption_en=_plain(segment.caption_en),
            caption_ko=_plain(segment.caption_ko),
            speech=_plain(segment.speech),
            people=segment.people,
        )

    def draw(
        self, media: MediaFiles, texts: Texts, language: Language, named: Collection[int] = ()
    ) -> dict[str, Any]:
        """Values for the components.

        Args:
            named: ids of the people that the query names.
        """
        origin = media.origin_ms(self.video)
        rate = self.video.frame_rate
        span = short_span(self.span)
        captions = [("ko", self.caption_ko), ("en", self.caption_en)]
        captions.sort(key=lambda caption: caption[0] != language)
        written = [
            {"lang": code, "text": "".join(piece.text for piece in pieces), "parts": _drawn(pieces)}
            for code, pieces in captions
            if pieces
        ]
        return {
            "id": self.id,
            "segment": self.segment_id,
            "inside": list(self.inside),
            "video": self.video.id,
            "title": self.video.title,
            "span": span,
            "clock": short_clock(self.best.start_ms),
            "seconds": texts.seconds.format(seconds=f"{self.span.duration_ms / 1000:.1f}"),
            "segments": counted("", texts.segments_many, len(self.inside) or 1),
            "start": (self.span.start_ms + origin) / 1000,
            "end": (self.span.end_ms + origin) / 1000,
            "at": (self.best.start_ms + origin) / 1000,
            "best": (self.best.end_ms + origin) / 1000,
            "origin": origin / 1000,
            "frame": float(1 / rate) if rate else _DEFAULT_FRAME_MS / 1000,
            "captions": written,
            "untranslated": texts.not_translated if len(written) == 1 else "",
            "speech": _drawn(self.speech),
            "objects": [object_name(label, language) for label in self.objects],
            "people": [_chip(person, texts, language, person.id in named) for person in self.people],
            "source": media.source(self.video),
            "preview": media.preview(self.video.id, self.best),
            "still": media.still(self.video, self.best.middle_ms),
            "why": _why_not(self.video, media, texts),
            "label": texts.play_moment.format(title=self.video.title, span=span),
            "alt": texts.preview_alt.format(title=self.video.title, span=span),
        }


def _plain(text: str | None) -> tuple[Piece, ...]:
    return (Piece(text, False),) if text else ()


def _drawn(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    return [{"text": piece.text, "hit": piece.hit} for piece in pieces]


def _chip(person: PersonOnScreen | PersonRecord, texts: Texts, language: Language, named: bool) -> dict[str, Any]:
    name = person.in_language(language)
    if isinstance(person, PersonRecord):
        tip = name
    elif person.confidence is None:
        tip = texts.confirmed.format(name=name)
    else:
        tip = texts.recognised.format(name=name, percent=round(person.confidence * 100))
    return {"name": name, "group": person.group or "", "tip": tip, "named": named}


def _why_not(video: VideoRecord, media: MediaFiles, texts: Texts) -> str:
    """The sentence for a video that is not played; empty where it is."""
    names = [name for name in (video.container, video.video_codec) if name]
    return {
        "plays": "",
        "imported": texts.why_imported,
        "missing": texts.why_missing,
        "format": texts.why_format.format(format=", ".join(names)),
    }[media.playback(video)]


def draw_match(hit: Hit, query: Query | None, texts: Texts) -> dict[str, Any]:
    """The score of a hit, and the parts of it that carried it: of those that the query asks for.

    Args:
        query: None where the search did not start from words, so that only the meaning counts.
    """
    parts: list[tuple[str, str, float]] = []
    if query is None or query.rest:
        parts.append(("meaning", texts.meaning, hit.parts.meaning))
    if query is not None and query.tokens:
        parts.append(("words", texts.words, hit.parts.words))
    if query is not None and query.named:
        parts.append(("people", texts.people, hit.parts.people))
    if query is not None and query.tokens:
        parts.append(("said", texts.said, hit.parts.speech))
    percent = 100 if hit.score >= 1 else min(99, round(hit.score * 100))
    return {
        "percent": percent,
        "label": texts.match.format(percent=percent),
        "parts": [
            {"name": name, "label": label, "percent": round(value * 100)}
            for name, label, value in parts
            if value > CARRIED
        ],
    }

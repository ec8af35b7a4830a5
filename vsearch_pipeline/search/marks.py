"""Which pieces of a segment's texts a query asks for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from vsearch_pipeline.catalog.segments import SegmentRecord
from vsearch_pipeline.language.tokens import words
from vsearch_pipeline.search.lexicon import ALIKE, Asked
from vsearch_pipeline.search.results import Marks, Piece


def marks_of(segment: SegmentRecord, asked: Asked, literal: Sequence[str]) -> Marks:
    """The texts in pieces.

    Args:
        literal: phrases and names that are marked where they stand, whatever words they have.
    """
    return Marks(
        caption_en=pieces(segment.caption_en, asked, literal),
        caption_ko=pieces(segment.caption_ko, asked, literal),
        speech=pieces(segment.speech, asked, literal),
        objects=tuple(Piece(label, _means(label, asked)) for label in segment.objects),
    )


def pieces(text: str | None, asked: Asked, literal: Sequence[str] = ()) -> tuple[Piece, ...]:
    """A text in pieces which joined give it (in its NFC form)."""
    if not text:
        return ()
    text = unicodedata.normalize("NFC", text)
    spans = [(word.start, word.end) for word in words(text) if not word.plain and asked.likeness(word) >= ALIKE]
    lowered = text.lower()
    if len(lowered) == len(text):
        for said in literal:
            spans += [match.span() for match in re.finditer(re.escape(said.lower()), lowered)] if said else []
    return tuple(_cut(text, spans))


def _means(label: str, asked: Asked) -> bool:
    return any(asked.likeness(word) >= ALIKE for word in words(label) if not word.plain)


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> Iterable[Piece]:
    at = 0
    for start, end in _joined(spans, text):
        if start > at:
            yield Piece(text[at:start], hit=False)
        yield Piece(text[start:end], hit=True)
        at = end
    if at < len(text):
        yield Piece(text[at:], hit=False)


def _joined(spans: Iterable[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """Spans in order, those that touch or have only a space between them as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and not text[joined[-1][1] : start].strip():
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined

"""What the models say about any range of a video, also one that a person drew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from vsearch_pipeline.captioning.compose import compose
from vsearch_pipeline.captioning.facts import CaptionFacts
from vsearch_pipeline.catalog.models import Caption, ImportedRecord, Object, Utterance
from vsearch_pipeline.catalog.segments import AutoFields
from vsearch_pipeline.catalog.stages import read_rows
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.editing.on_screen import OnScreen, with_places
from vsearch_pipeline.slots import fill
from vsearch_pipeline.timeline import TimeRange

SURE_OBJECT: Final = 0.6
"""Score from which a detection is listed; captions use the same (see captioning.content)."""
MOST_CAPTIONS: Final = 5
"""Captions joined for a range that a person drew over many."""

Describe = Callable[[TimeRange], AutoFields]


def describer(connection: Connection, video: VideoRecord, within: TimeRange | None = None) -> Describe:
    """The automatic fields of any range of a video, or of a part of it, from the rows of the model layer."""
    read = _records if video.kind == "imported" else _models
    return read(connection, video.id, within)


def _models(connection: Connection, video_id: str, within: TimeRange | None) -> Describe:
    captions: dict[str, list[Any]] = {"en": [], "ko": []}
    for row in read_rows(connection, Caption, video_id, "index", within=within):
        captions[row.language].append(row)
    translations = {row.index: row for row in captions["ko"]}
    objects = read_rows(connection, Object, video_id, "index", within=within)
    utterances = read_rows(connection, Utterance, video_id, "index", within=within)
    on_screen = OnScreen(connection, video_id)

    def describe(span: TimeRange) -> AutoFields:
        told = _told(captions["en"], span)
        return AutoFields(
            caption_en=_joined(_in_english(caption, span, on_screen) for caption in told),
            caption_ko=_joined(
                _in_korean(caption, translations.get(caption.index), span, on_screen) for caption in told
            ),
            objects=_most_at_once(objects, span),
            speech=" ".join(_spoken(utterances, span)) or None,
            people=on_screen.confidences(span),
        )

    return describe


def _records(connection: Connection, video_id: str, within: TimeRange | None) -> Describe:
    records = read_rows(connection, ImportedRecord, video_id, "index", within=within)
    same = {TimeRange(row.start_ms, row.end_ms): row for row in records}

    def describe(span: TimeRange) -> AutoFields:
        told = [same[span]] if span in same else _told(records, span)
        objects: Counter[str] = Counter()
        people: dict[int, float] = {}
        for row in told:
            objects |= Counter(row.objects)
            for person, confidence in row.people.items():
                people[int(person)] = max(people.get(int(person), 0.0), confidence)
        return AutoFields(
            _joined(row.caption_en for row in told),
            _joined(row.caption_ko for row in told),
            dict(sorted(objects.items())),
            " ".join(row.speech for row in told if row.speech) or None,
            people,
        )

    return describe


def imported_rows(described: Mapping[TimeRange, AutoFields]) -> list[dict[str, Any]]:
    """Rows of `ImportedRecord` from which any range can be described later."""
    return [
        {
            "index": index,
            "start_ms": span.start_ms,
            "end_ms": span.end_ms,
            "caption_en": auto.caption_en,
            "caption_ko": auto.caption_ko,
            "objects": dict(auto.objects),
            "speech": auto.speech,
            "people": {str(person): confidence for person, confidence in auto.people.items()},
        }
        for index, (span, auto) in enumerate(sorted(described.items(), key=lambda each: each[0]))
    ]


def _overlap(row: Any, span: TimeRange) -> int:
    return span.overlap_ms(TimeRange(row.start_ms, row.end_ms))


def _told(rows: Sequence[Any], span: TimeRange) -> list[Any]:
    """The rows that a range holds half of at least, in order; else the one that covers most of it, the earlier one
    on a tie."""
    whole = [row for row in rows if 2 * _overlap(row, span) >= row.end_ms - row.start_ms]
    if len(whole) > 1:
        return whole
    best = max(rows, key=lambda row: (_overlap(row, span), -row.start_ms), default=None)
    return [best] if best is not None and _overlap(best, span) else []


def _joined(captions: Any) -> str | None:
    """Captions after one another, each said once, the first `MOST_CAPTIONS`."""
    return " ".join([text for text in dict.fromkeys(captions) if text][:MOST_CAPTIONS]) or None


def _in_english(caption: Any, span: TimeRange, on_screen: OnScreen) -> str | None:
    """The caption with the names of who is on screen: composed anew from its facts, or put into its words."""
    if caption.facts:
        names = [person.in_english for person in on_screen.people(span)]
        return compose(CaptionFacts.from_json(caption.facts), "en", names)
    people = on_screen.people(TimeRange(caption.start_ms, caption.end_ms))
    return fill(with_places(caption.text, people), [person.in_english for person in people], "en") or None


def _in_korean(caption: Any, korean: Any | None, span: TimeRange, on_screen: OnScreen) -> str | None:
    if caption.facts:
        names = [person.in_korean for person in on_screen.people(span)]
        return compose(CaptionFacts.from_json(caption.facts), "ko", names)
    if korean is None:
        return None
    return fill(korean.text, [on_screen.who(person_id).in_korean for person_id in korean.people], "ko") or None


def _most_at_once(objects: Sequence[Any], span: TimeRange) -> dict[str, int]:
    by_frame: dict[int, Counter[str]] = {}
    for row in objects:
        if row.score >= SURE_OBJECT and row.time_ms in span:
            by_frame.setdefault(row.frame_index, Counter())[row.label] += 1
    most: Counter[str] = Counter()
    for counts in by_frame.values():
        most |= counts
    return dict(sorted(most.items()))


def _spoken(utterances: Sequence[Any], span: TimeRange) -> list[str]:
    """The words whose middle lies in the range; a word belongs to one range only."""
    words = (word for row in utterances if _overlap(row, span) for word in row.words)
    return [text.strip() for text, start_ms, end_ms, _ in words if (start_ms + end_ms) // 2 in span]

"""A segment as the inspector shows it, both layers apart, and what became of an edit: plain values, text only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from editor_app.components.clock import in_visitors_zone
from editor_app.components.moment import short_span
from editor_app.edits import Captions, Outcome, People, Request
from editor_app.texts.editing import EDITING, EditingTexts
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.operations import OperationRecord
from vsearch_pipeline.catalog.segments import LANGUAGES, SegmentRecord
from vsearch_pipeline.editing.offers import CaptionOffer, PersonOffer, offers
from vsearch_pipeline.wording import Language, day_and_time


def draw_detail(
    segment: SegmentRecord, people: Mapping[int, PersonRecord], merged: Mapping[int, int], language: Language
) -> dict[str, Any]:
    """What the models and people say of a segment.

    Args:
        people: by id, those who are not merged into somebody.
        merged: who merged people turned out to be.
    """
    layers = segment.layers
    offered = offers(segment, merged)
    new = {offer.language for offer in offered if isinstance(offer, CaptionOffer)}
    said = {merged.get(person, person): told.present for person, told in layers.said.items()}
    return {
        "id": segment.id,
        "video": segment.video_id,
        "version": segment.version,
        "start": segment.span.start_ms,
        "end": segment.span.end_ms,
        "span": short_span(segment.span),
        "locked": segment.locked,
        "edited": segment.touched,
        "captions": [
            {
                "lang": code,
                "text": segment.caption(code) or "",
                "human": layers.human(code) is not None,
                "auto": layers.auto(code) or "",
                "offered": code in new,
            }
            for code in sorted(LANGUAGES, key=lambda code: code != language)
        ],
        "people": [
            {
                "id": person.id,
                "name": person.in_language(language),
                "group": person.group or "",
                "human": person.id in said,
                "percent": None if person.confidence is None else round(person.confidence * 100),
            }
            for person in segment.people
        ],
        "absent": [
            {"id": person, "name": people[person].in_language(language)}
            for person, present in said.items()
            if not present and person in people
        ],
        "offers": [
            {"id": offer.person_id, "name": people[offer.person_id].in_language(language), "now": offer.now}
            for offer in offered
            if isinstance(offer, PersonOffer) and offer.person_id in people
        ],
    }


def draw_known(people: Sequence[PersonRecord], language: Language) -> list[dict[str, Any]]:
    """Everybody who can be said to be on screen, to choose from."""
    return [
        {
            "id": person.id,
            "name": person.in_language(language),
            "group": person.group or "",
            "label": str(person),
            "names": list(dict.fromkeys(person.names)),
        }
        for person in people
    ]


def draw_outcome(
    outcome: Outcome,
    say: str | None,
    people: Mapping[int, PersonRecord],
    merged: Mapping[int, int],
    language: Language,
) -> dict[str, Any]:
    """What became of a request.

    Args:
        say: the problem in the visitor's language.
    """
    texts = EDITING[language]
    conflict = outcome.conflict
    return {
        "token": outcome.request.token,
        "do": outcome.request.do,
        "ok": outcome.problem is None,
        "message": say or _message(outcome, texts),
        "operation": outcome.done.operation if outcome.done else None,
        "conflict": {
            "by": _by(conflict.operations, texts, language),
            "theirs": [draw_detail(segment, people, merged, language) for segment in conflict.segments],
            "mine": _mine(outcome.request, people, language),
            "asked": outcome.request.model_dump(mode="json", exclude={"token", "seen"}),
        }
        if conflict
        else None,
    }


def _message(outcome: Outcome, texts: EditingTexts) -> str:
    do = outcome.request.do
    if outcome.done is None:
        return texts.nothing_to_redo if do == "redo" else texts.nothing_to_undo
    if outcome.done.operation is None:
        return texts.done_nothing
    return texts.as_dict()[f"done_{do}"]


def _by(operations: Sequence[OperationRecord], texts: EditingTexts, language: Language) -> str:
    if not operations:
        return texts.conflict_by_run
    last = operations[0]
    door = texts.as_dict()[f"door_{last.door}"]
    return texts.conflict_by.format(
        actor=last.actor, time=day_and_time(in_visitors_zone(last.at), language), door=door
    )


def _mine(request: Request, people: Mapping[int, PersonRecord], language: Language) -> list[dict[str, str]]:
    """What somebody wanted to write, to be read beside what is there."""
    if isinstance(request, Captions):
        return [{"lang": code, "text": text} for code, text in request.captions.items()]
    if isinstance(request, People):
        named = [("+", who) for who in request.add] + [("−", who) for who in request.remove]
        return [
            {"lang": language, "text": f"{sign} {people[who].in_language(language)}"}
            for sign, who in named
            if who in people
        ]
    return []

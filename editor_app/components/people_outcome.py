"""What became of a request of the people page, in words."""

from __future__ import annotations

from typing import Any

from editor_app.components.frame import say as say_anything
from editor_app.people_edits import Outcome, PhotosOutRequest, UndoRequest
from editor_app.texts.people import PEOPLE, PeopleTexts
from vsearch_pipeline.editing.errors import (
    AmbiguousNameError,
    BlockedError,
    InseparableError,
    NameTakenError,
    OutdatedClusterError,
)
from vsearch_pipeline.errors import BusyError, ForbiddenError, NotFoundError, VsearchError
from vsearch_pipeline.wording import Language


def draw_outcome(outcome: Outcome, language: Language) -> dict[str, Any]:
    """Values for the component that asked; `other` is whom somebody may be one with."""
    problem = outcome.problem
    return {
        "token": outcome.request.token,
        "ok": problem is None,
        "text": say(problem, language) if problem else "",
        "other": problem.person.id if isinstance(problem, NameTakenError) else None,
    }


def draw_toast(outcome: Outcome, language: Language) -> dict[str, Any] | None:
    """What is told at the edge of the page, with what takes it back; None where there is nothing to tell."""
    request, result = outcome.request, outcome.result
    if result is None:
        if not isinstance(request, UndoRequest | PhotosOutRequest) or outcome.problem is None:
            return None  # it is told where it was asked
        return {"token": request.token, "text": say(outcome.problem, language), "undo": None}
    if not result.changed:
        return None
    undo = result.undo or ({"do": "undo", "operation": result.operation} if result.operation else None)
    return {"token": request.token, "text": _done(outcome, undo, PEOPLE[language], language), "undo": undo}


def _done(outcome: Outcome, undo: dict[str, Any] | None, texts: PeopleTexts, language: Language) -> str:
    request, result = outcome.request, outcome.result
    name = result.person.in_language(language) if result and result.person else ""
    count = result.count if result else 0
    if request.do in ("undo", "photos_back"):
        return texts.done_undo
    if undo is None:
        return texts.done_nothing
    one = count == 1
    sentence = {
        "name": texts.done_name_one if one else texts.done_name_many,
        "reject": texts.done_reject_one if one else texts.done_reject_many,
        "together": texts.done_together,
        "take_out": texts.done_take_out,
        "merge": texts.done_merge,
        "photos_out": texts.done_photo_out,
        "photo_face": texts.done_photos,
    }.get(request.do, texts.done_person)
    return sentence.format(name=name, count=f"{count:,}")


def say(problem: VsearchError, language: Language) -> str:
    """What stands in the way, in the visitor's language."""
    texts = PEOPLE[language]
    if isinstance(problem, NameTakenError):
        return texts.wrong_taken.format(name=problem.person.in_language(language))
    if isinstance(problem, AmbiguousNameError):
        return texts.wrong_ambiguous.format(names=", ".join(map(str, problem.people)))
    known: list[tuple[type[VsearchError], str]] = [
        (OutdatedClusterError, texts.wrong_outdated),
        (InseparableError, texts.wrong_alike),
        (BlockedError, texts.wrong_later),
        (NotFoundError, texts.wrong_gone),
        (BusyError, texts.wrong_busy),
        (ForbiddenError, texts.wrong_forbidden),
    ]
    return next((told for kind, told in known if isinstance(problem, kind)), say_anything(problem, language))

"""One person: who they are, every face that is taken for theirs, their photos, and whom they may be one with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from editor_app.components.people_parts import Drawing, on_acts, on_press, people_component, texts_of
from editor_app.people_edits import Request
from editor_app.texts.people import PEOPLE
from vsearch_pipeline.editing.casting import FaceOrder, PersonFace, PersonSheet
from vsearch_pipeline.search.syntax import as_value
from vsearch_pipeline.wording import Language, counted

KEY: Final = "people-person"

_person: Final = people_component("person")


@dataclass(frozen=True, slots=True)
class PersonPresses:
    """What is called when somebody presses something.

    Attributes:
        act: with what is to be done.
        compare: with the id of who may be the same person; 0 for nobody.
        order: with the order of faces that was chosen.
        more: more faces are to be shown.
        play: with the id of a segment.
        search: their moments are to be searched.
        photos: photos are to be added.
        leave: back to everybody.
    """

    act: Callable[[Request], None]
    compare: Callable[[int], None]
    order: Callable[[str], None]
    more: Callable[[], None]
    play: Callable[[int], None]
    search: Callable[[], None]
    photos: Callable[[], None]
    leave: Callable[[], None]


def people_person(
    sheet: dict[str, Any],
    *,
    photos: dict[str, Any],
    merge: Sequence[dict[str, Any]],
    known: Sequence[dict[str, Any]],
    groups: Sequence[str],
    order: FaceOrder,
    outcomes: Sequence[dict[str, Any]],
    editable: bool,
    language: Language,
    presses: PersonPresses,
) -> None:
    """Show a person (`draw_sheet`).

    Args:
        photos: `count` in words, and `shown`: `source`, `picture` and `learnt` of each.
        merge: this person and who may be the same (`draw_side`); empty where nobody asks.
        known: who can be chosen (`draw_choices`).
        groups: that there are.
    """
    _person(
        key=KEY,
        data={
            **sheet,
            "back": PEOPLE[language].back_known,
            "photos": photos,
            "merge": list(merge) or None,
            "known": list(known),
            "groups": list(groups),
            "order": order,
            "outcomes": list(outcomes),
            "editable": editable,
            "lang": language,
            "texts": texts_of(language),
        },
        on_acts_change=on_acts(KEY, presses.act),
        on_compared_change=on_press(KEY, "compared", int, presses.compare),
        on_ordered_change=on_press(KEY, "ordered", str, presses.order),
        on_more_change=on_press(KEY, "more", bool, lambda _: presses.more()),
        on_played_change=on_press(KEY, "played", int, presses.play),
        on_searched_change=on_press(KEY, "searched", bool, lambda _: presses.search()),
        on_went_change=on_press(KEY, "went", str, lambda _: presses.photos()),
        on_left_change=on_press(KEY, "left", bool, lambda _: presses.leave()),
    )


def query_of(sheet: PersonSheet) -> str:
    """What finds the moments of a person: their name, as a filter where one can be written."""
    value = as_value(sheet.known.person.name)
    return f"person:{value}" if value else sheet.known.person.name


def draw_sheet(sheet: PersonSheet, order: FaceOrder, drawing: Drawing) -> dict[str, Any]:
    texts, known = drawing.texts, sheet.known
    person = known.person
    also = drawing.also(person)
    moments = known.moments.moments
    found = [counted(texts.moments_one, texts.moments_many, moments)] if known.tracks and moments else []
    return {
        "person": {
            "id": person.id,
            "shown": drawing.name(person),
            "name": person.name,
            "display": person.display or "",
            "group": person.group or "",
            "gender": person.gender or "",
            "aliases": list(person.aliases),
            "also": texts.also_called.format(names=also) if also else "",
            "facts": [*drawing.facts(known), *found],
            "faces": counted(texts.faces_one, texts.faces_many, known.tracks) if known.tracks else "",
            "none": texts.no_faces_imported if moments else texts.no_faces,
            "picture": drawing.portrait(known.face),
            "searched": drawing.address("/", q=query_of(sheet)) if moments else "",
        },
        "sections": _sections(sheet, order, drawing),
        "more": len(sheet.faces) < known.tracks,
        "out": [drawing.sighting(seen) for seen in sheet.taken_out],
    }


def _sections(sheet: PersonSheet, order: FaceOrder, drawing: Drawing) -> list[dict[str, Any]]:
    texts = drawing.texts

    def face(each: PersonFace) -> dict[str, Any]:
        percent = None if each.said or order == "video" else round(each.confidence * 100)
        return (
            drawing.sighting(each.sighting)
            | drawing.sure(percent)
            | {"said": texts.said_by_hand if each.said else ""}
        )

    if order == "doubt":
        return [{"title": "", "count": "", "faces": [face(each) for each in sheet.faces]}] if sheet.faces else []
    return [
        {
            "title": title,
            "count": counted(texts.faces_one, texts.faces_many, sheet.in_videos[video_id]),
            "faces": [face(each) for each in faces],
        }
        for (video_id, title), faces in groupby(
            sheet.faces, key=lambda each: (each.sighting.ref.video_id, each.sighting.title)
        )
    ]


def draw_side(sheet: PersonSheet, drawing: Drawing, *, kept: bool) -> dict[str, Any]:
    """One of two people who may be the same; `kept`: whose name is offered to stay."""
    return {
        "id": sheet.known.person.id,
        "shown": drawing.name(sheet.known.person),
        "facts": drawing.facts(sheet.known),
        "faces": [drawing.sighting(each.sighting) for each in sheet.faces],
        "kept": kept,
    }

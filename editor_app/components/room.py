"""The editing room: plays a moment at the millisecond, shows its video as lanes, takes edits where one stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from editor_app.components.assets import read
from editor_app.edits import Request, read_request
from editor_app.texts.common import COMMON
from editor_app.texts.editing import EDITING
from editor_app.texts.room import ROOM
from editor_app.texts.search import TEXTS
from vsearch_pipeline.wording import Language

KEY: Final = "editing-room"

_room: Final = st.components.v2.component(
    "vsearch.room",
    html=read("room.html"),
    css=read("shared.css", "player.css", "timeline.css", "inspector.css", "help.css"),
    js=read(
        "shared.js",
        "player.js",
        "lanes.js",
        "drags.js",
        "timeline.js",
        "names.js",
        "inspector.js",
        "help.js",
        "keys.js",
        "room.js",
    ),
)


@dataclass(frozen=True, slots=True)
class RoomPresses:
    """What is called when somebody presses something.

    Attributes:
        choose: with the id of a segment that is to be played.
        like: with the id of the segment that similar moments are wanted for.
        pick: with the ids of the segments that are selected now.
        edit: with what is to be done.
    """

    choose: Callable[[int], None]
    like: Callable[[int], None]
    pick: Callable[[list[object]], None]
    edit: Callable[[Request], None]


def room(
    moment: Mapping[str, Any] | None,
    *,
    strip: Sequence[Mapping[str, Any]],
    transcript: Mapping[str, Any] | None,
    film: Mapping[str, Any] | None,
    details: Sequence[Mapping[str, Any]],
    known: Sequence[Mapping[str, Any]],
    picked: Sequence[int],
    outcome: Mapping[str, Any] | None,
    editable: bool,
    query: str,
    language: Language,
    presses: RoomPresses,
) -> None:
    """Show a moment (`Clip.draw`), standing at the first frame of its best part until somebody presses play, what
    is said in its video (`draw_transcript`), the whole video (`draw_film`) and what is known of a segment.

    A press on a card of `results` reaches the player inside the browser, before the server hears of it.

    Args:
        strip: the segments of its result, drawn in the same way, to go to any of them.
        details: the segment at hand and those that are selected (`draw_detail`).
        known: everybody who can be said to be on screen (`draw_known`).
        outcome: what became of the last edit (`draw_outcome`).
    """

    def pressed(name: str) -> Any:
        return getattr(st.session_state[KEY], name)

    def one(name: str, call: Callable[[int], None]) -> None:
        segment = pressed(name)
        if isinstance(segment, int):
            call(segment)

    def picked_now() -> None:
        ids = pressed("picked")
        if isinstance(ids, list):
            presses.pick(ids)

    def edited() -> None:
        request = read_request(pressed("edit"))
        if request is not None:
            presses.edit(request)

    texts = {
        **COMMON[language].as_dict(),
        **TEXTS[language].as_dict(),
        **ROOM[language].as_dict(),
        **EDITING[language].as_dict(),
    }
    _room(
        key=KEY,
        data={
            "moment": moment,
            "strip": list(strip),
            "transcript": transcript,
            "film": film,
            "chosen": moment["segment"] if moment else None,
            "picked": list(picked),
            "details": list(details),
            "known": list(known),
            "outcome": outcome,
            "editable": editable,
            "query": query,
            "lang": language,
            "texts": texts,
        },
        on_chosen_change=lambda: one("chosen", presses.choose),
        on_liked_change=lambda: one("liked", presses.like),
        on_picked_change=picked_now,
        on_edit_change=edited,
    )

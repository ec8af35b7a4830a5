"""The player: plays a moment at the millisecond, repeats it, and says why where it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import streamlit as st

from editor_app.components.assets import read
from editor_app.texts.language import Language
from editor_app.texts.search import Texts

KEY: Final = "player"

_player: Final = st.components.v2.component(
    "vsearch.player",
    html=read("player.html"),
    css=read("shared.css", "player.css"),
    js=read("shared.js", "player.js"),
)


def player(
    moment: dict[str, Any] | None,
    *,
    strip: Sequence[dict[str, Any]],
    transcript: dict[str, Any] | None,
    query: str,
    texts: Texts,
    language: Language,
    on_choose: Callable[[int], None],
    on_like: Callable[[int], None],
) -> None:
    """Show a moment (`Clip.draw`), standing at the first frame of its best part until somebody presses play, and
    what is said in its video (`draw_transcript`).

    A press on a card of `results` reaches the player inside the browser, before the server hears of it.

    Args:
        strip: the segments of its result, drawn in the same way, to go to any of them.
        on_choose: called with the id of the segment of `strip` that was pressed.
        on_like: called with the id of the segment that similar moments are wanted for.
    """

    def pressed(name: str, call: Callable[[int], None]) -> None:
        segment = getattr(st.session_state[KEY], name)
        if isinstance(segment, int):
            call(segment)

    _player(
        key=KEY,
        data={
            "moment": moment,
            "strip": list(strip),
            "transcript": transcript,
            "query": query,
            "lang": language,
            "texts": texts.as_dict(),
        },
        on_chosen_change=lambda: pressed("chosen", on_choose),
        on_liked_change=lambda: pressed("liked", on_like),
    )

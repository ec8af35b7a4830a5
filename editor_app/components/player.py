"""The player: plays a moment at the millisecond, repeats it, and says why where it cannot."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from editor_app.components.assets import read
from editor_app.texts import Language, Texts

_player: Final = st.components.v2.component(
    "vsearch.player",
    html=read("player.html"),
    css=read("shared.css", "player.css"),
    js=read("shared.js", "player.js"),
)


def player(
    moment: dict[str, Any] | None,
    *,
    transcript: dict[str, Any] | None,
    query: str,
    texts: Texts,
    language: Language,
) -> None:
    """Show a moment (`Moment.draw`), standing at its first frame until somebody presses play, and what is said in
    its video (`draw_transcript`).

    A press on a card of `results` reaches the player inside the browser, before the server hears of it.
    """
    _player(
        key="player",
        data={
            "moment": moment,
            "transcript": transcript,
            "query": query,
            "lang": language,
            "texts": texts.as_dict(),
        },
    )

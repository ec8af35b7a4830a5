"""The list of results: cards with a moving preview; a press plays the moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import streamlit as st

from editor_app.components.assets import read
from editor_app.texts import Language, Texts

KEY: Final = "results"

_results: Final = st.components.v2.component(
    "vsearch.results",
    html=read("results.html"),
    css=read("shared.css", "results.css"),
    js=read("shared.js", "results.js"),
)


def results(
    cards: Sequence[dict[str, Any]],
    *,
    query: str,
    chosen: int | None,
    summary: str,
    understood: Sequence[dict[str, str]],
    texts: Texts,
    language: Language,
    on_choose: Callable[[int], None],
) -> None:
    """Show cards (`Moment.draw` with `match`), and what was understood of the query above them.

    Args:
        chosen: id of the moment in the player.
        understood: `label` and `text` of each thing that was understood.
        on_choose: called with the id of a card that was pressed.
    """

    def pressed() -> None:
        pressed_id = st.session_state[KEY].chosen
        if isinstance(pressed_id, int):
            on_choose(pressed_id)

    _results(
        key=KEY,
        data={
            "cards": list(cards),
            "query": query,
            "chosen": chosen,
            "summary": summary,
            "understood": list(understood),
            "lang": language,
            "texts": texts.as_dict(),
        },
        on_chosen_change=pressed,
    )

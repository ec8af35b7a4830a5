"""The list of results: cards with a moving preview, and a summary of them; a press plays the moment."""

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
    answer: dict[str, Any] | None,
    asking: bool,
    texts: Texts,
    language: Language,
    on_choose: Callable[[int], None],
    on_ask: Callable[[], None],
) -> None:
    """Show cards (`Moment.draw` with `match`), and above them what was understood of the query and the summary.

    Args:
        chosen: id of the moment in the player.
        understood: `label` and `text` of each thing that was understood.
        answer: the summary (`draw_answer`), which speaks of these cards only; None where nobody asked for one.
        asking: the summary is being written.
        on_choose: called with the id of the moment that was pressed, on a card or in the summary.
        on_ask: called when somebody wants the summary.
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
            "answer": answer,
            "asking": asking,
            "lang": language,
            "texts": texts.as_dict(),
        },
        on_chosen_change=pressed,
        on_asked_change=on_ask,
    )

"""The list of results: cards with a moving preview, why each is there, and a summary; a press plays the moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from editor_app.components.assets import read
from editor_app.texts.search import Texts
from vsearch_pipeline.wording import Language

KEY: Final = "results"

_SCRIPT: Final = read("shared.js", "results.js")
_results: Final = st.components.v2.component(
    "vsearch.results",
    html=read("results.html"),
    css=read("shared.css", "results.css"),
    js=_SCRIPT,
)
_ahead: Final = st.components.v2.component("vsearch.results_ahead", js=_SCRIPT)


def load_results() -> None:
    """Have the browser load the script of the list while somebody still types: first results are there sooner."""
    _ahead(key="results-ahead")


@dataclass(frozen=True, slots=True)
class Presses:
    """What is called when somebody presses something.

    Attributes:
        choose: with the id of the card, pressed in the list or in the summary.
        ask: for a summary.
        change: with the query that a chip makes.
        like: with the id of a segment, for moments similar to it.
        drop: the search by another moment or a face is left.
        pick: with the ids of the segments that are selected now.
    """

    choose: Callable[[int], None]
    ask: Callable[[], None]
    change: Callable[[str], None]
    like: Callable[[int], None]
    drop: Callable[[], None]
    pick: Callable[[list[object]], None]


def results(
    cards: Sequence[dict[str, Any]],
    *,
    query: str,
    chosen: int | None,
    summary: str,
    understood: Sequence[Mapping[str, Any]],
    origin: Mapping[str, Any] | None,
    notice: Mapping[str, str] | None,
    answer: dict[str, Any] | None,
    asking: bool,
    askable: bool,
    picked: Sequence[int],
    texts: Texts,
    language: Language,
    presses: Presses,
) -> None:
    """Show cards, and above them what was understood of the query and the summary.

    Args:
        cards: `Clip.draw` with `match` (`draw_match`) and `weak`, the weak ones last.
        chosen: id of the card in the player.
        understood: the chips (`draw_understood`).
        origin: what the search started from, where that is no text.
        notice: `title` and `hint` over the cards.
        answer: the summary (`draw_answer`), which speaks of these cards only; None where nobody asked for one.
        asking: the summary is being written.
        askable: there can be a summary.
        picked: ids of the segments that are selected.
    """

    def pressed(name: str, kind: type[Any], call: Callable[[Any], None]) -> None:
        value = getattr(st.session_state[KEY], name)
        if isinstance(value, kind):
            call(value)

    weak = [card["weak"] for card in cards]
    _results(
        key=KEY,
        data={
            "cards": list(cards),
            "divider": texts.weaker if any(weak) and not all(weak) else "",
            "query": query,
            "chosen": chosen,
            "summary": summary,
            "understood": list(understood),
            "origin": origin,
            "notice": notice,
            "answer": answer,
            "asking": asking,
            "askable": askable,
            "picked": list(picked),
            "lang": language,
            "texts": texts.as_dict(),
        },
        on_chosen_change=lambda: pressed("chosen", int, presses.choose),
        on_changed_change=lambda: pressed("changed", str, presses.change),
        on_liked_change=lambda: pressed("liked", int, presses.like),
        on_asked_change=presses.ask,
        on_dropped_change=presses.drop,
        on_picked_change=lambda: pressed("picked", list, presses.pick),
    )

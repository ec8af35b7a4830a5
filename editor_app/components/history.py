"""The list of what was done: a day at a time, each with what it changed, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import streamlit as st

from editor_app.components.assets import read
from editor_app.texts.history import HistoryTexts
from vsearch_pipeline.wording import Language

KEY: Final = "history-list"

Way = Literal["revert", "segment", "video"]
"""Back: one operation, or a segment or a video to right after it."""
WAYS: Final[tuple[Way, ...]] = get_args(Way)

_list: Final = st.components.v2.component(
    "vsearch.history",
    html=read("history.html"),
    css=read("shared.css", "history.css"),
    js=read("shared.js", "history.js"),
)


@dataclass(frozen=True, slots=True)
class Presses:
    """What is called when somebody presses something.

    Attributes:
        look: with an operation and the way back from it, to be shown what that does.
        go: to do what is shown.
        leave: what is shown is closed.
        unfold: with an operation, to be shown all that it changed.
        only: with the name of a filter and its value.
    """

    look: Callable[[int, Way], None]
    go: Callable[[], None]
    leave: Callable[[], None]
    unfold: Callable[[int], None]
    only: Callable[[str, str], None]


def history_list(
    days: Sequence[dict[str, Any]],
    *,
    told: str,
    texts: HistoryTexts,
    language: Language,
    presses: Presses,
) -> None:
    """Show what was done.

    Args:
        days: `label` and `entries` (`app_pages/history.py`).
        told: what became of the last press, or "".
    """

    def value(name: str) -> Any:
        return st.session_state[KEY].get(name)

    def looked() -> None:
        match value("looked"):
            case {"operation": int(operation), "way": way} if way in WAYS:
                presses.look(operation, way)

    def unfolded() -> None:
        if isinstance(value("unfolded"), int):
            presses.unfold(value("unfolded"))

    def only() -> None:
        match value("only"):
            case {"name": str(name), "value": str(wanted)}:
                presses.only(name, wanted)

    def pressed(name: str, call: Callable[[], None]) -> None:
        if value(name):
            call()

    data: Mapping[str, Any] = {"days": list(days), "told": told, "lang": language, "texts": texts.as_dict()}
    _list(
        key=KEY,
        data=data,
        on_looked_change=looked,
        on_went_change=lambda: pressed("went", presses.go),
        on_left_change=lambda: pressed("left", presses.leave),
        on_unfolded_change=unfolded,
        on_only_change=only,
    )

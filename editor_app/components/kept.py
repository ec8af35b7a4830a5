"""Recent and saved searches: a press searches again, another takes one away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import streamlit as st

from editor_app.components.assets import read
from editor_app.texts.search import Texts
from vsearch_pipeline.catalog.searches import KeptSearch
from vsearch_pipeline.wording import Language

_kept: Final = st.components.v2.component(
    "vsearch.kept",
    html=read("kept.html"),
    css=read("shared.css", "kept.css"),
    js=read("shared.js", "kept.js"),
)


def kept_searches(
    key: str,
    *,
    saved: Sequence[KeptSearch],
    recent: Sequence[KeptSearch],
    texts: Texts,
    language: Language,
    centred: bool = False,
    on_ask: Callable[[str], None],
    on_forget: Callable[[int], None],
) -> None:
    """Show the searches as chips.

    Args:
        key: of this place on the page.
        on_ask: called with the text of the search that was pressed.
        on_forget: called with the id of the search to take away.
    """
    searches = {search.id: search for search in (*saved, *recent)}

    def asked() -> None:
        search = searches.get(_pressed(key, "asked"))
        if search:
            on_ask(search.text)

    def forgotten() -> None:
        search = searches.get(_pressed(key, "forgotten"))
        if search:
            on_forget(search.id)

    _kept(
        key=key,
        data={
            "groups": draw_kept(saved, recent, texts),
            "centred": centred,
            "lang": language,
        },
        on_asked_change=asked,
        on_forgotten_change=forgotten,
    )


def draw_kept(saved: Sequence[KeptSearch], recent: Sequence[KeptSearch], texts: Texts) -> list[dict[str, Any]]:
    """Values for the component; a saved search is not recent as well."""
    unnamed = [search for search in recent if search.name is None]
    groups = [(texts.saved_searches, saved), (texts.recent_searches, unnamed)]
    return [
        {"label": label, "searches": [_chip(search, texts) for search in searches]}
        for label, searches in groups
        if searches
    ]


def _chip(search: KeptSearch, texts: Texts) -> dict[str, Any]:
    name = search.name or search.text
    return {
        "id": search.id,
        "name": name,
        "tip": search.text if search.name and search.name != search.text else "",
        "forget": texts.forget.format(name=name),
    }


def _pressed(key: str, trigger: str) -> int:
    pressed = st.session_state[key].get(trigger)
    return pressed if isinstance(pressed, int) else 0

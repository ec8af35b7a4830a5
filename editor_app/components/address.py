"""The page's state in the address: a link shows the same, and Back goes back.

Streamlit adds one step to the browser's history for each change of the address, so each thing that a person does
changes it once. Going to another page empties it; what belongs there is written again on arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import streamlit as st

_PAGE_KEY = "page"


def _seen_key(name: str) -> str:
    return f"{name}-in-address"


def _place_key(page: str) -> str:
    return f"last-{page}"


def follow(name: str) -> str | None:
    """Take the address's value over into the widget of the same key where it is news: a link, or Back.

    Call it before the widget is drawn.

    Returns:
        the address's value.
    """
    value = st.query_params.get(name)
    if value != st.session_state.get(_seen_key(name)):
        st.session_state[_seen_key(name)] = value
        st.session_state[name] = value
    return value


def write(values: Mapping[str, str | None]) -> None:
    """Change the address in one step; None takes a value out."""
    changed: dict[str, str | None] = {**st.query_params.to_dict(), **values}
    for name in values:
        st.session_state[_seen_key(name)] = values[name]
    wanted = {name: value for name, value in changed.items() if value is not None}
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)


def number(address: Mapping[str, str], name: str, digits: int = 18) -> int | None:
    """A number in an address; None where there is none of at most so many digits."""
    text = address.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def note_place(page: str, names: Iterable[str]) -> None:
    """Keep what the address says under these names, for when the visitor comes back to the page."""
    st.session_state[_place_key(page)] = {name: st.query_params.get(name) for name in names}


def place_before(page: str, names: Iterable[str]) -> dict[str, str | None]:
    """What was noted before the visitor went to another page; nothing where the address says something else."""
    last: dict[str, str | None] = st.session_state.get(_place_key(page), {})
    return {} if any(name in st.query_params for name in names) else last


def arrived(page: str) -> bool:
    """Whether the visitor was not on this page before; call it once a run."""
    before = st.session_state.get(_PAGE_KEY)
    st.session_state[_PAGE_KEY] = page
    return bool(before != page)

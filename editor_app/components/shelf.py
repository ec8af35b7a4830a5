"""The shelf: every video of the library with how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from editor_app.components.assets import read
from editor_app.texts.language import Language

_shelf: Final = st.components.v2.component(
    "vsearch.shelf",
    html=read("shelf.html"),
    css=read("shared.css", "shelf.css"),
    js=read("shared.js", "shelf.js"),
)


def shelf(videos: Sequence[dict[str, Any]], *, language: Language) -> None:
    """Show videos, one row each.

    Args:
        videos: `title`, `facts`, `picture` (address or None), `alt`, `badge` and `note` (or ""), `stages` (names),
            `waiting` (shown where there are no stages, or "") and `failures` (`stage`, `reason`).
    """
    _shelf(key="shelf", data={"videos": list(videos), "lang": language})

"""The frame around every page: language, navigation and what goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from editor_app.components.frame import choose_language, error, style
from editor_app.components.sign_in import let_in
from editor_app.services import current_settings
from editor_app.texts.common import COMMON
from vsearch_pipeline.errors import VsearchError

_HERE = Path(__file__).parent
_ICON = _HERE / "components" / "static" / "icon.svg"
_PAGES: Final = {
    "search": "search",
    "people": "groups",
    "library": "video_library",
    "history": "history",
}
"""Pages with their icons, as they stand in the bar."""


def main() -> None:
    st.set_page_config(
        page_title="vsearch", page_icon=str(_ICON), layout="wide", initial_sidebar_state="collapsed"
    )
    style()
    language = choose_language()
    try:
        if not let_in(current_settings(), language):
            return
    except VsearchError as problem:
        error(problem)
        return
    titles = COMMON[language].as_dict()
    page = st.navigation(
        [
            st.Page(
                _HERE / "app_pages" / f"{name}.py",
                title=titles[f"page_{name}"],
                icon=f":material/{icon}:",
                url_path=name,
                default=name == "search",
            )
            for name, icon in _PAGES.items()
        ],
        position="top",
    )
    st.logo(str(_HERE / "components" / "static" / "logo.svg"))
    try:
        page.run()
    except VsearchError as problem:
        error(problem)


main()

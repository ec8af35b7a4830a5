"""The frame around every page: language, navigation and what goes wrong."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from editor_app.components.frame import choose_language, error, style
from editor_app.texts import TEXTS
from vsearch_pipeline.errors import VsearchError

_HERE = Path(__file__).parent
_ICON = _HERE / "components" / "static" / "icon.svg"


def main() -> None:
    st.set_page_config(
        page_title="vsearch", page_icon=str(_ICON), layout="wide", initial_sidebar_state="collapsed"
    )
    style()
    texts = TEXTS[choose_language()]
    page = st.navigation(
        [
            st.Page(
                _HERE / "app_pages" / "search.py",
                title=texts.page_search,
                icon=":material/search:",
                url_path="search",
                default=True,
            ),
            st.Page(
                _HERE / "app_pages" / "library.py",
                title=texts.page_library,
                icon=":material/video_library:",
                url_path="library",
            ),
        ],
        position="top",
    )
    st.logo(str(_HERE / "components" / "static" / "logo.svg"))
    try:
        page.run()
    except VsearchError as problem:
        error(problem)


main()

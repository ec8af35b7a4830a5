"""What every page shares: its style, its language, how it says that something is wrong or missing."""

from __future__ import annotations

from typing import Final

import streamlit as st

from editor_app.components.address import follow, write
from editor_app.components.assets import read
from editor_app.texts.common import COMMON
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.sentences import in_language
from vsearch_pipeline.wording import LANGUAGE_NAMES, LANGUAGES, Language, as_markdown, language_of

LANGUAGE_KEY = "lang"
_CHOSEN_KEY = "lang-chosen"

_document: Final = st.components.v2.component("vsearch.document", js=read("frame.js"))


def style() -> None:
    st.html(f"<style>{read('page.css')}</style>")


def current_language() -> Language:
    """The language of this visit; `choose_language` has run before."""
    language: Language = st.session_state[LANGUAGE_KEY]
    return language


def choose_language() -> Language:
    """The switch in the corner: the address's `lang`, else what was chosen before, else the browser's language.

    A choice is written into the address; the browser's language is not, so that Back still leaves the page.
    """
    address = follow(LANGUAGE_KEY)
    if address in LANGUAGES:
        st.session_state[_CHOSEN_KEY] = address
    if st.session_state.get(LANGUAGE_KEY) not in LANGUAGES:
        st.session_state[LANGUAGE_KEY] = st.session_state.get(_CHOSEN_KEY) or language_of(st.context.locale)
    with st.container(key="language", width="content"):
        st.segmented_control(
            COMMON[current_language()].language,
            LANGUAGES,
            format_func=LANGUAGE_NAMES.__getitem__,
            key=LANGUAGE_KEY,
            label_visibility="collapsed",
            required=True,
            on_change=_language_chosen,
        )
        _document(key="document", data={"lang": current_language()})
    return current_language()


def _language_chosen() -> None:
    st.session_state[_CHOSEN_KEY] = current_language()
    write({LANGUAGE_KEY: current_language()})


def chosen_language() -> dict[str, str]:
    """What the address says of the language: nothing where it is the browser's."""
    chosen = st.session_state.get(_CHOSEN_KEY)
    return {LANGUAGE_KEY: chosen} if chosen else {}


def say(problem: VsearchError, language: Language) -> str:
    """What is wrong, in the visitor's language."""
    return in_language(str(problem), language)


def error(problem: VsearchError) -> None:
    st.error(as_markdown(say(problem, current_language())), icon=":material/error:")


def notice(title: str, hint: str, icon: str) -> None:
    """A quiet message in the middle of the page; `title` and `hint` are Markdown of ours."""
    with st.container(key="notice", horizontal_alignment="center"):
        st.markdown(f":material/{icon}:", text_alignment="center")
        st.markdown(f"#### {title}", text_alignment="center", anchors=False)
        st.markdown(hint, text_alignment="center")

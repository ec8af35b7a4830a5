"""At the door: signing in, why somebody may not come in, and who has."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from editor_app.access import Stranger, Visitor, arrival
from editor_app.components.assets import read
from editor_app.doorkeeper import ADMITTED
from editor_app.texts.access import ACCESS, AccessTexts
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.wording import Language

_return: Final = st.components.v2.component("vsearch.return", js=read("return.js"))
"""Signing in ends at the start page: the browser keeps the address that was asked for, and goes there then. Who
comes by another name of the server goes to the one that the service knows: cookies that are set under the other
would not be there when it sends people back."""


def let_in(settings: Settings, language: Language) -> bool:
    """Whether the page may be shown; else the door is, with what stands in the way.

    Raises:
        InputError: sign-in is not set up as it must be.
    """
    arrived = arrival(settings)
    texts = ACCESS[language]
    if isinstance(arrived, Stranger):
        _door(arrived, texts)
        return False
    if arrived.signed_in:
        ADMITTED.add(_session())
        _account(arrived, texts)
    return True


def _door(stranger: Stranger, texts: AccessTexts) -> None:
    title, hint, icon = {
        "signed_out": (texts.sign_in_title, texts.sign_in_hint, "lock"),
        "again": (texts.again_title, texts.again_hint, "lock_clock"),
        "no_email": (texts.refused_title, texts.no_email, "block"),
        "unverified": (texts.refused_title, texts.unverified.format(email=stranger.email), "mark_email_unread"),
        "unknown": (texts.refused_title, texts.unknown.format(email=stranger.email), "block"),
    }[stranger.reason]
    with st.container(key="door", horizontal_alignment="center"):
        st.markdown(f":material/{icon}:", text_alignment="center")
        st.markdown(f"# {title}", text_alignment="center", anchors=False)
        st.text(hint, text_alignment="center")
        if stranger.reason not in ("signed_out", "again"):
            st.button(texts.sign_out, icon=":material/logout:", on_click=_sign_out)
        else:
            st.button(texts.sign_in, type="primary", icon=":material/login:", on_click=st.login)
        _return(key="return", data={"inside": False, "origin": _origin()})


def _account(visitor: Visitor, texts: AccessTexts) -> None:
    """In the corner: who is signed in, what they may do, and the way out."""
    with st.container(key="account", width="content"):
        with st.popover(texts.account, icon=":material/account_circle:", type="tertiary"):
            st.text(visitor.name)  # as Markdown an address would be a link
            st.caption(texts.editor if visitor.edits else f"{texts.viewer}. {texts.viewer_hint}")
            st.button(texts.sign_out, icon=":material/logout:", on_click=_sign_out)
        _return(key="return", data={"inside": True})


def _sign_out() -> None:
    ADMITTED.discard(_session())
    st.logout()


def _session() -> str:
    context = get_script_run_ctx()
    return context.session_id if context else ""


def _origin() -> str:
    """Where the sign-in service sends people back to."""
    redirect = urlsplit(str(st.secrets["auth"]["redirect_uri"]))
    return f"{redirect.scheme}://{redirect.netloc}".replace("{port}", str(st.get_option("server.port")))

"""New videos: by upload, by link, or the sample library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Final, Literal
from urllib.parse import urlencode

import streamlit as st

from editor_app.components.assets import read
from editor_app.components.frame import chosen_language, say
from editor_app.services import Services
from editor_app.texts.library import LIBRARY
from vsearch_pipeline.errors import InputError, MediaError, VsearchError
from vsearch_pipeline.ingest.uploads import file_name
from vsearch_pipeline.sentences import in_language
from vsearch_pipeline.wording import Language, as_markdown

MEGABYTES: Final = 1024
"""An upload is held in memory: no more than `server.maxUploadSize`."""
FILES_KEY: Final = "add-files"
LINKS_KEY: Final = "add-links"
SAMPLE_KEY: Final = "add-sample"
_TOLD_KEY: Final = "add-told"
_KEY: Final = "added"

_added: Final = st.components.v2.component(
    "vsearch.added",
    html=read("added.html"),
    css=read("shared.css", "going.css", "added.css"),
    js=read("shared.js", "going.js", "added.js"),
)


@dataclass(frozen=True, slots=True)
class _Told:
    """What became of something: how it went, in words, and the video that it is."""

    how: Literal["ok", "known", "bad"]
    words: str
    video_id: str = ""


def add_panel(services: Services, language: Language, *, open_first: bool, on_open: Callable[[str], None]) -> None:
    """Fields for files and links, and what became of the last ones.

    Args:
        open_first: whether the panel is unfolded, which somebody may change.
        on_open: called with the id of a video that is to be shown.
    """
    texts = LIBRARY[language]
    with (
        st.expander(texts.add, expanded=open_first, icon=":material/add:", key=f"add-panel-{open_first}"),
        st.form("add", clear_on_submit=True, enter_to_submit=False, border=False),
    ):
        left, right = st.columns(2, gap="medium")
        with left:
            files = st.file_uploader(
                texts.upload, accept_multiple_files=True, max_upload_size=MEGABYTES, key=FILES_KEY
            )
            inbox = as_markdown(str(services.settings.inbox_dir))
            st.caption(texts.upload_hint.format(megabytes=f"{MEGABYTES:,}", inbox=inbox))
        with right:
            links = st.text_area(texts.links, placeholder=texts.links_hint, height=130, key=LINKS_KEY)
        sent = st.form_submit_button(texts.add_now, type="primary", icon=":material/add:")
    if sent:
        told = [_add_file(services, file.name, file, language) for file in files]
        told += [_add_link(services, line, language) for line in links.splitlines() if line.strip()]
        st.session_state[_TOLD_KEY] = told or [_Told("bad", texts.add_nothing)]
        st.rerun()
    shown: Sequence[_Told] = st.session_state.get(_TOLD_KEY, ())
    if shown:
        _show(shown, language, on_open)


def forget_told() -> None:
    """Tell no more of what was added before."""
    st.session_state.pop(_TOLD_KEY, None)


def _add_file(services: Services, name: str, content: IO[bytes], language: Language) -> _Told:
    texts = LIBRARY[language]
    try:
        with st.spinner(texts.adding.format(name=as_markdown(name))):
            added = services.add_upload(name, content)
    except MediaError as problem:
        reason = in_language(str(problem).removeprefix(f"{file_name(name)}: "), language)
        return _Told("bad", texts.bad_file.format(name=name, reason=reason))
    except VsearchError as problem:
        return _Told("bad", say(problem, language))
    if added.new:
        return _Told("ok", texts.added.format(name=added.video.title), added.video.id)
    return _Told("known", texts.added_known.format(name=added.video.title), added.video.id)


def _add_link(services: Services, link: str, language: Language) -> _Told:
    texts, shown = LIBRARY[language], link.strip()
    try:
        services.add_link(link)
    except InputError:
        return _Told("bad", texts.bad_link.format(link=shown))
    except VsearchError as problem:
        return _Told("bad", say(problem, language))
    return _Told("ok", texts.added_link.format(link=shown))


def _show(told: Sequence[_Told], language: Language, on_open: Callable[[str], None]) -> None:
    def opened() -> None:
        video_id = st.session_state[_KEY].get("opened")
        if isinstance(video_id, str):
            on_open(video_id)

    lines = [
        {
            "how": each.how,
            "words": each.words,
            "video": each.video_id,
            "href": "?" + urlencode({**chosen_language(), "video": each.video_id}),
        }
        for each in told
    ]
    _added(
        key=_KEY,
        data={"told": lines, "open": LIBRARY[language].open_video, "lang": language},
        on_opened_change=opened,
    )


def sample_button(services: Services, language: Language, *, then: Callable[[], None] = st.rerun) -> None:
    """A button that fills an empty library; the videos are listed at once, and worked on after that.

    Args:
        then: called when they are there.
    """
    texts = LIBRARY[language]
    with st.container(key="sample", horizontal_alignment="center"):
        pressed = st.button(texts.sample, key=SAMPLE_KEY, type="primary", icon=":material/movie:")
        st.caption(texts.sample_hint, text_alignment="center")
        if pressed:
            with st.spinner(texts.sample_making):
                services.load_sample()
            then()

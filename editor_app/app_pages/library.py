"""Library: every video with how far it is, what went wrong and what to do; new ones by upload or link; one video
with where everything that is known of it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import streamlit as st

from editor_app.components.adding import add_panel, forget_told, sample_button
from editor_app.components.address import arrived, follow, note_place, number, place_before, write
from editor_app.components.frame import LANGUAGE_KEY, chosen_language, current_language, error, notice
from editor_app.components.record import query_of, record
from editor_app.components.shelf import Presses, shelf
from editor_app.services import Services, current_settings, open_services
from editor_app.texts.common import COMMON
from editor_app.texts.library import LIBRARY, LibraryTexts
from vsearch_pipeline.catalog.shelf import Order, VideoState
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.ingest.outlook import LibraryView
from vsearch_pipeline.wording import Language, as_markdown

VIDEO_PARAM: Final = "video"
FIND_KEY: Final = "find"
ORDER_KEY: Final = "order"
ONLY_KEY: Final = "only"
SHOW_PARAM: Final = "show"
PAGE_SIZE: Final = 40
MOST_SHOWN: Final = 9999
BUSY_SECONDS: Final = 2
"""Between two looks at the library while something is going on."""
IDLE_SECONDS: Final = 15
ORDERS: Final[tuple[Order, ...]] = ("newest", "title", "length", "failed")
ONLY: Final[Mapping[str, tuple[VideoState, ...]]] = {
    "all": (),
    "progress": ("working", "waiting"),
    "failed": ("failed",),
}
_PARAMS: Final = (VIDEO_PARAM, FIND_KEY, ORDER_KEY, ONLY_KEY, SHOW_PARAM)
_BUSY_KEY: Final = "library-busy"
_PROBLEM_KEY: Final = "library-problem"
_GO_KEY: Final = "library-go"
_THERE_KEY: Final = "library-there"
_HERE: Final = Path(__file__).parent


def page() -> None:
    language = current_language()
    if arrived("library"):
        foreign = {name: None for name in st.query_params if name not in (*_PARAMS, LANGUAGE_KEY)}
        write(foreign | chosen_language() | place_before("library", _PARAMS))
        forget_told()
    _leave()
    with st.spinner(COMMON[language].opening):
        services = open_services(current_settings())
    note_place("library", _PARAMS)
    _tell_problem()
    video_id = st.query_params.get(VIDEO_PARAM)
    if video_id:
        one_video(services, video_id, language)
    else:
        all_videos(services, language)


def _tell_problem() -> None:
    """What went wrong at the last press."""
    problem = st.session_state.pop(_PROBLEM_KEY, None)
    if problem is not None:
        error(problem)


def _do(services: Services, kind: str, subject: str = "") -> None:
    """Ask for something by a press; what stands in the way is told when the page is drawn."""
    try:
        if kind == "again":
            services.request("retry", subject)
        elif kind == "fetch":
            services.request("take_in", subject)
        elif kind == "away":
            services.put_away(int(subject))
        else:
            services.request_again()
    except VsearchError as problem:
        st.session_state[_PROBLEM_KEY] = problem


# --- the list ---------------------------------------------------------------------------------------------------


def all_videos(services: Services, language: Language) -> None:
    texts = LIBRARY[language]
    with st.container(key="shelf-head"):
        st.markdown(f"#### {texts.library_title}", anchors=False)
    view = _look(services)
    there = sum(view.counts.values())
    if not there:
        common = COMMON[language]
        inbox = as_markdown(str(services.settings.inbox_dir))
        notice(common.empty_title, common.empty_hint.format(inbox=inbox), "video_library")
        if services.visitor.edits:
            sample_button(services, language)
    if services.visitor.edits:
        add_panel(services, language, open_first=not there, on_open=_open)
    if there:
        _tools(view, texts)
    _watch(services, language, busy=view.busy)


def _tools(view: LibraryView, texts: LibraryTexts) -> None:
    """What is looked for, in which order, and of which state."""
    counts = view.counts
    numbers = {
        name: sum(counts.get(state, 0) for state in states) if states else sum(counts.values())
        for name, states in ONLY.items()
    }
    labels = {"all": texts.only_all, "progress": texts.only_progress, "failed": texts.only_failed}
    for name, usual, known in ((FIND_KEY, None, None), (ONLY_KEY, "all", ONLY), (ORDER_KEY, "newest", ORDERS)):
        follow(name)
        if name not in st.session_state:  # Streamlit forgets what was not drawn for a while
            st.session_state[name] = st.query_params.get(name)
        if known and st.session_state[name] not in known:
            st.session_state[name] = usual
    with st.container(key="shelf-tools", horizontal=True, gap="small", vertical_alignment="center"):
        st.text_input(
            texts.find,
            key=FIND_KEY,
            type="search",
            placeholder=texts.find,
            icon=":material/search:",
            label_visibility="collapsed",
            autocomplete="off",
            on_change=_follow_tools,
        )
        st.segmented_control(
            texts.only,
            list(ONLY),
            format_func=lambda name: labels[name].format(count=f"{numbers[name]:,}"),
            key=ONLY_KEY,
            label_visibility="collapsed",
            required=True,
            on_change=_follow_tools,
        )
        names = {
            "newest": texts.order_newest,
            "title": texts.order_title,
            "length": texts.order_length,
            "failed": texts.order_failed,
        }
        st.selectbox(
            texts.order,
            ORDERS,
            format_func=names.__getitem__,
            key=ORDER_KEY,
            label_visibility="collapsed",
            on_change=_follow_tools,
            width=170,
        )


def _follow_tools() -> None:
    """Put what was chosen into the address; what is usual needs no place there."""
    state = st.session_state
    write(
        {
            FIND_KEY: (state.get(FIND_KEY) or "").strip() or None,
            ORDER_KEY: state[ORDER_KEY] if state.get(ORDER_KEY) != "newest" else None,
            ONLY_KEY: state[ONLY_KEY] if state.get(ONLY_KEY) != "all" else None,
            SHOW_PARAM: None,
        }
    )


def _shown() -> int:
    """How many videos the address asks for."""
    return min(MOST_SHOWN, max(PAGE_SIZE, number(st.query_params, SHOW_PARAM) or 0))


def _show_more() -> None:
    write({SHOW_PARAM: str(min(MOST_SHOWN, _shown() + PAGE_SIZE))})


def _open(video_id: str) -> None:
    write({VIDEO_PARAM: video_id})


def _look(services: Services) -> LibraryView:
    order, only = st.query_params.get(ORDER_KEY), st.query_params.get(ONLY_KEY, "all")
    return services.library(
        title=(st.query_params.get(FIND_KEY) or "").strip(),
        states=ONLY.get(only, ()),
        order=next((known for known in ORDERS if known == order), "newest"),
        limit=_shown(),
    )


def _watch(services: Services, language: Language, *, busy: bool) -> None:
    """Draw the list, and again by itself: often while something is going on."""
    st.session_state[_BUSY_KEY] = busy
    st.fragment(_list, run_every=BUSY_SECONDS if busy else IDLE_SECONDS)(services, language)


def _list(services: Services, language: Language) -> None:
    if st.query_params.get(VIDEO_PARAM):
        st.rerun(scope="app")
    texts = LIBRARY[language]
    view = _look(services)
    there = bool(view.counts)
    if view.busy != st.session_state.get(_BUSY_KEY) or there != bool(st.session_state.get(_THERE_KEY, there)):
        st.session_state[_THERE_KEY] = there
        st.rerun(scope="app")
    st.session_state[_THERE_KEY] = there
    _tell_problem()
    if view.asleep:
        st.warning(texts.asleep, icon=":material/bedtime:")
    failed = view.counts.get("failed", 0)
    if failed > 1 and services.visitor.edits:
        st.button(
            texts.try_all_many.format(count=f"{failed:,}"),
            key="try-all",
            icon=":material/replay:",
            on_click=_do,
            args=(services, "all"),
        )
    if not view.shelf.videos and not view.arriving:
        if there:
            notice(texts.none_match_title, texts.none_match_hint, "search_off")
        return
    shelf(
        view,
        services.media,
        edits=services.visitor.edits,
        address=chosen_language(),
        language=language,
        presses=Presses(
            open=_open,
            again=lambda video: _do(services, "again", video),
            fetch=lambda source: _do(services, "fetch", source),
            away=lambda number: _do(services, "away", str(number)),
        ),
    )
    if view.shelf.matching > len(view.shelf.videos):
        st.button(texts.more, key="more", on_click=_show_more, width="stretch")


# --- one video --------------------------------------------------------------------------------------------------


def one_video(services: Services, video_id: str, language: Language) -> None:
    try:
        busy = services.video(video_id).item.state in ("working", "waiting")
    except VsearchError:
        texts = LIBRARY[language]
        st.warning(texts.gone, icon=":material/link_off:")
        st.button(texts.back, icon=":material/arrow_back:", on_click=_go, args=("back", video_id))
        return
    st.session_state[_BUSY_KEY] = busy
    st.fragment(_record, run_every=BUSY_SECONDS if busy else IDLE_SECONDS)(services, video_id, language)


def _record(services: Services, video_id: str, language: Language) -> None:
    if st.query_params.get(VIDEO_PARAM) != video_id or st.session_state.get(_GO_KEY):
        st.rerun(scope="app")
    view = services.video(video_id)
    if (view.item.state in ("working", "waiting")) != st.session_state.get(_BUSY_KEY):
        st.rerun(scope="app")
    _tell_problem()
    if view.asleep:
        st.warning(LIBRARY[language].asleep, icon=":material/bedtime:")
    record(
        view,
        services.media,
        edits=services.visitor.edits,
        dagster=services.settings.dagster_address,
        address=chosen_language(),
        language=language,
        on_go=lambda where: _go(where, video_id),
        on_again=lambda: _do(services, "again", video_id),
    )


def _go(where: str, video_id: str) -> None:
    """Somewhere else: back to the list at once, to another page when this run draws the page."""
    if where == "back":
        write({VIDEO_PARAM: None})
    elif where == "search":
        st.session_state[_GO_KEY] = ("search", {"q": query_of(video_id)})
    elif where == "history":
        st.session_state[_GO_KEY] = ("history", {"video": video_id})


def _leave() -> None:
    """Go to the page that a press asked for."""
    asked = st.session_state.pop(_GO_KEY, None)
    if asked is not None:
        name, params = asked
        st.switch_page(_HERE / f"{name}.py", query_params={**chosen_language(), **params})


page()

"""Search: the box, the player, the results. Everything but a face can be told from the address alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, wait
from functools import partial
from typing import Any, Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from editor_app.components.adding import sample_button
from editor_app.components.address import arrived, follow, note_place, number, place_before, write
from editor_app.components.answer import ANSWERS_KEY, draw_answer
from editor_app.components.export import export_panel
from editor_app.components.face import FaceFound, face_button, face_found, forget_face
from editor_app.components.frame import chosen_language, current_language, error, notice
from editor_app.components.kept import kept_searches
from editor_app.components.listing import Listing, list_appearances, list_result
from editor_app.components.moment import Clip, short_span
from editor_app.components.panel import filter_panel
from editor_app.components.results import Presses, load_results, results
from editor_app.components.speech import cues_of, file_name
from editor_app.services import Services, current_settings, open_services
from editor_app.stage import (
    Choices,
    as_edited,
    chosen_clips,
    draw_stage,
    forget_edits,
    go_on,
    pick,
    picked,
)
from editor_app.texts.common import COMMON
from editor_app.texts.search import TEXTS, Texts
from vsearch_pipeline.catalog.speech import SpokenUtterance
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.export.subtitles import SubtitleFormat, write_subtitles
from vsearch_pipeline.search.answers import Answer
from vsearch_pipeline.search.results import SearchResult
from vsearch_pipeline.wording import Language, as_markdown, counted

QUERY_KEY: Final = "q"
LIKE_PARAM: Final = "like"
MOMENT_PARAM: Final = "moment"
SHOW_PARAM: Final = "show"
PAGE_SIZE: Final = 24
MOST_SHOWN: Final = 999
_PARAMS: Final = (QUERY_KEY, LIKE_PARAM, MOMENT_PARAM, SHOW_PARAM)
_BACK_KEY: Final = "query-before"
_RESULT_KEY: Final = "result"
_DRAWN_KEY: Final = "drawn"
_RESULT_SECONDS: Final = 30.0
_RESULTS_FIRST_SECONDS: Final = 0.04
"""Head start of new results: drawn together with the room, they would be on the screen a third later."""
_REMEMBERED_KEY: Final = "remembered"
_FACE_CHOSEN_KEY: Final = "face-chosen"
_KEPT_KEY: Final = "kept-open"
EXPORT_KEY: Final = "export-open"
_NAME_KEY: Final = "save-name"
_SUGGESTED_PEOPLE: Final = 8
_LONGEST_NAME: Final = 80

_Question = tuple[str, Language]


def page() -> None:
    language = current_language()
    texts = TEXTS[language]
    if arrived("search"):
        write(chosen_language() | _last_search())
    go_on(_choose)
    with st.container(key="search", horizontal=True, gap="small", vertical_alignment="center"):
        query = search_box(texts)
        tools = st.container(key="tools", horizontal=True, gap="small", width="content")
    note_place("search", _PARAMS)
    with st.spinner(COMMON[language].opening):
        services = open_services(current_settings())
    with tools:
        draw_tools(services, query, texts, language)
    if query or liked_id() is not None:
        forget_face()
    try:
        listing = find(services, query, texts)
        listing = listing and as_edited(services, listing)
    except VsearchError as problem:
        error(problem)
        return
    if listing is not None or chosen_id() is not None:
        room(services, listing, tools, texts, language)
        if query:
            _remember(services, query)
    else:
        start(services, texts, language)


def find(services: Services, query: str, texts: Texts) -> Listing | None:
    """What the address or the photo of this visit asks for; None where nothing is asked.

    Raises:
        InputError: the query or the photo cannot be searched with.
        NotFoundError: the segment that similar ones are wanted for is gone.
    """
    liked = liked_id()
    if query:
        found = _searched(query, lambda: services.search(query, shown()))
        return list_result(query, found, texts, current_language())
    if liked is not None:
        key = f"like:{liked}"
        found = _searched(key, lambda: services.similar(liked, shown()))
        return list_result(key, found, texts, current_language(), _like_origin(services, liked, texts))
    face = face_found(services, texts)
    return _list_face(services, face, texts) if face else None


def _searched(key: str, search: Callable[[], SearchResult]) -> SearchResult:
    """The result of a search; the last one is kept for a while: a press on its results does not search again."""
    question = (key, shown())
    asked, at, kept = st.session_state.get(_RESULT_KEY, (None, 0.0, None))
    if kept is None or asked != question or time.monotonic() - at > _RESULT_SECONDS:
        kept = search()
        forget_edits()
        st.session_state[_RESULT_KEY] = (question, time.monotonic(), kept)
    result: SearchResult = kept
    return result


def _like_origin(services: Services, segment_id: int, texts: Texts) -> dict[str, Any] | None:
    known = services.segment(segment_id)
    if known is None:
        return None
    segment, video = known
    text = f"{video.title} {short_span(segment.span)}"
    picture = services.media.still(video, segment.span.middle_ms)
    return {
        "label": texts.similar_to,
        "text": text,
        "picture": picture,
        "remove": texts.chip_remove.format(text=text),
    }


def _list_face(services: Services, face: FaceFound, texts: Texts) -> Listing:
    page = face.appearances[: shown()]
    videos, segments = services.scenes({appearance.track.video_id for appearance in page})
    origin = {
        "label": texts.face_of,
        "text": face.name,
        "picture": face.picture,
        "remove": texts.chip_remove.format(text=face.name),
    }
    return list_appearances(
        f"face:{face.key}", page, videos, segments, texts, total=len(face.appearances), origin=origin
    )


def _remember(services: Services, query: str) -> None:
    """Put a query among the recent ones, once, not at every press on its results."""
    if st.session_state.get(_REMEMBERED_KEY) != query:
        st.session_state[_REMEMBERED_KEY] = query
        services.remember(query)


def _last_search() -> dict[str, str | None]:
    """What was searched before the visitor went to another page, which the box is given back."""
    last = place_before("search", _PARAMS)
    if not any(name in st.query_params for name in _PARAMS):
        st.session_state[QUERY_KEY] = last.get(QUERY_KEY)
    return last


def search_box(texts: Texts) -> str:
    """The box; what it holds is also the address's `q`."""
    follow(QUERY_KEY)
    st.text_input(
        texts.search_label,
        key=QUERY_KEY,
        type="search",
        placeholder=texts.search_placeholder,
        icon=":material/search:",
        label_visibility="collapsed",
        autocomplete="off",
        on_change=_asked,
    )
    return (st.session_state[QUERY_KEY] or "").strip()


def draw_tools(services: Services, query: str, texts: Texts, language: Language) -> None:
    """Filters, a face, and the searches of before, beside the box."""
    filter_panel(
        query,
        people=services.people,
        videos=lambda: [status.video for status in services.videos()],
        texts=texts,
        on_apply=_ask,
    )
    face_button(texts, on_photo=_leave_query)
    box = st.popover(texts.kept, icon=":material/bookmark:", key=_KEPT_KEY, on_change="rerun")
    if box.open:
        with box:
            _kept_panel(services, query, texts, language)


def _kept_panel(services: Services, query: str, texts: Texts, language: Language) -> None:
    """Save the search that is there; the ones of before."""

    def save() -> None:
        name = (st.session_state[_NAME_KEY] or "").strip()
        services.save(query, name or query[:_LONGEST_NAME])

    if query:
        with st.form("save", border=False):
            st.text_input(
                texts.save_name, key=_NAME_KEY, placeholder=query[:_LONGEST_NAME], max_chars=_LONGEST_NAME
            )
            st.form_submit_button(texts.save, on_click=save, type="primary", icon=":material/bookmark_add:")
    saved, recent = services.saved(), services.recent()
    if not saved and not recent:
        st.caption(texts.kept_none)
        return

    def ask(text: str) -> None:
        st.session_state[_KEPT_KEY] = False
        _ask(text)

    kept_searches(
        "kept-menu",
        saved=saved,
        recent=recent,
        texts=texts,
        language=language,
        on_ask=ask,
        on_forget=services.forget,
    )


def _asked() -> None:
    query = (st.session_state[QUERY_KEY] or "").strip()
    write({QUERY_KEY: query or None, LIKE_PARAM: None, MOMENT_PARAM: None, SHOW_PARAM: None})
    st.session_state.pop(_BACK_KEY, None)
    forget_face()


def _ask(query: str) -> None:
    st.session_state[QUERY_KEY] = query
    _asked()


def _leave_query(like: int | None = None) -> None:
    """Ask with a moment or a photo in the place of words; the words come back when that is dropped."""
    st.session_state[_BACK_KEY] = st.session_state.get(QUERY_KEY) or st.session_state.get(_BACK_KEY)
    st.session_state[QUERY_KEY] = None
    st.session_state.pop(_FACE_CHOSEN_KEY, None)
    liked = None if like is None else str(like)
    write({QUERY_KEY: None, LIKE_PARAM: liked, MOMENT_PARAM: None, SHOW_PARAM: None})


def _drop() -> None:
    _ask(st.session_state.pop(_BACK_KEY, None) or "")


def _choose(clip_id: int | None) -> None:
    if clip_id is not None and clip_id < 0:  # somewhere that a face is on screen, which no address tells
        st.session_state[_FACE_CHOSEN_KEY] = clip_id
    else:
        write({MOMENT_PARAM: None if clip_id is None else str(clip_id)})


def _sum_up(services: Services, found: SearchResult, language: Language) -> None:
    if found.query:
        _answers()[found.query.text, language] = services.answer(found, language)


def _answers() -> dict[_Question, Future[Answer]]:
    """The summaries asked for on this visit, some perhaps not written yet."""
    answers: dict[_Question, Future[Answer]] = st.session_state.setdefault(ANSWERS_KEY, {})
    return answers


def _answered(question: _Question, moments: Collection[int]) -> Answer | None:
    """The summary where it is written and speaks of these results only; what went wrong is raised once."""
    asked = _answers().get(question)
    if asked is None or not asked.done():
        return None
    if asked.exception():
        del _answers()[question]
    answer = asked.result()
    cited = {segment for claim in answer.claims for segment in claim.segments}
    return answer if cited <= set(moments) else None


def _show_more() -> None:
    write({SHOW_PARAM: str(min(MOST_SHOWN, shown() + PAGE_SIZE))})


def chosen_id() -> int | None:
    """The moment in the address."""
    return number(st.query_params, MOMENT_PARAM)


def liked_id() -> int | None:
    """The segment in the address that similar ones are wanted for."""
    return number(st.query_params, LIKE_PARAM)


def shown() -> int:
    """How many results the address asks for."""
    return min(MOST_SHOWN, max(PAGE_SIZE, number(st.query_params, SHOW_PARAM, digits=3) or 0))


def room(
    services: Services, listing: Listing | None, tools: DeltaGenerator, texts: Texts, language: Language
) -> None:
    """Player on the left, results on the right; on a phone the results scroll below the player.

    Args:
        tools: where the button for the export goes.
    """
    if listing and not listing.clips and chosen_id() is None:
        _draw_results(services, listing, None, texts, language)
        if listing.key.startswith("face:"):
            notice(texts.face_none_title, texts.face_none_hint, "face")
        elif not _library_notice(services, language):
            notice(texts.nothing_title, texts.nothing_hint, "search_off")
        return
    chosen = chosen_id()
    face = st.session_state.get(_FACE_CHOSEN_KEY) if chosen is None else None
    clip, listed = chosen_clips(services, listing, chosen if face is None else face, language)
    with st.container(key="room"):
        left, right = st.columns([7, 5], gap="medium")
    asked = None
    before = st.session_state.get(_DRAWN_KEY)
    with right:  # what was asked for comes first
        if listing is not None:
            asked = _draw_results(services, listing, listed, texts, language)
            if listing.more and shown() < MOST_SHOWN:
                st.button(texts.more, key="more", on_click=_show_more, width="stretch")
    drawn = st.session_state[_DRAWN_KEY] = listing.key if listing else None
    if drawn not in (None, before):
        time.sleep(_RESULTS_FIRST_SECONDS)
    with left, st.container(key="stage"):
        choices = Choices(chosen=clip.segment_id if clip else None, choose=_choose, like=_leave_query)
        film = draw_stage(services, clip, listed=listed, listing=listing, choices=choices, language=language)
        if film and film.speech:
            downloads(film.video.title, film.speech, texts)
    with tools:
        export_button(services, listing, clip, texts, language)
    if asked:  # drawn as not written yet; a press while all wait for it starts another run, which waits as well
        wait([asked])
        st.rerun()


def _draw_results(
    services: Services, listing: Listing, chosen: Clip | None, texts: Texts, language: Language
) -> Future[Answer] | None:
    """The list; the summary that is being written, if one is."""
    question = (listing.key, language)
    found = listing.result
    asked = _answers().get(question) if found else None
    asking = asked is not None and not asked.done()
    answer = _answered(question, [clip.id for clip in listing.clips]) if found else None

    def card(clip: Clip) -> dict[str, Any]:
        drawn = clip.draw(services.media, texts, language, listing.named)
        return drawn | {"match": listing.matches[clip.id], "weak": clip.id in listing.weak}

    results(
        [card(clip) for clip in listing.clips],
        query=listing.key,
        chosen=chosen.id if chosen else None,
        summary=listing.summary,
        understood=listing.understood,
        origin=listing.origin,
        notice=listing.notice,
        answer=draw_answer(answer, texts) if answer else None,
        asking=asking,
        askable=found is not None,
        picked=picked(),
        texts=texts,
        language=language,
        presses=Presses(
            choose=_choose,
            ask=lambda: _sum_up(services, found, language) if found else None,
            change=_ask,
            like=_leave_query,
            drop=_drop,
            pick=pick,
        ),
    )
    return asked if asking else None


def export_button(
    services: Services, listing: Listing | None, clip: Clip | None, texts: Texts, language: Language
) -> None:
    """What is selected, found or played, as files for other programs."""
    selection = picked()
    label = texts.export_some.format(count=len(selection)) if selection else texts.export
    box = st.popover(label, icon=":material/ios_share:", key=EXPORT_KEY, on_change="rerun")
    if not box.open:
        return
    query = listing.result.query.text if listing and listing.result and listing.result.query else ""
    with box:
        export_panel(
            services,
            selection=selection,
            moments=[(c.video.id, c.span, c.inside) for c in listing.clips] if listing else None,
            video_id=clip.video.id if clip else None,
            title=query or (clip.video.title if clip else ""),
            language=language,
        )


def downloads(title: str, speech: tuple[SpokenUtterance, ...], texts: Texts) -> None:
    """Subtitles of the whole video as files."""
    cues = cues_of(speech)
    labels: dict[SubtitleFormat, str] = {"srt": texts.download_srt, "vtt": texts.download_vtt}
    with st.container(key="downloads", horizontal=True, gap="small"):
        for ending, label in labels.items():
            st.download_button(
                label,
                partial(write_subtitles, cues, ending),  # written when somebody takes it
                file_name=file_name(title, ending),
                mime="text/vtt" if ending == "vtt" else "application/x-subrip",
                key=f"download-{ending}",
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
            )


def start(services: Services, texts: Texts, language: Language) -> None:
    """Before the first query: what is here, what was searched before, and who can be searched for."""
    if _library_notice(services, language):
        return
    videos, common = services.videos(), COMMON[language]
    size = texts.library_size.format(
        videos=counted(common.videos_one, common.videos_many, len(videos)),
        moments=counted(common.moments_one, common.moments_many, sum(video.segments for video in videos)),
    )
    notice(texts.start_title, f"{texts.start_hint}\n\n{size}", "movie")
    saved, recent = services.saved(), services.recent()
    if saved or recent:
        with st.container(key="kept"):
            kept_searches(
                "kept-start",
                saved=saved,
                recent=recent,
                texts=texts,
                language=language,
                centred=True,
                on_ask=_ask,
                on_forget=services.forget,
            )
    load_results()
    people = services.people()[:_SUGGESTED_PEOPLE]
    if people:
        with st.container(key="people", horizontal_alignment="center"):
            st.caption(texts.start_people, text_alignment="center")
            with st.container(horizontal=True, horizontal_alignment="center", gap="small"):
                for person in people:
                    st.button(
                        as_markdown(person.shown), key=f"person-{person.id}", on_click=_ask, args=(person.name,)
                    )


def _library_notice(services: Services, language: Language) -> bool:
    """Say that there is nothing to search, where that is so."""
    texts, common = TEXTS[language], COMMON[language]
    videos = services.videos()
    if not videos:
        inbox = as_markdown(str(services.settings.inbox_dir))
        notice(common.empty_title, common.empty_hint.format(inbox=inbox), "video_library")
        if services.visitor.edits:
            sample_button(services, language, then=lambda: st.switch_page("app_pages/library.py"))
    elif not any(video.segments for video in videos):
        notice(texts.processing_title, texts.processing_hint, "hourglass_top")
    else:
        return False
    return True


page()

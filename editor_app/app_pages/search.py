"""Search: the box, the player, the results. Everything shown can be told from the address alone."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future, wait

import streamlit as st

from editor_app.components.address import arrived, follow, write
from editor_app.components.answer import ANSWERS_KEY, draw_answer
from editor_app.components.frame import chosen_language, current_language, error, notice
from editor_app.components.moment import Moment, draw_match
from editor_app.components.player import player
from editor_app.components.results import results
from editor_app.components.speech import cues_of, draw_transcript, file_name
from editor_app.services import Services, open_services
from editor_app.texts import TEXTS, Language, Texts, as_markdown, counted
from vsearch_pipeline.catalog.speech import SpokenUtterance
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.export.subtitles import SubtitleFormat, write_subtitles
from vsearch_pipeline.search.answers import Answer
from vsearch_pipeline.search.heard import SpokenMatch
from vsearch_pipeline.search.service import POOL, SearchResult
from vsearch_pipeline.settings import Settings

QUERY_KEY = "q"
MOMENT_PARAM = "moment"
SHOW_PARAM = "show"
PAGE_SIZE = 24
_PARAMS = (QUERY_KEY, MOMENT_PARAM, SHOW_PARAM)
_LAST_KEY = "last-search"
_SUGGESTED_PEOPLE = 8

_Question = tuple[str, Language]


def page() -> None:
    language = current_language()
    texts = TEXTS[language]
    if arrived("search"):
        write(chosen_language() | _last_search())
    query = search_box(texts)
    st.session_state[_LAST_KEY] = {name: st.query_params.get(name) for name in _PARAMS}
    with st.spinner(texts.opening):
        services = open_services(Settings())
    if query:
        try:
            found = services.search(query, shown())
        except VsearchError as problem:
            error(problem)
            return
        room(services, found, texts, language)
    elif chosen_id() is not None:
        room(services, None, texts, language)
    else:
        start(services, texts)


def _last_search() -> dict[str, str | None]:
    """What was here before the visitor went to another page, unless the address says something else."""
    last: dict[str, str | None] = st.session_state.get(_LAST_KEY, {})
    if any(name in st.query_params for name in _PARAMS):
        return {}
    st.session_state[QUERY_KEY] = last.get(QUERY_KEY)
    return last


def search_box(texts: Texts) -> str:
    """The box; what it holds is also the address's `q`."""
    follow(QUERY_KEY)
    with st.container(key="search"):
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


def _asked() -> None:
    query = (st.session_state[QUERY_KEY] or "").strip()
    write({QUERY_KEY: query or None, MOMENT_PARAM: None, SHOW_PARAM: None})


def _ask(query: str) -> None:
    st.session_state[QUERY_KEY] = query
    _asked()


def _choose(segment_id: int) -> None:
    write({MOMENT_PARAM: str(segment_id)})


def _sum_up(services: Services, found: SearchResult, language: Language) -> None:
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
    write({SHOW_PARAM: str(min(POOL, shown() + PAGE_SIZE))})


def chosen_id() -> int | None:
    """The moment in the address; None where there is none or it is not a number."""
    text = st.query_params.get(MOMENT_PARAM, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def shown() -> int:
    """How many results the address asks for."""
    text = st.query_params.get(SHOW_PARAM, "")
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else PAGE_SIZE
    return min(POOL, max(PAGE_SIZE, wanted))


def room(services: Services, found: SearchResult | None, texts: Texts, language: Language) -> None:
    """Player on the left, results on the right; on a phone the results scroll below the player."""
    hits = found.hits if found else ()
    query = found.query.text if found else ""
    meant = SpokenMatch(query)
    named = {person.id for person in found.query.people} if found else set()
    moments = {hit.segment_id: Moment.of_hit(hit) for hit in hits}
    wanted = chosen_id()
    if found and not hits and wanted is None:
        nothing_found(services, texts)
        return
    moment = next(iter(moments.values()), None) if wanted is None else moments.get(wanted)
    if wanted is not None and moment is None:
        known = services.segment(wanted)
        moment = Moment.of_segment(*known) if known else None
        if moment is None:
            st.warning(texts.moment_gone, icon=":material/link_off:")
    with st.container(key="room"):
        left, right = st.columns([6, 5], gap="medium")
    speech = services.speech(moment.video.id) if moment else ()
    with left, st.container(key="stage"):
        player(
            moment.draw(services.media, texts, language, named, meant) if moment else None,
            transcript=draw_transcript(moment.video, speech, meant, texts) if moment else None,
            query=query,
            texts=texts,
            language=language,
        )
        if moment and speech:
            downloads(moment.video.title, speech, texts)
    if found is None:
        return
    question = (query, language)
    asked = _answers().get(question)
    asking = asked is not None and not asked.done()
    answer = _answered(question, moments)
    parts = ["meaning", *(["words"] if found.query.tokens else []), *(["people"] if named else [])]
    with right:
        results(
            [
                moments[hit.segment_id].draw(services.media, texts, language, named, meant)
                | {"match": draw_match(hit, texts, parts)}
                for hit in hits
            ],
            query=query,
            chosen=moment.id if moment else None,
            summary=_summary(found, texts),
            understood=_understood(found, texts),
            answer=draw_answer(answer, texts) if answer else None,
            asking=asking,
            texts=texts,
            language=language,
            on_choose=_choose,
            on_ask=lambda: _sum_up(services, found, language),
        )
        if len(hits) == shown() < POOL:
            st.button(texts.more, key="more", on_click=_show_more, width="stretch")
    if asked and asking:  # everything is drawn; a press in between starts another run, which waits as well
        wait([asked])
        st.rerun()


def downloads(title: str, speech: tuple[SpokenUtterance, ...], texts: Texts) -> None:
    """Subtitles of the whole video as files."""
    cues = cues_of(speech)
    labels: dict[SubtitleFormat, str] = {"srt": texts.download_srt, "vtt": texts.download_vtt}
    with st.container(key="downloads", horizontal=True, gap="small"):
        for ending, label in labels.items():
            st.download_button(
                label,
                write_subtitles(cues, ending),
                file_name=file_name(title, ending),
                mime="text/vtt" if ending == "vtt" else "application/x-subrip",
                key=f"download-{ending}",
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
            )


def _summary(found: SearchResult, texts: Texts) -> str:
    count = counted(texts.results_one, texts.results_many, len(found.hits))
    return f"{count} · {texts.results_seconds.format(seconds=f'{found.seconds:.2f}')}"


def _understood(found: SearchResult, texts: Texts) -> list[dict[str, str]]:
    """The people named, and the rest; nothing where the whole query is the scene."""
    if not found.query.people:
        return []
    people = [
        {"label": texts.understood_people, "text": f"{p.shown} · {p.group}" if p.group else p.shown}
        for p in found.query.people
    ]
    rest = [{"label": texts.understood_rest, "text": found.query.rest}] if found.query.rest else []
    return people + rest


def nothing_found(services: Services, texts: Texts) -> None:
    if not _library_notice(services, texts):
        notice(texts.nothing_title, texts.nothing_hint, "search_off")


def start(services: Services, texts: Texts) -> None:
    """Before the first query: what is here, and who can be searched for."""
    if _library_notice(services, texts):
        return
    videos = services.videos()
    size = texts.library_size.format(
        videos=counted(texts.videos_one, texts.videos_many, len(videos)),
        moments=counted(texts.moments_one, texts.moments_many, sum(video.segments for video in videos)),
    )
    notice(texts.start_title, f"{texts.start_hint}\n\n{size}", "movie")
    people = services.people()[:_SUGGESTED_PEOPLE]
    if people:
        with st.container(key="people", horizontal_alignment="center"):
            st.caption(texts.start_people, text_alignment="center")
            with st.container(horizontal=True, horizontal_alignment="center", gap="small"):
                for person in people:
                    st.button(
                        as_markdown(person.shown), key=f"person-{person.id}", on_click=_ask, args=(person.name,)
                    )


def _library_notice(services: Services, texts: Texts) -> bool:
    """Say that there is nothing to search, where that is so."""
    videos = services.videos()
    if not videos:
        inbox = as_markdown(str(services.settings.inbox_dir))
        notice(texts.empty_title, texts.empty_hint.format(inbox=inbox), "video_library")
    elif not any(video.segments for video in videos):
        notice(texts.processing_title, texts.processing_hint, "hourglass_top")
    else:
        return False
    return True


page()

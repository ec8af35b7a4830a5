"""History: who changed what when, what it was before, and the way back. The address says what of it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, get_args

import streamlit as st

from editor_app.components.address import arrived, number, write
from editor_app.components.differences import Scene
from editor_app.components.entries import Looked, Page, draw_days, segments_of
from editor_app.components.frame import chosen_language, current_language, error, notice
from editor_app.components.history import Presses, Way, history_list
from editor_app.components.operations import GROUPS, what
from editor_app.services import Services, current_settings, open_services
from editor_app.texts.common import COMMON
from editor_app.texts.history import HISTORY, HistoryTexts
from vsearch_pipeline.catalog.operations import Door, OperationRecord
from vsearch_pipeline.editing.entries import Entry
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.wording import Language, as_markdown

PAGE_SIZE: Final = 25
MOST_SHOWN: Final = 200
"""Entries on one page; what is older is a page of its own."""
_LOOKED_KEY: Final = "history-looked"
_SHOWN_KEY: Final = "history-shown"
_UNFOLDED_KEY: Final = "history-unfolded"
_TOLD_KEY: Final = "history-told"
_PROBLEM_KEY: Final = "history-problem"
_BOXES: Final = ("actor", "video", "door", "kind")
_FILTERS: Final = (*_BOXES, "segment", "person")
_DOORS: Final[tuple[Door, ...]] = get_args(Door)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; a filter that makes no sense is none.

    Attributes:
        kind: a kind of operation, or a group of kinds.
        before: only what is older than this operation.
        shown: how many entries.
    """

    actor: str | None
    video: str | None
    segment: int | None
    person: int | None
    door: Door | None
    kind: str | None
    before: int | None
    shown: int

    @staticmethod
    def of(address: Mapping[str, str]) -> Asked:
        door = next((each for each in _DOORS if each == address.get("door")), None)
        return Asked(
            actor=address.get("actor") or None,
            video=address.get("video") or None,
            segment=number(address, "segment"),
            person=number(address, "person", digits=9),
            door=door,
            kind=address.get("kind") or None,
            before=number(address, "before"),
            shown=min(MOST_SHOWN, max(PAGE_SIZE, number(address, "show", digits=3) or 0)),
        )

    @property
    def kinds(self) -> Sequence[str]:
        return GROUPS.get(self.kind or "", (self.kind,) if self.kind else ())

    @property
    def filtered(self) -> bool:
        return any((self.actor, self.video, self.segment, self.person, self.door, self.kind))


def page() -> None:
    language = current_language()
    texts = HISTORY[language]
    if arrived("history"):
        _leave()
        write(chosen_language())
    with st.spinner(COMMON[language].opening):
        services = open_services(current_settings())
    asked = Asked.of(st.query_params.to_dict())
    head(services, texts)
    filters(services, asked, texts)
    problem: VsearchError | None = st.session_state.pop(_PROBLEM_KEY, None)
    if problem is not None and _looked() is None:
        error(problem)
    told: str = st.session_state.pop(_TOLD_KEY, "")
    entries = services.history.entries(
        segment=asked.segment,
        person=asked.person,
        video=asked.video,
        actor=asked.actor,
        door=asked.door,
        kinds=asked.kinds,
        before=asked.before,
        limit=asked.shown + 1,
    )
    listed = entries[: asked.shown]
    if not listed:
        if asked.filtered or asked.before:
            notice(texts.none_match_title, texts.none_match_hint, "filter_alt_off")
        else:
            notice(texts.nothing_title, texts.nothing_hint, "history")
        return
    drawn_with = _drawn_with(services, listed, asked, _preview(services, listed, problem), language)
    history_list(
        draw_days(listed, drawn_with, datetime.now().astimezone()),
        told=told,
        texts=texts,
        language=language,
        presses=Presses(
            look=_look,
            go=lambda: _go(services, texts),
            leave=_leave,
            unfold=_unfold,
            only=lambda name, value: _only({name: value}),
        ),
    )
    if len(entries) > len(listed):
        st.button(texts.older, key="history-older", on_click=_older, args=(asked, listed[-1].operation.id))


# --- the head of the page ---------------------------------------------------------------------------------------


def head(services: Services, texts: HistoryTexts) -> None:
    with st.container(key="history-head", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"#### {texts.title}", anchors=False, width="stretch")
        if services.visitor.edits:
            history = services.history
            _step("undo", history.undoable(), history.undo, texts)
            _step("redo", history.redoable(), history.redo, texts)


def _step(name: str, next_one: OperationRecord | None, take: Callable[[], Any], texts: HistoryTexts) -> None:
    """A button for the visitor's own last edit."""
    tip = getattr(texts, f"{name}_what").format(what=what(next_one, texts)) if next_one else ""

    def press() -> None:
        told = texts.done_revert if name == "undo" else texts.done_again
        nothing = getattr(texts, f"{name}_nothing")
        _done(lambda: told if take() else nothing)

    st.button(
        getattr(texts, name),
        key=f"history-{name}",
        icon=f":material/{name}:",
        help=as_markdown(tip or getattr(texts, f"{name}_nothing")),
        disabled=next_one is None,
        on_click=press,
    )


def filters(services: Services, asked: Asked, texts: HistoryTexts) -> None:
    """What of the history is shown; each choice is written into the address."""
    titles = services.titles()
    options: dict[str, Mapping[str, str]] = {
        "actor": {name: name for name in services.history.actors()},
        "video": titles,
        "door": {name: texts.door(name) for name in _DOORS},
        "kind": {name: getattr(texts, f"group_{name}") for name in GROUPS},
    }
    if asked.kind and asked.kind not in GROUPS:
        options["kind"] = {**options["kind"], asked.kind: texts.kind(asked.kind)}
    with st.container(key="history-filters", horizontal=True, gap="small"):
        for name in _BOXES:
            chosen = getattr(asked, name)
            known = options[name] if chosen is None else {chosen: chosen, **options[name]}
            key = f"history-{name}"
            st.session_state[key] = chosen
            st.selectbox(
                getattr(texts, f"filter_{name}"),
                list(known),
                key=key,
                index=None,
                format_func=known.__getitem__,
                placeholder=getattr(texts, f"any_{name}"),
                label_visibility="collapsed",
                on_change=lambda name=name, key=key: _only({name: st.session_state[key]}),
            )
    chips = {
        "segment": texts.only_segment.format(id=asked.segment) if asked.segment else "",
        "person": texts.only_person.format(name=_person_name(services, asked.person)) if asked.person else "",
        "before": texts.only_before.format(number=asked.before) if asked.before else "",
    }
    if any(chips.values()):
        with st.container(key="history-chips", horizontal=True, gap="small"):
            for name, label in chips.items():
                if label:
                    st.button(
                        as_markdown(label),
                        key=f"history-without-{name}",
                        icon=":material/close:",
                        help=as_markdown(texts.remove_filter.format(name=label)),
                        on_click=_only,
                        args=({name: None},),
                    )


def _person_name(services: Services, person_id: int | None) -> str:
    merged = services.merged()
    named = {person.id: person.shown for person in services.people()}
    return named.get(merged.get(person_id or 0, person_id or 0), str(person_id))


# --- the list ---------------------------------------------------------------------------------------------------


def _drawn_with(
    services: Services,
    entries: Sequence[Entry],
    asked: Asked,
    looked: Looked | None,
    language: Language,
) -> Page:
    """What the list is drawn with, read for what it shows."""
    shown = [*entries, *(looked.entries if looked else ())]
    unfolded = frozenset(_unfolded()) | {entry.operation.id for entry in (looked.entries if looked else ())}
    segments = {segment.id: segment for segment in services.segments(segments_of(shown, unfolded))}
    videos = services.records({each.at.video_id for entry in shown for each in entry.differences if each.at})
    people = {person.id: person for person in services.people()}
    known = {entry.operation.id: entry.operation.actor for entry in entries}
    takers = {entry.operation.reverted_by for entry in entries} - known.keys()
    return Page(
        Scene(
            HISTORY[language],
            "en" if language == "ko" else "ko",
            services.media,
            videos,
            people,
            segments.keys(),
            segments,
            chosen_language(),
        ),
        language,
        known | {number: services.history.entry(number).operation.actor for number in takers if number},
        unfolded,
        {name: str(value) for name in _FILTERS if (value := getattr(asked, name)) is not None},
        looked,
        services.visitor.edits,
    )


def _preview(services: Services, entries: Sequence[Entry], problem: VsearchError | None) -> Looked | None:
    """What the way back does that somebody looks at, or what stands in the way."""
    wanted = _looked()
    entry = next((entry for entry in entries if wanted and entry.operation.id == wanted[0]), None)
    st.session_state.pop(_SHOWN_KEY, None)
    if wanted is None or entry is None or not services.visitor.edits:
        return None
    operation, way = entry.operation, wanted[1]
    target = operation.reverted_by or operation.id
    try:
        if way == "revert":
            preview = services.history.preview_revert(target)
        else:
            preview = services.history.preview_restore(**_place(operation, way), operation=operation.id)
    except VsearchError as reason:
        return Looked(operation.id, way, reason, problem)
    st.session_state[_SHOWN_KEY] = target, [each.operation.id for each in preview.later]
    return Looked(operation.id, way, preview, problem)


def _place(operation: OperationRecord, way: Way) -> dict[str, Any]:
    """What is restored to right after an operation."""
    number, place = next(iter(operation.about["where"].items()))
    return {"segment": int(number)} if way == "segment" else {"video": place[0]}


# --- presses ----------------------------------------------------------------------------------------------------


def _look(operation: int, way: Way) -> None:
    st.session_state[_LOOKED_KEY] = (operation, way)


def _looked() -> tuple[int, Way] | None:
    looked: tuple[int, Way] | None = st.session_state.get(_LOOKED_KEY)
    return looked


def _leave() -> None:
    st.session_state.pop(_LOOKED_KEY, None)


def _unfolded() -> set[int]:
    unfolded: set[int] = st.session_state.setdefault(_UNFOLDED_KEY, set())
    return unfolded


def _unfold(operation: int) -> None:
    _unfolded().add(operation)


def _go(services: Services, texts: HistoryTexts) -> None:
    """Do what is shown, unless somebody put something else in the way meanwhile: then that is shown."""
    looked, shown = _looked(), st.session_state.get(_SHOWN_KEY)
    if looked is None or shown is None:
        return
    (number, way), (target, later) = looked, shown

    def go() -> str:
        history = services.history
        operation = history.entry(number).operation
        if way != "revert":
            done = history.restore(**_place(operation, way), operation=number)
            return texts.done_restore if done.operation else texts.done_nothing
        if later and [each.operation.id for each in history.preview_revert(target).later] != later:
            return ""
        history.revert(target, with_later=bool(later))
        return texts.done_again if target != number or operation.reverts is not None else texts.done_revert

    _done(go)


def _done(press: Callable[[], str]) -> None:
    """Do something and keep what became of it for the page."""
    try:
        told = press()
    except VsearchError as problem:
        st.session_state[_PROBLEM_KEY] = problem
        return
    if told:
        st.session_state[_TOLD_KEY] = told
        _leave()


def _only(wanted: Mapping[str, str | None]) -> None:
    _leave()
    write({"before": None, "show": None, **wanted})


def _older(asked: Asked, last: int) -> None:
    if asked.shown < MOST_SHOWN:
        write({"show": str(min(MOST_SHOWN, asked.shown + PAGE_SIZE))})
    else:
        write({"before": str(last), "show": None})


page()

"""The filters beside the search box: a panel that shows what the query has, and writes what is chosen into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Final

import streamlit as st

from editor_app.components.filters import Filters, read_filters, with_filters
from editor_app.texts.search import Texts
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.search.syntax import as_value

OPEN_KEY: Final = "filters-open"
_OF_KEY: Final = "filters-of"
_LONGEST_S: Final = 86_400.0


def _key(name: str) -> str:
    return f"filter-{name}"


def filter_panel(
    query: str,
    *,
    people: Callable[[], Sequence[PersonRecord]],
    videos: Callable[[], Sequence[VideoRecord]],
    texts: Texts,
    on_apply: Callable[[str], None],
) -> None:
    """A button that opens the panel; `people` and `videos` are asked for when it is open.

    Args:
        on_apply: called with the query that the chosen filters make of this one.
    """
    count = read_filters(query).count
    label = texts.filters_on.format(count=count) if count else texts.filters
    box = st.popover(label, icon=":material/tune:", key=OPEN_KEY, on_change="rerun")
    if not box.open:
        st.session_state.pop(_OF_KEY, None)
        return
    known = people()
    found = read_filters(query, known)
    titles = {**{name: name for name in found.videos}, **video_values(videos())}
    if st.session_state.get(_OF_KEY) != query:
        st.session_state[_OF_KEY] = query
        _show(found)

    def apply(*, clear: bool = False) -> None:
        wanted = Filters() if clear else _chosen()
        st.session_state[OPEN_KEY] = False
        on_apply(with_filters(query, wanted, known))

    with box, st.form("filters", border=False, enter_to_submit=True):
        st.multiselect(
            texts.filter_people,
            [person.id for person in known],
            key=_key("people"),
            format_func=_names(known).__getitem__,
            placeholder=texts.filter_any,
        )
        st.text_input(texts.filter_objects, key=_key("objects"), placeholder=texts.filter_objects_hint)
        st.multiselect(
            texts.filter_videos,
            list(titles),
            key=_key("videos"),
            format_func=titles.__getitem__,
            placeholder=texts.filter_any,
        )
        for names in (("longer", "shorter"), ("after", "before")):
            with st.container(horizontal=True, wrap=False, gap="small"):
                for name in names:
                    _limit(name, getattr(texts, f"filter_{name}"), texts)
        st.checkbox(texts.filter_edited, key=_key("edited"))
        st.checkbox(texts.filter_untranslated, key=_key("untranslated"))
        with st.container(horizontal=True):
            st.form_submit_button(texts.apply, type="primary", on_click=apply)
            if found.count:
                st.form_submit_button(texts.clear, on_click=apply, kwargs={"clear": True})


def _limit(name: str, label: str, texts: Texts) -> None:
    if name in ("longer", "shorter"):
        st.number_input(
            label,
            min_value=0.0,
            max_value=_LONGEST_S,
            value=None,
            step=1.0,
            format="%g",
            key=_key(name),
            placeholder=texts.filter_any,
        )
    else:
        st.date_input(label, value=None, format="YYYY-MM-DD", key=_key(name))


def video_values(videos: Sequence[VideoRecord]) -> dict[str, str]:
    """What `video:` is given, the title or the id where no quotes hold it, with the title to show."""
    return {
        (title if as_value(title) else video.id): video.title
        for video in videos
        if (title := " ".join(video.title.split()))
    }


def _names(people: Sequence[PersonRecord]) -> dict[int, str]:
    """Names to choose from: with the group where two are called the same."""
    shown = [person.shown for person in people]
    return {
        person.id: person.shown if shown.count(person.shown) == 1 else f"{person.shown} ({person})"
        for person in people
    }


def _show(filters: Filters) -> None:
    values: dict[str, Any] = {field.name: getattr(filters, field.name) for field in fields(filters)}
    values |= {
        "people": sorted(filters.people),
        "objects": ", ".join(filters.objects),
        "videos": list(filters.videos),
    }
    for name, value in values.items():
        st.session_state[_key(name)] = value


def _chosen() -> Filters:
    values = {field.name: st.session_state[_key(field.name)] for field in fields(Filters)}
    objects = [part.strip() for part in values["objects"].split(",")]
    values |= {
        "people": frozenset(values["people"]),
        "objects": tuple(dict.fromkeys(part for part in objects if part)),
        "videos": tuple(values["videos"]),
        "longer": values["longer"] or None,
        "shorter": values["shorter"] or None,
    }
    return Filters(**values)

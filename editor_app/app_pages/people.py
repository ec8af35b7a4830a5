"""People: who has a name, who has none yet, whose faces are wrong, and what naming them again would change."""

from __future__ import annotations

import streamlit as st

from editor_app.components.address import arrived, write
from editor_app.components.frame import chosen_language
from editor_app.components.people_bar import people_bar
from editor_app.people_views import known_people, one_cluster, one_person, photos, unknown_people, update
from editor_app.people_visit import Visit
from editor_app.services import current_settings, open_services


def page() -> None:
    visit = Visit(open_services(current_settings()))
    if arrived("people"):
        write(chosen_language())
        visit.forget_toast()
    leaving = visit.leaving()
    if leaving is not None:
        st.switch_page("app_pages/search.py", query_params=leaving)
    bar(visit)
    person, cluster = visit.number("person"), visit.number("cluster")
    if visit.view == "photos" and visit.edits:
        photos(visit)
    elif person is not None:
        one_person(visit, person)
    elif visit.view == "unknown" and cluster is not None:
        one_cluster(visit, cluster)
    elif visit.view == "unknown":
        unknown_people(visit)
    elif visit.view == "update":
        update(visit)
    else:
        known_people(visit)


def bar(visit: Visit) -> None:
    casting, texts = visit.services.casting, visit.drawing.texts
    current = "known" if visit.number("person") is not None and visit.view != "photos" else visit.view
    tabs = [
        ("known", texts.tab_known, len(visit.people), False),
        ("unknown", texts.tab_unknown, casting.clusters(), False),
        ("update", texts.tab_update, casting.pending(), True),
    ]
    people_bar(
        [
            {
                "view": view,
                "label": label,
                "count": f"{count:,}" if count else "",
                "news": news,
                "current": view == current,
            }
            for view, label, count, news in tabs
        ],
        toast=visit.toast,
        outcomes=visit.outcomes,
        editable=visit.edits,
        language=visit.drawing.language,
        on_go=visit.go_to,
        on_act=visit.act,
    )


page()

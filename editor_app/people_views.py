"""The views of the people page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import streamlit as st

from editor_app.components.address import write
from editor_app.components.frame import notice
from editor_app.components.people_form import photo_form
from editor_app.components.people_known import Sort, draw_groups, people_known
from editor_app.components.people_person import PersonPresses, draw_sheet, draw_side, people_person, query_of
from editor_app.components.people_photos import draw_desk, people_photos
from editor_app.components.people_unknown import UnknownPresses, draw_cluster, people_cluster, people_unknown
from editor_app.components.people_update import MOST_FACES, draw_preview, people_update, shown_changes
from editor_app.people_visit import Visit
from editor_app.photo import thumbnail
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.editing.casting import FaceOrder
from vsearch_pipeline.editing.relabel import RelabelPreview
from vsearch_pipeline.errors import InputError, NotFoundError, VsearchError
from vsearch_pipeline.sentences import in_language
from vsearch_pipeline.wording import counted

_CLUSTERS: Final = 24
_FACES: Final = 6
"""Of a cluster among others."""
_SHEET: Final = 120
"""Faces of a person; more by a press."""
_SIDE: Final = 8
_PHOTOS: Final = 24
_REFRESH_SECONDS: Final = 1.0


def known_people(visit: Visit) -> None:
    if not visit.people:
        notice(visit.drawing.texts.nobody_title, visit.drawing.texts.nobody_hint, "groups")
        return
    sort: Sort = "name" if st.query_params.get("sort") == "name" else "seen"
    people_known(
        draw_groups(visit.people, sort, visit.drawing),
        sort=sort,
        language=visit.drawing.language,
        on_open=lambda person: visit.go(person=str(person)),
        on_sort=lambda order: write({"sort": "name" if order == "name" else None}),
    )


# --- people without a name --------------------------------------------------------------------------------------


def unknown_people(visit: Visit) -> None:
    services, drawing = visit.services, visit.drawing
    unsorted = services.casting.unsorted()
    if unsorted and visit.edits:
        services.sorting.start()
    if services.sorting.working:
        _sorting(visit, unsorted)
    found = services.casting.unknown(limit=visit.shown(_CLUSTERS), faces=_FACES, skipped=visit.skipped)
    if not found.total:
        if not services.sorting.working:
            notice(drawing.texts.unknown_none_title, drawing.texts.unknown_none_hint, "sentiment_satisfied")
        return
    portraits = services.casting.portraits([p.id for cluster in found.clusters for p in cluster.likely])
    people_unknown(
        [draw_cluster(cluster, portraits, drawing) for cluster in found.clusters],
        known=visit.choices,
        note=drawing.texts.unknown_note,
        skipped=found.total - found.left,
        more=len(found.clusters) < found.left,
        outcomes=visit.outcomes,
        editable=visit.edits,
        language=drawing.language,
        presses=_unknown_presses(visit),
    )


@st.fragment(run_every=_REFRESH_SECONDS)
def _sorting(visit: Visit, unsorted: int) -> None:
    if not visit.services.sorting.working:
        st.rerun()
    st.caption(visit.drawing.texts.sorting.format(count=f"{unsorted:,}"))


def one_cluster(visit: Visit, number: int) -> None:
    services, drawing = visit.services, visit.drawing
    found = services.casting.unknown(limit=1, faces=0, only=number)
    if not found.clusters:
        st.info(drawing.texts.cluster_gone, icon=":material/info:")
        unknown_people(visit)
        return
    [cluster] = found.clusters
    portraits = services.casting.portraits([person.id for person in cluster.likely])
    people_cluster(
        draw_cluster(cluster, portraits, drawing),
        known=visit.choices,
        outcomes=visit.outcomes,
        editable=visit.edits,
        language=drawing.language,
        presses=_unknown_presses(visit),
    )


def _unknown_presses(visit: Visit) -> UnknownPresses:
    skipped = visit.skipped
    return UnknownPresses(
        act=visit.act,
        look=lambda cluster: write({"cluster": str(cluster) if cluster else None}),
        skip=skipped.append,
        unskip=skipped.clear,
        more=lambda: visit.show_more(_CLUSTERS),
        play=visit.play,
    )


# --- one person -------------------------------------------------------------------------------------------------


def one_person(visit: Visit, number: int) -> None:
    drawing = visit.drawing
    order: FaceOrder = "doubt" if st.query_params.get("order") == "doubt" else "video"
    try:
        sheet = visit.services.casting.person(number, order=order, limit=visit.shown(_SHEET))
    except NotFoundError:
        st.info(drawing.texts.person_gone, icon=":material/info:")
        known_people(visit)
        return
    person = sheet.known.person
    people_person(
        draw_sheet(sheet, order, drawing),
        photos=_photos(visit, person),
        merge=_merge(visit, person) if visit.edits else [],
        known=visit.choices,
        groups=visit.groups,
        order=order,
        outcomes=visit.outcomes,
        editable=visit.edits,
        language=drawing.language,
        presses=PersonPresses(
            act=visit.act,
            compare=lambda other: write({"with": str(other) if other else None}),
            order=lambda chosen: write({"order": "doubt" if chosen == "doubt" else None, "show": None}),
            more=lambda: visit.show_more(_SHEET),
            play=visit.play,
            search=lambda: visit.leave(q=query_of(sheet)),
            photos=lambda: visit.go(view="photos", person=str(person.id)),
            leave=visit.go,
        ),
    )


def _merge(visit: Visit, person: PersonRecord) -> list[dict[str, Any]]:
    """Both people side by side; whoever has more faces keeps the name, unless somebody says otherwise."""
    other = visit.number("with")
    if other is None:
        return []
    try:
        sheets = [visit.services.casting.person(each, limit=_SIDE) for each in (person.id, other)]
    except NotFoundError:
        return []
    mine, theirs = (sheet.known for sheet in sheets)
    if mine.person.id == theirs.person.id:
        return []
    stays = mine.person.id if mine.tracks >= theirs.tracks else theirs.person.id
    return [draw_side(sheet, visit.drawing, kept=sheet.known.person.id == stays) for sheet in sheets]


def _photos(visit: Visit, person: PersonRecord) -> dict[str, Any]:
    texts, found = visit.drawing.texts, visit.services.photos.photos(person.id)
    return {
        "count": counted(texts.photos_one, texts.photos_many, len(found)) if found else texts.no_photos,
        "shown": [
            {"source": photo.source, "picture": _photo_picture(photo.path), "learnt": photo.learnt}
            for photo in found[:_PHOTOS]
        ],
    }


def _photo_picture(path: Path) -> str | None:
    try:
        return _small(path, path.stat().st_mtime_ns)
    except (InputError, OSError):  # a file that went away, or that nobody can read
        return None


@st.cache_data(show_spinner=False, max_entries=4096)
def _small(path: Path, changed: int) -> str:  # noqa: ARG001 - another one where the file was replaced
    return thumbnail(path.read_bytes())


def photos(visit: Visit) -> None:
    known = [known.person for known in visit.people]
    handed_in = photo_form(visit.services, known, visit.number("person"), visit.drawing)
    if handed_in is not None:
        visit.hand_in(handed_in)
        st.rerun()  # the form is empty again, and the bar counts who is new
    desk = visit.desk
    if desk is None:
        return
    texts, drawing = visit.drawing.texts, visit.drawing
    people_photos(
        draw_desk(desk, drawing),
        summary=texts.photos_told.format(
            good=len(desk.kept), all=len(desk.photos), name=drawing.name(desk.person)
        ),
        next_step=texts.photos_learning if desk.kept else "",
        outcomes=visit.outcomes,
        language=drawing.language,
        on_act=visit.act,
    )


# --- names brought up to date -----------------------------------------------------------------------------------


def update(visit: Visit) -> None:
    """The preview and the request; while one is under way it is looked at again and again."""
    busy = any(_busy(visit))
    st.fragment(_update, run_every=_REFRESH_SECONDS if busy else None)(visit, watched=busy)


def _busy(visit: Visit) -> tuple[bool, bool]:
    """Whether a preview is under way, and whether an update is asked for."""
    preview, asked = visit.services.relabelling.preview(), visit.services.relabel_request()
    return preview is not None and preview.working, asked is not None and asked.state != "failed"


def _update(visit: Visit, *, watched: bool) -> None:
    working, running = _busy(visit)
    if watched != (working or running):
        st.rerun()  # there is something to watch now, or no longer
    services, drawing = visit.services, visit.drawing
    texts = drawing.texts
    preview, asked = services.relabelling.preview(), services.relabel_request()
    ready, told = None, ""
    if preview and not working:
        try:
            ready = _ready(visit, preview.future.result())
            told = texts.update_outdated if preview.mark != services.casting.mark() else ""
        except VsearchError as error:
            told = in_language(str(error), visit.drawing.language)
    if asked:
        told = {
            "running": texts.update_running,
            "failed": texts.update_failed.format(reason=in_language(asked.reason or "", visit.drawing.language)),
        }.get(asked.state, texts.update_asked)
    pending = services.casting.pending()
    people_update(
        pending=counted(texts.update_pending_one, texts.update_pending_many, pending) if pending else "",
        working={
            "done": preview.done,
            "all": preview.videos,
            "text": texts.update_working.format(done=preview.done + 1, all=preview.videos)
            if preview.videos
            else texts.update_learning,
        }
        if preview and working
        else None,
        notice=told,
        ready=ready,
        can_ask=not running,
        outcomes=visit.outcomes,
        editable=visit.edits,
        language=drawing.language,
        on_act=visit.act,
        on_look=services.relabelling.start,
        on_play=visit.play,
    )


def _ready(visit: Visit, preview: RelabelPreview) -> dict[str, Any]:
    casting = visit.services.casting
    shown = [change.track for _, own in shown_changes(preview) for change in own[:MOST_FACES]]
    people = {person.id for change in preview.changes for person in (change.was, change.then) if person}
    return draw_preview(preview, casting.sightings(shown), casting.portraits(sorted(people)), visit.drawing)

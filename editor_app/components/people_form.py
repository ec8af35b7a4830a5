"""Photos of somebody, handed in: who it is, and the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from editor_app.components.people_outcome import say
from editor_app.components.people_parts import Drawing
from editor_app.people_edits import PhotoDesk
from editor_app.photo import FORMATS, MAX_MEGABYTES, thumbnail
from editor_app.services import Services
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.editing.handing_in import JudgedPhoto, Upload
from vsearch_pipeline.errors import InputError, VsearchError
from vsearch_pipeline.wording import as_markdown

MOST_PHOTOS: Final = 40
"""At once: they are held in memory until they are judged."""
_WHO_KEY: Final = "photos-who"
_GROUP_KEY: Final = "photos-group"
_FILES_KEY: Final = "photos-files"
_ROUND_KEY: Final = "photos-round"
_FOR_KEY: Final = "photos-for"
_ASKED_KEY: Final = "photos-asked"


def photo_form(
    services: Services, people: Sequence[PersonRecord], person: int | None, drawing: Drawing
) -> PhotoDesk | None:
    """The form; what came of the photos once they are handed in, else None.

    Args:
        person: id of the person who is proposed.
    """
    texts = drawing.texts
    by_id = {known.id: known for known in people}
    if st.session_state.get(_FOR_KEY, 0) != person:  # another person's page than before led here
        st.session_state[_FOR_KEY] = person
        st.session_state[_WHO_KEY] = person if person in by_id else None
    round_of = st.session_state.setdefault(_ROUND_KEY, 0)
    with st.container(border=True, key="people-photo-form"):
        st.markdown(f"**{texts.photos_title}**")
        left, right = st.columns(2)
        with left:
            who: int | str | None = st.selectbox(
                texts.photos_who,
                list(by_id),
                index=None,
                key=_WHO_KEY,
                format_func=lambda each: _named(by_id[each], drawing) if each in by_id else str(each),
                placeholder=texts.photos_who_hint,
                accept_new_options=True,
            )
        with right:
            known = by_id.get(who) if isinstance(who, int) else None
            group = st.selectbox(
                texts.person_group,
                sorted({each.group for each in people if each.group}, key=str.casefold),
                index=None,
                key=_GROUP_KEY,
                placeholder=(known.group or texts.no_group) if known else texts.photos_group_hint,
                accept_new_options=True,
                disabled=known is not None,
            )
        with st.form("photos", border=False):  # whose button waits until all files are here
            files = st.file_uploader(
                texts.photos_files,
                type=[*(name.lower() for name in FORMATS), "jpg"],
                accept_multiple_files=True,
                key=f"{_FILES_KEY}-{round_of}",
                max_upload_size=MAX_MEGABYTES,
            )
            st.caption(texts.photos_hint)
            st.form_submit_button(
                texts.photos_add, type="primary", icon=":material/add_photo_alternate:", on_click=_ask
            )
    if not st.session_state.get(_ASKED_KEY):
        return None
    if who is None or not files:
        del st.session_state[_ASKED_KEY]
        st.warning(texts.photos_need_files if who is not None else texts.photos_need_name, icon=":material/info:")
        return None
    if len(files) > MOST_PHOTOS:
        st.warning(texts.photos_too_many.format(count=MOST_PHOTOS), icon=":material/info:")
    try:
        # a press elsewhere breaks this run off: the next one does it
        desk = _hand_in(services, known or str(who), group, files[:MOST_PHOTOS], drawing)
    except VsearchError as problem:
        del st.session_state[_ASKED_KEY]
        st.error(as_markdown(say(problem, drawing.language)), icon=":material/error:")
        return None
    del st.session_state[_ASKED_KEY]
    st.session_state[_ROUND_KEY] = round_of + 1  # the field is empty for the next ones
    return desk


def _ask() -> None:
    st.session_state[_ASKED_KEY] = True


def _hand_in(
    services: Services,
    who: PersonRecord | str,
    group: str | None,
    files: Sequence[UploadedFile],
    drawing: Drawing,
) -> PhotoDesk:
    uploads = [Upload(file.name, file.getvalue()) for file in files]
    person_id = who.id if isinstance(who, PersonRecord) else None
    readable = [upload for upload in uploads if _is_photo(upload)]
    with st.spinner(drawing.texts.photos_judging):
        bar = st.progress(0.0)

        def on_photo(done: int) -> None:
            bar.progress(done / len(readable))

        judged = services.photos.judge(readable, person_id, on_photo)
        bar.empty()
    by_upload = {id(photo.upload): photo for photo in judged}
    photos = [by_upload.get(id(upload)) or JudgedPhoto(upload, "unreadable") for upload in uploads]
    person = who if isinstance(who, PersonRecord) else services.naming.add_person(who, group).person
    good = [place for place, photo in enumerate(photos) if photo.verdict == "good"]
    kept = services.photos.keep(person.id, [photos[place] for place in good])
    return PhotoDesk(person, photos, dict(zip(good, kept.sources, strict=True)))


def _is_photo(upload: Upload) -> bool:
    """Whether its content is a photo within the page's limits, whatever it is called."""
    try:
        thumbnail(upload.content)
    except InputError:
        return False
    return True


def _named(person: PersonRecord, drawing: Drawing) -> str:
    shown = drawing.name(person)
    return f"{shown} · {person.group}" if person.group else shown

"""A photo of a face to search with. It is held by this visit alone, until the search is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import streamlit as st

from editor_app.photo import FORMATS, MAX_MEGABYTES, thumbnail
from editor_app.services import Services
from editor_app.texts.search import Texts
from vsearch_pipeline.search.faces import Appearance

OPEN_KEY: Final = "face-open"
_UPLOAD_KEY: Final = "face-upload"
_PHOTO_KEY: Final = "face-photo"
_FOUND_KEY: Final = "face-found"


@dataclass(frozen=True, slots=True)
class FaceFound:
    """Where the face of a photo is on screen; `picture` is a small picture of the photo."""

    key: str
    name: str
    picture: str
    appearances: tuple[Appearance, ...]


def face_button(texts: Texts, on_photo: Callable[[], None]) -> None:
    """A button that takes a photo; `on_photo` is called when there is one."""
    box = st.popover(texts.face, icon=":material/face:", key=OPEN_KEY, on_change="rerun")
    if not box.open:
        return

    def taken() -> None:
        upload = st.session_state[_UPLOAD_KEY]
        if upload is None:
            return
        forget_face()
        st.session_state[_PHOTO_KEY] = (upload.file_id, upload.name, upload.getvalue())
        st.session_state[OPEN_KEY] = False
        on_photo()

    with box:
        st.file_uploader(
            texts.face_photo,
            type=[*(name.lower() for name in FORMATS), "jpg"],
            key=_UPLOAD_KEY,
            on_change=taken,
            max_upload_size=MAX_MEGABYTES,
        )
        st.caption(texts.face_hint)


def forget_face() -> None:
    for key in (_PHOTO_KEY, _FOUND_KEY):
        st.session_state.pop(key, None)


def face_found(services: Services, texts: Texts) -> FaceFound | None:
    """The search by the photo of this visit; None where there is none.

    Raises:
        InputError: the photo cannot be read or shows no clear face; it is forgotten.
    """
    photo: tuple[str, str, bytes] | None = st.session_state.pop(_PHOTO_KEY, None)
    if photo is not None:
        key, name, content = photo
        with st.spinner(texts.face_finding):
            found = FaceFound(key, name, thumbnail(content), tuple(services.appearances(content)))
        st.session_state[_FOUND_KEY] = found
    kept: FaceFound | None = st.session_state.get(_FOUND_KEY)
    return kept

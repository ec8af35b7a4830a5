"""Library: every video, how far it has come and what went wrong."""

from __future__ import annotations

from typing import Any

import streamlit as st

from editor_app.components.address import arrived, write
from editor_app.components.clock import short_clock
from editor_app.components.frame import chosen_language, current_language, notice
from editor_app.components.shelf import shelf
from editor_app.media import MediaFiles
from editor_app.services import open_services
from editor_app.texts.common import COMMON
from editor_app.texts.language import Language, as_markdown, counted
from editor_app.texts.library import LIBRARY, stage_order
from vsearch_pipeline.catalog.videos import VideoStatus
from vsearch_pipeline.settings import Settings

_REFRESH_SECONDS = 5
_POSTER_SHARE = 3  # a third into the video: past the black and the titles


def page() -> None:
    if arrived("library"):
        write(chosen_language())
    videos()


@st.fragment(run_every=_REFRESH_SECONDS)
def videos() -> None:
    language = current_language()
    texts, common = LIBRARY[language], COMMON[language]
    services = open_services(Settings())
    listed = services.videos()
    if not listed:
        inbox = as_markdown(str(services.settings.inbox_dir))
        notice(common.empty_title, common.empty_hint.format(inbox=inbox), "video_library")
        return
    with st.container(key="shelf-head"):
        st.markdown(f"#### {texts.library_title}", anchors=False)
        st.caption(counted(common.videos_one, common.videos_many, len(listed)))
    shelf([draw_video(status, services.media, language) for status in listed], language=language)


def draw_video(status: VideoStatus, media: MediaFiles, language: Language) -> dict[str, Any]:
    """A row of the shelf."""
    texts, common = LIBRARY[language], COMMON[language]
    video = status.video
    imported = video.kind == "imported"
    length = short_clock(video.duration_ms) if video.duration_ms else texts.length_unknown
    size = f"{video.width}×{video.height}" if video.width and video.height else ""
    names = " ".join(name for name in (video.container, video.video_codec) if name)
    moments = counted(common.moments_one, common.moments_many, status.segments)
    missing = media.playback(video) == "missing"
    return {
        "title": video.title,
        "facts": [fact for fact in (length, moments, size, names) if fact],
        "picture": media.still(video, (video.duration_ms or 0) // _POSTER_SHARE),
        "alt": texts.thumbnail_alt.format(title=video.title),
        "badge": texts.imported_badge if imported else "",
        "note": texts.imported_note if imported else texts.missing_note if missing else "",
        "stages": [texts.stage(name) for name in sorted(status.stages, key=stage_order)],
        "done": texts.stages_done,
        "waiting": "" if status.stages or status.errors else texts.stages_none,
        "failures": [
            {"stage": texts.failed.format(stage=texts.stage(name)), "reason": reason}
            for name, reason in sorted(status.errors.items())
        ],
    }


page()

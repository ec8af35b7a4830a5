"""The shelf: every video of the library with how far it has come, and what is on its way into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st

from editor_app.components.assets import read
from editor_app.components.clock import in_visitors_zone
from editor_app.components.outlook import draw_arrival, draw_failure, draw_progress, time_left
from editor_app.media import MediaFiles
from editor_app.texts.common import COMMON
from editor_app.texts.library import LIBRARY, LibraryTexts
from vsearch_pipeline.catalog.graph import STAGES
from vsearch_pipeline.catalog.requests import RequestRecord
from vsearch_pipeline.catalog.shelf import ShelfVideo, VideoState
from vsearch_pipeline.ingest.outlook import Batch, LibraryView, Outlook
from vsearch_pipeline.sentences import in_language
from vsearch_pipeline.timeline import short_clock
from vsearch_pipeline.wording import Language, counted, day

KEY: Final = "shelf"
_POSTER_SHARE: Final = 3  # a third into the video: past the black and the titles
_ARRIVAL: Final = "request-"
_shelf: Final = st.components.v2.component(
    "vsearch.shelf",
    html=read("shelf.html"),
    css=read("shared.css", "going.css", "shelf.css"),
    js=read("shared.js", "going.js", "shelf.js"),
)


@dataclass(frozen=True, slots=True)
class Presses:
    """What is called when somebody presses something.

    Attributes:
        open: with a video's id, to be shown all of it.
        again: with a video's id, to try it again.
        fetch: with a link or path, to try that again.
        away: with the number of a request, to hear no more of it.
    """

    open: Callable[[str], None]
    again: Callable[[str], None]
    fetch: Callable[[str], None]
    away: Callable[[int], None]


def shelf(
    view: LibraryView,
    media: MediaFiles,
    *,
    edits: bool,
    address: Mapping[str, str],
    language: Language,
    presses: Presses,
) -> None:
    """Show the videos of a view, one row each, below what is on its way.

    Args:
        edits: whether the visitor may try something again.
        address: what links of this visit have besides the video.
    """
    arriving = {f"{_ARRIVAL}{request.id}": request for request in view.arriving}
    rows = [draw_request(request, language, edits=edits) for request in view.arriving]
    rows += [
        draw_video(item, view.outlooks.get(item.video.id), media, language, edits=edits, address=address)
        for item in view.shelf.videos
    ]

    def pressed(name: str) -> str:
        key = st.session_state[KEY].get(name)
        return key if isinstance(key, str) else ""

    def again() -> None:
        key = pressed("again")
        if key in arriving:
            presses.fetch(arriving[key].subject)
        elif key:
            presses.again(key)

    def away() -> None:
        if pressed("away") in arriving:
            presses.away(arriving[pressed("away")].id)

    _shelf(
        key=KEY,
        data={
            "batch": draw_batch(view.batch, LIBRARY[language]),
            "videos": rows,
            "lang": language,
        },
        on_opened_change=lambda: presses.open(pressed("opened")),
        on_again_change=again,
        on_away_change=away,
    )


def poster(item: ShelfVideo, media: MediaFiles) -> str | None:
    """Address of a picture of a video."""
    return media.still(item.video, (item.video.duration_ms or 0) // _POSTER_SHARE)


def draw_batch(batch: Batch | None, texts: LibraryTexts) -> dict[str, Any] | None:
    """How far all is that is worked on; None of a single video, whose row says it."""
    if batch is None or batch.total < 2:
        return None
    return {
        "label": texts.batch.format(done=f"{batch.done:,}", total=f"{batch.total:,}"),
        "left": time_left(batch.seconds_left, texts),
        "share": batch.done / batch.total,
    }


def draw_video(
    item: ShelfVideo,
    outlook: Outlook | None,
    media: MediaFiles,
    language: Language,
    *,
    edits: bool,
    address: Mapping[str, str],
) -> dict[str, Any]:
    """A row of the shelf."""
    texts, common = LIBRARY[language], COMMON[language]
    video = item.video
    imported = video.kind == "imported"
    length = short_clock(video.duration_ms) if video.duration_ms else texts.length_unknown
    moments = counted(common.moments_one, common.moments_many, item.segments) if item.segments else ""
    frame = f"{video.width}×{video.height}" if video.width and video.height else ""
    names = " ".join(name for name in (video.container, video.video_codec) if name)
    added = day(in_visitors_zone(item.added_at), language)
    missing = media.playback(video) == "missing"
    idle = item.state == "failed" or (item.state == "waiting" and not item.asked)
    label = texts.go_on if item.state == "waiting" else texts.try_again
    return {
        "key": video.id,
        "title": video.title,
        "href": "?" + urlencode({**address, "video": video.id}),
        "facts": [fact for fact in (length, moments, frame, names, added) if fact],
        "picture": poster(item, media),
        "alt": texts.thumbnail_alt.format(title=video.title),
        "badge": texts.imported_badge if imported else "",
        "state": draw_state(item, texts),
        "note": texts.imported_note if imported else texts.missing_note if missing else "",
        "progress": draw_progress(item, outlook, texts) if outlook else None,
        "failures": draw_failures(item, language),
        "again": draw_act(label, video.title) if edits and idle else None,
        "away": None,
        "asked": texts.asked if item.errors and item.state == "waiting" else "",
    }


def draw_act(label: str, title: str) -> dict[str, str]:
    """A button, and what it is called where its row is not seen."""
    return {"label": label, "name": f"{label}: {title}"}


def draw_state(item: ShelfVideo, texts: LibraryTexts) -> dict[str, str]:
    """The state as a word; a video that is done needs none."""
    return _state(item.state, texts)


def _state(state: VideoState, texts: LibraryTexts) -> dict[str, str]:
    labels = {
        "working": texts.state_working,
        "waiting": texts.state_waiting,
        "failed": texts.state_failed,
        "done": "",
    }
    return {"name": state, "label": labels[state]}


def draw_failures(item: ShelfVideo, language: Language) -> list[dict[str, str]]:
    """Why stages failed, in the order in which they run; nothing while they are tried again."""
    if item.state != "failed":
        return []
    order = {stage: place for place, stage in enumerate(STAGES)}
    failed = sorted(item.errors.items(), key=lambda error: (order.get(error[0], len(order)), error[0]))
    return [draw_failure(stage, reason, language) for stage, reason in failed]


def draw_request(request: RequestRecord, language: Language, *, edits: bool) -> dict[str, Any]:
    """A row for what is not a video yet."""
    texts = LIBRARY[language]
    failed = request.state == "failed"
    title = request.subject
    advice = texts.advice_link if "://" in title else texts.advice_file
    reason = in_language((request.reason or "").removeprefix(f"{title}: "), language)
    failures = [
        {"stage": texts.failed_link, "reason": reason, "advice": advice},
    ]
    return {
        "key": f"{_ARRIVAL}{request.id}",
        "title": title,
        "href": None,
        "facts": [request.actor],
        "picture": None,
        "alt": "",
        "badge": "",
        "state": _state("failed" if failed else "working" if request.state == "running" else "waiting", texts),
        "note": "",
        "progress": draw_arrival(request, texts),
        "failures": failures if failed else [],
        "again": draw_act(texts.try_again, title) if failed and edits else None,
        "away": draw_act(texts.put_away, title) if failed and edits else None,
        "asked": "",
    }

"""One video of the library: its facts, how far it is, and where everything that is known of it comes from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import streamlit as st

from editor_app.components.assets import read
from editor_app.components.clock import in_visitors_zone
from editor_app.components.outlook import draw_progress, size, took
from editor_app.components.shelf import draw_act, draw_failures, draw_state, poster
from editor_app.media import MediaFiles
from editor_app.texts.common import COMMON
from editor_app.texts.history import HISTORY
from editor_app.texts.library import LIBRARY, LibraryTexts
from vsearch_pipeline.catalog.graph import stage_assets
from vsearch_pipeline.catalog.lineage import Writer
from vsearch_pipeline.catalog.videos import IMPORT_RUN
from vsearch_pipeline.ingest.outlook import StageView, VideoView
from vsearch_pipeline.sentences import in_language
from vsearch_pipeline.timeline import short_clock
from vsearch_pipeline.wording import Language, counted, day_and_time

KEY: Final = "record"
_ROWS: Final = {
    **dict.fromkeys(("faces", "face_tracks", "face_labels"), 0),
    **dict.fromkeys(("video", "sampling", "objects", "captions", "korean_captions", "segments"), 1),
    "segment_embeddings": 1,
    **dict.fromkeys(("transcript", "previews"), 2),
    "proxy": 3,
}
"""Where stages stand in the picture, from above; their columns follow from what they read."""
_LAST_ROW: Final = 3
_DIGEST: Final = 12

_record: Final = st.components.v2.component(
    "vsearch.record",
    html=read("record.html"),
    css=read("shared.css", "going.css", "record.css"),
    js=read("shared.js", "going.js", "record.js"),
)


def record(
    view: VideoView,
    media: MediaFiles,
    *,
    edits: bool,
    dagster: str,
    address: Mapping[str, str],
    language: Language,
    on_go: Callable[[str], None],
    on_again: Callable[[], None],
) -> None:
    """Show all that is told of a video.

    Args:
        edits: whether the visitor may try it again.
        dagster: address of the Dagster UI.
        address: what links of this visit have besides what they lead to.
        on_go: called with `back`, `search` or `history`.
    """
    data = draw_record(view, media, edits=edits, dagster=dagster, address=address, language=language)

    def went() -> None:
        where = st.session_state[KEY].get("went")
        if isinstance(where, str):
            on_go(where)

    def again() -> None:
        if st.session_state[KEY].get("again"):
            on_again()

    _record(key=KEY, data=data, on_went_change=went, on_again_change=again)


def query_of(video_id: str) -> str:
    """The query that finds what is in this video."""
    return f'video:"{video_id}"'


def draw_record(
    view: VideoView,
    media: MediaFiles,
    *,
    edits: bool,
    dagster: str,
    address: Mapping[str, str],
    language: Language,
) -> dict[str, Any]:
    """Values for the component."""
    texts = LIBRARY[language]
    item, video = view.item, view.item.video
    imported, missing = video.kind == "imported", media.playback(video) == "missing"
    state = draw_state(item, texts)
    whole = all(stage.state == "done" for stage in view.stages)
    idle = item.state in ("failed", "done", "waiting") and not item.asked
    label = texts.try_again if item.state == "failed" else texts.go_on
    links = [
        {"key": "search", "label": texts.search_in, "href": _link("/", address, q=query_of(video.id))},
        {"key": "history", "label": texts.history_of, "href": _link("/history", address, video=video.id)},
    ]
    return {
        "title": video.title,
        "state": {**state, "label": state["label"] or texts.state_done},
        "badge": texts.imported_badge if imported else "",
        "note": texts.imported_note if imported else texts.missing_note if missing else "",
        "picture": {"source": poster(item, media), "alt": texts.thumbnail_alt.format(title=video.title)},
        "progress": draw_progress(item, view.outlook, texts),
        "failures": draw_failures(item, language),
        "actions": {
            "links": links,
            "again": draw_act(label, video.title) if edits and idle and not whole else None,
            "asked": texts.asked if item.asked and item.state == "waiting" else "",
        },
        "facts": draw_facts(view, language),
        "texts": {"lineage": texts.lineage, "hint": texts.lineage_hint, "graph": texts.graph},
        "graph": draw_graph(view.stages, texts),
        "stages": [draw_stage(stage, video.id, dagster, language) for stage in view.stages],
        "back": {"label": texts.back, "href": _link("/library", address)},
        "lang": language,
    }


def _link(path: str, address: Mapping[str, str], **more: str) -> str:
    query = urlencode({**address, **more})
    return f"{path}?{query}" if query else path


# --- facts ------------------------------------------------------------------------------------------------------


def draw_facts(view: VideoView, language: Language) -> list[dict[str, Any]]:
    """What is known of a video, in order; what is not known is left out."""
    texts, common = LIBRARY[language], COMMON[language]
    video = view.item.video
    frame = f"{video.width}×{video.height}" if video.width and video.height else ""
    names = ", ".join(name for name in (video.container, video.video_codec) if name)
    sound = video.audio_codec or (texts.sound_none if video.kind == "file" else "")
    source = video.source
    facts = [
        _fact(texts.fact_length, short_clock(video.duration_ms) if video.duration_ms else ""),
        _fact(texts.fact_moments, counted(common.moments_one, common.moments_many, view.item.segments)),
        _fact(texts.fact_picture, frame),
        _fact(texts.fact_rate, _rate(view, texts)),
        _fact(texts.fact_format, names),
        _fact(texts.fact_sound, sound),
        _fact(texts.fact_size, size(video.size_bytes) if video.size_bytes else ""),
        _fact(texts.fact_added, _added(view, language), wide=True),
        _fact(texts.fact_source, source, wide=True, href=source if _is_web(source) else ""),
        _fact(texts.fact_edits, _edits(view, texts), wide=True),
        _fact(texts.fact_id, video.id, wide=True),
        _fact(
            texts.fact_content,
            f"SHA-256 {video.sha256[:_DIGEST]}…" if video.kind == "file" else "",
            wide=True,
            tip=video.sha256,
        ),
    ]
    return [fact for fact in facts if fact["value"]]


def _fact(label: str, value: str, *, wide: bool = False, href: str = "", tip: str = "") -> dict[str, Any]:
    return {"label": label, "value": value, "wide": wide, "href": href, "tip": tip}


def _is_web(source: str) -> bool:
    return source.startswith(("https://", "http://"))


def _rate(view: VideoView, texts: LibraryTexts) -> str:
    rate = view.item.video.frame_rate
    if rate is None:
        return ""
    told = f"{float(rate):.3f}".rstrip("0").rstrip(".")
    return (texts.rate_varies if view.item.video.variable_frame_rate else texts.rate).format(rate=told)


def _added(view: VideoView, language: Language) -> str:
    """When, by whom and through which door."""
    if view.brought is None:
        return day_and_time(in_visitors_zone(view.item.added_at), language)
    when = day_and_time(in_visitors_zone(view.brought.at), language)
    return " · ".join((when, view.brought.actor, HISTORY[language].door(view.brought.door)))


def _edits(view: VideoView, texts: LibraryTexts) -> str:
    told = [
        (texts.edits_of_one if each.count == 1 else texts.edits_of_many).format(
            actor=each.actor, count=f"{each.count:,}"
        )
        for each in view.editors
    ]
    return " · ".join(told) or texts.edits_none


# --- stages -----------------------------------------------------------------------------------------------------


def draw_graph(stages: Iterable[StageView], texts: LibraryTexts) -> dict[str, Any]:
    """Stages as a picture: `nodes` with their columns and rows, and `edges` without those that others imply."""
    views = {view.stage: view for view in stages}
    columns: dict[str, int] = {}
    above: dict[str, set[str]] = {}
    for stage, view in views.items():
        read = [name for name in view.inputs if name in columns]
        columns[stage] = 1 + max((columns[name] for name in read), default=-1)
        above[stage] = set(read).union(*(above[name] for name in read))
    edges = [
        [name, stage]
        for stage, view in views.items()
        for name in view.inputs
        if name in columns and not any(name in above[other] for other in view.inputs if other in above)
    ]
    rows = {stage: _ROWS.get(stage, _LAST_ROW) for stage in views}
    used = sorted(set(rows.values()))
    return {
        "nodes": [
            {
                "stage": stage,
                "name": texts.stage(stage),
                "state": view.state,
                "label": _state(view, texts),
                "column": columns[stage],
                "row": used.index(rows[stage]),
            }
            for stage, view in views.items()
        ],
        "edges": edges,
    }


def _state(view: StageView, texts: LibraryTexts) -> str:
    share = view.running.share if view.running else None
    if share is not None:
        return f"{texts.stage_running} {int(share * 100)}%"
    labels = {
        "done": texts.stage_done,
        "running": texts.stage_running,
        "failed": texts.stage_failed,
        "waiting": texts.stage_waiting,
        "stale": texts.stage_stale,
        "unfinished": texts.stage_unfinished,
    }
    return labels[view.state]


def draw_stage(view: StageView, video_id: str, dagster: str, language: Language) -> dict[str, Any]:
    """A line of the lineage: what wrote a stage's rows, when, with which settings, in which run."""
    texts = LIBRARY[language]
    finished = view.finished
    when = ""
    if finished:
        told = [day_and_time(in_visitors_zone(finished.finished_at), language)]
        if finished.seconds > 0:
            told.append(texts.took.format(time=took(finished.seconds, texts)))
        if finished.run_id.startswith(IMPORT_RUN):
            told.append(texts.imported_run.format(name=finished.run_id.removeprefix(IMPORT_RUN)))
        when = " · ".join(told)
    writers = finished.writers if finished else ()
    return {
        "stage": view.stage,
        "name": texts.stage(view.stage),
        "state": view.state,
        "label": _state(view, texts),
        "by": " + ".join(_model(writer) for writer in writers) or texts.not_done_yet,
        "when": when,
        "links": _dagster_links(view, video_id, dagster, texts),
        "reasons": _reasons(view, language),
        "bad": view.state == "failed",
        "settings": [
            {"name": name, "value": _value(value)} for writer in writers for name, value in writer.settings.items()
        ],
        "settingsLabel": texts.settings,
    }


def _model(writer: Writer) -> str:
    return f"{writer.model} {writer.version}"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _reasons(view: StageView, language: Language) -> list[str]:
    """Why a stage is not simply done."""
    texts = LIBRARY[language]
    named = [texts.stage(name) for name in view.changed]
    reasons = []
    if view.state == "failed" and view.failed:
        reasons = [in_language(view.failed.reason, language), *([texts.stands_still] if view.finished else [])]
    elif view.state == "stale" and named:
        reasons = [texts.stale_inputs.format(stages=", ".join(named))]
    elif view.state == "stale" and view.finished and view.finished.newest:
        reasons = [texts.stale_model.format(model=_model(view.finished.newest))]
    elif view.state == "waiting" and view.inputs:
        reasons = [texts.waits_for.format(stages=", ".join(texts.stage(name) for name in view.inputs))]
    if view.finished and view.finished.missing:
        reasons.append(in_language(view.finished.missing, language))
    return reasons


def _dagster_links(view: StageView, video_id: str, dagster: str, texts: LibraryTexts) -> list[dict[str, str]]:
    """The run and the partition of each asset in the Dagster UI."""
    name = texts.stage(view.stage)
    last = view.running or (view.failed if view.state == "failed" else view.finished)
    links = []
    if last and not last.run_id.startswith(IMPORT_RUN):
        links.append(
            {
                "label": texts.run,
                "name": f"{name}: {texts.run} (Dagster)",
                "href": f"{dagster}/runs/{quote(last.run_id)}",
            }
        )
    if view.finished:
        for asset in stage_assets(view.stage):
            query = urlencode({"view": "partitions", "partition": video_id})
            links.append(
                {
                    "label": asset,
                    "name": f"{name}: {asset} (Dagster)",
                    "href": f"{dagster}/assets/{quote(asset)}?{query}",
                }
            )
    return links

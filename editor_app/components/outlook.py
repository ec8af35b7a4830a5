"""How far a video is, and what went wrong with it, in words."""

from __future__ import annotations

from typing import Any, Final

from editor_app.texts.library import LIBRARY, LibraryTexts
from vsearch_pipeline.catalog.graph import SEARCHABLE
from vsearch_pipeline.catalog.requests import RequestRecord
from vsearch_pipeline.catalog.shelf import ShelfVideo
from vsearch_pipeline.ingest.outlook import Outlook
from vsearch_pipeline.sentences import in_language
from vsearch_pipeline.wording import Language

_OF_THE_FILE: Final = ("video", "proxy", "sampling", "transcript")
_OF_A_MODEL: Final = ("faces", "face_tracks", "face_labels", "objects", "captions", "segment_embeddings")
_OF_A_SERVICE: Final = ("korean_captions",)


def time_left(seconds: float | None, texts: LibraryTexts) -> str:
    """`about 3 min left`; empty where it is not known."""
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    if minutes < 1:
        return texts.left_soon
    if minutes < 60:
        return texts.left_minutes.format(minutes=minutes)
    return texts.left_hours.format(hours=f"{minutes // 60:,}", minutes=minutes % 60)


def took(seconds: float, texts: LibraryTexts) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min`."""
    if seconds < 10:
        return texts.seconds.format(seconds=f"{seconds:.1f}")
    whole = round(seconds)
    if whole < 60:
        return texts.seconds.format(seconds=whole)
    if whole < 3600:
        return texts.minutes.format(minutes=whole // 60, seconds=whole % 60)
    return texts.hours.format(hours=f"{whole // 3600:,}", minutes=whole % 3600 // 60)


def size(count: float) -> str:
    """`820 kB`, `4.1 MB`, `2.30 GB`, of bytes."""
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.2f} GB"


def draw_progress(item: ShelfVideo, outlook: Outlook, texts: LibraryTexts) -> dict[str, Any] | None:
    """What is going on with a video; None where nothing is and nothing waits.

    Returns:
        `label`, `detail`, `share` (0..1) and `moves` (whether a bar is drawn).
    """
    if item.state not in ("working", "waiting"):
        return None
    running = outlook.running
    if running and running.share is not None:
        label = texts.stage_share.format(stage=texts.stage(running.stage), percent=int(running.share * 100))
    elif running:
        label = texts.stage(running.stage)
    elif item.state == "working":
        label = _between(item, outlook, texts)
    elif item.asked:
        label = texts.in_turn
    else:
        label = texts.interrupted if item.done else texts.not_started
    steps = texts.steps_done.format(done=outlook.done, total=outlook.total)
    known = [steps if outlook.done or running else "", time_left(outlook.seconds_left, texts)]
    if item.state == "working" and SEARCHABLE in item.done:
        known.append(texts.searchable_already)
    return {
        "label": label,
        "detail": " · ".join(filter(None, known)),
        "share": outlook.share,
        "moves": item.state == "working" or bool(item.done),
    }


def _between(item: ShelfVideo, outlook: Outlook, texts: LibraryTexts) -> str:
    """What a run is about that is at work, but on no stage right now."""
    if not item.done:
        return texts.starting
    return texts.next_step.format(stage=texts.stage(outlook.following)) if outlook.following else texts.finishing


def draw_arrival(request: RequestRecord, texts: LibraryTexts) -> dict[str, Any] | None:
    """What is going on with a link or a file that is not a video yet; None where it failed."""
    if request.state == "failed":
        return None
    if request.state != "running":
        return {"label": texts.in_turn, "detail": "", "share": None, "moves": False}
    known = size(request.done) if request.done else ""
    share = None
    if request.done and request.total:
        share = min(1.0, request.done / request.total)
        known = f"{int(share * 100)}% · {size(request.done)} / {size(request.total)}"
    return {"label": texts.downloading, "detail": known, "share": share, "moves": True}


def draw_failure(stage: str, reason: str, language: Language) -> dict[str, str]:
    """Why a stage failed, and what to do."""
    texts = LIBRARY[language]
    if stage in _OF_THE_FILE:
        advice = texts.advice_file
    elif stage in _OF_A_SERVICE:
        advice = texts.advice_service
    else:
        advice = texts.advice_model if stage in _OF_A_MODEL else texts.advice_other
    told = in_language(reason, language)
    return {"stage": texts.failed.format(stage=texts.stage(stage)), "reason": told, "advice": advice}

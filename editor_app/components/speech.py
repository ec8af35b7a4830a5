"""What is said in a video as the page draws it: plain values for the components, which show them as text only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from vsearch_pipeline.catalog.speech import SpokenUtterance
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.export.subtitles import Cue, make_cues, write_subtitles
from vsearch_pipeline.search.heard import SpokenMatch
from vsearch_pipeline.timeline import short_clock


def marked(text: str, words: Iterable[str], meant: SpokenMatch) -> list[dict[str, Any]]:
    """The text in parts, `hit` where the query asks for a word; `words` are those of the text, in order."""
    parts: list[dict[str, Any]] = []

    def add(part: str, *, hit: bool) -> None:
        if parts and parts[-1]["hit"] == hit:
            parts[-1]["text"] += part
        elif part:
            parts.append({"text": part, "hit": hit})

    at = 0
    for word in words:
        found = text.find(word, at)
        if found >= 0 and meant(word):
            add(text[at:found], hit=False)
            add(word, hit=True)
            at = found + len(word)
        elif found >= 0:
            add(text[at : found + len(word)], hit=False)
            at = found + len(word)
    add(text[at:], hit=False)
    return parts


@lru_cache(maxsize=8)
def cues_of(utterances: tuple[SpokenUtterance, ...]) -> tuple[Cue, ...]:
    """`make_cues`, kept for the next time the page is drawn: an hour of speech takes a good part of a second."""
    return tuple(make_cues(utterances))


def draw_transcript(
    video: VideoRecord, utterances: tuple[SpokenUtterance, ...], meant: SpokenMatch
) -> dict[str, Any] | None:
    """Values for the player: a line for each phrase, and subtitles on the clock of the video's file.

    Returns:
        None where nobody speaks.
    """
    if not utterances:
        return None
    origin = video.start_ms or 0
    languages = Counter(utterance.language for utterance in utterances)
    cues = [cue.moved(origin) for cue in cues_of(utterances)]
    return {
        "video": video.id,
        "language": min(languages, key=lambda language: (-languages[language], language)),
        "vtt": write_subtitles(cues, "vtt"),
        "lines": [_line(utterance, origin, meant) for utterance in utterances],
    }


def _line(utterance: SpokenUtterance, origin: int, meant: SpokenMatch) -> dict[str, Any]:
    return {
        "start": (utterance.start_ms + origin) / 1000,
        "end": (utterance.end_ms + origin) / 1000,
        "time": short_clock(utterance.start_ms),
        "language": utterance.language,
        "parts": marked(utterance.text, [word.text for word in utterance.words], meant),
    }


def file_name(title: str, ending: str) -> str:
    """The name that a download gets: the title without what file systems and headers do not take."""
    name = " ".join(re.sub(r"[^\w .()-]", " ", title).split()).strip(". ")
    return f"{name[:80] or 'vsearch'}.{ending}"

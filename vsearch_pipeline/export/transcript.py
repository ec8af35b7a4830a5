"""What is said in a video as plain data or plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vsearch_pipeline.catalog.speech import SpokenUtterance
from vsearch_pipeline.catalog.videos import VideoRecord


def transcript_as_json(video: VideoRecord, utterances: Sequence[SpokenUtterance]) -> dict[str, Any]:
    """Every phrase and word with its time in milliseconds: `vsearch export --text speech --format json`."""
    return {
        "video": video.id,
        "title": video.title,
        "utterances": [
            {
                "start_ms": utterance.start_ms,
                "end_ms": utterance.end_ms,
                "language": utterance.language,
                "text": utterance.text,
                "words": [
                    {"text": word.text, "start_ms": word.start_ms, "end_ms": word.end_ms}
                    for word in utterance.words
                ],
            }
            for utterance in utterances
        ],
    }


def transcript_as_text(utterances: Sequence[SpokenUtterance]) -> str:
    """One phrase a line."""
    return "".join(f"{' '.join(utterance.text.split())}\n" for utterance in utterances)

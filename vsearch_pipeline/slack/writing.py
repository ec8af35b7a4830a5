"""Text for Slack: what people, models and files said stays text, and fits where it goes.

Source: docs.slack.dev/messaging/formatting-message-text (only `&`, `<` and `>` have to be escaped) and
docs.slack.dev/reference/block-kit (limits).
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlencode

from vsearch_pipeline.settings import Settings
from vsearch_pipeline.wording import Language

SECTION: Final = 3000
BUTTON: Final = 75
ALT: Final = 2000
VALUE: Final = 2000
OPTION: Final = 75
TITLE: Final = 24
_LINKED_QUERY: Final = 80
"""A Korean letter takes nine characters of an address."""
_FORMATTING: Final = re.compile(r"[*_~`]")
_NO_SPACE: Final = "\u2060"
"""A word joiner: it shows nothing, and what stands beside it formats nothing."""
_HALF: Final = re.compile(r"[\ud800-\udfff]")
_UNSEEN: Final = re.compile(r"[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def whole(text: str) -> str:
    """Text without half characters (lone surrogates), which JSON can hold and nothing else can."""
    return _HALF.sub("", text)


def plain(text: str, most: int) -> str:
    """Text on one line, without what turns the direction of writing and without half characters, cut to length."""
    return cut(" ".join(_UNSEEN.sub(" ", text).split()), most)


def cut(text: str, most: int) -> str:
    """At most so many characters, with an ellipsis where some are left off."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def escaped(text: str, most: int) -> str:
    """Text for a place that reads mrkdwn, where it is shown as it is: no mention, no link, no format.

    Args:
        most: characters that it may have once it is escaped.
    """
    shown = plain(text, most)
    while True:
        safe = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        safe = _FORMATTING.sub(lambda found: _NO_SPACE + found[0] + _NO_SPACE, safe)
        if len(safe) <= most:
            return safe
        shown = cut(shown, len(shown) - max(1, (len(safe) - most) // 6))


def link(url: str, text: str, most: int = 300) -> str:
    """A link in mrkdwn."""
    return f"<{url}|{escaped(text, most).replace('|', '¦')}>"


def mrkdwn(text: str) -> dict[str, Any]:
    """A text object whose addresses and names do not become links by themselves."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: str) -> dict[str, Any]:
    """A block of mrkdwn, cut to what Slack takes."""
    return {"type": "section", "text": mrkdwn(text[:SECTION] if text.strip() else "–")}


def context(text: str, most: int = SECTION) -> dict[str, Any]:
    """A block of small mrkdwn."""
    return {"type": "context", "elements": [mrkdwn(text[:most] if text.strip() else "–")]}


def plain_text(text: str, most: int = SECTION) -> dict[str, Any]:
    return {"type": "plain_text", "text": plain(text, most) or "–", "emoji": False}


def caption_in(korean: str | None, english: str | None, language: Language) -> str:
    """The caption of a language, else the other one."""
    return (korean or english if language == "ko" else english or korean) or ""


def folded(name: str) -> str:
    """A name as it is compared with what somebody typed."""
    return " ".join(name.casefold().split())


def moment_link(settings: Settings, segment: int, language: Language, query: str = "") -> str:
    """Where the page plays a segment; with the query, among its results."""
    asked = {"q": whole(query)} if query and len(query) <= _LINKED_QUERY else {}
    return f"{settings.page_link}/?{urlencode({**asked, 'moment': segment, 'lang': language})}"


def video_link(settings: Settings, video_id: str, language: Language) -> str:
    return f"{settings.page_link}/library?{urlencode({'video': video_id, 'lang': language})}"


def run_link(settings: Settings, run_id: str) -> str:
    return f"{settings.dagster_address}/runs/{run_id}"

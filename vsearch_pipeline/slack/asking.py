"""What somebody means by what they type after the command, or say to the app."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from vsearch_pipeline.slack.writing import whole

_MENTION: Final = re.compile(r"^\s*<@[A-Z0-9]+(\|[^>]*)?>\s*")
_EDIT: Final = re.compile(r"(수정|edit)\s*[:\uff1a]\s*(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_QUESTION: Final = re.compile(r"(질문|question|ask)\s*[:\uff1a]\s*(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_WATCH: Final = re.compile(r"(watch|알림)\s+(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
_WORDS: Final[Mapping[str, Literal["help", "watches"]]] = {
    "": "help",
    "help": "help",
    "?": "help",
    "도움말": "help",
    "도움": "help",
    "watch": "watches",
    "watches": "watches",
    "알림": "watches",
    "알림 목록": "watches",
}
_FIELDS: Final = {
    "segment": ("세그먼트ID", "세그먼트", "구간", "segment_id", "segment"),
    "caption": ("내용", "설명", "caption"),
    "people": ("멤버", "인물", "members", "people"),
}
_NAMES: Final = {name.lower(): field for field, names in _FIELDS.items() for name in names}
_FIELD: Final = re.compile(
    rf"(?:^|(?<=[\s,]))({'|'.join(sorted(map(re.escape, _NAMES), key=len, reverse=True))})\s*[=\uff1d]\s*",
    re.IGNORECASE,
)
_ESCAPES: Final = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}


@dataclass(frozen=True, slots=True)
class Simple:
    """`help`, or the list of `watches`."""

    what: Literal["help", "watches"]


@dataclass(frozen=True, slots=True)
class Search:
    query: str


@dataclass(frozen=True, slots=True)
class Question:
    query: str


@dataclass(frozen=True, slots=True)
class WatchFor:
    query: str


@dataclass(frozen=True, slots=True)
class TypedEdit:
    """Attributes:
    segment: None where no number is given, or none that can be one.
    caption: None where it stays as it is.
    people: the names of all who are there; None where they stay as they are.
    """

    segment: int | None
    caption: str | None
    people: tuple[str, ...] | None


Asked = Simple | Search | Question | WatchFor | TypedEdit


def understand(text: str) -> Asked:
    """Read a command's text, or a message to the app; anything that is no command of ours is a search."""
    said = typed(_MENTION.sub("", text))
    word = _WORDS.get(said.lower())
    if word is not None:
        return Simple(word)
    for pattern, make in ((_QUESTION, Question), (_WATCH, WatchFor)):
        found = pattern.fullmatch(said)
        if found and found["rest"].strip():
            return make(found["rest"].strip())
    found = _EDIT.fullmatch(said)
    return _edit(found["rest"]) if found else Search(said)


def typed(text: str) -> str:
    """What somebody typed: Slack escapes three characters and writes links and mentions its own way."""
    shown = re.sub(r"<(?:[@#!][^|>]*|[^|>]+)\|([^>]*)>", r"\1", text)
    shown = re.sub(r"<((?:https?|mailto):[^>]*)>", r"\1", shown)
    return re.sub(r"&(?:amp|lt|gt);", lambda found: _ESCAPES[found[0]], whole(shown)).strip()


def _edit(text: str) -> TypedEdit:
    """The fields of the earlier system's form, `세그먼트ID=141 내용=... 멤버=...`, in any order."""
    given: dict[str, str] = {}
    found = list(_FIELD.finditer(text))
    for place, field in enumerate(found):
        end = found[place + 1].start() if place + 1 < len(found) else len(text)
        given.setdefault(_NAMES[field[1].lower()], text[field.end() : end].strip().rstrip(",").strip())
    number = given.get("segment", "")
    names = given.get("people")
    return TypedEdit(
        int(number) if number.isascii() and number.isdigit() and len(number) <= 18 else None,
        given.get("caption") or None,
        None
        if names is None
        else tuple(name.strip() for name in re.split(r"[,\u3001\uff0c]", names) if name.strip()),
    )

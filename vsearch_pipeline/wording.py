"""The languages of the doors, and how numbers, dates and times are written in each."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, Literal, get_args

Language = Literal["ko", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
LANGUAGE_NAMES: Final[dict[Language, str]] = {"ko": "한국어", "en": "English"}

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=])")


def language_of(locale: str | None) -> Language:
    """The page's language for a browser's locale (`ko-KR`): Korean for Korean, else English."""
    return "ko" if (locale or "").lower().split("-")[0] == "ko" else "en"


def counted(one: str, many: str, count: int) -> str:
    """`1 moment`, `2 moments`, `1,200 moments`."""
    return one if count == 1 else many.format(count=f"{count:,}")


def day(moment: datetime, language: Language) -> str:
    """`26 Nov 2026`, `2026년 11월 26일`, in the moment's own time zone."""
    if language == "ko":
        return f"{moment.year}년 {moment.month}월 {moment.day}일"
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def day_and_time(moment: datetime, language: Language) -> str:
    """`26 Nov 2026, 14:05`, `2026년 11월 26일 14:05`."""
    comma = "" if language == "ko" else ","
    return f"{day(moment, language)}{comma} {moment:%H:%M}"


def as_markdown(text: str) -> str:
    """Text of people and files for a place that reads Markdown: shown as it is, never read as markup."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))

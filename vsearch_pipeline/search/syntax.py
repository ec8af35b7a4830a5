"""The syntax of typed queries: quotes, filters, and the words that join or deny names, with their places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.language.tokens import fold

Key = Literal["person", "object", "video", "after", "before", "is", "longer", "shorter", "words"]
Joiner = Literal["", "and", "or"]

KEYS: Final[dict[str, Key]] = {
    **dict.fromkeys(("person", "인물", "사람"), "person"),
    **dict.fromkeys(("object", "사물", "물체"), "object"),
    **dict.fromkeys(("video", "영상", "비디오"), "video"),
    **dict.fromkeys(("after", "이후"), "after"),
    **dict.fromkeys(("before", "이전"), "before"),
    **dict.fromkeys(("is", "상태"), "is"),
    **dict.fromkeys(("longer", "길이이상", "최소길이"), "longer"),
    **dict.fromkeys(("shorter", "길이이하", "최대길이"), "shorter"),
    **dict.fromkeys(("words", "단어"), "words"),
}
"""What may stand before the colon of a filter, folded."""

STATES: Final = {
    **dict.fromkeys(("edited", "수정됨", "편집됨"), "edited"),
    **dict.fromkeys(("untranslated", "미번역"), "untranslated"),
}
"""What `is:` may say, folded."""

MAX_TIME_MS: Final = 1000 * 3600 * 1000
"""The longest length and the latest place in a video that a filter may name: a thousand hours."""

_SHOWN_CHARS: Final = 40
_STRAIGHT: Final = '"“”„＂'
_CORNERS: Final = {"「": "」", "『": "』", "«": "»"}
_CLOSING: Final = {
    '"': re.compile(f"[{_STRAIGHT}]"),
    **{opening: re.compile(closing) for opening, closing in _CORNERS.items()},
}
_FILTER: Final = re.compile(
    rf"(?P<minus>[-−－]?)(?P<key>{'|'.join(sorted(KEYS, key=len, reverse=True))})[:：](?=[^\s,])", re.IGNORECASE
)
_PLAIN_VALUE: Final = re.compile(rf"[^\s,{_STRAIGHT}{''.join(_CORNERS)}{''.join(_CORNERS.values())}]+")
_BARE: Final = re.compile(r"[^\s,]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch `[start, end)` of a query: plain text, something quoted, or a filter with its values."""

    kind: Literal["text", "phrase", "filter"]
    start: int
    end: int
    key: Key | None = None
    values: tuple[str, ...] = ()
    negated: bool = False


def lex(text: str) -> tuple[Piece, ...]:
    """The pieces of a query in order, which cover all of it.

    A filter is a known key, a colon and values without a space: bare or quoted, several with commas between. It
    begins where a word does or another piece ends. So does a quote, which needs its other half. What is not well
    formed is plain text.
    """
    pieces: list[Piece] = []
    plain = position = 0
    while position < len(text):
        after_piece = bool(pieces) and position == pieces[-1].end
        piece = _piece_at(text, position) if after_piece or _may_start(text, position) else None
        if piece is None:
            position += 1
            continue
        if plain < position:
            pieces.append(Piece("text", plain, position))
        pieces.append(piece)
        plain = position = piece.end
    if plain < len(text):
        pieces.append(Piece("text", plain, len(text)))
    return tuple(pieces)


def hides_piece(text: str, position: int) -> bool:
    """Whether a filter or phrase would begin at `position` if a word began there."""
    return 0 < position < len(text) and not _may_start(text, position) and _piece_at(text, position) is not None


def shortened(value: str) -> str:
    """`value` as a sentence about it shows it."""
    return value if len(value) <= _SHOWN_CHARS else value[: _SHOWN_CHARS - 1] + "…"


def as_value(value: str, loose: str = "") -> str | None:
    """`value` written so that `lex` reads it back after the colon of a filter, in quotes where it needs them.

    Args:
        value: a value without white space at its ends.
        loose: plain text around, whose lone quotes must not find their other half in the value's.

    Returns:
        None where every kind of quotes is taken, or the value ends one of `loose`.
    """
    if _PLAIN_VALUE.fullmatch(value):
        return value
    halves = [(_STRAIGHT, _STRAIGHT), *_CORNERS.items()]
    if any(set(opening) & set(loose) and set(closing) & set(value) for opening, closing in halves):
        return None
    taken = value + loose
    if not any(mark in taken for mark in _STRAIGHT):
        return f'"{value}"'
    return next((f"{a}{value}{b}" for a, b in _CORNERS.items() if a not in loose and b not in taken), None)


def _may_start(text: str, position: int) -> bool:
    before = text[position - 1 : position]
    return not before or before.isspace() or before in "(," or text[position] in _CORNERS


def _piece_at(text: str, position: int) -> Piece | None:
    negated = text[position] in "-−－"
    if phrase := _quoted_at(text, position + negated):
        value, end = phrase
        return Piece("phrase", position, end, values=(value,), negated=negated)
    found = _FILTER.match(text, position)
    if found is None:
        return None
    values: list[str] = []
    end = found.end()
    while True:
        if phrase := _quoted_at(text, end):
            value, end = phrase
        elif bare := _BARE.match(text, end):
            value, end = bare[0].strip(_STRAIGHT), bare.end()
        else:
            break
        values.append(value.strip())
        if text[end : end + 1] != ",":
            break
        end += 1
    values = [value for value in values if fold(value).strip()]
    if not values:
        return None
    key = KEYS[fold(found["key"])]
    return Piece("filter", position, end, key, tuple(dict.fromkeys(values)), bool(found["minus"]))


def _quoted_at(text: str, position: int) -> tuple[str, int] | None:
    """What is quoted from `position` on, and where it ends; None where nothing is, or nothing of letters."""
    mark = text[position : position + 1]
    if not mark or (mark not in _STRAIGHT and mark not in _CORNERS):
        return None
    closing = _CLOSING.get(mark, _CLOSING['"']).search(text, position + 1)
    if closing is None or not re.search(r"[^\W_]", fold(text[position + 1 : closing.start()])):
        return None
    return text[position + 1 : closing.start()], closing.end()


# --- values of filters ---

_DATE: Final = re.compile(r"(\d{4})(?:[-./년](\d{1,2})(?:[-./월](\d{1,2})일?|월)?|년|(\d{2})(\d{2}))?\.?")
_CLOCK: Final = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2}(?:\.\d{1,3})?)")
_LENGTH: Final = re.compile(
    r"(?:(?P<h>\d{1,6}(?:\.\d{1,6})?)(?:h|시간))?"
    r"(?:(?P<m>\d{1,6}(?:\.\d{1,6})?)(?:min|m|분))?"
    r"(?:(?P<s>\d{1,9}(?:\.\d{1,6})?)(?:sec|s|초))?"
    r"(?:(?P<ms>\d{1,12})ms)?"
)
_SECONDS: Final = re.compile(r"\d{1,9}(?:\.\d{1,6})?")


def day_or_place(key: str, value: str) -> date | int:
    """What `after:` or `before:` asks for: a day, or a place in the video in ms.

    Raises:
        InputError: the value is neither.
    """
    folded = fold(value).strip()
    if found := _DATE.fullmatch(folded):
        year, month, day, short_month, short_day = found.groups()
        try:
            return date(int(year), int(month or short_month or 1), int(day or short_day or 1))
        except ValueError:
            raise InputError(
                f"{key}:{shortened(value)} is not a day of the calendar: write it like {key}:2026-01-31."
            ) from None
    place = _clock(folded)
    if place is None and re.search("[a-z초분시]", folded):
        place = _units(folded)
    if place is None or place > MAX_TIME_MS:
        raise InputError(
            f"{key}:{shortened(value)} is neither a day nor a place in the video: write {key}:2026-01-31 for the "
            f"day a video was added, or {key}:1:30 for one minute thirty into the video."
        )
    return place


def length_ms(key: str, value: str) -> int:
    """A length in ms: seconds without a unit, or 500ms, 5s, 1m30s, 1:30, 5초.

    Raises:
        InputError: the value is not a length.
    """
    folded = fold(value).strip()
    length = round(float(folded) * 1000) if _SECONDS.fullmatch(folded) else _clock(folded)
    if length is None:
        length = _units(folded)
    if length is None or length > MAX_TIME_MS:
        raise InputError(f"{key}:{shortened(value)} is not a length: write {key}:2.5, {key}:5s or {key}:1m.")
    return length


def _clock(value: str) -> int | None:
    found = _CLOCK.fullmatch(value)
    if found is None or float(found[3]) >= 60 or (found[1] is not None and int(found[2]) >= 60):
        return None
    return int(found[1] or 0) * 3_600_000 + int(found[2]) * 60_000 + round(float(found[3]) * 1000)


def _units(value: str) -> int | None:
    found = _LENGTH.fullmatch(value)
    if found is None or not value:
        return None
    h, m, s, ms = (float(found[unit] or 0) for unit in ("h", "m", "s", "ms"))
    return round(h * 3_600_000 + m * 60_000 + s * 1000 + ms)


# --- words between and around names, in folded text ---

_AND: Final = r"and|with|plus|그리고|같이|함께|이랑|랑|하고|와|과|및|x|×|♥|❤|&|\+|,|;|·"
_OR: Final = r"or|또는|혹은|아니면|이나|나|\||/"
_GAP: Final = re.compile(rf"\s*(?:(?P<and>(?:{_AND})(?:\s*(?:{_AND}))*)|(?P<or>(?:,\s*)?(?:{_OR})))\s*")
_DENIED_AFTER: Final = re.compile(
    r"\s*(?:말고|말구|빼고|빼구|뺀|제외하고|제외한|제외|없이|없는|없고|아닌|아니고"
    r"|안\s?(?:나오는|나온|나와|보이는)|(?:나오|보이)지\s?않는)(?:는|요)?"
)
_DENIED_BEFORE: Final = re.compile(
    r"(?<!\w)(?:(?:and|but)\s+)?(?:not|without|except(?:\s+for)?|excluding|minus|no|w/o)\s+(?:with\s+)?$"
)
_MINUS: Final = re.compile(r"(?:^|(?<=[\s(,]))[-−]$")
_DANGLING_AFTER: Final = re.compile(
    r"\s*(?:,|;|&|\+)|\s*(?:and(?=\s+\w)|together|그리고|같이|함께|둘\s?다|둘이서?|셋이서?)(?!\w)"
    r"|\s+(?:씨|님|언니|누나|오빠|선배님|선배|이랑|랑|하고|와|과|은|는|이|가|을|를|의|도|한테|에게)(?:은|는|이|가|을|를|의|도|랑)?(?!\w)"
)
_DANGLING_BEFORE: Final = re.compile(r"(?:(?<!\w)(?:and|with|but|plus|그리고|및)\s+|[,;&+]\s*)$")
_OR_WITH_WORDS: Final = re.compile(r"\s+(?:or|또는|혹은|아니면)\s+(?=\w)")
_WORDS_OR: Final = re.compile(r"(?<=\w)\s+(?:or|또는|혹은|아니면)\s+$")
_LOOK_BACK: Final = 40


def joiner(gap: str) -> Joiner | None:
    """How the text between two names joins them: "" where it is empty, None where it says more."""
    if not gap or gap.isspace():
        return ""
    found = _GAP.fullmatch(gap)
    return None if found is None else "or" if found["or"] else "and"


def denied_after(text: str, position: int) -> int | None:
    """Where the words end that deny the name before `position` (`말고`, `없는`); None where there are none."""
    found = _DENIED_AFTER.match(text, position)
    return found.end() if found else None


def denied_before(text: str, position: int) -> int | None:
    """Where the words begin that deny the name at `position` (`without`, `-`); None where there are none."""
    start = max(0, position - _LOOK_BACK)
    before = text[start:position]
    found = _MINUS.search(before) or _DENIED_BEFORE.search(before)
    return start + found.start() if found else None


def dangling_after(text: str, position: int) -> int:
    """Where the joining words and loose particles end that follow a name which ends at `position`."""
    while found := _DANGLING_AFTER.match(text, position):
        position = found.end()
    return position


def dangling_before(text: str, position: int) -> int:
    """Where the joining words begin that lead to a name at `position`."""
    start = max(0, position - _LOOK_BACK)
    while found := _DANGLING_BEFORE.search(text[start:position]):
        position = start + found.start()
    return position


def or_with_words(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The name at `[start, end)` with the "or" on its side, where the other side is no name; else None."""
    if found := _OR_WITH_WORDS.match(text, end):
        return start, found.end()
    place = max(0, start - _LOOK_BACK)
    before = _WORDS_OR.search(text[place:start])
    return (place + before.start(), end) if before else None

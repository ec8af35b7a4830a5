"""Subtitles of what is said or seen: cues that can be read, written as SRT, WebVTT or ASS.

The limits follow Netflix's Timed Text Style Guide: two lines of 42 characters, or of 16 where there is Korean,
Chinese or Japanese (a Latin letter, a mark or a space counts half there), up to 7 seconds, two frames apart. The
shortest cue is a round second (Netflix: 5/6), and cues stay for as long as 20 characters a second take to read,
where the next one leaves room.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal, get_args

from vsearch_pipeline.catalog.speech import SpokenUtterance
from vsearch_pipeline.export.text import one_line, shortened
from vsearch_pipeline.timeline import TimeRange

SubtitleFormat = Literal["srt", "vtt", "ass"]
SUBTITLE_FORMATS: Final[tuple[SubtitleFormat, ...]] = get_args(SubtitleFormat)

MAX_LINES: Final = 2
LINE_CELLS: Final = 42
WIDE_LINE_CELLS: Final = 32
"""For lines with wide characters, which take two cells each: 16 of them."""
MIN_MS: Final = 1000
MAX_MS: Final = 7000
MIN_GAP_MS: Final = 80
"""Two frames at 25 a second."""
CELLS_A_SECOND: Final = 20
SHORTEST_PART_MS: Final = 200
"""Parts of a long caption stand at least so long; what then has no room is left out, with `…` in its place."""
LONGEST_PAUSE_MS: Final = 1500
"""No cue goes on over a longer one: what is said next must not be read before it is heard."""

_SENTENCE_ENDS: Final = ".?!…。？！"
_CLAUSE_ENDS: Final = ",;:，、；：—–"
_CLOSING: Final = "\"'”’»)]』」"

# Costs of cutting the words into cues; only their order matters. A cut in the middle of a phrase is worse than one
# cue more, a second sentence in a cue is a little worse than a cue of its own, a cue nobody can read is the worst.
_CUE: Final = 10.0
_SECOND_SENTENCE: Final = 12.0
_CUT_AT_CLAUSE: Final = 4.0
_CUT_AT_PAUSE: Final = 4.0
_CUT_IN_PHRASE: Final = 14.0
_TOO_SHORT: Final = 30.0
_SHORT: Final = 8.0
_FULLNESS: Final = 4.0
_PAUSE_MS: Final = 300
_SHORT_MS: Final = 1500


@dataclass(frozen=True, slots=True)
class Cue:
    """One or two lines that stand on screen during `[start_ms, end_ms)`."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def moved(self, by_ms: int) -> Cue:
        """The same on a clock that is `by_ms` ahead."""
        return Cue(self.start_ms + by_ms, self.end_ms + by_ms, self.lines)


def width(text: str) -> int:
    """Cells that a text takes: two for a wide character (Hangul, Han, kana), one for any other."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def line_cells(text: str) -> int:
    """Cells that a line of this text may take."""
    return LINE_CELLS if width(text) == len(text) else WIDE_LINE_CELLS


def make_cues(utterances: Sequence[SpokenUtterance]) -> list[Cue]:
    """Cut what is said into cues: at the ends of sentences, then at commas and pauses.

    No cue has two languages. Every word is in one cue, in order; a word longer than a line is broken. Cues follow
    each other without overlap; where people speak faster than can be shown for `MIN_MS`, a cue waits until the one
    before was read.
    """
    pieces = [
        piece
        for utterance in sorted(utterances, key=lambda u: u.start_ms)
        for word in _spaced(utterance)
        for piece in _within_a_line(word)
    ]
    groups = _grouped(pieces)
    starts: list[int] = []
    for group in groups:
        earliest = starts[-1] + MIN_MS + MIN_GAP_MS if starts else 0
        starts.append(max(group[0].start_ms, earliest))
    cues = []
    for number, (group, start) in enumerate(zip(groups, starts, strict=True)):
        lines = _lines(group)
        reading_ms = sum(map(width, lines)) * 1000 // CELLS_A_SECOND
        end = max(group[-1].end_ms, start + max(MIN_MS, reading_ms))
        latest = starts[number + 1] - MIN_GAP_MS if number + 1 < len(starts) else end
        cues.append(Cue(start, min(end, latest, start + MAX_MS), lines))
    return cues


def caption_cues(captions: Sequence[tuple[TimeRange, str]]) -> list[Cue]:
    """Captions as cues that stand for the whole range, a long one in parts that share it by their length."""
    cues = []
    for span, caption in captions:
        pieces = _caption_pieces(one_line(caption))
        if not pieces:
            continue
        groups = _filled(pieces)
        most = max(1, span.duration_ms // SHORTEST_PART_MS)
        lines = [_lines(group) for group in groups[:most]]
        if len(groups) > most:
            *upper, last = lines[-1]
            lines[-1] = (*upper, shortened(last + "…", max(1, len(last))))
        shares = [sum(map(width, each)) or 1 for each in lines]
        edges = [span.start_ms + span.duration_ms * sum(shares[:i]) // sum(shares) for i in range(len(shares) + 1)]
        cues += [Cue(a, b, each) for a, b, each in zip(edges, edges[1:], lines, strict=False)]
    return cues


def _caption_pieces(caption: str) -> list[_Piece]:
    words = [_Piece(" ", word, 0, 0, "", ends_phrase=False) for word in caption.split()]
    return [piece for word in words for piece in _within_a_line(word)]


def _filled(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """As many pieces in each group as two lines hold."""
    limit = line_cells(_joined(pieces))
    groups: list[list[_Piece]] = []
    lines = _Filling(limit)
    for piece in pieces:
        lines.add(piece)
        if not groups or not lines.fit:
            groups.append([])
            lines = _Filling(limit)
            lines.add(piece)
        groups[-1].append(piece)
    return groups


def spoken_within(utterances: Sequence[SpokenUtterance], span: TimeRange, at_ms: int) -> list[SpokenUtterance]:
    """What is said in a range, on a clock on which the range begins at `at_ms`.

    A word belongs to the range that has its middle; times outside of the range are moved to its edges.
    """

    def moved(time_ms: int) -> int:
        return min(max(time_ms, span.start_ms), span.end_ms) - span.start_ms + at_ms

    found = []
    for utterance in utterances:
        words = [word for word in utterance.words if word.middle_ms in span]
        if words:
            placed = tuple(replace(w, start_ms=moved(w.start_ms), end_ms=moved(w.end_ms)) for w in words)
            ends = placed[0].start_ms, placed[-1].end_ms
            found.append(SpokenUtterance(*ends, utterance.text, utterance.language, placed))
    return found


def write_subtitles(cues: Sequence[Cue], subtitle_format: SubtitleFormat) -> str:
    """The cues as a file's text; what looks like markup in what was said stays text."""
    import pysubs2

    subtitles = pysubs2.SSAFile()
    for cue in cues:
        text = r"\N".join(_plain(line, subtitle_format) for line in cue.lines)
        subtitles.append(pysubs2.SSAEvent(start=cue.start_ms, end=cue.end_ms, text=text))
    return subtitles.to_string(subtitle_format)


def _plain(line: str, subtitle_format: SubtitleFormat) -> str:
    """Without what pysubs2 or a player reads as a command: `{...}`, `\\N`, `<i>`."""
    line = line.replace("{", "(").replace("}", ")").replace("\\", "/")
    if subtitle_format == "vtt":
        return html.escape(line, quote=False)
    return line.replace("<", "‹").replace(">", "›") if subtitle_format == "srt" else line


@dataclass(frozen=True)
class _Piece:
    """A word, or a part of one that is longer than a line; `space` stands in front of it."""

    space: str
    text: str
    start_ms: int
    end_ms: int
    language: str
    ends_phrase: bool

    @cached_property
    def cells(self) -> int:
        return width(self.text)

    @cached_property
    def wide(self) -> bool:
        return self.cells > len(self.text)

    @cached_property
    def ends_sentence(self) -> bool:
        return self.text.rstrip(_CLOSING).endswith(tuple(_SENTENCE_ENDS))

    @cached_property
    def ends_clause(self) -> bool:
        return self.text.rstrip(_CLOSING).endswith(tuple(_CLAUSE_ENDS))


def _spaced(utterance: SpokenUtterance) -> Iterator[_Piece]:
    """The words with the spaces that the utterance's text has between them: none in Chinese and Japanese."""
    words = [word for word in utterance.words if word.text.split()]
    at = 0
    for number, word in enumerate(words):
        found = utterance.text.find(word.text, at)
        space = (
            " " if found < 0 or number == 0 or utterance.text[at:found].strip() != utterance.text[at:found] else ""
        )
        at = found + len(word.text) if found >= 0 else at
        text = " ".join(word.text.split())
        yield _Piece(space, text, word.start_ms, word.end_ms, utterance.language, number == len(words) - 1)


def _within_a_line(word: _Piece) -> list[_Piece]:
    """The word, or parts of it that fit on a line, each with its share of the time."""
    limit = line_cells(word.text)
    if width(word.text) <= limit:
        return [word]
    parts = [""]
    for character in word.text:
        if width(parts[-1] + character) > limit:
            parts.append("")
        parts[-1] += character
    duration = word.end_ms - word.start_ms
    edges = [word.start_ms + duration * i // len(parts) for i in range(len(parts) + 1)]
    last = len(parts) - 1
    return [
        replace(
            word,
            space=word.space if i == 0 else "",
            text=part.strip(),
            start_ms=edges[i],
            end_ms=edges[i + 1],
            ends_phrase=word.ends_phrase and i == last,
        )
        for i, part in enumerate(parts)
    ]


def _grouped(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """The cheapest cut into cues, by dynamic programming over the cuts."""
    cost = [0.0] + [float("inf")] * len(pieces)
    cut_before = [0] * (len(pieces) + 1)
    for first in range(len(pieces)):
        for end, own in _possible_cues(pieces, first):
            if cost[first] + own < cost[end]:
                cost[end] = cost[first] + own
                cut_before[end] = first
    groups: list[list[_Piece]] = []
    end = len(pieces)
    while end:
        groups.append(list(pieces[cut_before[end] : end]))
        end = cut_before[end]
    return groups[::-1]


def _possible_cues(pieces: Sequence[_Piece], first: int) -> Iterator[tuple[int, float]]:
    """Every end of a cue that begins with piece `first`, with what that cue costs."""
    lines = _Filling(LINE_CELLS)
    sentences = 0
    for last in range(first, len(pieces)):
        piece = pieces[last]
        if last > first:
            before = pieces[last - 1]
            sentences += before.ends_sentence
            too_long = piece.end_ms - pieces[first].start_ms > MAX_MS
            if too_long or piece.start_ms - before.end_ms > LONGEST_PAUSE_MS or piece.language != before.language:
                return
        if piece.wide and lines.limit == LINE_CELLS:
            lines = _Filling(WIDE_LINE_CELLS)
            for earlier in pieces[first:last]:
                lines.add(earlier)
        lines.add(piece)
        if last > first and not lines.fit:
            return
        following = pieces[last + 1] if last + 1 < len(pieces) else None
        fullness = lines.cells / (MAX_LINES * lines.limit)
        yield (
            last + 1,
            _CUE
            + _SECOND_SENTENCE * sentences
            + _FULLNESS * fullness**2
            + _cost_of_cut(piece, following)
            + _cost_of_haste(pieces[first], following),
        )


def _cost_of_cut(piece: _Piece, following: _Piece | None) -> float:
    if following is None or piece.ends_sentence:
        return 0.0
    if piece.ends_clause:
        return _CUT_AT_CLAUSE
    if piece.ends_phrase or following.start_ms - piece.end_ms >= _PAUSE_MS:
        return _CUT_AT_PAUSE
    return _CUT_IN_PHRASE


def _cost_of_haste(first: _Piece, following: _Piece | None) -> float:
    """Of the next cue's coming too early for this one to be read."""
    room_ms = following.start_ms - first.start_ms - MIN_GAP_MS if following else MAX_MS
    return _TOO_SHORT if room_ms < MIN_MS else _SHORT if room_ms < _SHORT_MS else 0.0


class _Filling:
    """Lines of at most `limit` cells that are filled with pieces, one after the other."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.cells = 0
        self._lines = 1
        self._used = 0
        self._broad = False

    @property
    def fit(self) -> bool:
        return self._lines <= MAX_LINES and not self._broad

    def add(self, piece: _Piece) -> None:
        gap = len(piece.space) if self._used else 0
        if self._used and self._used + gap + piece.cells > self.limit:
            self._lines += 1
            self._used = piece.cells
        else:
            self._used += gap + piece.cells
        self.cells += gap + piece.cells
        self._broad = self._broad or piece.cells > self.limit


def _joined(pieces: Sequence[_Piece]) -> str:
    return "".join((piece.space if i else "") + piece.text for i, piece in enumerate(pieces))


def _lines(pieces: Sequence[_Piece]) -> tuple[str, ...]:
    """One line where it is enough, else two of like length, rather parted after a mark, the lower one longer."""
    whole = _joined(pieces)
    limit = line_cells(whole)
    if width(whole) <= limit or len(pieces) == 1:
        return (whole,)

    def unevenness(cut: int) -> tuple[bool, float]:
        upper, lower = width(_joined(pieces[:cut])), width(_joined(pieces[cut:]))
        marked = pieces[cut - 1].ends_sentence or pieces[cut - 1].ends_clause
        top_heavy = limit / 12 if upper > lower else 0
        return max(upper, lower) > limit, abs(upper - lower) + top_heavy - (limit / 3 if marked else 0)

    cut = min(range(1, len(pieces)), key=unevenness)
    return _joined(pieces[:cut]), _joined(pieces[cut:])

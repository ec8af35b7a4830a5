"""Captions from subtitles: what each cue says becomes what a person says of a segment."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import Connection

from vsearch_pipeline.catalog.counters import take_numbers
from vsearch_pipeline.catalog.segments import Language, SegmentRecord, read_segments
from vsearch_pipeline.catalog.videos import VideoRecord, get_video
from vsearch_pipeline.editing.description import describer
from vsearch_pipeline.editing.fit import SHORTEST_MS
from vsearch_pipeline.editing.segments import MOST_SEGMENTS, clean_caption
from vsearch_pipeline.editing.transaction import Draft, Edit, Editor
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.language.tokens import has_hangul
from vsearch_pipeline.timeline import TimeRange, clock

By = Literal["overlap", "new"]
KIND: Final = "import.captions"
_FORMATS: Final = {".srt": "srt", ".vtt": "vtt"}


@dataclass(frozen=True, slots=True)
class Cue:
    """A text with its time on the video's own clock; without markup, in one line."""

    span: TimeRange
    text: str

    def __str__(self) -> str:
        return f"{self.span} {self.text!r}"


@dataclass(frozen=True, slots=True)
class ImportedCaptions:
    """What became of the cues of a file.

    Attributes:
        captions: how many segments got a caption that they did not have.
        replaced: how many of these had another one that a person wrote.
        left_out: cues that became none, each with the reason.
    """

    video_id: str
    title: str
    language: Language
    captions: int
    replaced: int
    operation: int | None
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CueFile:
    """Cues in order of time, and what of the file is none."""

    cues: tuple[Cue, ...]
    left_out: tuple[str, ...] = ()

    @property
    def language(self) -> Language:
        """Korean where half of the cues have Hangul, else English."""
        korean = sum(has_hangul(cue.text) for cue in self.cues)
        return "ko" if 2 * korean >= len(self.cues) else "en"


def read_cues(path: Path) -> CueFile:
    """The cues of an SRT or WebVTT file.

    Raises:
        InputError: it cannot be read, is of another kind, or has no cues.
    """
    import pysubs2

    if path.suffix.lower() not in _FORMATS:
        raise InputError(f"{path.name}: give subtitles whose name ends in .srt or .vtt.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: it cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}: it is not in UTF-8: save it in that encoding.") from error
    try:
        events = pysubs2.SSAFile.from_string(text, format_=_FORMATS[path.suffix.lower()])
    except (pysubs2.Pysubs2Error, ValueError) as error:
        raise InputError(f"{path.name}: its cues cannot be read ({error}).") from error
    cues, left = [], []
    for event in events:
        said = " ".join(html.unescape(event.plaintext).split())
        if event.is_comment or not said:
            continue
        if event.start < 0 or event.end <= event.start:
            left.append(f"{clock(max(event.start, 0))} {said!r}: it ends before it begins")
        else:
            cues.append(Cue(TimeRange(event.start, event.end), said))
    if not cues:
        raise InputError(f"{path.name}: it has no cues that could be captions.")
    if len(cues) > MOST_SEGMENTS:
        raise InputError(
            f"{path.name}: it has {len(cues):,} cues; {MOST_SEGMENTS:,} at most can be imported at once."
        )
    return CueFile(tuple(sorted(cues, key=lambda cue: cue.span)), tuple(left))


def import_captions(
    editor: Editor, video_id: str, path: Path, *, language: Language | None = None, by: By = "overlap"
) -> ImportedCaptions:
    """Make the cues of a file captions of a video, in one operation. A caption that a person wrote gives way.

    Args:
        language: guessed from the letters where None.
        by: `overlap` gives each cue to the segment that it shares most time with, and joins those of one segment;
            `new` makes a segment of each.

    Raises:
        InputError: the file cannot be used, or a caption would be too long; nothing was changed.
        NotFoundError: there is no such video.
    """
    file = read_cues(path)
    spoken = language or file.language

    def work(edit: Edit) -> ImportedCaptions:
        video = get_video(edit.connection, video_id)
        here = read_segments(edit.connection, video_id=video_id)
        plan = (_new if by == "new" else _overlapping)(file.cues, video, here)
        field = f"caption_{spoken}"
        known = {segment.id: segment for segment in here}
        after: dict[str, dict[str, Any]] = {}
        replaced = 0
        for number, text in plan.captions.items():
            written = _clean(text, spoken, f"segment {number}")
            layers = known[number].layers
            mine, seen = (layers.human_en, layers.auto_en) if spoken == "en" else (layers.human_ko, layers.auto_ko)
            if written != mine:
                after[str(number)] = {field: [written, seen]}
                replaced += mine is not None
        where = _made(edit.connection, video, plan.new, spoken, after)
        about = {"file": path.name, "language": spoken}
        done = edit.apply(Draft(KIND, {"segment": after}, about=about, where=where))
        left = (*file.left_out, *plan.left_out)
        return ImportedCaptions(video.id, video.title, spoken, len(after), replaced, done.operation, left)

    return editor.run(work, videos=lambda _: [video_id])


@dataclass(frozen=True, slots=True)
class _Plan:
    """Captions by segment, cues that become segments, and cues that become nothing."""

    captions: Mapping[int, str]
    new: Sequence[Cue]
    left_out: Sequence[str]


def _overlapping(cues: Sequence[Cue], video: VideoRecord, here: Sequence[SegmentRecord]) -> _Plan:
    texts: dict[int, list[str]] = {}
    left = []
    for cue in cues:
        best = max(here, key=lambda s: (s.span.overlap_ms(cue.span), -s.span.start_ms), default=None)
        if best is None or not best.span.overlap_ms(cue.span):
            left.append(f"{cue}: {_where_not(cue, video) or 'no segment lies there'}")
        elif best.locked:
            left.append(f"{cue}: segment {best.id} is locked")
        else:
            texts.setdefault(best.id, []).append(cue.text)
    return _Plan({number: " ".join(dict.fromkeys(said)) for number, said in texts.items()}, (), left)


def _new(cues: Sequence[Cue], video: VideoRecord, here: Sequence[SegmentRecord]) -> _Plan:
    captions: dict[int, str] = {}
    new, left = [], []
    owned = [segment for segment in here if segment.touched]
    for cue in _apart(cues, video):
        over = [segment for segment in owned if segment.span.overlap_ms(cue.span)]
        same = next((segment for segment in over if segment.span == cue.span), None)
        if outside := _where_not(cue, video):
            left.append(f"{cue}: {outside}")
        elif same is not None and not same.locked:
            captions[same.id] = cue.text
        elif over and not video.overlapping:
            left.append(f"{cue}: segment {over[0].id} lies there, which people edited")
        elif cue.span.duration_ms < SHORTEST_MS:
            left.append(f"{cue}: it is shorter than {SHORTEST_MS} ms")
        else:
            new.append(cue)
    return _Plan(captions, new, left)


def _apart(cues: Sequence[Cue], video: VideoRecord) -> Iterable[Cue]:
    """Cues that can be segments beside one another: those of one time joined, each ending where the next begins,
    or its video ends."""
    texts: dict[int, list[Cue]] = {}
    for cue in cues:
        texts.setdefault(cue.span.start_ms, []).append(cue)
    starts = [*texts, None]
    for start, following in pairwise(starts):
        together = texts[start or 0]
        ends = [max(cue.span.end_ms for cue in together)]
        ends += [following] if following is not None and not video.overlapping else []
        ends += [video.duration_ms] if video.duration_ms and video.duration_ms > (start or 0) else []
        yield replace(
            together[0],
            span=TimeRange(start or 0, min(ends)),
            text=" ".join(dict.fromkeys(cue.text for cue in together)),
        )


def _where_not(cue: Cue, video: VideoRecord) -> str | None:
    if video.duration_ms is not None and cue.span.start_ms >= video.duration_ms:
        return f"the video is {clock(video.duration_ms)} long"
    return None


def _made(
    connection: Connection,
    video: VideoRecord,
    cues: Sequence[Cue],
    language: Language,
    after: dict[str, dict[str, Any]],
) -> dict[int, tuple[str, TimeRange]]:
    """Add the fields of new segments; returns where each lies."""
    if not cues:
        return {}
    describe = describer(connection, video, TimeRange(cues[0].span.start_ms, max(cue.span.end_ms for cue in cues)))
    where = {}
    for number, cue in zip(take_numbers(connection, "segment", len(cues)), cues, strict=True):
        auto = describe(cue.span)
        seen = auto.caption(language)
        after[str(number)] = {
            "created": True,
            "range": [cue.span.start_ms, cue.span.end_ms],
            f"caption_{language}": [_clean(cue.text, language, str(cue.span)), seen],
        }
        where[number] = (video.id, cue.span)
    return where


def _clean(text: str, language: Language, where: str) -> str:
    try:
        return clean_caption(text, language)
    except InputError as error:
        raise InputError(f"{where}: {error} Nothing was imported.") from error

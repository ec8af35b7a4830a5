"""The form in which a moment is corrected, and what was filled in. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.segments import LANGUAGES, SegmentRecord
from vsearch_pipeline.catalog.segments import Language as CaptionLanguage
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.messages import short_span
from vsearch_pipeline.slack.pictures import image_block
from vsearch_pipeline.slack.texts import TEXTS, SlackTexts
from vsearch_pipeline.slack.writing import (
    OPTION,
    TITLE,
    escaped,
    folded,
    link,
    moment_link,
    plain,
    plain_text,
    section,
    whole,
)
from vsearch_pipeline.timeline import clock, parse_time
from vsearch_pipeline.wording import Language

CALLBACK: Final = "edit"
PEOPLE: Final = "people"
LONGEST_CAPTION: Final = 3000
"""What a text input of Slack holds; a longer caption is edited on the page."""
MOST_PEOPLE: Final = 50
_HINT: Final = 150
_OPTIONS: Final = 50
"""An answer over the socket must stay below 64 KiB, and a Korean letter takes six bytes of it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a form was opened with: by it is told what somebody changed in it.

    Attributes:
        seen: version of the segment.
        marks: a digest of each caption that was there.
        response_url: where the answer goes that only who asked sees.
    """

    segment: int
    seen: int
    marks: Mapping[str, str]
    people: tuple[int, ...]
    start_ms: int
    end_ms: int
    channel: str
    response_url: str

    @staticmethod
    def of(segment: SegmentRecord, channel: str, response_url: str) -> Origin:
        return Origin(
            segment.id,
            segment.version,
            {language: _digest(segment.caption(language)) for language in LANGUAGES},
            tuple(person.id for person in segment.people[:MOST_PEOPLE]),
            segment.span.start_ms,
            segment.span.end_ms,
            channel,
            response_url,
        )

    def dumped(self) -> str:
        fields = [
            *(self.segment, self.seen, dict(self.marks), self.people),
            *(self.start_ms, self.end_ms, self.channel, self.response_url),
        ]
        return json.dumps(fields, separators=(",", ":"))

    @staticmethod
    def read(text: str) -> Origin:
        segment, seen, marks, people, start_ms, end_ms, channel, response_url = json.loads(text)
        return Origin(segment, seen, marks, tuple(people), start_ms, end_ms, channel, response_url)


@dataclass(frozen=True, slots=True)
class Filled:
    """What somebody left in the form.

    Attributes:
        captions: None where a field is empty; without those that the form did not have.
    """

    captions: Mapping[CaptionLanguage, str | None]
    people: tuple[int, ...]
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What somebody changed, as `SegmentService.change` takes it."""

    captions: Mapping[CaptionLanguage, str | None]
    add: tuple[int, ...]
    remove: tuple[int, ...]
    start_ms: int | None
    end_ms: int | None

    @property
    def any(self) -> bool:
        moved = self.start_ms is not None or self.end_ms is not None
        return bool(self.captions or self.add or self.remove or moved)

    def what(self, texts: SlackTexts) -> str:
        """Names of the fields."""
        names = [texts.caption_ko] if "ko" in self.captions else []
        names += [texts.caption_en] if "en" in self.captions else []
        names += [texts.people] if self.add or self.remove else []
        names += [texts.start] if self.start_ms is not None else []
        names += [texts.end] if self.end_ms is not None else []
        return ", ".join(names)


class FormError(InputError):
    """Fields that cannot be used.

    Attributes:
        problems: what is wrong, by the field's block.
    """

    code = "form"

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


def edit_view(
    settings: Settings,
    segment: SegmentRecord,
    video: VideoRecord,
    language: Language,
    origin: Origin,
    *,
    picture: str | None = None,
    conflict: Sequence[str] = (),
    filled: Filled | None = None,
) -> dict[str, Any]:
    """The form, with the values that there are.

    Args:
        conflict: what is there now, line by line, where somebody else was faster: then it asks what is to stand.
        filled: what somebody wrote, in the place of what is there.
    """
    texts = TEXTS[language]
    head = f"*{link(moment_link(settings, segment.id, language), video.title, 100)}*  {short_span(segment.span)}"
    blocks: list[dict[str, Any]] = []
    if conflict:
        blocks.append(section(f":warning: {texts.conflict}"))
        blocks.append(section(f"*{texts.conflict_now}*\n" + "\n".join(conflict)))
        blocks.append({"type": "divider"})
    blocks.append(section(head))
    if picture:
        alt = texts.preview.format(title=video.title, span=short_span(segment.span))
        blocks.append(image_block(picture, alt))
    order: tuple[CaptionLanguage, ...] = ("ko", "en") if language == "ko" else ("en", "ko")
    blocks += [_caption(segment, each, texts, filled) for each in order]
    blocks.append(_people(segment, texts))
    span = segment.span
    times = (("start", texts.start, span.start_ms), ("end", texts.end, span.end_ms))
    for name, label, time_ms in times:
        blocks.append(
            _input(name, label, {"type": "plain_text_input", "initial_value": clock(time_ms)}, texts.time_hint)
        )
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain_text(texts.form_title, TITLE),
        "submit": plain_text(texts.conflict_save if conflict else texts.form_save, TITLE),
        "close": plain_text(texts.form_close, TITLE),
        "private_metadata": origin.dumped(),
        "blocks": blocks,
    }


def _caption(
    segment: SegmentRecord, language: CaptionLanguage, texts: SlackTexts, filled: Filled | None
) -> dict[str, Any]:
    label = texts.caption_ko if language == "ko" else texts.caption_en
    text = segment.caption(language) or ""
    if filled is not None and language in filled.captions:
        text = filled.captions[language] or ""
    text = whole(text)
    if len(text) > LONGEST_CAPTION:
        return section(texts.caption_long.format(label=f"*{label}*", text=escaped(text, 500)))
    model = segment.layers.auto_ko if language == "ko" else segment.layers.auto_en
    human = segment.layers.human(language)
    hint = texts.caption_model.format(text=model) if human is not None and model else texts.caption_hint
    element = {"type": "plain_text_input", "multiline": True, "max_length": LONGEST_CAPTION}
    if text:
        element["initial_value"] = text
    return {**_input(f"caption_{language}", label, element, hint), "optional": True}


def _people(segment: SegmentRecord, texts: SlackTexts) -> dict[str, Any]:
    element: dict[str, Any] = {
        "type": "multi_external_select",
        "min_query_length": 0,
        "placeholder": plain_text(texts.people_find, _HINT),
    }
    if segment.people:
        element["initial_options"] = [_option(p.id, p.shown, p.group) for p in segment.people[:MOST_PEOPLE]]
    return {**_input(PEOPLE, texts.people, element, texts.people_hint), "optional": True}


def _input(name: str, label: str, element: dict[str, Any], hint: str) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": name,
        "label": plain_text(label, 2000),
        "hint": plain_text(hint, 2 * _HINT),
        "element": {**element, "action_id": name},
    }


def _option(number: int, name: str, group: str | None) -> dict[str, Any]:
    return {"text": plain_text(f"{name} ({group})" if group else name, OPTION), "value": str(number)}


def people_options(people: Sequence[PersonRecord], typed: str) -> list[dict[str, Any]]:
    """Those whose names have what was typed, the beginnings first."""
    wanted = folded(typed)
    ranked = []
    for person in people:
        names = [folded(name) for name in (*person.names, str(person))]
        places = [name.find(wanted) for name in names if wanted in name]
        if places or not wanted:
            ranked.append((min(places, default=0) > 0, person.shown, person))
    ranked.sort(key=lambda each: each[:2])
    return [_option(person.id, person.shown, person.group) for _, _, person in ranked[:_OPTIONS]]


def filled_in(state: Mapping[str, Any], texts: SlackTexts) -> Filled:
    """What the form was sent with (`view.state.values`).

    Raises:
        FormError: a time is none, or the end is not after the start.
    """
    captions: dict[CaptionLanguage, str | None] = {}
    for language in LANGUAGES:
        name = f"caption_{language}"
        if name in state:
            captions[language] = (state[name][name].get("value") or "").strip() or None
    chosen = state.get(PEOPLE, {}).get(PEOPLE, {}).get("selected_options") or []
    problems = {}
    times = {}
    for name in ("start", "end"):
        try:
            times[name] = parse_time(str(state[name][name].get("value") or ""))
        except InputError:
            problems[name] = texts.time_wrong
    if not problems and times["start"] >= times["end"]:
        problems["end"] = texts.time_order
    if problems:
        raise FormError(problems)
    return Filled(captions, tuple(int(option["value"]) for option in chosen), times["start"], times["end"])


def changes(origin: Origin, filled: Filled) -> Changes:
    """What somebody changed in the form; what they left is whatever it is by now."""
    return Changes(
        {
            language: text
            for language, text in filled.captions.items()
            if _digest(text) != origin.marks.get(language)
        },
        tuple(sorted(set(filled.people) - set(origin.people))),
        tuple(sorted(set(origin.people) - set(filled.people))),
        filled.start_ms if filled.start_ms != origin.start_ms else None,
        filled.end_ms if filled.end_ms != origin.end_ms else None,
    )


def now_lines(segment: SegmentRecord, by: str, texts: SlackTexts) -> list[str]:
    """What is there now, for who was overtaken."""
    names = ", ".join(person.shown for person in segment.people) or texts.nobody
    lines = [by] if by else []
    for label, text in (
        (texts.caption_ko, segment.caption_ko),
        (texts.caption_en, segment.caption_en),
        (texts.people, names),
    ):
        lines.append(f"{label}: {escaped(text or '–', 600)}")
    return [*lines, f"{texts.start}–{texts.end}: {clock(segment.span.start_ms)}–{clock(segment.span.end_ms)}"]


def _digest(text: str | None) -> str:
    return hashlib.sha256(plain(text or "", 100_000).encode()).hexdigest()[:12]

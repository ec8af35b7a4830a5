"""Messages about moments, in Block Kit: results, a shared moment, what became of an edit. Pure.

Source: docs.slack.dev/reference/block-kit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vsearch_pipeline.catalog.segments import PersonOnScreen, SegmentRecord
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.search.answers import Answer
from vsearch_pipeline.search.query import Query
from vsearch_pipeline.search.results import Hit, Moment, Piece, SearchResult
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.pictures import image_block
from vsearch_pipeline.slack.texts import TEXTS, SlackTexts
from vsearch_pipeline.slack.writing import (
    BUTTON,
    caption_in,
    context,
    escaped,
    link,
    moment_link,
    mrkdwn,
    plain,
    plain_text,
    section,
    whole,
)
from vsearch_pipeline.timeline import TimeRange, short_clock
from vsearch_pipeline.wording import Language, day_and_time

Block = dict[str, Any]
Message = dict[str, Any]

PAGE: Final = 3
"""Moments in a message: each has a picture, and a press brings the next."""
LONGEST_QUERY: Final = 300
"""Characters of a query that a button carries."""
MOST_CHARACTERS: Final = 12_000
"""Of a message's blocks as JSON: Slack refuses more than about 13,200 (`msg_blocks_too_long`), which it documents
nowhere (github.com/slackapi/bolt-js/issues/2509)."""
_CAPTIONS: Final = (600, 200, 60)
"""Of a caption, shorter where the message would be too long."""
_CAPTION: Final = _CAPTIONS[0]
_CLAIM: Final = 300
_ANSWER: Final = 2000
_SHORT: Final = 120
_NAME: Final = 40
_ALT: Final = 300
_PEOPLE: Final = 8
_WATCHES: Final = 30
_WORDS: Final = 6
_CONTEXT: Final = 700


@dataclass(frozen=True, slots=True)
class Shown:
    """A moment as a message shows it.

    Attributes:
        picture: file id of its preview; None where there is none yet.
    """

    segment_id: int
    video: VideoRecord
    span: TimeRange
    caption: str
    speech: str
    people: tuple[PersonOnScreen, ...]
    edited: bool
    why: str = ""
    score: float | None = None
    picture: str | None = None


def of_moment(moment: Moment, query: Query | None, language: Language, picture: str | None) -> Shown:
    hit = moment.best
    return Shown(
        hit.segment_id,
        hit.video,
        moment.span,
        caption_in(hit.caption_ko, hit.caption_en, language),
        hit.speech or "",
        hit.people,
        hit.edited,
        why(hit, query, language),
        hit.score,
        picture,
    )


def of_segment(segment: SegmentRecord, video: VideoRecord, language: Language, picture: str | None) -> Shown:
    caption = caption_in(segment.caption_ko, segment.caption_en, language)
    return Shown(
        segment.id,
        video,
        segment.span,
        caption,
        segment.speech or "",
        segment.people,
        segment.touched,
        picture=picture,
    )


def why(hit: Hit, query: Query | None, language: Language) -> str:
    """What carried a hit."""
    if query is None:
        return ""
    texts = TEXTS[language]
    reasons = []
    asked = [person.in_language(language) for person in hit.people if person.id in query.named]
    if asked:
        reasons.append(texts.why_people.format(people=escaped(", ".join(asked), _SHORT)))
    marks = hit.marks
    words = _hits([*marks.caption_ko, *marks.caption_en, *marks.objects])
    if words:
        reasons.append(texts.why_words.format(words=escaped(words, _SHORT)))
    said = _hits(marks.speech)
    if said:
        reasons.append(texts.why_speech.format(words=escaped(said, _SHORT)))
    if query.rest and hit.parts.meaning > 0:
        reasons.append(texts.why_meaning.format(percent=round(hit.parts.meaning * 100)))
    return " · ".join(reasons)


def _hits(pieces: Sequence[Piece]) -> str:
    found = dict.fromkeys(piece.text.strip() for piece in pieces if piece.hit and piece.text.strip())
    return ", ".join(list(found)[:_WORDS])


def short_span(span: TimeRange) -> str:
    """`0:12–0:17`, in whole seconds."""
    return f"{short_clock(span.start_ms)}–{short_clock(span.end_ms)}"


# --- results ----------------------------------------------------------------------------------------------------


def results_message(
    settings: Settings,
    query: str,
    found: SearchResult,
    shown: Sequence[Shown],
    language: Language,
    *,
    answer: Answer | None = None,
) -> Message:
    """A page of results for who asked.

    Args:
        shown: the moments of `found`, in its order.
        answer: to the question, in words, where one was asked.
    """
    texts = TEXTS[language]
    asked = escaped(query, _SHORT)
    if not found.moments:
        head = texts.nothing.format(query=asked)
        return _message(head, [section(head), _context(texts.nothing_hint)])
    head = (texts.found_one if found.found == 1 else texts.found_many).format(
        query=asked, count=f"{found.found:,}"
    )
    blocks: list[Block] = []
    for most in _CAPTIONS:
        blocks = [section(head)]
        if found.relaxed or not found.good:
            blocks.append(_context(texts.relaxed if found.relaxed else texts.weak))
        if answer is not None:
            blocks += _answer(settings, answer, found, texts, language)
        for number, moment in enumerate(shown, found.offset + 1):
            blocks += [{"type": "divider"}, *_moment(settings, moment, query, language, number, most=most)]
        blocks += _around(query, found, texts)
        if len(json.dumps(blocks, ensure_ascii=False)) <= MOST_CHARACTERS:
            break
    return _message(head, blocks)


def _answer(
    settings: Settings, answer: Answer, found: SearchResult, texts: SlackTexts, language: Language
) -> list[Block]:
    """The answer in words, each claim with links to what it rests on."""
    places = {moment.best.segment_id: moment for moment in found.moments}
    lines = []
    for claim in answer.claims:
        links = [
            link(moment_link(settings, number, language), short_span(places[number].span))
            for number in claim.segments
            if number in places
        ]
        lines.append(f"• {escaped(claim.text, _CLAIM)}  {' '.join(links[:3])}")
    while lines and len("\n".join(lines)) > _ANSWER:
        lines.pop()
    blocks = [section("\n".join(lines))] if lines else []
    if answer.model:
        blocks.append(_context(texts.answer_by.format(model=escaped(answer.model, _SHORT))))
    return blocks


def _around(query: str, found: SearchResult, texts: SlackTexts) -> list[Block]:
    """The ways to the other pages, and to being told of new moments."""
    if len(query) > LONGEST_QUERY:
        return [_context(texts.long_query)] if found.more else []
    last = found.offset + len(found.moments)
    paged = found.more or found.offset
    place = texts.page.format(first=found.offset + 1, last=last, count=f"{found.found:,}")
    buttons = []
    if found.offset:
        buttons.append(button("page:previous", texts.previous, {"q": query, "o": max(0, found.offset - PAGE)}))
    if found.more:
        buttons.append(button("page:next", texts.following, {"q": query, "o": last}))
    buttons.append(button("notify", texts.notify, {"q": query}))
    return [
        {"type": "divider"},
        *([_context(place)] if paged else []),
        {"type": "actions", "block_id": "around", "elements": buttons},
    ]


def _moment(
    settings: Settings, shown: Shown, query: str, language: Language, number: int | None, *, most: int = _CAPTION
) -> list[Block]:
    """Picture, caption, who and why, and what can be done with it."""
    texts = TEXTS[language]
    value = {"s": shown.segment_id}
    return [
        *_picture(settings, shown, language, number, most),
        {
            "type": "actions",
            "block_id": f"moment:{shown.segment_id}:{number or 0}",
            "elements": [
                {
                    **button("watch", texts.watch, value),
                    "url": moment_link(settings, shown.segment_id, language, query),
                    "style": "primary",
                },
                button("edit", texts.edit, value),
                {**button("web", texts.web, value), "url": moment_link(settings, shown.segment_id, language)},
                button("share", texts.share, {**value, "q": query if len(query) <= LONGEST_QUERY else ""}),
            ],
        },
    ]


def _picture(settings: Settings, shown: Shown, language: Language, number: int | None, most: int) -> list[Block]:
    texts = TEXTS[language]
    title = link(moment_link(settings, shown.segment_id, language), shown.video.title, _SHORT)
    score = f" · {round(shown.score * 100)}%" if shown.score is not None else ""
    head = f"{f'*{number}.* ' if number else ''}*{title}*  {short_span(shown.span)}{score}"
    caption = escaped(shown.caption, most) if shown.caption else f"_{texts.no_caption}_"
    lines = [head, caption]
    if shown.speech:
        lines.append(texts.said.format(text=escaped(shown.speech, min(most, 2 * _SHORT))))
    blocks = [section("\n".join(lines))]
    if shown.picture:
        alt = texts.preview.format(title=shown.video.title, span=short_span(shown.span))
        blocks.append(image_block(shown.picture, plain(f"{alt}: {shown.caption}" if shown.caption else alt, _ALT)))
    about = [_people(shown, language)]
    if shown.edited:
        about.append(texts.edited)
    if shown.why:
        about.append(texts.why.format(reasons=shown.why))
    blocks.append(_context(" · ".join(about)))
    return blocks


def _people(shown: Shown, language: Language) -> str:
    texts = TEXTS[language]
    names = []
    for person in shown.people[:_PEOPLE]:
        name = escaped(person.in_language(language), _NAME)
        if person.confidence is not None:
            name = texts.sure.format(name=name, percent=round(person.confidence * 100))
        names.append(name)
    return ", ".join(names) or texts.nobody


def shared_message(settings: Settings, shown: Shown, query: str, user: str, language: Language) -> Message:
    """A moment for everybody in a channel."""
    texts = TEXTS[language]
    by = texts.shared_by.format(user=user, query=escaped(query, _SHORT) or "–")
    head = f"{plain(shown.video.title, _SHORT)} {short_span(shown.span)}"
    return _message(escaped(head, 2 * _SHORT), [*_moment(settings, shown, query, language, None), _context(by)])


# --- edits ------------------------------------------------------------------------------------------------------


def saved_message(settings: Settings, shown: Shown, operation: int, what: str, language: Language) -> Message:
    """That an edit was saved, with a way back.

    Args:
        what: was changed, as the form calls it.
    """
    texts = TEXTS[language]
    head = texts.saved.format(
        title=link(moment_link(settings, shown.segment_id, language), shown.video.title, _SHORT),
        span=short_span(shown.span),
    )
    buttons = [
        button("undo", texts.undo, {"op": operation, "s": shown.segment_id}),
        {
            **button("web", texts.web, {"s": shown.segment_id}),
            "url": moment_link(settings, shown.segment_id, language),
        },
    ]
    caption = escaped(shown.caption, _CAPTION) or f"_{texts.no_caption}_"
    return _message(
        plain(texts.saved.format(title=shown.video.title, span=short_span(shown.span)), _SHORT).replace("<", "‹"),
        [
            section(f"{head}\n{caption}"),
            _context(texts.saved_what.format(what=escaped(what, _SHORT), operation=operation)),
            {"type": "actions", "block_id": f"saved:{operation}", "elements": buttons},
        ],
    )


def when(moment: Any, language: Language) -> str:
    return day_and_time(moment.astimezone(), language)


# --- parts ------------------------------------------------------------------------------------------------------


def note(text: str) -> Message:
    """A sentence of ours, which may hold mrkdwn."""
    return _message(text, [section(text)])


def watches_message(watches: Sequence[tuple[int, str]], language: Language) -> Message:
    """What somebody is told of, each with a button to end it: (id, query)."""
    texts = TEXTS[language]
    if not watches:
        return note(texts.watches_none)
    rows = [
        {
            "type": "section",
            "block_id": f"watch:{number}",
            "text": mrkdwn(escaped(query, _SHORT) or "–"),
            "accessory": button("unwatch", texts.unwatch, {"w": number}),
        }
        for number, query in watches[:_WATCHES]
    ]
    left = len(watches) - len(rows)
    more = [_context(texts.watches_more.format(count=left))] if left else []
    return _message(texts.watches, [section(f"*{texts.watches}*"), *rows, *more])


def button(action: str, label: str, value: Mapping[str, Any]) -> Block:
    return {
        "type": "button",
        "action_id": action,
        "text": plain_text(label, BUTTON),
        "value": whole(json.dumps(value, ensure_ascii=False, separators=(",", ":"))),
    }


def _context(text: str) -> Block:
    return context(text, _CONTEXT)


def _message(text: str, blocks: list[Block]) -> Message:
    """
    Args:
        text: what notifications say; it is read as mrkdwn.
    """
    return {"text": text, "blocks": blocks}

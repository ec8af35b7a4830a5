"""Differences as the page draws them: plain values for the components, which show them as text only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any, Final, Literal
from urllib.parse import urlencode

from editor_app.media import MediaFiles
from editor_app.texts.history import HistoryTexts
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.segments import SegmentRecord
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.editing.entries import Difference, Spot
from vsearch_pipeline.timeline import TimeRange, clock, short_clock

Change = Literal["same", "in", "out"]

_ALONE: Final = r"\u3040-\u30ff\u3400-\u9fff"
"""Letters of scripts without spaces: each is a word here."""
_LETTERS: Final = rf"[^\W_{_ALONE}]+"
_WORD: Final = re.compile(rf"\s*(?:{_LETTERS}(?:['’]{_LETTERS})*|\S)|\s+$")
"""A word, or a mark that is none, with the space before it."""
_MOST_PAIRS: Final = 300_000
_ROOM: Final = 0.12
"""Room beside a range on its bar, in shares of what it shows."""
_LESS_SAID: Final = frozenset({"display_said", "gender_said"})


@dataclass(frozen=True, slots=True)
class Scene:
    """What differences are drawn with.

    Attributes:
        foreign: the language that is not the visitor's, whose captions come last.
        there: ids of the segments that a link can lead to.
        now: segments as they are, of differences that are not done yet.
        address: of the page, for its links: what they have to say besides.
    """

    texts: HistoryTexts
    foreign: str
    media: MediaFiles
    videos: Mapping[str, VideoRecord]
    people: Mapping[int, PersonRecord]
    there: Collection[int]
    now: Mapping[int, SegmentRecord]
    address: Mapping[str, str]


def word_changes(old: str, new: str) -> list[dict[str, str]]:
    """Both texts in one: parts of words that are in both, only in the old one or only in the new one, in order."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    keys = [[word.strip() for word in words] for words in (before, after)]
    counts = [Counter(words) for words in keys]
    pairs = sum(count * counts[1][word] for word, count in counts[0].items())
    # words that are everywhere are left out of long texts only, where comparing each with each takes too long
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=pairs > _MOST_PAIRS)
    parts: list[dict[str, str]] = []

    def add(change: Change, words: Sequence[str]) -> None:
        text = "".join(words)
        if parts and parts[-1]["change"] == change:
            parts[-1]["text"] += text
        elif text:
            parts.append({"change": change, "text": text})

    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            add("same", after[c:d])
        else:
            add("out", before[a:b])
            add("in", after[c:d])
    return parts


def draw_changes(differences: Iterable[Difference], scene: Scene, most: int) -> tuple[list[dict[str, Any]], int]:
    """Values for the first `most` things that changed, and how many more there are."""
    grouped = groupby(differences, lambda difference: (difference.kind, difference.id))
    things = [tuple(own) for (kind, _), own in grouped if kind != "member"]  # the marks say the same
    drawn = [_thing(own, scene) for own in things[:most]]
    return [each for each in drawn if each["lines"] or each["picture"]], max(0, len(things) - most)


def _thing(own: Sequence[Difference], scene: Scene) -> dict[str, Any]:
    """A segment, a face or a person with all that changed of it."""
    first = own[0]
    label, time = first.label, ""
    if first.kind == "person":
        label = first.label.rpartition("/")[2]
    elif first.at:
        video = scene.videos.get(first.at.video_id)
        label, time = video.title if video else first.at.video_id, _time(first.at)
    segment = int(first.id) if first.kind == "segment" else None
    return {
        "kind": first.kind,
        "label": label,
        "time": time,
        "href": f"/?{urlencode({'moment': segment, **scene.address})}" if segment in scene.there else "",
        "go": f"{scene.texts.play}: {label} {time}",
        "picture": _picture(first.at, scene),
        "face": first.kind == "mark",
        "lines": list(_lines(own, scene)),
    }


def _time(at: Spot) -> str:
    if at.end_ms is None:
        return short_clock(at.start_ms)
    return _span([at.start_ms, at.end_ms])


def _span(edges: Sequence[int]) -> str:
    """`0:01.480–0:02.520`; without milliseconds where both are whole seconds."""
    exact = any(edge % 1000 for edge in edges)
    return "–".join(clock(edge) if exact else short_clock(edge) for edge in edges)


def _picture(at: Spot | None, scene: Scene) -> str | None:
    video = scene.videos.get(at.video_id) if at else None
    if at is None or video is None:
        return None
    middle = at.start_ms if at.end_ms is None else TimeRange(at.start_ms, at.end_ms).middle_ms
    return scene.media.still(video, middle)


def _lines(own: Sequence[Difference], scene: Scene) -> Iterator[dict[str, Any]]:
    texts = scene.texts
    own = sorted(own, key=lambda difference: difference.field == f"caption_{scene.foreign}")
    fields = {difference.field for difference in own}
    made = next((difference for difference in own if difference.field == "created"), None)
    created, gone = bool(made and made.new), bool(made and not made.new)
    for difference in own:
        field = difference.field
        if gone and field not in ("created", "range"):
            continue
        if field in ("created", "deleted", "locked"):
            state = field if difference.new else f"un{field}"
            yield {"type": "state", "text": getattr(texts, f"state_{state}"), "state": state}
        elif field == "range":
            yield _range(difference, scene, created=created, gone=gone)
        elif field.startswith("caption_"):
            yield _caption(difference, scene, created=created)
        elif field in ("aliases", "dropped_aliases"):
            if field == "aliases" or "aliases" not in fields:
                yield _names(difference, texts)
        elif field in ("is", "is_not", "group"):
            yield _mark(difference, scene)
        elif field not in _LESS_SAID and field != "person" and difference.kind == "person":
            yield _value(difference, texts)
    people = [_person(difference, scene) for difference in own if difference.field == "person"]
    if people and not gone:
        yield {"type": "people", "people": people}


def _caption(difference: Difference, scene: Scene, *, created: bool) -> dict[str, Any]:
    texts, language = scene.texts, difference.field.removeprefix("caption_")
    old, new = difference.old, difference.new
    note = ""
    if new is None:
        segment = scene.now.get(int(difference.id))
        said = (segment.layers.auto_ko if language == "ko" else segment.layers.auto_en) if segment else None
        parts, note = word_changes(old[0], said or ""), texts.to_model
    elif old is not None:
        parts = word_changes(old[0], new[0])
    elif created:
        parts = [{"change": "same", "text": new[0]}]
    else:
        parts = word_changes(new[1] or "", new[0])
        note = texts.from_model if new[1] else ""
    return {
        "type": "caption",
        "lang": language,
        "label": getattr(texts, f"caption_{language}"),
        "parts": parts,
        "note": note,
    }


def _range(difference: Difference, scene: Scene, *, created: bool, gone: bool) -> dict[str, Any]:
    texts, at = scene.texts, difference.at
    before, after = difference.old, difference.new
    if before is None and at is not None and at.end_ms is not None and not created:
        before = [at.start_ms, at.end_ms]
    shown = [edges for edges in (before, after) if edges]
    first, last = min(edges[0] for edges in shown), max(edges[1] for edges in shown)
    room = (last - first) * _ROOM
    whole = last - first + 2 * room

    def bar(edges: Sequence[int] | None) -> dict[str, Any] | None:
        if not edges:
            return None
        return {
            "text": _span(edges),
            "left": round(100 * (edges[0] - first + room) / whole, 2),
            "width": round(100 * (edges[1] - edges[0]) / whole, 2),
        }

    return {
        "type": "range",
        "label": texts.field_range,
        "before": bar(before),
        "after": bar(after),
        "model": "" if after or gone else texts.range_model,
    }


def _person(difference: Difference, scene: Scene) -> dict[str, Any]:
    name, group = _called(difference, scene)
    old, new = difference.old, difference.new
    after = new[0] if new else old[1]  # else it is as the models see it
    change: Change = "in" if after else "out"
    if new is None and after == old[0]:
        change = "same"
    tip = scene.texts.person_there if after else scene.texts.person_gone
    return {"name": name, "group": group, "change": change, "tip": tip.format(name=name)}


def _called(difference: Difference, scene: Scene) -> tuple[str, str]:
    """Name and group of whom a difference is about."""
    person = scene.people.get(difference.who_id or 0)
    if person:
        return person.shown, person.group or ""
    told = difference.who or ""
    if told == f"person {difference.who_id}":
        return scene.texts.person_unknown.format(id=difference.who_id), ""
    group, _, name = told.rpartition("/")
    return name, group


def _mark(difference: Difference, scene: Scene) -> dict[str, Any]:
    texts = scene.texts
    name, group = _called(difference, scene) if difference.who_id is not None else ("", "")
    return {
        "type": "mark",
        "label": getattr(texts, f"field_{difference.field}"),
        "name": name,
        "group": group,
        "note": "" if difference.new else texts.taken_mark,
    }


def _names(difference: Difference, texts: HistoryTexts) -> dict[str, Any]:
    old, new = difference.old or [], difference.new or []
    changes: list[tuple[Change, str]] = [("out", name) for name in old if name not in new]
    changes += [("in", name) for name in new if name not in old]
    words = [{"change": change, "text": name} for change, name in changes]
    return {"type": "names", "label": getattr(texts, f"field_{difference.field}"), "words": words}


def _value(difference: Difference, texts: HistoryTexts) -> dict[str, Any]:
    field, old, new = difference.field, difference.old, difference.new
    label: str = getattr(texts, f"field_{field}", field)
    before, after = difference.before or "", difference.after or ""
    if field == "name":
        before, after = (
            f"{name[1]} · {name[0]}" if name and name[0] else name[1] if name else "" for name in (old, new)
        )
        if old and new and old[1] == new[1]:
            label, before, after = texts.field_group_name, old[0] or "", new[0] or ""
    elif field == "gender":
        before, after = (str(getattr(texts, f"value_{value}", "")) for value in (old, new))
    return {"type": "value", "label": label, "before": before, "after": after}

"""What was done as the page draws it, with what going back would do: plain values for `history_list`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from editor_app.components.clock import in_visitors_zone
from editor_app.components.differences import Scene, draw_changes
from editor_app.components.frame import say
from editor_app.components.history import Way
from editor_app.components.operations import did, taken_back
from editor_app.texts.history import HistoryTexts
from vsearch_pipeline.catalog.operations import OperationRecord
from vsearch_pipeline.editing.entries import Difference, Entry
from vsearch_pipeline.editing.history import Preview
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.wording import Language, counted, day, day_and_time

CHANGES: Final = 3
"""Things of an entry that are shown before it is unfolded."""
MOST_CHANGES: Final = 100


@dataclass(frozen=True, slots=True)
class Looked:
    """An entry whose way back somebody looks at.

    Attributes:
        preview: what it would do, or why it cannot be done.
        problem: what went wrong when it was tried.
    """

    operation: int
    way: Way
    preview: Preview | VsearchError
    problem: VsearchError | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        return (*self.preview.entries, *self.preview.later) if isinstance(self.preview, Preview) else ()


@dataclass(frozen=True, slots=True)
class Page:
    """What entries are drawn with.

    Attributes:
        takers: who took back what does not stand, by the number of the operation that did.
        unfolded: operations of which all changes are shown.
        filtered: what the list is filtered by, by the filter's name.
        edits: the visitor may go back.
    """

    scene: Scene
    language: Language
    takers: Mapping[int, str]
    unfolded: frozenset[int]
    filtered: Mapping[str, str]
    looked: Looked | None
    edits: bool


def draw_days(entries: Sequence[Entry], page: Page, now: datetime) -> list[dict[str, Any]]:
    """Values for `history_list`."""
    today = in_visitors_zone(now).date()
    days = groupby(entries, key=lambda entry: in_visitors_zone(entry.operation.at).date())
    return [
        {"label": _day(on, today, page), "entries": [_entry(entry, page) for entry in own]} for on, own in days
    ]


def segments_of(entries: Iterable[Entry], unfolded: frozenset[int]) -> set[int]:
    """Ids of the segments that are drawn: those of the first changes of each entry."""
    found: set[int] = set()
    for entry in entries:
        most = MOST_CHANGES if entry.operation.id in unfolded else CHANGES
        own = dict.fromkeys(int(each.id) for each in entry.differences if each.kind == "segment")
        found.update(list(own)[:most])
    return found


def _day(on: date, today: date, page: Page) -> str:
    texts = page.scene.texts
    if on == today:
        return texts.today
    if on == today - timedelta(days=1):
        return texts.yesterday
    return day(datetime(on.year, on.month, on.day), page.language)  # noqa: DTZ001 - a day is of no zone


def _entry(entry: Entry, page: Page) -> dict[str, Any]:
    scene, language, edits = page.scene, page.language, page.edits
    operation, texts = entry.operation, scene.texts
    unfolded = operation.id in page.unfolded
    changes, left = draw_changes(entry.differences, scene, MOST_CHANGES if unfolded else CHANGES)
    at = in_visitors_zone(operation.at)
    segments = operation.after.get("segment", {})
    where = operation.about.get("where", {})
    videos = {where[number][0] for number in segments if number in where}
    segment = next(iter(segments)) if len(segments) == 1 else None
    video = next(iter(videos)) if len(videos) == 1 else None
    people = {int(number) for number, fields in operation.after.get("person", {}).items() if "name" not in fields}
    person = scene.people.get(next(iter(people))) if len(people) == 1 else None
    only = [
        ("segment", segment, texts.segment_only),
        ("video", video, texts.video_only),
        (
            "person",
            str(person.id) if person else None,
            texts.person_only.format(name=person.shown if person else ""),
        ),
    ]
    return {
        "id": operation.id,
        "did": did(operation, texts, language),
        "time": f"{at:%H:%M}",
        "at": at.isoformat(),
        "moment": day_and_time(at, language),
        "door": operation.door,
        "doorName": texts.door(operation.door),
        "label": texts.actions.format(number=operation.id),
        "taken": {
            "text": taken_back(page.takers.get(operation.reverted_by, ""), texts, language),
            "by": operation.reverted_by,
        }
        if operation.reverted_by is not None
        else None,
        "changes": changes,
        "more": counted(texts.more_one, texts.more_many, left) if left and not unfolded else "",
        "rest": texts.rest_many.format(count=f"{left:,}") if left and unfolded else "",
        "back": _back(operation, texts) if edits else None,
        "ways": [
            {"way": way, "label": label}
            for way, there, label in (
                ("segment", segment, texts.segment_to_here),
                ("video", video, texts.video_to_here),
            )
            if there and edits and operation.after
        ],
        "only": [
            {"name": name, "value": value, "label": label}
            for name, value, label in only
            if value and page.filtered.get(name) != value
        ],
        "panel": _panel(entry, page.looked, page)
        if page.looked and page.looked.operation == operation.id
        else None,
    }


def _back(operation: OperationRecord, texts: HistoryTexts) -> dict[str, Any] | None:
    """The press that takes an operation back, or brings back what was taken back."""
    if not operation.after:
        return None
    return {"label": texts.revert if operation.stands else texts.bring_back, "operation": operation.id}


# --- looking at what going back does ----------------------------------------------------------------------------


def _panel(entry: Entry, looked: Looked, page: Page) -> dict[str, Any]:
    scene, language, way, preview = page.scene, page.language, looked.way, looked.preview
    texts, operation = scene.texts, entry.operation
    again = way == "revert" and (not operation.stands or operation.reverts is not None)
    titles = {
        "revert": texts.preview_again if again else texts.preview_title,
        "segment": texts.restore_segment_title.format(number=operation.id),
        "video": texts.restore_video_title.format(number=operation.id),
    }
    panel: dict[str, Any] = {
        "title": titles[way],
        "hint": "",
        "problem": say(looked.problem, language) if looked.problem else "",
        "later": [],
        "then": "",
        "changes": [],
        "rest": "",
        "confirm": "",
        "cancel": texts.cancel,
    }
    if not isinstance(preview, Preview):
        return panel | {"problem": say(preview, language)}
    changes, left = draw_changes(net(preview.entries), scene, MOST_CHANGES)
    panel["changes"] = changes
    panel["rest"] = texts.rest_many.format(count=f"{left:,}") if left else ""
    if not changes:
        return panel | {"hint": texts.preview_nothing}
    if preview.later:
        count = len(preview.later)
        panel["title"] = counted(texts.later_title_one, texts.later_title_many, count)
        panel["hint"], panel["then"] = texts.later_hint, texts.preview_again if again else texts.preview_title
        panel["later"] = [
            {"did": did(each.operation, texts, language), "about": _about(each.operation, texts, language)}
            for each in preview.later[:MOST_CHANGES]
        ]
        panel["confirm"] = counted(texts.confirm_later_one, texts.confirm_later_many, count)
    elif way == "revert":
        panel["confirm"] = texts.confirm_again if again else texts.confirm_revert
    else:
        unwound = counted(texts.unwound_one, texts.unwound_many, preview.unwound)
        panel["hint"] = f"{unwound} {texts.unwound_hint}"
        panel["confirm"] = texts.confirm_restore
    return panel


def _about(operation: OperationRecord, texts: HistoryTexts, language: Language) -> str:
    moment = day_and_time(in_visitors_zone(operation.at), language)
    return f"{moment} · {texts.door(operation.door)} · #{operation.id}"


def net(entries: Sequence[Entry]) -> list[Difference]:
    """What several operations, one after the other, change together."""
    first: dict[tuple[str, str, str, int | None], Difference] = {}
    last: dict[tuple[str, str, str, int | None], Difference] = {}
    for difference in (each for entry in entries for each in entry.differences):
        key = (difference.kind, difference.id, difference.field, difference.who_id)
        first.setdefault(key, difference)
        last[key] = difference
    changed = [
        replace(last[key], before=difference.before, old=difference.old, at=difference.at, label=difference.label)
        for key, difference in first.items()
    ]
    order = {key: place for place, key in enumerate(dict.fromkeys((each.kind, each.id) for each in changed))}
    return sorted((each for each in changed if each.old != each.new), key=lambda each: order[each.kind, each.id])

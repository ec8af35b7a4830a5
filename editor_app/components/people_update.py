"""What naming all faces again would change, and the button that asks for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from editor_app.components.people_parts import Drawing, on_acts, on_press, people_component, texts_of
from editor_app.people_edits import Request
from vsearch_pipeline.catalog.identities import TrackRef
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.sightings import Sighting
from vsearch_pipeline.editing.relabel import LabelChange, RelabelPreview
from vsearch_pipeline.wording import Language, counted

KEY: Final = "people-update"
MOST_KINDS: Final = 40
"""Changes from somebody to somebody that are shown, with so many faces each:"""
MOST_FACES: Final = 24

_update: Final = people_component("update")


def people_update(
    *,
    pending: str,
    working: dict[str, Any] | None,
    notice: str,
    ready: dict[str, Any] | None,
    can_ask: bool,
    outcomes: Sequence[dict[str, Any]],
    editable: bool,
    language: Language,
    on_act: Callable[[Request], None],
    on_look: Callable[[], None],
    on_play: Callable[[int], None],
) -> None:
    """Show a preview.

    Args:
        pending: how many corrections wait, in words.
        working: `done`, `all` and `text` of a preview under way.
        ready: the preview (`draw_preview`).
        can_ask: whether the change can be asked for now.
    """
    _update(
        key=KEY,
        data={
            "pending": pending,
            "working": working,
            "notice": notice,
            "ready": ready,
            "can_ask": can_ask,
            "outcomes": list(outcomes),
            "editable": editable,
            "lang": language,
            "texts": texts_of(language),
        },
        on_acts_change=on_acts(KEY, on_act),
        on_looked_change=on_press(KEY, "looked", bool, lambda _: on_look()),
        on_played_change=on_press(KEY, "played", int, on_play),
    )


Kind = tuple[PersonRecord | None, PersonRecord | None]
"""From whom to whom."""


def shown_changes(preview: RelabelPreview) -> list[tuple[Kind, list[LabelChange]]]:
    """Changes by kind, the commonest first, as many as are shown."""
    kinds: dict[Kind, list[LabelChange]] = defaultdict(list)
    for change in preview.changes:
        kinds[change.was, change.then].append(change)
    ordered = sorted(kinds.items(), key=lambda each: (-len(each[1]), str(each[0][0]), str(each[0][1])))
    return ordered[:MOST_KINDS]


def draw_preview(
    preview: RelabelPreview,
    sightings: Mapping[TrackRef, Sighting],
    portraits: Mapping[int, Sighting | None],
    drawing: Drawing,
) -> dict[str, Any]:
    """Args:
    sightings: of the first `MOST_FACES` tracks of each of the `shown_changes`.
    portraits: the clearest face of people, by id.
    """
    texts = drawing.texts

    def called(person: PersonRecord | None) -> str:
        return drawing.name(person) if person else texts.update_nobody

    def face(change: LabelChange) -> dict[str, Any]:
        percent = round(change.confidence * 100) if change.then else None
        return drawing.sighting(sightings[change.track]) | drawing.sure(percent)

    gained: dict[int, int] = defaultdict(int)
    lost: dict[int, int] = defaultdict(int)
    people: dict[int, PersonRecord] = {}
    for change in preview.changes:
        for person, tally in ((change.then, gained), (change.was, lost)):
            if person:
                people[person.id] = person
                tally[person.id] += 1
    videos = counted(texts.videos_one, texts.videos_many, len(preview.per_video))
    faces = len(preview.changes)
    told = texts.update_told_one if faces == 1 else texts.update_told_many
    return {
        "summary": told.format(count=f"{faces:,}", videos=videos) if faces else texts.update_nothing,
        "kept": texts.update_kept if preview.kept else "",
        "people": [
            {
                "shown": called(person),
                "picture": drawing.portrait(portraits.get(person.id)),
                "gained": gained[person.id],
                "lost": lost[person.id],
            }
            for person in sorted(people.values(), key=lambda p: (-gained[p.id] - lost[p.id], called(p)))
        ],
        "changes": [
            {
                "title": f"{called(was)} → {called(then)}",
                "count": counted(texts.faces_one, texts.faces_many, len(own)),
                "faces": [face(change) for change in own[:MOST_FACES] if change.track in sightings],
                "rest": texts.update_rest.format(count=f"{len(own) - MOST_FACES:,}")
                if len(own) > MOST_FACES
                else "",
            }
            for (was, then), own in shown_changes(preview)
        ],
    }

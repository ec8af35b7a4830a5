"""People with a name, by group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from editor_app.components.people_parts import Drawing, on_press, people_component, texts_of
from vsearch_pipeline.editing.casting import KnownPerson
from vsearch_pipeline.wording import Language

KEY: Final = "people-known"
Sort = Literal["seen", "name"]

_known: Final = people_component("known")


def people_known(
    groups: Sequence[dict[str, Any]],
    *,
    sort: Sort,
    language: Language,
    on_open: Callable[[int], None],
    on_sort: Callable[[str], None],
) -> None:
    """Show everybody (`draw_groups`).

    Args:
        on_open: called with the id of the person who was pressed.
        on_sort: called with the order that was chosen.
    """
    _known(
        key=KEY,
        data={"groups": list(groups), "sort": sort, "lang": language, "texts": texts_of(language)},
        on_opened_change=on_press(KEY, "opened", int, on_open),
        on_sorted_change=on_press(KEY, "sorted", str, on_sort),
    )


def draw_groups(people: Sequence[KnownPerson], sort: Sort, drawing: Drawing) -> list[dict[str, Any]]:
    """Groups by name, who has none last; in each those who are seen most first, or by name."""
    groups: dict[str, list[KnownPerson]] = defaultdict(list)
    for known in people:
        groups[known.person.group or ""].append(known)

    def place(known: KnownPerson) -> tuple[int, str, int]:
        seen = max(known.tracks, known.moments.moments) if sort == "seen" else 0
        return -seen, drawing.name(known.person).casefold(), known.person.id

    return [
        {
            "title": group or drawing.texts.no_group,
            "people": [
                {
                    "id": known.person.id,
                    "label": str(known.person),
                    "names": list(dict.fromkeys(known.person.names)),
                    "shown": drawing.name(known.person),
                    "also": drawing.also(known.person),
                    "facts": drawing.facts(known),
                    "picture": drawing.portrait(known.face),
                    "href": drawing.address("/people", person=str(known.person.id)),
                }
                for known in sorted(groups[group], key=place)
            ],
        }
        for group in sorted(groups, key=lambda name: (not name, name.casefold()))
    ]

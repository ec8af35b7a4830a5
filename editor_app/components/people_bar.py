"""The views of the people page, and what became of the last edit, with a way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from editor_app.components.people_parts import on_acts, on_press, people_component, texts_of
from editor_app.people_edits import Request
from vsearch_pipeline.wording import Language

KEY: Final = "people-bar"

_bar: Final = people_component("bar")


def people_bar(
    tabs: Sequence[dict[str, Any]],
    *,
    toast: dict[str, Any] | None,
    outcomes: Sequence[dict[str, Any]],
    editable: bool,
    language: Language,
    on_go: Callable[[str], None],
    on_act: Callable[[Request], None],
) -> None:
    """Show the bar.

    Args:
        tabs: `view`, `label`, `count`, `news` (whether the count asks for a look) and `current`.
        toast: `token`, `text` and `undo`, the request that takes it back or None.
        on_go: called with the view that was pressed.
    """
    _bar(
        key=KEY,
        data={
            "tabs": list(tabs),
            "toast": toast,
            "outcomes": list(outcomes),
            "editable": editable,
            "lang": language,
            "texts": texts_of(language),
        },
        on_went_change=on_press(KEY, "went", str, on_go),
        on_acts_change=on_acts(KEY, on_act),
    )

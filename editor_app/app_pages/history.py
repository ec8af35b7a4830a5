"""History."""

from __future__ import annotations

from editor_app.components.address import arrived, write
from editor_app.components.frame import chosen_language


def page() -> None:
    if arrived("history"):
        write(chosen_language())


page()

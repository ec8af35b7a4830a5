"""What people may do: a viewer searches, watches and exports; an editor also changes things."""

from __future__ import annotations

from typing import Literal

from vsearch_pipeline.errors import ForbiddenError

Role = Literal["viewer", "editor"]


def require_editor(role: Role, actor: str) -> None:
    """Raises ForbiddenError where somebody may only look."""
    if role != "editor":
        raise ForbiddenError(f"{actor} may look, but not change things: ask for the editor role.")

"""Looks over a page on which somebody hostile is quoted: nothing of it runs, all is text, and nothing gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

_LOOK: Final = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def harm(page: Page, expected: Sequence[str]) -> dict[str, Any]:
    """What is wrong with the page, by kind; empty where nothing is.

    Args:
        expected: texts that are on the page as they were written (space apart).
    """
    found: dict[str, Any] = page.evaluate(_LOOK, list(expected))
    return {kind: what[:12] if isinstance(what, list) else what for kind, what in found.items() if what}

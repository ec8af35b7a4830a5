"""Links of the tests, whose clock stands still."""

from __future__ import annotations

from typing import Final

from editor_app.links import Links

NOW: Final = 1_800_000_100
LINKS: Final = Links(b"a key that only the tests know ....", 6 * 3600, lambda: NOW)


def plain(address: str | None) -> str | None:
    """The address without its signature."""
    return address and address.partition("?")[0]

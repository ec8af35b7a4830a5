"""Style and script of the page's components."""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"


@cache
def read(*names: str) -> str:
    """The named files of `static/`, joined."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)

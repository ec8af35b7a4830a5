"""Times as people read them."""

from __future__ import annotations


def short_clock(time_ms: int) -> str:
    """`83_450` -> `1:23`, with hours where there are any; what is not a whole second is left out."""
    minutes, seconds = divmod(time_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"

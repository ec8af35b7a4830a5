"""Times as people read them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st


def short_clock(time_ms: int) -> str:
    """`83_450` -> `1:23`, with hours where there are any; what is not a whole second is left out."""
    minutes, seconds = divmod(time_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def in_visitors_zone(moment: datetime) -> datetime:
    """The moment on the clock of the visitor's browser; on the server's where that says none that is known."""
    try:
        zone = ZoneInfo(st.context.timezone or "")
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder's name is no zone either
        return moment.astimezone()
    return moment.astimezone(zone)

"""Times as people read them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st


def in_visitors_zone(moment: datetime) -> datetime:
    """The moment on the clock of the visitor's browser; on the server's where that says none that is known."""
    try:
        zone = ZoneInfo(st.context.timezone or "")
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder's name is no zone either
        return moment.astimezone()
    return moment.astimezone(zone)

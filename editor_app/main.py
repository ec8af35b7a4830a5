"""The page's server: Streamlit, and beside it the route that serves video by range.

Start it with `streamlit run editor_app/main.py`; `/_stcore/health` answers when it is up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st

from editor_app.media import store_route
from editor_app.services import open_services
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.settings import Settings

_LOG = logging.getLogger(__name__)
_SETTINGS = Settings()


def _warm_up() -> None:
    try:
        open_services(_SETTINGS)
    except VsearchError as error:  # the page says it to whoever opens it, and tries again
        _LOG.warning("%s", error)


@asynccontextmanager
async def _lifespan(_app: st.App) -> AsyncGenerator[dict[str, Any]]:
    """Open the library while the first visitor is still on the way."""
    warming = asyncio.create_task(asyncio.to_thread(_warm_up))
    yield {}
    await warming


app = st.App(Path(__file__).with_name("page.py"), routes=[store_route(_SETTINGS.videos_dir)], lifespan=_lifespan)

"""The page's server: Streamlit, and beside it the routes that serve video by range, health and metrics.

Start it with `streamlit run editor_app/main.py`; `/readyz` answers when people can use it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from editor_app.access import people_sign_in, sign_in_secrets
from editor_app.doorkeeper import Doorkeeper
from editor_app.links import Links, media_links
from editor_app.media import store_route
from editor_app.services import warm_up
from vsearch_pipeline.errors import InputError, VsearchError
from vsearch_pipeline.logs import set_up_logs
from vsearch_pipeline.seeing import seeing_routes
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.store import open_store

_LOG = logging.getLogger(__name__)
_SETTINGS = Settings()
set_up_logs(_SETTINGS, "page")


def _warm_up() -> None:
    try:
        warm_up(_SETTINGS)
    except VsearchError as error:  # the page says it to whoever opens it, and tries again
        _LOG.warning("%s", error)


@asynccontextmanager
async def _lifespan(_app: st.App) -> AsyncGenerator[dict[str, Any]]:
    """Open the library while the first visitor is still on the way."""
    warming = asyncio.create_task(asyncio.to_thread(_warm_up))
    yield {}
    await warming


def _door() -> tuple[dict[str, Any], Links]:
    """How people sign in, and what signs the addresses of files; the server does not start where it must not."""
    try:
        return sign_in_secrets(_SETTINGS), media_links(_SETTINGS)
    except InputError as problem:
        raise SystemExit(str(problem)) from None


_SIGN_IN, _LINKS = _door()

app = st.App(  # Streamlit reads in this file's text that there is one
    Path(__file__).with_name("page.py"),
    secrets=_SIGN_IN,
    routes=[
        store_route(open_store(_SETTINGS), _LINKS),
        *seeing_routes(_SETTINGS, open_metrics=not people_sign_in(_SETTINGS)),
    ],
    middleware=[
        Middleware(Doorkeeper, sign_in=people_sign_in(_SETTINGS), open_to_all=_SETTINGS.allow_open),
    ],
    lifespan=_lifespan,
)

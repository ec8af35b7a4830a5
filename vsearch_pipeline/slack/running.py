"""Keeping the door for Slack open: over a socket that vsearch opens itself, or over HTTP where Slack calls it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from starlette.applications import Starlette
from starlette.routing import Route

from vsearch_pipeline.errors import ServiceError
from vsearch_pipeline.seeing import seeing_routes
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.app import make_app
from vsearch_pipeline.slack.client import Tokens, tokens_for
from vsearch_pipeline.slack.desk import Desk, open_desk

_LOG = logging.getLogger(__name__)
AT_ONCE: Final = 24
"""Commands and presses that are worked on at the same time."""
_PING_SECONDS: Final = 3.0
"""A socket that dropped is noticed after one to five of these."""
_TRY_AGAIN_SECONDS: Final = 30
HTTP_PATH: Final = "/slack/events"
HEALTH_PATH: Final = "/health"
"""`vsearch up` asks there."""


def keep_open(settings: Settings) -> None:
    """Answer Slack until the process is interrupted; where Slack lets nobody in just now, it is tried again.

    Raises:
        InputError: a token is missing.
        VsearchError: the database or a model is not available.
    """
    tokens = tokens_for(settings)
    desk = _opened(settings, tokens)
    try:
        if settings.slack_mode == "http":
            _serve(desk, tokens)
        else:
            with over_socket(desk, tokens):
                _LOG.warning("answering in Slack over a socket")
                threading.Event().wait()
    finally:
        desk.close()


def _opened(settings: Settings, tokens: Tokens) -> Desk:
    while True:
        try:
            return open_desk(settings, tokens)
        except ServiceError as error:
            _LOG.warning("%s Tried again in %d s.", error, _TRY_AGAIN_SECONDS)
            time.sleep(_TRY_AGAIN_SECONDS)


@contextmanager
def over_socket(desk: Desk, tokens: Tokens) -> Iterator[SocketModeHandler]:
    """Answer over a socket, which is opened again wherever it drops."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="slack") as executor:
        app = make_app(desk, tokens, executor)
        handler = SocketModeHandler(
            app,
            tokens.app,
            web_client=desk.workspace.client,
            ping_interval=_PING_SECONDS,
            concurrency=AT_ONCE,
        )
        handler.connect()  # type: ignore[no-untyped-call]
        try:
            yield handler
        finally:
            handler.client.closed = True  # nothing is to open it again
            handler.close()  # type: ignore[no-untyped-call]


def http_app(app: App, routes: Sequence[Route] = ()) -> Starlette:
    """The other way: Slack posts what happens, signed.

    Args:
        routes: answered besides.
    """
    from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response

    async def called(request: Request) -> Response:
        asked = to_bolt_request(request, await request.body())
        return to_starlette_response(await run_in_threadpool(app.dispatch, asked))

    async def health(_request: Request) -> Response:
        return PlainTextResponse("ok")

    called_by_slack = Route(HTTP_PATH, called, methods=["POST"])
    return Starlette(routes=[called_by_slack, Route(HEALTH_PATH, health), *routes])


def _serve(desk: Desk, tokens: Tokens) -> None:
    import uvicorn

    settings = desk.settings
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="slack") as executor:
        # who reaches this door is not known, so its metrics need a key
        watched = seeing_routes(settings, open_metrics=False)
        app = http_app(make_app(desk, tokens, executor), watched)
        uvicorn.run(app, host=settings.slack_address, port=settings.slack_port, log_config=None, access_log=False)

"""What is turned away before Streamlit sees it."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from vsearch_pipeline.signing_in import is_loopback

_UPLOADS: Final = "/_stcore/upload_file/"
_MOST_SESSIONS: Final = 10_000


class Admitted:
    """The sessions of people who may come in, the last ones; several threads use it."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def add(self, session_id: str) -> None:
        with self._lock:
            self._sessions[session_id] = None
            self._sessions.move_to_end(session_id)
            while len(self._sessions) > _MOST_SESSIONS:
                self._sessions.popitem(last=False)

    def discard(self, session_id: str) -> None:
        with self._lock:
            self._sessions.pop(session_id, None)

    def __contains__(self, session_id: str) -> bool:
        with self._lock:
            return session_id in self._sessions


ADMITTED: Final = Admitted()
"""Of this process: the page's script and the server in front of it share it."""


class Doorkeeper:
    """Where nobody signs in, only this machine comes in, however the server was started. Where people do, files
    are taken only from those who have: Streamlit takes them from everybody who opened the page.
    """

    def __init__(self, app: ASGIApp, *, sign_in: bool, open_to_all: bool) -> None:
        self._app = app
        self._sign_in = sign_in
        self._open = open_to_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            reason = self._reason(scope)
            if reason:
                if scope["type"] == "websocket":
                    await WebSocketClose(1008, reason)(scope, receive, send)
                else:
                    await PlainTextResponse(reason, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _reason(self, scope: Scope) -> str:
        if self._sign_in:
            _, found, rest = scope["path"].partition(_UPLOADS)
            if found and scope["method"] != "OPTIONS" and rest.partition("/")[0] not in ADMITTED:
                return "Sign in to upload files."
            return ""
        server = scope.get("server")
        if (
            self._open or server is None or server[1] is None or is_loopback(server[0])
        ):  # None: a socket of its own
            return ""
        return (
            "vsearch is open to its own machine only: set up sign-in, or VSEARCH_ALLOW_OPEN=1 (docs/security.md)."
        )

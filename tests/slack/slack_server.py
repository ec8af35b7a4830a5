"""A server on this machine that speaks Slack's Web API and Socket Mode, to test Slack's true clients on.

It keeps a workspace (tests/slack/workspace.py), refuses what Slack would refuse (tests/slack/blockkit.py), and
plays the people: commands, presses, submissions and events go to the app over its socket, or signed, over HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import hashlib
import hmac
import json
import secrets
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.slack import blockkit
from tests.slack.workspace import APP_ID, BOT_TOKEN, BOT_USER, TEAM, Workspace, decoded

_VALUE_OF = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "file_input": "files",
}
_NOT_SENT = ("options", "option_groups", "min_query_length", "max_selected_items", "focus_on_load", "confirm")
_TAKES_A_PAYLOAD = ("slash_commands", "view_submission", "block_suggestion")


@dataclass(frozen=True)
class Call:
    """A call as it came, `at` a time.monotonic(); a post to a response_url is one too, and so is an upload."""

    method: str
    arguments: dict[str, Any]
    at: float
    answered: dict[str, Any]

    def __str__(self) -> str:
        said = json.dumps(self.arguments, ensure_ascii=False, default=repr)
        return f"{self.method} {said[:300]} -> {self.answered.get('error', 'ok')}"


class Delivery:
    """A payload on its way to the app; after a socket that dropped, on the next one."""

    def __init__(self, server: SlackServer, kind: str, payload: dict[str, Any], attempt: int = 0) -> None:
        self.payload = payload
        self.ack_seconds: float | None = None
        self._server = server
        self._kind = kind
        self._attempt = attempt
        self._answer: dict[str, Any] | None = None
        self._sent: dict[str, float] = {}

    def ack(self, seconds: float = 5.0) -> dict[str, Any] | None:
        """The payload of the acknowledgement, None for an empty one.

        Raises:
            AssertionError: there was none in time.
        """
        changed = self._server.changed
        with changed:
            if not changed.wait_for(lambda: self.ack_seconds is not None, seconds):
                sent = f"sent {len(self._sent)} times" if self._sent else "never sent: no socket"
                raise AssertionError(f"{self.kind} was not acknowledged in {seconds} s ({sent})")
            return self._answer

    @property
    def kind(self) -> str:
        return str(self.payload.get("type", self._kind))

    def again(self) -> Delivery:
        """The same once more, in an envelope of its own, as Slack does when it heard nothing."""
        return self._server._deliver(Delivery(self._server, self._kind, self.payload, self._attempt + 1))

    def envelope(self) -> dict[str, Any]:
        """What goes over the wire, each time with another id."""
        envelope_id = secrets.token_hex(16)
        if self._sent:
            self._attempt += 1
        self._sent[envelope_id] = time.monotonic()
        takes = self._kind in _TAKES_A_PAYLOAD or self.payload.get("type") in _TAKES_A_PAYLOAD
        envelope = {
            "envelope_id": envelope_id,
            "type": self._kind,
            "accepts_response_payload": takes,
            "payload": self.payload,
        }
        if self._kind == "events_api":
            envelope |= {"retry_attempt": self._attempt, "retry_reason": "timeout" if self._attempt else ""}
        return envelope

    def acknowledged(self, envelope_id: str, answer: dict[str, Any] | None) -> bool:
        """Whether this is the first time."""
        if self.ack_seconds is not None:
            return False
        self._answer = answer or None
        self.ack_seconds = time.monotonic() - self._sent[envelope_id]
        return True


class _Link:
    """A socket of the app's."""

    def __init__(self, websocket: WebSocket) -> None:
        self.websocket = websocket
        self.retiring = False
        self.unacknowledged: dict[str, Delivery] = {}


class SlackServer(Workspace):
    """Serves from `with` on, on a free port of 127.0.0.1.

    Attributes:
        connections: how many sockets there have been.
        ping_seconds: how often a socket is pinged.
    """

    def __init__(self, *, ping_seconds: float = 0.2) -> None:
        super().__init__()
        self.connections = 0
        self.ping_seconds = ping_seconds
        self._calls: list[Call] = []
        self._outcomes: defaultdict[str, list[tuple[int, dict[str, str], dict[str, Any]]]] = defaultdict(list)
        self._tickets: set[str] = set()
        self._links: list[_Link] = []
        self._waiting: list[Delivery] = []
        self._envelopes: dict[str, Delivery] = {}
        self._methods["apps.connections.open"] = self._apps_connections_open
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(128)  # so that whoever is early waits rather than is turned away
        self._port = self._socket.getsockname()[1]
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        config = uvicorn.Config(
            Starlette(
                routes=[
                    Route("/api/{method}", self._api, methods=["GET", "POST"]),
                    Route("/upload/{file_id}", self._upload, methods=["POST"]),
                    Route("/files/{file_id}/{name}", self._download),
                    Route("/response/{key}", self._posted_back, methods=["POST"]),
                    WebSocketRoute("/link", self._link),
                ],
                lifespan=self._lifespan,
            ),
            loop="asyncio",  # of uvloop's sockets one cannot ask for a reset
            log_config=None,
            access_log=False,
            ws="websockets-sansio",
            ws_ping_interval=ping_seconds,
            ws_per_message_deflate=False,
        )
        self._uvicorn = _Uvicorn(config)
        self._thread = threading.Thread(target=self._uvicorn.run, kwargs={"sockets": [self._socket]})

    def __enter__(self) -> SlackServer:
        self._thread.start()
        assert self._ready.wait(10), "the server did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._uvicorn.leave.set)
            self._thread.join(10)
        self._socket.close()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """For WebClient(base_url=...)."""
        return f"{self.origin}/api/"

    # ---- what came

    def calls(self, method: str | None = None) -> list[Call]:
        with self.changed:
            return [call for call in self._calls if method in (None, call.method)]

    def wait_for(self, what: str | Callable[[Call], bool], *, count: int = 1, seconds: float = 10.0) -> Call:
        """The first call of a method, or that a predicate holds for; with `count`, that many of them, the last.

        Raises:
            AssertionError: there were not as many in time.
        """

        def found() -> list[Call]:
            return [call for call in self._calls if (call.method == what if isinstance(what, str) else what(call))]

        with self.changed:
            if self.changed.wait_for(lambda: len(found()) >= count, seconds):
                return found()[count - 1]
            came = "\n".join(f"  {call}" for call in self._calls) or "  (none)"
            raise AssertionError(f"{len(found())} of {count} calls ({what}) in {seconds} s; there were\n{came}")

    # ---- what goes wrong

    def limit(self, method: str, times: int = 1, retry_after: int = 1) -> None:
        """The next calls of `method` (also response_url, upload) are too many."""
        headers = {"Retry-After": str(retry_after)}
        self._outcome(method, times, (429, headers, {"ok": False, "error": "ratelimited"}))

    def fail(self, method: str, times: int = 1, status: int = 500) -> None:
        """The next calls get a server error without any JSON in it."""
        self._outcome(method, times, (status, {}, {"ok": False, "error": f"HTTP {status}"}))

    def error(self, method: str, name: str, times: int = 1) -> None:
        """The next calls are not ok, whatever they ask for."""
        self._outcome(method, times, (200, {}, {"ok": False, "error": name}))

    def _outcome(self, method: str, times: int, outcome: tuple[int, dict[str, str], dict[str, Any]]) -> None:
        with self.changed:
            self._outcomes[method] += [outcome] * times

    # ---- the app's sockets

    def wait_connected(self, count: int = 1, seconds: float = 10.0) -> None:
        """Until there have been `count` sockets and one is open.

        Raises:
            AssertionError: it did not come to that in time.
        """
        with self.changed:
            connected = self.changed.wait_for(lambda: self.connections >= count and bool(self._usable()), seconds)
            assert connected, f"{self.connections} connections, {len(self._usable())} open, after {seconds} s"

    def drop(self, *, reset: bool = True) -> None:
        """Ends all sockets without a close frame; with `reset`, TCP says so, else they just end."""
        self._run(self._drop(reset))

    async def _drop(self, reset: bool) -> None:
        for protocol in list(self._uvicorn.server_state.connections):
            if any(link.websocket.client == protocol.client for link in self._links):
                if reset:
                    raw = protocol.transport.get_extra_info("socket")
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                protocol.transport.abort()
        while any(not link.retiring for link in self._links):
            await asyncio.sleep(0.005)

    def ask_to_reconnect(self, close_after: float = 0.5) -> None:
        """Tells the app to fetch another socket; those it has get nothing more, and soon a close frame."""
        self._run(self._ask_to_reconnect(close_after))

    async def _ask_to_reconnect(self, close_after: float) -> None:
        for link in self._usable():
            link.retiring = True
            message = {"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "test"}}
            await link.websocket.send_text(json.dumps(message))
            self._start(self._close_later(link, close_after))

    async def _close_later(self, link: _Link, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if link in self._links:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await link.websocket.close()

    def _usable(self) -> list[_Link]:
        return [link for link in self._links if not link.retiring]

    # ---- people's doings, over the socket

    def command(
        self,
        text: str,
        user: str = "U1",
        channel: str = "C1",
        command: str = "/vsearch",
        *,
        trigger: str | None = None,
        response_url: str | None = None,
    ) -> Delivery:
        return self._send(
            self.command_payload(text, user, channel, command, trigger=trigger, response_url=response_url)
        )

    def press(self, action: Mapping[str, Any], user: str = "U1", channel: str = "C1", **more: Any) -> Delivery:
        """`action` as `find_action` gives it, with what was chosen; see `press_payload` for `more`."""
        return self._send(self.press_payload(action, user, channel, **more))

    def submit(
        self, view_id: str, values: Mapping[str, Any] | None = None, user: str = "U1", trigger: str | None = None
    ) -> Delivery:
        """`values` by block and action; the acknowledgement does to the view what it says."""
        return self._send(self.submit_payload(view_id, values, user, trigger))

    def close_view(self, view_id: str, user: str = "U1", *, cleared: bool = False) -> Delivery:
        payload = self.close_payload(view_id, user, cleared=cleared)
        self.dismiss(view_id)
        return self._send(payload)

    def suggest(
        self,
        action_id: str,
        block_id: str,
        value: str,
        view_id: str | None = None,
        user: str = "U1",
        *,
        channel: str = "C1",
        message: Mapping[str, Any] | None = None,
    ) -> Delivery:
        """What is typed into an external select; the acknowledgement is held to the rules for options."""
        payload = self.suggest_payload(action_id, block_id, value, view_id, user, channel=channel, message=message)
        return self._send(payload)

    def event(self, event: Mapping[str, Any], event_id: str | None = None) -> Delivery:
        return self._send(self.event_payload(event, event_id))

    def _send(self, payload: dict[str, Any]) -> Delivery:
        if "command" in payload:
            kind = "slash_commands"
        else:
            kind = "events_api" if payload["type"] == "event_callback" else "interactive"
        return self._deliver(Delivery(self, kind, payload))

    def _deliver(self, delivery: Delivery) -> Delivery:
        with self.changed:
            self._waiting.append(delivery)
        self._loop.call_soon_threadsafe(lambda: self._start(self._flush()))
        return delivery

    # ---- payloads, for either way

    def command_payload(
        self,
        text: str,
        user: str = "U1",
        channel: str = "C1",
        command: str = "/vsearch",
        *,
        trigger: str | None = None,
        response_url: str | None = None,
    ) -> dict[str, Any]:
        return {
            "token": "verification",
            "team_id": TEAM,
            "team_domain": "team",
            "channel_id": channel,
            "channel_name": self._channel_named(channel)["name"],
            "user_id": user,
            "user_name": self._person(user)["username"],
            "command": command,
            "text": text,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": response_url or self.response_url(channel, user),
            "trigger_id": trigger or self.trigger(user),
        }

    def press_payload(
        self,
        action: Mapping[str, Any],
        user: str = "U1",
        channel: str = "C1",
        *,
        message: Mapping[str, Any] | None = None,
        view: str | None = None,
        container: Mapping[str, Any] | None = None,
        response_url: str | None = None,
        state: Mapping[str, Any] | None = None,
        trigger: str | None = None,
    ) -> dict[str, Any]:
        """A press in `message` (one of `messages` or `ephemerals`), or in the view with the id `view`."""
        if missing := {"type", "action_id", "block_id"} - action.keys():
            raise ValueError(f"the action lacks {sorted(missing)}: take it from find_action()")
        kept = {key: value for key, value in action.items() if key not in _NOT_SENT}
        payload = {
            **self._interaction("block_actions", user),
            "trigger_id": trigger or self.trigger(user, view),
            "actions": [{"action_ts": f"{time.time():.6f}", **kept}],
        }
        if view is not None:
            shown = self._open_view(view)
            shown["state"] = {"values": state if state is not None else state_of(shown)}
            return payload | {"container": container or {"type": "view", "view_id": view}, "view": shown}
        ts = message["ts"] if message else f"{time.time():.6f}"
        secret = message is not None and "to" in message
        place = {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": secret}
        payload |= {
            "container": container or place,
            "channel": self._channel_named(channel),
            "state": {"values": state or {}},
            "response_url": response_url or self.response_url(channel, user, ts),
        }
        if message and not secret:  # Slack does not repeat what only one person sees
            payload["message"] = copy.deepcopy(dict(message))
        return payload

    def submit_payload(
        self, view_id: str, values: Mapping[str, Any] | None = None, user: str = "U1", trigger: str | None = None
    ) -> dict[str, Any]:
        """
        Raises:
            ValueError: Slack's client would not let anybody submit this.
        """
        view = self._open_view(view_id)
        view["state"] = {"values": state_of(view, values or {}, submitted=True)}
        about = self._interaction("view_submission", user)
        return {**about, "trigger_id": trigger or self.trigger(user, view_id), "view": view, "response_urls": []}

    def close_payload(self, view_id: str, user: str = "U1", *, cleared: bool = False) -> dict[str, Any]:
        view = self._open_view(view_id)
        if not view.get("notify_on_close"):
            raise ValueError("without notify_on_close Slack says nothing: use dismiss()")
        return {**self._interaction("view_closed", user), "view": view, "is_cleared": cleared}

    def suggest_payload(
        self,
        action_id: str,
        block_id: str,
        value: str,
        view_id: str | None = None,
        user: str = "U1",
        *,
        channel: str = "C1",
        message: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """
        Raises:
            ValueError: Slack would not ask: there is no such select, or too little was typed.
        """
        payload: dict[str, Any] = {
            **self._interaction("block_suggestion", user),
            "action_id": action_id,
            "block_id": block_id,
            "value": value,
        }
        if view_id is not None:
            view = self._open_view(view_id)
            view["state"] = {"values": state_of(view)}
            place: dict[str, Any] = {"container": {"type": "view", "view_id": view_id}, "view": view}
        elif message is not None:
            container = {"type": "message", "message_ts": message["ts"], "channel_id": channel}
            place = {"container": container, "channel": self._channel_named(channel), "message": dict(message)}
        else:
            raise ValueError("neither a view nor a message")
        element = find_action((place.get("view") or place["message"])["blocks"], action_id, block_id)
        least = element.get("min_query_length", 3)
        if "external_select" not in element["type"]:
            raise ValueError(f"{action_id} is a {element['type']}")
        if len(value) < least:
            raise ValueError(f"Slack asks from {least} characters on (min_query_length), not for {value!r}")
        return payload | place

    def event_payload(self, event: Mapping[str, Any], event_id: str | None = None) -> dict[str, Any]:
        ts = f"{time.time():.6f}"
        authorization: dict[str, Any] = {
            "enterprise_id": None,
            "team_id": TEAM,
            "user_id": BOT_USER,
            "is_bot": True,
        }
        return {
            "token": "verification",
            "team_id": TEAM,
            "context_team_id": TEAM,
            "api_app_id": APP_ID,
            "event": {"ts": ts, "event_ts": ts, "team": TEAM, **event},
            "type": "event_callback",
            "event_id": event_id or f"Ev{secrets.token_hex(5).upper()}",
            "event_time": int(time.time()),
            "authorizations": [authorization | {"is_enterprise_install": False}],
            "is_ext_shared_channel": False,
        }

    def signed(
        self, payload: Mapping[str, Any], secret: str, at: float | None = None
    ) -> tuple[dict[str, str], bytes]:
        """The headers and the body that Slack would send such a payload with over HTTP, at the time `at`."""
        if "command" in payload:
            kind, body = "application/x-www-form-urlencoded", urlencode(payload)
        elif payload.get("type") in ("event_callback", "url_verification"):
            kind, body = "application/json", json.dumps(payload)
        else:
            kind, body = "application/x-www-form-urlencoded", urlencode({"payload": json.dumps(payload)})
        stamp = str(int(time.time() if at is None else at))
        digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest}",
        }
        return headers, body.encode()

    def answered(self, payload: Mapping[str, Any], answer: Mapping[str, Any] | None) -> None:
        """What an acknowledgement does: for answers over HTTP; those over the socket come here by themselves."""
        with self.changed:
            kind = payload.get("type")
            if kind == "view_submission":
                self.submitted(payload["view"]["id"], answer)
            elif kind == "block_suggestion":
                self.problems += [f"block_suggestion: {one}" for one in blockkit.options_problems(answer)]
            elif "command" in payload and answer:
                self.show(payload["channel_id"], payload["user_id"], answer)
            elif answer:
                self.problems.append(f"{kind}: Slack ignores the acknowledgement's {answer}")

    def _interaction(self, kind: str, user: str) -> dict[str, Any]:
        return {
            "type": kind,
            "user": self._person(user),
            "api_app_id": APP_ID,
            "token": "verification",
            "team": {"id": TEAM, "domain": "team"},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _person(self, user: str) -> dict[str, Any]:
        known = self.users.get(user)
        name = known.name.casefold() if known else user.casefold()
        return {"id": user, "username": name, "name": name, "team_id": known.team_id if known else TEAM}

    def _channel_named(self, channel: str) -> dict[str, Any]:
        known = self.channels.get(channel)
        return {"id": channel, "name": "directmessage" if known is None or known.user else known.name}

    def _open_view(self, view_id: str) -> dict[str, Any]:
        view = self.view(view_id)
        if view is None:
            raise ValueError(f"the view {view_id} is not open")
        return view

    # ---- in the server's thread

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        yield

    def _run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def _start(self, coroutine: Any) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _note(self, method: str, arguments: dict[str, Any], answered: dict[str, Any]) -> None:
        with self.changed:
            self._calls.append(Call(method, arguments, time.monotonic(), answered))
            self.changed.notify_all()

    async def _api(self, request: Request) -> Response:
        method = request.path_params["method"]
        token, arguments = await _read(request)
        scopes = {"x-oauth-scopes": ",".join(sorted(self.scopes))}
        try:
            status, headers, answer = self._next_outcome(method) or (200, {}, self.call(method, arguments, token))
        except Exception as error:
            self.problems.append(f"{method}: this server failed, {error!r}")
            raise
        self._note(method, arguments, answer)
        return _reply(status, headers | scopes, answer)

    def _next_outcome(self, method: str) -> tuple[int, dict[str, str], dict[str, Any]] | None:
        with self.changed:
            return self._outcomes[method].pop(0) if self._outcomes[method] else None

    async def _upload(self, request: Request) -> Response:
        file_id = request.path_params["file_id"]
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form() as form:
                parts = [part for _, part in form.multi_items() if not isinstance(part, str)]
                content = await parts[0].read() if parts else b""
        else:
            content = await request.body()
        outcome = self._next_outcome("upload")
        refused = None if outcome else self.upload(file_id, content)
        answer = outcome[2] if outcome else {"ok": False, "error": refused} if refused else {"ok": True}
        self._note("upload", {"file": file_id, "length": len(content)}, answer)
        if outcome:
            return _reply(*outcome)
        return PlainTextResponse(refused or f"OK - {len(content)}", 400 if refused else 200)

    async def _download(self, request: Request) -> Response:
        slack_file = self.files.get(request.path_params["file_id"])
        if request.headers.get("authorization") != f"Bearer {BOT_TOKEN}":
            return Response("<html>sign in</html>", 200, media_type="text/html")  # Slack's way to say no
        if slack_file is None or slack_file.deleted or slack_file.content is None:
            return Response("", 404)
        return Response(slack_file.content, media_type=slack_file.mimetype)

    async def _posted_back(self, request: Request) -> Response:
        raw = await request.body()
        try:
            body = json.loads(raw)
        except ValueError:
            body = raw.decode(errors="replace")
        key = request.path_params["key"]
        outcome = self._next_outcome("response_url")
        answer = outcome[2] if outcome else self.respond(key, body)
        self._note("response_url", self.sent_to(key, body), answer)
        if outcome:
            return _reply(*outcome)
        return PlainTextResponse("ok") if answer["ok"] else JSONResponse(answer, 404)

    def _apps_connections_open(self, _: dict[str, Any]) -> dict[str, Any]:
        ticket = secrets.token_urlsafe(12)
        self._tickets.add(ticket)
        return {"url": f"ws://127.0.0.1:{self._port}/link?ticket={ticket}&app_id={APP_ID}"}

    async def _link(self, websocket: WebSocket) -> None:
        ticket = websocket.query_params.get("ticket", "")
        if ticket not in self._tickets:
            await websocket.close()
            return
        self._tickets.remove(ticket)
        await websocket.accept()
        link = _Link(websocket)
        hello = {
            "type": "hello",
            "num_connections": len(self._usable()) + 1,
            "debug_info": {"host": "test", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": APP_ID},
        }
        try:
            await websocket.send_text(json.dumps(hello))
            with self.changed:
                self.connections += 1
                self._links.append(link)
                self.changed.notify_all()
            await self._flush()
            while True:
                self._heard(link, await websocket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            with self.changed:
                link.retiring = True
                if link in self._links:
                    self._links.remove(link)
                self._waiting[:0] = [one for one in link.unacknowledged.values() if one.ack_seconds is None]
                self.changed.notify_all()
            self._start(self._flush())

    def _heard(self, link: _Link, text: str) -> None:
        said = json.loads(text)
        envelope_id = said.get("envelope_id")
        with self.changed:
            delivery = self._envelopes.get(envelope_id)
            link.unacknowledged.pop(envelope_id, None)
            if delivery is None:
                self.problems.append(f"acknowledged what was never sent: {text[:200]}")
            elif delivery.acknowledged(envelope_id, said.get("payload")):
                self.answered(delivery.payload, said.get("payload"))
            self.changed.notify_all()

    async def _flush(self) -> None:
        """Sends what waits to the newest socket; sending takes no turn of the loop, so the order stays."""
        while True:
            with self.changed:
                usable = self._usable()
                if not usable or not self._waiting:
                    return
                link, delivery = usable[-1], self._waiting.pop(0)
                envelope = delivery.envelope()
                self._envelopes[envelope["envelope_id"]] = delivery
                link.unacknowledged[envelope["envelope_id"]] = delivery
            try:
                await link.websocket.send_text(json.dumps(envelope))
            except (RuntimeError, WebSocketDisconnect):
                link.retiring = True  # its end takes up what it left


class _Uvicorn(uvicorn.Server):
    """Leaves as soon as it is told to and nobody is there any more, not some tenths of a second later."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.leave = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.leave.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        gone_by = time.monotonic() + 1
        while (self.server_state.connections or self.server_state.tasks) and time.monotonic() < gone_by:
            await asyncio.sleep(0.001)
        await self.lifespan.shutdown()


def find_action(blocks: list[dict[str, Any]], action_id: str, block_id: str | None = None) -> dict[str, Any]:
    """The element with this action_id, with the id of its block.

    Raises:
        ValueError: there is none.
    """
    there = []
    for block in blocks:
        for _, element in blockkit.elements(block):
            there.append((block.get("block_id"), element.get("action_id")))
            if element.get("action_id") == action_id and block_id in (None, block.get("block_id")):
                return {**copy.deepcopy(element), "block_id": block.get("block_id")}
    raise ValueError(f"no action {action_id!r} in block {block_id!r} among {there}")


def state_of(
    view: Mapping[str, Any], values: Mapping[str, Any] | None = None, *, submitted: bool = False
) -> dict[str, Any]:
    """The state of a view's fields: `values` over what was there at first; if it is `submitted`, all must be well.

    Raises:
        ValueError: what Slack's client would not let anybody enter, or fields that are not in the view.
    """
    state: dict[str, dict[str, Any]] = {}
    given = {(block_id, action_id) for block_id, actions in (values or {}).items() for action_id in actions}
    for block in view["blocks"]:
        for _, element in blockkit.elements(block):
            key = _VALUE_OF.get(element["type"])
            if key is None:
                continue
            block_id, action_id = block["block_id"], element["action_id"]
            empty: Any = [] if key.endswith("s") else None
            first = element.get(
                key.replace("selected", "initial") if "selected" in key else f"initial_{key}", empty
            )
            entered = {"type": element["type"], key: first, **(values or {}).get(block_id, {}).get(action_id, {})}
            given.discard((block_id, action_id))
            if entered.keys() != {"type", key}:
                raise ValueError(f"a {element['type']} has {key}, not {sorted(entered)}")
            needed = submitted and block["type"] == "input" and not block.get("optional")
            if reason := _not_entered(element, entered[key], needed):
                raise ValueError(f"{block_id}.{action_id}: {reason}")
            state.setdefault(block_id, {})[action_id] = entered
    if given:
        raise ValueError(f"not in the view: {sorted(given)}")
    return copy.deepcopy(state)


def _not_entered(element: Mapping[str, Any], value: Any, needed: bool) -> str | None:
    """Why Slack's client would not take it."""
    if value in (None, "", []):
        return "must be filled in" if needed else None
    if element["type"] == "plain_text_input":
        least, most = element.get("min_length", 0), element.get("max_length", 3000)
        return None if least <= len(value) <= most else f"{len(value)} characters, not {least} to {most}"
    chosen = value if isinstance(value, list) else [value]
    if len(chosen) > element.get("max_selected_items", len(chosen)):
        return f"{len(chosen)} chosen, at most {element['max_selected_items']}"
    groups = [option for group in element.get("option_groups", []) for option in group["options"]]
    options = element.get("options", groups)
    if options and any(option not in options for option in chosen):
        return "not among the options"
    return None


async def _read(request: Request) -> tuple[str | None, dict[str, Any]]:
    """The token and the arguments of a call, wherever it has them."""
    arguments: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        arguments |= json.loads(body) if body else {}  # slack_sdk calls a body JSON where there is none
    elif kind.startswith("multipart/"):
        async with request.form() as form:
            arguments |= {key: value for key, value in form.multi_items() if isinstance(value, str)}
    else:
        arguments |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    token = arguments.pop("token", None)
    if (said := request.headers.get("authorization", "")).startswith("Bearer "):
        token = said.removeprefix("Bearer ")
    return token, decoded(arguments)


def _reply(status: int, headers: Mapping[str, str], answer: Mapping[str, Any]) -> Response:
    if status >= 500:
        return Response("<html>It did not work.</html>", status, headers, "text/html")
    return JSONResponse(dict(answer), status, headers)

"""A server on this machine that speaks Gemini's protocol, so that the true client library can be tested on it.

It answers `POST /v1beta/models/MODEL:generateContent` as the real one does: the key is checked, the request must
be well formed, errors have Google's body. What it answers is for the test to say.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from vsearch_pipeline.gemini import Gemini, GeminiOptions, Spending

KEY = "AIza-not-a-real-key-0123456789"
INPUT_TOKENS = 1000
OUTPUT_TOKENS = 60
THOUGHT_TOKENS = 40

_STATUS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


@dataclass(frozen=True)
class Asked:
    """A request as the server read it; `parts` are texts and pictures (JPEG bytes) in order."""

    model: str
    instruction: str
    parts: tuple[str | bytes, ...]
    config: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def texts(self) -> list[str]:
        return [part for part in self.parts if isinstance(part, str)]


@dataclass(frozen=True)
class Reply:
    """What goes back: `body` as JSON (or as it is, where it is bytes), after `delay` seconds."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


def text_reply(text: str, *, finish: str = "STOP") -> Reply:
    """A candidate that says `text`, whatever it is."""
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish, "index": 0}
    return Reply(200, {"candidates": [candidate], **_usage()})


def json_reply(answer: Any) -> Reply:
    return text_reply(json.dumps(answer, ensure_ascii=False))


def blocked_reply(reason: str = "PROHIBITED_CONTENT") -> Reply:
    return Reply(200, {"promptFeedback": {"blockReason": reason}, **_usage(0, 0)})


def error_reply(
    code: int, message: str = "It did not work.", *, retry_delay: str | None = None, retry_after: str | None = None
) -> Reply:
    """As Google's services answer; `retry_delay` ("7s") stands in the body, `retry_after` ("7") in a header."""
    error: dict[str, Any] = {"code": code, "message": message, "status": _STATUS[code]}
    if retry_delay:
        error["details"] = [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "PerMinute"}]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry_delay},
        ]
    return Reply(code, {"error": error}, {"Retry-After": retry_after} if retry_after else {})


def late(reply: Reply, seconds: float) -> Reply:
    return replace(reply, delay=seconds)


def _usage(input_tokens: int = INPUT_TOKENS, output_tokens: int = OUTPUT_TOKENS) -> dict[str, Any]:
    thoughts = THOUGHT_TOKENS if output_tokens else 0
    counts = {"promptTokenCount": input_tokens, "candidatesTokenCount": output_tokens}
    total = input_tokens + output_tokens + thoughts
    return {"usageMetadata": {**counts, "thoughtsTokenCount": thoughts, "totalTokenCount": total}}


class GeminiServer:
    """Answers with the replies of `script` as long as there are any, then with what `answer` says.

    Attributes:
        asked: every request that had the right key and a right form, also those answered with an error.
        misasked: why others were refused.
        failures: what went wrong in the test's own answers.
    """

    def __init__(self) -> None:
        self.answer: Callable[[Asked], Reply] = lambda _: error_reply(500, "The test says no answer.")
        self.script: list[Reply] = []
        self.asked: list[Asked] = []
        self.misasked: list[str] = []
        self.failures: list[Exception] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self._stopped.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def reply(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        try:
            asked = _read(path, headers, body)
        except _RefusedError as refused:
            self.misasked.append(str(refused))
            return refused.reply
        with self._lock:
            self.asked.append(asked)
            scripted = self.script.pop(0) if self.script else None
        try:
            reply = scripted or self.answer(asked)
        except Exception as error:  # noqa: BLE001  (raised again where the test can see it)
            self.failures.append(error)
            reply = error_reply(500, "The test failed to answer.")
        self._stopped.wait(reply.delay)
        return reply


@contextmanager
def serving_gemini(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    """A server that the environment leads google-genai to, with a key that it takes.

    Raises:
        Exception: what the test's own answers raised.
    """
    for name in ("GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    server = GeminiServer()
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.url)
    try:
        yield server
    finally:
        server.close()
    if server.failures:
        raise server.failures[0]


OPTIONS = GeminiOptions(
    model="gemini-test",
    timeout_seconds=20.0,
    attempts=3,
    requests_a_day=1000,
    usd_a_day=10.0,
    usd_per_million_tokens=(1.0, 10.0),
    first_pause_seconds=0.001,
    longest_pause_seconds=0.5,
)
USD_A_REQUEST = (INPUT_TOKENS * 1.0 + (OUTPUT_TOKENS + THOUGHT_TOKENS) * 10.0) / 1e6


class MemoryLedger:
    """A `gemini.Ledger` that forgets with the process; all that is counted is counted by model."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.purposes: Counter[tuple[str, str]] = Counter()
        self.requests: Counter[str] = Counter()
        self.input_tokens: Counter[str] = Counter()
        self.output_tokens: Counter[str] = Counter()
        self.usd: defaultdict[str, float] = defaultdict(float)

    def known(self, keys: Collection[str]) -> dict[str, Any]:
        return {key: self.answers[key] for key in keys if key in self.answers}

    def keep(self, purpose: str, model: str, answers: Mapping[str, Any]) -> None:
        self.answers = {**json.loads(json.dumps(dict(answers))), **self.answers}
        self.purposes[purpose, model] += len(answers)

    def spent_today(self) -> Spending:
        return Spending(self.requests.total(), sum(self.usd.values()))

    def begin_request(self, model: str, limit: Spending) -> bool:
        spent = self.spent_today()
        if spent.requests >= limit.requests or spent.usd >= limit.usd:
            return False
        self.requests[model] += 1
        return True

    def note(self, model: str, *, input_tokens: int, output_tokens: int, usd: float) -> None:
        self.input_tokens[model] += input_tokens
        self.output_tokens[model] += output_tokens
        self.usd[model] += usd


def client(ledger: MemoryLedger | None = None, **options: Any) -> Gemini:
    return Gemini(replace(OPTIONS, **options), ledger or MemoryLedger())


class _RefusedError(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.body["error"]["message"])
        self.reply = reply


def _read(path: str, headers: Mapping[str, str], body: bytes) -> Asked:
    """The request, or what the real service says to one that is wrong."""
    if headers.get("x-goog-api-key") != KEY:
        raise _RefusedError(error_reply(400, "API key not valid. Please pass a valid API key."))
    model, _, verb = path.removeprefix("/v1beta/models/").partition(":")
    if not path.startswith("/v1beta/models/") or verb != "generateContent":
        raise _RefusedError(error_reply(404, f"{path} is not found."))
    try:
        request = json.loads(body)
        config = request["generationConfig"]
        (content,) = request["contents"]
        if content["role"] != "user" or set(request) - {"contents", "systemInstruction", "generationConfig"}:
            raise ValueError(f"Unknown fields: {sorted(request)}")
        if ("responseJsonSchema" in config) != (config.get("responseMimeType") == "application/json"):
            raise ValueError("A schema needs responseMimeType application/json.")
        instruction = "".join(part["text"] for part in request["systemInstruction"]["parts"])
        parts = tuple(map(_part, content["parts"]))
    except (KeyError, ValueError, TypeError) as error:
        raise _RefusedError(error_reply(400, f"Invalid JSON payload received: {error!r}")) from error
    return Asked(model, instruction, parts, config, dict(headers))


def _part(part: Mapping[str, Any]) -> str | bytes:
    if "text" in part:
        return str(part["text"])
    blob = part["inlineData"]
    if (blob.get("mimeType") or blob["mime_type"]) != "image/jpeg":  # the protocol takes both spellings
        raise ValueError("not a JPEG")
    return base64.b64decode(blob["data"], altchars=b"-_", validate=True)


def _handler(server: GeminiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each body waits 40 ms for its head to be acknowledged

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = server.reply(self.path, headers, body)
            data = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            try:
                self.send_response(reply.status)
                self.send_header("Content-Type", "application/json; charset=UTF-8")
                self.send_header("Content-Length", str(len(data)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True  # whoever asked did not wait

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name in http.server)
            """Tests print nothing."""

    return Handler

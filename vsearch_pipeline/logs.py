"""Logs of every door: as text or as JSON lines, without secrets.

Code logs with the standard library, and gives fields by `extra`: `_LOG.info("stage done", extra={"video": "a1"})`.
What is told of everything that happens inside a block is bound by `about(...)`.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import TextIOBase
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, TextIO

import structlog
from pydantic import SecretStr

from vsearch_pipeline.redaction import REDACTED, password_of, secrets_of
from vsearch_pipeline.settings import Settings

Door = Literal["cli", "page", "slack", "dagster"]

ROOMS: Final = ("vsearch_pipeline", "editor_app")
"""Whose records are written from `log_level` on; other packages' from warnings on."""
MOST_BYTES: Final = 20 * 2**20
KEPT: Final = 3
"""Older files of a log: `page.log.1` is the newest of them."""

_OF_DAGSTER: Final = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}) - ([\w.-]+) - (DEBUG|INFO|WARNING|ERROR|CRITICAL) - "
)
_ANSI: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_DOORS: Final[list[Door]] = []


def set_up_logs(settings: Settings, door: Door, environment: Mapping[str, str] = os.environ) -> None:
    """Write what this process logs to its standard error; the first door of a process decides.

    A service (page, Slack, Dagster) also has no other way there: what anything else of it writes to standard
    output and error passes without secrets, and as JSON where logs are JSON. The command line talks to people
    there.
    """
    learn_secrets(settings, environment)
    if _DOORS:
        return
    _DOORS.append(door)
    if door != "cli":
        _guard_streams(settings.log_format)
        sys.excepthook = _log_crash
        threading.excepthook = _log_thread_crash
    _write_alike(formatter(settings.log_format))
    quiet = door == "cli" and "log_level" not in settings.model_fields_set
    level = logging.WARNING if quiet else logging.getLevelName(settings.log_level.upper())
    logging.root.setLevel(max(level, logging.WARNING))
    for room in ROOMS:
        logging.getLogger(room).setLevel(level)
    if quiet:  # a command says itself, in one sentence, what became of the runs that it started
        logging.getLogger("vsearch_pipeline.assets").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore")  # they are for those who write code, and tests show them


def learn_secrets(settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
    """Let what these hold never be logged."""
    given = (getattr(settings, name) for name in type(settings).model_fields)
    REDACTED.learn(*(value.get_secret_value() for value in given if isinstance(value, SecretStr)))
    REDACTED.learn(*password_of(settings.database_url), *secrets_of(environment))


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """What is logged inside is told to be about these."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield


def set_up_dagster_logs(settings: Settings) -> None:
    """The same in a process that Dagster started: its webserver, its daemon, a code location or a run. In another
    one, which has a door of its own, nothing happens."""
    started = Path(sys.argv[0])  # of a run: what the code location was started with
    if any(part.startswith("dagster") for part in (started.name, *started.parts[-3:-1])):
        set_up_logs(settings, "dagster")


def formatter(log_format: Literal["text", "json"]) -> logging.Formatter:
    """Lines without secrets."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _add_time,
    ]
    if log_format == "json":
        rendered: list[Any] = [
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    else:
        rendered = [_as_text]
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return _Redacting(foreign_pre_chain=shared, processors=[remove, *rendered])


class _Redacting(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return REDACTED(super().format(record))


def _add_time(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    record = event.get("_record")
    event.pop("asctime", None)
    moment = datetime.fromtimestamp(record.created, UTC) if record is not None else datetime.now(UTC)
    return {"time": _iso(moment), **event}


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _as_text(_logger: Any, _method: str, event: dict[str, Any]) -> str:
    """`2026-11-27T03:00:00.000Z INFO vsearch_pipeline.assets.stage: stage done (video=a seconds=1.2)`."""
    time, level, name, message = (event.pop(key, "") for key in ("time", "level", "logger", "event"))
    event.pop("stack_info", None)
    problem = event.pop("exc_info", None)
    fields = " ".join(f"{key}={value}" for key, value in event.items())
    line = f"{time} {str(level).upper()} {name}: {message}{f' ({fields})' if fields else ''}"
    if problem:
        told = structlog.processors.format_exc_info(None, "", {"exc_info": problem}).get("exception", "")
        return f"{line}\n{told}"
    return line


# --- what others write


class Guarded(TextIOBase):
    """A standard stream: what is written to it goes on without secrets, as JSON lines where `log_format` says so.

    A text is held back until its line ends or is flushed; what is written at once stays one record.
    """

    def __init__(self, stream: TextIO, log_format: Literal["text", "json"], name: str) -> None:
        self._stream, self._format, self._name = stream, log_format, name
        self._held = ""
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        with self._lock:
            self._held += text
            if self._held.endswith(("\n", "\r")):
                self._pass_on()
        return len(text)

    def flush(self) -> None:
        with self._lock:
            if self._held:
                self._pass_on()
            self._stream.flush()

    def _pass_on(self) -> None:
        text, self._held = self._held, ""
        if self._format == "json":
            text = "".join(f"{line}\n" for line in _as_json_lines(text, self._name))
        self._stream.write(REDACTED(text))
        self._stream.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self._stream.errors

    @property
    def buffer(self) -> Any:
        return self._stream.buffer


def _as_json_lines(text: str, name: str) -> Iterator[str]:
    """Lines that are JSON objects as they are; what is between them as one record."""
    between: list[str] = []
    for line in (*text.splitlines(), None):
        if line is not None and not _is_object(line):
            between.append(_ANSI.sub("", line))
            continue
        message = "\n".join(between).strip()
        if message:
            yield json.dumps(_record_of(message, name), ensure_ascii=False)
        between = []
        if line is not None:
            yield line


def _record_of(message: str, name: str) -> dict[str, str]:
    """A text as a record; Dagster's runs have a way of their own to write to the console."""
    level, time = "info", datetime.now(UTC)
    if found := _OF_DAGSTER.match(message):
        name, level, message = found[2], found[3].lower(), message[found.end() :]
        with suppress(ValueError):
            time = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S %z").astimezone(UTC)
    return {"time": _iso(time), "level": level, "logger": name, "message": message}


def _is_object(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _guard_streams(log_format: Literal["text", "json"]) -> None:
    sys.stdout = Guarded(sys.stdout, log_format, "stdout")
    sys.stderr = Guarded(sys.stderr, log_format, "stderr")


class _Console(logging.StreamHandler[TextIO]):
    """Writes to whatever is standard error at the moment, unless the record's logger has a console of its own."""

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, _: TextIO) -> None: ...

    def filter(self, record: logging.LogRecord) -> bool:
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None and logger is not logging.root:
            if any(map(_is_console, logger.handlers)):
                return False
            logger = logger.parent if logger.propagate else None
        return bool(super().filter(record))


def _is_console(handler: logging.Handler) -> bool:
    """Whether it writes to the terminal: not a file, not what a test listens with."""
    return isinstance(handler, logging.StreamHandler) and handler.stream in (
        *(sys.stdout, sys.stderr),
        *(sys.__stdout__, sys.__stderr__),
    )


def _write_alike(form: logging.Formatter) -> None:
    """Ours in the place of what the root wrote to the console with; other handlers write to guarded streams."""
    for handler in [*filter(_is_console, logging.root.handlers)]:
        logging.root.removeHandler(handler)
    for name in [*logging.root.manager.loggerDict]:
        for handler in [*filter(_is_console, logging.getLogger(name).handlers)]:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(sys.stdout if handler.stream is sys.__stdout__ else sys.stderr)
    console = _Console()
    console.setFormatter(form)
    logging.root.addHandler(console)


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("vsearch_pipeline").critical("the process ends: %s", error, exc_info=(kind, error, trace))


def _log_thread_crash(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
        logging.getLogger("vsearch_pipeline").error(
            "a thread ended: %s",
            told.exc_value,
            exc_info=(told.exc_type, told.exc_value, told.exc_traceback),
        )


# --- files


def rotate(log: Path, most_bytes: int = MOST_BYTES, kept: int = KEPT) -> bool:
    """Where a log has grown beyond `most_bytes`, put its content aside and empty it; returns whether it had.

    The processes that write to it keep it open for appending, and go on at its new beginning. What they write
    between the copy and the emptying, a moment, is lost.
    """
    try:
        if log.stat().st_size <= most_bytes:
            return False
        for number in range(kept, 1, -1):
            older = log.with_name(f"{log.name}.{number - 1}")
            if older.exists():
                older.replace(log.with_name(f"{log.name}.{number}"))
        aside = log.with_name(f"{log.name}.1")
        with log.open("rb") as written, aside.open("wb") as copy:
            while block := written.read(1 << 20):
                copy.write(block)
        os.truncate(log, 0)
    except FileNotFoundError:
        return False
    except OSError as problem:  # a full disk must not end what is served
        logging.getLogger(__name__).warning("%s was not put aside: %s", log.name, problem)
        return False
    return True

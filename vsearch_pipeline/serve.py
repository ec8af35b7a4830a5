"""`vsearch up`: the Dagster webserver, its daemon and the page as children of one process."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import IO

from rich.console import Console

from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.logs import rotate
from vsearch_pipeline.redaction import REDACTED
from vsearch_pipeline.resources.instance import open_instance
from vsearch_pipeline.settings import PROJECT_ROOT, Settings
from vsearch_pipeline.signing_in import check_address, check_lists, sign_in_of
from vsearch_pipeline.slack.client import tokens_for, tokens_of

START_SECONDS = 120
STOP_SECONDS = 15
ROTATE_SECONDS = 60
"""How often it is looked whether a log has grown too large."""
SLACK_HEALTH = "/health"
"""Of the door for Slack, where it is open over HTTP."""
HOST = "127.0.0.1"
"""Of Dagster, which knows no sign-in."""
_PR_SET_PDEATHSIG = 1
_SECRETS = tuple(folder / ".streamlit" / "secrets.toml" for folder in (Path.home(), PROJECT_ROOT))
"""Where Streamlit looks for how people sign in, besides the settings."""


@dataclass(frozen=True)
class Service:
    """A child process; `health` is asked until it answers."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    health: str | None


def free_port(wanted: int, host: str = HOST) -> int:
    """`wanted` where nobody listens there, else one the system gives.

    Raises:
        VsearchError: this machine does not have that address, or no port is left.
    """
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise VsearchError(f"There is no free port at {host}, or this machine does not have that address.")


def serve(settings: Settings, console: Console) -> None:
    """Start everything, say where it is, wait for Ctrl-C (or SIGTERM) and stop all of it.

    Raises:
        InputError: strangers could come in, or nobody could; or a token for Slack is missing.
        VsearchError: a service did not start or ended by itself; the message names its log.
    """

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    sign_in = sign_in_of(settings)
    if not any(path.exists() for path in _SECRETS):  # where there is one, the page looks into it
        check_address(settings.page_address, settings, sign_in=sign_in is not None)
    if sign_in:
        check_lists(settings)
    lock = _only_one(settings)
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)  # the terminal was closed
    signal.signal(signal.SIGINT, interrupt)  # a shell starts background jobs with it ignored
    open_instance(settings).dispose()
    settings.inbox_dir.mkdir(parents=True, exist_ok=True)
    address = settings.page_address
    dagster_port, page_port = free_port(settings.dagster_port), free_port(settings.page_port, address)
    dagster_url, page_url = f"http://{HOST}:{dagster_port}", f"http://{_reached(address)}:{page_port}"
    links = {  # where people open what: the page links to Dagster, Slack to both
        "VSEARCH_DAGSTER_URL": settings.dagster_url or dagster_url,
        "VSEARCH_PAGE_URL": settings.page_url or (sign_in.origin(page_port) if sign_in else page_url),
    }
    slack = tokens_of() is not None
    if slack:
        tokens_for(settings)
    workspace = str(PROJECT_ROOT / "workspace.yaml")
    services: list[Service] = []
    try:
        with console.status("starting"):
            services.append(
                _start(
                    settings,
                    "dagster-webserver",
                    ["-m", "dagster_webserver", "-w", workspace, "-h", HOST, "-p", str(dagster_port)],
                    health=f"{dagster_url}/server_info",
                )
            )
            services.append(
                _start(
                    settings,
                    "dagster-daemon",
                    ["-m", "dagster._daemon", "run", "-w", workspace],
                    health=None,
                    environment=links,
                )
            )
            services.append(
                _start(
                    settings,
                    "page",
                    [
                        *["-m", "streamlit", "run", str(PROJECT_ROOT / "editor_app" / "main.py")],
                        *["--server.address", address, "--server.port", str(page_port)],
                        *["--server.headless", "true", "--logger.hideWelcomeMessage", "true"],
                    ],
                    health=f"{page_url}/_stcore/health",
                    environment=links,
                )
            )
            if slack:
                services.append(
                    _start(
                        settings,
                        "slack",
                        ["-m", "vsearch_pipeline", "slack"],
                        health=f"http://{_reached(settings.slack_address)}:{settings.slack_port}{SLACK_HEALTH}"
                        if settings.slack_mode == "http"
                        else None,
                        environment=links,
                    )
                )
            _wait_until_healthy(services)
        console.print(f"The page      {sign_in.origin(page_port) if sign_in else page_url}")
        console.print(f"Dagster       {dagster_url}")
        if slack:
            console.print("Slack         answers /vsearch (docs/slack.md)")
        console.print(
            f"Inbox         {settings.inbox_dir}  (files put here, and links in links.txt, are ingested)"
        )
        console.print("Ctrl-C stops everything.")
        for turn in count(1):
            _check(services)
            if turn % ROTATE_SECONDS == 0:
                for service in services:
                    rotate(service.log)
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("stopping")
    finally:
        # a second Ctrl-C must not leave anything behind
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        _stop(services)
        lock.close()


def _only_one(settings: Settings) -> IO[str]:
    """Hold the home for this process: two daemons on one database would start every run twice."""
    settings.home.mkdir(parents=True, exist_ok=True)
    lock = settings.up_lock.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise VsearchError(
            f"`vsearch up` is already running for {settings.home} (process {lock.read().strip()}):"
            " stop that first."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _die_with_parent() -> None:
    """Even a killed `vsearch up` leaves no service behind (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _start(
    settings: Settings,
    name: str,
    arguments: list[str],
    health: str | None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Service:
    log = settings.home / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    rotate(log)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=PROJECT_ROOT,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C reaches only us; we stop the children in order
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - no other thread runs yet
        )
    return Service(name, process, log, health)


def _wait_until_healthy(services: list[Service]) -> None:
    deadline = time.monotonic() + START_SECONDS
    for service in services:
        while service.health and not _answers(service.health):
            _check(services)
            if time.monotonic() > deadline:
                raise VsearchError(
                    f"{service.name} did not answer in {START_SECONDS} s; its log is {service.log}."
                )
            time.sleep(0.3)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _check(services: list[Service]) -> None:
    for service in services:
        if service.process.poll() is not None:
            raise VsearchError(
                f"{service.name} ended by itself (exit {service.process.returncode}); its log is {service.log},"
                f" and ends with: {REDACTED(_last_line(service.log))}"
            )


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "nothing")


def _reached(address: str) -> str:
    """Where this machine reaches what listens on an address, as it stands in a link."""
    if address in ("0.0.0.0", "::"):  # noqa: S104 - all addresses
        return HOST if "." in address else "[::1]"
    return f"[{address}]" if ":" in address else address


def _stop(services: list[Service]) -> None:
    """Ask each process group to stop, then make it."""
    for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        for service in reversed(services):
            _signal_group(service, sent)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and any(_group_lives(service) for service in services):
            time.sleep(0.1)


def _signal_group(service: Service, sent: int) -> None:
    service.process.poll()
    if _group_lives(service):
        try:
            os.killpg(service.process.pid, sent)
        except ProcessLookupError:
            return


def _group_lives(service: Service) -> bool:
    service.process.poll()  # reap it, or its group seems alive
    try:
        os.killpg(service.process.pid, 0)
    except ProcessLookupError:
        return False
    return True

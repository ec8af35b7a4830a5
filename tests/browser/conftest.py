"""A real Chromium on the real server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.commands import python_path
from tests.editor_app.library import Library, library

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
PATIENCE_MS = 45_000
"""The first page of a busy machine waits for the text model, and any page beside tests that kill servers."""
KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
BROWSERS = ("chromium-headless-shell", "chromium")
"""The first that is there. The same engine, but the shell opens no window around a page, which takes Chromium most
of what it does for a test."""
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


def browser_path() -> str | None:
    """Where the browser is: `VSEARCH_CHROMIUM`, else the first of `BROWSERS` that is installed."""
    return os.environ.get("VSEARCH_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = browser_path()
    if path is None:
        pytest.skip(f"no browser: install {' or '.join(BROWSERS)}, or set VSEARCH_CHROMIUM")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lib() -> Library:
    return library()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server(lib: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's address; no service has a key."""
    with serving_page(lib, tmp_path_factory.mktemp("server")) as url:
        yield url


@contextmanager
def serving_page(lib: Library, folder: Path, **environment: str) -> Iterator[str]:
    """The page's address; started as `vsearch up` starts it, but from another working directory."""
    home = {"VSEARCH_HOME": str(lib.settings.home)}
    with serving(ROOT / "editor_app" / "main.py", folder, **home | environment) as url:
        yield url


@contextmanager
def serving(script: Path, folder: Path, **environment: str) -> Iterator[str]:
    """The address of a page of Streamlit's, run in this folder."""
    port = free_port()
    without_keys = {name: value for name, value in os.environ.items() if name not in KEYS}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *[sys.executable, "-m", "streamlit", "run", str(script)],
                *["--server.address", "127.0.0.1", "--server.port", str(port), "--server.headless", "true"],
            ],
            cwd=folder,
            env=without_keys | {"PYTHONPATH": python_path(ROOT)} | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/_stcore/health", process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"{url} did not answer: {log.read_text()}")


Visit = Callable[..., Page]


@pytest.fixture
def visit(chromium: Browser, server: str) -> Iterator[Visit]:
    with visiting(chromium, server) as opened:
        yield opened


@contextmanager
def visiting(chromium: Browser, server: str, *others: str) -> Iterator[Visit]:
    """Open an address in a browser of its own; whatever leaves this machine or breaks a script fails the test.

    Args:
        others: further addresses that may be asked.
    """
    problems: list[str] = []
    contexts = []

    def opened(path: str = "/", *, locale: str = "en-US", width: int = 1280, height: int = 720) -> Page:
        context = chromium.new_context(locale=locale, viewport={"width": width, "height": height})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"script: {error}"))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((server, *others, "data:", "blob:"))
                else problems.append(request.url)
            ),
        )
        page.goto(path if path.startswith("http") else server + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems

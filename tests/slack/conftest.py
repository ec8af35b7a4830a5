"""The door for Slack on a real library, before a local server that speaks Slack's protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.editor_app.library import Library, another_library, library
from tests.slack.slack_server import Call, Delivery, SlackServer, find_action
from tests.slack.workspace import APP_TOKEN, BOT_TOKEN
from vsearch_pipeline.catalog.operations import OperationRecord, read_operations
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.client import Tokens
from vsearch_pipeline.slack.desk import Desk, open_desk
from vsearch_pipeline.slack.running import over_socket

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # noqa: S105
PAGE = "https://vsearch.example.com"


@pytest.fixture(scope="module")
def lib(request: pytest.FixtureRequest) -> Library:
    """A library that the tests of a module may change."""
    return another_library(library(), request.module.__name__.replace(".", "_"))


@pytest.fixture(scope="module")
def slack() -> Iterator[SlackServer]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
            patch.delenv(name, raising=False)
            patch.delenv(name.lower(), raising=False)
        with SlackServer() as server:
            server.add_user("U2", "juhee", email="juhee@example.com", locale="en-US")
            server.add_user("U3", "viewer", email="viewer@example.org", locale="en-US")
            yield server


def tokens(slack: SlackServer) -> Tokens:
    return Tokens(BOT_TOKEN, APP_TOKEN, SECRET, slack.url)


def settings_of(lib: Library, **more: Any) -> Settings:
    given = {"editors": ("@example.com",), "viewers": ("viewer@example.org",), "page_url": PAGE, **more}
    return lib.settings.model_copy(update=given)


@pytest.fixture(scope="module")
def desk(lib: Library, slack: SlackServer) -> Iterator[Desk]:
    opened = open_desk(settings_of(lib), tokens(slack))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def _connected(desk: Desk, slack: SlackServer) -> Iterator[None]:
    with over_socket(desk, tokens(slack)):
        slack.wait_connected()
        yield


@dataclass
class Team:
    """People who press and type, and what they see."""

    slack: SlackServer
    desk: Desk
    lib: Library

    def ask(self, text: str, user: str = "U1", **more: Any) -> str:
        """Type a command; the address where it is answered."""
        url = self.slack.response_url("C1", user)
        self.slack.command(text, user=user, response_url=url, **more)
        return url

    def type(self, text: str, user: str = "U1", seconds: float = 10, **more: Any) -> dict[str, Any]:
        """What a command is answered with first."""
        return self.answer(self.ask(text, user, **more), seconds=seconds)

    def press(
        self, message: dict[str, Any], action: str, user: str = "U1", url: str | None = None
    ) -> tuple[Delivery, str]:
        """Press a button of an answer; the address where that is answered."""
        url = url or self.slack.response_url("C1", user)
        element = find_action(message["blocks"], action)
        return self.slack.press(element, user=user, response_url=url), url

    def after(self, message: dict[str, Any], action: str, user: str = "U1") -> dict[str, Any]:
        """What a press is answered with."""
        return self.answer(self.press(message, action, user)[1])

    def answer(self, url: str, count: int = 1, seconds: float = 10) -> dict[str, Any]:
        """The so-manieth message at an address."""
        return self.call(url, count, seconds).arguments

    def call(self, url: str, count: int = 1, seconds: float = 10) -> Call:
        key = url.rsplit("/", 1)[1]

        def here(call: Call) -> bool:
            return call.method == "response_url" and call.arguments["key"] == key

        self.slack.wait_for(here, count=count, seconds=seconds)
        return [call for call in self.slack.calls("response_url") if here(call)][count - 1]

    def open_form(self, message: dict[str, Any], user: str = "U1", url: str | None = None) -> dict[str, Any]:
        before = len(self.slack.calls("views.open"))
        self.press(message, "edit", user, url)
        opened = self.slack.wait_for("views.open", count=before + 1)
        view = self.slack.view(opened.answered["view"]["id"])
        assert view is not None
        return view

    def segment(self, number: int) -> SegmentRecord:
        with self.desk.catalog.begin() as connection:
            return read_segments(connection, ids=[number])[0]

    def operations(self, number: int) -> list[OperationRecord]:
        with self.desk.catalog.begin() as connection:
            return read_operations(connection, subjects=[("segment", str(number))], limit=50)


@pytest.fixture
def team(desk: Desk, slack: SlackServer, lib: Library, _connected: None) -> Iterator[Team]:
    yield Team(slack, desk, lib)
    desk.beside.submit(lambda: None).result()
    assert slack.problems == []


def written(message: dict[str, Any]) -> str:
    """Everything that a message says."""
    return json.dumps(message, ensure_ascii=False)


def values_of(view: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """What the form is sent with when these fields are changed and the others left."""
    values: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        name, element = block["block_id"], block["element"]
        many = element["type"] == "multi_external_select"
        value = changed.get(name, element.get("initial_options" if many else "initial_value"))
        key = "selected_options" if many else "value"
        values[name] = {name: {"type": element["type"], key: (value or []) if many else value}}
    return values

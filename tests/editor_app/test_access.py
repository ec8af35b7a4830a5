"""Who comes in, and what a viewer may do; tests/browser/test_access.py goes the whole way through a service."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from editor_app import access
from editor_app.access import Stranger, Visitor, admitted, arrival, sign_in_secrets, visitor
from editor_app.doorkeeper import ADMITTED, Admitted, Doorkeeper
from editor_app.services import Services, open_services
from editor_app.texts.access import ENGLISH, KOREAN
from tests.editor_app.conftest import Page
from tests.editor_app.library import Library
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.errors import ForbiddenError, InputError
from vsearch_pipeline.settings import Settings

NOW = 1_800_000_000.0
DAY = 86_400
OIDC: dict[str, Any] = {
    "oidc_client_id": "vsearch",
    "oidc_client_secret": SecretStr("very secret"),
    "oidc_metadata_url": "https://login.example.com/.well-known/openid-configuration",
}
ANN = {
    "is_logged_in": True,
    "email": "Ann@example.com",
    "email_verified": True,
    "iat": NOW - 60,
    "name": "Ann",
    "sub": "1",
}
BEN = ANN | {"email": "ben@example.org"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, editors=("ann@example.com",), viewers=("@example.org",), **OIDC)


def test_without_sign_in_whoever_is_here_edits(tmp_path: Path) -> None:
    assert arrival(Settings(home=tmp_path, actor="someone")) == Visitor("someone", "editor")
    assert visitor(Settings(home=tmp_path)).edits


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (ANN, Visitor("ann@example.com", "editor", signed_in=True)),
        (BEN, Visitor("ben@example.org", "viewer", signed_in=True)),
        ({}, Stranger("signed_out")),
        (ANN | {"is_logged_in": False}, Stranger("signed_out")),
        (ANN | {"is_logged_in": "true"}, Stranger("signed_out")),
        (ANN | {"email": "eve@evil.test"}, Stranger("unknown", "eve@evil.test")),
        (ANN | {"email_verified": False}, Stranger("unverified", "ann@example.com")),
        (ANN | {"email_verified": "false"}, Stranger("unverified", "ann@example.com")),
        (ANN | {"email_verified": 1}, Stranger("unverified", "ann@example.com")),
        (ANN | {"email_verified": "true"}, Visitor("ann@example.com", "editor", signed_in=True)),
        ({k: v for k, v in ANN.items() if k != "email_verified"}, Stranger("unverified", "ann@example.com")),
        ({k: v for k, v in ANN.items() if k != "email"}, Stranger("no_email")),
        (ANN | {"email": ["ann@example.com"]}, Stranger("no_email")),
        (ANN | {"email": "ann"}, Stranger("no_email")),
        (ANN | {"iat": NOW - 7 * DAY - 1}, Stranger("again")),
        (ANN | {"iat": NOW - 7 * DAY + 1}, Visitor("ann@example.com", "editor", signed_in=True)),
        ({k: v for k, v in ANN.items() if k != "iat"}, Stranger("again")),
        (ANN | {"iat": "now"}, Stranger("again")),
        # the e-mail address counts, not what else somebody may call themselves
        (
            BEN | {"name": "ann@example.com", "preferred_username": "ann@example.com"},
            Visitor("ben@example.org", "viewer", True),
        ),
    ],
)
def test_who_a_service_says_somebody_is(
    settings: Settings, claims: dict[str, Any], expected: Visitor | Stranger
) -> None:
    assert admitted(settings, claims, NOW) == expected


def test_a_service_that_vouches_for_its_addresses(settings: Settings) -> None:
    vouching = settings.model_copy(update={"oidc_vouches_for_emails": True})
    silent = {k: v for k, v in ANN.items() if k != "email_verified"}
    assert admitted(vouching, silent, NOW) == Visitor("ann@example.com", "editor", signed_in=True)
    assert admitted(vouching, ANN | {"email_verified": False}, NOW) == Stranger("unverified", "ann@example.com")


def test_nobody_is_let_in_where_streamlit_knows_no_sign_in(settings: Settings) -> None:
    """The settings ask for it, so that a server started in another way is closed, not open."""
    assert arrival(settings) == Stranger("signed_out")
    with pytest.raises(ForbiddenError):
        visitor(settings)


# --- starting


def test_what_streamlit_is_told(settings: Settings, tmp_path: Path) -> None:
    told = sign_in_secrets(settings)["auth"]
    assert told["client_id"] == "vsearch"
    assert told["client_secret"] == OIDC["oidc_client_secret"].get_secret_value()
    assert told["server_metadata_url"] == OIDC["oidc_metadata_url"]
    assert told["redirect_uri"] == "http://localhost:{port}/oauth2callback"
    assert told["cookie_secret"] == (tmp_path / "cookie.key").read_text()
    with pytest.raises(InputError, match="nobody may come in"):
        sign_in_secrets(settings.model_copy(update={"editors": (), "viewers": ()}))


def test_a_secrets_file_is_asked_for_sign_in_and_for_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_secrets_sign_in", lambda: True)
    with pytest.raises(InputError, match="nobody may come in"):
        sign_in_secrets(Settings(home=tmp_path))
    listed = Settings(home=tmp_path, editors=("*",))
    assert sign_in_secrets(listed) == {}
    assert arrival(listed) == Stranger("signed_out")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "The page would listen on 0.0.0.0"),
        ({"VSEARCH_OIDC_CLIENT_ID": "x"}, "Sign-in is half set up"),
        ({"VSEARCH_ALLOW_OPEN": "1", "VSEARCH_MEDIA_KEY": "short"}, "VSEARCH_MEDIA_KEY has 5 characters"),
    ],
)
def test_the_server_does_not_start_where_strangers_would_come_in(
    tmp_path: Path, environment: dict[str, str], said: str
) -> None:
    page = [sys.executable, "-m", "streamlit", "run", str(Path(access.__file__).with_name("main.py"))]
    done = subprocess.run(
        [*page, "--server.address", "0.0.0.0", "--server.port", "0", "--server.headless", "true"],  # noqa: S104
        env={**os.environ, "HOME": str(tmp_path), "VSEARCH_HOME": str(tmp_path / "home"), **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert said in done.stderr.strip().splitlines()[-1]


# --- the server's door


async def _hello(request: object) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def _talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close()


def door(address: str, *, sign_in: bool = False, open_to_all: bool = False) -> TestClient:
    routes = [
        Route("/_stcore/upload_file/{session}/{file}", _hello, methods=["PUT", "DELETE", "OPTIONS"]),
        WebSocketRoute("/_stcore/stream", _talk),
        Route("/{path:path}", _hello),
    ]
    keeper = Middleware(Doorkeeper, sign_in=sign_in, open_to_all=open_to_all)
    return TestClient(Starlette(routes=routes, middleware=[keeper]), base_url=f"http://{address}:8501")


def test_a_page_without_sign_in_is_open_to_this_machine_only() -> None:
    assert door("127.0.0.1").get("/").text == "hello"
    assert door("[::1]").get("/").text == "hello"
    refused = door("192.168.0.4").get("/store/x/source.mp4")
    assert refused.status_code == 403
    assert "docs/security.md" in refused.text
    with pytest.raises(WebSocketDisconnect) as closed, door("192.168.0.4").websocket_connect("/_stcore/stream"):
        pass
    assert closed.value.code == 1008
    assert door("192.168.0.4", open_to_all=True).get("/").text == "hello"
    assert door("192.168.0.4", sign_in=True).get("/").text == "hello"


def test_files_are_taken_only_from_those_who_came_in() -> None:
    outside = door("192.168.0.4", sign_in=True)
    for path in ("/_stcore/upload_file/a-session/1", "/base/_stcore/upload_file/a-session/1"):
        assert outside.put(path).status_code == 403
    ADMITTED.add("a-session")
    assert outside.put("/_stcore/upload_file/a-session/1").text == "hello"
    assert outside.put("/_stcore/upload_file/another/1").status_code == 403
    ADMITTED.discard("a-session")
    assert outside.put("/_stcore/upload_file/a-session/1").status_code == 403
    assert door("127.0.0.1").put("/_stcore/upload_file/a-session/1").text == "hello"


def test_only_the_last_sessions_are_remembered() -> None:
    sessions = Admitted()
    for number in range(10_010):
        sessions.add(str(number))
        sessions.add("0")
    assert "0" in sessions
    assert "10009" in sessions
    assert "5" not in sessions


# --- the page


@pytest.fixture
def guarded(page: Page, monkeypatch: pytest.MonkeyPatch) -> Page:
    """The page where people sign in."""
    environment = {
        "VSEARCH_OIDC_CLIENT_ID": "vsearch",
        "VSEARCH_OIDC_CLIENT_SECRET": "very secret",
        "VSEARCH_OIDC_METADATA_URL": OIDC["oidc_metadata_url"],
        "VSEARCH_EDITORS": "ann@example.com",
        "VSEARCH_VIEWERS": "@example.org",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("editor_app.access.time.time", lambda: NOW)
    page.app.secrets = {"auth": {"redirect_uri": "http://localhost:{port}/oauth2callback"}}
    return page


def texts(page: Page) -> str:
    return "\n".join([page.written, *(element.value for element in page.app.text)])


def test_at_the_door(guarded: Page) -> None:
    guarded.run(q="red balloon")
    assert ENGLISH.sign_in_title in texts(guarded)
    assert guarded.component("results") is None
    assert not guarded.app.text_input
    guarded.run(locale="ko-KR", lang="ko")
    assert KOREAN.sign_in_title in texts(guarded)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        (ANN | {"email": "eve@evil.test"}, ENGLISH.unknown.format(email="eve@evil.test")),
        (ANN | {"email_verified": False}, ENGLISH.unverified.format(email="ann@example.com")),
        (ANN | {"email": ""}, ENGLISH.no_email),
        (ANN | {"iat": 0}, ENGLISH.again_title),
    ],
)
def test_why_somebody_may_not_come_in(guarded: Page, claims: dict[str, Any], said: str) -> None:
    guarded.app.user = claims
    guarded.run(q="red balloon")
    assert said in texts(guarded)
    assert guarded.component("results") is None
    labels = [button.label for button in guarded.app.button]
    assert labels == [ENGLISH.sign_in if said == ENGLISH.again_title else ENGLISH.sign_out]


def test_who_signed_in_is_in_the_corner(guarded: Page) -> None:
    guarded.app.user = ANN
    guarded.run(q="red balloon")
    assert guarded.drawn("results")["cards"]
    assert "ann@example.com" in [element.value for element in guarded.app.text]
    assert ENGLISH.editor in texts(guarded)
    assert ENGLISH.sign_out in [button.label for button in guarded.app.button]


def test_who_is_at_this_machine_has_no_account(page: Page) -> None:
    page.run(q="red balloon")
    assert ENGLISH.sign_out not in [button.label for button in page.app.button]


# --- services


def services(lib: Library, monkeypatch: pytest.MonkeyPatch, who: Visitor) -> Services:
    monkeypatch.setattr("editor_app.services.visitor", lambda _: who)
    return open_services(lib.settings)


def test_a_forged_edit_of_a_viewer_is_refused(lib: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = services(lib, monkeypatch, Visitor("ben@example.org", "viewer", signed_in=True))
    segment = lib.film_segments[0]
    with viewer.catalog.begin() as connection:
        [before] = read_segments(connection, ids=[segment])
    forged = [
        lambda: viewer.editing.set_captions([segment], {"en": "forged"}),
        lambda: viewer.editing.delete([segment]),
        lambda: viewer.history.revert(1),
        lambda: viewer.naming.add_person("Forged"),
        lambda: viewer.naming.rename("Kim Minji", "Forged"),
        lambda: viewer.photos.keep("Kim Minji", ()),
        lambda: viewer.photos.take_out("Kim Minji", "1.jpg"),
        lambda: viewer.request("retry"),
        viewer.request_again,
        lambda: viewer.put_away(1),
        lambda: viewer.add_upload("x.mp4", io.BytesIO(b"x")),
        lambda: viewer.add_link("https://example.com/x.mp4"),
        viewer.load_sample,
    ]
    for forge in forged:
        with pytest.raises(ForbiddenError, match=r"ben@example.org may look"):
            forge()  # type: ignore[operator]
    with viewer.catalog.begin() as connection:
        assert read_segments(connection, ids=[segment]) == [before]


def test_the_history_names_who_signed_in(lib: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = services(lib, monkeypatch, Visitor("ann@example.com", "editor", signed_in=True))
    segment = lib.film_segments[0]
    done = editor.editing.set_captions([segment], {"en": "A caption by Ann"})
    try:
        [entry] = editor.history.entries(limit=1)
        assert (entry.operation.actor, entry.operation.door) == ("ann@example.com", "web")
    finally:
        assert done.operation is not None
        editor.history.revert(done.operation)

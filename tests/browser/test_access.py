"""Signing in, in a real browser through a real service, and what each role sees then."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, Page, expect

from editor_app.texts.access import ENGLISH, KOREAN
from editor_app.texts.editing import EDITING
from tests.browser.axe import faults
from tests.browser.conftest import Visit, serving_page, visiting
from tests.browser.oidc import CLIENT_ID, CLIENT_SECRET, Provider, providing
from tests.editor_app.library import Library
from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.catalog.operations import OperationRecord, read_operations
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.language.embedding import load_sentence_embedder

pytestmark = pytest.mark.browser

EDITOR = "ed@example.com"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "Editor": {"email": "Ed@Example.com", "email_verified": True, "name": "Ed Itor"},
    "Viewer": {"email": "vi@example.org", "email_verified": True, "name": "Vi Ewer"},
    "Stranger": {"email": "<b>eve</b>@evil.test", "email_verified": True, "name": EDITOR},
    "Unverified": {"email": EDITOR, "email_verified": False},
    "Nameless": {"name": EDITOR},
}
QUERY = "/?q=red+balloon"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("access")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providing(ACCOUNTS) as service:
        yield service


@pytest.fixture(scope="module")
def guarded(lib: Library, folder: Path, provider: Provider) -> Iterator[str]:
    """The address of the page, as the service knows it."""
    environment = {
        "VSEARCH_OIDC_CLIENT_ID": CLIENT_ID,
        "VSEARCH_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "VSEARCH_OIDC_METADATA_URL": f"{provider.url}/.well-known/openid-configuration",
        "VSEARCH_EDITORS": f"{EDITOR}, @studio.example",
        "VSEARCH_VIEWERS": "@example.org",
    }
    with serving_page(lib, folder, **environment) as url:
        known = url.replace("127.0.0.1", "localhost")
        provider.redirect_uri = f"{known}/oauth2callback"
        yield known


@pytest.fixture
def visit(chromium: Browser, guarded: str, provider: Provider) -> Iterator[Visit]:
    here = guarded.replace("localhost", "127.0.0.1")
    with visiting(chromium, guarded, provider.url, here) as opened:
        yield opened
    provider.token_claims, provider.signing_key = {}, None
    assert provider.refusals == []


def door(page: Page) -> Any:
    return page.locator(".st-key-door")


def choose(page: Page, account: str, sign_in: str = ENGLISH.sign_in) -> None:
    door(page).get_by_role("button", name=sign_in).click()
    expect(page.get_by_role("heading", name="Choose an account")).to_be_visible()
    page.get_by_role("link", name=account, exact=True).click()


def signed_in(visit: Visit, account: str, path: str = QUERY, **options: Any) -> Page:
    page = visit(path, **options)
    choose(page, account)
    expect(page.locator(".card").first).to_be_visible()
    return page


def account(page: Page) -> Page:
    page.locator(".st-key-account").get_by_role("button").click()
    return page


def operations(lib: Library) -> list[OperationRecord]:
    with open_catalog(lib.settings).begin() as connection:
        return read_operations(connection, limit=3)


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_nothing_is_shown_before_somebody_signs_in(visit: Visit) -> None:
    page = visit(QUERY)
    expect(door(page)).to_contain_text(ENGLISH.sign_in_title)
    expect(page.locator(".card, video, .st-key-q")).to_have_count(0)
    expect(page.get_by_test_id("stTopNavLink")).to_have_count(0)
    for path in ("/library", "/people", "/history"):
        expect(door(visit(path))).to_contain_text(ENGLISH.sign_in_title)


def test_an_editor_edits_under_their_own_name(visit: Visit, lib: Library) -> None:
    page = signed_in(visit, "Editor")
    page.wait_for_url(re.compile(r"/\?q=red\+balloon"))
    expect(page.locator(".tool[data-tool=split]")).to_be_visible()
    page.get_by_role("button", name=EDITING["en"].lock, exact=True).first.click()
    segment = lib.film_segments[0]
    try:
        until(lambda: operations(lib)[0].actor == EDITOR)
        assert operations(lib)[0].door == "web"
        with open_catalog(lib.settings).begin() as connection:
            assert read_segments(connection, ids=[segment])[0].locked
    finally:
        editor = Editor(
            open_catalog(lib.settings), load_sentence_embedder("use-multilingual-v3"), actor="tester", door="cli"
        )
        HistoryService(editor).revert(operations(lib)[0].id)
    account(page)
    expect(page.get_by_test_id("stPopoverBody")).to_contain_text(EDITOR)
    expect(page.get_by_test_id("stPopoverBody")).to_contain_text(ENGLISH.editor)


@pytest.mark.parametrize("size", [(1280, 720), (390, 844)])
def test_a_viewer_plays_but_finds_nothing_to_edit_with(visit: Visit, size: tuple[int, int]) -> None:
    page = signed_in(visit, "Viewer", width=size[0], height=size[1])
    expect(page.locator("video")).to_have_count(1)
    page.wait_for_timeout(1000)
    expect(page.locator(".tool.edits:visible")).to_have_count(0)
    expect(page.get_by_role("button", name=EDITING["en"].lock, exact=True)).to_have_count(0)
    account(page)
    expect(page.get_by_test_id("stPopoverBody")).to_contain_text(ENGLISH.viewer_hint)
    switch, corner = (
        page.locator(".st-key-language").bounding_box(),
        page.locator(".st-key-account").bounding_box(),
    )
    assert switch
    assert corner
    assert corner["x"] >= 0
    assert corner["x"] + corner["width"] <= switch["x"]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(
    ("account_name", "said"),
    [
        ("Stranger", ENGLISH.unknown.format(email="<b>eve</b>@evil.test")),
        ("Unverified", ENGLISH.unverified.format(email=EDITOR)),
        ("Nameless", ENGLISH.no_email),
    ],
)
def test_who_may_not_come_in_is_told_why_and_can_go(visit: Visit, account_name: str, said: str) -> None:
    page = visit(QUERY)
    choose(page, account_name)
    expect(door(page)).to_contain_text(said)
    expect(page.locator(".card, .st-key-q")).to_have_count(0)
    expect(door(page).locator("b")).to_have_count(0)
    door(page).get_by_role("button", name=ENGLISH.sign_out).click()
    expect(door(page)).to_contain_text(ENGLISH.sign_in_title)


def test_signing_out_ends_it_here_and_at_the_service(visit: Visit, provider: Provider, guarded: str) -> None:
    page = signed_in(visit, "Viewer")
    page.goto(f"{guarded}/?q=blue+train")
    expect(page.locator(".card").first).to_contain_text("blue train")  # a new visit of the same browser is known
    provider.signed_out.clear()
    account(page)
    page.get_by_role("button", name=ENGLISH.sign_out).click()
    expect(door(page)).to_contain_text(ENGLISH.sign_in_title)
    [told] = provider.signed_out
    assert told["client_id"] == CLIENT_ID
    assert told["id_token_hint"]
    page.goto(f"{guarded}{QUERY}")
    expect(door(page)).to_be_visible()


def test_a_refusal_of_the_service_leads_back_to_the_door(visit: Visit) -> None:
    page = visit(QUERY)
    choose(page, "Refuse")
    expect(door(page)).to_contain_text(ENGLISH.sign_in_title)


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another program"},
        {"iss": "https://evil.test"},
        {"nonce": "of another sign-in"},
        {"exp": 1_000_000_000, "iat": 999_999_000},
        None,
    ],
    ids=["audience", "issuer", "nonce", "expired", "signature"],
)
def test_a_token_that_is_wrong_lets_nobody_in(
    visit: Visit, provider: Provider, wrong: dict[str, Any] | None
) -> None:
    if wrong is None:
        provider.signing_key = RSAKey.generate_key(2048)
    else:
        provider.token_claims = wrong
    page = visit(QUERY)
    choose(page, "Editor")
    expect(door(page)).to_contain_text(ENGLISH.sign_in_title)
    expect(page.locator(".card, .st-key-q")).to_have_count(0)


def test_an_altered_cookie_lets_nobody_in(visit: Visit, guarded: str) -> None:
    page = signed_in(visit, "Viewer")
    [cookie] = [cookie for cookie in page.context.cookies() if cookie["name"] == "_streamlit_user"]
    assert cookie["httpOnly"]
    value = cookie["value"]
    altered = value.replace(value[30], "A" if value[30] != "A" else "B", 1)
    page.context.add_cookies([{"name": "_streamlit_user", "value": altered, "url": guarded}])
    page.goto(f"{guarded}{QUERY}")
    expect(door(page)).to_contain_text(ENGLISH.sign_in_title)


def test_in_korean(visit: Visit) -> None:
    page = visit(QUERY, locale="ko-KR", width=390, height=844)
    expect(door(page)).to_contain_text(KOREAN.sign_in_title)
    choose(page, "Stranger", KOREAN.sign_in)
    expect(door(page)).to_contain_text("들어올 수 없어요")


def test_who_comes_by_another_address_is_sent_to_the_one_the_service_knows(visit: Visit, guarded: str) -> None:
    page = visit(guarded.replace("localhost", "127.0.0.1") + QUERY)
    page.wait_for_url(f"{guarded}{QUERY}")
    choose(page, "Viewer")
    page.wait_for_url(f"{guarded}{QUERY}")
    expect(page.locator(".card").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_door_and_the_account_shut_nobody_out(visit: Visit, scheme: Literal["light", "dark"]) -> None:
    page = visit(QUERY)
    page.emulate_media(color_scheme=scheme)
    page.reload()  # colours do not fade from one scheme into the other then
    expect(door(page)).to_be_visible()
    assert faults(page) == []
    choose(page, "Stranger")
    expect(door(page)).to_contain_text("evil.test")
    assert faults(page) == []
    door(page).get_by_role("button", name=ENGLISH.sign_out).click()
    expect(door(page)).to_contain_text(ENGLISH.sign_in_title)
    choose(page, "Viewer")
    expect(page.locator(".card").first).to_be_visible()
    account(page)
    expect(page.get_by_test_id("stPopoverBody")).to_contain_text("vi@example.org")
    found = [fault for fault in faults(page) if "st-key-account" in fault or "stPopoverBody" in fault]
    assert found == []


def get(url: str, method: str = "GET") -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as answer:  # noqa: S310
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_files_are_reached_by_signed_links_only(visit: Visit, guarded: str) -> None:
    page = signed_in(visit, "Viewer")
    source = page.locator("video").evaluate("video => video.currentSrc").partition("#")[0]
    assert urlsplit(source).path.startswith("/store/")
    assert get(source) == (200, "")
    assert get(source.partition("?")[0]) == (403, ENGLISH.link_wrong)
    assert get(source[:-1] + ("A" if source[-1] != "A" else "B")) == (403, ENGLISH.link_wrong)


def test_files_are_not_taken_from_who_has_not_signed_in(visit: Visit, guarded: str) -> None:
    visit(QUERY)
    assert get(f"{guarded}/_stcore/upload_file/any/1", "PUT") == (403, "Sign in to upload files.")


def test_no_secret_is_in_the_log(visit: Visit, lib: Library, folder: Path) -> None:
    signed_in(visit, "Editor")
    log = (folder / "log").read_text()
    secrets = [CLIENT_SECRET, *((lib.settings.home / name).read_text() for name in ("cookie.key", "media.key"))]
    assert "localhost" in log or "127.0.0.1" in log
    assert not [secret for secret in secrets if secret in log]
    assert "eyJ" not in log  # what tokens begin with

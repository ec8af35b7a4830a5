"""Whatever captions, names, titles and files say, they are text on every page and break nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from editor_app.texts.search import TEXTS as SEARCH_TEXTS
from tests.browser.conftest import Visit, serving_page, visiting
from tests.browser.guard import harm
from tests.browser.test_search import cards, search
from tests.editor_app.hostile import TEXTS, WORD, Hostile, hostile_library, short
from tests.editor_app.library import Library

pytestmark = pytest.mark.browser

SIZES: Final = ((1280, 720), (390, 844))
LOCALES: Final = {"en": "en-US", "ko": "ko-KR"}


@pytest.fixture(scope="module")
def hostile(lib: Library, tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    return hostile_library(lib, tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def hostile_server(hostile: Hostile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = hostile.library.settings
    environment = {"VSEARCH_DATABASE_URL": str(settings.database_url), "VSEARCH_ACTOR": "tester"}
    with serving_page(hostile.library, tmp_path_factory.mktemp("hostile-server"), **environment) as url:
        yield url


@pytest.fixture
def visit_hostile(chromium: Browser, hostile_server: str) -> Iterator[Visit]:
    with visiting(chromium, hostile_server) as opened:
        yield opened


def done(page: Page) -> None:
    """The server has drawn the page as it is now, and the browser too."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    page.wait_for_timeout(300)


def look(page: Page, expected: Sequence[str]) -> None:
    """The page as it stands, on a desk and on a phone."""
    found = {}
    done(page)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        if wrong := harm(page, expected):
            found[width] = wrong
    assert not found, "\n".join(f"{at}: {kind}: {what}" for at, of in found.items() for kind, what in of.items())


@pytest.fixture(params=["en", "ko"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_results(visit_hostile: Visit, hostile: Hostile, language: str) -> None:
    page = visit_hostile(f"/?q={WORD}&show=96", locale=LOCALES[language])
    expect(cards(page).nth(len(TEXTS) * 2)).to_be_visible()
    look(page, [*hostile.titles, *(f"a {WORD} {text}" for text in TEXTS.values()), *hostile.names[:20]])


def test_library(visit_hostile: Visit, hostile: Hostile, language: str) -> None:
    page = visit_hostile("/library", locale=LOCALES[language])
    expect(page.get_by_text(hostile.titles[0]).first).to_be_visible()
    look(page, [*hostile.titles, hostile.film.title])


def test_start(visit_hostile: Visit, hostile: Hostile, language: str) -> None:
    page = visit_hostile("/", locale=LOCALES[language])
    expect(page.get_by_text(SEARCH_TEXTS[language].start_title)).to_be_visible()
    look(page, hostile.saved)


def test_queries(visit_hostile: Visit) -> None:
    page = visit_hostile("/")
    for text in TEXTS.values():
        search(page, f"{WORD} {short(text)}")
        page.wait_for_function("(text) => new URL(location).searchParams.get('q')?.includes(text)", arg=text[:3])
        done(page)
        assert not harm(page, []), text
    look(page, [])

"""Whatever captions, names, titles and files say, they are text on every page and break nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from editor_app.texts.search import TEXTS as SEARCH_TEXTS
from tests.browser.conftest import Visit, serving_page, visiting
from tests.browser.guard import harm
from tests.browser.test_search import cards, search
from tests.editor_app.hostile import ACTOR, TEXTS, WORD, Hostile, hostile_library, short
from tests.editor_app.library import Library

pytestmark = pytest.mark.browser

SIZES: Final = ((1280, 720), (390, 844))
LOCALES: Final = {"en": "en-US", "ko": "ko-KR"}
WORST: Final = ("handler", "override", "isolate", "arabic", "zalgo", "control", "unbroken")
"""The kinds that are looked at one by one."""


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
    look(page, [*hostile.titles, *(f"a {WORD} {text}" for text in TEXTS.values()), *TEXTS.values()])


def test_start(visit_hostile: Visit, hostile: Hostile, language: str) -> None:
    page = visit_hostile("/", locale=LOCALES[language])
    expect(page.get_by_text(SEARCH_TEXTS[language].start_title)).to_be_visible()
    look(page, hostile.saved)


def test_panels(visit_hostile: Visit, hostile: Hostile, language: str) -> None:
    texts = SEARCH_TEXTS[language]
    page = visit_hostile(f"/?q={WORD}", locale=LOCALES[language])
    expect(cards(page).first).to_be_visible()
    done(page)
    for name, expected in ((texts.filters, []), (texts.kept, hostile.saved), (texts.export, [])):
        page.set_viewport_size({"width": 1280, "height": 720})
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
        look(page, expected)
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("stPopoverBody")).to_be_hidden()


@pytest.mark.parametrize("kind", WORST)
def test_room(visit_hostile: Visit, hostile: Hostile, kind: str) -> None:
    place = list(TEXTS).index(kind) * 2
    for segment, caption in zip(hostile.segments[place : place + 2], ("a {}", "{} by hand:"), strict=True):
        page = visit_hostile(f"/?moment={segment.id}", locale=LOCALES["ko" if segment.id % 2 else "en"])
        expect(page.get_by_role("listbox")).to_be_visible()
        look(page, [TEXTS[kind], f"{caption.format(WORD)} {TEXTS[kind][:4000]}"])


def test_what_is_said(visit_hostile: Visit, hostile: Hostile, language: str) -> None:
    page = visit_hostile(f"/?q={WORD}&moment={hostile.spoken}", locale=LOCALES[language])
    expect(page.locator(".line").nth(len(TEXTS) - 1)).to_be_attached()
    look(page, [hostile.film.title, *map(short, TEXTS.values())])


def test_library(visit_hostile: Visit, hostile: Hostile, language: str) -> None:
    page = visit_hostile("/library", locale=LOCALES[language])
    expect(page.get_by_text(hostile.titles[0]).first).to_be_visible()
    look(page, [*hostile.titles, hostile.film.title])


@pytest.mark.parametrize("kind", WORST)
def test_a_video(visit_hostile: Visit, hostile: Hostile, kind: str) -> None:
    segment = hostile.segments[list(TEXTS).index(kind) * 2]
    page = visit_hostile(f"/library?video={segment.video_id}", locale=LOCALES["ko" if len(kind) % 2 else "en"])
    expect(page.locator(".record h2")).to_be_visible()
    look(page, [TEXTS[kind]])


def test_people(visit_hostile: Visit, hostile: Hostile, language: str) -> None:
    page = visit_hostile("/people", locale=LOCALES[language])
    expect(page.locator(".person").first).to_be_visible()
    look(page, [*hostile.people, *hostile.groups])


@pytest.mark.parametrize("kind", WORST)
def test_a_person(visit_hostile: Visit, hostile: Hostile, kind: str) -> None:
    name = next(name for name in hostile.people if unicodedata.normalize("NFC", TEXTS[kind]).strip() in name)
    page = visit_hostile(f"/people?person={hostile.people[name]}", locale=LOCALES["ko" if len(kind) % 2 else "en"])
    expect(page.get_by_role("heading", name=name[:20])).to_be_visible()
    look(page, [name])


def test_history(visit_hostile: Visit, language: str) -> None:
    page = visit_hostile("/history", locale=LOCALES[language])
    expect(page.locator(".entry").first).to_be_visible()
    look(page, [ACTOR])


def test_queries(visit_hostile: Visit) -> None:
    page = visit_hostile("/")
    for text in TEXTS.values():
        search(page, f"{WORD} {short(text)}")
        page.wait_for_function("(text) => new URL(location).searchParams.get('q')?.includes(text)", arg=text[:3])
        done(page)
        assert not harm(page, []), text
    look(page, [])

"""axe-core finds nothing serious on any page: in both languages, light and dark, on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from editor_app.texts.library import LIBRARY
from editor_app.texts.search import TEXTS, Texts
from tests.browser.axe import CONTRAST, faults, source
from tests.browser.conftest import Visit, serving_page, visiting
from tests.browser.test_search import cards, expect_moment
from tests.editor_app.cast import Cast, Theatre
from tests.editor_app.library import Library
from vsearch_pipeline.wording import Language

pytestmark = pytest.mark.browser

SIZES: Final = ((1280, 720), (390, 844))
LOCALES: Final = {"en": "en-US", "ko": "ko-KR"}


@dataclass(frozen=True, slots=True)
class Scene:
    """A page as somebody made it: an address, and what was pressed there."""

    name: str
    path: str
    prepare: Callable[[Page, Texts], None]


def _start(page: Page, texts: Texts) -> None:
    expect(page.get_by_text(texts.start_title)).to_be_visible()


def _results(page: Page, texts: Texts) -> None:
    expect_moment(page, 0)
    expect(cards(page).first).to_be_visible()


def _summed_up(page: Page, texts: Texts) -> None:
    _results(page, texts)
    page.get_by_role("button", name=texts.sum_up, exact=True).click()
    expect(page.locator(".claims > li").first).to_be_visible()


def _chip(page: Page, texts: Texts) -> None:
    page.locator(".understood .pair button.open").first.click()
    expect(page.get_by_role("menu")).to_be_visible()


def _filters(page: Page, texts: Texts) -> None:
    _results(page, texts)
    page.get_by_role("button", name=texts.filters).click()
    expect(page.get_by_role("button", name=texts.apply, exact=True)).to_be_visible()


def _face(page: Page, texts: Texts) -> None:
    _results(page, texts)
    page.get_by_role("button", name=texts.face).click()
    expect(page.get_by_text(texts.face_hint)).to_be_visible()


def _kept(page: Page, texts: Texts) -> None:
    _results(page, texts)
    page.get_by_role("button", name=texts.kept, exact=True).click()
    expect(page.get_by_role("button", name=texts.save, exact=True)).to_be_visible()


def _exported(page: Page, texts: Texts) -> None:
    _results(page, texts)
    page.get_by_role("button", name=texts.export, exact=True).click()
    expect(page.get_by_test_id("stPopoverBody")).to_be_visible()


def _picked(page: Page, texts: Texts) -> None:
    _results(page, texts)
    for place in (0, 1):
        cards(page).nth(place).hover()
        page.locator(".pick").nth(place).click()
    expect(page.locator(".picking")).to_be_visible()


def _helped(page: Page, texts: Texts) -> None:
    _results(page, texts)
    page.locator("body").press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def _library(page: Page, texts: Texts) -> None:
    expect(page.locator(".shelf .row").first).to_be_visible()


def _adding(page: Page, texts: Texts) -> None:
    _library(page, texts)
    language: Language = "ko" if texts is TEXTS["ko"] else "en"
    page.get_by_text(LIBRARY[language].add, exact=True).click()
    expect(page.get_by_label(LIBRARY[language].links)).to_be_visible()


def _record(page: Page, texts: Texts) -> None:
    expect(page.locator(".record h2")).to_be_visible()


def _history(page: Page, texts: Texts) -> None:
    expect(page.locator(".entry").first).to_be_visible()


SCENES: Final = (
    Scene("start", "/", _start),
    Scene("results", "/?q=red+balloon", _results),
    Scene("summary", "/?q=red+balloon", _summed_up),
    Scene("chip", "/?q=민기+앵무새", _chip),
    Scene("filters", "/?q=red+balloon", _filters),
    Scene("face", "/?q=red+balloon", _face),
    Scene("saved searches", "/?q=red+balloon", _kept),
    Scene("export", "/?q=red+balloon", _exported),
    Scene("selection", "/?q=red+balloon", _picked),
    Scene("help sheet", "/?q=red+balloon", _helped),
    Scene("library", "/library", _library),
    Scene("adding", "/library", _adding),
    Scene("a video", "/library?video={film}", _record),
    Scene("history", "/history", _history),
)


_SAME_COLOURS = """() => {
    const before = window.coloursBefore;
    window.coloursBefore = [...document.querySelectorAll('.stApp, .stApp button, .stApp p, .stApp label')]
        .map(getComputedStyle).map(it => [it.color, it.backgroundColor, it.opacity]).join();
    return before === window.coloursBefore;
}"""
"""As the last time that it was asked: a page that is told of another scheme is drawn in it piece by piece."""


def settled(page: Page) -> None:
    """Nothing fades in or runs any more."""
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_function(
        "document.getAnimations().every(it => it.playState !== 'running' || it.effect.getTiming().iterations > 9)"
    )
    page.wait_for_function(_SAME_COLOURS, polling=300)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: re.sub(r"\W+", "-", scene.name))
def test_nobody_is_kept_out(visit: Visit, lib: Library, scene: Scene, language: str) -> None:
    source()
    page = visit(scene.path.format(film=lib.film.id), locale=LOCALES[language])
    scene.prepare(page, TEXTS[language])
    look(page)


@pytest.fixture(scope="module")
def cast(lib: Library) -> Cast:
    source()
    return Theatre(lib, "cast_for_everybody").show()


@pytest.fixture(scope="module")
def cast_server(cast: Cast, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    environment = {"VSEARCH_DATABASE_URL": cast.settings.database_url or "", "VSEARCH_ACTOR": "tester"}
    with serving_page(cast, tmp_path_factory.mktemp("cast"), **environment) as url:  # type: ignore[arg-type]
        yield url


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(
    "place",
    ["", "?view=unknown", "?person={minji}", "?person={minji}&with={hanni}", "?view=photos", "?view=update"],
)
def test_nobody_is_kept_from_people(
    chromium: Browser, cast_server: str, cast: Cast, place: str, language: str
) -> None:
    with visiting(chromium, cast_server) as visit:
        page = visit(f"/people{place.format(**cast.people)}", locale=LOCALES[language])
        expect(page.locator(".bar .tab").first).to_be_visible()
        expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
        look(page)


def look(page: Page) -> None:
    """A change of colours or of size needs no new visit."""
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours, reduced_motion="reduce")
            settled(page)
            rules = CONTRAST if colours == "dark" else ()
            found += [f"{width} {colours}: {fault}" for fault in faults(page, rules)]
    assert not found, "\n".join(found)

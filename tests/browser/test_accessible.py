"""axe-core finds nothing serious on any page: in both languages, light and dark, on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from editor_app.texts.search import TEXTS, Texts
from tests.browser.axe import CONTRAST, faults, source
from tests.browser.conftest import Visit
from tests.browser.test_search import cards, expect_moment

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


def _library(page: Page, texts: Texts) -> None:
    expect(page.locator(".shelf .row").first).to_be_visible()


SCENES: Final = (
    Scene("start", "/", _start),
    Scene("results", "/?q=red+balloon", _results),
    Scene("summary", "/?q=red+balloon", _summed_up),
    Scene("chip", "/?q=민기+앵무새", _chip),
    Scene("filters", "/?q=red+balloon", _filters),
    Scene("face", "/?q=red+balloon", _face),
    Scene("saved searches", "/?q=red+balloon", _kept),
    Scene("library", "/library", _library),
)


def settled(page: Page) -> None:
    """Nothing fades in or runs any more."""
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_function(
        "document.getAnimations().every(it => it.playState !== 'running' || it.effect.getTiming().iterations > 9)"
    )


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: re.sub(r"\W+", "-", scene.name))
def test_nobody_is_kept_out(visit: Visit, scene: Scene, language: str) -> None:
    """A change of colours or of size needs no new visit."""
    source()
    page = visit(scene.path, locale=LOCALES[language])
    scene.prepare(page, TEXTS[language])
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours, reduced_motion="reduce")
            settled(page)
            rules = CONTRAST if colours == "dark" else ()
            found += [f"{width} {colours}: {fault}" for fault in faults(page, rules)]
    assert not found, "\n".join(found)

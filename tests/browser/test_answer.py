"""The summary above the results as a person meets it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from editor_app.texts.search import ENGLISH, KOREAN, Texts
from tests.browser.conftest import Visit, serving_page, visiting
from tests.browser.test_search import address, card_of, expect_moment, expect_playing, search
from tests.editor_app.library import CAPTIONS, Library
from tests.gemini_server import KEY, GeminiServer, error_reply, json_reply, late, serving_gemini

pytestmark = pytest.mark.browser

HOSTILE_CLAIM = "<img src=x onerror=alert()> A red balloon floats."


def sum_up(page: Page, texts: Texts = ENGLISH) -> Locator:
    return page.get_by_role("button", name=texts.sum_up, exact=True)


def claims(page: Page) -> Locator:
    return page.locator(".claims > li")


@pytest.mark.parametrize(
    ("locale", "texts", "count", "own"),
    [("en-US", ENGLISH, "The best {} moments are in", 0), ("ko-KR", KOREAN, "가장 가까운 장면 {}개가", 1)],
)
def test_a_summary_without_a_key(visit: Visit, locale: str, texts: Texts, count: str, own: int) -> None:
    page = visit("/?q=red+balloon", locale=locale)
    expect_moment(page, 0)
    expect(page.locator(".answer")).to_be_hidden()
    sum_up(page, texts).click()
    expect(page.get_by_role("region", name=texts.answer_label)).to_be_visible()
    expect(claims(page).first).to_contain_text(count.format(page.locator(".card").count()))
    own_claim = claims(page).filter(has_text=f"세 가지 색: {CAPTIONS[0][own]}")
    expect(own_claim.get_by_role("button")).to_have_text(["0:00–0:01"])
    expect(page.locator(".note")).to_have_text(texts.answer_by_template)


def test_a_chip_plays_its_moment(visit: Visit, lib: Library) -> None:
    page = visit("/?q=green+parrot")
    expect_moment(page, 1)
    sum_up(page).click()
    moment = claims(page).filter(has_text="Kim Minji is in 1 of them.").get_by_role("button")
    expect(moment).to_have_attribute("data-id", str(lib.film_segments[1]))
    expect(moment).to_have_attribute("title", "세 가지 색")
    expect(moment).to_have_accessible_name(ENGLISH.play_moment.format(title="세 가지 색", span="0:01–0:02"))
    moment.focus()
    page.keyboard.press("Enter")
    expect_playing(page, playing=True)
    page.wait_for_url(re.compile(f"moment={lib.film_segments[1]}"))
    assert address(page) == {"q": "green parrot", "moment": str(lib.film_segments[1])}
    expect(page.locator(".player .caption").first).to_have_text(CAPTIONS[1][0])
    expect(moment).to_have_attribute("aria-current", "true")
    expect(card_of(page, lib.film_segments[1])).to_have_attribute("aria-current", "true")
    expect(page.locator(".answer")).to_be_visible()


def test_a_summary_is_folded_and_belongs_to_its_query(visit: Visit) -> None:
    page = visit("/?q=red+balloon")
    sum_up(page).click()
    expect(sum_up(page)).to_have_attribute("aria-expanded", "true")
    sum_up(page).click()
    expect(page.locator(".answer")).to_be_hidden()
    sum_up(page).click()
    expect(page.locator(".answer")).to_be_visible()
    search(page, "blue train")
    expect(page.locator(".card").first).to_contain_text("blue train")
    expect(page.locator(".answer")).to_be_hidden()
    page.go_back()
    expect(page.locator(".card").first).to_contain_text("red balloon")
    expect(page.locator(".answer")).to_be_visible()


def test_a_summary_fits_a_phone(visit: Visit) -> None:
    page = visit("/?q=red+balloon", width=390, height=844)
    sum_up(page).click()
    expect(claims(page).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for box in [button.bounding_box() for button in page.locator(".claims button").all()]:
        assert box is not None
        assert box["x"] + box["width"] <= 390
        assert box["height"] >= 24


@pytest.fixture
def gemini(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    with serving_gemini(monkeypatch) as started:
        yield started


@pytest.fixture
def visit_with_key(chromium: Browser, lib: Library, gemini: GeminiServer, tmp_path: Path) -> Iterator[Visit]:
    """A page whose server has a key, and asks `gemini`."""
    environment = {
        "GEMINI_API_KEY": KEY,
        "GOOGLE_GEMINI_BASE_URL": gemini.url,
        "VSEARCH_GEMINI_ATTEMPTS": "1",
        "VSEARCH_GEMINI_MODEL": f"gemini-{tmp_path.name}",  # no answer of another test is known
    }
    with serving_page(lib, tmp_path, **environment) as url, visiting(chromium, url) as opened:
        yield opened


def test_a_summary_by_gemini(visit_with_key: Visit, gemini: GeminiServer, lib: Library, tmp_path: Path) -> None:
    """What it writes is text; it is asked once, and only on a press, which a press on a result does not undo."""
    reply = json_reply(
        {"claims": [{"text": HOSTILE_CLAIM, "refs": [1]}, {"text": "Segment 7 is nice.", "refs": [1]}]}
    )
    gemini.answer = lambda _: late(reply, 2.0)
    page = visit_with_key("/?q=red+balloon")
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    expect_moment(page, 0)
    assert not gemini.asked
    sum_up(page).click()
    waiting = page.get_by_role("button", name=ENGLISH.summing_up)
    expect(waiting).to_have_attribute("aria-busy", "true")
    waiting.click()
    card_of(page, lib.film_segments[1]).dblclick()
    expect(claims(page).locator("p")).to_have_text([HOSTILE_CLAIM])
    expect(claims(page).get_by_role("button")).to_have_attribute("data-id", str(lib.film_segments[0]))
    expect(page.locator(".note")).to_have_text(ENGLISH.answer_by_model.format(model=f"gemini-{tmp_path.name}"))
    expect(sum_up(page)).to_have_attribute("aria-busy", "false")
    assert page.locator(".answer img").count() == 0
    assert address(page)["moment"] == str(lib.film_segments[1])

    again = visit_with_key("/?q=red+balloon")
    sum_up(again).click()
    expect(claims(again).locator("p")).to_have_text([HOSTILE_CLAIM])
    [question] = gemini.asked
    assert json.loads(question.texts[0])["query"] == "red balloon"

    gemini.answer = lambda _: error_reply(503, "<b>Overloaded</b>")
    search(again, "초록 앵무새")
    expect(again.locator(".card").first).to_contain_text("green parrot")
    sum_up(again).click()
    expect(claims(again).first).to_contain_text("The best 4 moments")
    expect(again.locator(".note span")).to_have_text(
        [ENGLISH.answer_by_template, re.compile("answered with error 503: <b>Overloaded</b>")]
    )
    assert not alerts

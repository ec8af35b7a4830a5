"""What was understood, why a moment is there, and the other doors, as a person meets them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import text

from editor_app.texts.search import ENGLISH, KOREAN
from tests.browser.conftest import Visit, serving_page, visiting
from tests.browser.test_search import address, card_of, cards, expect_moment, expect_playing, search, seconds
from tests.editor_app.library import CAPTIONS, SPANS, Library
from vsearch_pipeline.catalog.database import database_url, open_catalog
from vsearch_pipeline.ingest.importing import import_metadata

pytestmark = pytest.mark.browser


def chip(page: Page, text: str) -> Locator:
    return page.locator(".understood .pair", has_text=text)


def box(page: Page) -> Locator:
    return page.locator(".st-key-q input")


def menu(page: Page) -> Locator:
    return page.get_by_role("menu")


def test_a_chip_is_taken_away_with_a_press(visit: Visit) -> None:
    page = visit("/?q=민지가+사과를+먹는다")
    expect(chip(page, "Kim Minji")).to_be_visible()
    expect(cards(page)).to_have_count(1)
    page.get_by_role("button", name=ENGLISH.chip_remove.format(text="Kim Minji"), exact=True).click()
    expect(box(page)).to_have_value("사과를 먹는다")
    expect(page.locator(".understood .pair")).to_have_count(0)
    expect(cards(page)).not_to_have_count(1)
    assert address(page) == {"q": "사과를 먹는다"}
    page.go_back()
    expect(chip(page, "Kim Minji")).to_be_visible()
    expect(box(page)).to_have_value("민지가 사과를 먹는다")


def test_a_chip_is_changed_by_keyboard(visit: Visit) -> None:
    page = visit("/?q=민기+앵무새", locale="ko-KR")
    name = chip(page, "Kim Minji?")
    expect(name).to_be_visible()
    name.locator("button.open").focus()
    page.keyboard.press("Enter")
    expect(menu(page)).to_be_visible()
    expect(menu(page)).to_contain_text(KOREAN.chip_typo.format(typed="민기", text="Kim Minji"))
    expect(page.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu(page)).to_be_hidden()
    expect(name.locator("button.open")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem").nth(1)).to_be_focused()
    expect(page.get_by_role("menuitem").nth(1)).to_have_text(KOREAN.choice_words.format(text="민기"))
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value("words:민기 앵무새")
    expect(chip(page, "Kim Minji?")).to_have_count(0)
    assert address(page)["q"] == "words:민기 앵무새"


def test_the_last_chip_taken_away_is_the_start(visit: Visit) -> None:
    page = visit("/?q=민지")
    chip(page, "Kim Minji").locator(".drop").click()
    expect(page.get_by_text(ENGLISH.start_title)).to_be_visible()
    assert address(page) == {}


@pytest.mark.parametrize(("locale", "own", "mark"), [("en-US", 0, "red balloon"), ("ko-KR", 1, "풍선")])
def test_words_are_highlighted_in_both_languages(visit: Visit, locale: str, own: int, mark: str) -> None:
    page = visit("/?q=red+balloon", locale=locale)
    first = cards(page).first.locator(".caption").first
    expect(first).to_have_text(CAPTIONS[0][own])
    expect(first.locator("mark")).to_contain_text(mark)
    expect(page.locator(".player .caption").first.locator("mark")).to_contain_text(mark)
    expect(cards(page).first.locator(".part.words")).to_be_visible()


def test_where_nothing_matches_well_it_is_said(visit: Visit) -> None:
    page = visit("/?q=a+xylophone+concert", locale="ko-KR")
    expect(page.locator(".notice")).to_have_text(KOREAN.weak_title + KOREAN.weak_hint)
    expect(page.locator(".card:not(.weak)")).to_have_count(0)
    expect(page.locator(".divider")).to_have_count(0)
    search(page, "red balloon")
    expect(page.locator(".notice")).to_be_hidden()
    expect(page.locator(".divider")).to_have_text(KOREAN.weaker)
    expect(page.locator(".divider ~ .item .card.weak")).not_to_have_count(0)
    expect(page.locator(".divider ~ .item .card:not(.weak)")).to_have_count(0)


def test_on_a_phone_the_segments_of_a_result_are_pictures_below_the_player(visit: Visit, lib: Library) -> None:
    page = visit("/?q=red+balloon", width=390, height=844)
    expect_moment(page, 0)
    frames = page.get_by_role("list", name=ENGLISH.strip).get_by_role("button")
    expect(frames).to_have_count(3)
    expect(frames.first).to_have_attribute("aria-current", "true")
    frames.nth(2).click()
    expect_playing(page, playing=True)
    page.wait_for_url(re.compile(f"moment={lib.film_segments[2]}"))
    expect(page.locator(".player .caption").first).to_have_text(CAPTIONS[2][0])
    expect(frames.nth(2)).to_have_attribute("aria-current", "true")
    expect(cards(page).first).to_have_attribute("aria-current", "true")
    page.locator("video").evaluate("video => video.pause()")
    assert SPANS[2].start_ms <= seconds(page) * 1000 < SPANS[2].end_ms


def test_similar_moments_and_back(visit: Visit, lib: Library) -> None:
    page = visit("/?q=red+balloon")
    expect_moment(page, 0)
    item = page.locator(".item", has=card_of(page, lib.film_segments[0]))
    item.hover()
    item.locator(".like").click()
    page.wait_for_url(re.compile(f"like={lib.film_segments[0]}"))
    origin = page.locator(".pair.origin")
    expect(origin).to_contain_text(ENGLISH.similar_to)
    expect(origin.locator("img")).to_have_js_property("complete", True)
    expect(cards(page).first).to_contain_text("An old recording: A red balloon")
    expect(box(page)).to_have_value("")
    expect(page.get_by_role("button", name=ENGLISH.sum_up)).to_be_hidden()
    origin.locator(".drop").click()
    expect(box(page)).to_have_value("red balloon")
    assert address(page) == {"q": "red balloon"}
    expect_moment(page, 0)
    page.locator(".player").get_by_role("button", name=ENGLISH.similar).click()
    page.wait_for_url(re.compile("like="))
    other = visit(page.url)
    expect(other.locator(".pair.origin")).to_contain_text("세 가지 색")


def test_filters_are_chosen_beside_the_box(visit: Visit) -> None:
    page = visit("/?q=red+balloon", locale="ko-KR")
    expect(cards(page).first).to_be_visible()
    page.get_by_role("button", name=KOREAN.filters).click()
    page.get_by_text(KOREAN.filter_untranslated).click()
    page.get_by_role("button", name=KOREAN.apply, exact=True).click()
    expect(box(page)).to_have_value("red balloon is:untranslated")
    expect(page.get_by_text(KOREAN.filter_untranslated)).to_be_hidden()
    expect(chip(page, KOREAN.state_untranslated)).to_be_visible()
    expect(page.locator(".card", has_text="세 가지 색")).to_have_count(0)
    page.get_by_role("button", name=KOREAN.filters_on.format(count=1)).click()
    expect(page.get_by_role("checkbox", name=KOREAN.filter_untranslated)).to_be_checked()
    page.get_by_role("button", name=KOREAN.clear, exact=True).click()
    expect(box(page)).to_have_value("red balloon")


def test_a_search_is_saved_and_found_again(visit: Visit) -> None:
    name = "<img src=x onerror=\"window.hacked='saved'\">"
    page = visit("/?q=blue+train")
    expect(cards(page).first).to_contain_text("blue train")
    page.get_by_role("button", name=ENGLISH.kept, exact=True).click()
    page.get_by_label(ENGLISH.save_name).fill(name)
    page.get_by_role("button", name=ENGLISH.save, exact=True).click()
    kept = page.get_by_test_id("stPopoverBody").locator(".kept .ask", has_text=name)
    expect(kept).to_be_visible()  # while it is stored, the page may hold the list twice
    page = visit("/")
    saved = page.get_by_role("list", name=ENGLISH.saved_searches)
    expect(saved.get_by_role("button", name=name, exact=True)).to_be_visible()
    saved.get_by_role("button", name=name, exact=True).click()
    expect(box(page)).to_have_value("blue train")
    expect(cards(page).first).to_contain_text("blue train")
    page.get_by_role("button", name=ENGLISH.kept, exact=True).click()
    page.get_by_role("button", name=ENGLISH.forget.format(name=name)).click()
    expect(page.locator(".kept .ask", has_text=name)).to_have_count(0)
    assert page.evaluate("window.hacked") is None


def test_a_photo_without_a_face_says_so(visit: Visit) -> None:
    page = visit("/?q=red+balloon")
    expect(cards(page).first).to_be_visible()
    page.get_by_role("button", name=ENGLISH.face).click()
    picture = page.locator(".card img").first.get_attribute("src")
    assert picture is not None
    content = page.request.get(page.url.split("?")[0].rstrip("/") + picture).body()
    page.locator("input[type=file]").set_input_files(
        {"name": "sea.webp", "mimeType": "image/webp", "buffer": content}
    )
    expect(page.get_by_role("alert")).to_contain_text("no face", timeout=60_000)
    assert address(page) == {}


def test_what_is_typed_is_only_text(visit: Visit) -> None:
    typed = "<img src=x onerror=window.hacked=1>"
    page = visit(f"/?q=%22{typed}%22 object:<b>dog</b> a wizard")
    expect(chip(page, typed)).to_be_visible()
    expect(chip(page, "<b>dog</b>")).to_be_visible()
    chip(page, typed).locator("button.open").click()
    expect(page.get_by_role("menuitem").nth(1)).to_contain_text(typed)
    assert page.locator(".results :is(img[onerror], .understood b b)").count() == 0
    page.get_by_role("button", name=re.compile(r"^Filters")).click()
    expect(page.get_by_label(ENGLISH.filter_objects, exact=True)).to_have_value("<b>dog</b>")
    page.get_by_label(ENGLISH.filter_people).click()
    expect(page.get_by_role("option", name="Mallory")).to_be_visible()
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (390, 844)])
def test_nothing_is_wider_than_the_screen(visit: Visit, width: int, height: int) -> None:
    page = visit("/?q=민기+앵무새+longer:0.5s+-is:edited", width=width, height=height)
    expect(chip(page, "Kim Minji?")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    chip(page, "Kim Minji?").locator("button.open").click()
    place = menu(page).bounding_box()
    assert place is not None
    assert place["x"] >= 0
    assert place["x"] + place["width"] <= width
    for button in page.locator(".understood button").all():
        size = button.bounding_box()
        assert size is not None
        assert size["height"] >= 24


@pytest.fixture
def visit_many(chromium: Browser, lib: Library, tmp_path: Path) -> Iterator[Visit]:
    """A page on a library of its own: sixty moments that match alike."""
    engine = open_catalog(lib.settings).engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("drop database if exists many with (force)"))
        connection.execute(text("create database many"))
    url = database_url(lib.settings).set(database="many").render_as_string(hide_password=False)
    settings = lib.settings.model_copy(update={"database_url": url})
    listing = tmp_path / "listing.json"
    records = [{"video_id": "v", "timestamp": i * 30, "caption": f"a lighthouse {i}"} for i in range(60)]
    listing.write_text(json.dumps(records))
    import_metadata(open_catalog(settings), listing, actor="tester")
    with serving_page(lib, tmp_path, VSEARCH_DATABASE_URL=url) as address, visiting(chromium, address) as opened:
        yield opened


def test_more_is_shown_without_repeats(visit_many: Visit) -> None:
    page = visit_many("/?q=lighthouse")
    for count in (24, 48, 60):
        expect(cards(page)).to_have_count(count)
        ids = [card.get_attribute("data-id") for card in cards(page).all()]
        assert len(set(ids)) == count
        if count < 60:
            page.get_by_role("button", name=ENGLISH.more).click()
    expect(page.get_by_role("button", name=ENGLISH.more)).to_have_count(0)
    page.go_back()
    expect(cards(page)).to_have_count(48)

"""The history as a person meets it: reading what changed, taking it back, and what stands in the way."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from editor_app.texts.history import ENGLISH, KOREAN
from tests.browser.axe import faults
from tests.browser.conftest import Visit, serving_page, visiting
from tests.browser.test_accessible import settled
from tests.browser.test_search import address
from tests.editor_app.library import CAPTIONS, HOSTILE_CAPTION, Library, another_library
from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.language.embedding import load_sentence_embedder
from vsearch_pipeline.timeline import TimeRange

pytestmark = pytest.mark.browser


class Room:
    """A library of its own, and who edits it beside the browser."""

    def __init__(self, lib: Library) -> None:
        self.lib = lib
        self.catalog = open_catalog(lib.settings)
        self.embedder = load_sentence_embedder(lib.settings.sentence_embedder)

    def editor(self, actor: str) -> Editor:
        return Editor(self.catalog, self.embedder, actor=actor, door="web")

    def by(self, actor: str) -> SegmentService:
        return SegmentService(self.editor(actor))

    def segment(self, index: int) -> SegmentRecord:
        with self.catalog.begin() as connection:
            [found] = read_segments(connection, ids=[self.lib.film_segments[index]], deleted=True)
            return found

    def last(self) -> int:
        return HistoryService(self.editor("tester")).entries(limit=1)[0].operation.id


@pytest.fixture(scope="module")
def room(lib: Library) -> Room:
    return Room(another_library(lib, "history_browser"))


@pytest.fixture(scope="module")
def own_server(room: Room, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = room.lib.settings.database_url or ""
    folder = tmp_path_factory.mktemp("history")
    with serving_page(room.lib, folder, VSEARCH_DATABASE_URL=url, VSEARCH_ACTOR="tester") as address_of_it:
        yield address_of_it


@pytest.fixture
def look(chromium: Browser, own_server: str, room: Room) -> Iterator[Visit]:
    """Visits; what was done is put back in the end."""
    before = room.last()
    with visiting(chromium, own_server) as opened:
        yield opened
    HistoryService(room.editor("tester")).restore(video=room.lib.film.id, operation=before)


def entry(page: Page, number: int) -> Locator:
    return page.locator(f'.entry[data-id="{number}"]')


def press(page: Page, number: int, name: str) -> None:
    """Ask what going back would do; the first time, models for words are loaded for it."""
    entry(page, number).get_by_role("button", name=name, exact=True).click()
    expect(panel(page)).to_be_visible(timeout=90_000)


def panel(page: Page) -> Locator:
    return page.locator(".panel")


def choose(page: Page, number: int, name: str) -> None:
    entry(page, number).locator(".more").click()
    page.get_by_role("menuitem", name=name, exact=True).click()


def test_a_caption_is_read_word_by_word_and_taken_back(look: Visit, room: Room) -> None:
    done = room.by("민지").set_captions([room.lib.film_segments[0]], {"en": "A red kite floats over the sea"})
    page = look("/history")
    shown = entry(page, done.operation or 0)
    expect(shown.locator(".did").first).to_have_text("민지 wrote the English caption")
    expect(shown.locator("del")).to_have_text("balloon")
    expect(shown.locator("ins")).to_have_text("kite")
    for words, decoration in (("ins", "underline"), ("del", "line-through")):
        line = shown.locator(words).evaluate("element => getComputedStyle(element).textDecorationLine")
        assert line == decoration, "no colour alone"
    press(page, done.operation or 0, ENGLISH.revert)
    expect(panel(page)).to_contain_text(ENGLISH.preview_title)
    expect(panel(page)).to_be_focused()
    expect(panel(page).locator("ins")).to_have_text("balloon")
    assert room.segment(0).caption_en == "A red kite floats over the sea", "looking changes nothing"
    panel(page).get_by_role("button", name=ENGLISH.confirm_revert, exact=True).click()
    expect(page.get_by_role("status").filter(has_text=ENGLISH.done_revert)).to_be_visible()
    expect(panel(page)).to_have_count(0)
    assert room.segment(0).caption_en == CAPTIONS[0][0]
    expect(shown).to_have_class(re.compile("taken"))
    expect(shown.locator(".by")).to_contain_text("Taken back by tester")
    expect(shown.locator(".did").first).to_have_css("text-decoration-line", "line-through")
    press(page, done.operation or 0, ENGLISH.bring_back)
    panel(page).get_by_role("button", name=ENGLISH.confirm_again, exact=True).click()
    expect(shown.get_by_role("button", name=ENGLISH.revert, exact=True)).to_be_visible()
    assert room.segment(0).caption_en == "A red kite floats over the sea"


def test_what_stands_in_the_way_is_listed_and_taken_back_as_well(look: Visit, room: Room) -> None:
    segment = room.lib.film_segments[1]
    one = room.by("민지").set_captions([segment], {"ko": "초록 앵무새가 배를 먹는다"}).operation or 0
    room.by("Hannah").set_captions([segment], {"ko": "파란 앵무새가 배를 먹는다"})
    page = look(f"/history?segment={segment}", locale="ko-KR")
    press(page, one, KOREAN.revert)
    expect(panel(page)).to_contain_text(KOREAN.later_title_one)
    expect(panel(page).locator(".later")).to_contain_text("Hannah가 한국어 설명을 썼어요")
    third = room.by("someone else").set_captions([segment], {"ko": "앵무새가 배를 먹는다"})
    panel(page).get_by_role("button", name=KOREAN.confirm_later_one, exact=True).click()
    expect(panel(page)).to_contain_text(KOREAN.later_title_many.format(count=2))
    assert room.segment(1).caption_ko == "앵무새가 배를 먹는다", "nothing that was not shown"
    assert third.operation == room.last()
    panel(page).get_by_role("button", name=KOREAN.confirm_later_many.format(count=2), exact=True).click()
    expect(page.get_by_role("status").filter(has_text=KOREAN.done_revert)).to_be_visible()
    assert room.segment(1).layers.human_ko is None
    expect(entry(page, one).locator(".by")).to_contain_text("tester가 되돌렸어요")


def test_a_video_is_put_back_to_right_after_an_entry(look: Visit, room: Room) -> None:
    first = room.by("민지").set_captions([room.lib.film_segments[0]], {"en": "first"}).operation or 0
    room.by("민지").set_captions([room.lib.film_segments[0]], {"en": "second"})
    room.by("Hannah").delete([room.lib.film_segments[2]])
    page = look("/history")
    choose(page, first, ENGLISH.video_to_here)
    expect(panel(page)).to_contain_text(ENGLISH.restore_video_title.format(number=first))
    expect(panel(page)).to_contain_text(ENGLISH.unwound_many.format(count=2))
    panel(page).get_by_role("button", name=ENGLISH.cancel, exact=True).click()
    expect(panel(page)).to_have_count(0)
    assert room.segment(0).caption_en == "second"
    choose(page, first, ENGLISH.video_to_here)
    panel(page).get_by_role("button", name=ENGLISH.confirm_restore, exact=True).click()
    expect(page.get_by_role("status").filter(has_text=ENGLISH.done_restore)).to_be_visible()
    assert (room.segment(0).caption_en, room.segment(2).deleted_at) == ("first", None)
    choose(page, first, ENGLISH.segment_to_here)
    expect(panel(page)).to_contain_text(ENGLISH.preview_nothing)
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)


def test_what_somebody_else_took_back_meanwhile_is_told_in_place(look: Visit, room: Room) -> None:
    done = room.by("민지").lock([room.lib.film_segments[0]], locked=True).operation or 0
    page = look("/history")
    press(page, done, ENGLISH.revert)
    expect(panel(page)).to_contain_text(ENGLISH.preview_title)
    HistoryService(room.editor("Hannah")).revert(done)
    panel(page).get_by_role("button", name=ENGLISH.confirm_revert, exact=True).click()
    expect(panel(page).get_by_role("alert")).to_contain_text(f"Operation {done} is taken back already")
    expect(entry(page, done).locator(".by")).to_contain_text("Taken back by Hannah")
    assert not room.segment(0).locked, "it was not brought back by the press that was to take it back"


def test_what_lies_where_a_segment_would_come_back_is_in_the_way(look: Visit, room: Room) -> None:
    """Somebody drew a segment where the deleted one was: bringing it back would lie over it."""
    room.by("민지").set_captions([room.lib.film_segments[2]], {"ko": "사람이 쓴 구간"})
    deleted = room.by("민지").delete([room.lib.film_segments[2]]).operation or 0
    room.by("Hannah").create(room.lib.film.id, TimeRange(3000, 3500))
    page = look("/history", locale="ko-KR")
    press(page, deleted, KOREAN.revert)
    expect(panel(page)).to_contain_text(KOREAN.later_title_one)
    expect(panel(page).locator(".later")).to_contain_text("Hannah가 새 구간을 만들었어요")


def test_filters_stand_in_the_address_and_go_back(look: Visit, room: Room) -> None:
    segment = room.lib.film_segments[1]
    mine = room.by("민지").lock([segment]).operation or 0
    other = room.by("Hannah").lock([segment], locked=False).operation or 0
    page = look("/history")
    expect(entry(page, mine)).to_be_visible()
    page.locator(".st-key-history-actor input").click()
    page.get_by_role("option", name="민지", exact=True).click()
    expect(entry(page, other)).to_have_count(0)
    expect(entry(page, mine)).to_be_visible()
    assert address(page) == {"actor": "민지"}
    choose(page, mine, ENGLISH.segment_only)
    page.wait_for_url(re.compile("segment="))
    assert address(page) == {"actor": "민지", "segment": str(segment)}
    page.go_back()
    page.go_back()
    expect(entry(page, other)).to_be_visible()
    again = look(page.url.split("?")[0] + f"?segment={segment}&actor=Hannah")
    expect(entry(again, other)).to_be_visible()
    expect(entry(again, mine)).to_have_count(0)


def test_a_press_on_the_picture_goes_to_the_moment(look: Visit, room: Room) -> None:
    segment = room.lib.film_segments[1]
    done = room.by("민지").lock([segment]).operation or 0
    page = look("/history?lang=ko")
    link = entry(page, done).get_by_role("link")
    assert link.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    link.click()
    page.wait_for_url(re.compile(f"moment={segment}"))
    assert address(page) == {"moment": str(segment), "lang": "ko"}
    expect(page.locator(".now")).to_contain_text("0:01.480")


def test_long_captions_are_folded(look: Visit, room: Room) -> None:
    done = room.by("민지").set_captions([room.lib.film_segments[0]], {"en": "A long story of a balloon. " * 60})
    page = look("/history")
    text = entry(page, done.operation or 0).locator(".line.caption .text")
    fold = entry(page, done.operation or 0).get_by_role("button", name=ENGLISH.whole_text)
    expect(fold).to_be_visible()
    height = text.bounding_box()
    fold.click()
    whole = text.bounding_box()
    assert height is not None
    assert whole is not None
    assert whole["height"] > 2 * height["height"]
    expect(entry(page, done.operation or 0).get_by_role("button", name=ENGLISH.less_text)).to_be_visible()


def test_the_menu_is_used_by_keyboard(look: Visit, room: Room) -> None:
    done = room.by("민지").lock([room.lib.film_segments[0]]).operation or 0
    page = look("/history")
    entry(page, done).locator(".more").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem").nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(entry(page, done).locator(".more")).to_be_focused()
    entry(page, done).locator(".back").focus()
    page.keyboard.press("Enter")
    expect(panel(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)
    expect(entry(page, done).locator(".back")).to_be_focused()


@pytest.mark.parametrize(("locale", "width"), [("en-US", 1280), ("ko-KR", 390)])
def test_axe_finds_nothing_serious(look: Visit, room: Room, locale: str, width: int) -> None:
    texts = KOREAN if locale == "ko-KR" else ENGLISH
    a, b, c = room.lib.film_segments
    one = room.by("민지").set_captions([a], {"en": "A red kite floats. " * 30, "ko": "빨간 연"}).operation or 0
    room.by("민지").move(b, end_ms=2300)
    room.by("민지").delete([c])
    HistoryService(room.editor("민지")).undo()
    page = look("/history", locale=locale, width=width)
    press(page, one, texts.revert)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expect(panel(page)).to_be_visible()
        settled(page)
        assert faults(page) == []
    page.keyboard.press("Escape")
    entry(page, one).locator(".more").click()
    expect(page.get_by_role("menu")).to_be_visible()
    expect(panel(page)).to_be_hidden()
    settled(page)
    assert faults(page) == []


def test_a_menu_that_is_opened_while_the_page_is_drawn_again_stays(look: Visit, room: Room) -> None:
    one = room.by("민지").set_captions([room.lib.film_segments[0]], {"en": "A red kite floats."}).operation or 0
    page = look("/history")
    press(page, one, ENGLISH.revert)
    expect(panel(page)).to_be_visible()
    page.keyboard.press("Escape")
    entry(page, one).locator(".more").evaluate("(more) => more.click()")  # the server has not answered yet
    expect(panel(page)).to_be_hidden()
    page.wait_for_timeout(300)
    expect(page.get_by_role("menu")).to_be_visible()
    page.get_by_role("menuitem", name=ENGLISH.video_to_here, exact=True).click()
    expect(panel(page)).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (390, 844)])
def test_hostile_text_is_text_and_nothing_is_wider_than_the_screen(
    look: Visit, room: Room, width: int, height: int
) -> None:
    hostile = HOSTILE_CAPTION + "\u202e" + "x" * 900
    done = room.by(HOSTILE_CAPTION).set_captions([room.lib.film_segments[0]], {"en": hostile, "ko": hostile})
    page = look("/history", width=width, height=height)
    shown = entry(page, done.operation or 0)
    expect(shown.locator(".did").first).to_contain_text(HOSTILE_CAPTION)
    expect(shown.locator(".line.caption").first).to_contain_text("<script>window.hacked")
    assert page.locator(".history script").count() == 0
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    press(page, done.operation or 0, ENGLISH.revert)
    expect(panel(page)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for button in shown.locator("button:visible").all():
        size = button.bounding_box()
        assert size is not None
        assert size["height"] >= 24

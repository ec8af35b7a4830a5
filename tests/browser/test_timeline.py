"""The timeline and its keys as an editor meets them: on the screen and in the database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from sqlalchemy import text

from editor_app.texts.editing import ENGLISH as EDITING
from editor_app.texts.room import ENGLISH, KOREAN
from tests.browser.axe import faults
from tests.browser.conftest import Visit, serving_page, visiting
from tests.browser.test_search import address, expect_playing, ready
from tests.editor_app.library import CAPTIONS, SPANS, Library, another_library
from vsearch_pipeline.catalog.database import database_url, open_catalog
from vsearch_pipeline.catalog.models import Shot
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id, replace_rows
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.language.embedding import load_sentence_embedder

pytestmark = pytest.mark.browser

FRAME_MS = 40
SHOTS = ((0, 1480), (1480, 2520), (2520, 3200), (3200, 4000))
MODELS = [(span.start_ms, span.end_ms) for span in SPANS]


@dataclass
class Own:
    """A library of these tests' own, and an editor who is not at the page.

    Attributes:
        since: the last operation before the test.
    """

    lib: Library
    editor: Editor
    since: int = 0

    @property
    def ids(self) -> tuple[int, ...]:
        return self.lib.film_segments

    @property
    def segments(self) -> list[SegmentRecord]:
        with open_catalog(self.lib.settings).begin() as connection:
            return read_segments(connection, video_id=self.lib.film.id)

    @property
    def ranges(self) -> list[tuple[int, int]]:
        return [(segment.span.start_ms, segment.span.end_ms) for segment in self.segments]

    @property
    def kinds(self) -> list[str]:
        """Of the edits at the page in this test, the newest first."""
        query = text("select kind from operations where id > :since and door = 'web' order by id desc")
        with open_catalog(self.lib.settings).begin() as connection:
            return list(connection.execute(query, {"since": self.since}).scalars())


@pytest.fixture(scope="module")
def own(lib: Library) -> Own:
    other = another_library(lib, "timeline_in_a_browser")
    catalog = open_catalog(other.settings)
    with catalog.begin() as connection:
        producer = producer_id(connection, ProducerInfo("shots", "tests", "1"))
        rows = [{"index": i, "start_ms": start, "end_ms": end} for i, (start, end) in enumerate(SHOTS)]
        replace_rows(connection, other.film.id, producer, {Shot: rows})
    embedder = load_sentence_embedder(other.settings.sentence_embedder)
    return Own(other, Editor(catalog, embedder, actor="tester", door="cli"))


@pytest.fixture(scope="module")
def server_of_own(own: Own, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = database_url(own.lib.settings).render_as_string(hide_password=False)
    with serving_page(own.lib, tmp_path_factory.mktemp("timeline"), VSEARCH_DATABASE_URL=url) as served:
        yield served


@pytest.fixture
def visit(chromium: Browser, server_of_own: str, own: Own) -> Iterator[Visit]:
    with open_catalog(own.lib.settings).begin() as connection:
        own.since = int(connection.execute(text("select max(id) from operations")).scalar_one())
    with visiting(chromium, server_of_own) as opened:
        yield opened
    HistoryService(own.editor).restore(video=own.lib.film.id, operation=own.since)


# --- the page


def open_segment(visit: Visit, own: Own, index: int, **how: object) -> Page:
    """The room with a segment of the film in it, standing at its start."""
    page = visit(f"/?moment={own.ids[index]}", **how)
    page.locator(".timeline").wait_for(timeout=60_000)  # the first page of a busy machine
    expect_at(page, SPANS[index].start_ms)
    ready(page)
    expect(segment(page, own.ids[index])).to_have_attribute("aria-current", "true")
    return page


def expect_at(page: Page, ms: int) -> None:
    seconds, rest = divmod(ms, 1000)
    expect(page.locator(".now")).to_have_text(re.compile(rf"^0:{seconds:02d}\.{rest:03d}"))


def at(page: Page) -> int:
    """Where the player stands, in ms."""
    told = page.locator(".now").inner_text().split(" ")[0]
    minutes, seconds = told.split(":")
    return round((int(minutes) * 60 + float(seconds)) * 1000)


def eventually(page: Page, told: Callable[[], bool]) -> None:
    """Wait for the database to say so: what is dragged is drawn before it is there."""
    for _ in range(100):
        if told():
            return
        page.wait_for_timeout(200)
    raise AssertionError("it never came")


def expect_ranges(page: Page, own: Own, ranges: list[tuple[int, int]]) -> None:
    """The database comes to have exactly these segments."""
    with suppress(AssertionError):
        eventually(page, lambda: own.ranges == ranges)
    assert own.ranges == ranges


def settled(page: Page) -> None:
    """The picture is there and the time beside it is the picture's."""
    ready(page)
    page.wait_for_timeout(250)


def go(page: Page, *keys: str, to: int) -> None:
    """Press keys, and wait until the player stands there."""
    for key in keys:
        page.keyboard.press(key)
    expect_at(page, to)
    ready(page)


def segment(page: Page, number: int) -> Locator:
    return page.locator(f'.timeline .segment[data-id="{number}"]')


def expect_shown(page: Page, ranges: list[tuple[int, int]]) -> None:
    """Exactly these segments are drawn, as each is read out."""
    drawn = page.locator(".timeline .segment")
    expect(drawn).to_have_count(len(ranges))
    for index, (start, end) in enumerate(ranges):
        told = f"0:{start / 1000:06.3f}–0:{end / 1000:06.3f}, "
        expect(drawn.nth(index)).to_have_attribute("aria-label", re.compile(f"^{re.escape(told)}"))


def tool(page: Page, name: str) -> Locator:
    return page.locator(f'.timeline [data-tool="{name}"]')


def toast(page: Page) -> Locator:
    return page.locator(".inspector .toast")


def hint(page: Page) -> Locator:
    return page.locator(".timeline .hint.told")


def drag_edge(
    page: Page, number: int, edge: str, to_ms: int, *, hold: str = "", press: str = "", drop: bool = True
) -> None:
    """Drag an edge of a segment with the mouse.

    Args:
        hold: a key that is down meanwhile.
        press: a key that is pressed before the button is let go.
    """
    box = segment(page, number).bounding_box()
    lanes = page.locator(".timeline .tracks").bounding_box()
    assert box is not None
    assert lanes is not None
    first, last = (segment(page, n).bounding_box() for n in _outermost(page))
    assert first is not None
    assert last is not None
    per_ms = (last["x"] + last["width"] + 1 - first["x"]) / 4000
    x = box["x"] + 2 if edge == "start" else box["x"] + box["width"] - 2
    start = box["x"] if edge == "start" else box["x"] + box["width"] + 1
    y = box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    if hold:
        page.keyboard.down(hold)
    page.mouse.down()
    goal = first["x"] + to_ms * per_ms
    page.mouse.move(x + (goal - start) / 2, y)
    page.mouse.move(x + goal - start, y, steps=4)
    if press:
        page.keyboard.press(press)
    if drop:
        page.mouse.up()
    if hold:
        page.keyboard.up(hold)


def _outermost(page: Page) -> tuple[int, int]:
    ids = page.locator(".timeline .segment").evaluate_all("all => all.map((one) => Number(one.dataset.id))")
    return ids[0], ids[-1]


# --- what is there


def test_the_video_is_shown_as_lanes(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 1)
    expect(page.get_by_role("region", name=ENGLISH.timeline)).to_be_visible()
    lane = page.get_by_role("listbox", name=ENGLISH.lane_segments)
    expect(lane.get_by_role("option")).to_have_count(3)
    expect(lane.get_by_role("option").nth(1)).to_have_accessible_name(
        f"0:01.480–0:02.520, {CAPTIONS[1][0]}, {ENGLISH.segment_model}"
    )
    expect(lane.get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    expect(page.locator(".timeline .names")).to_contain_text("Kim Minji")
    painted = page.locator(".timeline canvas").evaluate(
        """canvas => {
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            const rows = new Set();
            for (let i = 3; i < data.length; i += 4) if (data[i]) rows.add(Math.floor(i / 4 / canvas.width));
            return rows.size / canvas.height;
        }"""
    )
    assert painted > 0.4  # the ruler, shots, people and speech; segments are elements
    height = page.locator(".timeline").bounding_box()
    assert height is not None
    assert height["height"] <= 175


def test_a_press_chooses_a_segment_and_stands_at_its_start(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 0)
    segment(page, own.ids[2]).click()
    expect_at(page, SPANS[2].start_ms)
    expect(segment(page, own.ids[2])).to_have_attribute("aria-current", "true")
    page.wait_for_url(re.compile(f"moment={own.ids[2]}"))
    expect(page.locator("#caption-en")).to_have_value(CAPTIONS[2][0])
    expect_playing(page, playing=False)
    segment(page, own.ids[1]).dblclick()
    expect_playing(page, playing=True)
    page.wait_for_url(re.compile(f"moment={own.ids[1]}"))
    expect_playing(page, playing=True)  # the server's answer does not stop it
    assert SPANS[1].start_ms <= at(page) < SPANS[1].end_ms + 100


def test_a_press_on_the_ruler_goes_there_and_playing_goes_on_there(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 0)
    page.keyboard.press(" ")
    expect_playing(page, playing=True)
    ruler = page.get_by_role("slider", name=ENGLISH.timeline_position)
    box = ruler.bounding_box()
    assert box is not None
    ruler.click(position={"x": box["width"] * 0.7, "y": 8})
    page.wait_for_timeout(400)
    expect_playing(page, playing=True)
    page.keyboard.press("k")
    settled(page)
    assert at(page) > SPANS[1].end_ms  # outside of the moment, which is not repeated now
    expect(ruler).to_have_attribute("aria-valuenow", str(at(page)))


def test_a_rerun_does_not_restart_the_video(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 0)
    page.locator("video").evaluate("video => { window.loads = 0; video.onloadstart = () => (window.loads += 1); }")
    before = page.locator("video").get_attribute("src")
    page.keyboard.press(" ")
    page.get_by_text("한국어", exact=True).click()
    expect(page.get_by_role("listbox", name=KOREAN.lane_segments)).to_be_visible()
    expect_playing(page, playing=True)
    assert page.locator("video").get_attribute("src") == before
    assert page.evaluate("window.loads") == 0


# --- keys that play


def test_frames_seconds_cuts_and_ends(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 1)
    go(page, "ArrowRight", to=1520)
    go(page, "ArrowRight", to=1560)
    go(page, "ArrowLeft", to=1520)
    go(page, "Shift+ArrowRight", to=2520)
    go(page, "Shift+ArrowLeft", to=1520)
    go(page, "ArrowDown", to=2520)
    go(page, "ArrowDown", to=3200)  # a shot's
    go(page, "ArrowUp", to=2520)
    go(page, "ArrowUp", to=1480)
    go(page, "End", to=2520 - FRAME_MS)
    go(page, "Home", to=1480)


def test_shuttling_with_j_k_and_l(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 0)
    page.keyboard.press("l")
    expect_playing(page, playing=True)
    page.keyboard.press("l")
    expect(page.locator(".shuttle")).to_have_text("▶ 2×")
    assert page.locator("video").evaluate("video => video.playbackRate") == 2
    page.wait_for_timeout(700)
    page.keyboard.press("k")
    expect_playing(page, playing=False)
    settled(page)
    expect(page.locator(".shuttle")).to_be_hidden()
    assert page.locator("video").evaluate("video => video.playbackRate") == 1
    furthest = at(page)
    assert furthest > 1000
    page.keyboard.press("j")
    expect(page.locator(".shuttle")).to_have_text("◀ 1×")
    page.wait_for_timeout(600)
    page.keyboard.press("k")
    expect(page.locator(".shuttle")).to_be_hidden()
    settled(page)
    stopped = at(page)
    assert furthest - 1500 < stopped < furthest - 200
    page.wait_for_timeout(200)
    assert at(page) == stopped
    page.keyboard.down("k")
    go(page, "l", to=stopped + FRAME_MS)
    go(page, "j", to=stopped)
    page.keyboard.up("k")


def test_in_and_out_points(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 1)
    points = page.locator(".timeline .range")
    expect(points).to_be_hidden()
    page.keyboard.press("i")
    go(page, "Shift+ArrowRight", to=2480)
    page.keyboard.press("o")
    expect(points).to_be_visible()
    expect(page.locator(".told[aria-live]")).to_have_text(ENGLISH.told_out.format(time="0:02.480"))
    go(page, "Shift+I", to=1480)
    go(page, "Shift+O", to=2480)
    mark = points.locator(".out").bounding_box()
    assert mark is not None
    page.mouse.move(mark["x"] + 10, mark["y"] + 60)
    page.mouse.down()
    page.mouse.move(mark["x"] + 60, mark["y"] + 60, steps=4)
    page.mouse.up()
    go(page, "Shift+I", to=1480)
    page.keyboard.press("Shift+O")
    expect(page.locator(".now")).not_to_have_text(re.compile(r"^0:01\.480"))
    assert at(page) > 2600
    page.keyboard.press("x")
    expect(points).to_be_hidden()


def test_letters_typed_are_not_commands(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 1)
    go(page, "ArrowRight", to=1520)
    page.keyboard.press("/")
    expect(page.locator(".st-key-q input")).to_be_focused()
    page.keyboard.type("jslimno?[]x ")
    page.keyboard.press("ArrowLeft")
    caption = page.locator("#caption-en")
    caption.click()
    caption.press_sequentially("sm[]? ")
    caption.press("Delete")
    caption.press("Control+z")
    expect_at(page, 1520)
    expect(page.locator("dialog.help")).to_be_hidden()
    assert own.ranges == MODELS
    assert own.kinds == []


# --- edits


def test_an_edge_is_dragged_and_the_neighbour_follows(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 0)
    drag_edge(page, own.ids[0], "end", 1800, drop=False)
    expect(page.locator(".timeline .flag")).to_have_text("0:01.800  +0.320")
    expect_shown(page, [(0, 1800), (1800, 2520), (2520, 4000)])
    expect_at(page, 1800 - FRAME_MS)  # the last picture of the segment
    assert own.ranges == MODELS
    page.mouse.up()
    expect_shown(page, [(0, 1800), (1800, 2520), (2520, 4000)])
    expect(toast(page)).to_contain_text(EDITING.done_move)
    expect_ranges(page, own, [(0, 1800), (1800, 2520), (2520, 4000)])
    assert own.kinds[0] == "segment.range"
    expect(segment(page, own.ids[0])).to_have_class(re.compile(r"\bedited\b"))
    page.keyboard.press("Control+z")
    expect(toast(page)).to_contain_text(EDITING.done_undo)
    expect_shown(page, MODELS)
    expect(segment(page, own.ids[0])).not_to_have_class(re.compile(r"\bedited\b"))
    assert own.ranges == MODELS
    page.keyboard.press("Control+Shift+Z")
    expect_shown(page, [(0, 1800), (1800, 2520), (2520, 4000)])
    expect_ranges(page, own, [(0, 1800), (1800, 2520), (2520, 4000)])


def test_a_dragged_edge_snaps_to_a_cut_unless_told_otherwise(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 1)
    drag_edge(page, own.ids[1], "end", 3185)
    expect(toast(page)).to_contain_text(EDITING.done_move)
    assert own.ranges[1] == (1480, 3200)  # the shot's
    drag_edge(page, own.ids[1], "end", 3170, hold="Alt")
    expect(page.locator(".timeline .flag")).to_be_hidden()
    eventually(page, lambda: own.ranges[1][1] != 3200)
    assert 3160 <= own.ranges[1][1] <= 3180
    assert own.ranges[1][1] % FRAME_MS  # not even on a frame


def test_a_neighbour_can_stay(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 0)
    SegmentService(own.editor).set_captions([own.ids[1]], {"en": "A person's own"})
    page.reload()
    expect(segment(page, own.ids[1])).to_have_class(re.compile(r"\bedited\b"))
    drag_edge(page, own.ids[0], "end", 1200, hold="Control")
    expect(toast(page)).to_contain_text(EDITING.done_move)
    assert own.ranges[0] == (0, 1200)
    assert (1480, 2520) in own.ranges
    drag_edge(page, own.ids[0], "end", 2000, hold="Control")  # over what a person edited nobody goes
    expect(segment(page, own.ids[0])).to_have_accessible_name(re.compile("^0:00.000–0:01.480"))


def test_a_drag_is_broken_off(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 0)
    go(page, "ArrowRight", to=FRAME_MS)
    drag_edge(page, own.ids[0], "end", 1800, press="Escape")
    expect_shown(page, MODELS)
    expect_at(page, FRAME_MS)
    assert own.ranges == MODELS
    assert own.kinds == []


def test_an_edit_that_is_refused_goes_back(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 0)
    SegmentService(own.editor).lock([own.ids[1]])  # the page does not know yet
    drag_edge(page, own.ids[0], "end", 1800)
    expect(toast(page)).to_have_class(re.compile("wrong"))
    expect_shown(page, MODELS)
    assert own.ranges == MODELS
    expect(segment(page, own.ids[1])).to_have_class(re.compile(r"\blocked\b"))
    expect(segment(page, own.ids[1])).to_have_accessible_name(re.compile(f"{ENGLISH.segment_locked}$"))


def test_edges_come_to_the_playhead_by_key(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 1)
    go(page, *["ArrowRight"] * 3, to=1600)
    page.keyboard.press("[")
    expect_shown(page, [(0, 1600), (1600, 2520), (2520, 4000)])
    expect(toast(page)).to_contain_text(EDITING.done_move)
    go(page, "ArrowDown", "ArrowLeft", to=2480)
    page.keyboard.press("]")
    expect_shown(page, [(0, 1600), (1600, 2480), (2480, 4000)])
    expect_ranges(page, own, [(0, 1600), (1600, 2480), (2480, 4000)])
    go(page, "Home", to=1600)
    page.keyboard.press("]")
    expect(hint(page)).to_have_text(ENGLISH.hint_edge)
    page.locator(".timeline .segment[tabindex='0']").focus()
    page.keyboard.press("ArrowLeft")
    expect(segment(page, own.ids[0])).to_be_focused()
    expect_at(page, 1600)  # among the segments the arrows choose, the player stays
    segment(page, own.ids[1]).click()  # after a press they are the player's
    go(page, "ArrowRight", to=1640)


def test_a_segment_is_split_at_the_playhead(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 1)
    page.keyboard.press("s")
    expect(hint(page)).to_have_text(ENGLISH.hint_split)  # it stands at an edge
    expect(tool(page, "split")).to_have_attribute("aria-disabled", "true")
    go(page, *["ArrowRight"] * 10, to=1880)
    expect(tool(page, "split")).to_have_attribute("aria-disabled", "false")
    page.keyboard.press("s")
    expect(toast(page)).to_contain_text(EDITING.done_split)
    expect_shown(page, [(0, 1480), (1480, 1880), (1880, 2520), (2520, 4000)])
    expect_ranges(page, own, [(0, 1480), (1480, 1880), (1880, 2520), (2520, 4000)])
    expect_at(page, 1880)
    tool(page, "undo").click()
    expect_shown(page, MODELS)
    assert own.ranges == MODELS
    tool(page, "redo").click()
    expect_shown(page, [(0, 1480), (1480, 1880), (1880, 2520), (2520, 4000)])


@pytest.mark.parametrize("key", ["ㄴ", "s"])
def test_letters_are_where_they_are_on_a_korean_keyboard(visit: Visit, own: Own, key: str) -> None:
    page = open_segment(visit, own, 2, locale="ko-KR")
    go(page, "Shift+ArrowRight", to=3520)
    press = """([key, composing]) => document.body.dispatchEvent(new KeyboardEvent("keydown", {
        key, code: "KeyS", isComposing: composing, bubbles: true, composed: true, cancelable: true,
    }))"""
    page.evaluate(press, [key, True])  # a syllable is being put together
    page.wait_for_timeout(500)
    assert own.ranges == MODELS
    page.evaluate(press, [key, False])
    expect_shown(page, [(0, 1480), (1480, 2520), (2520, 3520), (3520, 4000)])
    expect(segment(page, own.ids[2])).to_have_accessible_name(re.compile(KOREAN.segment_edited))
    assert own.ranges[2:] == [(2520, 3520), (3520, 4000)]


def test_a_selection_is_merged(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 0)
    page.keyboard.press("m")
    expect(hint(page)).to_have_text(ENGLISH.hint_merge)
    segment(page, own.ids[1]).click(modifiers=["Shift"])
    expect(page.locator(".timeline .segment.picked")).to_have_count(2)
    expect(page.locator(".inspector .many")).to_be_visible()
    page.keyboard.press("m")
    expect(toast(page)).to_contain_text(EDITING.done_merge)
    expect_shown(page, [(0, 2520), (2520, 4000)])
    expect_ranges(page, own, [(0, 2520), (2520, 4000)])
    expect(page.locator(".timeline .segment.picked")).to_have_count(0)


def test_a_new_segment_from_in_to_out(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 0)
    page.keyboard.press("n")
    expect(hint(page)).to_have_text(ENGLISH.hint_create)
    go(page, "Shift+ArrowRight", to=1000)
    page.keyboard.press("i")
    go(page, "Shift+ArrowRight", to=2000)
    page.keyboard.press("o")
    page.keyboard.press("n")
    expect(toast(page)).to_contain_text(EDITING.done_create)
    expect(page.locator(".timeline .range")).to_be_hidden()
    assert (1000, 2000) in own.ranges
    [new] = [each for each in own.segments if each.created]
    expect(segment(page, new.id)).to_have_attribute("aria-current", "true")
    expect_at(page, 2000)  # nobody is taken elsewhere
    page.wait_for_url(re.compile(f"moment={new.id}"))


def test_the_end_of_the_video_is_an_out_point(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 2)
    go(page, "Shift+ArrowRight", to=3520)
    page.keyboard.press("i")
    go(page, "Shift+ArrowRight", to=4000 - FRAME_MS)
    page.keyboard.press("o")
    page.keyboard.press("n")
    expect(toast(page)).to_contain_text(EDITING.done_create)
    assert (3520, 4000) in own.ranges


def test_segments_are_deleted_and_come_back(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 1)
    page.keyboard.press("Delete")
    expect(toast(page)).to_contain_text(EDITING.done_delete)
    expect_shown(page, [MODELS[0], MODELS[2]])
    assert [each.id for each in own.segments] == [own.ids[0], own.ids[2]]
    expect(segment(page, own.ids[2])).to_have_attribute("aria-current", "true")
    page.keyboard.press("Delete")
    expect_shown(page, [MODELS[0]])
    for _ in range(2):
        page.keyboard.press("Control+z")
    expect_shown(page, MODELS)
    assert own.ranges == MODELS


def test_edits_follow_one_another_and_none_is_lost(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 1)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(150)
        page.keyboard.press("[")  # each before the one before is answered
    page.keyboard.press("s")
    expect_shown(page, [(0, 1600), (1600, 2520), (2520, 4000)])
    expect_ranges(page, own, [(0, 1600), (1600, 2520), (2520, 4000)])
    assert own.kinds[:3] == ["segment.range"] * 3
    for _ in range(3):
        page.keyboard.press("Control+z")
    expect_shown(page, MODELS)
    expect_ranges(page, own, MODELS)


@pytest.mark.parametrize("wait", [0, 120])
def test_a_press_elsewhere_does_not_break_off_an_edit(visit: Visit, own: Own, wait: int) -> None:
    page = visit("/?q=red+balloon")
    page.locator(".timeline").wait_for(timeout=60_000)
    expect_at(page, 0)
    ready(page)
    go(page, "ArrowRight", "ArrowRight", "ArrowRight", to=120)
    page.keyboard.press("s")
    page.wait_for_timeout(wait)
    pick = page.locator(".item").nth(1).locator(".pick")
    pick.dispatch_event("click")
    expect(toast(page)).to_contain_text(EDITING.done_split)  # it is told as well
    expect_shown(page, [(0, 120), (120, 1480), *MODELS[1:]])
    assert own.kinds == ["segment.split"]
    expect(pick).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Control+z")
    expect_shown(page, MODELS)


@pytest.mark.parametrize(
    ("keys", "ms"), [(3 * ["ArrowRight"], 1600), (["End"], 2480), (["Shift+ArrowRight"], 2480)]
)
def test_a_key_counts_before_the_film_is_there(visit: Visit, own: Own, keys: list[str], ms: int) -> None:
    held: list[Route] = []
    page = visit("/library")

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/source.mp4*", hold)
    page.goto(page.url.replace("/library", f"/?moment={own.ids[1]}"))
    page.locator(".timeline").wait_for(timeout=60_000)
    eventually(page, lambda: bool(held))
    for key in keys:
        page.keyboard.press(key)
    expect(page.locator("video")).to_have_js_property("readyState", 0)
    for route in held:
        route.continue_()
    page.unroute("**/source.mp4*")
    expect_at(page, ms)
    ready(page)
    expect_at(page, ms)


# --- choosing several, the view, help


def test_segments_are_picked_and_let_go(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 0)
    picked = page.locator(".timeline .segment.picked")
    segment(page, own.ids[2]).click(modifiers=["Shift"])
    expect(picked).to_have_count(3)
    expect(page.locator(".timeline .hint")).to_have_text(ENGLISH.picked_many.format(count=3))
    segment(page, own.ids[1]).click(modifiers=["ControlOrMeta"])
    expect(picked).to_have_count(2)
    page.wait_for_timeout(800)
    expect(picked).to_have_count(2)  # the server thinks so too
    page.keyboard.press("Escape")
    expect(picked).to_have_count(0)
    page.locator(".timeline .segment[tabindex='0']").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(picked).to_have_count(2)
    expect(segment(page, own.ids[1])).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(picked).to_have_count(1)


def test_the_view_is_zoomed_and_moved(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 1)
    middle = segment(page, own.ids[1])
    width = middle.bounding_box()
    assert width is not None
    tracks = page.locator(".timeline .tracks").bounding_box()
    assert tracks is not None
    page.mouse.move(tracks["x"] + tracks["width"] / 2, tracks["y"] + 30)
    page.keyboard.down("Control")
    for _ in range(12):
        page.mouse.wheel(0, -60)
    page.keyboard.up("Control")
    page.wait_for_timeout(200)
    assert page.locator(".timeline .segment").count() < 3  # what is out of sight is not there
    zoomed = middle.bounding_box()
    assert zoomed is None or zoomed["width"] >= min(tracks["width"], width["width"] * 3)
    page.keyboard.press("ArrowDown")  # the playhead is brought into sight
    expect(page.locator(".timeline .playhead")).to_be_visible()
    page.keyboard.press("0")
    expect(page.locator(".timeline .segment")).to_have_count(3)
    whole = middle.bounding_box()
    assert whole == width
    tool(page, "zoom_in").click()
    larger = middle.bounding_box()
    page.wait_for_timeout(100)
    larger = middle.bounding_box()
    assert larger is not None
    assert larger["width"] > width["width"] * 1.3


def test_the_sheet_of_keys(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 1, locale="ko-KR")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name=KOREAN.help_title)
    expect(sheet).to_be_visible()
    for sentence in (KOREAN.help_shuttle, KOREAN.help_split, KOREAN.help_pick, KOREAN.help_escape):
        expect(sheet).to_contain_text(sentence)
    page.keyboard.press("s")
    page.keyboard.press("l")
    expect_playing(page, playing=False)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.get_by_role("button", name=f"{KOREAN.help_open} (?)").click()
    expect(sheet).to_be_visible()
    sheet.get_by_role("button", name=KOREAN.help_close).click()
    expect(sheet).to_be_hidden()
    assert own.ranges == MODELS


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(visit: Visit, own: Own, scheme: Literal["light", "dark"]) -> None:
    page = open_segment(visit, own, 1)
    page.emulate_media(color_scheme=scheme)
    page.keyboard.press("s")  # says why not
    page.keyboard.press("i")
    go(page, "Shift+ArrowRight", to=2480)
    page.keyboard.press("o")
    segment(page, own.ids[2]).click(modifiers=["Shift"])
    expect(page.locator(".inspector .many")).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name=ENGLISH.help_title)).to_be_visible()
    assert faults(page) == []


def test_a_finger_rests_to_pick(visit: Visit, own: Own) -> None:
    page = open_segment(visit, own, 0)
    box = segment(page, own.ids[1]).bounding_box()
    assert box is not None
    press = """([kind, x, y]) => {
        const find = (root) => root.querySelector('.timeline .tracks')
            || [...root.querySelectorAll('*')].map((e) => e.shadowRoot && find(e.shadowRoot)).find(Boolean);
        const tracks = find(document);
        tracks.setPointerCapture = () => {};
        tracks.dispatchEvent(new PointerEvent(kind, {
            clientX: x, clientY: y, pointerId: 7, pointerType: 'touch', bubbles: true, composed: true,
        }));
    }"""
    place = [box["x"] + 30, box["y"] + 20]
    page.evaluate(press, ["pointerdown", *place])
    page.wait_for_timeout(600)
    page.evaluate(press, ["pointerup", *place])
    expect(page.locator(".timeline .segment.picked")).to_have_count(2)
    page.evaluate(press, ["pointerdown", *place])
    page.evaluate(press, ["pointerup", *place])
    expect(segment(page, own.ids[1])).to_have_attribute("aria-current", "true")


def test_on_a_phone_the_timeline_waits_behind_a_button(visit: Visit, own: Own) -> None:
    page = visit(f"/?moment={own.ids[1]}", width=390, height=844)
    expect_at(page, SPANS[1].start_ms)
    expect(page.locator(".timeline")).to_be_hidden()
    page.get_by_role("button", name=ENGLISH.timeline, exact=True).click()
    expect(segment(page, own.ids[2])).to_be_visible()
    segment(page, own.ids[2]).click()
    expect_at(page, SPANS[2].start_ms)
    page.wait_for_url(re.compile(f"moment={own.ids[2]}"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert address(page)["moment"] == str(own.ids[2])

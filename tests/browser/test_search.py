"""Search, player and address as a person meets them."""

from __future__ import annotations

import re
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from editor_app.texts.search import ENGLISH, KOREAN
from tests.browser.conftest import Visit
from tests.editor_app.library import CAPTIONS, HOSTILE_CAPTION, HOSTILE_TITLE, LINES, SPANS, Library

pytestmark = pytest.mark.browser

IN_TIME_MS = 20_000
PRESS_FIRST = """
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (how) {
  const root = attach.call(this, how);
  new MutationObserver(() => {
    const card = root.querySelector('.card[data-id="SEGMENT"]');
    if (!card || window.pressedFirst) return;
    window.pressedFirst = { roomWasThere: Boolean(window.roomIsThere) };
    card.click();
  }).observe(root, { childList: true, subtree: true });
  new MutationObserver(() => (window.roomIsThere ||= root.querySelector(".player video")))
    .observe(root, { childList: true, subtree: true });
  return root;
};
"""
"""Presses a segment's card as soon as there is one, which is before the player is there."""


def search(page: Page, query: str) -> None:
    box = page.locator(".st-key-q input")
    box.fill(query)
    box.press("Enter")


def cards(page: Page) -> Locator:
    return page.locator(".card")


def card_of(page: Page, segment_id: int) -> Locator:
    """Where a segment is played with a double press: its card, or its place on the timeline where it has none."""
    return page.locator(f'.card[data-id="{segment_id}"], .timeline .segment[data-id="{segment_id}"]').first


def address(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def seconds(page: Page) -> float:
    return float(page.locator("video").evaluate("video => video.currentTime"))


def expect_playing(page: Page, *, playing: bool) -> None:
    expect(page.locator(".player.playing")).to_have_count(int(playing))


def ready(page: Page) -> None:
    """The picture at the current time is there."""
    page.wait_for_function(
        """() => {
            const find = (root) => root.querySelector('video')
                || [...root.querySelectorAll('*')].map((e) => e.shadowRoot && find(e.shadowRoot)).find(Boolean);
            const video = find(document);
            return video && video.readyState >= 2 && !video.seeking;
        }"""
    )


def expect_moment(page: Page, index: int) -> None:
    """The player stands at the first frame of a span of the film."""
    expect(page.locator(".now")).to_have_text(
        re.compile(rf"^0:0{SPANS[index].start_ms / 1000:.3f}".replace(".", r"\.")), timeout=IN_TIME_MS
    )
    ready(page)
    assert SPANS[index].start_ms <= seconds(page) * 1000 < SPANS[index].start_ms + 2


def colour(page: Page) -> list[int]:
    """The colour of the picture in the player, away from the moving bar."""
    return list(
        page.locator("video").evaluate(
            """video => {
                const canvas = document.createElement('canvas');
                canvas.width = 320; canvas.height = 180;
                const context = canvas.getContext('2d');
                context.drawImage(video, 0, 0, 320, 180);
                return [...context.getImageData(316, 90, 1, 1).data.slice(0, 3)];
            }"""
        )
    )


def test_a_press_before_the_player_is_there_plays_once_it_is(visit: Visit, lib: Library) -> None:
    chosen = lib.film_segments[0]
    page = visit("/library")
    page.add_init_script(PRESS_FIRST.replace("SEGMENT", str(chosen)))
    page.goto(page.url.replace("/library", "/?q=old+film"))
    expect_playing(page, playing=True)
    assert page.evaluate("window.pressedFirst.roomWasThere") is False
    assert page.locator(".card").first.get_attribute("data-id") != str(chosen), (
        "the player shows the first by itself"
    )
    expect(card_of(page, chosen)).to_have_attribute("aria-current", "true")
    page.wait_for_url(re.compile(f"moment={chosen}"))


@pytest.mark.parametrize(
    ("locale", "query", "index"), [("en-US", "a parrot with fruit", 1), ("ko-KR", "바다 위의 빨간 풍선", 0)]
)
def test_search(visit: Visit, lib: Library, locale: str, query: str, index: int) -> None:
    page = visit(locale=locale)
    search(page, query)
    card = page.locator(f'.card[data-id="{lib.film_segments[index]}"]')
    expect(card).to_be_visible()
    own = 1 if locale == "ko-KR" else 0
    expect(card.locator(".caption").nth(0)).to_have_text(CAPTIONS[index][own])
    expect(card.locator(".caption").nth(1)).to_have_text(CAPTIONS[index][1 - own])
    assert address(page) == {"q": query}


def test_a_press_plays_the_moment_and_the_address_says_so(visit: Visit, lib: Library) -> None:
    page = visit("/?q=red+balloon")
    expect_moment(page, 0)
    expect_playing(page, playing=False)
    card_of(page, lib.film_segments[1]).dblclick()
    expect_playing(page, playing=True)
    expect(card_of(page, lib.film_segments[1])).to_have_attribute("aria-current", "true")
    page.wait_for_url(re.compile(f"moment={lib.film_segments[1]}"))
    ready(page)
    red, green, blue = colour(page)
    assert green > max(red, blue)


def test_the_moment_repeats_until_told_otherwise(visit: Visit, lib: Library) -> None:
    page = visit("/?q=red+balloon")
    expect_moment(page, 0)
    page.locator("video").evaluate("video => { window.largest = 0; window.jumps = 0; }")
    page.locator("video").evaluate(
        """video => {
            let last = 0;
            const look = () => {
                if (video.currentTime < last - 0.2) window.jumps += 1;
                last = video.currentTime; window.largest = Math.max(window.largest, last);
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    card_of(page, lib.film_segments[1]).dblclick()
    page.wait_for_function("window.jumps >= 2")
    assert page.evaluate("window.largest") < SPANS[1].end_ms / 1000 + 0.25
    page.get_by_role("button", name=ENGLISH.loop).click()
    expect_playing(page, playing=False)
    assert SPANS[1].start_ms <= seconds(page) * 1000 < SPANS[1].end_ms


def test_a_link_shows_the_same_in_another_browser(visit: Visit, lib: Library) -> None:
    page = visit()
    search(page, "red balloon")
    card_of(page, lib.film_segments[2]).dblclick()
    page.wait_for_url(re.compile("moment="))
    page.get_by_text("한국어", exact=True).click()
    page.wait_for_url(re.compile("lang=ko"))
    expect(cards(page).first.locator(".caption").first).to_have_text(CAPTIONS[0][1])
    shown = [card.get_attribute("data-id") for card in cards(page).all()]

    other = visit(page.url)
    expect_moment(other, 2)
    expect_playing(other, playing=False)
    expect(other.locator(".st-key-q input")).to_have_value("red balloon")
    expect(other.locator(".summary")).to_contain_text("장면")
    assert [card.get_attribute("data-id") for card in cards(other).all()] == shown
    red, green, blue = colour(other)
    assert blue > max(red, green)


def test_back_goes_back(visit: Visit, lib: Library) -> None:
    page = visit()
    expect(page.get_by_text(ENGLISH.start_title)).to_be_visible()
    search(page, "red balloon")
    expect_moment(page, 0)
    card_of(page, lib.film_segments[1]).dblclick()
    page.wait_for_url(re.compile("moment="))
    page.locator(".player").get_by_role("button", name=ENGLISH.pause).click()
    search(page, "blue train")
    expect(cards(page).first).to_contain_text("blue train")
    expect_moment(page, 2)
    page.go_back()
    expect(page.locator(".st-key-q input")).to_have_value("red balloon")
    expect_moment(page, 1)
    page.go_back()
    expect_moment(page, 0)
    assert address(page) == {"q": "red balloon"}
    page.go_back()
    expect(page.get_by_text(ENGLISH.start_title)).to_be_visible()


def test_frames_are_stepped(visit: Visit) -> None:
    page = visit("/?q=초록+앵무새가+사과를+먹는다")
    expect_moment(page, 1)
    for key, expected in ((".", 1520), (".", 1560), (",", 1520)):
        page.locator("body").press(key)
        expect(page.locator(".now")).to_contain_text(f"0:01.{expected % 1000}")
    page.locator("body").press("Home")
    expect_moment(page, 1)
    page.locator("body").press(" ")
    expect_playing(page, playing=True)


def test_keys_typed_into_the_search_are_not_commands(visit: Visit) -> None:
    page = visit("/?q=red+balloon")
    expect_moment(page, 0)
    page.locator(".summary").click()
    page.keyboard.press("/")
    expect(page.locator(".st-key-q input")).to_be_focused()
    page.keyboard.type(" . ,")
    expect_playing(page, playing=False)
    expect_moment(page, 0)


def test_formats_no_browser_plays_show_the_preview(visit: Visit, lib: Library) -> None:
    page = visit("/?q=an+old+recording+of+a+red+balloon")
    page.locator(".card", has_text="old camera").first.click()
    expect(page.locator(".screen .why")).to_have_text(ENGLISH.why_format.format(format="avi, mpeg4"))
    image = page.locator(".screen img")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    expect(page.locator("video")).to_have_count(0)


def test_a_broken_file_gives_way_to_the_preview(visit: Visit, lib: Library) -> None:
    page = visit()
    page.route("**/source.mp4*", lambda route: route.fulfill(body=b"not a film", content_type="video/mp4"))
    search(page, "빨간 풍선이 바다 위를 떠다닌다")
    expect(page.locator(".screen .why")).to_have_text(ENGLISH.why_browser)
    expect(page.locator(".screen img")).to_be_visible()


def test_an_import_without_a_file_says_so(visit: Visit) -> None:
    page = visit("/?q=fireworks+over+the+river", locale="ko-KR")
    expect(page.locator(".screen")).to_have_text(KOREAN.why_imported)
    expect(page.locator("video")).to_have_count(0)


def lines(page: Page) -> Locator:
    return page.locator(".transcript .line")


def test_what_is_said_is_under_the_player_and_a_press_goes_there(visit: Visit) -> None:
    page = visit("/?q=balloon")
    expect_moment(page, 0)
    expect(page.locator(".transcript .said")).to_have_text(
        [" ".join(word for word, _, _ in line) for line in LINES]
    )
    expect(page.locator(".transcript mark")).to_have_text(["balloon!"])
    expect(page.locator(".transcript b")).to_have_count(0)
    lines(page).nth(2).click()
    expect_playing(page, playing=True)
    expect(lines(page).nth(2)).to_have_attribute("aria-current", "true")
    page.locator("video").evaluate("video => video.pause()")
    assert LINES[2][0][1] <= seconds(page) * 1000 < SPANS[2].end_ms


def test_the_line_that_is_said_is_marked_as_it_plays(visit: Visit) -> None:
    page = visit("/?q=balloon")
    expect_moment(page, 0)
    expect(page.locator(".line[aria-current]")).to_have_count(0)  # nothing is said in the first 0.2 s
    for at, index in ((0.5, 0), (1.8, 1), (3.0, 2)):
        page.locator("video").evaluate("(video, at) => { video.currentTime = at; }", at)
        expect(page.locator(".line[aria-current]")).to_have_count(1)
        expect(lines(page).nth(index)).to_have_attribute("aria-current", "true")


CUES = """video => {
    const [track] = video.textTracks;
    const told = (cue) => [cue.startTime, cue.getCueAsHTML().textContent];
    return { mode: track.mode, cues: [...track.cues || []].map(told) };
}"""


def test_subtitles_are_switched_on_and_stay_on(visit: Visit, lib: Library) -> None:
    page = visit("/?q=balloon")
    expect_moment(page, 0)
    switch = page.get_by_role("button", name=ENGLISH.subtitles, exact=True)
    assert page.locator("video").evaluate(CUES)["mode"] == "hidden"
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    track = page.locator("video").evaluate(CUES)
    assert track["mode"] == "showing"
    for (start, text), line in zip(track["cues"], LINES, strict=True):
        assert text == " ".join(word for word, _, _ in line)
        assert start == pytest.approx(line[0][1] / 1000, abs=0.1)
    card_of(page, lib.film_segments[1]).dblclick()
    page.wait_for_url(re.compile("moment="))
    assert page.locator("video").evaluate(CUES)["mode"] == "showing"
    page.locator("video").evaluate("video => { video.textTracks[0].mode = 'disabled'; }")
    expect(switch).to_have_attribute("aria-pressed", "false")


def test_where_nobody_speaks_there_are_no_subtitles(visit: Visit) -> None:
    page = visit("/?q=an+old+recording+of+a+red+balloon")
    page.locator(".card", has_text="old camera").first.click()
    expect(page.locator(".screen .why")).to_be_visible()
    expect(page.locator(".transcript")).to_be_hidden()
    page.wait_for_url(re.compile("moment="))
    expect(page.get_by_role("button", name=ENGLISH.download_srt)).to_have_count(0)


def test_subtitles_are_downloaded(visit: Visit) -> None:
    page = visit("/?q=balloon", locale="ko-KR")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=KOREAN.download_srt).click()
    assert waiting.value.suggested_filename == "세 가지 색.srt"
    assert "00:00:00,200 --> 00:00:01,300\nLook, a balloon!" in waiting.value.path().read_text(encoding="utf-8")


def test_a_caption_without_a_translation_says_so(visit: Visit) -> None:
    page = visit("/?q=fireworks+over+the+river", locale="ko-KR")
    expect(page.locator(".player .untranslated")).to_have_text(KOREAN.not_translated)
    expect(page.locator(".card", has_text="festival").locator(".untranslated")).to_have_text(KOREAN.not_translated)
    expect(page.locator(".card", has_text="세 가지 색").first.locator(".untranslated")).to_have_count(0)


def test_on_a_phone_the_transcript_is_folded(visit: Visit) -> None:
    page = visit("/?q=balloon", width=390, height=844)
    expect(page.locator(".transcript summary")).to_be_visible()
    expect(lines(page).first).to_be_hidden()
    page.locator(".transcript summary").click()
    expect(lines(page).first).to_be_visible()


def test_hostile_text_is_only_text(visit: Visit) -> None:
    page = visit("/?q=a+wizard")
    expect(page.locator(".player .caption").first).to_have_text(HOSTILE_CAPTION)
    expect(page.locator(".player .title")).to_have_text(HOSTILE_TITLE)
    for part in (".player", ".results"):
        assert page.locator(f"{part} :is(script, svg[onload], img[onerror], b[onmouseover], u, a)").count() == 0
    page.locator(".inspector .chip").hover()
    page.goto(page.url.split("?")[0])
    page.get_by_role("button", name="Mallory").hover()
    page.goto(page.url.rstrip("/") + "/library")
    expect(page.get_by_text(HOSTILE_TITLE)).to_be_visible()
    assert page.evaluate("window.hacked") is None


def test_the_library_names_what_failed(visit: Visit) -> None:
    page = visit("/library", locale="ko-KR")
    row = page.locator(".row", has_text="old camera")
    expect(row.locator(".failures")).to_contain_text("대사 실패")
    expect(row.locator(".failures")).to_contain_text("<i>here</i>")
    picture = row.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0


def test_a_phone_keeps_the_player_in_sight(visit: Visit, lib: Library) -> None:
    page = visit("/?q=red+balloon", width=390, height=844)
    last = cards(page).last
    last.scroll_into_view_if_needed()
    last.click()
    expect(page.locator(".screen")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_video_is_served_in_parts(visit: Visit, server: str) -> None:
    page = visit("/?q=red+balloon")
    expect_moment(page, 0)
    source = page.locator("video").get_attribute("src")
    assert source is not None
    request = urllib.request.Request(server + source.split("#")[0], headers={"Range": "bytes=0-99"})  # noqa: S310
    with urllib.request.urlopen(request) as response:  # noqa: S310
        assert response.status == 206
        assert response.headers["Content-Type"] == "video/mp4"
        assert len(response.read()) == 100

"""A new user's whole way on all that `vsearch up` serves: from an empty library to a link for a colleague."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import opentimelineio
import pysubs2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import text

from editor_app.texts.common import COMMON
from editor_app.texts.editing import EDITING
from editor_app.texts.export import EXPORT
from editor_app.texts.history import HISTORY
from editor_app.texts.library import LIBRARY
from editor_app.texts.people import PEOPLE
from editor_app.texts.search import TEXTS
from tests.browser.conftest import KEYS, free_port, visiting
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.wording import Language

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1200)]

LOCALES: dict[Language, str] = {"ko": "ko-KR", "en": "en-US"}
QUERIES: dict[Language, str] = {"ko": "고양이", "en": "a cat"}
NAMES: dict[Language, str] = {"ko": "김운전", "en": "Somebody Driving"}
READY_SECONDS = 600


@dataclass(frozen=True)
class Served:
    """`vsearch up` on a home of its own, empty at first."""

    url: str
    catalog: Catalog

    def one(self, statement: str, **values: Any) -> Any:
        with self.catalog.begin() as connection:
            return connection.execute(text(statement), values).scalar_one()

    def reel(self) -> list[SegmentRecord]:
        """The segments of the reel of photographs."""
        video = self.one("select id from videos where title = 'photo-reel'")
        with self.catalog.begin() as connection:
            return read_segments(connection, video_id=video)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("journey")
    folder.chmod(0o755)
    home = folder / "home"
    environment = {name: value for name, value in os.environ.items() if name not in KEYS} | {
        "VSEARCH_HOME": str(home),
        "VSEARCH_ACTOR": "somebody new",
        "VSEARCH_DAGSTER_PORT": str(free_port()),
        "VSEARCH_PAGE_PORT": str(free_port()),
    }
    said = folder / "said"
    with said.open("w") as output:
        up = subprocess.Popen(
            [sys.executable, "-m", "vsearch_pipeline", "up"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 150
        while "Ctrl-C stops everything" not in said.read_text():
            assert up.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.2)
        url = re.findall(r"http://\S+", said.read_text())[0]
        yield Served(url, open_catalog(Settings(home=home)))
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(60)


@pytest.fixture(scope="module", params=["ko", "en"])
def language(request: pytest.FixtureRequest) -> Language:
    asked: Language = request.param
    return asked


def search(page: Page, query: str) -> None:
    box = page.locator(".st-key-q input")
    box.fill(query)
    box.press("Enter")


def toast(page: Page) -> Locator:
    return page.locator(".inspector .toast")


def go(page: Page, name: str) -> None:
    page.get_by_test_id("stTopNavLink").filter(has_text=name).click()


def test_an_empty_library_is_filled(chromium: Browser, served: Served, language: Language) -> None:
    """The first visitor loads the sample; both see it arrive, each in their language."""
    library, common = LIBRARY[language], COMMON[language]
    with visiting(chromium, served.url) as visit:
        page = visit("/", locale=LOCALES[language])
        if language == "ko":
            expect(page.get_by_text(common.empty_title)).to_be_visible()
            assert served.one("select count(*) from videos") == 0
            page.get_by_role("button", name=library.sample).click()
        else:
            go(page, common.page_library)
        rows = page.locator(".shelf .row")
        expect(rows).to_have_count(4, timeout=120_000)
        if language == "ko":
            expect(page.get_by_role("progressbar").first).to_be_visible(timeout=120_000)
        expect(rows.locator(".state.done, .state:empty")).to_have_count(0)  # ready rows say nothing
        deadline = time.monotonic() + READY_SECONDS
        while page.get_by_role("progressbar").count() and time.monotonic() < deadline:
            page.wait_for_timeout(1000)
        expect(page.get_by_role("progressbar")).to_have_count(0)
        expect(page.locator(".shelf .failures li")).to_have_count(0)
    assert served.one("select count(*) from videos") == 4
    assert served.one("select count(distinct video_id) from stage_runs where stage = 'previews'") == 4


def test_search_watch_fix_cut_and_take_back(chromium: Browser, served: Served, language: Language) -> None:
    texts, editing, history = TEXTS[language], EDITING[language], HISTORY[language]
    before = [(s.span, s.caption_en, s.caption_ko) for s in served.reel()]
    with visiting(chromium, served.url) as visit:
        page = visit("/", locale=LOCALES[language])
        expect(page.get_by_text(texts.start_title)).to_be_visible()
        search(page, QUERIES[language])
        card = page.locator(".card").first
        expect(card).to_contain_text(QUERIES[language].removeprefix("a "))
        card.click()
        expect(page.locator(".player.playing")).to_have_count(1)
        page.wait_for_function(_MOVES)
        segment = served.reel()[0]
        # fix a caption
        field = page.locator(f"#caption-{language}")
        expect(field).to_have_value(segment.caption(language) or "")
        written = {"ko": "고양이가 나를 본다", "en": "A cat looks at me"}[language]
        field.fill(written)
        field.press("Control+Enter")
        expect(toast(page)).to_contain_text(editing.done_captions)
        expect(page.locator(".card[aria-current=true] .caption").first).to_have_text(written)
        assert served.reel()[0].caption(language) == written
        # split in the middle, and merge again
        count = len(served.reel())
        page.locator('.player [data-do="toggle"]').click()
        expect(page.locator(".player.playing")).to_have_count(0)
        page.locator(".timeline .ruler").focus()
        page.keyboard.press("Home")
        for _ in range(2):
            page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("s")
        expect(toast(page)).to_contain_text(editing.done_split)
        parts = served.reel()
        assert len(parts) == count + 1
        assert parts[0].span.end_ms == parts[1].span.start_ms == segment.span.start_ms + 2000
        for part in parts[:2]:
            page.locator(f'.timeline [data-id="{part.id}"]').click(modifiers=["ControlOrMeta"])
        page.keyboard.press("m")
        expect(toast(page)).to_contain_text(editing.done_merge)
        assert len(served.reel()) == count
        assert served.reel()[0].span == segment.span
        # take all of it back, in the history
        go(page, COMMON[language].page_history)
        for kind in ("segment.merge", "segment.split", "segment.caption"):
            number = served.one("select max(id) from operations where kind = :kind", kind=kind)
            entry = page.locator(f'.entry[data-id="{number}"]')
            entry.get_by_role("button", name=history.revert, exact=True).click()
            page.locator(".panel").get_by_role("button", name=history.confirm_revert).click()
            _until(lambda number=number: served.one(_TAKEN_BACK, number=number) == 1)
            expect(page.locator(".panel")).to_have_count(0)
            expect(entry.get_by_role("button", name=history.revert, exact=True)).to_have_count(0)
    assert [(s.span, s.caption_en, s.caption_ko) for s in served.reel()] == before


def test_somebody_gets_a_name(chromium: Browser, served: Served, language: Language) -> None:
    people = PEOPLE[language]
    with visiting(chromium, served.url) as visit:
        page = visit("/people?view=unknown", locale=LOCALES[language])
        if language == "ko":
            cluster = page.locator(".cluster").first
            expect(cluster).to_be_visible(timeout=90_000)  # faces are gathered once the videos are done
            field = cluster.get_by_role("combobox")
            field.fill(NAMES[language])
            field.press("Enter")
            _until(lambda: served.one("select count(*) from face_marks where kind = 'is'") > 0)
            go(page, COMMON[language].page_people)
            page.get_by_role("button", name=people.tab_known).click()
        else:
            page = visit("/people", locale=LOCALES[language])
        expect(page.locator(".known").get_by_text(NAMES["ko"])).to_be_visible()
    assert served.one("select count(*) from people where name = :name", name=NAMES["ko"]) == 1
    assert served.one("select door from operations where kind like 'people.%' order by id desc limit 1") == "web"


def test_it_leaves_as_files_and_as_a_link(
    chromium: Browser, served: Served, language: Language, tmp_path: Path
) -> None:
    texts, export = TEXTS[language], EXPORT[language]
    with visiting(chromium, served.url) as visit:
        page = visit(f"/?q={QUERIES[language]}", locale=LOCALES[language])
        item = page.locator(".item").first
        item.hover()
        item.locator(".pick").click()
        export_some = page.get_by_role("button", name=texts.export_some.format(count=1))
        expect(export_some).to_be_visible()
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)  # what is drawn anew would close it
        export_some.click()
        panel = page.get_by_test_id("stPopoverBody")
        edl = _download(page, panel, export.kind_timeline, "EDL", tmp_path)
        [track] = opentimelineio.adapters.read_from_file(str(edl), rate=25).video_tracks()
        assert track.duration().to_seconds() == pytest.approx(served.reel()[0].span.duration_ms / 1000, abs=0.05)
        srt = _download(page, panel, export.kind_subtitles, "SRT", tmp_path)
        [line] = pysubs2.load(str(srt))
        assert line.plaintext.replace("\n", " ") == served.reel()[0].caption_ko
        page.keyboard.press("Escape")
        # the link opens at the moment, for somebody else
        page.locator(".card").first.click()
        page.wait_for_url(re.compile(r"moment="))
        other = visit(page.url)
        expect(other.locator(".card[aria-current=true]")).to_have_attribute("data-id", str(served.reel()[0].id))
        expect(other.locator(".now")).to_have_text(re.compile(r"^0:00\.000"))


_TAKEN_BACK = "select count(*) from operations where reverts = :number"
_MOVES = """() => {
    const find = (root) => root.querySelector('video')
        || [...root.querySelectorAll('*')].map((e) => e.shadowRoot && find(e.shadowRoot)).find(Boolean);
    const video = find(document);
    return video && !video.paused && video.currentTime > 0.2;
}"""


def _download(page: Page, panel: Locator, kind: str, form: str, folder: Path) -> Path:
    panel.get_by_role("radio", name=kind).click()
    panel.get_by_text(form, exact=True).click()
    with page.expect_download() as expected:
        panel.get_by_role("button", name=form).click()
    path = folder / expected.value.suggested_filename
    expected.value.save_as(path)
    return path


def _until(holds: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)

"""The export panel in a real browser: files that come at once, files that are made, and their cancelling."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from playwright.sync_api import Browser, Page, expect

from editor_app.texts.export import ENGLISH, KOREAN
from tests.browser.axe import faults
from tests.browser.conftest import ROOT, Visit, serving, visiting
from tests.editor_app.library import CAPTIONS, HOSTILE_TITLE, Library
from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.catalog.videos import list_videos

pytestmark = pytest.mark.browser

SERVER = """
import streamlit as st
from editor_app.making import export_routes

app = st.App("panel.py", routes=export_routes())
"""
PANEL = """
import streamlit as st
from editor_app.components.export import export_panel
from editor_app.components.frame import choose_language, style
from editor_app.services import open_services
from vsearch_pipeline.settings import Settings

style()
language = choose_language()
services = open_services(Settings())
numbers = [int(each) for each in st.query_params["segments"].split(",")]
box = st.popover("Open", key="box", on_change="rerun")
if box.open:
    with box:
        video = st.query_params["video"]
        export_panel(services, selection=numbers, moments=None, video_id=video, title="모음", language=language)
"""


@pytest.fixture(scope="module")
def panel_server(lib: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("export")
    (folder / "main.py").write_text(SERVER, encoding="utf-8")
    (folder / "panel.py").write_text(PANEL, encoding="utf-8")
    shutil.copytree(ROOT / "editor_app" / ".streamlit", folder / ".streamlit")
    with serving(folder / "main.py", folder, VSEARCH_HOME=str(lib.settings.home)) as url:
        yield url


@pytest.fixture
def visit_panel(chromium: Browser, panel_server: str) -> Iterator[Visit]:
    with visiting(chromium, panel_server) as opened:
        yield opened


def opened(visit: Visit, lib: Library, *numbers: int, locale: str = "en-US", width: int = 1280) -> Page:
    segments = ",".join(map(str, numbers))
    page = visit(f"/?segments={segments}&video={lib.film.id}", locale=locale, width=width)
    page.get_by_role("button", name="Open").click()
    return page


def test_an_srt_and_an_edl_are_downloaded(visit_panel: Visit, lib: Library) -> None:
    page = opened(visit_panel, lib, lib.film_segments[1], locale="ko-KR")
    page.get_by_text(KOREAN.kind_subtitles, exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name=KOREAN.download.format(form="SRT")).click()
    assert download.value.suggested_filename == "모음.srt"
    assert CAPTIONS[1][1] in " ".join(Path(download.value.path()).read_text(encoding="utf-8").split())
    page.get_by_text(KOREAN.kind_timeline, exact=True).click()
    page.get_by_text("EDL", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name=KOREAN.download.format(form="EDL")).click()
    assert "FROM CLIP NAME:  세 가지 색.mp4" in Path(download.value.path()).read_text(encoding="utf-8")


def test_clips_are_made_and_fetched_from_the_disk(visit_panel: Visit, lib: Library) -> None:
    page = opened(visit_panel, lib, *lib.film_segments)
    page.get_by_text(ENGLISH.kind_media, exact=True).click()
    page.get_by_role("button", name=ENGLISH.make_clips_many.format(count=3)).click()
    link = page.get_by_role("link", name="모음 clips.zip")
    expect(link).to_be_visible(timeout=60_000)
    expect(page.locator(".export .state")).to_have_text(ENGLISH.ready)
    expect(link).to_contain_text("kB")
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "모음 clips.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        names = archive.namelist()
        assert len(names) == 3
        with archive.open(names[2]) as file, av.open(file) as container:
            assert sum(1 for _ in container.decode(video=0)) == 37
    page.get_by_role("button", name=ENGLISH.again).click()
    expect(page.get_by_role("button", name=ENGLISH.make_clips_many.format(count=3))).to_be_visible()
    assert page.request.get(page.url.split("/?")[0] + "/export/anything").status == 404


def test_the_panel_is_closed_and_opened_while_a_reel_is_made(visit_panel: Visit, lib: Library) -> None:
    page = opened(visit_panel, lib, *lib.film_segments * 8)
    page.get_by_text(ENGLISH.kind_media, exact=True).click()
    page.get_by_text(ENGLISH.form_reel, exact=True).click()
    page.get_by_role("button", name=ENGLISH.make_reel_many.format(count=24)).click()
    bar = page.get_by_role("progressbar", name=ENGLISH.progress)
    expect(bar).to_have_attribute("aria-valuemax", "24")
    page.keyboard.press("Escape")
    expect(bar).to_have_count(0)
    page.get_by_role("button", name="Open").click()
    expect(bar).to_be_visible()
    page.get_by_role("button", name=ENGLISH.cancel, exact=True).click()
    expect(page.get_by_role("button", name=ENGLISH.make_reel_many.format(count=24))).to_be_visible()
    expect(bar).to_have_count(0)


def test_axe_finds_nothing_serious(visit_panel: Visit, lib: Library) -> None:
    page = opened(visit_panel, lib, *lib.film_segments)
    page.get_by_text(ENGLISH.kind_media, exact=True).click()
    page.get_by_role("button", name=ENGLISH.make_clips_many.format(count=3)).click()
    expect(page.get_by_role("link", name="모음 clips.zip")).to_be_visible(timeout=60_000)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(500)  # colours change softly
        panel = [fault for fault in faults(page) if ".export" in fault or "export-" in fault]
        assert panel == []


@pytest.mark.parametrize("width", [1280, 390])
def test_hostile_titles_are_text(visit_panel: Visit, lib: Library, width: int) -> None:
    with open_catalog(lib.settings).begin() as connection:
        hostile = next(v.video.id for v in list_videos(connection) if v.video.title == HOSTILE_TITLE)
        number = read_segments(connection, video_id=hostile)[0].id
    page = opened(visit_panel, lib, number, width=width)
    expect(page.get_by_text(HOSTILE_TITLE)).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= width

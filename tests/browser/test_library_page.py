"""The library as a person meets it: adding, watching it get on, trying again, and where a video's data come from.

No daemon runs: what one would do is written into the catalogue by the tests.
"""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import text

from editor_app.texts import common
from editor_app.texts.library import ENGLISH, KOREAN
from tests.browser.axe import faults
from tests.browser.conftest import Visit, serving_page, visiting
from tests.browser.test_accessible import settled
from tests.browser.test_search import address
from tests.clips import make_clip
from tests.editor_app.library import HOSTILE_TITLE, REASON, Library, another_library
from vsearch_pipeline.catalog.database import database_url, open_catalog
from vsearch_pipeline.catalog.graph import STAGES
from vsearch_pipeline.catalog.operations import read_operations
from vsearch_pipeline.catalog.progress import note_progress
from vsearch_pipeline.catalog.requests import (
    RequestRecord,
    follow_request,
    open_requests,
    request_run,
    told_requests,
)
from vsearch_pipeline.catalog.stages import ProducerInfo, fail_stage, finish_stage, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.store import open_store

pytestmark = pytest.mark.browser

FILM, OLD = "세 가지 색", "old camera"
DAGSTER = "http://127.0.0.1:9/dagster"
LINK = "https://example.org/film.mp4"
KEPT = ("stage_runs", "stage_errors")
"""What tests write into videos."""


class Room:
    """A library of its own, and the daemon's hand in it."""

    def __init__(self, lib: Library) -> None:
        self.lib = lib
        self.catalog = open_catalog(lib.settings)
        with self.catalog.begin() as connection:
            self.videos = list(connection.execute(text("select id from videos")).scalars())
            for table in KEPT:
                connection.execute(text(f"create table kept_{table} as select * from {table}"))  # noqa: S608

    def put_back(self) -> None:
        with self.catalog.begin() as connection:
            connection.execute(text("delete from requests"))
            connection.execute(text("delete from stage_progress"))
            connection.execute(text("delete from videos where not id = any(:ids)"), {"ids": self.videos})
            for table in KEPT:
                connection.execute(text(f"delete from {table}"))  # noqa: S608
                connection.execute(text(f"insert into {table} select * from kept_{table}"))  # noqa: S608

    def finish(self, video: str, *stages: str) -> None:
        with self.catalog.begin() as connection:
            for stage in stages or STAGES:
                producer = producer_id(connection, ProducerInfo(stage, f"{stage}-model", "2", {"step": 2}))
                finish_stage(connection, video, stage, mark=stage, producer=producer, run_id="run-1", seconds=2.0)

    def at_work(self, video: str, stage: str, done: int, total: int) -> None:
        with self.catalog.begin() as connection:
            note_progress(connection, video, stage, "run-2", seconds=5, counted=(done, total))

    def asked(self) -> list[RequestRecord]:
        with self.catalog.begin() as connection:
            return open_requests(connection)

    def follow(self, number: int, state: str, **more: str) -> None:
        with self.catalog.begin() as connection:
            follow_request(connection, number, state, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def room(lib: Library) -> Room:
    return Room(another_library(lib, "library_browser"))


@pytest.fixture(scope="module")
def own_server(room: Room, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_page(
        room.lib,
        tmp_path_factory.mktemp("library"),
        VSEARCH_DATABASE_URL=room.lib.settings.database_url or "",
        VSEARCH_ACTOR="mina",
        VSEARCH_DAGSTER_URL=DAGSTER,
    ) as address_of_it:
        yield address_of_it


@pytest.fixture
def look(chromium: Browser, own_server: str, room: Room) -> Iterator[Visit]:
    with visiting(chromium, own_server) as opened:
        yield opened
    room.put_back()


def row(page: Page, title: str) -> Locator:
    return page.locator(".row").filter(has=page.locator(".title").get_by_text(title, exact=True))


def state(place: Locator) -> Locator:
    return place.locator(".head .state")


# --- getting on -------------------------------------------------------------------------------------------------


def test_progress_moves_on_and_takes_no_focus_away(look: Visit, room: Room) -> None:
    video = room.lib.film.id
    room.at_work(video, "faces", 1, 10)
    page = look("/library")
    film = row(page, FILM)
    expect(film.locator(".label")).to_contain_text("Faces · 10%")
    expect(state(film)).to_have_text(ENGLISH.state_working)
    film.locator("a.title").focus()
    page.evaluate("() => { window.kept = document.activeElement.shadowRoot.activeElement; }")
    room.at_work(video, "faces", 7, 10)
    expect(film.locator(".label")).to_contain_text("Faces · 70%")
    room.finish(video, "video", "sampling", "faces")
    room.at_work(video, "captions", 1, 2)
    expect(film.locator(".label")).to_contain_text("Captions · 50%")
    bar = film.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", re.compile(r"^(2|3|4)\d$"))
    same = "() => window.kept.isConnected && window.kept.getRootNode().activeElement === window.kept"
    assert page.evaluate(same), "the row is changed where it differs, and is not drawn anew"
    room.finish(video)
    expect(film.locator(".progress")).to_be_hidden()
    expect(state(film)).to_have_count(0)
    assert page.evaluate(same)


def test_a_batch_is_told_above_the_list(look: Visit, room: Room) -> None:
    with room.catalog.begin() as connection:
        for video in (room.lib.film.id, room.lib.avi.id):
            request_run(connection, "retry", video, actor="mina", door="web")
    page = look("/library", locale="ko-KR")
    batch = page.locator(".batch")
    expect(batch).to_contain_text("영상 4개 중 0개 완료")  # the imported ones wait as well
    for number, video in enumerate((room.lib.film.id, room.lib.avi.id), 1):
        room.finish(video)
        room.follow(room.asked()[0].id, "done")
        expect(batch).to_contain_text(f"영상 4개 중 {number}개 완료")


# --- trying again -----------------------------------------------------------------------------------------------


def test_a_failed_video_is_tried_again_by_a_press(look: Visit, room: Room) -> None:
    page = look("/library")
    old = row(page, OLD)
    expect(old.locator(".failure")).to_contain_text(f"Speech failed{REASON}")
    expect(old.locator(".failure .advice")).to_have_text(ENGLISH.advice_file)
    old.get_by_role("button", name=f"{ENGLISH.try_again}: {OLD}").dblclick()
    expect(state(old)).to_have_text(ENGLISH.state_waiting)
    expect(old.locator(".failure")).to_have_count(0)
    expect(old).to_contain_text(ENGLISH.asked)
    [request] = room.asked()
    assert (request.kind, request.subject, request.actor) == ("retry", room.lib.avi.id, "mina")
    with room.catalog.begin() as connection:
        newest = read_operations(connection, subjects=[("video", room.lib.avi.id)], limit=1)[0]
    assert (newest.kind, newest.actor, newest.door) == ("video.retry", "mina", "web")
    room.follow(request.id, "running", run_id="run-3")
    expect(state(old)).to_have_text(ENGLISH.state_working)
    room.follow(request.id, "done")
    room.finish(room.lib.avi.id)
    expect(state(old)).to_have_count(0)


def test_a_link_that_failed_is_tried_again_and_put_away(look: Visit, room: Room) -> None:
    with room.catalog.begin() as connection:
        number = request_run(connection, "take_in", LINK, actor="jun", door="web")
        follow_request(connection, number, "failed", reason=f"{LINK}: not found")
    page = look("/library?only=failed&lang=ko")
    link = row(page, LINK)
    expect(link.locator(".failure")).to_contain_text(f"{KOREAN.failed_link}not found")
    link.get_by_role("button", name=f"{KOREAN.try_again}: {LINK}").click()
    expect(link).to_have_count(0)  # it waits now, and only what failed is shown
    [again] = room.asked()
    assert (again.kind, again.subject, again.actor) == ("take_in", LINK, "mina")
    room.follow(again.id, "failed", reason="gone")
    link.get_by_role("button", name=f"{KOREAN.put_away}: {LINK}").click()
    expect(link).to_have_count(0)
    with room.catalog.begin() as connection:
        assert told_requests(connection) == []


def test_what_cannot_be_done_is_said_in_place(look: Visit, room: Room) -> None:
    with room.catalog.begin() as connection:
        insert_video(connection, VideoRecord("passing", "Passing", "file", "sha-passing", "test"))
        fail_stage(connection, "passing", "video", "damaged", "run-1")
    page = look("/library")
    button = row(page, "Passing").get_by_role("button", name=ENGLISH.try_again)
    expect(button).to_be_visible()
    with room.catalog.begin() as connection:
        connection.execute(text("delete from videos where id = 'passing'"))
    button.click()
    expect(page.get_by_role("alert")).to_contain_text("passing")
    expect(row(page, "Passing")).to_have_count(0)


# --- adding -----------------------------------------------------------------------------------------------------


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A site with a video on it."""
    make_clip(tmp_path / "linked.mp4", seconds=0.9, fps=10, size=(64, 48))
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/linked.mp4"
        server.shutdown()


def test_files_and_links_are_added_in_one_go(look: Visit, room: Room, web: str, tmp_path: Path) -> None:
    good = make_clip(tmp_path / "내 영상 <b>.mp4", seconds=1.1, fps=10, size=(64, 48))
    bad = tmp_path / "broken.mp4"
    bad.write_bytes(b"no film" * 200)
    known = open_store(room.lib.settings).local(str(room.lib.film.path))
    page = look("/library")
    page.get_by_text(ENGLISH.add, exact=True).click()
    page.locator("input[type=file]").set_input_files([good, bad, known])
    page.get_by_label(ENGLISH.links).fill(f"{web}\nfile:///etc/passwd")
    page.get_by_role("button", name=ENGLISH.add_now, exact=True).click()
    told = page.locator(".added li")
    expect(told).to_have_text(
        [
            re.compile(re.escape(ENGLISH.added.format(name="내 영상 <b>"))),
            re.compile(r"^broken\.mp4 is not a video that can be read: .+"),
            re.compile(re.escape(ENGLISH.added_known.format(name=FILM))),
            ENGLISH.added_link.format(link=web),
            ENGLISH.bad_link.format(link="file:///etc/passwd"),
        ]
    )
    expect(row(page, "내 영상 <b>")).to_be_visible()
    expect(state(row(page, "내 영상 <b>"))).to_have_text(ENGLISH.state_waiting)
    expect(row(page, web)).to_be_visible()
    ingest, link = room.asked()
    assert (ingest.kind, link.kind, link.subject) == ("ingest", "take_in", web)
    expect(page.get_by_label(ENGLISH.links)).to_have_value("")
    told.nth(2).get_by_role("link").click()
    expect(page.locator(".record h2")).to_have_text(FILM)
    assert address(page) == {"video": room.lib.film.id}


def test_an_empty_library_is_filled_by_a_press(
    chromium: Browser, lib: Library, tmp_path_factory: pytest.TempPathFactory
) -> None:
    catalog = open_catalog(lib.settings)
    with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text('drop database if exists "sample_browser" with (force)'))
        connection.execute(text('create database "sample_browser"'))
    url = database_url(lib.settings).set(database="sample_browser").render_as_string(hide_password=False)
    folder = tmp_path_factory.mktemp("sample")
    own = Settings(home=lib.settings.home, database_url=url)
    with (
        serving_page(lib, folder, VSEARCH_DATABASE_URL=url, VSEARCH_GALLERY=str(folder / "gallery")) as server,
        visiting(chromium, server) as visit,
    ):
        page = visit("/library", locale="ko-KR")
        expect(page.get_by_text(common.KOREAN.empty_title)).to_be_visible(timeout=90_000)
        page.get_by_role("button", name=KOREAN.sample).click()
        expect(page.locator(".row .title")).to_have_text(
            ["photo-reel", "big-buck-bunny", "carphone", "bikes"], timeout=60_000
        )
        expect(page.get_by_role("button", name=KOREAN.sample)).to_have_count(0)
        with open_catalog(own).begin() as connection:
            assert [each.kind for each in open_requests(connection)] == ["train", *["ingest"] * 4]
            connection.execute(text("update requests set asked_at = now() - interval '2 minutes'"))
        expect(page.get_by_text("vsearch up")).to_be_visible()  # nothing is processing, and it says so
    open_catalog(own).close()


# --- one video --------------------------------------------------------------------------------------------------


def test_a_video_tells_where_its_data_come_from(look: Visit, room: Room) -> None:
    room.finish(room.lib.film.id)
    page = look("/library")
    row(page, FILM).locator("a.title").click()
    expect(page.locator(".record h2")).to_have_text(FILM)
    assert address(page) == {"video": room.lib.film.id}
    expect(page.locator(".node")).to_have_count(len(STAGES))
    expect(page.locator(".graph path")).not_to_have_count(0)
    page.locator(".node").filter(has_text="Search index").click()
    line = page.locator(".stage.shown")
    expect(line).to_be_focused()
    expect(line).to_be_in_viewport()
    expect(line.locator(".by")).to_have_text("segment_embeddings-model 2")
    line.get_by_text(ENGLISH.settings).click()
    expect(line.locator(".settings dt")).to_have_text("step")
    expect(line.get_by_role("link", name="Search index: Run (Dagster)")).to_have_attribute(
        "href", f"{DAGSTER}/runs/run-1"
    )
    room.finish(room.lib.film.id, "previews")
    page.wait_for_timeout(500)
    expect(line.locator(".settings dt")).to_be_visible()
    page.locator(".back").click()
    expect(row(page, FILM)).to_be_visible()
    assert address(page) == {}
    page.go_back()
    expect(page.locator(".record h2")).to_have_text(FILM)


def test_a_video_at_work_is_watched_on_its_own_page(look: Visit, room: Room) -> None:
    video = room.lib.film.id
    room.finish(video, "video")
    room.at_work(video, "sampling", 1, 4)
    page = look(f"/library?video={video}&lang=ko")
    node = page.locator(".node").filter(has_text="장면 분할")
    expect(node).to_contain_text("처리 중 25%")
    node.focus()
    room.at_work(video, "sampling", 3, 4)
    expect(node).to_contain_text("처리 중 75%")
    expect(node).to_be_focused()
    room.finish(video)
    expect(page.locator(".head .state")).to_have_text(KOREAN.state_done)
    expect(page.locator(".node.done")).to_have_count(len(STAGES))


def test_from_a_video_to_its_moments_and_its_history(look: Visit, room: Room) -> None:
    page = look(f"/library?video={room.lib.film.id}")
    page.get_by_role("link", name=ENGLISH.search_in).click()
    expect(page.locator(".card").first).to_contain_text(FILM)
    assert address(page)["q"] == f'video:"{room.lib.film.id}"'
    page = look(f"/library?video={room.lib.film.id}&lang=ko")
    page.locator(".record").get_by_role("link", name=KOREAN.history_of, exact=True).click()
    expect(page).to_have_url(re.compile(r"/history\?"))
    assert address(page) == {"lang": "ko", "video": room.lib.film.id}


def test_a_failed_stage_is_tried_again_on_the_page_of_its_video(look: Visit, room: Room) -> None:
    page = look(f"/library?video={room.lib.avi.id}")
    expect(page.locator(".stage").filter(has_text="Speech")).to_contain_text(REASON)
    page.get_by_role("button", name=f"{ENGLISH.try_again}: {OLD}").click()
    expect(page.locator(".actions")).to_contain_text(ENGLISH.asked)
    assert [request.subject for request in room.asked()] == [room.lib.avi.id]


# --- for everybody ----------------------------------------------------------------------------------------------


def test_hostile_titles_are_text(look: Visit, room: Room) -> None:
    page = look("/library")
    place = row(page, HOSTILE_TITLE)
    expect(place).to_be_visible()
    place.locator("a.title").click()
    expect(page.locator(".record h2")).to_have_text(HOSTILE_TITLE)
    assert page.evaluate("() => window.hacked") is None


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_nobody_is_shut_out(look: Visit, room: Room, locale: str) -> None:
    with room.catalog.begin() as connection:
        number = request_run(connection, "take_in", LINK, actor="jun", door="web")
        follow_request(connection, number, "failed", reason="not found")
    room.at_work(room.lib.film.id, "faces", 1, 4)
    texts = KOREAN if locale == "ko-KR" else ENGLISH
    page = look("/library", locale=locale)
    page.get_by_text(texts.add, exact=True).click()
    page.get_by_label(texts.links).fill("nothing")
    page.get_by_role("button", name=texts.add_now, exact=True).click()
    expect(page.locator(".added li")).to_have_count(1)
    record = look(f"/library?video={room.lib.avi.id}", locale=locale)
    expect(record.locator(".stage").first).to_be_visible()
    found = []
    for visited in (page, record):
        for width, height in ((1280, 720), (390, 844)):
            visited.set_viewport_size({"width": width, "height": height})
            for colours in ("light", "dark"):
                visited.emulate_media(color_scheme=colours, reduced_motion="reduce")
                settled(visited)
                found += [f"{width} {colours}: {fault}" for fault in faults(visited)]
            wide = visited.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{wide} px too wide"
    assert not found, "\n".join(found)

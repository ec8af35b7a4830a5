"""The library as the page draws it: the list, what is on its way, one video with its lineage, new videos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from editor_app.access import Visitor
from editor_app.components.outlook import size, time_left, took
from editor_app.components.record import draw_graph
from editor_app.texts import common, library
from editor_app.texts.library import ENGLISH, KOREAN
from tests.clips import make_clip
from tests.editor_app.conftest import Page
from tests.editor_app.library import HOSTILE_TITLE, REASON, Library, another_library
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.graph import STAGES
from vsearch_pipeline.catalog.operations import log_operation
from vsearch_pipeline.catalog.progress import note_progress
from vsearch_pipeline.catalog.requests import (
    RequestRecord,
    begin_take_in,
    count_bytes,
    follow_request,
    open_requests,
    request_run,
)
from vsearch_pipeline.catalog.stages import ProducerInfo, finish_stage, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.ingest.outlook import ASLEEP_SECONDS, StageView
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.store import open_store
from vsearch_pipeline.wording import as_markdown

PAGE_SIZE = 40
KEPT = ("stage_runs", "stage_errors", "operation_subjects", "operations")
"""Tables that tests write into, each after those that refer to it."""
LINK = "https://example.org/<b>film</b>.mp4"


@dataclass
class Shelf:
    """A library of its own, and a visit to its page."""

    lib: Library
    catalog: Catalog
    page: Page

    def look(self, locale: str = "en-US", **address: str) -> Page:
        self.page.app.switch_page("app_pages/library.py")
        return self.page.run(locale=locale, **address)

    def rows(self, **address: str) -> dict[str, dict[str, Any]]:
        return {row["title"]: row for row in self.look(**address).drawn("shelf")["videos"]}

    def titles(self) -> list[str]:
        return [row["title"] for row in self.page.drawn("shelf")["videos"]]

    def finish(self, video: str, *stages: str, model: str = "m", missing: str = "", seconds: float = 2.0) -> None:
        with self.catalog.begin() as connection:
            for stage in stages or STAGES:
                producer = producer_id(connection, ProducerInfo(stage, model, "1", {"step": 2, "name": "x"}))
                finish_stage(
                    connection,
                    video,
                    stage,
                    mark=f"{stage} {model}",
                    producer=producer,
                    run_id="run-1",
                    seconds=seconds,
                    missing=missing,
                )
            connection.execute(
                text("update stage_runs set finished_at = '2026-03-04T05:06:07Z' where video_id = :id"),
                {"id": video},
            )

    def asked(self) -> list[RequestRecord]:
        with self.catalog.begin() as connection:
            return open_requests(connection)

    def record(self, video: str, **address: str) -> dict[str, Any]:
        return self.look(video=video, **address).drawn("record")

    def stage(self, video: str, stage: str) -> dict[str, Any]:
        return next(line for line in self.record(video)["stages"] if line["stage"] == stage)


@pytest.fixture(scope="module")
def own(lib: Library) -> Library:
    return another_library(lib, "shelf")


@pytest.fixture
def shelf(own: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """The library as it was built; what a test does to it is taken away after it."""
    for variable in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("VSEARCH_HOME", str(own.settings.home))
    monkeypatch.setenv("VSEARCH_DATABASE_URL", str(own.settings.database_url))
    monkeypatch.setenv("VSEARCH_ACTOR", "mina")
    catalog = open_catalog(own.settings)
    with catalog.begin() as connection:
        videos = list(connection.execute(text("select id from videos")).scalars())
        for table in KEPT:
            connection.execute(text(f"create table kept_{table} as select * from {table}"))  # noqa: S608 - of ours
    yield Shelf(own, catalog, Page())
    with catalog.begin() as connection:
        connection.execute(text("delete from requests"))
        connection.execute(text("delete from stage_progress"))
        connection.execute(text("delete from videos where not id = any(:ids)"), {"ids": videos})
        for table in KEPT:
            connection.execute(text(f"delete from {table}"))  # noqa: S608 - of ours
        for table in KEPT[::-1]:
            connection.execute(text(f"insert into {table} select * from kept_{table}"))  # noqa: S608 - of ours
            connection.execute(text(f"drop table kept_{table}"))


# --- the list ---------------------------------------------------------------------------------------------------


def test_every_video_is_listed(shelf: Shelf) -> None:
    shelf.finish(shelf.lib.film.id)
    rows = shelf.rows()
    assert set(rows) == {"세 가지 색", "old camera", "festival", HOSTILE_TITLE}
    film, old = rows["세 가지 색"], rows["old camera"]
    assert film["facts"][:4] == ["0:04", "3 moments", "320×180", "mp4 h264"]
    assert film["picture"].startswith("/store/")
    assert film["state"] == {"name": "done", "label": ""}
    assert (film["progress"], film["failures"], film["again"]) == (None, [], None)
    assert film["href"] == "?" + urlencode({"video": shelf.lib.film.id})
    assert old["state"] == {"name": "failed", "label": ENGLISH.state_failed}
    assert old["failures"] == [{"stage": "Speech failed", "reason": REASON, "advice": ENGLISH.advice_file}]
    assert old["again"] == {"label": "Try again", "name": "Try again: old camera"}
    assert rows["festival"]["badge"] == ENGLISH.imported_badge
    assert rows["festival"]["picture"] is None


def test_the_list_in_korean(shelf: Shelf) -> None:
    row = shelf.rows(lang="ko")["old camera"]
    assert row["failures"][0]["stage"] == "대사 실패"
    assert row["again"]["label"] == KOREAN.try_again
    assert "장면 3개" in row["facts"]
    assert row["href"].startswith("?lang=ko&video=")
    assert shelf.page.app.text_input[0].label == KOREAN.find


def test_a_video_at_work(shelf: Shelf) -> None:
    video = shelf.lib.film.id
    shelf.finish(video, "video", "sampling")
    with shelf.catalog.begin() as connection:
        note_progress(connection, video, "faces", "run-2", seconds=4, counted=(3, 8))
    row = shelf.rows()["세 가지 색"]
    assert row["state"]["label"] == ENGLISH.state_working
    assert row["progress"]["label"] == "Faces · 37%"
    assert row["progress"]["detail"] == "3 of 13 steps"  # segments are done as well
    assert row["again"] is None, "somebody is at it"
    batch = shelf.page.drawn("shelf")["batch"]
    assert (batch["label"], batch["share"]) == ("0 of 3 videos done", 0)  # both imports wait


@pytest.mark.parametrize("tried_again", [False, True])
def test_how_long_it_still_takes(shelf: Shelf, tried_again: bool) -> None:
    shelf.finish(shelf.lib.avi.id, seconds=8.0)  # stages take twice as long as the film
    with shelf.catalog.begin() as connection:
        connection.execute(text("delete from stage_runs where video_id = :id"), {"id": shelf.lib.film.id})
        if tried_again:
            request_run(connection, "retry", shelf.lib.film.id, actor="mina", door="web")
    progress = shelf.rows()["세 가지 색"]["progress"]
    assert progress["label"] == (ENGLISH.in_turn if tried_again else ENGLISH.not_started)
    assert progress["detail"] == "about 2 min left"  # thirteen stages of eight seconds


def test_a_video_that_nothing_is_at_work_on_can_go_on(shelf: Shelf) -> None:
    with shelf.catalog.begin() as connection:
        connection.execute(text("update stage_runs set finished_at = now() - interval '1 hour'"))
    row = shelf.rows()["세 가지 색"]
    assert row["progress"]["label"] == ENGLISH.interrupted
    assert row["again"]["label"] == ENGLISH.go_on


def test_a_video_that_is_tried_again(shelf: Shelf) -> None:
    with shelf.catalog.begin() as connection:
        request_run(connection, "retry", shelf.lib.avi.id, actor="mina", door="web")
    row = shelf.rows()["old camera"]
    assert row["state"]["name"] == "waiting"
    assert (row["failures"], row["again"], row["asked"]) == ([], None, ENGLISH.asked)


def test_what_is_looked_for_stands_in_the_address(shelf: Shelf) -> None:
    shelf.look()
    app = shelf.page.app
    app.text_input[0].set_value("CAMERA").run()
    assert shelf.titles() == ["old camera"]
    assert app.query_params == {"find": "CAMERA"}
    app.text_input[0].set_value("").run()
    app.selectbox[0].set_value("title").run()
    assert shelf.titles()[1:] == ["festival", "old camera", "세 가지 색"]
    assert app.query_params == {"order": "title"}
    shelf.look(only="failed", order="length")
    assert shelf.titles() == ["old camera"]
    shelf.look(only="progress", order="length")
    assert set(shelf.titles()) == {"세 가지 색", "festival", HOSTILE_TITLE}


def test_what_was_looked_for_is_there_again_after_another_page(shelf: Shelf) -> None:
    shelf.look()
    shelf.page.app.text_input[0].set_value("camera").run()
    shelf.page.app.switch_page("app_pages/search.py")
    shelf.page.app.query_params.clear()
    shelf.page.run(q="balloon")
    shelf.page.app.query_params.clear()
    shelf.look()
    assert shelf.titles() == ["old camera"]
    assert shelf.page.app.query_params == {"find": "camera"}


def test_nothing_matches(shelf: Shelf) -> None:
    shelf.look(find="zebra")
    assert ENGLISH.none_match_title in shelf.page.written
    assert shelf.page.component("shelf") is None


@pytest.mark.parametrize("strange", ["x", "-1", "99999999999999999999", "1e9", ""])
def test_strange_addresses_show_the_usual_list(shelf: Shelf, strange: str) -> None:
    shelf.look(show=strange, order=strange or "?", only=strange or "?")
    assert len(shelf.titles()) == 4


def test_a_long_library_comes_a_part_at_a_time(shelf: Shelf) -> None:
    with shelf.catalog.begin() as connection:
        for number in range(2 * PAGE_SIZE):
            insert_video(connection, VideoRecord(f"n{number}", f"Film {number}", "file", f"sha-n{number}", "test"))
    shelf.look()
    assert len(shelf.titles()) == PAGE_SIZE
    shelf.page.app.button(key="more").click().run()
    assert len(set(shelf.titles())) == 2 * PAGE_SIZE
    assert shelf.page.app.query_params == {"show": str(2 * PAGE_SIZE)}
    shelf.page.app.button(key="more").click().run()
    assert len(set(shelf.titles())) == 2 * PAGE_SIZE + 4
    assert "more" not in [button.key for button in shelf.page.app.button]


def test_hostile_titles_are_no_markup(shelf: Shelf) -> None:
    shelf.look()
    assert HOSTILE_TITLE in shelf.titles()
    assert HOSTILE_TITLE not in shelf.page.written


# --- links and files on their way -------------------------------------------------------------------------------


def test_links_are_listed_until_they_are_videos(shelf: Shelf) -> None:
    with shelf.catalog.begin() as connection:
        number = request_run(connection, "take_in", LINK, actor="mina", door="web")
    row = shelf.rows()[LINK]
    assert (row["state"]["name"], row["progress"]["label"], row["href"]) == ("waiting", ENGLISH.in_turn, None)
    with shelf.catalog.begin() as connection:
        begin_take_in(connection, LINK, "run-1", number)
        count_bytes(connection, number, 1_500_000, 6_000_000)
    row = shelf.rows()[LINK]
    assert row["progress"] == {
        "label": ENGLISH.downloading,
        "detail": "25% · 1.5 MB / 6.0 MB",
        "share": 0.25,
        "moves": True,
    }
    with shelf.catalog.begin() as connection:
        follow_request(connection, number, "failed", reason=f"{LINK}: not found")
    row = shelf.rows()[LINK]
    assert row["failures"] == [
        {"stage": ENGLISH.failed_link, "reason": "not found", "advice": ENGLISH.advice_link}
    ]
    assert row["again"]["label"] == ENGLISH.try_again
    assert row["away"]["label"] == ENGLISH.put_away


def test_everything_that_failed_is_tried_again_by_a_press(shelf: Shelf) -> None:
    with shelf.catalog.begin() as connection:
        number = request_run(connection, "take_in", LINK, actor="jun", door="web")
        follow_request(connection, number, "failed", reason="404")
    shelf.look()
    button = shelf.page.app.button(key="try-all")
    assert button.label == "Try all 2 failed again"
    button.click().run()
    assert {(each.kind, each.subject, each.actor) for each in shelf.asked()} == {
        ("retry", shelf.lib.avi.id, "mina"),
        ("take_in", LINK, "mina"),
    }
    assert "try-all" not in [each.key for each in shelf.page.app.button]


def test_where_nothing_is_processing_it_is_said(shelf: Shelf) -> None:
    with shelf.catalog.begin() as connection:
        request_run(connection, "retry", shelf.lib.film.id, actor="mina", door="web")
    shelf.look()
    assert ENGLISH.asleep not in shelf.page.written
    with shelf.catalog.begin() as connection:
        age = text("update requests set asked_at = now() - make_interval(secs => :age)")
        connection.execute(age, {"age": ASLEEP_SECONDS + 1})
    shelf.look(lang="ko")
    assert KOREAN.asleep in shelf.page.written
    shelf.look(video=shelf.lib.film.id)
    assert KOREAN.asleep in shelf.page.written


# --- adding -----------------------------------------------------------------------------------------------------


def upload(shelf: Shelf, *files: tuple[str, bytes], links: str = "") -> list[dict[str, str]]:
    """Send the form; returns what is told of each."""
    app = shelf.page.app
    if files:
        app.file_uploader[0].set_value([(name, content, "video/mp4") for name, content in files])
    app.text_area[0].set_value(links)
    next(button for button in app.button if button.label == ENGLISH.add_now).click().run()
    assert not app.exception, app.exception
    told: list[dict[str, str]] = shelf.page.drawn("added")["told"]
    return told


def test_a_bad_file_or_link_does_not_hold_the_others_back(shelf: Shelf, tmp_path: Path) -> None:
    good = make_clip(tmp_path / "새 영상.mp4", seconds=0.7, fps=10, size=(64, 48)).read_bytes()
    known = open_store(shelf.lib.settings).local(str(shelf.lib.film.path)).read_bytes()
    shelf.look()
    told = upload(
        shelf,
        ("bad <b>.mp4", b"no film at all"),
        ("새 영상.mp4", good),
        ("copy.mp4", known),
        links=f"{LINK}\n\nnot a link\n",
    )
    assert [each["how"] for each in told] == ["bad", "ok", "known", "ok", "bad"]
    assert told[0]["words"].startswith("bad <b>.mp4 is not a video that can be read: ")
    assert told[1]["words"] == "새 영상 is added."
    assert told[2] == {**told[2], "words": "세 가지 색 is already here.", "video": shelf.lib.film.id}
    assert told[4]["words"] == ENGLISH.bad_link.format(link="not a link")
    assert {"새 영상", LINK} <= set(shelf.titles()), "they are listed at once"
    assert [(each.kind, each.subject) for each in shelf.asked()] == [
        ("ingest", told[1]["video"]),
        ("take_in", LINK),
    ]
    with shelf.catalog.begin() as connection:
        rows = connection.execute(text("select actor, door from operations where kind = 'video.add' order by id"))
        assert tuple(rows.all()[-1]) == ("mina", "web")


def test_an_empty_form_says_what_to_do(shelf: Shelf) -> None:
    shelf.look()
    assert [each["words"] for each in upload(shelf)] == [ENGLISH.add_nothing]


def test_an_empty_library_page(empty_page: Page, lib: Library) -> None:
    empty_page.run(lang="ko").app.switch_page("app_pages/library.py")
    empty_page.run()
    assert common.KOREAN.empty_title in empty_page.written
    assert as_markdown(str(lib.settings.inbox_dir)) in empty_page.written
    assert empty_page.component("shelf") is None
    assert empty_page.app.button(key="add-sample").label == KOREAN.sample
    assert not [key for key in ("try-all", "more") if key in [button.key for button in empty_page.app.button]]


def test_the_sample_library_fills_an_empty_one(
    empty_page: Page, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VSEARCH_GALLERY", str(tmp_path / "gallery"))
    empty_page.run().app.switch_page("app_pages/library.py")
    empty_page.run()
    empty_page.app.button(key="add-sample").click().run()
    rows = empty_page.drawn("shelf")["videos"]
    assert [row["title"] for row in rows] == ["photo-reel", "big-buck-bunny", "carphone", "bikes"]
    assert {row["progress"]["label"] for row in rows} == {ENGLISH.in_turn}
    assert "add-sample" not in [button.key for button in empty_page.app.button]
    with open_catalog(Settings()).begin() as connection:
        assert [each.kind for each in open_requests(connection)] == ["train", *["ingest"] * 4]


def test_a_viewer_only_looks(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("editor_app.services.visitor", lambda _: Visitor("guest", "viewer"))
    with shelf.catalog.begin() as connection:
        number = request_run(connection, "take_in", LINK, actor="mina", door="web")
        follow_request(connection, number, "failed", reason="404")
    for row in shelf.rows().values():
        assert (row["again"], row["away"]) == (None, None)
    app = shelf.page.app
    assert (len(app.text_area), len(app.get("file_uploader"))) == (0, 0)
    assert not [button for button in app.button if button.key in ("try-all", "add-sample")]
    assert shelf.record(shelf.lib.avi.id)["actions"]["again"] is None


def test_a_viewer_of_an_empty_library(empty_page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("editor_app.services.visitor", lambda _: Visitor("guest", "viewer"))
    empty_page.run().app.switch_page("app_pages/library.py")
    empty_page.run()
    assert common.ENGLISH.empty_title in empty_page.written
    assert not [button for button in empty_page.app.button if button.key == "add-sample"]


# --- one video --------------------------------------------------------------------------------------------------


def facts(record: dict[str, Any]) -> dict[str, str]:
    return {fact["label"]: fact["value"] for fact in record["facts"]}


def test_all_that_is_known_of_a_video(shelf: Shelf) -> None:
    film = shelf.lib.film
    shelf.finish(film.id)
    shelf.finish(shelf.lib.avi.id)
    with shelf.catalog.begin() as connection:
        for _ in range(2):
            log_operation(
                connection, actor="jun", door="web", kind="segment.caption", subjects=[("video", film.id)]
            )
    drawn = shelf.record(film.id)
    assert drawn["title"] == "세 가지 색"
    assert drawn["state"] == {"name": "done", "label": ENGLISH.state_done}
    told = facts(drawn)
    assert (told["Length"], told["Moments"], told["Picture"]) == ("0:04", "3 moments", "320×180")
    assert (told["Frame rate"], told["Format"], told["Sound"]) == ("25 frames a second", "mp4, h264", "none")
    assert told["Added"].endswith(" · tester · command line")
    assert told["Edits"] == "jun 2"
    assert (told["Id"], told["Content"]) == (film.id, f"SHA-256 {film.sha256[:12]}…")
    assert drawn["actions"]["again"] is None, "all is done"
    search, history = drawn["actions"]["links"]
    assert search["href"].startswith("/?q=video%3A%22")
    assert history["href"].startswith("/history?video=")


def test_each_stage_says_what_wrote_it(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSEARCH_DAGSTER_URL", "https://dagster.example/base/")
    video = shelf.lib.film.id
    shelf.finish(video, model="pyav", seconds=75.0)
    line = shelf.stage(video, "sampling")
    assert (line["name"], line["by"], line["label"]) == ("Shots and frames", "pyav 1", ENGLISH.stage_done)
    assert line["when"].startswith("4 Mar 2026, ")
    assert line["when"].endswith(" · took 1 min 15 s")
    assert {each["name"]: each["value"] for each in line["settings"]} == {"name": "x", "step": "2"}
    run, shots, frames = line["links"]
    assert run["href"] == "https://dagster.example/base/runs/run-1"
    assert shots["href"].startswith("https://dagster.example/base/assets/shots?view=partitions&partition=")
    assert frames["label"] == "frames"
    assert line["reasons"] == []


def test_why_a_stage_is_not_simply_done(shelf: Shelf) -> None:
    video = shelf.lib.film.id
    waiting = shelf.stage(video, "faces")
    assert (waiting["by"], waiting["reasons"]) == (ENGLISH.not_done_yet, ["Waits for: Shots and frames"])
    failed = shelf.stage(shelf.lib.avi.id, "transcript")
    assert (failed["state"], failed["reasons"], failed["bad"]) == ("failed", [REASON], True)
    shelf.finish(video, "korean_captions", missing="3 captions: no key")
    assert shelf.stage(video, "korean_captions")["reasons"] == ["3 captions: no key"]
    shelf.finish(video, "captions", model="compact")
    with shelf.catalog.begin() as connection:
        producer = producer_id(connection, ProducerInfo("captions", "eilev", "7"))
        finish_stage(
            connection, shelf.lib.avi.id, "captions", mark="m", producer=producer, run_id="r", seconds=1.0
        )
    stale = shelf.stage(video, "captions")
    assert (stale["label"], stale["reasons"]) == (ENGLISH.stage_stale, ["Newer videos are done with eilev 7"])
    with shelf.catalog.begin() as connection:
        note_progress(connection, video, "faces", "run-5", seconds=2, counted=(1, 4))
    working = shelf.stage(video, "faces")
    assert working["label"] == "Working 25%"
    assert working["links"][0]["href"].endswith("/runs/run-5")
    again = shelf.record(video)["actions"]["again"]
    assert again is None, "somebody is at it"


def test_a_stale_video_can_be_done_again(shelf: Shelf) -> None:
    video = shelf.lib.film.id
    shelf.finish(video)
    shelf.finish(video, "korean_captions", missing="3 captions: no key")
    assert shelf.record(video)["actions"]["again"] == {"label": "Go on", "name": "Go on: 세 가지 색"}


def test_an_imported_video(shelf: Shelf) -> None:
    with shelf.catalog.begin() as connection:
        video = connection.execute(text("select id from videos where title = 'festival'")).scalar_one()
    drawn = shelf.record(video, lang="ko")
    assert drawn["badge"] == KOREAN.imported_badge
    assert [node["name"] for node in drawn["graph"]["nodes"]] == ["장면 정리", "검색 색인"]
    [segments, _] = drawn["stages"]
    assert segments["when"].endswith("other system.json에서 가져옴")
    assert [link["label"] for link in segments["links"]] == ["segments"], "no run made it"
    assert "소리" not in facts(drawn)


def test_a_video_that_is_not_there(shelf: Shelf) -> None:
    shelf.look(video="gone")
    assert ENGLISH.gone in shelf.page.written
    button = next(button for button in shelf.page.app.button if button.label == ENGLISH.back)
    button.click().run()
    assert len(shelf.titles()) == 4
    assert shelf.page.app.query_params == {}


def test_the_graph_shows_no_arrow_that_others_imply() -> None:
    views = [
        StageView(name, inputs, "waiting", None, None, None, ())
        for name, inputs in (
            ("video", ()),
            ("sampling", ("video",)),
            ("objects", ("sampling",)),
            ("captions", ("sampling", "objects")),
            ("new", ("captions", "video")),
        )
    ]
    graph = draw_graph(views, library.ENGLISH)
    assert graph["edges"] == [
        ["video", "sampling"],
        ["sampling", "objects"],
        ["objects", "captions"],
        ["captions", "new"],
    ]
    assert [node["column"] for node in graph["nodes"]] == [0, 1, 2, 3, 4]
    places = [(node["column"], node["row"]) for node in graph["nodes"]]
    assert len(set(places)) == len(places)


# --- words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "english", "korean"),
    [
        (None, "", ""),
        (3, "less than a minute left", "1분 안에 끝나요"),
        (100, "about 2 min left", "약 2분 남음"),
        (3600, "about 1 h 0 min left", "약 1시간 0분 남음"),
        (9_000_000, "about 2,500 h 0 min left", "약 2,500시간 0분 남음"),
    ],
)
def test_time_left(seconds: float | None, english: str, korean: str) -> None:
    assert (time_left(seconds, ENGLISH), time_left(seconds, KOREAN)) == (english, korean)


@pytest.mark.parametrize(
    ("seconds", "english"),
    [(0.04, "0.0 s"), (9.96, "10.0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3725, "1 h 2 min")],
)
def test_time_taken(seconds: float, english: str) -> None:
    assert took(seconds, ENGLISH) == english


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 kB"), (1234, "1 kB"), (1_500_000, "1.5 MB"), (21_474_836_480, "21.47 GB")]
)
def test_sizes(count: int, told: str) -> None:
    assert size(count) == told

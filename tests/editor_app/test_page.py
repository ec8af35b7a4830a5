from __future__ import annotations

import getpass
import json
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1.element_tree import Button

from editor_app.components.panel import OPEN_KEY as FILTERS_KEY
from editor_app.services import open_services
from editor_app.texts import common
from editor_app.texts.search import ENGLISH, KOREAN
from tests.editor_app.conftest import Page
from tests.editor_app.library import (
    CAPTIONS,
    HOSTILE_CAPTION,
    HOSTILE_NAME,
    HOSTILE_TITLE,
    LINES,
    SPANS,
    Library,
)
from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.catalog.identities import TrackRef
from vsearch_pipeline.ingest.importing import import_metadata
from vsearch_pipeline.search.faces import Appearance
from vsearch_pipeline.search.service import SearchService
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange
from vsearch_pipeline.wording import as_markdown

KEPT_KEY, NAME_KEY = "kept-open", "save-name"


def test_start_says_what_is_here(page: Page) -> None:
    page.run()
    assert ENGLISH.start_title in page.written
    assert "4 videos · 8 moments" in page.written
    assert [button.label for button in page.app.button] == ["Kim Minji", as_markdown(HOSTILE_NAME)]
    assert page.component("room") is None
    drawn = [element.proto.component_name for element in page.app.get("bidi_component")]
    assert "vsearch.results_ahead" in drawn, "its script is there before the first results"


def test_a_person_is_searched_by_a_press(page: Page) -> None:
    page.run().app.button[0].click().run()
    assert page.app.query_params["q"] == "Kim Minji"
    assert page.app.text_input[0].value == "Kim Minji"
    assert page.drawn("results")["cards"][0]["people"][0]["named"] is True


@pytest.mark.parametrize(
    ("query", "best"), [("a parrot eats fruit", 1), ("다리를 건너는 기차", 2), ("all aboard", 2)]
)
def test_search_in_both_languages(page: Page, lib: Library, query: str, best: int) -> None:
    page.run()
    page.app.text_input[0].set_value(query).run()
    first = page.drawn("results")["cards"][0]
    assert first["id"] == lib.film_segments[best]
    assert first["title"] == "세 가지 색"
    assert (first["start"], first["end"]) == (SPANS[best].start_ms / 1000, SPANS[best].end_ms / 1000)
    assert page.app.query_params["q"] == query
    assert page.drawn("room")["moment"]["id"] == first["id"]


def test_a_link_shows_the_same(page: Page, lib: Library) -> None:
    page.run(q="balloon", moment=str(lib.film_segments[2]), lang="ko")
    assert page.app.text_input[0].value == "balloon"
    assert page.app.text_input[0].label == KOREAN.search_label
    assert page.drawn("room")["moment"]["id"] == lib.film_segments[2]
    assert [moment["id"] for moment in page.drawn("room")["strip"]] == list(lib.film_segments)
    assert page.drawn("results")["chosen"] == page.drawn("results")["cards"][0]["id"] == lib.film_segments[0]


def test_a_new_search_forgets_the_moment(page: Page, lib: Library) -> None:
    page.run(q="balloon", moment=str(lib.film_segments[2]))
    page.app.text_input[0].set_value("초록 앵무새").run()
    assert page.app.query_params == {"q": "초록 앵무새"}
    assert page.drawn("room")["moment"]["id"] == lib.film_segments[1]


def test_a_link_to_a_moment_alone(page: Page, lib: Library) -> None:
    page.run(moment=str(lib.film_segments[1]))
    assert page.drawn("room")["moment"]["span"] == "0:01–0:02"
    assert page.component("results") is None


@pytest.mark.parametrize("moment", ["99999999", "١", "1; drop table segments", "-1", "9" * 40])
def test_a_broken_link(page: Page, moment: str) -> None:
    page.run(q="balloon", moment=moment)
    assert page.drawn("results")["cards"]
    assert (ENGLISH.moment_gone in page.written) == (moment == "99999999")


def test_the_parts_of_a_score(page: Page) -> None:
    page.run(q="민지")
    [named] = page.drawn("results")["understood"]
    assert (named["label"], named["text"], named["removed"]) == ("Person", "Kim Minji", "")
    assert [part["name"] for part in page.drawn("results")["cards"][0]["match"]["parts"]] == ["people"]
    page.run(q="민지가 사과를 먹는다")
    assert [chip["label"] for chip in page.drawn("results")["understood"]] == ["Person", "Scene"]
    match = page.drawn("results")["cards"][0]["match"]
    assert [part["name"] for part in match["parts"]] == ["meaning", "words", "people", "said"]
    assert match["parts"][2]["percent"] == 100
    page.run(q="red balloon")
    assert page.drawn("results")["understood"] == []


@pytest.mark.parametrize(
    ("address", "locale", "first"),
    [({}, "ko-KR", 1), ({}, "en-US", 0), ({"lang": "ko"}, "en-US", 1), ({"lang": "xx"}, "fr-FR", 0)],
)
def test_language(page: Page, address: dict[str, str], locale: str, first: int) -> None:
    page.run(locale=locale, q="red balloon", **address)
    captions = page.drawn("results")["cards"][0]["captions"]
    assert captions[0]["text"] == CAPTIONS[0][first]
    assert captions[1]["text"] == CAPTIONS[0][1 - first]


def test_switching_the_language_writes_the_address(page: Page) -> None:
    page.run(q="red balloon")
    assert "lang" not in page.app.query_params
    page.app.button_group[0].set_value("ko").run()
    assert page.app.query_params == {"q": "red balloon", "lang": "ko"}
    assert page.app.text_input[0].label == KOREAN.search_label


def test_why_a_moment_does_not_play(page: Page) -> None:
    page.run(q="an old recording of a red balloon")
    cards = {card["title"]: card for card in page.drawn("results")["cards"]}
    old = cards["old camera"]
    assert old["source"] is None
    assert old["why"] == ENGLISH.why_format.format(format="avi, mpeg4")
    assert old["preview"] or old["still"]
    imported = cards["festival"]
    assert imported["source"] is imported["preview"] is imported["still"] is None
    assert imported["why"] == ENGLISH.why_imported


def test_what_is_said_is_under_the_player(page: Page, lib: Library) -> None:
    page.run(q="balloon", moment=str(lib.film_segments[2]))
    transcript = page.drawn("room")["transcript"]
    assert transcript["video"] == page.drawn("room")["moment"]["video"] == lib.film.id
    said = ["".join(part["text"] for part in line["parts"]) for line in transcript["lines"]]
    assert said == [" ".join(word for word, _, _ in line) for line in LINES]
    assert [part["text"] for line in transcript["lines"] for part in line["parts"] if part["hit"]] == ["balloon!"]
    assert transcript["vtt"].startswith("WEBVTT")
    assert "&lt;b&gt;the&lt;/b&gt;" in transcript["vtt"]
    card = next(card for card in page.drawn("results")["cards"] if card["id"] == lib.film_segments[0])
    assert [part for part in card["speech"] if part["hit"]] == [{"text": "balloon", "hit": True}]


def test_subtitles_can_be_taken_along(page: Page, lib: Library) -> None:
    page.run(moment=str(lib.film_segments[0]), lang="ko")
    buttons = page.app.get("download_button")
    assert [button.proto.label for button in buttons] == [KOREAN.download_srt, KOREAN.download_vtt]


def test_where_nobody_speaks_nothing_is_shown(page: Page) -> None:
    page.run(q="fireworks over the river")
    assert page.drawn("room")["moment"]["title"] == "festival"
    assert page.drawn("room")["transcript"] is None
    assert not page.app.get("download_button")


def test_captions_that_are_not_translated_are_marked(page: Page, lib: Library) -> None:
    page.run(q="fireworks over the river", lang="ko")
    marks = {card["title"]: card["untranslated"] for card in page.drawn("results")["cards"]}
    assert marks["festival"] == marks["old camera"] == KOREAN.not_translated
    assert marks["세 가지 색"] == ""
    assert page.drawn("room")["moment"]["untranslated"] == KOREAN.not_translated


def test_hostile_text_goes_to_no_place_that_reads_markup(page: Page) -> None:
    page.run(q="wizard")
    first = page.drawn("results")["cards"][0]
    assert first["title"] == HOSTILE_TITLE
    assert first["captions"][0]["text"] == HOSTILE_CAPTION
    page.run()
    for text in (HOSTILE_TITLE, HOSTILE_CAPTION, HOSTILE_NAME, "<u>gang</u>"):
        assert text not in page.written
        assert all(text not in element.proto.body for element in page.app.get("html"))


def test_a_query_that_cannot_be_searched(page: Page) -> None:
    page.run(q="가" * 2001)
    assert [error.value for error in page.app.error] == [
        as_markdown("The query is 2001 characters long; at most 2000 are searched.")
    ]
    assert page.component("results") is None


def test_blank_query_is_the_start(page: Page) -> None:
    page.run(q="   ")
    assert ENGLISH.start_title in page.written


def test_a_database_that_is_not_there(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSEARCH_DATABASE_URL", "mysql://somewhere/else")
    page.run(q="balloon")
    assert [error.value for error in page.app.error] == [
        as_markdown("VSEARCH_DATABASE_URL must be PostgreSQL, not mysql.")
    ]


def test_an_empty_library(empty_page: Page, lib: Library) -> None:
    for address in ({}, {"q": "balloon"}):
        empty_page.run(**address)
        assert common.ENGLISH.empty_title in empty_page.written
        assert as_markdown(str(lib.settings.inbox_dir)) in empty_page.written


def test_nothing_found(empty_page: Page, tmp_path: Path) -> None:
    listing = tmp_path / "listing.json"
    listing.write_text(json.dumps([{"video_id": "v", "timestamp": 1, "caption": "a lighthouse"}]))
    import_metadata(open_catalog(Settings()), listing, actor="tester")
    empty_page.run(q="xylophone")
    assert ENGLISH.nothing_title in empty_page.written
    empty_page.run(q="lighthouse")
    assert len(empty_page.drawn("results")["cards"]) == 1


def test_more_results(empty_page: Page, tmp_path: Path) -> None:
    listing = tmp_path / "listing.json"
    records = [{"video_id": "v", "timestamp": i * 30, "caption": f"a lighthouse {i}"} for i in range(60)]
    listing.write_text(json.dumps(records))
    import_metadata(open_catalog(Settings()), listing, actor="tester")
    empty_page.run(q="lighthouse")
    assert len(empty_page.drawn("results")["cards"]) == 24
    [more] = [button for button in empty_page.app.button if button.label == ENGLISH.more]
    first = [card["id"] for card in empty_page.drawn("results")["cards"]]
    more.click().run()
    both = [card["id"] for card in empty_page.drawn("results")["cards"]]
    assert both[:24] == first
    assert len(set(both)) == 48
    assert empty_page.app.query_params["show"] == "48"
    empty_page.run(show="72")
    assert len({card["id"] for card in empty_page.drawn("results")["cards"]}) == 60
    assert ENGLISH.more not in [button.label for button in empty_page.app.button]
    empty_page.run(show="999999")
    assert len(empty_page.drawn("results")["cards"]) == 24


def test_coming_back_from_the_library_shows_the_search_again(page: Page, lib: Library) -> None:
    page.run(q="balloon", moment=str(lib.film_segments[2]), lang="ko")
    page.app.switch_page("app_pages/library.py")
    page.app.query_params.clear()
    page.run()
    assert page.app.query_params == {"lang": "ko"}
    page.app.switch_page("app_pages/search.py")
    page.app.query_params.clear()
    page.run()
    assert page.app.query_params == {"lang": "ko", "q": "balloon", "moment": str(lib.film_segments[2])}
    assert page.drawn("room")["moment"]["id"] == lib.film_segments[2]


def test_where_nothing_matches_well_it_is_said(page: Page) -> None:
    page.run(q="a xylophone concert")
    drawn = page.drawn("results")
    assert drawn["notice"] == {"title": ENGLISH.weak_title, "hint": ENGLISH.weak_hint}
    assert drawn["divider"] == ""
    assert all(card["weak"] for card in drawn["cards"])
    page.run(q="red balloon", lang="ko")
    drawn = page.drawn("results")
    assert drawn["notice"] is None
    assert drawn["divider"] == KOREAN.weaker
    weak = [card["weak"] for card in drawn["cards"]]
    assert weak == sorted(weak)
    assert not weak[0]


def test_the_nearest_where_not_everybody_is_there(page: Page) -> None:
    page.run(q="민지 person:<u>gang</u>", lang="ko")
    drawn = page.drawn("results")
    assert drawn["notice"] == {"title": KOREAN.relaxed_title, "hint": KOREAN.relaxed_hint}
    assert drawn["cards"]


def test_what_was_understood_can_be_changed_where_nothing_is_found(page: Page) -> None:
    page.run(q="red balloon longer:100s")
    drawn = page.drawn("results")
    assert drawn["cards"] == []
    assert [chip["removed"] for chip in drawn["understood"]] == ["longer:100s", "red balloon"]
    assert ENGLISH.nothing_title in page.written


def test_similar_moments(page: Page, lib: Library) -> None:
    page.run(like=str(lib.film_segments[0]))
    drawn = page.drawn("results")
    assert drawn["cards"][0]["title"] == "old camera"
    assert lib.film_segments[0] not in [card["id"] for card in drawn["cards"]]
    assert (drawn["origin"]["label"], drawn["origin"]["text"]) == (ENGLISH.similar_to, "세 가지 색 0:00–0:01")
    assert drawn["origin"]["picture"].startswith("/store/")
    assert drawn["askable"] is False
    assert [part["name"] for part in drawn["cards"][0]["match"]["parts"]] == ["meaning"]
    page.app.text_input[0].set_value("초록 앵무새").run()
    assert page.app.query_params == {"q": "초록 앵무새"}


@pytest.mark.parametrize("like", ["99999999", "x", "-1"])
def test_similar_to_nothing(page: Page, like: str) -> None:
    page.run(like=like)
    assert page.component("results") is None
    assert len(page.app.error) == (like == "99999999")


def opened(page: Page, key: str, **address: str) -> Page:
    page.app.session_state[key] = True
    return page.run(**address)


def button(page: Page, label: str) -> Button:
    return next(button for button in page.app.button if button.label == label)


def test_filters_are_written_into_the_query(page: Page) -> None:
    opened(page, FILTERS_KEY, q="red balloon")
    page.app.checkbox[1].check()
    page.app.number_input[0].set_value(0.5)
    page.app.multiselect[1].set_value(["old camera"])
    button(page, ENGLISH.apply).click().run()
    asked = 'red balloon video:"old camera" is:untranslated longer:0.5s'
    assert page.app.query_params == {"q": asked}
    assert page.app.text_input[0].value == asked
    assert page.app.multiselect == []  # closed
    assert {card["title"] for card in page.drawn("results")["cards"]} == {"old camera"}


def test_the_panel_shows_the_filters_of_the_query(page: Page, lib: Library) -> None:
    opened(page, FILTERS_KEY, q="민지 object:dog,cat is:edited shorter:1:30 after:2026-01-31 video:festival")
    assert [box.value for box in page.app.checkbox] == [True, False]
    assert page.app.text_input[1].value == "dog, cat"
    assert [number.value for number in page.app.number_input] == [None, 90.0]
    assert [str(day.value) for day in page.app.date_input] == ["2026-01-31", "None"]
    assert page.app.multiselect[1].value == ["festival"]
    assert page.app.multiselect[0].options == ["Kim Minji", HOSTILE_NAME]
    assert len(page.app.multiselect[0].value) == 1
    button(page, ENGLISH.clear).click().run()
    assert page.app.query_params == {}


def test_a_person_leaves_the_query_by_the_panel(page: Page) -> None:
    opened(page, FILTERS_KEY, q="민지가 사과를 먹는다", lang="ko")
    page.app.multiselect[0].set_value([])
    button(page, KOREAN.apply).click().run()
    assert page.app.query_params["q"] == "사과를 먹는다"


def test_searches_are_remembered_once_and_saved(page: Page) -> None:
    services = open_services(Settings())
    assert services.actor == getpass.getuser()
    for _ in range(2):
        page.run(q="blue train")
    opened(page, KEPT_KEY, q="blue train")
    assert [search.text for search in services.recent()].count("blue train") == 1
    page.app.text_input(key=NAME_KEY).set_value("<b>trains</b> [x](javascript:0)")
    button(page, ENGLISH.save).click().run()
    [saved] = services.saved()
    assert (saved.name, saved.text) == ("<b>trains</b> [x](javascript:0)", "blue train")
    groups = page.drawn("kept")["groups"]
    assert groups[0]["label"] == ENGLISH.saved_searches
    assert groups[0]["searches"][0]["tip"] == "blue train"
    assert "<b>trains" not in page.written
    services.forget(saved.id)
    page.run()
    assert services.saved() == []


def test_a_query_that_cannot_be_searched_is_not_remembered(page: Page) -> None:
    page.run(q="is:purple")
    assert page.app.error
    assert "is:purple" not in [search.text for search in open_services(Settings()).recent()]


def photo() -> bytes:
    content = BytesIO()
    Image.new("RGB", (40, 20), (200, 10, 10)).save(content, "PNG")
    return content.getvalue()


def test_a_face_is_searched_for(page: Page, lib: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    minji = next(person for person in open_services(lib.settings).people() if person.name == "Kim Minji")
    found = [
        Appearance(TrackRef(lib.film.id, 3), "세 가지 색", TimeRange(1500, 2500), 0.712, minji),
        Appearance(TrackRef(lib.avi.id, 0), "old camera", TimeRange(3000, 3500), 0.48, None),
    ]
    monkeypatch.setattr(SearchService, "appearances", lambda *_: found)
    page.app.session_state["face-photo"] = ("1", "<b>me</b>.png", photo())
    page.run()
    drawn = page.drawn("results")
    assert drawn["origin"]["text"] == "<b>me</b>.png"
    assert drawn["origin"]["picture"].startswith("data:image/jpeg;base64,")
    assert drawn["summary"] == "2 appearances"
    first, second = drawn["cards"]
    assert (first["start"], first["end"], first["segment"]) == (1.5, 2.5, lib.film_segments[1])
    assert [person["name"] for person in first["people"]] == ["Kim Minji"]
    assert first["captions"][0]["text"] == CAPTIONS[1][0]
    assert (first["match"]["percent"], first["match"]["label"]) == (71, "Likeness 71 %")
    assert (second["people"], second["match"]["note"]) == ([], ENGLISH.unnamed)
    assert page.drawn("room")["moment"]["id"] == first["id"]
    assert "face-photo" not in page.app.session_state
    page.run(q="balloon")
    assert page.drawn("results")["origin"] is None
    page.app.query_params.clear()
    page.run()
    assert page.component("results") is None


@pytest.mark.parametrize("content", [b"", b"no photo", photo()[:60]])
def test_a_file_that_is_no_photo(page: Page, content: bytes) -> None:
    page.app.session_state["face-photo"] = ("1", "x.png", content)
    page.run()
    assert len(page.app.error) == 1
    page.run()
    assert ENGLISH.start_title in page.written


def test_a_face_that_is_nowhere(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SearchService, "appearances", lambda *_: [])
    page.app.session_state["face-photo"] = ("1", "x.png", photo())
    page.run(lang="ko")
    assert KOREAN.face_none_title in page.written
    assert page.drawn("results")["origin"]["label"] == KOREAN.face_of

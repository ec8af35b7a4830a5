"""The summary above the results: how it is drawn, and when it is there."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from editor_app.components.answer import ANSWERS_KEY, CHIPS, draw_answer
from editor_app.services import open_services
from editor_app.texts.search import ENGLISH, KOREAN
from tests.editor_app.conftest import Page
from tests.editor_app.library import CAPTIONS, Library
from vsearch_pipeline.search.answers import Answer, Claim
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.wording import Language


def written(answer: Answer) -> Future[Answer]:
    future: Future[Answer] = Future()
    future.set_result(answer)
    return future


def asked(page: Page, future: Future[Answer], query: str = "balloon", language: Language = "en") -> None:
    page.app.session_state[ANSWERS_KEY] = {(query, language): future}


@pytest.fixture
def answer(lib: Library) -> Answer:
    first = lib.film_segments[0]
    return Answer("en", (Claim("A balloon flies.", (first,)), Claim("Somebody sees it.", (first,))), "m-1")


def test_a_claim_shows_its_first_moments_and_counts_the_others() -> None:
    few, many = tuple(range(CHIPS)), tuple(range(CHIPS + 3))
    drawn = draw_answer(Answer("en", (Claim("few", few), Claim("many", many), Claim("none", ()))), ENGLISH)
    assert drawn["claims"] == [
        {"text": "few", "segments": list(few), "others": ""},
        {"text": "many", "segments": list(few), "others": "3 more"},
        {"text": "none", "segments": [], "others": ""},
    ]
    assert draw_answer(Answer("ko", (Claim("많다", many),)), KOREAN)["claims"][0]["others"] == "외 3개"


def test_the_notes_say_who_wrote_it_and_why() -> None:
    claims = (Claim("A dog.", (1,)),)
    assert draw_answer(Answer("en", claims, "gemini-x"), ENGLISH)["notes"] == [
        "Written by gemini-x from the results"
    ]
    assert draw_answer(Answer("ko", claims, "gemini-x"), KOREAN)["notes"] == [
        "gemini-x 작성 · 장면 근거는 검색 결과"
    ]
    assert draw_answer(Answer("en", claims), ENGLISH)["notes"] == [ENGLISH.answer_by_template]
    failed = draw_answer(Answer("ko", claims, why="Gemini (gemini-x) answered with error 503."), KOREAN)
    assert failed["notes"] == [KOREAN.answer_by_template, "Gemini(gemini-x): 오류 503이 왔어요."]


def test_nothing_is_asked_by_itself(page: Page) -> None:
    page.run(q="balloon")
    assert page.drawn("results")["answer"] is None
    assert page.drawn("results")["asking"] is False
    assert page.app.session_state[ANSWERS_KEY] == {}


def test_the_answer_stays_with_its_query_and_language(page: Page, lib: Library, answer: Answer) -> None:
    asked(page, written(answer))
    for address in ({"q": "balloon"}, {"moment": str(lib.film_segments[1])}):
        page.run(**address)
        assert page.drawn("results")["answer"] == draw_answer(answer, ENGLISH)
    page.run(lang="ko")
    assert page.drawn("results")["answer"] is None
    page.run(lang="en", q="red balloon")
    assert page.drawn("results")["answer"] is None
    page.run(q="balloon")
    assert page.drawn("results")["answer"] == draw_answer(answer, ENGLISH)


def test_an_answer_about_moments_that_are_gone_is_not_shown(page: Page, lib: Library) -> None:
    asked(page, written(Answer("en", (Claim("Gone.", (lib.film_segments[0], 10**9)),))))
    page.run(q="balloon")
    assert page.drawn("results")["cards"]
    assert page.drawn("results")["answer"] is None


def test_the_page_waits_for_an_answer_that_is_being_written(page: Page, answer: Answer) -> None:
    future: Future[Answer] = Future()
    asked(page, future)
    threading.Timer(1.0, future.set_result, [answer]).start()
    page.run(q="balloon")
    assert page.drawn("results")["answer"] == draw_answer(answer, ENGLISH)
    assert page.drawn("results")["asking"] is False


def test_what_went_wrong_is_said_once(page: Page) -> None:
    future: Future[Answer] = Future()
    future.set_exception(OSError("the disk is full"))
    asked(page, future)
    page.app.query_params["q"] = "balloon"
    page.app.run()
    assert [problem.message for problem in page.app.exception] == ["the disk is full"]
    page.run()
    assert page.drawn("results")["answer"] is None


@pytest.mark.parametrize(("language", "caption"), [("en", CAPTIONS[0][0]), ("ko", CAPTIONS[0][1])])
def test_without_a_key_a_template_answers(page: Page, lib: Library, language: Language, caption: str) -> None:
    services = open_services(Settings())
    result = services.search("balloon", 24)
    answer = services.answer(result, language).result()
    assert (answer.model, answer.why, answer.language) == (None, "", language)
    assert f"세 가지 색: {caption}" in [claim.text for claim in answer.claims]
    assert answer.claims[0].segments == tuple(hit.segment_id for hit in result.hits)

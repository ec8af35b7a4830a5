"""Gemini through the true client library, against a server on this machine."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from tests.gemini_server import (
    INPUT_TOKENS,
    KEY,
    OUTPUT_TOKENS,
    THOUGHT_TOKENS,
    USD_A_REQUEST,
    GeminiServer,
    MemoryLedger,
    Reply,
    blocked_reply,
    client,
    error_reply,
    json_reply,
    late,
    serving_gemini,
    text_reply,
)
from vsearch_pipeline.errors import ServiceError, SpendingLimitError
from vsearch_pipeline.gemini import (
    BadAnswerError,
    Gemini,
    NoKeyError,
    answer_key,
    dropping_invalid,
    has_key,
    short_ids,
)


class Colour(BaseModel):
    name: str
    share: float


class Colours(BaseModel):
    colours: list[Colour]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    with serving_gemini(monkeypatch) as started:
        yield started


GOOD = json_reply({"colours": [{"name": "빨강", "share": 0.5}]})


def ask(gemini: Gemini) -> Colours:
    return gemini.ask(instruction="Name the colours.", parts=["Here:", b"\xff\xd8jpeg"], answer=Colours)


def test_a_question_is_asked_in_the_form_of_the_protocol(server: GeminiServer) -> None:
    server.script = [GOOD]
    assert ask(client()) == Colours(colours=[Colour(name="빨강", share=0.5)])
    (asked,) = server.asked
    assert asked.model == "gemini-test"
    assert asked.instruction == "Name the colours."
    assert asked.parts == ("Here:", b"\xff\xd8jpeg")
    assert asked.config == {
        "temperature": 0.0,
        "responseMimeType": "application/json",
        "responseJsonSchema": Colours.model_json_schema(),
    }


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_and_every_try_counts(server: GeminiServer, code: int) -> None:
    server.script = [Reply(code, {"error": {"code": code, "message": "Later."}}), Reply(code, b"<html>"), GOOD]
    ledger = MemoryLedger()
    assert ask(client(ledger)).colours[0].name == "빨강"
    assert len(server.asked) == ledger.spent_today().requests == 3
    assert ledger.input_tokens == {"gemini-test": INPUT_TOKENS}
    assert ledger.output_tokens == {"gemini-test": OUTPUT_TOKENS + THOUGHT_TOKENS}
    assert ledger.usd == {"gemini-test": pytest.approx(USD_A_REQUEST)}


def test_tries_end(server: GeminiServer) -> None:
    server.answer = lambda _: error_reply(503, "The model is overloaded.")
    ledger = MemoryLedger()
    with pytest.raises(ServiceError, match=r"error 503: The model is overloaded \(3 tries\)\.") as raised:
        ask(client(ledger))
    assert not isinstance(raised.value, BadAnswerError)
    assert len(server.asked) == ledger.spent_today().requests == 3
    assert ledger.spent_today().usd == 0


@pytest.mark.parametrize("code", [400, 403, 404])
def test_what_will_not_pass_is_not_tried_again(server: GeminiServer, code: int) -> None:
    server.script = [error_reply(code, "No."), GOOD]
    with pytest.raises(ServiceError, match=f"error {code}: No"):
        ask(client())
    assert len(server.asked) == 1


def test_a_wrong_key_is_refused_in_one_sentence(server: GeminiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "another")
    with pytest.raises(ServiceError, match="API key not valid"):
        ask(client())
    assert len(server.misasked) == 1


@pytest.mark.parametrize("where", ["retry_delay", "retry_after"])
def test_the_service_is_left_alone_as_long_as_it_asks(server: GeminiServer, where: str) -> None:
    server.script = [error_reply(429, **{where: "0.3s" if where == "retry_delay" else "0.3"}), GOOD]
    started = time.monotonic()
    ask(client())
    assert time.monotonic() - started >= 0.3


def test_who_asks_for_a_long_pause_is_given_up(server: GeminiServer) -> None:
    server.script = [error_reply(429, "Come back tomorrow.", retry_delay="86400s"), GOOD]
    with pytest.raises(ServiceError, match=r"error 429: Come back tomorrow\.$"):
        ask(client())
    assert len(server.asked) == 1


def test_a_late_answer_is_not_waited_for(server: GeminiServer) -> None:
    server.answer = lambda _: late(GOOD, 30)
    started = time.monotonic()
    with pytest.raises(ServiceError, match=r"did not answer within 0\.2 s \(2 tries\)"):
        ask(client(timeout_seconds=0.2, attempts=2))
    assert time.monotonic() - started < 10
    assert len(server.asked) == 2


def test_an_answer_after_a_late_one_is_taken(server: GeminiServer) -> None:
    server.script = [late(GOOD, 30), GOOD]
    assert ask(client(timeout_seconds=1.0)).colours[0].share == 0.5


def test_a_server_that_is_not_there(server: GeminiServer) -> None:
    server.close()
    with pytest.raises(ServiceError, match=r"could not be reached: .*\(3 tries\)"):
        ask(client())


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"17", b'"hi"', b"null", b'{"candidates": 5}', b"\xff{"])
def test_what_is_not_the_protocol_is_never_an_answer(server: GeminiServer, body: bytes) -> None:
    server.answer = lambda _: Reply(200, body)
    with pytest.raises(ServiceError):
        ask(client())
    server.answer = lambda _: GOOD
    assert ask(client()).colours


BAD_ANSWERS = {
    "not json": text_reply("빨강입니다"),
    "broken json": text_reply('{"colours": [{"name": "빨'),
    "another form": json_reply({"colors": []}),
    "wrong type": json_reply({"colours": [{"name": "red", "share": "half"}]}),
    "empty": text_reply(" "),
    "cut off": text_reply('{"colours": []}', finish="MAX_TOKENS"),
    "unsafe": text_reply("", finish="SAFETY"),
    "unheard of": text_reply('{"colours": []}', finish="TIRED"),
    "no content": Reply(200, {"candidates": [{"finishReason": "STOP"}]}),
    "no candidates": Reply(200, {"candidates": []}),
    "blocked": blocked_reply(),
}


@pytest.mark.filterwarnings("ignore:TIRED is not a valid FinishReason")
@pytest.mark.parametrize("reply", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_useless_answer_is_told_from_no_answer(server: GeminiServer, reply: Reply) -> None:
    server.script = [reply, GOOD]
    ledger = MemoryLedger()
    with pytest.raises(BadAnswerError, match=r"^Gemini"):
        ask(client(ledger))
    assert len(server.asked) == ledger.spent_today().requests == 1


def test_a_useless_answer_is_paid_for(server: GeminiServer) -> None:
    server.script = [text_reply("no")]
    ledger = MemoryLedger()
    with pytest.raises(BadAnswerError):
        ask(client(ledger))
    assert ledger.spent_today().usd == pytest.approx(USD_A_REQUEST)


def test_why_a_question_was_refused_is_said(server: GeminiServer) -> None:
    server.script = [blocked_reply("SAFETY"), text_reply("", finish="RECITATION")]
    with pytest.raises(BadAnswerError, match="SAFETY"):
        ask(client())
    with pytest.raises(BadAnswerError, match="RECITATION"):
        ask(client())


def test_thoughts_are_not_part_of_the_answer(server: GeminiServer) -> None:
    parts = [{"text": "Let me think.", "thought": True}, {"text": '{"colo'}, {"text": 'urs": []}'}]
    server.script = [Reply(200, {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]})]
    assert ask(client()).colours == []


def test_requests_of_a_day_are_limited(server: GeminiServer) -> None:
    server.answer = lambda _: GOOD
    gemini = client(requests_a_day=2)
    ask(gemini)
    ask(gemini)
    with pytest.raises(SpendingLimitError, match="2 of 2 requests"):
        ask(gemini)
    assert len(server.asked) == 2


def test_tries_stop_at_the_limit_too(server: GeminiServer) -> None:
    server.answer = lambda _: error_reply(500)
    with pytest.raises(SpendingLimitError):
        ask(client(requests_a_day=2))
    assert len(server.asked) == 2


def test_money_of_a_day_is_limited(server: GeminiServer) -> None:
    server.answer = lambda _: GOOD
    gemini = client(usd_a_day=1.5 * USD_A_REQUEST)
    ask(gemini)
    ask(gemini)
    with pytest.raises(SpendingLimitError, match="USD"):
        ask(gemini)
    assert len(server.asked) == 2


def test_without_a_key_nothing_is_asked(server: GeminiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", " ")
    assert not has_key()
    ledger = MemoryLedger()
    with pytest.raises(NoKeyError, match="GEMINI_API_KEY"):
        ask(client(ledger))
    assert not server.asked
    assert ledger.spent_today().requests == 0


def test_the_second_variable_holds_a_key_as_well(server: GeminiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_API_KEY")
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    server.script = [GOOD, GOOD]
    assert ask(client()).colours
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("GOOGLE_API_KEY", "not this one")
    assert ask(client()).colours
    assert not server.misasked


@pytest.mark.parametrize("code", [400, 500])
def test_the_key_is_nowhere_to_be_seen(
    server: GeminiServer, code: int, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script = [GOOD]
    server.answer = lambda asked: error_reply(code, f"{asked.headers['x-goog-api-key']} is no good key.")
    gemini = client()
    ask(gemini)
    with pytest.raises(ServiceError) as raised:
        ask(gemini)
    assert "*** is no good key" in str(raised.value)
    assert raised.value.__context__ is None
    told = [*traceback.format_exception(raised.value), caplog.text, *capsys.readouterr()]
    told += [repr(gemini), str(vars(gemini)), repr(gemini.options), repr(gemini.ledger)]
    assert server.asked[0].headers["x-goog-api-key"] == KEY
    assert not [text for text in told if KEY in text]


def test_one_client_serves_many_threads(server: GeminiServer) -> None:
    server.answer = lambda asked: json_reply({"colours": [{"name": asked.texts[0], "share": 1}]})
    gemini = client()
    names: dict[int, str] = {}

    def work(i: int) -> None:
        names[i] = gemini.ask(instruction="x", parts=[str(i)], answer=Colours).colours[0].name

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names == {i: str(i) for i in range(8)}


def test_keys_of_answers_tell_apart_what_was_asked() -> None:
    assert answer_key("a", "b") == answer_key("a", b"b")
    different: list[tuple[str | bytes, ...]] = [("a", "b"), ("ab",), ("a", "", "b"), ("b", "a"), ("a", "b", "")]
    assert len({answer_key(*parts) for parts in different}) == len(different)


def test_short_ids_differ() -> None:
    keys = ["a" * 7 + "b" * 57, "a" * 64, "c" * 64]
    assert short_ids(keys) == ["aaaaaaab", "aaaaaaaa", "cccccccc"]
    assert short_ids([]) == []


def test_a_bad_item_of_a_list_is_dropped_alone() -> None:
    class Lenient(BaseModel):
        colours: Annotated[list[Colour], dropping_invalid(Colour)]

    good: dict[str, Any] = {"name": "red", "share": 1.0}
    answer = Lenient.model_validate({"colours": [7, {"name": None, "share": 1}, good, {**good, "extra": [1]}]})
    assert answer.colours == [Colour(**good)] * 2
    items = Lenient.model_json_schema()["properties"]["colours"]["items"]
    assert items == Colours.model_json_schema()["properties"]["colours"]["items"]
    with pytest.raises(ValueError, match="list"):
        Lenient.model_validate({"colours": "red"})


def test_a_key_that_can_be_none_is_said_and_nothing_is_counted(
    server: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "“copied-with-its-quotes”")
    ledger = MemoryLedger()
    with pytest.raises(NoKeyError, match="copy it"):
        ask(client(ledger))
    assert ledger.spent_today().requests == 0


def test_an_address_that_is_none_is_a_failure_of_the_service(
    server: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://localhost:port")
    with pytest.raises(ServiceError, match="Gemini"):
        ask(client())
    assert not server.asked


def test_a_client_that_cannot_be_made_costs_no_request(
    server: GeminiServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    ledger = MemoryLedger()
    with pytest.raises(ServiceError, match="cannot be made"):
        ask(client(ledger))
    assert ledger.spent_today().requests == 0

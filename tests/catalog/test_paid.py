"""What was paid for outlives the stage that asked, and is counted rightly however many ask at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pydantic import BaseModel
from sqlalchemy import create_engine, select, text

from tests.gemini_server import OPTIONS, USD_A_REQUEST, GeminiServer, json_reply, serving_gemini
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.models import PaidAnswer, PaidDay
from vsearch_pipeline.catalog.paid import PaidLedger
from vsearch_pipeline.errors import SpendingLimitError
from vsearch_pipeline.gemini import Gemini, Spending

NO_LIMIT = Spending(10**9, 1e9)


@pytest.fixture
def ledger(catalog: Catalog) -> PaidLedger:
    return PaidLedger(catalog)


@pytest.fixture
def model() -> str:
    return f"gemini-{uuid.uuid4().hex}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    with serving_gemini(monkeypatch) as started:
        yield started


@pytest.fixture
def day_of(catalog: Catalog) -> Callable[[str], PaidDay]:
    def read(model: str) -> PaidDay:
        with catalog.begin() as connection:
            row = connection.execute(select(PaidDay).where(PaidDay.model == model)).one()
            return PaidDay(**row._mapping)

    return read


def test_answers_are_kept_by_their_key(ledger: PaidLedger, model: str) -> None:
    ledger.keep("translation", model, {f"{model} 1": {"korean": "고양이"}, f"{model} 2": {"korean": "개"}})
    known = ledger.known([f"{model} 2", f"{model} 1", f"{model} 3"])
    assert known == {f"{model} 1": {"korean": "고양이"}, f"{model} 2": {"korean": "개"}}
    assert ledger.known([]) == {}


def test_what_is_kept_says_what_it_was_for(catalog: Catalog, ledger: PaidLedger, model: str) -> None:
    ledger.keep("caption", model, {model: {"text": "A cat."}})
    with catalog.begin() as connection:
        row = connection.execute(select(PaidAnswer).where(PaidAnswer.key == model)).one()
    assert (row.purpose, row.model, row.answered_at.tzinfo is not None) == ("caption", model, True)


def test_the_first_answer_stays(ledger: PaidLedger, model: str) -> None:
    ledger.keep("translation", model, {model: {"korean": "하나"}})
    ledger.keep("translation", model, {model: {"korean": "둘"}, f"{model} new": {"korean": "셋"}})
    ledger.keep("translation", model, {})
    assert ledger.known([model, f"{model} new"]) == {
        model: {"korean": "하나"},
        f"{model} new": {"korean": "셋"},
    }


def test_many_keys_are_one_question(ledger: PaidLedger, model: str) -> None:
    """More than PostgreSQL takes parameters."""
    ledger.keep("translation", model, {f"{model} {i}": {"i": i} for i in range(500)})
    assert len(ledger.known([f"{model} {i}" for i in range(70_000)])) == 500


def test_nothing_is_lost_when_the_stage_fails(catalog: Catalog, ledger: PaidLedger, model: str) -> None:
    before = ledger.spent_today().requests
    with catalog.engine.connect() as stage:
        stage.execute(text("select 1"))
        assert ledger.begin_request(model, NO_LIMIT)
        ledger.keep("translation", model, {model: {"korean": "하나"}})
        stage.rollback()
    assert ledger.known([model])
    assert ledger.spent_today().requests == before + 1


def test_a_day_adds_up_over_models(ledger: PaidLedger, model: str, day_of: Callable[[str], PaidDay]) -> None:
    before = ledger.spent_today()
    for name in (model, model, f"{model}-pro"):
        assert ledger.begin_request(name, NO_LIMIT)
        ledger.note(name, input_tokens=100, output_tokens=10, usd=0.25)
    spent = ledger.spent_today()
    assert spent.requests - before.requests == 3
    assert spent.usd - before.usd == pytest.approx(0.75)
    day = day_of(model)
    assert (day.requests, day.input_tokens, day.output_tokens, day.cost_usd) == (2, 200, 20, 0.5)


def test_the_day_is_utc(catalog: Catalog, ledger: PaidLedger, model: str) -> None:
    """Kiritimati is 14 hours ahead of UTC, Niue 11 behind: at any moment one of them has another date."""
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
        engine = create_engine(catalog.engine.url, connect_args={"options": f"-c timezone={zone}"})
        assert PaidLedger(Catalog(engine)).begin_request(model, NO_LIMIT)
        engine.dispose()
    with catalog.begin() as connection:
        today = connection.execute(text("select (now() at time zone 'utc')::date")).scalar_one()
        rows = connection.execute(select(PaidDay.day, PaidDay.requests).where(PaidDay.model == model)).all()
    assert rows == [(today, 2)]


def test_yesterday_does_not_count(catalog: Catalog, ledger: PaidLedger, model: str) -> None:
    before = ledger.spent_today()
    with catalog.begin() as connection:
        connection.execute(
            text("insert into paid_days (day, model, requests, cost_usd) values (now()::date - 2, :model, 9, 9)"),
            {"model": model},
        )
    assert ledger.spent_today() == before


def test_a_limit_of_requests_or_money_stops_and_counts_nothing(ledger: PaidLedger, model: str) -> None:
    ledger.note(model, input_tokens=1, output_tokens=1, usd=0.01)
    spent = ledger.spent_today()
    assert not ledger.begin_request(model, Spending(spent.requests, 1e9))
    assert not ledger.begin_request(model, Spending(10**9, spent.usd))
    assert not ledger.begin_request(model, Spending(10**9, 0.0))
    assert ledger.spent_today() == spent
    assert ledger.begin_request(model, Spending(spent.requests + 1, spent.usd + 0.01))
    assert not ledger.begin_request(model, Spending(spent.requests + 1, 1e9))


def test_many_at_once_lose_no_count_and_exceed_no_limit(
    ledger: PaidLedger, model: str, day_of: Callable[[str], PaidDay]
) -> None:
    limit = Spending(ledger.spent_today().requests + 25, 1e9)

    def work(i: int) -> bool:
        ledger.note(model, input_tokens=3, output_tokens=2, usd=0.5)
        ledger.keep("translation", model, {f"{model} {n}": {"by": i} for n in range(20)})
        return ledger.begin_request(model, limit)

    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(work, range(40)))
    assert sum(allowed) == 25
    day = day_of(model)
    assert (day.requests, day.input_tokens, day.output_tokens, day.cost_usd) == (25, 120, 80, 20.0)
    assert len(ledger.known([f"{model} {n}" for n in range(20)])) == 20


class Answer(BaseModel):
    yes: bool


def test_gemini_counts_in_the_catalogue(
    ledger: PaidLedger, model: str, server: GeminiServer, day_of: Callable[[str], PaidDay]
) -> None:
    server.answer = lambda _: json_reply({"yes": True})
    limit = ledger.spent_today().requests + 2
    gemini = Gemini(replace(OPTIONS, model=model, requests_a_day=limit, usd_a_day=1e9), ledger)
    for _ in range(2):
        assert gemini.ask(instruction="Say yes.", parts=["Well?"], answer=Answer).yes
    with pytest.raises(SpendingLimitError, match=f"{limit} of {limit} requests"):
        gemini.ask(instruction="Say yes.", parts=["Well?"], answer=Answer)
    assert len(server.asked) == 2
    day = day_of(model)
    assert (day.requests, day.input_tokens, day.output_tokens) == (2, 2000, 200)
    assert day.cost_usd == pytest.approx(2 * USD_A_REQUEST)

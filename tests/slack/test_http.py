"""The other way in: Slack posts what happens, signed; nobody else is listened to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.slack.conftest import SECRET, Team, tokens, values_of, written
from tests.slack.slack_server import SlackServer
from tests.slack.test_door import edit_button
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.slack.app import make_app
from vsearch_pipeline.slack.desk import Desk
from vsearch_pipeline.slack.running import HEALTH_PATH, HTTP_PATH, http_app


@pytest.fixture
def http(desk: Desk, slack: SlackServer) -> Iterator[TestClient]:
    with ThreadPoolExecutor(4) as executor:
        yield TestClient(http_app(make_app(desk, tokens(slack), executor)))


def post(
    http: TestClient, slack: SlackServer, payload: dict[str, Any], secret: str = SECRET, at: float | None = None
) -> Any:
    headers, body = slack.signed(payload, secret, at)
    return http.post(HTTP_PATH, content=body, headers=headers)


def test_a_signed_command_is_answered(team: Team, http: TestClient) -> None:
    url = team.slack.response_url("C1", "U1")
    answer = post(http, team.slack, team.slack.command_payload("파란 기차", response_url=url))
    assert (answer.status_code, answer.text) == (200, "")
    assert "파란 기차가" in written(team.answer(url))


def test_a_form_is_saved_once(team: Team, http: TestClient) -> None:
    number = team.lib.film_segments[2]
    message = {"blocks": [{"type": "actions", "block_id": "b", "elements": [edit_button(number)]}]}
    view = team.open_form(message)
    payload = team.slack.submit_payload(view["id"], values_of(view, caption_ko="HTTP로 고쳤다"))
    before = len(team.operations(number))
    for attempt in range(2):
        answer = post(http, team.slack, payload)
        assert answer.status_code == 200, attempt
    assert team.segment(number).caption_ko == "HTTP로 고쳤다"
    assert len(team.operations(number)) == before + 1
    SegmentService(team.desk.editor(team.desk.members.get("U1"))).use_models([number], ["ko"])


@pytest.mark.parametrize(("secret", "age"), [("wrong", 0), (SECRET, 600)])
def test_what_slack_did_not_sign_now_is_refused(team: Team, http: TestClient, secret: str, age: int) -> None:
    url = team.slack.response_url("C1", "U1")
    payload = team.slack.command_payload("파란 기차", response_url=url)
    answer = post(http, team.slack, payload, secret, time.time() - age)
    assert answer.status_code == 401
    assert not [
        call for call in team.slack.calls("response_url") if call.arguments["key"] == url.rsplit("/", 1)[1]
    ]


def test_it_tells_that_it_is_there(http: TestClient) -> None:
    assert http.get(HEALTH_PATH).text == "ok"
    assert http.get(HTTP_PATH).status_code == 405

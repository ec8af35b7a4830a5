"""The server for tests, tested with the clients that it is for, as they are."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry import FixedValueRetryIntervalCalculator, RateLimitErrorRetryHandler
from slack_sdk.http_retry.builtin_handlers import ServerErrorRetryHandler
from slack_sdk.webhook import WebhookClient
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.slack.slack_server import SlackServer, find_action, state_of
from tests.slack.workspace import APP_TOKEN, BOT_TOKEN

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 2000


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def section(text: str = "글") -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def image(file_id: str) -> dict[str, Any]:
    return {"type": "image", "alt_text": "a still", "slack_file": {"id": file_id}}


def option(value: str) -> dict[str, Any]:
    return {"text": plain(value), "value": value}


QUERY = {
    "type": "input",
    "block_id": "query",
    "label": plain("Words"),
    "element": {"type": "plain_text_input", "action_id": "words", "max_length": 10},
}
PEOPLE = {
    "type": "input",
    "block_id": "people",
    "label": plain("People"),
    "optional": True,
    "element": {"type": "multi_external_select", "action_id": "who", "min_query_length": 1},
}
BUTTON = {
    "type": "actions",
    "block_id": "doing",
    "elements": [{"type": "button", "action_id": "more", "text": plain("More"), "value": "7"}],
}


def modal(*blocks: Any, **more: Any) -> dict[str, Any]:
    about = {"type": "modal", "title": plain("Search"), "submit": plain("Go"), "callback_id": "search"}
    return {**about, "blocks": list(blocks or (QUERY, PEOPLE)), **more}


@pytest.fixture
def open_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):  # slack_sdk goes by them, even to this machine
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    before = set(threading.enumerate())
    with SlackServer() as server:
        yield server
    assert set(threading.enumerate()) <= before


@pytest.fixture
def server(open_server: SlackServer) -> Iterator[SlackServer]:
    yield open_server
    assert open_server.problems == []


@pytest.fixture
def client(open_server: SlackServer) -> WebClient:
    return WebClient(BOT_TOKEN, base_url=open_server.url)


@contextmanager
def bolt(server: SlackServer, ping_interval: float = 0.5) -> Iterator[App]:
    """An app that listens on its socket."""
    with ThreadPoolExecutor(5) as executor:  # Bolt does not end its own
        app = App(client=WebClient(BOT_TOKEN, base_url=server.url), listener_executor=executor)
        handler = SocketModeHandler(app, APP_TOKEN, ping_interval=ping_interval)
        handler.connect()
        try:
            server.wait_connected()
            yield app
        finally:
            handler.client.closed = True
            handler.client.message_queue.put(None)  # else it looks only after a second whether it is closed
            handler.close()


def error_of(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as raised:
        call(**arguments)
    data = raised.value.response.data
    assert isinstance(data, dict)
    return data


def test_tokens(server: SlackServer, client: WebClient) -> None:
    assert client.auth_test()["bot_id"] == "B1"
    assert error_of(WebClient("xoxb-wrong", base_url=server.url).auth_test)["error"] == "invalid_auth"
    assert error_of(WebClient(base_url=server.url).auth_test)["error"] == "not_authed"
    assert error_of(client.apps_connections_open, app_token=BOT_TOKEN)["error"] == "not_allowed_token_type"
    assert client.apps_connections_open(app_token=APP_TOKEN)["url"].startswith("ws://127.0.0.1:")
    assert error_of(client.api_call, api_method="chat.meMessage")["error"] == "unknown_method"
    assert [call.answered["ok"] for call in server.calls("auth.test")] == [True, False, False]


def test_arguments_come_as_forms_and_json_and_in_the_address(server: SlackServer, client: WebClient) -> None:
    blocks = [section("하나")]
    client.api_call("chat.postMessage", params={"channel": "C1", "text": "a", "blocks": json.dumps(blocks)})
    client.api_call("chat.postMessage", json={"channel": "C1", "text": "a", "blocks": blocks})
    client.api_call("chat.postMessage", data={"channel": "C1", "text": "a"}, files={"ignored": b"bytes"})
    address = f"{server.url}users.info?user=U1&include_locale=1&token={BOT_TOKEN}"
    with urllib.request.urlopen(address) as answer:  # noqa: S310
        assert json.load(answer)["user"]["locale"] == "ko-KR"
    sent = [call.arguments for call in server.calls("chat.postMessage")]
    assert sent[0] == sent[1] == {"channel": "C1", "text": "a", "blocks": blocks}
    assert sent[2] == {"channel": "C1", "text": "a"}
    assert server.calls()[-1].arguments == {"user": "U1", "include_locale": True}


def test_people(server: SlackServer, client: WebClient) -> None:
    server.add_user("U2", "Guest", "guest@example.com", is_restricted=True, locale="en-US", tz="Europe/Paris")
    server.add_user("U3", "Gone", "gone@example.com", deleted=True)
    guest = client.users_info(user="U2", include_locale=True)["user"]
    assert (guest["is_restricted"], guest["locale"], guest["tz"]) == (True, "en-US", "Europe/Paris")
    assert guest["profile"]["email"] == "guest@example.com"
    assert "locale" not in client.users_info(user="U2")["user"]
    assert client.users_info(user="U3")["user"]["deleted"]
    assert client.users_lookupByEmail(email="Mina@Example.com")["user"]["id"] == "U1"
    assert error_of(client.users_lookupByEmail, email="gone@example.com")["error"] == "users_not_found"
    assert error_of(client.users_info, user="U9")["error"] == "user_not_found"
    server.scopes.remove("users:read.email")
    answer = client.users_info(user="U1")
    assert "email" not in answer["user"]["profile"]
    assert "users:read.email" not in str(answer.headers["x-oauth-scopes"]).split(",")
    refused = error_of(client.users_lookupByEmail, email="mina@example.com")
    assert (refused["error"], refused["needed"]) == ("missing_scope", "users:read.email")
    assert "chat:write" in refused["provided"].split(",")


def test_messages(server: SlackServer, client: WebClient) -> None:
    metadata = {"event_type": "answer", "event_payload": {"id": "a"}}
    server.add_message("A question")
    first = client.chat_postMessage(channel="C1", text="one", blocks=[section()], metadata=metadata)
    reply = client.chat_postMessage(channel="C1", text="two", thread_ts=first["ts"])
    last = client.chat_postMessage(channel="C1", text="three")
    history = client.conversations_history(channel="C1", include_all_metadata=True)["messages"]
    assert [message["text"] for message in history] == ["three", "one", "A question"]
    assert history[1]["metadata"] == metadata
    assert history[1]["blocks"][0]["block_id"]
    page = client.conversations_history(channel="C1", limit=1)
    assert page["has_more"]
    cursor = page["response_metadata"]["next_cursor"]
    following = client.conversations_history(channel="C1", limit=1, cursor=cursor)["messages"]
    assert [message["text"] for message in following] == ["one"]
    assert "metadata" not in following[0]
    newer = client.conversations_history(channel="C1", oldest=first["ts"])["messages"]
    assert [message["text"] for message in newer] == ["three"]
    client.chat_update(channel="C1", ts=first["ts"], text="only text")
    changed = server.message(first["ts"])
    assert changed is not None
    assert "blocks" not in changed
    assert changed["metadata"] == metadata
    assert client.chat_getPermalink(channel="C1", message_ts=reply["ts"])["permalink"].endswith("&cid=C1")
    client.chat_delete(channel="C1", ts=last["ts"])
    assert [message["text"] for message in server.messages()] == ["A question", "only text", "two"]
    client.chat_postEphemeral(channel="C1", user="U1", text="psst")
    assert [(message["to"], message["text"]) for message in server.ephemerals] == [("U1", "psst")]
    direct = client.conversations_open(users="U1")["channel"]["id"]
    assert client.chat_postMessage(channel="U1", text="hello")["channel"] == direct
    assert client.conversations_info(channel=direct)["channel"]["is_im"]


@pytest.mark.parametrize(
    ("about", "scopes", "error"),
    [
        ({"is_member": False}, {"chat:write"}, "not_in_channel"),
        ({"is_member": False}, {"chat:write", "chat:write.public"}, None),
        ({"is_member": False, "is_private": True}, {"chat:write", "chat:write.public"}, "channel_not_found"),
        ({"is_archived": True}, {"chat:write"}, "is_archived"),
        ({}, {"commands"}, "missing_scope"),
    ],
)
def test_channels(
    server: SlackServer, client: WebClient, about: dict[str, Any], scopes: set[str], error: str | None
) -> None:
    server.add_channel("C2", **about)
    server.scopes = scopes
    if error is None:
        assert client.chat_postMessage(channel="C2", text="a")["channel"] == "C2"
    else:
        assert error_of(client.chat_postMessage, channel="C2", text="a")["error"] == error
        assert server.messages("C2") == []


def test_limits_and_failures(server: SlackServer, client: WebClient) -> None:
    quick = FixedValueRetryIntervalCalculator(0.01)
    retrying = WebClient(
        BOT_TOKEN,
        base_url=server.url,
        retry_handlers=[RateLimitErrorRetryHandler(), ServerErrorRetryHandler(interval_calculator=quick)],
    )
    server.limit("chat.postMessage", retry_after=0)
    assert retrying.chat_postMessage(channel="C1", text="a")["ok"]
    server.fail("auth.test")
    assert retrying.auth_test()["ok"]
    server.limit("auth.test", retry_after=7)
    with pytest.raises(SlackApiError) as raised:
        client.auth_test()
    assert (raised.value.response.status_code, raised.value.response.headers["Retry-After"]) == (429, "7")
    server.fail("auth.test", status=503)
    assert error_of(client.auth_test)["error"].startswith("Received a response in a non-JSON format")
    server.error("chat.postMessage", "restricted_action", 1)
    assert error_of(client.chat_postMessage, channel="C1", text="a")["error"] == "restricted_action"
    answers = [call.answered.get("error") for call in server.calls("chat.postMessage")]
    assert answers == ["ratelimited", None, "restricted_action"]


def test_what_slack_would_refuse_is_refused_and_kept(open_server: SlackServer, client: WebClient) -> None:
    bad = {"type": "header", "text": plain("글" * 151)}
    answer = error_of(client.chat_postMessage, channel="C1", text="a", blocks=[bad])
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == ["[ERROR] blocks[0].text: 151 characters, at most 150"]
    assert (
        error_of(client.chat_postMessage, channel="C1", text="a", icon_emoji=":x:")["error"] == "invalid_arguments"
    )
    trigger = open_server.trigger()
    answer = error_of(client.views_open, trigger_id=trigger, view=modal(title=plain("t" * 25)))
    assert answer["error"] == "invalid_arguments"
    assert client.views_open(trigger_id=trigger, view=modal())["ok"]  # the trigger was not used up
    reply = WebhookClient(open_server.response_url()).send(text="half \ud83d")
    assert (reply.status_code, json.loads(reply.body)["error"]) == (404, "invalid_arguments")
    assert error_of(client.chat_postMessage, channel="C1", text="a", blocks=[image("F999999999")])["ok"] is False
    assert [problem.partition(" ")[0] for problem in open_server.problems] == [
        "chat.postMessage:",
        "chat.postMessage:",
        "views.open:",
        "response_url:",
        "chat.postMessage:",
    ]
    assert open_server.messages() == []


def test_files(server: SlackServer, client: WebClient) -> None:
    server.file_ready_after = 0.1
    private = client.files_upload_v2(content=PNG, filename="still.png", title="A still", alt_txt="a cat")["file"]
    kept = server.files[private["id"]]
    assert (kept.content, kept.name, kept.title, kept.alt_text) == (PNG, "still.png", "A still", "a cat")
    assert kept.completed
    assert kept.shared_in == []
    assert not client.files_info(file=kept.id)["file"]["mimetype"]
    refused = error_of(client.chat_postMessage, channel="C1", text="a", blocks=[image(kept.id)])
    assert refused["error"] == "invalid_blocks"
    assert refused["response_metadata"]["messages"] == [
        "[ERROR] invalid slack file [json-pointer:/blocks/0/slack_file]"
    ]
    time.sleep(0.1)
    assert client.files_info(file=kept.id)["file"]["mimetype"] == "image/png"
    client.chat_postMessage(channel="C1", text="a", blocks=[image(kept.id)])
    bearer = {"Authorization": f"Bearer {BOT_TOKEN}"}
    link = urllib.request.Request(private["url_private"], headers=bearer)  # noqa: S310
    with urllib.request.urlopen(link) as answer:  # noqa: S310
        assert answer.read() == PNG
    client.files_delete(file=kept.id)
    assert error_of(client.files_info, file=kept.id)["error"] == "file_deleted"
    shared = client.files_upload_v2(content="1\n안녕", filename="a.srt", channel="C1", initial_comment="Subtitles")
    assert server.files[shared["file"]["id"]].shared_in == ["C1"]
    assert server.messages()[-1]["text"] == "Subtitles"
    url = client.files_getUploadURLExternal(filename="b.png", length=len(PNG))
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="b.png"\r\n\r\n' + PNG + b"\r\n--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    with urllib.request.urlopen(urllib.request.Request(url["upload_url"], body, kind)) as answer:  # noqa: S310
        assert answer.read() == b"OK - 2008"
    assert server.files[url["file_id"]].content == PNG


def test_response_urls(server: SlackServer) -> None:
    hook = WebhookClient(server.response_url("C1", "U1"))
    assert [hook.send(text=str(number)).status_code for number in range(6)] == [200] * 5 + [404]
    assert json.loads(hook.send(text="7").body)["error"] == "used_url"
    assert [message["text"] for message in server.ephemerals] == ["0", "1", "2", "3", "4"]
    first = server.calls("response_url")[0].arguments
    assert (first["text"], first["channel"], first["user"]) == ("0", "C1", "U1")
    shown = server.ephemerals[0]["ts"]
    hook = WebhookClient(server.response_url("C1", "U1", shown))
    hook.send(text="changed", blocks=[section()], replace_original=True)
    assert server.ephemerals[0]["text"] == "changed"
    hook.send(delete_original=True)
    assert [message["text"] for message in server.ephemerals] == ["1", "2", "3", "4"]
    hook.send(text="for all", response_type="in_channel")
    assert [message["text"] for message in server.messages()] == ["for all"]
    server.response_url_seconds = 0
    assert json.loads(hook.send(text="late").body)["error"] == "expired_url"


def test_views_and_triggers(server: SlackServer, client: WebClient) -> None:
    trigger = server.trigger()
    opened = client.views_open(trigger_id=trigger, view=modal(external_id="mine"))["view"]
    assert error_of(client.views_open, trigger_id=trigger, view=modal())["error"] == "exchanged_trigger_id"
    assert error_of(client.views_open, trigger_id="1.2.a", view=modal())["error"] == "invalid_trigger_id"
    updated = client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal(private_metadata="m"))[
        "view"
    ]
    assert (updated["private_metadata"], updated["external_id"]) == ("m", "")
    conflict = error_of(client.views_update, view_id=opened["id"], hash=opened["hash"], view=modal())
    assert conflict["error"] == "hash_conflict"
    below = opened["id"]
    for _ in range(2):
        pushed = client.views_push(trigger_id=server.trigger(view_id=below), view=modal())["view"]
        assert (pushed["previous_view_id"], pushed["root_view_id"]) == (below, opened["id"])
        below = pushed["id"]
    late = server.trigger()
    assert error_of(client.views_push, trigger_id=late, view=modal())["error"] == "push_limit_reached"
    assert error_of(client.views_update, view_id="V9", view=modal())["error"] == "not_found"
    home = client.views_publish(user_id="U1", view={"type": "home", "blocks": [section()]})["view"]
    client.views_publish(user_id="U1", view={"type": "home", "blocks": [section("둘")]}, hash=home["hash"])
    assert server.homes["U1"]["blocks"][0]["text"]["text"] == "둘"
    server.trigger_seconds = 0.02
    trigger = server.trigger()
    time.sleep(0.03)
    assert error_of(client.views_open, trigger_id=trigger, view=modal())["error"] == "expired_trigger_id"


def test_what_nobody_could_enter() -> None:
    view = modal()
    for values, why in [
        ({}, "query.words: must be filled in"),
        ({"query": {"words": {"value": "w" * 11}}}, "query.words: 11 characters, not 0 to 10"),
        ({"query": {"words": {"values": "w"}}}, "a plain_text_input has value"),
        ({"query": {"word": {"value": "w"}}}, "query.words: must be filled in"),
        ({"query": {"words": {"value": "w"}}, "who": {"who": {}}}, r"not in the view: \[\('who', 'who'\)\]"),
    ]:
        with pytest.raises(ValueError, match=why):
            state_of(view, values, submitted=True)
    assert state_of(view, {"query": {"words": {"value": "w"}}}, submitted=True) == {
        "query": {"words": {"type": "plain_text_input", "value": "w"}},
        "people": {"who": {"type": "multi_external_select", "selected_options": []}},
    }


def test_a_command_is_answered_and_a_button_pressed(server: SlackServer) -> None:
    with bolt(server) as app:

        @app.command("/vsearch")
        def answer(ack: Any, respond: Any, command: Any) -> None:
            ack()
            respond(text=f"found {command['text']}", blocks=[section(), BUTTON], response_type="in_channel")

        @app.action("more")
        def more(ack: Any, body: Any, action: Any, respond: Any) -> None:
            ack()
            respond(text=f"{action['value']} {body['message']['text']}", replace_original=True)

        delivery = server.command("고양이")
        assert delivery.ack() is None
        assert delivery.ack_seconds is not None
        assert delivery.ack_seconds < 3
        server.wait_for("response_url")
        (message,) = server.messages()
        assert message["text"] == "found 고양이"
        assert server.press(find_action(message["blocks"], "more"), message=message).ack() is None
        server.wait_for("response_url", count=2)
        assert [message["text"] for message in server.messages()] == ["7 found 고양이"]


def test_a_modal_is_opened_filled_in_and_closed(server: SlackServer) -> None:
    closed = threading.Event()
    with bolt(server) as app:

        @app.command("/vsearch")
        def open_it(ack: Any, client: WebClient, body: Any) -> None:
            ack()
            client.views_open(trigger_id=body["trigger_id"], view=modal(notify_on_close=True))

        @app.options("who")
        def suggest(ack: Any, payload: Any) -> None:
            ack(options=[option(f"{payload['value']}{number}") for number in range(3)])

        @app.view("search")
        def submitted(ack: Any, view: Any) -> None:
            words = view["state"]["values"]["query"]["words"]["value"]
            if words == "bad":
                ack(response_action="errors", errors={"query": "Not that."})
            elif words == "again":
                ack(response_action="update", view=modal(private_metadata=words, notify_on_close=True))
            else:
                ack()

        @app.view_closed("search")
        def note(ack: Any) -> None:
            ack()
            closed.set()

        server.command("").ack()
        view_id = server.wait_for("views.open").answered["view"]["id"]
        offered = server.suggest("who", "people", "민", view_id).ack()
        assert offered is not None
        assert [one["value"] for one in offered["options"]] == ["민0", "민1", "민2"]
        with pytest.raises(ValueError, match="from 1 characters on"):
            server.suggest("who", "people", "", view_id)

        server.submit(view_id, {"query": {"words": {"value": "bad"}}}).ack()
        assert server.view_errors == {view_id: {"query": "Not that."}}
        hash_before = server.views[0]["hash"]
        chosen = {"who": {"selected_options": offered["options"][:2]}}
        server.submit(view_id, {"query": {"words": {"value": "again"}}, "people": chosen}).ack()
        (view,) = server.views
        assert (view["id"], view["private_metadata"]) == (view_id, "again")
        assert view["hash"] != hash_before
        assert server.view_errors == {}
        assert server.submit(view_id, {"query": {"words": {"value": "go"}}}).ack() is None
        assert server.view(view_id) is None

        server.command("").ack()
        view_id = server.wait_for("views.open", count=2).answered["view"]["id"]
        server.close_view(view_id).ack()
        assert closed.wait(5)


def test_bad_acknowledgements_are_kept(open_server: SlackServer, client: WebClient) -> None:
    view_id = client.views_open(trigger_id=open_server.trigger(), view=modal())["view"]["id"]
    message = client.chat_postMessage(channel="C1", text="a", blocks=[BUTTON])["message"]
    with bolt(open_server) as app:
        app.options("who")(lambda ack: ack(options=[option("a")] * 101))
        app.view("search")(lambda ack: ack(response_action="errors", errors={"who": "No."}))
        app.action("more")(lambda ack: ack("pressed"))
        open_server.suggest("who", "people", "민", view_id).ack()
        open_server.submit(view_id, {"query": {"words": {"value": "w"}}}).ack()
        open_server.press(find_action(message["blocks"], "more"), message=message).ack()
    assert open_server.problems == [
        "block_suggestion: options: 101 items, at most 100",
        "block_suggestion: options: the value 'a' stands 101 times",
        "response_action errors: ['who'] are no input blocks",
        "block_actions: Slack ignores the acknowledgement's {'text': 'pressed'}",
    ]


def test_events_and_the_same_again(server: SlackServer) -> None:
    heard: list[tuple[str, Any]] = []
    with bolt(server) as app:

        @app.event("app_mention")
        def mentioned(body: Any, event: Any, request: BoltRequest, say: Any) -> None:
            heard.append((body["event_id"], request.headers.get("x-slack-retry-num")))
            say(text=f"You said {event['text']}")

        event = {"type": "app_mention", "user": "U1", "channel": "C1", "text": "<@UBOT> 고양이"}
        delivery = server.event(event, event_id="Ev1")
        assert delivery.ack() is None
        assert delivery.again().ack() is None
        server.wait_for("chat.postMessage", count=2)
    assert sorted(heard, key=str) == [("Ev1", ["0"]), ("Ev1", ["1"])]


def test_a_lost_socket_is_replaced_and_what_was_on_it_comes_again(server: SlackServer) -> None:
    first = threading.Event()
    with bolt(server) as app:

        @app.command("/vsearch")
        def answer(ack: Any) -> None:
            if not first.is_set():
                first.set()
                server.drop()  # before the acknowledgement
            ack("done")

        delivery = server.command("a")
        assert first.wait(5)
        waiting = server.command("b")
        assert delivery.ack(10) == {"text": "done"}
        assert waiting.ack(10) == {"text": "done"}
        assert server.connections == 2
        server.ask_to_reconnect()
        server.wait_connected(3)
        assert server.command("c").ack() == {"text": "done"}
        assert len(server.calls("apps.connections.open")) == 3
    assert server.connections == 3


def test_a_ticket_is_good_for_one_socket(server: SlackServer, client: WebClient) -> None:
    url = client.apps_connections_open(app_token=APP_TOKEN)["url"]
    with connect(url, proxy=None) as link:
        assert json.loads(link.recv())["type"] == "hello"
        with pytest.raises(InvalidStatus, match="403"):
            connect(url, proxy=None)


def test_waiting_says_what_came_instead(server: SlackServer, client: WebClient) -> None:
    client.chat_postMessage(channel="C1", text="안녕")
    with pytest.raises(AssertionError, match=r'chat.postMessage .*"안녕".* -> ok'):
        server.wait_for("chat.update", seconds=0.01)
    with pytest.raises(
        AssertionError, match=r"block_actions was not acknowledged in 0.01 s \(never sent: no socket\)"
    ):
        server.press({"type": "button", "action_id": "a", "block_id": "b"}).ack(0.01)
    found = server.wait_for(lambda call: call.arguments.get("text") == "안녕")
    assert found.answered["ts"] == server.messages()[0]["ts"]


def test_the_same_over_http(server: SlackServer, client: WebClient) -> None:
    app = App(client=client, signing_secret="s3cret", process_before_response=True)  # noqa: S106
    app.command("/vsearch")(lambda ack, command: ack(f"got {command['text']}"))
    app.event("app_mention")(lambda: None)
    app.view("search")(lambda ack: ack(response_action="clear"))

    def answer(payload: dict[str, Any], secret: str = "s3cret", at: float | None = None) -> Any:  # noqa: S107
        headers, body = server.signed(payload, secret, at)
        return app.dispatch(BoltRequest(body=body.decode(), headers=dict(headers)))

    command = server.command_payload("한 마디")
    assert (answer(command).status, answer(command).body) == (200, "got 한 마디")
    assert answer(command, "other").status == 401
    assert answer(command, at=time.time() - 301).status == 401
    assert answer(server.event_payload({"type": "app_mention", "user": "U1", "text": "a"})).status == 200
    view_id = client.views_open(trigger_id=server.trigger(), view=modal())["view"]["id"]
    submission = server.submit_payload(view_id, {"query": {"words": {"value": "w"}}})
    server.answered(submission, json.loads(answer(submission).body))
    assert server.view(view_id) is None


def test_two_at_once(server: SlackServer, client: WebClient) -> None:
    with SlackServer() as other:
        WebClient(BOT_TOKEN, base_url=other.url).chat_postMessage(channel="C1", text="there")
        client.chat_postMessage(channel="C1", text="here")
        assert [message["text"] for message in other.messages()] == ["there"]
    assert [message["text"] for message in server.messages()] == ["here"]

"""Searching, watching, sharing and correcting from Slack, over a real socket and on a real library."""

from __future__ import annotations

import io
import json
import re
import time
from typing import Any

import pytest
from PIL import Image

from tests.editor_app.library import HOSTILE_NAME
from tests.slack.conftest import PAGE, Team, settings_of, values_of, written
from tests.slack.slack_server import find_action
from vsearch_pipeline.slack.members import Members, member_of
from vsearch_pipeline.slack.texts import ENGLISH, KOREAN
from vsearch_pipeline.slack.writing import cut


def images(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for block in message["blocks"] if block["type"] == "image"]


def texts(message: dict[str, Any]) -> list[str]:
    return [block["text"]["text"] for block in message["blocks"] if block["type"] == "section"]


def formatted(thing: Any) -> list[str]:
    """Every text that Slack reads mrkdwn in."""
    if isinstance(thing, list):
        return [text for each in thing for text in formatted(each)]
    if not isinstance(thing, dict):
        return []
    own = [thing["text"]] if thing.get("type") == "mrkdwn" else []
    return own + [text for each in thing.values() for text in formatted(each)]


# --- searching


def test_the_best_moments_come_with_pictures_that_are_uploaded_once(team: Team) -> None:
    url = team.slack.response_url("C1", "U1")
    delivery = team.slack.command("사과 먹는 앵무새", response_url=url)
    assert delivery.ack() is None
    assert delivery.ack_seconds < 1
    first = team.answer(url)
    assert first["response_type"] == "ephemeral"
    assert first["channel"] == "C1"
    assert first["user"] == "U1"
    top = texts(first)[1]
    assert "초록 앵무새가 사과를 먹는다" in top
    assert f"{PAGE}/?" in top
    assert "0:01–0:02" in top
    assert "이유: " in written(first)
    labels = [find_action(first["blocks"], action)["text"]["text"] for action in ("watch", "edit", "web", "share")]
    assert labels == [KOREAN.watch, KOREAN.edit, KOREAN.web, KOREAN.share]
    second = team.answer(url, 2)
    assert second["replace_original"] is True
    shown = images(second)
    assert len(shown) >= 2
    assert all(block["alt_text"] for block in shown)
    content = team.slack.files[shown[0]["slack_file"]["id"]].content
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "GIF"
    uploads = len(team.slack.calls("upload"))
    again = team.type("사과 먹는 앵무새")
    assert images(again) == shown, "at once, from what the workspace has"
    assert len(team.slack.calls("upload")) == uploads


def test_the_language_is_the_askers(team: Team) -> None:
    english = team.type("a parrot eats an apple", user="U2")
    assert "A green parrot eats an apple" in texts(english)[1]
    assert "best moments" in texts(english)[0] or "1 moment" in texts(english)[0]
    assert find_action(english["blocks"], "share")["text"]["text"] == "Share"


def test_somebody_is_found_by_name_with_how_sure_it_is(team: Team) -> None:
    answer = team.type("민지 풍선")
    assert "김민지 91%" in written(answer)
    assert "인물 김민지" in written(answer)
    assert "Kim Minji 91%" in written(team.type("Minji balloon", user="U2"))


def test_pages_follow_one_another_in_the_same_message(team: Team) -> None:
    first = team.type("a", user="U2")
    following = find_action(first["blocks"], "page:next")
    assert json.loads(following["value"]) == {"q": "a", "o": 3}
    second = team.after(first, "page:next", "U2")
    assert second["replace_original"] is True
    assert "4–" in written(second)
    back = team.after(second, "page:previous", "U2")
    assert texts(back)[1:2] == texts(first)[1:2]


def test_what_is_hostile_is_shown_as_text(team: Team) -> None:
    answer = team.type("wizard", user="U2")
    shown = written(answer)
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown
    assert HOSTILE_NAME not in shown
    said = " ".join(formatted(team.type("&lt;!channel&gt; *bold* &lt;@U1&gt;", user="U2")))
    assert "&lt;!channel&gt;" in said
    assert "<!channel>" not in said
    assert "<@U1>" not in said
    assert "*bold*" not in said


def test_nothing_and_nonsense_are_answered(team: Team) -> None:
    assert "영상 'nowhere'가 없어요" in written(team.type("video:nowhere"))
    assert KOREAN.help.split("\n")[0] in texts(team.type(""))[0]
    assert ENGLISH.help.split("\n")[0] in texts(team.type("help", user="U2"))[0]
    assert len(written(team.type("가" * 3000))) < 40_000


def test_a_question_is_answered_in_words_with_places(team: Team) -> None:
    told = written(team.answer(team.ask("질문: 앵무새는 무엇을 먹어?"), 2))
    assert "• " in told
    assert "moment=" in told


# --- sharing


def test_only_a_press_shows_it_to_everybody_and_only_once(team: Team) -> None:
    answer = team.type("red balloon")
    assert not team.slack.messages("C1")
    delivery, _ = team.press(answer, "share")
    posted = team.slack.wait_for("chat.postMessage").arguments
    assert posted["channel"] == "C1"
    assert "<@U1>" in written(posted)
    assert images(posted)
    delivery.again().ack()
    time.sleep(0.5)
    assert len(team.slack.messages("C1")) == 1


def test_where_the_app_is_not_in_the_channel_the_answer_itself_is_shown_to_all(team: Team) -> None:
    answer = team.type("red balloon")
    team.slack.error("chat.postMessage", "not_in_channel", times=1)
    shown = team.after(answer, "share")
    assert shown["response_type"] == "in_channel"
    assert "<@U1>" in written(shown)


def test_a_picture_that_slack_lost_is_left_out_and_uploaded_anew(team: Team) -> None:
    query = "green parrot"
    team.answer(team.ask(query))
    deadline = time.monotonic() + 10
    while not (shown := images(team.type(query))):
        assert time.monotonic() < deadline
    lost = [block["slack_file"]["id"] for block in shown]
    for number in lost:
        team.slack.files[number].deleted = True
    url = team.ask(query)
    refused, without = team.call(url), team.answer(url, 2)
    assert not refused.answered.get("ok")
    assert not images(without)
    assert "앵무새" in written(without)
    team.slack.problems.clear()
    new = [block["slack_file"]["id"] for block in images(team.answer(team.ask(query), 2))]
    assert new
    assert not set(new) & set(lost)


def test_pictures_that_an_address_refuses_are_posted_with_the_bots_token(team: Team) -> None:
    deadline = time.monotonic() + 10
    while not images(team.type("green parrot")):
        assert time.monotonic() < deadline
    before = len(team.slack.calls("chat.postEphemeral"))
    team.slack.fail("response_url", 1, 404)
    team.ask("green parrot")
    posted = team.slack.wait_for("chat.postEphemeral", count=before + 1).arguments
    assert posted["user"] == "U1"
    assert images(posted)


# --- correcting


def changed(team: Team, view: dict[str, Any], user: str = "U1", **fields: Any) -> Any:
    return team.slack.submit(view["id"], values_of(view, **fields), user=user)


def the_red(team: Team) -> int:
    return team.lib.film_segments[0]


def form_of(team: Team, number: int, user: str = "U1") -> dict[str, Any]:
    message = {"blocks": [{"type": "actions", "block_id": "b", "elements": [edit_button(number)]}]}
    return team.open_form(message, user)


def edit_button(number: int) -> dict[str, Any]:
    value = json.dumps({"s": number, "q": ""})
    text = {"type": "plain_text", "text": "Edit"}
    return {"type": "button", "action_id": "edit", "text": text, "value": value}


def test_a_moment_is_corrected_in_one_operation_and_taken_back(team: Team) -> None:
    answer = team.type("빨간 풍선")
    number = json.loads(find_action(answer["blocks"], "edit")["value"])["s"]
    was = team.segment(number)
    url = team.slack.response_url("C1", "U1")
    view = team.open_form(answer, url=url)
    fields = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    assert list(fields) == ["caption_ko", "caption_en", "people", "start", "end"]
    assert fields["caption_ko"]["initial_value"] == was.caption_ko
    assert [option["text"]["text"] for option in fields["people"].get("initial_options", [])] == [
        f"{person.shown} ({person.group})" for person in was.people
    ]
    offered = team.slack.suggest("people", "people", "민지", view["id"]).ack()
    assert [option["text"]["text"] for option in offered["options"]] == ["Kim Minji (Rainbow)"]
    others = team.slack.suggest("people", "people", "mall", view["id"]).ack()["options"]
    operations = len(team.operations(number))
    sent = changed(team, view, caption_ko="붉은 풍선이 난다", people=others, end="0:01.400")
    assert sent.ack() is None
    assert team.slack.view(view["id"]) is None
    told = team.answer(url)
    now = team.segment(number)
    assert (now.caption_ko, now.caption_en, now.span.end_ms) == ("붉은 풍선이 난다", was.caption_en, 1400)
    assert [person.name for person in now.people] == [HOSTILE_NAME]
    [done] = team.operations(number)[: len(team.operations(number)) - operations]
    assert (done.kind, done.actor, done.door) == ("segment.edit", "mina@example.com", "slack")
    assert "붉은 풍선이 난다" in written(told)
    assert f"{KOREAN.caption_ko}, {KOREAN.people}, {KOREAN.end}" in written(told)
    taken = team.after(told, "undo")
    assert KOREAN.undone in written(taken)
    again = team.segment(number)
    assert (again.caption_ko, again.span, again.people) == (was.caption_ko, was.span, was.people)


def test_what_is_delivered_twice_is_done_once(team: Team) -> None:
    number = the_red(team)
    view = form_of(team, number)
    before = len(team.operations(number))
    sent = changed(team, view, caption_ko="두 번 보냈다")
    again = sent.again()
    assert sent.ack() is None
    assert again.ack() is None
    assert len(team.operations(number)) == before + 1
    trigger = team.slack.trigger()
    text = f"수정: 세그먼트ID={number} 내용=세 번 보냈다"
    told = team.type(text, trigger=trigger)
    assert "세 번 보냈다" in written(told)
    delivery = team.slack.command(text.replace("세", "네"), trigger=trigger)
    delivery.ack()
    time.sleep(0.5)
    assert team.segment(number).caption_ko == "세 번 보냈다"


def test_a_form_that_changes_nothing_writes_nothing(team: Team) -> None:
    number = the_red(team)
    before = len(team.operations(number))
    assert changed(team, form_of(team, number)).ack() is None
    assert len(team.operations(number)) == before


def test_what_cannot_be_is_said_in_the_form(team: Team) -> None:
    number = the_red(team)
    view = form_of(team, number)
    assert changed(team, view, start="soon").ack()["errors"] == {"start": KOREAN.time_wrong}
    assert changed(team, view, start="0:03", end="0:01").ack()["errors"] == {"end": KOREAN.time_order}
    beyond = changed(team, view, end="9:00").ack()["errors"]
    assert "영상" in beyond["start"]
    assert changed(team, view, caption_ko="이번에는 된다").ack() is None
    assert team.segment(number).caption_ko == "이번에는 된다"


def test_the_second_of_two_sees_both_versions_and_loses_nothing(team: Team) -> None:
    number = the_red(team)
    first, second = form_of(team, number), form_of(team, number, "U2")
    changed(team, second, "U2", caption_ko="주희가 썼다").ack()
    answered = changed(team, first, caption_ko="미나가 썼다", caption_en="Mina wrote").ack()
    assert answered["response_action"] == "update"
    shown = written(answered["view"])
    assert "주희가 썼다" in shown
    assert "juhee@example.com" in shown
    assert "미나가 썼다" in shown
    assert team.segment(number).caption_ko == "주희가 썼다"
    view = team.slack.view(first["id"])
    assert view is not None
    fields = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    assert fields["caption_en"]["initial_value"] == "Mina wrote"
    assert changed(team, view).ack() is None
    now = team.segment(number)
    assert (now.caption_ko, now.caption_en) == ("미나가 썼다", "Mina wrote")


def test_two_who_write_different_things_do_not_meet(team: Team) -> None:
    number = the_red(team)
    first, second = form_of(team, number), form_of(team, number, "U2")
    assert changed(team, second, "U2", caption_en="In English").ack() is None
    assert changed(team, first, caption_ko="한국어로").ack() is None
    now = team.segment(number)
    assert (now.caption_ko, now.caption_en) == ("한국어로", "In English")


def test_an_emptied_caption_goes_back_to_the_model(team: Team) -> None:
    number = the_red(team)
    model = team.segment(number).layers.auto_ko
    changed(team, form_of(team, number), caption_ko="사람이 썼다").ack()
    view = form_of(team, number)
    hint = next(block["hint"]["text"] for block in view["blocks"] if block.get("block_id") == "caption_ko")
    assert str(model) in hint
    changed(team, view, caption_ko=None).ack()
    assert team.segment(number).caption_ko == model


def test_a_caption_longer_than_slack_holds_is_left_to_the_page(team: Team) -> None:
    number = the_red(team)
    team.desk.editing(team.desk.members.get("U1")).set_captions([number], {"en": "long " * 700})
    view = form_of(team, number)
    assert "caption_en" not in {block.get("block_id") for block in view["blocks"]}
    changed(team, view, caption_ko="긴 것 옆에").ack()
    now = team.segment(number)
    assert now.caption_ko == "긴 것 옆에"
    assert now.caption_en == ("long " * 700).strip()
    team.desk.editing(team.desk.members.get("U1")).use_models([number], ["en"])


def test_the_earlier_form_still_works(team: Team) -> None:
    number = team.lib.film_segments[1]
    told = team.type(f"수정: 세그먼트ID={number} 내용=앵무새가 논다 멤버=민지")
    assert "앵무새가 논다" in written(told)
    now = team.segment(number)
    assert now.caption_ko == "앵무새가 논다"
    assert [person.name for person in now.people] == ["Kim Minji"]
    assert "누구" in written(team.type(f"수정: 세그먼트ID={number} 멤버=누구"))
    assert "세그먼트ID=141" in written(team.type("수정: 내용=없다"))
    told = team.type(f"edit: segment={number} caption=A parrot plays", user="U2")
    assert "A parrot plays" in written(told)
    assert KOREAN.gone in written(team.type("수정: 세그먼트ID=999999 내용=없다"))


# --- who may do what


def test_a_viewer_searches_but_does_not_edit(team: Team) -> None:
    answer = team.type("red balloon", user="U3")
    refused = team.after(answer, "edit", "U3")
    assert "viewer@example.org" in written(refused)
    assert "editor role" in written(refused)
    number = the_red(team)
    before = team.operations(number)
    view = form_of(team, number)
    sent = changed(team, view, "U3", caption_ko="못 고친다")
    assert "editor role" in written(sent.ack())
    told = team.type(f"edit: segment={number} caption=no", user="U3")
    assert "editor role" in written(told)
    assert team.operations(number) == before


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ({"email": "somebody@elsewhere.net"}, "somebody@elsewhere.net"),
        ({"email": "mina@example.com", "is_email_confirmed": False}, "may not see"),
        ({"email": "guest@example.com", "is_restricted": True}, "Guests"),
        ({"email": "other@example.com", "team_id": "T9"}, "other workspaces"),
    ],
)
def test_strangers_see_nothing(team: Team, user: dict[str, Any], said: str) -> None:
    number = f"U{abs(hash(said)) % 10_000_000}"
    team.slack.add_user(number, "somebody", locale="en-US", **user)
    answer = team.type("red balloon", user=number)
    assert said in written(answer)
    assert "balloon" not in written(answer)


def test_without_lists_the_workspace_looks_and_nobody_edits(team: Team) -> None:
    settings = settings_of(team.lib, editors=(), viewers=())
    user = {"id": "U1", "profile": {"email": "mina@example.com"}, "is_email_confirmed": True, "locale": "ko-KR"}
    assert member_of(user, settings, "T1").role == "viewer"
    assert member_of(user, settings.model_copy(update={"allow_open": True}), "T1").role == "editor"
    assert member_of({**user, "is_restricted": True}, settings, "T1").role is None
    assert member_of({**user, "deleted": True}, settings, "T1").role is None
    assert Members(settings, team.desk.workspace).get("U1").role == "viewer"


# --- bad days


def test_a_form_that_comes_too_late_is_told(team: Team) -> None:
    answer = team.type("red balloon")
    team.slack.trigger_seconds = 0
    try:
        told = team.after(answer, "edit")
    finally:
        team.slack.trigger_seconds = 3
    assert KOREAN.too_late in written(told)


def test_a_missing_permission_is_named(team: Team) -> None:
    answer = team.type("red balloon")
    team.slack.scopes.discard("chat:write")
    try:
        told = team.after(answer, "share")
    finally:
        team.slack.scopes.add("chat:write")
    assert "chat:write" in written(told)


def test_slack_asks_to_wait_and_is_obeyed(team: Team) -> None:
    started = time.monotonic()
    team.slack.limit("response_url", 1, 1)
    assert "풍선" in written(team.answer(team.ask("빨간 풍선"), 2))
    assert time.monotonic() - started >= 1


def test_an_address_that_is_used_up_is_replaced_by_a_message_of_the_apps_own(team: Team) -> None:
    answer = team.type("red balloon", user="U2")
    before = len(team.slack.calls("chat.postEphemeral"))
    unknown = team.slack.response_url("C1", "U2").rsplit("/", 1)[0] + "/unknown"
    team.press(answer, "notify", "U2", url=unknown)
    posted = team.slack.wait_for("chat.postEphemeral", count=before + 1).arguments
    assert posted["user"] == "U2"


def test_a_dropped_socket_is_opened_again_and_nothing_is_lost(team: Team) -> None:
    connections = team.slack.connections
    team.slack.drop()
    told = team.type("파란 기차", seconds=30)
    assert "파란 기차가" in written(told)
    assert team.slack.connections > connections
    team.slack.ask_to_reconnect()
    team.slack.wait_connected(team.slack.connections + 1, seconds=20)
    assert "파란 기차가" in written(team.type("파란 기차", seconds=30))


def test_twenty_ask_at_once(team: Team) -> None:
    urls = [team.ask(f"red balloon {number}") for number in range(20)]
    for url in urls:
        assert "red balloon" in written(team.answer(url, seconds=20))


# --- messages to the app


def test_a_direct_message_and_a_mention_are_answered_once(team: Team) -> None:
    team.slack.add_channel("D1", "dm")
    event = {
        "type": "message",
        "channel_type": "im",
        "channel": "D1",
        "user": "U1",
        "text": "빨간 풍선",
        "ts": "1.1",
    }
    before = len(team.slack.calls("chat.postMessage"))
    delivery = team.slack.event(event)
    posted = team.slack.wait_for("chat.postMessage", count=before + 1).arguments
    assert posted["channel"] == "D1"
    assert "풍선" in written(posted)
    delivery.again().ack()
    own = {**event, "bot_id": "B1", "ts": "1.2"}
    team.slack.event(own).ack()
    mention = {"type": "app_mention", "channel": "C1", "user": "U2", "text": "<@UBOT> red balloon", "ts": "2.1"}
    shown = len(team.slack.calls("chat.postEphemeral"))
    team.slack.event(mention)
    only = team.slack.wait_for("chat.postEphemeral", count=shown + 1).arguments
    assert only["user"] == "U2"
    assert "A red balloon" in written(only)
    time.sleep(0.3)
    assert len(team.slack.calls("chat.postMessage")) == before + 1


# --- watches


def test_somebody_is_told_of_new_moments_until_they_end_it(team: Team) -> None:
    told = team.type("watch 민지 풍선")
    assert "민지 풍선" in written(told)
    assert KOREAN.watching_already.split(":")[1].strip() in written(team.type("watch 민지 풍선"))
    answer = team.type("green", user="U2")
    team.after(answer, "notify", "U2")
    listed = team.type("watches")
    assert "민지 풍선" in written(listed)
    assert "green" not in written(listed)
    left = team.after(listed, "unwatch")
    assert KOREAN.watches_none in written(left) or cut(KOREAN.watches_none, 20)[:-1] in written(left)


def test_no_secret_stands_in_what_is_posted(team: Team) -> None:
    posted = "".join(written(call.arguments) for call in team.slack.calls())
    assert not re.search(r"xoxb-|xapp-", posted)

"""Limits of Block Kit: each held at its edge, and broken one step beyond."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.slack.blockkit import (
    blocks_problems,
    message_problems,
    options_problems,
    problems,
    view_problems,
)


def plain(length: int = 5) -> dict[str, Any]:
    return {"type": "plain_text", "text": "글" * length}


def mrkdwn(length: int = 5) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": "글" * length}


def option(value: str = "a", **more: Any) -> dict[str, Any]:
    return {"text": plain(), "value": value, **more}


def options(count: int) -> list[dict[str, Any]]:
    return [option(str(number)) for number in range(count)]


def section(**more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(), **more}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(), **more}


def actions(*elements: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def field(element: str = "plain_text_input", **more: Any) -> dict[str, Any]:
    return {"type": "input", "label": plain(), "element": {"type": element, **more}}


def image(**more: Any) -> dict[str, Any]:
    return {"type": "image", "alt_text": "still", "slack_file": {"id": "F000000001"}, **more}


def modal(*blocks: Any, **more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": plain(24),
        "submit": plain(24),
        "blocks": list(blocks or [section()]),
        **more,
    }


def confirm(title: int = 100, text: int = 300, word: int = 30, **more: Any) -> dict[str, Any]:
    return {"title": plain(title), "text": plain(text), "confirm": plain(word), "deny": plain(word), **more}


@pytest.mark.parametrize(
    "block",
    [
        section(text=mrkdwn(3000)),
        section(text={**plain(), "emoji": True}),
        section(text={**mrkdwn(), "verbatim": True}, expand=True),
        {"type": "section", "fields": [plain(2000)] * 10},
        section(block_id="b" * 255),
        {"type": "header", "text": plain(150)},
        {"type": "divider"},
        {
            "type": "context",
            "elements": [mrkdwn(3000), {"type": "image", "image_url": "https://e/i.png", "alt_text": "i"}] * 5,
        },
        actions(*[button(action_id=f"{'a' * 250}{number:05}") for number in range(25)]),
        actions(
            button(
                text=plain(75),
                value="v" * 2000,
                url="https://e/" + "u" * 2990,
                style="danger",
                accessibility_label="l" * 75,
                confirm=confirm(style="danger"),
            )
        ),
        image(alt_text="a" * 2000, title=plain(2000)),
        {"type": "image", "alt_text": "a", "image_url": "https://e/i.png"},
        image(slack_file={"url": "https://files.slack.com/x.png"}),
        section(accessory={"type": "overflow", "options": [option(url="https://e/")]}),
        actions({"type": "overflow", "options": options(5)}),
        actions({"type": "static_select", "options": options(100), "initial_option": option("99")}),
        actions({"type": "static_select", "options": [option("v" * 150, description=plain(75))]}),
        actions({"type": "static_select", "option_groups": [{"label": plain(75), "options": options(100)}]}),
        actions({"type": "external_select", "placeholder": plain(150), "min_query_length": 0}),
        section(
            accessory={"type": "multi_external_select", "max_selected_items": 1, "initial_options": options(1)}
        ),
        actions({"type": "checkboxes", "options": [{**option(), "text": mrkdwn(75)}, *options(9)]}),
        actions({"type": "radio_buttons", "options": options(10), "initial_option": option("3")}),
        actions({"type": "datepicker", "initial_date": "2031-12-24"}, {"type": "timepicker"}),
        actions({"type": "datetimepicker", "initial_date_time": 1_900_000_000}),
        actions({"type": "users_select"}, {"type": "conversations_select", "filter": {"include": ["public"]}}),
        field(multiline=True, initial_value="글" * 3000, placeholder=plain(150)),
        {**field(max_length=3000, min_length=3000), "hint": plain(2000), "label": plain(2000), "optional": True},
        {**field(dispatch_action_config={"trigger_actions_on": ["on_enter_pressed"]}), "dispatch_action": True},
    ],
)
def test_what_slack_takes_has_no_problem(block: dict[str, Any]) -> None:
    assert blocks_problems([block]) == []
    assert blocks_problems([block], "modal") == []


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        (section(text=mrkdwn(3001)), "blocks[0].text: 3001 characters, at most 3000"),
        (section(text=mrkdwn(0)), "blocks[0].text: 0 characters, at least 1"),
        (section(text="text"), "blocks[0].text: not a text object of type plain_text or mrkdwn"),
        (section(text={**mrkdwn(), "emoji": True}), "blocks[0].text.emoji: not known here"),
        (section(text={**plain(), "verbatim": True}), "blocks[0].text.verbatim: not known here"),
        (section(text={"type": "mrkdwn"}), "blocks[0].text.text: missing"),
        (section(txet=plain()), "blocks[0].txet: not known here"),
        ({"type": "section"}, "blocks[0]: neither text nor fields"),
        ({"type": "section", "fields": [plain()] * 11}, "blocks[0].fields: 11 items, at most 10"),
        ({"type": "section", "fields": [plain(2001)]}, "blocks[0].fields[0]: 2001 characters, at most 2000"),
        (section(block_id="b" * 256), "blocks[0].block_id: 256 characters, at most 255"),
        (section(accessory=[]), "blocks[0].accessory: element 'list' is not known here"),
        ({"type": "header", "text": plain(151)}, "blocks[0].text: 151 characters, at most 150"),
        ({"type": "header", "text": mrkdwn()}, "blocks[0].text: not a text object of type plain_text"),
        ({"type": "divider", "text": plain()}, "blocks[0].text: not known here"),
        ({"type": "video"}, "blocks[0]: block 'video' is not known here"),
        ("section", "blocks[0]: block 'str' is not known here"),
        ({"type": "context", "elements": [mrkdwn()] * 11}, "blocks[0].elements: 11 items, at most 10"),
        ({"type": "context", "elements": []}, "blocks[0].elements: 0 items, at least 1"),
        (
            {"type": "context", "elements": [button()]},
            "blocks[0].elements[0]: 'button' is neither text nor image",
        ),
        (actions(*[button()] * 26), "blocks[0].elements: 26 items, at most 25"),
        (actions(button(text=plain(76))), "blocks[0].elements[0].text: 76 characters, at most 75"),
        (actions(button(text=mrkdwn())), "blocks[0].elements[0].text: not a text object of type plain_text"),
        (actions(button(value="v" * 2001)), "blocks[0].elements[0].value: 2001 characters, at most 2000"),
        (actions(button(value=7)), "blocks[0].elements[0].value: int, not a string"),
        (
            actions(button(url="https://e/" + "u" * 2991)),
            "blocks[0].elements[0].url: 3001 characters, at most 3000",
        ),
        (
            actions(button(style="default")),
            "blocks[0].elements[0].style: 'default', not one of primary, danger",
        ),
        (
            actions(button(accessibility_label="l" * 76)),
            "blocks[0].elements[0].accessibility_label: 76 characters, at most 75",
        ),
        (actions(button(action_id="a" * 256)), "blocks[0].elements[0].action_id: 256 characters, at most 255"),
        (
            actions(button(action_id="a"), button(action_id="a")),
            "blocks[0]: the action_id 'a' stands 2 times",
        ),
        (
            actions(button(confirm=confirm(title=101))),
            "blocks[0].elements[0].confirm.title: 101 characters, at most 100",
        ),
        (
            actions(button(confirm=confirm(text=301))),
            "blocks[0].elements[0].confirm.text: 301 characters, at most 300",
        ),
        (
            actions(button(confirm=confirm(style="default"))),
            "blocks[0].elements[0].confirm.style: 'default', not one of primary, danger",
        ),
        (
            actions(button(confirm={"title": plain(), "text": plain(), "confirm": plain()})),
            "blocks[0].elements[0].confirm.deny: missing",
        ),
        (
            actions({"type": "plain_text_input"}),
            "blocks[0].elements[0]: 'plain_text_input' does not belong in actions",
        ),
        (image(alt_text=""), "blocks[0].alt_text: 0 characters, at least 1"),
        (image(alt_text="a" * 2001), "blocks[0].alt_text: 2001 characters, at most 2000"),
        (image(title=plain(2001)), "blocks[0].title: 2001 characters, at most 2000"),
        (image(image_url="https://e/i.png"), "blocks[0]: exactly one of image_url, slack_file"),
        ({"type": "image", "alt_text": "a"}, "blocks[0]: exactly one of image_url, slack_file"),
        ({"type": "image", "slack_file": {"id": "F000000001"}}, "blocks[0].alt_text: missing"),
        (image(slack_file={}), "blocks[0].slack_file: exactly one of id, url"),
        (image(slack_file={"id": "F1"}), "blocks[0].slack_file.id: 'F1' is not of the form F[A-Z0-9]{8,}"),
        (
            section(accessory={**image(), "title": plain()}),
            "blocks[0].accessory.title: not known here",
        ),
        (
            actions({"type": "overflow", "options": options(6)}),
            "blocks[0].elements[0].options: 6 items, at most 5",
        ),
        (actions({"type": "overflow", "options": []}), "blocks[0].elements[0].options: 0 items, at least 1"),
        (
            actions({"type": "static_select", "options": options(101)}),
            "blocks[0].elements[0].options: 101 items, at most 100",
        ),
        (
            actions({"type": "static_select", "options": [option("v" * 151)]}),
            "blocks[0].elements[0].options[0].value: 151 characters, at most 150",
        ),
        (
            actions({"type": "static_select", "options": [{**option(), "text": plain(76)}]}),
            "blocks[0].elements[0].options[0].text: 76 characters, at most 75",
        ),
        (
            actions({"type": "static_select", "options": [option(description=plain(76))]}),
            "blocks[0].elements[0].options[0].description: 76 characters, at most 75",
        ),
        (
            actions({"type": "static_select", "options": [option(url="https://e/")]}),
            "blocks[0].elements[0].options[0].url: not known here",
        ),
        (
            actions({"type": "static_select", "options": [option(), option()]}),
            "blocks[0].elements[0].options: the value 'a' stands 2 times",
        ),
        (
            actions({"type": "static_select", "options": options(2), "initial_option": option("2")}),
            "blocks[0].elements[0].initial_option: not among the options",
        ),
        (
            actions({"type": "static_select", "options": options(1), "option_groups": []}),
            "blocks[0].elements[0]: exactly one of options, option_groups",
        ),
        (
            actions({"type": "static_select", "options": options(1), "placeholder": plain(151)}),
            "blocks[0].elements[0].placeholder: 151 characters, at most 150",
        ),
        (
            actions({"type": "multi_static_select", "options": options(2), "initial_options": options(3)}),
            "blocks[0].elements[0].initial_options[2]: not among the options",
        ),
        (
            actions({"type": "multi_external_select", "max_selected_items": 1, "initial_options": options(2)}),
            "blocks[0].elements[0].initial_options: 2 items, at most 1",
        ),
        (
            actions({"type": "multi_external_select", "max_selected_items": 0}),
            "blocks[0].elements[0].max_selected_items: 0, not between 1 and inf",
        ),
        (
            actions({"type": "multi_external_select", "min_query_length": "1"}),
            "blocks[0].elements[0].min_query_length: str, not a whole number",
        ),
        (
            actions({"type": "checkboxes", "options": options(11)}),
            "blocks[0].elements[0].options: 11 items, at most 10",
        ),
        (
            actions({"type": "datepicker", "initial_date": "2031-02-30"}),
            "blocks[0].elements[0].initial_date: '2031-02-30' is no date like 2031-12-24",
        ),
        ({**field(), "label": plain(2001)}, "blocks[0].label: 2001 characters, at most 2000"),
        ({**field(), "hint": plain(2001)}, "blocks[0].hint: 2001 characters, at most 2000"),
        ({**field("button", text=plain())}, "blocks[0].element: 'button' does not belong in input"),
        (field(max_length=3001), "blocks[0].element.max_length: 3001, not between 1 and 3000"),
        (field(min_length=2, max_length=1), "blocks[0].element.min_length: 2, at most max_length 1"),
        (
            field(max_length=4, initial_value="다섯글자임"),
            "blocks[0].element.initial_value: 5 characters, at most 4",
        ),
        (field(initial_value="글" * 3001), "blocks[0].element.initial_value: 3001 characters, at most 3000"),
        (field(placeholder=plain(151)), "blocks[0].element.placeholder: 151 characters, at most 150"),
        (field(multiline="true"), "blocks[0].element.multiline: str, not true or false"),
        (section(text={"type": "mrkdwn", "text": "\ud83d"}), "blocks[0].text.text: cannot be encoded"),
    ],
)
def test_one_step_too_far_is_named_with_its_place(block: Any, problem: str) -> None:
    found = blocks_problems([block], "modal")
    assert any(one.startswith(problem) for one in found), found


def test_numbers_of_blocks() -> None:
    assert blocks_problems([section()] * 50) == []
    assert blocks_problems([section()] * 51) == ["blocks: 51 items, at most 50"]
    assert view_problems(modal(*[section()] * 100)) == []
    assert view_problems(modal(*[section()] * 101)) == ["blocks: 101 items, at most 100"]
    assert blocks_problems([]) == []
    assert blocks_problems([], "home") == ["blocks: 0 items, at least 1"]
    assert blocks_problems("blocks") == ["blocks: str, not a list"]
    twice = [section(block_id="a"), section(block_id="b"), section(block_id="a")]
    assert blocks_problems(twice) == ["blocks: the block_id 'a' stands 2 times"]
    assert blocks_problems([actions(button(action_id="a")), actions(button(action_id="a"))]) == []


@pytest.mark.parametrize("element", ["email_text_input", "url_text_input", "file_input"])
def test_elements_of_modals_only(element: str) -> None:
    assert blocks_problems([field(element)], "modal") == []
    assert blocks_problems([field(element)]) == [f"blocks[0].element: '{element}' does not belong on a message"]


def test_focus_is_for_one_element_of_a_view() -> None:
    focused = field(focus_on_load=True)
    assert view_problems(modal(focused, field(focus_on_load=False))) == []
    assert view_problems(modal(focused, focused)) == ["blocks[1].element.focus_on_load: a second one"]
    assert blocks_problems([focused]) == ["blocks[0].element.focus_on_load: only views can focus"]


@pytest.mark.parametrize(
    ("view", "problem"),
    [
        (modal(private_metadata="m" * 3001), "private_metadata: 3001 characters, at most 3000"),
        (modal(callback_id="c" * 256), "callback_id: 256 characters, at most 255"),
        (modal(title=plain(25)), "title: 25 characters, at most 24"),
        (modal(submit=plain(25)), "submit: 25 characters, at most 24"),
        (modal(close=plain(25)), "close: 25 characters, at most 24"),
        (modal(title=mrkdwn()), "title: not a text object of type plain_text"),
        (modal(notify_on_close="yes"), "notify_on_close: str, not true or false"),
        (modal(id="V1"), "id: not known here"),
        (
            {"type": "modal", "title": plain(), "blocks": [field()]},
            "submit: missing, though there are input blocks",
        ),
        ({"type": "modal", "blocks": [section()]}, "title: missing"),
        ({"type": "home", "title": plain(), "blocks": [section()]}, "title: not known here"),
        ({"type": "Modal"}, "view.type: 'Modal' is neither modal nor home"),
        (
            modal(*[section(text=mrkdwn(1000))] * 90),
            "275754 bytes of JSON, at most 250000",
        ),  # a Korean letter is three bytes
    ],
)
def test_views(view: dict[str, Any], problem: str) -> None:
    (found,) = view_problems(view)
    assert found.startswith(problem)


def test_valid_views_and_messages() -> None:
    assert problems(modal(field(), private_metadata="m" * 3000, callback_id="c" * 255)) == []
    assert problems({"type": "home", "blocks": [section()]}) == []
    assert problems([section()]) == []
    assert problems({"text": "글" * 40_000, "blocks": []}) == []
    metadata = {"event_type": "answered", "event_payload": {"id": 1}}
    assert problems({"text": "", "blocks": [section()], "metadata": metadata, "unfurl_links": False}) == []


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ({"text": "a" * 40_001}, "text: 40001 characters, at most 40000"),
        ({"text": ""}, "neither text nor blocks"),
        ({"txet": "a", "text": "b"}, "txet: not known here"),
        ({"text": "a", "attachments": [{"text": "b"}]}, "attachments: not known here"),
        ({"text": "a", "metadata": {"event_type": "a"}}, "metadata.event_payload: missing"),
        (
            {"text": "a", "metadata": {"event_type": "a", "event_payload": {"\ud83d": 1}}},
            "metadata.event_payload: ",
        ),
        ({"text": "a", "response_type": "all"}, "response_type: 'all', not one of in_channel, ephemeral"),
        ({"text": "half \ud83d"}, "text: cannot be encoded"),
        ([], "list, not an object"),
    ],
)
def test_messages(message: Any, problem: str) -> None:
    (found,) = message_problems(message)
    assert found.startswith(problem)


def test_answers_to_suggestions() -> None:
    assert options_problems({"options": []}) == []
    assert options_problems({"options": options(100)}) == []
    assert options_problems({"option_groups": [{"label": plain(75), "options": options(1)}]}) == []
    assert options_problems({"options": options(101)}) == ["options: 101 items, at most 100"]
    assert options_problems({"options": [option("v" * 151)]}) == ["options[0].value: 151 characters, at most 150"]
    assert options_problems({}) == ["exactly one of options, option_groups"]
    assert options_problems(None) == ["NoneType, not an object"]
    assert options_problems({"options": [option(), option()]}) == ["options: the value 'a' stands 2 times"]
    twice = [{"label": plain(), "options": options(1)}] * 2
    assert options_problems({"option_groups": twice}) == ["option_groups: the value '0' stands 2 times"]
    assert options_problems({"option_groups": [{"label": plain(76), "options": options(1)}]}) == [
        "option_groups[0].label: 76 characters, at most 75"
    ]


def test_checking_changes_nothing() -> None:
    view = modal(field(), section(block_id="b", accessory=button(confirm=confirm())))
    before = copy.deepcopy(view)
    assert view_problems(view) == []
    assert view == before

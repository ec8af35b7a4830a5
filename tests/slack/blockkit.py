"""Block Kit's documented limits, checked strictly: what passes here, Slack takes as well.

The figures are those of docs.slack.dev/reference/block-kit and /reference/views; characters are counted as Python
counts them. A key, an element or a block that is not known here is a problem too, so that typing errors are found:
attachments, video, rich text and the other blocks that nobody here sends are among them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

Surface: TypeAlias = Literal["message", "modal", "home"]
Rule: TypeAlias = Callable[["_Check", str, Any], None]

VIEW_BYTES = 250_000
_EVERYWHERE = frozenset[str]({"message", "modal", "home"})
_BLOCKS_AT_MOST = {"message": 50, "modal": 100, "home": 100}


def problems(thing: Any, surface: Surface = "message") -> list[str]:
    """What Slack would refuse in a list of blocks (for `surface`), a view or a message."""
    if isinstance(thing, list):
        return blocks_problems(thing, surface)
    if isinstance(thing, Mapping) and thing.get("type") in ("modal", "home"):
        return view_problems(thing)
    return message_problems(thing)


def blocks_problems(blocks: Any, surface: Surface = "message") -> list[str]:
    check = _Check(surface)
    _blocks(check, "blocks", blocks)
    return [*_unencodable("blocks", blocks), *check.found]


def message_problems(message: Any) -> list[str]:
    """`message` as it goes to chat.postMessage, its kin, or a response_url."""
    check = _Check("message")
    if check.fields("", message, {}, _MESSAGE) and not (message.get("text") or message.get("blocks")):
        check.say("", "neither text nor blocks")
    return [*_unencodable("", message), *check.found]


def view_problems(view: Any) -> list[str]:
    kind = view.get("type") if isinstance(view, Mapping) else None
    if kind not in _VIEWS:
        return [f"view.type: {kind!r} is neither modal nor home"]
    check = _Check(kind)
    required, optional = _VIEWS[kind]
    check.fields("", view, required, optional)
    if "submit" not in view and any(_type(block) == "input" for block in _listed(view.get("blocks"))):
        check.say("submit", "missing, though there are input blocks")
    found = [*_unencodable("", view), *check.found]
    if not found and (size := len(json.dumps(view, ensure_ascii=False).encode())) > VIEW_BYTES:
        found.append(f"{size} bytes of JSON, at most {VIEW_BYTES}")
    return found


def options_problems(payload: Any) -> list[str]:
    """What Slack would refuse in the answer to a block_suggestion; no options at all is a fair answer."""
    check = _Check("modal")
    rules = {"options": _options(0), "option_groups": _option_groups}
    if check.fields("", payload, {}, rules) and ("options" in payload) == ("option_groups" in payload):
        check.say("", "exactly one of options, option_groups")
    return [*_unencodable("", payload), *check.found]


def elements(block: Any) -> list[tuple[str, dict[str, Any]]]:
    """The elements of a block, each with where it stands in it."""
    if not isinstance(block, Mapping):
        return []
    found = [(f"elements[{at}]", element) for at, element in enumerate(_listed(block.get("elements")))]
    found += [(key, block[key]) for key in ("accessory", "element") if key in block]
    return [(where, element) for where, element in found if isinstance(element, dict)]


class _Check:
    """Gathers what is wrong on a surface, each with where it is."""

    def __init__(self, surface: str) -> None:
        self.surface = surface
        self.found: list[str] = []
        self.focused = False

    def say(self, where: str, what: str) -> None:
        self.found.append(f"{where}: {what}" if where else what)

    def fields(self, where: str, thing: Any, required: Mapping[str, Rule], optional: Mapping[str, Rule]) -> bool:
        """Whether it is an object at all; each field is held to its rule, others must not be there."""
        if not isinstance(thing, Mapping):
            self.say(where, f"{type(thing).__name__}, not an object")
            return False
        for key in required:
            if key not in thing:
                self.say(f"{where}.{key}" if where else key, "missing")
        for key, value in thing.items():
            path = f"{where}.{key}" if where else str(key)
            if rule := required.get(key) or optional.get(key):
                rule(self, path, value)
            else:
                self.say(path, "not known here")
        return True

    def items(self, where: str, value: Any, least: int, most: int) -> Sequence[Any]:
        if not isinstance(value, list):
            self.say(where, f"{type(value).__name__}, not a list")
            return []
        if not least <= len(value) <= most:
            limit = f"at least {least}" if len(value) < least else f"at most {most}"
            self.say(where, f"{len(value)} items, {limit}")
        return value


@dataclass(frozen=True)
class _Shape:
    """A block or an element: its fields, where it may stand, and what must hold between its fields."""

    required: Mapping[str, Rule]
    optional: Mapping[str, Rule]
    places: frozenset[str]
    surfaces: frozenset[str] = _EVERYWHERE
    between: Callable[[_Check, str, Mapping[str, Any], str], None] | None = None

    def hold(self, check: _Check, where: str, thing: Mapping[str, Any], place: str) -> None:
        if place not in self.places:
            check.say(where, f"{thing['type']!r} does not belong in {place}")
        elif check.surface not in self.surfaces:
            check.say(where, f"{thing['type']!r} does not belong on a {check.surface}")
        check.fields(where, thing, self.required, {"type": _anything, **self.optional})
        if self.between:
            self.between(check, where, thing, place)


# ---- rules for single values


def _anything(check: _Check, where: str, value: Any) -> None:
    """It was looked at elsewhere."""


def _string(most: int, least: int = 1, pattern: str = "") -> Rule:
    def rule(check: _Check, where: str, value: Any) -> None:
        if not isinstance(value, str):
            check.say(where, f"{type(value).__name__}, not a string")
        elif len(value) > most:
            check.say(where, f"{len(value)} characters, at most {most}")
        elif len(value) < least:
            check.say(where, f"{len(value)} characters, at least {least}")
        elif pattern and not re.fullmatch(pattern, value):
            check.say(where, f"{value!r} is not of the form {pattern}")

    return rule


def _text(most: int, *kinds: str) -> Rule:
    """A text object of one of `kinds`."""
    length = _string(most)

    def rule(check: _Check, where: str, value: Any) -> None:
        kind = _type(value)
        if not isinstance(value, Mapping) or kind not in kinds:
            check.say(where, f"not a text object of type {' or '.join(kinds)}")
            return
        special = {"emoji" if kind == "plain_text" else "verbatim": _flag}
        check.fields(where, value, {"text": _anything}, {"type": _anything, **special})
        if "text" in value:
            length(check, where, value["text"])

    return rule


def _plain(most: int) -> Rule:
    return _text(most, "plain_text")


def _flag(check: _Check, where: str, value: Any) -> None:
    if not isinstance(value, bool):
        check.say(where, f"{type(value).__name__}, not true or false")


def _number(least: int, most: float = float("inf")) -> Rule:
    def rule(check: _Check, where: str, value: Any) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            check.say(where, f"{type(value).__name__}, not a whole number")
        elif not least <= value <= most:
            check.say(where, f"{value}, not between {least} and {most}")

    return rule


def _one_of(*allowed: str) -> Rule:
    def rule(check: _Check, where: str, value: Any) -> None:
        if value not in allowed:
            check.say(where, f"{value!r}, not one of {', '.join(allowed)}")

    return rule


def _list(rule: Rule, least: int, most: int) -> Rule:
    def each(check: _Check, where: str, value: Any) -> None:
        for at, item in enumerate(check.items(where, value, least, most)):
            rule(check, f"{where}[{at}]", item)

    return each


def _focus(check: _Check, where: str, value: Any) -> None:
    _flag(check, where, value)
    if value is True:
        if check.surface == "message":
            check.say(where, "only views can focus")
        elif check.focused:
            check.say(where, "a second one")
        check.focused = True


def _date(check: _Check, where: str, value: Any) -> None:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            raise ValueError
        date.fromisoformat(value)
    except (ValueError, TypeError):
        check.say(where, f"{value!r} is no date like 2031-12-24")


# ---- composition objects

_ACTION_ID = _string(255)
_BLOCK_ID = _string(255)
_URL = _string(3000, pattern=r"https?://\S+")
_LINK = _string(3000, pattern=r"[a-z][a-z0-9+.-]*:\S+")  # a button may also open another app
_EITHER_TEXT = ("plain_text", "mrkdwn")


def _confirm(check: _Check, where: str, value: Any) -> None:
    texts = {"title": _plain(100), "text": _plain(300), "confirm": _plain(30), "deny": _plain(30)}
    check.fields(where, value, texts, {"style": _one_of("primary", "danger")})


def _option(*kinds: str, link: bool = False) -> Rule:
    required = {"text": _text(75, *kinds), "value": _string(150)}
    optional = {"description": _text(75, *kinds), **({"url": _URL} if link else {})}
    return lambda check, where, value: _ignore(check.fields(where, value, required, optional))


def _ignore(_: object) -> None:
    """A lambda has no statement for it."""


def _options(least: int, most: int = 100, option: Rule | None = None) -> Rule:
    each = _list(option or _option("plain_text"), least, most)

    def rule(check: _Check, where: str, value: Any) -> None:
        each(check, where, value)
        _values_differ(check, where, _listed(value))

    return rule


def _option_groups(check: _Check, where: str, value: Any) -> None:
    group = {"label": _plain(75), "options": _list(_option("plain_text"), 1, 100)}
    _list(lambda inner, path, item: _ignore(inner.fields(path, item, group, {})), 1, 100)(check, where, value)
    _values_differ(check, where, [option for item in _listed(value) for option in _options_of(item)])


def _values_differ(check: _Check, where: str, options: Sequence[Any]) -> None:
    counted = Counter(str(option.get("value")) for option in options if isinstance(option, Mapping))
    for value, times in counted.items():
        if times > 1:
            check.say(where, f"the value {value!r} stands {times} times")


def _dispatch(check: _Check, where: str, value: Any) -> None:
    when = _list(_one_of("on_enter_pressed", "on_character_entered"), 1, 2)
    check.fields(where, value, {"trigger_actions_on": when}, {})


def _filter(check: _Check, where: str, value: Any) -> None:
    include = _list(_one_of("im", "mpim", "private", "public"), 1, 4)
    flags = {"exclude_external_shared_channels": _flag, "exclude_bot_users": _flag}
    if check.fields(where, value, {}, {"include": include, **flags}) and not value:
        check.say(where, "empty")


def _slack_file(check: _Check, where: str, value: Any) -> None:
    rules = {"id": _string(255, pattern="F[A-Z0-9]{8,}"), "url": _URL}
    if check.fields(where, value, {}, rules) and len(value) != 1:
        check.say(where, "exactly one of id, url")


# ---- what must hold between the fields of one thing


def _one_source(check: _Check, where: str, image: Mapping[str, Any], place: str) -> None:
    if ("image_url" in image) == ("slack_file" in image):
        check.say(where, "exactly one of image_url, slack_file")


def _chosen_exist(check: _Check, where: str, element: Mapping[str, Any], place: str) -> None:
    """Options stand in one of two ways, and what is chosen at first is among them."""
    if "select" in element["type"] and ("options" in element) == ("option_groups" in element):
        check.say(where, "exactly one of options, option_groups")
    there = _options_of(element) + [
        option for group in _listed(element.get("option_groups")) for option in _options_of(group)
    ]
    if "initial_option" in element and element["initial_option"] not in there:
        check.say(f"{where}.initial_option", "not among the options")
    for at, option in enumerate(_listed(element.get("initial_options"))):
        if option not in there:
            check.say(f"{where}.initial_options[{at}]", "not among the options")
    _not_too_many(check, where, element, place)


def _not_too_many(check: _Check, where: str, element: Mapping[str, Any], place: str) -> None:
    most = element.get("max_selected_items")
    for key, value in element.items():
        if key.startswith("initial_") and isinstance(value, list) and isinstance(most, int) and len(value) > most:
            check.say(f"{where}.{key}", f"{len(value)} items, at most {most}")


def _conversations(check: _Check, where: str, element: Mapping[str, Any], place: str) -> None:
    if "response_url_enabled" in element and (check.surface, place) != ("modal", "input"):
        check.say(f"{where}.response_url_enabled", "only in input blocks of modals")
    _not_too_many(check, where, element, place)


def _lengths_agree(check: _Check, where: str, element: Mapping[str, Any], place: str) -> None:
    least, most, value = (element.get(key) for key in ("min_length", "max_length", "initial_value"))
    most = most if isinstance(most, int) else 3000
    if isinstance(least, int) and least > most:
        check.say(f"{where}.min_length", f"{least}, at most max_length {most}")
    if isinstance(value, str) and len(value) > most:
        check.say(f"{where}.initial_value", f"{len(value)} characters, at most {most}")


def _text_or_fields(check: _Check, where: str, block: Mapping[str, Any], place: str) -> None:
    if "text" not in block and "fields" not in block:
        check.say(where, "neither text nor fields")


def _no_dispatch_of_files(check: _Check, where: str, block: Mapping[str, Any], place: str) -> None:
    if block.get("dispatch_action") and _type(block.get("element")) == "file_input":
        check.say(f"{where}.dispatch_action", "not with file_input")


# ---- elements

_IN_ACTIONS = frozenset({"section", "actions"})
_INTERACTIVE = frozenset({"section", "actions", "input"})
_IN_INPUT = frozenset({"input"})
_ONLY_MODALS = frozenset({"modal"})

_ACTION: dict[str, Rule] = {"action_id": _ACTION_ID, "confirm": _confirm}
_FIELD: dict[str, Rule] = {"action_id": _ACTION_ID, "placeholder": _plain(150), "focus_on_load": _focus}
_PICKER: dict[str, Rule] = {**_ACTION, **_FIELD}
_MULTI: dict[str, Rule] = {**_PICKER, "max_selected_items": _number(1)}
_STATIC: dict[str, Rule] = {"options": _options(1), "option_groups": _option_groups}
_TICKED = _option(*_EITHER_TEXT)
_IMAGE: dict[str, Rule] = {"image_url": _URL, "slack_file": _slack_file}
_ID = _string(255)
_IDS = _list(_ID, 1, 1000)
_SENDING: dict[str, Rule] = {**_FIELD, "initial_value": _string(3000), "dispatch_action_config": _dispatch}
_CONVERSATION: dict[str, Rule] = {"default_to_current_conversation": _flag, "filter": _filter}

_ELEMENTS: dict[str, _Shape] = {
    "button": _Shape(
        {"text": _plain(75)},
        {
            **_ACTION,
            "url": _LINK,
            "value": _string(2000),
            "style": _one_of("primary", "danger"),
            "accessibility_label": _string(75),
        },
        _IN_ACTIONS,
    ),
    "overflow": _Shape(
        {"options": _options(1, 5, _option("plain_text", link=True))},
        _ACTION,
        _IN_ACTIONS,
    ),
    "image": _Shape({"alt_text": _string(2000)}, _IMAGE, frozenset({"section", "context"}), between=_one_source),
    "checkboxes": _Shape(
        {"options": _options(1, 10, _TICKED)},
        {**_ACTION, "focus_on_load": _focus, "initial_options": _options(1, 10, _TICKED)},
        _INTERACTIVE,
        between=_chosen_exist,
    ),
    "radio_buttons": _Shape(
        {"options": _options(1, 10, _TICKED)},
        {**_ACTION, "focus_on_load": _focus, "initial_option": _TICKED},
        _INTERACTIVE,
        between=_chosen_exist,
    ),
    "static_select": _Shape(
        {}, {**_PICKER, **_STATIC, "initial_option": _option("plain_text")}, _INTERACTIVE, between=_chosen_exist
    ),
    "multi_static_select": _Shape(
        {}, {**_MULTI, **_STATIC, "initial_options": _options(1)}, _INTERACTIVE, between=_chosen_exist
    ),
    "external_select": _Shape(
        {},
        {**_PICKER, "min_query_length": _number(0), "initial_option": _option("plain_text")},
        _INTERACTIVE,
    ),
    "multi_external_select": _Shape(
        {},
        {**_MULTI, "min_query_length": _number(0), "initial_options": _options(1)},
        _INTERACTIVE,
        between=_not_too_many,
    ),
    "users_select": _Shape({}, {**_PICKER, "initial_user": _ID}, _INTERACTIVE),
    "multi_users_select": _Shape({}, {**_MULTI, "initial_users": _IDS}, _INTERACTIVE, between=_not_too_many),
    "conversations_select": _Shape(
        {},
        {**_PICKER, **_CONVERSATION, "initial_conversation": _ID, "response_url_enabled": _flag},
        _INTERACTIVE,
        between=_conversations,
    ),
    "multi_conversations_select": _Shape(
        {}, {**_MULTI, **_CONVERSATION, "initial_conversations": _IDS}, _INTERACTIVE, between=_conversations
    ),
    "channels_select": _Shape(
        {},
        {**_PICKER, "initial_channel": _ID, "response_url_enabled": _flag},
        _INTERACTIVE,
        between=_conversations,
    ),
    "multi_channels_select": _Shape({}, {**_MULTI, "initial_channels": _IDS}, _INTERACTIVE, between=_not_too_many),
    "datepicker": _Shape({}, {**_PICKER, "initial_date": _date}, _INTERACTIVE),
    "timepicker": _Shape(
        {},
        {**_PICKER, "initial_time": _string(5, pattern=r"([01]\d|2[0-3]):[0-5]\d"), "timezone": _string(255)},
        _INTERACTIVE,
    ),
    "datetimepicker": _Shape(
        {},
        {**_ACTION, "focus_on_load": _focus, "initial_date_time": _number(10**9, 10**10 - 1)},
        frozenset({"actions", "input"}),
        frozenset({"message", "modal"}),
    ),
    "plain_text_input": _Shape(
        {},
        {
            **_SENDING,
            "initial_value": _string(3000, 0),
            "multiline": _flag,
            "min_length": _number(0, 3000),
            "max_length": _number(1, 3000),
        },
        _IN_INPUT,
        between=_lengths_agree,
    ),
    "email_text_input": _Shape({}, _SENDING, _IN_INPUT, _ONLY_MODALS),
    "url_text_input": _Shape({}, _SENDING, _IN_INPUT, _ONLY_MODALS),
    "number_input": _Shape(
        {"is_decimal_allowed": _flag},
        {**_SENDING, "min_value": _string(255), "max_value": _string(255)},
        _IN_INPUT,
        _ONLY_MODALS,
    ),
    "file_input": _Shape(
        {},
        {"action_id": _ACTION_ID, "filetypes": _list(_string(255), 1, 1000), "max_files": _number(1, 10)},
        _IN_INPUT,
        _ONLY_MODALS,
    ),
}


def _element(place: str) -> Rule:
    def rule(check: _Check, where: str, value: Any) -> None:
        if shape := _ELEMENTS.get(_type(value)):
            shape.hold(check, where, value, place)
        else:
            check.say(where, f"element {_type(value)!r} is not known here")

    return rule


def _context_element(check: _Check, where: str, value: Any) -> None:
    if _type(value) in _EITHER_TEXT:
        _text(3000, *_EITHER_TEXT)(check, where, value)
    elif _type(value) == "image":
        _element("context")(check, where, value)
    else:
        check.say(where, f"{_type(value)!r} is neither text nor image")


# ---- blocks, messages and views

_TOP = frozenset({"blocks"})
_BLOCKS: dict[str, _Shape] = {
    "section": _Shape(
        {},
        {
            "text": _text(3000, *_EITHER_TEXT),
            "fields": _list(_text(2000, *_EITHER_TEXT), 1, 10),
            "accessory": _element("section"),
            "expand": _flag,
        },
        _TOP,
        between=_text_or_fields,
    ),
    "header": _Shape({"text": _plain(150)}, {}, _TOP),
    "divider": _Shape({}, {}, _TOP),
    "context": _Shape({"elements": _list(_context_element, 1, 10)}, {}, _TOP),
    "actions": _Shape({"elements": _list(_element("actions"), 1, 25)}, {}, _TOP),
    "image": _Shape({"alt_text": _string(2000)}, {**_IMAGE, "title": _plain(2000)}, _TOP, between=_one_source),
    "input": _Shape(
        {"label": _plain(2000), "element": _element("input")},
        {"hint": _plain(2000), "optional": _flag, "dispatch_action": _flag},
        _TOP,
        between=_no_dispatch_of_files,
    ),
}


def _blocks(check: _Check, where: str, value: Any) -> None:
    least = 0 if check.surface == "message" else 1  # an empty list takes a message's blocks away
    ids: Counter[str] = Counter()
    for at, block in enumerate(check.items(where, value, least, _BLOCKS_AT_MOST[check.surface])):
        path = f"{where}[{at}]"
        shape = _BLOCKS.get(_type(block))
        if shape is None:
            check.say(path, f"block {_type(block)!r} is not known here")
            continue
        if "block_id" in block:
            _BLOCK_ID(check, f"{path}.block_id", block["block_id"])
            ids[str(block["block_id"])] += 1
        without = {key: item for key, item in block.items() if key != "block_id"}
        shape.hold(check, path, without, "blocks")
        actions = Counter(str(element["action_id"]) for _, element in elements(block) if "action_id" in element)
        for action, times in actions.items():
            if times > 1:
                check.say(path, f"the action_id {action!r} stands {times} times")
    for block_id, times in ids.items():
        if times > 1:
            check.say(where, f"the block_id {block_id!r} stands {times} times")


def _metadata(check: _Check, where: str, value: Any) -> None:
    def payload(inner: _Check, path: str, item: Any) -> None:
        if not isinstance(item, Mapping):
            inner.say(path, f"{type(item).__name__}, not an object")

    check.fields(where, value, {"event_type": _string(255), "event_payload": payload}, {})


def _no_attachments(check: _Check, where: str, value: Any) -> None:
    if value != []:
        check.say(where, "not known here")


_MESSAGE: dict[str, Rule] = {
    "text": _string(40_000, 0),
    "blocks": _blocks,
    "attachments": _no_attachments,
    "metadata": _metadata,
    "thread_ts": _string(32),
    "response_type": _one_of("in_channel", "ephemeral"),
    **dict.fromkeys(
        (
            "replace_original",
            "delete_original",
            "unfurl_links",
            "unfurl_media",
            "reply_broadcast",
            "mrkdwn",
            "link_names",
        ),
        _flag,
    ),
    "parse": _one_of("none", "full"),
}
_VIEW_OPTIONAL: dict[str, Rule] = {
    "type": _anything,
    "private_metadata": _string(3000, 0),
    "callback_id": _string(255),
    "external_id": _string(255, 0),
}
_VIEWS: dict[str, tuple[dict[str, Rule], dict[str, Rule]]] = {
    "modal": (
        {"title": _plain(24), "blocks": _blocks},
        {
            **_VIEW_OPTIONAL,
            "submit": _plain(24),
            "close": _plain(24),
            "clear_on_close": _flag,
            "notify_on_close": _flag,
        },
    ),
    "home": ({"blocks": _blocks}, _VIEW_OPTIONAL),
}


# ---- helpers that bear with anything


def _type(thing: Any) -> str:
    return str(thing.get("type")) if isinstance(thing, Mapping) else type(thing).__name__


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _options_of(thing: Any) -> list[Any]:
    return _listed(thing.get("options")) if isinstance(thing, Mapping) else []


def _unencodable(where: str, thing: Any) -> Iterator[str]:
    """Where something is that JSON in UTF-8 cannot carry, half a surrogate pair for one."""
    if isinstance(thing, Mapping):
        for key, value in thing.items():
            if not isinstance(key, str) or _why_not(key):
                yield f"{where}: the key {key!r} cannot be encoded"
            else:
                yield from _unencodable(f"{where}.{key}" if where else key, value)
    elif isinstance(thing, (list, tuple)):
        for at, value in enumerate(thing):
            yield from _unencodable(f"{where}[{at}]", value)
    elif reason := _why_not(thing):
        yield f"{where}: cannot be encoded ({reason})"


def _why_not(thing: Any) -> str:
    try:
        json.dumps(thing, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        return str(error)
    return ""

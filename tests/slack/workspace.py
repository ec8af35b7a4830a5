"""What a Slack workspace remembers, and the methods of the Web API that change it; no network is in here."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import math
import mimetypes
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.slack import blockkit

BOT_TOKEN = "xoxb-test"  # noqa: S105
APP_TOKEN = "xapp-test"  # noqa: S105
TEAM = "T1"
BOT_USER = "UBOT"
BOT_ID = "B1"
APP_ID = "A1"
WEB = "https://team.slack.com"
ALL_SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "users:read",
    "users:read.email",
)
_IMAGES = ("image/png", "image/jpeg", "image/gif")
_MODALS_ON_A_STACK = 3
_RESPONSES = 5


class ApiError(Exception):
    """An answer that is not ok; `more` goes into it as well."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer = {"ok": False, "error": error, **more}


@dataclass
class User:
    id: str
    name: str
    email: str | None = None
    locale: str = "ko-KR"
    tz: str = "Asia/Seoul"
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_email_confirmed: bool = True
    deleted: bool = False
    team_id: str = TEAM


@dataclass
class Channel:
    """`members` are the people in it, None for everybody; the bot is in it where `is_member`."""

    id: str
    name: str = ""
    is_private: bool = False
    is_member: bool = True
    is_archived: bool = False
    is_ext_shared: bool = False
    user: str | None = None
    members: Collection[str] | None = None

    @property
    def kind(self) -> str:
        """As scopes name it."""
        return "im" if self.user else "groups" if self.is_private else "channels"


@dataclass
class SlackFile:
    """`content` is what was uploaded; `completed` says when, by time.monotonic()."""

    id: str
    name: str
    length: int
    title: str = ""
    alt_text: str = ""
    content: bytes | None = None
    completed: float | None = None
    shared_in: list[str] = field(default_factory=list)
    deleted: bool = False

    @property
    def mimetype(self) -> str:
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"


@dataclass
class _Trigger:
    user: str
    view_id: str | None
    made: float
    used: bool = False


@dataclass
class ResponseUrl:
    channel: str
    user: str
    message_ts: str | None
    made: float
    used: int = 0


class Workspace:
    """A team with the bot UBOT in it, a person U1 and a public channel C1.

    Attributes:
        scopes: what the bot may do.
        problems: what Slack would have refused of what the app sent, however the app took it.
        file_ready_after: seconds from the end of an upload until its picture can stand in a message.
        trigger_seconds: how long a trigger is good for.
        response_url_seconds: how long a response_url is.
        view_errors: the errors last shown in each view, by block.
        homes: the view each person has on the app's Home tab.
    """

    def __init__(self) -> None:
        self.scopes: set[str] = set(ALL_SCOPES)
        self.problems: list[str] = []
        self.file_ready_after = 0.0
        self.trigger_seconds = 3.0
        self.response_url_seconds = 30 * 60.0
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, SlackFile] = {}
        self.homes: dict[str, dict[str, Any]] = {}
        self.view_errors: dict[str, dict[str, str]] = {}
        self.changed = threading.Condition()
        self._messages: dict[str, list[dict[str, Any]]] = {}
        self._ephemerals: list[dict[str, Any]] = []
        self._views: dict[str, dict[str, Any]] = {}
        self._view_users: dict[str, str] = {}
        self._triggers: dict[str, _Trigger] = {}
        self._response_urls: dict[str, ResponseUrl] = {}
        self._ids = 0
        self._last_ts = 0
        self.add_user(BOT_USER, "vsearch", is_bot=True)
        self.add_user("U1", "Mina", email="mina@example.com")
        self.add_channel("C1", "library")
        self._methods: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "auth.test": self._auth_test,
            "users.info": self._users_info,
            "users.lookupByEmail": self._users_lookup_by_email,
            "conversations.info": self._conversations_info,
            "conversations.open": self._conversations_open,
            "conversations.history": self._conversations_history,
            "chat.postMessage": self._chat_post_message,
            "chat.postEphemeral": self._chat_post_ephemeral,
            "chat.update": self._chat_update,
            "chat.delete": self._chat_delete,
            "chat.getPermalink": self._chat_get_permalink,
            "views.open": self._views_open,
            "views.push": self._views_push,
            "views.update": self._views_update,
            "views.publish": self._views_publish,
            "files.getUploadURLExternal": self._files_get_upload_url,
            "files.completeUploadExternal": self._files_complete_upload,
            "files.info": self._files_info,
            "files.delete": self._files_delete,
        }

    @property
    def origin(self) -> str:
        """Where uploads, files and response URLs are served."""
        raise NotImplementedError

    # ---- what a test sets up and looks at

    def add_user(self, user_id: str, name: str, email: str | None = None, **more: Any) -> User:
        """`more`: locale, tz, is_bot, is_restricted, is_ultra_restricted, is_email_confirmed, deleted, team_id."""
        with self.changed:
            user = self.users[user_id] = User(user_id, name, email, **more)
        return user

    def add_channel(self, channel_id: str, name: str = "", **more: Any) -> Channel:
        """`more`: is_private, is_member, is_archived, is_ext_shared, members."""
        with self.changed:
            channel = self.channels[channel_id] = Channel(channel_id, name or channel_id.lower(), **more)
        return channel

    def add_message(self, text: str, user: str = "U1", channel: str = "C1", **more: Any) -> dict[str, Any]:
        """What a person wrote."""
        with self.changed:
            message = {"type": "message", "user": user, "team": TEAM, "text": text, "ts": self._ts(), **more}
            self._messages.setdefault(channel, []).append(message)
            return copy.deepcopy(message)

    def messages(self, channel: str = "C1") -> list[dict[str, Any]]:
        """What stands in a channel, as it was posted or last updated, oldest first."""
        with self.changed:
            return copy.deepcopy(self._messages.get(channel, []))

    def message(self, ts: str, channel: str = "C1") -> dict[str, Any] | None:
        return next((message for message in self.messages(channel) if message["ts"] == ts), None)

    @property
    def ephemerals(self) -> list[dict[str, Any]]:
        """What only one person sees, each with its `channel` and `to`; oldest first."""
        with self.changed:
            return copy.deepcopy(self._ephemerals)

    def view(self, view_id: str) -> dict[str, Any] | None:
        """A view as it is now; None if it is closed."""
        with self.changed:
            return copy.deepcopy(self._views.get(view_id))

    @property
    def views(self) -> list[dict[str, Any]]:
        """The open modals, the newest last."""
        with self.changed:
            return copy.deepcopy(list(self._modals().values()))

    def _modals(self) -> dict[str, dict[str, Any]]:
        return {key: view for key, view in self._views.items() if view["type"] == "modal"}

    def dismiss(self, view_id: str) -> None:
        """A person closes a modal that asked for no word of it."""
        with self.changed:
            self._views.pop(view_id, None)

    def trigger(self, user: str = "U1", view_id: str | None = None) -> str:
        """A fresh trigger_id; one that a press in a modal makes knows its `view_id`."""
        with self.changed:
            trigger_id = f"{self._number()}.{time.time_ns()}.{secrets.token_hex(16)}"
            self._triggers[trigger_id] = _Trigger(user, view_id, time.monotonic())
        return trigger_id

    def response_url(self, channel: str = "C1", user: str = "U1", message_ts: str | None = None) -> str:
        """A fresh one; `message_ts` is the message that replace_original and delete_original mean."""
        with self.changed:
            key = f"{self._number()}{secrets.token_hex(12)}"
            self._response_urls[key] = ResponseUrl(channel, user, message_ts, time.monotonic())
        return f"{self.origin}/response/{key}"

    # ---- calls

    def call(self, method: str, arguments: dict[str, Any], token: str | None) -> dict[str, Any]:
        """The answer to a call of the Web API."""
        with self.changed:
            try:
                self._authenticate(method, token)
                return {"ok": True, **self._methods[method](arguments)}
            except ApiError as error:
                return error.answer

    def _authenticate(self, method: str, token: str | None) -> None:
        if token is None:
            raise ApiError("not_authed")
        if token not in (BOT_TOKEN, APP_TOKEN):
            raise ApiError("invalid_auth")
        if method not in self._methods:
            raise ApiError("unknown_method", req_method=method)
        if (token == APP_TOKEN) != (method == "apps.connections.open"):
            raise ApiError("not_allowed_token_type")

    def _need(self, scope: str) -> None:
        if scope not in self.scopes:
            raise ApiError("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    def _auth_test(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "url": f"{WEB}/",
            "team": "Team",
            "user": "vsearch",
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT_ID,
            "is_enterprise_install": False,
        }

    # ---- users and conversations

    def _users_info(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._need("users:read")
        user = self.users.get(arguments.get("user", ""))
        if user is None:
            raise ApiError("user_not_found")
        return {"user": self._user_object(user, bool(arguments.get("include_locale")))}

    def _users_lookup_by_email(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._need("users:read.email")
        email = str(arguments.get("email", "")).casefold()
        for user in self.users.values():
            if user.email and user.email.casefold() == email and not user.deleted:
                return {"user": self._user_object(user, with_locale=False)}
        raise ApiError("users_not_found")

    def _user_object(self, user: User, with_locale: bool) -> dict[str, Any]:
        profile = {"real_name": user.name, "display_name": user.name, "team": user.team_id}
        if user.email and "users:read.email" in self.scopes:
            profile["email"] = user.email
        about = {
            "id": user.id,
            "team_id": user.team_id,
            "name": user.name.casefold(),
            "real_name": user.name,
            "deleted": user.deleted,
            "is_bot": user.is_bot,
            "profile": profile,
        }
        if user.deleted:
            return about  # of those who left, Slack tells no more
        flags = {
            "is_restricted": user.is_restricted,
            "is_ultra_restricted": user.is_ultra_restricted,
            "is_email_confirmed": user.is_email_confirmed,
        }
        others = dict.fromkeys(("is_admin", "is_owner", "is_primary_owner", "is_app_user"), False)
        locale = {"locale": user.locale} if with_locale else {}
        return {**about, **flags, **others, "tz": user.tz, **locale}

    def _channel(self, channel_id: Any) -> Channel:
        """Where `channel_id` leads; that of a person, to the direct messages with them."""
        if channel_id in self.users:
            return self._direct(channel_id)
        channel = self.channels.get(channel_id)
        if channel is None or (channel.is_private and not channel.is_member):
            raise ApiError("channel_not_found")
        return channel

    def _direct(self, user: str) -> Channel:
        return self.channels.setdefault(f"D{user}", Channel(f"D{user}", is_private=True, user=user))

    def _conversations_info(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments.get("channel"))
        self._need(f"{channel.kind}:read")
        about: dict[str, Any] = {
            "id": channel.id,
            "is_channel": channel.kind == "channels",
            "is_group": channel.kind == "groups",
            "is_im": channel.kind == "im",
            "is_mpim": False,
            "is_private": channel.is_private,
            "is_archived": channel.is_archived,
            "is_ext_shared": channel.is_ext_shared,
            "is_shared": channel.is_ext_shared,
            "context_team_id": TEAM,
        }
        if channel.user:
            return {"channel": {**about, "user": channel.user}}
        return {"channel": {**about, "name": channel.name, "is_member": channel.is_member}}

    def _conversations_open(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._need("im:write")
        if arguments.get("channel"):
            channel = self._channel(arguments["channel"])
        else:
            user = self.users.get(arguments.get("users", ""))
            if user is None:
                raise ApiError("user_not_found")
            if user.is_bot:
                raise ApiError("cannot_dm_bot")
            if user.deleted:
                raise ApiError("user_disabled")
            channel = self._direct(user.id)
        return {"channel": {"id": channel.id}}

    def _conversations_history(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments.get("channel"))
        self._need(f"{channel.kind}:history")
        if not channel.is_member:
            raise ApiError("not_in_channel")
        inclusive = bool(arguments.get("inclusive"))
        oldest, latest = float(arguments.get("oldest") or 0), float(arguments.get("latest") or math.inf)
        if cursor := arguments.get("cursor"):
            latest, inclusive = float(base64.b64decode(cursor).decode().removeprefix("next_ts:")), False
        limit = min(int(arguments.get("limit") or 100), 999)
        found = []
        for message in reversed(self._messages.get(channel.id, [])):
            ts = float(message["ts"])
            within = oldest <= ts <= latest if inclusive else oldest < ts < latest
            is_reply = message.get("thread_ts", message["ts"]) != message["ts"]
            if within and not is_reply:
                found.append(copy.deepcopy(message))
        page = found[:limit]
        if not arguments.get("include_all_metadata"):
            for message in page:
                message.pop("metadata", None)
        answer: dict[str, Any] = {"messages": page, "has_more": len(found) > limit, "pin_count": 0}
        if answer["has_more"]:
            following = base64.b64encode(f"next_ts:{page[-1]['ts']}".encode()).decode()
            answer["response_metadata"] = {"next_cursor": following}
        return answer

    # ---- messages

    def _chat_post_message(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._need("chat:write")
        channel = self._writable(arguments, or_public=True)
        message = self._posted(self._checked_message("chat.postMessage", arguments))
        self._messages.setdefault(channel.id, []).append(message)
        return {"channel": channel.id, "ts": message["ts"], "message": copy.deepcopy(message)}

    def _chat_post_ephemeral(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._need("chat:write")
        channel = self._writable(arguments)
        user = arguments.get("user")
        if user not in self.users or (channel.members is not None and user not in channel.members):
            raise ApiError("user_not_in_channel")
        content = {key: value for key, value in arguments.items() if key != "user"}
        message = self._posted(self._checked_message("chat.postEphemeral", content))
        self._ephemerals.append({**message, "channel": channel.id, "to": user})
        return {"message_ts": message["ts"]}

    def _chat_update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._need("chat:write")
        channel = self._channel(arguments.get("channel"))
        message = self._own_message(channel, arguments.get("ts"), "cant_update_message")
        content = self._checked_message("chat.update", {key: arguments[key] for key in arguments if key != "ts"})
        self._rewrite(message, content)
        text = message["text"]
        return {"channel": channel.id, "ts": message["ts"], "text": text, "message": copy.deepcopy(message)}

    def _chat_delete(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._need("chat:write")
        channel = self._channel(arguments.get("channel"))
        message = self._own_message(channel, arguments.get("ts"), "cant_delete_message")
        self._messages[channel.id].remove(message)
        return {"channel": channel.id, "ts": message["ts"]}

    def _chat_get_permalink(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments.get("channel"))
        message = self._find(channel.id, arguments.get("message_ts"))
        link = f"{WEB}/archives/{channel.id}/p{message['ts'].replace('.', '')}"
        if message.get("thread_ts", message["ts"]) != message["ts"]:
            link += f"?thread_ts={message['thread_ts']}&cid={channel.id}"
        return {"channel": channel.id, "permalink": link}

    def _writable(self, arguments: Mapping[str, Any], *, or_public: bool = False) -> Channel:
        channel = self._channel(arguments.get("channel"))
        if channel.is_archived:
            raise ApiError("is_archived")
        if not channel.is_member and not (or_public and "chat:write.public" in self.scopes):
            raise ApiError("not_in_channel")
        return channel

    def _find(self, channel: str, ts: Any) -> dict[str, Any]:
        for message in self._messages.get(channel, []):
            if message["ts"] == ts:
                return message
        raise ApiError("message_not_found")

    def _own_message(self, channel: Channel, ts: Any, otherwise: str) -> dict[str, Any]:
        message = self._find(channel.id, ts)
        if message["user"] != BOT_USER:
            raise ApiError(otherwise)
        return message

    def _posted(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """A message of the bot's, as Slack keeps it."""
        kept = {key: value for key, value in content.items() if key in ("blocks", "metadata", "thread_ts")}
        about = {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "app_id": APP_ID, "team": TEAM}
        return {**about, "text": content.get("text", ""), "ts": self._ts(), **kept}

    def _rewrite(self, message: dict[str, Any], content: Mapping[str, Any]) -> None:
        """A new text takes blocks away unless blocks come with it, as Slack does it."""
        for key in ("text", "metadata"):
            if key in content:
                message[key] = content[key]
        if "blocks" in content or "text" in content:
            message.pop("blocks", None)
        if content.get("blocks"):
            message["blocks"] = content["blocks"]
        message["edited"] = {"user": BOT_USER, "ts": self._ts()}

    def _checked_message(
        self, what: str, arguments: Mapping[str, Any], *, may_be_empty: bool = False
    ) -> dict[str, Any]:
        """The content among `arguments`, with an id for each block.

        Raises:
            ApiError: Slack would not take it; why is among the problems.
        """
        content = {key: value for key, value in arguments.items() if key != "channel" and value is not None}
        if not may_be_empty and not content.get("text") and not content.get("blocks"):
            self.problems.append(f"{what}: neither text nor blocks")
            raise ApiError("no_text")
        found = blockkit.message_problems(content if not may_be_empty else {"text": "-", **content})
        if found:
            self._refuse(what, "invalid_blocks" if found[0].startswith("blocks") else "invalid_arguments", found)
        self._check_files(what, "invalid_blocks", content)
        return self._with_ids(copy.deepcopy(content))

    def _refuse(self, what: str, error: str, found: Sequence[str]) -> None:
        self.problems += [f"{what}: {problem}" for problem in found]
        raise _refused(error, found)

    def _check_files(self, what: str, error: str, content: Mapping[str, Any]) -> None:
        """Pictures that Slack is not done with are refused, but nobody is to blame for them."""
        for pointer, wanted in _slack_files(content, ""):
            slack_file = self._file_of(wanted)
            message = f"invalid slack file [json-pointer:{pointer}]"
            if slack_file is None or slack_file.completed is None or slack_file.mimetype not in _IMAGES:
                self._refuse(what, error, [f"{message} {wanted}"])
            elif not self._is_ready(slack_file):
                raise _refused(error, [message])

    def _with_ids(self, content: dict[str, Any]) -> dict[str, Any]:
        """Blocks and elements that came without an id get one."""
        for block in content.get("blocks", []):
            block.setdefault("block_id", secrets.token_urlsafe(4))
            for _, element in blockkit.elements(block):
                if element["type"] not in ("image", "plain_text", "mrkdwn"):
                    element.setdefault("action_id", secrets.token_urlsafe(4))
        return content

    def sent_to(self, key: str, body: Any) -> dict[str, Any]:
        """What was posted to a response_url, with where that leads."""
        target = self._response_urls.get(key)
        where = {"key": key, **({"channel": target.channel, "user": target.user} if target else {})}
        return {**(body if isinstance(body, Mapping) else {"body": body}), **where}

    def respond(self, key: str, body: Any) -> dict[str, Any]:
        """What a response_url does with `body`, and answers."""
        with self.changed:
            target = self._response_urls.get(key)
            try:
                if target is None:
                    raise ApiError("no_such_url")
                if target.used >= _RESPONSES:
                    raise ApiError("used_url")
                if time.monotonic() - target.made > self.response_url_seconds:
                    raise ApiError("expired_url")
                target.used += 1
                self._respond(target, body)
            except ApiError as error:
                return error.answer
            return {"ok": True}

    def _respond(self, target: ResponseUrl, body: Any) -> None:
        if not isinstance(body, Mapping):
            self._refuse("response_url", "invalid_payload", ["not an object"])
        content = self._checked_message("response_url", body, may_be_empty=bool(body.get("delete_original")))
        original = next((message for message in self._all() if message["ts"] == target.message_ts), None)
        if original is not None and content.get("delete_original"):
            for messages in (self._ephemerals, *self._messages.values()):
                if original in messages:
                    messages.remove(original)
        elif original is not None and content.get("replace_original"):
            self._rewrite(original, content)
        else:
            self._show(target.channel, target.user, content)

    def show(self, channel: str, user: str, body: Mapping[str, Any]) -> None:
        """What the acknowledgement of a command brings."""
        with self.changed, contextlib.suppress(ApiError):  # why not is among the problems
            self._show(channel, user, self._checked_message("acknowledgement of a command", body))

    def _show(self, channel: str, user: str, content: Mapping[str, Any]) -> None:
        message = self._posted(content)
        if content.get("response_type") == "in_channel":
            self._messages.setdefault(channel, []).append(message)
        else:
            self._ephemerals.append({**message, "channel": channel, "to": user})

    def _all(self) -> Iterator[dict[str, Any]]:
        yield from self._ephemerals
        for messages in self._messages.values():
            yield from messages

    # ---- views

    def _views_open(self, arguments: dict[str, Any]) -> dict[str, Any]:
        view = self._checked_view("views.open", arguments.get("view"), "modal")
        trigger = self._exchange(arguments.get("trigger_id"))
        return {"view": self._kept_view(view, trigger.user)}

    def _views_push(self, arguments: dict[str, Any]) -> dict[str, Any]:
        view = self._checked_view("views.push", arguments.get("view"), "modal")
        trigger = self._exchange(arguments.get("trigger_id"))
        theirs = [key for key, other in self._views.items() if self._view_users[key] == trigger.user]
        below = trigger.view_id or next((key for key in reversed(theirs) if key in self._modals()), None)
        if below not in self._views:
            raise ApiError("not_found")
        return {"view": self._pushed(view, below)}

    def _views_update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        named = arguments.get("external_id")
        wanted = [key for key, view in self._views.items() if named and view["external_id"] == named]
        view_id = wanted[0] if wanted else arguments.get("view_id")
        view = self._checked_view("views.update", arguments.get("view"), "modal", of=view_id)
        if view_id not in self._modals():
            raise ApiError("not_found")
        if arguments.get("hash") not in (None, self._views[view_id]["hash"]):
            raise ApiError("hash_conflict")
        return {"view": self._updated_view(view_id, view)}

    def _views_publish(self, arguments: dict[str, Any]) -> dict[str, Any]:
        view = self._checked_view("views.publish", arguments.get("view"), "home")
        user = arguments.get("user_id")
        if user not in self.users:
            raise ApiError("user_not_found")
        before = self.homes.get(user)
        if before is None:
            kept = self._kept_view(view, user)
        elif arguments.get("hash") not in (None, before["hash"]):
            raise ApiError("hash_conflict")
        else:
            kept = self._updated_view(before["id"], view)
        self.homes[user] = kept
        return {"view": copy.deepcopy(kept)}

    def _checked_view(self, what: str, view: Any, kind: str, of: str | None = None) -> dict[str, Any]:
        found = blockkit.view_problems(view)
        if not found and view["type"] != kind:
            found = [f"view.type: {view['type']}, not {kind}"]
        if found:
            self._refuse(what, "invalid_arguments", found)
        self._check_files(what, "invalid_arguments", {"view": view})
        name = view.get("external_id")
        if name and any(key != of and other["external_id"] == name for key, other in self._views.items()):
            raise ApiError("duplicate_external_id")
        return self._with_ids(copy.deepcopy(view))

    def _exchange(self, trigger_id: Any) -> _Trigger:
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        if trigger.used:
            raise ApiError("exchanged_trigger_id")
        if time.monotonic() - trigger.made > self.trigger_seconds:
            raise ApiError("expired_trigger_id")
        trigger.used = True
        return trigger

    def _kept_view(self, view: Mapping[str, Any], user: str, below: str | None = None) -> dict[str, Any]:
        view_id = f"V{self._number():09d}"
        root = self._views[below]["root_view_id"] if below else view_id
        self._view_users[view_id] = user
        self._views[view_id] = {
            "id": view_id,
            "team_id": TEAM,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM,
            "bot_id": BOT_ID,
            "root_view_id": root,
            "previous_view_id": below,
        }
        return self._updated_view(view_id, view)

    def _updated_view(self, view_id: str, view: Mapping[str, Any]) -> dict[str, Any]:
        absent: dict[str, Any] = {
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "state": {"values": {}},
        }
        if view["type"] == "modal":
            absent |= {"submit": None, "close": None, "clear_on_close": False, "notify_on_close": False}
        digest = f"{int(time.time())}.{secrets.token_hex(4)}"
        self._views[view_id] |= {**absent, **view, "hash": digest}
        self.view_errors.pop(view_id, None)
        return copy.deepcopy(self._views[view_id])

    def _pushed(self, view: Mapping[str, Any], below: str) -> dict[str, Any]:
        root = self._views[below]["root_view_id"]
        if sum(other["root_view_id"] == root for other in self._views.values()) >= _MODALS_ON_A_STACK:
            raise ApiError("push_limit_reached")
        return self._kept_view(view, self._view_users[below], below)

    def submitted(self, view_id: str, answer: Mapping[str, Any] | None) -> None:
        """What the app's acknowledgement of a submission does to the view."""
        with self.changed:
            view = self._views.get(view_id)
            if view is None:
                return
            answer = answer or {}
            action = answer.get("response_action")
            try:
                if action == "errors":
                    self._show_errors(view, answer)
                elif action == "update":
                    replacement = self._checked_view(
                        "response_action update", answer.get("view"), "modal", view_id
                    )
                    self._updated_view(view_id, replacement)
                elif action == "push":
                    self._pushed(self._checked_view("response_action push", answer.get("view"), "modal"), view_id)
                elif action == "clear":
                    for key in [key for key, other in self._views.items() if _same_stack(view, other)]:
                        del self._views[key]
                elif answer:
                    self.problems.append(f"view_submission: answered with {answer}")
                else:
                    del self._views[view_id]
            except ApiError as error:
                if error.answer["error"] == "push_limit_reached":
                    self.problems.append("response_action push: push_limit_reached")

    def _show_errors(self, view: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        errors = answer.get("errors")
        inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not all(map(_is_text, errors.values())):
            self.problems.append(f"response_action errors: {errors!r} is no object of texts")
        elif errors.keys() - inputs:
            self.problems.append(f"response_action errors: {sorted(errors.keys() - inputs)} are no input blocks")
        else:
            self.view_errors[view["id"]] = dict(errors)

    # ---- files

    def _files_get_upload_url(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._need("files:write")
        name, length = arguments.get("filename"), arguments.get("length")
        if not name or not isinstance(length, int) or length < 1:
            raise ApiError("invalid_arguments")
        file_id = f"F{self._number():09d}"
        self.files[file_id] = SlackFile(file_id, name, length, alt_text=arguments.get("alt_txt") or "")
        return {"upload_url": f"{self.origin}/upload/{file_id}", "file_id": file_id}

    def upload(self, file_id: str, content: bytes) -> str | None:
        """Why the bytes were not taken, if so."""
        with self.changed:
            slack_file = self.files.get(file_id)
            if slack_file is None or slack_file.completed is not None:
                return "no such upload"
            if len(content) != slack_file.length:
                self.problems.append(f"upload: {len(content)} bytes, {slack_file.length} were announced")
                return "wrong length"
            slack_file.content = content
            return None

    def _files_complete_upload(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._need("files:write")
        places = [arguments["channel_id"]] if arguments.get("channel_id") else []
        places += [name for name in (arguments.get("channels") or "").split(",") if name]
        channels = [self._writable({"channel": place}) for place in places]
        wanted = arguments.get("files")
        if not isinstance(wanted, list) or not wanted:
            raise ApiError("invalid_arguments")
        files = []
        for entry in wanted:
            slack_file = self.files.get(entry.get("id"))
            if slack_file is None or slack_file.content is None or slack_file.completed is not None:
                raise ApiError("file_not_found")
            slack_file.title = entry.get("title") or slack_file.name
            files.append(slack_file)
        for slack_file in files:
            slack_file.completed = time.monotonic()
            slack_file.shared_in += [channel.id for channel in channels]
        for channel in channels:
            content = {"text": arguments.get("initial_comment") or ""}
            if arguments.get("thread_ts"):
                content["thread_ts"] = arguments["thread_ts"]
            message = self._posted(content) | {"files": [self._file_object(slack_file) for slack_file in files]}
            self._messages.setdefault(channel.id, []).append(message)
        return {"files": [self._file_object(slack_file) for slack_file in files]}

    def _files_info(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._need("files:read")
        return {"file": self._file_object(self._there(arguments.get("file"))), "comments": []}

    def _files_delete(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._need("files:write")
        self._there(arguments.get("file")).deleted = True
        return {}

    def _there(self, file_id: Any) -> SlackFile:
        slack_file = self.files.get(file_id)
        if slack_file is None or slack_file.completed is None:
            raise ApiError("file_not_found")
        if slack_file.deleted:
            raise ApiError("file_deleted")
        return slack_file

    def _is_ready(self, slack_file: SlackFile) -> bool:
        since = slack_file.completed
        return since is not None and time.monotonic() - since >= self.file_ready_after

    def _file_object(self, slack_file: SlackFile) -> dict[str, Any]:
        ready = self._is_ready(slack_file)  # until then Slack tells the kind as an empty string
        link = f"{self.origin}/files/{slack_file.id}/{slack_file.name}"
        kinds = {"channels": "channels", "groups": "groups", "im": "ims"}
        shared: dict[str, list[str]] = {"channels": [], "groups": [], "ims": []}
        for channel in slack_file.shared_in:
            shared[kinds[self.channels[channel].kind]].append(channel)
        return {
            "id": slack_file.id,
            "name": slack_file.name,
            "title": slack_file.title,
            "mimetype": slack_file.mimetype if ready else "",
            "filetype": slack_file.name.rpartition(".")[2] if ready else "",
            "user": BOT_USER,
            "mode": "hosted",
            "size": slack_file.length,
            "is_public": bool(shared["channels"]),
            "url_private": link,
            "url_private_download": f"{link}?download",
            "permalink": f"{WEB}/files/{BOT_USER}/{slack_file.id}/{slack_file.name}",
            **shared,
        }

    def _file_of(self, wanted: Mapping[str, Any]) -> SlackFile | None:
        if "id" in wanted:
            found = self.files.get(str(wanted["id"]))
            return found if found and not found.deleted else None
        for slack_file in self.files.values():
            about = self._file_object(slack_file)
            if not slack_file.deleted and wanted.get("url", "-") in (about["url_private"], about["permalink"]):
                return slack_file
        return None

    # ---- numbers

    def _number(self) -> int:
        self._ids += 1
        return self._ids

    def _ts(self) -> str:
        """The time in microseconds, never the same twice."""
        self._last_ts = max(time.time_ns() // 1000, self._last_ts + 1)
        return f"{self._last_ts // 10**6}.{self._last_ts % 10**6:06d}"


def _refused(error: str, found: Sequence[str]) -> ApiError:
    return ApiError(error, errors=list(found), response_metadata={"messages": [f"[ERROR] {one}" for one in found]})


def _slack_files(thing: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(thing, Mapping):
        for key, value in thing.items():
            if key == "slack_file" and isinstance(value, Mapping):
                yield f"{pointer}/slack_file", value
            elif key != "metadata":
                yield from _slack_files(value, f"{pointer}/{key}")
    elif isinstance(thing, list):
        for at, value in enumerate(thing):
            yield from _slack_files(value, f"{pointer}/{at}")


def _same_stack(view: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(view["root_view_id"] == other["root_view_id"])


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def decoded(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as they were meant: a form carries objects as JSON, flags as 0 and 1, numbers as digits."""
    found = {key: value for key, value in arguments.items() if key != "team_id"}  # Bolt adds it to every call
    for key in ("blocks", "attachments", "metadata", "view", "files"):
        if isinstance(found.get(key), str):
            try:
                found[key] = json.loads(found[key])
            except ValueError:
                continue  # what is wrong with it, the method says
    for key, value in found.items():
        if key in _FLAGS and value in ("0", "1", "true", "false"):
            found[key] = value in ("1", "true")
        elif key in ("limit", "length") and isinstance(value, str) and value.isdecimal():
            found[key] = int(value)
    return found


_FLAGS = frozenset(
    {
        "include_locale",
        "include_all_metadata",
        "inclusive",
        "return_im",
        "unfurl_links",
        "unfurl_media",
        "mrkdwn",
        "reply_broadcast",
        "link_names",
    }
)

"""The app in Slack: commands, buttons, the form and messages, through Bolt.

Everything is acknowledged before it is worked on, except what the form says: it stays open with what is wrong.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, Final

from slack_bolt import Ack, App
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler, RateLimitErrorRetryHandler
from slack_sdk.webhook import WebhookClient

from vsearch_pipeline.catalog.slack import take_delivery
from vsearch_pipeline.catalog.watches import add_watch, list_watches, remove_watch
from vsearch_pipeline.editing.errors import AlreadyDoneError, ConflictError
from vsearch_pipeline.errors import ForbiddenError, NotFoundError, ServiceError, VsearchError
from vsearch_pipeline.roles import require_editor
from vsearch_pipeline.search.results import SearchResult
from vsearch_pipeline.sentences import in_language
from vsearch_pipeline.slack import asking
from vsearch_pipeline.slack.client import Tokens, error_code, reason_of, told
from vsearch_pipeline.slack.desk import Desk
from vsearch_pipeline.slack.form import (
    CALLBACK,
    PEOPLE,
    Changes,
    Filled,
    FormError,
    Origin,
    changes,
    edit_view,
    filled_in,
    now_lines,
    people_options,
)
from vsearch_pipeline.slack.members import Member
from vsearch_pipeline.slack.messages import (
    PAGE,
    Message,
    note,
    of_moment,
    of_segment,
    results_message,
    saved_message,
    shared_message,
    watches_message,
    when,
)
from vsearch_pipeline.slack.texts import TEXTS, SlackTexts
from vsearch_pipeline.slack.typed import change_of
from vsearch_pipeline.slack.watching import remember_present
from vsearch_pipeline.slack.writing import escaped

_LOG = logging.getLogger(__name__)
_TIMEOUT_SECONDS: Final = 15
_NO_CHANNEL: Final = frozenset({"not_in_channel", "channel_not_found", "is_archived", "restricted_action"})

_TOO_LATE: Final = frozenset({"expired_trigger_id", "exchanged_trigger_id"})

Say = Callable[[Message, bool], None]
"""Answers who asked with a message; True puts it in the place of the one that was answered to."""


def make_app(desk: Desk, tokens: Tokens, executor: Executor | None = None) -> App:
    """The app with all its listeners.

    Args:
        executor: runs them; one of Bolt's where None.
    """
    app = App(
        client=desk.workspace.client,
        signing_secret=tokens.signing_secret or None,
        request_verification_enabled=bool(tokens.signing_secret),
        token_verification_enabled=False,  # the desk did
        listener_executor=executor,
    )
    door = Door(desk)
    app.command("/vsearch")(door.command)
    app.event("app_mention")(door.mentioned)
    app.event("message")(door.messaged)
    for action in ("page:previous", "page:next"):
        app.action(action)(door.paged)
    for action in ("watch", "web"):
        app.action(action)(lambda ack: ack())  # links, of which Slack tells as well
    app.action("edit")(door.form_asked)
    app.action("share")(door.shared)
    app.action("undo")(door.undone)
    app.action("notify")(door.notified)
    app.action("unwatch")(door.unwatched)
    app.options(PEOPLE)(door.people)
    app.view(CALLBACK)(door.form_sent)
    return app


def _told(listener: Callable[..., None]) -> Callable[..., None]:
    """What goes wrong is said to who asked, in their language, and never ends the door."""

    def run(self: Door, ack: Ack, body: dict[str, Any]) -> None:
        ack()
        say = self.sayer(body)
        try:
            listener(self, body, say)
        except VsearchError as error:
            say(note(self.sentence(error, body)), False)
        except SlackClientError as error:
            _LOG.warning("%s: %s", listener.__name__, reason_of(error))
            say(note(self.slack_sentence(error, body)), False)
        except Exception:  # noqa: BLE001 - whatever it is, who asked is told
            _LOG.exception("%s failed", listener.__name__)
            say(note(self.texts(body).try_again), False)

    run.__name__, run.__doc__ = listener.__name__, listener.__doc__  # Bolt reads the parameters of this one
    return run


class Door:
    """Answers what comes from a workspace."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    # --- commands and messages

    @_told
    def command(self, body: dict[str, Any], say: Say) -> None:
        self.answer(body, str(body.get("text") or ""), say, once=f"command {body.get('trigger_id')}")

    def mentioned(self, ack: Ack, body: dict[str, Any]) -> None:
        self._event(ack, body)

    def messaged(self, ack: Ack, body: dict[str, Any]) -> None:
        event = body["event"]
        ours = event.get("bot_id") or event.get("subtype") or not event.get("user")
        if event.get("channel_type") == "im" and not ours:
            self._event(ack, body)
        else:
            ack()

    def _event(self, ack: Ack, body: dict[str, Any]) -> None:
        key = f"event {body.get('event_id')}"
        with self.desk.catalog.begin() as connection:
            first = take_delivery(connection, key)
        if first:
            self._message(ack, body)
        else:
            ack()

    @_told
    def _message(self, body: dict[str, Any], say: Say) -> None:
        key = f"edit {body.get('event_id')}"
        self.answer(body, str(body["event"].get("text") or ""), say, once=key)

    def answer(self, body: Mapping[str, Any], text: str, say: Say, *, once: str) -> None:
        """Whatever somebody typed."""
        member = self.member(body)
        asked = asking.understand(text)
        texts = TEXTS[member.language]
        if isinstance(asked, asking.Simple) and asked.what == "help":
            say(note(texts.help), False)
        elif isinstance(asked, asking.Simple):
            self._list_watches(member, say, replace=False)
        elif isinstance(asked, asking.TypedEdit):
            self._typed_edit(member, asked, say, once)
        elif isinstance(asked, asking.WatchFor):
            self._watch(member, asked.query, channel_of(body), say)
        elif isinstance(asked, asking.Question):
            self._results(member, asked.query, 0, say, replace=False, asked=True)
        else:
            self._results(member, asked.query, 0, say, replace=False)

    # --- results

    @_told
    def paged(self, body: dict[str, Any], say: Say) -> None:
        value = pressed(body)
        self._results(self.member(body), str(value["q"]), int(value["o"]), say, replace=True)

    def _results(
        self, member: Member, query: str, offset: int, say: Say, *, replace: bool, asked: bool = False
    ) -> None:
        """Answer at once with the pictures that are there; those that are not follow."""
        desk, language = self.desk, member.language
        found = desk.searching.search(query, limit=PAGE, offset=offset)
        paths = desk.previews(found.moments)
        wanted = [path for path in paths if path]
        pictures = desk.pictures.there(wanted)
        say(self._drawn(query, found, [pictures.get(path) if path else None for path in paths], member), replace)
        desk.searching.remember(member.actor, query)
        answer = desk.answering.answer(found, language) if asked and found.moments else None
        missing = [path for path in wanted if path not in pictures]
        if not missing and answer is None:
            return

        def rest() -> None:
            try:
                brought = desk.pictures.bring(wanted) if missing else pictures
                if answer is not None or brought.keys() - pictures.keys():
                    ids = [brought.get(path) if path else None for path in paths]
                    message = self._drawn(query, found, ids, member, answer)
                    say(message, True)
            except Exception:  # noqa: BLE001 - nobody waits for it
                _LOG.exception("pictures did not follow an answer")

        desk.beside.submit(rest)

    def _drawn(
        self,
        query: str,
        found: SearchResult,
        pictures: Sequence[str | None],
        member: Member,
        answer: Any = None,
    ) -> Message:
        shown = [
            of_moment(moment, found.query, member.language, picture)
            for moment, picture in zip(found.moments, pictures, strict=True)
        ]
        return results_message(self.desk.settings, query, found, shown, member.language, answer=answer)

    @_told
    def shared(self, body: dict[str, Any], _say: Say) -> None:
        """Post a moment to the channel, for everybody."""
        value, member, channel = pressed(body), self.member(body), channel_of(body)
        segment, video = self.desk.segment(int(value["s"]))
        path = self.desk.preview(segment)
        picture = self.desk.pictures.bring([path]).get(path) if path else None
        query = str(value.get("q") or "")
        with self.desk.catalog.begin() as connection:
            if not take_delivery(connection, f"share {channel} {body['actions'][0]['action_ts']} {member.id}"):
                return
            shown = of_segment(segment, video, member.language, picture)
            message = shared_message(self.desk.settings, shown, query, member.id, member.language)
            try:
                self._share(channel, message)
            except SlackApiError as error:
                if error_code(error) not in _NO_CHANNEL:
                    raise
                # what the asker's own message can do, the app need not be there for
                self.respond(body, {**message, "response_type": "in_channel", "replace_original": False})

    def _share(self, channel: str, message: Message) -> None:
        post = partial(self.desk.workspace.client.chat_postMessage, channel=channel, unfurl_links=False)
        try:
            post(**message)
        except SlackApiError as error:
            if not files_of(message) or error_code(error) != "invalid_blocks":
                raise
            self.desk.pictures.forget_lost(files_of(message))
            post(**without_pictures(message))

    # --- editing

    @_told
    def form_asked(self, body: dict[str, Any], _say: Say) -> None:
        """Open the form; a message of Slack's says that it was pressed for three seconds only."""
        value, member = pressed(body), self.member(body)
        require_editor(member.role or "viewer", member.actor)
        segment, video = self.desk.segment(int(value["s"]))
        path = self.desk.preview(segment)
        picture = self.desk.pictures.there([path]).get(path) if path else None
        origin = Origin.of(segment, channel_of(body), str(body.get("response_url") or ""))
        view = edit_view(self.desk.settings, segment, video, member.language, origin, picture=picture)
        told(self.desk.workspace.client.views_open, trigger_id=body["trigger_id"], view=view)

    def people(self, ack: Ack, body: dict[str, Any]) -> None:
        """Names that begin like what is typed in the form."""
        try:
            member = self.member(body)
            found = self.desk.people() if member.role else []
            ack(options=people_options(found, str(body.get("value") or "")))
        except VsearchError as error:
            _LOG.warning("no people for the form: %s", error)
            ack(options=[])

    def form_sent(self, ack: Ack, body: dict[str, Any]) -> None:
        """Save what was filled in, or say in the form what is in the way."""
        view = body["view"]
        origin = Origin.read(view["private_metadata"])
        try:
            member = self.member(body)
        except VsearchError as error:
            ack(response_action="errors", errors={"end": str(error)})
            return
        texts = TEXTS[member.language]
        try:
            filled = filled_in(view["state"]["values"], texts)
            changed = changes(origin, filled)
            if not changed.any:
                require_editor(member.role or "viewer", member.actor)
                ack()
                return
            key = f"view {view['id']} {view['hash']}"
            done = self._change(member, origin.segment, changed, {origin.segment: origin.seen}, key)
            ack()
        except FormError as error:
            ack(response_action="errors", errors=error.problems)
        except AlreadyDoneError:
            ack()
        except ConflictError as error:
            ack(response_action="update", view=self._conflict_view(origin, filled, error, member))
        except VsearchError as error:
            fields = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
            field = "start" if "start" in fields else next(iter(fields))
            ack(response_action="errors", errors={field: self.sentence(error, body)})
        except Exception:  # noqa: BLE001 - the form stays open, with what was written
            _LOG.exception("the form was not saved")
            ack(response_action="errors", errors={"start": texts.try_again})
        else:
            if done is not None:
                say = self.sayer({**body, "channel": {"id": origin.channel}, "response_url": origin.response_url})
                say(self._saved(member, origin.segment, done, changed.what(texts)), False)

    def _change(
        self, member: Member, segment: int, changed: Changes, seen: Mapping[int, int] | None, once: str
    ) -> int | None:
        """Its operation; None where everything was like that already."""
        done = self.desk.editing(member, once).change(
            segment,
            captions=changed.captions,
            add=changed.add,
            remove=changed.remove,
            start_ms=changed.start_ms,
            end_ms=changed.end_ms,
            seen=seen,
        )
        return done.operation

    def _saved(self, member: Member, number: int, operation: int, what: str) -> Message:
        segment, video = self.desk.segment(number)
        shown = of_segment(segment, video, member.language, None)
        return saved_message(self.desk.settings, shown, operation, what, member.language)

    def _conflict_view(
        self, origin: Origin, filled: Filled, error: ConflictError, member: Member
    ) -> dict[str, Any]:
        """The form once more: what is there now, above what somebody wrote."""
        texts = TEXTS[member.language]
        segment, video = self.desk.segment(origin.segment)
        last = next(iter(error.operations), None)
        by = ""
        if last is not None:
            actor = escaped(last.actor, 100)
            by = texts.conflict_by.format(actor=actor, time=when(last.at, member.language))
        return edit_view(
            self.desk.settings,
            segment,
            video,
            member.language,
            Origin.of(segment, origin.channel, origin.response_url),
            conflict=now_lines(segment, by, texts),
            filled=filled,
        )

    def _typed_edit(self, member: Member, asked: asking.TypedEdit, say: Say, once: str) -> None:
        """The earlier system's form."""
        texts = TEXTS[member.language]
        require_editor(member.role or "viewer", member.actor)
        if asked.segment is None or (asked.caption is None and asked.people is None):
            say(note(texts.edit_form), False)
            return
        segment, _ = self.desk.segment(asked.segment)
        changed = change_of(asked, segment, self.desk.people(), texts)
        if isinstance(changed, str):
            say(note(changed), False)
            return
        if not changed.any:
            say(note(texts.nothing_changed), False)
            return
        try:
            operation = self._change(member, segment.id, changed, None, once)
        except AlreadyDoneError:
            return
        if operation is None:
            say(note(texts.nothing_changed), False)
        else:
            say(self._saved(member, segment.id, operation, changed.what(texts)), False)

    @_told
    def undone(self, body: dict[str, Any], say: Say) -> None:
        value, member = pressed(body), self.member(body)
        operation = int(value["op"])
        try:
            self.desk.history(member, f"undo {operation} {body['actions'][0]['action_ts']}").revert(operation)
        except AlreadyDoneError:
            return
        say(note(TEXTS[member.language].undone), True)

    # --- being told of new moments

    @_told
    def notified(self, body: dict[str, Any], say: Say) -> None:
        self._watch(self.member(body), str(pressed(body)["q"]), channel_of(body), say)

    def _watch(self, member: Member, query: str, channel: str, say: Say) -> None:
        texts = TEXTS[member.language]
        self.desk.searching.search(query, limit=1)  # says what is wrong with it
        asked = {"user_id": member.id, "channel": channel, "query": query}
        with self.desk.catalog.begin() as connection:
            there = [w for w in list_watches(connection, user_id=member.id, channel=channel) if w.query == query]
            watch = add_watch(connection, **asked, actor=member.actor, language=member.language)
        if there:
            say(note(texts.watching_already.format(query=escaped(query, 300))), False)
            return
        count = remember_present(self.desk.catalog, self.desk.searching, watch)
        say(note(texts.watching.format(query=escaped(query, 300), count=f"{count:,}")), False)

    def _list_watches(self, member: Member, say: Say, *, replace: bool) -> None:
        with self.desk.catalog.begin() as connection:
            watches = list_watches(connection, user_id=member.id)
        say(watches_message([(watch.id, watch.query) for watch in watches], member.language), replace)

    @_told
    def unwatched(self, body: dict[str, Any], say: Say) -> None:
        member = self.member(body)
        with self.desk.catalog.begin() as connection:
            remove_watch(connection, int(pressed(body)["w"]), user_id=member.id)
        self._list_watches(member, say, replace=True)

    # --- who asks, and how they are answered

    def member(self, body: Mapping[str, Any]) -> Member:
        """
        Raises:
            ForbiddenError: they may not look.
            ServiceError: Slack does not say who it is.
        """
        member = self.desk.members.get(user_of(body))
        if member.role is None:
            texts = TEXTS[member.language]
            why = texts.guest if member.refused == "guest" else texts.stranger.format(email=member.actor)
            raise RefusedError(why)
        return member

    def texts(self, body: Mapping[str, Any]) -> SlackTexts:
        try:
            return TEXTS[self.desk.members.get(user_of(body)).language]
        except VsearchError:
            return TEXTS[self.desk.settings.slack_language]

    def sentence(self, error: VsearchError, body: Mapping[str, Any]) -> str:
        """What is wrong, in the language of who asked."""
        texts = self.texts(body)
        if isinstance(error, RefusedError):
            return str(error)
        if isinstance(error, ForbiddenError):
            return texts.viewer.format(actor=escaped(self.desk.members.get(user_of(body)).actor, 100))
        if isinstance(error, ServiceError) and isinstance(error.__cause__, SlackClientError):
            _LOG.warning("%s", error)
            return self.slack_sentence(error.__cause__, body)
        if isinstance(error, NotFoundError) and "segment" in str(error):
            return texts.gone
        return escaped(in_language(str(error), "ko" if texts is TEXTS["ko"] else "en"), 2000)

    def slack_sentence(self, error: SlackClientError, body: Mapping[str, Any]) -> str:
        texts, code = self.texts(body), error_code(error)
        if code == "missing_scope" and isinstance(error, SlackApiError):
            return texts.no_permission.format(scope=escaped(str(error.response.get("needed", "")), 100))
        if code in _NO_CHANNEL:
            return texts.not_here
        if code in _TOO_LATE:
            return texts.too_late
        return texts.slack_says.format(reason=escaped(code, 100)) if code else texts.try_again

    def sayer(self, body: Mapping[str, Any]) -> Say:
        """Answers that only who asked sees: at the address that Slack gave for it, else as a message to them."""
        last: list[str] = []  # the message that was sent last, to be replaced where it is one of the app's own

        def say(message: Message, replace: bool) -> None:
            try:
                if body.get("response_url"):
                    self.respond(body, {**message, "response_type": "ephemeral", "replace_original": replace})
                else:
                    self._post(body, message, replace, last)
            except ServiceError as error:
                _LOG.warning("an answer was lost: %s", error)

        return say

    def respond(self, body: Mapping[str, Any], message: Mapping[str, Any]) -> None:
        """Answer at the address that came with a command or a press; where that is used up, as an own message.

        Raises:
            ServiceError: Slack takes neither.
        """
        hook = WebhookClient(
            str(body["response_url"]),
            timeout=_TIMEOUT_SECONDS,
            retry_handlers=[
                RateLimitErrorRetryHandler(max_retry_count=2),
                ConnectionErrorRetryHandler(max_retry_count=2),
            ],
        )
        try:
            answer = hook.send_dict(dict(message))
            if answer.status_code != 200 and files_of(message):
                if not self.desk.pictures.forget_lost(files_of(message)) and self._by_token(body, message):
                    if message.get("replace_original"):
                        hook.send_dict({"delete_original": True})
                    return
                message = without_pictures(message)
                answer = hook.send_dict(dict(message))
        except (SlackClientError, OSError) as error:
            raise ServiceError(reason_of(error)) from error
        if answer.status_code == 200:
            return
        _LOG.warning("Slack did not take an answer: %s %s", answer.status_code, answer.body[:200])
        content = {"text": message["text"], "blocks": message["blocks"]}
        if message.get("response_type") == "in_channel":
            told(self.desk.workspace.client.chat_postMessage, channel=channel_of(body), **content)
        else:
            self._post(body, content, False, [])

    def _by_token(self, body: Mapping[str, Any], message: Mapping[str, Any]) -> bool:
        """Answer with the bot's token, whose files the pictures are, where Slack takes them only so."""
        if message.get("response_type") != "ephemeral":
            return False
        try:
            self._post(body, {"text": message["text"], "blocks": message["blocks"]}, False, [])
        except ServiceError:
            return False
        return True

    def _post(self, body: Mapping[str, Any], message: Message, replace: bool, last: list[str]) -> None:
        client, channel, user = self.desk.workspace.client, channel_of(body), user_of(body)
        content = {"text": message["text"], "blocks": message["blocks"]}
        event = body.get("event") or {}
        if event.get("channel_type") == "im":
            if replace and last:
                told(client.chat_update, channel=channel, ts=last[-1], **content)
            else:
                last.append(str(told(client.chat_postMessage, channel=channel, **content)["ts"]))
        else:
            thread = {"thread_ts": event["thread_ts"]} if event.get("thread_ts") else {}
            told(client.chat_postEphemeral, channel=channel, user=user, **thread, **content)


class RefusedError(ForbiddenError):
    """Somebody may not even look; the sentence is in their language."""


def files_of(message: Mapping[str, Any]) -> list[str]:
    """Ids of the pictures in a message."""
    return [block["slack_file"]["id"] for block in message["blocks"] if block["type"] == "image"]


def without_pictures(message: Mapping[str, Any]) -> dict[str, Any]:
    return {**message, "blocks": [block for block in message["blocks"] if block["type"] != "image"]}


def user_of(body: Mapping[str, Any]) -> str:
    user = body.get("user") or {}
    found = body.get("user_id") or (user.get("id") if isinstance(user, Mapping) else user)
    return str(found or (body.get("event") or {}).get("user") or "")


def channel_of(body: Mapping[str, Any]) -> str:
    channel = body.get("channel") or {}
    found = body.get("channel_id") or (channel.get("id") if isinstance(channel, Mapping) else channel)
    event, container = body.get("event") or {}, body.get("container") or {}
    return str(found or event.get("channel") or container.get("channel_id") or "")


def pressed(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the button that was pressed carries."""
    value: dict[str, Any] = json.loads(body["actions"][0]["value"])
    return value

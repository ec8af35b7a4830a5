"""Sending alerts: what goes out now, in how many messages, and each of them once."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry import RetryHandler
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from vsearch_pipeline.catalog.alerts import (
    AlertRecord,
    Told,
    begin_message,
    database_time,
    end_message,
    only_sender,
    open_alerts,
    told_since,
)
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.slack import forget_file
from vsearch_pipeline.errors import VsearchError, in_words
from vsearch_pipeline.previews import local_preview
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.alert_messages import Message, alert_message, digest, picture_ranges
from vsearch_pipeline.slack.client import Tokens, Workspace, error_code, reason_of, web_client
from vsearch_pipeline.slack.pictures import Pictures
from vsearch_pipeline.slack.quiet import QuietHours
from vsearch_pipeline.storage.store import open_store

_LOG = logging.getLogger(__name__)
EVENT_TYPE: Final = "vsearch_alert"
SETTLED: Final = timedelta(minutes=2)
"""A burst is over when nothing new came for so long."""
BEFORE_ASKING: Final = timedelta(seconds=20)
"""A message whose answer got lost may still be on its way for so long."""
CLOCKS_APART: Final = timedelta(minutes=10)
"""How much Slack's clock may differ from the database's."""
LONGEST_WAIT: Final = 20
"""Seconds that a tick waits where Slack says that it is asked too much; Dagster ends a tick after 60."""
SENDING_SECONDS: Final = 25.0
"""No message is begun after so long: the next tick goes on."""

# --- what goes out now ------------------------------------------------------------------------------------------


class Waiting(Protocol):
    """An alert that waits to be told, since `made_at`."""

    @property
    def made_at(self) -> datetime: ...


_W = TypeVar("_W", bound=Waiting)


def due(
    waiting: Sequence[_W],
    told: Sequence[Told],
    now: datetime,
    *,
    above: int,
    every: timedelta,
    quiet: QuietHours | None = None,
) -> list[list[_W]]:
    """What a channel is told now, a list for each message; one with several alerts is a digest.

    In the time `every` before now a channel gets at most `above` messages with one alert each, and a digest is the
    last. What comes beyond that waits until that time is over, or until nothing new came for `SETTLED`.

    Args:
        waiting: the oldest first.
        told: the messages that it got, at least since `every` ago.
        above: more at once are a digest.
        quiet: nothing is told in them, and what waited for their end is a digest.
    """
    if not waiting or (quiet and quiet.at(now)):
        return []
    lately = [message for message in told if message.at > now - every]
    left = 0 if any(message.alerts > 1 for message in lately) else max(0, above - len(lately))
    coming = abs(now - max(each.made_at for each in waiting)) < SETTLED
    if left == 0 and coming:
        return []
    if len(waiting) <= left and not (quiet and quiet.between(waiting[0].made_at, now)):
        return [[each] for each in waiting]
    return [list(waiting)]


# --- the way to Slack -------------------------------------------------------------------------------------------


class BriefWaits(RateLimitErrorRetryHandler):
    """Waits where Slack asks for it, unless that takes longer than `LONGEST_WAIT`."""

    def _can_retry(
        self, *, state: Any, request: Any, response: Any = None, error: Exception | None = None
    ) -> bool:
        if not super()._can_retry(state=state, request=request, response=response, error=error):
            return False
        asked = next((value for name, value in response.headers.items() if name.lower() == "retry-after"), ["1"])
        seconds = str(asked[0] if isinstance(asked, list) else asked)
        return seconds.isdigit() and int(seconds) <= LONGEST_WAIT


def posting_client(tokens: Tokens) -> WebClient:
    """A client that posts nothing twice: it tries again only where Slack says that it did nothing."""
    client = web_client(tokens)
    client.retry_handlers = [BriefWaits(max_retry_count=1)]
    return client


def brief_client(tokens: Tokens) -> WebClient:
    """A client for everything else that a tick does: it tries again, and does not wait for long."""
    client = web_client(tokens)
    others: list[RetryHandler] = [
        handler for handler in client.retry_handlers if not isinstance(handler, RateLimitErrorRetryHandler)
    ]
    client.retry_handlers = [BriefWaits(max_retry_count=1), *others]
    return client


# --- sending ----------------------------------------------------------------------------------------------------

_OF_NOBODY: Final = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "invalid_token"}
)
"""Errors that hold for every channel."""
_UNREADABLE: Final = frozenset({"missing_scope", "not_in_channel", "channel_not_found", "no_permission"})
_UNKNOWN_END: Final = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})
"""Errors after which a message may be there all the same, says Slack."""
_INVALID: Final = frozenset(
    {"msg_too_long", "msg_blocks_too_long", "no_text", "too_many_attachments", "metadata_too_large"}
)
_NAMED_FILE: Final = re.compile(r"/blocks/(\d+)/slack_file")


@dataclass
class Report:
    """What came of sending.

    Attributes:
        messages, alerts: that were sent.
        held: alerts that wait.
        problems: a line each.
    """

    messages: int = 0
    alerts: int = 0
    held: int = 0
    problems: list[str] = field(default_factory=list)

    def say(self, problem: str) -> None:
        if problem not in self.problems:
            _LOG.warning("%s", problem)
            self.problems.append(problem)

    def __str__(self) -> str:
        told = f"{self.alerts} alerts told in {self.messages} messages, {self.held} wait"
        return "; ".join([told, *self.problems])


class _StopError(Exception):
    """Slack takes nothing of a channel's now; `everywhere`: nothing at all."""

    def __init__(self, reason: str, *, everywhere: bool = False) -> None:
        super().__init__(reason)
        self.everywhere = everywhere


def send_alerts(
    catalog: Catalog,
    workspace: Workspace,
    posting: WebClient,
    settings: Settings,
    *,
    quiet: QuietHours | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Report:
    """Send what is due. Nothing is sent twice, also where a process dies halfway or several do it at once.

    Args:
        workspace: with a client that does not wait for long (`brief_client`).
        posting: a client that tries nothing again by itself (`posting_client`).
        clock: the database's where it is not given.
    """
    report = Report()
    with catalog.begin() as guard:
        if not only_sender(guard):
            report.problems.append("another tick is sending")
            return report
        _Sender(catalog, workspace, posting, settings, quiet, clock, report).send()
    return report


@dataclass
class _Sender:
    catalog: Catalog
    workspace: Workspace
    posting: WebClient
    settings: Settings
    quiet: QuietHours | None
    clock: Callable[[], datetime] | None
    report: Report

    def send(self) -> None:
        self._until = time.monotonic() + SENDING_SECONDS
        self._pictures = Pictures(self.catalog, self.workspace)
        try:
            for channel, alerts in _by_channel(self._open()).items():
                try:
                    self._send_to(channel, alerts)
                except _StopError as stop:
                    self.report.say(f"{channel}: {stop}")
                    if stop.everywhere:
                        break
        finally:
            self._pictures.close()
        self.report.held = len(self._open())

    def _send_to(self, channel: str, alerts: Sequence[AlertRecord]) -> None:
        if any(alert.state == "sending" for alert in alerts):
            self._settle(channel, [alert for alert in alerts if alert.state == "sending"])
            alerts = _by_channel(self._open()).get(channel, [])
        now = self._now()
        every = timedelta(minutes=self.settings.slack_digest_minutes)
        with self.catalog.begin() as connection:
            told = told_since(connection, channel, now - every)
        above = self.settings.slack_digest_above
        waiting = [alert for alert in alerts if alert.state == "waiting"]
        for together in due(waiting, told, now, above=above, every=every, quiet=self.quiet):
            if time.monotonic() > self._until:
                return
            self._tell(channel, together)

    def _tell(self, channel: str, alerts: Sequence[AlertRecord]) -> None:
        """Post one message. That it is about to be posted is committed first: whatever happens then, the next tick
        can ask Slack whether it got there."""
        message = uuid.uuid4().hex
        with self.catalog.begin() as connection:
            begun = set(begin_message(connection, [alert.id for alert in alerts], message, self._now()))
        alerts = [alert for alert in alerts if alert.id in begun]
        if not alerts:
            return
        try:
            pictures = self._bring(alerts[0]) if len(alerts) == 1 else []
            written, without = self._written(alerts, pictures), self._written(alerts, [])
        except (KeyError, TypeError, ValueError) as error:  # made by another version: it must not stop the others
            self.report.say(f"an alert cannot be written ({in_words(error)})")
            self._end(message, "failed", error=in_words(error))
            return
        try:
            try:
                answer = self._post(channel, message, written)
            except SlackApiError as error:
                if error_code(error) != "invalid_blocks" or not any(pictures):
                    raise
                self._forget(written.blocks, error)
                answer = self._post(channel, message, without)
        except (SlackClientError, OSError, ValueError) as error:
            self._refused(message, error)
            return
        self._end(message, "sent", ts=str(answer.get("ts") or "") or None)
        self.report.messages += 1
        self.report.alerts += len(alerts)

    def _written(self, alerts: Sequence[AlertRecord], pictures: Sequence[str | None]) -> Message:
        if len(alerts) == 1:
            return alert_message(self.settings, alerts[0], pictures)
        return digest(self.settings, alerts)

    def _post(self, channel: str, message: str, written: Message) -> Mapping[str, Any]:
        answer = self.posting.chat_postMessage(
            channel=channel,
            text=written.text,
            blocks=written.blocks,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"message": message}},
            unfurl_links=False,
            unfurl_media=False,
        )
        return dict(answer.data) if isinstance(answer.data, dict) else {}

    def _refused(self, message: str, error: Exception) -> None:
        """
        Raises:
            _StopError: there is no use in going on with this channel.
        """
        code = error_code(error)
        if not code or code in _UNKNOWN_END or _server_failed(error):
            raise _StopError(reason_of(error))  # it may be there: the next tick looks
        if code in _INVALID or (code.startswith("invalid_") and code not in _OF_NOBODY):
            self.report.say(reason_of(error))
            self._end(message, "failed", error=reason_of(error))
            return
        self._end(message, "waiting")
        raise _StopError(reason_of(error), everywhere=code in _OF_NOBODY)

    def _end(self, message: str, state: Any, **more: str | None) -> None:
        with self.catalog.begin() as connection:
            end_message(connection, message, state, self._now(), **more)

    # --- what an earlier tick left ---

    def _settle(self, channel: str, sending: Sequence[AlertRecord]) -> None:
        """Find out what became of the messages that a tick began and did not end.

        Raises:
            _StopError: it cannot be found out now.
        """
        now = self._now()
        if any(now - alert.changed_at < BEFORE_ASKING for alert in sending):
            raise _StopError("a message is on its way")
        oldest = min(alert.changed_at for alert in sending) - CLOCKS_APART
        try:
            there = self._posted(channel, oldest)
        except (SlackClientError, OSError, ValueError) as error:
            if error_code(error) not in _UNREADABLE:
                raise _StopError(reason_of(error), everywhere=error_code(error) in _OF_NOBODY) from error
            self.report.say(
                f"{channel}: it is not known whether {len(sending)} alerts got there, and the channel cannot be"
                f" read; they count as told. {reason_of(error)}"
            )
            there = None
        for message in dict.fromkeys(str(alert.message) for alert in sending):
            if there is None or message in there:
                self._end(message, "sent", ts=(there or {}).get(message))
            else:
                self._end(message, "waiting")

    def _posted(self, channel: str, oldest: datetime) -> dict[str, str]:
        """The number of each message of ours in a channel, by our id."""
        found: dict[str, str] = {}
        cursor = ""
        while True:
            answer = self.workspace.client.conversations_history(
                channel=channel,
                oldest=f"{oldest.timestamp():.6f}",
                include_all_metadata=True,
                limit=200,
                cursor=cursor or None,
            )
            for message in answer.get("messages") or []:
                metadata = message.get("metadata") or {}
                if metadata.get("event_type") == EVENT_TYPE:
                    found[str((metadata.get("event_payload") or {}).get("message"))] = str(message["ts"])
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return found

    # --- pictures ---

    def _bring(self, alert: AlertRecord) -> list[str | None]:
        """The ids of the pictures of an alert's message; None where there is none, or Slack does not take it."""
        paths = [self._preview(str(alert.about["video"]), spans) for spans in picture_ranges(alert)]
        wanted = [path for path in paths if path]
        if not wanted:
            return []
        try:
            ids = self._pictures.bring(wanted)
        except (VsearchError, SlackClientError, OSError) as error:
            _LOG.warning("no previews: %s", error)
            return []
        return [ids.get(path) if path else None for path in paths]

    def _preview(self, video_id: str, spans: Sequence[Any]) -> Path | None:
        found = (local_preview(open_store(self.settings), video_id, span) for span in spans)
        return next((path for path in found if path), None)

    def _forget(self, blocks: Sequence[Mapping[str, Any]], error: SlackApiError) -> None:
        """Those that Slack does not take (any more) are uploaded again the next time."""
        blamed = {int(number) for number in _NAMED_FILE.findall(str(error.response.data))}
        shown = [block["slack_file"]["id"] if "slack_file" in block else None for block in blocks]
        there = [file_id for number, file_id in enumerate(shown) if file_id and number in blamed]
        _LOG.warning("sent without previews: %s", reason_of(error))
        with self.catalog.begin() as connection:
            for file_id in there or [each for each in shown if each]:
                forget_file(connection, self.workspace.team, file_id)

    # --- small things ---

    def _now(self) -> datetime:
        if self.clock is not None:
            return self.clock()
        with self.catalog.begin() as connection:
            return database_time(connection)

    def _open(self) -> list[AlertRecord]:
        with self.catalog.begin() as connection:
            return open_alerts(connection)


def _by_channel(alerts: Sequence[AlertRecord]) -> dict[str, list[AlertRecord]]:
    ordered = sorted(alerts, key=lambda alert: (alert.channel, alert.id))
    return {channel: list(theirs) for channel, theirs in groupby(ordered, key=lambda alert: alert.channel)}


def _server_failed(error: Exception) -> bool:
    """Whether Slack's machines failed, whatever they answered."""
    return isinstance(error, SlackApiError) and int(getattr(error.response, "status_code", 200) or 200) >= 500

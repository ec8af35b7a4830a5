"""The way to Slack: tokens from the environment only, and a client that waits where Slack asks it to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)

from vsearch_pipeline.errors import InputError, ServiceError
from vsearch_pipeline.settings import Settings

SLACK_API: Final = "https://slack.com/api/"
_TIMEOUT_SECONDS: Final = 15
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Tokens:
    """
    Attributes:
        bot: `xoxb-…`, everything needs it.
        app: `xapp-…`, for Socket Mode; empty where there is none.
        signing_secret: for HTTP; empty where there is none.
        api: where the Web API is; another one for GovSlack.
    """

    bot: str = field(repr=False)
    app: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)
    api: str = SLACK_API


def tokens_of(environment: Mapping[str, str] = os.environ) -> Tokens | None:
    """The tokens that the environment has; None without one for the bot.

    Raises:
        InputError: one is of another kind than its place asks for.
    """
    bot, app = environment.get("SLACK_BOT_TOKEN", "").strip(), environment.get("SLACK_APP_TOKEN", "").strip()
    if not bot:
        return None
    for name, value, kind in (("SLACK_BOT_TOKEN", bot, "xoxb-"), ("SLACK_APP_TOKEN", app, "xapp-")):
        if value and not value.startswith(kind):
            raise InputError(f"{name} must begin with {kind}: docs/slack.md says where it stands.")
    api = environment.get("SLACK_API_URL", "").strip() or SLACK_API
    return Tokens(bot, app, environment.get("SLACK_SIGNING_SECRET", "").strip(), api.rstrip("/") + "/")


def tokens_for(settings: Settings) -> Tokens:
    """The tokens of the environment, enough for how Slack is to reach us.

    Raises:
        InputError: one is missing, or is of another kind.
    """
    tokens = tokens_of()
    if tokens is None:
        raise InputError("SLACK_BOT_TOKEN is not set: docs/slack.md says in five steps where it comes from.")
    if settings.slack_mode == "socket" and not tokens.app:
        raise InputError(
            "SLACK_APP_TOKEN is not set: Socket Mode needs it (docs/slack.md), or set VSEARCH_SLACK_MODE=http."
        )
    if settings.slack_mode == "http" and not tokens.signing_secret:
        raise InputError("SLACK_SIGNING_SECRET is not set: over HTTP it tells Slack's calls from others'.")
    return tokens


def web_client(tokens: Tokens) -> WebClient:
    """A client that tries again where Slack is busy or cannot be reached for a moment."""
    return WebClient(
        token=tokens.bot,
        base_url=tokens.api,
        timeout=_TIMEOUT_SECONDS,
        retry_handlers=[
            RateLimitErrorRetryHandler(max_retry_count=_TRIES),
            ServerErrorRetryHandler(max_retry_count=_TRIES),
            ConnectionErrorRetryHandler(max_retry_count=_TRIES),
        ],
    )


class Workspace:
    """A workspace through its bot."""

    def __init__(self, client: WebClient) -> None:
        self.client = client

    @cached_property
    def team(self) -> str:
        """Its id.

        Raises:
            ServiceError: Slack does not let us in, or cannot be reached.
        """
        return str(told(self.client.auth_test)["team_id"])


def told(call: Any, **arguments: Any) -> Any:
    """What a method of the Web API answers.

    Raises:
        ServiceError: Slack refused, in words that say what to do.
    """
    try:
        return call(**arguments)
    except (SlackClientError, OSError) as error:
        raise ServiceError(reason_of(error)) from error


_ADVICE: Final = {
    "invalid_auth": "the token is not valid: SLACK_BOT_TOKEN has to be the one of the app's page",
    "token_revoked": "the token was revoked: install the app again and put the new one into SLACK_BOT_TOKEN",
    "account_inactive": "the app was removed from the workspace: install it again",
    "not_in_channel": "the app is not in this channel: write /invite @vsearch there",
    "channel_not_found": "the app does not see this channel: write /invite @vsearch there",
    "is_archived": "the channel is archived",
    "expired_trigger_id": "it took too long to open: press the button again",
    "ratelimited": "Slack asks us to wait: try again in a minute",
}


def error_code(error: Exception) -> str:
    """What Slack calls it, `missing_scope`; empty where it said nothing."""
    return str(error.response.get("error", "")) if isinstance(error, SlackApiError) else ""


def reason_of(error: Exception) -> str:
    """Why Slack did not do what it was asked for, with what to do about it."""
    code = error_code(error)
    if code == "missing_scope":
        needed = error.response.get("needed", "") if isinstance(error, SlackApiError) else ""
        return f"Slack: the app lacks the permission {needed}: add it by docs/slack.md and install the app again."
    if code:
        details = "; ".join(_messages(error))
        return f"Slack: {_ADVICE.get(code, code)}{f' ({details})' if details else ''}."
    return f"Slack could not be reached ({type(error).__name__}): try again."


def _messages(error: Exception) -> list[str]:
    if not isinstance(error, SlackApiError):
        return []
    found = error.response.get("response_metadata") or {}
    return [str(message)[:200] for message in found.get("messages", [])][:3]

"""Who is asking, in which language, and what they may do: by the same lists as on the page."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from vsearch_pipeline.roles import Identity, Role, role_of
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.client import Workspace, told
from vsearch_pipeline.wording import Language, language_of

KNOWN_SECONDS: Final = 300.0
"""So long what Slack says of somebody is believed: a role that is taken away is gone after it."""


@dataclass(frozen=True, slots=True)
class Member:
    """Attributes:
    actor: as the history names them: the e-mail address, as on the page; the name and id where there is none.
    role: None where they may not even look.
    refused: why not.
    """

    id: str
    actor: str
    role: Role | None
    language: Language
    refused: Literal["guest", "unknown", ""] = ""


class Members:
    """The people of a workspace."""

    def __init__(self, settings: Settings, workspace: Workspace) -> None:
        self._settings = settings
        self._workspace = workspace
        self._known: dict[str, tuple[float, Member]] = {}
        self._lock = threading.Lock()

    def get(self, user_id: str) -> Member:
        """
        Raises:
            ServiceError: Slack does not say who it is.
        """
        known = self._known.get(user_id)
        if known and time.monotonic() - known[0] < KNOWN_SECONDS:
            return known[1]
        answer = told(self._workspace.client.users_info, user=user_id, include_locale=True)
        member = member_of(answer["user"], self._settings, self._workspace.team)
        with self._lock:
            self._known[user_id] = time.monotonic(), member
        return member


def member_of(user: Mapping[str, Any], settings: Settings, team: str) -> Member:
    """Who somebody is by what Slack says of them (`users.info`).

    Where no lists are set at all, everybody of the workspace may look; who may edit has to be said.
    """
    email = str(user.get("profile", {}).get("email") or "")
    verified = bool(user.get("is_email_confirmed"))
    name = str(user.get("real_name") or user.get("name") or "Slack")
    actor = email if email and verified else f"{name} ({user['id']})"
    language = language_of(user.get("locale"))
    guest = user.get("is_restricted") or user.get("is_ultra_restricted") or user.get("is_stranger")
    foreign = str(user.get("team_id") or team) != team
    if user.get("deleted") or user.get("is_bot"):
        return Member(str(user["id"]), actor, None, language, "unknown")
    if (guest or foreign) and not settings.slack_guests:
        return Member(str(user["id"]), actor, None, language, "guest")
    role = role_of(Identity(email, verified), settings.editors, settings.viewers)
    if role is None and not settings.editors and not settings.viewers:
        role = "editor" if settings.allow_open else "viewer"
    return Member(str(user["id"]), actor, role, language, "" if role else "unknown")

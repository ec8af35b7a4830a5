"""Who is visiting, and what they may do."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass

from vsearch_pipeline.roles import Role
from vsearch_pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Visitor:
    """Attributes:
    name: the history's actor.
    role: a viewer searches, watches and exports; an editor also changes things.
    """

    name: str
    role: Role

    @property
    def edits(self) -> bool:
        return self.role == "editor"


def visitor(settings: Settings) -> Visitor:
    """Who is at the page: without sign-in, whoever is on this machine."""
    return Visitor(settings.actor or _login_name(), "editor")


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return str(os.getuid())

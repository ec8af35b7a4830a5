"""What people may do: a viewer searches, watches and exports; an editor also changes things.

Who is which is said by two lists of e-mail addresses, whichever door somebody comes through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vsearch_pipeline.errors import ForbiddenError, InputError

Role = Literal["viewer", "editor"]

EVERYBODY = "*"
"""In a list: whoever signs in with a verified address."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, as a service says that they have signed in to.

    Attributes:
        email: empty where the service gives none.
        verified: the service has checked that the address is theirs.
    """

    email: str
    verified: bool


def role_of(identity: Identity, editors: Sequence[str], viewers: Sequence[str]) -> Role | None:
    """What somebody may do; None where nothing, as for everybody whose address is not verified.

    Args:
        editors, viewers: addresses, `@DOMAIN` for all of a domain (not of those below it), or `*`; see
            `read_list`. Who is in both is an editor.
    """
    email = normal(identity.email)
    if not identity.verified or not is_email(email):
        return None
    if _is_in(email, editors):
        return "editor"
    return "viewer" if _is_in(email, viewers) else None


def read_list(text: str) -> tuple[str, ...]:
    """The entries of a list written with commas between them.

    Raises:
        InputError: an entry is no address, no `@DOMAIN` and not `*`.
    """
    entries = tuple(entry for entry in (normal(part) for part in text.split(",")) if entry)
    for entry in entries:
        if entry != EVERYBODY and not is_email(entry) and not is_email(f"anybody{entry}"):
            raise InputError(f"{entry!r} is no e-mail address: write name@example.com, @example.com or *.")
    return entries


def normal(email: str) -> str:
    """An address as it is compared and shown. Only A to Z are made small: a letter of another script that looks
    like, or folds to, one of those is another letter."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in email.strip())


def is_email(email: str) -> bool:
    name, at, domain = email.rpartition("@")
    return bool(name and at and domain) and "@" not in name and not any(c.isspace() or c == "," for c in email)


def _is_in(email: str, entries: Sequence[str]) -> bool:
    return any(entry in (EVERYBODY, email, f"@{email.rpartition('@')[2]}") for entry in entries)


def require_editor(role: Role, actor: str) -> None:
    """Raises ForbiddenError where somebody may only look."""
    if role != "editor":
        raise ForbiddenError(f"{actor} may look, but not change things: ask for the editor role.")

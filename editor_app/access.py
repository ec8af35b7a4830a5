"""Who is visiting, and what they may do: nobody comes in unseen where people sign in."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

import streamlit as st

from vsearch_pipeline.errors import ForbiddenError
from vsearch_pipeline.roles import Identity, Role, is_email, normal, role_of
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.signing_in import check_address, check_lists, sign_in_of

Reason = Literal["signed_out", "again", "no_email", "unverified", "unknown"]

_HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Visitor:
    """Attributes:
    name: the history's actor; the e-mail address of who signed in.
    role: a viewer searches, watches and exports; an editor also changes things.
    signed_in: through a service, and not because they are at this machine.
    """

    name: str
    role: Role
    signed_in: bool = False

    @property
    def edits(self) -> bool:
        return self.role == "editor"


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who may not come in, and why not."""

    reason: Reason
    email: str = ""


def arrival(settings: Settings) -> Visitor | Stranger:
    """Who is at the page: who signed in; without sign-in, whoever is on this machine."""
    if not people_sign_in(settings):
        return Visitor(settings.actor or _login_name(), "editor")
    return admitted(settings, st.user.to_dict(), time.time())


def visitor(settings: Settings) -> Visitor:
    """Who is at the page.

    Raises:
        ForbiddenError: they may not come in.
    """
    arrived = arrival(settings)
    if isinstance(arrived, Stranger):
        raise ForbiddenError("Nobody who may come in is signed in.")
    return arrived


def admitted(settings: Settings, claims: Mapping[str, Any], now: float) -> Visitor | Stranger:
    """Who somebody is by what the service says of them.

    Args:
        claims: of the ID token, as `st.user` has them.
        now: seconds since 1970.
    """
    if claims.get("is_logged_in") is not True:
        return Stranger("signed_out")
    issued = claims.get("iat")
    if not isinstance(issued, (int, float)) or now - issued > settings.sign_in_hours * _HOUR_S:
        return Stranger("again")
    given = claims.get("email")
    email = normal(given) if isinstance(given, str) else ""
    if not is_email(email):
        return Stranger("no_email")
    verified = claims.get("email_verified")
    if verified is None:
        verified = settings.oidc_vouches_for_emails
    if verified is not True and verified != "true":  # some services send text
        return Stranger("unverified", email)
    role = role_of(Identity(email, verified=True), settings.editors, settings.viewers)
    return Visitor(email, role, signed_in=True) if role else Stranger("unknown", email)


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return str(os.getuid())


# --- how people sign in


def people_sign_in(settings: Settings) -> bool:
    """Whether people have to sign in."""
    return sign_in_of(settings) is not None or _secrets_sign_in()


@cache
def _secrets_sign_in() -> bool:
    """Whether a `secrets.toml` says how people sign in. That is read once: taking the file away while the page is
    up does not open it."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def sign_in_secrets(settings: Settings) -> dict[str, Any]:
    """What Streamlit has to know for `st.login`; empty where the settings say nothing of it.

    Raises:
        InputError: something is missing; or nobody could come in; or strangers could, as the page listens on an
            address that other machines reach.
    """
    sign_in = sign_in_of(settings)
    demanded = people_sign_in(settings)
    if demanded:
        check_lists(settings)
    check_address(st.get_option("server.address"), settings, sign_in=demanded)
    if sign_in is None:
        return {}
    return {
        "auth": {
            "client_id": sign_in.client_id,
            "client_secret": sign_in.client_secret,
            "server_metadata_url": sign_in.metadata_url,
            "redirect_uri": sign_in.redirect_uri,
            "cookie_secret": sign_in.cookie_secret,
        }
    }

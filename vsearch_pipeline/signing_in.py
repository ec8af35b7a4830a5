"""How people sign in to the page (OpenID Connect), and whether it may be reached without."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.keys import key_of
from vsearch_pipeline.settings import Settings

_CALLBACK: Final = "/oauth2callback"
"""Streamlit's."""
_DEFAULT_REDIRECT: Final = "http://localhost:{port}" + _CALLBACK
_SAFE_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class SignIn:
    """The service that says who somebody is.

    Attributes:
        metadata_url: its `.well-known/openid-configuration`.
        redirect_uri: where it sends people back to; `{port}` stands for the page's.
        cookie_secret: signs the cookie by which a browser stays signed in.
    """

    client_id: str
    client_secret: str = field(repr=False)
    metadata_url: str
    redirect_uri: str
    cookie_secret: str = field(repr=False)

    def origin(self, port: int) -> str:
        """Where people open the page: where they are sent back to."""
        parts = urlsplit(self.redirect_uri.replace("{port}", str(port)))
        return f"{parts.scheme}://{parts.netloc}"


def sign_in_of(settings: Settings) -> SignIn | None:
    """The sign-in that the settings ask for; None where they ask for none.

    Raises:
        InputError: something is missing or cannot be used; the message names the setting.
    """
    secret = settings.oidc_client_secret
    given = {
        "VSEARCH_OIDC_CLIENT_ID": settings.oidc_client_id,
        "VSEARCH_OIDC_CLIENT_SECRET": secret.get_secret_value() if secret else "",
        "VSEARCH_OIDC_METADATA_URL": settings.oidc_metadata_url,
    }
    missing = [name for name, value in given.items() if not value]
    if len(missing) == len(given) and not settings.oidc_redirect_uri:
        return None
    if missing:
        raise InputError(f"Sign-in is half set up: {' and '.join(missing)} must be given as well.")
    redirect_uri = settings.oidc_redirect_uri or _DEFAULT_REDIRECT
    for name, url in (
        ("VSEARCH_OIDC_METADATA_URL", settings.oidc_metadata_url),
        ("VSEARCH_OIDC_REDIRECT_URI", redirect_uri),
    ):
        _check_url(name, url)
    if not redirect_uri.endswith(_CALLBACK):
        raise InputError(f"VSEARCH_OIDC_REDIRECT_URI must end with {_CALLBACK}: {redirect_uri}")
    return SignIn(
        client_id=settings.oidc_client_id,
        client_secret=given["VSEARCH_OIDC_CLIENT_SECRET"],
        metadata_url=settings.oidc_metadata_url,
        redirect_uri=redirect_uri,
        cookie_secret=key_of(
            settings.oidc_cookie_secret, "VSEARCH_OIDC_COOKIE_SECRET", settings.home / "cookie.key"
        ),
    )


def _check_url(name: str, url: str) -> None:
    """What is said to the service and by it must not be read or changed on the way."""
    parts = urlsplit(url.replace("{port}", "1"))
    host = parts.netloc.rpartition(":")[0] or parts.netloc
    if parts.scheme == "https" and parts.netloc:
        return
    if parts.scheme != "http" or host not in _SAFE_HOSTS:
        raise InputError(f"{name} must begin with https://, or with http:// on this machine: {url}")


def check_lists(settings: Settings) -> None:
    """Raises InputError where people sign in, but nobody may come in."""
    if not settings.editors and not settings.viewers:
        raise InputError(
            "People sign in, but nobody may come in: name them in VSEARCH_EDITORS or VSEARCH_VIEWERS"
            " (name@example.com, @example.com or *)."
        )


def check_address(address: str | None, settings: Settings, *, sign_in: bool) -> None:
    """Refuse to be reached from other machines by people of whom nothing is known.

    Args:
        address: that the page listens on; None for all of this machine's.
        sign_in: whether people sign in.

    Raises:
        InputError: others reach it, and nobody signs in.
    """
    if not sign_in and not settings.allow_open and not is_loopback(address):
        raise InputError(
            f"The page would listen on {address or 'every address'}, where others reach it, but nobody has to sign"
            " in: set VSEARCH_OIDC_CLIENT_ID and what belongs to it (docs/security.md), or VSEARCH_ALLOW_OPEN=1"
            " where whoever reaches it may change everything."
        )


def is_loopback(address: str | None) -> bool:
    """Whether only this machine reaches an address; a socket of the file system is one of those."""
    if not address:
        return False
    if address == "localhost" or address.startswith(("unix:", "/")):
        return True
    try:
        number = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return (getattr(number, "ipv4_mapped", None) or number).is_loopback

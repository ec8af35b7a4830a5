"""What must not be read in a log: known secrets, and whatever has the form of one.

A secret is learnt where it is read: from the settings and the environment as a door opens (`logs.py`), and from
the files of a home (`keys.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from threading import Lock
from typing import Final
from urllib.parse import quote, unquote, urlsplit

HIDDEN: Final = "***"
SHORTEST: Final = 4
"""Shorter secrets are taken out only where their form tells what they are: else every `a` of a log would go."""
_NAMED_SECRET: Final = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD)$")
_NAMED_ADDRESS: Final = re.compile(r"(URL|URI|DSN)$")

_FORMS: Final = (
    (re.compile(r"(?<=signature=)[A-Za-z0-9_\-%]{8,}"), HIDDEN),
    (
        re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:bearer|basic|token)?\s*)[^\s'\",;}]+"),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/\-]{8,}=*"), rf"\1{HIDDEN}"),
    (re.compile(r"\b(xox[a-z]|xapp)-[A-Za-z0-9-]{4,}"), rf"\1-{HIDDEN}"),
    (re.compile(r"\bAIza[A-Za-z0-9_\-]{16,}"), HIDDEN),
    (re.compile(r"(?<=://)([^\s/:@'\"]*):[^\s/@'\"]+(?=@)"), rf"\1:{HIDDEN}"),
    (
        re.compile(
            r"(?i)\b(password|passwd|client_secret|access_token|id_token)(['\"]?\s*[=:]\s*['\"]?)[^\s'\"&,;}]+"
        ),
        rf"\1\2{HIDDEN}",
    ),
)
"""Signatures of links, headers that let somebody in, tokens of Slack, keys of Google, passwords in addresses and
in what libpq is given."""


class Redactor:
    """Takes out what it knows; several threads use it."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self._lock = Lock()

    def learn(self, *secrets: str | None) -> None:
        """Let these be hidden from now on, also as they stand in an address, in JSON or in a Python literal."""
        forms = {form for secret in secrets if secret for form in _written(secret.strip())}
        forms = {form for form in forms if len(form) >= SHORTEST}
        with self._lock:
            if not forms <= self._known:
                self._known |= forms
                longest_first = sorted(self._known, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        pattern = self._pattern
        if pattern is not None:
            text = pattern.sub(HIDDEN, text)
        for form, instead in _FORMS:
            text = form.sub(instead, text)
        return text


REDACTED: Final = Redactor()
"""Of this process, as its logs are."""


def _written(secret: str) -> set[str]:
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    }


def secrets_of(environment: Mapping[str, str]) -> set[str]:
    """Values of the variables that are called a key, token, secret or password; the passwords of addresses."""
    found = {value for name, value in environment.items() if _NAMED_SECRET.search(name.upper())}
    for name, value in environment.items():
        if _NAMED_ADDRESS.search(name.upper()):
            found |= password_of(value)
    return found


def password_of(address: str | None) -> set[str]:
    """The password of an address, as it stands there and as it is sent; empty where there is none."""
    try:
        password = urlsplit(address or "").password
    except ValueError:
        return set()
    return {password, unquote(password)} if password else set()

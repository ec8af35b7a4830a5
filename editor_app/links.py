"""Addresses that open one file for a while: signed, so that nobody makes one up or lengthens its life.

Signed is the name with the moment of expiry (HMAC-SHA256). That moment moves once in a while only: a page that is
drawn again gives the same address, and the browser does not fetch the file again.
"""

from __future__ import annotations

import hmac
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote

from vsearch_pipeline.keys import key_of
from vsearch_pipeline.settings import Settings

_STEP_S: Final = 3600
_QUERY: Final = re.compile(r"expires=([1-9][0-9]{0,11})&signature=([A-Za-z0-9_-]{43})")
_PURPOSE: Final = "vsearch media"
"""Signed with the rest, so that a signature made for something else with the same key opens nothing here."""

Refusal = Literal["unsigned", "wrong", "expired"]


@dataclass(frozen=True, slots=True)
class Links:
    """Signs addresses, and checks them.

    Attributes:
        life_s: how long an address is good at least, seconds; at most one step longer.
        now: seconds since 1970.
    """

    key: bytes = field(repr=False)
    life_s: int
    now: Callable[[], float] = time.time

    def address(self, prefix: str, name: str) -> str:
        """`PREFIX/NAME?expires=...&signature=...`; `name` is written without escapes."""
        step = min(_STEP_S, self.life_s)
        expires = str((int(self.now()) // step + 1) * step + self.life_s)
        return f"{prefix}/{quote(name)}?expires={expires}&signature={self._signature(name, expires)}"

    def left(self, name: str, query: str) -> int | Refusal:
        """Seconds for which the address is still good, or why it is not.

        Args:
            name: of the file asked for, without escapes.
            query: everything behind the question mark, as it came.
        """
        if not query:
            return "unsigned"
        match = _QUERY.fullmatch(query)
        if match is None or not hmac.compare_digest(match[2], self._signature(name, match[1])):
            return "wrong"
        left = int(match[1]) - int(self.now())
        return left if left > 0 else "expired"

    def _signature(self, name: str, expires: str) -> str:
        signed = f"{_PURPOSE}\n{expires}\n{name}".encode(errors="surrogatepass")
        return urlsafe_b64encode(hmac.digest(self.key, signed, "sha256")).rstrip(b"=").decode()


def media_links(settings: Settings) -> Links:
    """The links of these settings.

    Raises:
        InputError: the key cannot be read or made.
    """
    key = key_of(settings.media_key, "VSEARCH_MEDIA_KEY", settings.home / "media.key")
    return Links(key.encode(), round(settings.media_link_hours * 3600))

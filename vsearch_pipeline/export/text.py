"""Texts made safe for files that other programs read."""

from __future__ import annotations

import re
from typing import Final

_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML 1.0, 2.2: control characters and lone surrogates. No other format of this room can hold more."""


def one_line(text: str) -> str:
    """The text with a space for each stretch of white space, without what XML 1.0 or UTF-8 cannot hold."""
    return _NOT_IN_XML.sub("", " ".join(text.split()))


def shortened(text: str, most: int) -> str:
    """At most `most` characters, the last one `…` where some were left out."""
    return text if len(text) <= most else text[: most - 1] + "…"

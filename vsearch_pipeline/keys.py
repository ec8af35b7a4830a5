"""Random keys that a home keeps: made once, whoever of its processes comes first, and read by its owner alone."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.redaction import REDACTED

_BYTES: Final = 32


def key_of(given: SecretStr | None, setting: str, path: Path) -> str:
    """The key of a setting, else the one kept in a file.

    Raises:
        InputError: it is too short to be safe; see also `kept_key`.
    """
    if given is None:
        return kept_key(path)
    key = given.get_secret_value()
    REDACTED.learn(key)
    if len(key) < _BYTES:
        raise InputError(f"{setting} has {len(key)} characters: give at least {_BYTES} that nobody can guess.")
    return key


def kept_key(path: Path) -> str:
    """The key of a file, as 64 hexadecimal digits; one is made where there is none.

    Raises:
        InputError: the file cannot be read or written, or holds something else.
    """
    try:
        if not path.exists():
            _make(path)
        key = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise InputError(f"{path}: the key there cannot be read or made ({error.strerror}).") from error
    if len(key) != 2 * _BYTES or not set(key) <= set("0123456789abcdef"):
        raise InputError(f"{path}: this is not a key; delete the file, and a new one is made.")
    REDACTED.learn(key)
    return key


def _make(path: Path) -> None:
    """Written beside and linked into place: nobody reads half a key, and the first process to come wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".key-", dir=path.parent)  # of mode 0600
    made = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_BYTES))
        try:
            path.hardlink_to(made)
        except FileExistsError:
            return
    finally:
        made.unlink()

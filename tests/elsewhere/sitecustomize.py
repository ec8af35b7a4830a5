"""Gives every library of the tests, in whatever process, a database of its own on an external server and a folder
of its own in a bucket, where the tests are run with `VSEARCH_TEST_ELSEWHERE=1` (see tests/conftest.py).

Python imports a module of this name as it starts. What a test says itself (`database_url`, `media_url`) stands.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

SERVER, BUCKET = "VSEARCH_TEST_SERVER", "VSEARCH_TEST_BUCKET"


@cache
def _database(home: str) -> str:
    """The address of a home's database, which is made where it is missing."""
    import psycopg

    name = f"home_{hashlib.sha256(home.encode()).hexdigest()[:16]}"
    server = os.environ[SERVER]
    there = suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation)
    with there, psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'create database "{name}"')  # type: ignore[arg-type]
    return f"{server}/{name}"


def _live_elsewhere() -> None:
    from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

    from vsearch_pipeline.settings import Settings, _default_home

    class Elsewhere(PydanticBaseSettingsSource):
        def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
            raise NotImplementedError

        def __call__(self) -> dict[str, Any]:
            home = str(Path(self.current_state.get("home") or _default_home()).expanduser().absolute())
            place = hashlib.sha256(home.encode()).hexdigest()[:16]
            given: dict[str, Any] = {}
            if "media_url" not in self.current_state:
                given["media_url"] = f"{os.environ[BUCKET]}/{place}"
            if "database_url" not in self.current_state:
                given["database_url"] = _database(home)
            return given

    def sources(
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        **_: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, Elsewhere(settings_cls)

    Settings.settings_customise_sources = staticmethod(sources)  # type: ignore[assignment, method-assign]


if SERVER in os.environ:
    _live_elsewhere()

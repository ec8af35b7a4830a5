"""The page run by AppTest on a real library."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from tests.editor_app.library import Library, library
from vsearch_pipeline.catalog.database import database_url, open_catalog

PAGE = Path(__file__).resolve().parents[2] / "editor_app" / "page.py"


@dataclass
class Page:
    """One visit; `run` draws the page as it is then."""

    app: AppTest = field(default_factory=lambda: AppTest.from_file(PAGE, default_timeout=120))

    def run(self, *, locale: str = "en-US", **address: str) -> Page:
        self.app.context = {"locale": locale}
        self.app.query_params.update(address)
        self.app.run()
        assert not self.app.exception, self.app.exception
        return self

    def component(self, name: str) -> dict[str, Any] | None:
        """What was handed to a component; None where it is not drawn."""
        for element in self.app.get("bidi_component"):
            if element.proto.component_name == f"vsearch.{name}":
                return json.loads(element.proto.json)
        return None

    def drawn(self, name: str) -> dict[str, Any]:
        data = self.component(name)
        assert data is not None, f"{name} is not drawn"
        return data

    @property
    def written(self) -> str:
        """All Markdown of the page."""
        elements = [*self.app.markdown, *self.app.caption, *self.app.error, *self.app.warning]
        return "\n".join(element.value for element in elements)


@pytest.fixture(scope="session")
def lib() -> Library:
    return library()


@pytest.fixture
def page(lib: Library, monkeypatch: pytest.MonkeyPatch) -> Page:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VSEARCH_HOME", str(lib.settings.home))
    return Page()


@pytest.fixture
def empty_page(lib: Library, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Page:
    """A page on a database of its own that holds nothing."""
    name = "empty_" + request.node.name.partition("[")[0]
    engine = open_catalog(lib.settings).engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'drop database if exists "{name}" with (force)'))
        connection.execute(text(f'create database "{name}"'))
    url = database_url(lib.settings).set(database=name)
    monkeypatch.setenv("VSEARCH_HOME", str(lib.settings.home))
    monkeypatch.setenv("VSEARCH_DATABASE_URL", url.render_as_string(hide_password=False))
    return Page()

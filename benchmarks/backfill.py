"""A backfill of many short videos, beside one long run over as many and beside a plain loop over functions.

All three do the same work on the compact profile; videos are copies of one clip that differ in a comment, so
that each has a content of its own. They go by turns, some fifty videos each: a backfill as `vsearch backfill`
does it (eight videos to a run), one run over all of them, and half as many through the plain loop, so that a
machine that slows down slows all. Limits: a video of the backfill takes at most 10 % more than one of the long
run; those of the last turn at most 10 % more than those of the first; Dagster and database, which is all time
outside of stages, take less than 15 % of the whole. The plain loop makes no contact sheets, segments and search
rows, which stages do besides.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.ingest import Models, Plain
from benchmarks.report import machine, median_ratio, seconds, table
from vsearch_pipeline.assets.stage import VIDEOS_A_RUN
from vsearch_pipeline.settings import Settings

VIDEOS = 200
MARGIN = 1.10
LARGEST_SHARE = 0.15
A_TURN = 48
"""Videos to a turn, or a few more."""


def main() -> None:
    given = [int(each) for each in sys.argv[1:] if each.isdigit()]
    turns = max(2, (given[0] if given else VIDEOS) // A_TURN)
    count = (given[0] if given else VIDEOS) // turns * turns
    print(f"## backfill\n\n{machine()}; {count} videos of 10 s, {VIDEOS_A_RUN} to a run\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="vsearch-backfill-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder, "home")
        os.environ["VSEARCH_HOME"] = str(home)
        print(_measured(Settings(home=home), copies(Path(folder), 2 * count + 1), turns), flush=True)


def copies(folder: Path, count: int) -> list[Path]:
    """The clip of the sample library with the most to see, once for each number."""
    from imageio_ffmpeg import get_ffmpeg_exe

    from vsearch_pipeline.media.sample_library import build_sample_library

    clip = next(path for path in build_sample_library(folder / "sample") if path.name == "bikes.mp4")
    made = []
    for number in range(count):
        target = folder / f"clip-{number:04d}.mp4"
        cut = ["-c", "copy", "-metadata", f"comment={number}"]
        subprocess.run(
            [get_ffmpeg_exe(), "-loglevel", "error", "-y", "-i", str(clip), *cut, str(target)], check=True
        )
        made.append(target)
    return made


def _measured(settings: Settings, films: list[Path], turns: int) -> str:
    from sqlalchemy import text

    from vsearch_pipeline import runner
    from vsearch_pipeline.assets.stage import add_partitions
    from vsearch_pipeline.catalog.database import open_catalog
    from vsearch_pipeline.ingest.store import add_file
    from vsearch_pipeline.resources.instance import open_instance

    catalog, instance = open_catalog(settings), open_instance(settings)
    plain = Plain(Models(settings))
    first, *ids = [add_file(catalog, settings, film, actor="benchmark", door="cli").video.id for film in films]
    runner.backfill(instance, catalog, [first])  # models are loaded, plans are made
    plain.run(films[0])
    a_turn = len(ids) // 2 // turns
    of_backfill, of_long_run = ids[: a_turn * turns], ids[a_turn * turns :]
    ingest = runner.defs.resolve_job_def("ingest")
    add_partitions(instance, of_long_run)

    def a_backfill(turn: int) -> None:
        failed = runner.backfill(instance, catalog, of_backfill[turn * a_turn : (turn + 1) * a_turn])
        assert not failed, failed

    def a_long_run(turn: int) -> None:
        assert runner._execute(instance, ingest, of_long_run[turn * a_turn : (turn + 1) * a_turn]).success

    def a_loop(turn: int) -> None:
        for film in films[turn * a_turn : turn * a_turn + a_turn // 2]:
            plain.run(film)

    runs, long_runs, loop = (list[float]() for _ in range(3))
    for turn in range(turns):
        runs.append(seconds(partial(a_backfill, turn)) / a_turn)
        long_runs.append(seconds(partial(a_long_run, turn)) / a_turn)
        loop.append(seconds(partial(a_loop, turn)) / (a_turn // 2))
    with catalog.begin() as connection:
        stages = connection.execute(
            text(
                "select stage, sum(seconds) from stage_runs where video_id = any(:ids) group by 1 order by 2 desc"
            ),
            {"ids": of_backfill},
        ).all()
    in_stages = sum(taken for _, taken in stages)
    drift = loop[-1] / loop[0]
    rows = [
        ("plain loop over functions", statistics.median(loop), 1.0),
        ("backfill", statistics.median(runs), median_ratio(runs, loop)),
        ("one long run over as many", statistics.median(long_runs), median_ratio(long_runs, loop)),
        ("backfill, the first turn", runs[0], runs[0] / loop[0]),
        ("backfill, the last turn", runs[-1], runs[-1] / loop[-1]),
    ]
    verdicts = [
        ("a video of the backfill to one of the long run", median_ratio(runs, long_runs), MARGIN),
        ("the last videos to the first ones", runs[-1] / runs[0] / drift, MARGIN),
        ("share of Dagster and database", 1 - in_stages / (sum(runs) * a_turn), LARGEST_SHARE),
    ]
    told = "\n".join(
        f"- {what}: {value:.2f} (at most {limit:.2f}: {'kept' if value <= limit else 'NOT kept'})"
        for what, value, limit in verdicts
    )
    most = ", ".join(f"{stage} {taken / in_stages:.0%}" for stage, taken in stages[:6])
    return (
        table("A video", ("", "seconds", "times the plain loop"), rows)
        + f"\n{told}\n\nMedians of {turns} turns of {a_turn} videos. The plain loop's last turn took"
        f" {drift:.2f} times its first, which is taken out of the second figure.\nTime inside stages: {most}.\n"
    )

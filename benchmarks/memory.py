"""Peak memory of ingest against the length of the video: the same minute, repeated to 1, 10 and 100 minutes.

Each length is ingested by a process of its own in a library of its own. What is measured is the resident memory of
that process (not of PostgreSQL, whose memory is set by its configuration), twenty times a second; the peak of each
stage comes from the times in Dagster's event log. Limit: each length within 15 % of the others.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.report import machine, table
from vsearch_pipeline.settings import Settings

SPEECH = Path(__file__).resolve().parents[2] / "shared/data/speech/jfk/tests/jfk.flac"
FIT = "scale=640:360:force_original_aspect_ratio=decrease,pad=640:360:-1:-1"
MINUTES = (1, 10, 100)
LIMIT = 0.15
LOOKS_A_SECOND = 20


def main() -> None:
    given = tuple(int(each) for each in sys.argv[1:] if each.isdigit())
    lengths = given or MINUTES
    print(f"## memory\n\n{machine()}; a minute of the sample library, repeated\n", flush=True)
    found = {minutes: _measured(minutes) for minutes in lengths}
    stages = list(found[lengths[0]]["stages"])
    rows: list[tuple[object, ...]] = [
        (stage, *(found[minutes]["stages"].get(stage, 0) for minutes in lengths)) for stage in stages
    ]
    peaks = {minutes: found[minutes]["peak"] for minutes in lengths}
    rows.append(("peak of all", *peaks.values()))
    rows.append(("seconds", *(round(found[minutes]["seconds"]) for minutes in lengths)))
    print(table("Resident memory, MiB", ("stage", *(f"{minutes} min" for minutes in lengths)), rows))
    spread = max(peaks.values()) / min(peaks.values()) - 1
    verdict = "within" if spread <= LIMIT else "beyond"
    print(
        f"The largest peak is {spread:.1%} above the smallest, {verdict} the limit of {LIMIT:.0%}.\n", flush=True
    )


def _measured(minutes: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="vsearch-memory-") as folder:
        Path(folder).chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.memory", "--child", folder, str(minutes)],
            check=True,
            stdout=subprocess.PIPE,
        )
        return json.loads(done.stdout.splitlines()[-1])


def repeated(minutes: int, target: Path) -> Path:
    """A minute of the sample library, repeated without encoding it again. Somebody speaks a third of the time
    where the shared data is at hand, else there is a tone."""
    from imageio_ffmpeg import get_ffmpeg_exe

    from vsearch_pipeline.media.sample_library import build_sample_library

    program, folder = get_ffmpeg_exe(), target.parent
    parts = build_sample_library(folder / "sample")
    fitted = ";".join(f"[{i}:v]fps=25,{FIT},setsar=1,format=yuv420p[v{i}]" for i in range(len(parts)))
    joined = f"{fitted};{''.join(f'[v{i}]' for i in range(len(parts)))}concat=n={len(parts)}[v]"
    inputs = [word for path in parts for word in ("-i", str(path))]
    _ffmpeg(program, *inputs, "-filter_complex", joined, "-map", "[v]", "-g", "50", str(folder / "part.mp4"))
    voice = ["-i", str(SPEECH)] if SPEECH.is_file() else ["-f", "lavfi", "-i", "sine=300:duration=10"]
    _ffmpeg(program, *voice, "-af", "apad=whole_dur=30", str(folder / "voice.wav"))
    minute = folder / "minute.mp4"
    _ffmpeg(
        program,
        *("-stream_loop", "-1", "-i", str(folder / "part.mp4"), "-stream_loop", "-1"),
        *("-i", str(folder / "voice.wav"), "-map", "0:v", "-map", "1:a", "-c:a", "aac", "-t", "60", str(minute)),
    )
    _ffmpeg(program, "-stream_loop", str(minutes - 1), "-i", str(minute), "-c", "copy", str(target))
    return target


def _ffmpeg(program: str, *arguments: str) -> None:
    subprocess.run([program, "-loglevel", "error", "-y", *arguments], check=True)


def _child(folder: Path, minutes: int) -> None:
    import os

    home = folder / "home"
    os.environ["VSEARCH_HOME"] = str(home)
    film = repeated(minutes, folder / "film.mp4")

    import psutil

    from vsearch_pipeline.catalog.database import open_catalog
    from vsearch_pipeline.ingest.store import add_file
    from vsearch_pipeline.resources.instance import open_instance
    from vsearch_pipeline.runner import failure_reason, ingest_video

    settings = Settings(home=home)
    catalog, instance = open_catalog(settings), open_instance(settings)
    added = add_file(catalog, settings, film, actor="benchmark", door="cli")
    process, looks, over = psutil.Process(), list[tuple[float, int]](), threading.Event()

    def look() -> None:
        while not over.wait(1 / LOOKS_A_SECOND):
            looks.append((time.time(), process.memory_info().rss))

    watching = threading.Thread(target=look)
    watching.start()
    started = time.perf_counter()
    result = ingest_video(instance, added.video.id)
    seconds = time.perf_counter() - started
    over.set()
    watching.join()
    assert result.success, failure_reason(result)
    stages = {
        stats.step_key: max((rss for at, rss in looks if stats.start_time <= at <= stats.end_time), default=0)
        >> 20
        for stats in sorted(instance.get_run_step_stats(result.run_id), key=lambda s: s.start_time or 0)
        if stats.start_time and stats.end_time
    }
    print(json.dumps({"peak": max(rss for _, rss in looks) >> 20, "seconds": seconds, "stages": stages}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()

"""`vsearch` as people run it: in a process of its own, which a test may kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil


def python_path(folder: Path) -> str:
    """`PYTHONPATH` with a folder before what is on it."""
    return os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it started."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def kill_family(pid: int) -> None:
    """End them all at once, without a chance to tidy up."""
    processes = family(pid)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, 30)


def environment(home: Path, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "VSEARCH_HOME": str(home), "VSEARCH_ACTOR": "tester", **(settings or {})}


def vsearch(
    home: Path, *arguments: str, settings: Mapping[str, str] | None = None, timeout: float = 240
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "vsearch_pipeline", *arguments],
        env=environment(home, settings),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def started(
    home: Path, *arguments: str, settings: Mapping[str, str] | None = None, log: Path | None = None
) -> subprocess.Popen[str]:
    """Start a command, whose words go to `log`."""
    told = (log or Path(os.devnull)).open("w")
    return subprocess.Popen(
        [sys.executable, "-m", "vsearch_pipeline", *arguments],
        env=environment(home, settings),
        stdout=told,
        stderr=subprocess.STDOUT,
        text=True,
    )


def write_catalogue(path: Path, films: Mapping[str, Sequence[str]]) -> Path:
    """A catalogue that `vsearch import metadata` reads: a caption every five seconds."""
    records = [
        {"video_id": film, "timestamp": i * 5, "end": i * 5 + 5, "caption": caption, "faces": []}
        for film, captions in films.items()
        for i, caption in enumerate(captions)
    ]
    path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    return path

"""`python -m benchmarks [--quick | --full] [NAME...] [SIZE...]`: run the benchmarks and print their tables.

With `--quick` or `--full`, each runs in a process of its own and docs/benchmarks.md is written.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import time

from benchmarks.document import DOCUMENT, written, written_quick
from vsearch_pipeline.doctor import cards

BENCHMARKS = (
    *("ingest", "backfill", "memory", "workers", "faces", "people", "captions", "retrieval", "search_latency"),
    *("editing", "page", "slack", "gpu"),
)
QUICK = {
    "backfill": ("16",),
    "memory": ("1", "2"),
    "search_latency": ("2000",),
    "editing": ("300",),
    "page": ("100",),
}
"""Those that `--quick` runs, with their sizes; the others take longer, or data that is not in the repository."""


def main() -> None:
    given = [each for each in sys.argv[1:] if not each.startswith("--")]
    named = [each for each in given if not each.isdigit()]
    unknown = [name for name in named if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"There is no benchmark {unknown[0]}: choose of {', '.join(BENCHMARKS)}.")
    if "--quick" in sys.argv:
        _quick([name for name in named or QUICK if name in QUICK])
    elif "--full" in sys.argv:
        _full(named or [name for name in BENCHMARKS if name != "gpu" or cards()])
    else:
        for name in named or BENCHMARKS:
            importlib.import_module(f"benchmarks.{name}").main()


def _quick(names: list[str]) -> None:
    started = time.monotonic()
    outputs = {name: _output(name, QUICK[name]) for name in names}
    found = {name: output for name, output in outputs.items() if output}
    _write(written_quick(DOCUMENT.read_text(encoding="utf-8"), found, time.monotonic() - started))
    _end([name for name in names if name not in found])


def _full(names: list[str]) -> None:
    failed = []
    for name in names:
        started = time.monotonic()
        output = _output(name, ())
        if output:
            document = DOCUMENT.read_text(encoding="utf-8")
            _write(written(document, name, output, time.monotonic() - started))
        else:
            failed.append(name)
    _end(failed)


def _output(name: str, sizes: tuple[str, ...]) -> str:
    """What a benchmark prints, shown as it comes; nothing where it failed."""
    print(f"--- {name}", flush=True)
    lines, started = list[str](), time.monotonic()
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks", name, *sizes]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    print(f"--- {name}: {time.monotonic() - started:.0f} s", flush=True)
    return "" if process.returncode else "".join(lines)


def _write(document: str) -> None:
    DOCUMENT.write_text(document, encoding="utf-8")


def _end(failed: list[str]) -> None:
    print(f"--- written: {DOCUMENT.name}")
    if failed:
        sys.exit(f"These failed; what they printed is above: {', '.join(failed)}.")


if __name__ == "__main__":
    main()

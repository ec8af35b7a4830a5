"""docs/benchmarks.md: a section for each benchmark, written anew when it is run, and one for quick runs of all."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
import re
from pathlib import Path

from vsearch_pipeline.doctor import cards

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
NOTES = Path(__file__).parent / "notes"
PACKAGES = ("dagster", "sqlalchemy", "av", "opencv-python-headless", "onnxruntime", "streamlit", "torch")
QUICK = "quick"
HEAD = """# Benchmarks

`make bench` measures at small sizes in some minutes and writes the section "quick"; `make bench FULL=1` takes
hours and writes the others. Each has its peer or its limit in the same run. The machines are shared and noisy:
read the ratios, which come from interleaved runs, rather than the seconds.
"""


def written(document: str, name: str, output: str, seconds: float) -> str:
    """The document with one section in place of the one of that name, else at the end.

    Args:
        output: what the benchmark printed, from its heading `## name` on.
    """
    body = output.partition(f"## {name}\n")[2].strip()
    notes = NOTES / f"{name}.md"
    told = f"\n\n### Notes\n\n{notes.read_text(encoding='utf-8').strip()}" if notes.is_file() else ""
    return _put(document, name, f"{_when(seconds)}\n\n{body}{told}")


def written_quick(document: str, outputs: dict[str, str], seconds: float) -> str:
    """The document with the section of quick runs, which comes first.

    Args:
        outputs: what each benchmark printed.
    """
    parts = [re.sub(r"^(#+) ", r"#\1 ", output.strip(), flags=re.M) for output in outputs.values()]
    limits = "Small sizes: ratios are rougher than below, and some limits are only met at full size."
    return _put(document, QUICK, "\n\n".join((_when(seconds), limits, *parts)))


def _put(document: str, name: str, body: str) -> str:
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", document, flags=re.M | re.S))
    sections[name] = f"\n{body.strip()}\n"
    order = sorted(sections, key=lambda each: each != QUICK)
    return HEAD + "".join(f"\n## {each}\n\n{sections[each].strip()}\n" for each in order)


def _when(seconds: float) -> str:
    took = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
    return f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {took}. {hardware()}; {versions()}."


def hardware() -> str:
    """Processor, cores, memory and graphics card of this machine."""
    import psutil

    memory = f"{psutil.virtual_memory().total / 2**30:.0f} GiB"
    return f"{_processor()}, {os.cpu_count()} cores, {memory}, {cards() or 'no graphics card'}"


def versions() -> str:
    """Of Python and of what does the work."""
    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    named = re.search(r"^model name\s*:\s*(.+)$", text, flags=re.M)
    return named[1].strip() if named else platform.machine()

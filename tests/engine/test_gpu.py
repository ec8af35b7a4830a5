"""One graphics card, two runs: steps that use models take turns, whatever executes them; the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.engine.cluster import Cluster, Event, ended_well, small_clips
from tests.engine.test_celery import ON_GPU

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Span:
    """When a step ran, seconds."""

    run: str
    step: str
    start: float
    end: float

    def meets(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


def spans(events: list[Event]) -> list[Span]:
    begun = {(e.run, e.step): e.time for e in events if e.kind == "STEP_START"}
    return [Span(e.run, e.step, begun[e.run, e.step], e.time) for e in events if e.kind == "STEP_SUCCESS"]


@pytest.mark.parametrize("executor", ["in_process", "celery"])
def test_two_runs_take_turns_on_the_card(new_cluster: Callable[[str], Cluster], executor: str) -> None:
    cluster = new_cluster(f"turns_{executor}")
    if executor == "celery":
        for machine in ("one", "two"):
            cluster.worker(machine)  # each would take steps of the other run at any time
    videos = [cluster.add(clip) for clip in small_clips(cluster.folder, 2)]
    for run in [cluster.run([video], executor) for video in videos]:
        ended_well(run)
    assert cluster.is_ingested()
    ran = spans(cluster.events())
    on_gpu = [span for span in ran if span.step in ON_GPU]
    assert len(on_gpu) == 2 * len(ON_GPU)
    assert [(a, b) for a in on_gpu for b in on_gpu if a is not b and a.meets(b)] == []
    beside = [(a, b) for a in ran for b in on_gpu if a.step not in ON_GPU and a.run != b.run and a.meets(b)]
    assert beside, "steps of the other run go on while the card is in use"

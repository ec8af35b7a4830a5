import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from vsearch_pipeline.media.sampling import SampledFrame, Scan, sample


@dataclass
class Sampled:
    """A scan together with the pictures and the progress it reported."""

    scan: Scan
    pictures: list[SampledFrame] = field(default_factory=list)
    progress: list[int] = field(default_factory=list)


@pytest.fixture
def scan() -> Callable[..., Sampled]:
    """`scan(path, fps=4)`: sample a file with everyday settings, keeping what it reported."""

    def run(path: Path, *, fps: float = 4.0, max_side: int = 1280) -> Sampled:
        pictures: list[SampledFrame] = []
        progress: list[int] = []
        found = sample(
            path,
            frames_per_second=fps,
            max_side=max_side,
            jpeg_quality=85,
            on_frame=pictures.append,
            on_progress=progress.append,
        )
        return Sampled(found, sorted(pictures, key=lambda picture: picture.index), progress)

    return run


def assert_sane(sampled: Sampled) -> None:
    """What holds for every video: shots tile it, times increase, pictures match their records."""
    found = sampled.scan
    assert found.shots[0].start_ms == 0
    assert found.shots[-1].end_ms == found.duration_ms
    assert all(a.end_ms == b.start_ms for a, b in zip(found.shots, found.shots[1:], strict=False))
    times = [frame.time_ms for frame in found.frames]
    assert times[0] == 0
    assert all(a < b for a, b in itertools.pairwise(times))
    assert times[-1] < found.duration_ms
    assert [frame.index for frame in found.frames] == list(range(len(times)))
    assert [(p.index, p.time_ms, p.width, p.height) for p in sampled.pictures] == [
        (f.index, f.time_ms, f.width, f.height) for f in found.frames
    ]
    assert sampled.progress[-1] == found.duration_ms
    assert sampled.progress == sorted(sampled.progress)

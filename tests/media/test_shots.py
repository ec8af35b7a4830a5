from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clips import COLOURS, scene
from vsearch_pipeline.media.shots import MIN_SHOT_MS, Fade, ShotFinder, tile
from vsearch_pipeline.timeline import TimeRange

SIZE = (128, 72)


def find(brightness_and_scene: list[tuple[int, float, int]], duration_ms: int) -> list[int]:
    """Shot starts of frames given as (time, brightness 0..1, colour)."""
    finder = ShotFinder()
    for batch in range(0, len(brightness_and_scene), 7):
        frames = brightness_and_scene[batch : batch + 7]
        images = [scene(COLOURS[colour], SIZE, time % 1000 / 1000) * bright for time, bright, colour in frames]
        finder.feed([time for time, _, _ in frames], [image.astype(np.uint8) for image in images])
    return [shot.start_ms for shot in finder.shots(duration_ms)]


def test_hard_cuts_are_found_on_their_frame() -> None:
    frames = [(t, 1.0, (t >= 1480) + (t >= 3000)) for t in range(0, 5000, 40)]
    assert find(frames, 5000) == [0, 1480, 3000]


def test_cuts_keep_their_time_where_the_rate_varies() -> None:
    times = [*range(0, 2000, 33), *range(2000, 6000, 200), *range(6000, 8000, 40)]
    frames = [(t, 1.0, (t >= 1023) + (t >= 3400) + (t >= 7000)) for t in times]
    assert find(frames, 8040) == [0, 1023, 3400, 7000]


def test_motion_alone_is_no_cut() -> None:
    assert find([(t, 1.0, 0) for t in range(0, 4000, 40)], 4000) == [0]


def test_a_fade_through_black_is_one_boundary_in_the_dark() -> None:
    def brightness(t: int) -> float:
        return min(1.0, max(0.0, (abs(t - 2000) - 100) / 800))

    frames = [(t, brightness(t), int(t >= 2000)) for t in range(0, 4000, 40)]
    starts = find(frames, 4000)
    assert len(starts) == 2
    assert 1880 <= starts[1] <= 2120


def test_black_between_hard_cuts_is_a_shot() -> None:
    frames = [(t, 0.0 if 1000 <= t < 2600 else 1.0, int(t >= 2000)) for t in range(0, 4000, 40)]
    assert find(frames, 4000) == [0, 1000, 2600]


def test_a_dark_opening_ends_where_the_picture_begins() -> None:
    frames = [(t, min(1.0, max(0.0, (t - 2000) / 800)), 0) for t in range(0, 5000, 40)]
    starts = find(frames, 5000)
    assert len(starts) == 2
    assert 2000 < starts[1] < 2400


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_scores_equal_the_librarys_own_however_frames_are_batched(seed: int, batches: list[int]) -> None:
    from scenedetect.common import FrameTimecode
    from scenedetect.detectors import AdaptiveDetector

    random = np.random.default_rng(seed)
    images = [random.integers(0, 255, (9, 16, 3), np.uint8) for _ in range(sum(batches))]
    theirs = AdaptiveDetector()
    expected = []
    for i, image in enumerate(images):
        theirs.process_frame(FrameTimecode(i * 40, Fraction(1000)), image)
        expected.append(theirs._frame_score)
    finder = ShotFinder()
    scores, brightness = [], []
    for start, count in zip(np.cumsum([0, *batches]), batches, strict=False):
        some = finder._measure(images[start : start + count])
        scores += some[0]
        brightness += some[1]
    assert scores == pytest.approx(expected)
    assert brightness == pytest.approx([image.mean() for image in images])


@given(
    st.sets(st.integers(0, 60_000), max_size=30),
    st.lists(st.tuples(st.integers(0, 60_000), st.integers(1, 900), st.integers(1, 900)), max_size=6),
    st.integers(1, 60_000),
)
def test_shots_always_tile(cuts: set[int], fades: list[tuple[int, int, int]], duration_ms: int) -> None:
    shots = tile(cuts, [Fade(a, a + b, a + b + c) for a, b, c in fades], duration_ms)
    assert (shots[0].start_ms, shots[-1].end_ms) == (0, duration_ms)
    assert all(a.end_ms == b.start_ms for a, b in pairwise(shots))
    assert len(shots) == 1 or all(shot.duration_ms >= MIN_SHOT_MS for shot in shots)


def test_no_cut_gives_one_shot() -> None:
    assert tile([], [], 40) == (TimeRange(0, 40),)

"""What a person said of a face finds the track that shows it, whatever a run made of the video."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.catalog.identities import Anchor, Mark, MarkKind, SeenFace, Track
from vsearch_pipeline.editing.marks import find_track, verdict, verdicts
from vsearch_pipeline.people.records import Box
from vsearch_pipeline.timeline import TimeRange

STEP_MS = 500


def box(left: float, top: float = 0.3, side: float = 0.2) -> Box:
    return (left, top, left + side, top + side)


def track(index: int, *faces: tuple[int, Box], video: str = "clip") -> Track:
    seen = tuple(SeenFace(100 * index + i, i, time, where, 0.5 + i / 100) for i, (time, where) in enumerate(faces))
    span = TimeRange(faces[0][0], faces[-1][0] + STEP_MS)
    return Track(video, index, span, seen, (), np.empty((0, 0), np.float32))


def mark(number: int, kind: MarkKind, person: int | None = None, group: int | None = None) -> Mark:
    return Mark(number, Anchor("clip", 0, box(0.1)), kind, person, group)


def test_a_face_is_found_in_the_track_that_shows_it() -> None:
    left = track(0, (0, box(0.1)), (500, box(0.12)))
    right = track(1, (0, box(0.6)), (500, box(0.58)))
    assert find_track(left.anchor, [left, right], STEP_MS) == 0
    assert find_track(right.anchor, [left, right], STEP_MS) == 1


def test_the_nearest_time_counts_before_the_overlap() -> None:
    before = track(0, (0, box(0.1)))
    now = track(1, (500, box(0.15)))
    assert find_track(Anchor("clip", 500, box(0.1)), [before, now], STEP_MS) == 1


@pytest.mark.parametrize(
    "anchor",
    [Anchor("clip", 1500, box(0.1)), Anchor("clip", 0, box(0.25)), Anchor("other", 0, box(0.1))],
    ids=["too late", "too far", "another video"],
)
def test_a_mark_waits_where_its_face_is_not_found(anchor: Anchor) -> None:
    assert find_track(anchor, [track(0, (0, box(0.1)), (900, box(0.1)))], STEP_MS) is None


@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=8),
    st.floats(-0.05, 0.05),
    st.floats(-0.05, 0.05),
    st.integers(-250, 250),
    st.randoms(use_true_random=False),
)
def test_marks_outlive_new_detections(
    lengths: list[int], dx: float, dy: float, dt: int, rng: random.Random
) -> None:
    """Boxes move, times shift, faces get lost and tracks are numbered anew: each mark stays with its person."""
    before = [
        track(i, *((1000 + n * STEP_MS, box(0.02 + 0.12 * i, side=0.11)) for n in range(length + 2)))
        for i, length in enumerate(lengths)
    ]
    numbers = list(range(len(before)))
    rng.shuffle(numbers)
    after = []
    for old, number in zip(before, numbers, strict=True):
        kept = [face for face in old.faces if face is old.clearest or rng.random() < 0.7]
        moved = [
            (face.time_ms + dt, tuple(np.add(face.bbox_xyxy, (dx / 4, dy / 4, dx / 4, dy / 4)).tolist()))
            for face in kept
        ]
        after.append(track(number, *moved))  # type: ignore[arg-type]
    rng.shuffle(after)
    for old, number in zip(before, numbers, strict=True):
        assert find_track(old.anchor, after, STEP_MS) == number


def test_a_later_word_takes_back_an_earlier_one() -> None:
    assert verdict([mark(1, "is", 7), mark(2, "is", 8)]).person_id == 8
    taken_back = verdict([mark(1, "is", 7), mark(2, "is_not", 7)])
    assert (taken_back.person_id, taken_back.excluded) == (None, {7})
    again = verdict([mark(1, "is_not", 7), mark(2, "is_not", 9), mark(3, "is", 7)])
    assert (again.person_id, again.excluded) == (7, {9})
    assert verdict([mark(1, "group", group=3), mark(2, "group", group=4)]).group_id == 4


@given(st.lists(st.tuples(st.sampled_from(["is", "is_not", "group"]), st.integers(1, 3))))
def test_nobody_is_somebody_they_are_not(words: list[tuple[MarkKind, int]]) -> None:
    marks = [
        mark(i, kind, group=who) if kind == "group" else mark(i, kind, who) for i, (kind, who) in enumerate(words)
    ]
    said = verdict(marks)
    assert said.person_id not in said.excluded
    last = {who: kind for kind, who in words if kind != "group"}
    assert {who for who, kind in last.items() if kind == "is_not"} == said.excluded
    assert said.person_id is None or last[said.person_id] == "is"


def test_marks_are_summed_by_track() -> None:
    tracks = [track(4, (0, box(0.1))), track(9, (0, box(0.6)))]
    said = verdicts([mark(2, "is_not", 5), mark(1, "is", 5)], tracks, STEP_MS)
    assert said.keys() == {4}
    assert said[4].excluded == {5}

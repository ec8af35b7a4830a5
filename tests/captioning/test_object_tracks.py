"""Objects linked over the looked-at frames of a video: rules for any boxes, and things that move."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsearch_pipeline.captioning.object_tracks import MAX_GROWTH, MAX_MISSED, FrameObjects, link_objects
from vsearch_pipeline.captioning.objects import DetectedObject

Box = tuple[float, float, float, float]

corners = st.tuples(*[st.floats(0, 1).map(lambda v: round(v, 4))] * 4)
boxes = corners.map(lambda v: (min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3])))
things = st.builds(
    DetectedObject, st.sampled_from(["person", "car"]), st.floats(0.3, 1).map(lambda v: round(v, 4)), boxes
)
videos = st.lists(
    st.tuples(st.integers(300, 2500), st.booleans(), st.lists(things, max_size=5, unique=True)), max_size=8
).map(
    lambda steps: [
        FrameObjects(
            time_ms=sum(step for step, _, _ in steps[: place + 1]),
            shot=sum(cut for _, cut, _ in steps[: place + 1]),
            objects=found,
        )
        for place, (_, _, found) in enumerate(steps)
    ]
)


def seen(frames: Sequence[FrameObjects]) -> dict[int, list[tuple[int, FrameObjects, DetectedObject]]]:
    """Place, frame and box of each sighting, by track."""
    tracks: dict[int, list[tuple[int, FrameObjects, DetectedObject]]] = {}
    for place, (frame, numbers) in enumerate(zip(frames, link_objects(frames), strict=True)):
        for thing, number in zip(frame.objects, numbers, strict=True):
            tracks.setdefault(number, []).append((place, frame, thing))
    return tracks


def person(
    x: float, y: float = 0.5, width: float = 0.1, height: float = 0.3, score: float = 0.9
) -> DetectedObject:
    return DetectedObject("person", score, (x - width / 2, y - height / 2, x + width / 2, y + height / 2))


def frame(second: int, *found: DetectedObject, shot: int = 0) -> FrameObjects:
    return FrameObjects(1000 * second, shot, found)


@settings(deadline=None)
@given(videos)
def test_every_box_is_in_one_track(video: list[FrameObjects]) -> None:
    numbers = link_objects(video)
    assert [len(of_frame) for of_frame in numbers] == [len(one.objects) for one in video]
    used = sorted({number for of_frame in numbers for number in of_frame})
    assert used == list(range(len(used)))


@settings(deadline=None)
@given(videos)
def test_a_track_is_one_thing(video: list[FrameObjects]) -> None:
    for sightings in seen(video).values():
        places = [place for place, _, _ in sightings]
        assert len(set(places)) == len(places), "never twice in a frame"
        assert len({thing.label for _, _, thing in sightings}) == 1
        assert len({of.shot for _, of, _ in sightings}) == 1
        assert all(b - a <= MAX_MISSED + 1 for a, b in pairwise(places))
        for (_, _, one), (_, _, next_one) in pairwise(sightings):
            assert max(one.area, next_one.area) <= MAX_GROWTH**2 * min(one.area, next_one.area) * (1 + 1e-9)


@settings(deadline=None)
@given(videos)
def test_tracks_are_numbered_as_they_appear(video: list[FrameObjects]) -> None:
    first = {number: (sightings[0][0], -sightings[0][2].score) for number, sightings in seen(video).items()}
    assert [first[number] for number in sorted(first)] == sorted(first.values())


@settings(deadline=None)
@given(videos, st.randoms())
def test_the_order_within_a_frame_does_not_matter(video: list[FrameObjects], random: st.DataObject) -> None:
    shuffled = [
        FrameObjects(one.time_ms, one.shot, random.sample(list(one.objects), len(one.objects)))  # type: ignore[attr-defined]
        for one in video
    ]
    assert {
        number: [(place, thing) for place, _, thing in sightings] for number, sightings in seen(video).items()
    } == {
        number: [(place, thing) for place, _, thing in sightings] for number, sightings in seen(shuffled).items()
    }


@settings(deadline=None)
@given(
    speed=st.floats(-1.6, 1.6),
    height=st.floats(0.1, 0.6),
    jitter=st.lists(st.floats(-0.1, 0.1), min_size=8, max_size=8),
    missed=st.integers(2, 6),
)
def test_somebody_who_walks_by_is_one_track(speed: float, height: float, jitter: list[float], missed: int) -> None:
    """Up to 1.6 of their widths a second, with a detector's jitter, and missed once after the first two looks."""
    width = 0.05
    walk = [
        frame(
            second,
            *([] if second == missed else [person(0.5 + (speed * second + off) * width, 0.5, width, height)]),
        )
        for second, off in enumerate(jitter)
    ]
    assert len(seen(walk)) == 1


@pytest.mark.parametrize("speed", [0.05, 0.08])
def test_people_who_cross_keep_their_tracks(speed: float) -> None:
    """One walks to the right and one to the left, one above the other as they meet."""
    meeting = [
        frame(second, person(0.3 + speed * second, 0.45), person(0.7 - speed * second, 0.55))
        for second in range(8)
    ]
    assert len(seen(meeting)) == 2
    for sightings in seen(meeting).values():
        assert len({thing.bbox_xyxy[1] for _, _, thing in sightings}) == 1, "each stays at their own height"


def test_nearest_is_not_taken_where_both_fit_better_otherwise() -> None:
    """A queue that moves up by most of a place: each goes on to where the next one was nearly."""
    before = [person(0.2 + 0.15 * place) for place in range(4)]
    after = [person(0.29 + 0.15 * place) for place in range(4)]
    numbers = link_objects([frame(0, *before), frame(1, *after)])
    assert numbers[0] == numbers[1]


def test_what_was_expected_to_go_on_is_not_who_stands_there() -> None:
    """A runner passes somebody standing: the runner goes on behind them."""
    frames = [
        frame(0, person(0.1), person(0.52, score=0.8)),
        frame(1, person(0.3), person(0.52, score=0.8)),
        frame(2, person(0.5), person(0.52, score=0.8)),
        frame(3, person(0.7), person(0.52, score=0.8)),
    ]
    assert link_objects(frames)[3] == [0, 1]


def test_a_cut_ends_every_track() -> None:
    assert link_objects([frame(0, person(0.5)), frame(1, person(0.5), shot=1)]) == [[0], [1]]


@pytest.mark.parametrize(("missed", "tracks"), [(1, 1), (2, 2)])
def test_a_gap_of_one_frame(missed: int, tracks: int) -> None:
    frames = [frame(0, person(0.5)), *(frame(1 + gap) for gap in range(missed)), frame(1 + missed, person(0.5))]
    assert len(seen(frames)) == tracks


@pytest.mark.parametrize(
    "other",
    [
        person(0.9),
        person(0.5, 0.5, 0.25, 0.75),
        DetectedObject("dog", 0.9, person(0.5).bbox_xyxy),
        DetectedObject("person", 0.9, (0.5, 0.5, 0.5, 0.5)),
    ],
    ids=["too far", "too large", "of another kind", "without an area"],
)
def test_what_is_not_the_same_thing(other: DetectedObject) -> None:
    assert link_objects([frame(0, person(0.5)), frame(1, other)]) == [[0], [1]]


def test_nothing_to_link() -> None:
    assert link_objects([]) == []
    assert link_objects([frame(0), frame(1)]) == [[], []]

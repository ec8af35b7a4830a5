import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.people.records import FaceObservation, FaceTrack
from vsearch_pipeline.people.tracking import (
    BEST_EVERY_MS,
    BEST_FACES,
    MAX_GAP_STEPS,
    best_faces,
    best_of_stretches,
    box_iou,
    link_tracks,
)

STEP = 500
LANDMARKS = ((0.0, 0.0),) * 5


def face(
    index: int, time_ms: int, x: float, *, y: float = 0.5, shot: int = 0, size: float = 0.1, quality: float = 0.5
) -> FaceObservation:
    return FaceObservation(index, shot, time_ms, (x, y, x + size, y + size), LANDMARKS, 0.9, quality)


@st.composite
def videos(draw: st.DrawFn) -> list[FaceObservation]:
    faces: list[FaceObservation] = []
    time = 0
    for shot in range(draw(st.integers(0, 3))):
        for _ in range(draw(st.integers(0, 6))):
            for _ in range(draw(st.integers(0, 4))):
                unit = st.floats(0, 0.8)
                faces.append(
                    face(
                        len(faces),
                        time,
                        draw(unit),
                        y=draw(unit),
                        shot=shot,
                        size=draw(st.floats(0, 0.2)),
                        quality=draw(st.floats(0, 1)),
                    )
                )
            time += STEP
    return faces


@given(videos(), st.randoms(use_true_random=False))
def test_tracks_divide_the_faces(faces: list[FaceObservation], rng: random.Random) -> None:
    tracks = link_tracks(faces, STEP)
    by_index = {one.index: one for one in faces}
    assert Counter(index for track in tracks for index in track.faces) == Counter(by_index.keys())
    for number, track in enumerate(tracks):
        mine = [by_index[index] for index in track.faces]
        times = [one.time_ms for one in mine]
        assert track.index == number
        assert {one.shot_index for one in mine} == {track.shot_index}
        assert times == sorted(set(times))
        assert track.start_ms == times[0]
        assert times[-1] < track.end_ms <= times[-1] + STEP
        assert set(track.best) <= set(track.faces)
        assert len(track.best) == max(1, min(BEST_FACES, len(mine), (times[-1] - times[0]) // BEST_EVERY_MS))
        assert max(mine, key=lambda one: one.quality).quality == max(by_index[i].quality for i in track.best)
    shuffled = list(faces)
    rng.shuffle(shuffled)
    assert link_tracks(shuffled, STEP) == tracks


def follow(*faces: FaceObservation) -> list[tuple[int, ...]]:
    return [track.faces for track in link_tracks(faces, STEP)]


def test_two_people_who_stay_apart_are_two_tracks() -> None:
    left = [face(i, i * STEP, 0.1 + 0.01 * i) for i in range(4)]
    right = [face(10 + i, i * STEP, 0.6 - 0.01 * i) for i in range(4)]
    assert follow(*left, *right) == [(0, 1, 2, 3), (10, 11, 12, 13)]


def test_the_better_overlap_wins() -> None:
    assert follow(face(0, 0, 0.30), face(1, STEP, 0.36), face(2, STEP, 0.31)) == [(0, 2), (1,)]


def test_a_walk_without_overlap_is_still_one_track_but_a_jump_is_not() -> None:
    assert follow(face(0, 0, 0.1), face(1, STEP, 0.15)) == [(0, 1)]
    assert follow(face(0, 0, 0.1, size=0.1), face(1, STEP, 0.17, y=0.5)) == [(0, 1)]
    assert follow(face(0, 0, 0.1), face(1, STEP, 0.4)) == [(0,), (1,)]
    assert follow(face(0, 0, 0.1, size=0.1), face(1, STEP, 0.16, size=0.3, y=0.58)) == [(0,), (1,)]


def test_a_short_gap_is_bridged_and_a_long_one_is_not() -> None:
    assert follow(face(0, 0, 0.1), face(1, (MAX_GAP_STEPS + 1) * STEP, 0.1)) == [(0, 1)]
    assert follow(face(0, 0, 0.1), face(1, (MAX_GAP_STEPS + 2) * STEP, 0.1)) == [(0,), (1,)]


def test_a_cut_ends_a_track_and_its_time() -> None:
    assert link_tracks([face(0, 0, 0.1), face(1, 300, 0.1, shot=1)], STEP) == [
        FaceTrack(0, 0, 0, 300, (0,), (0,)),
        FaceTrack(1, 1, 300, 800, (1,), (1,)),
    ]


def test_the_best_faces_are_spread_over_the_track() -> None:
    faces = [face(i, i * STEP, 0.1, quality=0.9 if i < 10 else 0.2 + i / 100) for i in range(20)]
    assert best_faces(faces) == (0, 4, 8, 15, 19)
    assert best_of_stretches(faces, 2) == (0, 19)
    assert best_of_stretches(faces[:2], 5) == (0, 1)


def test_there_is_a_best_face_every_second_and_a_half_and_at_least_one() -> None:
    faces = [face(i, i * STEP, 0.1, quality=0.5 + i / 100) for i in range(10)]
    assert best_faces(faces[:1]) == (0,)
    assert best_faces(faces[:6]) == (5,)
    assert best_faces(faces[:7]) == (2, 6)
    assert best_faces(faces) == (2, 5, 9)


def test_box_iou() -> None:
    assert box_iou((0, 0, 2, 2), (1, 0, 3, 2)) == 1 / 3
    assert box_iou((0, 0, 1, 1), (1, 1, 2, 2)) == 0
    assert box_iou((0, 0, 0, 0), (0, 0, 0, 0)) == 0

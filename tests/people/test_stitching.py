from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.people.test_tracking import STEP, face, videos
from vsearch_pipeline.people.prior import FacePrior
from vsearch_pipeline.people.quality import DECIDING_QUALITY
from vsearch_pipeline.people.records import FaceObservation, FaceTrack, Vectors
from vsearch_pipeline.people.stitching import MAX_HIDDEN_MS, stitch_tracks
from vsearch_pipeline.people.tracking import BEST_FACES, link_tracks

HER = np.array((1, 0, 0), dtype=np.float32)
HIM = np.array((0, 1, 0), dtype=np.float32)
PRIOR = FacePrior(stranger_mean=0.24, stranger_sd=0.05, same_mean=0.97)
"""One person from 0.70 on, two below 0.40."""
BETWEEN = np.array((0.8, 0.6, 0), dtype=np.float32)


def stitch(faces: list[FaceObservation], vectors: dict[int, Vectors]) -> list[FaceTrack]:
    return stitch_tracks(link_tracks(faces, STEP), faces, vectors, STEP, PRIOR)


@given(videos(), st.integers(0, 2**32))
def test_tracks_keep_their_guarantees(faces: list[FaceObservation], seed: int) -> None:
    rng = np.random.default_rng(seed)
    linked = link_tracks(faces, STEP)
    people = [HER, HIM, BETWEEN]
    vectors = {i: people[rng.integers(3)] for t in linked for i in t.best if rng.random() < 0.8}
    tracks = stitch(faces, vectors)
    assert stitch(faces, vectors) == tracks
    assert Counter(i for t in tracks for i in t.faces) == Counter(range(len(faces)))
    for number, track in enumerate(tracks):
        mine = [faces[i] for i in track.faces]
        times = [one.time_ms for one in mine]
        assert track.index == number
        assert {one.shot_index for one in mine} == {track.shot_index}
        assert times == sorted(set(times))
        assert track.start_ms == times[0]
        assert times[-1] < track.end_ms <= times[-1] + STEP
        assert set(track.best) <= set(track.faces)
        assert 1 <= len(track.best) <= BEST_FACES
        assert all(b - a <= max(MAX_HIDDEN_MS, 4 * STEP + STEP // 2) for a, b in pairwise(times))
    for shot in {one.shot_index for one in faces}:
        later = [one.time_ms for one in faces if one.shot_index > shot]
        assert all(track.end_ms <= min(later, default=10**9) for track in tracks if track.shot_index == shot)
    assert [(t.start_ms, t.faces[0]) for t in tracks] == sorted((t.start_ms, t.faces[0]) for t in tracks)


def appearance(first: int, start: int, count: int, x: float, *, quality: float = 0.5) -> list[FaceObservation]:
    return [face(first + i, (start + i) * STEP, x, quality=quality) for i in range(count)]


def test_nothing_embedded_changes_nothing() -> None:
    faces = appearance(0, 0, 4, 0.1) + appearance(4, 0, 4, 0.6)
    assert stitch(faces, {}) == link_tracks(faces, STEP)
    assert stitch([], {}) == []


def test_one_who_was_lost_and_found_elsewhere_is_one_track() -> None:
    faces = appearance(0, 0, 4, 0.1) + appearance(4, 6, 4, 0.6)
    linked = link_tracks(faces, STEP)
    assert len(linked) == 2
    (track,) = stitch(faces, {i: HER for t in linked for i in t.best})
    assert track.faces == tuple(range(8))
    assert (track.start_ms, track.end_ms) == (0, 10 * STEP)
    assert set(track.best) == {i for t in linked for i in t.best}
    first, second = (t.best for t in linked)
    assert len(stitch(faces, dict.fromkeys(first, HER) | dict.fromkeys(second, HIM))) == 2


def test_two_at_once_are_two_however_alike() -> None:
    faces = appearance(0, 0, 4, 0.1) + appearance(4, 2, 4, 0.6)
    assert len(stitch(faces, dict.fromkeys(range(8), HER))) == 2


def test_another_shot_and_a_long_absence_are_another_track() -> None:
    away = MAX_HIDDEN_MS // STEP
    for start, tracks in ((3 + away, 1), (4 + away, 2)):
        faces = appearance(0, 0, 4, 0.1) + appearance(4, start, 4, 0.6)
        assert len(stitch(faces, dict.fromkeys(range(8), HER))) == tracks
    faces = [face(0, 0, 0.1), face(1, STEP, 0.1, shot=1)]
    assert len(stitch(faces, dict.fromkeys(range(2), HER))) == 2


def test_the_most_alike_are_joined_first() -> None:
    faces = appearance(0, 0, 1, 0.1) + appearance(1, 4, 1, 0.4) + appearance(2, 4, 1, 0.8)
    assert [t.faces for t in stitch(faces, {0: HER, 1: BETWEEN, 2: HER})] == [(0, 2), (1,)]


def test_poor_faces_do_not_join() -> None:
    faces = appearance(0, 0, 2, 0.1) + appearance(2, 4, 2, 0.6, quality=DECIDING_QUALITY - 0.01)
    assert len(stitch(faces, dict.fromkeys(range(4), HER))) == 2


def test_a_link_across_two_people_is_cut_where_they_change() -> None:
    faces = appearance(0, 0, 6, 0.10) + appearance(6, 6, 6, 0.14)
    (linked,) = link_tracks(faces, STEP)
    first, second = stitch(faces, {i: HER if i < 6 else HIM for i in linked.best})
    assert first.faces == tuple(range(6))
    assert second.faces == tuple(range(6, 12))
    assert first.end_ms == second.start_ms == 6 * STEP
    assert set(first.best) | set(second.best) == set(linked.best)
    assert stitch(faces, {i: HER if i < 6 else BETWEEN for i in linked.best}) == [linked]


def test_two_people_who_cross_keep_their_own_tracks() -> None:
    """By position each goes on in the other's place; both links are cut and the right halves joined."""
    faces = [face(2 * i + side, i * STEP, (0.30, 0.34)[side] if i < 6 else (0.31, 0.33)[side]) for i in range(12)
             for side in (0, 1)]  # fmt: skip
    linked = link_tracks(faces, STEP)
    assert [len(t.faces) for t in linked] == [12, 12]
    her = {f.index for f in faces if (f.index % 2 == 0) == (f.time_ms < 6 * STEP)}
    tracks = stitch(faces, {i: HER if i in her else HIM for t in linked for i in t.best})
    assert sorted(len(t.faces) for t in tracks) == [12, 12]
    assert {frozenset(t.faces) for t in tracks} == {frozenset(her), frozenset(range(24)) - frozenset(her)}


def test_one_odd_face_among_several_cuts_nothing() -> None:
    faces = appearance(0, 0, 18, 0.1)
    (linked,) = link_tracks(faces, STEP)
    odd = linked.best[2]
    assert stitch(faces, {i: HIM if i == odd else HER for i in linked.best}) == [linked]

import time
from collections.abc import Sequence

import numpy as np
import pytest

from tests.people.photos import detector, embedder
from tests.people.test_watch import STEP, man, street, woman
from vsearch_pipeline.people.observe import BATCH, FaceInFrame, FrameAt, embed_best_faces, observe_faces
from vsearch_pipeline.people.prior import prior_of
from vsearch_pipeline.people.quality import face_quality
from vsearch_pipeline.people.records import DetectedFace, FaceTrack, Image, Vectors
from vsearch_pipeline.people.stitching import stitch_tracks
from vsearch_pipeline.people.tracking import box_iou, link_tracks


def frames_at(count: int, shots: Sequence[int] | None = None) -> list[FrameAt]:
    # stored frames are more than those looked at: numbers have gaps
    return [FrameAt(2 * i, i * STEP, shots[i] if shots else 0) for i in range(count)]


def reader(images: Sequence[Image]):  # type: ignore[no-untyped-def]
    def read(index: int) -> Image:
        time.sleep(0.002 * (index % 3))  # frames that come late do not change the order
        return images[index // 2]

    return read


def test_faces_are_numbered_in_the_order_of_the_frames() -> None:
    images = [street((woman(), 40 + 30 * i, 60), (man(), 480 - 20 * i, 200)) for i in range(6)]
    found = observe_faces(frames_at(6), reader(images), detector())
    assert [f.face.index for f in found] == list(range(len(found)))
    assert [f.face.time_ms for f in found] == sorted(f.face.time_ms for f in found)
    assert {f.frame_index for f in found} == {0, 2, 4, 6, 8, 10}
    assert observe_faces(frames_at(6), reader(images), detector()) == found
    assert observe_faces([], reader(images), detector()) == []


def test_the_quality_of_a_carried_face_is_that_of_its_own_frame() -> None:
    import cv2

    sharp = street((woman(), 100, 100))
    softer = cv2.GaussianBlur(sharp, (0, 0), 0.8)
    first, second = observe_faces(frames_at(2), reader([sharp, softer]), _StillLooking())
    assert first.face.bbox_xyxy == second.face.bbox_xyxy
    size = (sharp.shape[1], sharp.shape[0])
    assert second.face.quality == pytest.approx(face_quality(softer, second.face.to_detection(size)), abs=1e-6)
    assert second.face.quality < first.face.quality


class _StillLooking:
    name = "still"
    version = "1"

    def detect(self, images: Sequence[Image]) -> list[list[DetectedFace]]:
        (face,) = detector().detect([street((woman(), 100, 100))])[0]
        return [[face] for _ in images]


def test_a_clip_gives_the_tracks_that_whole_frames_give() -> None:
    images = [street((woman(), 40 + 25 * i, 60), (man(), 480 - 18 * i, 200)) for i in range(16)]
    found = observe_faces(frames_at(16), reader(images), detector())
    tracks = link_tracks([f.face for f in found], STEP)
    plain = [(i, face) for i, faces in enumerate(detector().detect(images)) for face in faces if face.score > 0.5]
    clear = [track for track in tracks if len(track.faces) > 8]
    assert len(clear) == 2
    for i, face in plain:
        here = [f for f in found if f.frame_index == 2 * i]
        boxes = [f.face.to_detection((640, 360)).bbox_xyxy for f in here]
        assert max(box_iou(face.bbox_xyxy, box) for box in boxes) > 0.85


def test_a_frame_that_cannot_be_read_is_an_error_and_does_not_hang() -> None:
    def read(index: int) -> Image:
        raise OSError(f"frame {index} is gone")

    with pytest.raises(OSError, match="frame 0 is gone"):
        observe_faces(frames_at(30), read, detector())


def track(number: int, faces: Sequence[int], found: Sequence[FaceInFrame]) -> FaceTrack:
    times = [found[i].face.time_ms for i in faces]
    return FaceTrack(number, 0, times[0], times[-1] + STEP, tuple(faces), tuple(faces))


def test_only_usable_best_faces_are_embedded_and_each_frame_is_read_once() -> None:
    import cv2

    count = BATCH + 5
    images = [street((woman(), 100, 100))] * count
    images[3] = cv2.GaussianBlur(images[3], (0, 0), 5)
    found = observe_faces(frames_at(count), reader(images), _StillLooking())
    reads: list[int] = []

    def read(index: int) -> Image:
        reads.append(index)
        return images[index // 2]

    tracks = [track(0, range(0, count, 2), found), track(1, range(1, count, 2), found)]
    vectors = embed_best_faces(tracks, found, read, embedder())
    assert sorted(vectors) == [i for i in range(count) if i != 3]
    assert sorted(reads) == [2 * i for i in range(count)]
    one: Vectors = embedder().embed([images[0]], [[found[0].face.to_detection((640, 360))]])[0][0]
    assert all(np.allclose(vector, one, atol=1e-6) for vector in vectors.values())
    assert embed_best_faces([], found, read, embedder()) == {}


def test_a_person_who_was_hidden_is_one_track_and_people_who_change_places_are_two() -> None:
    """The woman is hidden for two seconds; then the man sits where she sat, without a gap."""
    her, him = (woman(), 120, 120), (man(), 115, 115)
    images = [street(her)] * 5 + [street()] * 5 + [street(her)] * 5 + [street(him)] * 5
    found = observe_faces(frames_at(20), reader(images), detector())
    linked = link_tracks([f.face for f in found], STEP)
    assert [len(t.faces) for t in linked] == [5, 10]
    # a profile does not decide, but here the man's must
    faces = [_with_quality(f) for f in found]
    vectors = embed_best_faces(linked, faces, reader(images), embedder())
    stitched = stitch_tracks(linked, [f.face for f in faces], vectors, STEP, prior_of(embedder().name))
    assert [t.faces for t in stitched] == [tuple(range(10)), tuple(range(10, 15))]


def _with_quality(found: FaceInFrame) -> FaceInFrame:
    from dataclasses import replace

    return replace(found, face=replace(found.face, quality=max(0.5, found.face.quality)))

from collections.abc import Sequence

import numpy as np
import pytest

from tests.people.photos import astronaut, cameraman, detector, scaled
from vsearch_pipeline.people.detection import RegionDetector
from vsearch_pipeline.people.motion import luminance
from vsearch_pipeline.people.records import Box, DetectedFace, Image
from vsearch_pipeline.people.tracking import box_iou
from vsearch_pipeline.people.watch import FULL_LOOK_MS, FaceWatch

STEP = 500


class Counting:
    """The real detector; says how often and at how much it looked."""

    name = "counting"
    version = "1"

    def __init__(self) -> None:
        self.whole = 0
        self.parts = 0

    def detect(self, images: Sequence[Image]) -> list[list[DetectedFace]]:
        self.whole += len(images)
        return detector().detect(images)

    def detect_within(self, image: Image, regions: Sequence[Box]) -> list[DetectedFace]:
        self.parts += 1
        inner = detector()
        assert isinstance(inner, RegionDetector)
        return inner.detect_within(image, regions)


class WholeOnly:
    """A detector that cannot look at parts."""

    name = "whole-only"
    version = "1"

    def __init__(self) -> None:
        self.calls = 0

    def detect(self, images: Sequence[Image]) -> list[list[DetectedFace]]:
        self.calls += 1
        return detector().detect(images)


def street(*heads: tuple[Image, int, int]) -> Image:
    """640 x 360 of soft noise with pictures pasted at (x, y)."""
    rng = np.random.default_rng(3)
    small = rng.integers(60, 110, (9, 16, 3), dtype=np.uint8)
    image = scaled(small, 640, 360).copy()
    for head, x, y in heads:
        left, right = max(0, x), min(640, x + head.shape[1])
        if left < right:
            image[y : y + head.shape[0], left:right] = head[:, left - x : right - x]
    return image


def woman() -> Image:
    return scaled(np.ascontiguousarray(astronaut()[30:250, 110:330]), 110, 110)


def man() -> Image:
    return scaled(np.ascontiguousarray(cameraman()[50:250, 150:350]), 120, 120)


def looks(
    watch: FaceWatch, images: Sequence[Image], shots: Sequence[int] | None = None
) -> list[list[DetectedFace]]:
    shots = shots or [0] * len(images)
    return [
        watch.look(image, luminance(image), shot_index=shot, time_ms=i * STEP)
        for i, (image, shot) in enumerate(zip(images, shots, strict=True))
    ]


def test_a_still_scene_is_looked_at_once_and_again_after_a_while() -> None:
    counting = Counting()
    frames = FULL_LOOK_MS // STEP + 3
    found = looks(FaceWatch(counting), [street((woman(), 100, 100))] * frames)
    assert (counting.whole, counting.parts) == (2, 0)
    assert len(found[0]) == 1
    assert all(faces == found[0] for faces in found)


def test_noise_of_compression_carries_faces_over() -> None:
    rng = np.random.default_rng(0)
    image = street((woman(), 100, 100))
    noisy = [np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8) for _ in range(6)]
    counting = Counting()
    looks(FaceWatch(counting), noisy)
    assert (counting.whole, counting.parts) == (1, 0)


def test_a_face_that_appears_moves_and_leaves_is_seen_at_once() -> None:
    counting = Counting()
    one, two = (woman(), 60, 100), (man(), 400, 150)
    images = [street(one), street(one, two), street(one, (man(), 420, 160)), street(one), street()]
    found = looks(FaceWatch(counting), images)
    assert [len(faces) for faces in found] == [1, 2, 2, 1, 0]
    assert (counting.whole, counting.parts) == (1, 4)
    still = min(found[0][0].bbox_xyxy)
    assert all(min(face.bbox_xyxy[0] for face in faces) == pytest.approx(still, abs=2) for faces in found[1:4])
    moved = [max(face.bbox_xyxy[0] for face in faces) for faces in found[1:3]]
    assert moved[1] - moved[0] == pytest.approx(20, abs=4)


def test_a_blinking_eye_is_looked_at() -> None:
    image = street((woman(), 100, 100))
    (face,) = detector().detect([image])[0]
    x, y = (round(v) for v in face.landmarks[0])
    blinking = image.copy()
    blinking[y - 2 : y + 3, x - 5 : x + 6] = image[y + 8, x]
    counting = Counting()
    looks(FaceWatch(counting), [image, blinking])
    assert (counting.whole, counting.parts) == (1, 1)


def test_a_cut_and_another_size_are_always_looked_at() -> None:
    counting = Counting()
    image = street((woman(), 100, 100))
    looks(FaceWatch(counting), [image, image, image[:300]], [0, 1, 1])
    assert (counting.whole, counting.parts) == (3, 0)


def test_a_detector_that_knows_no_parts_looks_at_the_whole_of_frames_that_changed() -> None:
    inner = WholeOnly()
    one = street((woman(), 100, 100))
    found = looks(FaceWatch(inner), [one, one, street((woman(), 120, 100)), street((woman(), 120, 100))])
    assert inner.calls == 2
    assert [len(faces) for faces in found] == [1, 1, 1, 1]


def test_a_moving_clip_gives_what_looking_at_whole_frames_gives() -> None:
    images = [street((woman(), 40 + 25 * i, 60), (man(), 480 - 18 * i, 200)) for i in range(18)]
    counting = Counting()
    found = looks(FaceWatch(counting), images)
    whole = detector().detect(images)
    assert counting.parts > 2 * counting.whole
    for ours, theirs in zip(found, whole, strict=True):
        assert [face.score for face in ours] == sorted((face.score for face in ours), reverse=True)
        clear = [face for face in theirs if face.score > 0.5]
        assert len(ours) >= len(clear)
        for face in clear:
            assert max(box_iou(face.bbox_xyxy, other.bbox_xyxy) for other in ours) > 0.85


def test_a_slow_change_is_not_overlooked() -> None:
    """Each frame differs little from the one before, but more and more from the one that was looked at."""
    counting = Counting()
    images = [np.clip(street((woman(), 100, 100)).astype(int) + 3 * i, 0, 255).astype(np.uint8) for i in range(9)]
    looks(FaceWatch(counting), images)
    assert counting.whole == 3

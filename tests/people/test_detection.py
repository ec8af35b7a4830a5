import numpy as np
import pytest

from tests.people.photos import SHARED, WITHOUT_SHARED, astronaut, cameraman, detector, only_face, read, scaled
from vsearch_pipeline.errors import ModelUnavailableError
from vsearch_pipeline.people.detection import MIN_SCORE
from vsearch_pipeline.people.registry import load_face_detector
from vsearch_pipeline.people.tracking import box_iou


def test_a_face_is_found_where_it_is() -> None:
    face = only_face(astronaut())
    assert box_iou(face.bbox_xyxy, (177, 63, 266, 184)) > 0.7
    assert face.score > 0.8
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert left_eye[1] < nose[1] < left_mouth[1]


@pytest.mark.parametrize(("width", "height"), [(256, 256), (1200, 900), (1500, 2000)])
def test_the_box_follows_the_size_of_the_image(width: int, height: int) -> None:
    small, large = only_face(astronaut()), only_face(scaled(astronaut(), width, height))
    factors = np.tile((width / 512, height / 512), 2)
    expected = tuple(float(v) for v in np.array(small.bbox_xyxy) * factors)
    assert box_iou(large.bbox_xyxy, (expected[0], expected[1], expected[2], expected[3])) > 0.75


def test_every_face_of_a_picture_is_found_once_best_first() -> None:
    both = np.concatenate([astronaut(), cameraman(), astronaut()[:, ::-1]], axis=1)
    found = detector().detect([both])[0]
    assert sorted(int((face.bbox_xyxy[0] + face.bbox_xyxy[2]) / 2 // 512) for face in found) == [0, 1, 2]
    assert [face.score for face in found] == sorted((face.score for face in found), reverse=True)


def test_a_batch_of_mixed_sizes_gives_what_each_gives_alone() -> None:
    images = [astronaut(), scaled(cameraman(), 320, 240), np.zeros((40, 900, 3), np.uint8), astronaut()]
    together = detector().detect(images)
    assert together == [detector().detect([image])[0] for image in images]
    assert together[0] == together[3]


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (480, 640)])
def test_nothing_is_found_in_noise(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert detector().detect([noise, np.full_like(noise, 255)]) == [[], []]
    assert detector().detect([]) == []


def test_boxes_stay_inside_the_image() -> None:
    cut = np.ascontiguousarray(astronaut()[90:, 200:])
    for face in detector().detect([cut])[0]:
        x1, y1, x2, y2 = face.bbox_xyxy
        assert 0 <= x1 < x2 <= cut.shape[1]
        assert 0 <= y1 < y2 <= cut.shape[0]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelUnavailableError, match=r"'nope'.*centerface"):
        load_face_detector("nope")


@pytest.mark.skipif(not SHARED.is_dir(), reason=WITHOUT_SHARED)
def test_crowds_are_found_as_an_independent_detector_finds_them() -> None:
    import cv2

    yunet = cv2.FaceDetectorYN.create(str(SHARED / "models/yunet_n_dynamic.onnx"), "", (320, 320), 0.7, 0.3, 5000)
    found = expected = 0
    for path in sorted((SHARED / "faces/crowds/imgs").glob("*.jpg"))[::3]:
        image = read(path)
        ours = detector().detect([image])[0]
        assert all(face.score >= MIN_SCORE for face in ours)
        yunet.setInputSize(image.shape[1::-1])
        _, rows = yunet.detect(np.ascontiguousarray(image[:, :, ::-1]))
        for x, y, width, height in (rows if rows is not None else np.empty((0, 15)))[:, :4].tolist():
            if height * min(1, 640 / max(image.shape)) >= 16:
                expected += 1
                found += any(box_iou(face.bbox_xyxy, (x, y, x + width, y + height)) > 0.4 for face in ours)
    assert expected > 50
    assert found / expected > 0.95

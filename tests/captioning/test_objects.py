from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.captioning.conftest import Picture
from vsearch_pipeline.captioning.objects import (
    COCO_LABELS,
    SCORE_FLOOR,
    DetectedObject,
    ObjectDetector,
    coco_name,
    iou,
    records,
    without_rivals,
)
from vsearch_pipeline.captioning.vocabulary import object_term


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("chelsea.png", "cat"),
        ("coffee.png", "cup"),
        ("horse.png", "horse"),
        ("motorcycle_left.png", "motorcycle"),
        ("astronaut.png", "person"),
    ],
)
def test_best_object_of_a_photograph(
    detector: ObjectDetector, photo: Callable[[str], Picture], name: str, label: str
) -> None:
    (found,) = detector.detect([photo(name)])
    assert found[0].label == label
    assert found[0].score > 0.8


def test_colours_are_read_as_rgb(detector: ObjectDetector, photo: Callable[[str], Picture]) -> None:
    picture = photo("chelsea.png")
    rgb, bgr = detector.detect([picture, picture[:, :, ::-1]])
    assert rgb[0].score > bgr[0].score


def test_boxes_lie_inside_and_scores_above_the_floor(
    detector: ObjectDetector, photo: Callable[[str], Picture]
) -> None:
    (found,) = detector.detect([photo("coffee.png")])
    assert found
    for item in found:
        left, top, right, bottom = item.bbox_xyxy
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        assert item.score >= SCORE_FLOOR
        assert item.label in COCO_LABELS
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)


def test_the_cat_fills_its_picture(detector: ObjectDetector, photo: Callable[[str], Picture]) -> None:
    (found,) = detector.detect([photo("chelsea.png")])
    assert found[0].area > 0.6


def test_same_picture_same_records(detector: ObjectDetector, photo: Callable[[str], Picture]) -> None:
    pictures = [photo("coffee.png"), photo("astronaut.png")]
    assert detector.detect(pictures) == [*detector.detect(pictures[:1]), *detector.detect(pictures[1:])]


def test_no_pictures_no_records(detector: ObjectDetector) -> None:
    assert detector.detect([]) == []


def test_there_are_eighty_labels() -> None:
    assert len(set(COCO_LABELS)) == len(COCO_LABELS) == 80


@pytest.mark.parametrize("label", COCO_LABELS)
def test_labels_as_coco_writes_them(label: str) -> None:
    assert coco_name(label) == label
    assert coco_name(label.replace(" ", "_")) == coco_name(label.replace(" ", "").title()) == label


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("sofa", "couch"),
        ("tvmonitor", "tv"),
        ("aeroplane", "airplane"),
        ("motorbike", "motorcycle"),
        ("Hair Dryer", "hair drier"),
        ("N/A", ""),
        ("background", ""),
        (" Lego brick ", "Lego brick"),
        ("bus 2", "bus 2"),
        ("헬멧", "헬멧"),
    ],
)
def test_labels_that_others_write_otherwise(label: str, name: str) -> None:
    assert coco_name(label) == name


def test_labels_without_a_term_name_themselves() -> None:
    noun = object_term("Lego brick").noun
    assert (noun.en, noun.ko) == ("Lego brick", "Lego brick")


def test_what_is_kept_of_an_output() -> None:
    found = [
        ("dog", 0.29999, (0.1, 0.1, 0.2, 0.2)),
        ("", 0.9, (0.1, 0.1, 0.2, 0.2)),
        ("cat", 0.5, (1.1, 0.1, 1.2, 0.2)),
        ("cat", float("nan"), (0.1, 0.1, 0.2, 0.2)),
        ("car", 0.712345, (-0.1, 0.123456, 0.5, 1.3)),
        ("bus", 0.8, (0.6, 0.6, 0.9, 0.9)),
    ]
    assert records(found) == [
        DetectedObject("bus", 0.8, (0.6, 0.6, 0.9, 0.9)),
        DetectedObject("car", 0.7123, (0.0, 0.1235, 0.5, 1.0)),
    ]


def test_settings_are_recorded(detector: ObjectDetector) -> None:
    assert detector.settings == {"score_floor": SCORE_FLOOR, "input": [300, 300]}


def test_one_thing_keeps_one_name() -> None:
    car = DetectedObject("car", 0.8, (0.1, 0.1, 0.5, 0.5))
    truck = DetectedObject("truck", 0.6, (0.1, 0.1, 0.52, 0.5))
    rider = DetectedObject("person", 0.5, (0.2, 0.1, 0.3, 0.3))
    assert without_rivals([truck, rider, car]) == [car, rider]


boxes = st.tuples(*[st.floats(0, 1)] * 4).map(
    lambda v: (min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3]))
)


@given(boxes, boxes)
def test_iou_is_symmetric_and_a_share(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    one, other = (a[0], a[1], a[2], a[3]), (b[0], b[1], b[2], b[3])
    assert 0 <= iou(one, other) <= 1 + 1e-9
    assert iou(one, other) == pytest.approx(iou(other, one))


@given(st.lists(st.builds(DetectedObject, st.sampled_from(COCO_LABELS), st.floats(0, 1), boxes), max_size=12))
def test_order_does_not_matter(objects: list[DetectedObject]) -> None:
    kept = without_rivals(objects)
    assert kept == without_rivals(list(reversed(objects)))
    assert without_rivals(kept) == kept

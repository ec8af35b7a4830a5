from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given

from tests.captioning.strategies import caption_facts
from vsearch_pipeline.captioning.facts import (
    CaptionFacts,
    Clip,
    ObjectFact,
    is_reliable,
    mean_scenes,
    measure,
    object_facts,
)
from vsearch_pipeline.captioning.objects import DetectedObject
from vsearch_pipeline.captioning.scenes import SceneGuess

BOX = (0.1, 0.1, 0.6, 0.9)


def seen(label: str, score: float = 0.9, box: tuple[float, float, float, float] = BOX) -> DetectedObject:
    return DetectedObject(label, score, box)


def flat(value: int, count: int = 2) -> np.ndarray:
    return np.full((count, 48, 64, 3), value, np.uint8)


def test_counts_are_medians_over_the_frames_that_have_any() -> None:
    frames = [[seen("dog"), seen("dog")], [seen("dog"), seen("dog")], [seen("dog")], []]
    assert object_facts(frames) == (ObjectFact("dog", 2, 0.75, 0.9),)


def test_weak_boxes_do_not_count() -> None:
    assert object_facts([[seen("dog", 0.49)]]) == ()


def test_the_surest_and_longest_come_first() -> None:
    frames = [[seen("cat", 0.7), seen("dog", 0.9)], [seen("cat", 0.7)]]
    assert [fact.label for fact in object_facts(frames)] == ["cat", "dog"]


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (ObjectFact("dog", 1, 1.0, 0.7), True),
        (ObjectFact("dog", 1, 1.0, 0.55), False),
        (ObjectFact("person", 1, 1.0, 0.55), True),
        (ObjectFact("dog", 1, 0.2, 0.8), True),
        (ObjectFact("dog", 1, 0.2, 0.7), False),
        (ObjectFact("person", 1, 0.1, 0.9), False),
    ],
)
def test_what_is_believed(fact: ObjectFact, expected: bool) -> None:
    assert is_reliable(fact) is expected


def test_frames_the_detector_did_not_see_do_not_dilute() -> None:
    clip = Clip(flat(100, 4), (0, 250, 500, 750), ((seen("dog"),), None, None, (seen("dog"),)))
    assert measure(clip).objects == (ObjectFact("dog", 1, 1.0, 0.9),)


def test_people_and_the_size_of_the_largest() -> None:
    large, small = (0.0, 0.0, 1.0, 0.8), (0.0, 0.0, 0.1, 0.1)
    clip = Clip(flat(100, 1), (0,), ((seen("person", box=large), seen("person", box=small)),))
    facts = measure(clip)
    assert facts.people_count == 2
    assert facts.person_area == pytest.approx(0.8)


def test_scene_probabilities_are_means_over_frames() -> None:
    frames = [(SceneGuess("castle", 0.8), SceneGuess("palace", 0.1)), (SceneGuess("castle", 0.4),)]
    assert mean_scenes(frames) == (SceneGuess("castle", 0.6), SceneGuess("palace", 0.05))


def test_look_of_plain_frames() -> None:
    black, white = measure(Clip(flat(0), (0, 40))), measure(Clip(flat(255), (0, 40)))
    assert (black.brightness, white.brightness) == (0.0, 1.0)
    assert black.motion == white.motion == 0.0
    assert black.contrast == black.colourfulness == 0.0


def test_motion_is_the_change_of_brightness() -> None:
    frames = np.concatenate([flat(0, 1), flat(255, 1), flat(0, 1)])
    assert measure(Clip(frames, (0, 40, 80))).motion == 1.0
    assert measure(Clip(frames[:1], (0,))).motion is None


def test_red_beside_blue_is_colourful_and_grey_is_not() -> None:
    frame = np.zeros((1, 48, 64, 3), np.uint8)
    frame[:, :, :32, 0] = 255
    frame[:, :, 32:, 2] = 255
    assert measure(Clip(frame, (0,))).colourfulness > 82


@pytest.mark.parametrize(
    ("frames", "times", "objects"),
    [
        (flat(0, 2), (0,), ()),
        (flat(0, 2), (0, 1), ((),)),
        (flat(0, 1)[0], (0,), ()),
        (flat(0, 1)[:0], (), ()),
    ],
    ids=["times", "objects", "one frame without its axis", "no frames"],
)
def test_a_clip_must_fit_together(
    frames: np.ndarray, times: tuple[int, ...], objects: tuple[tuple[DetectedObject, ...], ...]
) -> None:
    with pytest.raises(ValueError, match="frames"):
        Clip(frames, times, objects)


@given(caption_facts())
def test_facts_survive_json(facts: CaptionFacts) -> None:
    assert CaptionFacts.from_json(json.loads(json.dumps(facts.to_json()))) == facts

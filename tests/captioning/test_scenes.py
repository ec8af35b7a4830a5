from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.captioning.conftest import Picture
from vsearch_pipeline.captioning.scenes import EfficientNetLite, SceneClassifier, imagenet_labels


@pytest.mark.parametrize(
    ("name", "label", "floor"),
    [("chelsea.png", "Egyptian cat", 0.5), ("coffee.png", "espresso", 0.7), ("camera.png", "tripod", 0.8)],
)
def test_likeliest_class_of_a_photograph(
    classifier: SceneClassifier, photo: Callable[[str], Picture], name: str, label: str, floor: float
) -> None:
    (guesses,) = classifier.classify([photo(name)])
    assert guesses[0].label == label
    assert guesses[0].probability >= floor


def test_guesses_are_sorted_probabilities(classifier: SceneClassifier, photo: Callable[[str], Picture]) -> None:
    (guesses,) = classifier.classify([photo("astronaut.png")])
    values = [guess.probability for guess in guesses]
    assert values == sorted(values, reverse=True)
    assert all(0 <= value <= 1 for value in values)
    assert sum(values) <= 1.001


def test_top_k_and_determinism(photo: Callable[[str], Picture]) -> None:
    model = EfficientNetLite(top_k=3)
    pictures = [photo("rocket.jpg"), photo("coffee.png")]
    first = model.classify(pictures)
    assert [len(guesses) for guesses in first] == [3, 3]
    assert model.classify(pictures) == first


def test_labels_are_a_thousand_different_names() -> None:
    labels = imagenet_labels()
    assert len(set(labels)) == len(labels) == 1000
    assert labels[0] == "tench"
    assert [label for label in labels if label.startswith("crane")] == ["crane (134)", "crane (517)"]

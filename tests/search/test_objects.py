"""What things are called in each language."""

from __future__ import annotations

import pytest

from vsearch_pipeline.captioning.vocabulary import terms
from vsearch_pipeline.language.tokens import has_hangul
from vsearch_pipeline.search.objects import object_name


@pytest.mark.parametrize(
    ("label", "korean", "english"),
    [
        ("dog", "개", "dog"),
        ("Dog", "개", "dog"),
        ("sports ball", "공", "ball"),
        ("우산", "우산", "umbrella"),
        ("Border collie", "보더콜리", "Border collie"),
        ("microphones", "마이크", "microphones"),
        ("a thing nobody named", "a thing nobody named", "a thing nobody named"),
        ("<b>dog</b>", "<b>dog</b>", "<b>dog</b>"),
        ("", "", ""),
    ],
)
def test_a_thing_is_called_by_its_name(label: str, korean: str, english: str) -> None:
    assert (object_name(label, "ko"), object_name(label, "en")) == (korean, english)


def test_every_label_of_the_detector_has_a_name_in_both_languages() -> None:
    for label in terms("coco"):
        assert has_hangul(object_name(label, "ko"))
        assert not has_hangul(object_name(label, "en"))
        assert object_name(object_name(label, "ko"), "ko") == object_name(label, "ko"), "once is enough"

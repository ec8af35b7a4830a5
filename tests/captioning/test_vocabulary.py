from __future__ import annotations

import re
from collections import defaultdict

import pytest

from vsearch_pipeline.captioning.objects import COCO_LABELS
from vsearch_pipeline.captioning.scenes import imagenet_labels
from vsearch_pipeline.captioning.vocabulary import FORMS, KINDS, Noun, Term, object_term, scene_term, terms

HANGUL = re.compile(r"[가-힣]")
ALL = [*terms("coco").items(), *terms("imagenet").items()]


def test_every_label_of_both_models_has_words() -> None:
    assert set(terms("coco")) == set(COCO_LABELS)
    assert set(terms("imagenet")) == set(imagenet_labels())


def nouns(term: Term) -> list[Noun]:
    return [term.noun, *([term.broader] if term.broader else [])]


def test_words_are_in_their_own_language() -> None:
    for label, term in ALL:
        for noun in nouns(term):
            assert HANGUL.search(noun.ko), label
            assert noun.en, label
            assert not HANGUL.search(noun.en), label
            assert noun.en == noun.en.strip(), label
            assert noun.ko == noun.ko.strip(), label
        for place in (term.place, term.broader_place):
            if place:
                assert HANGUL.search(place.ko), label
                assert re.match(r"(in|on|at|by|under|outdoors)\b", place.en), label


def test_kinds_and_forms_are_closed_sets() -> None:
    assert {term.kind for _, term in ALL} == set(KINDS)
    assert {noun.form for _, term in ALL for noun in nouns(term)} == set(FORMS)


def test_places_say_where() -> None:
    assert [label for label, term in ALL if term.kind == "place" and term.place is None] == []


def test_one_english_word_has_one_korean_word_and_kind_of_use() -> None:
    """So that evidence adds up under one word, and a word means the same in every caption."""
    korean = defaultdict(set)
    for _, term in ALL:
        if term.broader:
            korean[term.broader.en].add(term.broader.ko)
    assert {en: sorted(ko) for en, ko in korean.items() if len(ko) > 1} == {}


def test_both_models_agree_on_shared_names() -> None:
    by_name = defaultdict(set)
    for _, term in ALL:
        by_name[term.noun.en].add((term.noun.ko, term.noun.form))
    assert {en: sorted(ko) for en, ko in by_name.items() if len(ko) > 1} == {}


def test_a_broader_word_is_never_the_word_itself() -> None:
    assert [label for label, term in ALL if term.broader and term.broader.en == term.noun.en] == []


@pytest.mark.parametrize(
    ("label", "en", "ko"),
    [
        ("Labrador retriever", "dog", "개"),
        ("espresso", "coffee", "커피"),
        ("missile", "rocket", "로켓"),
        ("projectile", "rocket", "로켓"),
        ("space shuttle", "rocket", "로켓"),
        ("bow tie", "tie", "넥타이"),
        ("Egyptian cat", "cat", "고양이"),
    ],
)
def test_broader_words(label: str, en: str, ko: str) -> None:
    broader = scene_term(label).broader
    assert broader is not None
    assert (broader.en, broader.ko) == (en, ko)


def test_plain_words() -> None:
    assert object_term("cat").noun.ko == "고양이"
    assert object_term("bicycle").noun.ko == "자전거"
    assert scene_term("crane (134)").kind == "animal"
    assert scene_term("crane (517)").kind == "object"


def test_an_unknown_label_names_itself() -> None:
    assert object_term("drone").noun == Noun("drone", "drone")

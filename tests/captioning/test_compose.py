from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.captioning.strategies import caption_facts
from vsearch_pipeline.captioning.compose import compose
from vsearch_pipeline.captioning.english import article, plural
from vsearch_pipeline.captioning.facts import CaptionFacts, ObjectFact
from vsearch_pipeline.captioning.objects import COCO_LABELS
from vsearch_pipeline.captioning.scenes import SceneGuess
from vsearch_pipeline.captioning.vocabulary import object_term, terms

HANGUL = re.compile(r"[가-힣]")


def facts(
    *objects: tuple[str, int], scenes: tuple[tuple[str, float], ...] = (), people: int = 0, **look: float
) -> CaptionFacts:
    found = [ObjectFact(label, count, 1.0, 0.9) for label, count in objects]
    if people:
        found.append(ObjectFact("person", people, 1.0, 0.9))
    guesses = tuple(SceneGuess(label, probability) for label, probability in scenes)
    return replace(CaptionFacts(objects=tuple(found), scenes=guesses, people_count=people, motion=0.02), **look)


CASES = {
    "one person": (facts(people=1), (), "A person is in view.", "한 사람이 보인다."),
    "people and a bicycle": (
        facts(("bicycle", 1), people=2),
        (),
        "Two people are with a bicycle.",
        "두 사람이 자전거 한 대와 함께 있다.",
    ),
    "a street": (
        facts(("bicycle", 2), ("car", 1), people=3),
        (),
        "Three people are on a street with two bicycles and a car.",
        "세 사람이 거리에서 자전거 두 대와 자동차 한 대와 함께 있다.",
    ),
    "cars only": (
        facts(("car", 3)),
        (),
        "Three cars on a street.",
        "거리에 자동차 세 대가 보인다.",
    ),
    "names": (
        facts(("dog", 1), people=2),
        ("Harin", "Danielle"),
        "Harin and Danielle are with a dog.",
        "Harin과 Danielle이 개 한 마리와 함께 있다.",
    ),
    "korean names": (
        facts(("dog", 1), people=2),
        ("하린", "다니엘"),
        "하린 and 다니엘 are with a dog.",
        "하린과 다니엘이 개 한 마리와 함께 있다.",
    ),
    "one of three is known": (
        facts(people=3),
        ("민지",),
        "민지 and two other people are in view.",
        "민지와 다른 두 사람이 보인다.",
    ),
    "a name where the detector saw nobody": (
        facts(("cat", 1)),
        ("민지",),
        "민지 is with a cat.",
        "민지가 고양이 한 마리와 함께 있다.",
    ),
    "suit and tie in a car": (
        facts(
            ("tie", 1), people=1, person_area=0.8, scenes=(("bow tie", 0.4), ("suit", 0.2), ("seat belt", 0.15))
        ),
        (),
        "A person wearing a suit and a bow tie is seen in close-up in a car.",
        "차 안에서 양복과 나비넥타이를 착용한 한 사람이 화면에 크게 보인다.",
    ),
    "a cat of some kind": (
        facts(("cat", 1), scenes=(("Egyptian cat", 0.6),)),
        (),
        "A cat, probably an Egyptian cat.",
        "이집트고양이로 보이는 고양이 한 마리가 보인다.",
    ),
    "coffee": (
        facts(("cup", 1), ("dining table", 1), scenes=(("espresso", 0.8),)),
        (),
        "A cup of coffee, probably an espresso, on a table.",
        "탁자 위에 에스프레소로 보이는 커피 한 잔이 보인다.",
    ),
    "several of some kind": (
        facts(("dog", 2), scenes=(("pug", 0.6),)),
        (),
        "Two dogs, probably pugs.",
        "퍼그로 보이는 개 두 마리가 보인다.",
    ),
    "the detector knows vehicles": (
        facts(("car", 1), scenes=(("missile", 0.6),)),
        (),
        "A car.",
        "자동차 한 대가 보인다.",
    ),
    "evidence adds up": (
        facts(scenes=(("missile", 0.35), ("projectile", 0.3))),
        (),
        "A rocket.",
        "로켓 한 기가 보인다.",
    ),
    "the detector knows horses": (
        facts(("horse", 1), scenes=(("Great Dane", 0.6),)),
        (),
        "A horse.",
        "말 한 마리가 보인다.",
    ),
    "the detector has no word for antelopes": (
        facts(("cow", 1), scenes=(("gazelle", 0.35), ("impala", 0.25))),
        (),
        "An antelope.",
        "영양 한 마리가 보인다.",
    ),
    "furniture is apart from company": (
        facts(("chair", 2), ("laptop", 1), people=1),
        (),
        "A person is with a laptop. Two chairs are also visible.",
        "한 사람이 노트북과 함께 있다. 의자 두 개도 보인다.",
    ),
    "a place": (
        facts(people=2, scenes=(("stage", 0.5),)),
        (),
        "Two people are on a stage.",
        "두 사람이 무대에 있다.",
    ),
    "a landscape": (
        facts(scenes=(("lakeside", 0.2), ("alp", 0.2), ("valley", 0.1))),
        (),
        "A scene outdoors.",
        "야외 장면.",
    ),
    "a role": (
        facts(people=1, scenes=(("scuba diver", 0.7),)),
        (),
        "A person, probably a scuba diver, is in view.",
        "스쿠버다이버로 보이는 한 사람이 보인다.",
    ),
    "how it looks": (
        facts(people=1, brightness=0.1, colourfulness=0.5),
        (),
        "A person is in view. It is a dark, black-and-white scene.",
        "한 사람이 보인다. 어두운 흑백 장면이다.",
    ),
    "a photograph": (
        facts(("bird", 1), motion=0.0),
        (),
        "A bird. It is a still image.",
        "새 한 마리가 보인다. 정지 화면이다.",
    ),
    "nothing known": (
        facts(brightness=0.1),
        (),
        "A dark scene without recognised objects.",
        "알아본 물체가 없는 어두운 장면.",
    ),
    "nothing at all": (facts(contrast=0.0), (), "A blank screen.", "빈 화면."),
    "crowd": (facts(("sheep", 12), people=11), (), "Many people are with many sheep.", None),
}


@pytest.mark.parametrize(("given_facts", "people", "english", "korean"), CASES.values(), ids=CASES.keys())
def test_exact_sentences(
    given_facts: CaptionFacts, people: tuple[str, ...], english: str, korean: str | None
) -> None:
    assert compose(given_facts, "en", people) == english
    if korean:
        assert compose(given_facts, "ko", people) == korean


def test_one_drawn_animal_with_many_names_is_called_an_animal() -> None:
    names = (ObjectFact("cat", 1, 0.4, 0.8), ObjectFact("bird", 1, 0.2, 0.9), ObjectFact("sheep", 1, 0.2, 0.6))
    found = CaptionFacts(objects=names)
    assert compose(found, "en") == "An animal, probably a cat or a bird."
    assert compose(found, "ko") == "고양이나 새로 보이는 동물 한 마리가 보인다."


def test_two_animals_together_keep_their_names() -> None:
    assert compose(facts(("cat", 1), ("dog", 2)), "en") == "A cat and two dogs."


def test_unlikely_names_are_not_said() -> None:
    doubtful = facts(people=1, scenes=(("swab", 0.3), ("nail", 0.2)))
    assert compose(doubtful, "en") == "A person is in view."


@given(
    caption_facts(), st.sampled_from(("en", "ko")), st.lists(st.sampled_from(["민지", "Harin", "Jo"]), max_size=3)
)
def test_any_facts_make_a_sentence(found: CaptionFacts, language: str, people: list[str]) -> None:
    text = compose(found, "en" if language == "en" else "ko", people)
    assert text.endswith(".")
    assert "  " not in text
    assert " ," not in text
    assert " ." not in text
    assert text == text.strip()
    assert text[0] == text[0].upper()
    assert compose(found, "en" if language == "en" else "ko", people) == text
    for name in people:
        assert text.startswith("A blank") is False
        assert text.count(name) == 1
    if language == "ko":
        assert HANGUL.search(text)
    elif "민지" not in people:
        assert not HANGUL.search(text)


@given(caption_facts())
def test_both_languages_say_the_same_number_of_sentences(found: CaptionFacts) -> None:
    assert len(compose(found, "en").split(". ")) == len(compose(found, "ko").split(". "))


@pytest.mark.parametrize(
    ("noun", "expected"),
    [
        ("espresso", "an espresso"),
        ("umbrella", "an umbrella"),
        ("unicycle", "a unicycle"),
        ("hourglass", "an hourglass"),
        ("ATM", "an ATM"),
        ("one-piece swimsuit", "a one-piece swimsuit"),
        ("horse", "a horse"),
        ("iPod", "an iPod"),
    ],
)
def test_articles(noun: str, expected: str) -> None:
    assert article(noun) == expected


def test_plurals_of_everything_that_is_counted() -> None:
    made = {label: plural(object_term(label).noun.en) for label in COCO_LABELS}
    assert made["knife"] == "knives"
    assert made["sheep"] == "sheep"
    assert made["bus"] == "buses"
    assert made["sandwich"] == "sandwiches"
    assert made["toothbrush"] == "toothbrushes"
    assert made["mouse"] == "computer mice"
    assert made["wine glass"] == "wine glasses"
    assert made["skateboard"] == "skateboards"
    assert all(
        made[label].endswith(("s", "sheep", "people", "mice"))
        for label, term in terms("coco").items()
        if term.noun.form == "count"
    )

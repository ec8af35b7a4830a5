from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.particles import FORMS, Particle, with_particle
from vsearch_pipeline.slots import fill, slot, slots_in, with_slots, without_braces

ENDING_IN_CONSONANT_THEN_VOWEL = ["하린", "민지"]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{P1}이(가) 걷는다.", "하린이 걷는다."),
        ("{P2}이(가) 걷는다.", "민지가 걷는다."),
        ("{P2}(이)가 {P1}(으)로", "민지가 하린으로"),
        ("{P2}은/는 웃는다.", "민지는 웃는다."),
        ("{P1}와 {P2}이 걷는다.", "하린과 민지가 걷는다."),
        ("{P2}으로, {P2}이랑, {P2}을", "민지로, 민지랑, 민지를"),
        ("{P2}이라고 {P1}라고 {P2}이라는", "민지라고 하린이라고 민지라는"),
        ("{P2}과는 {P1}로부터 {P2}으로서", "민지와는 하린으로부터 민지로서"),
        ("{P1}야, 이건 {P1}야.", "하린아, 이건 하린이야."),
        ("{P1}의 손과 {P2}에게", "하린의 손과 민지에게"),
        # to be
        ("{P1}였다. {P2}이었다. {P2}이었습니다.", "하린이었다. 민지였다. 민지였습니다."),
        ("{P1}예요. {P2}이에요. {P1}다. {P2}이다.", "하린이에요. 민지예요. 하린이다. 민지다."),
        ("{P2}이라서 {P1}란 {P1}며 {P2}이고 {P1}야말로", "민지라서 하린이란 하린이며 민지고 하린이야말로"),
        ("{P2}(이)다. {P1}(이)었다. {P2}(이)며 {P1}(이)지요", "민지다. 하린이었다. 민지며 하린이지요"),
        ("{P2}이다/다. {P2}이(다).", "민지다. 민지다."),
        # not right after the name, or after another word
        ("'{P1}'이(가) “{P2}”은(는)", "'하린'이 “민지”는"),
        ("{P2}({P1})이(가) {P2} 씨은(는) 사과을/를", "민지(하린)이 민지 씨는 사과를"),
        # a space that should not be there
        ("{P2} 을 본다. {P1} 는 웃는다.", "민지를 본다. 하린은 웃는다."),
        ("{P1} 와 {P2} 이 {P1} 를", "하린과 민지가 하린을"),
        ("{P1} 가 걷는다.", "하린이 걷는다."),
        ("{P2} 과 함께", "민지와 함께"),
        ("{P2} 이(가)", "민지가"),
        # words, not particles
        ("{P2} 이 옷을 입는다.", "민지 이 옷을 입는다."),
        ("{P1} 가.", "하린 가."),
        ("{P2}이모와 {P1}가방, {P2} 은 반지", "민지이모와 하린가방, 민지 은 반지"),
        ("{P2} 을지로", "민지 을지로"),
        ("{P2} 과 사무실", "민지 과 사무실"),
    ],
)
def test_korean_particles_follow_the_name(text: str, filled: str) -> None:
    assert fill(text, ENDING_IN_CONSONANT_THEN_VOWEL, "ko") == filled


def test_english_names_are_put_in_as_they_are() -> None:
    names = {1: "Harin", 2: "J{P1}"}
    assert fill("{P1}'s hat and {P2} 이", names, "en") == "Harin's hat and J{P1} 이"


def test_a_slot_of_nobody_is_an_error() -> None:
    for language in ("en", "ko"):
        with pytest.raises(KeyError):
            fill("{P2}", ["Harin"], language)  # type: ignore[arg-type]


words = st.sampled_from(["개를", "본다.", "이", "옷", "함께", "웃는다", "가방", "(이)"])
hangul = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=4)


@given(st.lists(st.integers(1, 3).map(slot) | words), st.lists(hangul, min_size=3, max_size=3))
def test_every_slot_becomes_its_name_and_every_word_stays(parts: list[str], names: list[str]) -> None:
    text = " ".join(parts)
    assert fill(text, names, "en") == " ".join(names[int(p[2]) - 1] if p.startswith("{") else p for p in parts)
    filled = fill(text, names, "ko")
    assert not slots_in(filled)
    for number, count in slots_in(text).items():
        assert filled.count(names[number - 1]) >= count


@given(hangul, st.sampled_from(sorted(FORMS)), st.booleans())
def test_both_ways_of_writing_a_particle_give_the_same(name: str, particle: Particle, first: bool) -> None:
    wanted = with_particle(name, particle)
    written = FORMS[particle][0 if first else 1]
    ending = "!" if particle == "아/야" else "."
    assert fill(f"{{P1}}{written}{ending}", [name], "ko") == wanted + ending
    if particle != "아/야":
        assert fill(f"{{P1}}{particle} x", [name], "ko") == f"{wanted} x"


@given(st.text(st.sampled_from("{}P12 이가a")))
def test_without_braces_no_name_is_filled_in(text: str) -> None:
    bare = without_braces(text)
    assert not slots_in(bare)
    for language in ("en", "ko"):
        assert fill(bare, ["민지", "하린"], language) == fill(bare, [], language)
    if not set("이가") & set(bare):  # "(가)이" makes way for the particle that fits
        assert fill(bare, [], "ko") == bare


@pytest.mark.parametrize(
    ("text", "people", "slotted"),
    [
        ("Harin's dog and Kim Harin.", [["Harin", "Kim Harin"], ["Minho"]], "{P1}'s dog and {P1}."),
        ("Kim and Harins and harin", [["Harin", "Kim"], ["Kim", "Minho"]], "Kim and Harins and harin"),
        ("하린 sees Min-ho.", [["Min-ho"], ["하린", " "]], "{P2} sees {P1}."),
        ("Nobody.", [], "Nobody."),
    ],
)
def test_names_become_slots(text: str, people: list[list[str]], slotted: str) -> None:
    assert with_slots(text, people) == slotted

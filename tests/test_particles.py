import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.particles import FORMS, Particle, split_particle, with_particle


@pytest.mark.parametrize(
    ("word", "particle", "expected"),
    [
        ("민지", "이/가", "민지가"),
        ("지훈", "이/가", "지훈이"),
        ("민지", "은/는", "민지는"),
        ("책", "을/를", "책을"),
        ("버스", "와/과", "버스와"),
        ("손", "와/과", "손과"),
        ("서울", "으로/로", "서울로"),
        ("부산", "으로/로", "부산으로"),
        ("BTS", "이/가", "BTS가"),
        ("CNN", "이/가", "CNN이"),
        ("URL", "으로/로", "URL로"),
        ("Obama", "이/가", "Obama가"),
        ("Tom", "이/가", "Tom이"),
        ("Jack", "을/를", "Jack을"),
        ("Kate", "을/를", "Kate를"),
        ("Michelle", "으로/로", "Michelle로"),
        ("3", "을/를", "3을"),
        ("2", "을/를", "2를"),
        ("10", "으로/로", "10으로"),
        ("1", "으로/로", "1로"),
        ("“민지”", "은/는", "“민지”는"),
        ("고양이", "이나/나", "고양이나"),
        ("말", "이나/나", "말이나"),
        ("하린", "이랑/랑", "하린이랑"),
        ("민지", "이라고/라고", "민지라고"),
        ("하린", "이라는/라는", "하린이라는"),
        ("민지", "이야/야", "민지야"),
        ("하린", "아/야", "하린아"),
        ("말", "으로/로", "말로"),
        ("2NE1", "와/과", "2NE1과"),
        ("Harin", "이/가", "Harin이"),
        ("Danielle", "이/가", "Danielle이"),
        ("Jane", "을/를", "Jane을"),
        ("Mark", "은/는", "Mark는"),
        ("Robert", "은/는", "Robert는"),
        ("Philip", "이/가", "Philip이"),
        ("Eric", "이/가", "Eric이"),
        ("Elliot", "이/가", "Elliot이"),
        ("Seok", "이/가", "Seok이"),
        ("Park", "이/가", "Park이"),
        ("Dong-hyuk", "이/가", "Dong-hyuk이"),
        ("J-Hope", "은/는", "J-Hope은"),
        ("Pope", "은/는", "Pope는"),
        ("하린", "이었/였", "하린이었"),
        ("민지", "이에요/예요", "민지예요"),
        ("Beat", "이/가", "Beat가"),
        ("Noah", "와/과", "Noah와"),
        ("Beyoncé", "은/는", "Beyoncé는"),
        ("René", "이/가", "René가"),
        ("Young", "와/과", "Young과"),
        ("하린 (NJZ)", "이/가", "하린 (NJZ)가"),
        ("민지★", "이/가", "민지★가"),
        ("Иван", "와/과", "Иван과(와)"),
        ("★", "이/가", "★이(가)"),
        ("", "으로/로", "(으)로"),
    ],
)
def test_with_particle(word: str, particle: Particle, expected: str) -> None:
    assert with_particle(word, particle) == expected


@pytest.mark.parametrize(
    ("run", "noun", "particle"),
    [
        ("민지가", "민지", "가"),
        ("손을", "손", "을"),
        ("학교에서", "학교", "에서"),
        ("서울로", "서울", "로"),
        ("마을", "마을", ""),
        ("나이", "나이", ""),
        ("바다", "바다", ""),
        ("가", "가", ""),
    ],
)
def test_split_particle(run: str, noun: str, particle: str) -> None:
    assert split_particle(run) == (noun, particle)


@given(
    st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1),
    st.sampled_from(sorted(FORMS)),
)
def test_what_was_put_on_can_be_taken_off(noun: str, particle: Particle) -> None:
    phrase = with_particle(noun, particle)
    assert phrase.startswith(noun)
    assert split_particle(phrase)[1].endswith(phrase.removeprefix(noun))


@given(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3))
def test_every_syllable_agrees_with_its_decomposition(syllable: str) -> None:
    closed = len(unicodedata.normalize("NFD", syllable)) == 3
    assert with_particle(syllable, "이/가")[-1] == ("이" if closed else "가")
    assert with_particle(unicodedata.normalize("NFD", syllable), "이/가")[-1] == ("이" if closed else "가")


@given(st.text(), st.sampled_from(sorted(FORMS)))
def test_any_word_keeps_its_letters(word: str, particle: Particle) -> None:
    closed, opened = FORMS[particle]
    added = with_particle(word, particle).removeprefix(word)
    assert added in {closed, opened, f"{closed}({opened})", f"({closed.removesuffix(opened)}){opened}"}

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.language.particles import Particle, split_particle, with_particle


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
        ("가", "가", ""),
    ],
)
def test_split_particle(run: str, noun: str, particle: str) -> None:
    assert split_particle(run) == (noun, particle)


@given(
    st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1),
    st.sampled_from(["은/는", "이/가", "을/를", "와/과", "으로/로"]),
)
def test_what_was_put_on_can_be_taken_off(noun: str, particle: Particle) -> None:
    phrase = with_particle(noun, particle)
    assert phrase.startswith(noun)
    assert split_particle(phrase)[1].endswith(phrase.removeprefix(noun))

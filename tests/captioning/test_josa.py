from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.captioning.josa import Josa, final_consonant, with_josa


@pytest.mark.parametrize(
    ("word", "josa", "expected"),
    [
        ("고양이", "이/가", "고양이가"),
        ("사람", "이/가", "사람이"),
        ("개", "와/과", "개와"),
        ("말", "와/과", "말과"),
        ("커피", "을/를", "커피를"),
        ("양복", "을/를", "양복을"),
        ("하린", "은/는", "하린은"),
        ("민지", "은/는", "민지는"),
        ("자전거", "으로/로", "자전거로"),
        ("말", "으로/로", "말로"),
        ("판다곰", "으로/로", "판다곰으로"),
        ("고양이", "이나/나", "고양이나"),
        ("말", "이나/나", "말이나"),
        ("2", "이/가", "2가"),
        ("3", "이/가", "3이"),
        ("2NE1", "와/과", "2NE1과"),
        ("Harin", "이/가", "Harin이"),
        ("Danielle", "이/가", "Danielle이"),
        ("Jane", "을/를", "Jane을"),
        ("Jack", "은/는", "Jack은"),
        ("Mark", "은/는", "Mark는"),
        ("Philip", "이/가", "Philip이"),
        ("Kate", "이/가", "Kate가"),
        ("Noah", "와/과", "Noah와"),
        ("Paul", "으로/로", "Paul로"),
        ("Young", "와/과", "Young과"),
        ("BTS", "이/가", "BTS가"),
        ("SBN", "이/가", "SBN이"),
        ("하린 (NJZ)", "이/가", "하린 (NJZ)가"),
        ("", "이/가", "가"),
    ],
)
def test_particles(word: str, josa: Josa, expected: str) -> None:
    assert with_josa(word, josa) == expected


@given(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3))
def test_every_syllable_agrees_with_its_decomposition(syllable: str) -> None:
    import unicodedata

    closed = len(unicodedata.normalize("NFD", syllable)) == 3
    assert bool(final_consonant(syllable)) is closed
    assert with_josa(syllable, "이/가")[-1] == ("이" if closed else "가")


@given(st.text())
def test_never_fails_and_keeps_the_word(word: str) -> None:
    assert with_josa(word, "와/과") in (f"{word}와", f"{word}과")

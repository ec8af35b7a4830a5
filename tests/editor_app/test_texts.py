from __future__ import annotations

import re
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor_app.texts import (
    ENGLISH,
    KOREAN,
    LANGUAGES,
    STAGES,
    TEXTS,
    as_markdown,
    counted,
    language_of,
    stage_order,
)

NAMES = sorted(ENGLISH.as_dict())


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_has_texts() -> None:
    assert set(TEXTS) == set(LANGUAGES)


@pytest.mark.parametrize("name", NAMES)
def test_sentence_is_complete_in_both_languages(name: str) -> None:
    english, korean = ENGLISH.as_dict()[name], KOREAN.as_dict()[name]
    assert english.strip()
    assert korean.strip()
    assert fields(english) == fields(korean)
    assert not re.search("[가-힣]", english)
    if re.sub(r"\{\w+\}", "", english).strip(" ·%"):
        assert re.search("[가-힣]", korean), f"{name} is not in Korean: {korean}"


def test_stages_are_named_in_the_order_they_run() -> None:
    assert sorted(["previews", "unheard_of", "sampling"], key=stage_order) == [
        "sampling",
        "previews",
        "unheard_of",
    ]
    assert KOREAN.stage("captions") == "설명"
    assert ENGLISH.stage("unheard_of") == "unheard of"
    assert "segments" in STAGES


@pytest.mark.parametrize(
    ("locale", "language"),
    [("ko-KR", "ko"), ("ko", "ko"), ("en-GB", "en"), ("kok-IN", "en"), ("", "en"), (None, "en")],
)
def test_language_of_a_browser(locale: str | None, language: str) -> None:
    assert language_of(locale) == language


def test_counted() -> None:
    assert counted(ENGLISH.moments_one, ENGLISH.moments_many, 1) == "1 moment"
    assert counted(ENGLISH.moments_one, ENGLISH.moments_many, 1200) == "1,200 moments"


def test_markdown_of_people_is_only_text() -> None:
    assert as_markdown("![x](http://a)\n# b") == r"\!\[x\]\(http\://a\) \# b"


@given(st.text())
def test_escaping_can_be_undone(text: str) -> None:
    assert re.sub(r"\\(.)", r"\1", as_markdown(text)) == " ".join(text.split())

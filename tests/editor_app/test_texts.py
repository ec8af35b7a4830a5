from __future__ import annotations

import re
from datetime import UTC, datetime
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor_app.texts import access, common, editing, export, history, library, people, room, search
from vsearch_pipeline.wording import LANGUAGES, Language, as_markdown, counted, day, day_and_time, language_of

MODULES = [access, common, editing, export, history, library, people, room, search]
TABLES = {
    module.__name__.rpartition(".")[2]: {"en": module.ENGLISH.as_dict(), "ko": module.KOREAN.as_dict()}
    for module in MODULES
}
NAMES = [(table, name) for table, texts in TABLES.items() for name in sorted(texts["en"])]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_has_texts() -> None:
    assert (
        set(access.ACCESS)
        == set(search.TEXTS)
        == set(library.LIBRARY)
        == set(people.PEOPLE)
        == set(room.ROOM)
        == set(common.COMMON)
        == set(LANGUAGES)
    )


@pytest.mark.parametrize(("table", "name"), NAMES)
def test_sentence_is_complete_in_both_languages(table: str, name: str) -> None:
    english, korean = TABLES[table]["en"][name], TABLES[table]["ko"][name]
    assert english.strip()
    assert korean.strip()
    assert fields(english) == fields(korean)
    assert not re.search("[가-힣]", english)
    if re.sub(r"\{\w+\}", "", english).strip(" ·%"):
        assert re.search("[가-힣]", korean), f"{name} is not in Korean: {korean}"


def test_stages_have_names_for_people() -> None:
    assert library.KOREAN.stage("captions") == "설명"
    assert library.ENGLISH.stage("unheard_of") == "unheard of"


@pytest.mark.parametrize(
    ("locale", "language"),
    [("ko-KR", "ko"), ("ko", "ko"), ("en-GB", "en"), ("kok-IN", "en"), ("", "en"), (None, "en")],
)
def test_language_of_a_browser(locale: str | None, language: str) -> None:
    assert language_of(locale) == language


@pytest.mark.parametrize(
    ("language", "date", "time"),
    [("en", "6 Nov 2026", "6 Nov 2026, 09:05"), ("ko", "2026년 11월 6일", "2026년 11월 6일 09:05")],
)
def test_days_and_times(language: Language, date: str, time: str) -> None:
    moment = datetime(2026, 11, 6, 9, 5, tzinfo=UTC)
    assert day(moment, language) == date
    assert day_and_time(moment, language) == time


def test_counted() -> None:
    assert counted(common.ENGLISH.moments_one, common.ENGLISH.moments_many, 1) == "1 moment"
    assert counted(common.ENGLISH.moments_one, common.ENGLISH.moments_many, 1200) == "1,200 moments"


def test_markdown_of_people_is_only_text() -> None:
    assert as_markdown("![x](http://a)\n# b") == r"\!\[x\]\(http\://a\) \# b"


@given(st.text())
def test_escaping_can_be_undone(text: str) -> None:
    assert re.sub(r"\\(.)", r"\1", as_markdown(text)) == " ".join(text.split())

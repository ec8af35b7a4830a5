from __future__ import annotations

from typing import Any

import pytest

from editor_app.components.understood import draw_understood
from editor_app.texts.search import ENGLISH, KOREAN, Texts
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.search.query import understand

PEOPLE = (
    PersonRecord(1, "Rainbow", "Kim Minji", ("김민지", "민지")),
    PersonRecord(2, "Rainbow", "Hanni", ("하니",)),
    PersonRecord(3, "Rain", "Park Minji", ("박민지", "민지")),
    PersonRecord(4, "<u>gang</u>", "<b>Mallory</b>", ()),
)


def chips(text: str, texts: Texts = ENGLISH) -> list[dict[str, Any]]:
    return draw_understood(understand(text, PEOPLE), texts, "ko" if texts is KOREAN else "en")


def test_a_scene_alone_needs_no_chip() -> None:
    assert chips("a red balloon") == []


def test_a_person_can_be_taken_away_or_searched_as_words() -> None:
    hanni, scene = chips("하니가 춤춘다", KOREAN)
    assert (hanni["label"], hanni["text"], hanni["tip"]) == ("인물", "Hanni", "Rainbow")
    assert hanni["removed"] == "춤춘다"
    assert hanni["choices"][0] == {"label": KOREAN.choice_remove, "query": "춤춘다"}
    assert hanni["choices"][1]["query"].startswith("words:")
    assert (scene["label"], scene["text"], scene["removed"]) == ("장면", "춤춘다", "하니가")


def test_other_readings_are_offered() -> None:
    [minji] = chips("민지")
    others = {choice["label"] for choice in minji["choices"]}
    assert {"Kim Minji instead", "Park Minji instead"} <= others


def test_a_typo_is_owned_up_to() -> None:
    [hanni] = chips("Hanny")
    assert (hanni["how"], hanni["text"], hanni["tip"]) == ("typo", "Hanni?", "“Hanny” was read as Hanni")


@pytest.mark.parametrize(
    ("query", "label", "text"),
    [
        ("without Hanni", "Person", "not Hanni"),
        ('"a b"', "Exactly", "a b"),
        ("object:dog", "Object", "dog"),
        ("-object:dog", "Object", "not dog"),
        ("video:festival,harbour", "Video", "festival / harbour"),
        ("after:2026-01-31", "After", "2026-01-31"),
        ("before:1:30", "Before", "1:30"),
        ("longer:1m30s", "At least", "90 s"),
        ("shorter:2.5", "At most", "2.5 s"),
        ("is:edited", "Only", ENGLISH.state_edited),
        ("-is:untranslated", "Only", f"not {ENGLISH.state_untranslated}"),
    ],
)
def test_every_kind_of_chip(query: str, label: str, text: str) -> None:
    [chip] = chips(query)
    assert (chip["label"], chip["text"], chip["removed"]) == (label, text, "")
    assert chip["negated"] == text.startswith("not ")
    assert chip["remove"] == f"Remove {text}"
    [korean] = chips(query, KOREAN)
    assert korean["text"].endswith(" 제외") == chip["negated"]


def test_names_are_values_and_nothing_else() -> None:
    [chip] = chips("person:<b>mallory</b>")
    assert chip["text"] == "<b>Mallory</b>"


@pytest.mark.parametrize(
    ("typed", "english", "korean"),
    [
        ("object:dog", "dog", "개"),
        ("object:우산,dog", "umbrella / dog", "우산 / 개"),
        ("-object:zyx", "not zyx", "zyx 제외"),
    ],
)
def test_things_are_called_in_the_language_of_the_page(typed: str, english: str, korean: str) -> None:
    for texts, shown in ((ENGLISH, english), (KOREAN, korean)):
        [chip] = chips(typed, texts)
        assert chip["text"] == shown
        assert chip["removed"] == ""

"""Finding people in text, with other names than those of the examples as well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.search.person_queries import PEOPLE
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.language.tokens import fold
from vsearch_pipeline.search.names import Folded, NameIndex

FOUR = NameIndex(PEOPLE)
OTHERS = NameIndex(
    [
        PersonRecord(1, "BLACKPINK", "Kim Jisoo", ("지수", "Jisoo"), display="지수"),
        PersonRecord(2, "BLACKPINK", "Jennie", ("제니",)),
        PersonRecord(3, "BLACKPINK", "Rosé", ("로제",)),
        PersonRecord(4, "BLACKPINK", "Lisa", ("리사",)),
        PersonRecord(5, "aespa", "Karina", ("카리나",)),
        PersonRecord(6, "aespa", "Winter", ("윈터",)),
        PersonRecord(7, "aespa", "Giselle", ("지젤",)),
        PersonRecord(8, "aespa", "Ningning", ("닝닝",)),
        PersonRecord(9, None, "Barack Obama", ("오바마",)),
        PersonRecord(10, None, "Lin-Manuel Miranda", ("린마누엘 미란다",)),
    ]
)


def words(text: str) -> list[str]:
    return text.split()


def found(text: str, index: NameIndex = FOUR) -> list[tuple[str, str]]:
    """Names and how they were found; several people with "/" between."""
    return [("/".join(p.name for p in m.people), m.how) for m in index.find(fold(text))]


@pytest.mark.parametrize(
    "text",
    words(
        """
        민지 민지가 민지는 민지를 민지한테는 민지랑도 민지야 민지쨩 민지씨 민지씨가 민지님은 민지언니랑
        민지선배님께 민지의 민지꺼 민지네 민지들 민지까지도 민지ㅋㅋ 민지임 김민지 김민지가 킴민지는 민지말고
        민지빼고 민지웃는 민지손흔드는거 민지춤추는영상 웃는민지 예쁜민지 민지나오는장면 minji MINJI ＭＩＮＪＩ
        minji's minji가 minji랑 kimminji min-ji Min-ji (민지) #민지 @minji 민지♥ 2026민지
        """
    ),
)
def test_one_person(text: str) -> None:
    assert found(text) == [("Kim Minji", "exact")]


@pytest.mark.parametrize(
    "text", ["kim minji", "Minji Kim", "김 민지", "김 민지가", "min ji", "kim  minji waving", "민지 씨"]
)
def test_spaces_do_not_matter(text: str) -> None:
    assert found(text) == [("Kim Minji", "exact")]


@pytest.mark.parametrize(
    "text", ["해린이", "해린이가", "해린이랑", "해린이한테", "해린아", "해린을", "해린가", "해린언니가"]
)
def test_after_a_consonant(text: str) -> None:
    assert found(text) == [("Gang Harin", "exact")]


@pytest.mark.parametrize(
    "text",
    ["민지하니", "민지랑하니가", "민지하고하니", "민지하니웃는", "민지말고하니", "minjihanni", "민지춤추는하니"],
)
def test_names_run_together(text: str) -> None:
    assert [name for name, _ in found(text)] == ["Kim Minji", "Pham Hanni"]


@pytest.mark.parametrize(
    "text",
    words(
        """
        민지나무 hanniball 민지은 주민지 하니까 하니은 뭐라고하니까 다니는길 다니며 다니던 지나가는 만지는 먼지
        하나 하나가 아니 아니야 머니 하는 하는거 다리가 다리는 다시 한국 mini many money honey danced dance
        dancing minute 하이 하지 하기 편지 반지 국민지원 danny's-bar 공주 고양 고양이들이네요
        """
    ),
)
def test_ordinary_words_are_nobody(text: str) -> None:
    assert [how for _, how in found(text) if how != "likely"] == []


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("길을 다니는 사람들", None),
        ("학교에 다니는", None),
        ("다니는 사람", None),
        ("다니는", "likely"),
        ("다니는 웃는다", "exact"),
        ("다니는 민지랑 논다", "exact"),
        ("다니가", "exact"),
        ("다니랑", "exact"),
        ("다니 춤", "exact"),
    ],
)
def test_a_name_that_is_a_verb_too(text: str, how: str | None) -> None:
    assert [h for name, h in found(text) if name == "Danielle"] == ([how] if how else [])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("헤린", "Gang Harin"),
        ("헤린이가", "Gang Harin"),
        ("혜린이랑", "Gang Harin"),
        ("해림", "Gang Harin"),
        ("밍지", "Kim Minji"),
        ("민즤가", "Kim Minji"),
        ("김밍지", "Kim Minji"),
        ("하늬가", "Pham Hanni"),
        ("하니팡", "Pham Hanni"),
        ("다니앨", "Danielle"),
        ("minij", "Kim Minji"),
        ("mniji", "Kim Minji"),
        ("minnji가", "Kim Minji"),
        ("hany", None),
        ("hani", "Pham Hanni"),
        ("daniel", "Danielle"),
        ("danyele", "Danielle"),
        ("hearin", "Gang Harin"),
        ("haerim", "Gang Harin"),
        ("alswl", "Kim Minji"),
        ("ALSWL", "Kim Minji"),
        ("alswlrk", "Kim Minji"),
        ("gksl", "Pham Hanni"),
        ("ㅡㅑㅜㅓㅑ", "Kim Minji"),
        ("ㅗ무ㅜㅑ", "Pham Hanni"),
        ("ㅗㅁㄷ갸ㅜ", "Gang Harin"),
    ],
)
def test_slips(text: str, name: str | None) -> None:
    assert found(text) == ([(name, "typo")] if name else [])


def test_two_who_are_equally_near() -> None:
    assert found("타니") == [("Pham Hanni/Danielle", "typo")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("지수랑 제니가 웃는", [("Kim Jisoo", "exact"), ("Jennie", "exact")]),
        ("로제 직캠", [("Rosé", "exact")]),
        ("rose singing", [("Rosé", "likely")]),
        ("리사춤추는거", [("Lisa", "exact")]),
        ("winter in the snow", [("Winter", "likely")]),
        ("윈터가 웃는", [("Winter", "exact")]),
        ("carina waving", [("Karina", "typo")]),
        ("카리나랑윈터", [("Karina", "exact"), ("Winter", "exact")]),
        ("gisele", [("Giselle", "typo")]),
        ("ning ning", [("Ningning", "exact")]),
        ("obama speaks", [("Barack Obama", "exact")]),
        ("Obama Barack", [("Barack Obama", "exact")]),
        ("barak obama", [("Barack Obama", "typo")]),
        ("Barack Obamma", [("Barack Obama", "typo")]),
        ("lin manuel miranda", [("Lin-Manuel Miranda", "exact")]),
        ("Lin-Manuel sings", [("Lin-Manuel Miranda", "exact")]),
        ("miranda's song", [("Lin-Manuel Miranda", "exact")]),
        ("린마누엘이", []),  # part of an alias
        ("aespa dancing", [("Karina/Winter/Giselle/Ningning", "exact")]),
        ("지구 위의 기사", []),
        ("인사하는 사람", []),
        ("a list of visas", []),
        ("reads a rosy jelly magazine", []),
    ],
)
def test_other_names(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text, OTHERS) == expected


def test_the_most_specific_name_wins() -> None:
    kim, lee, min_ = (
        PersonRecord(1, None, "Kim Minji", ()),
        PersonRecord(2, None, "Minji", ()),
        PersonRecord(3, None, "Lee Min", ()),
    )
    index = NameIndex([kim, lee, min_])
    assert found("Kim Minji", index) == [("Kim Minji", "exact")]
    assert found("minji", index) == [("Minji", "exact")]
    [mention] = index.find("minji")
    assert mention.also == (kim,)
    assert found("kim", index) == [("Kim Minji", "exact")]


def test_people_of_one_name_are_one_mention() -> None:
    one, other = PersonRecord(1, "A", "Jisoo", ("지수",)), PersonRecord(2, "B", "Jisoo", ("지수",))
    index = NameIndex([one, other])
    [mention] = index.find("지수가")
    assert mention.people == (one, other)
    assert (index.unmistakable(one), index.unmistakable(other)) == ("A/Jisoo", "B/Jisoo")
    for person in (one, other):
        called = index.called(index.unmistakable(person))
        assert called is not None
        assert called.people == (person,)


def test_further_ordinary_words() -> None:
    karina = PersonRecord(1, None, "Lynx", ())
    assert found("lynx", NameIndex([karina])) == [("Lynx", "exact")]
    assert found("lynx", NameIndex([karina], {"lynx"})) == [("Lynx", "likely")]
    assert found("lynks", NameIndex([karina], {"lynks", "hot dog"})) == []


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("민지", "Kim Minji"),
        ("NJZ/Kim Minji", "Kim Minji"),
        ("minji kim", "Kim Minji"),
        ("민지가", "Kim Minji"),
        ("헤린", "Gang Harin"),
        ("고양이", "Gang Harin"),
        ("njz", "Kim Minji/Pham Hanni/Gang Harin/Danielle"),
        ("밍키크", None),
        ("!!", None),
    ],
)
def test_called(value: str, names: str | None) -> None:
    called = FOUR.called(value)
    assert (called and "/".join(person.name for person in called.people)) == names


@given(st.text(alphabet="민지하니랑가는다엘 -minjhaㅁㅣ'", max_size=30) | st.text(max_size=60))
def test_mentions_are_in_order_and_apart(text: str) -> None:
    folded = Folded(text)
    end = 0
    for mention in FOUR.find(folded.text):
        assert end <= mention.start < mention.end <= len(folded.text)
        start_of_source, end_of_source = folded.source(mention.start, mention.end)
        assert 0 <= start_of_source < end_of_source <= len(text)
        end = mention.end


def test_an_index_of_nobody() -> None:
    index = NameIndex([])
    assert index.find("민지가 웃는 minji") == []
    assert index.called("민지") is None
    assert index.nearest("민지") == []

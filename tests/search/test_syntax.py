"""Quotes, filters and their values."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.search.syntax import as_value, day_or_place, joiner, length_ms, lex


def pieces(text: str) -> list[tuple[str, str | None, tuple[str, ...], bool]]:
    return [(p.kind, p.key, p.values, p.negated) for p in lex(text) if text[p.start : p.end].strip()]


@pytest.mark.parametrize(
    ("text", "key", "values", "negated"),
    [
        ("person:민지", "person", ("민지",), False),
        ("인물:민지,하니", "person", ("민지", "하니"), False),
        ('사람:"Kim Minji",하니', "person", ("Kim Minji", "하니"), False),
        ("-object:dog", "object", ("dog",), True),
        ("사물:개", "object", ("개",), False),
        ("물체：개", "object", ("개",), False),
        ('video:"hamilton clip"', "video", ("hamilton clip",), False),
        ("영상:“긴 이름”", "video", ("긴 이름",), False),
        ("비디오:「긴 이름」", "video", ("긴 이름",), False),
        ("AFTER:2026-01-01", "after", ("2026-01-01",), False),
        ("이전:1:30", "before", ("1:30",), False),
        ("is:edited", "is", ("edited",), False),
        ("최소길이:5초", "longer", ("5초",), False),
        ("shorter:3s", "shorter", ("3s",), False),
        ("단어:민지", "words", ("민지",), False),
        ('words:"민지 말고"', "words", ("민지 말고",), False),
    ],
)
def test_filters(text: str, key: str, values: tuple[str, ...], negated: bool) -> None:
    assert pieces(text) == [("filter", key, values, negated)]
    assert pieces(f"a {text} b")[1] == ("filter", key, values, negated)


@pytest.mark.parametrize(
    "text",
    [
        "http://a.b",
        "note: hello",
        "person:",
        "person: 민지",
        "xperson:민지",
        '"no end',
        'he said "',
        '""',
        '"!!!"',
        'a 5" screen and a 6" one',
        "person:,",
        "12:30",
    ],
)
def test_what_is_not_well_formed_is_plain_text(text: str) -> None:
    assert {kind for kind, *_ in pieces(text)} == {"text"}


@pytest.mark.parametrize(
    ("text", "value", "negated"),
    [
        ('"물을 마신다"', "물을 마신다", False),
        ('-"a dog"', "a dog", True),
        ("“hello there”", "hello there", False),
        ("「안녕」", "안녕", False),
        ("『안녕』", "안녕", False),
        ('"-민지 person:하니"', "-민지 person:하니", False),
    ],
)
def test_phrases(text: str, value: str, negated: bool) -> None:
    assert pieces(text) == [("phrase", None, (value,), negated)]


@given(st.text(alphabet='ab 민지"“”「」:,-', max_size=40) | st.text(max_size=60))
def test_pieces_cover_the_text(text: str) -> None:
    found = lex(text)
    assert "".join(text[piece.start : piece.end] for piece in found) == text


MARKS = st.text(alphabet='ab 민지"“”「」『』:,-', max_size=20)


@given(MARKS.map(str.strip).filter(lambda text: any(letter.isalnum() for letter in text)), MARKS)
def test_values_are_read_back(value: str, around: str) -> None:
    written = as_value(value, around)
    if written is None or any(piece.kind != "text" for piece in lex(around)):
        return
    found = [piece.values for piece in lex(f"{around} object:{written}") if piece.kind != "text"]
    assert (value,) in found


@pytest.mark.parametrize(
    ("value", "written"),
    [("민지", "민지"), ("Kim Minji", '"Kim Minji"'), ('5" screen', '「5" screen」'), ("a,b", '"a,b"')],
)
def test_values_are_quoted_where_they_need_it(value: str, written: str) -> None:
    assert as_value(value) == written


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("2026-01-31", date(2026, 1, 31)),
        ("2026.1.31", date(2026, 1, 31)),
        ("2026/01/31", date(2026, 1, 31)),
        ("20260131", date(2026, 1, 31)),
        ("2026년1월31일", date(2026, 1, 31)),
        ("2026-03", date(2026, 3, 1)),
        ("2026", date(2026, 1, 1)),
        ("1:30", 90_000),
        ("0:05:00", 300_000),
        ("0:01.5", 1500),
        ("90s", 90_000),
        ("1분30초", 90_000),
    ],
)
def test_days_and_places(value: str, meant: date | int) -> None:
    assert day_or_place("after", value) == meant


@pytest.mark.parametrize("value", ["lunch", "99:99", "2026-13-01", "2026-02-30", "1:2:3:4", "90", "9999:00:00"])
def test_days_and_places_that_are_none(value: str) -> None:
    with pytest.raises(InputError, match=r"like after:2026-01-31|after:1:30"):
        day_or_place("after", value)


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        ("5s", 5000),
        ("1m", 60_000),
        ("2.5", 2500),
        ("500ms", 500),
        ("1:30", 90_000),
        ("1m30s", 90_000),
        ("5초", 5000),
        ("1.5분", 90_000),
        ("1h", 3_600_000),
        ("0", 0),
        ("0:00", 0),
    ],
)
def test_lengths(value: str, ms: int) -> None:
    assert length_ms("longer", value) == ms


@pytest.mark.parametrize("value", ["soon", "5x", "-1", "s", "99999999999s", "1e3"])
def test_lengths_that_are_none(value: str) -> None:
    with pytest.raises(InputError, match=r"longer:2\.5"):
        length_ms("longer", value)


@pytest.mark.parametrize(
    ("gap", "joins"),
    [
        (" ", ""),
        (" and ", "and"),
        (", ", "and"),
        (" 그리고 ", "and"),
        (" or ", "or"),
        ("/", "or"),
        (" 또는 ", "or"),
        (" hugs ", None),
        (", and ", "and"),
        ("x", "and"),
    ],
)
def test_joiners(gap: str, joins: str | None) -> None:
    assert joiner(gap) == joins

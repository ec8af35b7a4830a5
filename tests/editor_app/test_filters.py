from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor_app.components.filters import Filters, read_filters, with_filters
from editor_app.components.panel import video_values
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.language.tokens import fold

PEOPLE = (
    PersonRecord(1, "Rainbow", "Kim Minji", ("김민지", "민지")),
    PersonRecord(2, "Rainbow", "Hanni", ("하니",)),
    PersonRecord(3, None, "Ann Lee", ()),
)

VALUES = st.lists(
    st.text(st.sampled_from("ab가 ,:'<"), max_size=6)
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: fold(text).strip(" ,:'<")),
    max_size=2,
    unique=True,
).map(tuple)
FILTERS = st.builds(
    Filters,
    people=st.just(frozenset()),
    objects=VALUES,
    videos=VALUES,
    edited=st.booleans(),
    untranslated=st.booleans(),
    longer=st.sampled_from([None, 0.5, 3.0, 86_400.0]),
    shorter=st.sampled_from([None, 0.25, 90.0]),
    after=st.sampled_from([None, date(2026, 1, 31)]),
    before=st.sampled_from([None, date(2026, 2, 1)]),
)
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "a cat",
            '"red ball" cat',
            "is:edited dog after:1:30 -object:x",
            'longer:5 object:a,"b c" x',
            "-is:edited",
        ]
    ),
    st.text(st.sampled_from('ab ,":「」is-x'), max_size=12),
)


@given(TEXTS, FILTERS)
def test_what_is_written_is_read_back(text: str, wanted: Filters) -> None:
    written = with_filters(text, wanted)
    assert read_filters(written) == wanted
    assert with_filters(written, wanted) == written


@pytest.mark.parametrize(
    ("text", "wanted", "written"),
    [
        ("a cat", Filters(edited=True), "a cat is:edited"),
        ("", Filters(objects=("dog",), longer=5), "object:dog longer:5s"),
        ("a cat longer:2s on a sofa", Filters(longer=2.5), "a cat on a sofa longer:2.5s"),
        ("고양이 길이이상:2초 상태:미번역", Filters(), "고양이"),
        ("x video:old", Filters(videos=("old camera", "new")), 'x video:"old camera",new'),
        ('say "a" object:x', Filters(videos=('my "b" film',)), 'say "a" video:「my "b" film」'),
        ("-object:dog -person:민지 x", Filters(objects=("cat",)), "-object:dog -person:민지 x object:cat"),
        ("x after:1:30 after:2026-01-01", Filters(), "x after:1:30"),
        (
            "x after:2025",
            Filters(after=date(2026, 1, 2), before=date(2026, 3, 1)),
            "x after:2026-01-02 before:2026-03-01",
        ),
        ("x -is:edited -is:untranslated", Filters(edited=True), "x -is:untranslated is:edited"),
        ("x is:purple longer:soon", Filters(untranslated=True), "x is:purple longer:soon is:untranslated"),
    ],
)
def test_filters_take_the_place_of_those_there(text: str, wanted: Filters, written: str) -> None:
    assert with_filters(text, wanted) == written


@pytest.mark.parametrize(
    ("text", "wanted", "written"),
    [
        ("a red ball", {1}, 'a red ball person:"Kim Minji"'),
        ("민지가 사과를 먹는다", set(), "사과를 먹는다"),
        ("민지랑 하니가 웃는다", {2}, "하니가 웃는다"),
        ("민지", {1}, "민지"),
        ("not 민지", {2}, "not 민지 person:Hanni"),
        ("하니 or 민지 dancing", {3}, '하니 or 민지 dancing person:"Ann Lee"'),
    ],
)
def test_people_are_asked_for_and_taken_away(text: str, wanted: set[int], written: str) -> None:
    assert with_filters(text, Filters(people=frozenset(wanted)), PEOPLE) == written
    assert read_filters(written, PEOPLE).people == wanted


def test_a_query_that_cannot_be_read_keeps_what_it_has() -> None:
    assert read_filters("is:purple object:dog", PEOPLE) == Filters(objects=("dog",))
    assert with_filters("is:purple", Filters(people=frozenset({2})), PEOPLE) == "is:purple person:Hanni"


def test_filters_are_counted() -> None:
    assert Filters().count == 0
    assert read_filters("민지 a object:x,y is:edited before:2026 longer:1s", PEOPLE).count == 5


def test_a_title_that_no_quotes_can_hold_is_named_by_its_id() -> None:
    def video(video_id: str, title: str) -> VideoRecord:
        return VideoRecord(video_id, title, "file", "0", "s")

    titles = {"v-1": "세  가지 색", "v-2": '"a" 「b」 『c』 «d»', "v-3": 'the "x"'}
    values = video_values([video(*pair) for pair in titles.items()])
    assert list(values) == ["세 가지 색", "v-2", 'the "x"']
    assert list(values.values()) == list(titles.values())
    for value in values:
        assert read_filters(with_filters("a", Filters(videos=(value,)))).videos == (value,)

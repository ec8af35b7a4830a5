"""Understanding queries: who, what filters, and what is left as meaning and words."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.search.person_queries import PEOPLE, person_queries
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.search.names import NameIndex
from vsearch_pipeline.search.query import MAX_QUERY_CHARS, Query, Understood, understand

INDEX = NameIndex(PEOPLE)
SHORT = {"Kim Minji": "M", "Pham Hanni": "H", "Gang Harin": "R", "Danielle": "D"}


def who(query: Query) -> str:
    """Who is asked for: `M H` both, `M/H` one of them, `-M` not, `?R` preferred."""

    def short(people: tuple[PersonRecord, ...]) -> str:
        return "/".join(SHORT[person.name] for person in people)

    people = query.people
    return " ".join(
        [
            *map(short, people.all_of),
            *("-" + SHORT[person.name] for person in people.none_of),
            *("?" + short(clause) for clause in people.preferred),
        ]
    )


@pytest.mark.parametrize(
    ("text", "people", "rest"),
    [
        ("민지랑 하니가 웃는", "M H", "웃는"),
        ("하니팜 손흔드는거", "H", "손흔드는거"),
        ("minji waving", "M", "waving"),
        ("민지하니 같이", "M H", ""),
        ("민지 말고 하니", "H -M", ""),
        ("하니 없는 장면", "-H", ""),
        ("minji or hanni dancing", "M/H", "dancing"),
        ("민지 또는 하니", "M/H", ""),
        ("haerin without minji", "R -M", ""),
        ("민지나무", "", "민지나무"),
        ("hanniball", "", "hanniball"),
        ("길을 다니는 사람들", "", "길을 다니는 사람들"),
        ("하니손흔드는거", "H", "손흔드는거"),
        ("MINJI KIM", "M", ""),
        ("a Dog in Paris", "", "a Dog in Paris"),
        ("  many \t spaces  ", "", "many spaces"),
        ("장면", "", "장면"),
        ("민지가 나오는 장면 찾아줘", "M", ""),
        ("scene with minji", "M", ""),
        ("show me clips of Hanni", "H", ""),
        ("minji, hanni and haerin laughing", "M H R", "laughing"),
        ("dancing with minji", "M", "dancing"),
        ("minji with a dog", "M", "with a dog"),
        ("minji and a dog", "M", "a dog"),
        ("민지 그리고 하니", "M H", ""),
        ("민지와 하니, 해린이 같이 춤추는 장면", "M H R", "춤추는 장면"),
        ("민지 & 하니 + 해린 춤", "M H R", "춤"),
        ("민지x하니", "M H", ""),
        ("민지 하니 둘 다", "M H", ""),
        ("민지 가 웃는", "M", "웃는"),
        ("민지 언니 웃는", "M", "웃는"),
        ("민지가 하니를 안아주는", "M H", "안아주는"),
        ("minji hugs hanni", "M H", "hugs"),
        ("민지 민지", "M", ""),
        ("NJZ dancing", "M/H/R/D", "dancing"),
        ("NJZ 말고", "-M -H -R -D", ""),
    ],
)
def test_people_and_the_rest(text: str, people: str, rest: str) -> None:
    query = understand(text, INDEX)
    assert (who(query), query.rest) == (people, rest)


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("민지나 하니", "M/H"),
        ("다니엘이나 민지", "D/M"),
        ("민지/하니", "M/H"),
        ("민지 | 하니", "M/H"),
        ("민지 혹은 하니가 웃는", "M/H"),
        ("민지 아니면 하니", "M/H"),
        ("minji or hanni or dani", "M/H/D"),
        ("민지 또는 하니, 해린", "M/H R"),
        ("민지빼고 하니", "H -M"),
        ("민지말고하니", "H -M"),
        ("민지 제외", "-M"),
        ("민지를 제외한 멤버", "-M"),
        ("민지 없이 하니", "H -M"),
        ("민지가 아닌", "-M"),
        ("민지는 안 나오는 장면", "-M"),
        ("민지가 나오지 않는", "-M"),
        ("민지랑 하니 말고 해린", "R -M -H"),
        ("민지 하니 없는", "M -H"),
        ("without minji and hanni", "-M -H"),
        ("hanni but not minji", "H -M"),
        ("hanni, not minji", "H -M"),
        ("everyone except danielle", "-D"),
        ("no hanni", "-H"),
        ("-민지 하니", "H -M"),
        ("하니 -민지", "H -M"),
        ("hanni -minji -haerin", "H -M -R"),
        ("NJZ 민지 없는", "M/H/R/D -M"),
    ],
)
def test_operators(text: str, people: str) -> None:
    assert who(understand(text, INDEX)) == people


@pytest.mark.parametrize(
    ("text", "people", "rest"),
    [
        ("고양이가 노는", "?R", "고양이가 노는"),
        ("민지랑 고양이", "M ?R", "고양이"),
        ("고양이 없는 장면", "", "고양이 없는 장면"),
        ("고양이 말고 민지", "M", "고양이 말고"),
        ("해린이 고양이 같은 표정", "R", "고양이 같은 표정"),
        ("민지 또는 강아지", "?M", "민지 또는 강아지"),
        ("minji or a dog", "?M", "minji or a dog"),
        ("person:고양이", "R", ""),
        ("다니는", "?D", "다니는"),
    ],
)
def test_where_a_word_may_be_meant_nobody_is_left_out(text: str, people: str, rest: str) -> None:
    query = understand(text, INDEX)
    assert (who(query), query.rest) == (people, rest)


def test_filters() -> None:
    query = understand(
        '"물을 마신다" -"with Dog" person:민지 -object:dog 사물:컵 video:"Hamilton Clip" -영상:x '
        "after:2026-01-01 before:2026-02-01 after:1:30 before:0:05:00 is:edited -is:미번역 longer:5s shorter:1m",
        INDEX,
    )
    assert who(query) == "M"
    assert (query.phrases, query.without_phrases) == (("물을 마신다",), ("with dog",))
    assert (query.objects, query.without_objects) == (("컵",), ("dog",))
    assert (query.videos, query.without_videos) == (("hamilton clip",), ("x",))
    assert (query.after, query.before) == (date(2026, 1, 1), date(2026, 2, 1))
    assert (query.from_ms, query.to_ms) == (90_000, 300_000)
    assert (query.edited, query.untranslated) == (True, False)
    assert (query.min_ms, query.max_ms) == (5000, 60_000)
    assert query.rest == "물을 마신다"
    assert query.named == {1}
    assert [chip.kind for chip in query.understood] == [
        "phrase", "phrase", "person", "object", "object", "video", "video", "after", "before", "after", "before",
        "edited", "untranslated", "longer", "shorter",
    ]  # fmt: skip


def test_phrases_rank_after_what_is_typed() -> None:
    assert understand('"Red  Car" on a bridge', INDEX).rest == "on a bridge Red Car"


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("person:민지,하니", "M/H"),
        ('인물:"Kim Minji" 사람:하니', "M H"),
        ("-person:민지", "-M"),
        ("person:njz", "M/H/R/D"),
        ("person:NJZ/Danielle", "D"),
        ("person:헤린", "R"),
        ("person:minji 민지 웃는", "M"),
        ("words:민지 하니", "H"),
        ('단어:"민지 말고" 하니', "H"),
        ('"민지" 하니', "H"),
    ],
)
def test_people_by_filter(text: str, people: str) -> None:
    assert who(understand(text, INDEX)) == people


def test_words_are_never_names() -> None:
    query = understand("words:민지 웃는", INDEX)
    assert (who(query), query.rest, query.tokens) == ("", "민지 웃는", ("민지", "웃다"))
    assert understand("words:장면", INDEX).rest == "장면"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        (" \u0301\n", "empty"),
        ("\x00", "empty"),
        ("a" * (MAX_QUERY_CHARS + 1), "2001 characters"),
        ("person:밍키크", "nearest names are"),
        ("person:" + "z" * 1000, "nearest names are"),
        ("after:lunch", "after:2026-01-31"),
        ("before:2026-02-30", "before:2026-01-31"),
        ("longer:soon", r"longer:2\.5"),
        ("is:done", "is:edited"),
        ("-after:2026-01-01", "before:"),
    ],
)
def test_what_cannot_be_understood_is_said(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        understand(text, INDEX)
    assert len(str(raised.value)) < 300


def test_a_filter_of_people_without_people() -> None:
    with pytest.raises(InputError, match="Add people"):
        understand("person:민지", [])


# --- chips ---


def chip(text: str, index: int = 0, people: NameIndex = INDEX) -> Understood:
    return understand(text, people).understood[index]


def test_chips_are_in_the_order_typed() -> None:
    query = understand("민지랑 하니 말고 웃는 고양이 object:컵", INDEX)
    assert [(c.kind, c.text, c.typed, c.negated, c.how) for c in query.understood] == [
        ("person", "Kim Minji / Pham Hanni", "민지랑 하니 말고", True, "exact"),
        ("rest", "웃는", "웃는", False, "exact"),
        ("person", "Gang Harin", "고양이", False, "likely"),
        ("object", "컵", "object:컵", False, "exact"),
    ]


@pytest.mark.parametrize(
    ("text", "index", "removed"),
    [
        ("민지랑 하니가 웃는", 0, "하니가 웃는"),
        ("민지랑 하니가 웃는", 1, "민지랑 웃는"),
        ("민지랑 하니가 웃는", 2, "민지랑 하니가"),
        ("minji and hanni dancing", 0, "hanni dancing"),
        ("minji and hanni dancing", 1, "minji dancing"),
        ("민지 말고 하니", 0, "하니"),
        ("민지 말고 하니", 1, "민지 말고"),
        ("민지 또는 하니 춤", 0, "춤"),
        ("하니손흔드는거", 0, "손흔드는거"),
        ("민지 민지 춤", 0, "춤"),
        ("민지x하니", 0, "하니"),
        ('"a dog" 민지', 0, "민지"),
        ("민지 -object:dog", 1, "민지"),
        ("minji or a dog", 0, "a dog"),
    ],
)
def test_one_press_takes_a_part_away(text: str, index: int, removed: str) -> None:
    assert chip(text, index).removed == removed


@pytest.mark.parametrize(
    ("text", "as_words"),
    [
        ("민지가 웃는", "words:민지가 웃는"),
        ("하니손흔드는거", "words:하니 손흔드는거"),
        ("person:헤린 춤", "words:헤린 춤"),
        ("헤린 춤", "words:헤린 춤"),
        ("object:dog", "words:dog"),
        ('"a dog"', 'words:"a dog"'),
        ("민지 없는", None),
        ("after:2026", None),
    ],
)
def test_one_press_makes_words_of_it(text: str, as_words: str | None) -> None:
    assert chip(text).as_words == as_words


def test_other_readings() -> None:
    twins = NameIndex([PersonRecord(1, "A", "Jisoo", ("지수",)), PersonRecord(2, "B", "Jisoo", ("지수",))])
    both = chip("지수 웃는", people=twins)
    assert both.person_ids == (1, 2)
    assert both.others == (("A/Jisoo", "person:A/Jisoo 웃는"), ("B/Jisoo", "person:B/Jisoo 웃는"))
    assert [understand(query, twins).named for _, query in both.others] == [{1}, {2}]

    near = chip("하니가 웃는")
    assert (near.how, near.others) == ("exact", (("Danielle", "person:Danielle 웃는"),))
    assert dict(chip("타니").others) == {"Pham Hanni": 'person:"Pham Hanni"', "Danielle": "person:Danielle"}
    assert chip("하니 없는 컵").others == (("Danielle", "-person:Danielle 컵"),)


def test_a_slip_is_said() -> None:
    slip = chip("헤린이가 웃는")
    assert (slip.how, slip.text, slip.typed, slip.person_ids) == ("typo", "Gang Harin", "헤린이가", (3,))


def test_a_list_of_people_is_as_good_as_an_index() -> None:
    assert understand("민지랑 하니 말고", list(PEOPLE)) == understand("민지랑 하니 말고", INDEX)


# --- any text ---

# fmt: off
PARTS = st.sampled_from((
    "민지", "민지가", "민지랑", "하니", "하니는", "다니", "다니는", "고양이", "헤린", "민지하니", "하니웃는",
    "minji", "hanni,", "NJZ", "alswl", "or", "and", "not", "without", "말고", "없는", "또는", "-민지", '-"a',
    "-person:하니", "person:민지", "words:하니", '"웃는 거"', "object:컵", "-object:dog", "after:2026",
    "before:1:30", "longer:2", "is:edited", "웃는", "dancing", "장면", "손흔드는거", ",", "/", "x", "(", ")",
    '"', "「", "🐶", "ㅋㅋ",
))
SENTENCES = st.lists(
    st.sampled_from((
        "민지가", "하니랑", "해린", "다니엘이", "minji", "hanni's", "헤린이가", "-민지", "person:해린",
        "-person:하니", "object:컵", "-object:dog", '"red car"', '-"blue car"', "after:2026", "longer:2",
        "is:edited", "웃는", "dancing", "손흔드는", "바다에서", "NJZ", "하니손흔드는거",
    )),
    min_size=1,
    max_size=6,
).map(" ".join)
# fmt: on
ANY = st.one_of(
    st.lists(PARTS, min_size=1, max_size=8).map(" ".join),
    st.lists(PARTS, min_size=1, max_size=5).map("".join),
    st.text(max_size=200),
    st.text(alphabet=st.characters(), max_size=100),
    st.text(alphabet="민지하니랑가는 -\"“”'「」:,/|&+ㅁㅣ\x00\ud800'; DROP TABLE--", max_size=100),
)


def read(text: str) -> Query | None:
    try:
        return understand(text, INDEX)
    except InputError:
        return None


@given(ANY)
def test_any_text_is_understood_or_refused_in_words(text: str) -> None:
    query = read(text)
    if query is None:
        return
    query.rest.encode()
    query.text.encode()
    assert "\x00" not in query.rest + "".join(query.phrases)
    assert query.rest == " ".join(query.rest.split())
    sure = {person.id for clause in query.people.all_of for person in clause}
    assert query.named >= sure
    asked = [set(c.person_ids) for c in query.understood if c.kind in ("person", "group") and not c.negated]
    assert set().union(*asked) == query.named


@given(ANY)
def test_what_a_chip_offers_can_be_searched(text: str) -> None:
    query = read(text)
    for part in query.understood if query else ():
        offered = [part.removed, part.as_words, *(query for _, query in part.others)]
        for other in offered:
            assert not other or len(other) <= MAX_QUERY_CHARS
            if other and other.strip():
                read(other)
        if part.as_words:
            assert understand(part.as_words, INDEX).rest


@given(SENTENCES)
def test_what_is_taken_away_is_gone(text: str) -> None:
    query = read(text)
    assert query is not None
    for part in query.understood:
        left = read(part.removed) if part.removed else None
        if left is None:
            assert not part.removed
            continue
        again = [(c.kind, c.text, c.negated) for c in left.understood]
        assert (part.kind, part.text, part.negated) not in again
        missing = [c for c in query.understood if c is not part and (c.kind, c.text, c.negated) not in again]
        assert all(c.kind == "rest" for c in missing)


@given(SENTENCES)
def test_understanding_what_was_read_changes_nothing(text: str) -> None:
    query = read(text)
    assert query is not None
    again = understand(query.text, INDEX)
    assert again == query
    if query.rest and not query.people.preferred:
        as_words = understand(f"words:「{query.rest}」", INDEX)
        assert as_words.tokens == query.tokens
        assert not as_words.named


# --- as people type ---


@pytest.mark.parametrize("seed", [1, 20, 300])
def test_people_are_found_as_they_are_typed(seed: int) -> None:
    wrong = []
    queries = person_queries(seed, 600)
    for query in queries:
        people = understand(query.text, INDEX).people
        asked = Counter(frozenset(person.name for person in clause) for clause in people.all_of)
        if asked != Counter(query.wanted) or {person.name for person in people.none_of} != query.without:
            wrong.append((query.kind, query.text, people))
    assert len(wrong) <= len(queries) * 0.01, wrong

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.language.tokens import MAX_WORD_CHARS, fold, query_tokens, search_tokens

ANY_TEXT = st.text(st.characters(exclude_categories=()))
HANGUL = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=12)
ASCII = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))


@pytest.mark.parametrize(
    "forms",
    [
        "wave waves waved waving",
        "run runs running",
        "city cities",
        "movie movies",
        "carry carries carried carrying",
        "dance dances danced dancing",
        "stop stops stopped stopping",
        "kiss kisses kissed kissing",
        "box boxes",
        "bus buses",
        "see sees seeing",
        "woman women woman's WOMEN ｗｏｍａｎ",
        "child children",
        "Beyoncé beyonce",
    ],
)
def test_forms_of_one_word_are_one_token(forms: str) -> None:
    assert len({tuple(search_tokens(form)) for form in forms.split()}) == 1


@pytest.mark.parametrize("words", ["need seed", "sing sting", "red wed", "string spring", "bus bush", "king ring"])
def test_different_words_stay_different(words: str) -> None:
    first, second = (search_tokens(word) for word in words.split())
    assert first != second


def test_a_korean_document_gives_syllables_and_pairs() -> None:
    assert search_tokens("민지가 춤") == ["민", "지", "가", "민지", "지가", "춤"]


@pytest.mark.parametrize(
    ("query", "tokens"),
    [
        ("민지가 손을 흔드는 장면", ["민지", "손", "손을", "흔드"]),
        ("BTS가 춤", ["bts", "춤"]),
        ("나이 마을 지도", ["나이", "마을", "지도"]),
        ("그 사람", ["사람"]),
        ("그", ["그"]),
        ("a dog on the beach", ["dog", "beach"]),
        ("The Who", ["the", "who"]),
        ("dog DOGS dog", ["dog"]),
        ("!!! ' …", []),
    ],
)
def test_query_tokens(query: str, tokens: list[str]) -> None:
    assert query_tokens(query) == tokens


@given(ANY_TEXT)
def test_any_string_gives_safe_tokens(text: str) -> None:
    tokens = search_tokens(text) + query_tokens(text)
    assert all(token.isalnum() and 0 < len(token) <= MAX_WORD_CHARS for token in tokens)


@given(ANY_TEXT)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(ASCII)
def test_case_and_width_do_not_matter(text: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert search_tokens(text.upper()) == search_tokens(text) == search_tokens(wide)


@given(HANGUL, st.data())
def test_a_part_of_a_hangul_run_is_found_in_it(run: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(run) - 1))
    part = run[start : data.draw(st.integers(start + 1, len(run)))]
    assert set(query_tokens(part)) <= set(search_tokens(run))
    assert query_tokens(part)


@given(ANY_TEXT)
def test_a_document_holds_the_tokens_of_its_own_query(text: str) -> None:
    assert set(query_tokens(text)) <= set(search_tokens(text))


def test_words_that_only_ask_for_a_moment_are_left_out() -> None:
    assert query_tokens("웃는 장면") == query_tokens("웃는")
    assert query_tokens("a scene with a dog") == ["dog"]
    assert query_tokens("커피가 나오는 장면을") == query_tokens("커피")
    assert query_tokens("장면") == ["장면"]

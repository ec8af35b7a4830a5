"""Words of texts: English stems, Korean morphemes, pairs of kana and Han, all with their places."""

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.language.tokens import (
    MAX_CHARS,
    MAX_WORD_CHARS,
    fold,
    has_hangul,
    query_tokens,
    query_words,
    search_tokens,
    stem,
    words,
)

ANY_TEXT = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.text(st.sampled_from("민지가 손을 흔드는거ㅋㅋ뷁a'z0 東京カメ\u1100\u1161\u0301\ud800\x00"), max_size=60),
)
HANGUL = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=12)
ASCII = st.one_of(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)), st.text("aAsS' "))


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
        "woman women woman's WOMEN WOMAN'S ｗｏｍａｎ＇ｓ",
        "child children",
        "Beyoncé beyonce",
        "don't don’t ＤＯＮ＇Ｔ",
        "흔들다 흔들었다 흔드는 흔들며 흔들어요",
        "사람 사람이 사람들은 사람에게 사람만",
        "걷다 걸었다 걷는 걸어요",
        "예쁘다 예뻐요 예쁜",
        "학교 학교에서 학교는",
    ],
)
def test_forms_of_one_word_are_one_token(forms: str) -> None:
    assert len({tuple(search_tokens(form)) for form in forms.split()}) == 1


@pytest.mark.parametrize("words", ["need seed", "sing sting", "red wed", "string spring", "bus bush", "king ring"])
def test_different_words_stay_different(words: str) -> None:
    first, second = (search_tokens(word) for word in words.split())
    assert first != second


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("민지가 손을 흔드는 장면", ["민지", "손", "흔들다", "장면"]),
        ("손흔드는거", ["손", "흔들다", "거"]),  # no space, and still words
        ("아름다운 풍경", ["아름답다", "풍경"]),
        ("민주공화국", ["민주", "공화국"]),
        ("개나리", ["개나리"]),
        ("The women's dogs", ["the", "woman", "dog"]),
        ("BTS가 춤", ["bts", "가", "춤"]),
        ("뷁", ["뷁"]),  # nothing in a dictionary
        ("ㅋㅋ", ["ᄏᄏ"]),
        ("ㅋㅋ 개", ["ᄏᄏ", "개"]),
        ("カメラ", ["カ", "カメ", "メ", "メラ", "ラ"]),  # scripts without spaces: letters and pairs
        ("東京タワー", ["東", "東京", "京", "京タ", "タ", "タワ", "ワ", "ワー", "ー"]),
        ("100% 7일", ["100", "7", "일"]),
        ("!!! ' …", []),
        ("", []),
    ],
)
def test_tokens_of_a_document(text: str, tokens: list[str]) -> None:
    assert search_tokens(text) == tokens


@pytest.mark.parametrize(
    ("query", "tokens"),
    [
        ("민지가 손을 흔드는 장면", ["민지", "손", "흔들다"]),
        ("BTS가 춤", ["bts", "춤"]),
        ("나이 마을 지도", ["나이", "마을", "지도"]),
        ("그 사람", ["사람"]),
        ("그", ["그"]),
        ("a dog on the beach", ["dog", "beach"]),
        ("The Who", ["the", "who"]),
        ("dog DOGS dog", ["dog"]),
        ("ㅋㅋ", ["ᄏᄏ"]),
        ("!!! ' …", []),
    ],
)
def test_query_tokens(query: str, tokens: list[str]) -> None:
    assert query_tokens(query) == tokens


def test_words_that_only_ask_for_a_moment_are_left_out() -> None:
    assert query_tokens("웃는 장면") == query_tokens("웃는")
    assert query_tokens("a scene with a dog") == ["dog"]
    assert query_tokens("커피가 나오는 장면을") == query_tokens("커피")
    assert query_tokens("장면") == ["장면"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("the dog is here", ["the", "is"]),
        ("a scene of a video", ["a", "scene", "of", "a", "video"]),
        ("그 사람이 나오는 장면", ["그", "나오다", "장면"]),
        ("손흔드는거", ["거"]),
        ("뷁", []),
    ],
)
def test_plain_words_say_nothing_by_themselves(text: str, plain: list[str]) -> None:
    assert [word.text for word in words(text) if word.plain] == plain


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("민지가 손을 흔드는 장면", ["민지", "손", "흔드", "장면"]),
        ("A woman's dogs, running", ["A", "woman's", "dogs", "running"]),
        (unicodedata.normalize("NFD", "커피를 마셨다!"), ["커피", "마시"]),
        ("🐶 dog 개는", ["dog", "개"]),
        ("cafe\u0301 e\u0301te\u0301", ["café", "été"]),
    ],
)
def test_a_word_says_where_it_stands(text: str, written: list[str]) -> None:
    composed = unicodedata.normalize("NFC", text)
    stood = [composed[word.start : word.end] for word in words(text)]
    assert [w if w in written else "마시" if w in ("마셨", "마셔") else w for w in stood] == written


def test_a_long_text_is_read_to_its_limit() -> None:
    assert search_tokens("dog " * MAX_CHARS) == ["dog"] * (MAX_CHARS // 4)
    assert search_tokens("x" * 500) == ["x" * MAX_WORD_CHARS]
    assert len(search_tokens("개 " * MAX_CHARS)) == MAX_CHARS // 2
    assert all(len(token) <= MAX_WORD_CHARS for token in search_tokens("뷁" * 500 + "ㅋ" * 500))


@given(ANY_TEXT)
def test_any_string_gives_safe_tokens(text: str) -> None:
    tokens = search_tokens(text) + query_tokens(text)
    assert all(token.isalnum() and 0 < len(token) <= MAX_WORD_CHARS for token in tokens)
    "".join(tokens).encode()


@given(ANY_TEXT)
def test_words_lie_in_the_text_in_order(text: str) -> None:
    found = words(text)
    length = len(unicodedata.normalize("NFC", text))
    assert all(0 <= word.start < word.end <= length for word in found)
    assert [(word.start, word.end) for word in found] == sorted((word.start, word.end) for word in found)
    assert words(unicodedata.normalize("NFC", text)) == found


@given(ANY_TEXT)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(ASCII)
def test_case_and_width_do_not_matter(text: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert search_tokens(text.upper()) == search_tokens(text) == search_tokens(wide)


@given(HANGUL)
def test_every_korean_text_has_a_word(text: str) -> None:
    assert query_tokens(text)
    assert search_tokens(unicodedata.normalize("NFD", text)) == search_tokens(text)


@given(ANY_TEXT)
def test_a_document_holds_the_tokens_of_its_own_query(text: str) -> None:
    tokens = query_tokens(text)
    assert set(tokens) <= set(search_tokens(text))
    assert len(set(tokens)) == len(tokens)
    assert bool(tokens) == bool(search_tokens(text))
    assert len({word.plain for word in query_words(text)}) <= 1


@given(st.from_regex(r"[a-z]{1,12}", fullmatch=True))
def test_a_stem_is_a_word_that_begins_alike(word: str) -> None:
    assert stem(word)
    assert stem(word)[0] == word[0]


@pytest.mark.parametrize(
    ("text", "has"), [("민지", True), (unicodedata.normalize("NFD", "각"), True), ("ㅋ", False)]
)
def test_korean_is_known_by_its_syllables(text: str, has: bool) -> None:
    assert has_hangul(text) is has


def test_many_may_ask_before_the_analyser_is_there() -> None:
    script = (
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "from vsearch_pipeline.language.tokens import words\n"
        "with Pool(20) as pool: print(len(set(pool.map(lambda _: tuple(words('손흔드는거')), range(20)))))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "1"

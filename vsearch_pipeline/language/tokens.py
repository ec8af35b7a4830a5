"""Words of a text for search in Korean and English.

Documents and queries go through the same analysis, and the database compares tokens as they are. English words are
folded and lightly stemmed; Korean is taken apart into morphemes by Kiwi, so that particles, endings and missing
spaces do not matter (`손흔드는거` -> 손, 흔들다). Character bigrams were measured beside it and lost
(docs/benchmarks.md); they remain for kana and Han, which Kiwi does not know.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kiwipiepy import Kiwi

_LOADING: Final = threading.Lock()
MAX_WORD_CHARS: Final = 64
"""Longer words are cut: PostgreSQL refuses a lexeme above 2,046 bytes."""
MAX_CHARS: Final = 20_000
"""What follows in a text is not searched by words: an hour of speech in one segment is no moment."""

_HANGUL: Final = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
_UNSPACED: Final = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
_RUNS: Final = re.compile(
    rf"(?P<hangul>[{_HANGUL}]+)|(?P<unspaced>[{_UNSPACED}]+)"
    rf"|(?P<word>[^\W_{_HANGUL}{_UNSPACED}]+(?:['\u2019\u02bc\uff07][^\W_{_HANGUL}{_UNSPACED}]+)*)"
)
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_POSSESSIVE: Final = re.compile("['\u2019\u02bc]s$")

# fmt: off
_ENGLISH_STOP_WORDS: Final = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "he", "her",
    "him", "his", "i", "in", "is", "it", "its", "me", "my", "of", "on", "or", "our", "she", "that",
    "the", "their", "them", "there", "they", "this", "to", "was", "we", "were", "what", "when",
    "where", "which", "who", "will", "with", "you", "your",
})
# fmt: on
_ABOUT_THE_QUERY: Final = frozenset(
    {
        *("scene", "clip", "moment", "video", "shot"),
        *("장면", "모습", "영상", "부분", "순간", "나오다", "보이다", "있다", "하다", "되다"),
    }
)
"""Words that ask for a moment, or hold a sentence together, and describe nothing."""

_NOUNS: Final = frozenset({"NNG", "NNP", "NR", "XR", "MAG"})
_VERBS: Final = frozenset({"VV", "VA"})
_SAYS_LITTLE: Final = frozenset({"NNB", "NP", "MM", "IC", "MAJ"})
"""Kiwi's tags: bound nouns, pronouns, determiners, interjections, conjunctions."""

_IRREGULAR: Final = {
    "children": "child",
    "feet": "foot",
    "geese": "goose",
    "knives": "knife",
    "men": "man",
    "mice": "mouse",
    "teeth": "tooth",
    "wives": "wife",
    "women": "woman",
}
_ENGLISH: Final = re.compile(r"[a-z]{3,}")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text.

    Attributes:
        text: what stands in a dictionary (`흔들다`) or is written (`waving`), folded.
        token: what the index stores and compares.
        start, end: where it stands in the NFC form of the text.
        plain: it says nothing by itself (`the`, `것`); searched only where a query has no other.
    """

    text: str
    token: str
    start: int
    end: int
    plain: bool = False


def fold(text: str) -> str:
    """Compatibility forms, case and accents removed; Hangul composed. Folding twice changes nothing."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    # casefold can bring back characters that decompose further
    decomposed = _ACCENTS.sub("", unicodedata.normalize("NFKD", decomposed).casefold())
    return unicodedata.normalize("NFKC", decomposed)


def has_hangul(text: str) -> bool:
    """Whether the text has a Korean syllable: a guess at the language it is written in."""
    return any("가" <= letter <= "힣" for letter in unicodedata.normalize("NFC", text))


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[Word, ...]:
    """The words of a text in order, with repeats; of the first `MAX_CHARS` characters."""
    composed = unicodedata.normalize("NFC", text[:MAX_CHARS])
    found = sorted(_split(composed), key=lambda word: (word.start, word.end))
    return tuple(found)


def search_tokens(text: str) -> list[str]:
    """Tokens of a document, in order and with repeats: letters and digits only, `MAX_WORD_CHARS` at most."""
    return [word.token for word in words(text)]


def query_words(text: str) -> list[Word]:
    """Words of a query, each token once, in order; the plain ones only where there are no others."""
    every = words(text)
    asked = [word for word in every if not word.plain] or every
    return list({word.token: word for word in reversed(asked)}.values())[::-1]


def query_tokens(text: str) -> list[str]:
    """Tokens of `query_words`."""
    return [word.token for word in query_words(text)]


def _split(text: str) -> Iterator[Word]:
    runs = list(_RUNS.finditer(text))
    for run in runs:
        if run["unspaced"]:
            yield from _neighbours(run["unspaced"], run.start())
        elif run["word"] and (word := _spaced(run["word"], run.start(), run.end())):
            yield word
    hangul = [run for run in runs if run["hangul"]]
    if hangul:
        yield from _korean(text, hangul)


def _spaced(written: str, start: int, end: int) -> Word | None:
    """A word of a script with spaces, or a number."""
    folded = _POSSESSIVE.sub("", fold(written))
    kept = "".join(letter for letter in folded if letter.isalnum())[:MAX_WORD_CHARS]
    if not kept:
        return None
    return Word(kept, stem(kept), start, end, plain=kept in _ENGLISH_STOP_WORDS or kept in _ABOUT_THE_QUERY)


def _neighbours(run: str, start: int) -> Iterator[Word]:
    """Characters and pairs of neighbours of a run that no space splits into words."""
    folded = [fold(letter) for letter in run]
    for at, letter in enumerate(folded):
        if letter.isalnum():
            yield Word(letter, letter, start + at, start + at + 1)
    for at, (left, right) in enumerate(pairwise(folded)):
        if (pair := left + right).isalnum():
            yield Word(pair, pair, start + at, start + at + 2)


def _korean(text: str, runs: list[re.Match[str]]) -> Iterator[Word]:
    """Morphemes that mean something, as dictionary forms; a run without any gives itself."""
    spelt = "".join(letter if letter.isalnum() or letter.isspace() else " " for letter in text)
    at = 0
    meant = [False] * len(runs)
    for morpheme in _kiwi().tokenize(spelt):
        tag = morpheme.tag.split("-")[0]
        start, end = morpheme.start, morpheme.start + morpheme.len
        while at < len(runs) - 1 and runs[at].end() <= start:
            at += 1
        if not runs[at].start() <= start < runs[at].end():
            continue
        form = fold(morpheme.form)[:MAX_WORD_CHARS]
        if not form.isalnum():
            continue
        if tag in _VERBS:
            word = Word(f"{form}다", f"{form}다", start, end, plain=f"{form}다" in _ABOUT_THE_QUERY)
        elif tag in _NOUNS:
            word = Word(form, form, start, end, plain=form in _ABOUT_THE_QUERY)
        elif tag in _SAYS_LITTLE:
            word = Word(form, form, start, end, plain=True)
        else:
            continue
        meant[at] = True
        yield word
    for run, has_word in zip(runs, meant, strict=True):
        form = "".join(filter(str.isalnum, fold(run["hangul"])))[:MAX_WORD_CHARS]
        if not has_word and form:
            yield Word(form, form, run.start(), run.end(), plain=True)


def _kiwi() -> Kiwi:
    """The analyser; its model takes two seconds to load."""
    with _LOADING:  # several that load it at the same moment wait for each other for good
        return _loaded_kiwi()


@cache
def _loaded_kiwi() -> Kiwi:
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=1)


def stem(word: str) -> str:
    """English plural, -ing and -ed taken off a folded word; other words are returned as they are.

    Deliberately small: it only has to give inflections of one word the same token, not a dictionary form.
    """
    if not _ENGLISH.fullmatch(word):
        return word
    word = _IRREGULAR.get(word, word)
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3 and re.search("[aeiouy]", root) and not word.endswith("eed"):
            doubled = root[-1] == root[-2] and root[-1] not in "aeioulsz"
            word = root[:-1] if doubled else root
            break
    if len(word) > 3:
        word = re.sub("(?<=[^e])e$", "", word)
        word = re.sub("(?<=[^aeiou])y$", "i", word)
    return word

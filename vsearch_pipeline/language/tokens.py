"""Words of a text for lexical search in Korean and English.

Documents and queries go through the same folding, and the database compares tokens as they are
(configuration `simple`). A document gives every token that a query for a part of it can give.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Final

from vsearch_pipeline.particles import split_particle

MAX_WORD_CHARS: Final = 64
"""Longer words are cut: PostgreSQL refuses a lexeme above 2,046 bytes."""

_UNSPACED = "\u1100-\u11ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff"
_RUNS: Final = re.compile(rf"(?P<syllables>[{_UNSPACED}]+)|(?P<word>[^\W_{_UNSPACED}]+)")
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_APOSTROPHES: Final = re.compile("(?<=\\w)['\u2019\u02bc](?=\\w)")

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
        "scene",
        "clip",
        "moment",
        "video",
        "shot",
        "장면",
        "모습",
        "영상",
        "부분",
        "순간",
        "나오는",
        "보이는",
        "있는",
        "하는",
    }
)
"""Words that ask for a moment and describe none."""
_KOREAN_STOP_SYLLABLES: Final = frozenset("이그저것수등및더또좀때")

_OFTEN_PART_OF_A_NOUN: Final = frozenset("의도만")

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


def fold(text: str) -> str:
    """Compatibility forms, case and accents removed; Hangul composed. Folding twice changes nothing."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    # casefold can bring back characters that decompose further
    decomposed = _ACCENTS.sub("", unicodedata.normalize("NFKD", decomposed).casefold())
    return unicodedata.normalize("NFKC", decomposed)


def has_hangul(text: str) -> bool:
    """Whether the text has a Korean syllable: a guess at the language it is written in."""
    return any("가" <= letter <= "힣" for letter in unicodedata.normalize("NFC", text))


def search_tokens(text: str) -> list[str]:
    """Tokens of a document, in order and with repeats.

    Words of Latin and other spaced scripts and numbers are folded and, in English, lightly stemmed
    (`waves`, `waved`, `waving` -> `wav`). A run of Hangul (or Han, or kana), which no space splits
    into words, gives each of its characters and each pair of neighbours.

    Returns:
        non-empty tokens of letters and digits only, at most `MAX_WORD_CHARS` characters each.
    """
    tokens: list[str] = []
    for run in _RUNS.finditer(_prepared(text)):
        if run["word"]:
            tokens.append(stem(run["word"][:MAX_WORD_CHARS]))
        else:
            syllables = run["syllables"]
            tokens.extend(syllables)
            tokens.extend(_bigrams(syllables))
    return tokens


def query_tokens(text: str) -> list[str]:
    """Tokens of a query, each once, in order; meant to be matched with OR and ranked.

    A Korean particle at the end of a run is left out (`민지가` -> `민지`), so that the same noun with
    another particle matches as well. Words that say nothing are left out unless the query has no other.
    """
    kept: list[str] = []
    dropped: list[str] = []
    folded = _prepared(text)
    for run in _RUNS.finditer(folded):
        if run["word"]:
            word = run["word"][:MAX_WORD_CHARS]
            says_nothing = word in _ENGLISH_STOP_WORDS or word in _ABOUT_THE_QUERY
            (dropped if says_nothing else kept).append(stem(word))
            continue
        syllables = run["syllables"]
        after_word = _RUNS.fullmatch(folded[run.start() - 1 : run.start()]) is not None
        noun, particle = split_particle(syllables, after_word=after_word)
        if syllables in _ABOUT_THE_QUERY or noun in _ABOUT_THE_QUERY:
            dropped.extend(_bigrams(syllables))
        elif not noun:
            dropped.extend(_bigrams(particle) or [particle])
        elif len(syllables) == 1:
            (dropped if syllables in _KOREAN_STOP_SYLLABLES else kept).append(syllables)
        elif len(noun) == 1:
            # two syllables are as often a whole noun (종이): both readings are asked for, or only the
            # whole where it is the likelier one (지도, 회의)
            kept.extend([*([] if particle in _OFTEN_PART_OF_A_NOUN else [noun]), *_bigrams(syllables)])
        else:
            kept.extend(_bigrams(noun))
    return list(dict.fromkeys(kept or dropped))


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


def _prepared(text: str) -> str:
    folded = _APOSTROPHES.sub("'", fold(text))
    return re.sub("'s\\b|'", "", folded)


def _bigrams(syllables: str) -> list[str]:
    return [a + b for a, b in pairwise(syllables)]

"""Which of the words that are said are the ones that a query asks for."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from vsearch_pipeline.language.tokens import query_tokens, search_tokens

_WORDS: Final = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")


class SpokenMatch:
    """Compares spoken words with a query as the lexical index does: by stem in English (`countries` for
    `country`), without particles in Korean.

    A Korean word is meant where it holds a word of the query (`대한민국` in `대한민국의`) or is held by the query
    (`민국` in `대한민국`); one syllable has to be the whole word, particles aside.
    """

    def __init__(self, query: str) -> None:
        self._tokens = frozenset(query_tokens(query))
        asked = (frozenset(query_tokens(word)) & self._tokens for word in _WORDS.findall(query))
        self._asked = [tokens for tokens in dict.fromkeys(asked) if tokens]

    def __call__(self, word: str) -> bool:
        """Whether the word, with whatever marks it was written down, is one that the query asks for."""
        if not self._tokens:
            return False
        tokens, meant = _tokens_of(word)
        if not meant:
            return False
        return meant <= self._tokens or any(_holds(tokens, meant, asked) for asked in self._asked)


def _holds(tokens: frozenset[str], meant: frozenset[str], asked: frozenset[str]) -> bool:
    long = {token for token in asked if len(token) > 1}
    return bool(long and long <= tokens) or any(token in meant for token in asked - long)


@lru_cache(maxsize=16_384)
def _tokens_of(word: str) -> tuple[frozenset[str], frozenset[str]]:
    """All tokens of a spoken word, and those that say what it means."""
    return frozenset(search_tokens(word)), frozenset(query_tokens(word))

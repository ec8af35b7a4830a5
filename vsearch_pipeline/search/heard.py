"""Which of the words that are said are the ones that a query asks for."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from vsearch_pipeline.language.tokens import fold, has_hangul, query_words


class SpokenMatch:
    """Compares spoken words with a query as the index of words does: by stem in English (`countries` for
    `country`), by morphemes in Korean.

    A Korean word is also meant where it holds a word of the query (`나라` in `우리나라가`) or is held by one
    (`민국` in `대한민국`); one of a single syllable has to be the whole word, particles aside.
    """

    def __init__(self, query: str) -> None:
        asked = _meant(query)
        # speech is compared word by word, and a word may read otherwise by itself than among others
        alone = frozenset[_Meant]().union(*map(_meant, query.split()))
        if not all(word.plain for word in asked):
            alone = frozenset(word for word in alone if not word.plain)
        self._tokens = {word.token for word in asked | alone}
        self._long = {word.written for word in asked | alone if word.long}

    def __call__(self, word: str) -> bool:
        """Whether the word, with whatever marks it was written down, is one that the query asks for."""
        said = _meant(word)
        if any(part.token in self._tokens for part in said):
            return True
        held = [part.written for part in said if part.long]
        written = fold(word)
        return any(asked in written or any(part in asked for part in held) for asked in self._long)


class _Meant(NamedTuple):
    token: str
    written: str
    plain: bool

    @property
    def long(self) -> bool:
        """Whether it is Korean and long enough to be meant where it is a part of a word."""
        return not self.plain and len(self.written) > 1 and has_hangul(self.written)


@lru_cache(maxsize=16_384)
def _meant(text: str) -> frozenset[_Meant]:
    """The words of a text that say what it means, without the letters inside of others (東 in 東京)."""
    composed = unicodedata.normalize("NFC", text)
    meant, reached = [], 0
    for word in sorted(query_words(text), key=lambda word: (word.start, -word.end)):
        if word.end > reached:
            reached = word.end
            meant.append(_Meant(word.token, fold(composed[word.start : word.end]), word.plain))
    return frozenset(meant)

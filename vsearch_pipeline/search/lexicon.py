"""The library's words in this process: which of them mean what a query's words mean, in whatever language.

The vectors of single words lie near each other across languages (`흔들다` and `waving`), so a query in one
language is also compared word by word with captions in the other. That is what `words` of a hit measures, and what
is marked.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from vsearch_pipeline.catalog.vocabulary import VocabularyState, read_vocabulary
from vsearch_pipeline.language.bridge import counterparts
from vsearch_pipeline.language.embedding import SentenceEmbedder
from vsearch_pipeline.language.tokens import Word, query_words, words

Floats = npt.NDArray[np.float32]

ALIKE: Final = 0.36
"""Likeness from which a word is said to be meant: a cosine of 0.6, squared."""
BRIDGED: Final = 0.9
_BRIDGES: Final = 2
"""Words of the library that stand in for a query's word it does not have."""
_REMEMBERED: Final = 2000
"""Vectors of query words kept."""
_PATIENCE: Final = 5.0
"""Seconds after which words without vectors are looked for again."""
_COMPARED: Final = 300
"""Query words kept with what they were compared with: one number for each word of the library."""
MOST_WORDS: Final = 40
"""Words of a query that are compared; the rest of a long text counts by its meaning."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """A word against the library's words: see `Asked`."""

    alike: Floats
    weight: float
    tokens: dict[str, tuple[int, float]]


@dataclass(frozen=True, slots=True)
class _Library:
    """What was read of the vocabulary; rows of `vectors` and entries of `counts` are addressed by word number."""

    state: VocabularyState
    numbers: dict[str, int]
    tokens: dict[str, tuple[int, ...]]
    words: list[str]
    own_tokens: list[str]
    counts: npt.NDArray[np.int64]
    vectors: Floats
    compared: dict[str, _Compared] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A query's words against the library's.

    Attributes:
        words: the query's, `n` of them.
        weights: (n,) how much each tells apart (inverse document frequency).
        alike: (n, library's words) 0..1, addressed by word number: 1 where the token is the same, `BRIDGED` where
            the list of Korean and English words says so, else the square of the cosine.
        tokens: tokens to look up, with how many segments have them and what they weigh; for a word that the
            library does not have, the likest that it has.
    """

    words: tuple[Word, ...]
    weights: Floats
    alike: Floats
    tokens: dict[str, tuple[int, float]]
    numbers: dict[str, int]

    def coverage(self, lists: Sequence[Sequence[int]]) -> Floats:
        """Weighted share of the query's words that each list of word numbers has, 0..1."""
        found = np.zeros(len(lists), dtype=np.float32)
        total = float(self.weights.sum())
        sizes = [len(numbers) for numbers in lists]
        if not total or not any(sizes):
            return found
        some = [i for i, size in enumerate(sizes) if size]
        every = np.concatenate([np.asarray(lists[i], dtype=np.int64) for i in some])
        starts = np.cumsum([0, *(sizes[i] for i in some[:-1])])
        every = np.where(every < self.alike.shape[1], every, 0)  # written since the vocabulary was read
        best = np.maximum.reduceat(self.alike[:, every], starts, axis=1)
        # row by row: `@` adds in an order that depends on where a list stands
        found[some] = (self.weights[:, None] * best).sum(axis=0) / total
        return found

    def share_in(self, text: str) -> float:
        """The coverage of a text, with words that the library may not know yet."""
        total = float(self.weights.sum())
        told = [word for word in words(text) if not word.plain]
        if not told or not total:
            return 0.0
        columns = [self.numbers.get(word.text, 0) for word in told]
        best = self.alike[:, columns].max(axis=1)
        tokens = {word.token for word in told}
        same = np.array([word.token in tokens for word in self.words], dtype=bool)
        return float(self.weights @ np.where(same, 1.0, best) / total)

    def likeness(self, word: Word) -> float:
        """How far a word of a text is one that the query asks for, 0..1."""
        if any(word.token == asked.token for asked in self.words):
            return 1.0
        number = self.numbers.get(word.text)
        return float(self.alike[:, number].max()) if number is not None and len(self.words) else 0.0


class Lexicon:
    """Reads the vocabulary once and follows it as it grows; safe for several threads."""

    def __init__(self, embedder: SentenceEmbedder) -> None:
        self._embedder = embedder
        self._lock = Lock()
        self._library = _empty(embedder.dim)
        self._vectors: dict[str, Floats] = {}
        self._seen: VocabularyState | None = None
        self._look_again = 0.0

    def follow(self, connection: Connection, state: VocabularyState) -> None:
        """Read what is new; `state` is the vocabulary's as it is now."""
        known = self._library.state
        # words get their vectors a moment after their numbers: those without are read again, but not all the time
        waiting = state == self._seen and time.monotonic() < self._look_again
        if state == known or waiting:
            return
        with self._lock:
            recounted = state.counts != known.counts
            base = _empty(self._embedder.dim) if recounted else self._library
            rows = read_vocabulary(connection, self._embedder.name, after=base.state.last_id)
            last = next((row.id - 1 for row in rows if row.vector is None), state.last_id)
            size = max(state.last_id, last, *(row.id for row in rows)) + 1 if rows else state.last_id + 1
            vectors = np.zeros((size, self._embedder.dim), dtype=np.float32)
            counts = np.zeros(size, dtype=np.int64)
            spelt, own = [""] * size, [""] * size
            kept = min(len(base.words), size)
            vectors[:kept], counts[:kept] = base.vectors[:kept], base.counts[:kept]
            spelt[:kept], own[:kept] = base.words[:kept], base.own_tokens[:kept]
            numbers, tokens = dict(base.numbers), dict(base.tokens)
            for row in rows:
                spelt[row.id], own[row.id], counts[row.id] = row.word, row.token, row.segments
                numbers[row.word] = row.id
                tokens[row.token] = tuple(sorted({*tokens.get(row.token, ()), row.id}))
                if row.vector is not None:
                    vectors[row.id] = row.vector
            self._seen, self._look_again = state, time.monotonic() + _PATIENCE
            state = VocabularyState(last, state.counts, state.segments)
            self._library = _Library(state, numbers, tokens, spelt, own, counts, vectors)

    def ask(self, text: str, vectors: Mapping[str, Floats]) -> Asked:
        """Compare the words of a query with the library's.

        Args:
            vectors: of the words that `missing` names.
        """
        library = self._library
        own = tuple(query_words(text)[:MOST_WORDS])
        with self._lock:
            if len(self._vectors) > _REMEMBERED:
                asked = {word.text for word in own}
                self._vectors = {text: vector for text, vector in self._vectors.items() if text in asked}
            self._vectors |= vectors
            compared = [self._compare(library, word, self._vectors.get(word.text)) for word in own]
        tokens: dict[str, tuple[int, float]] = {}
        for each in compared:
            for token, found in each.tokens.items():
                tokens.setdefault(token, found)
        return Asked(
            own,
            np.array([each.weight for each in compared], dtype=np.float32),
            np.stack([each.alike for each in compared])
            if compared
            else np.zeros((0, len(library.words)), dtype=np.float32),
            tokens,
            library.numbers,
        )

    def _compare(self, library: _Library, word: Word, vector: Floats | None) -> _Compared:
        """A word against the library's, kept for the next query that has it."""
        known = library.compared.get(word.text)
        if known is not None:
            return known
        alike = np.zeros(len(library.words), dtype=np.float32)
        if vector is not None:
            alike = np.clip(library.vectors @ vector, 0, 1) ** 2
        other = [number for token in counterparts(word.token) for number in library.tokens.get(token, ())]
        alike[other] = np.maximum(alike[other], BRIDGED)
        everything = max(library.state.segments, int(library.counts.max(initial=0)), 1)
        same = list(library.tokens.get(word.token, ()))
        if same:
            alike[same] = 1.0
            count = int(library.counts[same].sum())
            weight = _rarity(count, everything)
            tokens = {word.token: (count, weight)}
        else:
            nearest = np.argsort(-alike, kind="stable")[:_BRIDGES]
            weight = _rarity(int(library.counts[nearest[0]]), everything)
            tokens = {
                library.own_tokens[number]: (int(library.counts[number]), weight * float(alike[number]))
                for number in nearest
                if alike[number] >= ALIKE
            }
        compared = _Compared(alike, weight, tokens)
        if vector is not None:
            if len(library.compared) >= _COMPARED:
                library.compared.clear()
            library.compared[word.text] = compared
        return compared

    def learn(self, vectors: Mapping[str, Floats]) -> None:
        """Keep vectors of words that queries will ask for."""
        with self._lock:
            self._vectors |= vectors

    def missing(self, text: str) -> list[str]:
        """Words of a query whose vectors `ask` needs."""
        with self._lock:
            return [word.text for word in query_words(text)[:MOST_WORDS] if word.text not in self._vectors]


def _rarity(segments: int, everything: int) -> float:
    """Inverse document frequency as in BM25 (Robertson and Zaragoza 2009), never below 0."""
    return math.log1p((everything - min(segments, everything) + 0.5) / (segments + 0.5))


def _empty(dim: int) -> _Library:
    return _Library(
        VocabularyState(0, 0, 0),
        {},
        {},
        [""],
        [""],
        np.zeros(1, dtype=np.int64),
        np.zeros((1, dim), dtype=np.float32),
    )

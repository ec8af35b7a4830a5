"""Search without a model: an embedder whose vectors are the words of a text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from vsearch_pipeline.language.embedding import Vectors
from vsearch_pipeline.language.tokens import search_tokens

DIM = 512


class WordEmbedder:
    """A text's vector is the sum of its tokens' own directions: texts are alike as far as they share tokens."""

    name = source = "toy-words"
    version = "1"
    dim = DIM
    glosses = False

    def knows(self, word: str) -> bool:
        return bool(word)

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = [_of_text(text) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, DIM), dtype=np.float32)


@lru_cache(maxsize=50_000)
def _of_text(text: str) -> Vectors:
    total = np.sum([_of_token(token) for token in search_tokens(text) or ["\x00"]], axis=0)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


@lru_cache(maxsize=50_000)
def _of_token(token: str) -> Vectors:
    vector = np.random.default_rng(list(token.encode("utf-8", "replace"))).normal(size=DIM)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)

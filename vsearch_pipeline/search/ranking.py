"""How candidates are ordered: meaning and words of the segment, what its passage adds, and how good that is.

    own    = cosine + 0.5 * words
    raw    = own + share * (0.8 * words of the passage + 0.6 * cosine of the passage - their mean over candidates)
    chance = logistic(a * raw + b)

The weights were chosen on a sample of ActivityNet sentences and on caption pairs (docs/benchmarks.md, retrieval);
the curves are flat around them. `chance` was fitted (logistic regression) to what people judged of 600 caption
pairs, in English and from Korean: alike from 3.5 of 5 on, different below 2.5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.catalog.passages import PASSAGE_MS
from vsearch_pipeline.catalog.retrieval import Candidate
from vsearch_pipeline.search.lexicon import Asked

WORDS: Final = 0.5
PASSAGE_WORDS: Final = 0.8
PASSAGE_MEANING: Final = 0.6
WHOLE_PASSAGE: Final = 8
"""Up to so many segments a passage counts in full; with three times as many it does not count any more."""
SLOPE: Final = 7.9
MIDDLE: Final = 0.91
"""`raw` at which half of the hits are what was asked for."""
NAMED: Final = 0.2
"""What `raw` is worth more for the chance where everybody asked for is there: the words left say only the rest."""
GOOD: Final = 0.5
"""Chance from which a hit is said to match."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate in its place; `preferred` is how many of the people preferred are there."""

    candidate: Candidate
    raw: float
    words: float
    preferred: int

    @property
    def key(self) -> tuple[int, float, str, int, int]:
        """Orders by likeness, and equals by place, so that the order never depends on chance."""
        c = self.candidate
        return (-self.preferred, -self.raw, c.video_id, c.span.start_ms, c.segment_id)


def rank(found: Sequence[Candidate], asked: Asked, preferred: Sequence[Sequence[int]] = ()) -> list[Ranked]:
    """Candidates in order, the best first.

    Args:
        preferred: of each, somebody who is there ranks a segment above all without.
    """
    if not found:
        return []
    words = asked.coverage([c.words for c in found])
    own = np.array([c.cosine for c in found]) + WORDS * words
    raw = np.round(own + _around(found, asked), 6)  # below that it is the order of addition that decides
    ranked = [
        Ranked(c, float(value), float(share), sum(any(i in c.people for i in ids) for ids in preferred))
        for c, value, share in zip(found, raw, words, strict=True)
    ]
    return sorted(ranked, key=lambda each: each.key)


def chance(raw: float) -> float:
    """How likely a hit with this value is what was asked for, 0..1."""
    return 1 / (1 + math.exp(-SLOPE * (raw - MIDDLE)))


def _around(found: Sequence[Candidate], asked: Asked) -> npt.NDArray[np.float64]:
    passages = {_passage(c): c.around_words for c in found if c.around}
    if not passages:
        return np.zeros(len(found))
    covered = dict(zip(passages, asked.coverage(list(passages.values())), strict=True))
    value = np.array(
        [
            PASSAGE_WORDS * covered[_passage(c)] + PASSAGE_MEANING * c.around_cosine if c.around else np.nan
            for c in found
        ]
    )
    told = value[~np.isnan(value)]
    mean = math.fsum(told) / len(told)  # whatever order they are added in
    share = np.clip([(3 * WHOLE_PASSAGE - c.around) / (2 * WHOLE_PASSAGE) for c in found], 0, 1)
    return np.where(np.isnan(value), 0.0, share * (value - mean))


def _passage(candidate: Candidate) -> tuple[str, int]:
    return candidate.video_id, candidate.span.middle_ms // PASSAGE_MS

"""How near a caption comes to what people wrote about the same clip."""

from __future__ import annotations

import re
from collections.abc import Sequence

_BETA = 1.2
"""Weight of recall against precision, as the COCO caption evaluation has it (Chen et al. 2015)."""
_WORD = re.compile(r"\w+")


def rouge_l(caption: str, references: Sequence[str]) -> float:
    """ROUGE-L (Lin 2004), 0..1: the longest common subsequence of words, best precision and best recall over the
    references, as the COCO caption evaluation joins them. 0 where either side has no word."""
    said = _words(caption)
    written = [words for words in map(_words, references) if words]
    if not said or not written:
        return 0.0
    common = [(_common_length(said, words), len(words)) for words in written]
    precision = max(length / len(said) for length, _ in common)
    recall = max(length / size for length, size in common)
    if not precision:
        return 0.0
    return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _common_length(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for word in a:
        diagonal = 0
        for j, other in enumerate(b, 1):
            above = row[j]
            row[j] = diagonal + 1 if word == other else max(above, row[j - 1])
            diagonal = above
    return row[-1]

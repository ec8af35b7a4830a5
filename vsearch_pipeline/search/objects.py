"""What things are called in each language: labels of detectors and words of queries, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

from vsearch_pipeline.captioning.vocabulary import terms
from vsearch_pipeline.language.bridge import counterparts
from vsearch_pipeline.language.tokens import fold, has_hangul, stem


def object_name(label: str, language: Literal["ko", "en"]) -> str:
    """The name of a thing in a language: from the vocabulary of the library, else from its list of Korean and
    English words; the label itself where neither knows it.

    Args:
        label: a detector's (`sports ball`), or a name in either language.
    """
    known = _names(language).get(fold(label))
    if known is not None:
        return known
    if has_hangul(label) == (language == "ko") or " " in label.strip():
        return label
    words = counterparts(fold(label) if has_hangul(label) else stem(fold(label)))
    return words[0] if words else label


@cache
def _names(language: Literal["ko", "en"]) -> Mapping[str, str]:
    """Names by everything that means them, folded; what detectors say counts before what scenes are called."""
    names: dict[str, str] = {}
    for source in ("coco", "imagenet"):
        for label, term in terms(source).items():
            for noun in (term.noun, term.broader):
                if noun is not None:
                    shown = noun.ko if language == "ko" else noun.en
                    meant = (label, noun.en, noun.ko) if noun is term.noun else (noun.en, noun.ko)
                    for name in meant:
                        names.setdefault(fold(name), shown)
    return names

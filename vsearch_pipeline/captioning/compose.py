"""Words for facts: the one way from evidence to a caption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from vsearch_pipeline.captioning import english, korean
from vsearch_pipeline.captioning.content import choose
from vsearch_pipeline.captioning.facts import CaptionFacts

Language = Literal["en", "ko"]


def compose(facts: CaptionFacts, language: Language, people: Sequence[str] = ()) -> str:
    """A caption of one to three short sentences.

    Args:
        facts: what was measured in the clip.
        language: of the caption; the vocabulary knows both.
        people: names of known people on screen, in the order to say them. They take the place of as many
            unnamed persons, and count even where the detector saw nobody.
    """
    names = list(dict.fromkeys(name for name in (" ".join(person.split()) for person in people) if name))
    content = choose(facts, named_people=len(names))
    if language == "en":
        return english.sentences(content, names)
    return korean.sentences(content, names)

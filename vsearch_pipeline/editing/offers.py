"""What the models say by now where a person decided otherwise: offered, never forced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vsearch_pipeline.catalog.segments import SegmentRecord


@dataclass(frozen=True, slots=True)
class CaptionOffer:
    """A caption of the models' that is another than the one a person saw when they wrote theirs."""

    language: Literal["en", "ko"]
    mine: str
    seen: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class PersonOffer:
    """Somebody whom the models see, or see no longer, against what a person said; they said otherwise then."""

    person_id: int
    mine: bool
    now: bool


Offer = CaptionOffer | PersonOffer


def offers(segment: SegmentRecord, merged: Mapping[int, int]) -> list[Offer]:
    """What to offer for a segment; `merged` is who merged people turned out to be."""
    layers = segment.layers
    found: list[Offer] = []
    if layers.human_en is not None and layers.auto_en not in (layers.seen_en, layers.human_en):
        found.append(CaptionOffer("en", layers.human_en, layers.seen_en, layers.auto_en))
    if layers.human_ko is not None and layers.auto_ko not in (layers.seen_ko, layers.human_ko):
        found.append(CaptionOffer("ko", layers.human_ko, layers.seen_ko, layers.auto_ko))
    now = {merged.get(person, person) for person in layers.auto_people}
    for person, said in layers.said.items():
        who = merged.get(person, person)
        if (who in now) not in (said.seen, said.present):
            found.append(PersonOffer(who, said.present, who in now))
    return found

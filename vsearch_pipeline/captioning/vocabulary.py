"""The words for what the compact models can see, in English and Korean."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

Kind = Literal["person", "animal", "plant", "food", "vehicle", "clothing", "fixture", "object", "place"]
"""`fixture`: what stands in a place (furniture, street furniture, household machines)."""
Form = Literal["count", "mass", "plural"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FORMS: tuple[Form, ...] = get_args(Form)

_BROADER_MASS = {
    *("armor", "billiards", "bread", "chicken", "chocolate", "coffee", "coral", "cosmetics", "furniture"),
    *("ice cream", "ice hockey", "pasta", "soup", "wine"),
}
_BROADER_PLURAL = {"gloves", "shoes", "weights"}

_BROADER_PLACES = {
    "landscape": ("outdoors", "야외"),
    "shop": ("in a shop", "가게"),
    "building": ("at a building", "건물"),
}


@dataclass(frozen=True, slots=True)
class Noun:
    """A thing's name: `en` singular (or as its form says) and in lower case but for proper names; `ko`."""

    en: str
    ko: str
    form: Form = "count"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: `en` a whole phrase ("on a stage"), `ko` a noun that takes 에 ("무대")."""

    en: str
    ko: str


@dataclass(frozen=True, slots=True)
class Term:
    """What is known of one label of a model.

    Attributes:
        noun: its own name.
        kind: what sort of thing it is.
        broader: the everyday word above it ("dog" for "Border collie"), where there is a useful one.
        place: where the camera is when this is seen, where that follows.
        broader_place: the same for `broader`.
    """

    noun: Noun
    kind: Kind
    broader: Noun | None = None
    place: Place | None = None
    broader_place: Place | None = None

    @property
    def concept(self) -> Noun:
        """The word under which evidence for several labels adds up."""
        return self.broader or self.noun


def object_term(label: str) -> Term:
    """The term of a detector's label; a label not in the vocabulary names itself in both languages."""
    return terms("coco").get(label) or _unknown(label)


def scene_term(label: str) -> Term:
    """The term of a scene classifier's label; a label not in the vocabulary names itself in both languages."""
    return terms("imagenet").get(label) or _unknown(label)


@cache
def terms(source: Literal["coco", "imagenet"]) -> dict[str, Term]:
    """All terms of one label set, by label."""
    text = files("vsearch_pipeline.captioning").joinpath("vocabulary.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {row["label"]: _term(row) for row in rows if row["source"] == source}


def _term(row: dict[str, str]) -> Term:
    (kind,) = (k for k in KINDS if k == row["kind"])
    broader = row["broader_en"]
    broader_place = _BROADER_PLACES.get(broader)
    return Term(
        noun=Noun(row["en"], row["ko"], _form(row["form"] or "count")),
        kind=kind,
        broader=Noun(broader, row["broader_ko"], _broader_form(broader)) if broader else None,
        place=Place(row["place_en"], row["place_ko"]) if row["place_en"] else None,
        broader_place=Place(*broader_place) if broader_place else None,
    )


def _form(value: str) -> Form:
    (form,) = (f for f in FORMS if f == value)
    return form


def _broader_form(name: str) -> Form:
    if name in _BROADER_MASS:
        return "mass"
    return "plural" if name in _BROADER_PLURAL else "count"


def _unknown(label: str) -> Term:
    return Term(noun=Noun(label, label), kind="object")

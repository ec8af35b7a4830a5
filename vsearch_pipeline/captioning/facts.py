"""What was measured in a clip, before any words: the evidence a compact caption is made of."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median, median_low
from typing import Any

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.captioning.objects import DetectedObject
from vsearch_pipeline.captioning.scenes import SceneGuess

OBJECT_SCORE = 0.5
"""A box counts from here up: the usual operating point of COCO detectors."""

_THING_SCORE = 0.6
"""Mean score from which a class other than a person is believed. On our sample clips most names below it were
wrong ("mouse" 0.50, "bench" 0.52, "clock" 0.59), while persons were right from 0.5 up."""

_SCENES_KEPT = 10


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of video as a captioner sees it.

    Attributes:
        frames: (T, H, W, 3) uint8 RGB, T >= 1.
        times_ms: when each frame is shown, T integers.
        objects: what the object detector found, one entry a frame, None for a frame it was not given; empty
            where it has not run at all.

    Raises:
        ValueError: the three do not fit together.
    """

    frames: npt.NDArray[np.uint8]
    times_ms: tuple[int, ...]
    objects: tuple[tuple[DetectedObject, ...] | None, ...] = ()

    def __post_init__(self) -> None:
        if self.frames.ndim != 4 or self.frames.shape[3] != 3 or not len(self.frames):
            raise ValueError(f"not a stack of RGB frames: shape {self.frames.shape}")
        if len(self.times_ms) != len(self.frames):
            raise ValueError(f"{len(self.frames)} frames with {len(self.times_ms)} times")
        if self.objects and len(self.objects) != len(self.frames):
            raise ValueError(f"{len(self.frames)} frames with objects for {len(self.objects)}")


@dataclass(frozen=True, slots=True)
class ObjectFact:
    """One class of thing over a clip.

    Attributes:
        label: the detector's label.
        count: how many at once, the (lower) median over the frames that have any.
        share: share of the examined frames that have any, 0..1.
        score: mean over those frames of the best score, 0..1.
    """

    label: str
    count: int
    share: float
    score: float


@dataclass(frozen=True, slots=True)
class CaptionFacts:
    """Everything a compact caption may say, in numbers.

    Attributes:
        objects: by share times score, best first.
        scenes: mean probabilities over the classified frames, best first; empty without a classifier.
        people_count: persons at once, 0 where none was found reliably.
        person_area: share of the picture in the largest person's box, median over frames, 0..1.
        motion: mean change of brightness between neighbouring frames, 0..1; None for a single frame.
        brightness: mean brightness, 0..1.
        contrast: standard deviation of brightness inside a frame, mean over frames, 0..0.5.
        colourfulness: Hasler and Süsstrunk's measure (2003), 0 for grey to above 100.
    """

    objects: tuple[ObjectFact, ...] = ()
    scenes: tuple[SceneGuess, ...] = ()
    people_count: int = 0
    person_area: float = 0.0
    motion: float | None = None
    brightness: float = 0.5
    contrast: float = 0.2
    colourfulness: float = 30.0

    def to_json(self) -> dict[str, Any]:
        return {
            "objects": [
                {"label": o.label, "count": o.count, "share": o.share, "score": o.score} for o in self.objects
            ],
            "scenes": [{"label": s.label, "probability": s.probability} for s in self.scenes],
            "people_count": self.people_count,
            "person_area": self.person_area,
            "motion": self.motion,
            "brightness": self.brightness,
            "contrast": self.contrast,
            "colourfulness": self.colourfulness,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CaptionFacts:
        """Inverse of `to_json`.

        Raises:
            KeyError, TypeError: `data` was not written by `to_json`.
        """
        rest = {key: value for key, value in data.items() if key not in ("objects", "scenes")}
        return cls(
            objects=tuple(ObjectFact(**item) for item in data["objects"]),
            scenes=tuple(SceneGuess(**item) for item in data["scenes"]),
            **rest,
        )


def measure(clip: Clip, scenes: Sequence[Sequence[SceneGuess]] = ()) -> CaptionFacts:
    """The facts of a clip.

    Args:
        clip: frames and, where known, their objects.
        scenes: a classifier's guesses for some of the frames.
    """
    examined = [found for found in clip.objects if found is not None]
    objects = object_facts(examined)
    person = next((fact for fact in objects if fact.label == "person"), None)
    small = np.stack([_shrink(frame) for frame in clip.frames]).astype(np.float64)
    luma = small @ np.array([0.299, 0.587, 0.114]) / 255.0
    return CaptionFacts(
        objects=objects,
        scenes=mean_scenes(scenes),
        people_count=person.count if person and is_reliable(person) else 0,
        person_area=_person_area(examined),
        motion=round(float(np.abs(np.diff(luma, axis=0)).mean()), 4) if len(luma) > 1 else None,
        brightness=round(float(luma.mean()), 4),
        contrast=round(float(luma.std(axis=(1, 2)).mean()), 4),
        colourfulness=round(_colourfulness(small), 2),
    )


def is_reliable(fact: ObjectFact) -> bool:
    """Seen clearly, and in a third of the frames or, more clearly still, in a few."""
    if fact.label != "person" and fact.score < _THING_SCORE:
        return False
    return fact.share >= 0.33 or (fact.share >= 0.15 and fact.score >= 0.75)


def object_facts(frames: Sequence[Sequence[DetectedObject]]) -> tuple[ObjectFact, ...]:
    """Things over the examined frames, by share times score, then by name."""
    counts: dict[str, list[int]] = defaultdict(list)
    scores: dict[str, list[float]] = defaultdict(list)
    for found in frames:
        clear = [o for o in found if o.score >= OBJECT_SCORE]
        for label, count in Counter(o.label for o in clear).items():
            counts[label].append(count)
            scores[label].append(max(o.score for o in clear if o.label == label))
    facts = [
        ObjectFact(
            label=label,
            count=median_low(counts[label]),
            share=round(len(counts[label]) / len(frames), 4),
            score=round(fmean(scores[label]), 4),
        )
        for label in counts
    ]
    return tuple(sorted(facts, key=lambda f: (-f.share * f.score, f.label)))


def mean_scenes(guesses: Sequence[Sequence[SceneGuess]]) -> tuple[SceneGuess, ...]:
    """Mean probability of each class over frames, a class a frame does not list counting as 0 there."""
    sums: dict[str, float] = defaultdict(float)
    for frame in guesses:
        for guess in frame:
            sums[guess.label] += guess.probability
    means = [SceneGuess(label, round(total / len(guesses), 4)) for label, total in sums.items()]
    return tuple(sorted(means, key=lambda g: (-g.probability, g.label))[:_SCENES_KEPT])


def _person_area(frames: Sequence[Sequence[DetectedObject]]) -> float:
    areas = [
        max(o.area for o in found if o.label == "person" and o.score >= OBJECT_SCORE)
        for found in frames
        if any(o.label == "person" and o.score >= OBJECT_SCORE for o in found)
    ]
    return round(median(areas), 4) if areas else 0.0


def _shrink(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    import cv2

    # Small enough that noise and camera shake of a pixel or two do not count as motion.
    small: npt.NDArray[np.uint8] = cv2.resize(frame, (64, 36), interpolation=cv2.INTER_AREA)
    return small


def _colourfulness(frames: npt.NDArray[np.float64]) -> float:
    red, green, blue = frames[..., 0], frames[..., 1], frames[..., 2]
    rg, yb = red - green, (red + green) / 2 - blue
    return math.hypot(rg.std(), yb.std()) + 0.3 * math.hypot(rg.mean(), yb.mean())

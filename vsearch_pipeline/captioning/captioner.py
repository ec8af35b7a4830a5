"""Captioners: clips in, captions out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from vsearch_pipeline.captioning.compose import compose
from vsearch_pipeline.captioning.facts import CaptionFacts, Clip, measure
from vsearch_pipeline.captioning.scenes import SceneClassifier


@dataclass(frozen=True, slots=True)
class Caption:
    """What a captioner says about a clip.

    Attributes:
        text: in English, cleaned, ready to be shown and searched.
        raw_text: what the model wrote before cleaning.
        facts: the evidence behind the text, where the captioner works from any: with it the same caption can be
            composed in Korean, and again once people have names.
    """

    text: str
    raw_text: str
    facts: CaptionFacts | None = None


class Captioner(Protocol):
    """Describes clips; making one reads no weights, the first caption does.

    Attributes:
        settings: all that changes its output besides name and version, JSON-able (prompt, beams ...).
        frames: how many frames of a clip it looks at, spread evenly; None for those the object detector saw.
        batch: how many clips to hand over at once.
    """

    name: str
    version: str
    settings: dict[str, Any]
    frames: int | None
    batch: int

    def caption(self, clips: Sequence[Clip]) -> list[Caption]:
        """One caption a clip, in order.

        Raises:
            ModelUnavailableError: the weights are missing.
            ModelRunError: the model failed, or could not be reached.
        """
        ...


class ObjectsOnlyCaptioner:
    """Says what the object detector found and how the picture looks: the base line that others must beat."""

    name = "objects-only"
    version = "1"
    frames: int | None = None
    batch: int = 8

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}

    def caption(self, clips: Sequence[Clip]) -> list[Caption]:
        return [_caption(measure(clip)) for clip in clips]


class CompactCaptioner:
    """Adds a scene classifier, asked about up to three frames spread over the clip."""

    name = "compact"
    version = "1"
    frames: int | None = None
    batch: int = 8

    def __init__(self, scene_classifier: SceneClassifier) -> None:
        self._scenes = scene_classifier
        self.settings: dict[str, Any] = {
            "scene_classifier": scene_classifier.name,
            "scene_classifier_version": scene_classifier.version,
        }

    def caption(self, clips: Sequence[Clip]) -> list[Caption]:
        return [_caption(measure(clip, self._scenes.classify(_spread(clip)))) for clip in clips]


def _caption(facts: CaptionFacts) -> Caption:
    text = compose(facts, "en")
    return Caption(text=text, raw_text=text, facts=facts)


def _spread(clip: Clip) -> list[Any]:
    """The frames nearest to one sixth, a half and five sixths."""
    count = len(clip.frames)
    return [clip.frames[i] for i in sorted({count // 6, count // 2, count * 5 // 6})]

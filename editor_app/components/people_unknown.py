"""People without a name: many to be named one after the other, or one with all of their faces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from editor_app.components.people_parts import Drawing, on_acts, on_press, people_component, texts_of
from editor_app.people_edits import Request
from vsearch_pipeline.catalog.sightings import Sighting
from vsearch_pipeline.editing.casting import UnknownCluster
from vsearch_pipeline.wording import Language, counted

KEY: Final = "people-unknown"
ONE_KEY: Final = "people-cluster"

_unknown: Final = people_component("unknown")
_cluster: Final = people_component("cluster")


@dataclass(frozen=True, slots=True)
class UnknownPresses:
    """What is called when somebody presses something.

    Attributes:
        act: with what is to be done.
        look: with the number of the cluster that is to be seen whole; 0 for all of them.
        skip: with the number of the cluster that is put aside.
        unskip: those that were put aside come back.
        more: more clusters are to be shown.
        play: with the id of a segment.
    """

    act: Callable[[Request], None]
    look: Callable[[int], None]
    skip: Callable[[int], None]
    unskip: Callable[[], None]
    more: Callable[[], None]
    play: Callable[[int], None]


def people_unknown(
    clusters: Sequence[dict[str, Any]],
    *,
    known: Sequence[dict[str, Any]],
    note: str,
    skipped: int,
    more: bool,
    outcomes: Sequence[dict[str, Any]],
    editable: bool,
    language: Language,
    presses: UnknownPresses,
) -> None:
    """Show clusters (`draw_cluster`).

    Args:
        known: who can be chosen (`draw_choices`).
        skipped: how many were put aside.
    """
    _unknown(
        key=KEY,
        data={
            "clusters": list(clusters),
            "known": list(known),
            "note": note,
            "skipped": skipped,
            "more": more,
            "outcomes": list(outcomes),
            "editable": editable,
            "lang": language,
            "texts": texts_of(language),
        },
        on_acts_change=on_acts(KEY, presses.act),
        on_looked_change=on_press(KEY, "looked", int, presses.look),
        on_skipped_change=on_press(KEY, "skipped", int, presses.skip),
        on_unskipped_change=on_press(KEY, "unskipped", bool, lambda _: presses.unskip()),
        on_more_change=on_press(KEY, "more", bool, lambda _: presses.more()),
    )


def people_cluster(
    cluster: dict[str, Any],
    *,
    known: Sequence[dict[str, Any]],
    outcomes: Sequence[dict[str, Any]],
    editable: bool,
    language: Language,
    presses: UnknownPresses,
) -> None:
    """Show one cluster whole."""
    _cluster(
        key=ONE_KEY,
        data={
            "cluster": cluster,
            "known": list(known),
            "outcomes": list(outcomes),
            "editable": editable,
            "lang": language,
            "texts": texts_of(language),
        },
        on_acts_change=on_acts(ONE_KEY, presses.act),
        on_left_change=on_press(ONE_KEY, "left", bool, lambda _: presses.look(0)),
        on_played_change=on_press(ONE_KEY, "played", int, presses.play),
    )


def draw_cluster(
    found: UnknownCluster, portraits: Mapping[int, Sighting | None], drawing: Drawing
) -> dict[str, Any]:
    """Args:
    portraits: the clearest face of people who may be meant, by id.
    """
    texts, size = drawing.texts, found.size
    return {
        "number": size.cluster,
        "label": texts.cluster_label.format(number=size.cluster),
        "facts": [
            counted(texts.faces_one, texts.faces_many, size.tracks),
            counted(texts.videos_one, texts.videos_many, size.videos),
        ],
        "faces": [drawing.sighting(face) for face in found.faces],
        "likely": drawing.guesses(found.likely, portraits),
    }

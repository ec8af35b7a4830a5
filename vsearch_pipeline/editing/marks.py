"""What a person said about faces, applied to the tracks that a run found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vsearch_pipeline.catalog.identities import Anchor, Mark, Track
from vsearch_pipeline.people.tracking import box_iou

MIN_IOU: Final = 0.3
"""Least overlap of a marked box and a face's: two detections of one face share more than half of their area, and
neighbours who do not cover each other far less than a third."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What people's words about a track come to.

    Attributes:
        person_id: who it is, None where nobody said.
        excluded: who it is not; never holds `person_id`.
        group_id: the group of tracks it was put into by hand.
    """

    person_id: int | None = None
    excluded: frozenset[int] = frozenset()
    group_id: int | None = None


NOTHING_SAID: Final = Verdict()


def find_track(anchor: Anchor, tracks: Sequence[Track], step_ms: int) -> int | None:
    """Index of the track that an anchor lies on.

    That is the track with a face at the nearest time, at most `step_ms` away, whose box overlaps the anchor's by
    `MIN_IOU` or more: the nearest in time first, then the most overlap, then the lowest index. None where no
    track has one: the mark waits until the face is found again.
    """
    fits = [
        (distance, -overlap, track.index)
        for track in tracks
        for face in track.faces
        if track.video_id == anchor.video_id
        and (distance := abs(face.time_ms - anchor.time_ms)) <= step_ms
        and (overlap := box_iou(face.bbox_xyxy, anchor.bbox_xyxy)) >= MIN_IOU
    ]
    return min(fits)[2] if fits else None


def marks_by_track(marks: Sequence[Mark], tracks: Sequence[Track], step_ms: int) -> Mapping[int, list[Mark]]:
    """The marks of one video by the index of the track they lie on, in the order in which they were made."""
    found: dict[int, list[Mark]] = defaultdict(list)
    for mark in sorted(marks, key=lambda mark: mark.id):
        index = find_track(mark.anchor, tracks, step_ms)
        if index is not None:
            found[index].append(mark)
    return found


def verdict(marks: Sequence[Mark]) -> Verdict:
    """The sum of a track's marks in the order in which they were made: a later word takes back an earlier one
    that it contradicts."""
    person: int | None = None
    excluded: set[int] = set()
    group: int | None = None
    for mark in marks:
        if mark.kind == "group":
            group = mark.group_id
        elif mark.person_id is not None and mark.kind == "is":
            person = mark.person_id
            excluded.discard(person)
        elif mark.person_id is not None:
            excluded.add(mark.person_id)
            person = None if person == mark.person_id else person
    return Verdict(person, frozenset(excluded), group)


def verdicts(marks: Sequence[Mark], tracks: Sequence[Track], step_ms: int) -> dict[int, Verdict]:
    """The verdict on each track of a video that people said something about, by index."""
    return {index: verdict(own) for index, own in marks_by_track(marks, tracks, step_ms).items()}

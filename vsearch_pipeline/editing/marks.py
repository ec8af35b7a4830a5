"""What a person said about faces, applied to the tracks that a run found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vsearch_pipeline.catalog.identities import Anchor, Mark, SeenFace, Track
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


class TrackFinder:
    """Finds the tracks that anchors lie on; for many anchors of the same tracks.

    Args:
        step_ms: how far an anchor may be from a face, more than 0.
    """

    def __init__(self, tracks: Sequence[Track], step_ms: int) -> None:
        self._step_ms = step_ms
        self._faces: dict[tuple[str, int], list[tuple[SeenFace, int]]] = defaultdict(list)
        for track in tracks:
            for face in track.faces:
                self._faces[track.video_id, face.time_ms // step_ms].append((face, track.index))

    def find(self, anchor: Anchor) -> int | None:
        """Index of the track that an anchor lies on.

        That is the track with a face at the nearest time, at most `step_ms` away, whose box overlaps the anchor's
        by `MIN_IOU` or more: the nearest in time first, then the most overlap, then the lowest index. None where
        no track has one: the mark waits until the face is found again.
        """
        step = anchor.time_ms // self._step_ms
        fits = [
            (distance, -overlap, index)
            for near in (step - 1, step, step + 1)
            for face, index in self._faces.get((anchor.video_id, near), ())
            if (distance := abs(face.time_ms - anchor.time_ms)) <= self._step_ms
            and (overlap := box_iou(face.bbox_xyxy, anchor.bbox_xyxy)) >= MIN_IOU
        ]
        return min(fits)[2] if fits else None


def find_track(anchor: Anchor, tracks: Sequence[Track], step_ms: int) -> int | None:
    """Index of the track that an anchor lies on, see `TrackFinder.find`."""
    return TrackFinder(tracks, step_ms).find(anchor)


def marks_by_track(marks: Sequence[Mark], finder: TrackFinder) -> Mapping[int, list[Mark]]:
    """The marks of one video by the index of the track they lie on, in the order in which they were made."""
    found: dict[int, list[Mark]] = defaultdict(list)
    for mark in sorted(marks, key=lambda mark: mark.id):
        index = finder.find(mark.anchor)
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
    return {index: verdict(own) for index, own in marks_by_track(marks, TrackFinder(tracks, step_ms)).items()}

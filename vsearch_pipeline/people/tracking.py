"""Faces of a shot linked into tracks by where they are; `stitching` looks at who they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from math import hypot
from typing import Final

from vsearch_pipeline.people.records import Box, FaceObservation, FaceTrack

MIN_IOU: Final = 0.2
MAX_SHIFT: Final = 0.8
"""Farthest a face may move between two looked-at frames without overlapping, in its own sizes: a walk
across the picture at 2 frames a second stays below it, and neighbours in a crowd are farther apart."""
MAX_GROWTH: Final = 1.6
"""Largest change of size between two frames linked without overlap."""
MAX_GAP_STEPS: Final = 3
"""Frames a face may be missing or turned away and still go on as the same track: 1.5 s at 2 a second."""
BEST_FACES: Final = 5
BEST_EVERY_MS: Final = 1500
"""Time of a track for each of its best faces: nearer faces say the same again (cosine 0.98 in talking heads)."""


@dataclass(slots=True)
class _Open:
    faces: list[FaceObservation] = field(default_factory=list)

    @property
    def last(self) -> FaceObservation:
        return self.faces[-1]


def link_tracks(observations: Iterable[FaceObservation], step_ms: int) -> list[FaceTrack]:
    """Link the faces of one video.

    Greedy by overlap: at each instant the pair of track and face that fits best is joined first, so
    the result depends only on the faces, not on their order.

    Args:
        observations: faces in any order; `index` is unique.
        step_ms: time between two frames that were looked at.

    Returns:
        tracks in order of start, numbered from 0. Every face is in exactly one, no track has two faces of
        one instant or of two shots, and a track ends at most `step_ms` after its last face and never
        after a face of a later shot.
    """
    ordered = sorted(observations, key=lambda face: (face.shot_index, face.time_ms, face.index))
    finished: list[tuple[list[FaceObservation], int]] = []
    shots = [list(faces) for _, faces in groupby(ordered, key=lambda face: face.shot_index)]
    for number, faces in enumerate(shots):
        following = shots[number + 1][0].time_ms if number + 1 < len(shots) else None
        for track in _link_shot(faces, step_ms):
            end = track.last.time_ms + step_ms
            if following is not None and following > track.last.time_ms:
                end = min(end, following)
            finished.append((track.faces, end))
    finished.sort(key=lambda item: (item[0][0].time_ms, item[0][0].index))
    return [
        FaceTrack(
            index=index,
            shot_index=faces[0].shot_index,
            start_ms=faces[0].time_ms,
            end_ms=end,
            faces=tuple(face.index for face in faces),
            best=best_faces(faces),
        )
        for index, (faces, end) in enumerate(finished)
    ]


def best_faces(faces: Sequence[FaceObservation]) -> tuple[int, ...]:
    """Indices of the best faces of a track, in order of time: one for each `BEST_EVERY_MS`, at least one, at most
    `BEST_FACES`.

    Each is the best of one of as many equal stretches, so that one look of the face does not speak for all.
    """
    wanted = (faces[-1].time_ms - faces[0].time_ms) // BEST_EVERY_MS
    return best_of_stretches(faces, min(max(1, wanted), BEST_FACES))


def best_of_stretches(faces: Sequence[FaceObservation], most: int) -> tuple[int, ...]:
    """Indices of the best face of each of `most` equal stretches, or of all where there are no more."""
    stretches = min(most, len(faces))
    edges = [len(faces) * i // stretches for i in range(stretches + 1)]
    return tuple(
        max(faces[start:end], key=lambda face: (face.quality, -face.index)).index for start, end in pairwise(edges)
    )


def _link_shot(faces: Sequence[FaceObservation], step_ms: int) -> list[_Open]:
    tracks: list[_Open] = []
    longest_gap = (MAX_GAP_STEPS + 1) * step_ms + step_ms // 2
    for time_ms, at_once in groupby(faces, key=lambda face: face.time_ms):
        present = list(at_once)
        alive = [n for n, track in enumerate(tracks) if time_ms - track.last.time_ms <= longest_gap]
        fits = [
            (-fit, n, position)
            for n in alive
            for position, face in enumerate(present)
            if (fit := position_fit(tracks[n].last.bbox_xyxy, face.bbox_xyxy)) > 0
        ]
        taken_tracks: set[int] = set()
        taken_faces: set[int] = set()
        for _, n, position in sorted(fits):
            if n not in taken_tracks and position not in taken_faces:
                tracks[n].faces.append(present[position])
                taken_tracks.add(n)
                taken_faces.add(position)
        tracks.extend(_Open([face]) for position, face in enumerate(present) if position not in taken_faces)
    return tracks


def position_fit(before: Box, after: Box) -> float:
    """How well two boxes fit one face, 0 for not at all: 1..2 by overlap, 0..1 by nearness where apart."""
    overlap = box_iou(before, after)
    if overlap >= MIN_IOU:
        return 1 + overlap
    sizes = [((box[2] - box[0]) * (box[3] - box[1])) ** 0.5 for box in (before, after)]
    small, large = min(sizes), max(sizes)
    if small <= 0 or large > MAX_GROWTH * small:
        return 0.0
    width = max(before[2] - before[0], after[2] - after[0])
    height = max(before[3] - before[1], after[3] - after[1])
    shift = hypot(
        (before[0] + before[2] - after[0] - after[2]) / (2 * width),
        (before[1] + before[3] - after[1] - after[3]) / (2 * height),
    )
    return max(0.0, 1 - shift / MAX_SHIFT)


def box_iou(first: Box, second: Box) -> float:
    """Shared area over covered area of two boxes, 0..1."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return shared / (sum(areas) - shared)

"""Objects of a shot linked into tracks: which box in one looked-at frame is the thing of a box before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import hypot, sqrt
from typing import Final

from vsearch_pipeline.captioning.objects import DetectedObject, iou

BASE_SHIFT: Final = 0.5
"""How far a box that stands still may jump, in its own sizes: an arm stretched out or a leg hidden moves the
centre of a person's box by half its width."""
SHIFT_PER_SECOND: Final = 1.5
"""What a thing may move more than that from where it is expected, in its own sizes a second: together two sizes in
the first second, as a walker (1.4 m) crosses two widths of their own box (0.7 m with the arms)."""
MAX_SHIFT: Final = 2.0
"""Farthest in all, also after a gap: beyond it, another thing of the kind is as likely."""
MAX_GROWTH: Final = 2.0
"""Largest change of the box's size (root of its area): somebody who walks up to the camera doubles in a second or
two; more is a detection of another thing."""
MAX_MISSED: Final = 1
"""Looked-at frames a thing may be missed in: detectors blink, but a second miss is two seconds away."""


@dataclass(frozen=True, slots=True)
class FrameObjects:
    """What was found in one looked-at frame.

    Attributes:
        time_ms: when the frame is shown.
        shot: which shot it belongs to; no track goes from one to another.
        objects: as the detector gives them.
    """

    time_ms: int
    shot: int
    objects: Sequence[DetectedObject]


@dataclass(slots=True)
class _Track:
    number: int
    seen: list[tuple[int, int, DetectedObject]] = field(default_factory=list)
    """place of the frame, time and box of each sighting"""

    def expected(self, time_ms: int) -> tuple[float, float]:
        """Centre of the box at that time, if the thing goes on as it went between its last two sightings."""
        _, now, thing = self.seen[-1]
        x, y = _centre(thing)
        if len(self.seen) == 1:
            return x, y
        _, before, earlier = self.seen[-2]
        ahead = (time_ms - now) / max(1, now - before)
        was_x, was_y = _centre(earlier)
        return x + (x - was_x) * ahead, y + (y - was_y) * ahead


def link_objects(frames: Sequence[FrameObjects]) -> list[list[int]]:
    """The track of every object.

    From frame to frame of a shot, boxes of one label are assigned so that they lie best, all together, where the
    tracks are expected.

    Args:
        frames: those that were looked at, in order of time; about one a second, so boxes of one thing need not
            overlap.

    Returns:
        For each frame the track of each of its objects. Tracks are numbered from 0 in order of first appearance,
        best score first. No track has two boxes of one frame, of two labels or of two shots. Who is linked with
        whom does not depend on the order of the objects in a frame.
    """
    numbers = [[-1] * len(frame.objects) for frame in frames]
    started = 0
    for _, of_shot in groupby(range(len(frames)), key=lambda place: frames[place].shot):
        tracks: list[_Track] = []
        for place in of_shot:
            frame = frames[place]
            tracks = [track for track in tracks if place - track.seen[-1][0] <= MAX_MISSED + 1]
            order = sorted(range(len(frame.objects)), key=lambda i: _rank(frame.objects[i]))
            linked = _assign(tracks, [frame.objects[i] for i in order], frame.time_ms)
            for position, track in zip(order, linked, strict=True):
                if track is None:
                    track = _Track(started)  # noqa: PLW2901
                    tracks.append(track)
                    started += 1
                track.seen.append((place, frame.time_ms, frame.objects[position]))
                numbers[place][position] = track.number
    return numbers


def _assign(tracks: Sequence[_Track], things: Sequence[DetectedObject], time_ms: int) -> list[_Track | None]:
    """The track that each thing goes on with, None where it is new."""
    if not tracks or not things:
        return [None] * len(things)
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    fits = np.array([[_fit(track, thing, time_ms) for thing in things] for track in tracks])
    linked: list[_Track | None] = [None] * len(things)
    for row, column in zip(*linear_sum_assignment(fits, maximize=True), strict=True):
        if fits[row, column] > 0:
            linked[column] = tracks[row]
    return linked


def _fit(track: _Track, thing: DetectedObject, time_ms: int) -> float:
    """How well a box goes on with a track, 0 for not at all, else 1..3: one for going on at all (that a thing goes
    and another comes at once is rarer), nearness to where it is expected, and overlap there."""
    _, seen_ms, last = track.seen[-1]
    small, large = sorted((sqrt(last.area), sqrt(thing.area)))
    if thing.label != last.label or small <= 0 or large > MAX_GROWTH * small:
        return 0.0
    x, y = track.expected(time_ms)
    was_x, was_y = _centre(last)
    left, top, right, bottom = last.bbox_xyxy
    expected = (left + x - was_x, top + y - was_y, right + x - was_x, bottom + y - was_y)
    width = (right - left + thing.bbox_xyxy[2] - thing.bbox_xyxy[0]) / 2
    height = (bottom - top + thing.bbox_xyxy[3] - thing.bbox_xyxy[1]) / 2
    now_x, now_y = _centre(thing)
    shift = hypot((now_x - x) / width, (now_y - y) / height)
    farthest = min(MAX_SHIFT, BASE_SHIFT + SHIFT_PER_SECOND * (time_ms - seen_ms) / 1000)
    if shift >= farthest:
        return 0.0
    return 2 - shift / farthest + iou(expected, thing.bbox_xyxy)


def _rank(thing: DetectedObject) -> tuple[float, tuple[float, float, float, float], str]:
    return -thing.score, thing.bbox_xyxy, thing.label


def _centre(thing: DetectedObject) -> tuple[float, float]:
    left, top, right, bottom = thing.bbox_xyxy
    return (left + right) / 2, (top + bottom) / 2

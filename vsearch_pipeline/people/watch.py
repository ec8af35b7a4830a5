"""Finding the faces of frame after frame, looking again only where something changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vsearch_pipeline.people.detection import FaceDetector, RegionDetector
from vsearch_pipeline.people.motion import Luminance, any_changed, changed_blocks, patches
from vsearch_pipeline.people.records import Box, DetectedFace, Image

FULL_LOOK_MS: Final = 5000
"""The whole frame is looked at when the last time was so long ago: as long as a segment may be, so that a face
that a partial look missed is there in each segment."""
MAX_SHARE: Final = 0.75
"""Share of the frame beyond which looking at parts saves too little."""
SMALLEST_PATCH: Final = 10.0
"""Pixels: a face that was not there changes a square of at least half the smallest usable face (quality.py)."""
PATCH_MARGIN: Final = 0.1
"""What is looked at around a patch that changed, as a share of the frame's longer side: two cells of CenterFace's
coarsest map. With half of it the faces that the whole frame shows barely (score below 0.5) are often missed."""
FACE_MARGIN: Final = 0.05
"""The same around a face that is known: one cell."""


class FaceWatch:
    """Follows the faces of a video's frames, given in order of time.

    What is found depends on the frames alone. Where nothing changed since the detector last looked, the faces
    are those it found there.
    """

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector
        self._shot: int | None = None
        self._full_look_ms = 0
        self._faces: list[DetectedFace] = []
        self._seen: Luminance | None = None

    def look(self, image: Image, small: Luminance, *, shot_index: int, time_ms: int) -> list[DetectedFace]:
        """The faces of the next frame, largest score first.

        Args:
            image: (height, width, 3) uint8 RGB.
            small: `motion.luminance` of it.
        """
        whole = (0.0, 0.0, float(image.shape[1]), float(image.shape[0]))
        if (
            self._seen is None
            or self._seen.shape != small.shape
            or shot_index != self._shot
            or time_ms - self._full_look_ms >= FULL_LOOK_MS
        ):
            regions = [whole]
        else:
            regions = _regions(changed_blocks(self._seen, small), [face.bbox_xyxy for face in self._faces], whole)
        if regions == [whole] or (regions and not isinstance(self._detector, RegionDetector)):
            self._faces = self._detector.detect([image])[0]
            self._seen, self._shot, self._full_look_ms = small, shot_index, time_ms
        elif self._seen is not None and isinstance(self._detector, RegionDetector) and regions:
            carried = [face for face in self._faces if not any(_meet(face.bbox_xyxy, box) for box in regions)]
            found = self._detector.detect_within(image, regions)
            self._faces = sorted(carried + found, key=lambda face: -face.score)
            self._seen = _updated(self._seen, small, regions, whole)
        return self._faces


def _regions(changed: Luminance, faces: Sequence[Box], whole: Box) -> list[Box]:
    """What to look at: patches that changed, faces in which anything did, and faces that these reach, each with
    its margin; none meets another."""
    rows, columns = changed.shape
    block = (whole[2] / columns, whole[3] / rows)
    smallest = max(1, round(SMALLEST_PATCH / max(block)))
    moved = [face for face in faces if any_changed(changed, _scaled(face, 1 / block[0], 1 / block[1]))]
    regions = _merged(
        [_with_margin(face, FACE_MARGIN, whole) for face in moved]
        + [_with_margin(_scaled(patch, *block), PATCH_MARGIN, whole) for patch in patches(changed, smallest)]
    )
    while cut := [face for face in faces if any(_meet(face, box) and not _holds(box, face) for box in regions)]:
        regions = _merged(regions + [_with_margin(face, FACE_MARGIN, whole) for face in cut])
    return [whole] if sum(map(_area, regions)) > MAX_SHARE * _area(whole) else regions


def _merged(boxes: Sequence[Box]) -> list[Box]:
    """Boxes that meet become the box around both, until none meet; in a fixed order."""
    apart: list[Box] = []
    for box in boxes:
        joined = box
        while meeting := [other for other in apart if _meet(joined, other)]:
            apart = [other for other in apart if other not in meeting]
            for other in meeting:
                joined = _around(joined, other)
        apart.append(joined)
    return sorted(apart)


def _updated(before: Luminance, now: Luminance, regions: Sequence[Box], whole: Box) -> Luminance:
    """The luminance that the detector last saw, block by block."""
    rows, columns = now.shape
    updated = before.copy()
    for region in regions:
        x1, y1, x2, y2 = _scaled(region, columns / whole[2], rows / whole[3])
        part = (slice(int(y1), round(y2)), slice(int(x1), round(x2)))
        updated[part] = now[part]
    return updated


def _scaled(box: Box, across: float, down: float) -> Box:
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def _with_margin(box: Box, share: float, limits: Box) -> Box:
    margin = share * max(limits)
    return (
        max(limits[0], box[0] - margin),
        max(limits[1], box[1] - margin),
        min(limits[2], box[2] + margin),
        min(limits[3], box[3] + margin),
    )


def _around(first: Box, second: Box) -> Box:
    return min(first[0], second[0]), min(first[1], second[1]), max(first[2], second[2]), max(first[3], second[3])


def _meet(first: Box, second: Box) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def _holds(outer: Box, inner: Box) -> bool:
    return _around(outer, inner) == outer


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])

"""What the people room hands in and out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""(height, width, 3) uint8 RGB."""
Vectors = npt.NDArray[np.float32]
"""(n, dim) float32, rows of length 1."""
Box = tuple[float, float, float, float]
"""x1, y1, x2, y2."""
Landmarks = tuple[tuple[float, float], ...]
"""Five (x, y): left eye, right eye, nose, left and right corner of the mouth, left as seen in the image."""


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """A face in one image, in its pixels; the box lies inside the image, landmarks may not."""

    bbox_xyxy: Box
    landmarks: Landmarks
    score: float

    @property
    def width(self) -> float:
        return self.bbox_xyxy[2] - self.bbox_xyxy[0]

    @property
    def height(self) -> float:
        return self.bbox_xyxy[3] - self.bbox_xyxy[1]


@dataclass(frozen=True, slots=True)
class FaceObservation:
    """A face at an instant of a video; coordinates are shares (0..1) of the frame's width and height."""

    index: int
    shot_index: int
    time_ms: int
    bbox_xyxy: Box
    landmarks: Landmarks
    score: float
    quality: float

    @classmethod
    def from_detection(
        cls,
        face: DetectedFace,
        *,
        index: int,
        shot_index: int,
        time_ms: int,
        frame_size: tuple[int, int],
        quality: float,
    ) -> FaceObservation:
        """Normalise a detection in a frame of `frame_size` (width, height) pixels."""
        width, height = frame_size
        x1, y1, x2, y2 = face.bbox_xyxy
        return cls(
            index=index,
            shot_index=shot_index,
            time_ms=time_ms,
            bbox_xyxy=(x1 / width, y1 / height, x2 / width, y2 / height),
            landmarks=tuple((x / width, y / height) for x, y in face.landmarks),
            score=face.score,
            quality=quality,
        )

    def to_detection(self, frame_size: tuple[int, int]) -> DetectedFace:
        """The face in the pixels of its frame, stored at any `frame_size` (width, height)."""
        width, height = frame_size
        x1, y1, x2, y2 = self.bbox_xyxy
        return DetectedFace(
            bbox_xyxy=(x1 * width, y1 * height, x2 * width, y2 * height),
            landmarks=tuple((x * width, y * height) for x, y in self.landmarks),
            score=self.score,
        )


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """One face followed through one shot.

    Attributes:
        start_ms: time of the first face.
        end_ms: time of the last face plus one sampling step, cut where the next shot with faces starts.
        faces: `FaceObservation.index` in order of time, at most one an instant.
        best: the few of `faces` worth embedding, in order of time.
    """

    index: int
    shot_index: int
    start_ms: int
    end_ms: int
    faces: tuple[int, ...]
    best: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Prototype:
    """Reference faces of one person.

    Attributes:
        vectors: (n, dim) as they are, for telling how well people are recognised.
        augmented: (n, dim) what the classifier learns from: each averaged with variants of its picture; the same
            as `vectors` where None.
    """

    person_id: int
    group: str | None
    vectors: Vectors
    augmented: Vectors | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Negative:
    """Vectors of faces that a person said are not `person_id`."""

    person_id: int
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Label:
    """Who a track is taken for; `person_id` is None for nobody known. Confidences are 0..1.

    A group may be known where its member is not. A member's confidence never exceeds its group's.
    """

    person_id: int | None
    confidence: float
    runner_up_id: int | None
    runner_up_confidence: float
    group: str | None = None
    group_confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Tracks (by the caller's index) of one unknown person, the largest cluster first."""

    index: int
    tracks: tuple[int, ...]

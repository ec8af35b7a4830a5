"""How much a face can be trusted to say who it is."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from vsearch_pipeline.people.alignment import DLIB_LANDMARKS, DLIB_SIDE, aligned_chip
from vsearch_pipeline.people.records import DetectedFace, Image, Landmarks

FULL_HEIGHT: Final = 64.0
"""Pixels of face height beyond which size adds little: of 108 aligned photographs of 12 people all find their
person among the others when shrunk from 112 to 48 and 32 pixels, 98% at 24, 95% at 20."""
SHARPNESS_RANGE: Final = (2.5, 100.0)
"""Variance of the Laplacian of the aligned chip, from useless to sharp. Sharp photographs have a median of 110;
blurred with sigma 2, 3, 4, 6 they have 8.5, 5.1, 4.0, 2.8, and 100, 98, 90, 47% still find their person."""
SCORE_RANGE: Final = (0.2, 0.85)
"""Detector score, from useless to clear: nine of ten sharp photographs are near or above the upper end."""
MAX_NOSE_OFFSET: Final = 0.6
"""Sideways offset of the nose from the middle line, in eye distances, of a full profile."""
FRONTAL_RATIO: Final = 0.85
"""Eye distance over the distance from eyes to mouth: 95 of 100 frontal photographs are above it."""
PROFILE_QUALITY: Final = 0.2
"""What a sharp profile is worth: its nearest person is still the right one more often than not, though mostly
beyond the distance at which a name is given."""

MIN_FACE_HEIGHT: Final = 20.0
"""Pixels, where 95% still find their person (above), with good landmarks."""
MIN_QUALITY: Final = 0.15
"""About a sharp photograph blurred with sigma 3. Of faces below 0.1 one in three is taken for somebody else, from
0.1 to 0.15 one in nine, from 0.15 to 0.4 one in 30, above that none of 317."""
DECIDING_QUALITY: Final = 0.3
"""Faces below it do not decide: they neither cut nor join tracks, gather nobody, and have no vote beside better
ones. Profiles of different people often agree (cosine 0.77 to 0.86)."""


def face_quality(image: Image, face: DetectedFace) -> float:
    """Quality of a face, 0..1: the worst of its size, sharpness, frontalness and detector score."""
    return min(
        _share(face.height, 0, FULL_HEIGHT),
        _share(math.log1p(sharpness(image, face)), *map(math.log1p, SHARPNESS_RANGE)),
        max(PROFILE_QUALITY, frontalness(face.landmarks)),
        _share(face.score, *SCORE_RANGE),
    )


def is_usable(height_px: float, quality: float) -> bool:
    """Whether a face is worth embedding."""
    return height_px >= MIN_FACE_HEIGHT and quality >= MIN_QUALITY


def sharpness(image: Image, face: DetectedFace) -> float:
    """Variance of the Laplacian over the middle of the aligned chip; size does not change its scale."""
    import cv2

    margin = DLIB_SIDE // 5
    middle = aligned_chip(image, face, DLIB_LANDMARKS, DLIB_SIDE)[margin:-margin, margin:-margin]
    return float(cv2.Laplacian(cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def frontalness(landmarks: Landmarks) -> float:
    """1 for a face that looks into the camera, 0 for a profile; a tilted head changes nothing."""
    points = np.asarray(landmarks, dtype=np.float64)
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    across = points[1] - points[0]
    eye_distance = float(np.hypot(*across))
    length = float(np.hypot(*(mouth - eyes)))
    if eye_distance < 1e-6 or length < 1e-6:
        return 0.0
    offset = abs(float((points[2] - (eyes + mouth) / 2) @ across)) / eye_distance**2
    return max(0.0, 1 - offset / MAX_NOSE_OFFSET) * min(1.0, eye_distance / length / FRONTAL_RATIO)


def _share(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))

"""Where one shot ends and the next begins."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from vsearch_pipeline.timeline import TimeRange

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_SHOT_MS = 500
"""No shot is shorter, unless the video is."""

# PySceneDetect counts frames; at 1000 frames a second its frame numbers are our milliseconds,
# so that variable frame rates are exact and its minimum lengths need no conversion.
_CLOCK = Fraction(1000)


@dataclass(frozen=True, slots=True)
class Fade:
    """A dark stretch between two pictures: its first dark frame, its middle one, the first bright one; ms."""

    out_ms: int
    middle_ms: int
    in_ms: int


class ShotFinder:
    """Cuts (PySceneDetect's AdaptiveDetector) and fades through black (its ThresholdDetector),
    with that library's thresholds (ratio 3.0 and content 15; brightness 12 of 255).

    Pictures are scored a batch at a time: called for one frame between two frames being decoded, the same
    code runs from a cold cache and takes six times as long.
    """

    def __init__(self) -> None:
        from scenedetect.common import FrameTimecode
        from scenedetect.detectors import ThresholdDetector

        self._timecode = FrameTimecode
        self._cut_detector = _scored_detector()
        self._fade_detector = ThresholdDetector(min_scene_len=0)
        self._last_hsv: NDArray[np.uint8] | None = None
        self._cuts: list[int] = []
        self._fades: list[Fade] = []
        self._dark: list[int] = []

    def feed(self, times_ms: Sequence[int], pictures: Sequence[NDArray[np.uint8]]) -> None:
        """The next frames: their times and small BGR pictures (height, width, 3), all of one size."""
        scores, brightness = self._measure(pictures)
        for time_ms, score, bright in zip(times_ms, scores, brightness, strict=True):
            timecode = self._timecode(time_ms, _CLOCK)
            self._cuts += [cut.frame_num for cut in self._cut_detector.process_frame(timecode, score)]
            # It only averages what it is given.
            self._fade_detector.process_frame(timecode, bright)
            if self._fade_detector.last_fade["type"] == "out":
                self._dark.append(time_ms)
            elif self._dark:
                self._fades.append(Fade(self._dark[0], self._dark[len(self._dark) // 2], time_ms))
                self._dark.clear()

    def _measure(self, pictures: Sequence[NDArray[np.uint8]]) -> tuple[list[float], list[float]]:
        """For each picture, PySceneDetect's content score (the mean absolute difference of hue, saturation
        and value to the picture before; 0 for the first) and its mean brightness."""
        import cv2
        import numpy as np

        count, size = len(pictures), pictures[0].size
        bgr: Any = np.concatenate(pictures)
        hsv: Any = cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV)
        height = pictures[0].shape[0]
        before = hsv[:height] if self._last_hsv is None else self._last_hsv
        difference = cv2.absdiff(hsv, np.concatenate((before, hsv[:-height])))
        self._last_hsv = hsv[-height:]
        sums, totals = (
            cv2.reduce(image.reshape(count, size), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() / size
            for image in (difference, bgr)
        )
        return sums.tolist(), totals.tolist()

    def shots(self, duration_ms: int) -> tuple[TimeRange, ...]:
        """The shots, tiling `[0, duration_ms)`."""
        return tile(self._cuts, self._fades, duration_ms)


def _scored_detector() -> Any:
    """An AdaptiveDetector that takes each frame's score where it would take the frame."""
    from scenedetect.detectors import AdaptiveDetector

    class ScoredDetector(AdaptiveDetector):  # type: ignore[misc]
        def _calculate_frame_score(self, timecode: Any, frame_img: float) -> float:  # noqa: ARG002
            return frame_img

    return ScoredDetector(min_scene_len=MIN_SHOT_MS)


def tile(cuts: Iterable[int], fades: Iterable[Fade], duration_ms: int) -> tuple[TimeRange, ...]:
    """Shots of at least MIN_SHOT_MS.

    A fade is one boundary, in its middle (the end of a dark opening), and stands for the cuts found
    beside it; black that begins and ends with a hard cut is a shot of its own.
    """
    hard = {0, *cuts}
    edges = [0, duration_ms]

    def add(time_ms: int) -> None:
        at = bisect_left(edges, time_ms)
        if not 0 < time_ms < duration_ms:
            return
        if time_ms - edges[at - 1] >= MIN_SHOT_MS and edges[at] - time_ms >= MIN_SHOT_MS:
            edges.insert(at, time_ms)

    for fade in sorted(fades, key=lambda fade: fade.out_ms):
        if _any_near(hard, fade.out_ms) and _any_near(hard, fade.in_ms):
            continue
        hard = {cut for cut in hard if not fade.out_ms - MIN_SHOT_MS < cut < fade.in_ms + MIN_SHOT_MS}
        add(fade.middle_ms if fade.out_ms else fade.in_ms)
    for cut in sorted(hard):
        add(cut)
    return tuple(TimeRange(a, b) for a, b in pairwise(edges))


def _any_near(times: Iterable[int], time_ms: int) -> bool:
    return any(abs(time_ms - other) <= MIN_SHOT_MS // 2 for other in times)

"""Where one shot ends and the next begins."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
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
    with that library's thresholds (ratio 3.0 and content 15; brightness 12 of 255)."""

    def __init__(self) -> None:
        from scenedetect.common import FrameTimecode
        from scenedetect.detectors import ThresholdDetector

        self._timecode = FrameTimecode
        self._cut_detector = adaptive_detector()
        self._fade_detector = ThresholdDetector(min_scene_len=0)
        self._cuts: list[int] = []
        self._fades: list[Fade] = []
        self._dark: list[int] = []

    def feed(self, time_ms: int, bgr: NDArray[np.uint8]) -> None:
        """The next frame: its time and a small picture (height, width, 3), the same size each time."""
        import cv2
        import numpy as np

        timecode = self._timecode(time_ms, _CLOCK)
        self._cuts += [cut.frame_num for cut in self._cut_detector.process_frame(timecode, bgr)]
        # It only averages what it is given: OpenCV has the three averages in a tenth of the time.
        self._fade_detector.process_frame(timecode, np.array(cv2.mean(bgr)[:3]))
        if self._fade_detector.last_fade["type"] == "out":
            self._dark.append(time_ms)
        elif self._dark:
            self._fades.append(Fade(self._dark[0], self._dark[len(self._dark) // 2], time_ms))
            self._dark.clear()

    def feed_all(self, frames: Iterable[tuple[int, NDArray[np.uint8]]]) -> None:
        """Several frames in order, as `feed` takes them."""
        for time_ms, bgr in frames:
            self.feed(time_ms, bgr)

    def shots(self, duration_ms: int) -> tuple[TimeRange, ...]:
        """The shots, tiling `[0, duration_ms)`."""
        return tile(self._cuts, self._fades, duration_ms)


def adaptive_detector() -> Any:
    """PySceneDetect's AdaptiveDetector on our clock, computing the same score in one pass of OpenCV."""
    import cv2
    from scenedetect.detectors import AdaptiveDetector

    class OnePassDetector(AdaptiveDetector):  # type: ignore[misc]
        _last_hsv: NDArray[np.uint8] | None = None

        def _calculate_frame_score(self, timecode: Any, frame_img: NDArray[np.uint8]) -> float:  # noqa: ARG002
            hsv: Any = cv2.cvtColor(frame_img, cv2.COLOR_BGR2HSV)
            last, self._last_hsv = self._last_hsv, hsv
            return 0.0 if last is None else cv2.norm(hsv, last, cv2.NORM_L1) / hsv.size

    return OnePassDetector(min_scene_len=MIN_SHOT_MS)


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

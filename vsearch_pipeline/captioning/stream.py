"""Captions of many videos in batches that run on from one video to the next."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Final, Protocol

from vsearch_pipeline.captioning.captioner import Caption, Captioner
from vsearch_pipeline.captioning.facts import Clip

_MOST_READERS: Final = 8

Loaded = tuple[int, Clip | Exception]
"""A clip, or why there is none, with the number of its video."""


class ClipSource(Protocol):
    """The clips of one video; several threads load them."""

    def __len__(self) -> int: ...

    def load(self, index: int, frames: int | None) -> Clip:
        """The clip at `index` with at most `frames` frames, or those that the object detector saw."""
        ...


def caption_all(
    captioner: Captioner,
    sources: Sequence[ClipSource | Exception],
    on_clips: Callable[[int, int], None] | None = None,
) -> Iterator[list[Caption] | Exception]:
    """The captions of each source, in order, as soon as its last clip is described.

    A batch is filled with clips of the next video where one ends, and the next batch is read while the model works
    on this one. A clip that cannot be read, or that the model fails on, fails its own video only.

    Args:
        sources: a video that failed already stands there with its reason.
        on_clips: told how many clips are done with, and how many there are.
    """
    videos = {number: source for number, source in enumerate(sources) if not isinstance(source, Exception)}
    failed = {number: source for number, source in enumerate(sources) if isinstance(source, Exception)}
    captions: list[list[Caption]] = [[] for _ in sources]
    total = sum(map(len, videos.values()))
    given = 0
    for batch in _read_ahead(videos, captioner, failed):
        for number, error in ((number, clip) for number, clip in batch if isinstance(clip, Exception)):
            failed.setdefault(number, error)
        clips = [(n, clip) for n, clip in batch if n not in failed and not isinstance(clip, Exception)]
        for number, caption in _describe(captioner, clips, failed):
            captions[number].append(caption)
        if on_clips:
            on_clips(sum(len(v) if n in failed else len(captions[n]) for n, v in videos.items()), total)
        while given < len(sources) and (given in failed or len(captions[given]) == len(videos[given])):
            yield failed.get(given) or captions[given]
            given += 1
    yield from (failed.get(number) or captions[number] for number in range(given, len(sources)))


def _read_ahead(
    videos: Mapping[int, ClipSource], captioner: Captioner, failed: Mapping[int, Exception]
) -> Iterator[list[Loaded]]:
    """Clips of one batch after the other; of a video that has failed meanwhile none are read any more."""
    places = ((number, index) for number, video in videos.items() for index in range(len(video)))
    reading: deque[list[tuple[int, Future[Clip | Exception]]]] = deque()
    with ThreadPoolExecutor(max_workers=min(_MOST_READERS, os.cpu_count() or 1)) as readers:
        while True:
            wanted = islice((place for place in places if place[0] not in failed), captioner.batch)
            batch = [
                (number, readers.submit(_load, videos[number], index, captioner.frames))
                for number, index in wanted
            ]
            if batch:
                reading.append(batch)
            if not reading:
                return
            if len(reading) > 1 or not batch:
                yield [(number, clip.result()) for number, clip in reading.popleft()]


def _load(source: ClipSource, index: int, frames: int | None) -> Clip | Exception:
    try:
        return source.load(index, frames)
    except Exception as error:  # noqa: BLE001 - told of the video it concerns
        return error


def _describe(
    captioner: Captioner, clips: Sequence[tuple[int, Clip]], failed: dict[int, Exception]
) -> list[tuple[int, Caption]]:
    """Captions with the numbers of their videos; where the model fails, video by video, so that it is known whose
    clips it fails on."""
    if not clips:
        return []
    numbers = [number for number, _ in clips]
    try:
        return list(zip(numbers, captioner.caption([clip for _, clip in clips]), strict=True))
    except Exception as error:  # noqa: BLE001 - told of the video it concerns
        if len(set(numbers)) == 1:
            failed[numbers[0]] = error
            return []
    return [
        described
        for number in dict.fromkeys(numbers)
        for described in _describe(captioner, [pair for pair in clips if pair[0] == number], failed)
    ]

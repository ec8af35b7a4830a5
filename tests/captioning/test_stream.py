"""Batches over several videos: order, whose failure it is, and how full they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.captioning.captioner import Caption
from vsearch_pipeline.captioning.facts import Clip
from vsearch_pipeline.captioning.stream import caption_all


class Counted:
    """Says the number that is in a clip's first pixel; fails on 255."""

    name = "counted"
    version = "1"
    settings: dict[str, Any] = {}  # noqa: RUF012
    frames: int | None = None

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.sizes: list[int] = []

    def caption(self, clips: Sequence[Clip]) -> list[Caption]:
        self.sizes.append(len(clips))
        numbers = [int(clip.frames[0, 0, 0, 0]) for clip in clips]
        if 255 in numbers:
            raise RuntimeError("cannot describe this")
        return [Caption(str(number), str(number)) for number in numbers]


class Numbers:
    """A video whose clips are numbers; -1 cannot be read."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def load(self, index: int, frames: int | None) -> Clip:
        assert frames is None
        if self.numbers[index] < 0:
            raise OSError("the picture is gone")
        return Clip(np.full((1, 2, 2, 3), self.numbers[index], np.uint8), (0,))


videos = st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=5)


@given(videos, st.integers(1, 7))
def test_every_video_gets_its_own_captions_in_order(numbers: list[list[int]], batch: int) -> None:
    given_back = list(caption_all(Counted(batch), [Numbers(video) for video in numbers]))
    assert [[c.text for c in video] for video in given_back if isinstance(video, list)] == [
        [str(number) for number in video] for video in numbers
    ]


@given(videos, st.integers(1, 7))
def test_a_batch_runs_on_into_the_next_video(numbers: list[list[int]], batch: int) -> None:
    captioner = Counted(batch)
    list(caption_all(captioner, [Numbers(video) for video in numbers]))
    total = sum(map(len, numbers))
    assert captioner.sizes == [batch] * (total // batch) + ([total % batch] if total % batch else [])


@given(st.lists(st.lists(st.sampled_from([1, 2, 255, -1]), max_size=4), max_size=5), st.integers(1, 6))
def test_what_fails_fails_its_own_video_only(numbers: list[list[int]], batch: int) -> None:
    results = list(caption_all(Counted(batch), [Numbers(video) for video in numbers]))
    assert len(results) == len(numbers)
    for video, result in zip(numbers, results, strict=True):
        if set(video) & {255, -1}:
            assert isinstance(result, RuntimeError | OSError)
        else:
            assert isinstance(result, list)
            assert [caption.text for caption in result] == [str(number) for number in video]


def test_a_video_that_failed_before_stands_with_its_reason() -> None:
    gone = OSError("its rows are gone")
    results = list(caption_all(Counted(2), [gone, Numbers([1]), gone]))
    assert results[0] is results[2] is gone
    assert [caption.text for caption in results[1]] == ["1"]  # type: ignore[union-attr]


def test_of_a_video_that_failed_no_more_clips_are_read() -> None:
    video = Numbers([-1, *[1] * 500])
    seen: list[int] = []
    video.load = lambda index, frames, load=video.load: seen.append(index) or load(index, frames)  # type: ignore
    [result] = caption_all(Counted(2), [video])
    assert isinstance(result, OSError)
    assert len(seen) < 20


def test_a_video_is_given_back_before_the_next_one_is_described() -> None:
    captioner = Counted(2)
    stream = caption_all(captioner, [Numbers([1, 2]), Numbers([3, 4]), Numbers([5, 6])])
    next(stream)
    assert captioner.sizes == [2]


def test_progress_ends_at_the_total() -> None:
    told: list[tuple[int, int]] = []
    list(
        caption_all(Counted(2), [Numbers([1, 2, 3]), Numbers([4])], lambda done, total: told.append((done, total)))
    )
    assert told == [(2, 4), (4, 4)]


def test_a_captioner_that_loses_a_clip_is_found_out() -> None:
    class Lossy(Counted):
        def caption(self, clips: Sequence[Clip]) -> list[Caption]:
            return super().caption(clips)[:-1]

    [result] = caption_all(Lossy(4), [Numbers([1, 2, 3])])
    assert isinstance(result, ValueError)
    with pytest.raises(ValueError, match="shorter"):
        raise result

"""What captioners that generate share: batches that shrink, frames spread over a clip, where models run."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsearch_pipeline.captioning.generation import Batches, spread, torch_place
from vsearch_pipeline.errors import ModelRunError, ModelUnavailableError

pytest.importorskip("torch")


class _Machine:
    """Doubles numbers, at most `room` at once, and keeps what it was given."""

    def __init__(self, room: int, error: Exception) -> None:
        self.room = room
        self.error = error
        self.asked: list[int] = []

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.asked.append(len(items))
        if len(items) > self.room:
            raise self.error
        return [2 * item for item in items]


@settings(max_examples=12, deadline=None)  # each halving collects garbage
@given(room=st.integers(1, 9), size=st.integers(1, 20), count=st.integers(0, 25))
def test_every_item_is_done_once_in_order_whatever_fits(room: int, size: int, count: int) -> None:
    machine = _Machine(room, MemoryError())
    batches = Batches(size)
    assert batches.run(machine, range(count)) == [2 * i for i in range(count)]
    done = [asked for asked in machine.asked if asked <= room]
    assert sum(done) == count
    assert len(machine.asked) - len(done) <= 5


def test_the_size_stays_halved_for_the_next_clips() -> None:
    machine = _Machine(3, MemoryError())
    batches = Batches(8)
    batches.run(machine, range(8))
    batches.run(machine, range(4))
    assert machine.asked == [8, 4, 2, 2, 2, 2, 2, 2]
    assert batches.size == 2


def test_a_single_clip_that_does_not_fit_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ModelRunError, match="VSEARCH_CAPTION_FRAMES"):
        Batches(4).run(_Machine(0, MemoryError()), [1, 2, 3])


def test_other_errors_pass_and_change_nothing() -> None:
    batches = Batches(4)
    with pytest.raises(RuntimeError, match="another reason"):
        batches.run(_Machine(1, RuntimeError("another reason")), [1, 2, 3])
    assert batches.size == 4


def test_memory_errors_of_torch_are_known() -> None:
    torch = pytest.importorskip("torch")
    for error in (torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when")):
        machine = _Machine(2, error)
        assert Batches(4).run(machine, [1, 2, 3, 4]) == [2, 4, 6, 8]
        assert machine.asked == [4, 2, 2]


def test_the_processors_own_memory_error_is_known() -> None:
    torch = pytest.importorskip("torch")

    def work(items: Sequence[int]) -> Sequence[int]:
        if len(items) > 1:
            torch.empty(2**57, dtype=torch.uint8)  # more than any machine addresses
        return items

    assert Batches(2).run(work, [5, 6]) == [5, 6]


def test_what_failed_is_let_go_before_the_next_try() -> None:
    """A tensor of the try that ran out of memory would be in the way of the next, smaller one."""
    alive: set[int] = set()

    class Held:
        def __init__(self) -> None:
            alive.add(id(self))

        def __del__(self) -> None:
            alive.discard(id(self))

    def work(items: Sequence[int]) -> Sequence[int]:
        assert not alive
        held = Held()
        if len(items) > 1:
            raise MemoryError(str(held))
        return items

    assert Batches(4).run(work, [1, 2]) == [1, 2]


@given(count=st.integers(1, 200), wanted=st.integers(1, 64))
def test_frames_are_spread_from_the_first_to_the_last(count: int, wanted: int) -> None:
    chosen = spread(count, wanted)
    assert len(chosen) == wanted
    assert chosen == sorted(chosen)
    if wanted == 1:
        assert chosen == [(count - 1) // 2]
    else:
        assert (chosen[0], chosen[-1]) == (0, count - 1)
        steps = [b - a for a, b in pairwise(chosen)]
        assert max(steps) - min(steps) <= 1


def test_eight_frames_of_a_clip_are_those_eilev_was_trained_with() -> None:
    """PyTorchVideo: `torch.linspace(0, count - 1, 8).long()`."""
    assert spread(240, 8) == [0, 34, 68, 102, 136, 170, 204, 239]
    assert spread(8, 8) == list(range(8))
    assert spread(3, 8) == [0, 0, 0, 0, 1, 1, 1, 2]


def test_without_torch_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else found(name))
    with pytest.raises(ModelUnavailableError, match="make models"):
        torch_place("auto")


def test_places_and_types_without_a_gpu() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    assert torch_place("auto") == (torch.device("cpu"), torch.float32)
    assert torch_place("bfloat16") == (torch.device("cpu"), torch.bfloat16)
    with pytest.raises(ModelUnavailableError, match="NVIDIA GPU"):
        torch_place("int8")

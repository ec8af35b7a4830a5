"""What every captioner that generates text has in common: how it is asked, where it runs, how much at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from vsearch_pipeline.errors import ModelRunError, ModelUnavailableError

if TYPE_CHECKING:
    import torch

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

Precision = Literal["auto", "float32", "bfloat16", "float16", "int8"]


@dataclass(frozen=True, slots=True)
class Generation:
    """How captions are generated.

    Attributes:
        prompt: the question asked; None for the captioner's own.
        frames: frames of a clip that the model sees, spread evenly.
        beams: of the beam search; 1 is greedy. Nothing is ever sampled at random.
        repetition_penalty: above 1 makes repeated words less likely (Keskar et al. 2019).
        max_new_tokens: longest caption.
        batch: clips at once; halved for good when memory runs out.
        precision: `auto` is bfloat16 on a GPU that has it, else float16 there, float32 on the processor; `int8`
            needs bitsandbytes and a GPU.
        examples: folder of worked examples, one folder each with pictures and a `caption.txt`; for captioners
            that learn in context.
    """

    prompt: str | None = None
    frames: int = 8
    beams: int = 4
    repetition_penalty: float = 1.3
    max_new_tokens: int = 128
    batch: int = 8
    precision: Precision = "auto"
    examples: Path | None = None


def torch_place(precision: Precision) -> tuple[torch.device, torch.dtype]:
    """Device and type of the weights (float16 beside `int8`).

    Raises:
        ModelUnavailableError: torch or transformers is not installed, or `int8` is asked for without a GPU or
            bitsandbytes.
    """
    from importlib.util import find_spec

    if not all(find_spec(name) for name in ("torch", "transformers")):
        raise ModelUnavailableError("This model needs torch and transformers: run `make models`.")
    import torch

    cuda = torch.cuda.is_available()
    device = torch.device("cuda" if cuda else "cpu")
    if precision == "int8":
        _require_int8(cuda)
        return device, torch.float16
    if precision == "auto":
        if not cuda:
            return device, torch.float32
        return device, torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return device, getattr(torch, precision)


def _require_int8(cuda: bool) -> None:
    from importlib.util import find_spec

    if not cuda:
        raise ModelUnavailableError("8-bit weights need an NVIDIA GPU; set VSEARCH_CAPTION_PRECISION=auto.")
    if find_spec("bitsandbytes") is None:
        raise ModelUnavailableError("8-bit weights need bitsandbytes: pip install bitsandbytes.")


class Batches:
    """Runs work over items some at a time, and halves how many whenever memory runs out."""

    def __init__(self, size: int) -> None:
        self.size = size

    def run(self, work: Callable[[Sequence[_Item]], Sequence[_Result]], items: Sequence[_Item]) -> list[_Result]:
        """Results in order.

        Raises:
            ModelRunError: memory does not suffice for a single item.
        """
        results: list[_Result] = []
        while len(results) < len(items):
            part = items[len(results) : len(results) + self.size]
            done = _unless_out_of_memory(work, part)
            if done is None:
                # only here: while the exception lived, so did the tensors of the frames it had come through
                _free()
                self.size = len(part) // 2
            else:
                results.extend(done)
        return results


def _unless_out_of_memory(
    work: Callable[[Sequence[_Item]], Sequence[_Result]], part: Sequence[_Item]
) -> Sequence[_Result] | None:
    try:
        return work(part)
    except Exception as error:
        if not _is_out_of_memory(error):
            raise
        if len(part) == 1:
            raise ModelRunError(
                "Not even one clip fits into the memory: choose a smaller model, fewer frames"
                " (VSEARCH_CAPTION_FRAMES) or VSEARCH_CAPTION_PRECISION=int8."
            ) from error
        return None


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError):
        return True
    import torch

    # the allocator of the processor and cuBLAS raise plain RuntimeErrors
    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError)
        and any(sign in str(error) for sign in ("DefaultCPUAllocator", "CUBLAS_STATUS_ALLOC_FAILED"))
    )


def _free() -> None:
    import gc

    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def spread(count: int, wanted: int) -> list[int]:
    """Indices of `wanted` of `count` frames from the first to the last, evenly, repeated where there are fewer.

    As PyTorchVideo's UniformTemporalSubsample, which EILEV was trained with.
    """
    if wanted == 1:
        return [(count - 1) // 2]
    return [i * (count - 1) // (wanted - 1) for i in range(wanted)]

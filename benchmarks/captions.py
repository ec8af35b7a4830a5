"""Captions of clips by VideoBLIP: batches beside one clip at a time, as the earlier system went through them.

The weights are random, so every caption is made as long as the longest; the work is that of real ones. Without a
GPU the model is a small one of the same layout.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.report import interleaved, machine, median_ratio, seconds, table
from vsearch_pipeline.captioning.generation import Batches, Generation

Clip = npt.NDArray[np.uint8]

QUESTION = "what is happening?"
"""A letter a token here: as many as the default prompt has with OPT's tokenizer."""


@dataclass(frozen=True)
class Size:
    """What is measured.

    Attributes:
        parts: vision_config, qformer_config and text_config.
        clips, batches, new_tokens, runs: how much of it.
        matmul: side of the square matrices whose product is the attainable rate.
    """

    name: str
    parts: dict[str, dict[str, Any]]
    dtype: str
    clips: int
    batches: tuple[int, ...]
    new_tokens: int
    runs: int
    matmul: int


SMALL = Size(
    name="a small model of the layout",
    parts={
        "vision_config": {
            "hidden_size": 128,
            "intermediate_size": 512,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "image_size": 56,
        },
        "qformer_config": {
            "hidden_size": 128,
            "intermediate_size": 512,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
        },
        "text_config": {
            "model_type": "opt",
            "hidden_size": 256,
            "word_embed_proj_dim": 256,
            "ffn_dim": 1024,
            "num_hidden_layers": 6,
            "num_attention_heads": 8,
            "vocab_size": 2048,
        },
    },
    dtype="float32",
    clips=8,
    batches=(4, 8),
    new_tokens=16,
    runs=3,
    matmul=1024,
)
REAL = Size(
    name="the size of BLIP-2 OPT-2.7b",
    parts={
        "vision_config": {},  # transformers' defaults are the published ones
        "qformer_config": {},
        "text_config": {
            "model_type": "opt",
            "hidden_size": 2560,
            "word_embed_proj_dim": 2560,
            "ffn_dim": 10240,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "vocab_size": 50272,
        },
    },
    dtype="bfloat16",
    clips=32,
    batches=(8, 16, 32),
    new_tokens=32,
    runs=3,
    matmul=8192,
)


def main() -> None:
    import torch

    cuda = torch.cuda.is_available()
    size = REAL if cuda else SMALL
    device = torch.device("cuda" if cuda else "cpu")
    dtype = getattr(torch, size.dtype)
    describer, model = _random_describer(size, device, dtype)
    clips = _clips(size.clips)
    where = f"{torch.cuda.get_device_name()}, {machine()}" if cuda else machine()

    describe: Callable[[list[Clip], int], list[str]] = lambda given, batch: Batches(batch).run(  # noqa: E731
        describer.describe, given
    )
    counts = (1, *size.batches)
    said = {count: describe(clips, count) for count in counts}  # also warms up
    works = [partial(describe, clips, count) for count in counts]
    times = interleaved(size.runs, *works, partial(_look, model, clips, max(size.batches)))
    rate = _matmul_rate(size.matmul, device, dtype)
    flops = sum(_flops(model.config, _frames(), describer.prompt_tokens, size.new_tokens))
    rows = [
        (
            "one at a time" if count == 1 else f"{count} at once",
            size.clips / statistics.median(taken),
            1000 * statistics.median(taken) / size.clips,
            median_ratio(times[0], taken),
            _percent(flops * size.clips / statistics.median(taken) / rate),
            f"{sum(a == b for a, b in zip(said[1], said[count], strict=True))} of {size.clips}",
        )
        for count, taken in zip(counts, times[:-1], strict=True)
    ]
    looking = statistics.median(times[-1])
    seen = _flops(model.config, _frames(), 0, 0)[0]
    parameters = sum(weight.numel() for weight in model.parameters())
    print(
        table(
            f"Captions of {size.clips} clips of {_frames()} frames, {size.name} ({where})",
            ("how", "clips a second", "ms a clip", "times one at a time", "of the matmul rate", "same captions"),
            rows,
        )
    )
    print(
        f"{parameters / 1e6:.0f} million parameters, {size.dtype}, {Generation().beams} beams, {size.new_tokens}"
        f" tokens a caption, {flops / 1e9:.1f} GFLOP a clip; {rate / 1e12:.2f} TFLOP/s measured with products of"
        f" {size.matmul} x {size.matmul} matrices. Vision model and Q-Former alone, {max(size.batches)} clips at"
        f" once: {1000 * looking / size.clips:.1f} ms a clip,"
        f" {_percent(seen * size.clips / looking / rate)} of that rate.\n"
    )


def _frames() -> int:
    return Generation().frames


def _random_describer(size: Size, device: Any, dtype: Any) -> tuple[Any, Any]:
    import torch
    from transformers import Blip2Config

    from vsearch_pipeline.captioning.videoblip import Describer, VideoBlip

    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    with device:
        model = VideoBlip(Blip2Config(**size.parts)).requires_grad_(False).eval()
    torch.set_default_dtype(before)
    for weight in model.parameters():  # the published ranges of random weights leave all pictures alike
        if weight.ndim > 1:
            weight.normal_(0, 0.02)
    asked = Generation(max_new_tokens=size.new_tokens)
    describer = Describer(model, _letters(), question=QUESTION, generation=asked)
    describer.how.min_new_tokens = size.new_tokens
    return describer, model


def _letters() -> Any:
    """A tokenizer with a token for each byte."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    names = ["<pad>", "</s>", "<unk>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({name: number for number, name in enumerate(names)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = {"pad_token": "<pad>", "bos_token": "</s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


def _clips(count: int) -> list[Clip]:
    generator = np.random.default_rng(0)
    return [generator.integers(0, 256, (_frames(), 270, 480, 3), dtype=np.uint8) for _ in range(count)]


def _look(model: Any, clips: list[Clip], batch: int) -> None:
    import torch

    from vsearch_pipeline.captioning.videoblip import PixelScale, normalised_pixels

    side = model.config.vision_config.image_size
    with torch.inference_mode():
        for start in range(0, len(clips), batch):
            pixels = normalised_pixels(clips[start : start + batch], side, PixelScale(), model.device)
            model.features(pixels).sum().item()  # waits for the GPU


def _matmul_rate(side: int, device: Any, dtype: Any) -> float:
    """Operations a second of a large product: what this machine attains at best."""
    import torch

    left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))

    def work() -> None:
        for _ in range(20):
            product = left @ right
        product[0, 0].item()

    work()
    return 20 * 2 * side**3 / min(seconds(work) for _ in range(5))


def _flops(config: Any, frames: int, prompt: int, new_tokens: int) -> tuple[float, float]:
    """Of one clip: looking, and writing; two for each weight and token, and those of attention.

    The prompt is counted once, though each beam reads it: what is needed, not what is done.
    `torch.utils.flop_counter` counts the same for looking.
    """
    vision, qformer, text = config.vision_config, config.qformer_config, config.text_config
    patches = (vision.image_size // vision.patch_size) ** 2 + 1
    width = vision.hidden_size
    layer = patches * (8 * width**2 + 4 * width * vision.intermediate_size) + 4 * patches**2 * width
    looking = frames * (vision.num_hidden_layers * layer + 6 * patches * vision.patch_size**2 * width)

    queries, inner, joined = config.num_query_tokens, qformer.hidden_size, frames * patches
    own = queries * (8 * inner**2 + 4 * inner * qformer.intermediate_size) + 4 * queries**2 * inner
    cross = 4 * queries * inner**2 + 4 * joined * width * inner + 4 * queries * joined * inner
    crossing = -(-qformer.num_hidden_layers // qformer.cross_attention_frequency)
    looking += qformer.num_hidden_layers * own + crossing * cross + 2 * queries * inner * text.hidden_size

    hidden, beams = text.hidden_size, Generation().beams
    weights = text.num_hidden_layers * (4 * hidden**2 + 2 * hidden * text.ffn_dim)
    read = 2 * prompt * weights + 2 * text.num_hidden_layers * prompt**2 * hidden
    reach = prompt * new_tokens + new_tokens**2 / 2
    written = beams * (
        2 * new_tokens * (weights + hidden * text.vocab_size) + 4 * text.num_hidden_layers * reach * hidden
    )
    return looking, read + written


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"

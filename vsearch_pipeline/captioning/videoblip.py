"""VideoBLIP (Yu 2023, github.com/yukw777/VideoBLIP and EILEV): BLIP-2 that looks at several frames at once.

Frames go through the vision model one by one, their features are joined, the Q-Former asks all of them its
questions, and the answers stand in the text where the video is. With one frame this is BLIP-2 itself.

Imported only where a model is used: it needs torch and transformers.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    Blip2QFormerModel,
    Blip2VisionModel,
    GenerationConfig,
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
)

from vsearch_pipeline.captioning.generation import Generation
from vsearch_pipeline.errors import InputError, ModelUnavailableError

CLIP_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Final = (0.26862954, 0.26130258, 0.27577711)
"""Of the pictures CLIP was trained on (Radford et al. 2021); BLIP-2's vision model is trained from there."""

_MOST_RESIZERS: Final = 8

Frames = npt.NDArray[np.uint8]


class VideoBlip(nn.Module):
    """The network; its parameters are named as in the published checkpoints."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.vision_model = Blip2VisionModel(self.config.vision_config)
        self.query_tokens = nn.Parameter(
            torch.zeros(1, self.config.num_query_tokens, self.config.qformer_config.hidden_size)
        )
        self.qformer = Blip2QFormerModel(self.config.qformer_config)
        self.language_projection = nn.Linear(
            self.config.qformer_config.hidden_size, self.config.text_config.hidden_size
        )
        family: Any = AutoModelForCausalLM if config.use_decoder_only_language_model else AutoModelForSeq2SeqLM
        self.language_model: Any = family.from_config(self.config.text_config)
        # what old configurations say about generating would mix with what we ask for
        self.language_model.generation_config = generation_config()

    @property
    def device(self) -> torch.device:
        return self.query_tokens.device

    def features(self, pixels: Tensor) -> Tensor:
        """What the text model reads in place of each video.

        Args:
            pixels: (N, T, 3, H, W), normalised, of N videos.

        Returns:
            (N, query tokens, hidden size of the text model).
        """
        videos, times = pixels.shape[:2]
        seen = self.vision_model(pixel_values=pixels.flatten(0, 1).to(self._vision_dtype)).last_hidden_state
        joined = seen.reshape(videos, times * seen.shape[1], seen.shape[2])
        answers = self.qformer(
            query_embeds=self.query_tokens.expand(videos, -1, -1), encoder_hidden_states=joined
        ).last_hidden_state
        projected: Tensor = self.language_projection(answers.to(self.language_projection.weight.dtype))
        return projected

    def embed(self, token_ids: Tensor, video_mask: Tensor, features: Tensor) -> Tensor:
        """Embeddings of the text with the videos in it.

        Args:
            token_ids: (B, L) integers; what stands at the places of videos does not matter.
            video_mask: (B, L) booleans, true where a feature of a video goes.
            features: (V, query tokens, hidden), the videos of all rows in the order of their places.

        Returns:
            (B, L, hidden).
        """
        embedded: Tensor = self.language_model.get_input_embeddings()(token_ids)
        return embedded.masked_scatter(video_mask.unsqueeze(-1), features.to(embedded.dtype))

    def generate(
        self, packed: PackedPrompts, features: Tensor, how: GenerationConfig, repetition_penalty: float = 1.0
    ) -> Tensor:
        """Token numbers of what is written after each prompt, (B, at most as many as `how` allows).

        Args:
            repetition_penalty: of written words, not of the prompt's, as the published code has it. Not to be
                given in `how`: there, transformers (5.23) spares as many words as the prompt was filled up by.
        """
        penalties = [RepetitionPenaltyLogitsProcessor(repetition_penalty)] if repetition_penalty != 1 else []
        written: Tensor = self.language_model.generate(
            inputs_embeds=self.embed(packed.token_ids, packed.video_mask, features),
            attention_mask=packed.attention_mask,
            generation_config=how,
            logits_processor=LogitsProcessorList(penalties),
        )
        return written

    @property
    def _vision_dtype(self) -> torch.dtype:
        return self.vision_model.embeddings.patch_embedding.weight.dtype


def generation_config(**how: Any) -> GenerationConfig:
    make: Any = GenerationConfig
    made: GenerationConfig = make(**how)
    return made


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token numbers of a text with videos in it, and which of them are places of a video's features."""

    token_ids: tuple[int, ...]
    video_mask: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class PackedPrompts:
    """Prompts side by side, shorter ones filled up on the left; all (B, L).

    Attributes:
        token_ids: integers.
        attention_mask: integers, 0 where filled up.
        video_mask: booleans.
    """

    token_ids: Tensor
    attention_mask: Tensor
    video_mask: Tensor


def pack(prompts: Sequence[Prompt], pad_id: int, device: torch.device) -> PackedPrompts:
    """Fills up on the left, so that what a decoder writes follows its prompt directly."""
    length = max(len(prompt.token_ids) for prompt in prompts)
    gaps = [length - len(prompt.token_ids) for prompt in prompts]
    filled = list(zip(gaps, prompts, strict=True))
    return PackedPrompts(
        token_ids=torch.tensor([[pad_id] * gap + [*p.token_ids] for gap, p in filled], device=device),
        attention_mask=torch.tensor([[0] * gap + [1] * (length - gap) for gap in gaps], device=device),
        video_mask=torch.tensor([[False] * gap + [*p.video_mask] for gap, p in filled], device=device),
    )


class PromptWriter:
    """Turns questions into prompts as the published models were trained with them.

    Raises:
        ModelUnavailableError: the tokenizer lacks a token the prompts are made of.
    """

    def __init__(self, tokenizer: Any, config: Any) -> None:
        self._tokenizer = tokenizer
        self._queries: int = config.num_query_tokens
        self._decoder_only: bool = config.use_decoder_only_language_model
        self.newline_id = _newline_id(tokenizer)
        self.pad_id = self._special("pad_token_id")
        # as BLIP-2 was trained with OPT: a caption ends with its line
        self.stop_id = self.newline_id if self._decoder_only else self._special("eos_token_id")

    def interleaved(self, blocks: Sequence[str]) -> Prompt:
        """EILEV's order: each block is a video, a new line and its text; all but the last end with a new line.

        Args:
            blocks: worked examples first (question and answer), then the question.
        """
        ids: list[int] = [self._special("bos_token_id")] if self._decoder_only else []
        mask = [False] * len(ids)
        for number, text in enumerate(blocks, start=1):
            words = self._words(text)
            if number < len(blocks):
                words.append(self.newline_id)
            elif not self._decoder_only:
                words.append(self._special("eos_token_id"))
            ids += [self.pad_id] * self._queries + [self.newline_id, *words]
            mask += [True] * self._queries + [False] * (1 + len(words))
        return Prompt(tuple(ids), tuple(mask))

    def still(self, text: str) -> Prompt:
        """BLIP-2's order: the picture, then the text with its first or last token."""
        words = self._words(text)
        if self._decoder_only:
            words.insert(0, self._special("bos_token_id"))
        else:
            words.append(self._special("eos_token_id"))
        return Prompt(
            tuple([self.pad_id] * self._queries + words), (True,) * self._queries + (False,) * len(words)
        )

    def _words(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _special(self, name: str) -> int:
        number: int | None = getattr(self._tokenizer, name)
        if number is None:
            raise ModelUnavailableError(f"The tokenizer of this model has no {name.removesuffix('_id')}.")
        return number


def _newline_id(tokenizer: Any) -> int:
    """SentencePiece takes a new line for a space, and transformers 5 drops one that stands alone."""
    found = tokenizer("\n", add_special_tokens=False)["input_ids"] or [tokenizer.convert_tokens_to_ids("▁")]
    if len(found) != 1 or found[0] in (None, tokenizer.unk_token_id):
        raise ModelUnavailableError(
            "The tokenizer of this model has no token for a new line, with which its captions end."
        )
    number: int = found[0]
    return number


@dataclass(frozen=True, slots=True)
class PixelScale:
    """How pixels are normalised: mean and standard deviation of red, green and blue, 0..1."""

    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD


def normalised_pixels(
    clips: Sequence[Sequence[Frames] | Frames], side: int, scale: PixelScale, device: torch.device
) -> Tensor:
    """As transformers' BlipImageProcessor: bicubic to a square, then to 0..1, then normalised.

    Args:
        clips: N of T frames (H, W, 3) uint8 RGB, the same T each.
        side: of the square, in pixels.

    Returns:
        (N, T, 3, side, side) float32.
    """
    with ThreadPoolExecutor() as pool:  # Pillow resizes outside the interpreter's lock
        small = np.stack(list(pool.map(partial(_square, side=side), (frame for clip in clips for frame in clip))))
    stacked = torch.from_numpy(small.reshape(len(clips), -1, side, side, 3)).to(device)
    pixels = stacked.permute(0, 1, 4, 2, 3).float() / 255
    mean = torch.tensor(scale.mean, device=device).view(3, 1, 1)
    std = torch.tensor(scale.std, device=device).view(3, 1, 1)
    return (pixels - mean) / std


def _square(frame: Frames, side: int) -> Frames:
    return np.asarray(Image.fromarray(frame).resize((side, side), Image.Resampling.BICUBIC))


@dataclass(frozen=True, slots=True)
class Example:
    """A clip with its caption, shown to the model before the question.

    Attributes:
        frames: T of (H, W, 3) uint8 RGB, not necessarily of one size.
    """

    frames: Sequence[Frames]
    caption: str


class Describer:
    """A network with its tokenizer, asked the same question about every clip.

    Args:
        interleaved: whether the model was trained as EILEV; else as BLIP-2, which takes no examples.

    Raises:
        InputError: prompt, examples and the longest caption together exceed what the text model can read.
        ModelUnavailableError: the tokenizer does not fit the model.
    """

    def __init__(
        self,
        model: VideoBlip,
        tokenizer: Any,
        *,
        question: str,
        generation: Generation,
        scale: PixelScale | None = None,
        examples: Sequence[Example] = (),
        interleaved: bool = True,
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._scale = scale or PixelScale()
        writer = PromptWriter(tokenizer, model.config)
        if interleaved:
            answered = [f"{question} {example.caption}" for example in examples]
            self._prompt = writer.interleaved([*answered, question])
        else:
            self._prompt = writer.still(question)
        self._pad_id = writer.pad_id
        _require_room(self._prompt, generation.max_new_tokens, model.config)
        self.how = generation_config(
            max_new_tokens=generation.max_new_tokens,
            num_beams=generation.beams,
            do_sample=False,
            eos_token_id=writer.stop_id,
            pad_token_id=writer.pad_id,
            # T5 starts to write after its padding
            decoder_start_token_id=None if model.config.use_decoder_only_language_model else writer.pad_id,
        )
        self._penalty = generation.repetition_penalty
        self._shown = [self._features([example.frames]) for example in examples]

    @property
    def prompt_tokens(self) -> int:
        """Length of what is read before the first word is written."""
        return len(self._prompt.token_ids)

    def describe(self, clips: Sequence[Frames]) -> list[str]:
        """What the model writes about each clip, without special tokens and white space around; may be empty.

        Args:
            clips: (T, H, W, 3) uint8 RGB each, the same T.
        """
        seen = self._features(clips)
        videos = [part for clip in torch.split(seen, 1) for part in (*self._shown, clip)]
        packed = pack([self._prompt] * len(clips), self._pad_id, self._model.device)
        with torch.inference_mode():
            written = self._model.generate(packed, torch.cat(videos), self.how, self._penalty)
        texts: list[str] = self._tokenizer.batch_decode(written, skip_special_tokens=True)
        return [text.strip() for text in texts]

    def _features(self, clips: Sequence[Sequence[Frames] | Frames]) -> Tensor:
        side = self._model.config.vision_config.image_size
        with torch.inference_mode():
            return self._model.features(normalised_pixels(clips, side, self._scale, self._model.device))


def _require_room(prompt: Prompt, new_tokens: int, config: Any) -> None:
    room = config.text_config.max_position_embeddings if config.use_decoder_only_language_model else None
    needed = len(prompt.token_ids) + new_tokens
    if room is not None and needed > room:
        raise InputError(
            f"Prompt, examples and caption take up to {needed} tokens and the model reads {room}:"
            " give fewer examples (VSEARCH_CAPTION_EXAMPLES) or a shorter prompt."
        )

"""Captioners of the BLIP-2 family: EILEV sees the frames of a clip together, BLIP-2 one of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.captioning.captioner import Caption
from vsearch_pipeline.captioning.clean import clean_caption
from vsearch_pipeline.captioning.facts import Clip
from vsearch_pipeline.captioning.generation import Batches, Generation, spread, torch_place
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.hub import digest_of, model_folder

if TYPE_CHECKING:
    from vsearch_pipeline.captioning.videoblip import Describer, Example

EILEV_PROMPT: Final = "Question: Describe in detail what actions are taking place in the video.\nAnswer:"
BLIP2_PROMPT: Final = "a photo of"
"""What BLIP-2 was asked when its captions were measured (Li et al. 2023)."""

_PICTURES: Final = frozenset((".jpg", ".jpeg", ".png", ".webp"))


class _BlipCaptioner:
    """What both have in common: weights are read at the first caption, clips go through in batches."""

    def __init__(
        self,
        family: str,
        source: str,
        generation: Generation,
        *,
        question: str,
        frames: int,
        examples: Path | None,
    ) -> None:
        self._folder = model_folder(source)
        self._question = question if generation.prompt is None else generation.prompt
        self._generation = generation
        self._examples = examples
        self._seen = frames
        self._batches = Batches(generation.batch)
        self._describer: Describer | None = None
        self.frames: int | None = frames
        self.batch = generation.batch
        self.name = f"{family}:{self._folder.name}"
        self.version = self._folder.version
        self.settings: dict[str, Any] = {
            "prompt": self._question,
            "beams": generation.beams,
            "repetition_penalty": generation.repetition_penalty,
            "max_new_tokens": generation.max_new_tokens,
            "frames": frames,
            "precision": generation.precision,
        }

    def caption(self, clips: Sequence[Clip]) -> list[Caption]:
        """One caption a clip, in order; text and raw text are empty where the model ends its answer at once.

        Raises:
            InputError: prompt, examples and caption are longer than the model reads.
            ModelUnavailableError: weights, tokenizer or packages are missing or do not fit each other.
            ModelRunError: memory does not suffice for the weights and a single clip.
        """
        if self._describer is None:
            (self._describer,) = Batches(1).run(lambda _: [self._load()], [self._folder])
        describer = self._describer
        frames = [clip.frames[spread(len(clip.frames), self._seen)] for clip in clips]
        raw = self._batches.run(describer.describe, frames)
        return [Caption(text=clean_caption(text, self._question), raw_text=text) for text in raw]

    def _load(self) -> Describer:
        device, dtype = torch_place(self._generation.precision)
        from vsearch_pipeline.captioning.blip_checkpoint import load_videoblip, read_pixel_scale, read_tokenizer
        from vsearch_pipeline.captioning.videoblip import Describer

        folder = self._folder.path
        return Describer(
            load_videoblip(folder, device, dtype, int8=self._generation.precision == "int8"),
            read_tokenizer(folder),
            question=self._question,
            generation=self._generation,
            scale=read_pixel_scale(folder),
            examples=_read_examples(self._examples, self._seen) if self._examples else (),
            interleaved=isinstance(self, EilevCaptioner),
        )


class EilevCaptioner(_BlipCaptioner):
    """VideoBLIP trained to learn from worked examples (Yu et al. 2024).

    Args:
        source: a hub id or folder; "" for the published OPT model.
        generation: how it is asked.

    Raises:
        InputError: the folder of examples is not laid out as it must be.
        ModelUnavailableError: the model's files cannot be found.
    """

    def __init__(self, source: str, generation: Generation) -> None:
        source = source or "kpyu/eilev-blip2-opt-2.7b"
        examples = generation.examples
        super().__init__(
            "eilev", source, generation, question=EILEV_PROMPT, frames=generation.frames, examples=examples
        )
        self.settings["examples"] = digest_of(examples) if examples and _example_folders(examples) else None


class Blip2Captioner(_BlipCaptioner):
    """BLIP-2, looking at the middle frame of a clip.

    Args:
        source: a hub id or folder; "" for the published OPT model.
        generation: how it is asked; its frames and examples are not used.

    Raises:
        ModelUnavailableError: the model's files cannot be found.
    """

    def __init__(self, source: str, generation: Generation) -> None:
        source = source or "Salesforce/blip2-opt-2.7b"
        super().__init__("blip2", source, generation, question=BLIP2_PROMPT, frames=1, examples=None)


def _read_examples(folder: Path, frames: int) -> list[Example]:
    from vsearch_pipeline.captioning.videoblip import Example

    examples = []
    for one in _example_folders(folder):
        pictures = _pictures(one)
        looked_at = [_read_picture(pictures[i]) for i in spread(len(pictures), frames)]
        caption = " ".join((one / "caption.txt").read_text(encoding="utf-8").split())
        examples.append(Example(tuple(looked_at), caption))
    return examples


def _example_folders(folder: Path) -> list[Path]:
    """Those inside, in the order of their names.

    Raises:
        InputError: there is none, or one lacks its pictures or its caption.
    """
    found = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not found:
        raise InputError(
            f"{folder} holds no examples: put a folder with pictures and a caption.txt there for each."
        )
    for one in found:
        if not _pictures(one):
            raise InputError(f"The example {one} has no pictures (.jpg, .png or .webp).")
        caption = one / "caption.txt"
        if not caption.is_file() or not caption.read_text(encoding="utf-8").strip():
            raise InputError(f"The example {one} has no caption: write it into {caption.name} there.")
    return found


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _PICTURES)


def _read_picture(path: Path) -> npt.NDArray[np.uint8]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"), dtype=np.uint8)
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"The picture {path} of an example cannot be read.") from error

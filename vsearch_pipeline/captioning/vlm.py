"""Captions by vision-language models: any image-text-to-text model of transformers that has a chat template."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from vsearch_pipeline.captioning.captioner import Caption
from vsearch_pipeline.captioning.clean import clean_caption
from vsearch_pipeline.captioning.facts import Clip
from vsearch_pipeline.captioning.generation import Batches, Generation, spread, torch_place
from vsearch_pipeline.errors import ModelRunError, ModelUnavailableError
from vsearch_pipeline.hub import model_folder

DEFAULT_SOURCE: Final = "Qwen/Qwen3-VL-4B-Instruct"
"""Apache-2.0; 9 GB in half precision."""
PROMPT: Final = (
    "These are frames of one short video clip, in order of time. Say in English what happens in the clip, in one"
    " to three short sentences: who or what is there, what they do, and where. Say only what can be seen."
)
FRAME_SIDE: Final = 448
"""Longer side of a frame that the model is given, pixels. Models that cut pictures into patches spend about 100
tokens on a frame of this size and 900 on one of 1280, and there are several frames a clip."""

# Tiles of a picture beside the whole are for reading documents; with several frames they cost five times as much
# and show what is seen already.
_TILING: Final = ("do_image_splitting", "crop_to_patches", "do_pan_and_scan")
_THOUGHT: Final = "</think>"


class VlmCaptioner:
    """Shows the frames of a clip to a vision-language model, as pictures in order, and asks what happens."""

    def __init__(self, source: str, generation: Generation) -> None:
        """
        Args:
            source: a folder (absolute, or from `~`) or a hub id; the default where empty. Weights are read at the
                first caption.
            generation: `examples` are not used.

        Raises:
            ModelUnavailableError: torch, transformers or the model is not there.
        """
        self._device, self._dtype = torch_place(generation.precision)
        self._folder = model_folder(source or DEFAULT_SOURCE)
        self._generation = generation
        self._prompt = PROMPT if generation.prompt is None else generation.prompt
        self._batches = Batches(generation.batch)
        self.name = f"vlm:{self._folder.name}"
        self.version = self._folder.version
        self.frames: int | None = generation.frames
        self.batch = generation.batch
        self.settings: dict[str, Any] = {
            "prompt": self._prompt,
            "frames": generation.frames,
            "frame_side": FRAME_SIDE,
            "beams": generation.beams,
            "repetition_penalty": generation.repetition_penalty,
            "max_new_tokens": generation.max_new_tokens,
            "precision": generation.precision,
        }

    def caption(self, clips: Sequence[Clip]) -> list[Caption]:
        """One caption a clip, in order.

        Raises:
            ModelUnavailableError: the folder holds no such model, or one without a chat template.
            ModelRunError: memory does not suffice for one clip, or the model takes no pictures in a message.
        """
        return [self._cleaned(raw) for raw in self._batches.run(self._generate, clips)]

    def _cleaned(self, raw: str) -> Caption:
        return Caption(text=clean_caption(raw.rpartition(_THOUGHT)[2], self._prompt), raw_text=raw)

    def _generate(self, clips: Sequence[Clip]) -> list[str]:
        import torch
        from jinja2 import TemplateError

        processor, model = self._loaded
        conversations = [[{"role": "user", "content": self._content(clip)}] for clip in clips]
        try:
            inputs = processor.apply_chat_template(
                conversations,
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
                processor_kwargs={"text_kwargs": {"padding": True}, "images_kwargs": _without_tiles(processor)},
            )
        except (AttributeError, KeyError, TemplateError, TypeError, ValueError) as error:
            raise ModelRunError(
                f"The chat template or the processor of {self.name} takes no message with several pictures:"
                f" {_first_line(error)}."
            ) from error
        inputs = inputs.to(self._device, dtype=self._dtype)
        with torch.inference_mode():
            tokens = model.generate(
                **inputs,
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
                num_beams=self._generation.beams,
                repetition_penalty=self._generation.repetition_penalty,
                max_new_tokens=self._generation.max_new_tokens,
                pad_token_id=processor.tokenizer.pad_token_id,
            )
        new = tokens[:, inputs["input_ids"].shape[1] :]
        return [text.strip() for text in processor.tokenizer.batch_decode(new, skip_special_tokens=True)]

    def _content(self, clip: Clip) -> list[dict[str, Any]]:
        """The message: each frame once, then the question."""
        places = sorted(set(spread(len(clip.frames), self._generation.frames)))
        frames = [{"type": "image", "image": _picture(clip.frames[place])} for place in places]
        return [*frames, {"type": "text", "text": self._prompt}]

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        """Processor and model."""
        import transformers

        library: Any = transformers  # largely untyped
        path = self._folder.path
        kwargs: dict[str, Any] = {}
        if self._generation.precision == "int8":
            kwargs = {
                "quantization_config": library.BitsAndBytesConfig(load_in_8bit=True),
                "device_map": {"": self._device},
            }
        try:
            processor = _processor(path)
            model, report = library.AutoModelForImageTextToText.from_pretrained(
                path, dtype=self._dtype, local_files_only=True, output_loading_info=True, **kwargs
            )
            if missing := sorted(report["missing_keys"]):
                raise ValueError(f"{len(missing)} of its weights are missing, {missing[0]} for one")
        except ModelUnavailableError:
            raise
        except Exception as error:  # those of safetensors, tokenizers and transformers share no base
            raise ModelUnavailableError(
                f"{path} cannot be loaded as a vision-language model: {_first_line(error)}."
            ) from error
        if not kwargs:
            model = model.to(self._device)
        return processor, model.eval()


def _processor(path: Path) -> Any:
    """The processor of a model for text and pictures only.

    AutoProcessor would also make the one for videos, for which there is nothing but torchvision; and pictures are
    scaled by PIL everywhere, so that the same frames give the same caption on every machine.

    Raises:
        ModelUnavailableError: there is no chat template.
        ValueError: the model has no processor that transformers knows.
    """
    import transformers

    library: Any = transformers  # largely untyped
    config = library.AutoConfig.from_pretrained(path, local_files_only=True)
    base: Any = getattr(library, _processor_name(path), None)
    if base is None:
        if type(config) not in library.PROCESSOR_MAPPING:
            raise ValueError(f"transformers knows no processor for {config.model_type}")
        base = library.PROCESSOR_MAPPING[type(config)]

    class WithoutVideo(base):  # type: ignore[misc]
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            if argument_name == "video_processor":
                return type(argument)
            return super().check_argument_for_proper_class(argument_name, argument)

        def __repr__(self) -> str:  # that of the base writes all parts as JSON, also for a log nobody reads
            return f"{base.__name__} without videos"

    parts = {
        "image_processor": library.AutoImageProcessor.from_pretrained(path, backend="pil", local_files_only=True),
        "tokenizer": library.AutoTokenizer.from_pretrained(path, local_files_only=True),
        # some processors ask it for these while they render a template without any video
        "video_processor": SimpleNamespace(num_frames=None, fps=None),
    }
    tokenizer = parts["tokenizer"]
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    settings, _ = base.get_processor_dict(path)
    processor = WithoutVideo.from_args_and_dict([parts[name] for name in base.get_attributes()], settings)
    processor.chat_template = processor.chat_template or tokenizer.chat_template
    if processor.chat_template is None:
        raise ModelUnavailableError(
            f"{path} has no chat template, so it cannot be asked: take the model's instruct or chat version."
        )
    return processor


def _without_tiles(processor: Any) -> dict[str, bool]:
    return {option: False for option in _TILING if hasattr(processor.image_processor, option)}


def _processor_name(path: Path) -> str:
    for name in ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json"):
        if (path / name).is_file():
            given = json.loads((path / name).read_text(encoding="utf-8")).get("processor_class")
            if given:
                return str(given)
    return ""


def _picture(frame: Any) -> Any:
    """A frame as a PIL picture, its longer side at most `FRAME_SIDE`."""
    from PIL import Image

    picture = Image.fromarray(frame)
    picture.thumbnail((FRAME_SIDE, FRAME_SIDE), Image.Resampling.BICUBIC)
    return picture


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".:")

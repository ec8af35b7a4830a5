"""Vision-language models small enough for tests: random weights, the published folder layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WORDS = (
    *("a", "the", "man", "woman", "dog", "walks", "runs", "sits", "reads", "in", "on", "park", "street", "house"),
    *(
        "red",
        "blue",
        "green",
        "small",
        "large",
        "and",
        "then",
        "video",
        "clip",
        "frames",
        "what",
        "happens",
        ".",
        ",",
    ),
)
SPECIAL = (
    *("<pad>", "<eos>", "<unk>", "<user>", "<assistant>", "<image>", "<|image_pad|>", "<|video_pad|>"),
    *("<|vision_start|>", "<|vision_end|>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"),
)
_MARKS = {"pad_token": "<pad>", "eos_token": "<eos>", "unk_token": "<unk>"}
ARCHITECTURES = ("llava", "idefics3", "qwen3_vl")

_PICTURE = {
    "llava": "<image>",
    "idefics3": "<image>",
    "qwen3_vl": "<|vision_start|><|image_pad|><|vision_end|>",
}


def template(architecture: str) -> str:
    return (
        "{% for message in messages %}<user>{% for part in message['content'] %}{% if part['type'] == 'image' %}"
        + _PICTURE[architecture]
        + "{% else %} {{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    )


def tiny_vlm(folder: Path, architecture: str, *, chat: bool = True) -> Path:
    """Save a model of `architecture` with its processor; `chat` also a chat template."""
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.manual_seed(7)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer()
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIAL}
    model, processor = _MAKERS[architecture](tokenizer, ids)
    model.generation_config.eos_token_id = ids["<eos>"]
    model.generation_config.temperature = 0.7
    model.generation_config.top_k = 20
    model.generation_config.do_sample = True  # as published models have it: the captioner must not sample
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if chat:
        (folder / "chat_template.jinja").write_text(template(architecture), encoding="utf-8")
    return folder


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate((*SPECIAL, *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=_MARKS["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        **_MARKS,
        extra_special_tokens=list(SPECIAL[3:]),
    )


def _llama(ids: dict[str, int]) -> dict[str, Any]:
    return {
        "vocab_size": len(SPECIAL) + len(WORDS),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 2048,
        "pad_token_id": ids["<pad>"],
        "eos_token_id": ids["<eos>"],
        "bos_token_id": None,
        "initializer_range": 0.5,  # far from uniform, so that what is seen changes what is said
        "tie_word_embeddings": False,
    }


def _llava(tokenizer: Any, ids: dict[str, int]) -> tuple[Any, Any]:
    from transformers import (
        CLIPImageProcessorPil,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    vision = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
    )
    config = LlavaConfig(
        vision_config=vision, text_config=LlamaConfig(**_llama(ids)), image_token_index=ids["<image>"]
    )
    images = CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
    processor = LlavaProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    return LlavaForConditionalGeneration(config), processor


def _idefics3(tokenizer: Any, ids: dict[str, int]) -> tuple[Any, Any]:
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3ImageProcessorPil,
        Idefics3Processor,
        LlamaConfig,
    )

    vision = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 28,
        "patch_size": 14,
    }
    config = Idefics3Config(
        vision_config=vision,
        text_config=LlamaConfig(**_llama(ids)),
        image_token_id=ids["<image>"],
        scale_factor=2,
    )
    images = Idefics3ImageProcessorPil(size={"longest_edge": 56}, max_image_size={"longest_edge": 28})
    processor = Idefics3Processor(image_processor=images, tokenizer=tokenizer, image_seq_len=1)
    return Idefics3ForConditionalGeneration(config), processor


def _qwen3_vl(tokenizer: Any, ids: dict[str, int]) -> tuple[Any, Any]:
    from transformers import Qwen2VLImageProcessorPil, Qwen3VLConfig, Qwen3VLForConditionalGeneration

    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 2,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "out_hidden_size": 32,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [0],
    }
    text = _llama(ids) | {"head_dim": 16, "rope_parameters": {"rope_type": "default", "mrope_section": [4, 2, 2]}}
    config = Qwen3VLConfig(
        vision_config=vision,
        text_config=text,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=False,
    )
    images = Qwen2VLImageProcessorPil(
        patch_size=14, temporal_patch_size=2, merge_size=2, min_pixels=28 * 28, max_pixels=56 * 56
    )
    # its own processor cannot be made without torchvision: the parts are saved as the published folder has them
    return Qwen3VLForConditionalGeneration(config), images


_MAKERS = {"llava": _llava, "idefics3": _idefics3, "qwen3_vl": _qwen3_vl}

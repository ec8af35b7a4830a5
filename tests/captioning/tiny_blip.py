"""Checkpoints of BLIP-2 in their published layout, small and with random weights.

The names and shapes follow a rule that is written out here and takes nothing from a model class: the names of
transformers' conversion of BLIP-2, under which `Salesforce/blip2-*` and `kpyu/eilev-*` are published.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch

Family = Literal["opt", "t5"]
Layout = Literal["bin", "sharded-bin", "safetensors", "sharded-safetensors"]

PUBLISHED_VISION = {
    "hidden_size": 1408,
    "intermediate_size": 6144,
    "num_hidden_layers": 39,
    "num_attention_heads": 16,
    "image_size": 224,
    "patch_size": 14,
    "qkv_bias": True,
}
PUBLISHED_QFORMER = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "cross_attention_frequency": 2,
    "encoder_hidden_size": 1408,
}
PUBLISHED_TEXT: dict[Family, dict[str, Any]] = {
    "opt": {
        "model_type": "opt",
        "architectures": ["OPTForCausalLM"],
        "hidden_size": 2560,
        "word_embed_proj_dim": 2560,
        "ffn_dim": 10240,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "vocab_size": 50272,
        "max_position_embeddings": 2048,
        "bos_token_id": 2,
        "eos_token_id": 50118,
        "pad_token_id": 1,
        "is_encoder_decoder": False,
        "tie_word_embeddings": True,
        "torch_dtype": "float16",
        "min_length": 0,
        "max_length": 20,
    },
    "t5": {
        "model_type": "t5",
        "architectures": ["T5ForConditionalGeneration"],
        "d_model": 2048,
        "d_ff": 5120,
        "d_kv": 64,
        "num_heads": 32,
        "num_layers": 24,
        "num_decoder_layers": 24,
        "vocab_size": 32128,
        "relative_attention_num_buckets": 32,
        "feed_forward_proj": "gated-gelu",
        "decoder_start_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 0,
        "is_encoder_decoder": True,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
    },
}
TINY_VISION = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 16,
    "patch_size": 8,
    "qkv_bias": True,
}
TINY_QFORMER = {
    "hidden_size": 12,
    "intermediate_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "cross_attention_frequency": 2,
    "encoder_hidden_size": 16,
}
TINY_TEXT: dict[Family, dict[str, Any]] = {
    "opt": {
        "hidden_size": 16,
        "word_embed_proj_dim": 16,
        "ffn_dim": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 256,
        "eos_token_id": 2,
    },
    "t5": {
        "d_model": 16,
        "d_ff": 32,
        "d_kv": 8,
        "num_heads": 2,
        "num_layers": 2,
        "num_decoder_layers": 2,
        "relative_attention_num_buckets": 8,
    },
}
SENTENCES = (
    "Question: Describe in detail what actions are taking place in the video.\nAnswer: a photo of a street\n",
    "A woman is walking down the street with a dog while a man in a red coat looks at his phone.\n",
    "Two men are sitting at a table in a kitchen and talking to each other about the game.\n",
    "The camera wearer picks up the knife and cuts the bread on the board.\n",
)


def published_config(family: Family) -> dict[str, Any]:
    """`config.json` as the real models have it, in the long form of older transformers."""
    decoder_only = family == "opt"
    return {
        "_commit_hash": None,
        "architectures": ["VideoBlipForConditionalGeneration"],
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
        "is_encoder_decoder": not decoder_only,
        "model_type": "blip-2",
        "num_query_tokens": 32,
        "qformer_config": {
            **PUBLISHED_QFORMER,
            "model_type": "blip_2_qformer",
            "classifier_dropout": None,
            "position_embedding_type": "absolute",
        },
        "text_config": copy.deepcopy(PUBLISHED_TEXT[family]),
        "tie_word_embeddings": decoder_only,
        "torch_dtype": "float32",
        "transformers_version": None,
        "use_decoder_only_language_model": decoder_only,
        "vision_config": {
            **PUBLISHED_VISION,
            "model_type": "blip_2_vision_model",
            "num_channels": 3,
            "projection_dim": 512,
        },
    }


def tiny_config(family: Family, vocabulary: int) -> dict[str, Any]:
    config = published_config(family)
    config["num_query_tokens"] = 4
    config["vision_config"] |= TINY_VISION
    config["qformer_config"] |= TINY_QFORMER
    config["text_config"] |= TINY_TEXT[family] | {"vocab_size": vocabulary}
    return config


def layout_of(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all weights, one name for each place (tied ones included)."""
    vision, qformer, text = config["vision_config"], config["qformer_config"], config["text_config"]
    text_layout = _opt_layout(text) if text["model_type"] == "opt" else _t5_layout(text)
    width = text["hidden_size"] if text["model_type"] == "opt" else text["d_model"]
    return {
        "query_tokens": (1, config["num_query_tokens"], qformer["hidden_size"]),
        **_under("vision_model", _vision_layout(vision)),
        **_under("qformer", _qformer_layout(qformer)),
        **_linear("language_projection", width, qformer["hidden_size"]),
        **_under("language_model", text_layout),
    }


def tied_names(config: Mapping[str, Any]) -> dict[str, str]:
    """Names of weights that are others', as safetensors leave them out."""
    if config["text_config"]["model_type"] == "opt":
        return {"language_model.lm_head.weight": "language_model.model.decoder.embed_tokens.weight"}
    return {
        "language_model.encoder.embed_tokens.weight": "language_model.shared.weight",
        "language_model.decoder.embed_tokens.weight": "language_model.shared.weight",
    }


def random_weights(config: Mapping[str, Any], seed: int = 0) -> dict[str, torch.Tensor]:
    """Large enough that different pictures lead to different words."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in layout_of(config).items():
        noise = torch.randn(shape, generator=generator)
        is_norm = "norm" in name.lower() and name.endswith("weight")
        weights[name] = 1 + 0.1 * noise if is_norm else 0.5 * noise
    return weights | {name: weights[source] for name, source in tied_names(config).items()}


def write_tiny_blip(
    folder: Path, family: Family = "opt", layout: Layout = "sharded-bin", *, seed: int = 0
) -> dict[str, Any]:
    """A folder that a captioner of the family can be given; returns its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = write_tokenizer(folder, family)
    config = tiny_config(family, vocabulary + 8)  # the published embeddings are longer than the vocabulary, too
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    scale = {"size": {"height": 16, "width": 16}, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]}
    (folder / "preprocessor_config.json").write_text(json.dumps(scale), encoding="utf-8")
    write_weights(folder, random_weights(config, seed), tied_names(config), layout)
    return config


def write_weights(
    folder: Path, weights: Mapping[str, torch.Tensor], tied: Mapping[str, str], layout: Layout
) -> None:
    """With what saves them: tied weights stand in .bin files under every name, in safetensors under one."""
    if layout.endswith("safetensors"):
        stored = {name: weight.contiguous() for name, weight in weights.items() if name not in tied}
    else:
        stored = dict(weights)
    name = "model.safetensors" if layout.endswith("safetensors") else "pytorch_model.bin"
    if not layout.startswith("sharded"):
        _save(stored, folder / name)
        return
    stem, _, suffix = name.partition(".")
    names = sorted(stored)
    shards = [names[: len(names) // 2], names[len(names) // 2 :]]
    index = {}
    for number, part in enumerate(shards, start=1):
        file = f"{stem}-{number:05d}-of-{len(shards):05d}.{suffix}"
        _save({key: stored[key] for key in part}, folder / file)
        index |= dict.fromkeys(part, file)
    text = json.dumps({"metadata": {"total_size": 0}, "weight_map": index})
    (folder / f"{name}.index.json").write_text(text, encoding="utf-8")


def write_tokenizer(folder: Path, family: Family) -> int:
    """A tokenizer of the family's kind that knows a few sentences; returns how many tokens it knows."""
    return _write_opt_tokenizer(folder) if family == "opt" else _write_t5_tokenizer(folder)


def _write_opt_tokenizer(folder: Path) -> int:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    tokenizer.model.save(str(folder))
    special = {"bos_token": "</s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "</s>"}
    _write_tokenizer_config(folder, "GPT2Tokenizer", special)
    return tokenizer.get_vocab_size()


def _write_t5_tokenizer(folder: Path) -> int:
    """Of given scores: the trainer of this kind gives other numbers each time."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    text = " ".join(SENTENCES)
    words = sorted({f"▁{word}" for word in text.split()})
    letters = sorted(set(text) - {" ", "\n"})
    scores = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    tokenizer = Tokenizer(
        models.Unigram([*scores, *((word, -4.0) for word in words), *((one, -6.0) for one in letters)], unk_id=2)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(single=["$A", "</s>"], special_tokens=[("</s>", 1)])
    tokenizer.save(str(folder / "tokenizer.json"))
    special = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "extra_ids": 0}
    _write_tokenizer_config(folder, "T5Tokenizer", special)
    return tokenizer.get_vocab_size()


def _write_tokenizer_config(folder: Path, kind: str, special: Mapping[str, object]) -> None:
    text = json.dumps({"tokenizer_class": kind, "model_max_length": 512, **special})
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")


def _save(weights: Mapping[str, torch.Tensor], path: Path) -> None:
    if path.suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file(dict(weights), path, metadata={"format": "pt"})
    else:
        torch.save(dict(weights), path)


def _vision_layout(vision: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    width, wide, patch = vision["hidden_size"], vision["intermediate_size"], vision["patch_size"]
    patches = (vision["image_size"] // patch) ** 2
    layer = {
        **_linear("self_attn.qkv", 3 * width, width),
        **_linear("self_attn.projection", width, width),
        **_linear("mlp.fc1", wide, width),
        **_linear("mlp.fc2", width, wide),
        **_norm("layer_norm1", width),
        **_norm("layer_norm2", width),
    }
    return {
        "embeddings.class_embedding": (1, 1, width),
        "embeddings.position_embedding": (1, patches + 1, width),
        "embeddings.patch_embedding.weight": (width, 3, patch, patch),
        "embeddings.patch_embedding.bias": (width,),
        **_layers("encoder.layers", [layer] * vision["num_hidden_layers"]),
        **_norm("post_layernorm", width),
    }


def _qformer_layout(qformer: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    width, wide, seen = qformer["hidden_size"], qformer["intermediate_size"], qformer["encoder_hidden_size"]

    def attention(name: str, source: int) -> dict[str, tuple[int, ...]]:
        return {
            **_linear(f"{name}.attention.query", width, width),
            **_linear(f"{name}.attention.key", width, source),
            **_linear(f"{name}.attention.value", width, source),
            **_linear(f"{name}.output.dense", width, width),
            **_norm(f"{name}.output.LayerNorm", width),
        }

    own = {
        **attention("attention", width),
        **_linear("intermediate_query.dense", wide, width),
        **_linear("output_query.dense", width, wide),
        **_norm("output_query.LayerNorm", width),
    }
    looking = own | attention("crossattention", seen)
    every = qformer["cross_attention_frequency"]
    layers = [own if i % every else looking for i in range(qformer["num_hidden_layers"])]
    return {**_norm("layernorm", width), **_layers("encoder.layer", layers)}


def _opt_layout(text: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    width, wide = text["hidden_size"], text["ffn_dim"]
    layer = {
        **_linear("self_attn.k_proj", width, width),
        **_linear("self_attn.v_proj", width, width),
        **_linear("self_attn.q_proj", width, width),
        **_linear("self_attn.out_proj", width, width),
        **_norm("self_attn_layer_norm", width),
        **_linear("fc1", wide, width),
        **_linear("fc2", width, wide),
        **_norm("final_layer_norm", width),
    }
    return {
        "model.decoder.embed_tokens.weight": (text["vocab_size"], width),
        "model.decoder.embed_positions.weight": (text["max_position_embeddings"] + 2, width),
        **_norm("model.decoder.final_layer_norm", width),
        **_layers("model.decoder.layers", [layer] * text["num_hidden_layers"]),
        "lm_head.weight": (text["vocab_size"], width),
    }


def _t5_layout(text: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    width, wide, inner = text["d_model"], text["d_ff"], text["num_heads"] * text["d_kv"]
    vocabulary = (text["vocab_size"], width)

    def attention(place: str) -> dict[str, tuple[int, ...]]:
        shapes = dict.fromkeys((f"{place}.{letter}.weight" for letter in "qkv"), (inner, width))
        return {**shapes, f"{place}.o.weight": (width, inner)}

    def block(*attentions: str) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        for number, name in enumerate(attentions):
            shapes |= {**attention(f"layer.{number}.{name}"), f"layer.{number}.layer_norm.weight": (width,)}
        last = f"layer.{len(attentions)}"
        return {
            **shapes,
            f"{last}.DenseReluDense.wi_0.weight": (wide, width),
            f"{last}.DenseReluDense.wi_1.weight": (wide, width),
            f"{last}.DenseReluDense.wo.weight": (width, wide),
            f"{last}.layer_norm.weight": (width,),
        }

    def stack(name: str, count: int, *attentions: str) -> dict[str, tuple[int, ...]]:
        bias = f"{name}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        return {
            f"{name}.embed_tokens.weight": vocabulary,
            bias: (text["relative_attention_num_buckets"], text["num_heads"]),
            f"{name}.final_layer_norm.weight": (width,),
            **_layers(f"{name}.block", [block(*attentions)] * count),
        }

    return {
        "shared.weight": vocabulary,
        **stack("encoder", text["num_layers"], "SelfAttention"),
        **stack("decoder", text["num_decoder_layers"], "SelfAttention", "EncDecAttention"),
        "lm_head.weight": vocabulary,
    }


def _linear(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _layers(name: str, layers: list[dict[str, tuple[int, ...]]]) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{i}.{key}": shape for i, layer in enumerate(layers) for key, shape in layer.items()}


def _under(name: str, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{key}": shape for key, shape in shapes.items()}

"""BLIP-2 checkpoints as they are published, read strictly: each weight has a place, each place a weight."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from transformers import AutoTokenizer, Blip2Config

from vsearch_pipeline.captioning.videoblip import CLIP_MEAN, CLIP_STD, PixelScale, VideoBlip
from vsearch_pipeline.errors import ModelUnavailableError

_OLD_BUFFERS: Final = frozenset(("qformer.embeddings.position_ids",))
"""Counted numbers that the first conversions of BLIP-2 stored; nothing is learnt in them."""

_NAMED: Final = 8
"""Keys listed in a message."""


def load_videoblip(folder: Path, device: torch.device, dtype: torch.dtype, *, int8: bool = False) -> VideoBlip:
    """The network of a folder, ready to generate; weights are read one by one, so memory holds them once.

    Args:
        folder: `config.json` and weights (`model.safetensors` or `pytorch_model.bin`, whole or in shards with
            an index).
        device: where the weights go.
        dtype: their type; beside float16, what overflows in it stays float32.
        int8: linear layers of the text model in 8 bits through bitsandbytes.

    Raises:
        ModelUnavailableError: files are missing or broken, or the weights are not those of the configuration.
    """
    settings = _read_settings(folder)
    with torch.device("meta"):
        model = VideoBlip(Blip2Config.from_dict(settings))
    tied = _tied(settings["text_config"])
    expected = model.state_dict()
    state: dict[str, Tensor] = {}
    for key, weight in _stored_weights(folder):
        if key in _OLD_BUFFERS:
            continue
        if key in expected and weight.shape == expected[key].shape:
            kept = torch.float32 if dtype == torch.float16 and _overflows(key) else dtype
            state[key] = weight.to("cpu" if int8 else device, kept)
        else:
            state[key] = weight
    _complete_tied(state, tied)
    _require_same(state, expected, folder)
    model.load_state_dict(state, assign=True)
    for name, source in tied.items():
        model.get_submodule(name.removesuffix(".weight")).weight = model.get_parameter(source)
    if int8:
        _to_int8(model.language_model)
        model.to(device)
    model.requires_grad_(False).eval()
    return model


def read_tokenizer(folder: Path) -> Any:
    """
    Raises:
        ModelUnavailableError: its files are missing or broken.
    """
    problem = f"{folder} has no tokenizer that can be read: fetch the model again."
    # where there is none, transformers makes one that knows no words
    if not any((folder / name).is_file() for name in ("tokenizer.json", "vocab.json", "spiece.model")):
        raise ModelUnavailableError(problem)
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelUnavailableError(problem) from error


def read_pixel_scale(folder: Path) -> PixelScale:
    """Of `preprocessor_config.json`, where there is one; else CLIP's."""
    path = folder / "preprocessor_config.json"
    settings = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return PixelScale(
        tuple(settings.get("image_mean", CLIP_MEAN)),
        tuple(settings.get("image_std", CLIP_STD)),
    )


def _read_settings(folder: Path) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnavailableError(f"{folder} has no readable config.json.") from error
    settings["text_config"] = {"model_type": "opt"} | settings.get("text_config", {})
    kind, text = settings.get("model_type"), settings["text_config"]["model_type"]
    if kind != "blip-2" or text not in ("opt", "t5"):
        raise ModelUnavailableError(
            f"The model in {folder} is no BLIP-2 with OPT or T5 ({kind}, {text}): try the captioner vlm."
        )
    return settings


def _tied(text_settings: Mapping[str, Any]) -> dict[str, str]:
    """Which weights are others' by the configuration.

    transformers is not asked: it calls the head of every T5 tied, and flan-t5 has one of its own.
    """
    if text_settings["model_type"] == "opt":
        table, tied = "model.decoder.embed_tokens.weight", []
    else:
        table, tied = "shared.weight", ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"]
    if text_settings.get("tie_word_embeddings", True):
        tied.append("lm_head.weight")
    return dict.fromkeys((f"language_model.{name}" for name in tied), f"language_model.{table}")


def _stored_weights(folder: Path) -> Iterator[tuple[str, Tensor]]:
    for path in _weight_files(folder):
        try:
            yield from _read(path)
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
            raise ModelUnavailableError(f"{path} is broken: fetch it again.") from error


def _weight_files(folder: Path) -> list[Path]:
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (index := folder / f"{name}.index.json").is_file():
            try:
                shards = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
            except (ValueError, KeyError) as error:
                raise ModelUnavailableError(f"{index} is broken: fetch it again.") from error
            if absent := [shard for shard in shards if not (folder / shard).is_file()]:
                raise ModelUnavailableError(f"{folder} lacks {', '.join(absent)}: fetch the model again.")
            return [folder / shard for shard in shards]
        if (whole := folder / name).is_file():
            return [whole]
    raise ModelUnavailableError(f"{folder} has no weights: neither model.safetensors nor pytorch_model.bin.")


def _read(path: Path) -> Iterator[tuple[str, Tensor]]:
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                for key in file.keys():  # noqa: SIM118 - no mapping
                    yield key, file.get_tensor(key)
        except SafetensorError as error:
            raise ValueError(str(error)) from error
    else:
        yield from torch.load(path, map_location="cpu", mmap=True, weights_only=True).items()


def _overflows(key: str) -> bool:
    """As transformers keeps them: the Q-Former, and the layer of T5 whose sums leave float16's range."""
    return key == "query_tokens" or key.startswith("qformer.") or ".DenseReluDense.wo." in key


def _complete_tied(state: dict[str, Tensor], tied: Mapping[str, str]) -> None:
    """One matrix under several names is stored under one of them, or under all."""
    for source in dict.fromkeys(tied.values()):
        names = [source, *(name for name in tied if tied[name] == source)]
        stored = [name for name in names if name in state]
        if different := [name for name in stored[1:] if not torch.equal(state[name], state[stored[0]])]:
            raise ModelUnavailableError(
                f"{', '.join(different)} differs from {stored[0]}, though config.json says they are one."
            )
        if stored:
            state.update(dict.fromkeys(names, state[stored[0]]))


def _require_same(state: Mapping[str, Tensor], expected: Mapping[str, Tensor], folder: Path) -> None:
    wrong = {
        "missing": expected.keys() - state.keys(),
        "not known": state.keys() - expected.keys(),
        "of another shape": {
            key for key in state.keys() & expected.keys() if state[key].shape != expected[key].shape
        },
    }
    if any(wrong.values()):
        found = "; ".join(f"{what}: {_listed(keys)}" for what, keys in wrong.items() if keys)
        raise ModelUnavailableError(f"The weights in {folder} are not those of its config.json ({found}).")


def _listed(keys: Iterable[str]) -> str:
    names = sorted(keys)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _to_int8(language_model: nn.Module) -> None:
    """Replaces the linear layers but the head and those kept in float32; the weights become 8-bit on the GPU."""
    from importlib import import_module

    bitsandbytes: Any = import_module("bitsandbytes")  # an extra that not every machine can install
    for name, layer in list(language_model.named_modules()):
        if type(layer) is not nn.Linear or name == "lm_head" or layer.weight.dtype != torch.float16:
            continue
        small = bitsandbytes.nn.Linear8bitLt(
            layer.in_features,
            layer.out_features,
            bias=layer.bias is not None,
            has_fp16_weights=False,
            threshold=6.0,  # Dettmers et al. 2022: larger activations are multiplied in float16
        )
        small.weight = bitsandbytes.nn.Int8Params(layer.weight.data, requires_grad=False, has_fp16_weights=False)
        small.bias = layer.bias
        parent, _, own = name.rpartition(".")
        setattr(language_model.get_submodule(parent), own, small)

"""Vision-language models of three real architectures, tiny and random, through the captioner."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers")

from tests.captioning.tiny_vlm import ARCHITECTURES, tiny_vlm
from vsearch_pipeline.captioning.facts import Clip
from vsearch_pipeline.captioning.generation import Generation
from vsearch_pipeline.captioning.registry import load_captioner
from vsearch_pipeline.captioning.vlm import FRAME_SIDE, PROMPT, VlmCaptioner
from vsearch_pipeline.errors import ModelRunError, ModelUnavailableError

GENERATION = Generation(prompt="what happens in the video clip", frames=3, beams=2, max_new_tokens=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def make(architecture: str) -> Path:
        if architecture not in made:
            made[architecture] = tiny_vlm(tmp_path_factory.mktemp(architecture), architecture)
        return made[architecture]

    return make


def clip(seed: int, count: int, height: int = 60, width: int = 80) -> Clip:
    noise = np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    return Clip(noise, tuple(range(0, 250 * count, 250)))


CLIPS = (clip(0, 5), clip(1, 2), clip(2, 4, 90, 60), clip(3, 1))


def raw(captioner: VlmCaptioner, clips: Sequence[Clip] = CLIPS) -> list[str]:
    return [caption.raw_text for caption in captioner.caption(clips)]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_batched_is_one_by_one(folder: Callable[[str], Path], architecture: str) -> None:
    captioner = VlmCaptioner(str(folder(architecture)), GENERATION)
    batched = raw(captioner)
    assert len(set(batched)) > 1, "what is said depends on what is seen"
    assert [raw(captioner, [one])[0] for one in CLIPS] == batched
    small = VlmCaptioner(str(folder(architecture)), replace(GENERATION, batch=3))
    assert raw(small) == batched, "the same in any batches, and by another instance"


def test_says_what_the_model_says(folder: Callable[[str], Path]) -> None:
    """The captioner against the model asked by hand, one clip at a time, without any padding."""
    import torch
    from PIL import Image
    from transformers import AutoModelForImageTextToText, AutoProcessor

    path = folder("llava")
    processor = AutoProcessor.from_pretrained(path)
    model = AutoModelForImageTextToText.from_pretrained(path).eval()
    shown = {5: (0, 2, 4), 2: (0, 1), 4: (0, 1, 3), 1: (0,)}
    expected = []
    for each in CLIPS:
        images = [Image.fromarray(each.frames[place]) for place in shown[len(each.frames)]]
        text = "<user>" + "<image>" * len(images) + " what happens in the video clip<assistant>"
        inputs = processor(text=text, images=images, return_tensors="pt")
        with torch.no_grad():
            tokens = model.generate(
                **inputs, do_sample=False, num_beams=2, repetition_penalty=1.3, max_new_tokens=8, pad_token_id=0
            )
        new = tokens[0, inputs["input_ids"].shape[1] :]
        expected.append(processor.tokenizer.decode(new, skip_special_tokens=True).strip())
    assert raw(VlmCaptioner(str(path), GENERATION)) == expected


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_only_the_answer_is_told(folder: Callable[[str], Path], architecture: str) -> None:
    captioner = VlmCaptioner(str(folder(architecture)), replace(GENERATION, max_new_tokens=3))
    for caption in captioner.caption(CLIPS):
        assert len(caption.raw_text.split()) <= 3
        assert GENERATION.prompt not in caption.text


def test_sees_the_frames_it_says_it_sees(folder: Callable[[str], Path]) -> None:
    captioner = VlmCaptioner(str(folder("qwen3_vl")), GENERATION)
    whole = CLIPS[0]

    def without(frame: int) -> Clip:
        frames = whole.frames.copy()
        frames[frame] = 255 - frames[frame]
        return replace(whole, frames=frames)

    said = raw(captioner, [whole, without(1), without(3), without(4)])
    assert said[0] == said[1] == said[2]
    assert said[3] != said[0]


def test_large_frames_are_made_small(folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    captioner = VlmCaptioner(str(folder("llava")), GENERATION)
    seen: list[tuple[int, int]] = []
    processor, _ = captioner._loaded
    ask = processor.apply_chat_template

    def watch(conversations: list[Any], **kwargs: Any) -> Any:
        seen.extend(part["image"].size for part in conversations[0][0]["content"] if part["type"] == "image")
        return ask(conversations, **kwargs)

    monkeypatch.setattr(processor, "apply_chat_template", watch)
    captioner.caption([clip(4, 1, 720, 1280), clip(5, 1)])
    assert seen == [(FRAME_SIDE, FRAME_SIDE * 720 // 1280)]


def test_frames_are_not_cut_into_tiles(folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    captioner = VlmCaptioner(str(folder("idefics3")), GENERATION)
    _, model = captioner._loaded
    generate, shapes = model.generate, []

    def watch(**inputs: Any) -> Any:
        shapes.append(tuple(inputs["pixel_values"].shape))
        return generate(**inputs)

    monkeypatch.setattr(model, "generate", watch)
    captioner.caption(CLIPS[:1])
    assert shapes == [(1, 3, 3, 28, 28)], "three frames are three pictures"


def test_memory_that_runs_out_halves_the_batch(
    folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    captioner = VlmCaptioner(str(folder("llava")), GENERATION)
    expected = raw(captioner)
    _, model = captioner._loaded
    generate, sizes = model.generate, []

    def narrow(**inputs: Any) -> Any:
        sizes.append(len(inputs["input_ids"]))
        if sizes[-1] > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return generate(**inputs)

    monkeypatch.setattr(model, "generate", narrow)
    assert raw(captioner) == expected
    assert sizes == [4, 2, 1, 1, 1, 1]


def test_text_is_cleaned_and_thoughts_are_left_out(
    folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    captioner = VlmCaptioner(str(folder("llava")), GENERATION)
    written = "<think>A dog? No.</think>What happens in the video clip? A man runs. A man runs. The"
    monkeypatch.setattr(captioner, "_generate", lambda clips: [written] * len(clips))
    (caption,) = captioner.caption(CLIPS[:1])
    assert caption.text == "A man runs."
    assert caption.raw_text == written


def test_what_it_records(folder: Callable[[str], Path]) -> None:
    path = folder("llava")
    captioner = load_captioner(f"vlm:{path}", generation=Generation(beams=3))
    assert isinstance(captioner, VlmCaptioner)
    assert captioner.name == f"vlm:{path.name}"
    assert (captioner.frames, captioner.batch) == (8, 8)
    assert json.loads(json.dumps(captioner.settings)) == {
        "prompt": PROMPT,
        "frames": 8,
        "frame_side": FRAME_SIDE,
        "beams": 3,
        "repetition_penalty": 1.3,
        "max_new_tokens": 128,
        "precision": "auto",
    }


def test_weights_are_read_by_the_first_caption(tmp_path: Path) -> None:
    path = tiny_vlm(tmp_path / "broken", "llava")
    (path / "model.safetensors").write_bytes(b"no weights")
    captioner = VlmCaptioner(str(path), GENERATION)
    with pytest.raises(ModelUnavailableError, match="cannot be loaded as a vision-language model"):
        captioner.caption(CLIPS[:1])


def test_a_model_without_some_of_its_weights(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = tiny_vlm(tmp_path / "partly", "llava")
    weights = load_file(path / "model.safetensors")
    removed = next(name for name in weights if "o_proj" in name)
    save_file({name: kept for name, kept in weights.items() if name != removed}, path / "model.safetensors")
    with pytest.raises(ModelUnavailableError, match="1 of its weights are missing"):
        VlmCaptioner(str(path), GENERATION).caption(CLIPS[:1])


def test_a_model_without_a_chat_template(tmp_path: Path) -> None:
    captioner = VlmCaptioner(str(tiny_vlm(tmp_path / "base", "llava", chat=False)), GENERATION)
    with pytest.raises(ModelUnavailableError, match=r"has no chat template.*instruct or chat version\.$"):
        captioner.caption(CLIPS[:1])


def test_a_chat_template_for_text_only(tmp_path: Path) -> None:
    path = tiny_vlm(tmp_path / "text", "llava")
    (path / "chat_template.jinja").write_text(
        "{% for message in messages %}{{ message.content + '!' }}{% endfor %}"
    )
    with pytest.raises(ModelRunError, match="takes no message with several pictures") as caught:
        VlmCaptioner(str(path), GENERATION).caption(CLIPS[:1])
    assert "\n" not in str(caught.value)


def test_a_model_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelUnavailableError, match="cannot be loaded as a vision-language model") as caught:
        VlmCaptioner(str(tmp_path), GENERATION).caption(CLIPS[:1])
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="is no folder of a model"):
        VlmCaptioner(str(tmp_path / "nothing"), GENERATION)

"""The network of VideoBLIP against values computed by hand from the same weights, and its checkpoints."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.captioning.tiny_blip import (  # noqa: E402
    SENTENCES,
    Family,
    Layout,
    layout_of,
    published_config,
    random_weights,
    tied_names,
    tiny_config,
    write_tiny_blip,
    write_tokenizer,
    write_weights,
)
from vsearch_pipeline.captioning.blip_checkpoint import (  # noqa: E402
    load_videoblip,
    read_pixel_scale,
    read_tokenizer,
)
from vsearch_pipeline.captioning.generation import Generation  # noqa: E402
from vsearch_pipeline.captioning.videoblip import (  # noqa: E402
    Describer,
    Example,
    PixelScale,
    Prompt,
    PromptWriter,
    VideoBlip,
    generation_config,
    normalised_pixels,
    pack,
)
from vsearch_pipeline.errors import InputError, ModelUnavailableError  # noqa: E402

CPU = torch.device("cpu")
FAMILIES: tuple[Family, ...] = ("opt", "t5")
LAYOUTS: tuple[Layout, ...] = ("bin", "sharded-bin", "safetensors", "sharded-safetensors")
QUESTION = "Question: what is he doing?\nAnswer:"
functional = torch.nn.functional
Weights = dict[str, Any]
Loaded = tuple[VideoBlip, Any, dict[str, Any], Weights]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost more than they bring to networks of this size, on a busy machine a hundredfold."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=FAMILIES)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """A model, its tokenizer, its configuration and the weights that were written for it."""
    folder = tmp_path_factory.mktemp(request.param)
    config = write_tiny_blip(folder, request.param)
    return load_videoblip(folder, CPU, torch.float32), read_tokenizer(folder), config, random_weights(config)


@pytest.fixture(scope="module")
def opt(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("opt-only")
    config = write_tiny_blip(folder)
    return load_videoblip(folder, CPU, torch.float32), read_tokenizer(folder), config, random_weights(config)


def random_clips(count: int, frames: int = 3, seed: int = 0) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [generator.integers(0, 256, (frames, 20, 30, 3), dtype=np.uint8) for _ in range(count)]


def random_pixels(videos: int, frames: int, seed: int = 0) -> Any:
    return torch.randn(videos, frames, 3, 16, 16, generator=torch.Generator().manual_seed(seed))


def linear(weights: Weights, name: str, x: Any) -> Any:
    bias = weights.get(f"{name}.bias")
    return x @ weights[f"{name}.weight"].T + (0 if bias is None else bias)


def norm(weights: Weights, name: str, x: Any, epsilon: float) -> Any:
    centred = x - x.mean(-1, keepdim=True)
    scaled = centred / (centred.pow(2).mean(-1, keepdim=True) + epsilon).sqrt()
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def attend(query: Any, key: Any, value: Any, heads: int, mask: Any = None) -> Any:
    """One sequence each, (L, width)."""
    size = query.shape[-1] // heads
    outputs = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        scores = query[:, part] @ key[:, part].T / size**0.5
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        outputs.append(scores.softmax(-1) @ value[:, part])
    return torch.cat(outputs, -1)


def seen_by_hand(weights: Weights, config: dict[str, Any], frame: Any) -> Any:
    """The vision model on one frame (3, H, W): class token and patches in reading order, pre-norm layers."""
    vision = config["vision_config"]
    side, name = vision["patch_size"], "vision_model.embeddings"
    kernel = weights[f"{name}.patch_embedding.weight"].flatten(1)
    patches = [
        kernel @ frame[:, y : y + side, x : x + side].flatten() + weights[f"{name}.patch_embedding.bias"]
        for y in range(0, vision["image_size"], side)
        for x in range(0, vision["image_size"], side)
    ]
    x = torch.stack([weights[f"{name}.class_embedding"].flatten(), *patches])
    x = x + weights[f"{name}.position_embedding"][0]
    for number in range(vision["num_hidden_layers"]):
        layer = f"vision_model.encoder.layers.{number}"
        query, key, value = linear(
            weights, f"{layer}.self_attn.qkv", norm(weights, f"{layer}.layer_norm1", x, 1e-6)
        ).chunk(3, -1)
        attended = attend(query, key, value, vision["num_attention_heads"])
        x = x + linear(weights, f"{layer}.self_attn.projection", attended)
        wide = functional.gelu(linear(weights, f"{layer}.mlp.fc1", norm(weights, f"{layer}.layer_norm2", x, 1e-6)))
        x = x + linear(weights, f"{layer}.mlp.fc2", wide)
    return norm(weights, "vision_model.post_layernorm", x, 1e-6)


def answers_by_hand(weights: Weights, config: dict[str, Any], joined: Any) -> Any:
    """The Q-Former on (all patches of all frames, width), and the projection: post-norm layers as BERT's."""
    qformer = config["qformer_config"]

    def attention(place: str, x: Any, source: Any) -> Any:
        query = linear(weights, f"{place}.attention.query", x)
        key = linear(weights, f"{place}.attention.key", source)
        value = linear(weights, f"{place}.attention.value", source)
        attended = attend(query, key, value, qformer["num_attention_heads"])
        return norm(
            weights, f"{place}.output.LayerNorm", linear(weights, f"{place}.output.dense", attended) + x, 1e-12
        )

    x = norm(weights, "qformer.layernorm", weights["query_tokens"][0], 1e-12)
    for number in range(qformer["num_hidden_layers"]):
        layer = f"qformer.encoder.layer.{number}"
        x = attention(f"{layer}.attention", x, x)
        if number % 2 == 0:
            x = attention(f"{layer}.crossattention", x, joined)
        wide = functional.gelu(linear(weights, f"{layer}.intermediate_query.dense", x))
        x = norm(
            weights,
            f"{layer}.output_query.LayerNorm",
            linear(weights, f"{layer}.output_query.dense", wide) + x,
            1e-12,
        )
    return linear(weights, "language_projection", x)


def next_word_by_hand(weights: Weights, config: dict[str, Any], embedded: Any) -> Any:
    """Scores of OPT's next token after (L, width)."""
    text, name = config["text_config"], "language_model.model.decoder"
    length = len(embedded)
    x = embedded + weights[f"{name}.embed_positions.weight"][2 : 2 + length]
    earlier = torch.ones(length, length, dtype=torch.bool).tril()
    for number in range(text["num_hidden_layers"]):
        layer = f"{name}.layers.{number}"
        normed = norm(weights, f"{layer}.self_attn_layer_norm", x, 1e-5)
        query, key, value = (linear(weights, f"{layer}.self_attn.{one}_proj", normed) for one in "qkv")
        attended = attend(query, key, value, text["num_attention_heads"], earlier)
        x = x + linear(weights, f"{layer}.self_attn.out_proj", attended)
        wide = linear(weights, f"{layer}.fc1", norm(weights, f"{layer}.final_layer_norm", x, 1e-5)).relu()
        x = x + linear(weights, f"{layer}.fc2", wide)
    return norm(weights, f"{name}.final_layer_norm", x[-1], 1e-5) @ weights[f"{name}.embed_tokens.weight"].T


@pytest.mark.parametrize("family", FAMILIES)
def test_the_real_sizes_have_the_published_names_and_shapes(family: Family) -> None:
    """Anyone with the published file can compare its keys with `layout_of`."""
    from transformers import Blip2Config

    config = published_config(family)
    with torch.device("meta"):
        model = VideoBlip(Blip2Config.from_dict(config))
    found = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    assert found == layout_of(config)
    if family == "opt":
        assert len(found) == 39 * 12 + 6 + 12 * 16 + 6 * 10 + 2 + 1 + 2 + 32 * 16 + 5
        assert found["vision_model.encoder.layers.38.self_attn.qkv.bias"] == (4224,)
        assert found["qformer.encoder.layer.10.crossattention.attention.key.weight"] == (768, 1408)
        assert "qformer.encoder.layer.11.crossattention.attention.key.weight" not in found
        assert found["language_model.model.decoder.embed_positions.weight"] == (2050, 2560)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_published_way_of_storing_gives_the_same_weights(
    tmp_path: Path, family: Family, layout: Layout
) -> None:
    config = write_tiny_blip(tmp_path, family, layout, seed=3)
    model = load_videoblip(tmp_path, CPU, torch.float32)
    state = model.state_dict()
    written = random_weights(config, seed=3)
    assert state.keys() == written.keys()
    assert all(torch.equal(state[name], weight) for name, weight in written.items())
    for name, source in tied_names(config).items():
        assert model.get_parameter(name) is model.get_parameter(source)
    assert not model.training
    assert not any(weight.requires_grad for weight in model.parameters())


def test_a_head_of_its_own_is_kept_as_flan_t5_has_it(tmp_path: Path) -> None:
    config = write_tiny_blip(tmp_path, "t5")
    model = load_videoblip(tmp_path, CPU, torch.float32)
    assert model.language_model.lm_head.weight is not model.language_model.shared.weight
    assert torch.equal(
        model.language_model.lm_head.weight, random_weights(config)["language_model.lm_head.weight"]
    )


def test_old_buffers_are_passed_over(tmp_path: Path) -> None:
    config = write_tiny_blip(tmp_path, "opt", "bin")
    weights = random_weights(config) | {"qformer.embeddings.position_ids": torch.arange(512)}
    write_weights(tmp_path, weights, {}, "bin")
    assert "qformer.embeddings.position_ids" not in load_videoblip(tmp_path, CPU, torch.float32).state_dict()


def _without(weights: Weights) -> None:
    del weights["qformer.encoder.layer.1.attention.attention.key.bias"]


def _with_more(weights: Weights) -> None:
    weights["qformer.embeddings.word_embeddings.weight"] = torch.zeros(3, 3)


def _of_other_shape(weights: Weights) -> None:
    weights["language_projection.weight"] = weights["language_projection.weight"].T.contiguous()


def _untied(weights: Weights) -> None:
    weights["language_model.lm_head.weight"] = weights["language_model.lm_head.weight"] + 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without, "missing: qformer.encoder.layer.1.attention.attention.key.bias"),
        (_with_more, "not known: qformer.embeddings.word_embeddings.weight"),
        (_of_other_shape, "of another shape: language_projection.weight"),
        (_untied, "language_model.lm_head.weight differs from"),
    ],
)
def test_weights_that_do_not_fit_are_named(tmp_path: Path, change: Callable[[Weights], None], said: str) -> None:
    config = write_tiny_blip(tmp_path, "opt", "bin")
    weights = random_weights(config)
    change(weights)
    write_weights(tmp_path, weights, {}, "bin")
    with pytest.raises(ModelUnavailableError, match=said):
        load_videoblip(tmp_path, CPU, torch.float32)


def test_many_wrong_names_are_counted(tmp_path: Path) -> None:
    config = write_tiny_blip(tmp_path, "opt", "bin")
    kept = {name: w for name, w in random_weights(config).items() if not name.startswith("vision_model")}
    write_weights(tmp_path, kept, {}, "bin")
    with pytest.raises(ModelUnavailableError, match=r"missing: vision_model\..* and \d+ more\)"):
        load_videoblip(tmp_path, CPU, torch.float32)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_broken_or_absent_file_is_named(tmp_path: Path, layout: Layout) -> None:
    write_tiny_blip(tmp_path, "opt", layout)
    file = sorted(path for path in tmp_path.iterdir() if path.suffix in (".bin", ".safetensors"))[-1]
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(ModelUnavailableError, match=file.name):
        load_videoblip(tmp_path, CPU, torch.float32)
    file.unlink()
    with pytest.raises(ModelUnavailableError, match=file.name if "sharded" in layout else "no weights"):
        load_videoblip(tmp_path, CPU, torch.float32)


def test_a_broken_index_is_named(tmp_path: Path) -> None:
    write_tiny_blip(tmp_path, "opt", "sharded-bin")
    (tmp_path / "pytorch_model.bin.index.json").write_text("{}")
    with pytest.raises(ModelUnavailableError, match=r"index\.json is broken"):
        load_videoblip(tmp_path, CPU, torch.float32)


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    write_tiny_blip(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llava"}))
    with pytest.raises(ModelUnavailableError, match="llava"):
        load_videoblip(tmp_path, CPU, torch.float32)
    (tmp_path / "config.json").write_text("not json")
    with pytest.raises(ModelUnavailableError, match="config"):
        load_videoblip(tmp_path, CPU, torch.float32)


@pytest.mark.parametrize("family", FAMILIES)
def test_half_precision_keeps_what_would_overflow(tmp_path: Path, family: Family) -> None:
    write_tiny_blip(tmp_path, family)
    state = load_videoblip(tmp_path, CPU, torch.float16).state_dict()
    kept = {name for name, weight in state.items() if weight.dtype == torch.float32}
    assert kept == {n for n in state if n == "query_tokens" or n.startswith("qformer.") or ".wo." in n}
    whole = load_videoblip(tmp_path, CPU, torch.bfloat16)
    assert {weight.dtype for weight in whole.state_dict().values()} == {torch.bfloat16}
    assert whole.features(random_pixels(1, 2)).dtype == torch.bfloat16


def test_features_are_those_computed_by_hand(loaded: Loaded) -> None:
    model, _, config, weights = loaded
    pixels = random_pixels(videos=2, frames=3)
    features = model.features(pixels)
    for video, feature in zip(pixels, features, strict=True):
        joined = torch.cat([seen_by_hand(weights, config, frame) for frame in video])
        torch.testing.assert_close(feature, answers_by_hand(weights, config, joined), rtol=1e-3, atol=1e-4)


def test_frames_are_seen_one_by_one_and_joined_in_order(opt: Loaded) -> None:
    model = opt[0]
    pixels = random_pixels(videos=2, frames=4)
    handed: list[Any] = []
    hook = model.qformer.register_forward_pre_hook(
        lambda _, __, given: handed.append(given["encoder_hidden_states"]), with_kwargs=True
    )
    model.features(pixels)
    hook.remove()
    alone = [
        torch.cat([model.vision_model(pixel_values=frame[None]).last_hidden_state[0] for frame in video])
        for video in pixels
    ]
    assert handed[0].shape == (2, 4 * 5, 16)
    torch.testing.assert_close(handed[0], torch.stack(alone), rtol=1e-4, atol=1e-5)


def test_features_stand_at_the_places_of_videos_in_order(loaded: Loaded) -> None:
    model, _, config, weights = loaded
    generator = torch.Generator().manual_seed(5)
    ids = torch.randint(0, 50, (2, 12), generator=generator)
    mask = torch.zeros(2, 12, dtype=torch.bool)
    mask[0, 1:5] = mask[0, 7:11] = mask[1, 8:12] = True
    features = torch.randn(3, 4, 16, generator=generator)
    table = "shared" if config["text_config"]["model_type"] == "t5" else "model.decoder.embed_tokens"
    expected = weights[f"language_model.{table}.weight"][ids]
    expected[0, 1:5], expected[0, 7:11], expected[1, 8:12] = features
    assert torch.equal(model.embed(ids, mask, features), expected)


def test_the_written_words_are_those_computed_by_hand(opt: Loaded) -> None:
    model, tokenizer, config, weights = opt
    clip = random_clips(1)[0]
    asked = Generation(beams=1, repetition_penalty=1.0, max_new_tokens=8)
    describer = Describer(model, tokenizer, question=QUESTION, generation=asked)

    pixels = normalised_pixels([clip], 16, PixelScale(), CPU)[0]
    feature = answers_by_hand(weights, config, torch.cat([seen_by_hand(weights, config, f) for f in pixels]))
    table = weights["language_model.model.decoder.embed_tokens.weight"]
    newline = tokenizer.convert_tokens_to_ids("Ċ")
    words = [newline, *tokenizer(QUESTION, add_special_tokens=False)["input_ids"]]
    written: list[int] = []
    while len(written) < 8 and newline not in written:
        embedded = torch.cat([table[[2]], feature, table[words + written]])
        written.append(int(next_word_by_hand(weights, config, embedded).argmax()))
    assert describer.describe([clip]) == [tokenizer.decode(written, skip_special_tokens=True).strip()]
    assert len(set(written)) > 2


def test_beams_and_penalty_find_what_an_exhaustive_search_finds(opt: Loaded) -> None:
    """Two words, half of the vocabulary as beams: the likeliest pair, the same word twice made rarer."""
    model, tokenizer, config, weights = opt
    writer = PromptWriter(tokenizer, model.config)
    prompt = writer.interleaved([QUESTION])
    feature = model.features(random_pixels(1, 2))
    vocabulary, penalty = config["text_config"]["vocab_size"], 1.3
    how = generation_config(max_new_tokens=2, num_beams=vocabulary // 2, pad_token_id=1, eos_token_id=3)
    found = model.generate(pack([prompt], 1, CPU), feature, how, penalty)[0].tolist()

    start = model.embed(torch.tensor([prompt.token_ids]), torch.tensor([prompt.video_mask]), feature)[0]
    table = weights["language_model.model.decoder.embed_tokens.weight"]
    first = next_word_by_hand(weights, config, start).log_softmax(-1)
    best = (-torch.inf, [0, 0])
    for one in first.topk(vocabulary // 2).indices.tolist():
        scores = next_word_by_hand(weights, config, torch.cat([start, table[[one]]])).log_softmax(-1)
        scores[one] *= penalty  # log probabilities are negative
        best = max(best, (float(first[one] + scores.max()), [one, int(scores.argmax())]))
    assert found == best[1]


def test_the_prompt_is_laid_out_as_eilev_was_trained(opt: Loaded) -> None:
    """Of `generate_input_ids_and_labels_from_interleaved`: </s>, then for each video its places, a new line, the
    text, and a new line after all texts but the last."""
    model, tokenizer, _, _ = opt
    newline = tokenizer.convert_tokens_to_ids("Ċ")
    first = tokenizer("What? He runs.", add_special_tokens=False)["input_ids"]
    last = tokenizer("What?", add_special_tokens=False)["input_ids"]
    prompt = PromptWriter(tokenizer, model.config).interleaved(["What? He runs.", "What?"])
    video = [1] * 4
    assert prompt.token_ids == (2, *video, newline, *first, newline, *video, newline, *last)
    seen = [0] + [1] * 4 + [0] * (len(first) + 2) + [1] * 4 + [0] * (len(last) + 1)
    assert prompt.video_mask == tuple(bool(one) for one in seen)


def test_the_prompt_of_flan_t5_ends_with_its_end(tmp_path: Path) -> None:
    config = write_tiny_blip(tmp_path, "t5")
    tokenizer = read_tokenizer(tmp_path)
    model = load_videoblip(tmp_path, CPU, torch.float32)
    first = tokenizer("A woman is walking", add_special_tokens=False)["input_ids"]
    last = tokenizer("A man", add_special_tokens=False)["input_ids"]
    prompt = PromptWriter(tokenizer, model.config).interleaved(["A woman is walking", "A man"])
    space = tokenizer.convert_tokens_to_ids("▁")
    assert config["num_query_tokens"] == 4
    assert space == 3
    video = [0] * 4
    assert prompt.token_ids == (*video, space, *first, space, *video, space, *last, 1)
    assert sum(prompt.video_mask) == 8


def test_the_prompt_of_blip2_starts_with_the_picture(loaded: Loaded) -> None:
    model, tokenizer, config, _ = loaded
    words = tokenizer("a photo of", add_special_tokens=False)["input_ids"]
    prompt = PromptWriter(tokenizer, model.config).still("a photo of")
    if config["text_config"]["model_type"] == "opt":
        assert prompt.token_ids == (1, 1, 1, 1, 2, *words)
    else:
        assert prompt.token_ids == (0, 0, 0, 0, *words, 1)
    assert prompt.video_mask == (True,) * 4 + (False,) * (len(words) + 1)


def test_captions_of_opt_end_with_their_line(opt: Loaded) -> None:
    """Its number is the tokenizer's own: this vocabulary has it elsewhere than the published one (50118)."""
    model, tokenizer, _, _ = opt
    describer = Describer(model, tokenizer, question=QUESTION, generation=Generation(beams=1, max_new_tokens=5))
    newline = tokenizer("\n", add_special_tokens=False)["input_ids"]
    assert [describer.how.eos_token_id] == newline
    assert newline != [50118]


def test_an_answer_that_ends_at_once_is_empty(opt: Loaded) -> None:
    model, tokenizer, _, _ = opt
    describer = Describer(model, tokenizer, question=QUESTION, generation=Generation(beams=2, max_new_tokens=5))
    describer.how.forced_eos_token_id = describer.how.eos_token_id
    describer.how.max_new_tokens = 1
    assert describer.describe(random_clips(2)) == ["", ""]


def test_a_tokenizer_without_new_lines_is_refused(opt: Loaded) -> None:
    model = opt[0]

    class Letters:
        pad_token_id = bos_token_id = eos_token_id = unk_token_id = 0

        def __call__(self, text: str, **_: object) -> dict[str, list[int]]:
            return {"input_ids": [0] * len(text)}

    with pytest.raises(ModelUnavailableError, match="new line"):
        PromptWriter(Letters(), model.config)


def test_prompts_of_different_lengths_do_not_disturb_each_other(loaded: Loaded) -> None:
    model, tokenizer, _, _ = loaded
    writer = PromptWriter(tokenizer, model.config)
    prompts = [
        writer.interleaved(["A man"]),
        writer.interleaved([f"What? {SENTENCES[1].strip()}", "Question: what is in the video? Answer:"]),
        writer.still("a photo of"),
    ]
    features = model.features(random_pixels(4, 2))
    how = generation_config(
        max_new_tokens=10, num_beams=3, pad_token_id=writer.pad_id,
        eos_token_id=writer.stop_id, decoder_start_token_id=0,
    )  # fmt: skip
    packed = pack(prompts, writer.pad_id, CPU)
    together = model.generate(packed, features, how, 1.3)
    parts = (features[:1], features[1:3], features[3:])
    for row, prompt, part in zip(together.tolist(), prompts, parts, strict=True):
        alone = model.generate(pack([prompt], writer.pad_id, CPU), part, how, 1.3)[0].tolist()
        assert row[: len(alone)] == alone
        assert set(row[len(alone) :]) <= {writer.pad_id}
    assert len({tuple(row) for row in together.tolist()}) == 3


def test_packing_fills_up_on_the_left() -> None:
    packed = pack([Prompt((5,), (False,)), Prompt((7, 8, 9), (True, True, False))], 1, CPU)
    assert packed.token_ids.tolist() == [[1, 1, 5], [7, 8, 9]]
    assert packed.attention_mask.tolist() == [[0, 0, 1], [1, 1, 1]]
    assert packed.video_mask.tolist() == [[False] * 3, [True, True, False]]


def test_a_batch_says_what_its_clips_say_alone(loaded: Loaded) -> None:
    model, tokenizer, _, _ = loaded
    examples = [Example(tuple(random_clips(1, seed=9)[0]), "A woman is walking.")]
    describer = Describer(
        model, tokenizer, question=QUESTION, generation=Generation(max_new_tokens=12), examples=examples
    )
    clips = random_clips(5)
    together = describer.describe(clips)
    assert together == [describer.describe([clip])[0] for clip in clips]
    assert together == describer.describe(clips)
    assert len(set(together)) > 1


def test_examples_and_their_order_change_the_answer(opt: Loaded) -> None:
    model, tokenizer, _, _ = opt
    one, two = (
        Example(tuple(clip), text)
        for clip, text in zip(random_clips(2, seed=4), ("A dog.", "A red coat."), strict=True)
    )
    clips = random_clips(6)

    def said(*examples: Example) -> list[str]:
        asked = Generation(beams=1, max_new_tokens=10)
        return Describer(model, tokenizer, question=QUESTION, generation=asked, examples=examples).describe(clips)

    assert said() != said(one, two)
    assert said(one, two) != said(two, one)


def test_too_many_examples_are_refused_before_anything_is_written(opt: Loaded) -> None:
    model, tokenizer, _, _ = opt
    examples = [Example(tuple(random_clips(1)[0]), SENTENCES[1])] * 5
    with pytest.raises(InputError, match=r"256.*fewer examples"):
        Describer(model, tokenizer, question=QUESTION, generation=Generation(), examples=examples)


def test_pixels_are_prepared_as_transformers_does() -> None:
    from PIL import Image
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    generator = np.random.default_rng(1)
    coarse = generator.integers(0, 256, (2, 9, 12, 3), dtype=np.uint8)
    clip = np.stack([np.asarray(Image.fromarray(one).resize((320, 180))) for one in coarse])
    processor = BlipImageProcessorPil(size={"height": 224, "width": 224})
    expected = processor([Image.fromarray(frame) for frame in clip], return_tensors="pt")["pixel_values"]
    found = normalised_pixels([clip, clip[::-1]], 224, PixelScale(), CPU)
    torch.testing.assert_close(found[0], expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(found[1], expected.flip(0), rtol=0, atol=1e-5)


def test_the_scale_of_pixels_is_the_folders(tmp_path: Path) -> None:
    write_tiny_blip(tmp_path)
    assert read_pixel_scale(tmp_path) == PixelScale((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    (tmp_path / "preprocessor_config.json").unlink()
    assert read_pixel_scale(tmp_path) == PixelScale()


def test_a_single_frame_is_blip2_as_transformers_has_it(tmp_path: Path) -> None:
    """A newer checkpoint of Salesforce: with a token for pictures and a longer embedding."""
    from transformers import Blip2ForConditionalGeneration

    config = tiny_config("opt", write_tokenizer(tmp_path, "opt") + 8) | {"image_token_index": 321}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    write_weights(tmp_path, random_weights(config), tied_names(config), "safetensors")
    theirs = Blip2ForConditionalGeneration.from_pretrained(tmp_path).eval()
    tokenizer = read_tokenizer(tmp_path)
    ours = load_videoblip(tmp_path, CPU, torch.float32)
    asked = Generation(repetition_penalty=1.0, max_new_tokens=10)
    describer = Describer(ours, tokenizer, question="a photo of", generation=asked, interleaved=False)
    clips = random_clips(3, frames=1)
    prompt = PromptWriter(tokenizer, ours.config).still("a photo of")
    ids = torch.tensor([prompt.token_ids])
    ids[torch.tensor([prompt.video_mask])] = 321
    expected = [
        theirs.generate(
            pixel_values=normalised_pixels([clip], 16, PixelScale(), CPU)[0], input_ids=ids, num_beams=4,
            do_sample=False, max_new_tokens=10, eos_token_id=describer.how.eos_token_id, pad_token_id=1,
        )[0, ids.shape[1] :]
        for clip in clips
    ]  # fmt: skip
    assert describer.describe(clips) == [
        t.strip() for t in tokenizer.batch_decode(expected, skip_special_tokens=True)
    ]


def test_a_folder_without_tokenizer_is_refused(tmp_path: Path) -> None:
    write_tiny_blip(tmp_path / "model")
    shutil.copy(tmp_path / "model" / "config.json", tmp_path)
    with pytest.raises(ModelUnavailableError, match="tokenizer"):
        read_tokenizer(tmp_path)

"""The captioners of the BLIP-2 family, from a folder to captions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from PIL import Image  # noqa: E402

from tests.captioning.tiny_blip import write_tiny_blip  # noqa: E402
from vsearch_pipeline.captioning import blip_checkpoint  # noqa: E402
from vsearch_pipeline.captioning.blip import Blip2Captioner, EilevCaptioner  # noqa: E402
from vsearch_pipeline.captioning.clean import clean_caption  # noqa: E402
from vsearch_pipeline.captioning.facts import Clip  # noqa: E402
from vsearch_pipeline.captioning.generation import Generation  # noqa: E402
from vsearch_pipeline.captioning.registry import load_captioner  # noqa: E402
from vsearch_pipeline.captioning.videoblip import Describer  # noqa: E402
from vsearch_pipeline.errors import InputError, ModelRunError, ModelUnavailableError  # noqa: E402
from vsearch_pipeline.hub import digest_of  # noqa: E402

SHORT = Generation(max_new_tokens=10)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost more than they bring to networks of this size, on a busy machine a hundredfold."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny-eilev"
    write_tiny_blip(path)
    return path


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    for number, caption in enumerate(("A dog runs.", "A man\nis sitting.\n")):
        write_example(tmp_path / "examples" / f"{number}", caption, pictures=3, seed=number)
    return tmp_path / "examples"


def write_example(path: Path, caption: str, pictures: int, seed: int) -> None:
    path.mkdir(parents=True)
    generator = np.random.default_rng(seed)
    for number in range(pictures):
        picture = generator.integers(0, 256, (20 + number, 30, 3), dtype=np.uint8)
        Image.fromarray(picture).save(path / f"{number}.png")
    (path / "caption.txt").write_text(caption, encoding="utf-8")


def clips(count: int, frames: int = 8) -> list[Clip]:
    generator = np.random.default_rng(7)
    return [
        Clip(generator.integers(0, 256, (frames, 24, 32, 3), dtype=np.uint8), tuple(range(frames)))
        for _ in range(count)
    ]


def texts(captioner: EilevCaptioner | Blip2Captioner, asked: Sequence[Clip]) -> list[str]:
    return [caption.raw_text for caption in captioner.caption(asked)]


def test_making_one_reads_no_weights(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise AssertionError("weights were read")

    monkeypatch.setattr(blip_checkpoint, "load_videoblip", refuse)
    captioner = EilevCaptioner(str(folder), SHORT)
    with pytest.raises(AssertionError, match="weights were read"):
        captioner.caption(clips(1))


def test_what_is_recorded_of_eilev(folder: Path) -> None:
    captioner = EilevCaptioner(str(folder), Generation())
    assert captioner.name == "eilev:tiny-eilev"
    assert captioner.version == digest_of(folder)
    assert captioner.settings == {
        "prompt": "Question: Describe in detail what actions are taking place in the video.\nAnswer:",
        "beams": 4,
        "repetition_penalty": 1.3,
        "max_new_tokens": 128,
        "frames": 8,
        "precision": "auto",
        "examples": None,
    }
    assert (captioner.frames, captioner.batch) == (8, 8)


def test_what_is_recorded_of_blip2(folder: Path, examples: Path) -> None:
    captioner = Blip2Captioner(str(folder), Generation(batch=3, examples=examples))
    assert captioner.name == "blip2:tiny-eilev"
    assert (captioner.frames, captioner.batch) == (1, 3)
    assert captioner.settings["prompt"] == "a photo of"
    assert captioner.settings["frames"] == 1
    assert "examples" not in captioner.settings


def test_the_registry_makes_both(folder: Path) -> None:
    assert isinstance(load_captioner(f"eilev:{folder}", generation=SHORT), EilevCaptioner)
    assert isinstance(load_captioner(f"blip2:{folder}", generation=SHORT), Blip2Captioner)


def test_a_folder_that_is_none_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="no config"):
        EilevCaptioner(str(tmp_path), SHORT)


@pytest.mark.parametrize("kind", [EilevCaptioner, Blip2Captioner])
@pytest.mark.parametrize("family", ["opt", "t5"])
def test_captions_are_the_same_in_any_batch_and_any_run(
    tmp_path: Path, kind: type[EilevCaptioner | Blip2Captioner], family: Any
) -> None:
    write_tiny_blip(tmp_path, family)
    asked = clips(5)
    together = kind(str(tmp_path), Generation(max_new_tokens=10, batch=5)).caption(asked)
    in_parts = kind(str(tmp_path), Generation(max_new_tokens=10, batch=2))
    assert in_parts.caption(asked) == together
    assert in_parts.caption(asked[::-1]) == together[::-1]
    assert len({caption.raw_text for caption in together}) > 1
    assert all(c.text == clean_caption(c.raw_text, in_parts.settings["prompt"]) for c in together)


def test_eilev_sees_frames_spread_over_the_clip(folder: Path) -> None:
    captioner = EilevCaptioner(str(folder), Generation(max_new_tokens=10, frames=3))
    whole = clips(4, frames=9)
    chosen = [Clip(clip.frames[[0, 4, 8]], (0, 4, 8)) for clip in whole]
    other = [Clip(clip.frames[[1, 3, 7]], (1, 3, 7)) for clip in whole]
    assert texts(captioner, whole) == texts(captioner, chosen)
    assert texts(captioner, whole) != texts(captioner, other)


def test_blip2_sees_the_middle_frame_only(folder: Path) -> None:
    captioner = Blip2Captioner(str(folder), SHORT)
    whole = clips(4, frames=5)
    middle = [Clip(clip.frames[2:3], (2,)) for clip in whole]
    first = [Clip(clip.frames[:1], (0,)) for clip in whole]
    assert texts(captioner, whole) == texts(captioner, middle)
    assert texts(captioner, whole) != texts(captioner, first)


def test_each_setting_has_its_effect(folder: Path, examples: Path) -> None:
    asked = clips(6)
    plain = texts(EilevCaptioner(str(folder), SHORT), asked)
    for changed in (
        Generation(max_new_tokens=10, prompt="What is in the video?"),
        Generation(max_new_tokens=10, beams=1),
        Generation(max_new_tokens=10, repetition_penalty=4.0),
        Generation(max_new_tokens=10, frames=2),
        Generation(max_new_tokens=4),
        Generation(max_new_tokens=10, examples=examples),
    ):
        captioner = EilevCaptioner(str(folder), changed)
        assert captioner.settings != EilevCaptioner(str(folder), SHORT).settings
        assert texts(captioner, asked) != plain


def test_memory_that_runs_out_halves_the_batch_and_loses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = clips(6)
    expected = texts(EilevCaptioner(str(folder), SHORT), asked)
    sizes: list[int] = []
    describe = Describer.describe

    def small(self: Describer, frames: Sequence[Any]) -> list[str]:
        sizes.append(len(frames))
        if len(frames) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return describe(self, frames)

    monkeypatch.setattr(Describer, "describe", small)
    assert texts(EilevCaptioner(str(folder), SHORT), asked) == expected
    assert sizes == [6, 3, 1, 1, 1, 1, 1, 1]


def test_weights_that_do_not_fit_are_an_error_that_says_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(blip_checkpoint, "load_videoblip", full)
    with pytest.raises(ModelRunError, match="smaller model"):
        EilevCaptioner(str(folder), SHORT).caption(clips(1))


def test_empty_answers_stay_empty(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Describer, "describe", lambda _, frames: [""] * len(frames))
    for caption in EilevCaptioner(str(folder), SHORT).caption(clips(2)):
        assert (caption.text, caption.raw_text) == ("", "")


def test_no_clips_give_no_captions(folder: Path) -> None:
    assert EilevCaptioner(str(folder), SHORT).caption([]) == []


def test_the_digest_follows_the_examples(folder: Path, examples: Path) -> None:
    asked = Generation(max_new_tokens=10, examples=examples)
    before = EilevCaptioner(str(folder), asked).settings["examples"]
    assert before == EilevCaptioner(str(folder), asked).settings["examples"]
    (examples / "1" / "caption.txt").write_text("A man is standing.")
    assert EilevCaptioner(str(folder), asked).settings["examples"] != before


def test_examples_that_are_not_laid_out_right_are_named(folder: Path, tmp_path: Path) -> None:
    asked = Generation(examples=tmp_path / "shown")

    def refused(said: str) -> None:
        with pytest.raises(InputError, match=said):
            EilevCaptioner(str(folder), asked)

    refused("shown holds no examples")
    (tmp_path / "shown" / "walk").mkdir(parents=True)
    refused("walk has no pictures")
    (tmp_path / "shown" / "walk" / "1.jpg").write_bytes(b"no picture")
    refused("walk has no caption")
    (tmp_path / "shown" / "walk" / "caption.txt").write_text(" \n")
    refused("walk has no caption")
    (tmp_path / "shown" / "walk" / "caption.txt").write_text("A man walks.")
    with pytest.raises(InputError, match=r"1\.jpg"):
        EilevCaptioner(str(folder), asked).caption(clips(1))

"""Detectors of transformers of two real architectures, tiny and random."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("transformers")

from tests.captioning.tiny_detr import ARCHITECTURES, NAMES, SIDE, tiny_detr
from vsearch_pipeline.captioning.objects import SCORE_FLOOR, DetectedObject, without_rivals
from vsearch_pipeline.captioning.registry import load_object_detector
from vsearch_pipeline.captioning.transformers_objects import TransformersDetector
from vsearch_pipeline.errors import ModelRunError, ModelUnavailableError

Picture = npt.NDArray[np.uint8]
COCO = {0: "person", 1: "couch", 2: "traffic light", 4: "Lego brick"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def make(architecture: str) -> Path:
        if architecture not in made:
            made[architecture] = tiny_detr(tmp_path_factory.mktemp(architecture), architecture)
        return made[architecture]

    return make


def pictures() -> list[Picture]:
    """Noise of three sizes, coarse enough to be different after scaling."""
    random = np.random.default_rng(5)
    coarse = [
        random.integers(0, 256, (h // 8, w // 8, 3), dtype=np.uint8) for h, w in ((48, 96), (96, 48), (64, 64))
    ]
    return [np.kron(one, np.ones((8, 8, 1), np.uint8)) for one in (*coarse, coarse[0][:, ::-1], coarse[1][::-1])]


def by_hand(path: Path, architecture: str, picture: Picture) -> list[DetectedObject]:
    """What the raw output of the model says: boxes by centre and size, sigmoid for RT-DETR, and for YOLOS softmax
    with a last class for nothing."""
    import torch
    from PIL import Image
    from transformers import AutoModelForObjectDetection

    model = AutoModelForObjectDetection.from_pretrained(path).eval()
    small = np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32) / 255
    if architecture == "yolos":
        small = (small - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    with torch.no_grad():
        out = model(torch.from_numpy(small.astype(np.float32).transpose(2, 0, 1))[None])
    logits, boxes = out.logits[0].double().numpy(), out.pred_boxes[0].double().numpy()
    if architecture == "yolos":
        scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        likely = [(query, int(scores[query, :-1].argmax())) for query in range(len(scores))]
    else:
        scores = 1 / (1 + np.exp(-logits))
        best = np.argsort(-scores, axis=None)[: len(scores)]
        likely = [(int(place) // len(NAMES), int(place) % len(NAMES)) for place in best]
    found = []
    for query, label in likely:
        x, y, width, height = boxes[query]
        corners = np.clip([x - width / 2, y - height / 2, x + width / 2, y + height / 2], 0, 1).round(4)
        if label in COCO and scores[query, label] >= SCORE_FLOOR:
            left, top, right, bottom = corners.tolist()
            found.append(
                DetectedObject(COCO[label], round(float(scores[query, label]), 4), (left, top, right, bottom))
            )
    return without_rivals(found)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_finds_what_the_model_says(folder: Callable[[str], Path], architecture: str) -> None:
    path = folder(architecture)
    detector = load_object_detector(f"transformers:{path}")
    found = detector.detect(pictures())
    assert sum(len(things) for things in found) > 3
    assert len({tuple(things) for things in found}) > 1, "what is found depends on what is seen"
    for picture, things in zip(pictures(), found, strict=True):
        expected = by_hand(path, architecture, picture)
        assert [thing.label for thing in things] == [thing.label for thing in expected]
        for one, other in zip(things, expected, strict=True):
            assert one.score == pytest.approx(other.score, abs=2e-4)
            assert one.bbox_xyxy == pytest.approx(other.bbox_xyxy, abs=2e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_batched_is_one_by_one(folder: Callable[[str], Path], architecture: str) -> None:
    detector = TransformersDetector(str(folder(architecture)))
    assert detector.detect(pictures()) == [detector.detect([picture])[0] for picture in pictures()]
    assert detector.detect([]) == []


def test_memory_that_runs_out_halves_the_batch(
    folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    detector = TransformersDetector(str(folder("yolos")))
    same = pictures()[:1] * 4
    expected = detector.detect(same)
    model, room = detector._loaded[1], 1
    forward = model.forward

    def narrow(**inputs: Any) -> Any:
        if len(inputs["pixel_values"]) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(**inputs)

    monkeypatch.setattr(model, "forward", narrow)
    assert detector.detect(same) == expected
    room = 0
    with pytest.raises(ModelRunError, match="Not even one picture fits into the memory"):
        detector.detect(same)


def test_what_it_records(folder: Callable[[str], Path]) -> None:
    path = folder("rt_detr_v2")
    detector = TransformersDetector(str(path))
    assert detector.name == f"transformers:{path.name}"
    assert len(detector.version) == 12
    assert json.loads(json.dumps(detector.settings)) == {"score_floor": SCORE_FLOOR, "precision": "float32"}


def test_a_model_of_another_kind_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelUnavailableError, match="cannot be loaded as an object detector") as caught:
        TransformersDetector(str(tmp_path)).detect(pictures())
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="is no folder of a model"):
        TransformersDetector(str(tmp_path / "nothing"))

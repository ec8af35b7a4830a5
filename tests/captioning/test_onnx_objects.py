"""Exported detectors of every layout, as small graphs whose output is known: a constant, plus weights times the
mean of each channel of what the graph was given."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from vsearch_pipeline.captioning.objects import COCO_LABELS, DetectedObject
from vsearch_pipeline.captioning.onnx_layouts import Placed, Reading, prepare, read_out
from vsearch_pipeline.captioning.onnx_objects import OnnxDetector
from vsearch_pipeline.captioning.registry import load_object_detector
from vsearch_pipeline.errors import ModelUnavailableError

WIDTH, HEIGHT = 64, 32
CELLS = 32 + 8 + 2  # of the strides 8, 16 and 32
PERSON, CAR, DOG = (COCO_LABELS.index(name) for name in ("person", "car", "dog"))
COLOUR = (200, 100, 40)

Floats = npt.NDArray[np.float32]
Output = tuple[Floats, Floats]
"""Constant of any shape, and weights (3, the same shape) of the means of the channels."""

CPU = ("CPUExecutionProvider",)


def constant(shape: tuple[int, ...], values: Mapping[tuple[int, ...], float]) -> Floats:
    filled = np.zeros(shape, np.float32)
    for place, value in values.items():
        filled[place] = value
    return filled


def export(
    path: Path,
    outputs: Mapping[str, Output],
    *,
    batch: int | str = "batch",
    exponential: bool = False,
    mask: bool = False,
    sized: tuple[str, Floats] | None = None,
    labels: list[int] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write a graph with a fixed input of 64 x 32.

    Args:
        exponential: put one into the graph, without effect.
        mask: read which pixels are real, and count the others as black.
        sized: an output of boxes that is the constant (Q, 4) of shares times `orig_target_sizes`.
        labels: an output of whole numbers.
    """
    nodes = [helper.make_node("ReduceMean", ["shown", "axes"], ["means"], keepdims=0)]
    values = {"axes": np.array([2, 3], np.int64)}
    inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, HEIGHT, WIDTH])]
    if mask:
        inputs.append(helper.make_tensor_value_info("pixel_mask", TensorProto.INT64, [batch, HEIGHT, WIDTH]))
        values["channel"] = np.array([1], np.int64)
        nodes[:0] = [
            helper.make_node("Cast", ["pixel_mask"], ["real"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["real", "channel"], ["real1"]),
            helper.make_node("Mul", ["images", "real1"], ["shown"]),
        ]
    else:
        nodes.insert(0, helper.make_node("Identity", ["images"], ["shown"]))
    results = []
    for name, (base, weights) in outputs.items():
        values |= {f"{name}_w": weights.reshape(3, -1), f"{name}_c": base.reshape(1, -1)}
        values[f"{name}_s"] = np.array([-1, *base.shape], np.int64)
        nodes += [
            helper.make_node("MatMul", ["means", f"{name}_w"], [f"{name}_m"]),
            helper.make_node("Add", [f"{name}_m", f"{name}_c"], [f"{name}_a"]),
            helper.make_node("Reshape", [f"{name}_a", f"{name}_s"], [name]),
        ]
        results.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, *base.shape]))
    if exponential:
        nodes.append(helper.make_node("Exp", ["axes_float"], ["unused"]))
        values["axes_float"] = np.zeros(1, np.float32)
    if sized is not None:
        name, shares = sized
        inputs.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, [batch, 2]))
        values |= {f"{name}_c": shares[None], f"{name}_x": np.array([1], np.int64)}
        nodes += [
            helper.make_node("Cast", ["orig_target_sizes"], ["sizes"], to=TensorProto.FLOAT),
            helper.make_node("Concat", ["sizes", "sizes"], ["sizes4"], axis=1),
            helper.make_node("Unsqueeze", ["sizes4", f"{name}_x"], ["sizes4q"]),
            helper.make_node("Mul", ["sizes4q", f"{name}_c"], [name]),
        ]
        results.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, len(shares), 4]))
    if labels is not None:
        values |= {"labels_c": np.array([labels], np.int64), "one": np.ones((1, 1), np.int64)}
        nodes += [
            helper.make_node("Shape", ["means"], ["count"], start=0, end=1),
            helper.make_node("Concat", ["count", "one_flat"], ["count2"], axis=0),
            helper.make_node("Expand", ["labels_c", "count2"], ["labels"]),
        ]
        values["one_flat"] = np.ones(1, np.int64)
        results.append(helper.make_tensor_value_info("labels", TensorProto.INT64, [batch, len(labels)]))
    graph = helper.make_graph(
        nodes, "detector", inputs, results, [numpy_helper.from_array(v, n) for n, v in values.items()]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(model, dict(metadata or {}))
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def plain(width: int, height: int) -> npt.NDArray[np.uint8]:
    return np.full((height, width, 3), COLOUR, np.uint8)


def thing(label: str, score: float, box: tuple[float, ...]) -> Any:
    """A record that agrees to the four digits that records have."""
    return DetectedObject(label, pytest.approx(score, abs=1e-4), pytest.approx(box, abs=1e-4))  # type: ignore[arg-type]


def raw_yolox() -> Output:
    """A person in a cell of 16 pixels, a worse double of it, and a car scored by the mean of the first channel."""
    person, double, car = 32 + 1 * 4 + 2, 1 * 8 + 3, 32 + 8 + 1
    base = constant(
        (CELLS, 85),
        {
            (person, 0): 0.5,  # centre (2 + 0.5) * 16 = 40
            (person, 1): 0.25,  # centre (1 + 0.25) * 16 = 20
            (person, 2): np.log(1.5),  # 24 wide
            (person, 3): np.log(0.5),  # 8 high
            (person, 4): 0.9,
            (person, 5 + PERSON): 0.8,
            (double, 0): 41 / 8 - 3,
            (double, 1): 20 / 8 - 1,
            (double, 2): np.log(24 / 8),
            (double, 3): np.log(8 / 8),
            (double, 4): 0.7,
            (double, 5 + PERSON): 0.8,
            (car, 0): 0.0,  # centre (1 + 0) * 32
            (car, 1): 0.25,  # centre (0 + 0.25) * 32
            (car, 2): np.log(0.25),  # 8 wide
            (car, 3): np.log(0.5),  # 16 high
            (car, 4): 1.0,
        },
    )
    weights = np.zeros((3, CELLS, 85), np.float32)
    weights[0, car, 5 + CAR] = 1 / 100
    return base, weights


def test_yolox_decodes_its_grids_in_a_picture_that_is_not_square(tmp_path: Path) -> None:
    detector = OnnxDetector(str(export(tmp_path / "yolox.onnx", {"output": raw_yolox()})), CPU)
    # 100 x 40 fits as 64 x 26, at the top left of 64 x 32
    [found] = detector.detect([plain(100, 40)])
    blue_mean = (26 * 40 + 6 * 114) / 32  # blue comes first, 114 is below the picture
    assert found == [
        thing("person", 0.72, (28 / 64, 16 / 26, 52 / 64, 24 / 26)),
        thing("car", blue_mean / 100, (28 / 64, 0.0, 36 / 64, 16 / 26)),
    ]
    assert detector.settings["layout"] == "objectness"
    assert detector.settings["decoded"] is False
    assert (detector.settings["fit"], detector.settings["colours"], detector.settings["scale"]) == (
        "corner",
        "bgr",
        1.0,
    )


def in_pixels(extra: int) -> Floats:
    """A person twice, the worse box overlapping by less than the limit, and a dog that covers the person: every
    score 0.9, 0.8, 0.7."""
    rows = np.zeros((CELLS, extra + 80), np.float32)
    for row, (box, label, score) in enumerate(
        [((20, 10, 20, 10), PERSON, 0.9), ((30, 10, 20, 10), PERSON, 0.8), ((21, 10, 20, 10), DOG, 0.7)]
    ):
        rows[row, :4] = box
        rows[row, extra + label] = score
        if extra == 5:
            rows[row, 4] = 1
    return rows


def test_decoded_yolox_is_known_by_its_exponential(tmp_path: Path) -> None:
    weights = np.zeros((3, CELLS, 85), np.float32)
    path = export(tmp_path / "yolox.onnx", {"output": (in_pixels(5), weights)}, exponential=True)
    detector = OnnxDetector(str(path), CPU)
    assert detector.settings["decoded"] is True
    [found] = detector.detect([plain(64, 32)])
    # the dog is the person seen again, the second person is another: they share a third
    assert found == [
        thing("person", 0.9, (10 / 64, 5 / 32, 30 / 64, 15 / 32)),
        thing("person", 0.8, (20 / 64, 5 / 32, 40 / 64, 15 / 32)),
    ]


@pytest.mark.parametrize("rows_are_boxes", [True, False], ids=["(N, 4 + C)", "(4 + C, N)"])
def test_yolo_without_objectness_is_centred(tmp_path: Path, rows_are_boxes: bool) -> None:
    rows = in_pixels(4)
    weights = np.zeros((3, *rows.shape), np.float32)
    rows[0, 4 + PERSON] = 0
    weights[0, 0, 4 + PERSON] = 1.2  # red first, 0..1
    output = (rows, weights) if rows_are_boxes else (rows.T.copy(), weights.transpose(0, 2, 1).copy())
    detector = OnnxDetector(str(export(tmp_path / "yolo.onnx", {"output0": output})), CPU)
    # 40 x 40 fits as 32 x 32 from 16 to 48
    [found] = detector.detect([plain(40, 40)])
    red_mean = (200 + 114) / 2 / 255
    assert found[0] == thing("person", 0.8, (4 / 32, 5 / 32, 24 / 32, 15 / 32))
    assert found[1] == thing("person", red_mean * 1.2, (0.0, 5 / 32, 14 / 32, 15 / 32))
    assert detector.settings["layout"] == "classes"
    assert detector.settings["transposed"] is not rows_are_boxes


def logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def queries(classes: int, likely: Mapping[tuple[int, int], float]) -> dict[str, Output]:
    """Three queries; logits given by query and class, all others -9."""
    logits = np.full((3, classes), -9, np.float32)
    for place, value in likely.items():
        logits[place] = value
    boxes = np.array([[0.5, 0.5, 0.5, 0.5], [0.25, 0.5, 0.5, 0.5], [0.9, 0.1, 0.4, 0.4]], np.float32)
    weights = np.zeros((3, 3, classes), np.float32)
    return {"logits": (logits, weights), "pred_boxes": (boxes, np.zeros((3, 3, 4), np.float32))}


@pytest.mark.parametrize("mask", [False, True])
def test_queries_with_sigmoid_are_stretched(tmp_path: Path, mask: bool) -> None:
    outputs = queries(80, {(0, PERSON): logit(0.9), (0, CAR): logit(0.2), (2, DOG): 0.0})
    outputs["logits"][1][2, 2, DOG] = 2.0  # blue last, 0..1
    detector = OnnxDetector(str(export(tmp_path / "rtdetr.onnx", outputs, mask=mask)), CPU)
    [found] = detector.detect([plain(90, 30)])
    assert found == [
        thing("person", 0.9, (0.25, 0.25, 0.75, 0.75)),
        thing("dog", 1 / (1 + np.exp(-2 * 40 / 255)), (0.7, 0.0, 1.0, 0.3)),
    ]
    assert detector.settings["activation"] == "sigmoid"


def test_queries_with_a_class_for_nothing(tmp_path: Path) -> None:
    """DETR: COCO's original ids, a last class for nothing, ImageNet's mean and deviation."""
    dog = 18  # its id: 12 was never used
    outputs = queries(92, {(0, dog): 3.0, (0, 91): 1.0, (1, 91): 9.0, (2, 91): 9.0})
    outputs["logits"][1][1, 0, dog] = 1.0
    detector = OnnxDetector(str(export(tmp_path / "detr.onnx", outputs)), CPU)
    green = (100 / 255 - 0.456) / 0.224
    powers = np.exp([3.0 + green, 1.0] + [-9.0] * 90)
    [found] = detector.detect([plain(90, 30)])
    assert found == [thing("dog", powers[0] / powers.sum(), (0.25, 0.25, 0.75, 0.75))]
    assert detector.settings["activation"] == "softmax"


def test_boxes_for_a_wanted_size(tmp_path: Path) -> None:
    """RT-DETR and D-FINE as their authors export them."""
    shares = np.array([[0.25, 0.5, 0.5, 1.0], [0.0, 0.0, 0.1, 0.1], [0.5, 0.0, 1.0, 0.5]], np.float32)
    scores = (np.array([0.8, 0.2, 0.6], np.float32), np.zeros((3, 3), np.float32))
    path = export(tmp_path / "dfine.onnx", {"scores": scores}, sized=("boxes", shares), labels=[PERSON, CAR, DOG])
    detector = OnnxDetector(str(path), CPU)
    [found] = detector.detect([plain(120, 40)])
    assert found == [
        thing("person", 0.8, (0.25, 0.5, 0.5, 1.0)),
        thing("dog", 0.6, (0.5, 0.0, 1.0, 0.5)),
    ]
    assert detector.settings["layout"] == "sized"


@pytest.mark.parametrize("batch", [1, 2, "batch"])
def test_batches_change_nothing(tmp_path: Path, batch: int | str) -> None:
    detector = OnnxDetector(str(export(tmp_path / "yolox.onnx", {"output": raw_yolox()}, batch=batch)), CPU)
    pictures = [plain(100, 40), plain(40, 100)[:, :, ::-1], plain(64, 32), np.zeros((32, 64, 3), np.uint8)] * 5
    found = detector.detect(pictures)
    assert found == [detector.detect([picture])[0] for picture in pictures]
    assert len({len(things) for things in found}) > 1, "the pictures differ"
    assert detector.detect([]) == []


def helmets() -> dict[str, Output]:
    rows = np.zeros((10, 6), np.float32)
    rows[0] = (32, 16, 32, 16, 0.0, 0.5)
    weights = np.zeros((3, 10, 6), np.float32)
    weights[0, 0, 4] = 1.0
    return {"output": (rows, weights)}


def test_names_from_the_metadata(tmp_path: Path) -> None:
    path = export(tmp_path / "custom.onnx", helmets(), metadata={"names": "{0: 'Helmet', 1: 'traffic_light'}"})
    [[best]] = OnnxDetector(str(path), CPU).detect([plain(64, 32)])
    assert best == thing("Helmet", 200 / 255, (0.25, 0.25, 0.75, 0.75))
    dark = plain(64, 32) // 4
    [[best]] = OnnxDetector(str(path), CPU).detect([dark])
    assert (best.label, best.score) == ("traffic light", 0.5)


def test_the_file_beside_goes_first(tmp_path: Path) -> None:
    path = export(tmp_path / "custom.onnx", helmets(), metadata={"names": "['x', 'y']", "fit": "corner"})
    beside = {
        "names": ["Helmet", "tvmonitor"],
        "colours": "bgr",
        "scale": 1,
        "mean": [30, 0, 0],
        "std": [10, 1, 1],
    }
    (tmp_path / "custom.json").write_text(json.dumps(beside))
    detector = OnnxDetector(str(path), CPU)
    assert detector.settings["fit"] == "corner"
    [[best]] = detector.detect([plain(64, 32)])
    # blue first: (40 - 30) / 10
    assert best == thing("Helmet", 1.0, (0.25, 0.25, 0.75, 0.75))
    first = detector.settings
    beside["names"] = ["Helmet", "vest"]
    (tmp_path / "custom.json").write_text(json.dumps(beside))
    changed = OnnxDetector(str(path), CPU)
    assert changed.version == detector.version
    assert changed.settings != first, "other names are other rows"


def test_a_changed_file_is_another_version(tmp_path: Path) -> None:
    one = OnnxDetector(str(export(tmp_path / "a.onnx", {"output": raw_yolox()})), CPU)
    base, weights = raw_yolox()
    other = OnnxDetector(str(export(tmp_path / "b.onnx", {"output": (base, weights * 2)})), CPU)
    assert one.version != other.version
    assert one.name == "onnx:a"
    assert one.runs_on == "CPUExecutionProvider"
    json.dumps(one.settings)


def unknown_layout(folder: Path) -> str:
    return str(
        export(folder / "m.onnx", {"output": (np.zeros((10, 7), np.float32), np.zeros((3, 10, 7), np.float32))})
    )


def no_model(folder: Path) -> str:
    (folder / "m.onnx").write_bytes(b"nothing")
    return str(folder / "m.onnx")


def said(**beside: Any) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        (folder / "m.json").write_text(json.dumps(beside))
        return str(export(folder / "m.onnx", {"output": raw_yolox()}))

    return make


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda folder: str(folder / "none.onnx"), "There is no ONNX file"),
        (lambda _: "model.onnx", "name it by its whole path"),
        (no_model, "cannot be loaded as an ONNX model"),
        (unknown_layout, r"its outputs \(output \[10, 7\]\) are of no known layout for 80 classes"),
        (said(sizes=3), "m.json may say names, input"),
        (said(fit="left"), "fit must be one of corner, centre, stretch"),
        (said(names=[]), "names must be a list"),
        (said(mean=[1, 2]), "cannot be used as an object detector"),
        (said(names=["a", "b"]), "no known layout for 2 classes"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, make: Callable[[Path], str], sentence: str) -> None:
    with pytest.raises(ModelUnavailableError, match=sentence) as caught:
        load_object_detector(f"onnx:{make(tmp_path)}")
    assert "\n" not in str(caught.value)


@settings(deadline=None)
@given(
    st.integers(1, 200),
    st.integers(1, 200),
    st.sampled_from(["corner", "centre", "stretch"]),
    st.tuples(*[st.floats(0, 1)] * 4),
)
def test_a_box_comes_back_from_where_the_picture_was_put(
    width: int, height: int, fit: Any, box: tuple[float, float, float, float]
) -> None:
    reading = Reading("sized", ("labels", "boxes", "scores"), ("thing",), (96, 64), fit=fit)
    image = np.full((height, width, 3), 255, np.uint8)
    pixels, placed = prepare(image, reading)
    white = np.argwhere(pixels[0] > 0.9)
    top, left = white.min(axis=0)
    bottom, right = white.max(axis=0) + 1
    assert placed == Placed(left, top, right - left, bottom - top), "the picture is where it is said to be"
    if fit != "stretch":
        ideal = min(96, 64 * width / height), min(64, 96 * height / width)
        assert abs(placed.width - ideal[0]) <= 0.5 or placed.width == 1, "as large as fits, undistorted"
        assert abs(placed.height - ideal[1]) <= 0.5 or placed.height == 1
    x = placed.left + np.array(box[::2]) * placed.width
    y = placed.top + np.array(box[1::2]) * placed.height
    outputs = [np.array([0]), np.array([[x[0], y[0], x[1], y[1]]]), np.array([0.5])]
    [(label, score, back)] = read_out(outputs, reading, placed)
    assert (label, score) == ("thing", 0.5)
    assert back == pytest.approx(box, abs=1e-9)

"""What exported object detectors read and write, told from the shapes of their outputs.

| layout | outputs | exported by | picture |
|---|---|---|---|
| `objectness` | (B, N, 5 + C): centre, size, objectness, classes | YOLOX | top left, BGR 0..255 |
| `classes` | (B, 4 + C, N) or (B, N, 4 + C): centre, size, classes | anchor-free YOLOs | centred, RGB 0..1 |
| `queries` | (B, Q, C) logits, (B, Q, 4) boxes as shares | optimum (RT-DETR, DETR); RF-DETR | stretch, RGB 0..1 |
| `sized` | labels, boxes, scores for `orig_target_sizes` | authors of RT-DETR, D-FINE | stretch, RGB 0..1 |

Graphs of `queries` that were trained on COCO's original ids, or with a class for "nothing", read pixels normalised
by ImageNet's mean and deviation (DETR, LW-DETR, RF-DETR). All of it can be said otherwise: see `reading_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.captioning.objects import COCO_BY_ID, COCO_LABELS, SCORE_FLOOR, coco_name

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Array = npt.NDArray[Any]
Triple = tuple[float, float, float]
Layout = Literal["objectness", "classes", "queries", "sized"]
Fit = Literal["corner", "centre", "stretch"]
Colours = Literal["rgb", "bgr"]
Activation = Literal["sigmoid", "softmax"]

NMS_IOU: Final = 0.45
"""Overlap with a better box of the same class from which a box goes: that of YOLOX's ONNX demo."""
STRIDES: Final = (8, 16, 32)
"""Sides of the cells of YOLOX's three grids, pixels."""
SAID: Final = ("names", "input", "fit", "colours", "scale", "mean", "std", "decoded", "activation")

_GREY: Final = 114
_IMAGENET: Final[tuple[Triple, Triple]] = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_COCO_IDS: Final = ("", *COCO_BY_ID)
_Choice = TypeVar("_Choice", bound=str)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a graph's input is made and its output read.

    Attributes:
        outputs: which ones, in the order of the module's table.
        transposed: whether a row of the output is a value of all boxes, not a box.
        names: of the classes, "" for one that is nothing.
        input: width and height, pixels.
        fit: where the picture lies in the input.
        colours: order of the channels, also of `mean` and `std`.
        scale: pixels 0..255 are multiplied by it, then normalised: (x - mean) / std.
        decoded: whether boxes are in pixels; else they are in cells of grids (`objectness` only).
        activation: what makes scores of logits (`queries` only); with `softmax` the last class is "nothing".
    """

    layout: Layout
    outputs: tuple[str, ...]
    names: tuple[str, ...]
    input: tuple[int, int]
    fit: Fit = "stretch"
    colours: Colours = "rgb"
    scale: float = 1 / 255
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)
    transposed: bool = False
    decoded: bool = True
    activation: Activation = "sigmoid"


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a picture lies in the graph's input, pixels."""

    left: int
    top: int
    width: int
    height: int


def reading_of(
    shapes: Mapping[str, tuple[int, ...]],
    said: Mapping[str, Any],
    size: tuple[int, int],
    has_exp: Callable[[], bool],
) -> Reading:
    """How to use a graph.

    Args:
        shapes: of each output, without the batch.
        said: what is known of the graph from elsewhere, by the names of `SAID` (a list or an object by number for
            `names`), and goes before what its layout has by default.
        size: width and height of its input.
        has_exp: tells whether there is an exponential in the graph, by which YOLOX decodes sizes.

    Raises:
        ValueError: the outputs are of no known layout, or something said cannot be; the message says which.
    """
    reading = _by_shape(shapes, _names(said.get("names")), size, has_exp)
    changes: dict[str, Any] = {}
    if "fit" in said:
        changes["fit"] = _choice("fit", said["fit"], get_args(Fit))
    if "colours" in said:
        changes["colours"] = _choice("colours", said["colours"], get_args(Colours))
    if "activation" in said:
        changes["activation"] = _choice("activation", said["activation"], get_args(Activation))
    if "decoded" in said:
        changes["decoded"] = bool(said["decoded"])
    if "scale" in said:
        changes["scale"] = float(said["scale"])
    for name in ("mean", "std"):
        if name in said:
            first, second, third = (float(value) for value in said[name])
            changes[name] = (first, second, third)
    return replace(reading, **changes)


def prepare(image: Image, reading: Reading) -> tuple[Floats, Placed]:
    """The input for an RGB picture (H, W, 3): (3, height, width) float32, and where the picture lies in it."""
    import cv2

    width, height = reading.input
    placed = _place(image.shape[1], image.shape[0], reading)
    resized = cv2.resize(image, (placed.width, placed.height), interpolation=cv2.INTER_LINEAR)
    canvas = np.full((height, width, 3), _GREY, np.uint8)
    canvas[placed.top : placed.top + placed.height, placed.left : placed.left + placed.width] = resized
    if reading.colours == "bgr":
        canvas = canvas[:, :, ::-1]
    scaled = canvas.astype(np.float32) * np.float32(reading.scale)
    pixels = (scaled - np.array(reading.mean, np.float32)) / np.array(reading.std, np.float32)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)), placed


def read_out(
    outputs: Sequence[Array], reading: Reading, placed: Placed
) -> Iterator[tuple[str, float, tuple[float, float, float, float]]]:
    """Label, score and box (xyxy, shares of the picture, may reach beyond it) of what was found in one picture.

    Args:
        outputs: of the graph for this picture, in the order of `reading.outputs`.
    """
    classes, scores, boxes = _decoded(outputs, reading)
    for number, score, (x1, y1, x2, y2) in zip(classes.tolist(), scores.tolist(), boxes.tolist(), strict=True):
        if 0 <= number < len(reading.names):
            box = (
                (x1 - placed.left) / placed.width,
                (y1 - placed.top) / placed.height,
                (x2 - placed.left) / placed.width,
                (y2 - placed.top) / placed.height,
            )
            yield reading.names[number], score, box


def _by_shape(
    shapes: Mapping[str, tuple[int, ...]],
    names: tuple[str, ...] | None,
    size: tuple[int, int],
    has_exp: Callable[[], bool],
) -> Reading:
    if {"labels", "boxes", "scores"} <= set(shapes) and len(shapes["labels"]) == len(shapes["scores"]) == 1:
        return Reading("sized", ("labels", "boxes", "scores"), names or COCO_LABELS, size)
    flat = {name: shape for name, shape in shapes.items() if len(shape) == 2}
    if "logits" in flat and "pred_boxes" in flat:
        return _queries("logits", "pred_boxes", flat["logits"][1], names, size)
    boxes = [name for name, shape in flat.items() if shape[1] == 4]
    if len(flat) == 2 and len(boxes) == 1:
        [logits] = set(flat) - set(boxes)
        return _queries(logits, boxes[0], flat[logits][1], names, size)
    if len(flat) == 1:
        [(name, (rows, columns))] = flat.items()
        classes = names or COCO_LABELS
        if len(classes) in (columns - 5, rows - 5):
            transposed = len(classes) != columns - 5
            count = columns if transposed else rows
            decoded = count != len(_cells(size)[0]) or has_exp()
            return Reading(
                layout="objectness",
                outputs=(name,),
                names=classes,
                input=size,
                fit="corner",
                colours="bgr",
                scale=1.0,
                transposed=transposed,
                decoded=decoded,
            )
        if len(classes) in (columns - 4, rows - 4):
            transposed = len(classes) != columns - 4
            return Reading("classes", (name,), classes, size, fit="centre", transposed=transposed)
    found = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
    raise ValueError(f"its outputs ({found}) are of no known layout for {len(names or COCO_LABELS)} classes")


def _queries(logits: str, boxes: str, count: int, names: tuple[str, ...] | None, size: tuple[int, int]) -> Reading:
    for classes in (names,) if names else (COCO_LABELS, _COCO_IDS):
        if count - len(classes) in (0, 1):
            softmax = count > len(classes)
            mean, std = _IMAGENET if softmax or classes is _COCO_IDS else ((0.0,) * 3, (1.0,) * 3)
            activation: Activation = "softmax" if softmax else "sigmoid"
            return Reading("queries", (logits, boxes), classes, size, mean=mean, std=std, activation=activation)
    raise ValueError(f"its {logits} are of {count} classes, not of {len(names or COCO_LABELS)}")


def _place(width: int, height: int, reading: Reading) -> Placed:
    whole_width, whole_height = reading.input
    if reading.fit == "stretch":
        return Placed(0, 0, whole_width, whole_height)
    ratio = min(whole_width / width, whole_height / height)
    inner_width = min(whole_width, max(1, round(width * ratio)))
    inner_height = min(whole_height, max(1, round(height * ratio)))
    if reading.fit == "corner":
        return Placed(0, 0, inner_width, inner_height)
    return Placed((whole_width - inner_width) // 2, (whole_height - inner_height) // 2, inner_width, inner_height)


def _decoded(outputs: Sequence[Array], reading: Reading) -> tuple[Array, Array, Array]:
    """Classes (K,), scores (K,) and boxes (K, 4) in pixels of the input."""
    if reading.layout == "sized":
        labels, boxes, scores = outputs
        return labels.astype(np.int64), scores, boxes
    if reading.layout == "queries":
        return _decode_queries(outputs[0].astype(np.float64), outputs[1], reading)
    rows = outputs[0].T if reading.transposed else outputs[0]
    decode = _decode_objectness if reading.layout == "objectness" else _decode_classes
    return _without_doubles(*decode(rows, reading))


def _decode_objectness(rows: Array, reading: Reading) -> tuple[Array, Array, Array]:
    classes = rows[:, 5:].argmax(axis=1)
    scores = rows[:, 4] * rows[np.arange(len(rows)), 5 + classes]
    kept = np.flatnonzero(scores >= SCORE_FLOOR)
    centres, sizes = rows[kept, :2], rows[kept, 2:4]
    if not reading.decoded:
        corners, sides = _cells(reading.input)
        centres = (centres + corners[kept]) * sides[kept]
        sizes = np.exp(sizes) * sides[kept]
    return classes[kept], scores[kept], _corners(np.hstack([centres, sizes]))


def _decode_classes(rows: Array, _: Reading) -> tuple[Array, Array, Array]:
    classes = rows[:, 4:].argmax(axis=1)
    scores = rows[np.arange(len(rows)), 4 + classes]
    kept = np.flatnonzero(scores >= SCORE_FLOOR)
    return classes[kept], scores[kept], _corners(rows[kept, :4])


def _decode_queries(logits: Array, shares: Array, reading: Reading) -> tuple[Array, Array, Array]:
    boxes = _corners(shares) * np.array(reading.input * 2)
    if reading.activation == "sigmoid":
        # one query may be several classes at once, each with its own probability
        scores = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
        queries, classes = np.nonzero(scores >= SCORE_FLOOR)
    else:
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores = (powers / powers.sum(axis=1, keepdims=True))[:, :-1]
        queries, classes = np.arange(len(scores)), scores.argmax(axis=1)
    return classes, scores[queries, classes], boxes[queries]


def _cells(size: tuple[int, int]) -> tuple[Array, Array]:
    """Column and row of each cell of YOLOX's grids (N, 2), row by row, and the side of each in pixels (N, 1)."""
    corners, sides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: size[1] // stride, : size[0] // stride]
        corners.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        sides.append(np.full((rows.size, 1), stride))
    return np.concatenate(corners), np.concatenate(sides)


def _corners(boxes: Array) -> Array:
    """Boxes given by centre and size, by their corners."""
    halves = boxes[:, 2:] / 2
    return np.hstack([boxes[:, :2] - halves, boxes[:, :2] + halves])


def _without_doubles(classes: Array, scores: Array, boxes: Array) -> tuple[Array, Array, Array]:
    """Greedy non-maximum suppression inside each class."""
    waiting = np.lexsort((*boxes.T[::-1], classes, -scores))
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    kept = []
    while len(waiting):
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        inner = np.minimum(boxes[best, 2:], boxes[waiting, 2:]) - np.maximum(boxes[best, :2], boxes[waiting, :2])
        shared = np.prod(np.maximum(inner, 0), axis=1)
        overlap = shared / np.maximum(areas[best] + areas[waiting] - shared, 1e-9)
        waiting = waiting[(overlap < NMS_IOU) | (classes[waiting] != classes[best])]
    return classes[kept], scores[kept], boxes[kept]


def _names(given: Any) -> tuple[str, ...] | None:
    if given is None:
        return None
    if isinstance(given, Mapping):
        numbered = {int(number): str(name) for number, name in given.items()}
        given = [numbered.get(number, "") for number in range(max(numbered, default=-1) + 1)]
    if not isinstance(given, list) or not given:
        raise ValueError("names must be a list of the classes, or an object that has them by number")
    return tuple(coco_name(str(name)) for name in given)


def _choice(what: str, given: Any, known: Sequence[_Choice]) -> _Choice:
    for choice in known:
        if given == choice:
            return choice
    raise ValueError(f"{what} must be one of {', '.join(known)}")

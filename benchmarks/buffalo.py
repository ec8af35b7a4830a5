"""A pack of insightface with networks as large as those of `buffalo_l`, and random weights.

Layers, channels and strides are those of SCRFD-10GF with landmarks (Guo et al. 2021) and of ArcFace's IResNet-50
(Deng et al. 2019), with batch normalisation folded in, as the published files have it. Random weights see nothing,
so what the detector's network says is drowned by two faces at fixed places: what comes after has its usual work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
INPUT_SIDE, FACE_SIDE, DIM = 640, 112, 512
ANCHORS = 2
STRIDES = (8, 16, 32)
FACES = ((180, 200), (440, 220))
"""Middles of the two faces, pixels of the detector's input; each is `FACE` pixels wide and high."""
FACE = 96
POINTS = ((-0.2, -0.15), (0.2, -0.15), (0.0, 0.05), (-0.15, 0.25), (0.15, 0.25))
"""Eyes, nose and corners of the mouth, from the middle of the box, in its widths."""
FAINT = 1e-6
"""What is left of the network's own answer beside the faces: enough to be computed."""


@dataclass(frozen=True)
class Widths:
    """How large the networks are.

    Attributes:
        stem, stages, neck, head: channels of the detector; blocks of its stages.
        faces: channels of the recogniser's stages; blocks of them.
    """

    stem: int = 28
    stages: tuple[int, ...] = (56, 88, 88, 224)
    blocks: tuple[int, ...] = (3, 4, 2, 3)
    neck: int = 56
    head: int = 80
    faces: tuple[int, ...] = (64, 128, 256, 512)
    face_blocks: tuple[int, ...] = (3, 4, 14, 3)


PUBLISHED = Widths()
SMALL = Widths(
    stem=4, stages=(8, 8, 8, 8), blocks=(1, 1, 1, 1), neck=8, head=8, faces=(4, 8, 8, 8), face_blocks=(1, 1, 1, 1)
)


def write_pack(folder: Path, widths: Widths = PUBLISHED) -> dict[str, float]:
    """Write both networks; how many billion operations each takes for a picture, two to a weight and place."""
    folder.mkdir(parents=True)
    return {
        "detection": _write_detector(folder / "det_10g.onnx", widths),
        "recognition": _write_recogniser(folder / "w600k_r50.onnx", widths),
    }


@dataclass
class _Network:
    """Layers under way to a file. Each gives the name of its output; `shape` is (channels, side)."""

    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[onnx.TensorProto] = field(default_factory=list)
    shape: dict[str, tuple[int, int]] = field(default_factory=dict)
    operations: float = 0.0

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: object) -> str:
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        self.shape[output] = self.shape.get(inputs[0], (0, 0))
        return output

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> str:
        name = f"constant_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def conv(self, source: str, channels: int, side: int = 3, stride: int = 1) -> str:
        before, size = self.shape[source]
        weight = self.random.standard_normal((channels, before, side, side), np.float32)
        weight *= np.sqrt(2 / (before * side * side))  # He et al. 2015
        made = self.add(
            "Conv",
            source,
            self.constant(weight),
            self.constant(np.zeros(channels)),
            strides=[stride] * 2,
            pads=[side // 2] * 4,
        )
        self.shape[made] = channels, -(-size // stride)
        self.operations += 2 * weight.size * (-(-size // stride)) ** 2
        return made

    def half(self, source: str, kind: str) -> str:
        made = self.add(kind, source, kernel_shape=[2, 2], strides=[2, 2])
        channels, size = self.shape[source]
        self.shape[made] = channels, size // 2
        return made

    def twice(self, source: str) -> str:
        made = self.add("Resize", source, "", self.constant([1, 1, 2, 2]), mode="nearest")
        channels, size = self.shape[source]
        self.shape[made] = channels, size * 2
        return made

    def save(self, path: Path, image: Sequence[int | str], outputs: dict[str, tuple[int | str, ...]]) -> float:
        """Write the file; the network's billions of operations."""
        graph = helper.make_graph(
            self.nodes,
            path.stem,
            [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, image)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
            self.weights,
        )
        onnx.save(
            helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8), str(path)
        )
        return self.operations / 1e9


def _write_detector(path: Path, widths: Widths) -> float:
    net = _Network(shape={"input.1": (3, INPUT_SIDE)})
    at = net.add("Relu", net.conv("input.1", widths.stem, stride=2))
    for channels in (widths.stem, 2 * widths.stem):
        at = net.add("Relu", net.conv(at, channels))
    at = net.half(at, "MaxPool")
    levels = []
    for stage, (channels, blocks) in enumerate(zip(widths.stages, widths.blocks, strict=True)):
        for block in range(blocks):
            at = _residual(net, at, channels, shrinks=stage > 0 and block == 0)
        levels.append(at)
    for stride, level in zip(STRIDES, _pyramid(net, levels[1:], widths.neck), strict=True):
        for _ in range(3):
            level = net.add("Relu", net.conv(level, widths.head))  # noqa: PLW2901 - three layers, one name
        told = _faces_at(stride)
        for (name, width), faces in zip((("score", 1), ("bbox", 4), ("kps", 10)), told, strict=True):
            said = net.conv(level, ANCHORS * width)
            if name == "score":
                said = net.add("Sigmoid", said)
            rows = net.add(
                "Reshape", net.add("Transpose", said, perm=[0, 2, 3, 1]), net.constant([-1, width], np.int64)
            )
            faint = net.add("Mul", rows, net.constant(FAINT))
            net.add("Add", faint, net.constant(faces), output=f"{name}_{stride}")
    outputs: dict[str, tuple[int | str, ...]] = {
        f"{name}_{stride}": (ANCHORS * (INPUT_SIDE // stride) ** 2, width)
        for name, width in (("score", 1), ("bbox", 4), ("kps", 10))
        for stride in STRIDES
    }
    return net.save(path, (1, 3, INPUT_SIDE, INPUT_SIDE), outputs)


def _residual(net: _Network, source: str, channels: int, *, shrinks: bool) -> str:
    stride = 2 if shrinks else 1
    inner = net.conv(net.add("Relu", net.conv(source, channels, stride=stride)), channels)
    beside = net.half(source, "AveragePool") if shrinks else source
    if shrinks or net.shape[source][0] != channels:
        beside = net.conv(beside, channels, side=1)
    return net.add("Relu", net.add("Add", inner, beside))


def _pyramid(net: _Network, levels: list[str], channels: int) -> list[str]:
    """Downwards and upwards again, as a path aggregation network does (Liu et al. 2018)."""
    sides = [net.conv(level, channels, side=1) for level in levels]
    for lower in (1, 0):
        sides[lower] = net.add("Add", sides[lower], net.twice(sides[lower + 1]))
    outs = [net.conv(side, channels) for side in sides]
    for upper in (1, 2):
        outs[upper] = net.add("Add", outs[upper], net.conv(outs[upper - 1], channels, stride=2))
    return [outs[0], *(net.conv(out, channels) for out in outs[1:])]


def _faces_at(stride: int) -> tuple[npt.NDArray[np.float32], ...]:
    """Scores (n, 1), distances to the box's edges (n, 4) and offsets of the points (n, 10), in strides: of the
    two faces at the stride that answers for their size, else of none."""
    cells = INPUT_SIDE // stride
    score, box, points = (np.zeros((cells, cells, ANCHORS, width), np.float32) for width in (1, 4, 10))
    for x, y in FACES if stride == STRIDES[1] else ():
        column, row = x // stride, y // stride
        score[row, column, 0] = 0.9
        box[row, column, 0] = FACE / 2 / stride
        points[row, column, 0] = np.reshape([(FACE * a / stride, FACE * b / stride) for a, b in POINTS], 10)
    return score.reshape(-1, 1), box.reshape(-1, 4), points.reshape(-1, 10)


def _write_recogniser(path: Path, widths: Widths) -> float:
    net = _Network(shape={"input.1": (3, FACE_SIDE)})
    at = _prelu(net, net.conv("input.1", widths.faces[0]))
    for channels, blocks in zip(widths.faces, widths.face_blocks, strict=True):
        for block in range(blocks):
            stride = 2 if block == 0 else 1
            inner = net.conv(_prelu(net, net.conv(at, channels)), channels, stride=stride)
            beside = net.conv(at, channels, side=1, stride=stride) if block == 0 else at
            at = net.add("Add", inner, beside)
    channels, side = net.shape[at]
    weight = net.random.standard_normal((channels * side * side, DIM), np.float32) / np.sqrt(
        channels * side * side
    )
    net.operations += 2 * weight.size
    net.add("MatMul", net.add("Flatten", at), net.constant(weight), output="embedding")
    return net.save(path, ("batch", 3, FACE_SIDE, FACE_SIDE), {"embedding": ("batch", DIM)})


def _prelu(net: _Network, source: str) -> str:
    return net.add("PRelu", source, net.constant(np.full((net.shape[source][0], 1, 1), 0.25)))

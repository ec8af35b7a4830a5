"""Packs of insightface built from nothing: small graphs with the inputs and outputs of SCRFD and ArcFace.

The detector finds red squares, the way SCRFD finds faces: nine outputs (score, box and five points for the strides
8, 16 and 32, two anchors a cell). All it says comes from the picture: the box from the spread of the red pixels,
the score from how red they are, the points from where a face's features lie in such a box.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image as Photo

from vsearch_pipeline.people.records import Image

FEATURES = ((-0.2, -0.15), (0.2, -0.15), (0.0, 0.05), (-0.15, 0.25), (0.15, 0.25))
"""Left eye, right eye, nose and corners of the mouth, from the middle of the box, in its widths and heights."""
EMBEDDING_DIM = 512
_SIDES = {8: (8, 24), 16: (24, 48), 32: (48, 96)}
"""Sides of the squares that each stride answers for, pixels of the detector's input."""
_OPSET = 17


class _Graph:
    """Nodes and constants under way to a model; each operation gives the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: object) -> str:
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def save(
        self,
        path: Path,
        image: tuple[int | str, int, int | str, int | str],
        outputs: dict[str, tuple[int | str, ...]],
    ) -> Path:
        graph = helper.make_graph(
            self.nodes,
            path.stem,
            [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, image)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, str(path))
        return path


def write_detector(path: Path, *, landmarks: bool = True) -> Path:
    """A detector of red squares with the outputs of SCRFD, six of them without landmarks."""
    graph = _Graph()
    shades = graph.add("Div", graph.add("Add", "input.1", graph.constant(127.5 / 128)), graph.constant(255 / 128))
    redness = graph.add("Conv", shades, graph.constant(np.reshape((1, -0.5, -0.5), (1, 3, 1, 1))))
    red = graph.add("Cast", graph.add("Greater", redness, graph.constant(0.2)), to=TensorProto.FLOAT)
    pixels = graph.add("Concat", red, graph.add("Mul", redness, red), axis=1)
    results = [_level(graph, pixels, stride) for stride in _SIDES]
    parts = [("score", 1), ("bbox", 4), ("kps", 10)][: 3 if landmarks else 2]
    outputs: dict[str, tuple[int | str, ...]] = {}
    for part, (name, width) in enumerate(parts):
        for stride, level in zip(_SIDES, results, strict=True):
            graph.add("Identity", level[part], output=f"{name}_{stride}")
            outputs[f"{name}_{stride}"] = (f"cells_{stride}", width)
    return graph.save(path, (1, 3, "height", "width"), outputs)


def _level(graph: _Graph, pixels: str, stride: int) -> tuple[str, str, str]:
    """Scores (n, 1), box distances (n, 4) and point offsets (n, 10) in strides, two anchors a cell."""
    count, x, y, xx, yy, amount = _moments(graph, pixels, stride)
    total = graph.add("Max", count, graph.constant(1))
    centre, size = [], []
    for first, second in ((x, xx), (y, yy)):
        mean = graph.add("Div", first, total)
        variance = graph.add("Sub", graph.add("Div", second, total), graph.add("Mul", mean, mean))
        # n pixels in a row have a variance of (n * n - 1) / 12
        squared = graph.add("Add", graph.add("Mul", variance, graph.constant(12)), graph.constant(1))
        centre.append(mean)
        size.append(graph.add("Sqrt", graph.add("Max", squared, graph.constant(0))))
    low, high = _SIDES[stride]
    longest = graph.add("Max", *size)
    conditions = [
        graph.add("GreaterOrEqual", longest, graph.constant(low)),
        graph.add("Less", longest, graph.constant(high)),
        *(graph.add("GreaterOrEqual", mean, graph.constant(-stride / 2)) for mean in centre),
        *(graph.add("Less", mean, graph.constant(stride / 2)) for mean in centre),
    ]
    mine = conditions[0]
    for condition in conditions[1:]:
        mine = graph.add("And", mine, condition)
    score = graph.add("Mul", graph.add("Div", amount, total), graph.add("Cast", mine, to=TensorProto.FLOAT))
    # the second anchor sees the same square less surely, which suppression has to take away
    scores = [score, graph.add("Mul", score, graph.constant(0.9))]
    half = [graph.add("Mul", length, graph.constant(0.5)) for length in size]
    box = [graph.add("Sub", h, c) for h, c in zip(half, centre, strict=True)]
    box += [graph.add("Add", h, c) for h, c in zip(half, centre, strict=True)]
    points = [
        graph.add("Add", centre[axis], graph.add("Mul", size[axis], graph.constant(feature[axis])))
        for feature in FEATURES
        for axis in (0, 1)
    ]
    scale = graph.constant(1 / stride)
    return (
        _rows(graph, scores, 1),
        graph.add("Mul", _rows(graph, box * 2, 4), scale),
        graph.add("Mul", _rows(graph, points * 2, 10), scale),
    )


def _moments(graph: _Graph, pixels: str, stride: int) -> list[str]:
    """Around each cell, of the red pixels: how many, sums of x, y, x*x and y*y, and the sum of their redness."""
    reach = 2 * stride
    offset = np.arange(-reach, reach) + 0.5
    columns, rows = np.meshgrid(offset, offset)
    kernels = np.zeros((6, 2, 2 * reach, 2 * reach), np.float32)
    kernels[:5, 0] = np.ones_like(rows), columns, rows, columns**2, rows**2
    kernels[5, 1] = 1
    sums = graph.add(
        "Conv",
        pixels,
        graph.constant(kernels),
        strides=[stride] * 2,
        pads=[reach, reach, reach - stride, reach - stride],
    )
    return [
        graph.add("Gather", sums, graph.constant([channel], np.int64), axis=1) for channel in range(len(kernels))
    ]


def _rows(graph: _Graph, channels: list[str], width: int) -> str:
    cells = graph.add("Transpose", graph.add("Concat", *channels, axis=1), perm=[0, 2, 3, 1])
    return graph.add("Reshape", cells, graph.constant([-1, width], np.int64))


def write_recogniser(path: Path, *, side: int = 112, batch: int | str = "batch", named_width: bool = True) -> Path:
    """A face's 8 x 8 means in each colour, mixed by a fixed matrix to 512 numbers."""
    graph = _Graph()
    means = graph.add("AveragePool", "input.1", kernel_shape=[side // 8] * 2, strides=[side // 8] * 2)
    flat = graph.add("Flatten", means)
    mix = np.random.default_rng(0).standard_normal((3 * 8 * 8, EMBEDDING_DIM)) / 14
    graph.add("MatMul", flat, graph.constant(mix), output="embedding")
    width: int | str = EMBEDDING_DIM if named_width else "width"
    return graph.save(path, (batch, 3, side, side), {"embedding": (batch, width)})


def write_pack(folder: Path) -> Path:
    """A pack of both, with the names that files of `buffalo_l` have."""
    folder.mkdir(parents=True)
    write_detector(folder / "det_10g.onnx")
    write_recogniser(folder / "w600k_r50.onnx")
    return folder


def paint(image: Image, x: int, y: int, side: int, *, red: int = 255, person: int | None = None) -> None:
    """Put a red square with its upper left corner at (x, y) into the image; a person's has a coarse pattern."""
    square = np.zeros((4, 4, 3), np.uint8)
    square[:, :, 0] = red
    if person is not None:
        square[:, :, 1:] = np.random.default_rng(person).integers(0, 120, (4, 4, 2))
    image[y : y + side, x : x + side] = np.asarray(Photo.fromarray(square).resize((side, side)))

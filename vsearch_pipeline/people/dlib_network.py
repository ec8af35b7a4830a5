"""dlib's face recognition network as an ONNX graph, built from the weights that dlib itself reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.errors import ModelUnavailableError
from vsearch_pipeline.people.alignment import DLIB_SIDE

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

Floats = npt.NDArray[np.float32]

MEAN_RGB: Final = (122.782, 117.001, 104.298)
"""What dlib takes from each pixel before it divides by 256 (input_rgb_image)."""
DESCRIPTOR_DIM: Final = 128
_STAGES: Final = ((3, 32), (3, 64), (2, 128), (2, 256), (0, 256))
"""Residual blocks and channels of each stage, in dlib's dnn_face_recognition_ex.cpp (anet_type); each stage
after the first begins with a block that halves the side."""
_TENSOR_VERSION: Final = 2
_OPSET: Final = 17
_IR_VERSION: Final = 9


def dlib_network(path: Path) -> bytes:
    """The network in `path` as a serialised ONNX model, batch normalisation folded into the convolutions.

    The model takes `image`, (n, 3, 150, 150) float32 RGB 0..255, and gives `descriptor`, (n, 128) float32: the
    values of dlib's `compute_face_descriptor` for aligned chips, which are near length 1 but not of it.

    Raises:
        ModelUnavailableError: the file is not dlib's face recognition network.
    """
    import onnx

    try:
        weights = _Weights(path.read_bytes())
        graph = _Graph(weights)
        graph.build()
    except (OSError, ValueError, IndexError) as error:
        raise ModelUnavailableError(f"{path} is not dlib's face recognition network ({error}).") from error
    tensor = onnx.helper.make_tensor_value_info
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes,
            "dlib_face_recognition_resnet_v1",
            [tensor("image", onnx.TensorProto.FLOAT, ["n", 3, DLIB_SIDE, DLIB_SIDE])],
            [tensor("descriptor", onnx.TensorProto.FLOAT, ["n", DESCRIPTOR_DIM])],
            graph.tensors,
        ),
        opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    return bytes(model.SerializeToString())


class _Weights:
    """Reads the layers of dlib's file in order, by the labels that dlib writes before their parameters."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def convolution(self, inputs: int, filters: int, side: int) -> tuple[Floats, Floats]:
        """Weights (filters, inputs, side, side) and biases (filters,), the affine layer after it folded in."""
        size = filters * inputs * side * side
        own = self._tensor("con_4", size + filters)
        gamma, beta = np.split(self._tensor("affine_", 2 * filters), 2)
        weights = own[:size].reshape(filters, inputs, side, side) * gamma[:, None, None, None]
        return weights, own[size:] * gamma + beta

    def fully_connected(self, inputs: int, outputs: int) -> Floats:
        """Weights (inputs, outputs); dlib's layer has no bias."""
        self._find("fc_2")
        if (self._integer(), self._integer()) != (outputs, inputs):
            raise ValueError(f"its last layer does not give {outputs} numbers from {inputs}")
        return self._values(inputs * outputs).reshape(inputs, outputs)

    def _tensor(self, label: str, size: int) -> Floats:
        self._find(label)
        return self._values(size)

    def _find(self, label: str) -> None:
        # a string is its length, an integer of one byte here, and its letters
        marked = bytes((1, len(label))) + label.encode()
        start = self._data.find(marked, self._position)
        if start < 0:
            raise ValueError(f"a layer {label} is missing")
        self._position = start + len(marked)

    def _values(self, size: int) -> Floats:
        version = self._integer()
        shape = [self._integer() for _ in range(4)]
        if version != _TENSOR_VERSION or int(np.prod(shape)) != size:
            raise ValueError(f"a layer has the shape {shape} where {size} numbers are expected")
        values = np.frombuffer(self._data, "<f4", size, self._position)
        self._position += 4 * size
        return values

    def _integer(self) -> int:
        """dlib's integer: a byte with the sign in its highest bit and the number of bytes that follow."""
        control = self._data[self._position]
        first = self._position + 1
        self._position = first + (control & 0x0F)
        value = int.from_bytes(self._data[first : self._position], "little")
        return -value if control & 0x80 else value


class _Graph:
    """Nodes and tensors of the network, each named after its place."""

    def __init__(self, weights: _Weights) -> None:
        self._weights = weights
        self.nodes: list[NodeProto] = []
        self.tensors: list[TensorProto] = []

    def build(self) -> None:
        channels = _STAGES[0][1]
        now = self._convolution("image", 3, channels, side=7, stride=2, padding=0, scaled_rgb=True)
        now = self._node("MaxPool", self._node("Relu", now), kernel_shape=[3, 3], strides=[2, 2])
        side = ((DLIB_SIDE - 7) // 2 + 1 - 3) // 2 + 1
        for number, (blocks, filters) in enumerate(_STAGES):
            if number:
                now, side = self._halving_block(now, channels, filters, side)
            for _ in range(blocks):
                now = self._block(now, filters)
            channels = filters
        now = self._node("Flatten", self._node("GlobalAveragePool", now))
        last = self._constant(self._weights.fully_connected(channels, DESCRIPTOR_DIM))
        self._node("MatMul", now, last, output="descriptor")

    def _block(self, before: str, channels: int) -> str:
        inner = self._node("Relu", self._convolution(before, channels, channels))
        inner = self._convolution(inner, channels, channels)
        return self._node("Relu", self._node("Add", inner, before))

    def _halving_block(self, before: str, channels: int, filters: int, side: int) -> tuple[str, int]:
        """Both branches are filled up with zeros at the end to the larger side and number of channels."""
        inner = self._node("Relu", self._convolution(before, channels, filters, stride=2, padding=0))
        inner = self._convolution(inner, filters, filters)
        pooled = self._node("AveragePool", before, kernel_shape=[2, 2], strides=[2, 2])
        inner_side, pooled_side = (side - 3) // 2 + 1, (side - 2) // 2 + 1
        side = max(inner_side, pooled_side)
        inner = self._filled_up(inner, 0, side - inner_side)
        pooled = self._filled_up(pooled, filters - channels, side - pooled_side)
        return self._node("Relu", self._node("Add", inner, pooled)), side

    def _filled_up(self, before: str, channels: int, pixels: int) -> str:
        if not channels and not pixels:
            return before
        return self._node("Pad", before, self._constant(np.array((0, 0, 0, 0, 0, channels, pixels, pixels))))

    def _convolution(
        self,
        before: str,
        channels: int,
        filters: int,
        *,
        side: int = 3,
        stride: int = 1,
        padding: int = 1,
        scaled_rgb: bool = False,
    ) -> str:
        weights, biases = self._weights.convolution(channels, filters, side)
        if scaled_rgb:
            # nothing is padded here, so that taking the mean away can be part of the biases
            weights = weights / np.float32(256)
            biases = biases - np.einsum("fcyx,c->f", weights, np.array(MEAN_RGB, np.float32))
        return self._node(
            "Conv",
            before,
            self._constant(weights),
            self._constant(biases),
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[padding] * 4,
        )

    def _node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        import onnx

        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _constant(self, values: npt.NDArray[Any]) -> str:
        import onnx

        name = f"tensor_{len(self.tensors)}"
        self.tensors.append(onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

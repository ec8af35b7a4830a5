"""Object detectors in ONNX files: exports of the YOLO family (YOLOX and others) and of the DETR family.

What the graph itself does not tell (`onnx_layouts`), a file `NAME.json` beside `NAME.onnx` can, or the metadata
inside the graph, under the same names; the file goes first:

    {"names": ["helmet", "vest"], "input": [640, 384], "fit": "stretch", "colours": "rgb", "scale": 0.00392,
     "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "decoded": true, "activation": "sigmoid"}
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.captioning.objects import SCORE_FLOOR, DetectedObject, records
from vsearch_pipeline.captioning.onnx_layouts import SAID, Array, Floats, Reading, prepare, read_out, reading_of
from vsearch_pipeline.errors import ModelRunError, ModelUnavailableError

BATCH: Final = 8
"""Pictures a run, where the graph takes any number: 40 MB of input at 640 x 640."""

_DEFAULT_SIDE: Final = 640
_VERSION_DIGITS: Final = 12


class OnnxDetector:
    """An object detector in an ONNX file, run by onnxruntime.

    Attributes:
        runs_on: the execution provider in use.
    """

    def __init__(self, source: str, providers: Sequence[str]) -> None:
        """
        Args:
            source: the file, absolute or from `~`.
            providers: execution providers of onnxruntime, the preferred first; those not there are passed over.

        Raises:
            ModelUnavailableError: there is no such file, it is no ONNX model, its outputs are of no known layout,
                or what is said of it cannot be used.
        """
        path = Path(source).expanduser()
        if not path.is_absolute() or not path.is_file():
            raise ModelUnavailableError(
                f"There is no ONNX file {source!r}: name it by its whole path, onnx:/a/folder/model.onnx."
            )
        self._path = path
        self._session = _session(path, providers)
        self._images, *others = self._session.get_inputs()
        self._others = [item.name for item in others]
        self._reading = self._read()
        self.name = f"onnx:{path.stem}"
        self.version = _digest(path)
        self.runs_on: str = self._session.get_providers()[0]
        self.settings: dict[str, Any] = {
            **asdict(self._reading),
            "names": hashlib.sha256("\n".join(self._reading.names).encode()).hexdigest()[:_VERSION_DIGITS],
            "precision": "float16" if self._dtype == np.float16 else "float32",
            "score_floor": SCORE_FLOOR,
        }

    def detect(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[list[DetectedObject]]:
        """One list per RGB image (H, W, 3), best score first, ties in reading order.

        Raises:
            ModelRunError: onnxruntime failed.
        """
        size = self._fixed_batch or BATCH
        found: list[list[DetectedObject]] = []
        for first in range(0, len(images), size):
            prepared = [prepare(image, self._reading) for image in images[first : first + size]]
            blank = [np.zeros_like(prepared[0][0])] * ((self._fixed_batch or len(prepared)) - len(prepared))
            outputs = self._run(np.stack([pixels for pixels, _ in prepared] + blank))
            wanted = [outputs[name] for name in self._reading.outputs]
            found.extend(
                records(read_out([output[place] for output in wanted], self._reading, placed))
                for place, (_, placed) in enumerate(prepared)
            )
        return found

    @property
    def _fixed_batch(self) -> int | None:
        size = self._images.shape[0]
        return size if isinstance(size, int) else None

    @property
    def _dtype(self) -> type[np.float16] | type[np.float32]:
        return np.float16 if self._images.type == "tensor(float16)" else np.float32

    def _run(self, pixels: Floats) -> dict[str, Array]:
        count, _, height, width = pixels.shape
        feed: dict[str, Array] = {self._images.name: pixels.astype(self._dtype)}
        for name in self._others:
            # beside the picture, exports read which pixels are real, or the size that boxes are wanted in
            feed[name] = np.ones((count, height, width), np.int64)
            if "mask" not in name:
                feed[name] = np.array([[width, height]] * count, np.int64)
        try:
            outputs = self._session.run(None, feed)
        except Exception as error:  # onnxruntime's errors share no base
            raise ModelRunError(f"{self._path} failed: {_first_line(error)}") from error
        names = (item.name for item in self._session.get_outputs())
        return {
            name: output.astype(np.float32) if output.dtype.kind == "f" else output
            for name, output in zip(names, outputs, strict=True)
        }

    def _read(self) -> Reading:
        try:
            said = _said(self._path, self._session)
            size = self._size(said.get("input", (_DEFAULT_SIDE, _DEFAULT_SIDE)))
            # the shapes that a graph declares are often symbols: a blank picture shows the real ones
            outputs = self._run(np.zeros((self._fixed_batch or 1, 3, size[1], size[0]), np.float32))
            shapes = {name: output.shape[1:] for name, output in outputs.items()}
            return reading_of(shapes, said, size, lambda: _has_exp(self._path))
        except (ModelRunError, TypeError, ValueError) as error:
            raise ModelUnavailableError(
                f"{self._path} cannot be used as an object detector: {_first_line(error)};"
                f" what its graph does not tell, {self._path.stem}.json beside it can."
            ) from error

    def _size(self, wanted: Sequence[Any]) -> tuple[int, int]:
        """Width and height of the input."""
        if len(self._images.shape) != 4:
            raise ValueError(f"its first input {self._images.name} is no batch of pictures")
        declared = self._images.shape[3], self._images.shape[2]
        width, height = (
            have if isinstance(have, int) else int(want) for have, want in zip(declared, wanted, strict=True)
        )
        return width, height


def _session(path: Path, providers: Sequence[str]) -> Any:
    import onnxruntime

    usable = [name for name in providers if name in onnxruntime.get_available_providers()]
    if not usable:
        raise ModelUnavailableError(f"This machine's onnxruntime has none of {', '.join(providers)}.")
    try:
        return onnxruntime.InferenceSession(str(path), providers=usable)
    except Exception as error:  # onnxruntime's errors share no base
        raise ModelUnavailableError(f"{path} cannot be loaded as an ONNX model: {_first_line(error)}") from error


def _said(path: Path, session: Any) -> dict[str, Any]:
    """What is said of the graph, by its own metadata and by the file beside it."""
    metadata: Mapping[str, str] = session.get_modelmeta().custom_metadata_map
    said = {name: _literal(metadata[name]) for name in SAID if name in metadata}
    beside = path.with_suffix(".json")
    if beside.is_file():
        given = json.loads(beside.read_text(encoding="utf-8"))
        if not isinstance(given, dict) or not given.keys() <= set(SAID):
            raise ValueError(f"{beside.name} may say {', '.join(SAID)}, and nothing else")
        said |= given
    return said


def _literal(text: str) -> Any:
    """A value in metadata, which exporters write as JSON, as Python or plainly."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def _has_exp(path: Path) -> bool:
    import onnx

    graph = onnx.load(str(path), load_external_data=False).graph
    return any(node.op_type == "Exp" for node in graph.node)


def _digest(path: Path) -> str:
    """Of the file, and of the one that holds its weights where they are kept apart."""
    digest = hashlib.sha256()
    for part in (path, path.with_name(f"{path.name}.data"), path.with_name(f"{path.name}_data")):
        if part.is_file():
            with part.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:_VERSION_DIGITS]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")

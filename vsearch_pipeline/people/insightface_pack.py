"""Packs of insightface: a detection and a recognition model in ONNX files, run by onnxruntime.

A pack is `buffalo_l` or another name that insightface downloads to ~/.insightface/models, or a local folder of
ONNX files. Its detector and its embedder share one loaded FaceAnalysis.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np

from vsearch_pipeline.errors import ModelRunError, ModelUnavailableError
from vsearch_pipeline.people.alignment import ARCFACE_LANDMARKS, ARCFACE_SIDE, aligned_chip
from vsearch_pipeline.people.records import DetectedFace, Image, Landmarks, Vectors

PREFIX: Final = "insightface:"
INPUT_SIDE: Final = 640
"""Side of the square a picture is fitted into for detection, pixels: what insightface gives its figures for."""
MIN_SCORE: Final = 0.5
"""insightface's own default."""
BATCH: Final = 64
"""Most faces in one run of the recognition model: 10 MB of input."""

_VERSION_DIGITS: Final = 12
_LOADING: Final = Lock()


@dataclass(frozen=True, slots=True)
class PackModel:
    """One model of a pack, ready to run.

    Attributes:
        name: "insightface:PACK/FILE", the file without its suffix.
        version: start of the SHA-256 of the file (and of the pack's manifest.json): a changed file is a new model.
        runs_on: the execution provider that runs it, and the one asked for first where that is another.
        model: insightface's SCRFD or ArcFaceONNX.
    """

    name: str
    version: str
    runs_on: str
    model: Any


@dataclass(frozen=True, slots=True)
class Pack:
    detection: PackModel
    recognition: PackModel | None
    folder: Path


def load_pack(pack: str, providers: tuple[str, ...]) -> Pack:
    """The pack of that name or folder, loaded once a process.

    Args:
        pack: a name insightface knows, or a folder (absolute or from ~).
        providers: execution providers of onnxruntime, the preferred first.

    Raises:
        ModelUnavailableError: the sentence says what is missing, damaged or cannot be loaded.
    """
    with _LOADING:
        return _loaded(pack, providers)


class _PackPart:
    """One model of a pack, and what is told of it."""

    def __init__(self, pack: str, providers: tuple[str, ...]) -> None:
        """Nothing is read before first use; see `load_pack` for the arguments and what that raises."""
        self._pack = pack
        self._providers = providers

    @cached_property
    def _model(self) -> PackModel:
        raise NotImplementedError

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def version(self) -> str:
        return self._model.version

    @property
    def runs_on(self) -> str:
        return self._model.runs_on


class PackDetector(_PackPart):
    """The detection model of a pack (SCRFD with landmarks)."""

    @cached_property
    def _model(self) -> PackModel:
        detection = load_pack(self._pack, self._providers).detection
        if not detection.model.use_kps:
            raise ModelUnavailableError(
                f"The detection model {detection.name} gives no landmarks: use a pack whose detector does."
            )
        return detection

    def detect(self, images: Sequence[Image]) -> list[list[DetectedFace]]:
        """See `FaceDetector.detect`.

        Raises:
            ModelRunError: onnxruntime failed.
        """
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> list[DetectedFace]:
        import cv2

        height, width = image.shape[:2]
        scale = INPUT_SIDE / max(height, width)
        # insightface's own fitting fails below one pixel and shifts the boxes of thin pictures
        fitted = (max(1, round(width * scale)), max(1, round(height * scale)))
        square = np.zeros((INPUT_SIDE, INPUT_SIDE, 3), np.uint8)
        square[: fitted[1], : fitted[0]] = cv2.resize(np.ascontiguousarray(image), fitted)[:, :, ::-1]
        with _running(self._model):
            boxes, points = self._model.model.detect(square)
        factors = np.array((width / fitted[0], height / fitted[1]), dtype=np.float32)
        corners = np.clip(boxes[:, :4] * np.tile(factors, 2), 0, np.array((width, height) * 2, dtype=np.float32))
        return [
            DetectedFace((x1, y1, x2, y2), tuple((float(x), float(y)) for x, y in landmarks), float(score))
            for (x1, y1, x2, y2), landmarks, score in zip(
                corners.tolist(), points * factors, boxes[:, 4], strict=True
            )
            if x1 < x2 and y1 < y2
        ]


class PackEmbedder(_PackPart):
    """The recognition model of a pack (ArcFace)."""

    @cached_property
    def _model(self) -> PackModel:
        pack = load_pack(self._pack, self._providers)
        if pack.recognition is None:
            raise ModelUnavailableError(
                f"{pack.folder} has no recognition model: put an ArcFace ONNX file beside its detection model."
            )
        return pack.recognition

    @cached_property
    def dim(self) -> int:
        shape = self._model.model.output_shape
        if len(shape) == 2 and isinstance(shape[1], int):
            return shape[1]
        blank = np.zeros((self._side, self._side, 3), np.uint8)
        return int(self._run([blank]).shape[1])

    def embed(self, images: Sequence[Image], faces: Sequence[Sequence[DetectedFace]]) -> list[Vectors]:
        """See `FaceEmbedder.embed`; the faces of all images go through the model together, `BATCH` at a time.

        Raises:
            ModelRunError: onnxruntime failed.
        """
        template, side = _template(self._side), self._side
        chips = (
            aligned_chip(image, face, template, side)
            for image, found in zip(images, faces, strict=True)
            for face in found
        )
        rows = np.concatenate([np.empty((0, self.dim), np.float32), *self._batches(chips)])
        lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        ends = np.cumsum([len(found) for found in faces])[:-1]
        return np.split((rows / lengths).astype(np.float32), ends) if len(faces) else []

    @property
    def _side(self) -> int:
        side: int = self._model.model.input_size[0]
        return side

    def _batches(self, chips: Iterator[Image]) -> Iterator[Vectors]:
        fixed = self._model.model.input_shape[0]
        size = fixed if isinstance(fixed, int) else BATCH
        while batch := list(islice(chips, size)):
            blank = [np.zeros_like(batch[0])] * (size - len(batch)) if isinstance(fixed, int) else []
            yield self._run([*batch, *blank])[: len(batch)]

    def _run(self, chips: list[Image]) -> Vectors:
        with _running(self._model):
            rows = self._model.model.get_feat([np.ascontiguousarray(chip[:, :, ::-1]) for chip in chips])
        return np.asarray(rows, dtype=np.float32).reshape(len(chips), -1)


@cache
def _loaded(pack: str, providers: tuple[str, ...]) -> Pack:
    usable = _usable(providers)
    try:
        from insightface.app import FaceAnalysis
    except ImportError as error:
        raise ModelUnavailableError(f"insightface cannot be imported ({error}): run `make install`.") from error

    folder = _folder(pack)
    try:
        analysis = FaceAnalysis(str(folder), allowed_modules=["detection", "recognition"], providers=list(usable))
    except Exception as error:  # those of onnxruntime, protobuf and insightface share no base
        raise ModelUnavailableError(_why_unusable(folder, usable, error)) from error
    analysis.prepare(ctx_id=0, det_thresh=MIN_SCORE, det_size=(INPUT_SIDE, INPUT_SIDE))
    recognition = analysis.models.get("recognition")
    if recognition is not None:
        _prepare_recognition(recognition, declared=analysis.model_package is not None)
    return Pack(
        detection=_pack_model(folder, analysis.det_model, providers),
        recognition=None if recognition is None else _pack_model(folder, recognition, providers),
        folder=folder,
    )


def _usable(providers: tuple[str, ...]) -> tuple[str, ...]:
    import onnxruntime

    if unknown := sorted(set(providers) - set(onnxruntime.get_all_providers())):
        raise ModelUnavailableError(
            f"onnxruntime knows no execution provider {unknown[0]!r}: correct VSEARCH_ONNX_PROVIDERS."
        )
    available = onnxruntime.get_available_providers()
    usable = tuple(provider for provider in providers if provider in available)
    if not usable:
        raise ModelUnavailableError(
            f"This machine's onnxruntime has none of {', '.join(providers)}: run `make gpu`,"
            " or add CPUExecutionProvider to VSEARCH_ONNX_PROVIDERS."
        )
    return usable


def _folder(pack: str) -> Path:
    path = Path(pack).expanduser()
    if path.is_absolute():
        if not path.is_dir():
            raise ModelUnavailableError(f"There is no folder {path} to take an insightface pack from.")
        return path.resolve()
    if not re.fullmatch(r"\w[\w.-]*", pack):
        raise ModelUnavailableError(
            f"{PREFIX}{pack} is neither a pack's name nor a folder: write {PREFIX}buffalo_l or {PREFIX}/a/folder."
        )
    from insightface.utils import ensure_available

    try:
        return Path(ensure_available("models", pack))
    except Exception as error:  # requests' and zipfile's errors, bare RuntimeErrors
        reason = type(error).__name__ if isinstance(error, OSError) else str(error)
        raise ModelUnavailableError(
            f"The insightface pack {pack!r} could not be downloaded ({reason}): put its ONNX files into a folder"
            f" and name that, {PREFIX}/a/folder."
        ) from error


def _why_unusable(folder: Path, providers: tuple[str, ...], error: Exception) -> str:
    import onnxruntime

    files = sorted(folder.glob("*.onnx"))
    if not files:
        return f"{folder} has no ONNX files, so neither a detection nor a recognition model."
    for file in files:
        try:
            onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        except Exception:  # noqa: BLE001 - onnxruntime's errors share no base
            return f"{file} is damaged or no ONNX model: replace it."
    if isinstance(error, AssertionError):
        return f"{folder} has no detection model: put an SCRFD ONNX file with landmarks into it."
    return f"{folder} cannot be loaded on {', '.join(providers)}: {_first_line(error)}."


def _prepare_recognition(model: Any, *, declared: bool) -> None:
    """Check the input's size, and put right how pixels are scaled unless the pack's manifest declares that."""
    side = model.input_size[0]
    if side % 112 and side % 128:
        raise ModelUnavailableError(
            f"{model.model_file} reads faces of {side} pixels: insightface aligns to multiples of 112 or 128."
        )
    # insightface knows a graph that scales pixels itself only by the names of its nodes, which many files lack;
    # scaled twice, all faces look alike (measured: AUC 0.61 in place of 0.98)
    if not declared and _scales_pixels(Path(model.model_file)):
        model.input_mean, model.input_std = 0.0, 1.0


def _scales_pixels(file: Path) -> bool:
    """Whether a graph begins by subtracting and multiplying, as those of MXNet's ArcFace do: it reads 0..255."""
    import onnx

    graph = onnx.load(str(file), load_external_data=False).graph
    steps = [node.op_type for node in graph.node if node.op_type != "Constant"]
    return steps[:2] in (["Sub", "Mul"], ["Sub", "Div"])


def _pack_model(folder: Path, model: Any, providers: tuple[str, ...]) -> PackModel:
    file = Path(model.model_file)
    digest = hashlib.sha256()
    for part in (file, folder / "manifest.json"):
        if part.is_file():
            digest.update(part.read_bytes())
    running = model.session.get_providers()[0]
    return PackModel(
        name=f"{PREFIX}{folder.name}/{file.stem}",
        version=digest.hexdigest()[:_VERSION_DIGITS],
        runs_on=running if running == providers[0] else f"{running} instead of {providers[0]}",
        model=model,
    )


def _template(side: int) -> Landmarks:
    """Where insightface puts the five landmarks in a square of `side` pixels (face_align.estimate_norm)."""
    base = ARCFACE_SIDE if side % ARCFACE_SIDE == 0 else 128
    ratio, shift = side / base, (base - ARCFACE_SIDE) / 2
    return tuple(((x + shift) * ratio, y * ratio) for x, y in ARCFACE_LANDMARKS)


@contextmanager
def _running(model: PackModel) -> Iterator[None]:
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    try:
        yield
    except (
        state.DeviceReset,
        state.EngineError,
        state.EPFail,
        state.Fail,
        state.InvalidArgument,
        state.NotImplemented,
        state.RuntimeException,
    ) as error:
        raise ModelRunError(f"{model.name} failed on {model.runs_on}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

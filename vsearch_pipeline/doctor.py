"""What this machine has of what vsearch needs."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vsearch_pipeline.captioning.registry import load_captioner, load_object_detector
from vsearch_pipeline.catalog.database import open_catalog, server_versions
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.language.embedding import load_sentence_embedder
from vsearch_pipeline.language.transcription import load_transcriber
from vsearch_pipeline.people.insightface_pack import PackDetector, PackEmbedder
from vsearch_pipeline.people.records import DetectedFace
from vsearch_pipeline.people.registry import load_face_detector, load_face_embedder
from vsearch_pipeline.settings import Settings

LOW_DISK_BYTES = 5 * 2**30
PACKAGES = ("dagster", "streamlit", "sqlalchemy", "av", "onnxruntime", "opencv-python-headless", "yt-dlp")


@dataclass(frozen=True, slots=True)
class Finding:
    """`bad` stops vsearch from working, `note` is worth knowing."""

    state: Literal["ok", "note", "bad"]
    what: str
    found: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything once, never raising."""
    yield Finding("ok", "python", platform.python_version())
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    yield Finding("ok", "packages", versions)
    yield _tried("database", lambda: _database(settings))
    yield _disk(settings)
    yield _tried("ffmpeg", _ffmpeg)
    yield _tried(f"face detector {settings.face_detector}", lambda: _face_detector(settings))
    yield _tried(f"face embedder {settings.face_embedder}", lambda: _face_embedder(settings))
    models: dict[str, Callable[[], object]] = {
        f"object detector {settings.object_detector}": lambda: load_object_detector(settings.object_detector),
        f"captioner {settings.captioner}": lambda: load_captioner(
            settings.captioner, scene_classifier=settings.scene_classifier
        ),
        f"sentence embedder {settings.sentence_embedder}": lambda: load_sentence_embedder(
            settings.sentence_embedder
        ),
        f"transcriber {settings.transcriber}": lambda: load_transcriber(settings.transcriber),
    }
    for what, load in models.items():
        yield _tried(what, lambda load=load: _version(load()))  # type: ignore[misc]
    yield _graphics_card()
    for key, purpose in (("GEMINI_API_KEY", "Korean by Gemini"), ("SLACK_BOT_TOKEN", "Slack")):
        present = bool(os.environ.get(key))
        yield Finding("ok" if present else "note", key, "set" if present else f"not set; only {purpose} needs it")


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding("ok", what, look())
    except (VsearchError, OSError, ImportError) as error:
        return Finding("bad", what, str(error))


def _version(model: object) -> str:
    return f"ready, version {getattr(model, 'version', '?')}"


def _face_detector(settings: Settings) -> str:
    detector = load_face_detector(settings.face_detector, settings.onnx_providers)
    detector.detect([_blank()])
    return _version(detector) + _provider(detector)


def _face_embedder(settings: Settings) -> str:
    embedder = load_face_embedder(settings.face_embedder, settings.onnx_providers)
    face = DetectedFace((20, 20, 90, 100), ((38, 52), (74, 52), (56, 72), (42, 92), (70, 92)), 1.0)
    embedder.embed([_blank()], [[face]])
    return _version(embedder) + _provider(embedder)


def _blank() -> NDArray[np.uint8]:
    return np.zeros((112, 112, 3), np.uint8)


def _provider(model: object) -> str:
    return f", {model.name} on {model.runs_on}" if isinstance(model, PackDetector | PackEmbedder) else ""


def _database(settings: Settings) -> str:
    server, vector = server_versions(open_catalog(settings))
    where = "VSEARCH_DATABASE_URL" if settings.database_url else f"embedded in {settings.home / 'postgres'}"
    return f"PostgreSQL {server} with pgvector {vector}, {where}"


def _disk(settings: Settings) -> Finding:
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    state: Literal["ok", "note"] = "ok" if free > LOW_DISK_BYTES else "note"
    return Finding(state, "disk", f"{free / 2**30:.0f} GiB free for {settings.home}")


def _ffmpeg() -> str:
    import av
    import imageio_ffmpeg

    return f"PyAV {av.__version__}, command-line ffmpeg {imageio_ffmpeg.get_ffmpeg_version()}"


def _graphics_card() -> Finding:
    import onnxruntime

    providers = onnxruntime.get_available_providers()
    if "CUDAExecutionProvider" in providers:
        return Finding("ok", "graphics card", "CUDA is available to onnxruntime")
    return Finding("note", "graphics card", "none for onnxruntime: models run on the processor")

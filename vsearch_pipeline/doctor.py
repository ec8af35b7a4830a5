"""What this machine has of what vsearch needs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vsearch_pipeline.captioning.generation import Generation
from vsearch_pipeline.captioning.registry import load_captioner, load_object_detector
from vsearch_pipeline.catalog.database import open_catalog, server_versions
from vsearch_pipeline.catalog.paid import PaidLedger
from vsearch_pipeline.errors import ModelUnavailableError, VsearchError, in_words
from vsearch_pipeline.gemini import Gemini, has_key
from vsearch_pipeline.hub import NotFetchedError, without_fetching
from vsearch_pipeline.language.embedding import load_sentence_embedder
from vsearch_pipeline.language.transcription import load_transcriber
from vsearch_pipeline.language.translation import load_translator
from vsearch_pipeline.people.insightface_pack import PackDetector, PackEmbedder
from vsearch_pipeline.people.records import DetectedFace
from vsearch_pipeline.people.registry import load_face_detector, load_face_embedder
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.client import tokens_for, tokens_of, told, web_client
from vsearch_pipeline.slack.quiet import quiet_hours

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
    yield _tried(f"object detector {settings.object_detector}", lambda: _objects(settings))
    yield _tried(f"captioner {settings.captioner}", lambda: _captioner(settings))
    yield _tried(f"sentence embedder {settings.sentence_embedder}", lambda: _sentences(settings))
    yield _tried(f"transcriber {settings.transcriber}", lambda: _version(load_transcriber(settings.transcriber)))
    yield _tried(f"translator {settings.translator}", lambda: _translator(settings))
    yield _graphics_card()
    yield _torch()
    purpose = "Gemini (Korean captions, answers)"
    found = "set" if has_key() else f"not set; only {purpose} needs it"
    yield Finding("ok" if has_key() else "note", "GEMINI_API_KEY", found)
    yield _slack(settings)


def _slack(settings: Settings) -> Finding:
    """Whether the tokens are there, and Slack lets us in with them."""
    try:
        if tokens_of() is None:
            return Finding("note", "Slack", "SLACK_BOT_TOKEN is not set; only Slack needs it (docs/slack.md)")
        tokens = tokens_for(settings)
        answer = told(web_client(tokens).auth_test)
        quiet_hours(settings)
    except VsearchError as error:
        return Finding("bad", "Slack", str(error))
    alerts = (
        f"alerts go to {settings.slack_channel}" if settings.slack_channel else "VSEARCH_SLACK_CHANNEL is not set"
    )
    way = {"socket": "Socket Mode", "http": f"HTTP, port {settings.slack_port}"}[settings.slack_mode]
    found = f"{answer.get('team')} by {way}; {alerts}"
    if settings.page_link.startswith("http://localhost:"):
        return Finding("note", "Slack", f"{found}; its links open on this machine only: set VSEARCH_PAGE_URL")
    return Finding("ok", "Slack", found)


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        with without_fetching():
            return Finding("ok", what, look())
    except NotFetchedError as error:
        return Finding("note", what, str(error))
    except Exception as error:  # noqa: BLE001 - whatever is wrong here is what was looked for
        return Finding("bad", what, in_words(error))


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


def _objects(settings: Settings) -> str:
    return _version(load_object_detector(settings.object_detector, settings.onnx_providers))


def _captioner(settings: Settings) -> str:
    if settings.captioner.partition(":")[0] != "gemini":
        generation = Generation(examples=settings.caption_examples)
        return _version(load_captioner(settings.captioner, settings.scene_classifier, generation))
    if not has_key():
        raise ModelUnavailableError("Gemini needs a key: set GEMINI_API_KEY in the environment.")
    return "has a key; it was not asked anything"


def _sentences(settings: Settings) -> str:
    return _version(load_sentence_embedder(settings.sentence_embedder))


def _torch() -> Finding:
    """Whether the models of the full profile have what they run on."""
    if importlib.util.find_spec("torch") is None:
        return Finding("note", "torch", "not installed; eilev, blip2, vlm and transformers need it: `make models`")
    return _tried("torch", _torch_place)


def _torch_place() -> str:
    import torch

    where = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "the processor: no CUDA card"
    return f"{torch.__version__} on {where}"


def _translator(settings: Settings) -> str:
    load_translator(settings.translator, lambda _: Gemini(settings.gemini, PaidLedger(open_catalog(settings))))
    if settings.translator == "none":
        return "off"
    return "has a key; it was not asked anything" if has_key() else "waits for a key; captions stay English"


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

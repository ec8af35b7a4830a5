"""What this machine has of what vsearch needs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vsearch_pipeline.captioning.generation import Generation
from vsearch_pipeline.captioning.registry import load_captioner, load_object_detector, load_scene_classifier
from vsearch_pipeline.catalog.database import newest_migration, open_catalog, server_versions
from vsearch_pipeline.catalog.measures import clock_skew, daemon_heartbeat, database_bytes, migration
from vsearch_pipeline.catalog.paid import PaidLedger
from vsearch_pipeline.errors import ModelUnavailableError, VsearchError, in_words
from vsearch_pipeline.gemini import Gemini, has_key
from vsearch_pipeline.health import DAEMON_SECONDS
from vsearch_pipeline.hub import NotFetchedError, without_fetching
from vsearch_pipeline.ingest.store import Ignored, find_files
from vsearch_pipeline.language.embedding import load_sentence_embedder
from vsearch_pipeline.language.transcription import load_transcriber
from vsearch_pipeline.language.translation import load_translator
from vsearch_pipeline.licences import licence_of
from vsearch_pipeline.people.insightface_pack import PackDetector, PackEmbedder
from vsearch_pipeline.people.records import DetectedFace
from vsearch_pipeline.people.registry import load_face_detector, load_face_embedder
from vsearch_pipeline.resources.engine import check_broker, executor_of
from vsearch_pipeline.search.changing import model_state
from vsearch_pipeline.settings import PROJECT_ROOT, Settings
from vsearch_pipeline.slack.client import tokens_for, tokens_of, told, web_client
from vsearch_pipeline.slack.quiet import quiet_hours
from vsearch_pipeline.storage.store import open_store

LOW_DISK_BYTES = 5 * 2**30
SKEW_SECONDS = 5.0
"""Clocks that are further apart confuse what is told of times."""
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
    yield _pinned()
    yield _tried("processor", _processor)
    yield _tried("database", lambda: _database(settings))
    yield _tried("executor", lambda: _executor(settings))
    yield _looked("tables", lambda: _tables(settings))
    yield _looked("clock", lambda: _clock(settings))
    yield _disk(settings)
    yield _tried("videos", lambda: _videos(settings))
    yield _looked("disk of the database", lambda: _database_disk(settings))
    yield _looked("inbox", lambda: _inbox(settings))
    yield _looked("Dagster's daemon", lambda: _daemon(settings))
    yield _tried("ffmpeg", _ffmpeg)
    looks: dict[str, Callable[[], str]] = {
        "face_detector": lambda: _face_detector(settings),
        "face_embedder": lambda: _face_embedder(settings),
        "object_detector": lambda: _objects(settings),
        "scene_classifier": lambda: _version(load_scene_classifier(settings.scene_classifier)),
        "captioner": lambda: _captioner(settings),
        "sentence_embedder": lambda: _sentences(settings),
        "transcriber": lambda: _version(load_transcriber(settings.transcriber)),
        "translator": lambda: _translator(settings),
    }
    for setting, look in looks.items():
        yield _model(setting, getattr(settings, setting), look)
    yield _answering(settings)
    yield _graphics_card()
    yield _torch()
    purpose = "Gemini (Korean captions, answers)"
    found = "set" if has_key() else f"not set; only {purpose} needs it"
    yield Finding("ok" if has_key() else "note", "GEMINI_API_KEY", found)
    yield _slack(settings)


def _executor(settings: Settings) -> str:
    if settings.executor == "celery":
        return f"celery; the broker at {check_broker(settings)} answers"
    executor_of(settings)
    return settings.executor


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


def _model(setting: str, model: str, look: Callable[[], str]) -> Finding:
    found = _tried(f"{setting.replace('_', ' ')} {model}", look)
    if model == "none":
        return found
    return replace(found, found=f"{found.found}; licence: {licence_of(setting, model)}")


def _looked(what: str, look: Callable[[], Finding]) -> Finding:
    """What is looked at beside the things that have to work: trouble with it is worth a note."""
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - whatever is wrong here is what was looked for
        return Finding("note", what, in_words(error))


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


def _answering(settings: Settings) -> Finding:
    """Whether search answers with the model of the settings."""
    try:
        wanted = load_sentence_embedder(settings.sentence_embedder).name
        with open_catalog(settings).begin() as connection:
            state = model_state(connection, wanted)
    except Exception as error:  # noqa: BLE001 - told of the model or the database as well
        return Finding("note", "search answers with", in_words(error))
    if state.answering is None:
        return Finding("ok", "search answers with", f"{wanted}, once something is embedded")
    if state.coverage is None:
        unused = ", ".join(each.model for each in state.unused)
        kept = f"; {unused} is kept, `vsearch models prune` drops it" if unused else ""
        return Finding("ok", "search answers with", f"{wanted}{kept}")
    done = f"{wanted} has {state.coverage.done} of {state.coverage.total} texts: `vsearch models embed`"
    return Finding("note", "search answers with", f"{state.answering.model}; {done}")


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


def _tables(settings: Settings) -> Finding:
    with open_catalog(settings).read() as connection:
        there = migration(connection)
    newest = newest_migration()
    if there == newest:
        return Finding("ok", "tables", f"at the newest version, {newest}")
    return Finding("note", "tables", f"at version {there}, where this vsearch knows {newest}")


def _clock(settings: Settings) -> Finding:
    with open_catalog(settings).read() as connection:
        ahead = clock_skew(connection, time.time())
    far = abs(ahead) > SKEW_SECONDS
    return Finding(
        "note" if far else "ok",
        "clock",
        f"the database's is {abs(ahead):.1f} s {'ahead' if ahead > 0 else 'behind'}",
    )


def _disk(settings: Settings) -> Finding:
    settings.home.mkdir(parents=True, exist_ok=True)
    return _room("disk", settings.home)


def _videos(settings: Settings) -> str:
    store = open_store(settings)
    store.check()
    free = f", {shutil.disk_usage(store.where).free / 2**30:.0f} GiB free" if store.is_folder else ""
    return f"{store.where} can be read and written{free}"


def _room(what: str, folder: Path, more: str = "") -> Finding:
    free = shutil.disk_usage(folder).free
    state: Literal["ok", "note"] = "ok" if free > LOW_DISK_BYTES else "note"
    return Finding(state, what, f"{free / 2**30:.0f} GiB free for {folder}{more}")


def _database_disk(settings: Settings) -> Finding:
    with open_catalog(settings).read() as connection:
        size = f"{database_bytes(connection) / 2**20:,.0f} MiB"
    if settings.database_url:
        return Finding("ok", "disk of the database", f"it has {size}; what is free there, its machine knows")
    return _room("disk of the database", settings.home / "postgres", f"; it has {size}")


def _inbox(settings: Settings) -> Finding:
    folder = settings.inbox_dir
    if not folder.is_dir():
        return Finding("note", "inbox", f"{folder} is not there; `vsearch up` makes it")
    if not os.access(folder, os.R_OK | os.X_OK):
        return Finding("note", "inbox", f"{folder} cannot be read by this user")
    there = sum(not isinstance(item, Ignored) for item in find_files([folder])) if any(folder.iterdir()) else 0
    return Finding("ok", "inbox", f"{folder}, {there} videos in it")


def _daemon(settings: Settings) -> Finding:
    with open_catalog(settings).read() as connection:
        age = daemon_heartbeat(connection)
    if age is None:
        return Finding("note", "Dagster's daemon", "never ran here; `vsearch up` starts it")
    if age > DAEMON_SECONDS:
        return Finding("note", "Dagster's daemon", f"last heard of {age:,.0f} s ago; `vsearch up` starts it")
    return Finding("ok", "Dagster's daemon", f"runs; heard of {age:.0f} s ago")


def _processor() -> str:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{usable} of {os.cpu_count()} cores, {platform.machine()}"


def _pinned() -> Finding:
    """Whether the packages that vsearch names are those it was tested with."""
    pins = _pins(PROJECT_ROOT / "constraints.txt")
    if not pins:
        return Finding("note", "pinned packages", "constraints.txt is not here to compare with")
    differ, absent = [], []
    for name in _direct(PROJECT_ROOT / "pyproject.toml"):
        try:
            there = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            absent.append(name)
            continue
        if there != pins.get(_normal(name), there):
            differ.append(f"{name} {there} in place of {pins[_normal(name)]}")
    told = [*differ, *(f"{name} is not installed" for name in absent)]
    if told:
        return Finding("note", "pinned packages", f"not as tested: {', '.join(told)}")
    return Finding("ok", "pinned packages", "as in constraints.txt")


def _pins(file: Path) -> dict[str, str]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    pairs = (line.partition("#")[0].strip().split("==") for line in lines)
    return {_normal(pair[0]): pair[1] for pair in pairs if len(pair) == 2}


def _direct(file: Path) -> list[str]:
    asked = tomllib.loads(file.read_text(encoding="utf-8"))["project"]["dependencies"]
    return [match[0] for line in asked if (match := re.match(r"[A-Za-z0-9._-]+", line))]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _ffmpeg() -> str:
    import av
    import imageio_ffmpeg

    return f"PyAV {av.__version__}, command-line ffmpeg {imageio_ffmpeg.get_ffmpeg_version()}"


def _graphics_card() -> Finding:
    import onnxruntime

    providers = onnxruntime.get_available_providers()
    there = cards()
    if "CUDAExecutionProvider" in providers:
        return Finding(
            "ok", "graphics card", f"CUDA is available to onnxruntime; {there or 'nvidia-smi is silent'}"
        )
    if there:
        return Finding("note", "graphics card", f"{there}, but none for onnxruntime: `make gpu`")
    return Finding("note", "graphics card", "none for onnxruntime: models run on the processor")


def cards() -> str:
    """Names, memory and driver of NVIDIA cards; empty where there are none."""
    ask = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    if shutil.which(ask[0]) is None:
        return ""
    try:
        told = subprocess.run(ask, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return "; ".join(line.strip() for line in told.splitlines() if line.strip())

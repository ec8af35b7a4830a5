"""Folders of model files: a local one, or a repository of the Hugging Face hub, fetched at first use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from vsearch_pipeline.errors import ModelUnavailableError

_WANTED: Final = ("*.json", "*.jinja", "*.txt", "*.model", "*.safetensors", "*.bin")
_UNWANTED: Final = ("*.msgpack", "*.h5", "*.onnx", "openvino*", "training_args.bin", "optimizer*", "runs/*")
_CONFIGS: Final = ("config.json", "modules.json")


_may_fetch: Final = ContextVar("may_fetch", default=True)


class NotFetchedError(ModelUnavailableError):
    """A model of the hub that was not used on this machine yet."""


@contextmanager
def without_fetching() -> Iterator[None]:
    """Inside, a model that is not here is a `NotFetchedError`: looking must not download gigabytes."""
    token = _may_fetch.set(False)
    try:
        yield
    finally:
        _may_fetch.reset(token)


def about_to_fetch(model: str) -> None:
    """
    Raises:
        NotFetchedError: nothing may be fetched here (`without_fetching`).
    """
    if not _may_fetch.get():
        raise NotFetchedError(f"{model} is not here yet: it is fetched at first use.")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """Attributes:
    path: where config and weights lie.
    name: how the model is recorded: the hub id, or the folder's own name.
    version: the commit of the hub, or a digest of the files.
    """

    path: Path
    name: str
    version: str


def model_folder(source: str) -> ModelFolder:
    """Find a model's files.

    Args:
        source: a folder (absolute, or from `~`), or a hub id `owner/model`, with `@revision` for another than the
            newest. What was fetched once is used from then on, also without a network.

    Raises:
        ModelUnavailableError: there is no such folder, or the hub cannot be reached or does not have it.
    """
    folder = Path(source).expanduser()
    if folder.is_absolute():
        if not any((folder / name).is_file() for name in _CONFIGS):
            raise ModelUnavailableError(f"{folder} is no folder of a model: it has no {' or '.join(_CONFIGS)}.")
        return ModelFolder(folder, folder.name, digest_of(folder))
    repository, _, revision = source.partition("@")
    if repository.count("/") != 1:
        raise ModelUnavailableError(
            f"{source!r} names no model: give a folder by its whole path, or a hub id like owner/model."
        )
    path = _fetched(repository, revision or None)
    return ModelFolder(path, repository, path.name[:12])


def digest_of(folder: Path) -> str:
    """Twelve hexadecimal digits that change with the files; those of hidden files and folders do not count.

    Each file is read whole, once in a process: two trainings of one model differ in the middle of its weights.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        place = path.relative_to(folder)
        if not any(part.startswith(".") for part in place.parts):
            about = path.stat()
            content = _digest_of_file(path, about.st_size, about.st_mtime_ns)
            digest.update(f"{place.as_posix()}\0{content}\0".encode())
    return digest.hexdigest()[:12]


@cache
def _digest_of_file(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetched(repository: str, revision: str | None) -> Path:
    try:
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise ModelUnavailableError(
            f"{repository} comes from the Hugging Face hub: install what reads it with `make models`."
        ) from error
    try:
        return _snapshot(repository, revision, local=True)
    except HFValidationError as error:
        raise ModelUnavailableError(
            f"{repository!r} names no model: give a folder by its whole path, or a hub id like owner/model."
        ) from error
    except LocalEntryNotFoundError:
        about_to_fetch(repository)
    try:
        return _snapshot(repository, revision, local=False)
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise ModelUnavailableError(
            f"{repository} is not on this machine and could not be fetched from the Hugging Face hub:"
            f" {str(error).strip().splitlines()[0]}. A folder that holds its files works as well."
        ) from error


def _snapshot(repository: str, revision: str | None, *, local: bool) -> Path:
    """Pickled weights only where there are no others; asked for in the same way each time, because the hub's
    client takes for broken off what lacks files of its pattern."""
    from huggingface_hub import snapshot_download

    path = Path()
    for unwanted in ([*_UNWANTED, "*.bin"], list(_UNWANTED)):
        path = Path(
            snapshot_download(
                repository,
                revision=revision,
                allow_patterns=list(_WANTED),
                ignore_patterns=unwanted,
                local_files_only=local,
            )
        )
        if any(path.rglob("*.safetensors")):
            break
    return path

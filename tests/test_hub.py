"""Folders of model files, with the real client against a server of our own that speaks the hub's protocol."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from vsearch_pipeline.errors import ModelUnavailableError
from vsearch_pipeline.hub import NotFetchedError, digest_of, model_folder, without_fetching

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OLDER = "fedcba9876543210fedcba9876543210fedcba98"


class Hub:
    """One repository, `team/model`, at two commits."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {
            "config.json": b"{}",
            "model.safetensors": b"safe",
            "pytorch_model.bin": b"pickled",
            "tokenizer.json": b"{}",
            "tf_model.h5": b"other",
            "onnx/model.onnx": b"other",
            "README.md": b"words",
        }
        self.asked: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, request: BaseHTTPRequestHandler, *, body: bool) -> None:
        path = request.path.partition("?")[0]
        self.asked.append(path)
        commit = OLDER if "/v1" in path or OLDER in path else COMMIT
        found: bytes | None = None
        if path.startswith("/api/models/team/model/tree/"):
            entries = [
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}  # noqa: S324
                for name, data in self.files.items()
            ]
            found = json.dumps(entries).encode()
        elif path.startswith("/api/models/team/model"):
            siblings = [{"rfilename": name} for name in self.files]
            found = json.dumps({"id": "team/model", "sha": commit, "siblings": siblings}).encode()
        elif path.startswith("/team/model/resolve/"):
            found = self.files.get(path.split("/", 5)[5])
        request.send_response(404 if found is None else 200)
        request.send_header("Content-Length", str(len(found or b"")))
        request.send_header("X-Repo-Commit", commit)
        request.send_header("ETag", f'"{hashlib.sha256(found or b"").hexdigest()}"')
        if found is None:
            request.send_header("X-Error-Code", "RepoNotFound")
        request.end_headers()
        if body and found:
            request.wfile.write(found)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    pytest.importorskip("huggingface_hub")
    from huggingface_hub import constants

    made = Hub()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    template = made.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", made.address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(time, "sleep", lambda _: None)  # between its tries
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def test_a_folder_is_named_by_itself_and_versioned_by_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "my-model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    found = model_folder(str(folder))
    assert (found.path, found.name, found.version) == (folder, "my-model", digest_of(folder))
    assert len(found.version) == 12


def test_a_folder_may_start_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "models" / "m").mkdir(parents=True)
    (tmp_path / "models" / "m" / "config.json").write_text("{}")
    assert model_folder("~/models/m").path == tmp_path / "models" / "m"


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="no folder of a model"):
        model_folder(str(tmp_path))


@pytest.mark.parametrize("source", ["", "model", "a/b/c", "./model/here", "./model", "a/b c", "a/.."])
def test_what_is_neither_folder_nor_hub_id_is_refused(source: str) -> None:
    with pytest.raises(ModelUnavailableError, match="names no model"):
        model_folder(source)


def test_the_digest_follows_names_sizes_and_content(tmp_path: Path) -> None:
    file = tmp_path / "a" / "config.json"
    file.parent.mkdir()
    file.write_text("one")
    digests = [digest_of(tmp_path)]
    file.write_text("two")
    digests.append(digest_of(tmp_path))
    file.write_text("three")
    digests.append(digest_of(tmp_path))
    file.rename(file.with_name("other.json"))
    digests.append(digest_of(tmp_path))
    assert len(set(digests)) == 4
    (tmp_path / ".lock").write_text("not part of a model")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "fetched.json").write_text("not part of a model")
    assert digest_of(tmp_path) == digests[-1]


@pytest.mark.parametrize("place", [0, 10 * 2**20, 20 * 2**20 - 1])
def test_every_part_of_a_large_file_counts(tmp_path: Path, place: int) -> None:
    weights = bytearray(20 * 2**20)
    (tmp_path / "model.safetensors").write_bytes(weights)
    before = digest_of(tmp_path)
    weights[place] = 1
    (tmp_path / "model.safetensors").write_bytes(weights)
    assert digest_of(tmp_path) != before


def test_a_model_of_the_hub_is_fetched_once(hub: Hub) -> None:
    found = model_folder("team/model")
    assert (found.name, found.version) == ("team/model", COMMIT[:12])
    files = {path.relative_to(found.path).as_posix() for path in found.path.rglob("*") if path.is_file()}
    assert files == {"config.json", "model.safetensors", "tokenizer.json"}
    assert (found.path / "model.safetensors").read_bytes() == b"safe"
    hub.asked.clear()
    assert model_folder("team/model") == found
    assert hub.asked == []


def test_only_looking_fetches_nothing(hub: Hub) -> None:
    with without_fetching(), pytest.raises(NotFetchedError, match="fetched at first use"):
        model_folder("team/model")
    assert not hub.asked
    path = model_folder("team/model").path
    hub.asked.clear()
    with without_fetching():
        assert model_folder("team/model").path == path
    assert not hub.asked


def test_pickled_weights_are_fetched_where_there_are_no_others(hub: Hub) -> None:
    del hub.files["model.safetensors"]
    found = model_folder("team/model")
    assert (found.path / "pytorch_model.bin").read_bytes() == b"pickled"
    hub.asked.clear()
    assert model_folder("team/model") == found
    assert hub.asked == []


def test_another_revision_is_another_version(hub: Hub) -> None:
    found = model_folder("team/model@v1")
    assert (found.name, found.version) == ("team/model", OLDER[:12])


def test_a_repository_that_is_not_there_is_an_error_that_names_it(hub: Hub) -> None:
    with pytest.raises(ModelUnavailableError, match="team/other is not on this machine"):
        model_folder("team/other")


def test_a_hub_that_cannot_be_reached_is_an_error_that_names_the_model(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelUnavailableError, match="team/model is not on this machine"):
        model_folder("team/model")


def test_a_fetch_that_broke_off_goes_on(hub: Hub) -> None:
    weights = hub.files.pop("model.safetensors")
    hub.files["model.safetensors.index.json"] = b"{}"
    answer = hub.answer

    def breaking(request: BaseHTTPRequestHandler, *, body: bool) -> None:
        if request.path.endswith("/model.safetensors"):
            request.send_error(403)
        else:
            answer(request, body=body)

    hub.files["model.safetensors"] = weights
    hub.answer = breaking  # type: ignore[method-assign]
    with pytest.raises(ModelUnavailableError):
        model_folder("team/model")
    hub.answer = answer  # type: ignore[method-assign]
    assert (model_folder("team/model").path / "model.safetensors").read_bytes() == weights

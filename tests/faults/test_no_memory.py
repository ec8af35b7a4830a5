"""Memory does not suffice: a sentence says so, the other videos go on, and it works with more of it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.catalogue_dump import assert_same
from tests.clips import make_clip
from tests.external_postgres import ExternalPostgres
from tests.faults.homes import open_home
from vsearch_pipeline.captioning.objects import SsdMobileNet
from vsearch_pipeline.errors import MediaError, ModelRunError
from vsearch_pipeline.room import is_disk_full, plainly

SAID = "There was not enough memory: end other programs or choose a smaller model, then try again"


def of_python() -> Exception:
    return MemoryError()


def of_numpy() -> Exception:
    import numpy as np

    try:
        np.zeros(1 << 60, np.uint8)
    except MemoryError as error:
        return error
    raise AssertionError


def of_torch() -> Exception:
    torch = pytest.importorskip("torch")
    try:
        torch.zeros(1 << 60, dtype=torch.uint8)
    except RuntimeError as error:
        return error
    raise AssertionError


def of_a_card() -> Exception:
    return pytest.importorskip("torch").OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")


def of_onnxruntime() -> Exception:
    from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

    return RuntimeException("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for buffer")


def of_the_system() -> Exception:
    return OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))


@pytest.mark.parametrize("make", [of_python, of_numpy, of_torch, of_a_card, of_onnxruntime, of_the_system])
def test_every_way_to_say_it_is_told_in_one_sentence(make: Callable[[], Exception]) -> None:
    told = plainly(make())
    assert isinstance(told, ModelRunError)
    assert str(told).startswith(SAID)
    assert told.retry


def test_other_errors_stay_as_they_are() -> None:
    for error in (ValueError("out of luck"), MediaError("it is damaged"), RuntimeError("no such layer")):
        assert plainly(error) is error
    full = RuntimeError("cannot write")
    full.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert is_disk_full(full)
    assert str(plainly(full)) == "The disk is full: make room, then try again."


@pytest.mark.slow
def test_the_others_go_on_and_it_is_made_up_for(
    shared_server: ExternalPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = [make_clip(tmp_path / f"{n}.mp4", seconds=n, size=(160, 120)) for n in (1, 2)]
    with open_home(shared_server, tmp_path / "home", monkeypatch) as home:
        videos = [home.add(path) for path in clips]
        detect, calls = SsdMobileNet.detect, []

        def greedy(self: Any, images: Any) -> Any:
            calls.append(1)
            if len(calls) == 1 or "objects" in home.done(videos[1]):  # the first video, and again by itself
                raise MemoryError
            return detect(self, images)

        with monkeypatch.context() as patched:
            patched.setattr(SsdMobileNet, "detect", greedy)
            assert not home.ingest(*videos).success
        [((video, stage), reason)] = home.errors().items()
        assert stage == "objects"
        assert reason.startswith(SAID)
        [other] = {*videos} - {video}
        assert "objects" in home.done(other)
        assert home.ingest(*videos).success
        assert home.errors() == {}
        with open_home(shared_server, tmp_path / "quiet", monkeypatch) as quiet:
            assert quiet.ingest(*[quiet.add(path) for path in clips]).success
            assert_same(quiet.dump(), home.dump())


STARVED = """
import json, resource, sys
from pathlib import Path
from tests.faults.homes import Home
from dagster import DagsterInstance
from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.settings import Settings

settings = Settings(home=Path(sys.argv[1]), actor="tester")
with DagsterInstance.ephemeral() as instance:
    home = Home(settings, open_catalog(settings), instance)
    video = home.add(Path(sys.argv[2]))
    assert home.ingest(video, only=("video",)).success
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + int(sys.argv[3]) * 2**20,) * 2)
    success = home.ingest(video, only=("shots", "frames")).success
    print(json.dumps([success, {stage: why for (_, stage), why in home.errors().items()}]))
"""


@pytest.mark.slow
def test_a_process_that_is_given_too_little(
    shared_server: ExternalPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_clip(tmp_path / "film.mp4", seconds=2, size=(1920, 1080))
    with open_home(shared_server, tmp_path / "home", monkeypatch) as home:
        starved = subprocess.run(
            [sys.executable, "-c", STARVED, str(tmp_path / "home"), str(film), "48"],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
            env={**os.environ},
        )
        assert starved.returncode == 0, starved.stderr[-2000:]
        success, errors = json.loads(starved.stdout.splitlines()[-1])
        assert not success
        assert errors["sampling"].startswith(SAID), errors
        assert not list((home.videos / ".incoming").iterdir())
        video = home.add(film)
        assert home.ingest(video, only=("video", "shots", "frames")).success
        assert home.errors() == {}

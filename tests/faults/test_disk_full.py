"""The disk of the media folder is full: a sentence says so, nothing half is left, and it goes on with room."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalogue_dump import assert_same
from tests.clips import make_clip
from tests.external_postgres import ExternalPostgres
from tests.faults.homes import Home, open_home
from vsearch_pipeline.catalog.videos import list_videos
from vsearch_pipeline.errors import DiskFullError
from vsearch_pipeline.ingest import store

MIB = 1 << 20
DISK = 6 * MIB
FULL = r"^The disk of .+ is full \([\d.]+ MiB left\): make room there, then try again\.$"


@pytest.fixture
def home(shared_server: ExternalPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home whose media folder is a file system of six MiB."""
    videos = tmp_path / "home" / "videos"
    videos.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(videos)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        with open_home(shared_server, tmp_path / "home", monkeypatch) as made:
            yield made
    finally:
        subprocess.run(["umount", "-l", str(videos)], check=True)


def leave(home: Home, free: int) -> None:
    """Fill the disk up to so many bytes, or empty it of what filled it."""
    filler = home.videos / "filler"
    filler.unlink(missing_ok=True)
    status = os.statvfs(home.videos)
    filler.write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - free)))


def make_room(home: Home) -> None:
    (home.videos / "filler").unlink(missing_ok=True)


def left_over(home: Home) -> list[str]:
    """What is there besides videos' own files."""
    below = home.videos.rglob("*")
    return [str(path) for path in below if ".making" in path.name or ".incoming/" in str(path)]


def test_a_file_that_does_not_fit_is_refused_before_and_in_the_middle(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / "film.mp4"
    make_clip(film, seconds=2, size=(160, 120))
    with film.open("ab") as more:  # behind the last box of an MP4 anything may stand
        more.write(os.urandom(2 * MIB))
    leave(home, MIB)
    with pytest.raises(DiskFullError, match=r"has 1\.0 MiB left, and 2\.0 MiB are needed: make room there"):
        home.add(film)
    monkeypatch.setattr(store, "require_room", lambda *_: None)  # somebody else was faster
    with pytest.raises(DiskFullError, match=FULL):
        home.add(film)
    assert left_over(home) == []
    with home.catalog.begin() as connection:
        assert list_videos(connection) == []
    make_room(home)
    assert home.add(film)


@pytest.mark.slow
def test_stages_say_so_and_go_on_with_room(
    home: Home, shared_server: ExternalPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = make_clip(tmp_path / "big.avi", seconds=12, size=(640, 480), cuts=(3, 6, 9), codec="mpeg4")
    small = make_clip(tmp_path / "small.mp4", seconds=1, size=(64, 48))
    videos = [home.add(big), home.add(small)]

    leave(home, 96 * 1024)  # not enough for the frames of the first, enough for those of the second
    result = home.ingest(*videos, only=("video", "shots", "frames"))
    assert not result.success
    [(failed, reason)] = home.errors().items()
    assert failed == (videos[0], "sampling")
    assert re.match(FULL, reason)
    assert str(home.videos) in reason
    assert "sampling" in home.done(videos[1]), "the other one went on"
    assert left_over(home) == []

    make_room(home)
    assert home.ingest(*videos, only=("video", "shots", "frames")).success
    assert home.errors() == {}
    leave(home, 4096)
    result = home.ingest(*videos)
    assert not result.success
    reasons = home.errors()
    assert {stage for _, stage in reasons} == {"previews", "proxy"}
    assert all("is full" in reason and "Errno" not in reason for reason in reasons.values()), reasons
    assert left_over(home) == []
    assert {"segments", "segment_embeddings"} <= home.done(videos[0]), "it can be searched"

    make_room(home)
    assert home.ingest(*videos).success
    assert home.errors() == {}
    with open_home(shared_server, tmp_path / "quiet", monkeypatch) as quiet:
        assert quiet.ingest(*[quiet.add(big), quiet.add(small)]).success
        assert_same(quiet.dump(), home.dump())

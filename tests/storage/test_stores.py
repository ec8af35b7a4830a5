"""Both stores do the same: a folder, and a bucket on a server that speaks S3."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.bucket_server import BUCKET, BucketServer, bucket_server
from vsearch_pipeline.errors import InputError, StoreError
from vsearch_pipeline.storage import bucket as bucket_module
from vsearch_pipeline.storage.bucket import BucketStore
from vsearch_pipeline.storage.copies import HELD, LocalCopies
from vsearch_pipeline.storage.store import MediaStore, RemoteFile, media_store

PLACES = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as server:
        yield server


@pytest.fixture
def address(server: BucketServer) -> str:
    return f"s3://{BUCKET}/place {next(PLACES)}"


Machine = Callable[[str], MediaStore]
"""The store as another machine sees it, by the machine's name."""


@pytest.fixture(params=["folder", "bucket"])
def machine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(bucket_module, "KNOWN_SECONDS", 0.0)  # what another machine did is seen at once
    where = request.getfixturevalue("address") if request.param == "bucket" else f"file://{tmp_path}/shared"
    return lambda name: media_store(where, tmp_path / name, 1.0)


def put(store: MediaStore, name: str, content: bytes) -> None:
    with store.work_place() as place:
        (place / "made").write_bytes(content)
        store.keep(place / "made", name)


def put_part(store: MediaStore, video: str, part: str, files: dict[str, bytes]) -> None:
    with store.work_place() as place:
        folder = place / part
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        store.keep(folder, f"{video}/{part}")


def served(store: MediaStore, name: str) -> bytes:
    file = store.served(name)
    return file.read_bytes() if isinstance(file, Path) else file.read(0, file.size)


def test_what_one_machine_keeps_another_reads(machine: Machine) -> None:
    one, other = machine("one"), machine("other")
    assert not other.exists("민지-1/source.mp4")
    put(one, "민지-1/source.mp4", b"film" * 1000)
    assert one.exists("민지-1/source.mp4")
    assert other.exists("민지-1/source.mp4")
    assert other.local("민지-1/source.mp4").read_bytes() == b"film" * 1000
    assert one.local("민지-1/source.mp4").read_bytes() == b"film" * 1000
    assert served(other, "민지-1/source.mp4") == b"film" * 1000
    with other.open("민지-1/source.mp4") as opened:
        opened.seek(3998)
        assert opened.read() == b"lm"
    one.drop("민지-1/source.mp4")
    one.drop("민지-1/source.mp4")
    assert not other.exists("민지-1/source.mp4")
    for ask in (other.local, other.served):
        with pytest.raises(FileNotFoundError):
            ask("민지-1/source.mp4")


def test_a_file_that_is_made_again_is_read_anew(machine: Machine) -> None:
    one, other = machine("one"), machine("other")
    put(one, "v/proxy.mp4", b"first")
    first = other.served("v/proxy.mp4")
    tag = first.tag if not isinstance(first, Path) else ""
    assert other.local("v/proxy.mp4").read_bytes() == b"first"
    put(one, "v/proxy.mp4", b"other")
    assert other.local("v/proxy.mp4").read_bytes() == b"other"
    second = other.served("v/proxy.mp4")
    assert isinstance(second, Path) or second.tag != tag


def test_a_part_changes_all_at_once(machine: Machine) -> None:
    one, other = machine("one"), machine("other")
    assert other.files("v", "frames") is None
    with pytest.raises(FileNotFoundError):
        other.local_part("v", "frames")
    put_part(one, "v", "frames", {f"{n:06d}.jpg": b"a%d" % n for n in range(40)})
    assert other.files("v", "frames") == {f"{n:06d}.jpg" for n in range(40)}
    assert other.local_file("v", "frames", "000007.jpg").read_bytes() == b"a7"
    folder = other.local_part("v", "frames")
    assert (folder / "000039.jpg").read_bytes() == b"a39"
    put_part(one, "v", "frames", {f"{n:06d}.jpg": b"b%d" % n for n in range(3)})
    assert other.files("v", "frames") == {f"{n:06d}.jpg" for n in range(3)}
    assert other.local_file("v", "frames", "000002.jpg").read_bytes() == b"b2"
    folder = other.local_part("v", "frames")
    assert sorted(path.name for path in folder.glob("*.jpg")) == [f"{n:06d}.jpg" for n in range(3)]
    assert served(other, "v/frames/000001.jpg") == b"b1"
    for ask in (
        lambda: other.local_file("v", "frames", "000005.jpg"),
        lambda: other.served("v/frames/000005.jpg"),
    ):
        with pytest.raises(FileNotFoundError):
            ask()


def test_an_empty_part_was_made(machine: Machine) -> None:
    put_part(machine("one"), "v", "previews", {})
    assert machine("other").files("v", "previews") == frozenset()
    assert list(machine("other").local_part("v", "previews").glob("*.webp")) == []


def test_what_was_not_kept_is_nowhere(machine: Machine) -> None:
    store = machine("one")
    with store.work_place() as place:
        (place / "half").write_bytes(b"half")
    assert not place.exists()
    assert not store.exists("v/source.mp4")


def test_a_video_goes_whole(machine: Machine) -> None:
    one, other = machine("one"), machine("other")
    put(one, "v/source.mp4", b"film")
    put_part(one, "v", "frames", {"000000.jpg": b"0"})
    put(one, "w/source.mp4", b"other")
    one.drop_video("v")
    one.drop_video("v")
    assert not other.exists("v/source.mp4")
    assert other.files("v", "frames") is None
    assert other.exists("w/source.mp4")


def test_the_store_says_that_it_can_be_used(machine: Machine) -> None:
    machine("one").check()


# --- a bucket alone -------------------------------------------------------------------------------------------


def test_a_block_is_read_without_the_rest(address: str, tmp_path: Path) -> None:
    store = media_store(address, tmp_path / "one", 1.0)
    put(store, "v/source.mp4", bytes(range(256)) * 16)
    file = store.served("v/source.mp4")
    assert not isinstance(file, Path)
    assert file.size == 4096
    assert file.read(250, 260) == bytes([250, 251, 252, 253, 254, 255, 0, 1, 2, 3])
    other = media_store(address, tmp_path / "other", 1.0)
    other.served("v/source.mp4")
    assert not list((tmp_path / "other").rglob("source.mp4")), "nothing is copied for it"


def test_an_upload_that_was_cut_off_changes_nothing(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = media_store(address, tmp_path / "one", 1.0)
    put_part(store, "v", "frames", {"000000.jpg": b"old", "000001.jpg": b"old"})
    filesystem = store._fs  # type: ignore[attr-defined]
    with monkeypatch.context() as broken:
        broken.setattr(filesystem, "pipe_file", lambda *_: (_ for _ in ()).throw(ConnectionResetError("cut off")))
        with pytest.raises(StoreError, match=r"The media store s3://.* cannot be used: cut off\."):
            put_part(store, "v", "frames", {"000000.jpg": b"new"})
    other = media_store(address, tmp_path / "other", 1.0)
    assert other.files("v", "frames") == {"000000.jpg", "000001.jpg"}
    assert other.local_file("v", "frames", "000000.jpg").read_bytes() == b"old"
    put_part(store, "v", "frames", {"000000.jpg": b"new"})
    put_part(store, "v", "frames", {"000000.jpg": b"newest"})
    versions = filesystem.ls(f"{store._base}/v/frames", detail=False)  # type: ignore[attr-defined]
    assert len(versions) == 2, "the one that counts and the one before; what was cut off is gone"


def test_a_bucket_that_is_away_is_named_and_comes_back(
    server: BucketServer, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = media_store(address, tmp_path / "one", 1.0)
    put(store, "v/source.mp4", b"film")
    server.stop()
    try:
        for ask in (store.check, lambda: store.local("v/source.mp4"), lambda: put(store, "v/proxy.mp4", b"x")):
            with pytest.raises(StoreError, match=re.escape(f"(at 127.0.0.1:{server.port})")) as told:
                ask()
            assert told.value.retry
            assert "test-secret" not in str(told.value)
    finally:
        server.start()
    store.check()
    assert store.local("v/source.mp4").read_bytes() == b"film"
    assert not store.exists("v/proxy.mp4")


def test_a_wrong_address_or_key_is_told(address: str, tmp_path: Path) -> None:
    nowhere = media_store("s3://no-such-bucket-here/videos", tmp_path, 1.0)
    with pytest.raises(StoreError, match="s3://no-such-bucket-here/videos"):
        nowhere.check()
    with pytest.raises(StoreError, match="s3://no-such-bucket-here/videos"):
        put(nowhere, "v/source.mp4", b"film")
    with pytest.raises(InputError, match="must not hold a key"):
        media_store("s3://key:secret@bucket/videos", tmp_path, 1.0)
    with pytest.raises(InputError, match="must be a whole path"):
        media_store("videos", tmp_path, 1.0)
    with pytest.raises(InputError, match="what opens that is missing"):
        media_store("nothing-of-that-kind://bucket/videos", tmp_path, 1.0)


def test_copies_keep_within_their_limit_and_what_is_held_stays(address: str, tmp_path: Path) -> None:
    far = media_store(address, tmp_path / "far", 1.0)
    for number in range(HELD + 8):
        put(far, f"v{number}/source.mp4", bytes(1000))
    folder = tmp_path / "near" / "cache"
    near = BucketStore(address, LocalCopies(folder, 5000))
    for number in range(HELD + 8):
        near.local(f"v{number}/source.mp4")
        time.sleep(0.002)  # the order of use is told by the clock of the file system
    there = {path.parent.name for path in folder.glob("*/source.mp4")}
    assert there == {f"v{number}" for number in range(8, HELD + 8)}, "all that is held, and no more"
    again = BucketStore(address, LocalCopies(folder, 5000))
    again.local("v0/source.mp4")
    assert (folder / "v23" / "source.mp4").exists(), "held by the first"


def test_many_threads_ask_for_the_same_file_once(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(media_store(address, tmp_path / "far", 1.0), "v/source.mp4", os.urandom(300_000))
    near = media_store(address, tmp_path / "near", 1.0)
    filesystem = near._fs  # type: ignore[attr-defined]
    fetched, real = [], filesystem.get_file
    monkeypatch.setattr(filesystem, "get_file", lambda *args: (fetched.append(args), real(*args)))
    threads = [threading.Thread(target=near.local, args=("v/source.mp4",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetched) == 1


def test_a_remote_file_is_one(address: str, tmp_path: Path) -> None:
    store = media_store(address, tmp_path, 1.0)
    put(store, "v/source.mp4", b"film")
    file: RemoteFile | Path = store.served("v/source.mp4")
    assert not isinstance(file, Path)
    assert file.tag

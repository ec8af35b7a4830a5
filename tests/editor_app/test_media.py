from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from editor_app.media import MediaFiles, store_file, store_route
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.timeline import TimeRange

VIDEO = VideoRecord(
    id="민지-a1",
    title="t",
    kind="file",
    sha256="0",
    source="s",
    path="민지-a1/source.mp4",
    container="mp4",
    video_codec="h264",
    duration_ms=4000,
)
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def store(tmp_path: Path) -> Path:
    videos = tmp_path / "videos"
    folder = videos / VIDEO.id
    (folder / "frames").mkdir(parents=True)
    (folder / "previews").mkdir()
    (folder / "source.mp4").write_bytes(CONTENT)
    for index in range(8):
        (folder / "frames" / f"{index:06d}.jpg").write_bytes(b"jpg")
    (folder / "previews" / "0-1480.webp").write_bytes(b"webp")
    (folder / "notes.txt").write_text("private")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (folder / "previews" / "1-2.webp").symlink_to(tmp_path / "secret.jpg")
    (videos / "outside").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "source.mp4").write_bytes(b"secret")
    (videos / "linked").mkdir()
    (videos / "linked" / "source.mkv").symlink_to(tmp_path / "secret.jpg")
    (videos / ".incoming").mkdir()
    (videos / ".incoming" / "source.mp4").write_bytes(b"half")
    return videos


@pytest.fixture
def client(store: Path) -> TestClient:
    return TestClient(Starlette(routes=[store_route(store)]))


def test_addresses_are_answered(store: Path, client: TestClient) -> None:
    media = MediaFiles(store)
    expected = {
        media.source(VIDEO): "video/mp4",
        media.preview(VIDEO.id, TimeRange(0, 1480)): "image/webp",
        media.still(VIDEO, 3999): "image/jpeg",
    }
    for address, content_type in expected.items():
        assert address is not None
        response = client.get(address)
        assert response.status_code == 200, address
        assert response.headers["content-type"] == content_type
        assert response.headers["x-content-type-options"] == "nosniff"


def test_ranges(store: Path, client: TestClient) -> None:
    address = MediaFiles(store).source(VIDEO)
    assert address is not None
    part = client.get(address, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == CONTENT[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(CONTENT)}"
    assert client.get(address, headers={"Range": "bytes=-16"}).content == CONTENT[-16:]
    assert client.get(address, headers={"Range": f"bytes={len(CONTENT)}-"}).status_code == 416
    assert client.head(address).headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "민지-a1",
        "민지-a1/notes.txt",
        "민지-a1/previews/1-2.webp",  # a link out of the store
        "민지-a1/frames/../source.mp4",
        "민지-a1/../linked/source.mkv",
        "../secret.jpg",
        "./source.mp4",
        "outside/source.mp4",  # the folder is a link out of the store
        ".incoming/source.mp4",
        "민지-a1/source.mp4\0",
        "민지-a1/previews/0-1481.webp",
        "/etc/passwd",
        "민지-a1\\source.mp4",
    ],
)
def test_nothing_else_is_served(store: Path, name: str) -> None:
    assert store_file(store, name) is None


def test_a_linked_source_is_served_as_nothing_that_runs(store: Path, client: TestClient) -> None:
    assert client.get("/store/linked/source.mkv").content == b"secret"
    (store / VIDEO.id / "source.html").write_text("<script>alert(1)</script>")
    response = client.get(f"/store/{VIDEO.id}/source.html")
    assert response.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    "address", ["/store/..%2f..%2fsecret.jpg", "/store/%2e%2e/secret.jpg", "/store//etc/passwd"]
)
def test_encoded_ways_out(client: TestClient, address: str) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("changes", "playback"),
    [
        ({}, "plays"),
        ({"container": "webm", "video_codec": "vp9"}, "plays"),
        ({"path": None, "kind": "imported"}, "imported"),
        ({"path": "gone/source.mp4"}, "missing"),
        ({"container": "avi"}, "format"),
        ({"container": "gif", "video_codec": "gif"}, "format"),
        ({"video_codec": "mpeg4"}, "format"),
        ({"container": "mpeg", "video_codec": "mpeg1video"}, "format"),
    ],
)
def test_what_plays(store: Path, changes: dict[str, str | None], playback: str) -> None:
    media = MediaFiles(store)
    video = replace(VIDEO, **changes)
    assert media.playback(video) == playback
    assert (media.source(video) is not None) == (playback == "plays")


def test_still_is_the_frame_of_the_time(store: Path) -> None:
    media = MediaFiles(store)
    assert [media.still(VIDEO, time_ms) for time_ms in (0, 2100, 9000)] == [
        f"/store/%EB%AF%BC%EC%A7%80-a1/frames/{index:06d}.jpg" for index in (0, 4, 7)
    ]
    assert media.still(replace(VIDEO, id="no-frames"), 0) is None


def test_preview_is_of_that_range_or_of_what_shows_most_of_it(store: Path) -> None:
    media = MediaFiles(store)
    exact = media.preview(VIDEO.id, TimeRange(0, 1480))
    assert media.preview(VIDEO.id, TimeRange(700, 2000)) == exact
    assert media.preview(VIDEO.id, TimeRange(1480, 2000)) is None
    assert media.preview("nowhere", TimeRange(0, 1480)) is None

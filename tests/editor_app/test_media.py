from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from editor_app.faces import FacePlace
from editor_app.media import MediaFiles, store_route, stored_file
from editor_app.texts.access import ENGLISH, KOREAN
from tests.editor_app.signed import LINKS, NOW, plain
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.storage.folder import FolderStore
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
    (videos / "linked").mkdir()
    (folder / "source.mp4").write_bytes(CONTENT)
    for index in range(8):
        (folder / "frames" / f"{index:06d}.jpg").write_bytes(b"jpg")
    (folder / "previews" / "0-1480.webp").write_bytes(b"webp")
    (folder / "notes.txt").write_text("private")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (folder / "previews" / "1-2.webp").symlink_to(tmp_path / "secret.jpg")
    (videos / "linked" / "proxy.mp4").symlink_to(tmp_path / "secret.jpg")
    (videos / "outside").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "source.mp4").write_bytes(b"secret")
    (videos / "linked" / "source.mkv").symlink_to(tmp_path / "secret.jpg")
    (videos / ".incoming").mkdir()
    (videos / ".incoming" / "source.mp4").write_bytes(b"half")
    return videos


@pytest.fixture
def client(store: Path) -> TestClient:
    return TestClient(Starlette(routes=[store_route(FolderStore(store), LINKS)]))


def signed(name: str) -> str:
    return LINKS.address("/store", name)


SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
}


def test_addresses_are_answered(store: Path, client: TestClient) -> None:
    media = MediaFiles(FolderStore(store), LINKS)
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
        assert SAFE.items() <= response.headers.items()
        assert response.headers["cache-control"] == "private, max-age=3600"


def test_ranges(store: Path, client: TestClient) -> None:
    address = MediaFiles(FolderStore(store), LINKS).source(VIDEO)
    assert address is not None
    part = client.get(address, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == CONTENT[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(CONTENT)}"
    assert client.get(address, headers={"Range": "bytes=-16"}).content == CONTENT[-16:]
    beyond = client.get(address, headers={"Range": f"bytes={len(CONTENT)}-"})
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(CONTENT)}"
    assert SAFE.items() <= beyond.headers.items()
    head = client.head(address)
    assert head.headers["accept-ranges"] == "bytes"
    assert head.headers["content-length"] == str(len(CONTENT))
    assert head.content == b""
    assert client.get(address).content == CONTENT


def test_a_range_of_another_version_is_the_whole_file(store: Path, client: TestClient) -> None:
    address = signed(f"{VIDEO.id}/source.mp4")
    tag = client.get(address).headers["etag"]
    part = {"Range": "bytes=0-9"}
    assert client.get(address, headers=part | {"If-Range": tag}).status_code == 206
    (store / VIDEO.id / "source.mp4").write_bytes(b"another version")
    other = client.get(address, headers=part | {"If-Range": tag})
    assert (other.status_code, other.content) == (200, b"another version")
    assert other.headers["etag"] != tag


def test_what_the_browser_has_is_not_sent_again(store: Path, client: TestClient) -> None:
    Image.new("RGB", (64, 48)).save(store / VIDEO.id / "frames" / "000000.jpg")
    face = MediaFiles(FolderStore(store), LINKS).face(VIDEO.id, 0, (0.1, 0.1, 0.5, 0.5))
    assert face is not None
    for address in (signed(f"{VIDEO.id}/source.mp4"), face):
        first = client.get(address)
        again = client.get(address, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["cache-control"] == first.headers["cache-control"]
        assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_links_without_a_good_signature_are_refused(store: Path, client: TestClient) -> None:
    name = f"{VIDEO.id}/source.mp4"
    other = signed(f"{VIDEO.id}/frames/000000.jpg").partition("?")[2]
    for address in (f"/store/{name}", f"/store/{name}?{other}", "/store/nothing/source.mp4", signed(name)[:-1]):
        response = client.get(address)
        assert (response.status_code, response.text) == (403, ENGLISH.link_wrong)
        assert response.headers["cache-control"] == "no-store"
        assert SAFE.items() <= response.headers.items()
    korean = client.get(f"/store/{name}", headers={"Accept-Language": "ko-KR,ko;q=0.9"})
    assert korean.text == KOREAN.link_wrong


def test_links_expire_and_browsers_do_not_keep_files_longer(store: Path) -> None:
    address = signed(f"{VIDEO.id}/source.mp4")
    end = int(address.partition("expires=")[2].partition("&")[0])

    def asked(now: int) -> TestClient:
        return TestClient(Starlette(routes=[store_route(FolderStore(store), replace(LINKS, now=lambda: now))]))

    assert asked(end - 100).get(address).headers["cache-control"] == "private, max-age=100"
    late = asked(end).get(address, headers={"Range": "bytes=0-1"})
    assert (late.status_code, late.text) == (403, ENGLISH.link_expired)
    assert end - NOW >= 6 * 3600


def test_nothing_is_written_to(client: TestClient) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, signed(f"{VIDEO.id}/source.mp4")).status_code == 405


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
        "linked/proxy.mp4",  # a link out of the store
        "민지-a1/faces/000000-0-0-10-10.jpg",
        "민지-a1/frames/000099.jpg",
    ],
)
def test_nothing_else_is_served(store: Path, client: TestClient, name: str) -> None:
    """Not even under a good signature."""
    assert stored_file(FolderStore(store), name) is None
    if "faces" not in name:
        assert client.get(signed(name)).status_code in (404, 403)


def test_a_linked_source_is_served_as_nothing_that_runs(store: Path, client: TestClient) -> None:
    assert client.get(signed("linked/source.mkv")).content == b"secret"
    (store / VIDEO.id / "source.html").write_text("<script>alert(1)</script>")
    response = client.get(signed(f"{VIDEO.id}/source.html"))
    assert response.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    "address",
    [
        *["/store/..%2f..%2fsecret.jpg", "/store/%2e%2e/secret.jpg", "/store//etc/passwd"],
        *[
            "/store/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            "/store/..%5c..%5csecret.jpg",
            "/store/%00",
            "/store/a%00/source.mp4",
        ],
        *["/store/%252e%252e%252fsecret.jpg", "/store/.%2fsource.mp4", "/store/%c0%ae%c0%ae/secret.jpg"],
        *["/store/linked/..;/secret.jpg", "/store/%ef%bc%8e%ef%bc%8e/secret.jpg", "/store/" + "a" * 5000],
    ],
)
def test_encoded_ways_out(client: TestClient, address: str) -> None:
    assert client.get(address).status_code == 403
    name = unquote(address).removeprefix("/store/")
    assert client.get(address + "?" + signed(name).partition("?")[2]).status_code in (403, 404)


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
    media = MediaFiles(FolderStore(store), LINKS)
    video = replace(VIDEO, **changes)
    assert media.playback(video) == playback
    assert (media.source(video) is not None) == (playback == "plays")


def test_a_proxy_plays_from_its_own_beginning(store: Path, client: TestClient) -> None:
    media = MediaFiles(FolderStore(store), LINKS)
    video = replace(VIDEO, container="avi", video_codec="mpeg4", start_ms=1400)
    assert (media.playback(video), media.source(video), media.origin_ms(video)) == ("format", None, 1400)
    (store / VIDEO.id / "proxy.mp4").write_bytes(b"proxy")
    assert (media.playback(video), media.origin_ms(video)) == ("plays", 0)
    address = media.source(video)
    assert address is not None
    assert client.get(address).content == b"proxy"
    assert client.get(address).headers["content-type"] == "video/mp4"
    (store / VIDEO.id / "source.mp4").unlink()
    assert media.playback(video) == "plays"


def test_still_is_the_frame_of_the_time(store: Path) -> None:
    media = MediaFiles(FolderStore(store), LINKS)
    assert [plain(media.still(VIDEO, time_ms)) for time_ms in (0, 2100, 9000)] == [
        f"/store/%EB%AF%BC%EC%A7%80-a1/frames/{index:06d}.jpg" for index in (0, 4, 7)
    ]
    assert media.still(replace(VIDEO, id="no-frames"), 0) is None


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 64, 100])
def test_the_last_still_however_many_there_are(store: Path, count: int) -> None:
    media, video = MediaFiles(FolderStore(store), LINKS), replace(VIDEO, id=f"of-{count}")
    frames = store / video.id / "frames"
    frames.mkdir(parents=True)
    for index in range(count):
        (frames / f"{index:06d}.jpg").touch()
    assert plain(media.still(video, 10**9)) == f"/store/{video.id}/frames/{count - 1:06d}.jpg"
    (frames / f"{count:06d}.jpg").touch()
    assert plain(media.still(video, 10**9)) == f"/store/{video.id}/frames/{count:06d}.jpg", "another run made it"


def test_preview_is_of_that_range_or_of_what_shows_most_of_it(store: Path) -> None:
    media = MediaFiles(FolderStore(store), LINKS)
    exact = media.preview(VIDEO.id, TimeRange(0, 1480))
    assert media.preview(VIDEO.id, TimeRange(700, 2000)) == exact
    assert media.preview(VIDEO.id, TimeRange(1480, 2000)) is None
    assert media.preview("nowhere", TimeRange(0, 1480)) is None


# --- faces


@pytest.fixture
def frame(store: Path) -> Path:
    """A blue frame with a red square where the face is."""
    picture = Image.new("RGB", (1280, 720), "blue")
    picture.paste("red", (640, 360, 840, 560))
    path = store / VIDEO.id / "frames" / "000003.jpg"
    picture.save(path, quality=95)
    return path


FACE = (640 / 1280, 360 / 720, 840 / 1280, 560 / 720)


def test_a_face_is_cut_out_with_room_around_it(store: Path, client: TestClient, frame: Path) -> None:
    address = MediaFiles(FolderStore(store), LINKS).face(VIDEO.id, 3, FACE)
    assert plain(address) == "/store/%EB%AF%BC%EC%A7%80-a1/faces/000003-5000-5000-6562-7778.jpg"
    assert address is not None
    response = client.get(address)
    assert response.headers["content-type"] == "image/jpeg"
    assert SAFE.items() <= response.headers.items()
    picture = Image.open(BytesIO(response.content)).convert("RGB")
    assert picture.size == (160, 160)
    rim = 160 * (1 - 1 / 1.6) / 2
    for at, red in ((80, True), (round(rim) + 4, True), (round(rim) - 4, False), (4, False)):
        pixel = picture.getpixel((at, 80))
        assert isinstance(pixel, tuple)
        assert (pixel[0] > pixel[2]) == red, (at, pixel)


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ((0.0, 0.0, 0.01, 0.02), 22),  # in the corner, small: not enlarged
        ((-0.5, 0.2, 2.0, 0.9), 160),  # reaches out of the frame: as much as the frame has
        ((0.0, 0.0, 1.0, 1.0), 160),
    ],
)
def test_a_face_at_the_edge(
    store: Path, client: TestClient, frame: Path, box: tuple[float, float, float, float], size: int
) -> None:
    address = MediaFiles(FolderStore(store), LINKS).face(VIDEO.id, 3, box)
    assert address is not None
    picture = Image.open(BytesIO(client.get(address).content))
    assert picture.width == picture.height
    assert picture.width == pytest.approx(size, abs=2)


@pytest.mark.parametrize("box", [(0.5, 0.5, 0.5, 0.6), (0.6, 0.1, 0.5, 0.2), (1.1, 0.1, 1.2, 0.2)])
def test_no_face_without_a_box(store: Path, frame: Path, box: tuple[float, float, float, float]) -> None:
    assert MediaFiles(FolderStore(store), LINKS).face(VIDEO.id, 3, box) is None


def test_no_face_without_a_frame(store: Path) -> None:
    assert MediaFiles(FolderStore(store), LINKS).face(VIDEO.id, 99, FACE) is None
    assert MediaFiles(FolderStore(store), LINKS).face(VIDEO.id, -1, FACE) is None


@pytest.mark.parametrize(
    "name",
    [
        "faces/000003-5000-5000-6562.jpg",
        "faces/000003-6562-5000-5000-7778.jpg",
        "faces/000003-5000-5000-6562-10001.jpg",
        "faces/000003-05000-5000-6562-7778.jpg",
        "faces/3-5000-5000-6562-7778.jpg",
        "faces/000003--5000-5000-6562-7778.jpg",
        "faces/000003-5000-5000-6562-7778.png",
        "faces/../frames/000003.jpg",
        "faces/０00003-5000-5000-6562-7778.jpg",
        "faces/000099-5000-5000-6562-7778.jpg",
    ],
)
def test_bad_numbers_of_a_face(client: TestClient, frame: Path, name: str) -> None:
    assert client.get(signed(f"{VIDEO.id}/{name}")).status_code in (404, 403)


def test_a_damaged_frame_gives_no_face(client: TestClient, frame: Path) -> None:
    frame.write_bytes(frame.read_bytes()[:400])
    assert client.get(signed(f"{VIDEO.id}/faces/000003-5000-5000-6562-7778.jpg")).status_code == 404


def test_a_place_is_read_as_it_is_written() -> None:
    place = FacePlace.of(12, (0.1, 0.2, 0.3, 0.4))
    assert place is not None
    assert FacePlace.parse(place.name) == place

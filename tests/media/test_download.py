import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.clips import make_clip
from vsearch_pipeline.errors import DownloadError
from vsearch_pipeline.media import addresses
from vsearch_pipeline.media.addresses import check_link, is_public
from vsearch_pipeline.media.download import Downloaded, download


class Site:
    """A small web site on 127.0.0.1 with one clip, redirects, and byte ranges."""

    def __init__(self, clip: bytes) -> None:
        self.clip = clip
        self.redirects: dict[str, str] = {}
        self.ranges: list[str | None] = []
        self.broken_after: int | None = None
        self.claimed: int | None = None
        self.sent = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None: ...

            def do_GET(self) -> None:
                site.answer(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        target = self.redirects.get(request.path)
        if target:
            request.send_response(302)
            request.send_header("Location", target)
            request.end_headers()
            return
        if request.path.startswith("/endless"):
            self.go_on(request)
            return
        if not request.path.startswith("/clip"):
            request.send_error(404)
            return
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
        request.send_response(206 if asked else 200)
        request.send_header("Content-Type", "video/mp4")
        request.send_header("Content-Length", str(len(self.clip) - start))
        if asked:
            request.send_header("Content-Range", f"bytes {start}-{len(self.clip) - 1}/{len(self.clip)}")
        request.end_headers()
        request.wfile.write(self.clip[start : self.broken_after])

    def go_on(self, request: BaseHTTPRequestHandler) -> None:
        """A clip that never ends, of `claimed` bytes or of a length that is not told."""
        request.send_response(200)
        request.send_header("Content-Type", "video/mp4")
        if self.claimed is not None:
            request.send_header("Content-Length", str(self.claimed))
        request.end_headers()
        block = self.clip * (1 + 100_000 // len(self.clip))
        try:
            while self.sent < 300_000_000:
                request.wfile.write(block)
                self.sent += len(block)
        except OSError:  # nobody listens any more
            return

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("clip")
    return make_clip(folder / "clip.mp4", seconds=3, fps=25, size=(320, 240), cuts=(1, 2), audio=True).read_bytes()


@pytest.fixture
def site(clip: bytes) -> Iterator[Site]:
    site = Site(clip)
    yield site
    site.close()


def fetch(url: str, folder: Path, **changes: Any) -> Downloaded:
    settings: dict[str, Any] = {"max_bytes": 10**8, "max_seconds": 600, "allow_private_addresses": True}
    return download(url, folder, **(settings | changes))


def test_a_link_to_a_file_is_fetched(site: Site, tmp_path: Path, clip: bytes) -> None:
    progress: list[tuple[int, int | None]] = []
    found = fetch(f"{site.url}/clip.mp4", tmp_path, on_progress=lambda done, total: progress.append((done, total)))
    assert found.path.read_bytes() == clip
    assert found.path.parent == tmp_path
    assert (found.title, found.duration_ms) == ("clip", 3000)
    assert progress[-1] == (len(clip), len(clip))
    assert progress == sorted(progress)
    assert list(tmp_path.iterdir()) == [found.path]


def test_a_broken_transfer_continues_where_it_stopped(site: Site, tmp_path: Path, clip: bytes) -> None:
    name = fetch(f"{site.url}/clip.mp4", tmp_path / "first").path.name
    again = tmp_path / "again"
    again.mkdir()
    (again / f"{name}.part").write_bytes(clip[:20_000])
    found = fetch(f"{site.url}/clip.mp4", again)
    assert site.ranges[-1] == "bytes=20000-"
    assert found.path.read_bytes() == clip


def test_redirects_are_followed(site: Site, tmp_path: Path, clip: bytes) -> None:
    site.redirects["/short"] = f"{site.url}/clip.mp4"
    found = fetch(f"{site.url}/short", tmp_path)
    assert found.path.read_bytes() == clip
    assert found.url == f"{site.url}/clip.mp4"


def test_too_large_is_refused_and_leaves_nothing(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="larger than the limit of 5,000 bytes"):
        fetch(f"{site.url}/clip.mp4", tmp_path, max_bytes=5000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("claimed", [None, 10_000], ids=["without a length", "with a false one"])
def test_a_file_that_goes_on_is_given_up_and_leaves_nothing(
    site: Site, tmp_path: Path, claimed: int | None
) -> None:
    site.claimed = claimed
    with pytest.raises(DownloadError):
        fetch(f"{site.url}/endless.mp4", tmp_path, max_bytes=5_000_000 if claimed is None else 9_000)
    assert site.sent < 100_000_000, "it was not read to its end"
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) <= 5_000_000


def test_redirects_that_go_round_end(site: Site, tmp_path: Path) -> None:
    site.redirects |= {"/a": f"{site.url}/b", "/b": f"{site.url}/a"}
    with pytest.raises(DownloadError):
        fetch(f"{site.url}/a", tmp_path)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "data:video/mp4;base64,AAAA", "gopher://127.0.0.1/"])
def test_a_redirect_out_of_the_web_is_refused(site: Site, tmp_path: Path, target: str) -> None:
    site.redirects["/out"] = target
    with pytest.raises(DownloadError):
        fetch(f"{site.url}/out", tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_too_long_is_refused_and_leaves_nothing(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="lasts 3 s, longer than the limit of 2 s"):
        fetch(f"{site.url}/clip.mp4", tmp_path, max_seconds=2)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_page_and_a_page_without_video_are_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="404"):
        fetch(f"{site.url}/gone", tmp_path)


def test_a_redirect_into_the_private_network_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    port = site.url.rpartition(":")[2]
    site.redirects["/inside"] = f"http://127.0.0.2:{port}/clip.mp4"
    with pytest.raises(DownloadError, match=r"127\.0\.0\.2, an address inside a private network"):
        fetch(f"{site.url}/inside", tmp_path, allow_private_addresses=False)
    assert site.ranges == []
    assert fetch(f"{site.url}/clip.mp4", tmp_path, allow_private_addresses=False).duration_ms == 3000


def test_a_name_that_moves_into_the_private_network_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["93.184.216.34", "127.0.0.1"]

    def rebinding(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        address = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with pytest.raises(DownloadError, match=r"rebind\.example, an address inside a private network"):
        fetch(
            f"http://rebind.example:{site.url.rpartition(':')[2]}/clip.mp4",
            tmp_path,
            allow_private_addresses=False,
        )
    assert site.ranges == []


def test_a_redirect_to_another_protocol_is_refused(site: Site, tmp_path: Path) -> None:
    site.redirects["/ftp"] = "ftp://127.0.0.1/clip.mp4"
    with pytest.raises(DownloadError, match="something other than http"):
        fetch(f"{site.url}/ftp", tmp_path)


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/x.mp4", "file:///etc/passwd", "javascript:1", "x.mp4", "-x", "http:///x", "http://[::1/"],
)
def test_only_http_links_are_taken(url: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"only http and https|no host|not a link"):
        fetch(url, tmp_path)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "0.0.0.0",  # noqa: S104
        "100.64.0.1", "224.0.0.1", "240.0.0.1", "[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[ff02::1]",
        "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "[2002:a00:1::]", "localhost", "2130706433", "0x7f.1",
        "0177.0.0.1", "127.1", "017700000001", "①②⑦.0.0.1", "user@127.0.0.1", "example.org@10.0.0.1",
        "[::127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:0:7f00:1]", "[64:ff9b:1::7f00:1]", "[2001:0:a00:1::1]",
        "[fec0::1]", "[fd00:ec2::254]", "198.18.0.1", "192.0.0.8", "192.88.99.1", "255.255.255.255", "[3fff::1]",
    ],
)  # fmt: skip
def test_private_hosts_are_refused_however_they_are_written(host: str) -> None:
    with pytest.raises(DownloadError, match=r"private network|cannot be found"):
        check_link(f"http://{host}/x.mp4", allow_private=False)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)

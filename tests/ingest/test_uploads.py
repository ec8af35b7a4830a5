"""Files that come as content, links that are asked for, the sample library, and what failed tried again."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.clips import make_clip
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.operations import read_operations
from vsearch_pipeline.catalog.requests import RequestRecord, follow_request, open_requests
from vsearch_pipeline.catalog.stages import fail_stage
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.errors import InputError, MediaError
from vsearch_pipeline.ingest.again import try_failed_again
from vsearch_pipeline.ingest.links import add_link, ask_for_link
from vsearch_pipeline.ingest.sample import add_sample
from vsearch_pipeline.ingest.store import add_file
from vsearch_pipeline.ingest.uploads import add_upload, file_name
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.store import open_store


@pytest.fixture
def library(catalog: Catalog) -> Iterator[Catalog]:
    """A catalogue in which nothing is asked for and nothing failed."""

    def clear() -> None:
        with catalog.begin() as connection:
            connection.execute(text("delete from requests"))
            connection.execute(text("delete from stage_errors"))

    clear()
    yield catalog
    clear()


@pytest.fixture
def clip(tmp_path: Path, request: pytest.FixtureRequest) -> bytes:
    """The content of a clip of its own for each test."""
    seconds = 0.4 + int(hashlib.sha256(request.node.name.encode()).hexdigest(), 16) % 89 / 100
    return make_clip(tmp_path / "clip.mp4", seconds=seconds, fps=25, size=(64, 48)).read_bytes()


@dataclass
class Web:
    """A server of this machine that nobody should ask."""

    url: str
    asked: list[str]


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Web(f"http://127.0.0.1:{server.server_port}", paths)
        server.shutdown()


def asked(catalog: Catalog) -> list[RequestRecord]:
    with catalog.begin() as connection:
        return open_requests(connection)


def test_an_upload_is_added_and_a_run_asked_for(library: Catalog, settings: Settings, clip: bytes) -> None:
    name = "C:\\films\\내 영상 1.mp4"
    added = add_upload(library, settings, name, BytesIO(clip), actor="mina", door="web")
    assert added.new
    assert (added.video.title, added.video.source) == ("내 영상 1", "내 영상 1.mp4")
    stored = open_store(settings).local(str(added.video.path))
    assert stored.read_bytes() == clip
    assert not stored.is_symlink()
    assert list((settings.home / "uploads").iterdir()) == [], "nothing is left behind"
    [request] = asked(library)
    assert (request.kind, request.subject, request.actor) == ("ingest", added.video.id, "mina")
    with library.begin() as connection:
        [logged] = read_operations(connection, subjects=[("video", added.video.id)])
    assert (logged.kind, logged.actor, logged.door) == ("video.add", "mina", "web")


def test_the_same_content_is_one_video_by_whatever_door(
    library: Catalog, settings: Settings, clip: bytes, tmp_path: Path
) -> None:
    first = add_file(library, settings, tmp_path / "clip.mp4", actor="mina", door="cli")
    again = add_upload(library, settings, "other.mp4", BytesIO(clip), actor="jun", door="web")
    assert (again.new, again.video.id) == (False, first.video.id)
    assert asked(library) == []


def test_what_is_no_video_is_refused_by_its_content(library: Catalog, settings: Settings) -> None:
    with pytest.raises(MediaError, match=r"^film\.mp4: "):
        add_upload(library, settings, "film.mp4", BytesIO(b"no film" * 100), actor="mina", door="web")
    assert asked(library) == []
    assert list((settings.home / "uploads").iterdir()) == []


@pytest.mark.parametrize("name", ["film.mp4", "film.m3u8", "film.mpd", "film.txt"])
@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{there}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{there}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{web}/part.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{there}'\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
        ' mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{web}/a.mp4</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        "<html><video src='{web}/a.mp4'></video></html>",
        "\x89PNG\r\n\x1a\n",
        "PK\x03\x04 an archive",
    ],
    ids=["hls", "hls-file", "hls-web", "concat", "dash", "sdp", "html", "png", "zip"],
)
def test_what_leads_elsewhere_is_no_upload(  # noqa: PLR0917 - fixtures
    library: Catalog, settings: Settings, clip: bytes, tmp_path: Path, web: Web, name: str, content: str
) -> None:
    """Neither another file of this machine nor its network is reached through what somebody uploads."""
    there = tmp_path / "private.ts"
    there.write_bytes(clip)
    written = content.format(there=there, web=web.url).encode("latin-1", "ignore")
    with pytest.raises(MediaError):
        add_upload(library, settings, name, BytesIO(written), actor="mina", door="web")
    assert web.asked == []
    assert list((settings.home / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../" * 40 + "etc/x.mp4", "/etc/cron.d/x.mp4", "a\0b.mp4", "ㅎ" * 5000 + ".mp4", ".."]
)
def test_an_upload_lands_in_the_store_whatever_its_name(
    library: Catalog, settings: Settings, clip: bytes, name: str
) -> None:
    content = clip + name.encode("utf-8", "ignore")  # what follows the boxes is no harm
    added = add_upload(library, settings, name, BytesIO(content), actor="mina", door="web")
    assert added.video.path == f"{added.video.id}/source{Path(file_name(name)).suffix}"
    assert "/" not in added.video.id
    assert open_store(settings).local(added.video.path).read_bytes() == content
    assert list((settings.home / "uploads").iterdir()) == []


@pytest.mark.parametrize("mode", ["symlink", "hardlink", "copy"])
def test_an_upload_stays_when_its_own_file_goes(
    library: Catalog, settings: Settings, clip: bytes, mode: str
) -> None:
    linking = settings.model_copy(update={"link_mode": mode})
    content = clip + mode.encode()  # what follows the boxes is no harm
    added = add_upload(library, linking, "film.mp4", BytesIO(content), actor="mina", door="web")
    assert open_store(settings).local(str(added.video.path)).read_bytes() == content


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("film.mp4", "film.mp4"),
        ("../../etc/passwd", "passwd"),
        ("/a/b/c.mkv", "c.mkv"),
        ("..", "video"),
        ("", "video"),
        (".hidden.mp4", "hidden.mp4"),
        ("a\x00b\n\u202ec.mp4", "abc.mp4"),
        ("\ud800.mp4", "mp4"),
        ("한" * 200 + ".mp4", "한" * 58 + ".mp4"),
    ],
)
def test_names_of_uploads(name: str, safe: str) -> None:
    assert file_name(name) == safe


@given(st.text())
def test_any_name_is_one_of_a_file(name: str) -> None:
    safe = file_name(name)
    assert 0 < len(safe.encode()) <= 180
    assert Path("folder", safe).parent == Path("folder")
    assert safe not in (".", "..")
    assert "\0" not in safe


def test_a_link_is_asked_for(library: Catalog) -> None:
    number = ask_for_link(library, "  https://example.org/a.mp4\n", actor="mina", door="web")
    [request] = asked(library)
    assert (request.id, request.kind, request.subject) == (number, "take_in", "https://example.org/a.mp4")
    with library.begin() as connection:
        newest = read_operations(connection, limit=1)[0]
    assert (newest.kind, newest.about) == ("video.request", {"source": "https://example.org/a.mp4"})


@pytest.mark.parametrize(
    "link",
    [
        *["", "film.mp4", "/etc/passwd", "file:///etc/passwd", "ftp://example.org/a.mp4", "javascript:alert(1)"],
        *["https://", "http://[", "https://example.org/a b.mp4", "https://example.org/\x00", "https://\ud800.org"],
    ],
)
def test_what_is_no_link(library: Catalog, link: str) -> None:
    with pytest.raises(InputError, match="not a link"):
        ask_for_link(library, link, actor="mina", door="web")
    assert asked(library) == []


def test_the_sample_library_is_added_and_the_person_learnt_first(
    library: Catalog, settings: Settings, tmp_path: Path
) -> None:
    own = settings.model_copy(update={"gallery": tmp_path / "gallery"})
    added = add_sample(library, own, actor="mina", door="web")
    assert [each.video.title for each in added] == ["bikes", "carphone", "big-buck-bunny", "photo-reel"]
    assert (tmp_path / "gallery" / "NASA" / "Eileen Collins" / "astronaut.png").is_file()
    train, *videos = asked(library)
    assert train.kind == "train"
    assert [(each.kind, each.subject, each.after) for each in videos] == [
        ("ingest", each.video.id, train.id) for each in added
    ]
    again = add_sample(library, own, actor="mina", door="web")
    assert [each.new for each in again] == [False] * 4
    assert len(asked(library)) == 5
    with library.begin() as connection:
        connection.execute(
            text("delete from videos where id = any(:ids)"), {"ids": [each.video.id for each in added]}
        )


def test_everything_that_failed_is_tried_again(library: Catalog) -> None:
    with library.begin() as connection:
        for video in ("again-1", "again-2"):
            insert_video(connection, VideoRecord(video, video, "file", f"sha-{video}", "test"))
        fail_stage(connection, "again-1", "faces", "out of memory", "run")
    link = ask_for_link(library, "https://example.org/gone.mp4", actor="jun", door="web")
    with library.begin() as connection:
        follow_request(connection, link, "failed", reason="404")
    assert try_failed_again(library, actor="mina", door="web") == 2
    assert [(each.kind, each.subject, each.actor) for each in asked(library)] == [
        ("retry", "again-1", "mina"),
        ("take_in", "https://example.org/gone.mp4", "mina"),
    ]
    assert try_failed_again(library, actor="mina", door="web") == 0, "it is asked for"
    with library.begin() as connection:
        connection.execute(text("delete from videos where id in ('again-1', 'again-2')"))


def test_a_download_stays_when_its_own_file_goes(
    library: Catalog, settings: Settings, clip: bytes, tmp_path: Path
) -> None:
    (tmp_path / "fetched.mp4").write_bytes(clip)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    linking = settings.model_copy(update={"link_mode": "symlink", "allow_private_addresses": True})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        link = f"http://127.0.0.1:{server.server_address[1]}/fetched.mp4"
        added = add_link(library, linking, link, actor="mina", door="web")
        server.shutdown()
    assert (added.new, added.video.title, added.video.source) == (True, "fetched", link)
    assert open_store(settings).local(str(added.video.path)).read_bytes() == clip

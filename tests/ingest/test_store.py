"""Taking files in: by content, whole or not at all."""

from __future__ import annotations

import hashlib
import socket
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clips import make_clip
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.human import write_fields
from vsearch_pipeline.catalog.operations import read_operations
from vsearch_pipeline.catalog.segments import AutoFields, Place, insert_segments, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, current_fingerprints, finish_stage, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, get_video, insert_video
from vsearch_pipeline.errors import InputError, MediaError
from vsearch_pipeline.ingest.links import is_link
from vsearch_pipeline.ingest.store import Ignored, add_file, find_files, slug
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.store import open_store
from vsearch_pipeline.timeline import TimeRange


@pytest.fixture
def clip(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A clip of its own content for each test."""
    seconds = 0.4 + int(hashlib.sha256(request.node.name.encode()).hexdigest(), 16) % 97 / 100
    return make_clip(tmp_path / "한글 이름 with spaces.mp4", seconds=seconds, fps=25, size=(64, 48))


def add(catalog: Catalog, settings: Settings, path: Path):  # type: ignore[no-untyped-def]
    return add_file(catalog, settings, path, actor="tester", door="cli")


def test_a_file_is_copied_entered_and_logged(catalog: Catalog, settings: Settings, clip: Path) -> None:
    seen: list[int] = []
    added = add_file(catalog, settings, clip, actor="tester", door="cli", on_bytes=seen.append)
    assert added.new
    assert added.video.title == "한글 이름 with spaces"
    assert added.video.id == f"한글-이름-with-spaces-{hashlib.sha256(clip.read_bytes()).hexdigest()[:10]}"
    assert open_store(settings).local(str(added.video.path)).read_bytes() == clip.read_bytes()
    assert sum(seen) == clip.stat().st_size
    with catalog.begin() as connection:
        [logged] = read_operations(connection, subjects=[("video", added.video.id)])
    assert (logged.actor, logged.door, logged.kind) == ("tester", "cli", "video.add")
    assert logged.about["title"] == added.video.title
    assert not logged.after, "adding a video changes no field that could be put back"


def test_the_same_content_is_one_video_whatever_its_name(catalog: Catalog, settings: Settings, clip: Path) -> None:
    first = add(catalog, settings, clip)
    other = clip.rename(clip.with_name("-other name.mkv.mp4"))
    again = add(catalog, settings, other)
    assert (again.new, again.video.id) == (False, first.video.id)
    with open_store(settings).work_place() as place:
        assert list(place.parent.iterdir()) == [place]


def test_a_folder_left_by_a_crash_is_taken_over(catalog: Catalog, settings: Settings, clip: Path) -> None:
    sha256 = hashlib.sha256(clip.read_bytes()).hexdigest()
    store = open_store(settings)
    name = f"{slug(clip.stem)}-{sha256[:10]}/source.mp4"
    with store.work_place() as place:
        (place / "half").write_bytes(b"half")
        store.keep(place / "half", name)
        dead = place.parent / f"{socket.gethostname()}~999999999~dead"
        dead.mkdir()
    added = add(catalog, settings, clip)
    assert added.new
    assert store.local(name).read_bytes() == clip.read_bytes()
    assert not dead.exists()


def test_an_imported_video_gets_its_file(catalog: Catalog, settings: Settings, clip: Path) -> None:
    sha256 = hashlib.sha256(clip.read_bytes()).hexdigest()
    with catalog.begin() as connection:
        insert_video(
            connection, VideoRecord("lost-film", "Lost film", "imported", sha256, "x.json", duration_ms=9000)
        )
        producer = producer_id(connection, ProducerInfo("segments", "imported", "1"))
        place = Place(TimeRange(0, 300), TimeRange(0, 300))
        finish_stage(
            connection, "lost-film", "segments", mark="m", producer=producer, run_id="import:x", seconds=0.0
        )
        [number] = insert_segments(connection, "lost-film", producer, [(place, AutoFields("seen", None))])
        write_fields(connection, "segment", {str(number): {"caption_en": ["mine", "seen"]}}, operation=0)
    added = add(catalog, settings, clip)
    assert (added.new, added.video.id, added.video.kind, added.video.title) == (
        True,
        "lost-film",
        "file",
        "Lost film",
    )
    assert open_store(settings).local(str(added.video.path)).read_bytes() == clip.read_bytes()
    with catalog.begin() as connection:
        stored = get_video(connection, "lost-film")
        [segment] = read_segments(connection, video_id="lost-film")
        [logged] = read_operations(connection, subjects=[("video", "lost-film")])
        assert current_fingerprints(connection, "lost-film") == {}, "every stage is done again"
    assert stored == added.video
    assert (stored.width, stored.source) == (64, str(clip))
    assert (segment.id, segment.caption_en) == (number, "mine")
    assert (logged.kind, logged.about["sha256"]) == ("video.attach", sha256)
    assert not add(catalog, settings, clip).new


@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_linking_instead_of_copying(
    catalog: Catalog, settings: Settings, clip: Path, tmp_path: Path, mode: str
) -> None:
    own = settings.model_copy(update={"link_mode": mode, "media_url": str(tmp_path / "store")})
    added = add(catalog, own, clip)
    stored = open_store(own).local(str(added.video.path))
    assert stored.samefile(clip)


def test_a_bad_file_leaves_nothing(catalog: Catalog, settings: Settings, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"\0" * 4000)
    before = sorted(settings.home.glob("videos/**/*"))
    with pytest.raises(MediaError, match=r"^bad\.mp4: "):
        add(catalog, settings, bad)
    assert sorted(settings.home.glob("videos/**/*")) == before


def test_a_folder_gives_its_videos_in_order_and_says_what_it_ignores(tmp_path: Path) -> None:
    for name in ["b.MP4", "sub/a.webm", "notes.txt", ".hidden", "c.gif"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = list(find_files([tmp_path]))
    assert [item.name for item in found if isinstance(item, Path)] == ["b.MP4", "c.gif", "a.webm"]
    assert [item.path.name for item in found if isinstance(item, Ignored)] == ["notes.txt"]


def test_a_file_named_by_a_person_is_tried_whatever_its_ending(tmp_path: Path) -> None:
    file = tmp_path / "video.dat"
    file.touch()
    assert list(find_files([file])) == [file]


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file or folder"):
        list(find_files([tmp_path / "nowhere"]))


@given(st.text(max_size=200))
def test_a_slug_is_always_a_safe_short_name(title: str) -> None:
    name = slug(title)
    assert 0 < len(name) <= 40
    assert not name.startswith((".", "-"))
    assert all(letter.isalnum() or letter == "-" for letter in name)
    assert unicodedata.is_normalized("NFC", name) or unicodedata.normalize("NFC", title.lower()) != title.lower()


@pytest.mark.parametrize(
    ("source", "link"),
    [
        ("https://example.org/a.mp4", True),
        ("ftp://example.org/a.mp4", True),
        ("videos/a.mp4", False),
        ("-dash.mp4", False),
        ("c:\\videos\\a.mp4", False),
    ],
)
def test_links_and_paths_are_told_apart(source: str, link: bool) -> None:
    assert is_link(source) is link

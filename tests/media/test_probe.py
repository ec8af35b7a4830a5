import hashlib
import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from tests.clips import make_clip
from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.media.probe import probe, sha256_file


def test_an_ordinary_clip(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", seconds=2, fps=25, size=(160, 120), audio=True)
    info = probe(path)
    assert (info.container, info.video_codec, info.audio_codec) == ("mp4", "h264", "aac")
    assert (info.width, info.height, info.rotation) == (160, 120, 0)
    assert (info.frame_rate, info.duration_ms) == (Fraction(25), 2000)
    assert info.has_audio
    assert not info.has_alpha
    assert info.size_bytes == path.stat().st_size


@pytest.mark.parametrize(
    ("rotation", "size"), [(0, (160, 120)), (90, (120, 160)), (180, (160, 120)), (270, (120, 160))]
)
def test_rotation_is_clockwise_and_swaps_the_sides(tmp_path: Path, rotation: int, size: tuple[int, int]) -> None:
    info = probe(make_clip(tmp_path / "clip.mp4", size=(160, 120), rotation=rotation))
    assert info.rotation == rotation
    assert (info.width, info.height) == size


def test_pixels_that_are_not_square_widen_the_picture(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "clip.mp4", size=(160, 120), aspect=Fraction(4, 3), rotation=90))
    assert (info.width, info.height) == (120, 213)


@pytest.mark.parametrize("name", ["-dash.mp4", "two words.mp4", "민지 무대.mp4", "a:b.mp4", "100%d.mp4"])
def test_names_are_only_names(tmp_path: Path, name: str) -> None:
    assert probe(make_clip(tmp_path / name)).video_codec == "h264"


@pytest.mark.parametrize(
    ("suffix", "codec", "container"),
    [
        ("mkv", "libx264", "matroska"),
        ("webm", "libvpx-vp9", "webm"),
        ("avi", "mpeg4", "avi"),
        ("ts", "libx264", "mpegts"),
    ],
)
def test_containers_are_named_as_people_do(tmp_path: Path, suffix: str, codec: str, container: str) -> None:
    assert probe(make_clip(tmp_path / f"clip.{suffix}", codec=codec)).container == container


def test_one_frame_in_a_video_container_is_a_video(tmp_path: Path) -> None:
    assert probe(make_clip(tmp_path / "one.mp4", seconds=0.1)).duration_ms == 100


def test_an_animated_gif_is_a_video_and_a_single_one_is_not(tmp_path: Path) -> None:
    assert probe(make_clip(tmp_path / "moving.gif", codec="gif")).container == "gif"
    with pytest.raises(MediaError, match="still picture"):
        probe(make_clip(tmp_path / "still.gif", codec="gif", seconds=0.1))


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "avif", "bmp", "tiff"])
def test_a_picture_is_refused_whatever_its_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "holiday.mp4"
    Image.new("RGB", (64, 48), "teal").save(path, kind.upper())
    with pytest.raises(MediaError, match="still picture"):
        probe(path)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    import av

    path = tmp_path / "sound.mp4"
    with av.open(str(make_clip(tmp_path / "clip.mp4", audio=True))) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    with pytest.raises(MediaError, match=r"no video stream \(sound only\)"):
        probe(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"hello\n" * 100, "not a video"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "not a video|playlist"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "not a video file|playlist"),
        (bytes(5000), "not a video file we can read"),
    ],
)
@pytest.mark.parametrize("name", ["x.mp4", "x.m3u8", "x.txt"])
def test_what_is_not_a_video_is_refused_with_a_reason(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MediaError, match=reason) as caught:
        probe(path)
    assert str(tmp_path) not in str(caught.value)


def test_a_truncated_file_says_so(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mp4", seconds=4, fps=25).read_bytes()
    at = whole.index(b"moov") - 4
    end = at + int.from_bytes(whole[at : at + 4], "big")
    (tmp_path / "index-only.mp4").write_bytes(whole[: whole.index(b"mdat") + 4][:32] + whole[at:end])
    with pytest.raises(MediaError, match=r"cut short|decoded"):
        probe(tmp_path / "index-only.mp4")
    (tmp_path / "no-index.mp4").write_bytes(whole[:at])
    with pytest.raises(MediaError, match="not a video file we can read"):
        probe(tmp_path / "no-index.mp4")


def test_encrypted_video_is_named(tmp_path: Path) -> None:
    keys = {
        "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
        "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
    }
    path = make_clip(tmp_path / "locked.mp4", options={"encryption_scheme": "cenc-aes-ctr", **keys})
    with pytest.raises(MediaError, match=r"it is encrypted \(cenc\) and cannot be decoded"):
        probe(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="No such file"):
        probe(tmp_path / "gone.mp4")
    with pytest.raises(MediaError, match="folder"):
        probe(tmp_path)


def test_sha256_is_the_content_not_the_name(tmp_path: Path) -> None:
    one = make_clip(tmp_path / "one.mp4")
    two = Path(shutil.copy(one, tmp_path / "two.mp4"))
    assert sha256_file(one) == sha256_file(two) == hashlib.sha256(one.read_bytes()).hexdigest()

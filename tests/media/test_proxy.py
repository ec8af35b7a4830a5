"""A proxy has the frames of its video, told by their numbers, at the times that sampling measures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.clips import make_clip
from tests.export.numbered import SIZE, make_numbered, numbered_picture, numbers
from tests.media.conftest import Sampled
from vsearch_pipeline.browsers import Stored, browsers_that_play
from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.media.audio import read_audio
from vsearch_pipeline.media.frames import decode_rgb
from vsearch_pipeline.media.probe import probe
from vsearch_pipeline.media.proxy import LONG_SIDE, SHORT_SIDE, stored, write_proxy

FRAMES = 60
Scanner = Callable[..., Sampled]


def packets(path: Path) -> list[tuple[Fraction, Fraction, bool]]:
    """Time, duration and whether it is a key frame, of each packet as it is stored, in ms."""
    with av.open(f"file:{path}") as container:
        stream = container.streams.video[0]
        base = Fraction(stream.time_base or 0) * 1000
        found = [p for p in container.demux(stream) if p.pts is not None]
        assert [p.pts for p in found] == [p.dts for p in found]
        return [((p.pts or 0) * base, (p.duration or 0) * base, p.is_keyframe) for p in found]


def write_in(path: Path, codec: str, pixel_format: str, *, sound: str | None = None, **options: str) -> Path:
    """A numbered video in any codec and pixel format."""
    with av.open(f"file:{path}", "w") as container:
        stream: Any = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height = SIZE
        stream.pix_fmt = pixel_format
        tone: Any = container.add_stream(sound, rate=48000, layout="stereo") if sound else None
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(numbered_picture(number), format="rgb24")
            container.mux(stream.encode(frame.reformat(format=pixel_format)))
        container.mux(stream.encode())
        if tone is not None:
            wave = (np.sin(np.arange(FRAMES * 1920) / 20) * 9000).astype(np.int16)
            block = av.AudioFrame.from_ndarray(np.repeat(wave, 2)[None], format="s16", layout="stereo")
            block.rate, block.pts = 48000, 0
            container.mux(tone.encode(block))
            container.mux(tone.encode())
    return path


ENCODINGS = [
    ("old.avi", "mpeg4", "yuv420p", None),
    ("disc.mpg", "mpeg2video", "yuv420p", "mp2"),
    ("camera.mov", "prores_ks", "yuv422p10le", "pcm_s16le"),
    ("recorder.avi", "mjpeg", "yuvj422p", "pcm_s16le"),
    ("ten bits.mp4", "libx264", "yuv420p10le", None),
    ("wide colour.mp4", "libx264", "yuv422p", "aac"),
    ("phone.mp4", "libx265", "yuv420p", "aac"),
    ("film.mkv", "libx264", "yuv420p", "ac3"),
    ("film.mp4", "libx264", "yuv420p", "ac3"),
    ("broadcast.ts", "libx264", "yuv420p", "aac"),
    ("lossless.mkv", "ffv1", "bgr0", "flac"),
]
PLAYED = [("film.mp4", "libx264", "yuv420p", "aac"), ("film.mov", "libx264", "yuv420p", "mp3")]


@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda encoding: encoding[0])
def test_every_frame_at_its_time(
    tmp_path: Path, scan: Scanner, encoding: tuple[str, str, str, str | None]
) -> None:
    name, codec, pixels, sound = encoding
    path = write_in(tmp_path / name, codec, pixels, sound=sound)
    assert browsers_that_play(stored(path)) != "all"
    target = tmp_path / "proxy.mp4"
    made = write_proxy(path, target)
    found = scan(path, fps=60).scan
    assert numbers(target) == numbers(path)
    assert (made.frames, made.moved, made.duration_ms) == (FRAMES, 0, found.duration_ms)
    times = {time for time, _, _ in packets(target)}
    assert times >= {frame.time_ms for frame in found.frames}
    info = probe(target)
    assert browsers_that_play(stored(target)) == "all"
    assert (info.container, info.video_codec, info.pixel_format) == ("mp4", "h264", "yuv420p")
    assert info.audio_codec == ("aac" if sound else None)
    assert made.has_audio == (sound is not None)


@pytest.mark.parametrize(("name", "codec", "pixels", "sound"), PLAYED)
def test_what_plays_needs_none(tmp_path: Path, name: str, codec: str, pixels: str, sound: str) -> None:
    assert browsers_that_play(stored(write_in(tmp_path / name, codec, pixels, sound=sound))) == "all"


def test_a_webm_needs_none(tmp_path: Path) -> None:
    assert browsers_that_play(stored(make_clip(tmp_path / "film.webm", codec="libvpx-vp9"))) == "all"


@pytest.mark.parametrize(
    ("stored", "players"),
    [
        (Stored("mp4", "h264", "aac", "yuv420p"), "all"),
        (Stored("mov", "h264", None, "yuvj420p", 3840, 2160), "all"),
        (Stored("webm", "vp9", "opus", "yuv420p"), "all"),
        (Stored("webm", "vp8", "vorbis", "yuva420p"), "all"),
        (Stored("mp4", "h264", "aac"), "all"),  # what the catalogue knows of it
        (Stored("mp4", "h264", "ac3"), "some"),
        (Stored("mov", "h264", "pcm_s16le"), "some"),
        (Stored("mp4", "h264", "aac", "yuv420p10le"), "some"),
        (Stored("mp4", "h264", "aac", "yuv420p", 7680, 4320), "some"),
        (Stored("mp4", "h264", "aac", "yuv420p", mirrored=True), "some"),
        (Stored("webm", "vp9", "opus", "yuv420p10le"), "some"),
        (Stored("mp4", "hevc", "aac"), "some"),
        (Stored("mp4", "av1", "aac"), "some"),
        (Stored("matroska", "h264", "aac"), "some"),
        (Stored("webm", "h264", "opus"), "some"),
        (Stored("mp4", "mpeg4", "aac"), "none"),
        (Stored("avi", "h264", None), "none"),
        (Stored("mpegts", "h264", "aac"), "none"),
        (Stored(None, None), "none"),
    ],
)
def test_who_plays_what(stored: Stored, players: str) -> None:
    assert browsers_that_play(stored) == players


def test_a_variable_rate_stays_variable(tmp_path: Path) -> None:
    times = [Fraction(ms, 1000) for ms in (0, 40, 80, 81, 500, 1333, 1340, 2999, 3000, 7001)]
    path = make_numbered(tmp_path / "screen.mkv", times=times)
    made = write_proxy(path, tmp_path / "proxy.mp4")
    shown = packets(tmp_path / "proxy.mp4")
    assert [time for time, _, _ in shown] == [time * 1000 for time in times]
    assert [until - time for (time, _, _), (until, _, _) in pairwise(shown)] == [d for _, d, _ in shown[:-1]]
    assert made.moved == 0
    assert made.duration_ms == made.source_duration_ms == 7001 + shown[-1][1]
    assert numbers(tmp_path / "proxy.mp4") == list(range(len(times)))


@pytest.mark.parametrize("name", ["late.mkv", "late.mp4", "late.ts"])
def test_zero_is_the_first_frame_and_sound_stays_with_it(tmp_path: Path, name: str) -> None:
    path = make_numbered(tmp_path / name, start=Fraction(3, 2), beep_at=50)
    write_proxy(path, tmp_path / "proxy.mp4")
    assert packets(tmp_path / "proxy.mp4")[0][0] == 0
    assert numbers(tmp_path / "proxy.mp4") == list(range(100))
    audio = read_audio(tmp_path / "proxy.mp4", 48000)
    onset = float(np.argmax(np.abs(audio.samples) > 0.1)) / 48000
    assert onset == pytest.approx(2.0, abs=0.03)  # frame 50 at 25 a second
    assert len(audio.samples) / 48000 == pytest.approx(4.0, abs=0.05)


def test_sound_ends_with_the_pictures(tmp_path: Path) -> None:
    path = write_in(tmp_path / "x.mov", "libx264", "yuv420p", sound="pcm_s16le")
    with av.open(f"file:{tmp_path / 'long.mov'}", "w") as long, av.open(f"file:{path}") as short:
        stream = long.add_stream_from_template(short.streams.video[0])
        tone: Any = long.add_stream("pcm_s16le", rate=48000, layout="mono")
        for packet in short.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                long.mux(packet)
        block = av.AudioFrame.from_ndarray(np.full((1, 48000 * 9), 5000, np.int16), format="s16", layout="mono")
        block.rate, block.pts = 48000, 0
        long.mux(tone.encode(block))
        long.mux(tone.encode())
    made = write_proxy(tmp_path / "long.mov", tmp_path / "proxy.mp4")
    assert made.duration_ms == FRAMES * 40
    with av.open(f"file:{tmp_path / 'proxy.mp4'}") as container:
        assert container.duration is not None
        assert container.duration / 1000 == pytest.approx(FRAMES * 40, abs=50)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_pictures_are_upright(tmp_path: Path, scan: Scanner, rotation: int) -> None:
    path = make_clip(tmp_path / "turned.mkv", rotation=rotation, seconds=1)
    sampled = scan(path, fps=10)
    made = write_proxy(path, tmp_path / "proxy.mp4")
    assert (made.width, made.height) == (sampled.scan.frames[0].width, sampled.scan.frames[0].height)
    assert probe(tmp_path / "proxy.mp4").rotation == 0
    for ours, theirs in zip(scan(tmp_path / "proxy.mp4", fps=10).pictures, sampled.pictures, strict=True):
        assert np.abs(decode_rgb(ours.jpeg).astype(int) - decode_rgb(theirs.jpeg)).mean() < 8


def test_a_mirrored_file_is_shown_as_its_frames_are(tmp_path: Path, scan: Scanner) -> None:
    path = make_clip(tmp_path / "turned.mp4", rotation=180, seconds=1)
    content = path.read_bytes()
    turned = (0xFFFF0000).to_bytes(4) + bytes(12) + (0xFFFF0000).to_bytes(4)
    assert content.count(turned) == 1
    flipped = (0xFFFF0000).to_bytes(4) + bytes(12) + (0x00010000).to_bytes(4)
    path.write_bytes(content.replace(turned, flipped))
    assert stored(path).mirrored
    assert browsers_that_play(stored(path)) == "some"
    write_proxy(path, tmp_path / "proxy.mp4")
    [theirs, *_], [ours, *_] = scan(path).pictures, scan(tmp_path / "proxy.mp4").pictures
    assert np.abs(decode_rgb(ours.jpeg).astype(int) - decode_rgb(theirs.jpeg)).mean() < 8


@pytest.mark.parametrize(
    ("size", "aspect", "expected"),
    [
        ((3840, 2160), None, (1920, 1080)),
        ((2160, 3840), None, (1080, 1920)),
        ((4096, 1024), None, (1920, 480)),
        ((161, 91), None, (160, 92)),
        ((720, 576), Fraction(16, 15), (768, 576)),
        ((2, 2), None, (2, 2)),
    ],
)
def test_size(tmp_path: Path, size: tuple[int, int], aspect: Fraction | None, expected: tuple[int, int]) -> None:
    options = {"codec": "ffv1"} if size[0] % 2 else {"codec": "mpeg4"}
    path = make_clip(tmp_path / "x.mkv", size=size, aspect=aspect, seconds=0.2, **options)  # type: ignore[arg-type]
    made = write_proxy(path, tmp_path / "proxy.mp4")
    assert (made.width, made.height) == expected
    assert max(made.width, made.height) <= LONG_SIDE
    assert min(made.width, made.height) <= SHORT_SIDE


def test_transparency_is_shown_over_black(tmp_path: Path) -> None:
    with av.open(f"file:{tmp_path / 'x.mov'}", "w") as container:
        stream: Any = container.add_stream("prores_ks", rate=25, options={"profile": "4444"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuva444p10le"
        picture = np.full((64, 64, 4), 255, np.uint8)
        picture[:, :32, 3] = 0
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(picture, format="rgba")
            container.mux(stream.encode(frame.reformat(format="yuva444p10le")))
        container.mux(stream.encode())
    write_proxy(tmp_path / "x.mov", tmp_path / "proxy.mp4")
    with av.open(f"file:{tmp_path / 'proxy.mp4'}") as made:
        shown = next(made.decode(video=0)).to_ndarray(format="rgb24")
    assert shown[:, :24].max() < 30
    assert shown[:, 40:].min() > 225


def test_colours_stay_and_are_told(tmp_path: Path) -> None:
    """Primary colours of BT.601 come out as the same colours of BT.709."""
    colours = ((220, 30, 30), (30, 200, 40), (40, 50, 220))
    path = make_clip(tmp_path / "x.avi", codec="mpeg4", seconds=3, cuts=(1, 2), colours=colours)
    write_proxy(path, tmp_path / "proxy.mp4")
    with av.open(f"file:{tmp_path / 'proxy.mp4'}") as made:
        context = made.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
        assert context.color_range == 1
        for frame in made.decode(video=0):
            corner = frame.to_ndarray(format="rgb24")[:10, :10].mean(axis=(0, 1))
            assert corner == pytest.approx(colours[int(frame.time)], abs=12)


def test_high_dynamic_range_keeps_its_tags(tmp_path: Path) -> None:
    with av.open(f"file:{tmp_path / 'x.mp4'}", "w") as container:
        stream: Any = container.add_stream("libx265", rate=25, options={"x265-params": "log-level=error"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p10le"
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 9, 9, 18, 1
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((96, 128, 3), 120, np.uint8), format="rgb24")
            container.mux(stream.encode(frame.reformat(format="yuv420p10le")))
        container.mux(stream.encode())
    write_proxy(tmp_path / "x.mp4", tmp_path / "proxy.mp4")
    with av.open(f"file:{tmp_path / 'proxy.mp4'}") as made:
        context = made.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (9, 9, 18)


def test_it_starts_to_play_at_once_and_seeks_quickly(tmp_path: Path) -> None:
    path = make_numbered(tmp_path / "x.avi", codec="mpeg4", count=250)
    write_proxy(path, tmp_path / "proxy.mp4")
    content = (tmp_path / "proxy.mp4").read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    keys = [time for time, _, key in packets(tmp_path / "proxy.mp4") if key]
    assert keys[0] == 0
    assert max(until - time for time, until in pairwise(keys)) <= 1000


def test_damaged_frames_are_left_out_as_in_sampling(tmp_path: Path, scan: Scanner) -> None:
    path = make_numbered(tmp_path / "x.avi", codec="mpeg4", gop=5, sound=False)
    content = bytearray(path.read_bytes())
    start = content.index(b"movi")
    middle = start + (len(content) - start) // 2
    content[middle : middle + 3000] = b"\xff" * 3000
    path.write_bytes(content)
    found = scan(path, fps=30).scan
    made = write_proxy(path, tmp_path / "proxy.mp4")
    assert found.frame_count == made.frames == made.source_frames
    assert made.moved == 0
    assert {time for time, _, _ in packets(tmp_path / "proxy.mp4")} >= {f.time_ms for f in found.frames}


def test_a_recording_glued_on_goes_on_in_time(tmp_path: Path, scan: Scanner) -> None:
    parts = [make_numbered(tmp_path / f"{i}.ts", count=50, start=Fraction(i)).read_bytes() for i in (9, 1)]
    (tmp_path / "both.ts").write_bytes(b"".join(parts))
    found = scan(tmp_path / "both.ts", fps=60).scan
    made = write_proxy(tmp_path / "both.ts", tmp_path / "proxy.mp4")
    assert (made.frames, made.duration_ms) == (found.frame_count, found.duration_ms)
    assert {time for time, _, _ in packets(tmp_path / "proxy.mp4")} >= {f.time_ms for f in found.frames}


def test_progress(tmp_path: Path) -> None:
    told: list[int] = []
    path = make_numbered(tmp_path / "x.avi", codec="mpeg4", count=130, sound=False)
    write_proxy(path, tmp_path / "proxy.mp4", told.append)
    assert told == [1000, 2000, 3000, 4000, 5000]


@pytest.mark.parametrize("content", [b"", b"not a video", b"RIFF\0\0\0\0AVI LIST"])
def test_what_is_no_video_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.avi").write_bytes(content)
    with pytest.raises(MediaError):
        write_proxy(tmp_path / "x.avi", tmp_path / "proxy.mp4")


def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path) -> None:
    path = make_numbered(tmp_path / "x.avi", codec="mpeg4", count=50)
    code = (
        "import resource, signal, sys; from pathlib import Path;"
        "from vsearch_pipeline.media.proxy import write_proxy; from vsearch_pipeline.errors import MediaError\n"
        "import av; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: write_proxy(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except MediaError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "proxy.mp4")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("a copy that browsers play cannot be made (ffmpeg: ")


@pytest.mark.slow
def test_memory_does_not_grow_with_the_video(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = make_numbered(tmp_path / f"{count}.avi", codec="mpeg4", count=count, size=(640, 360))
        code = (
            "import resource, sys; from pathlib import Path;"
            "from vsearch_pipeline.media.proxy import write_proxy\n"
            "write_proxy(Path(sys.argv[1]), Path(sys.argv[2]))\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path), str(tmp_path / "proxy.mp4")],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout)

    assert peak(1000) - peak(250) < 40_000  # kB; the longer video has 260 MB more of decoded frames

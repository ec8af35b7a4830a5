"""Clips, reels and GIFs of numbered frames: decoding them proves which ones they have."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
import pytest

from tests.export.items import frames, from_file, reel, video
from tests.export.numbered import make_numbered, number_of, numbers, sound_of
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.errors import InputError, MediaError
from vsearch_pipeline.export import clips
from vsearch_pipeline.export.clips import file_name, write_clips, write_gifs, write_reel
from vsearch_pipeline.export.frames import find_cut, shown_times
from vsearch_pipeline.export.selection import Item
from vsearch_pipeline.timeline import TimeRange

NTSC = Fraction(30000, 1001)
STEPS = random.Random(1).choices([33, 33, 34, 50, 100, 17], k=119)
VARIABLE = [Fraction(ms, 1000) for ms in accumulate(STEPS, initial=0)]

FILES: dict[str, dict[str, object]] = {
    "constant.mp4": {"options": {"bf": "0"}},
    "ntsc.mov": {"rate": NTSC, "timecode": "01:00:00;00", "options": {"bf": "2"}},
    "variable.mkv": {"rate": 30, "times": VARIABLE, "options": {"bf": "3"}, "start": Fraction(7, 10)},
    "variable.mp4": {"rate": 30, "times": VARIABLE, "options": {"bf": "3"}, "start": Fraction(7, 10)},
    "late.ts": {"options": {"bf": "2"}, "start": Fraction(7, 5)},
    "silent.mov": {"sound": False},
    "old.avi": {"codec": "mpeg4", "sound": False, "options": {"bf": "2"}},
    "web.webm": {"codec": "libvpx-vp9", "sound": False, "options": {"deadline": "realtime", "cpu-used": "8"}},
    "odd.mp4": {"size": (161, 97), "codec": "mpeg4"},
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for name, facts in FILES.items():
        make_numbered(folder / name, **facts)  # type: ignore[arg-type]
    return folder


def cut(record: VideoRecord, first: int, end: int) -> Item:
    """Frames of a file, by their own times."""
    if not record.variable_frame_rate:
        return frames(record, first, end)
    times = [round(time * 1000) for time in VARIABLE] + [record.duration_ms or 0]
    return Item(record, TimeRange(times[first], times[end]))


@pytest.mark.parametrize("name", FILES)
def test_clips_have_the_frames_asked_for(library: Path, tmp_path: Path, name: str) -> None:
    record = from_file(library / name)
    ranges = [(0, 5), (12, 24), (13, 47), (24, 60), (29, 30), (90, 100)]
    made = reel(library, *(cut(record, first, end) for first, end in ranges))
    reported: list[tuple[int, int]] = []
    written = write_clips(made, tmp_path / "clips", lambda done, total: reported.append((done, total)))
    assert not written.failures
    assert reported == [(i, len(ranges)) for i in range(1, len(ranges) + 1)]
    for path, (first, end), placed in zip(written.paths, ranges, made.placed, strict=True):
        assert numbers(path) == list(range(first, end))
        if record.variable_frame_rate:
            wanted = [time - VARIABLE[first] for time in VARIABLE[first:end]]
            assert max(abs(a - b) for a, b in zip(shown_times(path), wanted, strict=True)) <= Fraction(2, 1000)
        if record.audio_codec:
            samples, rate = sound_of(path)
            assert len(samples) / rate == pytest.approx(placed.item.span.duration_ms / 1000, abs=0.03)
    assert [path.name for path in (tmp_path / "clips").iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["constant.mp4", "ntsc.mov", "late.ts"])
def test_packets_are_copied_where_that_is_exact(library: Path, tmp_path: Path, name: str) -> None:
    record = from_file(library / name)
    [path] = write_clips(reel(library, frames(record, 0, 100)), tmp_path).paths
    assert _packet_sizes(path) == pytest.approx(_packet_sizes(library / name), abs=60)
    [path] = write_clips(reel(library, frames(record, 1, 100)), tmp_path).paths
    assert numbers(path) == list(range(1, 100))


def _packet_sizes(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [packet.size for packet in container.demux(video=0) if packet.size]


def test_only_ranges_stored_in_a_row_from_a_key_frame_are_copied(library: Path) -> None:
    def copyable(name: str, first: int, end: int) -> bool:
        record = from_file(library / name)
        return find_cut(library / name, frames(record, first, end).span, record.duration_ms).copyable

    assert copyable("constant.mp4", 12, 20)
    assert not copyable("constant.mp4", 13, 24)
    assert copyable("ntsc.mov", 0, 100)
    assert {copyable("ntsc.mov", 0, end) for end in range(2, 12)} == {True, False}  # in the midst of B-frames
    assert not copyable("web.webm", 0, 100)


def test_sound_begins_with_its_picture(tmp_path: Path) -> None:
    make_numbered(tmp_path / "beep.mkv", count=200, beep_at=110, start=Fraction(1, 2), options={"bf": "2"})
    record = from_file(tmp_path / "beep.mkv")
    for first in (96, 101):
        [path] = write_clips(reel(tmp_path, frames(record, first, 130)), tmp_path).paths
        samples, rate = sound_of(path)
        heard = int(np.argmax(np.abs(samples) > 0.1)) / rate
        assert heard == pytest.approx((110 - first) / 25, abs=0.015)


def test_a_clip_goes_on_with_the_timecode_of_its_original(library: Path, tmp_path: Path) -> None:
    record = from_file(library / "ntsc.mov")
    made = reel(library, frames(record, 0, 100), frames(record, 40, 60))
    labels = []
    for path in write_clips(made, tmp_path).paths:
        with av.open(str(path)) as container:
            labels.append(container.streams.video[0].metadata["timecode"])
    assert labels == ["01:00:00;00", "01:00:01;10"]


def test_a_reel_joins_videos_of_any_size_and_rate(library: Path, tmp_path: Path) -> None:
    make_numbered(tmp_path / "tall.mp4", size=(160, 320), count=60, rate=50)
    constant, tall = from_file(library / "constant.mp4"), from_file(tmp_path / "tall.mp4")
    silent = from_file(library / "silent.mov")
    for record in (constant, silent):
        (tmp_path / record.id).symlink_to(library / record.id)
    items = (frames(constant, 10, 30), frames(silent, 5, 12), frames(tall, 10, 30), frames(constant, 50, 53))
    made = reel(tmp_path, *items)
    written = write_reel(made, tmp_path / "릴 reel.mp4")
    assert written.paths == (tmp_path / "릴 reel.mp4",)
    shown = numbers_of_reel(written.paths[0])
    assert shown[:27] == [*range(10, 30), *range(5, 12)]
    assert shown[37:] == [50, 51, 52]
    assert shown[27:37] == list(range(10, 30, 2))
    times = shown_times(written.paths[0])
    assert max(abs(time - Fraction(i, 25)) for i, time in enumerate(times)) < Fraction(1, 1000)
    samples, rate = sound_of(written.paths[0])
    assert len(samples) / rate == pytest.approx(40 / 25, abs=0.03)
    loud = [float(np.abs(samples[round(at * rate) : round((at + 0.1) * rate)]).max()) for at in (0.5, 0.92, 1.25)]
    assert loud[0] > 0.1
    assert loud[1] < 0.05
    assert loud[2] > 0.1


def numbers_of_reel(path: Path) -> list[int]:
    """As `numbers`; pictures that were put on black are cut out first."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            picture = frame.to_ndarray(format="rgb24")
            columns = np.flatnonzero(picture.max(axis=(0, 2)) > 10)
            tall = picture[:, :16].max() < 8  # black at the left: the picture is in the middle
            found.append(number_of(picture[:, columns[0] : columns[0] + 48] if tall else picture))
    return found


def test_a_reel_at_the_rate_of_television_drifts_by_no_frame(library: Path, tmp_path: Path) -> None:
    record = from_file(library / "ntsc.mov")
    items = [frames(record, first, first + 7) for first in (3, 50, 20, 81, 9)]
    [path] = write_reel(reel(library, *items), tmp_path / "reel.mp4").paths
    assert numbers(path) == [first + i for first in (3, 50, 20, 81, 9) for i in range(7)]
    assert max(abs(t - i / NTSC) for i, t in enumerate(shown_times(path))) < Fraction(1, 2000)


def test_one_bad_item_holds_none_back(library: Path, tmp_path: Path) -> None:
    good = frames(from_file(library / "constant.mp4"), 0, 10)
    (tmp_path / "constant.mp4").symlink_to(library / "constant.mp4")
    (tmp_path / "broken.mp4").write_bytes(b"not a video")
    broken = frames(video("broken.mp4", "Broken", kind="file", path="broken.mp4"), 0, 10)
    gone = frames(video("gone.mp4", "Gone", kind="file", path="gone.mp4"), 0, 10)
    imported = frames(video("far", "Far"), 0, 10)
    between = Item(good.video, TimeRange(41, 60))
    made = reel(tmp_path, broken, good, gone, imported, between)
    for written in (write_clips(made, tmp_path / "clips"), write_reel(made, tmp_path / "reel.mp4")):
        assert [numbers(path) for path in written.paths] == [list(range(10))]
        reasons = [str(failure) for failure in written.failures]
        assert [reason.partition(" ")[0] for reason in reasons] == ["Broken", "Gone", "Far", "constant"]
        assert "its file is gone" in reasons[1]
        assert "imported without its file" in reasons[2]
        assert "no frame begins within" in reasons[3]
    with pytest.raises(MediaError, match="Nothing can be joined: Broken"):
        write_reel(reel(tmp_path, broken), tmp_path / "none.mp4")
    assert not (tmp_path / "none.mp4").exists()


def test_nothing_is_overwritten(library: Path, tmp_path: Path) -> None:
    made = reel(library, frames(from_file(library / "silent.mov"), 0, 3))
    first, second = (write_clips(made, tmp_path).paths[0] for _ in range(2))
    assert (first.name, second.name) == ("01 silent 0-00.000.mp4", "01 silent 0-00.000 (2).mp4")
    with pytest.raises(InputError, match="there already"):
        write_reel(made, first)
    with pytest.raises(InputError, match=r"ends in \.mp4"):
        write_reel(made, tmp_path / "reel.mov")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="nothing can be written there"):
        write_clips(made, tmp_path / "file")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("민지 생일", "01 민지 생일 1-02-03.500.mp4"),
        ("a/b\\c:d*?\n..", "01 a b c d 1-02-03.500.mp4"),
        ("\u202eevil\u202c", "01 evil 1-02-03.500.mp4"),
        ("..", "01 1-02-03.500.mp4"),
        ("가" * 300, f"01 {'가' * 50} 1-02-03.500.mp4"),
    ],
)
def test_names_of_files_are_safe(title: str, name: str) -> None:
    made = reel(Path("/nowhere"), Item(video(title=title), TimeRange(3_723_500, 3_724_000)))
    assert file_name(made.placed[0], 1, 9, ".mp4") == name


def test_a_gif_moves_and_is_small(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "GIF_WIDTH", 80)
    record = from_file(library / "constant.mp4")
    made = reel(library, frames(record, 25, 75), Item(video("long"), TimeRange(0, 31_000)))
    written = write_gifs(made, tmp_path)
    with av.open(str(written.paths[0])) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert {picture.shape for picture in pictures} == {(48, 80, 3)}
    assert len(pictures) == 24
    shown = [number_of(picture) for picture in pictures]
    assert shown == sorted(shown)
    assert (shown[0], shown[-1]) == (25, pytest.approx(73, abs=2))
    assert "imported without its file" in written.failures[0].reason


def test_a_gif_has_a_longest_length(library: Path, tmp_path: Path) -> None:
    record = from_file(library / "constant.mp4")
    written = write_gifs(reel(library, Item(record, TimeRange(0, 30_001))), tmp_path)
    assert "a GIF can be 30 seconds long, but this is 30.0" in written.failures[0].reason


def test_key_frames_may_lie_far_apart(tmp_path: Path) -> None:
    make_numbered(tmp_path / "far.ts", count=300, gop=280, options={"bf": "2"})
    record = from_file(tmp_path / "far.ts")
    written = write_clips(reel(tmp_path, frames(record, 200, 210), frames(record, 285, 295)), tmp_path)
    assert [numbers(path) for path in written.paths] == [list(range(200, 210)), list(range(285, 295))]

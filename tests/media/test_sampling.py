from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clips import BLACK, COLOURS, make_clip
from tests.media.conftest import Sampled, assert_sane
from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.media.frames import decode_rgb
from vsearch_pipeline.media.sampling import SampledFrame, _Instants, sample

Scanner = Callable[..., Sampled]


def colour_at(picture: SampledFrame, x: float = 0.5, y: float = 0.05) -> tuple[int, ...]:
    image = decode_rgb(picture.jpeg)
    return tuple(int(v) for v in image[int(y * image.shape[0]), int(x * image.shape[1])])


def close(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < 25


def test_one_pass_gives_samples_shots_and_times(tmp_path: Path, scan: Scanner) -> None:
    found = scan(make_clip(tmp_path / "clip.mp4", seconds=4, fps=25, cuts=(1.0, 2.6)))
    assert_sane(found)
    assert found.scan.duration_ms == 4000
    assert found.scan.frame_count == 100
    assert [shot.start_ms for shot in found.scan.shots] == [0, 1000, 2600]
    assert [f.time_ms for f in found.scan.frames][:5] == [0, 280, 520, 760, 1000]
    assert len(found.scan.frames) == 16
    assert (found.scan.frame_rate, found.scan.variable_frame_rate) == (Fraction(25), False)
    assert found.scan.decode_errors == 0
    for picture in found.pictures:
        shot = sum(picture.time_ms >= start for start in (1000, 2600))
        assert close(colour_at(picture), COLOURS[shot])


def test_the_same_file_gives_the_same_bytes(tmp_path: Path, scan: Scanner) -> None:
    path = make_clip(tmp_path / "clip.mp4", seconds=3, fps=25, cuts=(1.5,))
    one, other = scan(path), scan(path)
    assert one == other


def test_a_slow_video_gives_each_frame_once(tmp_path: Path, scan: Scanner) -> None:
    found = scan(make_clip(tmp_path / "slow.mp4", seconds=4, fps=2))
    assert [f.time_ms for f in found.scan.frames] == [0, 500, 1000, 1500, 2000, 2500, 3000, 3500]
    assert found.scan.duration_ms == 4000


def test_a_single_frame_is_a_sample_and_a_shot(tmp_path: Path, scan: Scanner) -> None:
    found = scan(make_clip(tmp_path / "one.mp4", seconds=0.04, fps=25))
    assert_sane(found)
    assert (found.scan.duration_ms, found.scan.frame_count, len(found.scan.frames)) == (40, 1, 1)


def test_times_of_a_variable_rate_come_from_timestamps(tmp_path: Path, scan: Scanner) -> None:
    times = [0, 0.1, 0.2, 0.5, 0.9, 1.0, 1.05, 2.0]
    found = scan(make_clip(tmp_path / "vfr.mkv", times=times, fps=10))
    assert_sane(found)
    assert [f.time_ms for f in found.scan.frames] == [0, 500, 900, 1000, 2000]
    assert found.scan.variable_frame_rate
    assert found.scan.frame_rate == Fraction(7, 2)


def test_a_cut_in_a_variable_rate_keeps_its_time(tmp_path: Path, scan: Scanner) -> None:
    times = [i / 30 for i in range(60)] + [2 + i / 10 for i in range(20)] + [4 + i / 25 for i in range(50)]
    found = scan(make_clip(tmp_path / "vfr.mkv", times=times, fps=30, cuts=(1.0, 2.995, 5.0)))
    assert [shot.start_ms for shot in found.scan.shots] == [0, 1000, 3000, 5000]


@pytest.mark.parametrize("name", ["late.mkv", "late.mp4"])
def test_zero_is_the_first_frame_and_the_offset_is_kept(tmp_path: Path, scan: Scanner, name: str) -> None:
    found = scan(make_clip(tmp_path / name, seconds=2, start=0.5, audio=True))
    assert found.scan.frames[0].time_ms == 0
    assert (found.scan.duration_ms, found.scan.start_ms) == (2000, 500)


@pytest.mark.parametrize(
    ("name", "codec", "fps"),
    [
        ("x.webm", "libvpx-vp9", Fraction(30000, 1001)),
        ("x.avi", "mpeg4", Fraction(25)),
        ("x.ts", "libx264", Fraction(25)),
        ("x.gif", "gif", Fraction(10)),
        ("x.mov", "libx264", Fraction(24000, 1001)),
    ],
)
def test_containers_agree(tmp_path: Path, scan: Scanner, name: str, codec: str, fps: Fraction) -> None:
    found = scan(make_clip(tmp_path / name, codec=codec, fps=fps, seconds=2, cuts=(1.0,)))
    assert_sane(found)
    assert found.scan.frame_rate == fps
    assert found.scan.frame_count == round(2 * fps)
    assert len(found.scan.shots) == 2


@pytest.mark.parametrize(
    ("rotation", "edge", "size"),
    [(0, "left", (160, 120)), (90, "top", (120, 160)), (180, "right", (160, 120)), (270, "bottom", (120, 160))],
)
def test_rotation_is_applied(
    tmp_path: Path, scan: Scanner, rotation: int, edge: str, size: tuple[int, int]
) -> None:
    found = scan(make_clip(tmp_path / "turned.mp4", rotation=rotation))
    assert (found.scan.frames[0].width, found.scan.frames[0].height) == size
    image = decode_rgb(found.pictures[0].jpeg).sum(axis=2)
    height, width = image.shape
    middles = {
        "left": image[height // 2, 5],
        "right": image[height // 2, width - 6],
        "top": image[5, width // 2],
        "bottom": image[height - 6, width // 2],
    }
    assert max(middles, key=lambda side: middles[side]) == edge


def test_pixels_become_square_and_the_longer_side_is_limited(tmp_path: Path, scan: Scanner) -> None:
    path = make_clip(tmp_path / "wide.mp4", size=(160, 120), aspect=Fraction(4, 3))
    assert (scan(path).scan.frames[0].width, scan(path).scan.frames[0].height) == (213, 120)
    small = scan(path, max_side=100).scan.frames[0]
    assert (small.width, small.height) == (100, 56)


def test_transparency_is_shown_over_black(tmp_path: Path, scan: Scanner) -> None:
    import av

    path = tmp_path / "clear.webm"
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[..., 0] = 230
    rgba[:, 32:, 3] = 255
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx-vp9", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuva420p"
        stream.metadata["alpha_mode"] = "1"
        for i in range(5):
            frame = av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format="yuva420p")
            frame.pts = i
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    picture = scan(path).pictures[0]
    assert close(colour_at(picture, x=0.2, y=0.5), BLACK)
    assert colour_at(picture, x=0.8, y=0.5)[0] > 180


def damaged(path: Path, share: float) -> Path:
    """The same file with bytes overwritten in the middle of its media data."""
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    length = int.from_bytes(data[start - 8 : start - 4], "big") - 8
    at = start + int(length * 0.4)
    data[at : at + int(length * share)] = b"\xa5" * int(length * share)
    target = path.with_name("damaged.mp4")
    target.write_bytes(data)
    return target


def test_damage_in_the_middle_is_skipped_and_counted(tmp_path: Path, scan: Scanner) -> None:
    path = make_clip(tmp_path / "clip.mp4", seconds=6, fps=25, cuts=(1, 2, 3, 4, 5), gop=10)
    found = scan(damaged(path, 0.2))
    assert_sane(found)
    assert found.scan.decode_errors > 0
    assert found.scan.frame_count > 75
    assert abs(found.scan.duration_ms - 6000) <= 400


def test_a_cut_off_download_keeps_what_is_there(tmp_path: Path, scan: Scanner) -> None:
    whole = make_clip(tmp_path / "whole.mkv", seconds=6, fps=25, cuts=(1, 2, 3)).read_bytes()
    (tmp_path / "part.mkv").write_bytes(whole[: len(whole) * 2 // 3])
    found = scan(tmp_path / "part.mkv")
    assert_sane(found)
    assert 1000 < found.scan.duration_ms < 6000


def test_nothing_to_decode_is_an_error(tmp_path: Path, scan: Scanner) -> None:
    path = make_clip(tmp_path / "clip.mp4", seconds=2, fps=25)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    length = int.from_bytes(data[start - 8 : start - 4], "big") - 8
    data[start : start + length] = b"\xff" * length
    (tmp_path / "noise.mp4").write_bytes(data)
    with pytest.raises(MediaError, match="none of its frames can be decoded"):
        scan(tmp_path / "noise.mp4")


def test_an_error_in_the_callback_reaches_the_caller(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", seconds=4, fps=25)

    def full_disk(frame: SampledFrame) -> None:
        raise OSError(28, f"no space for {frame.index}")

    with pytest.raises(OSError, match="no space for 0"):
        sample(path, frames_per_second=4, max_side=640, jpeg_quality=80, on_frame=full_disk)


@given(st.floats(0.05, 60), st.lists(st.integers(1, 5000), min_size=1, max_size=80))
def test_each_instant_is_taken_once_by_the_first_frame_at_or_after_it(rate: float, steps: list[int]) -> None:
    exact = Fraction(rate).limit_denominator(1_000_000)
    times = [sum(steps[:i]) for i in range(len(steps))]
    instants = _Instants(rate)
    taken = [time for time in times if instants.take(time)]
    assert taken[0] == 0
    k = 0
    expected = []
    for time in times:
        if time >= k * 1000 / exact:
            expected.append(time)
            k = int(time * exact / 1000) + 1
    assert taken == expected

"""Every odd and damaged file of ../shared/data is either sampled sanely or refused with a sentence."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.conftest import Sampled, assert_sane
from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.media.audio import read_audio
from vsearch_pipeline.media.probe import probe

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SUFFIXES = {".mp4", ".avif", ".webm", ".mkv", ".gif", ".avi", ".mpg", ".jpg", ".png", ".wav", ".srt", ".json"}
FILES = sorted(
    path for folder in ("videos", "bad", "shots") for path in (DATA / folder).rglob("*") if path.suffix in SUFFIXES
)
MP4PARSE = "bad/mp4/mp4parse/tests"
CAPI = "bad/mp4/mp4parse_capi/tests"

Scanner = Callable[..., Sampled]

pytestmark = pytest.mark.skipif(not FILES, reason="needs ../shared/data, which is not on this machine")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DATA)))
def test_every_file_is_sampled_or_refused(path: Path, scan: Scanner) -> None:
    try:
        info = probe(path)
    except MediaError as error:
        sentence = str(error)
        assert path.name not in sentence
        assert "\n" not in sentence
        with pytest.raises(MediaError, match=r"^it |^the file |^there is |^none of "):
            scan(path)
        return
    found = scan(path)
    assert_sane(found)
    assert (found.scan.frames[0].width <= 1280) == (found.scan.frames[0].height <= 1280)
    if info.duration_ms is not None:
        assert abs(found.scan.duration_ms - info.duration_ms) <= 100


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bad/empty/b.mp4", "the file is empty"),
        (f"{MP4PARSE}/valid.avif", "it is a still picture, not a video"),
        ("videos/odd/python_logo.png", "it is a still picture, not a video"),
        (f"{MP4PARSE}/sine-3s-xhe-aac-44khz-mono.mp4", r"it has no video stream \(sound only\)"),
        (f"{CAPI}/short-cenc.mp4", r"it is encrypted \(cenc\) and cannot be decoded"),
        (f"{CAPI}/av1-clearkey-cbcs-video.mp4", r"it is encrypted \(cbcs\) and cannot be decoded"),
        (f"{CAPI}/bipbop_cbcs_video_init.mp4", "only an initialisation segment without any frames"),
        (f"{CAPI}/bipbop_nonfragment_header.mp4", "cut short: none of its 297 frames"),
        (f"{MP4PARSE}/invalid_userdata.mp4", "cut short"),
        (f"{CAPI}/chunk_out_of_range.mp4", r"not a video file we can read \(ffmpeg: "),
    ],
)
def test_refusals_give_the_reason(name: str, reason: str) -> None:
    with pytest.raises(MediaError, match=reason):
        probe(DATA / name)


def test_a_webm_without_duration(scan: Scanner) -> None:
    assert probe(DATA / "videos/odd/no_duration.webm").duration_ms is None
    assert 4900 <= scan(DATA / "videos/odd/no_duration.webm").scan.duration_ms <= 5000


def test_a_transparent_webm(scan: Scanner) -> None:
    path = DATA / "videos/odd/transparent.webm"
    assert probe(path).has_alpha
    assert scan(path).scan.duration_ms == 5000


def test_a_name_that_begins_with_a_dash(scan: Scanner) -> None:
    found = scan(DATA / "videos/odd/-video-with-dash-.mp4")
    assert (found.scan.duration_ms, found.scan.frame_count) == (5000, 5)


def test_failing_audio_does_not_harm_the_video(scan: Scanner) -> None:
    path = DATA / "videos/odd/video_with_failing_audio.mp4"
    assert scan(path).scan.duration_ms == 11_200
    assert 11 <= len(read_audio(path).samples) / 16000 <= 11.5


def test_a_variable_rate_and_a_turned_phone(scan: Scanner) -> None:
    path = DATA / "videos/odd/fire2.mp4"
    found = scan(path).scan
    assert probe(path).rotation == 180
    assert (found.variable_frame_rate, found.duration_ms) == (True, 2380)
    assert [frame.time_ms for frame in found.frames][:3] == [0, 300, 500]


def test_a_quarter_turn(scan: Scanner) -> None:
    path = DATA / CAPI / "video_rotation_90.mp4"
    info = probe(path)
    assert (info.rotation, info.width, info.height) == (90, 60, 100)
    assert (scan(path).scan.frames[0].width, scan(path).scan.frames[0].height) == (60, 100)


def test_timecode_is_not_the_frame_rate(scan: Scanner) -> None:
    assert scan(DATA / "videos/odd/smpte-2997.mp4").scan.frame_rate == Fraction(25)


def test_avi_which_stores_only_decoding_times(scan: Scanner) -> None:
    found = scan(DATA / "videos/actions/tests/data/test.avi").scan
    assert (found.frame_rate, found.variable_frame_rate, found.duration_ms) == (Fraction(25), False, 6560)


@pytest.mark.parametrize(
    ("name", "starts"),
    [
        ("shots/counter.mp4", [0, 1000, 2000]),
        ("shots/fades.mp4", [0, 3360, 6680]),
        ("shots/testvideo.mp4", [0, 1001, 6006, 7040, 12_012, 13_146, 23_123]),
        ("videos/hamilton/short_hamilton_clip.mp4", [0, 667, 2736, 7040]),
        ("videos/intel/one-by-one-person-detection.mp4", [0]),
        ("videos/odd/chaplin.mp4", [0]),
    ],
)
def test_shots_of_known_clips(name: str, starts: list[int], scan: Scanner) -> None:
    assert [shot.start_ms for shot in scan(DATA / name).scan.shots] == pytest.approx(starts, abs=45)

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import make_clip
from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.media.audio import read_audio

RATE = 16000


def pitch(samples: NDArray[np.float32]) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * RATE / len(samples))


def write_sound(
    path: Path,
    *,
    onset: float,
    video_start: float,
    sound_start: float = 0.0,
    layout: str = "mono",
    rate: int = 44100,
) -> Path:
    """A clip with 3 s of sound: silence, then a tone from `onset` seconds on."""
    import av

    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=rate, layout=layout)
        for i in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
            frame.pts = i + round(video_start * 10)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        times = np.arange(3 * rate) / rate
        tone = np.where(times >= onset, np.sin(2 * np.pi * 440 * times), 0) * 20000
        channels = 2 if layout == "stereo" else 1
        data = np.repeat(tone.astype(np.int16), channels)[None]
        block = av.AudioFrame.from_ndarray(data, format="s16", layout=layout)
        block.rate, block.pts = rate, round(sound_start * rate)
        container.mux(sound.encode(block))
        container.mux(sound.encode())
    return path


def onset_s(samples: NDArray[np.float32]) -> float:
    return float(np.argmax(np.abs(samples) > 0.1) / RATE)


@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_sound_is_mono_at_the_asked_rate(tmp_path: Path, layout: str) -> None:
    audio = read_audio(write_sound(tmp_path / "x.mkv", onset=1.0, video_start=0, layout=layout))
    assert (audio.rate, audio.decode_errors) == (RATE, 0)
    assert audio.samples.dtype == np.float32
    assert len(audio.samples) / RATE == pytest.approx(3, abs=0.02)
    assert onset_s(audio.samples) == pytest.approx(1.0, abs=0.01)
    assert pitch(audio.samples[20000:40000]) == pytest.approx(440, abs=2)
    assert 0.5 < np.abs(audio.samples).max() <= 1


def test_sound_before_the_first_frame_is_cut_off(tmp_path: Path) -> None:
    audio = read_audio(write_sound(tmp_path / "x.mkv", onset=1.5, video_start=0.5))
    assert onset_s(audio.samples) == pytest.approx(1.0, abs=0.01)
    assert len(audio.samples) / RATE == pytest.approx(2.5, abs=0.02)


def test_sound_that_starts_late_is_padded(tmp_path: Path) -> None:
    audio = read_audio(write_sound(tmp_path / "x.mkv", onset=0.2, video_start=0, sound_start=0.7))
    assert onset_s(audio.samples) == pytest.approx(0.9, abs=0.01)
    assert not audio.samples[: RATE // 2].any()


def test_a_video_without_sound_gives_an_empty_array(tmp_path: Path) -> None:
    audio = read_audio(make_clip(tmp_path / "mute.mp4"))
    assert (len(audio.samples), audio.decode_errors) == (0, 0)
    assert audio.samples.dtype == np.float32


def test_damaged_sound_gives_what_could_be_decoded(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", seconds=4, audio=True)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    length = int.from_bytes(data[start - 8 : start - 4], "big") - 8
    data[start + length // 2 : start + length * 3 // 4] = b"\xff" * (length * 3 // 4 - length // 2)
    (tmp_path / "bad.mp4").write_bytes(data)
    audio = read_audio(tmp_path / "bad.mp4")
    assert audio.decode_errors > 0
    assert 1 < len(audio.samples) / RATE < 4.3
    assert pitch(audio.samples[4000:12000]) == pytest.approx(440, abs=3)


def test_a_file_that_is_not_media_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"nothing")
    with pytest.raises(MediaError):
        read_audio(tmp_path / "x.mp4")

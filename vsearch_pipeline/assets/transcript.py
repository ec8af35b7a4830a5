"""What is said."""

from collections.abc import Iterator
from dataclasses import astuple
from itertools import pairwise

from dagster import AssetCheckSpec, AssetExecutionContext, MaterializeResult, MetadataValue, asset

from vsearch_pipeline.assets.stage import (
    OWNERS,
    RETRIES,
    SEVERAL_VIDEOS,
    VIDEOS,
    Output,
    Stage,
    Work,
    each,
    run_stage,
)
from vsearch_pipeline.assets.watching import Progress
from vsearch_pipeline.catalog.models import Utterance
from vsearch_pipeline.catalog.stages import ProducerInfo
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.language.transcription import SAMPLE_RATE, transcribe_stream
from vsearch_pipeline.media.audio import open_sound
from vsearch_pipeline.resources.models import TranscriberResource
from vsearch_pipeline.resources.placement import GPU_OP_TAGS, GPU_POOL, GPU_TAG
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.timeline import clock

TRANSCRIPT = Stage(
    "transcript",
    inputs=("video",),
    checks=(
        AssetCheckSpec(
            "speech_is_in_order", asset="transcript", description="Utterances follow each other in time."
        ),
        AssetCheckSpec(
            "sound_decodes_cleanly", asset="transcript", description="No packet of the sound was damaged."
        ),
    ),
)


@asset(
    group_name="understanding",
    deps=["video"],
    kinds={"whisper", "postgres"},
    owners=OWNERS,
    tags=GPU_TAG,
    code_version="1",
    check_specs=TRANSCRIPT.checks,
    description="Speech as text, with the time of each word.",
    pool=GPU_POOL,
    op_tags=GPU_OP_TAGS,
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def transcript(
    context: AssetExecutionContext,
    catalog: CatalogResource,
    media: MediaResource,
    transcriber: TranscriberResource,
) -> Iterator[MaterializeResult]:
    model = transcriber.load()
    progress = Progress()

    def compute(record: VideoRecord) -> Output:
        samples = (record.duration_ms or 0) * SAMPLE_RATE // 1000
        with open_sound(media.source(record), SAMPLE_RATE) as sound:
            heard = transcribe_stream(model, sound, lambda done: progress(done, max(done, samples)))
        utterances = heard.utterances
        problems = {}
        if any(u.start_ms < 0 or u.end_ms <= u.start_ms for u in utterances):
            problems["speech_is_in_order"] = "an utterance ends before it begins"
        elif any(later.start_ms < earlier.start_ms for earlier, later in pairwise(utterances)):
            problems["speech_is_in_order"] = "an utterance begins before the one in front of it"
        if sound.errors:
            problems["sound_decodes_cleanly"] = f"{sound.errors} damaged packets were left out"
        text = "\n".join(f"- {clock(u.start_ms)} {u.text}" for u in utterances[:50])
        return Output(
            rows={
                Utterance: [
                    {
                        "index": i,
                        "start_ms": u.start_ms,
                        "end_ms": u.end_ms,
                        "text": u.text,
                        "language": u.language,
                        "confidence": u.confidence,
                        "words": [list(astuple(word)) for word in u.words],
                    }
                    for i, u in enumerate(utterances)
                ]
            },
            metadata={
                "transcript": {
                    "utterances": len(utterances),
                    "words": sum(len(u.words) for u in utterances),
                    "language": heard.language or "nobody speaks",
                    "seconds_of_sound": MetadataValue.float(round(sound.length / SAMPLE_RATE, 1)),
                    "text": MetadataValue.md(text or "*nothing is said*"),
                }
            },
            problems=problems,
        )

    producer = ProducerInfo("transcript", model.name, model.version, model.settings)
    yield from run_stage(context, catalog.open(), Work(TRANSCRIPT, producer, each(compute), progress=progress))

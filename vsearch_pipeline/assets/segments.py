"""What people see and search: segments, their vectors and their previews."""

from collections.abc import Iterator, Sequence
from functools import cache

from dagster import AssetCheckSpec, AssetExecutionContext, MaterializeResult, MetadataValue, asset
from sqlalchemy import Connection

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
    together,
)
from vsearch_pipeline.assets.watching import Progress
from vsearch_pipeline.catalog.models import Frame, Preview, Shot
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, read_rows
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.editing.description import describer
from vsearch_pipeline.editing.on_screen import OnScreen
from vsearch_pipeline.editing.refresh import refresh_segments
from vsearch_pipeline.media.preview import preview
from vsearch_pipeline.previews import preview_file
from vsearch_pipeline.resources.models import SentenceEmbedderResource
from vsearch_pipeline.resources.placement import GPU_OP_TAGS, GPU_POOL, GPU_TAG
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.search.changing import change_over
from vsearch_pipeline.search.documents import embed_videos
from vsearch_pipeline.storage.store import PREVIEWS as PREVIEW_FILES
from vsearch_pipeline.timeline import TimeRange, segment_ranges

SEGMENTS = Stage(
    "segments",
    inputs=("sampling", "objects", "captions", "korean_captions", "face_labels", "transcript"),
    checks=(
        AssetCheckSpec(
            "segments_lie_in_the_video",
            asset="segments",
            blocking=True,
            description="Segments stay inside the video and do not overlap.",
        ),
    ),
)
SEGMENT_EMBEDDINGS = Stage("segment_embeddings", inputs=("segments",), file_needed=False)
PREVIEWS = Stage("previews", inputs=("sampling", "segments"))

VIDEOS_TOGETHER = 16
"""Videos whose texts are embedded at a time."""


@asset(
    group_name="library",
    deps=["shots", "objects", "captions", "korean_captions", "face_labels", "transcript"],
    kinds={"postgres"},
    owners=OWNERS,
    code_version="3",
    check_specs=SEGMENTS.checks,
    description="Searchable ranges with captions, people, objects and speech; what a person edited stands.",
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def segments(
    context: AssetExecutionContext, catalog: CatalogResource, media: MediaResource
) -> Iterator[MaterializeResult]:
    def compute(record: VideoRecord) -> Output:
        with catalog.open().begin() as connection:
            shots = read_rows(connection, Shot, record.id, "index")
            describe = cache(describer(connection, record))  # asked again when the rows are written
        wanted = segment_ranges((TimeRange(s.start_ms, s.end_ms) for s in shots), media.segment_max_ms)
        described = [describe(span) for span in wanted]

        def write(connection: Connection, producer: int) -> None:
            refresh_segments(connection, record.id, wanted, describe, producer)

        outside = [span for span in wanted if span.end_ms > (record.duration_ms or 0)]
        return Output(
            write=write,
            metadata={
                "segments": {
                    "segments": len(wanted),
                    "with_people": sum(bool(auto.people) for auto in described),
                    "with_speech": sum(bool(auto.speech) for auto in described),
                    "captions": MetadataValue.md(
                        "\n".join(
                            f"- {span} {auto.caption_en}" for span, auto in zip(wanted, described, strict=True)
                        )[:8000]
                    ),
                }
            },
            problems={"segments_lie_in_the_video": f"{len(outside)} end after the video"} if outside else {},
        )

    def names(connection: Connection, video_id: str) -> Sequence[str]:
        """Captions say them: a person who is called otherwise now makes them stale."""
        people = OnScreen(connection, video_id).everybody()
        return [f"{person.in_english} {person.in_korean} {person.gender}" for person in people]

    producer = ProducerInfo("segments", "timeline", "3", {"segment_max_ms": media.segment_max_ms})
    yield from run_stage(context, catalog.open(), Work(SEGMENTS, producer, each(compute), also=names))


@asset(
    group_name="library",
    deps=["segments"],
    kinds={"pgvector"},
    owners=OWNERS,
    tags=GPU_TAG,
    code_version="2",
    description="What search reads: words and people of segments, a vector for each text (only new ones).",
    pool=GPU_POOL,
    op_tags=GPU_OP_TAGS,
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def segment_embeddings(
    context: AssetExecutionContext, catalog: CatalogResource, sentences: SentenceEmbedderResource
) -> Iterator[MaterializeResult]:
    embedder = sentences.load()

    def compute(records: Sequence[VideoRecord]) -> list[Output]:
        counts = embed_videos(catalog.open(), [record.id for record in records], embedder)
        return [
            Output(metadata={"segment_embeddings": {"embedded": embedded, "segments": total}})
            for embedded, total in counts
        ]

    producer = ProducerInfo("segment_embeddings", embedder.name, embedder.version)
    work = Work(SEGMENT_EMBEDDINGS, producer, together(compute, VIDEOS_TOGETHER))
    try:
        yield from run_stage(context, catalog.open(), work)
    finally:  # also where a video failed that the model before does not know either
        if change_over(catalog.open(), embedder):
            context.log.info(f"Search answers with {embedder.name} from now on.")


@asset(
    group_name="library",
    deps=["segments", "frames"],
    kinds={"pillow"},
    owners=OWNERS,
    code_version="1",
    description="A small moving picture of each segment.",
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def previews(
    context: AssetExecutionContext, catalog: CatalogResource, media: MediaResource
) -> Iterator[MaterializeResult]:
    progress = Progress()

    def compute(record: VideoRecord) -> Output:
        with catalog.open().begin() as connection:
            spans = sorted({segment.span for segment in read_segments(connection, video_id=record.id)})
            frames = read_rows(connection, Frame, record.id, "index")
        picture = media.frames(record.id)
        rows = []
        with media.store.work_place() as place:
            making = place / PREVIEW_FILES
            making.mkdir()
            for number, span in enumerate(spans):
                progress(number, len(spans))
                shown = [frame for frame in frames if frame.time_ms in span] or [
                    min(frames, key=lambda frame: abs(frame.time_ms - span.middle_ms))
                ]
                data = preview(
                    [picture(frame.index) for frame in shown], frame_ms=max(40, span.duration_ms // len(shown))
                )
                (making / preview_file(span)).write_bytes(data)
                rows.append({"start_ms": span.start_ms, "end_ms": span.end_ms, "size_bytes": len(data)})
            media.store.keep(making, f"{record.id}/{PREVIEW_FILES}")
        total = sum(row["size_bytes"] for row in rows)
        return Output(rows={Preview: rows}, metadata={"previews": {"previews": len(rows), "bytes": total}})

    def ranges(connection: Connection, video_id: str) -> Sequence[str]:
        """As people moved them."""
        return [
            str(span)
            for span in sorted({segment.span for segment in read_segments(connection, video_id=video_id)})
        ]

    producer = ProducerInfo("previews", "pillow-webp", "1")
    present = media.has_part(PREVIEW_FILES)
    work = Work(PREVIEWS, producer, each(compute), also=ranges, present=present, progress=progress)
    yield from run_stage(context, catalog.open(), work)

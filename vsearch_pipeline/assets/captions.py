"""What happens, in words: by the captioner, in Korean, and captioners side by side."""

from collections.abc import Iterator, Sequence
from typing import Any

from dagster import AssetCheckSpec, AssetExecutionContext, MaterializeResult, MetadataValue, asset

from vsearch_pipeline.assets.stage import (
    GPU_POOL,
    GPU_TAG,
    OWNERS,
    RETRIES,
    SEVERAL_VIDEOS,
    VIDEOS,
    Output,
    Stage,
    Work,
    picture,
    run_stage,
)
from vsearch_pipeline.captioning.compose import compose
from vsearch_pipeline.captioning.facts import CaptionFacts, Clip
from vsearch_pipeline.captioning.objects import DetectedObject
from vsearch_pipeline.catalog.models import Caption, Frame, Object, Shot
from vsearch_pipeline.catalog.stages import ProducerInfo, read_rows, replace_captions
from vsearch_pipeline.catalog.videos import VideoRecord, captioned_videos
from vsearch_pipeline.language.tokens import has_hangul
from vsearch_pipeline.media.frames import read_rgb
from vsearch_pipeline.media.pictures import contact_sheet
from vsearch_pipeline.media.selection import select_frames
from vsearch_pipeline.resources.models import CaptionerResource, ObjectsResource
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.timeline import TimeRange, clock, segment_ranges

CAPTIONS = Stage(
    "captions",
    inputs=("sampling", "objects"),
    checks=(
        AssetCheckSpec(
            "every_range_has_a_caption", asset="captions", blocking=True, description="No caption is empty."
        ),
    ),
)
KOREAN_CAPTIONS = Stage(
    "korean_captions",
    inputs=("captions",),
    checks=(
        AssetCheckSpec(
            "captions_are_korean",
            asset="korean_captions",
            description="Every Korean caption is written in Hangul.",
        ),
    ),
)
BATCH = 8
COMPARED_CLIPS = 12


@asset(
    group_name="understanding",
    deps=["shots", "frames", "objects"],
    kinds={"litert", "postgres"},
    owners=OWNERS,
    tags=GPU_TAG,
    code_version="1",
    check_specs=CAPTIONS.checks,
    description="What each range shows, in English, by the captioner of the settings.",
    pool=GPU_POOL,
    op_tags=GPU_TAG,
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def captions(
    context: AssetExecutionContext,
    catalog: CatalogResource,
    media: MediaResource,
    object_detection: ObjectsResource,
    captioner: CaptionerResource,
) -> Iterator[MaterializeResult]:
    model = captioner.load()

    def compute(record: VideoRecord) -> Output:
        clips = _Clips(catalog, media, record.id, object_detection.frames_per_second)
        rows: list[dict[str, Any]] = []
        for first in range(0, len(clips.spans), BATCH):
            spans = clips.spans[first : first + BATCH]
            for span, caption in zip(spans, model.caption([clips.load(span) for span in spans]), strict=True):
                rows.append(
                    {
                        "index": len(rows),
                        "start_ms": span.start_ms,
                        "end_ms": span.end_ms,
                        "text": caption.text,
                        "raw_text": caption.raw_text,
                        "facts": caption.facts.to_json() if caption.facts else None,
                    }
                )
        empty = [row for row in rows if not row["text"]]
        return Output(
            write=lambda connection, producer: replace_captions(connection, record.id, "en", producer, rows),
            metadata={"captions": {"captions": len(rows), "text": _listed(rows)}},
            problems={"every_range_has_a_caption": f"{len(empty)} captions are empty"} if empty else {},
        )

    producer = ProducerInfo(
        "captions",
        model.name,
        model.version,
        {
            **model.settings,
            "frames_per_second": object_detection.frames_per_second,
            "segment_max_ms": media.segment_max_ms,
        },
    )
    yield from run_stage(context, catalog.open(), Work(CAPTIONS, producer, compute))


@asset(
    group_name="understanding",
    deps=["captions"],
    kinds={"python", "postgres"},
    owners=OWNERS,
    code_version="1",
    check_specs=KOREAN_CAPTIONS.checks,
    description="The captions in Korean: composed from the same facts where the captioner gives them.",
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def korean_captions(context: AssetExecutionContext, catalog: CatalogResource) -> Iterator[MaterializeResult]:
    def compute(record: VideoRecord) -> Output:
        with catalog.open().begin() as connection:
            english = [row for row in read_rows(connection, Caption, record.id, "index") if row.language == "en"]
        rows = []
        for row in english:
            if row.facts:
                text = compose(CaptionFacts.from_json(row.facts), "ko")
                rows.append(
                    {
                        "index": row.index,
                        "start_ms": row.start_ms,
                        "end_ms": row.end_ms,
                        "text": text,
                        "raw_text": text,
                        "facts": None,
                    }
                )
        foreign = [row for row in rows if not has_hangul(row["text"])]

        return Output(
            write=lambda connection, producer: replace_captions(connection, record.id, "ko", producer, rows),
            metadata={
                "korean_captions": {
                    "captions": len(rows),
                    "not_translated": len(english) - len(rows),
                    "text": _listed(rows),
                }
            },
            problems={"captions_are_korean": f"{len(foreign)} have no Hangul"} if foreign else {},
        )

    producer = ProducerInfo("korean_captions", "compact", "1")
    yield from run_stage(context, catalog.open(), Work(KOREAN_CAPTIONS, producer, compute))


@asset(
    group_name="library",
    deps=["captions"],
    kinds={"python"},
    owners=OWNERS,
    tags=GPU_TAG,
    code_version="1",
    description="The same clips through several captioners, side by side.",
    pool=GPU_POOL,
    op_tags=GPU_TAG,
)
def caption_comparison(
    context: AssetExecutionContext,
    catalog: CatalogResource,
    media: MediaResource,
    object_detection: ObjectsResource,
    captioner: CaptionerResource,
) -> MaterializeResult:
    with catalog.open().begin() as connection:
        videos = captioned_videos(connection)
    sources = [_Clips(catalog, media, video, object_detection.frames_per_second) for video in videos]
    chosen = [
        (source, source.spans[len(source.spans) * (2 * turn + 1) // (2 * turns)])
        for source in sources
        for turns in [max(1, min(len(source.spans), COMPARED_CLIPS // max(1, len(sources))))]
        for turn in range(turns)
    ][:COMPARED_CLIPS]
    clips = [source.load(span) for source, span in chosen]
    columns = {name: [c.text for c in captioner.load(name).caption(clips)] for name in captioner.compared}
    lines = ["| clip | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for i, (source, span) in enumerate(chosen):
        texts = " | ".join(_cell(column[i]) for column in columns.values())
        lines.append(f"| {_cell(source.video_id)} {clock(span.start_ms)} | {texts} |")
    context.log.info("compared %d captioners on %d clips", len(columns), len(clips))
    sheet = contact_sheet(
        [clip.frames[len(clip.frames) // 2] for clip in clips], [clock(span.start_ms) for _, span in chosen]
    )
    return MaterializeResult(
        metadata={
            "clips": len(clips),
            "table": MetadataValue.md("\n".join(lines)),
            **({"pictures": picture(sheet, "clips")} if clips else {}),
        }
    )


class _Clips:
    """The ranges of a video and, for each, the frames that the object detector also saw."""

    def __init__(self, catalog: CatalogResource, media: MediaResource, video_id: str, per_second: float) -> None:
        self.video_id = video_id
        self._media = media
        with catalog.open().begin() as connection:
            shots = read_rows(connection, Shot, video_id, "index")
            self._frames = read_rows(connection, Frame, video_id, "index")
            self._objects: dict[int, list[DetectedObject]] = {}
            for row in read_rows(connection, Object, video_id, "index"):
                thing = DetectedObject(row.label, row.score, tuple(row.bbox_xyxy))
                self._objects.setdefault(row.frame_index, []).append(thing)
        self.spans = segment_ranges((TimeRange(s.start_ms, s.end_ms) for s in shots), media.segment_max_ms)
        times = [frame.time_ms for frame in self._frames]
        self._positions = dict(zip(self.spans, select_frames(times, self.spans, per_second), strict=True))

    def load(self, span: TimeRange) -> Clip:
        import numpy as np

        looked_at = [self._frames[i] for i in self._positions[span]]
        frames = looked_at or [self._nearest(span)]
        return Clip(
            frames=np.stack([read_rgb(self._media.frame(self.video_id, frame.index)) for frame in frames]),
            times_ms=tuple(frame.time_ms for frame in frames),
            objects=tuple(tuple(self._objects.get(frame.index, ())) for frame in looked_at),
        )

    def _nearest(self, span: TimeRange) -> Any:
        return min(self._frames, key=lambda frame: abs(frame.time_ms - span.middle_ms))


def _listed(rows: Sequence[dict[str, Any]]) -> MetadataValue:
    return MetadataValue.md(
        "\n".join(f"- {clock(row['start_ms'])} {row['text']}" for row in rows[:50]) or "*none*"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")

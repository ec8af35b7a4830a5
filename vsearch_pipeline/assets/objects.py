"""Objects on screen."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from dagster import AssetCheckSpec, AssetExecutionContext, MaterializeResult, asset

from vsearch_pipeline.assets.boxes import inside_frame
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
    run_stage,
)
from vsearch_pipeline.catalog.models import Frame, Object, Shot
from vsearch_pipeline.catalog.stages import ProducerInfo, read_rows
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.media.frames import read_rgb
from vsearch_pipeline.media.selection import select_frames
from vsearch_pipeline.resources.models import ObjectsResource
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.timeline import TimeRange, segment_ranges

OBJECTS = Stage(
    "objects",
    inputs=("sampling",),
    checks=(
        AssetCheckSpec(
            "boxes_lie_in_the_frame", asset="objects", blocking=True, description="Every box is inside its frame."
        ),
    ),
)
BATCH = 16


@asset(
    group_name="understanding",
    deps=["frames"],
    kinds={"opencv", "postgres"},
    owners=OWNERS,
    tags=GPU_TAG,
    code_version="1",
    check_specs=OBJECTS.checks,
    description="Things of known classes on screen, with boxes.",
    pool=GPU_POOL,
    op_tags=GPU_TAG,
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def objects(
    context: AssetExecutionContext,
    catalog: CatalogResource,
    media: MediaResource,
    object_detection: ObjectsResource,
) -> Iterator[MaterializeResult]:
    detector = object_detection.load()

    def compute(record: VideoRecord) -> Output:
        with catalog.open().begin() as connection:
            frames = read_rows(connection, Frame, record.id, "index")
            shots = read_rows(connection, Shot, record.id, "index")
        spans = segment_ranges((TimeRange(s.start_ms, s.end_ms) for s in shots), media.segment_max_ms)
        chosen = select_frames([f.time_ms for f in frames], spans, object_detection.frames_per_second)
        picked = [frames[i] for positions in chosen for i in positions]
        rows: list[dict[str, Any]] = []
        for first in range(0, len(picked), BATCH):
            batch = picked[first : first + BATCH]
            found = detector.detect([read_rgb(media.frame(record.id, frame.index)) for frame in batch])
            rows.extend(
                {
                    "frame_index": frame.index,
                    "time_ms": frame.time_ms,
                    "label": thing.label,
                    "score": thing.score,
                    "bbox_xyxy": list(thing.bbox_xyxy),
                }
                for frame, things in zip(batch, found, strict=True)
                for thing in things
            )
        labels = Counter(row["label"] for row in rows)
        outside = [row for row in rows if not inside_frame(row["bbox_xyxy"])]
        return Output(
            rows={Object: [{**row, "index": i} for i, row in enumerate(rows)]},
            metadata={
                "objects": {
                    "frames": len(picked),
                    "objects": len(rows),
                    "most_seen": ", ".join(f"{label} {count}" for label, count in labels.most_common(10))
                    or "none",
                }
            },
            problems={"boxes_lie_in_the_frame": f"{len(outside)} boxes lie outside"} if outside else {},
        )

    producer = ProducerInfo(
        "objects",
        detector.name,
        detector.version,
        {"frames_per_second": object_detection.frames_per_second, "segment_max_ms": media.segment_max_ms},
    )
    yield from run_stage(context, catalog.open(), Work(OBJECTS, producer, compute))

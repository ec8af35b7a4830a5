"""Objects on screen, and which box is the same thing as one before."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Final

from dagster import AssetCheckSpec, AssetExecutionContext, MaterializeResult, MetadataValue, asset

from vsearch_pipeline.ahead import in_order
from vsearch_pipeline.assets.boxes import inside_frame
from vsearch_pipeline.assets.stage import (
    OWNERS,
    RETRIES,
    SEVERAL_VIDEOS,
    VIDEOS,
    Output,
    Stage,
    Work,
    each,
    picture,
    run_stage,
)
from vsearch_pipeline.assets.watching import Progress
from vsearch_pipeline.captioning.facts import OBJECT_SCORE
from vsearch_pipeline.captioning.object_tracks import FrameObjects, link_objects
from vsearch_pipeline.catalog.models import Frame, Object, Shot
from vsearch_pipeline.catalog.stages import ProducerInfo, read_rows
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.media.frames import read_rgb
from vsearch_pipeline.media.pictures import COLOURS, contact_sheet, thinned
from vsearch_pipeline.media.preview import thumbnail
from vsearch_pipeline.media.selection import select_frames
from vsearch_pipeline.resources.models import ObjectsResource
from vsearch_pipeline.resources.placement import GPU_OP_TAGS, GPU_POOL, GPU_TAG
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.timeline import TimeRange, clock, segment_ranges

OBJECTS = Stage(
    "objects",
    inputs=("sampling",),
    checks=(
        AssetCheckSpec(
            "boxes_lie_in_the_frame", asset="objects", blocking=True, description="Every box is inside its frame."
        ),
    ),
)
BATCH: Final = 16
READERS: Final = 2
"""Threads that read the next frames while the detector looks at these."""

# also part of the producer's settings: rows that older code wrote are computed again
OBJECTS_CODE: Final = "2"

_SHEET_FRAMES: Final = 24
_TILE_WIDTH: Final = 240


@asset(
    group_name="understanding",
    deps=["frames"],
    kinds={"opencv", "postgres"},
    owners=OWNERS,
    tags=GPU_TAG,
    code_version=OBJECTS_CODE,
    check_specs=OBJECTS.checks,
    description="Things of known classes on screen, with boxes, followed through each shot.",
    pool=GPU_POOL,
    op_tags=GPU_OP_TAGS,
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
    progress = Progress()

    def compute(record: VideoRecord) -> Output:
        with catalog.open().begin() as connection:
            frames = read_rows(connection, Frame, record.id, "index")
            shots = read_rows(connection, Shot, record.id, "index")
        spans = segment_ranges((TimeRange(s.start_ms, s.end_ms) for s in shots), media.segment_max_ms)
        chosen = select_frames([f.time_ms for f in frames], spans, object_detection.frames_per_second)
        picked = [frames[i] for positions in chosen for i in positions]
        starts = [shot.start_ms for shot in shots]
        picture_of = media.frames(record.id)
        found: list[FrameObjects] = []
        with ThreadPoolExecutor(READERS) as readers:
            images = in_order(readers, lambda frame: read_rgb(picture_of(frame.index)), picked, BATCH)
            for first in range(0, len(picked), BATCH):
                progress(first, len(picked))
                batch = picked[first : first + BATCH]
                things = detector.detect(list(islice(images, len(batch))))
                found.extend(
                    FrameObjects(frame.time_ms, bisect_right(starts, frame.time_ms), of_frame)
                    for frame, of_frame in zip(batch, things, strict=True)
                )
        rows = _rows([frame.index for frame in picked], found, link_objects(found))
        outside = [row for row in rows if not inside_frame(row["bbox_xyxy"])]
        return Output(
            rows={Object: rows},
            metadata={
                "objects": {
                    "frames": len(picked),
                    "objects": len(rows),
                    "things": MetadataValue.md(_things(rows)),
                    "sheet": picture(_sheet(rows, record.id, media), "objects") if rows else "no objects",
                }
            },
            problems={"boxes_lie_in_the_frame": f"{len(outside)} boxes lie outside"} if outside else {},
        )

    producer = ProducerInfo(
        "objects",
        detector.name,
        detector.version,
        {
            "frames_per_second": object_detection.frames_per_second,
            "segment_max_ms": media.segment_max_ms,
            "detector": detector.settings,
            "code": OBJECTS_CODE,
        },
    )
    yield from run_stage(context, catalog.open(), Work(OBJECTS, producer, each(compute), progress=progress))


def _rows(
    frame_indices: Sequence[int], found: Sequence[FrameObjects], tracks: Sequence[Sequence[int]]
) -> list[dict[str, Any]]:
    things = [
        (index, frame.time_ms, thing, track)
        for index, frame, of_frame in zip(frame_indices, found, tracks, strict=True)
        for thing, track in zip(frame.objects, of_frame, strict=True)
    ]
    return [
        {
            "index": place,
            "frame_index": index,
            "time_ms": time_ms,
            "label": thing.label,
            "score": thing.score,
            "bbox_xyxy": list(thing.bbox_xyxy),
            "track": track,
        }
        for place, (index, time_ms, thing, track) in enumerate(things)
    ]


def _things(rows: Sequence[dict[str, Any]]) -> str:
    """A table of how many different things of each label were seen clearly, the most seen first.

    A thing that comes back in another shot counts again: tracks end at the cuts.
    """
    best: dict[int, float] = defaultdict(float)
    at_once = Counter((row["label"], row["time_ms"]) for row in rows if row["score"] >= OBJECT_SCORE)
    for row in rows:
        best[row["track"]] = max(best[row["track"]], row["score"])
    clear = [row for row in rows if best[row["track"]] >= OBJECT_SCORE]
    if not clear:
        return "*nothing seen clearly*"
    boxes = Counter(row["label"] for row in clear)
    tracks = {label: {row["track"] for row in clear if row["label"] == label} for label in boxes}
    most = {label: max(count for (name, _), count in at_once.items() if name == label) for label in boxes}
    lines = ["| thing | different ones | at once | boxes |", "|---|--:|--:|--:|"]
    lines += [
        f"| {label} | {len(tracks[label])} | {most[label]} | {boxes[label]} |"
        for label in sorted(boxes, key=lambda label: (-boxes[label], label))
    ]
    return "\n".join(lines)


def _sheet(rows: Sequence[dict[str, Any]], video_id: str, media: MediaResource) -> bytes:
    """Frames with what was found in them, spread evenly; a thing keeps colour and number while it is followed."""
    times = {row["frame_index"]: row["time_ms"] for row in rows}
    frames = sorted(times)
    kept = [frames[i] for i in thinned(len(frames), _SHEET_FRAMES)]
    tiles = [
        _drawn(index, [row for row in rows if row["frame_index"] == index], video_id, media) for index in kept
    ]
    return contact_sheet(tiles, [clock(times[index])[:-4] for index in kept], columns=4, tile_width=_TILE_WIDTH)


def _drawn(index: int, rows: Sequence[dict[str, Any]], video_id: str, media: MediaResource) -> Any:
    """A small (height, width, 3) uint8 picture of a frame with its boxes."""
    import numpy as np
    from PIL import ImageDraw

    tile = thumbnail(media.frame(video_id, index), _TILE_WIDTH)
    draw = ImageDraw.Draw(tile)
    for row in rows:
        left, top, right, bottom = row["bbox_xyxy"]
        colour = COLOURS[row["track"] % len(COLOURS)]
        corner = (left * tile.width, top * tile.height)
        draw.rectangle((*corner, right * tile.width, bottom * tile.height), outline=colour, width=2)
        text = f"{row['label']} {row['track']}"
        draw.rectangle(draw.textbbox(corner, text), fill=colour)
        draw.text(corner, text, fill="white")
    return np.asarray(tile)

"""The video itself, its shots and its sampled frames."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from dagster import (
    AssetCheckSpec,
    AssetExecutionContext,
    AssetSpec,
    MaterializeResult,
    MetadataValue,
    asset,
    multi_asset,
)
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
    picture,
    run_stage,
)
from vsearch_pipeline.assets.watching import Progress
from vsearch_pipeline.catalog.models import Frame, Shot
from vsearch_pipeline.catalog.stages import ProducerInfo
from vsearch_pipeline.catalog.videos import VideoRecord, update_video
from vsearch_pipeline.media.frames import read_rgb
from vsearch_pipeline.media.pictures import contact_sheet, shot_strip
from vsearch_pipeline.media.probe import probe
from vsearch_pipeline.media.sampling import SampledFrame, Scan, sample
from vsearch_pipeline.media.selection import select_frames
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.storage.store import FRAMES, frame_file
from vsearch_pipeline.timeline import TimeRange, clock

VIDEO = Stage(
    "video",
    inputs=(),
    checks=(
        AssetCheckSpec(
            "file_is_whole",
            asset="video",
            blocking=True,
            description="The stored file has the size it was added with.",
        ),
    ),
)
SAMPLING = Stage(
    "sampling",
    inputs=("video",),
    assets=("shots", "frames"),
    checks=(
        AssetCheckSpec(
            "shots_tile_the_video",
            asset="shots",
            blocking=True,
            description="Shots follow each other from the first frame to the last, without gap or overlap.",
        ),
        AssetCheckSpec(
            "frames_are_in_order",
            asset="frames",
            blocking=True,
            description="Frames have increasing times inside the video, and each has its picture on disk.",
        ),
        AssetCheckSpec("file_decodes_cleanly", asset="frames", description="No packet of the video was damaged."),
    ),
)
SHEET_FRAMES = 24


@asset(
    group_name="media",
    kinds={"ffmpeg", "postgres"},
    owners=OWNERS,
    code_version="1",
    check_specs=VIDEO.checks,
    description="A video in the store: its file is there and can be read.",
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def video(
    context: AssetExecutionContext, catalog: CatalogResource, media: MediaResource
) -> Iterator[MaterializeResult]:
    def compute(record: VideoRecord) -> Output:
        path = media.source(record)
        info = probe(path)
        problems = {}
        if info.size_bytes != record.size_bytes:
            problems["file_is_whole"] = f"{info.size_bytes} bytes on disk, {record.size_bytes} when it was added"
        return Output(
            metadata={
                "video": {
                    "title": record.title,
                    "source": record.source,
                    "format": f"{info.container}, {info.video_codec}, {info.audio_codec or 'no sound'}",
                    "size": f"{info.width}x{info.height}",
                    "claimed_duration": clock(info.duration_ms) if info.duration_ms else "none",
                    "file": MetadataValue.path(f"{media.store.where}/{record.path}"),
                }
            },
            problems=problems,
        )

    producer = ProducerInfo("video", "pyav-probe", "1")
    yield from run_stage(context, catalog.open(), Work(VIDEO, producer, each(compute)))


@multi_asset(
    name="sampling",
    specs=[
        AssetSpec(
            "shots",
            deps=["video"],
            group_name="media",
            kinds={"ffmpeg", "postgres"},
            owners=OWNERS,
            code_version="1",
            description="Where the camera changes: ranges that tile the video.",
        ),
        AssetSpec(
            "frames",
            deps=["video", "shots"],
            group_name="media",
            kinds={"ffmpeg", "postgres"},
            owners=OWNERS,
            code_version="1",
            description="Pictures sampled by presentation time, from the same single pass that finds the shots.",
        ),
    ],
    check_specs=SAMPLING.checks,
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def sampling(
    context: AssetExecutionContext, catalog: CatalogResource, media: MediaResource
) -> Iterator[MaterializeResult]:
    progress = Progress()

    def compute(record: VideoRecord) -> Output:
        with media.store.work_place() as place:
            making = place / FRAMES
            making.mkdir()

            def keep(frame: SampledFrame) -> None:
                (making / frame_file(frame.index)).write_bytes(frame.jpeg)

            scan = sample(
                media.source(record),
                frames_per_second=media.frames_per_second,
                max_side=media.frame_max_side,
                jpeg_quality=media.jpeg_quality,
                on_frame=keep,
                on_progress=lambda time_ms: progress(time_ms, record.duration_ms or 0),
            )
            media.store.keep(making, f"{record.id}/{FRAMES}")

        def write(connection: Connection, _: int) -> None:
            update_video(connection, record.id, _measured(scan))

        return Output(
            rows={
                Shot: [
                    {"index": i, "start_ms": shot.start_ms, "end_ms": shot.end_ms}
                    for i, shot in enumerate(scan.shots)
                ],
                Frame: [
                    {"index": f.index, "time_ms": f.time_ms, "width": f.width, "height": f.height}
                    for f in scan.frames
                ],
            },
            write=write,
            metadata=_pictures(record, scan, media),
            problems=_problems(record, scan, media),
        )

    producer = ProducerInfo(
        "sampling",
        "pyav+scenedetect",
        "1",
        {
            "frames_per_second": media.frames_per_second,
            "max_side": media.frame_max_side,
            "jpeg_quality": media.jpeg_quality,
        },
    )
    work = Work(SAMPLING, producer, each(compute), present=media.has_part(FRAMES), progress=progress)
    yield from run_stage(context, catalog.open(), work)


def _measured(scan: Scan) -> dict[str, Any]:
    return {
        "start_ms": scan.start_ms,
        "duration_ms": scan.duration_ms,
        "frame_rate_num": scan.frame_rate.numerator if scan.frame_rate else None,
        "frame_rate_den": scan.frame_rate.denominator if scan.frame_rate else None,
        "variable_frame_rate": scan.variable_frame_rate,
        "decode_errors": scan.decode_errors,
    }


def _pictures(record: VideoRecord, scan: Scan, media: MediaResource) -> dict[str, dict[str, Any]]:
    times = [frame.time_ms for frame in scan.frames]

    def images(positions: list[int]) -> list[Any]:
        return [read_rgb(media.frame(record.id, scan.frames[i].index)) for i in positions]

    whole = TimeRange(0, scan.duration_ms)
    [spread] = select_frames(times, [whole], SHEET_FRAMES * 1000 / whole.duration_ms)
    shown = list(scan.shots[:SHEET_FRAMES])
    firsts = [positions[0] for positions in select_frames(times, shown, 0.001) if positions]
    strip = shot_strip(shown, images(firsts), shown[-1].end_ms) if len(firsts) == len(shown) else None
    return {
        "shots": {
            "shots": len(scan.shots),
            "duration": clock(scan.duration_ms),
            "longest_shot": clock(max(shot.duration_ms for shot in scan.shots)),
            **({"shot_strip": picture(strip, "shots")} if strip else {}),
        },
        "frames": {
            "frames": len(scan.frames),
            "decoded_frames": scan.frame_count,
            "frame_rate": f"{float(scan.frame_rate):.3f}" if scan.frame_rate else "unknown",
            "variable_frame_rate": scan.variable_frame_rate,
            "decode_errors": scan.decode_errors,
            "contact_sheet": picture(
                contact_sheet(images(spread), [clock(times[i]) for i in spread]), "contact sheet"
            ),
        },
    }


def _problems(record: VideoRecord, scan: Scan, media: MediaResource) -> dict[str, str]:
    problems = {}
    edges = [0, *(shot.end_ms for shot in scan.shots)]
    if [shot.start_ms for shot in scan.shots] != edges[:-1] or edges[-1] != scan.duration_ms:
        problems["shots_tile_the_video"] = f"the shots do not tile the {clock(scan.duration_ms)} of the video"
    times = [frame.time_ms for frame in scan.frames]
    there = media.store.files(record.id, FRAMES) or ()
    missing = [f.index for f in scan.frames if frame_file(f.index) not in there]
    if any(a >= b for a, b in pairwise(times)) or times[-1] >= scan.duration_ms:
        problems["frames_are_in_order"] = "the frames' times do not increase inside the video"
    elif missing:
        problems["frames_are_in_order"] = f"{len(missing)} pictures are missing, first {frame_file(missing[0])}"
    if scan.decode_errors:
        problems["file_decodes_cleanly"] = f"{scan.decode_errors} damaged packets or frames were left out"
    return problems

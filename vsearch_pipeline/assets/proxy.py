"""A copy that every browser plays, of the videos that are stored in a way that some do not."""

from collections.abc import Iterator
from time import perf_counter

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
from vsearch_pipeline.browsers import PROXY_NAME, browsers_that_play
from vsearch_pipeline.catalog.stages import ProducerInfo
from vsearch_pipeline.catalog.videos import VideoRecord, get_video
from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.media.proxy import CRF, LONG_SIDE, SHORT_SIDE, Proxy, stored, write_proxy
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.timeline import clock

PROXY = Stage(
    "proxy",
    inputs=("video",),
    checks=(
        AssetCheckSpec(
            "proxy_is_the_whole_video",
            asset="proxy",
            description="The proxy has the frames of the video at their times, and is as long.",
        ),
    ),
)
LAST = {"dagster/priority": "-10", "dagster-celery/priority": "0"}
"""People search a video before it plays in every browser: whatever else is ready goes first."""


@asset(
    group_name="media",
    deps=["video"],
    kinds={"ffmpeg"},
    owners=OWNERS,
    code_version="1",
    check_specs=PROXY.checks,
    description="An MP4 with the same frames at the same times, where browsers do not play the file itself.",
    op_tags=LAST,
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def proxy(
    context: AssetExecutionContext, catalog: CatalogResource, media: MediaResource
) -> Iterator[MaterializeResult]:
    progress = Progress()

    def compute(record: VideoRecord) -> Output:
        source, target = media.source(record), f"{record.id}/{PROXY_NAME}"
        how = stored(source)
        about = f"{how.container}, {how.video_codec} {how.pixel_format}, {how.audio_codec or 'no sound'}"
        if browsers_that_play(how) == "all":
            media.store.drop(target)
            return Output(metadata={"proxy": {"needed": "no: browsers play the file itself", "format": about}})
        started = perf_counter()
        with media.store.work_place() as place:
            making = place / PROXY_NAME
            made = write_proxy(source, making, lambda time_ms: progress(time_ms, record.duration_ms or 0))
            media.store.keep(making, target)
        seconds = perf_counter() - started
        problem = _problem(made, record)
        return Output(
            metadata={
                "proxy": {
                    "needed": "yes: some browsers do not play the file",
                    "format": about,
                    "size": f"{made.width}x{made.height}",
                    "duration": clock(made.duration_ms),
                    "frames": made.frames,
                    "sound": made.has_audio,
                    "bytes": made.size_bytes,
                    "video_seconds_per_second": round(made.duration_ms / 1000 / max(seconds, 1e-3), 2),
                    "file": MetadataValue.path(f"{media.store.where}/{target}"),
                }
            },
            problems={"proxy_is_the_whole_video": problem} if problem else {},
        )

    def present(video_id: str) -> bool:
        if media.store.exists(f"{video_id}/{PROXY_NAME}") or not media.store.is_folder:
            return True
        with catalog.open().begin() as connection:
            record = get_video(connection, video_id)
        try:
            return browsers_that_play(stored(media.source(record))) == "all"
        except MediaError:  # said by the stage `video`
            return True

    settings = {"crf": CRF, "long_side": LONG_SIDE, "short_side": SHORT_SIDE}
    producer = ProducerInfo("proxy", "pyav-x264", "1", settings)
    work = Work(PROXY, producer, each(compute), present=present, progress=progress)
    yield from run_stage(context, catalog.open(), work)


def _problem(made: Proxy, record: VideoRecord) -> str:
    """What differs from the video: as it was decoded here, and as it was measured before, if it was."""
    if made.frames != made.source_frames:
        return f"{made.frames} frames, but the video has {made.source_frames}"
    if made.moved:
        return f"{made.moved} frames are shown at another time than in the video"
    measured = record.duration_ms if record.decode_errors is not None else None
    for duration_ms in (made.source_duration_ms, measured):
        if duration_ms is not None and abs(made.duration_ms - duration_ms) > 1:
            return f"{clock(made.duration_ms)} long, but the video is {clock(duration_ms)}"
    return ""

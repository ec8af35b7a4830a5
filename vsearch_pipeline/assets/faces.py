"""Faces on screen, the tracks they form and the names they get."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dagster import AssetCheckSpec, AssetExecutionContext, MaterializeResult, asset

from vsearch_pipeline.assets.boxes import crop, inside_frame
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
from vsearch_pipeline.catalog.models import Face, FaceEmbedding, FaceTrack, Frame, Shot
from vsearch_pipeline.catalog.stages import ProducerInfo, read_rows
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.media.frames import read_rgb
from vsearch_pipeline.media.pictures import contact_sheet
from vsearch_pipeline.media.selection import select_frames
from vsearch_pipeline.people.observe import FaceInFrame, FrameAt, embed_best_faces, observe_faces
from vsearch_pipeline.people.prior import prior_of
from vsearch_pipeline.people.records import FaceObservation, Image
from vsearch_pipeline.people.records import FaceTrack as Track
from vsearch_pipeline.people.stitching import stitch_tracks
from vsearch_pipeline.people.tracking import link_tracks
from vsearch_pipeline.resources.models import FacesResource
from vsearch_pipeline.resources.placement import GPU_OP_TAGS, GPU_POOL, GPU_TAG
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.timeline import TimeRange, clock

FACES = Stage(
    "faces",
    inputs=("sampling",),
    checks=(
        AssetCheckSpec(
            "faces_lie_in_the_frame", asset="faces", blocking=True, description="Every face is inside its frame."
        ),
    ),
)
FACE_TRACKS = Stage(
    "face_tracks",
    inputs=("faces",),
    checks=(
        AssetCheckSpec(
            "each_face_is_in_one_track",
            asset="face_tracks",
            blocking=True,
            description="No face is lost or doubled.",
        ),
    ),
)
SHEET_FACES = 24

# also part of the producers' settings: rows that older code wrote are computed again
FACES_CODE = "2"
FACE_TRACKS_CODE = "2"


@asset(
    group_name="people",
    deps=["shots", "frames"],
    kinds={"onnx", "postgres"},
    owners=OWNERS,
    tags=GPU_TAG,
    code_version=FACES_CODE,
    check_specs=FACES.checks,
    description="Faces in sampled frames, with landmarks and quality; where nothing moved they are carried over.",
    pool=GPU_POOL,
    op_tags=GPU_OP_TAGS,
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def faces(
    context: AssetExecutionContext, catalog: CatalogResource, media: MediaResource, face_models: FacesResource
) -> Iterator[MaterializeResult]:
    detector = face_models.load_detector()
    progress = Progress()

    def compute(record: VideoRecord) -> Output:
        with catalog.open().begin() as connection:
            shots = [TimeRange(s.start_ms, s.end_ms) for s in read_rows(connection, Shot, record.id, "index")]
            frames = read_rows(connection, Frame, record.id, "index")
        positions = select_frames([f.time_ms for f in frames], shots, face_models.frames_per_second)
        looked_at = [
            FrameAt(frames[i].index, frames[i].time_ms, shot)
            for shot, of_shot in enumerate(positions)
            for i in of_shot
        ]
        found = observe_faces(looked_at, progress.each(_reader(record, media), len(looked_at)), detector)
        outside = [f for f in found if not inside_frame(f.face.bbox_xyxy)]
        return Output(
            rows={Face: [_face_row(f) for f in found]},
            metadata={
                "faces": {
                    "frames": len(looked_at),
                    "faces": len(found),
                    "sheet": picture(_face_sheet(found, record.id, media), "faces") if found else "no faces",
                }
            },
            problems={"faces_lie_in_the_frame": f"{len(outside)} lie outside"} if outside else {},
        )

    settings = {"frames_per_second": face_models.frames_per_second, "code": FACES_CODE}
    producer = ProducerInfo("faces", detector.name, detector.version, settings)
    yield from run_stage(context, catalog.open(), Work(FACES, producer, each(compute), progress=progress))


@asset(
    group_name="people",
    deps=["faces", "frames"],
    kinds={"onnx", "postgres"},
    owners=OWNERS,
    tags=GPU_TAG,
    code_version=FACE_TRACKS_CODE,
    check_specs=FACE_TRACKS.checks,
    description="Faces followed through a shot by place and by likeness; the best few of each are embedded.",
    pool=GPU_POOL,
    op_tags=GPU_OP_TAGS,
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def face_tracks(
    context: AssetExecutionContext, catalog: CatalogResource, media: MediaResource, face_models: FacesResource
) -> Iterator[MaterializeResult]:
    embedder = face_models.load_embedder()
    step_ms = face_models.step_ms
    progress = Progress()

    def compute(record: VideoRecord) -> Output:
        with catalog.open().begin() as connection:
            found = [_face_of(row) for row in read_rows(connection, Face, record.id, "index")]
            shot_ends = [shot.end_ms for shot in read_rows(connection, Shot, record.id, "index")]
        linked = link_tracks([f.face for f in found], step_ms)
        embedded_frames = {found[index].frame_index for track in linked for index in track.best}
        read = progress.each(_reader(record, media), len(embedded_frames))
        vectors = embed_best_faces(linked, found, read, embedder)
        tracks = stitch_tracks(linked, [f.face for f in found], vectors, step_ms, prior_of(embedder.name))
        seen = sorted(index for track in tracks for index in track.faces)
        ends = [min(track.end_ms, shot_ends[track.shot_index]) for track in tracks]
        embedded = [(index, track.index) for track in tracks for index in track.best if index in vectors]
        return Output(
            rows={
                FaceTrack: [
                    {
                        "index": track.index,
                        "shot_index": track.shot_index,
                        "start_ms": track.start_ms,
                        "end_ms": end,
                        "faces": list(track.faces),
                        "best": list(track.best),
                    }
                    for track, end in zip(tracks, ends, strict=True)
                ],
                FaceEmbedding: [
                    {
                        "face_index": face,
                        "track_index": track,
                        "model": embedder.name,
                        "embedding": vectors[face].tolist(),
                    }
                    for face, track in embedded
                ],
            },
            metadata={
                "face_tracks": {
                    "faces": len(found),
                    "tracks_by_place": len(linked),
                    "tracks": len(tracks),
                    "embedded_faces": len(embedded),
                    "sheet": picture(_track_sheet(tracks, found, record.id, media), "tracks")
                    if tracks
                    else "no tracks",
                }
            },
            problems={}
            if seen == list(range(len(found)))
            else {"each_face_is_in_one_track": f"{len(found)} faces, {len(seen)} in tracks"},
        )

    settings = {"step_ms": step_ms, "code": FACE_TRACKS_CODE}
    producer = ProducerInfo("face_tracks", embedder.name, embedder.version, settings)
    yield from run_stage(context, catalog.open(), Work(FACE_TRACKS, producer, each(compute), progress=progress))


def _reader(record: VideoRecord, media: MediaResource) -> Callable[[int], Image]:
    frame = media.frames(record.id)
    return lambda index: read_rgb(frame(index))


def _face_row(found: FaceInFrame) -> dict[str, Any]:
    face = found.face
    return {
        "index": face.index,
        "frame_index": found.frame_index,
        "shot_index": face.shot_index,
        "time_ms": face.time_ms,
        "bbox_xyxy": list(face.bbox_xyxy),
        "landmarks": [value for point in face.landmarks for value in point],
        "score": face.score,
        "quality": face.quality,
    }


def _face_of(row: Any) -> FaceInFrame:
    x1, y1, x2, y2 = row.bbox_xyxy
    points = row.landmarks
    return FaceInFrame(
        row.frame_index,
        FaceObservation(
            index=row.index,
            shot_index=row.shot_index,
            time_ms=row.time_ms,
            bbox_xyxy=(x1, y1, x2, y2),
            landmarks=tuple(zip(points[::2], points[1::2], strict=True)),
            score=row.score,
            quality=row.quality,
        ),
    )


def _face_sheet(found: Sequence[FaceInFrame], video_id: str, media: MediaResource) -> bytes:
    """The clearest faces, in order of time."""
    clearest = sorted(found, key=lambda f: -f.face.quality)[:SHEET_FACES]
    shown = sorted(clearest, key=lambda f: f.face.index)
    return contact_sheet(_crops(shown, video_id, media), [f"{f.face.quality:.2f}" for f in shown])


def _track_sheet(
    tracks: Sequence[Track], found: Sequence[FaceInFrame], video_id: str, media: MediaResource
) -> bytes:
    """The best face of each of the longest tracks, in order of start, with when and how long it is on screen."""
    longest = sorted(tracks, key=lambda track: track.start_ms - track.end_ms)[:SHEET_FACES]
    shown = sorted(longest, key=lambda track: track.index)
    best = [max((found[i] for i in track.best), key=lambda f: f.face.quality) for track in shown]
    captions = [f"{clock(t.start_ms)[:-4]}, {(t.end_ms - t.start_ms) / 1000:.1f} s" for t in shown]
    return contact_sheet(_crops(best, video_id, media), captions)


def _crops(shown: Sequence[FaceInFrame], video_id: str, media: MediaResource) -> list[Image]:
    return [crop(read_rgb(media.frame(video_id, f.frame_index)), f.face.bbox_xyxy) for f in shown]

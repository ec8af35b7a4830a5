"""Looking at a video's frames: which faces are there, and the embeddings of the ones worth it.

Frames are read, and faces judged, in worker threads while the networks run; results keep the order of the frames.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final

from vsearch_pipeline.ahead import in_order
from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.motion import Luminance, luminance
from vsearch_pipeline.people.quality import face_quality, is_usable
from vsearch_pipeline.people.records import DetectedFace, FaceObservation, FaceTrack, Image, Vectors
from vsearch_pipeline.people.watch import FaceWatch

BATCH: Final = 16
"""Frames embedded at once."""
_WORKERS: Final = 2


@dataclass(frozen=True, slots=True)
class FrameAt:
    """A frame to look at: its number in the video, its time and its shot."""

    index: int
    time_ms: int
    shot_index: int


@dataclass(frozen=True, slots=True)
class FaceInFrame:
    frame_index: int
    face: FaceObservation


def observe_faces(
    frames: Sequence[FrameAt], read: Callable[[int], Image], detector: FaceDetector
) -> list[FaceInFrame]:
    """Find the faces of the given frames and judge their quality.

    The detector runs only where a frame changed (`watch.FaceWatch`).

    Args:
        frames: in order of time.
        read: the picture of a frame by its number; called from several threads.

    Returns:
        faces numbered from 0, in the order of the frames.
    """

    def prepared(frame: FrameAt) -> tuple[Image, Luminance]:
        image = read(frame.index)
        return image, luminance(image)

    watch = FaceWatch(detector)
    judged: list[tuple[FrameAt, tuple[int, int], list[DetectedFace], Future[list[float]]]] = []
    with ThreadPoolExecutor(_WORKERS) as pool:
        for frame, (image, small) in zip(frames, in_order(pool, prepared, frames), strict=True):
            faces = watch.look(image, small, shot_index=frame.shot_index, time_ms=frame.time_ms)
            if faces:
                qualities = pool.submit(_qualities, image, faces)
                judged.append((frame, (image.shape[1], image.shape[0]), faces, qualities))
    found: list[FaceInFrame] = []
    for frame, size, faces, future in judged:
        for face, quality in zip(faces, future.result(), strict=True):
            observation = FaceObservation.from_detection(
                face,
                index=len(found),
                shot_index=frame.shot_index,
                time_ms=frame.time_ms,
                frame_size=size,
                quality=quality,
            )
            found.append(FaceInFrame(frame.index, observation))
    return found


def embed_best_faces(
    tracks: Iterable[FaceTrack],
    faces: Sequence[FaceInFrame],
    read: Callable[[int], Image],
    embedder: FaceEmbedder,
) -> dict[int, Vectors]:
    """Embed the usable ones of each track's best faces, reading each frame once.

    Args:
        read: the picture of a frame by its number; called from several threads.

    Returns:
        a vector of shape (dim,) by the face's number; small and blurred faces have none.
    """
    by_frame: dict[int, list[FaceObservation]] = defaultdict(list)
    for track in tracks:
        for index in track.best:
            by_frame[faces[index].frame_index].append(faces[index].face)
    vectors: dict[int, Vectors] = {}
    with ThreadPoolExecutor(_WORKERS) as pool:
        numbers = iter(sorted(by_frame))
        images = in_order(pool, read, sorted(by_frame))
        while batch := list(islice(zip(numbers, images, strict=True), BATCH)):
            usable = [_usable(by_frame[number], image) for number, image in batch]
            embedded = embedder.embed(
                [image for _, image in batch], [[seen for _, seen in some] for some in usable]
            )
            for some, rows in zip(usable, embedded, strict=True):
                vectors.update({index: row for (index, _), row in zip(some, rows, strict=True)})
    return vectors


def _usable(faces: Iterable[FaceObservation], image: Image) -> list[tuple[int, DetectedFace]]:
    size = (image.shape[1], image.shape[0])
    seen = [(face, face.to_detection(size)) for face in faces]
    return [(face.index, found) for face, found in seen if is_usable(found.height, face.quality)]


def _qualities(image: Image, faces: Sequence[DetectedFace]) -> list[float]:
    return [face_quality(image, face) for face in faces]

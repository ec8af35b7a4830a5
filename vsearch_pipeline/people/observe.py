"""Looking at a video's frames: which faces are there, and the embeddings of the ones worth it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.quality import face_quality, is_usable
from vsearch_pipeline.people.records import FaceObservation, FaceTrack, Image, Vectors

BATCH = 16
"""Frames in memory at once."""


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
    """Detect the faces of the given frames and judge their quality.

    Args:
        read: the picture of a frame by its number.

    Returns:
        faces numbered from 0, in the order of the frames.
    """
    found: list[FaceInFrame] = []
    for first in range(0, len(frames), BATCH):
        batch = frames[first : first + BATCH]
        images = [read(frame.index) for frame in batch]
        for frame, image, faces in zip(batch, images, detector.detect(images), strict=True):
            for face in faces:
                observation = FaceObservation.from_detection(
                    face,
                    index=len(found),
                    shot_index=frame.shot_index,
                    time_ms=frame.time_ms,
                    frame_size=(image.shape[1], image.shape[0]),
                    quality=face_quality(image, face),
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

    Returns:
        a vector of shape (dim,) by the face's number; small and blurred faces have none.
    """
    by_frame: dict[int, list[FaceObservation]] = defaultdict(list)
    for track in tracks:
        for index in track.best:
            by_frame[faces[index].frame_index].append(faces[index].face)
    vectors: dict[int, Vectors] = {}
    wanted = sorted(by_frame)
    for first in range(0, len(wanted), BATCH):
        images = [read(index) for index in wanted[first : first + BATCH]]
        kept = [
            [(face.index, seen) for face in by_frame[index] for seen in [face.to_detection(size)]
             if is_usable(seen.height, face.quality)]
            for index, image in zip(wanted[first : first + BATCH], images, strict=True)
            for size in [(image.shape[1], image.shape[0])]
        ]  # fmt: skip
        embedded = embedder.embed(images, [[seen for _, seen in faces_of_frame] for faces_of_frame in kept])
        for faces_of_frame, rows in zip(kept, embedded, strict=True):
            vectors.update({index: row for (index, _), row in zip(faces_of_frame, rows, strict=True)})
    return vectors

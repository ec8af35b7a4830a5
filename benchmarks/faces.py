"""Who is on screen in stored frames: the whole faces stage beside plain loops and the library face_recognition.

All look at the same stored frames, two a second of video, and start from their JPEG files. Nothing was chosen on
these clips but how much around a change is looked at again.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.report import interleaved, machine, median_ratio, table
from vsearch_pipeline.media.frames import read_rgb
from vsearch_pipeline.media.sampling import sample
from vsearch_pipeline.media.selection import select_frames
from vsearch_pipeline.people.alignment import DLIB_LANDMARKS, DLIB_SIDE, aligned_chip
from vsearch_pipeline.people.clustering import cluster_tracks
from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.observe import FrameAt, embed_best_faces, observe_faces
from vsearch_pipeline.people.prior import prior_of
from vsearch_pipeline.people.quality import face_quality, is_usable
from vsearch_pipeline.people.records import Box, DetectedFace, FaceObservation, Image, Vectors
from vsearch_pipeline.people.registry import load_face_detector, load_face_embedder
from vsearch_pipeline.people.stitching import stitch_tracks
from vsearch_pipeline.people.tracking import box_iou, link_tracks
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.wheels import wheel_file

VIDEOS = Path(__file__).resolve().parents[2] / "shared" / "data" / "videos"
CLIPS = {
    "talking heads": ("talking_heads", "*.mpg"),
    "walking, one by one": ("intel", "one-by-one-person-detection.mp4"),
    "hamilton": ("hamilton", "*.mp4"),
}
RUNS = 3
PER_SECOND = 2.0
STEP_MS = round(1000 / PER_SECOND)
DLIB_COSINE = 1 - 0.6**2 / 2
"""The distance 0.6 within which face_recognition takes two faces for one person, as a cosine."""


@dataclass(frozen=True)
class Stored:
    """Frames of one video."""

    folder: Path
    frames: tuple[FrameAt, ...]

    def read(self, index: int) -> Image:
        return read_rgb(self.folder / f"{index:06d}.jpg")


@dataclass(frozen=True, eq=False)
class Seen:
    """A face as a loop found it; without landmarks where it gives none."""

    frame: FrameAt
    box: Box
    vector: Vectors
    face: DetectedFace | None = None


@dataclass(frozen=True)
class Outcome:
    """What a way found: faces (frame, box in pixels) and clusters of tracks with a usable face."""

    faces: tuple[tuple[int, Box], ...]
    people: int


def main() -> None:
    paths = {name: sorted((VIDEOS / folder).glob(pattern)) for name, (folder, pattern) in CLIPS.items()}
    if not all(paths.values()):
        print("## faces\n\nskipped: there are no videos in ../shared/data beside the project\n")
        return
    settings = Settings()
    detector = load_face_detector(settings.face_detector)
    embedder = load_face_embedder("sface-dlib")
    print(f"## faces\n\n{machine()}; stored frames at {PER_SECOND:g} a second, {RUNS} interleaved runs\n")
    ways: dict[str, Callable[[Stored], Any]] = {
        "ours: the whole stage": partial(ours, detector, embedder),
        "plain loop": partial(plain, detector, embedder.embed),
        "plain loop, dlib's own runtime": partial(plain, detector, dlib_alone()),
    }
    library = face_recognition_library()
    if library is None:
        print("without the library: face_recognition is not installed (make bench installs it)\n")
    else:
        ways["face_recognition"] = partial(hog_loop, library)
    for name, of_clip in paths.items():
        with tempfile.TemporaryDirectory() as folder:
            clips = [stored(path, Path(folder, str(number))) for number, path in enumerate(of_clip)]
            print(clip_table(name, clips, ways, embedder))


def clip_table(
    name: str, clips: Sequence[Stored], ways: dict[str, Callable[[Stored], Any]], embedder: FaceEmbedder
) -> str:
    results = {way: [work(clip) for clip in clips] for way, work in ways.items()}  # weights are read here
    works = [partial(lambda work: [work(clip) for clip in clips], work) for work in ways.values()]
    times = dict(zip(ways, interleaved(RUNS, *works), strict=True))
    outcomes = {
        way: [
            result if isinstance(result, Outcome) else loop_outcome(result, clip, _cosine(way, embedder))
            for result, clip in zip(of_way, clips, strict=True)
        ]
        for way, of_way in results.items()
    }
    frames = sum(len(clip.frames) for clip in clips)
    wanted = [usable_faces(result, clip) for result, clip in zip(results["plain loop"], clips, strict=True)]
    first = next(iter(ways))
    rows = []
    for way in ways:
        taken = statistics.median(times[way])
        found = sum(len(outcome.faces) for outcome in outcomes[way])
        hits = sum(
            _there(face, outcome) for faces, outcome in zip(wanted, outcomes[way], strict=True) for face in faces
        )
        ratio = median_ratio(times[way], times[first])
        rows.append(
            (
                way,
                taken,
                frames / taken,
                found / taken,
                ratio,
                found,
                f"{hits} of {sum(map(len, wanted))}",
                ", ".join(str(outcome.people) for outcome in outcomes[way]),
            )
        )
    header = (
        "",
        "seconds",
        "frames/s",
        "faces/s",
        "times ours",
        "faces",
        "usable faces of the plain loop",
        "people found, by clip",
    )
    return table(f"{name}: {len(clips)} clips, {frames} frames", header, rows)


def _cosine(way: str, embedder: FaceEmbedder) -> float:
    return prior_of(embedder.name).same_person_cosine if way == "plain loop" else DLIB_COSINE


def stored(path: Path, folder: Path) -> Stored:
    """Sample a video as ingest does; the frames that the faces stage looks at."""
    folder.mkdir()

    def write(frame: Any) -> None:
        (folder / f"{frame.index:06d}.jpg").write_bytes(frame.jpeg)

    scan = sample(path, frames_per_second=4.0, max_side=1280, jpeg_quality=85, on_frame=write)
    times = [frame.time_ms for frame in scan.frames]
    looked_at = [
        FrameAt(scan.frames[i].index, times[i], shot)
        for shot, positions in enumerate(select_frames(times, scan.shots, PER_SECOND))
        for i in positions
    ]
    return Stored(folder, tuple(looked_at))


# --- the ways ---


def ours(detector: FaceDetector, embedder: FaceEmbedder, clip: Stored) -> Outcome:
    found = observe_faces(clip.frames, clip.read, detector)
    faces = [f.face for f in found]
    linked = link_tracks(faces, STEP_MS)
    vectors = embed_best_faces(linked, found, clip.read, embedder)
    tracks = stitch_tracks(
        linked,
        faces,
        vectors,
        STEP_MS,
        prior_of(embedder.name),
    )
    of_tracks = [[vectors[i] for i in track.best if i in vectors] for track in tracks]
    size = clip.read(clip.frames[0].index).shape[1::-1] if found else (1, 1)
    return Outcome(
        tuple((f.frame_index, f.face.to_detection((size[0], size[1])).bbox_xyxy) for f in found),
        _people(of_tracks, prior_of(embedder.name).same_person_cosine),
    )


def plain(detector: FaceDetector, embed: Any, clip: Stored) -> list[Seen]:
    seen = []
    for frame in clip.frames:
        image = clip.read(frame.index)
        faces = detector.detect([image])[0]
        (vectors,) = embed([image], [faces])
        seen += [Seen(frame, face.bbox_xyxy, row, face) for face, row in zip(faces, vectors, strict=True)]
    return seen


def dlib_alone() -> Callable[[Sequence[Image], Sequence[Sequence[DetectedFace]]], list[Vectors]]:
    import dlib

    weights = wheel_file("face_recognition_models", "models", "dlib_face_recognition_resnet_model_v1.dat")
    network = dlib.face_recognition_model_v1(str(weights))

    def embed(images: Sequence[Image], faces: Sequence[Sequence[DetectedFace]]) -> list[Vectors]:
        return [
            np.array(
                [
                    network.compute_face_descriptor(aligned_chip(image, face, DLIB_LANDMARKS, DLIB_SIDE))
                    for face in found
                ],
                dtype=np.float32,
            ).reshape(-1, 128)
            for image, found in zip(images, faces, strict=True)
        ]

    return embed


def face_recognition_library() -> ModuleType | None:
    if find_spec("face_recognition") is None:
        return None
    if "pkg_resources" not in sys.modules and find_spec("pkg_resources") is None:
        # face_recognition_models asks setuptools, which has dropped it, where its files are
        stand_in = ModuleType("pkg_resources")
        stand_in.__dict__["resource_filename"] = lambda package, path: str(wheel_file(package, *path.split("/")))
        sys.modules["pkg_resources"] = stand_in
    import face_recognition

    return face_recognition  # type: ignore[no-any-return]


def hog_loop(library: Any, clip: Stored) -> list[Seen]:
    seen = []
    for frame in clip.frames:
        image = clip.read(frame.index)
        places = library.face_locations(image)
        vectors = library.face_encodings(image, places)
        seen += [
            Seen(frame, (left, top, right, bottom), np.asarray(row, dtype=np.float32))
            for (top, right, bottom, left), row in zip(places, vectors, strict=True)
        ]
    return seen


# --- what they found, not timed ---


def loop_outcome(seen: Sequence[Seen], clip: Stored, cosine: float) -> Outcome:
    """Faces linked into tracks by place, and the tracks' usable faces clustered, as for ours."""
    observations, usable = [], set()
    for index, (one, image) in enumerate(_with_images(seen, clip)):
        quality = face_quality(image, one.face) if one.face else 1.0
        face = one.face or DetectedFace(one.box, ((0.0, 0.0),) * 5, 1.0)
        observations.append(
            FaceObservation.from_detection(
                face,
                index=index,
                shot_index=one.frame.shot_index,
                time_ms=one.frame.time_ms,
                frame_size=(image.shape[1], image.shape[0]),
                quality=quality,
            )
        )
        if is_usable(face.height, quality):
            usable.add(index)
    tracks = link_tracks(observations, STEP_MS)
    vectors = [[seen[i].vector for i in track.faces if i in usable] for track in tracks]
    return Outcome(tuple((one.frame.index, one.box) for one in seen), _people(vectors, cosine))


def usable_faces(seen: Sequence[Seen], clip: Stored) -> list[tuple[int, Box]]:
    return [
        (one.frame.index, one.box)
        for one, image in _with_images(seen, clip)
        if one.face and is_usable(one.face.height, face_quality(image, one.face))
    ]


def _with_images(seen: Sequence[Seen], clip: Stored) -> Iterator[tuple[Seen, Image]]:
    return ((one, clip.read(one.frame.index)) for one in seen)


def _people(tracks: Sequence[Sequence[Vectors]], cosine: float) -> int:
    means = [np.mean(np.stack(vectors), axis=0) for vectors in tracks if vectors]
    return len(cluster_tracks(np.stack(means), cosine)) if means else 0


def _there(face: tuple[int, Box], outcome: Outcome) -> bool:
    # dlib's squares are smaller than faces: half of what two boxes cover is too much to ask
    return any(frame == face[0] and box_iou(box, face[1]) > 0.3 for frame, box in outcome.faces)

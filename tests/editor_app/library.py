"""A small library of our own making for the page's tests: two films, one of them unplayable, and an import."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
from PIL import Image
from sqlalchemy import Connection, text

from tests.stored import part_of
from vsearch_pipeline.catalog.database import database_url, open_catalog
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.models import FaceLabel, FaceTrack, Utterance
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.catalog.stages import (
    ProducerInfo,
    fail_stage,
    finish_stage,
    producer_id,
    replace_captions,
    replace_rows,
)
from vsearch_pipeline.catalog.videos import VideoRecord, get_video, update_video
from vsearch_pipeline.editing.description import describer
from vsearch_pipeline.editing.refresh import refresh_segments
from vsearch_pipeline.ingest.importing import import_metadata
from vsearch_pipeline.ingest.store import add_file
from vsearch_pipeline.language.embedding import load_sentence_embedder
from vsearch_pipeline.search.documents import embed_segments
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange

FRAME_RATE = 25
SECONDS = 4
COLOURS = ((200, 40, 40), (40, 180, 60), (50, 70, 210))
SPANS = (TimeRange(0, 1480), TimeRange(1480, 2520), TimeRange(2520, 4000))
CAPTIONS = (
    ("A red balloon floats over the sea", "빨간 풍선이 바다 위를 떠다닌다"),
    ("A green parrot eats an apple", "초록 앵무새가 사과를 먹는다"),
    ("A blue train crosses a bridge", "파란 기차가 다리를 건넌다"),
)
LINES = (
    (("Look,", 200, 600), ("a", 600, 700), ("balloon!", 700, 1300)),
    (("앵무새가", 1600, 2000), ("먹어요.", 2000, 2500)),
    (("All", 2600, 2900), ("aboard", 2900, 3300), ("<b>the</b>", 3300, 3400), ("train.", 3400, 3900)),
)
"""What is said in the film, a line in each of `SPANS`."""
HOSTILE_TITLE = "<img src=x onerror=\"window.hacked='title'\"> [link](javascript:alert(1))"
HOSTILE_CAPTION = "<script>window.hacked='caption'</script> a wizard ![x](https://example.invalid/x.png)"
HOSTILE_CAPTION_KO = "<svg onload=\"window.hacked='ko'\"> 마법사가 웃는다"
HOSTILE_NAME = "<b onmouseover=\"window.hacked='name'\">Mallory</b>"
REASON = "the sound ends in the middle of a packet <i>here</i>"


@dataclass(frozen=True)
class Library:
    settings: Settings
    film: VideoRecord
    film_segments: tuple[int, ...]  # ids in the order of SPANS
    avi: VideoRecord


@cache
def library() -> Library:
    """Built once a test run; the embedded server below it ends with the process."""
    return build(Settings(home=new_home(), actor="tester"))


def another_library(lib: Library, name: str) -> Library:
    """The same in a database of its own on the same server, for tests that change things."""
    engine = open_catalog(lib.settings).engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'drop database if exists "{name}" with (force)'))
        connection.execute(text(f'create database "{name}"'))
    url = database_url(lib.settings).set(database=name).render_as_string(hide_password=False)
    return build(Settings(home=new_home(), actor="tester", database_url=url))


def new_home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="vsearch-page-"))
    home.chmod(0o755)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return home


def build(settings: Settings) -> Library:
    home = settings.home
    catalog = open_catalog(settings)
    embedder = load_sentence_embedder(settings.sentence_embedder)

    def add(name: str, codec: str) -> VideoRecord:
        path = home / name
        write_film(path, codec)
        return add_file(catalog, settings, path, actor="tester", door="cli").video

    film, avi = add("세 가지 색.mp4", "libx264"), add("old camera.avi", "mpeg4")
    for video in (film, avi):
        write_pictures(settings, video)
        with catalog.begin() as connection:
            update_video(
                connection,
                video.id,
                {"start_ms": 0, "duration_ms": SECONDS * 1000, "frame_rate_num": FRAME_RATE, "frame_rate_den": 1},
            )
            person = ensure_person(connection, "Rainbow", "Kim Minji", ["김민지", "민지"])
            producer = producer_id(connection, ProducerInfo("segments", "tests", "1"))

            write_captions(connection, video, producer, old=video == avi)
            if video == film:
                write_speech(connection, video)
                write_face(connection, video, producer, person)
            describe = describer(connection, get_video(connection, video.id))
            refresh_segments(connection, video.id, SPANS, describe, producer)
            finish_stage(
                connection, video.id, "segments", mark="1", producer=producer, run_id="tests", seconds=1.0
            )
            if video == avi:
                fail_stage(connection, video.id, "transcript", REASON, "tests")
            embed_segments(connection, video.id, embedder)
    listing = home / "other system.json"
    listing.write_text(
        json.dumps(
            [
                {"video_id": "festival", "timestamp": 12.0, "caption": "Fireworks over the river", "faces": []},
                {
                    "video_id": HOSTILE_TITLE,
                    "timestamp": 3.0,
                    "caption": HOSTILE_CAPTION,
                    "caption_ko": HOSTILE_CAPTION_KO,
                    "faces": [{"member": HOSTILE_NAME, "group": "<u>gang</u>"}],
                },
            ]
        ),
        encoding="utf-8",
    )
    for imported in import_metadata(catalog, listing, actor="tester"):
        with catalog.begin() as connection:
            embed_segments(connection, imported.video_id, embedder)
    with catalog.begin() as connection:
        ids = tuple(segment.id for segment in read_segments(connection, video_id=film.id))
    return Library(settings, film, ids, avi)


def write_captions(connection: Connection, video: VideoRecord, producer: int, *, old: bool) -> None:
    """What a captioner says of each of `SPANS`; of an old film in English only."""
    for number, language in enumerate(("en", "ko")):
        rows = [
            {
                "index": index,
                "start_ms": span.start_ms,
                "end_ms": span.end_ms,
                "text": f"An old recording: {captions[number]}" if old else captions[number],
                "raw_text": "",
            }
            for index, (span, captions) in enumerate(zip(SPANS, CAPTIONS, strict=True))
        ]
        replace_captions(connection, video.id, language, producer, [] if old and number else rows)


def write_face(connection: Connection, video: VideoRecord, producer: int, person: int) -> None:
    """Somebody's face through the second of `SPANS`."""
    span = SPANS[1]
    track = {"index": 0, "shot_index": 1, "start_ms": span.start_ms, "end_ms": span.end_ms}
    label = {"track_index": 0, "person_id": person, "confidence": 0.91, "runner_up_confidence": 0.0}
    rows = {FaceTrack: [{**track, "faces": [], "best": []}], FaceLabel: [label]}
    replace_rows(connection, video.id, producer, rows)


def write_speech(connection: Connection, video: VideoRecord) -> None:
    producer = producer_id(connection, ProducerInfo("transcript", "tests", "1"))
    rows = [
        {
            "index": i,
            "start_ms": line[0][1],
            "end_ms": line[-1][2],
            "text": " ".join(word for word, _, _ in line),
            "language": "ko" if i == 1 else "en",
            "confidence": 0.9,
            "words": [[*word, 0.9] for word in line],
        }
        for i, line in enumerate(LINES)
    ]
    replace_rows(connection, video.id, producer, {Utterance: rows})


def write_film(path: Path, codec: str) -> None:
    """Four seconds in three colours, one for each of `SPANS`, with a brighter bar that moves."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FRAME_RATE)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for index in range(SECONDS * FRAME_RATE):
            time_ms = index * 1000 // FRAME_RATE
            image = np.empty((180, 320, 3), np.uint8)
            image[:] = next(colour for span, colour in zip(SPANS, COLOURS, strict=True) if time_ms in span)
            image[:, index * 3 : index * 3 + 12] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))


def write_pictures(settings: Settings, video: VideoRecord) -> None:
    """Frames twice a second, and a preview of every span but the last."""
    with part_of(settings, video.id, "frames") as frames, part_of(settings, video.id, "previews") as previews:
        _draw(frames, previews)


def _draw(frames: Path, previews: Path) -> None:
    for index in range(SECONDS * 2):
        colour = next(c for span, c in zip(SPANS, COLOURS, strict=True) if index * 500 in span)
        Image.new("RGB", (64, 36), colour).save(frames / f"{index:06d}.jpg")
    for span, colour in zip(SPANS[:-1], COLOURS[:-1], strict=True):
        pictures = [Image.new("RGB", (64, 36), tuple(c * k // 4 for c in colour)) for k in (2, 3, 4)]
        pictures[0].save(
            previews / f"{span.start_ms}-{span.end_ms}.webp",
            save_all=True,
            append_images=pictures[1:],
            duration=200,
        )

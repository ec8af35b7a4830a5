"""A library in which people are on screen: their faces as vectors, and pictures of faces in the stored frames."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from sqlalchemy import Connection, text

from tests.editor_app.library import Library, new_home
from tests.people.photos import astronaut
from tests.people_library import DIM, STEP_MS, add_tracks, write_labels
from tests.stored import part_of
from vsearch_pipeline.catalog.database import database_url, open_catalog
from vsearch_pipeline.catalog.identities import TrackRef
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.models import FaceLabel
from vsearch_pipeline.catalog.operations import log_operation
from vsearch_pipeline.catalog.segments import AutoFields, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, finish_stage, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.editing.clusters import gather_clusters
from vsearch_pipeline.editing.refresh import refresh_search_of, refresh_segments
from vsearch_pipeline.people.registry import load_face_embedder
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange
from vsearch_pipeline.wheels import wheel_file

MODEL = "sface-dlib"
FRAME = (640, 360)
FILMS: Mapping[str, Sequence[str]] = {
    "첫 무대": ("minji", "hanni", "stranger"),
    "Second stage": ("minji", "stranger", "passer-by"),
    "Rehearsal": ("hanni", "passer-by", "stranger"),
    "Fan cam": ("minji k", "stranger", "minji"),
}
"""Who is on screen in each video, side by side; the video's title is also its id's beginning."""
NAMED = {"minji": "Kim Minji", "hanni": "Hanni", "minji k": "Minji K"}
WRONG = ("Rehearsal", "hanni")
"""The track that the classifier takes for Kim Minji."""


@dataclass(frozen=True)
class Cast:
    """Attributes:
    people: ids by the name in `FILMS`.
    tracks: by title and name.
    """

    settings: Settings
    people: dict[str, int]
    tracks: dict[tuple[str, str], TrackRef]

    def cluster(self, who: str) -> int:
        """Number of the cluster that holds somebody's faces now."""
        refs = [ref for (_, name), ref in self.tracks.items() if name == who]
        with open_catalog(self.settings).begin() as connection:
            found = {
                connection.execute(
                    text("select cluster from unknown_people where video_id = :v and track_index = :i"),
                    {"v": ref.video_id, "i": ref.index},
                ).scalar()
                for ref in refs
            }
        [number] = found
        assert number is not None
        return int(number)


def cast_library(lib: Library, name: str) -> Cast:
    """A database of its own on the server of another library, with a store of its own."""
    _make_database(lib, name)
    url = database_url(lib.settings).set(database=name).render_as_string(hide_password=False)
    settings = Settings(home=new_home(), actor="tester", database_url=url)
    assert load_face_embedder(settings.face_embedder).name == MODEL
    assert load_face_embedder(settings.face_embedder).dim == DIM
    tracks: dict[tuple[str, str], TrackRef] = {}
    with open_catalog(settings).begin() as connection:
        people = {
            "minji": ensure_person(connection, "Rainbow", "Kim Minji", ["김민지", "민지"], gender="female"),
            "hanni": ensure_person(connection, "Rainbow", "Hanni", ["하니"]),
            "minji k": ensure_person(connection, None, "Minji K"),
        }
        for place, (title, names) in enumerate(FILMS.items()):
            video_id = f"film-{place}"
            insert_video(
                connection, VideoRecord(video_id, title, "file", f"{place:064}", "test", duration_ms=10_000)
            )
            refs = add_tracks(connection, video_id, names, MODEL)
            tracks |= {(title, who): ref for who, ref in zip(names, refs, strict=True)}
            labels = [people["minji"] if (title, who) == WRONG else people.get(who) for who in names]
            write_labels(connection, video_id, labels)
            _write_segments(connection, video_id, title, {p for p in labels if p is not None})
            _write_frames(settings, video_id, names)
        passer_by = [ref for (_, who), ref in tracks.items() if who == "passer-by"]
        for ref in passer_by:
            connection.execute(
                FaceLabel.__table__.update()
                .where(FaceLabel.video_id == ref.video_id, FaceLabel.track_index == ref.index)
                .values(runner_up_id=people["hanni"], runner_up_confidence=0.31)
            )
        gather_clusters(connection, MODEL, STEP_MS)
    return Cast(settings, people, tracks)


class Theatre:
    """A cast that begins anew for each test, without being built again.

    What a page keeps of it in memory knows other states by the numbers of operations and marks, so these go on.
    """

    def __init__(self, lib: Library, name: str) -> None:
        self._lib = lib
        self._name = name
        self._built = cast_library(lib, name)
        self._shows = 0
        open_catalog(self._built.settings).close()
        _make_database(lib, f"{name}_kept", template=name)

    def show(self) -> Cast:
        self._shows += 1
        open_catalog(self._built.settings).close()
        _make_database(self._lib, self._name, template=f"{self._name}_kept")
        shutil.rmtree(self._built.settings.gallery_dir, ignore_errors=True)
        with open_catalog(self._built.settings).begin() as connection:
            for table in ("operations", "face_marks"):
                connection.execute(
                    text("select setval(pg_get_serial_sequence(:table, 'id'), :number)"),
                    {"table": table, "number": 1000 * self._shows},
                )
            log_operation(connection, actor="tests", door="cli", kind="gallery.names")
        return self._built


def _make_database(lib: Library, name: str, template: str = "template1") -> None:
    engine = open_catalog(lib.settings).engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'drop database if exists "{name}" with (force)'))
        connection.execute(text(f'create database "{name}" template "{template}"'))


def _write_segments(connection: Connection, video_id: str, title: str, people: set[int]) -> None:
    producer = producer_id(connection, ProducerInfo("segments", "tests", "1"))
    spans = [TimeRange(0, 5000), TimeRange(5000, 10_000)]

    def describe(span: TimeRange) -> AutoFields:
        seen = dict.fromkeys(people, 0.9) if span == spans[0] else {}
        return AutoFields(f"{title} at {span.start_ms}", None, people=seen)

    refresh_segments(connection, video_id, spans, describe, producer)
    finish_stage(connection, video_id, "segments", mark="1", producer=producer, run_id="tests", seconds=1.0)
    refresh_search_of(connection, [segment.id for segment in read_segments(connection, video_id=video_id)])


def _write_frames(settings: Settings, video_id: str, names: Sequence[str]) -> None:
    """The frames that `add_tracks` finds faces in: three, with everybody side by side."""
    with part_of(settings, video_id, "frames") as folder:
        _draw_frames(folder, names)


def _draw_frames(folder: Path, names: Sequence[str]) -> None:
    for index in range(3):
        frame = Image.new("RGB", FRAME, (38 + 24 * index, 46, 70))
        for place, who in enumerate(names):
            face = portrait(who).resize((130, 130))
            middle = (0.2 + 0.25 * place) * FRAME[0], 0.4 * FRAME[1]
            frame.paste(face, (round(middle[0]) - 65, round(middle[1]) - 65))
        frame.save(folder / f"{index:06d}.jpg", quality=90)


@cache
def portrait(who: str) -> Image.Image:
    """A face for a name: one of the small grey ones that ship with scikit-image, tinted."""
    faces = np.load(wheel_file("skimage", "data", "lfw_subset.npy"))
    number = int.from_bytes(who.encode()[-3:]) % 100
    face = Image.fromarray((faces[number] * 255).clip(0, 255).astype(np.uint8)).convert("RGB")
    tint = np.random.default_rng(list(who.encode())).uniform(0.75, 1.0, 3)
    return Image.fromarray((np.asarray(face.resize((150, 150), Image.Resampling.BICUBIC)) * tint).astype(np.uint8))


def photo_of_somebody() -> Image.Image:
    """A photo with one clear face."""
    return Image.fromarray(astronaut())


def photo_of_two() -> Image.Image:
    """A photo with the same face twice, as large."""
    one = photo_of_somebody()
    both = Image.new("RGB", (1024, 512))
    both.paste(one, (0, 0))
    both.paste(one.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (512, 0))
    return both

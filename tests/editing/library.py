"""A video as a run leaves it, made of rows alone: captions a second, people as tracks, everything searchable."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import Connection, text

from tests.search.toys import WordEmbedder
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.models import FaceLabel, FaceTrack, Utterance
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, finish_stage, producer_id, replace_captions, replace_rows
from vsearch_pipeline.catalog.videos import VideoRecord, get_video, insert_video
from vsearch_pipeline.editing.description import describer
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.refresh import refresh_segments
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.search.documents import embed_segments
from vsearch_pipeline.timeline import TimeRange

EMBEDDER = WordEmbedder()


class Held:
    """A catalogue whose every transaction is the test's own, rolled back at its end."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with self.connection.begin_nested():
            yield self.connection


@dataclass(frozen=True)
class Model:
    """What models say of a video.

    Attributes:
        edges: of the segments, in ms.
        word: begins each caption, so that another model says something else.
        people: when each person is on screen, by name.
    """

    edges: tuple[int, ...] = (0, 5000, 10_000, 15_000, 20_000)
    word: str = "model"
    people: Mapping[str, Sequence[tuple[int, int]]] = ()  # type: ignore[assignment]

    @property
    def spans(self) -> list[TimeRange]:
        return [TimeRange(a, b) for a, b in pairwise(self.edges)]


def add_video(
    connection: Connection, model: Model | None = None, *, duration_ms: int = 20_000, name: str | None = None
) -> str:
    model = model or Model()
    video = name or f"film-{uuid.uuid4().hex[:8]}"
    insert_video(connection, VideoRecord(video, video, "file", video, "test", duration_ms=duration_ms))
    materialize(connection, video, model)
    return video


def materialize(connection: Connection, video: str, model: Model) -> None:
    """What a run does to a video: the model layer, segments, what is searched."""
    producer = producer_id(connection, ProducerInfo("captions", model.word, "1"))
    for language, says in (("en", "{} caption {}"), ("ko", "{} 캡션 {}")):
        rows = [
            {
                "index": i,
                "start_ms": span.start_ms,
                "end_ms": span.end_ms,
                "text": says.format(model.word, span.start_ms),
                "raw_text": "",
            }
            for i, span in enumerate(model.spans)
        ]
        replace_captions(connection, video, language, producer, rows)
    tracks, labels = [], []
    for name, times in dict(model.people).items():
        person = ensure_person(connection, None, name)
        for start, end in times:
            at = {"shot_index": 0, "start_ms": start, "end_ms": end, "faces": [], "best": []}
            tracks.append({"index": len(tracks), **at})
            sure = {"confidence": 0.9, "runner_up_confidence": 0.0}
            labels.append({"track_index": len(labels), "person_id": person, **sure})
    words = [["said", 1000, 1400, 1.0], ["later", 6000, 6400, 1.0]]
    spoken = {"index": 0, "start_ms": 1000, "end_ms": 6400, "text": "said later", "language": "en"}
    replace_rows(
        connection,
        video,
        producer,
        {FaceTrack: tracks, FaceLabel: labels, Utterance: [{**spoken, "confidence": 1.0, "words": words}]},
    )
    describe = describer(connection, get_video(connection, video))
    refresh_segments(connection, video, model.spans, describe, producer)
    finish_stage(connection, video, "segments", mark=model.word, producer=producer, run_id="r", seconds=0.0)
    embed_segments(connection, video, EMBEDDER)


def editor(connection: Connection, actor: str = "mina", once: str | None = None) -> Editor:
    return Editor(Held(connection), EMBEDDER, actor=actor, door="web", once=once)


def editing(connection: Connection, actor: str = "mina") -> SegmentService:
    return SegmentService(editor(connection, actor))


def history(connection: Connection, actor: str = "mina") -> HistoryService:
    return HistoryService(editor(connection, actor))


def shown(connection: Connection, video: str) -> list[SegmentRecord]:
    return read_segments(connection, video_id=video)


def spans(connection: Connection, video: str) -> list[tuple[int, int]]:
    return [(s.span.start_ms, s.span.end_ms) for s in shown(connection, video)]


def snapshot(connection: Connection, video: str) -> list[tuple[object, ...]]:
    """Every byte of a video's segments, people, vectors and passages."""
    rows: list[tuple[object, ...]] = []
    for statement in (
        "select * from segments where video_id = :v order by id",
        "select p.* from segment_people p join segments on id = segment_id where video_id = :v"
        " order by segment_id, person_id, layer",
        "select e.segment_id, e.model, e.part, e.text_sha256, cast(e.embedding as text) from segment_embeddings e"
        " join segments on id = segment_id where video_id = :v order by segment_id, model, part",
        "select index, model, segments, words, cast(embedding as text) from passages where video_id = :v"
        " order by index, model",
    ):
        rows += [tuple(row) for row in connection.execute(text(statement), {"v": video})]
    return rows

"""How long edits take, in libraries of different sizes, and beside the bare SQL that a caption cannot do without.

The libraries are made: videos of a hundred segments with everything that models say of them (captions in both
languages, faces with names, objects, speech), vectors and words for search. Edits are real, with the real sentence
embedder.

`python -m benchmarks editing [SEGMENTS ...]`; 1,000 and 10,000 where none are given. The first is what growth is
measured from. 100,000 take eight minutes to make.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, event, text

from benchmarks.library import Remembering
from benchmarks.report import machine, seconds, table
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.models import FaceLabel, FaceTrack, Object, Utterance
from vsearch_pipeline.catalog.operations import read_operations
from vsearch_pipeline.catalog.retrieval import ensure_vector_index
from vsearch_pipeline.catalog.stages import ProducerInfo, finish_stage, producer_id, replace_captions, replace_rows
from vsearch_pipeline.catalog.videos import VideoRecord, get_video, insert_video
from vsearch_pipeline.catalog.vocabulary import count_words
from vsearch_pipeline.editing.description import describer
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.refresh import refresh_segments
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.language.embedding import SentenceEmbedder, load_sentence_embedder
from vsearch_pipeline.search.documents import embed_segments
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange

SIZES = (1_000, 10_000)
OF_A_VIDEO = 100
SEGMENT_MS = 8_000
"""So that there are passages as well: of up to 24 segments in three minutes."""
ROUNDS = 11
CAPTIONS = 30
"""Captions and their peer, in turns."""
BLOCK = 40
"""Segments that a round works on."""
PEOPLE = 200
POOL = 2_000
"""Vectors of which those of the segments are put together, and in how many dimensions these differ."""
FREEDOM = 120
SCENES = tuple(
    (f"a {who} {does} {where}", f"{wer} {wo} {tut}")
    for who, wer in (
        ("woman", "여자가"),
        ("man", "남자가"),
        ("child", "아이가"),
        ("dog", "개가"),
        ("singer", "가수가"),
    )
    for where, wo in (("near a river", "강가에서"), ("on a stage", "무대에서"), ("in the street", "거리에서"))
    for does, tut in (("waves", "손을 흔든다"), ("runs", "달린다"), ("laughs", "웃는다"), ("sits", "앉아 있다"))
)
COLOURS = ("red", "blue", "green", "white", "black", "yellow", "brown", "grey", "pink", "orange")
OBJECTS = ("person", "car", "dog", "chair")


@dataclass
class Library:
    """A library of `size` segments, with who edits it."""

    home: Path
    size: int
    catalog: Catalog
    embedder: SentenceEmbedder
    people: Sequence[int]
    statements: int = 0
    done: dict[str, int] = field(default_factory=dict)
    """The operations of this round, by what they did."""

    def __post_init__(self) -> None:
        editor = Editor(self.catalog, self.embedder, actor="benchmark", door="cli")
        self.segments, self.history = SegmentService(editor), HistoryService(editor)
        event.listen(self.catalog.engine, "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self.statements += 1

    def block(self, turn: int) -> list[int]:
        """Ids of the segments that a round works on, in another video each time as long as there are any."""
        videos = self.size // OF_A_VIDEO
        first = (turn * max(1, videos // ROUNDS)) % videos * OF_A_VIDEO + turn % 2 * BLOCK
        return list(range(first, first + BLOCK))

    def video(self, turn: int) -> str:
        return f"v{self.block(turn)[0] // OF_A_VIDEO}"

    def last(self) -> int:
        with self.catalog.begin() as connection:
            return next((each.id for each in read_operations(connection, limit=1)), 0)


def main() -> None:
    sizes = [int(each) for each in sys.argv[1:] if each.isdigit()] or list(SIZES)
    embedder = load_sentence_embedder("use-multilingual-v3")
    print(f"## editing\n\n{machine()}; {ROUNDS} rounds, {CAPTIONS} captions; medians, in turns over the sizes\n")
    with ExitStack() as opened:
        libraries = [opened.enter_context(made_library(size, embedder)) for size in sizes]
        print(table("Each operation", *_operations(libraries)), flush=True)
        print(table("A caption beside bare SQL and its embedding", *_captions(libraries, embedder)), flush=True)


# --- measuring --------------------------------------------------------------------------------------------------

Work = Callable[[Library, int], object]


def _operations(libraries: Sequence[Library]) -> tuple[list[str], list[list[object]]]:
    """What each operation takes; a round ends with all of it taken back."""
    times: dict[str, list[list[float]]] = {name: [[] for _ in libraries] for name in OPERATIONS}
    statements: dict[str, list[int]] = {name: [] for name in OPERATIONS}
    for turn in range(-1, ROUNDS):  # the first one warms up
        for library in libraries:
            library.done = {"start": library.last()}
        for name, work in OPERATIONS.items():
            for library, taken in zip(libraries, times[name], strict=True):
                before = library.statements
                spent = seconds(partial(work, library, max(turn, 0)))
                if turn >= 0:
                    taken.append(1000 * spent)
                    statements[name].append(library.statements - before)
    small, *others = range(len(libraries))
    rows: list[list[object]] = []
    for name, measured in times.items():
        medians = [statistics.median(each) for each in measured]
        growth = [f"{medians[i] / medians[small]:.2f}" for i in others]
        rows.append([name, round(statistics.median(statements[name])), *medians, *growth])
    header = ["operation", "statements", *(f"{library.size:,} segments, ms" for library in libraries)]
    return [*header, *(f"{libraries[i].size:,}, times {libraries[small].size:,}" for i in others)], rows


def _captions(libraries: Sequence[Library], embedder: SentenceEmbedder) -> tuple[list[str], list[list[object]]]:
    """A caption of words that the library has, and the bare SQL: with the embedding, and with vectors that are
    known beforehand."""
    known = Remembering(embedder)
    rows: list[list[object]] = []
    times: dict[int, list[list[float]]] = {library.size: [] for library in libraries}
    for turn in range(-2, CAPTIONS):
        for library in libraries:
            ours, peer = library.block(turn % ROUNDS)[:2]
            caption, quick = [_caption(), _caption()], [_caption(), _caption()]
            known.embed(quick)
            service = SegmentService(Editor(library.catalog, known, actor="benchmark", door="cli"))
            works: tuple[Callable[[], object], ...] = (
                lambda: library.segments.set_captions([ours], {"en": caption[0]}),  # noqa: B023
                lambda: _bare(library.catalog, embedder, peer, caption[1]),  # noqa: B023
                lambda: service.set_captions([ours], {"en": quick[0]}),  # noqa: B023
                lambda: _bare(library.catalog, known, peer, quick[1]),  # noqa: B023
            )
            taken = [1000 * seconds(work) for work in works]
            if turn >= 0:
                times[library.size].append(taken)
    for size, taken_of in times.items():
        medians = [statistics.median(each) for each in zip(*taken_of, strict=True)]
        whole, alone = ([each[i] / each[i + 1] for each in taken_of] for i in (0, 2))
        ratios = [f"{statistics.median(each):.2f}" for each in (whole, alone)]
        rows.append([f"{size:,}", *medians[:2], ratios[0], *medians[2:], ratios[1]])
    told = ["with the embedding, ms", "bare SQL and the embedding, ms", "times bare"]
    return ["segments", *told, "vectors known, ms", "bare SQL alone, ms", "times bare SQL alone"], rows


def _bare(catalog: Catalog, embedder: SentenceEmbedder, segment: int, caption: str) -> None:
    """What a caption cannot do without: the row, a line of history, the vector."""
    vector = embedder.embed([caption])[0]
    with catalog.begin() as connection:
        was = connection.execute(
            text("select human_caption_en from segments where id = :id for update"), {"id": segment}
        ).scalar_one()
        connection.execute(
            text("update segments set human_caption_en = :caption where id = :id"),
            {"id": segment, "caption": caption},
        )
        connection.execute(
            text(
                "insert into operations (actor, door, kind, about)"
                " values ('bare', 'cli', 'bare', cast(:it as jsonb))"
            ),
            {"it": json.dumps({"segment": {str(segment): {"caption_en": [was, caption]}}})},
        )
        connection.execute(
            text(
                "update segment_embeddings set embedding = cast(:vector as halfvec), text_sha256 = :sha256"
                " where segment_id = :id and model = :model and part = 'en'"
            ),
            {
                "vector": _literal(vector),
                "sha256": hashlib.sha256(caption.encode()).hexdigest(),
                "id": segment,
                "model": embedder.name,
            },
        )


_turns = count()


def _caption() -> str:
    """A sentence that was not written before, of words that the library has by now."""
    turn = next(_turns)
    scene = SCENES[turn % len(SCENES)][0]
    colours = [COLOURS[turn // len(SCENES) // 10**i % 10] for i in range(3)]
    return f"{scene} beside {' and '.join(f'a {colour} car' for colour in colours)}"


def _noted(name: str, work: Callable[[Library, list[int]], Any]) -> Work:
    def noted(library: Library, turn: int) -> None:
        library.done[name] = work(library, library.block(turn)).operation

    return noted


def _span(segment: int, start: int, end: int) -> TimeRange:
    begins = segment % OF_A_VIDEO * SEGMENT_MS
    return TimeRange(begins + start, begins + end)


OPERATIONS: dict[str, Work] = {
    "caption": _noted("caption", lambda library, ids: library.segments.set_captions(ids[:1], {"en": _caption()})),
    "caption with a word that is new": _noted(
        "new",
        lambda library, ids: library.segments.set_captions(ids[2:3], {"en": f"{_caption()} x{next(_turns)}"}),
    ),
    "caption of 20 segments": _noted(
        "twenty", lambda library, ids: library.segments.set_captions(ids[20:40], {"en": _caption()})
    ),
    "people": _noted(
        "people", lambda library, ids: library.segments.set_people(ids[3:4], add=[library.people[-1]])
    ),
    "lock": _noted("lock", lambda library, ids: library.segments.lock(ids[4:5])),
    "move, neighbours follow": _noted(
        "move",
        lambda library, ids: library.segments.move(ids[6], end_ms=_span(ids[6], 0, SEGMENT_MS + 700).end_ms),
    ),
    "split": _noted("split", lambda library, ids: library.segments.split(ids[9], _span(ids[9], 0, 2000).end_ms)),
    "merge": _noted("merge", lambda library, ids: library.segments.merge(ids[11:13])),
    "create": _noted(
        "create",
        lambda library, ids: library.segments.create(
            f"v{ids[0] // OF_A_VIDEO}", _span(ids[14], 1000, 4000), captions={"en": _caption()}
        ),
    ),
    "delete": _noted("delete", lambda library, ids: library.segments.delete(ids[16:17])),
    "restore a segment": _noted("restore", lambda library, ids: library.segments.restore(ids[16:17])),
    "undo": lambda library, _: library.history.undo(),
    "redo": lambda library, _: library.history.redo(),
    "revert": lambda library, _: library.history.revert(library.done["split"]),
    "read the history of a segment": lambda library, turn: library.history.entries(segment=library.block(turn)[0]),
    "read the history of a video": lambda library, turn: library.history.entries(video=library.video(turn)),
    "restore a video to a point": lambda library, turn: library.history.restore(
        video=library.video(turn), operation=library.done["start"]
    ),
}


# --- the libraries ----------------------------------------------------------------------------------------------


@contextmanager
def made_library(size: int, embedder: SentenceEmbedder) -> Iterator[Library]:
    home = Path(tempfile.mkdtemp(prefix="vsearch-bench-"))
    home.chmod(0o755)  # the embedded server's user must reach it
    catalog = open_catalog(Settings(home=home))
    started = time.perf_counter()
    try:
        with catalog.begin() as connection:
            connection.execute(text("set local synchronous_commit = off"))
            _fill(connection, size, embedder)
        with catalog.begin() as connection:
            connection.execute(text("set local maintenance_work_mem = '2GB'"))
            ensure_vector_index(connection, embedder.name, embedder.dim)
            count_words(connection, always=True)
            people = list(connection.execute(text("select id from people order by id")).scalars())
        with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze"))
        print(f"({size:,} segments made in {time.perf_counter() - started:.0f} s)\n", flush=True)
        yield Library(home, size, catalog, embedder, people)
    finally:
        catalog.close()
        shutil.rmtree(home, ignore_errors=True)


def _fill(connection: Connection, size: int, embedder: SentenceEmbedder) -> None:
    """One video as a run leaves it, and copies of it with vectors of their own."""
    people = [ensure_person(connection, None, f"Person {i}") for i in range(PEOPLE)]
    _run_once(connection, people, embedder)
    generator = np.random.default_rng(0)
    pool = generator.normal(size=(POOL, FREEDOM)) @ generator.normal(size=(FREEDOM, embedder.dim))
    pool /= np.linalg.norm(pool, axis=1, keepdims=True)
    connection.execute(text(f"create temp table pool (id int primary key, embedding vector({embedder.dim}))"))
    connection.execute(
        text("insert into pool values (:id, :embedding)"),
        [{"id": i, "embedding": _literal(row)} for i, row in enumerate(pool)],
    )
    copies = f"generate_series(1, {size // OF_A_VIDEO - 1}) copy"
    its_vector = (
        f"(select cast(l2_normalize(a.embedding + b.embedding) as halfvec({embedder.dim})) from pool a, pool b"  # noqa: S608
        f" where a.id = (segment_id * 31 + copy * 7919 + length(part)) % {POOL}"
        f" and b.id = (segment_id + copy * 17) % {POOL})"
    )
    copied = {
        "videos": {"id": "'v' || copy", "title": "'Video ' || copy", "sha256": "'v' || copy"},
        **{
            table: {"video_id": "'v' || copy"}
            for table in ("stage_runs", "captions", "face_tracks", "face_labels")
        },
        **{table: {"video_id": "'v' || copy"} for table in ("transcripts", "objects", "passages")},
        "segments": {"id": f"id + copy * {OF_A_VIDEO}", "video_id": "'v' || copy"},
        "segment_people": {"segment_id": f"segment_id + copy * {OF_A_VIDEO}"},
        "segment_embeddings": {"segment_id": f"segment_id + copy * {OF_A_VIDEO}", "embedding": its_vector},
    }
    for name, changed in copied.items():
        columns = connection.execute(
            text(
                "select column_name from information_schema.columns"
                " where table_name = :t and is_generated = 'NEVER'"
            ),
            {"t": name},
        ).scalars()
        values = {column: changed.get(column, column) for column in columns}
        statement = (
            f"insert into {name} ({', '.join(values)}) select {', '.join(values.values())} from {name}, {copies}"  # noqa: S608
        )
        connection.execute(text(statement))
    connection.execute(text("update counters set value = :size where name = 'segment'"), {"size": size})


def _run_once(connection: Connection, people: Sequence[int], embedder: SentenceEmbedder) -> None:
    """The first video: what models say, its segments, what is searched of them."""
    length = OF_A_VIDEO * SEGMENT_MS
    insert_video(connection, VideoRecord("v0", "Video 0", "file", "v0", "made", duration_ms=length))
    producer = producer_id(connection, ProducerInfo("segments", "made", "1"))
    spans = [TimeRange(i * SEGMENT_MS, (i + 1) * SEGMENT_MS) for i in range(OF_A_VIDEO)]
    for place, language in enumerate(("en", "ko")):
        rows = [
            {
                "index": i,
                "start_ms": span.start_ms,
                "end_ms": span.end_ms,
                "text": SCENES[i % len(SCENES)][place],
                "raw_text": "",
            }
            for i, span in enumerate(spans)
        ]
        replace_captions(connection, "v0", language, producer, rows)
    said = ("look", "here", "come", "along")
    tables: dict[type[Any], list[dict[str, Any]]] = {FaceTrack: [], FaceLabel: [], Utterance: [], Object: []}
    for i, start in enumerate(range(0, length - 40_000, 25_000)):
        at = {"shot_index": 0, "start_ms": start, "end_ms": start + 20_000, "faces": [], "best": []}
        tables[FaceTrack].append({"index": i, **at})
        sure = {"confidence": 0.9, "runner_up_confidence": 0.0}
        tables[FaceLabel].append({"track_index": i, "person_id": people[i % 9], **sure})
    for i, start in enumerate(range(0, length, 2 * SEGMENT_MS)):
        spoken = [[word, start + 500 * k, start + 500 * k + 400, 1.0] for k, word in enumerate(said)]
        at = {"start_ms": start, "end_ms": start + 2000, "words": spoken}
        tables[Utterance].append({"index": i, "text": " ".join(said), "language": "en", "confidence": 1.0, **at})
    for i, start in enumerate(range(0, length, SEGMENT_MS // 4)):
        seen = {"frame_index": i, "time_ms": start, "score": 0.8, "bbox_xyxy": [0.0, 0.0, 1.0, 1.0]}
        tables[Object].append({"index": i, "label": OBJECTS[i % len(OBJECTS)], **seen})
    replace_rows(connection, "v0", producer, tables)
    describe = describer(connection, get_video(connection, "v0"))
    refresh_segments(connection, "v0", spans, describe, producer)
    connection.execute(text("update segments set id = id - 1"))  # so that copies are numbered by hundreds
    finish_stage(connection, "v0", "segments", mark="made", producer=producer, run_id="made", seconds=0)
    embed_segments(connection, "v0", embedder)


def _literal(row: Any) -> str:
    return "[" + ",".join(f"{x:.6f}" for x in row) + "]"

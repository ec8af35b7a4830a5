"""How long search takes in large libraries, beside nothing but the index of vectors, and what the index misses.

The library is made: captions of a small vocabulary, and vectors that are noisy copies of some thousand directions,
as captions of one library are. A query is a noisy copy of a segment's vector with words of its caption.

`python -m benchmarks search_latency [SEGMENTS ...]`; 10,000 and 100,000 where none are given. A million needs some
minutes and 8 GB of memory for the index.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from benchmarks.report import machine, table
from vsearch_pipeline.catalog.database import EF_SEARCH, Catalog, open_catalog
from vsearch_pipeline.catalog.retrieval import ensure_vector_index
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.catalog.vocabulary import count_words
from vsearch_pipeline.search.service import SearchService
from vsearch_pipeline.settings import Settings

DIM = 512
DIRECTIONS = 4_000
NOISES = 2_000
SPREAD = 0.35
"""Length of each of two noises beside a direction of length 1."""
FREEDOM = 120
"""Dimensions in which they differ; the index then misses about as much as with 15,000 real captions."""
COMMON = 2.0
"""How far all lie on one side, as vectors of a sentence encoder do."""
VOCABULARY = 8_000
QUERIES = 40
NAMES = ("Half", "Twentieth", "Thousandth")
FILTERS = {"none": 0, "keeps 50%": 1, "keeps 5%": 2, "keeps 0.1%": 3}
"""Which person of `NAMES` is asked for, from 1 on."""
EFFORTS = (10, 20, 40, 60, 80, 120, EF_SEARCH, 240, 400)
"""`hnsw.ef_search` of the bare search: the first with the recall of ours is taken."""
MODEL = "made"


@dataclass(frozen=True)
class Query:
    text: str
    vector: np.ndarray[Any, Any]


class Made:
    """Answers a query's text with its vector, and words with none: embedding is counted apart."""

    name, source, version, dim, glosses = MODEL, MODEL, "1", DIM, False

    def __init__(self) -> None:
        self.vectors: dict[str, Any] = {}

    def knows(self, word: str) -> bool:
        return bool(word)

    def embed(self, texts: Sequence[str]) -> Any:
        nothing = np.zeros(DIM, dtype=np.float32)
        return np.stack([self.vectors.get(each, nothing) for each in texts]) if texts else np.zeros((0, DIM))


def main() -> None:
    sizes = [int(each) for each in sys.argv[1:] if each.isdigit()]
    print(f"## search_latency\n\n{machine()}; {QUERIES} queries, medians; {DIM} dimensions, half precision\n")
    for size in sizes or (10_000, 100_000):
        with made_library(size) as (catalog, embedder, queries):
            print(table(f"{size:,} segments", *_measure(catalog, embedder, queries)), flush=True)


@contextmanager
def made_library(size: int) -> Iterator[tuple[Catalog, Made, list[Query]]]:
    home = Path(tempfile.mkdtemp(prefix="vsearch-bench-"))
    home.chmod(0o755)
    catalog = open_catalog(Settings(home=home))
    try:
        embedder = Made()
        with catalog.begin() as connection:
            connection.execute(text("set local synchronous_commit = off"))
            _fill(connection, size)
        with catalog.begin() as connection:
            started = time.perf_counter()
            connection.execute(text("set local maintenance_work_mem = '8GB'"))
            connection.execute(text("set local max_parallel_maintenance_workers = 14"))
            ensure_vector_index(connection, MODEL, DIM)
            count_words(connection, always=True)
            print(f"(index of {size:,} vectors: {time.perf_counter() - started:.0f} s)\n", flush=True)
        with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze"))
        with catalog.begin() as connection:
            queries = _queries(connection, size)
        embedder.vectors = {query.text: query.vector for query in queries}
        yield catalog, embedder, queries
    finally:
        catalog.close()
        shutil.rmtree(home, ignore_errors=True)


def _fill(connection: Connection, size: int) -> None:
    """Segments of five seconds, a hundred a video; people 1 to 3 are in 50%, 5% and 0.1% of them."""
    generator = np.random.default_rng(0)
    plane = generator.normal(size=(FREEDOM, DIM)) / np.sqrt(DIM)
    directions = generator.normal(size=(DIRECTIONS, FREEDOM)) @ plane + COMMON * plane[0]
    noises = generator.normal(size=(NOISES, FREEDOM)) @ plane * SPREAD
    for name, rows in (("direction", directions), ("noise", noises)):
        connection.execute(text(f"create temp table {name} (id int primary key, embedding vector({DIM}))"))
        connection.execute(
            text(f"insert into {name} values (:id, :embedding)"),  # noqa: S608
            [{"id": i, "embedding": _literal(row)} for i, row in enumerate(rows)],
        )
    producer = producer_id(connection, ProducerInfo("segments", "made", "1"))
    connection.execute(
        text("insert into people (id, name) values (1, 'Half'), (2, 'Twentieth'), (3, 'Thousandth')")
    )
    words = [f"word{i}" for i in range(1, VOCABULARY + 1)]
    connection.execute(
        text("insert into words (id, word, token) values (:id, :word, :word)"),
        [{"id": i, "word": word} for i, word in enumerate(words, 1)],
    )
    connection.execute(
        text(
            "insert into word_embeddings (word_id, model, embedding) select w.id, :model,"
            " l2_normalize(d.embedding) from words w join direction d on d.id = w.id % :directions"
        ),
        {"model": MODEL, "directions": DIRECTIONS},
    )
    connection.execute(
        text(
            "insert into videos (id, title, kind, sha256, source, duration_ms) select 'v' || i, 'Video ' || i,"
            " 'imported', 'v' || i, 'made', 500000 from generate_series(0, :last) i"
        ),
        {"last": (size - 1) // 100},
    )
    # eight words a caption, the first ones far more often (Zipf), the same ones for the same direction
    connection.execute(
        text(
            f"""
            insert into segments
                (id, video_id, start_ms, end_ms, producer_id, words, people, search, auto_caption_en)
            select i, 'v' || (i / 100), i % 100 * 5000, i % 100 * 5000 + 5000, :producer, w.words,
                array_remove(array[case when i % 2 = 0 then 1 end, case when i % 20 = 7 then 2 end,
                                   case when i % 1000 = 333 then 3 end], null),
                array_to_tsvector(array(select 'word' || n from unnest(w.words) n)),
                (select string_agg('word' || n, ' ') from unnest(w.words) n)
            from generate_series(0, :last) i, lateral (
                select array(select distinct ceil({VOCABULARY} ^
                    ((i % {DIRECTIONS} * 7919 + k * 104729 + i * (k / 6)) % 10007 / 10007.0))::int
                    from generate_series(1, 8) k) as words
            ) w
            """  # noqa: S608
        ),
        {"last": size - 1, "producer": producer},
    )
    connection.execute(
        text(
            "insert into segment_people (segment_id, person_id, layer, confidence)"
            " select s.id, p, 'auto', 0.9 from segments s, unnest(s.people) p"
        )
    )
    connection.execute(
        text(
            f"""
            insert into segment_embeddings (segment_id, model, part, text_sha256, embedding)
            select s.id, '{MODEL}', 'en', '',
                l2_normalize(d.embedding + a.embedding + b.embedding)::halfvec({DIM})
            from segments s join direction d on d.id = s.id % {DIRECTIONS}
            join noise a on a.id = s.id * 31 % {NOISES} join noise b on b.id = s.id / {NOISES} * 17 % {NOISES}
            """  # noqa: S608
        )
    )


def _queries(connection: Connection, size: int) -> list[Query]:
    generator = np.random.default_rng(1)
    ids = generator.choice(size, QUERIES, replace=False)
    rows = connection.execute(
        text(
            "select s.id, s.auto_caption_en, cast(cast(e.embedding as vector) as real[]) as embedding"
            " from segments s join segment_embeddings e on e.segment_id = s.id"
            " where s.id = any(:ids) order by s.id"
        ),
        {"ids": [int(i) for i in ids]},
    )
    return [
        Query(
            " ".join(row.auto_caption_en.split()[:4]) + f" q{row.id}",
            _units(np.array(row.embedding) + generator.normal(size=DIM) * (SPREAD / np.sqrt(DIM))).astype(
                np.float32
            ),
        )
        for row in rows
    ]


def _measure(catalog: Catalog, embedder: Made, queries: Sequence[Query]) -> tuple[list[str], list[list[object]]]:
    service = SearchService(catalog, embedder)
    rows: list[list[object]] = []
    for kind, person in FILTERS.items():
        asked = f" person:{NAMES[person - 1]}" if person else ""
        embedder.vectors |= {query.text + asked: query.vector for query in queries}
        exact = [_bare(catalog, query, person, exact=True)[1] for query in queries]
        reached = _recall([_nearest(service, query, asked) for query in queries], exact)
        for ef in EFFORTS:
            bare_recall = _recall([_bare(catalog, query, person, ef=ef)[1] for query in queries], exact)
            if bare_recall >= min(reached, 0.99):
                break
        bare, whole = [], []
        for _ in range(3):
            for query in queries:
                bare.append(_bare(catalog, query, person, ef=ef)[0])
                started = time.perf_counter()
                service.search(query.text + asked, limit=10)
                whole.append(time.perf_counter() - started)
        times = [1000 * statistics.median(each) for each in (bare, whole)]
        rows.append([kind, f"{reached:.4f}", f"{bare_recall:.4f} (ef {ef})", *times, f"{times[1] / times[0]:.2f}"])
    return [
        "filter",
        "recall@10, ours",
        "recall@10, bare",
        "bare HNSW, ms",
        "whole answer, ms",
        "times bare",
    ], rows


def _nearest(service: SearchService, query: Query, asked: str) -> list[int]:
    """The ten nearest of the candidates that the search ranks."""
    found = service.candidates(query.text + asked)
    return [c.segment_id for c in sorted(found, key=lambda c: (-round(c.cosine, 6), c.segment_id))[:10]]


def _bare(
    catalog: Catalog, query: Query, person: int, *, ef: int = 0, exact: bool = False
) -> tuple[float, list[int]]:
    distance = f"embedding::halfvec({DIM}) <=> cast(:vector as halfvec({DIM}))"
    narrowed = "and exists (select 1 from segments s where s.id = segment_id and s.people && array[:person])"
    statement = text(
        f"select segment_id, {distance} as distance from segment_embeddings where model = '{MODEL}'"  # noqa: S608
        f" {narrowed.replace(':person', str(int(person))) if person else ''}"
        f" order by {f'({distance}) + 0' if exact else distance} limit 10"
    )
    with catalog.begin() as connection:
        if not exact:
            connection.execute(
                text(
                    f"select set_config('hnsw.ef_search', '{int(ef)}', true),"
                    f" set_config('hnsw.iterative_scan', '{'relaxed_order' if person else 'off'}', true),"
                    " set_config('hnsw.max_scan_tuples', '200000', true)"
                )
            )
        vector = _literal(query.vector)
        started = time.perf_counter()
        rows = connection.execute(statement, {"vector": vector}).all()
        taken = time.perf_counter() - started
    return taken, [row.segment_id for row in sorted(rows, key=lambda r: (round(r.distance, 6), r.segment_id))]


def _recall(found: Sequence[Sequence[int]], exact: Sequence[Sequence[int]]) -> float:
    shares = [len(set(a) & set(b)) / max(1, len(b)) for a, b in zip(found, exact, strict=True)]
    return sum(shares) / len(shares)


def _units(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def _literal(row: Any) -> str:
    return "[" + ",".join(f"{x:.6f}" for x in row) + "]"

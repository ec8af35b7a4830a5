"""The indexes behind search: nearest segments, matching words, nearest faces."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from vsearch_pipeline.catalog.library import PersonRecord, list_people, survivor
from vsearch_pipeline.catalog.models import FaceLabel, FaceTrack, Person, Video
from vsearch_pipeline.timeline import TimeRange

EVERY_TUPLE = 2_000_000_000
"""For `hnsw.max_scan_tuples`: a search goes on until it has what it wants."""
FIRST_FACES = 200
MOST_EF_SEARCH = 1000
"""The highest value that pgvector takes."""


def _index_name(table: str, model: str) -> str:
    own = model if table == "segment_embeddings" else f"{table} {model}"
    return "hnsw_" + hashlib.sha256(own.encode()).hexdigest()[:16]


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def ensure_vector_index(connection: Connection, model: str, dim: int) -> None:
    """The model's own HNSW index over segments; another model's rows are not in it."""
    _ensure_index(connection, "segment_embeddings", model, dim)


def ensure_face_index(connection: Connection, model: str, dim: int) -> None:
    """The model's own HNSW index over the embedded faces of tracks."""
    _ensure_index(connection, "face_embeddings", model, dim)


def _ensure_index(connection: Connection, table: str, model: str, dim: int) -> None:
    name = _index_name(table, model)
    found = text("select to_regclass(:name) is not null")
    if connection.execute(found, {"name": name}).scalar_one():
        return  # making an index locks the table against writers, even where it is there
    connection.execute(
        text(
            f"create index if not exists {name} on {table}"
            f" using hnsw ((embedding::halfvec({int(dim)})) halfvec_cosine_ops)"
            f" where model = {_literal(model).replace(':', chr(92) + ':')}"
        )
    )


@dataclass(frozen=True, slots=True)
class NearTrack:
    """A track, and the highest cosine of its embedded faces to a query, -1..1."""

    video_id: str
    track_index: int
    similarity: float


def near_tracks(
    connection: Connection, *, model: str, vector: Sequence[float], threshold: float
) -> list[NearTrack]:
    """Every track with a face at `threshold` or more, the most alike first, then by video and index.

    The index hands faces out in order of likeness; four times as many are asked for until they lie beyond the
    threshold. Where it gives up before that, all faces are compared.
    """
    dim = len(vector)
    literal = _literal(model).replace(":", "\\:")
    distance = f"embedding::halfvec({dim}) <=> cast(:vector as halfvec({dim}))"
    columns = f"video_id, track_index, 1 - ({distance}) as similarity"
    faces = f"select {columns} from face_embeddings where model = {literal}"  # noqa: S608 - the name is quoted
    statement = text(f"{faces} order by {distance} limit :limit")
    connection.execute(text("set local hnsw.iterative_scan = strict_order"))
    connection.execute(text(f"set local hnsw.max_scan_tuples = {EVERY_TUPLE}"))
    query = "[" + ",".join(map(str, vector)) + "]"
    limit = FIRST_FACES
    while True:
        connection.execute(text(f"set local hnsw.ef_search = {min(limit, MOST_EF_SEARCH)}"))
        rows = connection.execute(statement, {"vector": query, "limit": limit}).all()
        if len(rows) < limit or rows[-1].similarity < threshold:
            break
        limit *= 4
    if rows and rows[-1].similarity >= threshold:
        beyond = text(f"{faces} and 1 - ({distance}) >= :threshold")
        rows = connection.execute(beyond, {"vector": query, "threshold": threshold}).all()
    best: dict[tuple[str, int], float] = {}
    for row in rows:
        key = (row.video_id, row.track_index)
        if row.similarity >= threshold:
            best[key] = max(best.get(key, -1.0), row.similarity)
    found = [NearTrack(video, track, similarity) for (video, track), similarity in best.items()]
    return sorted(found, key=lambda near: (-near.similarity, near.video_id, near.track_index))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A segment with the parts of its match, each 0..1 (`meaning` is the cosine and may be negative)."""

    segment_id: int
    meaning: float
    words: float
    people: float


def candidates(
    connection: Connection,
    *,
    model: str,
    vector: Sequence[float],
    tokens: Sequence[str],
    people: Sequence[int],
    limit: int,
) -> list[Candidate]:
    """The best `limit` segments by vector, by words and by people, each with all three parts measured.

    Args:
        vector: the query's embedding; its length names the index.
        tokens: the query's search tokens; `words` is the share of them that a segment has, weighted by rarity
            in no way yet: each counts the same.
        people: ids of people the query names; `people` is the share of them on screen.
    """
    dim = len(vector)
    literal = _literal(model).replace(":", "\\:")
    distance = f"embedding::halfvec({dim}) <=> cast(:vector as halfvec({dim}))"
    statement = text(
        f"""
        with near as (
            select segment_id from segment_embeddings where model = {literal} order by {distance} limit :limit
        ), query as (
            select cast(:tokens as text[]) as tokens,
                   cast(array_to_string(cast(:tokens as text[]), ' | ') as tsquery) as tsquery
        ), worded as (
            select id from segments, query where search @@ query.tsquery
            order by ts_rank(search, query.tsquery) desc, id limit :limit
        ), seen as (
            select segment_id as id, count(*) filter (where present) as shown from (
                select distinct on (segment_id, coalesce(merged_into, people.id)) segment_id, present
                from segment_people join people on people.id = segment_people.person_id
                where coalesce(merged_into, people.id) = any(cast(:people as int[]))
                order by segment_id, coalesce(merged_into, people.id), layer desc, present desc
            ) effective group by segment_id
        ), named as (
            select id from seen where shown > 0 order by shown desc, id limit :limit
        ), found as (
            select segment_id as id from near union select id from worded union select id from named
        )
        select s.id,
            coalesce((select 1 - ({distance}) from segment_embeddings e
                      where e.segment_id = s.id and e.model = {literal}), 0) as meaning,
            case when cardinality(query.tokens) = 0 then 0 else
                (select count(*) from unnest(query.tokens) as token where s.search @@ cast(token as tsquery))
                / cast(cardinality(query.tokens) as float) end as words,
            case when cardinality(cast(:people as int[])) = 0 then 0 else
                coalesce((select shown from seen where seen.id = s.id), 0)
                / cast(cardinality(cast(:people as int[])) as float) end as people
        from found join segments s on s.id = found.id, query
        where s.deleted_at is null
        """  # noqa: S608 - the model's name is quoted, the rest is ours
    )
    rows = connection.execute(
        statement,
        {
            "vector": "[" + ",".join(map(str, vector)) + "]",
            "tokens": list(tokens),
            "people": list(people),
            "limit": limit,
        },
    )
    return [Candidate(row.id, row.meaning, row.words, row.people) for row in rows]


@dataclass(frozen=True, slots=True)
class ShownTrack:
    """What is said of a track that was found."""

    title: str
    span: TimeRange
    person: PersonRecord | None


def shown_tracks(connection: Connection, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], ShownTrack]:
    """Title of the video, time and present name of tracks, given as `(video id, track index)`."""
    rows = connection.execute(
        select(
            FaceTrack.video_id,
            FaceTrack.index.label("track_index"),
            FaceTrack.start_ms,
            FaceTrack.end_ms,
            Video.title,
            survivor().label("who"),
        )
        .join(Video, Video.id == FaceTrack.video_id)
        .outerjoin(
            FaceLabel, (FaceLabel.video_id == FaceTrack.video_id) & (FaceLabel.track_index == FaceTrack.index)
        )
        .outerjoin(Person, Person.id == FaceLabel.person_id)
        .where(FaceTrack.video_id.in_({video for video, _ in keys}))
    )
    wanted = set(keys)
    people = {person.id: person for person in list_people(connection)}
    return {
        (row.video_id, row.track_index): ShownTrack(
            row.title, TimeRange(row.start_ms, row.end_ms), people.get(row.who)
        )
        for row in rows
        if (row.video_id, row.track_index) in wanted
    }

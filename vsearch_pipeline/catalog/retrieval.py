"""The two indexes behind search: nearest vectors and matching words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text


def _index_name(model: str) -> str:
    return "hnsw_" + hashlib.sha256(model.encode()).hexdigest()[:16]


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def ensure_vector_index(connection: Connection, model: str, dim: int) -> None:
    """The model's own HNSW index; another model's rows are not in it."""
    found = text("select to_regclass(:name) is not null")
    if connection.execute(found, {"name": _index_name(model)}).scalar_one():
        return  # making an index locks the table against writers, even where it is there
    connection.execute(
        text(
            f"create index if not exists {_index_name(model)} on segment_embeddings"
            f" using hnsw ((embedding::halfvec({int(dim)})) halfvec_cosine_ops)"
            f" where model = {_literal(model).replace(':', chr(92) + ':')}"
        )
    )


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
                select distinct on (segment_id, person_id) segment_id, person_id, present from segment_people
                where person_id = any(cast(:people as int[])) order by segment_id, person_id, layer desc
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

"""Passages: the few segments of one stretch of a video, taken together.

A caption like "he stops and wipes his mouth" says little without what is around it. A passage lends its segments
its words and its mean vector. How long a stretch is, and from how many segments on it is of no use any more, was
measured on coarse catalogues (docs/benchmarks.md, retrieval).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

PASSAGE_MS: Final = 180_000
MOST_SEGMENTS: Final = 24
"""A stretch of more segments says too little about each of them; it gets no passage."""


def write_passages(connection: Connection, video_id: str, model: str) -> int:
    """Make the passages of a video anew from its segments' words and vectors in a model; returns how many.

    The mean is of captions; of what is said only where there are none.
    """
    connection.execute(
        text("delete from passages where video_id = :video and model = :model"),
        {"video": video_id, "model": model},
    )
    made = connection.execute(
        text(
            f"""
            with told as (
                select id, words, (start_ms + end_ms) / 2 / {PASSAGE_MS} as stretch from segments
                where video_id = :video and deleted_at is null
            ), small as (
                select stretch, count(*) as segments from told
                group by stretch having count(*) between 2 and {MOST_SEGMENTS}
            )
            insert into passages (video_id, index, model, segments, words, embedding)
            select :video, small.stretch, :model, small.segments,
                array(select distinct number from told, unnest(told.words) as number
                      where told.stretch = small.stretch order by number),
                l2_normalize(mean.embedding)
            from small join lateral (
                select coalesce(avg(embedding) filter (where part <> 'speech'), avg(embedding)) as embedding
                from segment_embeddings join told on told.id = segment_id
                where model = :model and told.stretch = small.stretch
            ) mean on mean.embedding is not null
            """  # noqa: S608 - numbers of ours
        ),
        {"video": video_id, "model": model},
    )
    return made.rowcount

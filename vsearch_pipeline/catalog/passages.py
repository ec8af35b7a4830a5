"""Passages: the few segments of one stretch of a video, taken together.

A caption like "he stops and wipes his mouth" says little without what is around it. A passage lends its segments
its words and its mean vector. How long a stretch is, and from how many segments on it is of no use any more, was
measured on coarse catalogues (docs/benchmarks.md, retrieval).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, text

from vsearch_pipeline.timeline import TimeRange

PASSAGE_MS: Final = 180_000
MOST_SEGMENTS: Final = 24
"""A stretch of more segments says too little about each of them; it gets no passage."""


def passage_models(connection: Connection, video_id: str) -> list[str]:
    """The models in which a video has passages."""
    rows = connection.execute(
        text("select distinct model from passages where video_id = :video order by model"), {"video": video_id}
    )
    return list(rows.scalars())


def write_passages(
    connection: Connection, video_id: str, model: str, *, around: Iterable[TimeRange] | None = None
) -> int:
    """Make the passages of a video anew from its segments' words and vectors in a model; returns how many.

    The mean is of captions; of what is said only where there are none.

    Args:
        around: only the stretches in which segments of these spans are, or were.
    """
    stretches = None if around is None else sorted({span.middle_ms // PASSAGE_MS for span in around})
    only = {"video": video_id, "model": model, "stretches": stretches}
    connection.execute(
        text(
            "delete from passages where video_id = :video and model = :model"
            " and (cast(:stretches as int[]) is null or index = any(cast(:stretches as int[])))"
        ),
        only,
    )
    made = connection.execute(
        text(
            f"""
            with told as (
                select id, words, (start_ms + end_ms) / 2 / {PASSAGE_MS} as stretch from segments
                where video_id = :video and shown and (
                    cast(:stretches as int[]) is null
                    or (start_ms + end_ms) / 2 / {PASSAGE_MS} = any(cast(:stretches as int[]))
                )
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
        only,
    )
    return made.rowcount

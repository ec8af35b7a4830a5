"""Trying again what failed."""

from __future__ import annotations

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.operations import Door
from vsearch_pipeline.catalog.requests import request_run, told_requests
from vsearch_pipeline.catalog.shelf import failed_videos_of_library


def try_failed_again(catalog: Catalog, *, actor: str, door: Door) -> int:
    """Ask for another run for every video that failed, and for what could not be taken in; returns how many."""
    with catalog.begin() as connection:
        videos = failed_videos_of_library(connection)
        sources = [
            request.subject
            for request in told_requests(connection)
            if request.kind == "take_in" and request.state == "failed"
        ]
        for video in videos:
            request_run(connection, "retry", video, actor=actor, door=door)
        for source in sources:
            request_run(connection, "take_in", source, actor=actor, door=door)
    return len(videos) + len(sources)

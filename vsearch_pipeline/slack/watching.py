"""Saved searches against videos that changed: what matches now and did not before is told once."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from vsearch_pipeline.catalog.alerts import NewAlert, make_alerts
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.retrieval import LISTED
from vsearch_pipeline.catalog.videos import video_titles
from vsearch_pipeline.catalog.watches import WatchRecord, hold_watch, tell_moments, told_moments
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.search.results import Hit
from vsearch_pipeline.search.service import SearchService
from vsearch_pipeline.slack.alert_messages import SHOWN_MOMENTS
from vsearch_pipeline.slack.writing import caption_in, plain
from vsearch_pipeline.timeline import TimeRange
from vsearch_pipeline.wording import Language

_LOG = logging.getLogger(__name__)
CROWDED: Final = 40
"""Matches from which on a search may have left some out: it ranks the nearest 45 segments or more."""
MOST_SEARCHES: Final = 200
"""For one look of one watch; a search takes some tens of milliseconds."""
_BESIDE_MS: Final = 1000
"""Matches closer than this are one moment."""


@dataclass(frozen=True, slots=True)
class FoundMoment:
    """Matching segments of a video beside one another; `best` is the one to play from."""

    span: TimeRange
    best: Hit


def remember_present(catalog: Catalog, search: SearchService, watch: WatchRecord) -> int:
    """Let a watch tell nothing of what it finds already; returns how many moments that are.

    Raises:
        InputError: the query cannot be searched for.
    """
    with catalog.begin() as connection:
        videos = list(video_titles(connection))
    found = {video: moments(hits) for video, hits in matching(search, watch.query, videos).items()}
    with catalog.begin() as connection:
        tell_moments(connection, watch.id, {video: [each.span for each in some] for video, some in found.items()})
    return sum(map(len, found.values()))


def look(
    catalog: Catalog, search: SearchService, watches: Sequence[WatchRecord], changed: Mapping[str, datetime]
) -> int:
    """Make an alert of each video with matches that its watch has not told of; returns how many.

    Args:
        changed: when each of the videos was made searchable; one from before a watch began is none of its news.
    """
    made = 0
    search.prepare([watch.query for watch in watches])
    for watch in watches:
        videos = [video for video, at in changed.items() if at >= watch.since]
        if not videos:
            continue
        try:
            found = matching(search, watch.query, videos)
        except InputError as error:  # a video that it names may have gone
            _LOG.warning("watch %s looks for nothing: %s", watch.id, error.code)  # its sentence has what was typed
            continue
        made += _tell(catalog, watch, found) if found else 0
    return made


def matching(search: SearchService, query: str, videos: Sequence[str]) -> dict[str, list[Hit]]:
    """The segments of these videos that match well, by video, in order of time.

    A search compares a number of segments however many match: where that may have been too few, the videos are
    looked at in smaller parts.

    Raises:
        InputError: the query cannot be searched for.
    """
    found: list[Hit] = []
    parts, searches = [list(videos)] if videos else [], 0
    while parts:
        part = parts.pop()
        result = search.search(query, limit=LISTED, grouped=False, videos=part)
        searches += 1
        good = [hit for hit in result.hits if hit.good]
        most = CROWDED if result.query is not None and result.query.rest else LISTED
        if len(good) >= most and len(part) > 1 and searches < MOST_SEARCHES:
            parts += [part[: len(part) // 2], part[len(part) // 2 :]]
        else:
            found += good
    found.sort(key=lambda hit: (hit.video.id, hit.span, hit.segment_id))
    return {video: list(hits) for video, hits in groupby(found, key=lambda hit: hit.video.id)}


def moments(hits: Sequence[Hit]) -> list[FoundMoment]:
    """Those of one video, in order of time, neighbours together."""
    found: list[FoundMoment] = []
    together: list[Hit] = []
    for hit in hits:
        if together and hit.span.start_ms - max(each.span.end_ms for each in together) > _BESIDE_MS:
            found.append(_moment(together))
            together = []
        together.append(hit)
    return [*found, _moment(together)] if together else found


def _moment(hits: Sequence[Hit]) -> FoundMoment:
    span = TimeRange(hits[0].span.start_ms, max(hit.span.end_ms for hit in hits))
    return FoundMoment(span, max(hits, key=lambda hit: hit.score))


def _tell(catalog: Catalog, watch: WatchRecord, found: Mapping[str, Sequence[Hit]]) -> int:
    """The alerts of what is new, made with the note that it was told, or neither."""
    with catalog.begin() as connection:
        if not hold_watch(connection, watch.id):
            return 0
        told = told_moments(connection, watch.id, found)
        # segment by segment: beside what was told there may be news
        news = {video: moments(_untold(hits, told.get(video, ()))) for video, hits in found.items()}
        news = {video: some for video, some in news.items() if some}
        made = make_alerts(connection, [_alert(watch, some) for some in news.values()])
        tell_moments(connection, watch.id, {video: [each.span for each in some] for video, some in news.items()})
    return made


def _untold(hits: Sequence[Hit], told: Collection[TimeRange]) -> list[Hit]:
    return [hit for hit in hits if not any(hit.span.overlap_ms(other) for other in told)]


def _alert(watch: WatchRecord, found: Sequence[FoundMoment]) -> NewAlert:
    video = found[0].best.video
    ranges = hashlib.sha256(" ".join(f"{m.span.start_ms}-{m.span.end_ms}" for m in found).encode()).hexdigest()
    best = sorted(found, key=lambda moment: -moment.best.score)[:SHOWN_MOMENTS]
    about = {
        "watch": watch.id,
        "user": watch.user_id,
        "query": plain(watch.query, 300),
        "language": watch.language,
        "video": video.id,
        "title": plain(video.title, 200),
        "moments": [_told(moment, watch.language) for moment in best],
        "found": len(found),
    }
    return NewAlert(f"watch {watch.id} {video.id} {ranges[:16]}", "watch", watch.channel, about)


def _told(moment: FoundMoment, language: Language) -> dict[str, Any]:
    hit = moment.best
    caption = caption_in(hit.caption_ko, hit.caption_en, language) or hit.speech or ""
    return {
        "segment": hit.segment_id,
        "from": moment.span.start_ms,
        "to": moment.span.end_ms,
        "start": hit.span.start_ms,
        "end": hit.span.end_ms,
        "caption": plain(caption, 600),
    }

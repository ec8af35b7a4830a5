"""A whole video as a timeline shows it: its shots, its segments, who is on screen when, what is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from vsearch_pipeline.catalog.models import Shot
from vsearch_pipeline.catalog.segments import PersonOnScreen, SegmentRecord, read_segments
from vsearch_pipeline.catalog.speech import SpokenUtterance, read_utterances
from vsearch_pipeline.catalog.stages import read_rows
from vsearch_pipeline.catalog.videos import VideoRecord, get_video
from vsearch_pipeline.timeline import TimeRange


@dataclass(frozen=True, slots=True)
class Appearances:
    """When somebody is on screen: ranges in order of time that do not meet."""

    person: PersonOnScreen
    spans: tuple[TimeRange, ...]


@dataclass(frozen=True, slots=True)
class Film:
    """Attributes:
    shots, segments, speech: in order of time.
    people: who is on screen longest comes first.
    """

    video: VideoRecord
    shots: tuple[TimeRange, ...]
    segments: tuple[SegmentRecord, ...]
    people: tuple[Appearances, ...]
    speech: tuple[SpokenUtterance, ...]


def read_film(connection: Connection, video_id: str) -> Film:
    """Raises NotFoundError where there is no such video."""
    video = get_video(connection, video_id)
    segments = read_segments(connection, video_id=video_id)
    shots = [TimeRange(row.start_ms, row.end_ms) for row in read_rows(connection, Shot, video_id, "index")]
    people = appearances(segments, _tracks(connection, video_id))
    return Film(video, tuple(shots), tuple(segments), people, tuple(read_utterances(connection, video_id)))


def film_mark(connection: Connection, video_id: str) -> str:
    """Another one whenever a film may have changed: by an edit, also one of people, or by a run."""
    return str(
        connection.execute(
            text(
                """
                select concat_ws(' ',
                    (select max(id) from operations),
                    (select max(finished_at) from stage_runs where video_id = :video),
                    (select count(*) from stage_runs where video_id = :video))
                """
            ),
            {"video": video_id},
        ).scalar_one()
    )


def appearances(
    segments: Sequence[SegmentRecord], tracks: Mapping[int, Sequence[TimeRange]]
) -> tuple[Appearances, ...]:
    """When the people of segments are on screen: where their face is seen in a segment, else the whole segment.

    Args:
        tracks: when the face of each person, by id, is seen.
    """
    found: dict[int, list[TimeRange]] = defaultdict(list)
    known: dict[int, PersonOnScreen] = {}
    for segment in segments:
        for person in segment.people:
            known.setdefault(person.id, person)
            seen = [part for track in tracks.get(person.id, ()) if (part := _common(track, segment.span))]
            found[person.id] += seen or [segment.span]
    joined = [Appearances(known[person], _joined(spans)) for person, spans in found.items()]
    return tuple(sorted(joined, key=lambda a: (-sum(span.duration_ms for span in a.spans), a.person.id)))


def _tracks(connection: Connection, video_id: str) -> dict[int, list[TimeRange]]:
    """When the face of each person is seen; a merged person is already the other."""
    rows = connection.execute(
        text(
            """
            select coalesce(people.merged_into, people.id) as person, track.start_ms, track.end_ms
            from face_labels label
            join people on people.id = label.person_id
            join face_tracks track on track.video_id = label.video_id and track.index = label.track_index
            where label.video_id = :video order by track.start_ms, track.index
            """
        ),
        {"video": video_id},
    )
    found: dict[int, list[TimeRange]] = defaultdict(list)
    for row in rows:
        found[row.person].append(TimeRange(row.start_ms, row.end_ms))
    return found


def _common(one: TimeRange, other: TimeRange) -> TimeRange | None:
    start, end = max(one.start_ms, other.start_ms), min(one.end_ms, other.end_ms)
    return TimeRange(start, end) if start < end else None


def _joined(spans: Iterable[TimeRange]) -> tuple[TimeRange, ...]:
    """The same time in ranges that do not meet."""
    joined: list[TimeRange] = []
    for span in sorted(spans):
        if joined and span.start_ms <= joined[-1].end_ms:
            joined[-1] = TimeRange(joined[-1].start_ms, max(joined[-1].end_ms, span.end_ms))
        else:
            joined.append(span)
    return tuple(joined)

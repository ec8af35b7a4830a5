"""Who is seen when in a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from vsearch_pipeline.captioning.naming import KnownPerson, name_people
from vsearch_pipeline.catalog.library import PersonRecord, list_people, merged_people
from vsearch_pipeline.catalog.models import FaceLabel, FaceTrack
from vsearch_pipeline.catalog.stages import read_rows
from vsearch_pipeline.slots import slot, with_slots, without_braces
from vsearch_pipeline.timeline import TimeRange

ON_SCREEN_MS = 200
"""A person seen for less of a range is not listed in it."""


@dataclass(frozen=True, slots=True)
class _Named:
    span: TimeRange
    person_id: int
    confidence: float


class OnScreen:
    """The named faces of a video, read once; merged people are who they turned out to be."""

    def __init__(self, connection: Connection, video_id: str) -> None:
        self._merged = merged_people(connection)
        self._people = {person.id: person for person in list_people(connection)}
        tracks = {row.index: row for row in read_rows(connection, FaceTrack, video_id, "index")}
        self._named = [
            _Named(TimeRange(track.start_ms, track.end_ms), self.who(row.person_id).id, row.confidence)
            for row in read_rows(connection, FaceLabel, video_id, "track_index")
            if row.person_id is not None and (track := tracks.get(row.track_index)) is not None
        ]

    def who(self, person_id: int) -> PersonRecord:
        return self._people[self._merged.get(person_id, person_id)]

    def confidences(self, span: TimeRange) -> dict[int, float]:
        """Ids of the people seen in a range, with the best confidence of each."""
        best: dict[int, float] = {}
        for face in self._named:
            if face.span.overlap_ms(span) >= min(ON_SCREEN_MS, span.duration_ms):
                best[face.person_id] = max(best.get(face.person_id, 0.0), face.confidence)
        return best

    def people(self, span: TimeRange) -> list[PersonRecord]:
        """The people seen in a range, the surest first."""
        best = self.confidences(span)
        return [self._people[person_id] for person_id in sorted(best, key=lambda p: (-best[p], p))]

    def everybody(self) -> Sequence[PersonRecord]:
        """All who are seen somewhere in the video, by id."""
        return [self._people[person_id] for person_id in sorted({face.person_id for face in self._named})]


def with_places(text: str, people: Sequence[PersonRecord]) -> str:
    """A generated English caption with the slots of `people` (`{P1}` is the first) where it speaks of them, also
    where the captioner names them itself; what else it has in braces is made harmless."""
    placed = with_slots(without_braces(text), [person.names for person in people])
    return name_people(placed, [KnownPerson(slot(i), person.gender) for i, person in enumerate(people, 1)])

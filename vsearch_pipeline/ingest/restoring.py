"""A backup brought into a library that has work of its own: what is there stays, what differs is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection

from vsearch_pipeline.catalog.counters import take_numbers
from vsearch_pipeline.catalog.dump import (
    Kept,
    Row,
    add_past_operations,
    keep_searches,
    known_operations,
    load_rows,
    marks_of,
    people_rows,
)
from vsearch_pipeline.catalog.human import take_marks, take_person
from vsearch_pipeline.catalog.identities import Anchor, Mark
from vsearch_pipeline.catalog.library import merged_people
from vsearch_pipeline.catalog.operations import Door, Subject
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.editing.transaction import Draft, Edit
from vsearch_pipeline.export.segments_json import (
    AutoLayer,
    HumanLayer,
    PersonEntry,
    SaidCaption,
    SaidPerson,
    SeenPerson,
    SegmentEntry,
    VideoEntry,
)
from vsearch_pipeline.ingest.taking_over import (
    FieldDifference,
    FilePeople,
    Source,
    import_video,
    known_video,
    label_of,
)

KIND: Final = "backup.restore"
Tables = Mapping[Kept, Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a backup.

    Attributes:
        exact: whether the library was empty, and is now as the other one was.
        videos: ids of those that were made; their vectors are to be made.
        people, segments, marks, operations, searches, photos: how many are new or changed.
        differences: what is said otherwise here; it stands.
        left_out: what could not be taken over, each with the reason.
    """

    exact: bool
    videos: tuple[str, ...]
    people: int
    segments: int
    marks: int
    operations: int
    searches: int
    photos: int = 0
    differences: tuple[FieldDifference, ...] = ()
    left_out: tuple[str, ...] = ()

    def with_photos(self, copied: int, left_out: Sequence[str]) -> Restored:
        return replace(self, photos=copied, left_out=(*self.left_out, *left_out))


def videos_here(connection: Connection, rows: Sequence[Row]) -> list[str]:
    """Ids here of the videos of a backup that are here."""
    found = (known_video(connection, row["id"], row["sha256"]) for row in rows)
    return [video.id for video in found if video]


def restore_into(
    edit: Edit, name: str, rows: Tables, *, actor: str, door: Door, on_part: Callable[[str], None]
) -> Restored:
    """Bring in a backup in an edit under way that holds its videos and the people.

    People are known by group and name, videos by id or content. What was done in the other library becomes history
    to be read, under its time and actor.
    """
    connection = edit.connection
    source = Source(name, KIND, actor, door)
    people, differences = _restore_people(edit, name, rows["people"])
    on_part("people")
    files = FilePeople(connection, _entries(rows["people"]))
    videos: dict[str, str] = {}
    segments: dict[int, int] = {}
    made, left, changed = [], [], 0
    parts = _by_video(rows)
    for row in rows["videos"]:
        own = parts[row["id"]]
        done = import_video(
            edit,
            _entry(row, own, rows["people"]),
            files,
            source,
            record=_record(row),
            records=[_with_people(record, people) for record in own["imported_records"]] or None,
        )
        videos[row["id"]] = done.video_id
        segments |= done.numbers
        changed += done.changed
        made += [done.video_id] if done.new else []
        differences += done.differences
        left += [f"{done.title}: {told}" for told in done.left_out]
        on_part(row["id"])
    marks = _restore_marks(edit, name, rows["face_marks"], videos, people)
    past = _restore_history(connection, rows, {"video": videos, "person": people, "segment": segments})
    return Restored(
        exact=False,
        videos=tuple(made),
        people=sum(1 for new in people.values() if new not in _ids_before(people, rows)) if False else _made(people),
        segments=changed,
        marks=marks,
        operations=past,
        searches=keep_searches(connection, rows["searches"]),
        differences=tuple(differences),
        left_out=tuple(left),
    )

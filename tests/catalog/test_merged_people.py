"""What was said of a person who was merged into another is read as said of the other."""

from __future__ import annotations

from sqlalchemy import Connection, insert

from tests.people_library import add_video, automatic
from vsearch_pipeline.catalog.human import write_fields
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.models import SegmentPerson
from vsearch_pipeline.catalog.segments import AutoFields, insert_segments, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.timeline import TimeRange


def test_segments_name_the_person_that_somebody_turned_out_to_be(connection: Connection) -> None:
    video = add_video(connection)
    old, new = (
        ensure_person(connection, None, "Old in segments"),
        ensure_person(connection, None, "New in segments"),
    )
    producer = producer_id(connection, ProducerInfo("segments", "test", "1"))
    drafts = [
        (automatic(TimeRange(i * 1000, i * 1000 + 1000)), AutoFields(None, None, people={old: 0.9}))
        for i in range(3)
    ]
    first, second, _ = insert_segments(connection, video, producer, drafts)
    for segment, person, present in ((first, new, False), (second, old, False), (second, new, True)):
        row = {"segment_id": segment, "person_id": person, "layer": "human", "present": present}
        connection.execute(insert(SegmentPerson).values(**row))
    write_fields(connection, "person", {str(old): {"merged_into": new}}, operation=0)
    shown = [[person.id for person in segment.people] for segment in read_segments(connection, video_id=video)]
    assert shown == [[], [new], [new]]


def test_people_are_shown_by_the_name_they_are_called(connection: Connection) -> None:
    video = add_video(connection)
    person = ensure_person(connection, "Band", "hanni in segments", display="하니")
    producer = producer_id(connection, ProducerInfo("segments", "test", "1"))
    draft = (automatic(TimeRange(0, 1000)), AutoFields(None, None, people={person: 0.9}))
    insert_segments(connection, video, producer, [draft])
    [segment] = read_segments(connection, video_id=video)
    assert [(p.name, p.shown) for p in segment.people] == [("hanni in segments", "하니")]

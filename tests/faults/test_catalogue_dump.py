"""The comparison that the other tests rest on: blind for numbers and times, and for nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, text

from tests.catalogue_dump import Dump, assert_same, dump
from tests.editing.library import Model, add_video, editing, history, shown
from vsearch_pipeline.catalog.library import ensure_person


def library(connection: Connection, names: Sequence[str], people: Sequence[str]) -> Dump:
    """Two videos with people, an edit that stands and one that was taken back; rolled back."""
    with connection.begin_nested() as transaction:
        for person in people:  # numbers in another order
            ensure_person(connection, None, person)
        on_screen = {"Ana": [(0, 5000)], "Ben": [(5000, 20_000)]}
        for name in names:
            add_video(connection, Model(people=on_screen), name=name)
        service = editing(connection)
        for name in sorted(names):
            first, second, *_ = shown(connection, name)
            service.set_captions([first.id], {"en": f"a person wrote this of {name}"})
            done = service.set_captions([second.id], {"en": "and took this back"})
            assert done.operation is not None
            history(connection).revert(done.operation)
        found = dump(connection)
        transaction.rollback()
    return found


def test_the_order_of_things_does_not_matter(connection: Connection) -> None:
    one = library(connection, ["first-dumped", "second-dumped"], ["Ana", "Ben"])
    other = library(connection, ["second-dumped", "first-dumped"], ["Ben", "Ana"])
    assert one.rows["segments"]
    assert one.rows["operations"]
    assert one.vectors
    assert_same(one, other)


@pytest.mark.parametrize(
    "change",
    [
        "update segments set human_caption_en = 'other' where id = (select min(id) from segments)",
        "delete from captions where index = 2",
        "update segment_people set present = false",
        "delete from segment_embeddings where part = 'ko'",
        "update passages set embedding = cast(replace(cast(embedding as text), '0.0', '0.1') as halfvec)",
        "update operations set actor = 'somebody else'",
        "update stage_runs set fingerprint = 'x'",
        "insert into stage_errors (video_id, stage, message, run_id) select id, 'faces', 'bad', 'r' from videos",
    ],
)
def test_a_change_is_seen(connection: Connection, change: str) -> None:
    add_video(connection, Model(people={"Ana": [(0, 5000)]}), name="dumped")
    service = editing(connection)
    service.set_captions([shown(connection, "dumped")[0].id], {"en": "mine"})
    before = dump(connection)
    assert before.differences(dump(connection)) == []
    connection.execute(text(change))
    assert before.differences(dump(connection))

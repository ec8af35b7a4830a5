"""A library of the first catalogue comes along to the newest one with what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, text

from vsearch_pipeline.catalog.database import MIGRATIONS, Catalog, database_url, migrate
from vsearch_pipeline.catalog.identities import cluster_members, live_marks
from vsearch_pipeline.catalog.library import ensure_person, list_people
from vsearch_pipeline.catalog.lineage import read_finished_stages
from vsearch_pipeline.catalog.models import Base
from vsearch_pipeline.catalog.operations import log_operation, read_operations
from vsearch_pipeline.catalog.passages import write_passages
from vsearch_pipeline.catalog.progress import note_progress
from vsearch_pipeline.catalog.requests import open_requests, request_run
from vsearch_pipeline.catalog.retrieval import SegmentFilter, candidates, listed
from vsearch_pipeline.catalog.searches import save_search
from vsearch_pipeline.catalog.segments import AutoFields, Said, read_segments, write_embeddings
from vsearch_pipeline.catalog.shelf import read_shelf_video
from vsearch_pipeline.catalog.videos import get_video
from vsearch_pipeline.editing.description import describer
from vsearch_pipeline.editing.refresh import refresh_segments
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange

FIRST_LIBRARY = """
insert into producers (id, stage, model, version, settings) values (1, 'test', 'm', '1', '{}');
insert into videos (id, title, kind, sha256, source) values ('v', 'V', 'file', 'sha', 's');
insert into people (id, group_name, name, aliases) values (1, 'G', 'Ana', '{"A"}');
insert into face_tracks values ('v', 0, 0, 0, 1000, '{0,1}', '{0}', 1), ('v', 1, 0, 0, 1000, '{2}', '{2}', 1);
insert into faces values
  ('v', 0, 0, 0, 0, '{0.1,0.1,0.2,0.2}', '{}', 0.9, 0.5, 1),
  ('v', 1, 1, 0, 500, '{0.3,0.1,0.4,0.2}', '{}', 0.9, 0.8, 1),
  ('v', 2, 0, 0, 0, '{0.6,0.1,0.7,0.2}', '{}', 0.9, 0.5, 1);
insert into face_labels values ('v', 0, null, 0.8, 1, 0.2, 1), ('v', 1, 1, 0.9, null, 0, 1);
insert into unknown_people (video_id, track_index, cluster) values ('v', 0, 7), ('v', 99, 8);
insert into stage_runs (video_id, stage, fingerprint, producer_id, run_id, seconds)
  values ('v', 'face_tracks', 'tracks', 1, 'r', 0);
"""


@pytest.fixture
def engine(settings: Settings, catalog: Catalog) -> Iterator[Engine]:
    """A database with the first catalogue's tables, one for all tests."""
    with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        there = text("select 1 from pg_database where datname = 'first_catalogue'")
        if connection.execute(there).first() is None:
            connection.execute(text("create database first_catalogue"))
    made = create_engine(database_url(settings).set(database="first_catalogue"))
    with made.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    with made.begin() as connection:
        step(connection, command.upgrade, "0001")
        connection.execute(text(FIRST_LIBRARY.replace(":", "\\:")))
    yield made
    made.dispose()


def step(connection: Connection, how: Any, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    how(config, to)


def test_a_first_library_comes_along(engine: Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []
        [ana] = list_people(connection)
        assert (ana.group, ana.name, ana.aliases, ana.display) == ("G", "Ana", ("A",), None)
        labels = text(
            "select person_id, decided_by, model_person_id, model_confidence, group_name, group_confidence"
            " from face_labels order by track_index"
        )
        assert [tuple(row) for row in connection.execute(labels)] == [
            (None, "model", None, 0.8, None, 0.0),
            (1, "model", 1, 0.9, "G", 0.9),
        ]
        [member] = cluster_members(connection)
        assert (member.cluster, str(member.ref), member.out_of_date) == (7, "v:0", False)
        assert (member.anchor.time_ms, member.anchor.bbox_xyxy) == (500, (0.3, 0.1, 0.4, 0.2))
        counter = text("select value from counters where name = 'cluster'")
        assert connection.execute(counter).scalar_one() == 7


THIRD_LIBRARY = """
insert into people (id, name) values (2, 'Ben'), (3, 'Cem'), (4, 'Old');
update people set merged_into = 3 where id = 4;
insert into segments
  (id, video_id, start_ms, end_ms, auto_caption_en, human_caption_en, auto_caption_ko, producer_id)
  select i, 'v', i * 1000, i * 1000 + 1000, 'a dog', case when i = 2 then 'a cat' end, '개', 1
  from generate_series(1, 7) as i;
update segments set deleted_at = now() where id = 7;
insert into segment_people (segment_id, person_id, layer, present, confidence) values
  (1, 1, 'auto', true, 0.9), (1, 2, 'auto', true, 0.8),
  (2, 1, 'auto', true, 0.9), (2, 1, 'human', false, null), (2, 2, 'human', true, null),
  (3, 4, 'auto', true, 0.9),
  (4, 4, 'auto', true, 0.9), (4, 3, 'human', false, null),
  (5, 4, 'human', false, null), (5, 3, 'human', true, null), (5, 3, 'auto', true, 0.5), (5, 4, 'auto', true, 0.5),
  (7, 1, 'auto', true, 0.9);
insert into segment_embeddings (segment_id, model, text_sha256, embedding)
  values (1, 'm', 'sha', '[1,0]'), (1, 'other', 'sha', '[0,1,0]'), (2, 'm', 'sha', '[0,1]');
insert into stage_runs (video_id, stage, fingerprint, producer_id, run_id, seconds)
  values ('v', 'segment_embeddings', 'one a segment', 1, 'r', 0), ('v', 'segments', 'same', 1, 'r', 0);
"""
SEARCHED = text("select id, people, words from segments order by id")
EMBEDDED = "select segment_id, model, text_sha256, cast(embedding as text) from segment_embeddings order by 1, 2"


@pytest.fixture
def third(engine: Engine) -> Engine:
    """A library as it was before search had rows for people and words."""
    with engine.begin() as connection:
        step(connection, command.upgrade, "0003")
        connection.execute(text(THIRD_LIBRARY))
    return engine


def test_who_is_there_comes_along_to_the_search_rows(third: Engine) -> None:
    with third.begin() as connection:
        before = list(connection.execute(text(EMBEDDED)))
    migrate(third)
    with third.begin() as connection:
        assert [tuple(row) for row in connection.execute(SEARCHED)] == [
            (1, [1, 2], []),
            (2, [2], []),
            (3, [3], []),
            (4, [], []),
            (5, [3], []),
            (6, [], []),
            (7, [1], []),
        ]
        shown = {s.id: sorted(p.id for p in s.people) for s in read_segments(connection, deleted=True)}
        assert shown == {row.id: row.people for row in connection.execute(SEARCHED)}
        assert [one.segment_id for one in listed(connection, SegmentFilter(people=((3,),)))] == [
            5,
            3,
        ]  # the surest first
        assert list(connection.execute(text(EMBEDDED))) == before
        stages = text("select stage from stage_runs order by stage")  # the words are still to be written
        assert connection.execute(stages).scalars().all() == ["face_tracks", "segments"]
        parts = text("select distinct part from segment_embeddings")
        assert connection.execute(parts).scalars().all() == ["en"]
        found = candidates(connection, model="m", vector=[1.0, 0.0], tokens={}, wanted=SegmentFilter())
        assert {one.segment_id: round(one.cosine, 2) for one in found} == {1: 1.0, 2: 0.0}


def test_one_vector_a_segment_goes_back(third: Engine) -> None:
    with third.begin() as connection:
        before = list(connection.execute(text(EMBEDDED)))
    migrate(third)
    with third.begin() as connection:
        write_embeddings(connection, "m", [(1, "ko", "sha", [0.0, 1.0]), (6, "speech", "sha", [1.0, 0.0])])
        write_passages(connection, "v", "m")
        save_search(connection, "me", "dog", "Dogs")
        step(connection, command.downgrade, "0003")
        assert list(connection.execute(text(EMBEDDED))) == before
    migrate(third)
    with third.begin() as connection:
        assert connection.execute(SEARCHED).all()[0].people == [1, 2]


FOURTH_LIBRARY = """
insert into producers (id, stage, model, version, settings) values (2, 'segments', 'imported', '1', '{}');
insert into people (id, name, gender) values (2, 'Ben', 'male');
update people set gender = 'female' where id = 1;
insert into videos (id, title, kind, sha256, source, duration_ms) values
  ('crossing', 'Crossing', 'imported', 'crossing', 'c.json', 9000),
  ('tiled', 'Tiled', 'imported', 't', 't.json', 2000);
insert into segments
  (id, video_id, start_ms, end_ms, human_range, auto_caption_en, auto_caption_ko, human_caption_en,
   human_caption_ko, auto_objects, auto_speech, deleted_at, version, producer_id) values
  (1, 'v', 0, 1000, false, 'a dog', '개', 'a cat', null, '{}', null, null, 3, 1),
  (2, 'v', 1000, 2500, true, 'a cow', '소', null, '고양이', '{}', null, null, 1, 1),
  (3, 'v', 2500, 3000, false, 'a hen', null, null, null, '{}', null, '2026-01-02T03:04:05Z', 2, 1),
  (4, 'v', 3000, 4000, false, 'a fox', null, null, null, null, null, null, 1, 1),
  (11, 'crossing', 0, 5000, false, 'one', '하나', null, null, '{"dog": 2}', 'hello', null, 1, 2),
  (12, 'crossing', 2000, 4000, false, 'two', null, 'mine', null, '{}', null, null, 1, 2),
  (13, 'crossing', 6000, 9000, true, 'drawn', null, null, null, '{}', null, null, 1, 2),
  (21, 'tiled', 0, 1000, false, 'first', null, null, null, null, null, null, 1, 2),
  (22, 'tiled', 1000, 2000, false, 'second', null, null, null, null, null, null, 1, 2);
insert into segment_people (segment_id, person_id, layer, present, confidence) values
  (11, 1, 'auto', true, 0.5), (11, 2, 'auto', true, null), (12, 1, 'human', false, null),
  (4, 2, 'auto', true, 0.5);
insert into operations (id, actor, door, kind, video_id, before, after) values
  (1, 'mina', 'cli', 'video.add', 'v', null, '{"source": "s", "sha256": "sha"}'),
  (2, 'jun', 'web', 'people.gender', null, '{"gender": "male"}',
    '{"person": 1, "name": "Ana", "gender": "female"}'),
  (3, 'jun', 'web', 'people.is', 'v', '{}', '{"person": 1}'),
  (4, 'mina', 'web', 'people.retrain', null, null, null);
insert into face_marks (id, video_id, time_ms, bbox_xyxy, kind, person_id, operation_id)
  values (1, 'v', 500, '{0.1,0.1,0.2,0.2}', 'is', 1, 3);
select setval('operations_id_seq', 4), setval('face_marks_id_seq', 1);
"""
SAME_IN_BOTH = (
    "select id, video_id, start_ms, end_ms, human_range, auto_caption_en, auto_caption_ko, human_caption_en,"
    " human_caption_ko, caption_en, caption_ko, auto_objects, auto_speech, deleted_at, producer_id"
    " from segments order by id",
    "select segment_id, person_id, layer, present, confidence from segment_people order by 1, 2, 3",
    "select id, at, actor, door, kind, video_id, before, after from operations order by id",
    "select * from face_marks order by id",
    "select id, group_name, name, aliases, gender, merged_into from people order by id",
    "select id, title, kind, source, duration_ms from videos order by id",
)


@pytest.fixture
def fourth(engine: Engine) -> Engine:
    """A library as it was before people edited segments."""
    with engine.begin() as connection:
        step(connection, command.upgrade, "0004")
        connection.execute(text(FOURTH_LIBRARY.replace(":0", "\\:0")))
    return engine


def test_the_tables_are_those_of_the_models(fourth: Engine) -> None:
    migrate(fourth)
    with fourth.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_what_people_did_comes_along_to_both_layers(fourth: Engine) -> None:
    migrate(fourth)
    with fourth.begin() as connection:
        found = {s.id: s for s in read_segments(connection, deleted=True)}
        assert {s.version for s in found.values()} == {0}
        assert not any(s.covered or s.created or s.locked for s in found.values())
        assert [n for n, s in found.items() if s.touched] == [12, 13, 1, 2, 3]
        assert [n for n, s in found.items() if not s.shown] == [3]
        assert {n: s.origin for n, s in found.items()} == {
            n: None if n in (2, 13) else s.span for n, s in found.items()
        }
        mine, moved, written = (found[n].layers for n in (1, 2, 12))
        assert (mine.human_en, mine.seen_en, mine.human_ko, mine.seen_ko) == ("a cat", "a dog", None, None)
        assert (moved.human_ko, moved.seen_ko, moved.seen_en) == ("고양이", "소", None)
        assert (written.human_en, written.seen_en, written.said) == ("mine", "two", {1: Said(False, False)})
        assert [get_video(connection, v).overlapping for v in ("v", "crossing", "tiled")] == [False, True, False]


def test_records_of_earlier_imports_are_what_their_segments_say(fourth: Engine) -> None:
    migrate(fourth)
    with fourth.begin() as connection:
        records = text("select video_id, index, caption_en, producer_id from imported_records order by 1, 2")
        assert [tuple(row) for row in connection.execute(records)] == [
            ("crossing", 0, "one", 2),
            ("crossing", 1, "two", 2),
            ("tiled", 0, "first", 2),
            ("tiled", 1, "second", 2),
        ]
        crossing = describer(connection, get_video(connection, "crossing"))
        assert crossing(TimeRange(0, 5000)) == AutoFields("one", "하나", {"dog": 2}, "hello", {1: 0.5, 2: 1.0})
        assert crossing(TimeRange(2000, 4000)) == AutoFields("two", None)
        tiled = describer(connection, get_video(connection, "tiled"))
        assert tiled(TimeRange(0, 2000)).caption_en == "first second"


def test_the_history_comes_along_as_facts(fourth: Engine) -> None:
    migrate(fourth)
    with fourth.begin() as connection:
        operations = read_operations(connection)
        assert [(o.id, o.kind, dict(o.about)) for o in operations] == [
            (4, "people.retrain", {}),
            (3, "people.is", {"before": {}, "after": {"person": 1}}),
            (
                2,
                "people.gender",
                {"before": {"gender": "male"}, "after": {"person": 1, "name": "Ana", "gender": "female"}},
            ),
            (1, "video.add", {"after": {"source": "s", "sha256": "sha"}}),
        ]
        assert not any(o.before or o.after or o.reverts for o in operations), "there is nothing to put back"
        assert [o.id for o in read_operations(connection, subjects=[("video", "v")])] == [3, 1]
        [mark] = live_marks(connection)
        assert (mark.person_id, mark.anchor.video_id) == (1, "v")


def test_the_gender_that_somebody_said_stands(fourth: Engine) -> None:
    migrate(fourth)
    with fourth.begin() as connection:
        said = text("select id from people where gender_said")
        assert connection.execute(said).scalars().all() == [1]
        ensure_person(connection, "G", "Ana", gender="male")
        ensure_person(connection, None, "Ben", gender="female")
        assert {p.id: p.gender for p in list_people(connection)} == {1: "female", 2: "female"}


def test_a_run_after_it_changes_nothing_of_peoples(fourth: Engine) -> None:
    migrate(fourth)
    with fourth.begin() as connection:
        before = {s.id: s for s in read_segments(connection, video_id="v", deleted=True)}
        wanted = [TimeRange(0, 1000), TimeRange(1000, 2000), TimeRange(2000, 3000), TimeRange(3000, 4000)]
        refresh_segments(connection, "v", wanted, lambda span: AutoFields(f"new {span.start_ms}", None), 1)
        after = {s.id: s for s in read_segments(connection, video_id="v", deleted=True)}
        assert {n: (s.span, s.layers.human_en, s.layers.human_ko, s.deleted_at) for n, s in after.items()} == {
            n: (s.span, s.layers.human_en, s.layers.human_ko, s.deleted_at) for n, s in before.items()
        }
        assert {n: s.origin for n, s in after.items()} == dict(zip((1, 2, 3, 4), wanted, strict=True))


def test_editing_goes_back_and_comes_again(fourth: Engine) -> None:
    def rows() -> list[list[tuple[Any, ...]]]:
        with fourth.begin() as connection:
            return [[tuple(row) for row in connection.execute(text(each))] for each in SAME_IN_BOTH]

    def records() -> list[tuple[Any, ...]]:
        with fourth.begin() as connection:
            return [tuple(r) for r in connection.execute(text("select * from imported_records order by 1, 2"))]

    before = rows()
    migrate(fourth)
    there = records()
    with fourth.begin() as connection:
        step(connection, command.downgrade, "0004")
    assert rows() == before
    migrate(fourth)
    assert records() == there
    with fourth.begin() as connection:
        kinds = [o.kind for o in read_operations(connection, subjects=[("video", "v")])]
    assert kinds == ["people.is", "video.add"]


def test_what_the_fourth_catalogue_cannot_hold_goes_on_the_way_back(fourth: Engine) -> None:
    migrate(fourth)
    with fourth.begin() as connection:
        connection.execute(text("update segments set covered = true where id = 4"))
        edit = {"segment": {"1": {"caption_en": ["x", None]}}}
        first = log_operation(
            connection, actor="jun", door="web", kind="segment.caption", after=edit, subjects=[("video", "tiled")]
        )
        log_operation(connection, actor="jun", door="web", kind="history.undo", before=edit, reverts=first)
        gone = text(
            "insert into face_marks (video_id, time_ms, bbox_xyxy, kind, person_id, operation_id)"
            " values ('v', 0, '{0,0,1,1}', 'is', 999, :operation)"
        )
        connection.execute(gone, {"operation": first})
        step(connection, command.downgrade, "0004")
        segments = (
            connection.execute(text("select id from segments where video_id = 'v' order by id")).scalars().all()
        )
        marks = connection.execute(text("select person_id from face_marks")).scalars().all()
        logged = connection.execute(text("select kind, video_id, after from operations where id >= 5 order by id"))
        assert (segments, marks) == ([1, 2, 3], [1])
        assert [tuple(row) for row in logged] == [("segment.caption", "tiled", edit), ("history.undo", None, None)]
    migrate(fourth)


FIFTH_LIBRARY = """
insert into videos (id, title, kind, sha256, source) values ('w', 'W', 'file', 'sha-w', 's');
insert into stage_runs (video_id, stage, fingerprint, producer_id, run_id, seconds)
  values ('w', 'video', 'mark', 1, 'run', 1.5);
insert into stage_errors (video_id, stage, message, run_id) values ('w', 'faces', 'bad', 'run');
"""
FIFTH_ROWS = text(
    "select video_id, stage, fingerprint, producer_id, run_id, seconds, finished_at from stage_runs order by 1, 2"
)


def test_what_was_done_comes_along_to_the_requests(engine: Engine) -> None:
    with engine.begin() as connection:
        step(connection, command.upgrade, "0005")
        connection.execute(text(FIFTH_LIBRARY))
        before = connection.execute(FIFTH_ROWS).all()
    migrate(engine)
    with engine.begin() as connection:
        assert connection.execute(FIFTH_ROWS).all() == before
        done = read_finished_stages(connection, "w")["video"]
        assert (done.inputs, done.missing, done.newest) == (None, "", None), "what it read is not known"
        found = read_shelf_video(connection, "w")
        assert found is not None
        assert (found.state, dict(found.errors)) == ("failed", {"faces": "bad"})
        request_run(connection, "retry", "w", actor="mina", door="web")
        note_progress(connection, "w", "faces", "run", seconds=1)
    with engine.begin() as connection:
        step(connection, command.downgrade, "0005")
        assert connection.execute(FIFTH_ROWS).all() == before
    migrate(engine)
    with engine.begin() as connection:
        assert open_requests(connection) == []


def test_there_is_a_way_back(engine: Engine) -> None:
    with engine.begin() as connection:
        before = tables(connection)
    migrate(engine)
    with engine.begin() as connection:
        step(connection, command.downgrade, "0001")
        assert tables(connection) == before
    migrate(engine)


def tables(connection: Connection) -> list[str]:
    columns = text("select table_name, column_name from information_schema.columns where table_schema = 'public'")
    return sorted(map(str, connection.execute(columns)))

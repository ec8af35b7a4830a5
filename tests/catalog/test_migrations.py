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
from vsearch_pipeline.catalog.identities import cluster_members
from vsearch_pipeline.catalog.library import list_people
from vsearch_pipeline.catalog.models import Base
from vsearch_pipeline.catalog.passages import write_passages
from vsearch_pipeline.catalog.retrieval import SegmentFilter, candidates, listed
from vsearch_pipeline.catalog.searches import save_search
from vsearch_pipeline.catalog.segments import read_segments, write_embeddings
from vsearch_pipeline.settings import Settings

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

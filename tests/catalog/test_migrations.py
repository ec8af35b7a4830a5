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
    """A database with the first catalogue's tables."""
    with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("drop database if exists first_catalogue"))
        connection.execute(text("create database first_catalogue"))
    made = create_engine(database_url(settings).set(database="first_catalogue"))
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

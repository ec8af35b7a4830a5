"""Where the database is, and that its tables are up to date."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.event import listen
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from vsearch_pipeline.catalog.server import embedded_server
from vsearch_pipeline.errors import DatabaseError
from vsearch_pipeline.settings import Settings

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
DAGSTER_SCHEMA = "dagster"
EF_SEARCH = 160
"""Recall at 10 of 0.99 and more beside exact search, measured up to 100,000 vectors (docs/benchmarks.md)."""
MOST_SCANNED = 200_000
"""Vectors that a search under a filter looks at before it gives up."""
_MIGRATION_LOCK = 0x76_73_65_61  # "vsea"


def database_url(settings: Settings) -> URL:
    """The catalogue's address for psycopg 3; starts the embedded server where none is configured."""
    if settings.database_url:
        try:
            url = make_url(settings.database_url)
        except ArgumentError as error:
            raise DatabaseError(
                "VSEARCH_DATABASE_URL is not a database address; it should look like"
                " postgresql://user:password@host:5432/vsearch."
            ) from error
        if url.get_backend_name() != "postgresql":
            raise DatabaseError(f"VSEARCH_DATABASE_URL must be PostgreSQL, not {url.get_backend_name()}.")
    else:
        url = make_url(embedded_server(settings.home).get_uri())
    return url.set(drivername="postgresql+psycopg")


def dagster_database_url(settings: Settings) -> URL:
    """The same server for dagster-postgres, which needs psycopg2; its tables live in a schema of their own."""
    url = database_url(settings).set(drivername="postgresql+psycopg2")
    return url.update_query_dict({"options": f"-csearch_path={DAGSTER_SCHEMA}"})


_DISK_FULL: Final = "53100"
_CUT_OFF: Final = ("08", "57P", "53300")
"""SQLSTATEs of connections that are not made or broken off; what cannot be reached at all has none."""


def is_unreachable(error: BaseException) -> bool:
    """Whether the database is not there, rather than there and unable to do something."""
    if not isinstance(error, DBAPIError):
        return False
    state = _state(error)
    lost = isinstance(error, OperationalError | InterfaceError) and state is None
    return error.connection_invalidated or lost or str(state).startswith(_CUT_OFF)


def _state(error: SQLAlchemyError) -> str | None:
    """The SQLSTATE, which psycopg 3 and 2 call differently."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)


def reason_of(error: SQLAlchemyError) -> str:
    """What the server or the driver says, in a line without a full stop."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0].rstrip(".")


@contextmanager
def in_words() -> Iterator[None]:
    """Say in a sentence that the database is not there, or that its disk is full; others stay as they are."""
    try:
        yield
    except DBAPIError as error:
        if is_unreachable(error):
            raise DatabaseError(
                f"The database cannot be reached ({reason_of(error)}): what was under way is not stored; try again"
                " when it is back."
            ) from error
        if _state(error) == _DISK_FULL:
            raise DatabaseError(
                f"The database has no room left on its disk ({reason_of(error)}): make room there, then try again."
            ) from error
        raise


class Catalog:
    """A connection pool to the catalogue. Everything that reads or writes takes a connection from `begin()`.

    Connections that broke off are noticed before they are used again: everything goes on by itself when the server
    is back.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back by an exception.

        Raises:
            DatabaseError: the server is not there, went away meanwhile, or has no room left.
        """
        with in_words(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """For reading alone: each statement sees what was committed before it, and is one trip to the server."""
        with (
            in_words(),
            self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def _alembic() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def newest_migration() -> str:
    """The version of the tables that this vsearch works with."""
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory.from_config(_alembic()).get_current_head())


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest version, wholly or not at all; safe when several processes start at once.

    Raises:
        DatabaseError: they are of a newer version than this program.
    """
    from alembic import command
    from alembic.script import ScriptDirectory

    config = _alembic()
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        _refuse_newer(
            connection, {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
        )
        connection.execute(text(f"create schema if not exists {DAGSTER_SCHEMA}"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _refuse_newer(connection: Connection, known: Collection[str]) -> None:
    from alembic.migration import MigrationContext

    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known:
        raise DatabaseError(
            f"The library's tables are of a newer vsearch than this one ({current} after {max(known)}): install"
            " that version again, or go back to a backup."
        )


def _tune(connection: Any, _: object) -> None:
    """How vector indexes are searched: settings of the session, so that no search has to send them."""
    before, connection.autocommit = connection.autocommit, True
    connection.execute(
        f"set hnsw.ef_search = {EF_SEARCH}; set hnsw.iterative_scan = relaxed_order;"
        f" set hnsw.max_scan_tuples = {MOST_SCANNED}; set jit = off"
    )
    connection.autocommit = before


@cache
def _open(url: URL) -> Catalog:
    engine = create_engine(url, pool_pre_ping=True)
    listen(engine, "connect", _tune)
    try:
        migrate(engine)
    except SQLAlchemyError as error:
        reason = reason_of(error)
        where = url.render_as_string()  # without the password
        if is_unreachable(error):
            raise DatabaseError(f"The database at {where} cannot be reached: {reason}.") from error
        if _state(error) == _DISK_FULL:
            raise DatabaseError(
                f"The database at {where} has no room left on its disk ({reason}): make room there, then start"
                " again; its tables are as they were."
            ) from error
        raise DatabaseError(
            f"The tables at {where} could not be brought up to date: {reason} (pgvector must be installed"
            " there, and the user may need the right to create extensions and schemas)."
        ) from error
    return Catalog(engine)


def open_catalog(settings: Settings) -> Catalog:
    """The migrated catalogue of these settings, one pool a process.

    Raises:
        DatabaseError: the server cannot be started or reached, or lacks pgvector.
    """
    return _open(database_url(settings))


def server_versions(catalog: Catalog) -> tuple[str, str]:
    """Versions of PostgreSQL and of pgvector."""
    with catalog.begin() as connection:
        server = connection.execute(text("show server_version")).scalar_one()
        vector = connection.execute(
            text("select extversion from pg_extension where extname = 'vector'")
        ).scalar_one()
    return str(server), str(vector)

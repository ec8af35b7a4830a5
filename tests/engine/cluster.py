"""Several machines on one: a Redis with a password, one PostgreSQL, workers that each have a home of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pytest
from sqlalchemy import text

from tests.clips import make_clip
from tests.external_postgres import external_postgres
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.graph import STAGES
from vsearch_pipeline.ingest.store import add_file
from vsearch_pipeline.serve import free_port
from vsearch_pipeline.settings import Settings

PASSWORD = "not-for-the-event-log"  # noqa: S105 - of a server that lives as long as a test
LOST_SECONDS = 4
RUN = """
import sys
from dagster import execute_job
from dagster._core.definitions.reconstruct import ReconstructableRepository
from vsearch_pipeline.assets.stage import add_partitions, partition_ranges
from vsearch_pipeline.resources.instance import open_instance
from vsearch_pipeline.runner import RANGE_END_TAG, RANGE_START_TAG
from vsearch_pipeline.settings import Settings

videos = sys.argv[1:]
repository = ReconstructableRepository.for_module("vsearch_pipeline.definitions", "defs")
with open_instance(Settings()) as instance:
    add_partitions(instance, videos)
    [several] = partition_ranges(instance, videos, 8)
    tags = {RANGE_START_TAG: several[0], RANGE_END_TAG: several[-1]}
    with execute_job(repository.get_reconstructable_job("ingest"), instance, tags=tags) as result:
        print("run", result.run_id)
        sys.exit(0 if result.success else 1)
"""


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """The address of a Redis that keeps nothing."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("needs redis-server (Debian: apt-get install redis-server), which is not on this machine")
    port = free_port(0)
    options = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--requirepass",
        PASSWORD,
        "--save",
        "",
        "--dir",
        folder,
    ]
    process = subprocess.Popen([binary, *options], stdout=subprocess.DEVNULL)
    address = f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
    try:
        import redis

        client = redis.Redis.from_url(address)
        until(lambda: answers(client), "Redis answers", 20)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def answers(client: object) -> bool:
    import redis

    try:
        return bool(client.ping())  # type: ignore[attr-defined]
    except redis.exceptions.ConnectionError:
        return False


def until(true: Callable[[], bool], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


@dataclass(frozen=True)
class Event:
    """Of Dagster's log; `time` in seconds."""

    run: str
    kind: str
    step: str
    said: str
    process: int | None
    time: float


@dataclass
class Worker:
    """`vsearch worker` in a process group of its own."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def ready(self) -> None:
        until(lambda: " ready." in self.said or self.process.poll() is not None, "the worker is ready", 60)
        assert self.process.poll() is None, self.said

    def kill(self) -> None:
        """As when the machine loses its power: the process that computes goes as well."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)


@dataclass
class Cluster:
    """What every machine is told, and where each has its home."""

    folder: Path
    environment: Mapping[str, str]
    catalog: Catalog
    workers: list[Worker] = field(default_factory=list)

    def home(self, name: str) -> Path:
        """A machine's own folder; the videos are elsewhere, where all machines find them."""
        return self.folder / name

    def on(self, name: str) -> dict[str, str]:
        return {**os.environ, **self.environment, "VSEARCH_HOME": str(self.home(name))}

    def add(self, clip: Path) -> str:
        """Take a file into the shared store; the video's id."""
        told = {name.removeprefix("VSEARCH_").lower(): value for name, value in self.environment.items()}
        settings = Settings(home=self.home("coordinator"), **told)
        return add_file(self.catalog, settings, clip, actor="tester", door="cli").video.id

    def worker(
        self, name: str, queues: Sequence[str] = (), environment: Mapping[str, str] = MappingProxyType({})
    ) -> Worker:
        log = self.folder / f"{name}.log"
        options = [part for queue in queues for part in ("--queue", queue)]
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "vsearch_pipeline", "worker", *options],
                env={**self.on(name), **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.workers.append(Worker(process, log))
        return self.workers[-1]

    def run(self, videos: Sequence[str], executor: str = "celery") -> subprocess.Popen[str]:
        """The job `ingest` for these videos in one run, whose steps go to the workers."""
        return subprocess.Popen(
            [sys.executable, "-c", RUN, *videos],
            env={**self.on("coordinator"), "VSEARCH_EXECUTOR": executor},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def events(self) -> list[Event]:
        """Of all runs, in order."""
        rows = text(
            "select run_id, coalesce(dagster_event_type, ''), coalesce(step_key, ''),"
            " coalesce(event::json -> 'dagster_event' ->> 'message', ''),"
            " (event::json -> 'dagster_event' ->> 'pid')::int, (event::json ->> 'timestamp')::float"
            " from dagster.event_logs order by id"
        )
        with self.catalog.read() as connection:
            if connection.execute(text("select to_regclass('dagster.event_logs')")).scalar() is None:
                return []  # no run has been started
            return [Event(*row) for row in connection.execute(rows).tuples()]

    def is_ingested(self) -> bool:
        """Whether every stage of every video is done."""
        with self.catalog.read() as connection:
            done = connection.execute(text("select video_id, stage from stage_runs")).tuples().all()
            videos = list(connection.execute(text("select id from videos")).scalars())
        return set(done) == {(video, stage) for video in videos for stage in STAGES}

    def stop(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()


@contextmanager
def clusters() -> Iterator[Callable[[str], Cluster]]:
    """Makes clusters by their names: each has a database of its own on one server, and all have one Redis."""
    folder = Path(tempfile.mkdtemp(prefix="vsearch-cluster-"))
    folder.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        broker = stack.enter_context(redis_server(folder))
        server = stack.enter_context(external_postgres("-c max_connections=200 -c fsync=off"))

        def make(name: str) -> Cluster:
            server.psql(f"create database {name}", database="postgres")
            return stack.enter_context(_cluster(folder / name, f"{server.url.rpartition('/')[0]}/{name}", broker))

        yield make


@contextmanager
def _cluster(folder: Path, database: str, broker: str) -> Iterator[Cluster]:
    videos = folder / "shared-videos"
    videos.mkdir(parents=True)
    told = {
        "VSEARCH_DATABASE_URL": database,
        "VSEARCH_MEDIA_URL": videos.as_uri(),
        "VSEARCH_CELERY_BROKER": broker,
        "VSEARCH_CELERY_LOST_SECONDS": str(LOST_SECONDS),
    }
    catalog = open_catalog(Settings(home=folder, database_url=database))
    made = Cluster(folder, told, catalog)
    try:
        yield made
    finally:
        made.stop()
        catalog.close()


def ended_well(run: subprocess.Popen[str], seconds: float = 90) -> None:
    said, _ = run.communicate(timeout=seconds)
    assert run.returncode == 0, said[-3000:]


def small_clips(folder: Path, count: int) -> list[Path]:
    """Clips of a second or two, each of another length and so of other content."""
    return [
        make_clip(folder / f"clip {number}.mp4", seconds=1 + number / 10, cuts=(0.5,), audio=True)
        for number in range(count)
    ]

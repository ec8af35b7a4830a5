"""Two workers with homes of their own do a backfill: steps run where they belong, killed workers lose nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import psutil
import pytest
from sqlalchemy import text

from tests.catalogue_dump import assert_same, dump_of
from tests.engine.cluster import PASSWORD, Cluster, ended_well, small_clips, until
from tests.external_postgres import PASSWORD as DATABASE_PASSWORD

pytestmark = pytest.mark.slow

ON_GPU = {"objects", "captions", "transcript", "faces", "face_tracks", "segment_embeddings"}
STEPS = 13
SECRETS = (PASSWORD, f":{DATABASE_PASSWORD}@")


def at_work(cluster: Cluster) -> str | None:
    """The step that has begun and not ended."""
    last = [event for event in cluster.events() if event.kind in ("STEP_START", "STEP_SUCCESS")]
    return last[-1].step if last and last[-1].kind == "STEP_START" else None


@pytest.fixture(scope="module")
def quiet(new_cluster: Callable[[str], Cluster]) -> Cluster:
    """A library that two workers brought in without trouble."""
    cluster = new_cluster("quiet")
    workers = [cluster.worker("gpu-machine", ["gpu"]), cluster.worker("cpu-machine", ["cpu"])]
    videos = [cluster.add(clip) for clip in small_clips(cluster.folder, 2)]
    for worker in workers:
        worker.ready()
    ended_well(cluster.run(videos))
    assert cluster.is_ingested()
    cluster.stop()
    return cluster


def test_steps_run_where_their_queue_says(quiet: Cluster) -> None:
    said = {e.step: e.said for e in quiet.events() if e.kind == "ENGINE_EVENT" and "in worker" in e.said}
    assert len(said) == STEPS
    assert {step for step in said if "in worker gpu-" in said[step]} == ON_GPU
    assert all("in worker gpu-" in words or "in worker cpu-" in words for words in said.values())


def test_a_worker_is_one_process_that_keeps_its_models(quiet: Cluster) -> None:
    started = [event for event in quiet.events() if event.kind == "STEP_START"]
    assert len({event.process for event in started if event.step in ON_GPU}) == 1
    assert len({event.process for event in started}) == 2


def test_a_worker_writes_into_its_own_home(quiet: Cluster) -> None:
    logs = {name: len(list(quiet.home(name).rglob("*.err"))) for name in ("gpu-machine", "cpu-machine")}
    assert logs == {"gpu-machine": len(ON_GPU), "cpu-machine": STEPS - len(ON_GPU)}
    assert not list((quiet.home("coordinator") / "dagster").rglob("*.err"))
    assert not [name for name in logs if (quiet.home(name) / "videos").exists()], "videos are in the shared store"


def test_copies_for_browsers_wait_for_what_makes_a_video_searchable(quiet: Cluster) -> None:
    started = [event.step for event in quiet.events() if event.kind == "STEP_START"]
    assert started.index("sampling") < started.index("proxy")


def test_passwords_stand_nowhere(quiet: Cluster) -> None:
    with quiet.catalog.read() as connection:
        for table in ("event_logs", "runs", "run_tags", "snapshots"):
            rows = list(connection.execute(text(f"select t::text from dagster.{table} t")).scalars())  # noqa: S608
            assert rows
            assert not [row for row in rows for secret in SECRETS if secret in row], table
    for name in ("gpu-machine", "cpu-machine"):
        written = [
            quiet.folder / f"{name}.log",
            *quiet.home(name).rglob("*.err"),
            *quiet.home(name).rglob("*.yaml"),
        ]
        assert not [path for path in written for secret in SECRETS if secret in path.read_text()]


def test_killed_workers_lose_nothing(quiet: Cluster, new_cluster: Callable[[str], Cluster]) -> None:
    """The process that computes is killed, then all of a worker; another one on another machine ends the run."""
    cluster = new_cluster("killed")
    first = cluster.worker("first-machine")
    videos = [cluster.add(clip) for clip in small_clips(cluster.folder, 2)]
    first.ready()
    run = cluster.run(videos)
    until(lambda: at_work(cluster) in ON_GPU, "a step that uses models runs", 60)
    one = at_work(cluster)
    [computing] = psutil.Process(first.process.pid).children()
    os.kill(computing.pid, signal.SIGKILL)
    until(lambda: at_work(cluster) not in (None, one), "the next step runs", 60)
    other = at_work(cluster)
    first.kill()
    cluster.worker("second-machine").ready()
    ended_well(run)
    started = [event.step for event in cluster.events() if event.kind == "STEP_START"]
    assert {step for step in started if started.count(step) > 1} == {one, other}
    assert cluster.is_ingested()
    assert_same(dump_of(quiet.catalog), dump_of(cluster.catalog))


def test_a_step_of_another_library_fails_in_a_sentence(
    quiet: Cluster, new_cluster: Callable[[str], Cluster]
) -> None:
    """Two libraries on one database of Redis: the wrong worker says so rather than doing nothing."""
    other = new_cluster("other")
    other.worker("stranger").ready()
    run = quiet.run(videos_of(quiet))
    said, _ = run.communicate(timeout=60)
    assert run.returncode != 0
    assert "is not in this worker's database" in said


def videos_of(cluster: Cluster) -> list[str]:
    with cluster.catalog.read() as connection:
        return list(connection.execute(text("select id from videos order by id")).scalars())

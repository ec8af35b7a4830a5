"""`vsearch up` on one machine hands the steps of what is put into its inbox to a worker on another."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from sqlalchemy import text

from tests.engine.cluster import Cluster, small_clips, until
from vsearch_pipeline.serve import free_port

pytestmark = pytest.mark.slow


def test_what_is_put_into_the_inbox_is_worked_on_elsewhere(new_cluster: Callable[[str], Cluster]) -> None:
    cluster = new_cluster("up")
    worker = cluster.worker("worker")
    ports = {"VSEARCH_DAGSTER_PORT": str(free_port(0)), "VSEARCH_PAGE_PORT": str(free_port(0))}
    inbox = cluster.home("coordinator") / "inbox"
    inbox.mkdir(parents=True)
    [clip] = small_clips(cluster.folder, 1)
    said = cluster.folder / "said"
    with said.open("w") as output:
        up = subprocess.Popen(
            [sys.executable, "-m", "vsearch_pipeline", "up"],
            env={**cluster.on("coordinator"), **ports, "VSEARCH_EXECUTOR": "celery"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: "Ctrl-C stops everything" in said.read_text() or up.poll() is not None, "it is up", 120)
        assert up.poll() is None, said.read_text()
        worker.ready()
        shutil.move(clip, inbox / clip.name)
        until(lambda: is_there(cluster) and cluster.is_ingested(), "it is ingested", 150)
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(60)
    worker.process.send_signal(signal.SIGINT)
    assert worker.process.wait(30) == 0
    started = [event for event in cluster.events() if event.kind == "STEP_START"]
    here = [event.step for event in started if event.process not in elsewhere(cluster)]
    assert here == ["take_in_source"]


def is_there(cluster: Cluster) -> bool:
    with cluster.catalog.read() as connection:
        return bool(connection.execute(text("select count(*) from videos")).scalar_one())


def elsewhere(cluster: Cluster) -> set[int | None]:
    """The processes that worked on steps of the job `ingest`."""
    return {event.process for event in cluster.events() if event.kind == "STEP_START" and event.step == "video"}

"""A step that takes longer than a worker may be silent is not handed out twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.engine.cluster import redis_server, until
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.worker import worker_app

pytestmark = pytest.mark.slow

LOST_SECONDS = 3
STEP_SECONDS = 4 * LOST_SECONDS
WORKER = f"""
import sys, time
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.worker import worker_app

app = worker_app(Settings())

@app.task(name="long", acks_late=True, reject_on_worker_lost=True)
def long(told):
    with open(told, "a") as file:
        file.write("begun\\n")
    time.sleep({STEP_SECONDS})

app.worker_main(["worker", "-Q", "cpu", "-P", "prefork", "-c", "1", "-n", sys.argv[1], "-l", "INFO"])
"""


def test_a_long_step_is_worked_on_once(tmp_path: Path) -> None:
    with redis_server(tmp_path) as broker:
        told = {"VSEARCH_CELERY_BROKER": broker, "VSEARCH_CELERY_LOST_SECONDS": str(LOST_SECONDS)}
        begun, logs = tmp_path / "begun", [tmp_path / f"{name}.log" for name in ("one", "two")]
        workers = []
        for log in logs:
            with log.open("wb") as output:
                command = [sys.executable, "-c", WORKER, f"{log.stem}@here"]
                workers.append(
                    subprocess.Popen(
                        command,
                        env={**os.environ, **told},
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                )
        try:
            until(lambda: all(" ready." in log.read_text() for log in logs), "both workers are ready", 60)
            app = worker_app(Settings(celery_broker=broker, celery_lost_seconds=LOST_SECONDS))
            started = time.monotonic()
            app.signature("long", args=[str(begun)]).apply_async(queue="cpu").get(timeout=STEP_SECONDS + 30)
            assert time.monotonic() - started > STEP_SECONDS
            time.sleep(LOST_SECONDS)
            assert begun.read_text().splitlines() == ["begun"]
        finally:
            for worker in workers:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait(20)

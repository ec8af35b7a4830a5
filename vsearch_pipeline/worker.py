"""`vsearch worker`: takes steps that dagster-celery hands out, one at a time in one process that keeps its models.

The task is dagster-celery's, under its name, with three differences: it uses the worker's own Dagster home and
settings rather than those of the machine that started the run, closes its storage after each step, and leaves a
step alone whose run has ended meanwhile.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.errors import InputError, VsearchError
from vsearch_pipeline.resources.engine import celery_options, check_broker
from vsearch_pipeline.resources.instance import prepare_dagster_home
from vsearch_pipeline.resources.placement import CPU_QUEUE, GPU_QUEUE
from vsearch_pipeline.settings import Settings

QUEUES = (GPU_QUEUE, CPU_QUEUE)


def work(settings: Settings, queues: Sequence[str] = ()) -> None:
    """Take steps of these queues until told to stop.

    Raises:
        InputError: there is no such queue, the broker is not set, or Celery is not installed.
        DatabaseError: the database cannot be reached.
        VsearchError: the broker cannot be reached.
    """
    unknown = [queue for queue in queues if queue not in QUEUES]
    if unknown:
        raise InputError(f"There is no queue {unknown[0]}: choose of {' and '.join(QUEUES)}.")
    check_broker(settings)
    prepare_dagster_home(settings)
    open_catalog(settings).close()  # said now rather than by the first step; the steps' process opens its own
    taken = queues or QUEUES
    worker_app(settings).worker_main(
        [
            "worker",
            *["--queues", ",".join(taken), "--hostname", f"{'-'.join(taken)}-{os.getpid()}@%h"],
            *["--pool", "prefork", "--concurrency", "1"],  # one process, which keeps the models it has loaded
            *["--loglevel", "INFO", "--without-gossip", "--without-mingle"],
        ]
    )


def worker_app(settings: Settings) -> Any:
    """Celery's application with the task that executes a step."""
    from dagster_celery.config import TASK_EXECUTE_PLAN_NAME
    from dagster_celery.make_app import make_app

    app = make_app(celery_options(settings))

    @app.task(bind=True, name=TASK_EXECUTE_PLAN_NAME, acks_late=True, reject_on_worker_lost=True)
    def execute_plan(
        task: Any, execute_step_args_packed: dict[str, Any], executable_dict: dict[str, Any]
    ) -> list[str]:
        return _execute_step(task.request.hostname, execute_step_args_packed, executable_dict)

    app.steps["consumer"].add(_keeping_its_messages(settings.celery_lost_seconds / 4))
    return app


def _execute_step(worker: str, packed: dict[str, Any], executable: dict[str, Any]) -> list[str]:
    """The events of the step, for the process that watches the run."""
    from dagster import DagsterInstance
    from dagster._core.definitions.reconstruct import ReconstructableJob
    from dagster._core.events import EngineEventData
    from dagster._core.execution.api import create_execution_plan, execute_plan_iterator
    from dagster._grpc.types import ExecuteStepArgs
    from dagster._serdes import serialize_value, unpack_value
    from dagster_celery.core_execution_loop import DELEGATE_MARKER
    from dagster_celery.executor import CeleryExecutor

    asked = unpack_value(packed, as_type=ExecuteStepArgs)
    job = ReconstructableJob.from_dict(executable)
    with DagsterInstance.get() as instance:
        run = instance.get_run_by_id(asked.run_id)
        if run is None:
            raise VsearchError(
                f"Run {asked.run_id} is not in this worker's database: VSEARCH_DATABASE_URL must be the same on"
                " every machine, and each library needs a database of Redis to itself."
            )
        if run.is_finished:
            return []
        [step] = asked.step_keys_to_execute or ()
        plan = create_execution_plan(
            job, run.run_config, step_keys_to_execute=[step], known_state=asked.known_state
        )
        begun = instance.report_engine_event(
            f"Executing step {step} in worker {worker}",
            run,
            EngineEventData({"worker": worker}, marker_end=DELEGATE_MARKER),
            CeleryExecutor,
            step_key=step,
        )
        events = execute_plan_iterator(
            execution_plan=plan,
            job=job,
            dagster_run=run,
            instance=instance,
            retry_mode=asked.retry_mode,
            run_config=run.run_config,
        )
        return [serialize_value(event) for event in (begun, *events)]


def _keeping_its_messages(every_seconds: float) -> Any:
    """A part of the worker that says of the step at hand that it is still being worked on.

    Redis gives a message to another worker when nothing was heard of it for the visibility timeout. Steps take
    longer than one wants to wait for a dead worker, so a living one renews its messages.
    """
    from celery import bootsteps

    class KeepsItsMessages(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)
        timer: Any = None

        def start(self, parent: Any) -> None:
            self.timer = parent.timer.call_repeatedly(every_seconds, _renew, (parent,))

        def stop(self, parent: Any) -> None:  # noqa: ARG002 - Celery's signature
            if self.timer is not None:
                self.timer.cancel()
                self.timer = None

    return KeepsItsMessages


def _renew(consumer: Any) -> None:
    channel = consumer.task_consumer.channel
    held = dict.fromkeys(channel.qos._delivered, time.time())  # kombu tells it in no other way
    if held:
        with channel.conn_or_acquire() as redis:
            redis.zadd(
                channel.unacked_index_key, held, xx=True
            )  # xx: one that was acknowledged meanwhile stays so

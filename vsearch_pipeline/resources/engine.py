"""What executes the steps of queued runs: the run's own process, workers of Celery, or pods of Kubernetes.

Addresses with passwords are read from the settings where they are used, so that no run's configuration holds them.
Runs inside a command (`vsearch add`) are executed by that command, whatever this says.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from dagster import (
    Executor,
    ExecutorDefinition,
    InitExecutorContext,
    executor,
    in_process_executor,
    multiple_process_executor_requirements,
)
from dagster._core.execution.retries import RetryMode
from dagster._grpc.types import ExecuteStepArgs
from dagster._serdes import pack_value

from vsearch_pipeline.errors import InputError, VsearchError
from vsearch_pipeline.resources.placement import CPU_QUEUE, GPU_RESOURCE
from vsearch_pipeline.resources.pools import LOOK_SECONDS
from vsearch_pipeline.settings import Settings

KEYS = "vsearch:"
"""What the names of all keys in Redis begin with."""
RESULT_SECONDS = 3600
"""A step's events are read by its run within a second, and are in Dagster's own storage anyway."""
REDIS = ("redis", "rediss", "redis+socket")


def executor_of(settings: Settings, gpu_steps: Iterable[str] = ()) -> ExecutorDefinition:
    """What these settings ask for.

    Args:
        gpu_steps: names of the steps that use models.

    Raises:
        InputError: its package is missing, or the broker's address.
    """
    if settings.executor == "celery":
        _has_celery()
        broker_of(settings)
        return celery_steps
    if settings.executor == "kubernetes":
        return _kubernetes_steps(settings, gpu_steps)
    return in_process_executor  # one process a run: each model is loaded once, not once a step


# --- Celery ---


@executor(name="celery", requirements=multiple_process_executor_requirements())
def celery_steps(_context: InitExecutorContext) -> Executor:
    """dagster-celery without its options: what it needs comes from the settings of each process."""
    import dagster_celery.core_execution_loop
    from dagster_celery.executor import CeleryExecutor

    loop: Any = dagster_celery.core_execution_loop
    loop.TICK_SECONDS = LOOK_SECONDS  # a second left workers idle between short steps

    class OverRedis(CeleryExecutor):
        def execute(self, plan_context: Any, execution_plan: Any) -> Any:
            return loop.core_celery_execution_loop(plan_context, execution_plan, step_execution_fn=_hand_out)

    return OverRedis(retries=RetryMode(RetryMode.ENABLED), **celery_options(Settings()))


def _hand_out(  # noqa: PLR0917 - dagster-celery's signature
    app: Any, run: Any, step: Any, queue: str, priority: int, known_state: Any
) -> Any:
    """Send a step to its queue. Dagster counts priorities upwards, Redis hands out 0 first and 9 last."""
    from dagster_celery.config import TASK_EXECUTE_PLAN_NAME

    asked = ExecuteStepArgs(
        job_origin=run.reconstructable_job.get_python_origin(),
        run_id=run.dagster_run.run_id,
        step_keys_to_execute=[step.key],
        instance_ref=None,  # a worker has one of its own
        retry_mode=run.executor.retries.for_inner_plan(),
        known_state=known_state,
        print_serialized_events=False,
    )
    return app.signature(
        TASK_EXECUTE_PLAN_NAME,
        kwargs={
            "execute_step_args_packed": pack_value(asked),
            "executable_dict": run.reconstructable_job.to_dict(),
        },
        immutable=True,
    ).apply_async(
        priority=9 - min(max(priority, 0), 9), queue=queue, routing_key=f"{queue}.{TASK_EXECUTE_PLAN_NAME}"
    )


def celery_options(settings: Settings) -> dict[str, Any]:
    """Of Celery's application, the same for who hands steps out and for who takes them.

    A step is acknowledged when it is done, so that one of a killed worker goes to another.
    """
    broker = broker_of(settings)
    lost = settings.celery_lost_seconds
    return {
        "broker": broker,
        "backend": settings.celery_backend.get_secret_value() if settings.celery_backend else broker,
        "config_source": {
            "task_default_queue": CPU_QUEUE,
            "worker_prefetch_multiplier": 1,
            "result_expires": RESULT_SECONDS,
            "broker_connection_retry_on_startup": True,
            "broker_transport_options": {
                "visibility_timeout": lost,
                "unacked_restore_interval": max(1.0, lost / 6),
                "unacked_restore_throttle": 1,
                "global_keyprefix": KEYS,
            },
            "result_backend_transport_options": {"global_keyprefix": KEYS},
        },
    }


def broker_of(settings: Settings) -> str:
    """The address of the Redis that hands out steps, with its password.

    Raises:
        InputError: there is none, or it is not Redis.
    """
    if settings.celery_broker is None:
        raise InputError("Celery needs the address of a Redis: set VSEARCH_CELERY_BROKER in the environment.")
    address = settings.celery_broker.get_secret_value()
    if urlsplit(address).scheme not in REDIS:
        raise InputError("VSEARCH_CELERY_BROKER must be Redis, as redis://:password@host:6379/0.")
    return address


def check_broker(settings: Settings) -> str:
    """Where the broker is, without the password, after it has answered.

    Raises:
        InputError: there is none, it is not Redis, or Celery is not installed.
        VsearchError: it cannot be reached.
    """
    _has_celery()
    from celery import Celery
    from kombu.exceptions import OperationalError

    with Celery(broker=broker_of(settings)).connection_for_read() as connection:
        where = str(connection.as_uri())
        try:
            connection.ensure_connection(max_retries=1, interval_start=0.5)
        except (OperationalError, OSError) as error:
            raise VsearchError(f"The Celery broker at {where} cannot be reached: {error}.") from error
    return where


def _has_celery() -> None:
    if not (find_spec("dagster_celery") and find_spec("redis")):
        raise InputError("VSEARCH_EXECUTOR=celery needs more packages: pip install 'vsearch[celery]'.")


# --- Kubernetes ---


def _kubernetes_steps(settings: Settings, gpu_steps: Iterable[str]) -> ExecutorDefinition:
    """A pod for each step, made as the run's own was: image, secrets and volumes come from the run launcher."""
    if not find_spec("dagster_k8s"):
        raise InputError("VSEARCH_EXECUTOR=kubernetes needs more packages: pip install 'vsearch[kubernetes]'.")
    from dagster_k8s import k8s_job_executor

    gpu: dict[str, Any] = {
        "container_config": {"resources": {"limits": {GPU_RESOURCE: str(settings.kubernetes_gpus)}}}
    }
    if settings.kubernetes_gpu_nodes and settings.kubernetes_gpus:
        gpu["pod_spec_config"] = {"node_selector": dict(settings.kubernetes_gpu_nodes)}
    return k8s_job_executor.configured({"per_step_k8s_config": dict.fromkeys(gpu_steps, gpu)})

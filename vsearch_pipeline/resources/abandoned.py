"""Runs whose process is gone: they are marked as failed, and what they held is given back.

A command that is killed leaves its run as started, and so does all that a power cut ends; a run that loses the
database while it ends leaves its place in a pool taken. Everybody who comes later would wait for them.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import psutil
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.tags import GRPC_INFO_TAG

PROCESS_TAG: Final = "vsearch/process"
"""On a run executed inside a command: the machine and the process that execute it."""
MACHINE_TAG: Final = "vsearch/machine"
"""On a run that Dagster's daemon started: the machine whose server of the code executes it."""
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_ANSWER_SECONDS: Final = 10


def process_tag() -> dict[str, str]:
    return {PROCESS_TAG: f"{_machine()}:{_process(os.getpid())}"}


def machine_tag() -> dict[str, str]:
    return {MACHINE_TAG: _machine()}


def is_of_command(run: DagsterRun) -> bool:
    """Whether a command executes a run; where the daemon starts such a run again, the new one has its tags too."""
    return PROCESS_TAG in run.tags and MACHINE_TAG not in run.tags


def clear_away(instance: DagsterInstance) -> None:
    """Fail the runs of this machine whose process is gone, and free what ended runs still hold."""
    unfinished = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.NOT_STARTED]
    for run in instance.get_runs(RunsFilter(statuses=unfinished)):
        if (is_of_command(run) or _is_here(run.tags.get(MACHINE_TAG, ""))) and is_gone(run):
            instance.report_run_failed(run, message="The process that executed this run was killed.")
    _give_places_back(instance)


def is_gone(run: DagsterRun) -> bool:
    """Whether what executed a run has ended, as far as it can be told from here."""
    if is_of_command(run):
        machine, _, process = run.tags[PROCESS_TAG].rpartition(":")
        if not _is_here(machine):
            return False
        return machine != _machine() or process != _process(int(process.partition("@")[0]))
    if run.status != DagsterRunStatus.STARTED or GRPC_INFO_TAG not in run.tags:
        return False  # Dagster's daemon starts it, or gives it up
    return not _executes(json.loads(run.tags[GRPC_INFO_TAG]), run.run_id)


def _executes(server: Mapping[str, Any], run_id: str) -> bool:
    """Whether a server of the code has a run's process; one that only does not answer in time has."""
    # seldom asked, and slow to import: commands start without
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient
    from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
    from dagster._serdes import deserialize_value

    client = DagsterGrpcClient(host=server["host"], port=server.get("port"), socket=server.get("socket"))
    try:
        told = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run_id), timeout=_ANSWER_SECONDS)
    except DagsterUserCodeUnreachableError as error:
        code = getattr(error.__cause__, "code", None)
        return code is None or code().name != "UNAVAILABLE"
    return bool(deserialize_value(told, CanCancelExecutionResult).can_cancel)


def _give_places_back(instance: DagsterInstance) -> None:
    storage = instance.event_log_storage
    holding = storage.get_concurrency_run_ids()
    if not holding:
        return
    going = instance.get_runs(RunsFilter(run_ids=list(holding), statuses=list(NOT_FINISHED_STATUSES)))
    for run_id in holding - {run.run_id for run in going}:
        storage.free_concurrency_slots_for_run(run_id)
    # whoever freed a place may have been killed before it went to the next in the queue
    storage.assign_pending_steps(storage.get_concurrency_keys())  # type: ignore[attr-defined]


def _machine() -> str:
    return f"{socket.gethostname()}/{_boot()}"


def _is_here(machine: str) -> bool:
    """Whether it is this one, perhaps before it was started anew."""
    return machine.partition("/")[0] == socket.gethostname()


def _process(pid: int) -> str:
    """A process id with when it began, in ticks since the boot: numbers are given again, in containers at once."""
    try:
        began = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return f"{pid}@" if psutil.pid_exists(pid) else ""
    return f"{pid}@{began}"


@cache
def _boot() -> str:
    return _BOOT.read_text().strip().partition("-")[0] if _BOOT.exists() else ""

"""Why a run failed, in one line for people."""

from __future__ import annotations

from typing import Final

from dagster import DagsterEvent, DagsterEventType, DagsterInstance

UNKNOWN: Final = "the run failed; its log is in the Dagster UI"


def step_reason(event: DagsterEvent) -> str | None:
    """The words of a step that failed; None of any other event, and where it left none."""
    if event.event_type != DagsterEventType.STEP_FAILURE:
        return None
    data = event.step_failure_data
    failure, error = data.user_failure_data, data.error
    if failure is not None and failure.description:
        return str(failure.description)
    if error is not None:
        cause = error.cause or error
        return f"{event.step_key}: {cause.message.strip().splitlines()[0]}"
    return None


def run_reason(instance: DagsterInstance, run_id: str) -> str:
    """Why a run of an instance failed: the first failed step's own words, else what Dagster says of it."""
    failed = instance.get_records_for_run(run_id, of_type=DagsterEventType.STEP_FAILURE, limit=1).records
    ended = instance.get_records_for_run(run_id, of_type=DagsterEventType.RUN_FAILURE, limit=1).records
    for record in failed:
        event = record.event_log_entry.dagster_event
        if event and (reason := step_reason(event)):
            return reason
    for record in ended:
        event = record.event_log_entry.dagster_event
        if event and event.message:
            return str(event.message).strip().splitlines()[0]
    return UNKNOWN

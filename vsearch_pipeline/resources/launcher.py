"""How Dagster's daemon starts runs on the machine that serves, and notices that their process is gone."""

from __future__ import annotations

from dagster import DagsterRun, DefaultRunLauncher
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus

from vsearch_pipeline.resources.abandoned import is_gone, machine_tag


class LocalRunLauncher(DefaultRunLauncher):
    """Dagster's own, which tells the daemon whether a run goes on.

    Without that a run which a power cut ended counts as started for good: it holds the card and a place in the
    queue. The daemon marks it as failed, and starts it again (`run_retries`).
    """

    def launch_run(self, context: LaunchRunContext) -> None:
        self._instance.add_run_tags(context.dagster_run.run_id, machine_tag())
        super().launch_run(context)

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        if is_gone(run):
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "its process is gone")
        return CheckRunHealthResult(WorkerStatus.RUNNING)

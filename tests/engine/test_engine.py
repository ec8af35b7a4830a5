"""What the settings choose to execute steps, and what is said where something is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dagster import in_process_executor
from typer.testing import CliRunner

from vsearch_pipeline.assets.jobs import take_in_job
from vsearch_pipeline.assets.proxy import LAST
from vsearch_pipeline.cli import app
from vsearch_pipeline.definitions import definitions
from vsearch_pipeline.errors import InputError, VsearchError
from vsearch_pipeline.resources import engine
from vsearch_pipeline.resources.engine import celery_options, executor_of
from vsearch_pipeline.resources.instance import prepare_dagster_home
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.worker import work

BROKER = "redis://:hidden@127.0.0.1:1/0"


def test_steps_run_in_the_run_s_own_process_unless_said_otherwise() -> None:
    assert executor_of(Settings()) is in_process_executor


@pytest.mark.parametrize("executor", ["celery", "kubernetes"])
def test_files_are_taken_in_where_they_are(executor: str) -> None:
    """The inbox is a folder of the machine that watches it."""
    made = definitions(Settings(executor=executor, celery_broker=BROKER))
    assert made.resolve_job_def("ingest").executor_def is not in_process_executor
    assert made.resolve_job_def(take_in_job.name).executor_def is in_process_executor


def test_a_run_s_configuration_has_no_place_for_the_broker() -> None:
    made = definitions(Settings(executor="celery", celery_broker=BROKER))
    schema = made.resolve_job_def("ingest").executor_def.config_schema.as_field()
    assert not schema.is_required
    assert "hidden" not in repr(vars(made.resolve_job_def("ingest").executor_def))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"executor": "celery"}, "VSEARCH_CELERY_BROKER"),
        ({"executor": "celery", "celery_broker": "amqp://guest:hidden@host//"}, "must be Redis"),
    ],
)
def test_what_is_missing_is_said_without_the_password(given: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        executor_of(Settings(**given))
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize(
    ("executor", "extra"), [("celery", "vsearch[celery]"), ("kubernetes", "vsearch[kubernetes]")]
)
def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, executor: str, extra: str) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda _: None)
    with pytest.raises(InputError) as error:
        executor_of(Settings(executor=executor, celery_broker=BROKER))
    assert f"pip install '{extra}'" in str(error.value)


def test_neither_engine_is_imported_without_being_asked_for() -> None:
    code = "import sys, vsearch_pipeline.definitions; print({'celery', 'redis', 'kubernetes'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "set()"


def test_results_are_kept_beside_the_broker_unless_said_otherwise() -> None:
    assert celery_options(Settings(celery_broker=BROKER))["backend"] == BROKER
    other = celery_options(Settings(celery_broker=BROKER, celery_backend="redis://other/1"))
    assert (other["broker"], other["backend"]) == (BROKER, "redis://other/1")


def test_the_copy_for_browsers_comes_last_in_every_engine() -> None:
    assert int(LAST["dagster/priority"]) < 0
    assert int(LAST["dagster-celery/priority"]) < 5, "what a step without a priority has"


def test_a_worker_says_that_nobody_hands_out_steps(settings: Settings) -> None:
    given = settings.model_copy(update={"celery_broker": Settings(celery_broker=BROKER).celery_broker})
    with pytest.raises(VsearchError, match=r"broker at redis://:\*\*@127.0.0.1:1/0 cannot be reached"):
        work(given)


def test_a_worker_knows_its_queues(settings: Settings) -> None:
    with pytest.raises(InputError, match="no queue tpu: choose of gpu and cpu"):
        work(settings, ["tpu"])


def test_the_number_of_runs_at_a_time_reaches_dagster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DAGSTER_HOME", "VSEARCH_HOME"):
        monkeypatch.setenv(name, "put back at the end")
    prepare_dagster_home(Settings(home=tmp_path, concurrent_runs=7))
    written = yaml.safe_load((tmp_path / "dagster" / "dagster.yaml").read_text())
    assert written["concurrency"]["runs"]["max_concurrent_runs"] == 7
    assert written["concurrency"]["pools"]["default_limit"] == 1
    assert [path.name for path in (tmp_path / "dagster").iterdir()] == ["dagster.yaml"]


def test_a_home_is_prepared_for_services_started_by_hand(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DAGSTER_HOME", "VSEARCH_HOME"):
        monkeypatch.setenv(name, str(home))
    result = CliRunner().invoke(app, ["prepare"])
    assert result.exit_code == 0, result.output
    assert (home / "dagster" / "dagster.yaml").is_file()

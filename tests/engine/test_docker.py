"""The image and the compose file, as far as they can be judged where no container runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from vsearch_pipeline.cli import app
from vsearch_pipeline.settings import PROJECT_ROOT, Settings

FOLDER = PROJECT_ROOT / "deploy" / "docker"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service["image"].startswith("vsearch"))
SCRIPTS = {entry.name for entry in entry_points(group="console_scripts")}
ON_CARD = {"dagster-daemon", "worker"}
INTERPOLATED = re.compile(r"\$\{(\w+)(?::[-?][^}]*)?\}")


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint") or str(Path(sys.executable).with_name("hadolint"))
    found = subprocess.run([hadolint, str(FOLDER / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_the_image_runs_as_nobody_special() -> None:
    users = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)
    assert users[-1].split(":")[0].isdigit()
    assert int(users[-1].split(":")[0]) >= 10000


def test_no_layer_holds_a_secret_or_more_than_the_program() -> None:
    assert not re.search(r"password|secret|token|api_key", DOCKERFILE, re.IGNORECASE)
    copied = [word for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE) for word in line.split()[:-1]]
    first, *allowed = [
        line for line in (PROJECT_ROOT / ".dockerignore").read_text().splitlines() if line and line[0] not in "#"
    ]
    assert first == "*"
    assert {line.removeprefix("!") for line in allowed if line[0] == "!"} == set(copied)
    assert all((PROJECT_ROOT / name).exists() for name in copied)


def test_packages_are_pinned() -> None:
    installs = re.findall(r"pip install ([^\\\n]+)", DOCKERFILE)
    assert installs
    assert all("-c constraints.txt" in install or "-r requirements/" in install for install in installs)
    pins = (PROJECT_ROOT / "requirements" / "cuda.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", pin) for pin in pins if not pin.startswith("#"))


def test_the_libraries_for_cuda_are_found_by_the_python_of_the_image() -> None:
    [version] = re.findall(r"^FROM python:(\d+\.\d+)-slim", DOCKERFILE, re.MULTILINE)
    assert set(re.findall(r"site-packages/nvidia/(\w+)/lib", DOCKERFILE)) == {"cu13", "cudnn"}
    assert set(re.findall(r"lib/python(\d+\.\d+)/", DOCKERFILE)) == {version}


@pytest.mark.parametrize("name", OURS)
def test_a_service_s_command_exists(name: str) -> None:
    program, *arguments = SERVICES[name]["command"]
    assert program in SCRIPTS
    if program == "vsearch":
        assert arguments[0] in typer.main.get_command(app).commands  # type: ignore[attr-defined]
    if "run" in arguments and program == "streamlit":
        assert (PROJECT_ROOT / arguments[1]).is_file()
    if "-w" in arguments:
        assert (PROJECT_ROOT / arguments[arguments.index("-w") + 1]).is_file()


@pytest.mark.parametrize("name", OURS)
def test_a_service_is_told_only_what_is_a_setting(name: str) -> None:
    service = SERVICES[name]
    told = {key for key in service["environment"] if key.startswith("VSEARCH_")}
    assert told <= {f"VSEARCH_{field.upper()}" for field in Settings.model_fields}
    assert service["env_file"] == [{"path": ".env", "required": True}]
    assert service["cap_drop"] == ["ALL"]
    assert "home:/srv/vsearch" in service["volumes"]
    assert f"VSEARCH_HOME={service['environment']['VSEARCH_HOME']}" in DOCKERFILE.replace(" \\\n", "")


def test_services_volumes_and_ports_fit_together() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert used == set(COMPOSE["volumes"])
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]
            hidden = set(SERVICES[other].get("profiles", ())) - set(service.get("profiles", ()))
            assert not hidden, f"{name} would pull {other} out of its profile"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
    asked = {name for name, service in SERVICES.items() if "healthcheck" in service}
    assert asked >= {"database", "broker", "page", "dagster-webserver", "dagster-daemon"}


def test_what_answers_for_health_listens_there() -> None:
    for name in ("page", "dagster-webserver"):
        [port] = [mapping.rsplit(":", 1)[1] for mapping in SERVICES[name]["ports"]]
        assert f"127.0.0.1:{port}/" in " ".join(SERVICES[name]["healthcheck"]["test"])
        assert port in " ".join(SERVICES[name]["command"])


def test_only_what_computes_gets_the_card() -> None:
    reserved = {name for name, service in SERVICES.items() if "deploy" in service}
    assert reserved == ON_CARD
    for name in ON_CARD:
        [device] = SERVICES[name]["deploy"]["resources"]["reservations"]["devices"]
        assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}


def test_secrets_come_from_outside() -> None:
    text = (FOLDER / "compose.yaml").read_text()
    assert "VSEARCH_DATABASE_PASSWORD" in INTERPOLATED.findall(text)
    for service in SERVICES.values():
        for name, value in (service.get("environment") or {}).items():
            if "PASSWORD" in name or ("://" in str(value) and "@" in str(value)):
                assert "${VSEARCH_DATABASE_PASSWORD" in value
    ignored = (PROJECT_ROOT / ".gitignore").read_text().splitlines()
    assert ".env" in ignored

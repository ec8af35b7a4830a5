"""`vsearch up`: starts everything, says where, leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.commands import family
from vsearch_pipeline.serve import HOST, free_port


def test_a_taken_port_gives_way_to_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        other = free_port(port)
        assert other != port
    with socket.socket() as free:
        free.bind((HOST, other))


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_everything_answers_and_everything_stops(tmp_path: Path, ending: signal.Signals) -> None:
    environment = {**os.environ, "VSEARCH_HOME": str(tmp_path / "home")}
    environment |= {"VSEARCH_DAGSTER_PORT": str(free_port(0)), "VSEARCH_PAGE_PORT": str(free_port(0))}
    up = [sys.executable, "-m", "vsearch_pipeline", "up"]
    said = tmp_path / "said"
    with said.open("w") as output:
        process = subprocess.Popen(up, env=environment, stdout=output, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 150
    while "Ctrl-C stops everything" not in said.read_text():
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.2)
    page, dagster = re.findall(r"http://\S+", said.read_text())
    assert urllib.request.urlopen(page, timeout=10).status == 200  # noqa: S310 - our own address
    assert urllib.request.urlopen(dagster, timeout=10).status == 200  # noqa: S310 - our own address
    second = subprocess.run(up, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 1
    assert "already running" in second.stderr
    everyone = family(process.pid)
    assert len(everyone) >= 4
    process.send_signal(ending)
    process.wait(60)
    # a killed parent cannot stop the database; the next command does, see tests/catalog
    services = [p for p in everyone if "postgres" not in _name(p)]
    _, alive = psutil.wait_procs(services, timeout=40)
    assert [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    look = [sys.executable, "-m", "vsearch_pipeline", "status"]
    subprocess.run(look, env=environment, capture_output=True, check=True, timeout=60)
    assert not (tmp_path / "home" / "postgres" / "postmaster.pid").exists()


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""

"""Logs: one line a record, as text or JSON, of whatever a service writes; files that do not grow without end."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from vsearch_pipeline.logs import Guarded, about, formatter, learn_secrets, rotate
from vsearch_pipeline.redaction import REDACTED
from vsearch_pipeline.settings import Settings


def record(message: str, *args: Any, level: int = logging.INFO, problem: Any = None, **extra: Any) -> str:
    made = logging.getLogger("vsearch_pipeline.x").makeRecord(
        "vsearch_pipeline.x", level, "f", 1, message, args, problem, extra=extra
    )
    return formatter("json").format(made)


def test_a_record_as_json_has_time_level_logger_message_and_fields() -> None:
    with about(stage="faces", run_id="r1"):
        told = json.loads(record("stage %s", "done", video="민지-a1", seconds=1.25))
    assert told.pop("time").endswith("Z")
    assert told == {
        "level": "info",
        "logger": "vsearch_pipeline.x",
        "message": "stage done",
        "stage": "faces",
        "run_id": "r1",
        "video": "민지-a1",
        "seconds": 1.25,
    }
    assert "stage" not in json.loads(record("later"))


def test_an_exception_is_one_field_of_one_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        line = record("it broke", level=logging.ERROR, problem=sys.exc_info())
    assert "\n" not in line
    told = json.loads(line)
    assert told["exception"].startswith("Traceback")
    assert told["exception"].endswith("lines")


def test_a_record_as_text() -> None:
    made = logging.getLogger("a.b").makeRecord("a.b", logging.WARNING, "f", 1, "%d left", (3,), None)
    line = formatter("text").format(made)
    assert line.endswith(" WARNING a.b: 3 left")
    made = logging.getLogger("a.b").makeRecord("a.b", logging.INFO, "f", 1, "done", (), None, extra={"video": "v"})
    assert formatter("text").format(made).endswith(" INFO a.b: done (video=v)")


def guarded(log_format: Any = "json") -> tuple[Guarded, io.StringIO]:
    below = io.StringIO()
    return Guarded(below, log_format, "stderr"), below


def test_what_others_write_becomes_records() -> None:
    stream, below = guarded()
    print("one", "line", file=stream)
    stream.write('{"already": "json"}\n')
    stream.write("held back")
    assert len(below.getvalue().splitlines()) == 2
    stream.write(" until it ends\nwith a second line\n")
    first, second, third = map(json.loads, below.getvalue().splitlines())
    assert (first["message"], first["level"], first["logger"]) == ("one line", "info", "stderr")
    assert second == {"already": "json"}
    assert third["message"] == "held back until it ends\nwith a second line"


def test_what_dagster_writes_keeps_its_level() -> None:
    stream, below = guarded()
    stream.write(
        "\x1b[32m2026-11-27 03:14:36 +0000\x1b[0m - dagster - \x1b[34mERROR\x1b[0m - ingest - failed\n\nwhy\n"
    )
    told = json.loads(below.getvalue())
    assert told == {
        "time": "2026-11-27T03:14:36.000Z",
        "level": "error",
        "logger": "dagster",
        "message": "ingest - failed\n\nwhy",
    }


def test_text_is_passed_on_as_it_is_but_for_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, below = guarded("text")
    learn_secrets(Settings(media_key=SecretStr("canary-of-the-guard-0123456789abcdef")), {})
    stream.write("key canary-of-the-guard-0123456789abcdef\n")
    assert below.getvalue() == "key ***\n"


SCRIPT = """
import logging, os, sys, threading
from vsearch_pipeline.logs import set_up_logs
from vsearch_pipeline.settings import Settings
late = logging.getLogger("late")
set_up_logs(Settings(), "page")
set_up_logs(Settings(), "cli")  # the first door decides
logging.getLogger("vsearch_pipeline.x").info("ours", extra={"video": "v1"})
logging.getLogger("vsearch_pipeline.x").debug("too much")
logging.getLogger("other").info("not ours")
logging.getLogger("other").warning("a warning of %s", "others")
late.addHandler(logging.StreamHandler())  # made after us, as Dagster's daemon does
late.warning("once")
print("printed")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise RuntimeError("the end: " + os.environ["VSEARCH_METRICS_TOKEN"])
"""


def run_script(tmp_path: Path, **environment: str) -> str:
    file = tmp_path / "door.py"
    file.write_text(SCRIPT)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VSEARCH_")}
    inherited |= {"VSEARCH_METRICS_TOKEN": "canary-of-a-crash-0123456789", "PYTHONPATH": str(Path.cwd())}
    ended = subprocess.run(
        [sys.executable, str(file)],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    return ended.stdout + ended.stderr


def test_a_service_writes_nothing_but_json_and_no_secret(tmp_path: Path) -> None:
    told = run_script(tmp_path, VSEARCH_LOG_FORMAT="json")
    records = [json.loads(line) for line in told.splitlines()]
    assert sorted(each["message"] for each in records) == [
        "a thread ended: division by zero",
        "a warning of others",
        "once",
        "ours",
        "printed",
        "the process ends: the end: ***",
    ]
    assert next(each for each in records if each["message"] == "ours")["video"] == "v1"
    assert "ZeroDivisionError" in told
    assert "canary" not in told


def test_a_service_writes_text_and_no_secret(tmp_path: Path) -> None:
    told = run_script(tmp_path, VSEARCH_LOG_LEVEL="debug")
    assert " INFO vsearch_pipeline.x: ours (video=v1)" in told
    assert " DEBUG vsearch_pipeline.x: too much" in told
    assert "RuntimeError: the end: ***" in told
    assert "canary" not in told


def test_a_log_that_has_grown_is_put_aside_and_written_on(tmp_path: Path) -> None:
    log = tmp_path / "page.log"
    with log.open("ab") as service:  # as `vsearch up` opens it for its children

        def write(text: str) -> None:
            os.write(service.fileno(), text.encode())

        for number in range(6):
            write(f"{number}" * 100)
            assert rotate(log, most_bytes=50, kept=3)
            assert log.stat().st_size == 0
        write("after")
        assert not rotate(log, most_bytes=50, kept=3)
    assert log.read_text() == "after"
    assert [(tmp_path / f"page.log.{n}").read_text()[0] for n in (1, 2, 3)] == ["5", "4", "3"]
    assert len(list(tmp_path.iterdir())) == 4
    assert not rotate(tmp_path / "none.log")


def test_the_command_line_still_talks_to_people() -> None:
    assert not isinstance(sys.stdout, Guarded)
    assert REDACTED("nothing to hide") == "nothing to hide"

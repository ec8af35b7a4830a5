"""The scripts of the page's components, each as the browser gets it: several files joined to one module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
ESLINT = FOLDER / "node_modules" / "eslint" / "bin" / "eslint.js"
WRITE = """
import importlib, pathlib, pkgutil, sys
import streamlit as st
import editor_app.components as components

def write(name, *, js="", **_):
    pathlib.Path(sys.argv[1], f"{name}.js").write_text(js, encoding="utf-8")

st.components.v2.component = write
for module in pkgutil.walk_packages(components.__path__, f"{components.__name__}."):
    importlib.import_module(module.name)
"""


@pytest.mark.skipif(not ESLINT.is_file(), reason="needs eslint: run `make browser-tools`")
def test_every_name_is_defined(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", WRITE, str(tmp_path)], check=True, cwd=FOLDER.parents[1])
    scripts = sorted(tmp_path.glob("*.js"))
    assert len(scripts) > 10
    options = ["--config", str(FOLDER / "eslint.config.mjs"), "--max-warnings", "0"]
    found = subprocess.run(
        ["node", str(ESLINT), *options, *map(str, scripts)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr

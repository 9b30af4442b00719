# The commands of the README. Everything is installed into .venv, from packages alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=

.PHONY: help setup demo test lint bench lock clean

help: ## what each command does
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## / — /'

setup: $(READY) ## install everything into .venv

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "FirstDose needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## the whole process, end to end, on this machine
	$(BIN)/firstdose demo $(ARGS)

test: $(READY) ## every test
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(READY) ## style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## measurements, as JSON
	$(BIN)/python -m bench $(ARGS)

lock: $(READY) ## pin the dependencies again, with hashes and without addresses
	$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate \
		-o requirements/runtime.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate \
		--extra local --extra dev -o requirements/dev.txt pyproject.toml

clean: ## remove what was installed and the local state
	rm -rf $(VENV) .firstdose build *.egg-info

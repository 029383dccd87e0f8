# Two commands matter: `make run` and `make test`. Everything else is listed by `make help`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help install run test check bench chat

help:  ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/'

$(VENV)/run.done: requirements/run.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/test.done: requirements/test.txt $(VENV)/run.done
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	touch $@

install: $(VENV)/run.done  ## what running needs, into .venv

run: install  ## everything in one process at http://127.0.0.1:8000
	RUMBO_SIMULATOR=$${RUMBO_SIMULATOR:-1} $(BIN)/rumbo run

chat: install  ## a conversation in the terminal
	$(BIN)/rumbo chat

test: $(VENV)/test.done  ## every test, also on real PostgreSQL and Valkey
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(VENV)/test.done  ## format, lint, types, import contracts, content
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/rumbo check

bench: $(VENV)/test.done  ## the measures, as ratios in one run
	$(BIN)/python -m bench

# Every target that has a "##" comment is listed by a bare `make`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
BIN    := .venv/bin
STAMP  := .venv/.installed
HOST   ?= $(or $(CRAMPS_HOST),127.0.0.1)
PORT   ?= $(or $(CRAMPS_PORT),8000)

BENCH  ?=

.PHONY: help setup run test bench check rules versions cohort openapi clean

help: ## print the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

setup: $(STAMP) ## create .venv and install the locked packages (once)

# A change of the lock file installs anew; pip checks every hash.
$(STAMP): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 setup")'
	@echo "Creating .venv and installing the locked packages; the first time takes a minute or two."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $(STAMP)

run: $(STAMP) ## serve on HOST:PORT (127.0.0.1:8000); the documentation is at /docs
	@$(BIN)/python -m service serve --host $(HOST) --port $(PORT)

test: $(STAMP) ## run the tests (not the load tests)
	$(BIN)/python -m pytest -n auto -m "not load"

bench: $(STAMP) .venv-bench/.installed .venv-bench-healthchain/.tried ## measure beside other servers: BENCH="--quick", BENCH="--help"
	@command -v wrk >/dev/null || { echo "wrk is needed: on Debian, apt-get install wrk" >&2; exit 2; }
	@$(BIN)/python -m tests.load $(BENCH)

.venv-bench/.installed: requirements-bench.lock
	@echo "Installing what the servers beside ours need (once)." >&2
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

# HealthChain fixes versions of its own. Where it cannot be installed, the table says so.
.venv-bench-healthchain/.tried: requirements-bench-healthchain.lock
	@test -x .venv-bench-healthchain/bin/python || $(PYTHON) -m venv .venv-bench-healthchain
	.venv-bench-healthchain/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements-bench-healthchain.lock || echo "HealthChain could not be installed: it will be left out." >&2
	@touch $@

check: $(STAMP) ## lint, types, layers, rules, and whether openapi/openapi.json is current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m service check
	$(BIN)/python -m service openapi --check

rules: $(STAMP) ## check the rules: schema, references, vignettes, mutations, cohort
	$(BIN)/python -m service check

versions: $(STAMP) ## lock the versions of new and changed rules in rules/versions.yaml
	$(BIN)/python -m service check --lock

cohort: $(STAMP) ## write the cohort's counts anew in rules/cohort/counts.yaml
	$(BIN)/python -m service check --count

openapi: $(STAMP) ## write openapi/openapi.json anew
	$(BIN)/python -m service openapi

clean: ## remove .venv and every cache
	rm -rf .venv .venv-bench .venv-bench-healthchain .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find service tests -name __pycache__ -type d -prune -exec rm -rf {} +

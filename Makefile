# make demo    set everything up and run the main job: a live race, from the API into PostgreSQL
# make test    set everything up, check the style and run the tests
# make help    all targets, among them the benchmark of the database at production size
#
# Everything stays in this checkout (.venv, .cache) and in the state folder (CHRONOTRACK_LIVE_STATE).

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
EXTRAS := simulator,embedded,test,lint
MYPY_CACHE := .cache/mypy
# dlt, which is measured beside this project, and what it loads Arrow tables with.
PEERS := .cache/peers-venv
PEERS_PACKAGES := 'dlt[postgres]>=1.31' 'pyarrow>=17' 'adbc-driver-manager>=1.8' 'adbc-driver-postgresql>=1.8'
# Three more than there are processors: many tests wait for a process of their own.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 3)

export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-minimum test-benchmarks lint style audit format bench bench-database bench-scheduler weekend soak rehearse-backfill rehearse-deploy rehearse-postgres clean

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

setup: $(VENV)/.ready ## make the virtual environment with the package and its dependencies

demo: $(VENV)/.ready ## a live race from the simulated API into a private PostgreSQL, compared with the truth
	@$(BIN)/chronotrack-live demo

test: $(VENV)/.ready lint ## style, types and tests
	@$(BIN)/pytest --numprocesses=$(WORKERS) --dist=worksteal

test-minimum: $(VENV)/.ready ## style, and tests that meet each dependency, with its lowest version
	@MAKE="$(MAKE)" WORKERS=$(WORKERS) sh scripts/minimum.sh $(BIN)/uv .cache/minimum $(EXTRAS)

test-benchmarks: $(VENV)/.ready ## that the benchmarks still run: each with a few events
	@$(BIN)/pytest tests/benchmarks

lint: style audit ## all static checks, and whether an installed package has a known vulnerability

style: $(VENV)/.ready ## ruff, mypy --strict, shellcheck, sqruff and bandit
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@MYPY_CACHE_DIR=$(MYPY_CACHE) $(BIN)/mypy
	@$(BIN)/shellcheck scripts/*.sh .ci/run deploy_chronotrack_live.sh operations/deploy/*.sh tests/acceptance/deploy/*.sh
	@$(BIN)/sqruff lint --quiet --parsing-errors database operations
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml providers database schedulers backfill operations

audit: $(VENV)/.ready
	@$(BIN)/python scripts/audit.py

format: $(VENV)/.ready ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(PEERS)/.ready ## this project beside dlt and a bare reference, and a race day: docs/benchmarks.md
	@$(BIN)/python -m tests.benchmarks.peers.bench

bench-database: $(VENV)/.ready ## who waits for the migration at production size, and what each query takes there
	@$(BIN)/python -m tests.benchmarks.production_size

bench-scheduler: $(VENV)/.ready ## whether the daemon collects a thousand live events when they are due
	@$(BIN)/python -m tests.benchmarks.race_day

weekend: $(VENV)/.ready ## the scheduler through a whole weekend on a fast clock, checked against the windows
	@$(BIN)/python -m tests.benchmarks.weekend

soak: $(VENV)/.ready ## everything that may break, broken again and again, and the database compared with the truth
	@$(BIN)/python -m tests.soak

rehearse-deploy: $(VENV)/.ready ## the deploy script: an upgrade, a failure of each step, rollback and uninstall
	@$(BIN)/pytest --numprocesses=$(WORKERS) -m rehearsal tests/acceptance/deploy

rehearse-backfill: $(VENV)/.ready ## the backfill of two years of thirteen partners, also killed twenty times
	@$(BIN)/pytest -m rehearsal tests/acceptance/backfill

rehearse-postgres: $(VENV)/.ready ## the private PostgreSQL: killed, shared, out of room, in another's folder
	@$(BIN)/pytest --numprocesses=$(WORKERS) -m rehearsal tests/integration/embedded

clean: ## remove what was set up in this checkout, and the tests' databases
	rm -rf $(VENV) .cache build *.egg-info /dev/shm/ct-live-tests-$$(id -u)

$(VENV)/.ready: pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh $(VENV) $(EXTRAS)
	@touch $@

$(PEERS)/.ready: $(VENV)/.ready
	@$(BIN)/python -m venv --without-pip $(PEERS)
	@$(BIN)/pip --python $(PEERS)/bin/python install --quiet $(PEERS_PACKAGES)
	@touch $@

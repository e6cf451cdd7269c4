# Everything here is safe to repeat and stays inside the checkout (.venv, .pulumi, .rehearsal).

PYTHON ?= python3
VENV   := .venv/bin
# As many as a small machine has cores: with more, time limits played at speed would run out.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup packages engine up reset down check test clients dated lint torture soak matrix bench lock sbom clean

help:  ## show this help
	@sed -n 's/^\([a-z]*\):.*##  *\(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup:  ## install packages, engine and plugin into this checkout
	@$(MAKE) --no-print-directory -j 2 packages engine

packages:
	@$(PYTHON) -m rehearsal.setup packages

engine:
	@$(PYTHON) -m rehearsal.setup engine

up: setup  ## start the local Azure and bring every stack up in it
	@$(VENV)/python -m rehearsal start
	@$(VENV)/python -m rehearsal up

reset: setup  ## start over: an empty local Azure and empty stacks
	@$(VENV)/python -m rehearsal start
	@$(VENV)/python -m rehearsal reset

down:  ## stop the local Azure; what stands in it is kept
	@if [ -x $(VENV)/python ]; then $(VENV)/python -m rehearsal stop; else echo "not running"; fi

lint: packages  ## check style, types and who may import whom
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/lint-imports --no-cache --no-logo
	$(VENV)/mypy

check: lint  ## run what needs no engine, in minutes: style, types, plans, components, the local Azure
	$(VENV)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not engine"

test:  ## run every check and every test
	@# An engine is built while pip waits for the network and one core checks types.
	@$(MAKE) --no-print-directory -j 2 engine lint
	$(VENV)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 25

clients: packages  ## run Microsoft's SDKs for Go and JavaScript on the local Azure, and write their table in docs/rehearsal.md
	@$(VENV)/python -m tests.clients

dated: setup  ## run the tests that depend on days from twelve first days of a year (DAYS="2028-02-29", WHOLE=1)
	@$(VENV)/python -m tests.dated

torture: setup  ## break runs on purpose and write docs/reliability.md (SEED=1 LIMIT=120 JOBS=2, ALL=1 for the full product)
	@$(VENV)/python -m tests.torture

soak: setup  ## run a company for half a year with accidents and write docs/soak.md (SEED=1 WEEKS=26)
	@$(VENV)/python -m tests.soak

matrix: setup  ## run what matters most on the oldest, the pinned and the newest engine and write docs/engines.md (ENGINES="VERSION ..." TORTURE=20)
	@$(VENV)/python -m tests.matrix

bench: setup  ## measure the local Azure beside a bare server, and validation beside a bare parser
	@$(VENV)/python -m rehearsal.bench
	@$(VENV)/python -m rehearsal.bench_validate

lock:  ## write the lock files anew from requirements*.txt and constraints.txt (needs `uv`)
	@for file in requirements*.lock; do $$(sed -n '2s/^# *//p' $$file) --quiet && echo "written: $$file"; done

sbom:  ## write sbom.json: what a release is made of, as CycloneDX
	@$(PYTHON) -m venv --clear .pulumi/sbom
	@.pulumi/sbom/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-sbom.lock
	@PYTHONWARNINGS=ignore .pulumi/sbom/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml \
	  --output-reproducible -o sbom.json
	@echo "written: sbom.json"

clean: down  ## remove all that the other targets made
	@rm -rf .venv .pulumi .rehearsal .ci-downloads .ci-engine .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "clean"
